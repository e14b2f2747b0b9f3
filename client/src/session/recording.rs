//! Has the hub record a certificate that is sealed, and only then hands it out.

use std::path::PathBuf;
use std::time::SystemTime;

use zerotrip_certificates::status::StatusValue;
use zerotrip_certificates::{ASKED, HolderKey, TrustRoot, VerifiedCertificate, asked, verify};
use zerotrip_channel::deadline::Deadline;
use zerotrip_channel::new_file::{NewFile, NotPlaced};
use zerotrip_proto::v1::{ExchangeCall, IssueBody};
use zerotrip_proto::{Refusal, to_timestamp};

use super::asking::Session;
use super::bounds::CALL_TIME;
use super::copies::{Copies, are_for};
use super::error::SessionError;
use super::issuer::Issuer;
use crate::issued::{Beside, Due, Entry, RegisterError};
use crate::reply::{Announced, Outcome, verify_recorded};
use crate::request::{CheckQuestion, Errand, SignedRequest, sign_issue};

/// What came of issuing.
#[derive(Debug)]
pub enum Issue {
    /// Sealed, recorded and written.
    Issued(Box<IssuedCertificate>),
    /// The check or the record came to something else; nothing was written.
    NotIssued(Outcome),
}

/// A certificate that is in the ledger and in its file.
#[derive(Debug)]
pub struct IssuedCertificate {
    /// The file, where one was asked for.
    pub file: Option<PathBuf>,
    /// The certificate itself.
    pub token: String,
    /// Its further copies, for the further keys that were given, in their order.
    pub others: Vec<String>,
    /// What it says, read back from the sealed token.
    pub certificate: VerifiedCertificate,
    /// The ledger index of the record of issuing.
    pub record_index: u64,
}

impl IssuedCertificate {
    fn of(
        copies: Copies,
        certificate: VerifiedCertificate,
        (file, record_index): (Option<PathBuf>, u64),
    ) -> Issue {
        let others = copies.others.into_iter().map(|copy| copy.token).collect();
        let token = copies.first.token;
        Issue::Issued(Box::new(Self { file, token, others, certificate, record_index }))
    }
}

/// What issuing one certificate needs beside an answer.
pub(super) struct Prepared<'a> {
    pub(super) issuer: &'a mut Issuer,
    /// The keys of its holder that it is bound to, a copy to each; none in the national profile.
    pub(super) holders: &'a [HolderKey],
    pub(super) out: Out,
    /// Beside what it may come to count.
    pub(super) beside: Beside,
}

/// Where a certificate goes.
pub(super) enum Out {
    /// Into this file, which is reserved.
    File(NewFile, PathBuf),
    /// To the caller; it is kept in the register alone.
    Caller,
}

impl Out {
    fn fill(&mut self, token: &str) -> Result<(), SessionError> {
        // The citizen's data: for its owner's eyes.
        match self {
            Self::File(new, _) => Ok(new.fill(token.as_bytes())?),
            Self::Caller => Ok(()),
        }
    }

    /// Gives the file its name.
    fn place(self, exchange: &str) -> Result<Option<PathBuf>, SessionError> {
        let Self::File(new, file) = self else { return Ok(None) };
        let exchange = exchange.to_owned();
        let not_placed =
            |NotPlaced { part, error }| SessionError::NotPlaced { exchange, part, error };
        new.place().map_err(not_placed).map(|()| Some(file))
    }
}

/// A certificate that is sealed.
pub(super) struct Kept {
    pub(super) sealed: Copies,
    /// What its first copy says.
    pub(super) certificate: VerifiedCertificate,
    /// The exchange that it rests on.
    pub(super) exchange: String,
    /// Of one about many: the subject's place, from 0.
    pub(super) place: Option<u32>,
    /// Whether this run sealed it, so that the hub has not heard of it.
    pub(super) is_new: bool,
}

impl Session {
    /// Announces one anew that an earlier run sealed and did not see recorded: nobody is asked. The
    /// hub records the same certificate once more, and refuses another on the same answer.
    pub(super) async fn record_anew(
        &mut self,
        entry: &Entry,
        (errand, question): (&Errand, &CheckQuestion),
        prepared: Prepared<'_>,
    ) -> Result<Issue, SessionError> {
        let (sealed, certificate) = self.kept(entry, (errand, question), &prepared)?;
        let place = entry.subject.map(u32::try_from).transpose();
        let place = place.map_err(|_| RegisterError::Content("subject"))?;
        let exchange = entry.exchange.clone();
        let kept = Kept { sealed, certificate, exchange, place, is_new: false };
        self.record(errand, kept, Some(entry), prepared).await
    }

    /// What the register has of a certificate, if it is for the same errand, question and keys.
    fn kept(
        &self,
        entry: &Entry,
        asked: (&Errand, &CheckQuestion),
        prepared: &Prepared<'_>,
    ) -> Result<(Copies, VerifiedCertificate), SessionError> {
        let register = prepared.issuer.register.as_ref().ok_or(RegisterError::NoSettings)?;
        let copies = register.copies(&entry.serial)?.into_iter().map(|copy| copy.token);
        let tokens: Option<Vec<String>> = copies.collect();
        let (Some(tokens), Some(issued_at)) = (tokens, entry.issued_at) else {
            return Err(RegisterError::NotIssued(entry.serial.clone()).into());
        };
        // As of when it was issued: what has become of it since is for whoever verifies it.
        let read = |token: &String| verify(token, TrustRoot::Directory(&self.directory), issued_at);
        let copies = tokens.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let is_same = are_for(&copies, prepared.holders)
            && copies.iter().all(|certificate| is_for(certificate, asked));
        match copies.into_iter().next().filter(|_| is_same) {
            Some(certificate) => Ok((Copies::read(tokens)?, certificate)),
            None => Err(SessionError::OtherQuestion { serial: entry.serial.clone() }),
        }
    }

    /// Announces a sealed certificate, and gives its file its name once it is recorded.
    pub(super) async fn record(
        &mut self,
        errand: &Errand,
        Kept { sealed, certificate, exchange, place, is_new }: Kept,
        entry: Option<&Entry>,
        prepared: Prepared<'_>,
    ) -> Result<Issue, SessionError> {
        let now = SystemTime::now();
        let Prepared { issuer: Issuer { sealer, register }, mut out, .. } = prepared;
        let mut listed = register.as_mut().zip(entry);
        if let Some((register, _)) = &mut listed {
            // Who looks its status up must find the list.
            register.publish(sealer, now, Due::Needed)?;
        }
        out.fill(&sealed.first.token)?;
        let digest = sealed.digest();
        let body = IssueBody {
            exchange_id: exchange.clone(),
            certificate_digest: digest.to_vec(),
            valid_until: Some(to_timestamp(sealed.first.valid_until)),
            place,
        };
        let home = &self.connection.home;
        let announcement = sign_issue((&home.system, &home.sign), &home.hub, errand, body, now)?;
        let announced = self.announce(&announcement, &digest).await;
        // What the hub did not record is not handed out, and must not count.
        let refused = matches!(&announced, Ok(Announced::Not(_)) | Err(Unheard::Refused(_)));
        if let (true, true, Some((register, entry))) = (refused, is_new, &mut listed) {
            let code = match &announced {
                Err(Unheard::Refused(refusal)) => Some(refusal.code),
                _ => None,
            };
            register.give_up(&entry.serial, code, now)?;
        }
        match announced {
            Ok(Announced::Not(outcome)) => Ok(Issue::NotIssued(outcome)),
            Ok(Announced::Recorded(proven)) => {
                let record_index = proven.index();
                // First: what has a file and is not known to be recorded would be announced anew.
                if let Some((register, entry)) = listed {
                    register.recorded(&entry.serial, record_index)?;
                }
                let file = out.place(&exchange)?;
                Ok(IssuedCertificate::of(sealed, certificate, (file, record_index)))
            }
            Err(Unheard::Refused(refusal)) => Err(refusal.into()),
            Err(Unheard::Unknown(why)) => match out {
                Out::File(new, _) => {
                    Err(SessionError::Unconfirmed { exchange, part: new.leave(), why })
                }
                // The register has it: the next attempt for the same holder announces it anew.
                Out::Caller => Err(*why),
            },
        }
    }

    /// Hands a certificate out again that was issued before.
    pub(super) fn hand_out(
        &self,
        entry: &Entry,
        asked: (&Errand, &CheckQuestion),
        prepared: Prepared<'_>,
    ) -> Result<Issue, SessionError> {
        let (sealed, certificate) = self.kept(entry, asked, &prepared)?;
        if entry.status != StatusValue::Valid {
            let (serial, status) = (entry.serial.clone(), entry.status);
            return Err(RegisterError::NotInForce { serial, status }.into());
        }
        let record_index = entry.record_index;
        let record_index =
            record_index.ok_or_else(|| RegisterError::NotIssued(entry.serial.clone()))?;
        let mut out = prepared.out;
        out.fill(&sealed.first.token)?;
        let file = out.place(&entry.exchange)?;
        Ok(IssuedCertificate::of(sealed, certificate, (file, record_index)))
    }

    /// Announces a sealed certificate to the hub. After anything but its own refusal or a proven
    /// reply, it is not known what the hub did.
    pub(super) async fn announce(
        &mut self,
        announcement: &SignedRequest,
        digest: &[u8; 32],
    ) -> Result<Announced, Unheard> {
        let mut exchange = self.connection.exchange();
        let (seen_size, known) = (self.seen.size(), self.directory.version());
        let call = exchange.issue(ExchangeCall {
            request: Some(announcement.envelope.clone()),
            seen_size,
            ..ExchangeCall::default()
        });
        let reply = match Deadline::after(CALL_TIME).within(call).await {
            Ok(Ok(reply)) => reply.into_inner(),
            // With details it is the hub's own word; without, the connection's.
            Ok(Err(status)) if !status.details().is_empty() => {
                return Err(Unheard::Refused(Refusal::from_status(&status)));
            }
            Ok(Err(status)) => return Err(SessionError::from(Refusal::from_status(&status)).into()),
            Err(_elapsed) => return Err(SessionError::Silent(CALL_TIME).into()),
        };
        self.follow_directory(&reply).await?;
        let hub = &self.connection.home.hub;
        let announced =
            verify_recorded(reply, announcement, digest, hub, &self.directory, SystemTime::now());
        let announced = announced.map_err(|error| Unheard::from(SessionError::from(error)))?;
        self.seen
            .follow(announced.proven(), known)
            .map_err(|error| Unheard::from(SessionError::from(error)))?;
        Ok(announced)
    }
}

/// Why an announcement has no proven reply.
pub(super) enum Unheard {
    /// The hub refused: nothing is recorded.
    Refused(Refusal),
    /// It may be recorded, or not.
    Unknown(Box<SessionError>),
}

impl From<SessionError> for Unheard {
    fn from(error: SessionError) -> Self {
        Self::Unknown(Box::new(error))
    }
}

/// Whether a certificate is on this question, of this person, for this errand: all that was asked
/// is in it, word for word.
fn is_for(
    certificate: &VerifiedCertificate,
    (errand, question): (&Errand, &CheckQuestion),
) -> bool {
    let shown = |name: &str, value: &str| {
        certificate.disclosed.claims.get(name).is_some_and(|found| found == value)
    };
    asks_the_same(certificate, question)
        && shown("purpose", &errand.purpose)
        && shown("case_number", &errand.case_number)
        && certificate.disclosed.errand.as_ref().is_some_and(|shown| {
            shown.official == errand.official
                && shown.service_item == errand.service_item
                && shown.legal_basis == errand.legal_basis
        })
}

/// Whether a certificate is on this question: each parameter is in it, word for word.
pub(super) fn asks_the_same(certificate: &VerifiedCertificate, question: &CheckQuestion) -> bool {
    let shown = |name: &str, value: &str| {
        certificate.disclosed.claims.get(name).is_some_and(|found| found == value)
    };
    let scope = certificate.scope.get(ASKED).map(Vec::as_slice).unwrap_or_default();
    certificate.check == question.check
        && certificate.variant == question.variant
        && question
            .parameters
            .iter()
            .all(|(name, value)| shown(name, value) || scope.contains(&asked(name, value)))
}
