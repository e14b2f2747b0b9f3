//! `issue --batch`: a certificate for each person of a list whose answer is yes, in one folder,
//! with a table of what came of everybody.
//!
//! The folder has the signed answers (`answers.jsonl` and its evidence), a certificate for each
//! yes, and `result.csv`, which is written from both. A later run over the same folder takes up
//! what is there: who has a certificate gets no second one, whatever stopped the first run. The
//! register of issued certificates decides that, and not the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use zerotrip_certificates::status::StatusValue;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_client::issued::{Entry, Register, RegisterError, Stage};
use zerotrip_client::reply::{AnsweredMany, ManyOutcome, SubjectOutcome};
use zerotrip_client::request::APPLICANT;
use zerotrip_client::{CheckQuestion, Errand, Issue, ManyIssuing, Outcome, Session, SessionError};
use zerotrip_proto::bounds::SUBJECTS;
use zerotrip_proto::v1::ErrorCode;

use super::answers::Answers;
use super::evidence::is_old;
use super::{ask_all, many, read_list};
use crate::render::{Failure, NOT_VERIFIED, Screen};
use crate::renewals;

/// Where the answers are kept in the folder.
const ANSWERS: &str = "answers.jsonl";
/// The table.
const RESULT: &str = "result.csv";
/// What was sealed over an hour ago and not seen recorded. Who revokes it can have it issued anew.
const UNCONFIRMED: &str = "UNCONFIRMED";

/// What came of issuing so far, by person.
#[derive(Default)]
struct Issued {
    /// Who has a certificate.
    certificates: BTreeMap<String, Certificate>,
    /// Whose answer is a yes on which nothing may be issued: the code.
    refused: BTreeMap<String, String>,
}

/// One that was issued.
struct Certificate {
    serial: String,
    /// What has become of it.
    status: StatusValue,
    file: PathBuf,
}

/// Asks about everybody in the list, and issues on each yes.
pub(crate) async fn issue(
    dir: &Path,
    errand: &Errand,
    question: CheckQuestion,
    (list, folder): (&Path, &Path),
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let subjects = read_list(list)?;
    let mut first =
        many(&question, subjects.get(..subjects.len().min(SUBJECTS)).unwrap_or_default())?;
    let home = renewals::open_home(dir, screen)?;
    let register = Register::open(&home)?.ok_or(RegisterError::NoSettings)?;
    // Two runs at once would each find that nobody has a certificate yet.
    let lock = register.batch_lock();
    let _alone = match files::try_lock(&lock)? {
        Some(held) => held,
        None => {
            screen.note(screen.pick(
                "another `issue --batch` of this system is under way: waiting for its end",
                "本系统的另一次批量签发正在进行，等待其结束",
            ));
            files::lock(&lock)?
        }
    };
    files::private_folder(folder).map_err(|error| super::evidence::unusable(folder, &error))?;
    let kept = Answers::kept(&folder.join(ANSWERS))?;
    let mut session = Session::connect(&home).await?;
    first.question = session.in_form(&first.question, true).await?;
    // What an earlier run did not finish, whatever its age: the register knows of each.
    let earlier = kept.verified(|kept| session.kept_many(kept, errand, &first))?;
    let mut answers = kept.taken_up(&earlier)?;
    let mut issued = Issued::default();
    let wanted: BTreeSet<&str> = subjects.iter().map(String::as_str).collect();
    let mut issuing = session.issue_each_of_many(errand, &question).await?;
    // Who has one already, by the register: whatever folder it went into.
    for (subject, entry) in issuing.held(&question)? {
        if !wanted.contains(subject.as_str()) {
            continue;
        }
        match (entry.stage, entry.status) {
            (Stage::Recorded, _) => issued.hand_out(&subject, &entry, folder)?,
            (_, StatusValue::Valid) => {
                issued.confirm(&mut issuing, &question, (&subject, &entry), folder).await?;
            }
            // Revoked before it was seen recorded: the person is asked about anew.
            _ => {}
        }
    }
    // Of each person the last answer alone; a yes that a later no followed is none.
    let mut last: BTreeMap<&str, (&AnsweredMany, usize)> = BTreeMap::new();
    for answered in &earlier {
        for (place, one) in answered.subjects.iter().enumerate() {
            let subject = one.subject.as_str();
            let at = answered.proven.answered_at();
            let is_later = last.get(subject).is_none_or(|(b, _)| b.proven.answered_at() < at);
            if is_later && wanted.contains(subject) {
                last.insert(subject, (answered, place));
            }
        }
    }
    for (subject, (answered, place)) in last {
        issued.one(&mut issuing, &question, (answered, place, subject), folder).await?;
    }
    drop(issuing);
    // A yes that nothing can be issued on any more is asked for again.
    for subject in &subjects {
        if !issued.is_settled(subject) && answers.outcome(subject).0 == "affirmed" {
            answers.forget(subject);
        }
    }
    let has = |issued: &Issued, answers: &Answers, subject: &String| {
        issued.is_settled(subject) || answers.has(subject)
    };
    let waiting: Vec<String> =
        subjects.iter().filter(|subject| !has(&issued, &answers, subject)).cloned().collect();
    let asked = (errand, &question, subjects.len());
    ask_all(&home, asked, &waiting, screen, async |session, outcome, batch| {
        answers.add(outcome, batch, screen)?;
        let ManyOutcome::Answered(answered) = outcome else { return Ok(()) };
        let mut issuing = session.issue_each_of_many(errand, &question).await?;
        issued.take(&mut issuing, &question, (answered, folder), screen).await
    })
    .await?;
    issued.write(&folder.join(RESULT), &subjects, &answers)?;
    let count = issued.certificates.len();
    let text = format!(
        "{} {count}  ({})",
        screen.pick("certificates issued:", "已签发证明："),
        folder.display()
    );
    screen
        .show(&text, &json!({ "certificates": count, "folder": folder.display().to_string() }))?;
    answers.summary(&subjects, screen)
}

impl Issued {
    /// Whether there is nothing more to ask or to seal about a person.
    fn is_settled(&self, subject: &str) -> bool {
        self.certificates.contains_key(subject) || self.refused.contains_key(subject)
    }

    /// Issues on each yes of an answer that has just come.
    async fn take(
        &mut self,
        issuing: &mut ManyIssuing<'_>,
        question: &CheckQuestion,
        (answered, folder): (&AnsweredMany, &Path),
        screen: &Screen,
    ) -> Result<(), Failure> {
        let total = answered.subjects.len();
        for (place, one) in answered.subjects.iter().enumerate() {
            self.one(issuing, question, (answered, place, &one.subject), folder).await?;
            if place % 500 == 499 {
                let word = screen.pick("certificates:", "证明：");
                screen.note(&format!("{word} {} / {total}", place + 1));
            }
        }
        Ok(())
    }

    /// Issues on a person's last answer, if that is a yes and the person has no certificate.
    async fn one(
        &mut self,
        issuing: &mut ManyIssuing<'_>,
        question: &CheckQuestion,
        (answered, place, subject): (&AnsweredMany, usize, &str),
        folder: &Path,
    ) -> Result<(), Failure> {
        let outcome = answered.subjects.get(place).map(|one| &one.outcome);
        let is_yes = matches!(outcome, Some(SubjectOutcome::Affirmed { .. }));
        if !is_yes || self.is_settled(subject) {
            return Ok(());
        }
        let known = issuing.known(answered, place)?;
        match &known {
            Some(entry) if entry.stage == Stage::Recorded => {
                return self.hand_out(subject, entry, folder);
            }
            // Of what the hub has another certificate on, or none can be on, nothing more is asked:
            // a second one would count beside one that this register does not know.
            Some(entry) if entry.stage == Stage::GivenUp => {
                if issuing.is_refused(entry)? {
                    self.refuse(subject, ErrorCode::NotIssuable.name());
                }
                return Ok(());
            }
            // Revoked before it was seen recorded: the person is asked about anew.
            Some(entry) if entry.stage == Stage::Sealed && entry.status != StatusValue::Valid => {
                return Ok(());
            }
            Some(entry) if entry.stage == Stage::Reserved && is_old(answered) => return Ok(()),
            None if is_old(answered) => return Ok(()),
            _ => {}
        }
        let exchange = &answered.proven.answer().request_id;
        let file = free(file_of(folder, exchange, u64::try_from(place).ok()))?;
        let issue = issuing.issue(&about(question, subject), (answered, place), &file).await;
        let issue = match issue {
            Err(SessionError::Refused(refusal))
                if is_old(answered) && refusal.code == ErrorCode::NotIssuable =>
            {
                self.refuse(subject, UNCONFIRMED);
                return Ok(());
            }
            issue => issue?,
        };
        self.came(issue, subject, issuing.known(answered, place)?, file)
    }

    /// Has a certificate recorded that is sealed and not known to be. Where the hub refuses, it may
    /// be recorded or not: without its revocation nobody is asked anew.
    async fn confirm(
        &mut self,
        issuing: &mut ManyIssuing<'_>,
        question: &CheckQuestion,
        (subject, entry): (&str, &Entry),
        folder: &Path,
    ) -> Result<(), Failure> {
        let file = free(file_of(folder, &entry.exchange, entry.subject))?;
        match issuing.record_anew(&about(question, subject), entry, &file).await {
            Err(SessionError::Refused(refusal)) if refusal.code == ErrorCode::NotIssuable => {
                self.refuse(subject, UNCONFIRMED);
                Ok(())
            }
            issue => self.came(issue?, subject, Some(entry.clone()), file),
        }
    }

    /// Notes what came of issuing. What was issued and is in no register could not be revoked: the
    /// table would lack it, and a later run issue a second one.
    fn came(
        &mut self,
        issue: Issue,
        subject: &str,
        entry: Option<Entry>,
        file: PathBuf,
    ) -> Result<(), Failure> {
        match (issue, entry) {
            (Issue::Issued(_), Some(entry)) => self.has(subject, &entry, file),
            (Issue::Issued(issued), None) => {
                let serial = issued.certificate.serial.map(|serial| serial.to_string());
                return Err(RegisterError::Unknown(serial.unwrap_or_default()).into());
            }
            (Issue::NotIssued(outcome), _) => {
                let code = match outcome {
                    Outcome::Denied(denied) => denied.code.name(),
                    Outcome::Unavailable(none) => none.code.name(),
                    Outcome::Affirmed(_) | Outcome::Negative(_) => ErrorCode::NotIssuable.name(),
                };
                self.refuse(subject, code);
            }
        }
        Ok(())
    }

    /// Sees to it that a certificate that was recorded is in the folder, and nothing else under its
    /// name. One that was revoked is not written anew.
    fn hand_out(&mut self, subject: &str, entry: &Entry, folder: &Path) -> Result<(), Failure> {
        let file = file_of(folder, &entry.exchange, entry.subject);
        let token = entry.token.as_deref().unwrap_or_default();
        if files::is_there(&file) {
            if files::read_text(&file).ok().as_deref() != Some(token) {
                return Err(foreign(&file));
            }
        } else if entry.status == StatusValue::Valid {
            files::write(&file, token.as_bytes(), Secrecy::Private)?;
        }
        self.has(subject, entry, file);
        Ok(())
    }

    fn has(&mut self, subject: &str, entry: &Entry, file: PathBuf) {
        let (serial, status) = (entry.serial.clone(), entry.status);
        self.certificates.insert(subject.to_owned(), Certificate { serial, status, file });
        self.refused.remove(subject);
    }

    fn refuse(&mut self, subject: &str, code: &str) {
        self.refused.insert(subject.to_owned(), code.to_owned());
    }

    /// Writes the table: who, what came of it, why, the certificate's number and its file.
    fn write(&self, file: &Path, subjects: &[String], answers: &Answers) -> Result<(), Failure> {
        let mut table = String::from("subject,outcome,code,serial,file\n");
        for subject in subjects {
            let certificate = self.certificates.get(subject);
            let (outcome, code) = match (certificate, self.refused.get(subject)) {
                (Some(one), _) if one.status == StatusValue::Valid => ("issued", ""),
                (Some(one), _) => (one.status.word(), ""),
                (None, Some(code)) => ("denied", code.as_str()),
                (None, None) => answers.outcome(subject),
            };
            let serial = certificate.map_or("", |one| one.serial.as_str());
            let path = certificate.filter(|one| files::is_there(&one.file));
            let path = path.and_then(|one| one.file.file_name()?.to_str());
            let path = path.unwrap_or_default();
            table.push_str(&format!("{subject},{outcome},{code},{serial},{path}\n"));
        }
        Ok(files::write(file, table.as_bytes(), Secrecy::Private)?)
    }
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
fn about(question: &CheckQuestion, subject: &str) -> CheckQuestion {
    let mut one = question.clone();
    one.parameters.push((APPLICANT.to_owned(), subject.to_owned()));
    one
}
