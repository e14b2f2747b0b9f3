//! `check --subjects`: a list of persons, asked about in as few exchanges as it takes, and answered
//! one line each.

mod answers;
mod batch;
mod evidence;
mod lines;
mod review;

use std::path::Path;
use std::process::ExitCode;

use zerotrip_channel::{SystemHome, files};
use zerotrip_client::reply::ManyOutcome;
use zerotrip_client::request::{RequestError, canonical_subjects};
use zerotrip_client::{CheckQuestion, Errand, ManyQuestion, Session, SessionError};
use zerotrip_proto::bounds::SUBJECTS;

use self::answers::Answers;
pub(super) use self::batch::issue;
pub(super) use self::evidence::last_about;
pub(super) use self::review::review;
use crate::render::{Failure, Language, Screen, USAGE, deprecation};
use crate::renewals;

/// Most persons of one list.
const MOST_LINES: usize = 1_000_000;

/// Asks about everybody in the list who has no answer yet.
pub(super) async fn check(
    dir: &Path,
    errand: &Errand,
    question: CheckQuestion,
    list: &Path,
    out: Option<&Path>,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let subjects = read_list(list)?;
    // Every request is as good as the first, so the first shows what is wrong with them all.
    let mut first =
        many(&question, subjects.get(..subjects.len().min(SUBJECTS)).unwrap_or_default())?;
    let home = renewals::open_home(dir, screen)?;
    let mut answers = match out {
        None => Answers::shown(),
        Some(out) => {
            let kept = Answers::kept(out)?;
            // What an earlier run came to is verified as if it came now.
            let session = Session::connect(&home).await?;
            first.question = session.in_form(&first.question, true).await?;
            let earlier = kept.verified(|kept| session.kept_many(kept, errand, &first))?;
            kept.taken_up(&earlier)?
        }
    };
    let waiting: Vec<String> =
        subjects.iter().filter(|subject| !answers.has(subject)).cloned().collect();
    let asked = (errand, &question, subjects.len());
    let take = async |_: &mut Session, outcome: &ManyOutcome, batch: &[String]| {
        answers.add(outcome, batch, screen)
    };
    ask_all(&home, asked, &waiting, screen, take).await?;
    answers.summary(&subjects, screen)
}

/// Asks about everybody who is waiting, of so many in all, and hands on what each exchange came to,
/// with whom it was about. A denial holds for all of them: nothing more is asked.
async fn ask_all(
    home: &SystemHome,
    (errand, question, total): (&Errand, &CheckQuestion, usize),
    waiting: &[String],
    screen: &Screen,
    mut take: impl AsyncFnMut(&mut Session, &ManyOutcome, &[String]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut done = total - waiting.len();
    tell(screen, done, total);
    let mut until = None;
    for batch in waiting.chunks(SUBJECTS) {
        let many = many(question, batch)?;
        // A session for each: the directory that it verifies by is as fresh as its request.
        let mut session = Session::connect(home).await?;
        let outcome = session.check_many(errand, &many).await?;
        until = session.deprecation().cloned().or(until);
        take(&mut session, &outcome, batch).await?;
        done += batch.len();
        tell(screen, done, total);
        if matches!(outcome, ManyOutcome::Denied(_)) {
            break;
        }
    }
    deprecation::note(until.as_ref(), &question.check, screen);
    Ok(())
}

fn many(question: &CheckQuestion, batch: &[String]) -> Result<ManyQuestion, Failure> {
    let many = ManyQuestion { question: question.clone(), subjects: batch.to_vec() };
    Ok(many.validated().map_err(SessionError::from)?)
}

fn tell(screen: &Screen, done: usize, total: usize) {
    screen.note(&match screen.language {
        Language::Zh => format!("已处理 {done} / {total} 人"),
        Language::En => format!("{done} of {total} persons"),
    });
}

/// The persons of a list, in canonical form. Blank lines are passed over.
fn read_list(list: &Path) -> Result<Vec<String>, Failure> {
    let text = files::read_text(list)?;
    let numbered = (1..).zip(text.trim_start_matches('\u{feff}').lines());
    let (numbers, texts): (Vec<usize>, Vec<String>) = numbered
        .map(|(number, line)| (number, line.trim().to_owned()))
        .filter(|(_, line)| !line.is_empty())
        .unzip();
    if !(1..=MOST_LINES).contains(&texts.len()) {
        return Err(Failure::new(
            USAGE,
            format!("`{}` names {} persons", list.display(), texts.len()),
            format!("`{}` 中有 {} 人", list.display(), texts.len()),
        )
        .remedy(
            format!("write 1 to {MOST_LINES} resident ids, one a line"),
            format!("请每行写一个居民身份号码，共 1 至 {MOST_LINES} 个"),
        ));
    }
    let line = |number: usize| numbers.get(number - 1).copied().unwrap_or(number);
    canonical_subjects(&texts).map_err(|error| {
        let wrong = |en: String, zh: String| {
            let at = list.display();
            Failure::new(USAGE, format!("`{at}`, {en}"), format!("`{at}`：{zh}"))
                .remedy("correct the list", "请更正名单")
        };
        match error {
            RequestError::Subject { number, why } => {
                let number = line(number);
                wrong(format!("line {number}: {why}"), format!("第 {number} 行：{}", why.zh()))
            }
            RequestError::SubjectTwice { number, before } => {
                let (number, before) = (line(number), line(before));
                wrong(
                    format!("line {number} names the person of line {before} again"),
                    format!("第 {number} 行与第 {before} 行为同一人"),
                )
            }
            other => SessionError::from(other).into(),
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_list_is_read_line_by_line_and_faults_name_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list");
        let read = |text: &str| {
            std::fs::write(&list, text).unwrap();
            read_list(&list).map_err(|failure| failure.said.what.en)
        };
        let ids = ["11010519491231002X".to_owned(), "440524188001010014".to_owned()];
        assert_eq!(read("\u{feff}11010519491231002x\r\n\n 440524188001010014\n").unwrap(), ids);
        for (text, says) in [
            ("", "names 0 persons"),
            ("11010519491231002X\n\n110105194912310021", "line 3: "),
            ("11010519491231002X\n\n11010519491231002x", "line 3 names the person of line 1 again"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(says) && !said.contains("11010519491231"), "{said}");
        }
    }
}
