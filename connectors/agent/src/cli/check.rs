//! `check`: tries a dataset from its file to a look-up's last row, and says how its data affects
//! answers.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use serde_json::json;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_channel::files;
use zerotrip_datasets::Key;
use zerotrip_datasets::quality::percent;
use zerotrip_datasets::{DatasetFile, Limits};
use zerotrip_proto::bounds;

use crate::access::Access;
use crate::cli::output::{Failure, say};
use crate::cli::progress::with_progress;
use crate::cli::scratch::Scratch;
use crate::cli::statements;
use crate::owner_store::datasets;
use crate::probes::Probes;
use zerotrip_sources::{Finding, LookUp, Source, SourceError, Survey};
use zerotrip_text::shown;

/// The trial of one look-up.
#[derive(Debug, Serialize)]
struct Trial {
    look_up: String,
    /// Persons from the register that it was tried with.
    tried: usize,
    /// How many of them could not get a yes: an unreadable cell could be theirs.
    blocked: usize,
    /// Half of the tries took no longer, in milliseconds.
    p50_ms: f64,
    slowest_ms: f64,
    /// What it sends, with placeholders for values.
    steps: Vec<String>,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Served,
    ServedWithFindings,
    /// This many rows could be any person's: no person can get a yes.
    ProvesNothing(u64),
    NotServed(String),
}

/// Checks a dataset file; the exit code says whether it would be served.
pub async fn run(file: &Path, as_json: bool) -> Result<ExitCode, Failure> {
    let dataset = datasets::read_dataset(file)?;
    let started = Instant::now();
    let state = Scratch::new()?;
    match prove(&dataset, file, state.path()).await {
        Ok(Proved { survey, trials, known, fault }) => {
            let verdict = verdict(&dataset, &survey, fault, SystemTime::now());
            let mut text = in_words(&dataset, &survey, &trials, &known);
            let _written = write!(
                text,
                "\n  looked at in    {:.1} s\n{}",
                started.elapsed().as_secs_f64(),
                verdict.in_words()
            );
            say(as_json, &text, &as_value(&dataset, &survey, &trials, &known, &verdict))?;
            Ok(verdict.code())
        }
        Err(error) => {
            let verdict = Verdict::NotServed(shown(&error.to_string()));
            let value =
                json!({ "dataset": dataset.id, "verdict": verdict.name(), "why": verdict.why() });
            say(as_json, &format!("{}\n{}", dataset.id, verdict.in_words()), &value)?;
            Ok(verdict.code())
        }
    }
}

/// What opening, surveying and looking up have shown.
struct Proved {
    survey: Survey,
    trials: Vec<Trial>,
    known: FoundPersons,
    /// Why a look-up failed, or a known person was not found.
    fault: Option<String>,
}

/// How many of the known persons were found.
#[derive(Debug, Default, Serialize)]
struct FoundPersons {
    /// How many there are; none where the dataset file names no such file, or they could not be
    /// looked up.
    persons: usize,
    found: usize,
    /// The lines of the others.
    missing_lines: Vec<usize>,
}

/// Opens, surveys, tries every look-up, and looks the known persons up.
async fn prove(dataset: &DatasetFile, file: &Path, state: &Path) -> Result<Proved, SourceError> {
    let (described, state) = (dataset.clone(), state.to_owned());
    let base = files::folder_of(file).to_owned();
    let probes = Probes::of(dataset, &base)?;
    let opening = tokio::task::spawn_blocking(move || {
        zerotrip_sources::open(&described, &base, &state, Arc::default())
    });
    let stopped = |error: tokio::task::JoinError| {
        SourceError::new(zerotrip_proto::v1::ErrorCode::SourceFailed, error.to_string())
    };
    let opened = with_progress("opening the source", opening).await.map_err(stopped)??;
    let survey = with_progress("looking at every row", opened.survey()).await?;
    let (mut trials, mut fault) = (Vec::new(), None);
    let plans = survey.trials.iter().zip(&survey.steps);
    for (look_up, (persons, steps)) in dataset.lookups.iter().zip(plans) {
        let places = look_up
            .columns
            .iter()
            .filter_map(|name| dataset.columns.iter().position(|column| column.name == *name))
            .collect();
        match with_progress("looking persons up", times(&*opened, dataset, places, persons)).await {
            Ok((mut times, blocked)) => {
                times.sort_unstable();
                let ms =
                    |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
                let (p50_ms, slowest_ms) = (ms(times.get(times.len() / 2)), ms(times.last()));
                let (look_up, tried, steps) = (look_up.name.clone(), times.len(), steps.clone());
                trials.push(Trial { look_up, tried, blocked, p50_ms, slowest_ms, steps });
            }
            Err(error) => {
                fault = Some(format!(
                    "look-up `{}` failed: {}",
                    look_up.name,
                    shown(&error.to_string())
                ))
            }
        }
    }
    let mut known = FoundPersons::default();
    if let Some(probes) = probes {
        // A check is made when its owner wants one, within the quiet hours too.
        let access =
            Access::new(opened, Limits { quiet_hours: Vec::new(), ..dataset.limits.clone() });
        let looked = with_progress("looking known persons up", probes.look(&access)).await;
        match looked {
            Ok(looked) => {
                fault = fault.or(probes.verdict(&looked).err().map(|error| error.detail));
                known = FoundPersons {
                    persons: looked.persons,
                    found: looked.persons - looked.missing.len(),
                    missing_lines: looked.missing,
                };
            }
            Err(error) => {
                fault = fault.or(Some(format!("the known persons could not be looked up: {error}")))
            }
        }
    }
    Ok(Proved { survey, trials, known, fault })
}

/// How long the look-up of each person takes, and how many of them could not get a yes. A person
/// from the register who is not found is an error.
async fn times(
    source: &dyn Source,
    dataset: &DatasetFile,
    columns: Vec<usize>,
    persons: &[Key],
) -> Result<(Vec<Duration>, usize), SourceError> {
    let (mut times, mut blocked) = (Vec::with_capacity(persons.len()), 0);
    for person in persons {
        let begun = Instant::now();
        let look_up = LookUp {
            columns: columns.clone(),
            keys: Arc::from([*person]),
            most_rows: dataset.limits.most_rows,
            cancellation: Cancellation::after(dataset.limits.time_out),
        };
        let (rows, end) = zerotrip_sources::count_rows(source, look_up).await?;
        if rows == 0 {
            let detail = "a person from a row of the register was not found. If the data did not \
                          change during the check, report this";
            return Err(SourceError::new(zerotrip_proto::v1::ErrorCode::SourceFailed, detail));
        }
        times.push(begun.elapsed());
        blocked += usize::from(!end.could_match.all().is_empty());
    }
    Ok((times, blocked))
}

fn verdict(
    dataset: &DatasetFile,
    survey: &Survey,
    fault: Option<String>,
    now: SystemTime,
) -> Verdict {
    let age = now.duration_since(survey.as_of).unwrap_or_default();
    // Rows that refute the statement fail look-ups too.
    if let Some(why) = statements::refusal(survey).or(fault) {
        return Verdict::NotServed(shown(&why));
    }
    if survey.rows < dataset.row_floor {
        return Verdict::NotServed(format!(
            "{} rows, below the floor of {}",
            survey.rows, dataset.row_floor
        ));
    }
    if survey.as_of > now + bounds::CLOCK_SKEW {
        return Verdict::NotServed(format!(
            "its rows are as of {}, which is in the future. See `source.as_of`",
            as_of(survey)
        ));
    }
    if let Err(error) = datasets::can_be_stated(dataset, now) {
        return Verdict::NotServed(error.to_string());
    }
    if age > dataset.most_age {
        let hours = age.as_secs() / 3600;
        return Verdict::NotServed(format!(
            "its rows are {hours} h old, more than `most_age` allows. Bring a newer drop or \
             extract"
        ));
    }
    let clean = survey.findings.iter().all(|finding| !finding.kind.spoils())
        && survey.unreadable_count == 0;
    match survey.anybodys {
        0 if clean => Verdict::Served,
        0 => Verdict::ServedWithFindings,
        rows => Verdict::ProvesNothing(rows),
    }
}

impl Verdict {
    fn name(&self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::ServedWithFindings => "served_with_findings",
            Self::ProvesNothing(_) => "proves_nothing",
            Self::NotServed(_) => "not_served",
        }
    }

    fn why(&self) -> Option<&str> {
        if let Self::NotServed(why) = self { Some(why) } else { None }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Served => "verdict: served".to_owned(),
            Self::ServedWithFindings => "verdict: served, with findings".to_owned(),
            Self::ProvesNothing(rows) => format!(
                "verdict: served, but no person can get a yes: {rows} rows could be any person's. \
                 Correct them, declare what their cells hold (`nothing`, `schemes`, `scheme_by` \
                 of the column), or `adjudicate` them, many of one form at once with `--cell`"
            ),
            Self::NotServed(why) => format!("verdict: not served: {why}"),
        }
    }

    fn code(&self) -> ExitCode {
        if self.why().is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS }
    }
}

fn as_of(survey: &Survey) -> String {
    chrono::DateTime::<chrono::Local>::from(survey.as_of)
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

fn in_words(
    dataset: &DatasetFile,
    survey: &Survey,
    trials: &[Trial],
    known: &FoundPersons,
) -> String {
    let mut text = format!(
        "{} ({} / {})\n  questions       {}\n  rows            {} (floor {})\n  as of           \
         {}\n  irregular ids   {} (found through the exceptions index)\n  unreadable rows {}",
        dataset.id,
        dataset.name_en,
        dataset.name_zh,
        questions(survey, trials),
        survey.rows,
        dataset.row_floor,
        as_of(survey),
        survey.irregular,
        survey.unreadable_count,
    );
    if !survey.unreadable.is_empty() {
        text.push_str(&format!(
            "\n    each makes answers about persons that it could concern unavailable: {}",
            survey.unreadable.join(", ")
        ));
    }
    for Finding { column, kind, count, examples } in &survey.findings {
        let examples = if examples.is_empty() {
            String::new()
        } else {
            format!(", such as {}", shown(&examples.join(", ")))
        };
        let place = if column.is_empty() { "rows" } else { column };
        text.push_str(&format!("\n  finding: {place}: {count} {}{examples}", kind.said()));
    }
    if survey.spoilt_rows > 0 {
        let share = percent(survey.spoilt_rows, survey.rows);
        text.push_str(&format!(
            "\n  {} of {} rows ({share}) could make an answer unavailable",
            survey.spoilt_rows, survey.rows
        ));
    }
    for trial in trials {
        let Trial { look_up, tried, p50_ms, slowest_ms, steps, .. } = trial;
        let fared = match tried {
            0 => "not tried: no row holds a readable id".to_owned(),
            _ => format!(
                "{p50_ms:.2} ms at p50, {slowest_ms:.2} ms at most, over {tried} persons of its \
                 own"
            ),
        };
        text.push_str(&format!("\n  look-up {look_up}: {fared}"));
        for step in steps {
            text.push_str(&format!("\n    {}", shown(step)));
        }
    }
    match (&dataset.probes, known.persons) {
        (None, _) => text.push_str(
            "\n  known persons   none named; `dataset.probes` can name a file of some who must be \
             found",
        ),
        (Some(_), 0) => {}
        (Some(_), persons) => {
            text.push_str(&format!("\n  known persons   {} of {persons} found", known.found))
        }
    }
    if !dataset.keeps_ended {
        text.push_str(
            "\n  what has ended  is removed, or `dataset.ended` does not say: beside other \
             registers it proves no absence",
        );
    }
    text.push_str(&statements::in_words(dataset, survey));
    for advice in &survey.advice {
        text.push_str(&format!("\n  advice: {}", shown(advice)));
    }
    text
}

/// Which questions cannot be answered with a yes: what an owner must know first.
fn questions(survey: &Survey, trials: &[Trial]) -> String {
    let tried = |trial: &Trial| {
        format!("; of {} persons tried by `{}`: {}", trial.tried, trial.look_up, trial.blocked)
    };
    match (survey.anybodys, survey.unreadable_count) {
        (0, 0) => "each can be answered".to_owned(),
        (0, open) => {
            let tried: String = trials.iter().filter(|trial| trial.tried > 0).map(tried).collect();
            format!("no yes about persons that one of {open} cells could concern{tried}")
        }
        (rows, _) => format!("no yes about any person: {rows} rows could be any person's"),
    }
}

fn as_value(
    dataset: &DatasetFile,
    survey: &Survey,
    trials: &[Trial],
    known: &FoundPersons,
    verdict: &Verdict,
) -> serde_json::Value {
    json!({
        "dataset": dataset.id, "rows": survey.rows, "row_floor": dataset.row_floor,
        "as_of": as_of(survey), "irregular": survey.irregular, "anybodys": survey.anybodys,
        "unreadable": survey.unreadable_count, "unreadable_rows": survey.unreadable,
        "advice": survey.advice, "findings": survey.findings,
        "spoilt_rows": survey.spoilt_rows, "look_ups": trials, "known_persons": known,
        "contradictions": survey.contradictions, "suspicions": survey.suspicions,
        "notes": survey.notes,
        "verdict": verdict.name(), "why": verdict.why(),
    })
}
