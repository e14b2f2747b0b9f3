//! What becomes of one person of a batch.

use std::path::{Path, PathBuf};

use zerotrip_certificates::status::StatusValue;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_client::issued::{Entry, RegisterError, Stage};
use zerotrip_client::reply::{AnsweredMany, SubjectOutcome};
use zerotrip_client::request::APPLICANT;
use zerotrip_client::{CheckQuestion, Issue, ManyIssuing, Outcome, SessionError};
use zerotrip_proto::v1::ErrorCode;

use crate::many::evidence::is_old;
use crate::render::{Failure, NOT_VERIFIED};

/// What was sealed over an hour ago and not seen recorded. Who revokes it can have it issued anew.
const UNCONFIRMED: &str = "UNCONFIRMED";

/// One that was issued.
pub(super) struct Certificate {
    pub(super) serial: String,
    /// What has become of it.
    pub(super) status: StatusValue,
    pub(super) file: PathBuf,
}

/// What became of one person.
pub(super) enum Became {
    /// There is a certificate.
    Issued(Certificate),
    /// None can be issued: the code.
    Refused(String),
    /// The person is asked about anew.
    Nothing,
}

impl Certificate {
    pub(super) fn of(entry: &Entry, file: PathBuf) -> Self {
        Self { serial: entry.serial.clone(), status: entry.status, file }
    }
}

pub(super) fn is_yes(answered: &AnsweredMany, place: usize) -> bool {
    let outcome = answered.subjects.get(place).map(|one| &one.outcome);
    matches!(outcome, Some(SubjectOutcome::Affirmed { .. }))
}

/// Issues on one person's yes.
pub(super) async fn issue_one(
    issuing: &mut ManyIssuing<'_>,
    question: &CheckQuestion,
    (answered, place, subject): (&AnsweredMany, usize, &str),
    folder: &Path,
) -> Result<Became, Failure> {
    let known = issuing.known(answered, place)?;
    match &known {
        Some(entry) if entry.stage == Stage::Recorded => {
            return hand_out(entry, folder).map(Became::Issued);
        }
        // Of what the hub has another certificate on, or none can be on, nothing more is asked: a
        // second one would count beside one that this register does not know.
        Some(entry) if entry.stage == Stage::GivenUp => {
            let is_refused = issuing.is_refused(entry)?;
            let code = ErrorCode::NotIssuable.name().to_owned();
            return Ok(if is_refused { Became::Refused(code) } else { Became::Nothing });
        }
        // Revoked before it was seen recorded: the person is asked about anew.
        Some(entry) if entry.stage == Stage::Sealed && entry.status != StatusValue::Valid => {
            return Ok(Became::Nothing);
        }
        Some(entry) if entry.stage == Stage::Reserved && is_old(answered) => {
            return Ok(Became::Nothing);
        }
        None if is_old(answered) => return Ok(Became::Nothing),
        _ => {}
    }
    let exchange = &answered.proven.answer().request_id;
    let file = free(file_of(folder, exchange, u64::try_from(place).ok()))?;
    let asked = about(question, subject);
    let issue = match issuing.issue(&asked, (answered, place), &file).await {
        // Somebody issued for the same errand meanwhile.
        Err(SessionError::Register(RegisterError::AlreadyIssued(serial))) => {
            let entry = issuing.numbered(&serial)?;
            return take_up(issuing, &asked, &entry, folder).await;
        }
        Err(SessionError::Refused(refusal))
            if is_old(answered) && refusal.code == ErrorCode::NotIssuable =>
        {
            return Ok(Became::Refused(UNCONFIRMED.to_owned()));
        }
        issue => issue?,
    };
    came(issue, issuing.known(answered, place)?.as_ref(), file)
}

/// What becomes of a person who has a certificate for this errand already, whoever issued it.
/// `asked` names the person too.
pub(super) async fn take_up(
    issuing: &mut ManyIssuing<'_>,
    asked: &CheckQuestion,
    entry: &Entry,
    folder: &Path,
) -> Result<Became, Failure> {
    let unconfirmed = || Ok(Became::Refused(UNCONFIRMED.to_owned()));
    match (entry.stage, entry.status) {
        (Stage::Recorded, _) => return hand_out(entry, folder).map(Became::Issued),
        (_, StatusValue::Valid) => {}
        // It can count again.
        (_, StatusValue::Suspended) => return unconfirmed(),
        // Revoked before it was seen recorded: the person is asked about anew.
        (_, StatusValue::Revoked | StatusValue::Superseded) => return Ok(Became::Nothing),
    }
    let file = free(file_of(folder, &entry.exchange, entry.subject))?;
    match issuing.record_anew(asked, entry, &file).await {
        // It may be recorded or not: without its revocation nobody is asked anew.
        Err(SessionError::Refused(refusal)) if refusal.code == ErrorCode::NotIssuable => {
            unconfirmed()
        }
        // Another official seals it just now, or did and was stopped.
        Err(SessionError::OtherQuestion { .. }) => unconfirmed(),
        issue => came(issue?, Some(entry), file),
    }
}

/// What came of issuing. What was issued and is in no register could not be revoked: the table
/// would lack it, and a later run issue a second one.
fn came(issue: Issue, entry: Option<&Entry>, file: PathBuf) -> Result<Became, Failure> {
    Ok(match (issue, entry) {
        (Issue::Issued(_), Some(entry)) => Became::Issued(Certificate::of(entry, file)),
        (Issue::Issued(issued), None) => {
            let serial = issued.certificate.serial.map(|serial| serial.to_string());
            return Err(RegisterError::Unknown(serial.unwrap_or_default()).into());
        }
        (Issue::NotIssued(outcome), _) => Became::Refused(why(&outcome)),
    })
}

/// The code of an outcome that is no certificate.
pub(super) fn why(outcome: &Outcome) -> String {
    let code = match outcome {
        Outcome::Denied(denied) => denied.code,
        Outcome::Unavailable(none) => none.code,
        Outcome::Affirmed(_) | Outcome::Negative(_) => ErrorCode::NotIssuable,
    };
    code.name().to_owned()
}

/// The certificate on a place of an answer, which the register has as recorded.
pub(super) fn recorded(
    issuing: &ManyIssuing<'_>,
    (answered, place): (&AnsweredMany, usize),
    folder: &Path,
) -> Result<Became, Failure> {
    match issuing.known(answered, place)? {
        Some(entry) if entry.stage == Stage::Recorded => {
            hand_out(&entry, folder).map(Became::Issued)
        }
        _ => Err(RegisterError::Unknown(format!("{place}")).into()),
    }
}

/// Sees to it that a certificate that was recorded is in the folder, and nothing else under its
/// name. One that was revoked is not written anew.
fn hand_out(entry: &Entry, folder: &Path) -> Result<Certificate, Failure> {
    let file = file_of(folder, &entry.exchange, entry.subject);
    let token = entry.token.as_deref().unwrap_or_default();
    if files::is_there(&file) {
        if files::read_text(&file).ok().as_deref() != Some(token) {
            return Err(foreign(&file));
        }
    } else if entry.status == StatusValue::Valid {
        files::write(&file, token.as_bytes(), Secrecy::Private)?;
    }
    Ok(Certificate::of(entry, file))
}

/// Where the certificate on an answer goes.
fn file_of(folder: &Path, exchange: &str, subject: Option<u64>) -> PathBuf {
    let place = subject.map_or_else(String::new, |place| format!("-{place}"));
    folder.join(format!("{exchange}{place}.sdjwt"))
}

/// The same file, where there is nothing yet.
fn free(file: PathBuf) -> Result<PathBuf, Failure> {
    if files::is_there(&file) { Err(foreign(&file)) } else { Ok(file) }
}

/// What has the name of a certificate, and is not that certificate.
fn foreign(file: &Path) -> Failure {
    let at = file.display();
    Failure::new(
        NOT_VERIFIED,
        format!("`{at}` is not the certificate of that name; nothing of it was used"),
        format!("`{at}` 不是该文件名对应的证明，未予采用"),
    )
    .remedy("move it away, and run this again", "请移走该文件后重新执行")
}

/// The question about one of them.
pub(super) fn about(question: &CheckQuestion, subject: &str) -> CheckQuestion {
    let mut one = question.clone();
    one.parameters.push((APPLICANT.to_owned(), subject.to_owned()));
    one
}
