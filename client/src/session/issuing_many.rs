//! Issuing on answers about many: one certificate, or all that are not sealed yet in one
//! announcement.

use std::path::Path;
use std::time::SystemTime;

use zerotrip_certificates::{Profile, SealError, recorded_together};
use zerotrip_proto::v1::{ErrorCode, IssueManyBody, PlacedCertificate};
use zerotrip_proto::{Refusal, to_timestamp};
use zerotrip_trust::digest::Digest;

use super::asking::Session;
use super::copies::Copies;
use super::error::SessionError;
use super::issuer::Issuer;
use super::issuing::year_of;
use super::recording::{Issue, Kept, Out, Prepared, Unheard};
use super::sealing::{SealedOne, Sealing};
use crate::issued::{Beside, Due, Entry, ErrandKey, Ground, RegisterError, SealedToken, Stage};
use crate::reply::{Announced, AnsweredMany, NotAllowed, Outcome};
use crate::request::{CheckQuestion, Errand, sign_issue_many};

/// Issues on answers about many.
pub struct ManyIssuing<'a> {
    session: &'a mut Session,
    issuer: Issuer,
    errand: &'a Errand,
}

impl ManyIssuing<'_> {
    /// A certificate on the answer about one of them, as [`Session::issue_one_of_many`].
    /// `question` names the person too.
    pub async fn issue(
        &mut self,
        question: &CheckQuestion,
        (answered, place): (&AnsweredMany, usize),
        file: &Path,
    ) -> Result<Issue, SessionError> {
        let Self { session, issuer, errand } = self;
        let prepared = session.prepare(issuer, Some(file), &[])?;
        let outcome = answered.outcome(place).ok_or(SessionError::NoSuchPlace(place))?;
        let payload = &answered.request.envelope.payload;
        session.issue_on(errand, question, outcome, payload, prepared).await
    }

    /// Certificates on yeses of an answer, by their places, at most
    /// [`CERTIFICATES`](zerotrip_proto::bounds::CERTIFICATES): all are sealed, kept in the register
    /// and announced together, and no file is written. Where the hub records one of them not, they
    /// are announced one by one, so that each has its own reason.
    pub async fn issue_together(
        &mut self,
        question: &CheckQuestion,
        (answered, places): (&AnsweredMany, &[usize]),
    ) -> Result<Vec<(usize, PlacedIssue)>, SessionError> {
        let Self { session, issuer, errand } = self;
        let digest = &answered.proven.answer().definition_digest;
        let definition = session.definition_of(question, digest).await?;
        let Issuer { sealer, register } = issuer;
        let register = register.as_mut().ok_or(RegisterError::NoSettings)?;
        let now = SystemTime::now();
        let exchange = answered.proven.answer().request_id.as_str();
        let name = format!("{}/{}", question.check, question.variant);
        let ground = |place: &usize| {
            let subject = u64::try_from(*place).map_err(|_| SessionError::NoSuchPlace(*place))?;
            Ok(Ground { exchange, subject: Some(subject), question: &name })
        };
        let grounds = places.iter().map(ground).collect::<Result<Vec<_>, SessionError>>()?;
        let year = year_of(now).ok_or(RegisterError::Content("year"))?;
        let entries = register.reserve_together(&grounds, Profile::National, year)?;
        let reserved = places.iter().copied().zip(entries);
        let (wanted, begun): (Vec<_>, Vec<_>) = reserved.partition(|(_, entry)| {
            entry.stage == Stage::Reserved && entry.profile == Profile::National
        });
        let mut became: Vec<(usize, PlacedIssue)> =
            begun.into_iter().map(|(place, _)| (place, PlacedIssue::Begun)).collect();
        let sealing = Sealing {
            answered,
            definition: &definition,
            key: &sealer.key,
            organ: session.connection.home.uri(),
            directory: &session.directory,
            now,
        };
        let sealed = match sealing.all(&wanted) {
            // The hub answers the question, and lets nothing be issued on the answer.
            Err(SessionError::Seal(SealError::NotAllowed)) => {
                let denied = Outcome::Denied(Box::new(NotAllowed::of_issuing(&answered.proven)));
                let not = |(place, _)| (place, PlacedIssue::NotIssued(denied.clone()));
                became.extend(wanted.into_iter().map(not));
                return Ok(became);
            }
            sealed => sealed?,
        };
        let tokens: Vec<SealedToken<'_>> = sealed.iter().map(SealedOne::kept).collect();
        let left = register.sealed_together(&tokens)?;
        let (left, sealed): (Vec<_>, Vec<_>) =
            sealed.into_iter().partition(|one| left.contains(&one.entry.serial));
        became.extend(left.into_iter().map(|one| (one.number, PlacedIssue::Begun)));
        if !sealed.is_empty() {
            // Who looks a status up must find the list.
            register.publish(sealer, now, Due::Needed)?;
            became.extend(session.record_together((errand, exchange), sealed, issuer).await?);
        }
        Ok(became)
    }

    /// What the register has of the certificate on an answer about one of them.
    pub fn known(
        &self,
        answered: &AnsweredMany,
        place: usize,
    ) -> Result<Option<Entry>, SessionError> {
        let register = self.issuer.register.as_ref().ok_or(RegisterError::NoSettings)?;
        let place = u64::try_from(place).map_err(|_| SessionError::NoSuchPlace(place))?;
        Ok(register.on(&answered.proven.answer().request_id, Some(place))?)
    }

    /// The certificate that a person has on this question for this errand already, that has not
    /// ended and is not in a wallet: the one that counts, or else the newest, whatever has become
    /// of it. One that is sealed, and not known to be recorded, is told where there is no other.
    /// `question` names the person too, each parameter in its one spelling.
    pub fn held(&self, question: &CheckQuestion) -> Result<Option<Entry>, SessionError> {
        let register = self.issuer.register.as_ref().ok_or(RegisterError::NoSettings)?;
        Ok(register.newest_for(&ErrandKey::of(self.errand, question), SystemTime::now())?)
    }

    /// The certificate with this number.
    pub fn numbered(&self, serial: &str) -> Result<Entry, SessionError> {
        let register = self.issuer.register.as_ref().ok_or(RegisterError::NoSettings)?;
        Ok(register.entry(serial)?)
    }

    /// Has the hub record one that is sealed and not known to be recorded: nobody is asked.
    /// `question` names the person too.
    pub async fn record_anew(
        &mut self,
        question: &CheckQuestion,
        entry: &Entry,
        file: &Path,
    ) -> Result<Issue, SessionError> {
        let Self { session, issuer, errand } = self;
        let prepared = session.prepare(issuer, Some(file), &[])?;
        session.record_anew(entry, (errand, question), prepared).await
    }

    /// Whether nothing can be sealed on this answer any more, by the hub's own word.
    pub fn is_refused(&self, entry: &Entry) -> Result<bool, SessionError> {
        let register = self.issuer.register.as_ref().ok_or(RegisterError::NoSettings)?;
        Ok(register.is_refused(&entry.serial)?)
    }
}

impl Session {
    /// The same on one subject of an answer about many that this system has, at most an hour old:
    /// nobody is asked again. `place`: the subject's in the request, from 0.
    pub async fn issue_one_of_many(
        &mut self,
        errand: &Errand,
        question: &CheckQuestion,
        one: (&AnsweredMany, usize),
        file: &Path,
    ) -> Result<Issue, SessionError> {
        self.issue_each_of_many(errand, question).await?.issue(question, one, file).await
    }

    /// What issues on answers about many.
    pub async fn issue_each_of_many<'a>(
        &'a mut self,
        errand: &'a Errand,
        question: &CheckQuestion,
    ) -> Result<ManyIssuing<'a>, SessionError> {
        self.definition(question).await?;
        let issuer = self.issuer()?;
        Ok(ManyIssuing { session: self, issuer, errand })
    }
}

impl Session {
    /// Announces certificates that were sealed just now.
    async fn record_together(
        &mut self,
        (errand, exchange): (&Errand, &str),
        mut sealed: Vec<SealedOne>,
        issuer: &mut Issuer,
    ) -> Result<Vec<(usize, PlacedIssue)>, SessionError> {
        sealed.sort_by_key(|one| one.place);
        let now = SystemTime::now();
        let placed: Vec<(u32, Digest)> =
            sealed.iter().map(|one| (one.place, one.sealed.digest)).collect();
        let certificate = |(place, digest): &(u32, Digest)| PlacedCertificate {
            place: *place,
            certificate_digest: digest.to_vec(),
        };
        let body = IssueManyBody {
            exchange_id: exchange.to_owned(),
            valid_until: sealed.iter().map(|one| one.sealed.valid_until).max().map(to_timestamp),
            certificates: placed.iter().map(certificate).collect(),
        };
        let home = &self.connection.home;
        let from = (&home.system, &home.sign);
        let announcement = sign_issue_many(from, &home.hub, errand, body, now)?;
        let announced = self.announce(&announcement, &recorded_together(&placed)).await;
        let register = issuer.register.as_mut().ok_or(RegisterError::NoSettings)?;
        let each = |became: PlacedIssue| {
            sealed.iter().map(|one| (one.number, became.clone())).collect::<Vec<_>>()
        };
        // What the hub did not record is not handed out, and must not count.
        let mut give_up = |code: Option<ErrorCode>| {
            sealed.iter().try_for_each(|one| register.give_up(&one.entry.serial, code, now))
        };
        match announced {
            Ok(Announced::Recorded(proven)) => {
                let serials: Vec<&str> =
                    sealed.iter().map(|one| one.entry.serial.as_str()).collect();
                register.recorded_together(&serials, proven.index())?;
                Ok(each(PlacedIssue::Recorded))
            }
            Ok(Announced::Not(outcome)) => {
                give_up(None)?;
                Ok(each(PlacedIssue::NotIssued(outcome)))
            }
            Err(Unheard::Refused(refusal)) if refusal.code == ErrorCode::NotIssuable => {
                self.record_apart((errand, exchange), sealed, issuer).await
            }
            Err(Unheard::Refused(refusal)) => {
                give_up(Some(refusal.code))?;
                Err(refusal.into())
            }
            Err(Unheard::Unknown(why)) => Err(*why),
        }
    }

    /// Announces each by itself: the hub has said that it records not all of them.
    async fn record_apart(
        &mut self,
        (errand, exchange): (&Errand, &str),
        sealed: Vec<SealedOne>,
        issuer: &mut Issuer,
    ) -> Result<Vec<(usize, PlacedIssue)>, SessionError> {
        let mut became = Vec::with_capacity(sealed.len());
        for SealedOne { number, place, entry, sealed, certificate } in sealed {
            let kept = Kept {
                sealed: Copies { first: sealed, others: Vec::new() },
                certificate,
                exchange: exchange.to_owned(),
                place: Some(place),
                is_new: true,
            };
            let prepared =
                Prepared { issuer, holders: &[], out: Out::Caller, beside: Beside::None };
            became.push((
                number,
                match self.record(errand, kept, Some(&entry), prepared).await {
                    Ok(Issue::Issued(_)) => PlacedIssue::Recorded,
                    Ok(Issue::NotIssued(outcome)) => PlacedIssue::NotIssued(outcome),
                    Err(SessionError::Refused(refusal))
                        if refusal.code == ErrorCode::NotIssuable =>
                    {
                        PlacedIssue::Refused(refusal)
                    }
                    Err(error) => return Err(error),
                },
            ));
        }
        Ok(became)
    }
}

/// What came of one of several certificates.
#[derive(Clone, Debug)]
pub enum PlacedIssue {
    /// Sealed and recorded: it is in the register.
    Recorded,
    /// The record came to something else.
    NotIssued(Outcome),
    /// The hub records none on this answer.
    Refused(Refusal),
    /// An earlier attempt has begun it, or another certificate counts for the errand: nothing was
    /// done.
    Begun,
}
