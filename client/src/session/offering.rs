//! A certificate that is offered at the counter and sealed when the holder's wallet brings its key:
//! the check is asked at once, and its answer is kept until then.

use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_certificates::{CertificateContent, HolderKey, SEAL_WITHIN, SealError};
use zerotrip_checks::definition::Definition;

use super::asking::Session;
use super::error::SessionError;
use super::recording::Issue;
use crate::issued::{Register, RegisterError, Sealer};
use crate::reply::{KeptAnswer, KeptOne, NotAllowed, Outcome};
use crate::request::{CheckQuestion, Errand, IdentityAssertion};

/// What came of asking for a certificate that is to be offered.
#[derive(Debug)]
pub enum Offering {
    /// One can be sealed.
    Ready(Box<Ready>),
    /// The check came to something else; there is nothing to offer.
    NotReady(Outcome),
}

/// An answer on which a certificate can be sealed.
#[derive(Debug)]
pub struct Ready {
    /// The answer, to be kept.
    pub kept: KeptOne,
    /// The definition of the check that was asked.
    pub definition: Arc<Definition>,
    /// Nothing is sealed on the answer after this.
    pub until: SystemTime,
}

impl Session {
    /// Asks, and makes sure that a wallet's certificate can be sealed on the answer: all that is
    /// missing is the holder's key. Nothing is sealed or recorded yet.
    pub async fn prepare_offer(
        &mut self,
        errand: &Errand,
        question: &CheckQuestion,
        identity: Option<&IdentityAssertion>,
    ) -> Result<Offering, SessionError> {
        let home = &self.connection.home;
        Sealer::load(home)?.certificate(&home.folder)?;
        Register::open(home)?.ok_or(RegisterError::NoSettings)?;
        // What has no definition is refused before it is asked.
        self.definition(question).await?;
        let (request, outcome) = self.ask(errand, question, (None, identity)).await?;
        let affirmed = match outcome {
            Outcome::Affirmed(affirmed) => affirmed,
            other => return Ok(Offering::NotReady(other)),
        };
        let digest = &affirmed.proven().answer().definition_digest;
        let definition = self.definition_of(question, digest).await?;
        match CertificateContent::try_new(&affirmed, &request.envelope.payload, &definition) {
            Err(SealError::NotAllowed) => {
                let why = NotAllowed::of_issuing(affirmed.proven());
                return Ok(Offering::NotReady(Outcome::Denied(Box::new(why))));
            }
            content => drop(content?),
        }
        let until = affirmed.proven().answered_at() + SEAL_WITHIN;
        let kept = KeptOne::of(&request, &affirmed);
        Ok(Offering::Ready(Box::new(Ready { kept, definition, until })))
    }

    /// Seals a certificate on a kept answer, a copy bound to each of these keys, and has the hub
    /// record it; it comes back only then. On one answer there is one certificate: the same keys
    /// get the same again where an earlier attempt did not come to its end, others get none.
    pub async fn issue_offered(
        &mut self,
        kept: KeptOne,
        holders: &[HolderKey],
    ) -> Result<Issue, SessionError> {
        let mut issuer = self.issuer()?;
        let prepared = self.prepare(&mut issuer, None, holders)?;
        let home = &self.connection.home;
        let between = (&home.system, &home.hub);
        let kept = kept.verify(between, &self.directory, SystemTime::now())?;
        let KeptAnswer { affirmed, payload, errand, question } = kept;
        let outcome = Outcome::Affirmed(affirmed);
        self.issue_on(&errand, &question, outcome, &payload, prepared).await
    }
}
