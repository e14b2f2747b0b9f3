//! What a list came to so far: on the screen, or in a file with the evidence beside it. The
//! evidence is what counts: a later run verifies it, and writes the file anew from it.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_client::reply::{AnsweredMany, KeptError, KeptMany, ManyOutcome};

use super::evidence::{beside, folder_of, kept_in, refused, unusable};
use super::lines::{answered_lines, in_words, lines};
use crate::render::{DENIED, Failure, Language, NOT_SO, Screen, UNAVAILABLE, USAGE};

/// How old an answer of an earlier run can be without being asked for again.
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// The answers so far.
pub(super) struct Answers {
    place: Option<Place>,
    /// The outcome of each person, and its code.
    outcomes: HashMap<String, (String, String)>,
}

/// Where answers are kept; no other run writes there.
struct Place {
    /// A line for each person.
    file: PathBuf,
    /// A signed answer for each exchange.
    evidence: PathBuf,
    _lock: fs::File,
}

/// Answers of earlier runs, not verified yet.
pub(super) struct Earlier {
    place: Place,
    evidence: Vec<PathBuf>,
}

impl Answers {
    /// None, and those that come are shown.
    pub(super) fn shown() -> Self {
        Self { place: None, outcomes: HashMap::new() }
    }

    /// Those that `file` is about, with their evidence in the folder `<file>.evidence`.
    pub(super) fn kept(file: &Path) -> Result<Earlier, Failure> {
        let lock = files::lock(&beside(file, ".lock"))?;
        let folder = folder_of(file);
        if files::is_there(file) && !files::is_there(&folder) {
            let at = file.display();
            return Err(Failure::new(
                USAGE,
                format!("`{at}` is there, and no answers to a list: `{at}.evidence` is missing"),
                format!("`{at}` 已存在，但并非批量核验结果：缺少 `{at}.evidence`"),
            )
            .remedy("choose another file with `--out`", "请用 `--out` 另选文件"));
        }
        files::private_folder(&folder).map_err(|error| unusable(&folder, &error))?;
        let evidence = kept_in(&folder)?;
        Ok(Earlier {
            place: Place { file: file.to_owned(), evidence: folder, _lock: lock },
            evidence,
        })
    }

    /// Whether a person is answered: not, where it was unavailable.
    pub(super) fn has(&self, subject: &str) -> bool {
        self.outcomes.contains_key(subject)
    }

    /// The outcome and the code of a person.
    pub(super) fn outcome(&self, subject: &str) -> (&str, &str) {
        let known = self.outcomes.get(subject);
        known.map_or(("not_asked", ""), |(outcome, code)| (outcome, code))
    }

    /// Has a person asked about again.
    pub(super) fn forget(&mut self, subject: &str) {
        self.outcomes.remove(subject);
    }

    /// Keeps what an exchange came to, or shows it.
    pub(super) fn add(
        &mut self,
        outcome: &ManyOutcome,
        batch: &[String],
        screen: &Screen,
    ) -> Result<(), Failure> {
        let lines = lines(outcome, batch);
        match (&self.place, outcome) {
            // First the evidence: without it a line would be lost at the next run.
            (Some(place), ManyOutcome::Answered(answered)) => place.keep(answered)?,
            (Some(_), _) => {}
            (None, _) => {
                for line in &lines {
                    screen.show(&in_words(line, screen), line)?;
                }
            }
        }
        self.take(&lines)
    }

    /// Takes lines into the file and into account.
    fn take(&mut self, lines: &[Value]) -> Result<(), Failure> {
        for line in lines {
            let said = (word(line, "outcome").to_owned(), code_of(line).to_owned());
            self.outcomes.insert(word(line, "subject").to_owned(), said);
        }
        let Some(Place { file, .. }) = &self.place else { return Ok(()) };
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        append(file, &text)
    }

    /// How many came to what, and the exit code.
    pub(super) fn summary(
        &self,
        subjects: &[String],
        screen: &Screen,
    ) -> Result<ExitCode, Failure> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for subject in subjects {
            *counts.entry(self.outcome(subject).0).or_default() += 1;
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
        match self.place {
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

impl Earlier {
    /// All of them, as `verify` finds them proven; what was in the file counts for nothing.
    /// Evidence that does not verify ends the run: it is told, and not asked over.
    pub(super) fn verified(
        &self,
        verify: impl Fn(KeptMany) -> Result<AnsweredMany, KeptError>,
    ) -> Result<Vec<AnsweredMany>, Failure> {
        // None of its lines counts, whatever becomes of the evidence.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&self.place.file)
            .map_err(|error| unwritten(&self.place.file, &error))?;
        let one = |path: &PathBuf| {
            let kept = KeptMany::from_text(&files::read_text(path)?);
            kept.and_then(&verify).map_err(|error| refused(path, &error))
        };
        self.evidence.iter().map(one).collect()
    }

    /// Those with a yes or a no of the last day; the file is written anew from them.
    pub(super) fn taken_up(self, verified: &[AnsweredMany]) -> Result<Answers, Failure> {
        let place = self.place;
        let mut settled: Vec<(SystemTime, Vec<Value>)> = Vec::new();
        for answered in verified {
            let answered_at = answered.proven.answered_at();
            let age = SystemTime::now().duration_since(answered_at);
            if age.unwrap_or_default() <= FRESH {
                let mut lines = answered_lines(answered);
                lines.retain(|line| ["affirmed", "negative"].contains(&word(line, "outcome")));
                settled.push((answered_at, lines));
            }
        }
        // By the time that is signed, and not by the files' names.
        settled.sort_by_key(|(answered_at, _)| *answered_at);
        // Who was asked about twice has the later answer.
        let last: HashMap<String, usize> = settled
            .iter()
            .enumerate()
            .flat_map(|(number, (_, lines))| {
                lines.iter().map(move |line| (word(line, "subject").to_owned(), number))
            })
            .collect();
        let mut answers = Answers { place: Some(place), outcomes: HashMap::new() };
        for (number, (_, mut lines)) in settled.into_iter().enumerate() {
            lines.retain(|line| last.get(word(line, "subject")) == Some(&number));
            answers.take(&lines)?;
        }
        Ok(answers)
    }
}

impl Place {
    fn keep(&self, answered: &AnsweredMany) -> Result<(), Failure> {
        let path = self.evidence.join(format!("{}.json", answered.proven.answer().request_id));
        let text = KeptMany::of(answered).to_text();
        Ok(files::write(&path, text.as_bytes(), Secrecy::Private)?)
    }
}

fn word<'a>(line: &'a Value, name: &str) -> &'a str {
    line.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Of a no, the code of its first reason.
fn code_of(line: &Value) -> &str {
    let reason = line.pointer("/reasons/0/code").and_then(Value::as_str);
    reason.unwrap_or_else(|| word(line, "code"))
}

fn append(file: &Path, text: &str) -> Result<(), Failure> {
    let written = OpenOptions::new().append(true).open(file).and_then(|mut opened| {
        opened.write_all(text.as_bytes())?;
        opened.sync_data()
    });
    written.map_err(|error| unwritten(file, &error))
}

fn unwritten(file: &Path, error: &std::io::Error) -> Failure {
    let at = file.display();
    Failure::usage(&format!("`{at}`: {error}"), &format!("无法写入 `{at}`"))
}
