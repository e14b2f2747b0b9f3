//! Asking a check, and verifying the reply.

use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_channel::SystemHome;
use zerotrip_checks::definition::Definition;
use zerotrip_proto::v1::{Answer, Deprecation, ExchangeCall, ExchangeReply, KeyUsage};
use zerotrip_trust::Signed;
use zerotrip_trust::directory::Directory;

use super::bounds::MANY_TIME;
use super::call::{answered, answered_within};
use super::connection::Connection;
use super::definitions::Definitions;
use super::error::SessionError;
use crate::reply::{
    AnsweredMany, KeptError, KeptMany, ManyOutcome, Outcome, verify_check, verify_check_many,
};
use crate::request::{
    CheckQuestion, Errand, IdentityAssertion, IdentityChallenge, ManyQuestion, RequestId,
    SignedRequest, check_many_request, check_request,
};
use crate::seen::SeenHead;

/// A connection with a fresh key directory: enough to verify what comes back.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) connection: Connection,
    pub(super) directory: Directory,
    pub(super) seen: SeenHead,
    pub(super) deprecation: Option<Deprecation>,
    pub(super) definitions: Definitions,
}

impl Session {
    /// Dials the hub as this system and fetches the newest key directory.
    pub async fn connect(home: &SystemHome) -> Result<Self, SessionError> {
        let connection = Connection::open(home).await?;
        let directory = connection.fetch_directory().await?;
        let (seen, definitions) = (SeenHead::load(home)?, Definitions::default());
        Ok(Self { connection, directory, seen, deprecation: None, definitions })
    }

    /// The connection underneath.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The key directory that replies are verified with.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Asks, and verifies what comes back.
    pub async fn check(
        &mut self,
        errand: &Errand,
        question: &CheckQuestion,
    ) -> Result<Outcome, SessionError> {
        Ok(self.ask(errand, question, (None, None)).await?.1)
    }

    /// Asks about a person who was identified for this very question: the answer to a check that
    /// asks for that.
    pub async fn check_identified(
        &mut self,
        errand: &Errand,
        question: &CheckQuestion,
        identity: &IdentityAssertion,
    ) -> Result<Outcome, SessionError> {
        Ok(self.ask(errand, question, (None, Some(identity))).await?.1)
    }

    /// With what the person is to be identified, for this question and errand. Nothing is asked
    /// yet.
    pub async fn identity_challenge(
        &self,
        errand: &Errand,
        question: &CheckQuestion,
    ) -> Result<IdentityChallenge, SessionError> {
        let definition = self.definition(question).await?;
        let asks_none = || SessionError::AsksNoIdentity(question.check.clone());
        let terms = definition.identity.clone().ok_or_else(asks_none)?;
        let question = question.clone().validated_by(&definition, false)?;
        let home = &self.connection.home;
        let request = check_request(&home.system, &home.hub, errand, &question, SystemTime::now())?;
        request.challenge(terms).ok_or_else(asks_none)
    }

    /// Until when the version that was asked last is answered, and what to ask instead; `None`
    /// where it has no end. The hub says so beside its answer, unsigned: it is news for people, and
    /// decides nothing.
    pub fn deprecation(&self) -> Option<&Deprecation> {
        self.deprecation.as_ref()
    }

    pub(super) async fn ask(
        &mut self,
        errand: &Errand,
        question: &CheckQuestion,
        (id, identity): (Option<&RequestId>, Option<&IdentityAssertion>),
    ) -> Result<(SignedRequest, Outcome), SessionError> {
        let question = &self.in_form(question, false).await?;
        let home = &self.connection.home;
        let request = check_request(&home.system, &home.hub, errand, question, SystemTime::now())?;
        let request = request.under(id).identified(identity);
        let request = request.sign_among(&self.connection.requests).await?;
        let mut exchange = self.connection.exchange();
        let (seen_size, known) = (self.seen.size(), self.directory.version());
        let reply = answered(exchange.check(ExchangeCall {
            request: Some(request.envelope.clone()),
            seen_size,
            identity_assertion: identity.map_or_else(String::new, |one| one.token().to_owned()),
            ..ExchangeCall::default()
        }))
        .await?;
        self.deprecation.clone_from(&reply.deprecation);
        self.follow_directory(&reply).await?;
        let outcome = verify_check(
            reply,
            &request,
            &self.connection.home.hub,
            &self.directory,
            SystemTime::now(),
        )?;
        self.seen.follow(outcome.proven(), known)?;
        Ok((request, outcome))
    }

    /// Asks about many subjects in one exchange, and verifies what comes back: of each of them, and
    /// that none is left out.
    pub async fn check_many(
        &mut self,
        errand: &Errand,
        many: &ManyQuestion,
    ) -> Result<ManyOutcome, SessionError> {
        let question = self.in_form(&many.question, true).await?;
        let many = &ManyQuestion { question, subjects: many.subjects.clone() };
        let home = &self.connection.home;
        let now = SystemTime::now();
        let request = check_many_request(&home.system, &home.hub, errand, many, now)?;
        let request = request.sign_among(&self.connection.requests).await?;
        let mut exchange = self.connection.exchange();
        let (seen_size, known) = (self.seen.size(), self.directory.version());
        let (envelope, subjects) = (Some(request.envelope.clone()), request.subjects.clone());
        let call =
            ExchangeCall { request: envelope, seen_size, subjects, ..ExchangeCall::default() };
        let reply = answered_within(MANY_TIME, exchange.check_many(call)).await?;
        if let Some(reply) = &reply.reply {
            self.deprecation.clone_from(&reply.deprecation);
            self.follow_directory(reply).await?;
        }
        let (hub, now) = (&self.connection.home.hub, SystemTime::now());
        let outcome = verify_check_many(reply, &request, hub, &self.directory, now)?;
        self.seen.follow(outcome.proven(), known)?;
        Ok(outcome)
    }

    /// The question as the check's definition has it: each parameter in its one spelling, or what
    /// is wrong with it. Where all are known without the definition, none is asked for. What a
    /// definition does not declare is the hub's to refuse, on record.
    pub async fn in_form(
        &self,
        question: &CheckQuestion,
        many: bool,
    ) -> Result<CheckQuestion, SessionError> {
        if !question.needs_definition() {
            return Ok(question.clone());
        }
        let definition = match self.definition(question).await {
            Err(SessionError::UnknownCheck { .. }) => return Ok(question.clone()),
            definition => definition?,
        };
        let known =
            |name: &String| definition.parameters.iter().any(|parameter| parameter.name == *name);
        if !question.parameters.iter().all(|(name, _)| known(name)) {
            return Ok(question.clone());
        }
        Ok(question.clone().validated_by(&definition, many)?)
    }

    /// What an earlier exchange came to, out of what was kept of it; only if it was this system's,
    /// and to this question for this errand.
    pub fn kept_many(
        &self,
        kept: KeptMany,
        errand: &Errand,
        many: &ManyQuestion,
    ) -> Result<AnsweredMany, KeptError> {
        let home = &self.connection.home;
        let between = (&home.system, &home.hub);
        kept.verify(between, errand, many, &self.directory, SystemTime::now())
    }

    /// A hub may have taken a new key since this session began: where the reply's key is unknown
    /// here, or the directory has run out, the newest directory is fetched once.
    pub(super) async fn follow_directory(
        &mut self,
        reply: &ExchangeReply,
    ) -> Result<(), SessionError> {
        let now = SystemTime::now();
        let key = reply
            .answer
            .as_ref()
            .and_then(|envelope| Signed::<Answer>::new(envelope).ok())
            .map(|signed| signed.keyid());
        let known =
            key.is_some_and(|keyid| self.directory.hub_key(keyid, KeyUsage::Sign, now).is_ok());
        if !known {
            self.directory = self.connection.fetch_directory().await?;
        }
        Ok(())
    }
}

impl Session {
    /// The definition of the check that is asked, as the hub's catalog has it, or had it a minute
    /// ago.
    pub(super) async fn definition(
        &self,
        question: &CheckQuestion,
    ) -> Result<Arc<Definition>, SessionError> {
        match self.definitions.fresh(&question.check) {
            Some(known) if known.variant(&question.variant).is_some() => Ok(known),
            _ => self.fetch_definition(question).await,
        }
    }

    /// The definition that the hub answered by, of this digest: the one that is known, or the
    /// present one.
    pub(super) async fn definition_of(
        &self,
        question: &CheckQuestion,
        digest: &[u8],
    ) -> Result<Arc<Definition>, SessionError> {
        let known = self.definition(question).await?;
        if known.digest == digest { Ok(known) } else { self.fetch_definition(question).await }
    }

    async fn fetch_definition(
        &self,
        question: &CheckQuestion,
    ) -> Result<Arc<Definition>, SessionError> {
        let entries = self.connection.checks_of(&question.check).await?;
        let entry = entries
            .into_iter()
            .find(|entry| entry.name == question.check && entry.variant == question.variant);
        let unknown = || SessionError::UnknownCheck {
            check: question.check.clone(),
            variant: question.variant.clone(),
        };
        let text = entry.ok_or_else(unknown)?.definition;
        let definition = Arc::new(Definition::parse(&text, &question.check)?);
        self.definitions.keep(&definition);
        Ok(definition)
    }
}
