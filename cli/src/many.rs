//! `check --subjects`: a list of persons, asked about in as few exchanges as it takes, and answered
//! one line each.

use std::collections::{BTreeMap, HashMap};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_client::reply::{ManyOutcome, SubjectAnswered, SubjectOutcome};
use zerotrip_client::request::{RequestError, canonical_subjects};
use zerotrip_client::{CheckQuestion, Errand, ManyQuestion, Session, SessionError};
use zerotrip_proto::bounds::SUBJECTS;
use zerotrip_proto::v1::Reason;

use crate::render::{
    DENIED, Failure, Language, NOT_SO, Screen, UNAVAILABLE, USAGE, facts_json, rfc3339,
};
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
    let asked = format!("{}/{}", question.check, question.variant);
    let mut answers = Answers::open(out, &asked, &errand.purpose)?;
    let waiting: Vec<String> =
        subjects.iter().filter(|subject| !answers.has(subject)).cloned().collect();
    // Every request is as good as the first, so the first shows what is wrong with them all.
    for batch in waiting.chunks(SUBJECTS).take(1) {
        many(&question, batch)?;
    }
    let (total, mut done) = (subjects.len(), subjects.len() - waiting.len());
    tell(screen, done, total);
    if !waiting.is_empty() {
        let home = renewals::open_home(dir, screen)?;
        for batch in waiting.chunks(SUBJECTS) {
            // A session for each: the directory that it verifies by is as fresh as its request.
            let many = many(&question, batch)?;
            let outcome = Session::connect(&home).await?.check_many(errand, &many).await?;
            answers.add(&lines(&outcome, batch, &asked), screen)?;
            done += batch.len();
            tell(screen, done, total);
            if matches!(outcome, ManyOutcome::Denied(_)) {
                break;
            }
        }
    }
    answers.summary(&subjects, screen)
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

/// One line for each person of a batch.
fn lines(outcome: &ManyOutcome, batch: &[String], asked: &str) -> Vec<Value> {
    let proven = outcome.proven();
    let proof = json!({
        "check": asked, "exchange": proven.answer().request_id, "entry": proven.index(),
        "answered_at": rfc3339(proven.answered_at()),
    });
    let whole = |value: &Value| batch.iter().map(|subject| with(subject, value, &proof)).collect();
    match outcome {
        ManyOutcome::Answered(answered) => {
            let each = (0u64..).zip(&answered.subjects);
            let line = |(place, one): (u64, &SubjectAnswered)| {
                let leaf = json!({
                    "place": place, "salt": STANDARD.encode(&one.leaf.salt),
                    "payload": STANDARD.encode(&one.leaf.payload),
                });
                let mut line = with(&one.subject, &said(&one.outcome), &proof);
                if let Some(members) = line.as_object_mut() {
                    members.insert("leaf".to_owned(), leaf);
                }
                line
            };
            each.map(line).collect()
        }
        ManyOutcome::Unavailable(none) => whole(&json!({
            "outcome": "unavailable", "code": none.code.name(), "dataset": none.dataset,
            "retryable": none.retryable,
        })),
        ManyOutcome::Denied(denied) => whole(&json!({
            "outcome": "denied", "code": denied.code.name(), "reasons": reasons(&denied.reasons),
        })),
    }
}

fn said(outcome: &SubjectOutcome) -> Value {
    match outcome {
        SubjectOutcome::Affirmed { sources, facts } => {
            let sources: Vec<Value> = sources
                .iter()
                .map(|source| {
                    let as_of = zerotrip_proto::from_timestamp(source.as_of.as_ref()).map(rfc3339);
                    json!({ "dataset": source.dataset, "as_of": as_of })
                })
                .collect();
            json!({ "outcome": "affirmed", "sources": sources, "facts": facts_json(facts) })
        }
        SubjectOutcome::Negative { reasons: told } => {
            json!({ "outcome": "negative", "reasons": reasons(told) })
        }
        SubjectOutcome::Unavailable { code, dataset, retryable } => {
            let remedy = code.remedy();
            json!({
                "outcome": "unavailable", "code": code.name(), "dataset": dataset,
                "retryable": retryable, "remedy_en": remedy.en, "remedy_zh": remedy.zh,
            })
        }
    }
}

fn reasons(reasons: &[Reason]) -> Vec<Value> {
    let one = |reason: &Reason| {
        json!({
            "code": reason.code, "text_en": reason.text_en, "text_zh": reason.text_zh,
        })
    };
    reasons.iter().map(one).collect()
}

/// The line of a person: who, what, and the proof.
fn with(subject: &str, said: &Value, proof: &Value) -> Value {
    let mut line = json!({ "subject": subject });
    if let Some(members) = line.as_object_mut() {
        let parts = [said, proof].into_iter().filter_map(Value::as_object).flatten();
        members.extend(parts.map(|(name, value)| (name.clone(), value.clone())));
    }
    line
}

/// The answers so far.
struct Answers {
    /// The file that keeps them, if any; no other run writes there.
    file: Option<(PathBuf, std::fs::File)>,
    /// The outcome of each person.
    outcomes: HashMap<String, String>,
}

impl Answers {
    /// None; or those of an earlier run about the same question, and for the same purpose. Who was
    /// not answered there is left out.
    fn open(file: Option<&Path>, asked: &str, purpose: &str) -> Result<Self, Failure> {
        let mut outcomes = HashMap::new();
        let Some(path) = file else { return Ok(Self { file: None, outcomes }) };
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let lock = files::lock(Path::new(&lock))?;
        let head = json!({ "answers_to": asked, "purpose": purpose }).to_string();
        let mut kept = format!("{head}\n");
        if files::is_there(path) {
            let text = files::read_text(path)?;
            let mut lines = text.lines();
            if lines.next() != Some(head.as_str()) {
                return Err(another_questions(path));
            }
            // What a stop left of a last line is no answer.
            for line in lines {
                let Ok(value) = serde_json::from_str::<Value>(line) else { continue };
                let word = |name: &str| value.get(name).and_then(Value::as_str);
                let (Some(subject), Some(outcome @ ("affirmed" | "negative"))) =
                    (word("subject"), word("outcome"))
                else {
                    continue;
                };
                outcomes.insert(subject.to_owned(), outcome.to_owned());
                kept.push_str(line);
                kept.push('\n');
            }
        }
        files::write(path, kept.as_bytes(), Secrecy::Private)?;
        Ok(Self { file: Some((path.to_owned(), lock)), outcomes })
    }

    fn has(&self, subject: &str) -> bool {
        self.outcomes.contains_key(subject)
    }

    /// Keeps what an exchange came to, or shows it where there is no file.
    fn add(&mut self, lines: &[Value], screen: &Screen) -> Result<(), Failure> {
        for line in lines {
            let word = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
            self.outcomes.insert(word("subject").to_owned(), word("outcome").to_owned());
            if self.file.is_none() {
                screen.show(&in_words(line, screen), line)?;
            }
        }
        let Some((path, _)) = &self.file else { return Ok(()) };
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let written = OpenOptions::new().append(true).open(path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_data()
        });
        written.map_err(|error| {
            let at = path.display();
            Failure::usage(&format!("`{at}`: {error}"), &format!("无法写入 `{at}`"))
        })
    }

    /// How many came to what, and the exit code.
    fn summary(&self, subjects: &[String], screen: &Screen) -> Result<ExitCode, Failure> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for subject in subjects {
            let outcome = self.outcomes.get(subject).map_or("not_asked", String::as_str);
            *counts.entry(outcome).or_default() += 1;
        }
        let of = |outcome: &str| counts.get(outcome).copied().unwrap_or_default();
        let [yes, no, none, denied, left] =
            ["affirmed", "negative", "unavailable", "denied", "not_asked"].map(of);
        let text = match screen.language {
            Language::Zh => {
                format!(
                    "符合 {yes}，不符合 {no}，暂不可用 {none}，不予受理 {denied}，未查询 {left}"
                )
            }
            Language::En => format!(
                "{yes} yes, {no} no, {none} unavailable, {denied} denied, {left} not asked about"
            ),
        };
        match self.file {
            Some(_) => {
                screen.show(&text, &json!({ "persons": subjects.len(), "counts": counts }))?
            }
            None => screen.note(&text),
        }
        Ok(ExitCode::from(match (denied, none + left, no) {
            (1.., ..) => DENIED,
            (0, 1.., _) => UNAVAILABLE,
            (0, 0, 1..) => NOT_SO,
            (0, 0, 0) => 0,
        }))
    }
}

fn another_questions(path: &Path) -> Failure {
    let at = path.display();
    Failure::new(
        USAGE,
        format!("`{at}` does not hold answers to this question and purpose"),
        format!("`{at}` 中不是此项核验、此用途的结果"),
    )
    .remedy("choose another file with `--out`", "请用 `--out` 另选文件")
}

fn in_words(line: &Value, screen: &Screen) -> String {
    let word = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
    let outcome = match word("outcome") {
        "affirmed" => screen.pick("YES", "符合"),
        "negative" => screen.pick("NO", "不符合"),
        "unavailable" => screen.pick("UNAVAILABLE", "暂不可用"),
        _ => screen.pick("DENIED", "不予受理"),
    };
    let why = [word("code"), word("dataset")].join(" ");
    format!("{}  {outcome}  {}", word("subject"), why.trim()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const SCREEN: Screen = Screen { json: true, language: Language::En };

    fn line(subject: &str, outcome: &str) -> Value {
        json!({ "subject": subject, "outcome": outcome })
    }

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

    #[test]
    fn answers_are_kept_and_what_is_none_is_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers");
        let open = |asked: &str, purpose: &str| Answers::open(Some(&path), asked, purpose);
        let all = ["a", "b", "c"].map(str::to_owned);
        let mut first = open("c/v", "p").unwrap();
        let said = [line("a", "affirmed"), line("b", "unavailable"), line("c", "negative")];
        first.add(&said, &SCREEN).unwrap();
        drop(first);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 5]).unwrap();
        let mut again = open("c/v", "p").unwrap();
        assert_eq!(["a", "b", "c"].map(|subject| again.has(subject)), [true, false, false]);
        again.add(&[line("b", "affirmed"), line("c", "negative")], &SCREEN).unwrap();
        drop(again);
        let whole = open("c/v", "p").unwrap();
        assert!(all.iter().all(|subject| whole.has(subject)));
        assert_eq!(whole.summary(&all, &SCREEN).unwrap(), ExitCode::from(NOT_SO));
        drop(whole);
        assert!(open("c/w", "p").is_err() && open("c/v", "q").is_err());
    }
}
