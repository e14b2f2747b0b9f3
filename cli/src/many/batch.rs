//! `issue --batch`: a certificate for each person of a list whose answer is yes, in one folder,
//! with a table of what came of everybody.
//!
//! The folder has the signed answers (`answers.jsonl` and its evidence), a certificate for each
//! yes, and `result.csv`, which is written from both. A later run over the same folder takes up
//! what is there: who has a certificate gets no second one, whatever stopped the first run. The register of
//! issued certificates decides that, and not the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use zerotrip_channel::SystemHome;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_client::issued::{Entry, Register, RegisterError, Stage};
use zerotrip_client::reply::{AnsweredMany, ManyOutcome, SubjectOutcome};
use zerotrip_client::request::APPLICANT;
use zerotrip_client::{CheckQuestion, Errand, Issue, ManyIssuing, Outcome, Session, SessionError};
use zerotrip_proto::bounds::SUBJECTS;
use zerotrip_proto::v1::ErrorCode;

use super::answers::Answers;
use super::evidence::is_old;
use super::{many, read_list, tell};
use crate::render::{Failure, Screen, deprecation};
use crate::renewals;

/// Where the answers are kept in the folder.
const ANSWERS: &str = "answers.jsonl";
/// The table.
const RESULT: &str = "result.csv";

/// What came of issuing so far, by person.
#[derive(Default)]
struct Issued {
    /// Who has a certificate: its number and its file.
    certificates: BTreeMap<String, (String, PathBuf)>,
    /// Whose answer is a yes on which nothing may be issued: the code.
    refused: BTreeMap<String, String>,
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
    has_register(&home)?;
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
    for answered in &earlier {
        issued.take(&mut issuing, &question, (answered, &wanted, folder), screen).await?;
    }
    drop(issuing);
    // A yes that nothing can be issued on any more is asked for again.
    for subject in &subjects {
        if !issued.certificates.contains_key(subject) && answers.outcome(subject).0 == "affirmed" {
            answers.forget(subject);
        }
    }
    let has = |issued: &Issued, answers: &Answers, subject: &String| {
        issued.certificates.contains_key(subject) || answers.has(subject)
    };
    let waiting: Vec<String> =
        subjects.iter().filter(|subject| !has(&issued, &answers, subject)).cloned().collect();
    let (total, mut done) = (subjects.len(), subjects.len() - waiting.len());
    tell(screen, done, total);
    let mut until = None;
    for batch in waiting.chunks(SUBJECTS) {
        let many = many(&question, batch)?;
        let mut session = Session::connect(&home).await?;
        let outcome = session.check_many(errand, &many).await?;
        until = session.deprecation().cloned().or(until);
        answers.add(&outcome, batch, screen)?;
        if let ManyOutcome::Answered(answered) = &outcome {
            let mut issuing = session.issue_each_of_many(errand, &question).await?;
            issued.take(&mut issuing, &question, (answered, &wanted, folder), screen).await?;
        }
        done += batch.len();
        tell(screen, done, total);
        if matches!(outcome, ManyOutcome::Denied(_)) {
            break;
        }
    }
    deprecation::note(until.as_ref(), &question.check, screen);
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

/// Without a register nothing would show who has a certificate already.
fn has_register(home: &SystemHome) -> Result<(), Failure> {
    Register::open(home)?.map(drop).ok_or_else(|| RegisterError::NoSettings.into())
}

impl Issued {
    /// Issues on each yes of an answer, but for who has a certificate already.
    async fn take(
        &mut self,
        issuing: &mut ManyIssuing<'_>,
        question: &CheckQuestion,
        (answered, wanted, folder): (&AnsweredMany, &BTreeSet<&str>, &Path),
        screen: &Screen,
    ) -> Result<(), Failure> {
        let yes = answered.subjects.iter().enumerate().filter(|(_, one)| {
            matches!(one.outcome, SubjectOutcome::Affirmed { .. })
                && wanted.contains(one.subject.as_str())
        });
        let yes: Vec<(usize, &String)> = yes.map(|(place, one)| (place, &one.subject)).collect();
        for (done, (place, subject)) in yes.iter().enumerate() {
            if self.certificates.contains_key(*subject) {
                continue;
            }
            self.one(issuing, question, (answered, *place, subject), folder).await?;
            if done % 500 == 499 {
                screen.note(&format!(
                    "{} {} / {}",
                    screen.pick("certificates:", "证明："),
                    done + 1,
                    yes.len()
                ));
            }
        }
        Ok(())
    }

    async fn one(
        &mut self,
        issuing: &mut ManyIssuing<'_>,
        question: &CheckQuestion,
        (answered, place, subject): (&AnsweredMany, usize, &str),
        folder: &Path,
    ) -> Result<(), Failure> {
        let exchange = &answered.proven.answer().request_id;
        let file = folder.join(format!("{exchange}-{place}.sdjwt"));
        let known = issuing.known(answered, place)?;
        let stage = known.as_ref().map(|entry| entry.stage);
        match stage {
            Some(Stage::Recorded) if files::is_there(&file) => {
                self.has(subject, known.as_ref(), file);
                return Ok(());
            }
            Some(Stage::GivenUp) => return Ok(()),
            Some(Stage::Reserved) | None if is_old(answered) => return Ok(()),
            _ => {}
        }
        let question = &about(question, subject);
        let issue = match issuing.issue(question, (answered, place), &file).await {
            // It is not recorded, and cannot be any more: it must not count.
            Err(SessionError::Refused(refusal))
                if stage == Some(Stage::Sealed) && refusal.code == ErrorCode::NotIssuable =>
            {
                if let Some(entry) = &known {
                    issuing.give_up(entry)?;
                }
                return Ok(());
            }
            issue => issue?,
        };
        match issue {
            Issue::Issued(_) => {
                let entry = issuing.known(answered, place)?;
                self.has(subject, entry.as_ref(), file);
            }
            Issue::NotIssued(outcome) => {
                let code = match outcome {
                    Outcome::Denied(denied) => denied.code.name(),
                    Outcome::Unavailable(none) => none.code.name(),
                    Outcome::Affirmed(_) | Outcome::Negative(_) => ErrorCode::NotIssuable.name(),
                };
                self.refused.insert(subject.to_owned(), code.to_owned());
            }
        }
        Ok(())
    }

    fn has(&mut self, subject: &str, entry: Option<&Entry>, file: PathBuf) {
        let serial = entry.map(|entry| entry.serial.clone()).unwrap_or_default();
        self.certificates.insert(subject.to_owned(), (serial, file));
        self.refused.remove(subject);
    }

    /// Writes the table: who, what came of it, why, the certificate's number and its file.
    fn write(&self, file: &Path, subjects: &[String], answers: &Answers) -> Result<(), Failure> {
        let mut table = String::from("subject,outcome,code,serial,file\n");
        for subject in subjects {
            let certificate = self.certificates.get(subject);
            let (outcome, code) = match (certificate, self.refused.get(subject)) {
                (Some(_), _) => ("issued", ""),
                (None, Some(code)) => ("denied", code.as_str()),
                (None, None) => answers.outcome(subject),
            };
            let (serial, path) = certificate.map_or(("", None), |(serial, file)| {
                (serial.as_str(), file.file_name().and_then(|name| name.to_str()))
            });
            let path = path.unwrap_or_default();
            table.push_str(&format!("{subject},{outcome},{code},{serial},{path}\n"));
        }
        Ok(files::write(file, table.as_bytes(), Secrecy::Private)?)
    }
}

/// The question about one of them.
fn about(question: &CheckQuestion, subject: &str) -> CheckQuestion {
    let mut one = question.clone();
    one.parameters.push((APPLICANT.to_owned(), subject.to_owned()));
    one
}
