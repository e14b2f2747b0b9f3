//! `issue --batch`: a certificate for each person of a list whose answer is yes, in one folder,
//! with a table of what came of everybody.
//!
//! The folder has the signed answers (`answers.jsonl` and its evidence), a certificate for each
//! yes, and `result.csv`, which is written from both. A later run over the same folder takes up
//! what is there: who has a certificate gets no second one, whatever stopped the first run. The
//! register of issued certificates decides that, and not the files.

mod one;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use zerotrip_certificates::status::StatusValue;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_client::issued::{Entry, Register, RegisterError, Stage};
use zerotrip_client::reply::{AnsweredMany, ManyOutcome};
use zerotrip_client::{CheckQuestion, Errand, ManyIssuing, PlacedIssue, Session, SessionError};
use zerotrip_proto::bounds::{CERTIFICATES, SUBJECTS};
use zerotrip_proto::v1::ErrorCode;

use self::one::{
    Became, Certificate, UNCONFIRMED, about, came, file_of, free, hand_out, is_yes, issue_one,
    recorded, why,
};
use super::answers::Answers;
use super::evidence::is_old;
use super::{ask_all, many, read_list};
use crate::render::{Failure, Screen};
use crate::renewals;

/// Where the answers are kept in the folder.
const ANSWERS: &str = "answers.jsonl";
/// The table.
const RESULT: &str = "result.csv";

/// What came of issuing so far, by person.
#[derive(Default)]
struct Issued {
    /// Who has a certificate.
    certificates: BTreeMap<String, Certificate>,
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
            (Stage::Recorded, _) => {
                issued.note(&subject, Became::Issued(hand_out(&entry, folder)?));
            }
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
    for answered in &earlier {
        let of_it = last.iter().filter(|(_, (last, _))| std::ptr::eq(*last, answered));
        let places = of_it.map(|(subject, (_, place))| (*place, *subject)).collect();
        issued.take(&mut issuing, &question, (answered, places, folder), screen).await?;
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
        let subjects = answered.subjects.iter().enumerate();
        let places = subjects.map(|(place, one)| (place, one.subject.as_str())).collect();
        let mut issuing = session.issue_each_of_many(errand, &question).await?;
        issued.take(&mut issuing, &question, (answered, places, folder), screen).await
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

    /// Issues on each yes in these places of an answer, whose person has no certificate: those that
    /// nothing is known of together, the others one by one.
    async fn take(
        &mut self,
        issuing: &mut ManyIssuing<'_>,
        question: &CheckQuestion,
        (answered, places, folder): (&AnsweredMany, Vec<(usize, &str)>, &Path),
        screen: &Screen,
    ) -> Result<(), Failure> {
        let mut waiting = places;
        waiting.retain(|(place, subject)| is_yes(answered, *place) && !self.is_settled(subject));
        let (mut new, mut begun) = (Vec::new(), Vec::new());
        for (place, subject) in waiting {
            let is_new = issuing.known(answered, place)?.is_none() && !is_old(answered);
            if is_new { &mut new } else { &mut begun }.push((place, subject));
        }
        let (mut done, total) = (0, new.len());
        for part in new.chunks(CERTIFICATES) {
            let places: Vec<usize> = part.iter().map(|(place, _)| *place).collect();
            let subjects: BTreeMap<usize, &str> = part.iter().copied().collect();
            for (place, became) in issuing.issue_together(question, (answered, &places)).await? {
                let Some(subject) = subjects.get(&place).copied() else { continue };
                let became = match became {
                    PlacedIssue::Recorded => recorded(issuing, (answered, place), folder)?,
                    PlacedIssue::NotIssued(outcome) => Became::Refused(why(&outcome)),
                    PlacedIssue::Refused(refusal) => {
                        Became::Refused(refusal.code.name().to_owned())
                    }
                    PlacedIssue::Begun => {
                        begun.push((place, subject));
                        continue;
                    }
                };
                self.note(subject, became);
            }
            done += part.len();
            let word = screen.pick("certificates:", "证明：");
            screen.note(&format!("{word} {done} / {total}"));
        }
        for (place, subject) in begun {
            let of = (answered, place, subject);
            self.note(subject, issue_one(issuing, question, of, folder).await?);
        }
        Ok(())
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
        let became = match issuing.record_anew(&about(question, subject), entry, &file).await {
            Err(SessionError::Refused(refusal)) if refusal.code == ErrorCode::NotIssuable => {
                Became::Refused(UNCONFIRMED.to_owned())
            }
            issue => came(issue?, Some(entry), file)?,
        };
        self.note(subject, became);
        Ok(())
    }

    fn note(&mut self, subject: &str, became: Became) {
        match became {
            Became::Issued(certificate) => {
                self.certificates.insert(subject.to_owned(), certificate);
                self.refused.remove(subject);
            }
            Became::Refused(code) => {
                self.refused.insert(subject.to_owned(), code);
            }
            Became::Nothing => {}
        }
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
