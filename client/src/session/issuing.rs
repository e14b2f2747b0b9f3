//! Issuing a certificate: asking and sealing. [`recording`](super::recording) has the hub record it
//! and hands it out.

use std::path::Path;
use std::time::SystemTime;

use chrono::Datelike as _;
use zerotrip_certificates::status::StatusValue;
use zerotrip_certificates::{
    CertificateContent, HolderKey, Profile, SealError, Serial, TrustRoot, verify,
};
use zerotrip_channel::new_file::NewFile;
use zerotrip_proto::v1::ErrorCode;

use super::asking::Session;
use super::copies::Copies;
use super::error::SessionError;
use super::issuer::Issuer;
use super::recording::{Issue, Kept, Out, Prepared};
use crate::issued::{Beside, Entry, ErrandKey, Ground, Register, RegisterError, Sealer, Stage};
use crate::reply::{NotAllowed, Outcome};
use crate::request::{CheckQuestion, Errand, IdentityAssertion, RequestId};

/// What a caller may want beside a certificate on an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// The id to ask under. A certificate that was issued under it is handed out again, and nobody
    /// is asked; that needs a register of issued certificates.
    pub id: Option<&'a RequestId>,
    /// That the person was identified, where the check asks that: its id is the one to ask under.
    pub identity: Option<&'a IdentityAssertion>,
    /// The key that the certificate is bound to, in the profile of wallets.
    pub holder: Option<&'a HolderKey>,
    /// Beside what it may come to count, where there is a register of issued certificates.
    pub beside: Beside,
}

impl Session {
    /// Asks; on a true answer seals a certificate with this system's `seal.key`, has the hub record
    /// it, and only then gives the file its name. `file` must not exist and its folder must:
    /// that it can be written is proved before anything is asked, and the certificate is
    /// on disk in a `.part` file beside it before the hub hears of it.
    pub async fn issue_as(
        &mut self,
        wanted: Wanted<'_>,
        errand: &Errand,
        question: &CheckQuestion,
        file: &Path,
    ) -> Result<Issue, SessionError> {
        let Wanted { id, identity, holder, beside } = wanted;
        let id = identity.map(IdentityAssertion::id).or(id);
        let mut issuer = self.issuer()?;
        let holders = holder.map(std::slice::from_ref).unwrap_or_default();
        let prepared = Prepared { beside, ..self.prepare(&mut issuer, Some(file), holders)? };
        let known = match (id, &prepared.issuer.register) {
            (Some(id), Some(register)) => register.on(id.as_str(), None)?,
            _ => None,
        };
        let prepared = match known {
            Some(entry) => match self.resume(&entry, (errand, question), prepared).await? {
                Resumed::Issued(issue) => return Ok(issue),
                Resumed::Not(prepared) => prepared,
            },
            None => prepared,
        };
        // What has no definition is refused before it is asked.
        self.definition(question).await?;
        let question = &self.in_form(question, false).await?;
        if let Some(other) = counting(errand, question, &prepared)? {
            return self.confirm_alone(&other, (errand, question), prepared).await;
        }
        let (request, outcome) = self.ask(errand, question, (id, identity)).await?;
        self.issue_on(errand, question, outcome, &request.envelope.payload, prepared).await
    }

    /// What comes of an errand that has a certificate: one that no run saw recorded is recorded
    /// anew, and nobody is asked; beside one that counts none is issued.
    async fn confirm_alone(
        &mut self,
        other: &Entry,
        asked: (&Errand, &CheckQuestion),
        prepared: Prepared<'_>,
    ) -> Result<Issue, SessionError> {
        let already = || SessionError::from(RegisterError::AlreadyIssued(other.serial.clone()));
        if other.stage != Stage::Sealed || other.status != StatusValue::Valid {
            return Err(already());
        }
        match self.record_anew(other, asked, prepared).await {
            // It may be recorded, or not; or it is another official's.
            Err(SessionError::Refused(refusal)) if refusal.code == ErrorCode::NotIssuable => {
                Err(already())
            }
            Err(SessionError::OtherQuestion { .. }) => Err(already()),
            issue => issue,
        }
    }

    /// Hands out, or has the hub record, what an earlier run sealed under this number.
    async fn resume<'a>(
        &mut self,
        entry: &Entry,
        asked: (&Errand, &CheckQuestion),
        prepared: Prepared<'a>,
    ) -> Result<Resumed<'a>, SessionError> {
        Ok(match entry.stage {
            Stage::Recorded => Resumed::Issued(self.hand_out(entry, asked, prepared)?),
            Stage::Sealed => Resumed::Issued(self.record_anew(entry, asked, prepared).await?),
            Stage::Reserved | Stage::GivenUp => Resumed::Not(prepared),
        })
    }

    pub(super) fn issuer(&self) -> Result<Issuer, SessionError> {
        let home = &self.connection.home;
        Ok(Issuer { sealer: Sealer::load(home)?, register: Register::open(home)? })
    }

    /// What is needed before anything is asked. `None`: the caller gets the certificate.
    pub(super) fn prepare<'a>(
        &self,
        issuer: &'a mut Issuer,
        file: Option<&Path>,
        holders: &'a [HolderKey],
    ) -> Result<Prepared<'a>, SessionError> {
        if !holders.is_empty() {
            issuer.sealer.certificate(&self.connection.home.folder)?;
            issuer.register.as_ref().ok_or(RegisterError::NoSettings)?;
        }
        let out = match file {
            Some(file) => Out::File(NewFile::reserve(file)?, file.to_owned()),
            None => Out::Caller,
        };
        Ok(Prepared { issuer, holders, out, beside: Beside::None })
    }

    pub(super) async fn issue_on(
        &mut self,
        errand: &Errand,
        question: &CheckQuestion,
        outcome: Outcome,
        request: &[u8],
        prepared: Prepared<'_>,
    ) -> Result<Issue, SessionError> {
        let affirmed = match outcome {
            Outcome::Affirmed(affirmed) => affirmed,
            other => return Ok(Issue::NotIssued(other)),
        };
        let digest = &affirmed.proven().answer().definition_digest;
        let definition = self.definition_of(question, digest).await?;
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
        let exchange = affirmed.proven().answer().request_id.clone();
        let place = affirmed.place().map(u32::try_from).transpose();
        let place = place.map_err(|_| RegisterError::Content("subject"))?;
        let profile = profile_of(prepared.holders);
        let entry = match &mut prepared.issuer.register {
            None => None,
            Some(register) => {
                let question = &format!("{}/{}", question.check, question.variant);
                let ground = Ground { exchange: &exchange, subject: affirmed.place(), question };
                let year = year_of(now).ok_or(RegisterError::Content("year"))?;
                Some(register.reserve(ground, profile, year)?)
            }
        };
        let prepared = match &entry {
            Some(entry) => match self.resume(entry, (errand, question), prepared).await? {
                Resumed::Issued(issue) => return Ok(issue),
                Resumed::Not(prepared) => prepared,
            },
            None => prepared,
        };
        match &entry {
            Some(entry) if entry.stage == Stage::GivenUp => {
                return Err(RegisterError::NotIssued(entry.serial.clone()).into());
            }
            Some(entry) if entry.profile != profile => {
                return Err(SessionError::OtherQuestion { serial: entry.serial.clone() });
            }
            _ => {}
        }
        let sealed = match &entry {
            None => Copies::of_one(&content, &prepared.issuer.sealer.key, now)?,
            Some(entry) => {
                let serial = Serial::read(&entry.serial, &self.connection.home.uri());
                let serial = serial.ok_or(RegisterError::Content("serial"))?;
                let by = (&mut *prepared.issuer, prepared.holders);
                Copies::seal(&content, (&serial, &self.connection.home.folder), by, now)?
            }
        };
        // Read back as a stranger would, before it is announced: what does not verify is never
        // announced. The hub's clock may be ahead.
        let at = now.max(affirmed.proven().answered_at());
        let read = |token: &str| verify(token, TrustRoot::Directory(&self.directory), at);
        let certificate = read(&sealed.first.token)?;
        sealed.others.iter().try_for_each(|copy| read(&copy.token).map(drop))?;
        if let (Some(register), Some(entry)) = (&mut prepared.issuer.register, &entry) {
            let times = (certificate.issued_at, certificate.valid_until);
            register.sealed_copies(&entry.serial, &sealed.tokens(), times, prepared.beside)?;
        }
        let certificate = Kept { sealed, certificate, exchange, place, is_new: true };
        self.record(errand, certificate, entry.as_ref(), prepared).await
    }
}

/// What an earlier run left.
enum Resumed<'a> {
    /// A certificate.
    Issued(Issue),
    /// Nothing that is sealed.
    Not(Prepared<'a>),
}

/// The certificate that counts for this errand already, where none may come beside it.
fn counting(
    errand: &Errand,
    question: &CheckQuestion,
    prepared: &Prepared<'_>,
) -> Result<Option<Entry>, SessionError> {
    let compares = prepared.beside == Beside::None && prepared.holders.is_empty();
    match prepared.issuer.register.as_ref().filter(|_| compares) {
        Some(register) => {
            Ok(register.counting_for(&ErrandKey::of(errand, question), SystemTime::now())?)
        }
        None => Ok(None),
    }
}

/// The year by the organ's own calendar.
pub(super) fn year_of(now: SystemTime) -> Option<u16> {
    u16::try_from(chrono::DateTime::<chrono::Local>::from(now).year()).ok()
}

/// The profile of a certificate for these keys.
fn profile_of(holders: &[HolderKey]) -> Profile {
    if holders.is_empty() { Profile::National } else { Profile::Haip }
}
