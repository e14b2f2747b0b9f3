//! Issuing a certificate: asking, sealing, having the hub record it, writing the file.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use zerotrip_certificates::{
    CertificateContent, SealError, TrustRoot, VerifiedCertificate, seal, verify,
};
use zerotrip_channel::deadline::Deadline;
use zerotrip_channel::new_file::{NewFile, NotPlaced};
use zerotrip_checks::definition::Definition;
use zerotrip_proto::v1::{ExchangeCall, IssueBody};
use zerotrip_proto::{Refusal, to_timestamp};
use zerotrip_trust::keys::SigningKey;

use super::asking::Session;
use super::bounds::CALL_TIME;
use super::error::SessionError;
use crate::reply::{Announced, AnsweredMany, NotAllowed, Outcome, verify_recorded};
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
    /// The file.
    pub file: PathBuf,
    /// What it says, read back from the sealed token.
    pub certificate: VerifiedCertificate,
    /// The ledger index of the record of issuing.
    pub record_index: u64,
}

/// What issuing needs beside an answer.
struct Prepared {
    seal_key: SigningKey,
    /// Reserved.
    new: NewFile,
    file: PathBuf,
    definition: Definition,
}

impl Session {
    /// Asks; on a true answer seals a certificate with this system's `seal.key`, has the hub record
    /// it, and only then gives the file its name. `file` must not exist and its folder must:
    /// that it can be written is proved before anything is asked, and the certificate is
    /// on disk in a `.part` file beside it before the hub hears of it.
    pub async fn issue(
        &mut self,
        errand: &Errand,
        question: &CheckQuestion,
        file: &Path,
    ) -> Result<Issue, SessionError> {
        let prepared = self.prepare(question, file).await?;
        let (request, outcome) = self.ask(errand, question).await?;
        self.issue_on(errand, outcome, &request.envelope.payload, prepared).await
    }

    /// The same on one subject of an answer about many that this system has, at most an hour old:
    /// nobody is asked again. `place`: the subject's in the request, from 0.
    pub async fn issue_one_of_many(
        &mut self,
        errand: &Errand,
        question: &CheckQuestion,
        (answered, place): (&AnsweredMany, usize),
        file: &Path,
    ) -> Result<Issue, SessionError> {
        let prepared = self.prepare(question, file).await?;
        let outcome = answered.outcome(place).ok_or(SessionError::NoSuchPlace(place))?;
        self.issue_on(errand, outcome, &answered.request.envelope.payload, prepared).await
    }

    /// What is needed before anything is asked.
    async fn prepare(
        &self,
        question: &CheckQuestion,
        file: &Path,
    ) -> Result<Prepared, SessionError> {
        let seal_key = self.connection.home.key("seal")?;
        let new = NewFile::reserve(file)?;
        let definition = self.definition(question).await?;
        Ok(Prepared { seal_key, new, file: file.to_owned(), definition })
    }

    async fn issue_on(
        &mut self,
        errand: &Errand,
        outcome: Outcome,
        request: &[u8],
        prepared: Prepared,
    ) -> Result<Issue, SessionError> {
        let Prepared { seal_key, mut new, file, definition } = prepared;
        let affirmed = match outcome {
            Outcome::Affirmed(affirmed) => affirmed,
            other => return Ok(Issue::NotIssued(other)),
        };
        let content = match CertificateContent::try_new(&affirmed, request, &definition) {
            // The hub answers the question, and lets nothing be issued on the answer.
            Err(SealError::NotAllowed) => {
                return Ok(Issue::NotIssued(Outcome::Denied(Box::new(NotAllowed::of_issuing(
                    affirmed.proven(),
                )))));
            }
            content => content?,
        };
        let now = SystemTime::now();
        let sealed = seal(&content, &seal_key, now)?;
        // Read back as a stranger would, before it is announced: what does not verify is never
        // announced. The hub's clock may be ahead.
        let certificate = verify(
            &sealed.token,
            TrustRoot::Directory(&self.directory),
            now.max(affirmed.proven().answered_at()),
        )?;
        // The citizen's data: for its owner's eyes.
        new.fill(sealed.token.as_bytes())?;
        let exchange = affirmed.proven().answer().request_id.clone();
        let place = affirmed.place().map(u32::try_from).transpose();
        let body = IssueBody {
            exchange_id: exchange.clone(),
            certificate_digest: sealed.digest.to_vec(),
            valid_until: Some(to_timestamp(sealed.valid_until)),
            place: place.map_err(|_| SessionError::NoSuchPlace(usize::MAX))?,
        };
        let home = &self.connection.home;
        let announcement = sign_issue((&home.system, &home.sign), &home.hub, errand, body, now)?;
        match self.announce(&announcement, &sealed.digest).await {
            Ok(Announced::Not(outcome)) => Ok(Issue::NotIssued(outcome)),
            Ok(Announced::Recorded(proven)) => {
                let record_index = proven.index();
                new.place().map_err(|NotPlaced { part, error }| SessionError::NotPlaced {
                    exchange,
                    part,
                    error,
                })?;
                Ok(Issue::Issued(Box::new(IssuedCertificate { file, certificate, record_index })))
            }
            Err(Unheard::Refused(refusal)) => Err(refusal.into()),
            Err(Unheard::Unknown(why)) => {
                Err(SessionError::Unconfirmed { exchange, part: new.leave(), why })
            }
        }
    }

    /// Announces a sealed certificate to the hub. After anything but its own refusal or a proven
    /// reply, it is not known what the hub did.
    async fn announce(
        &mut self,
        announcement: &SignedRequest,
        digest: &[u8; 32],
    ) -> Result<Announced, Unheard> {
        let mut exchange = self.connection.exchange();
        let (seen_size, known) = (self.seen.size(), self.directory.version());
        let call = exchange.issue(ExchangeCall {
            request: Some(announcement.envelope.clone()),
            seen_size,
            subjects: None,
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
enum Unheard {
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
