//! Issuing a certificate: asking, sealing, having the hub record it, writing the file.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::Datelike as _;
use zerotrip_certificates::{
    ASKED, CertificateContent, HolderKey, Profile, SealError, Sealed, Serial, TrustRoot,
    VerifiedCertificate, asked, seal, verify,
};
use zerotrip_channel::deadline::Deadline;
use zerotrip_channel::new_file::{NewFile, NotPlaced};
use zerotrip_checks::definition::Definition;
use zerotrip_proto::v1::{ExchangeCall, IssueBody};
use zerotrip_proto::{Refusal, to_timestamp};

use super::asking::Session;
use super::bounds::CALL_TIME;
use super::error::SessionError;
use crate::issued::{Due, Entry, Ground, Register, RegisterError, Sealer, Stage};
use crate::reply::{Announced, AnsweredMany, NotAllowed, Outcome, verify_recorded};
use crate::request::{CheckQuestion, Errand, RequestId, SignedRequest, sign_issue};

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
    /// What it says, read back from the sealed token.
    pub certificate: VerifiedCertificate,
    /// The ledger index of the record of issuing.
    pub record_index: u64,
}

/// What a caller may want beside a certificate on an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// The id to ask under. A certificate that was issued under it is handed out again, and nobody
    /// is asked; that needs a register of issued certificates.
    pub id: Option<&'a RequestId>,
    /// The key that the certificate is bound to, in the profile of wallets.
    pub holder: Option<&'a HolderKey>,
}

/// What issuing needs beside an answer.
pub(super) struct Prepared<'a> {
    sealer: Sealer,
    /// Whom the certificate is bound to.
    holder: Option<&'a HolderKey>,
    /// The certificate's file, reserved. `None`: it is handed out by the caller, and kept in the
    /// register alone.
    out: Option<(NewFile, PathBuf)>,
    /// Where this system has one.
    register: Option<Register>,
}

impl Prepared<'_> {
    fn fill(&mut self, token: &str) -> Result<(), SessionError> {
        // The citizen's data: for its owner's eyes.
        match &mut self.out {
            Some((new, _)) => Ok(new.fill(token.as_bytes())?),
            None => Ok(()),
        }
    }
}

/// Gives the file its name, where there is one.
fn place_file(
    out: Option<(NewFile, PathBuf)>,
    exchange: &str,
) -> Result<Option<PathBuf>, SessionError> {
    let Some((new, file)) = out else { return Ok(None) };
    let exchange = exchange.to_owned();
    new.place().map_err(|NotPlaced { part, error }| SessionError::NotPlaced {
        exchange,
        part,
        error,
    })?;
    Ok(Some(file))
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
        self.issue_as(Wanted::default(), errand, question, file).await
    }

    /// The same as the caller wants it.
    pub async fn issue_as(
        &mut self,
        wanted: Wanted<'_>,
        errand: &Errand,
        question: &CheckQuestion,
        file: &Path,
    ) -> Result<Issue, SessionError> {
        let Wanted { id, holder } = wanted;
        let prepared = self.prepare(Some(file), holder)?;
        let known = match (id, &prepared.register) {
            (Some(id), Some(register)) => register.on(id.as_str(), None)?,
            _ => None,
        };
        if let Some(entry) = known.filter(|entry| entry.stage == Stage::Recorded) {
            return self.hand_out(&entry, (errand, question), prepared);
        }
        let definition = self.definition(question).await?;
        let (request, outcome) = self.ask(errand, question, id).await?;
        let payload = &request.envelope.payload;
        self.issue_on(errand, question, outcome, (payload, &definition), prepared).await
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
        let prepared = self.prepare(Some(file), None)?;
        let definition = self.definition(question).await?;
        let outcome = answered.outcome(place).ok_or(SessionError::NoSuchPlace(place))?;
        let payload = &answered.request.envelope.payload;
        self.issue_on(errand, question, outcome, (payload, &definition), prepared).await
    }

    /// What is needed before anything is asked.
    pub(super) fn prepare<'a>(
        &self,
        file: Option<&Path>,
        holder: Option<&'a HolderKey>,
    ) -> Result<Prepared<'a>, SessionError> {
        let home = &self.connection.home;
        let (sealer, register) = (Sealer::load(home)?, Register::open(home)?);
        if holder.is_some() {
            sealer.certificate(&home.folder)?;
            register.as_ref().ok_or(RegisterError::NoSettings)?;
        }
        let reserve =
            |file: &Path| Ok::<_, SessionError>((NewFile::reserve(file)?, file.to_owned()));
        let out = file.map(reserve).transpose()?;
        Ok(Prepared { sealer, holder, out, register })
    }

    pub(super) async fn issue_on(
        &mut self,
        errand: &Errand,
        question: &CheckQuestion,
        outcome: Outcome,
        (request, definition): (&[u8], &Definition),
        mut prepared: Prepared<'_>,
    ) -> Result<Issue, SessionError> {
        let affirmed = match outcome {
            Outcome::Affirmed(affirmed) => affirmed,
            other => return Ok(Issue::NotIssued(other)),
        };
        let content = match CertificateContent::try_new(&affirmed, request, definition) {
            // The hub answers the question, and lets nothing be issued on the answer.
            Err(SealError::NotAllowed) => {
                return Ok(Issue::NotIssued(Outcome::Denied(Box::new(NotAllowed::of_issuing(
                    affirmed.proven(),
                )))));
            }
            content => content?,
        };
        let now = SystemTime::now();
        let exchange = affirmed.proven().answer().request_id.clone();
        let place = affirmed.place().map(u32::try_from).transpose();
        let place = place.map_err(|_| SessionError::NoSuchPlace(usize::MAX))?;
        let entry = match &mut prepared.register {
            None => None,
            Some(register) => {
                let question = &format!("{}/{}", question.check, question.variant);
                let ground = Ground { exchange: &exchange, subject: affirmed.place(), question };
                Some(register.reserve(ground, profile_of(prepared.holder), year_of(now))?)
            }
        };
        let profile = profile_of(prepared.holder);
        match &entry {
            Some(entry) if entry.stage == Stage::Recorded => {
                return self.hand_out(entry, (errand, question), prepared);
            }
            Some(entry) if entry.stage == Stage::GivenUp => {
                return Err(RegisterError::NotIssued(entry.serial.clone()).into());
            }
            Some(entry) if entry.profile != profile => {
                return Err(SessionError::OtherQuestion { serial: entry.serial.clone() });
            }
            _ => {}
        }
        // One that was sealed before, by a run that did not come to its end, is announced anew.
        let sealed_before = entry.as_ref().and_then(|entry| entry.token.clone());
        let is_new = sealed_before.is_none();
        let sealed = match (sealed_before, &entry) {
            (Some(token), _) => Sealed::read(token).map_err(RegisterError::Kept)?,
            (None, None) => seal(&content, &prepared.sealer.key, now)?,
            (None, Some(entry)) => {
                let serial = Serial::read(&entry.serial, &self.connection.home.uri());
                let serial = serial.ok_or(RegisterError::Content("serial"))?;
                let content = content.numbered(&serial, &entry.reference);
                let content = match prepared.holder {
                    None => content,
                    Some(holder) => {
                        let leaf = prepared.sealer.certificate(&self.connection.home.folder)?;
                        content.bound(holder, leaf.clone())
                    }
                };
                seal(&content, &prepared.sealer.key, now)?
            }
        };
        // Read back as a stranger would, before it is announced: what does not verify is never
        // announced. The hub's clock may be ahead.
        let certificate = verify(
            &sealed.token,
            TrustRoot::Directory(&self.directory),
            now.max(affirmed.proven().answered_at()),
        )?;
        if let (Some(register), Some(entry)) = (&mut prepared.register, &entry) {
            if !is_new && !is_for(&certificate, (errand, question), prepared.holder) {
                return Err(SessionError::OtherQuestion { serial: entry.serial.clone() });
            }
            if is_new {
                let times = (certificate.issued_at, certificate.valid_until);
                register.sealed(&entry.serial, &sealed.token, times)?;
            }
            // Whoever looks its status up must find the list.
            register.publish(&prepared.sealer, now, Due::Needed)?;
        }
        prepared.fill(&sealed.token)?;
        let body = IssueBody {
            exchange_id: exchange.clone(),
            certificate_digest: sealed.digest.to_vec(),
            valid_until: Some(to_timestamp(sealed.valid_until)),
            place,
        };
        let home = &self.connection.home;
        let announcement = sign_issue((&home.system, &home.sign), &home.hub, errand, body, now)?;
        let announced = self.announce(&announcement, &sealed.digest).await;
        // What the hub did not record is not handed out, and must not count.
        let refused = matches!(&announced, Ok(Announced::Not(_)) | Err(Unheard::Refused(_)));
        if let (true, true, Some(register), Some(entry)) =
            (refused, is_new, &mut prepared.register, &entry)
        {
            register.give_up(&entry.serial, "the hub did not record it", now)?;
        }
        let Prepared { out, register, .. } = prepared;
        match announced {
            Ok(Announced::Not(outcome)) => Ok(Issue::NotIssued(outcome)),
            Ok(Announced::Recorded(proven)) => {
                let record_index = proven.index();
                let file = place_file(out, &exchange)?;
                if let (Some(mut register), Some(entry)) = (register, entry) {
                    register.recorded(&entry.serial, record_index)?;
                }
                let token = sealed.token;
                let issued = IssuedCertificate { file, token, certificate, record_index };
                Ok(Issue::Issued(Box::new(issued)))
            }
            Err(Unheard::Refused(refusal)) => Err(refusal.into()),
            Err(Unheard::Unknown(why)) => match out {
                Some((new, _)) => {
                    Err(SessionError::Unconfirmed { exchange, part: new.leave(), why })
                }
                // The register has it: the same holder's next attempt announces it anew.
                None => Err(*why),
            },
        }
    }

    /// Hands a certificate out again that was issued before.
    fn hand_out(
        &self,
        entry: &Entry,
        (errand, question): (&Errand, &CheckQuestion),
        mut prepared: Prepared<'_>,
    ) -> Result<Issue, SessionError> {
        let holder = prepared.holder;
        let (Some(token), Some(record_index), Some(issued_at)) =
            (&entry.token, entry.record_index, entry.issued_at)
        else {
            return Err(RegisterError::NotIssued(entry.serial.clone()).into());
        };
        // As of when it was issued: what has become of it since is for whoever verifies it.
        let certificate = verify(token, TrustRoot::Directory(&self.directory), issued_at)?;
        if !is_for(&certificate, (errand, question), holder) {
            return Err(SessionError::OtherQuestion { serial: entry.serial.clone() });
        }
        prepared.fill(token)?;
        let (file, token) = (place_file(prepared.out, &entry.exchange)?, token.clone());
        let issued = IssuedCertificate { file, token, certificate, record_index };
        Ok(Issue::Issued(Box::new(issued)))
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

/// The year by the organ's own calendar.
fn year_of(now: SystemTime) -> u16 {
    u16::try_from(chrono::DateTime::<chrono::Local>::from(now).year()).unwrap_or_default()
}

/// The profile of a certificate for this holder.
fn profile_of(holder: Option<&HolderKey>) -> Profile {
    holder.map_or(Profile::National, |_| Profile::Haip)
}

/// Whether a certificate is on this question, of this person, for this errand and this holder: all
/// that was asked is in it, word for word.
fn is_for(
    certificate: &VerifiedCertificate,
    (errand, question): (&Errand, &CheckQuestion),
    holder: Option<&HolderKey>,
) -> bool {
    let shown = |name: &str, value: &str| {
        certificate.disclosed.claims.get(name).is_some_and(|found| found == value)
    };
    let scope = certificate.scope.get(ASKED).map(Vec::as_slice).unwrap_or_default();
    let asks_the_same = |(name, value): &(String, String)| {
        shown(name, value) || scope.contains(&asked(name, value))
    };
    certificate.check == question.check
        && certificate.variant == question.variant
        && shown("purpose", &errand.purpose)
        && shown("case_number", &errand.case_number)
        && certificate.holder.as_ref().map(|bound| &bound.key) == holder
        && question.parameters.iter().all(asks_the_same)
}
