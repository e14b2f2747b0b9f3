//! `count`: what a dataset holds, in numbers, for its owner. No row leaves, and no person is named.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use clap::Args;
use serde_json::{Value as Json, json};
use zerotrip_channel::deadline::Cancellation;
use zerotrip_channel::files;
use zerotrip_datasets::aggregate::{Answer, Group, Key, Measure, Question};
use zerotrip_datasets::predicate::{self, Predicate, Value};
use zerotrip_datasets::{Column, DatasetFile};
use zerotrip_proto::v1::{ErrorCode, SemanticType};

use crate::cli::output::{Failure, say};
use crate::cli::progress::with_progress;
use crate::cli::scratch::Scratch;
use crate::owner_store::datasets;
use zerotrip_sources::SourceError;
use zerotrip_sources::select::{self, SelectEnd};
use zerotrip_text::shown;

/// Time that it may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// Most rows, alike ones counted once, that a system may send for it.
const MOST_ROWS: u64 = 200_000_000;
/// Most groups that are shown to people.
const MOST_SHOWN: usize = 100;

/// What to count.
#[derive(Args, Debug)]
pub struct Count {
    /// The dataset file.
    file: PathBuf,
    /// Count by the values of this column, by their meaning; repeat for more. Columns of ids,
    /// names, phones and addresses are refused: they would list persons.
    #[arg(long = "by", value_name = "COLUMN")]
    by: Vec<String>,
    /// Only rows that meet this condition, such as `status=current`, `filed_on>=2020-01-01`,
    /// `price<1000`, `owner=` (blank); several values between commas mean any of them. Repeat
    /// for more that must hold.
    #[arg(long = "where", value_name = "CONDITION")]
    only: Vec<String>,
    /// Add up this column of money; repeat for more.
    #[arg(long, value_name = "COLUMN")]
    sum: Vec<String>,
    /// The least value of this column of dates or money; repeat for more.
    #[arg(long, value_name = "COLUMN")]
    least: Vec<String>,
    /// The greatest.
    #[arg(long, value_name = "COLUMN")]
    greatest: Vec<String>,
}

/// Counts, and prints the result.
pub async fn run(arguments: Count, as_json: bool) -> Result<ExitCode, Failure> {
    let dataset = datasets::read_dataset(&arguments.file)?;
    let question = arguments.question(&dataset.columns)?;
    let state = Scratch::new()?;
    let (described, folder, base) =
        (dataset.clone(), state.path().to_owned(), files::folder_of(&arguments.file).to_owned());
    let opening = tokio::task::spawn_blocking(move || {
        zerotrip_sources::open(&described, &base, &folder, Arc::default())
    });
    let stopped = |error: tokio::task::JoinError| {
        SourceError::new(ErrorCode::SourceFailed, error.to_string())
    };
    let opened = with_progress("opening the source", opening).await.map_err(stopped)??;
    let cancellation = Cancellation::after(PATIENCE);
    let counting = select::run(&*opened, &dataset.columns, &question, MOST_ROWS, cancellation);
    let (answer, end) = with_progress("counting", counting).await?;
    say(
        as_json,
        &in_words(&dataset, &question, &answer, end),
        &as_value(&dataset, &question, &answer, end),
    )?;
    Ok(ExitCode::SUCCESS)
}

impl Count {
    fn question(&self, columns: &[Column]) -> Result<Question, String> {
        let by =
            self.by.iter().map(|name| may_group(name, columns)).collect::<Result<Vec<_>, _>>()?;
        let only = self
            .only
            .iter()
            .map(|text| Predicate::parse(text, columns))
            .collect::<Result<Vec<_>, _>>()?;
        let mut measures = Vec::new();
        for (names, measure, with_dates) in [
            (&self.sum, Measure::Sum as fn(usize) -> Measure, false),
            (&self.least, Measure::Least, true),
            (&self.greatest, Measure::Greatest, true),
        ] {
            for name in names {
                measures.push(measure(may_measure(name, columns, with_dates)?));
            }
        }
        Ok(Question { by, only: Predicate::All(only), measures })
    }
}

fn may_group(name: &str, columns: &[Column]) -> Result<usize, String> {
    let place = predicate::place(name, columns)?;
    match columns.get(place).map(|column| column.semantic) {
        Some(
            SemanticType::Code
            | SemanticType::DivisionCode
            | SemanticType::Date
            | SemanticType::Month
            | SemanticType::Uscc
            | SemanticType::VesselNumber
            | SemanticType::Vin
            | SemanticType::UnitCode
            | SemanticType::Money,
        ) => Ok(place),
        _ => Err(format!(
            "`--by {name}` would list that column's values, which may name persons. Count by a \
             column of codes, divisions, dates, months or amounts"
        )),
    }
}

fn may_measure(name: &str, columns: &[Column], with_dates: bool) -> Result<usize, String> {
    let place = predicate::place(name, columns)?;
    match columns.get(place).map(|column| column.semantic) {
        Some(SemanticType::Money) => Ok(place),
        Some(SemanticType::Date) if with_dates => Ok(place),
        _ if with_dates => Err(format!("column `{name}` has no order. Name one of dates or money")),
        _ => Err(format!("column `{name}` cannot be added up. Name one of money")),
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => shown(text),
        Value::Date(day) => {
            NaiveDate::from_epoch_days(*day).map_or_else(|| day.to_string(), |day| day.to_string())
        }
        Value::Money(fen) => {
            let (sign, fen) = (if *fen < 0 { "-" } else { "" }, fen.unsigned_abs());
            format!("{sign}{}.{:02}", fen / 100, fen % 100)
        }
    }
}

fn many(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

fn label(key: &Key) -> String {
    match key {
        Key::Blank => "(blank)".to_owned(),
        Key::Unreadable => "(unreadable, or a code of no known meaning)".to_owned(),
        Key::Value(value) => written(value),
    }
}

fn names<'a>(question: &'a Question, columns: &'a [Column]) -> (Vec<&'a str>, Vec<String>) {
    let name = |place: usize| columns.get(place).map_or("", |column| column.name.as_str());
    let measure = |measure: &Measure| {
        let what = match measure {
            Measure::Sum(_) => "sum",
            Measure::Least(_) => "least",
            Measure::Greatest(_) => "greatest",
        };
        format!("{what} of {}", name(measure.column()))
    };
    (
        question.by.iter().map(|place| name(*place)).collect(),
        question.measures.iter().map(measure).collect(),
    )
}

fn in_words(dataset: &DatasetFile, question: &Question, answer: &Answer, end: SelectEnd) -> String {
    let (by, measures) = names(question, &dataset.columns);
    let rows: u64 = answer.groups.values().map(|group| group.rows).sum();
    let mut text = format!("{}: {}", dataset.id, many(rows));
    for (keys, group) in answer.groups.iter().filter(|(_, group)| group.rows > 0).take(MOST_SHOWN) {
        let named = by.iter().zip(keys).map(|(name, key)| format!("{name} {}", label(key)));
        let mut parts: Vec<String> = named.collect();
        if !by.is_empty() {
            parts.push(many(group.rows));
        }
        parts.extend(measures.iter().zip(&group.measures).map(|(name, value)| {
            format!("{name} {}", value.as_ref().map_or("none".into(), written))
        }));
        if group.unreadable > 0 {
            parts.push(format!("a cell to measure cannot be read in {}", many(group.unreadable)));
        }
        if !parts.is_empty() {
            let _written = write!(text, "\n  {}", parts.join(" · "));
        }
    }
    if answer.groups.len() > MOST_SHOWN {
        let _written = write!(
            text,
            "\n  … and {} more; --json has them all",
            answer.groups.len() - MOST_SHOWN
        );
    }
    if answer.undecided > 0 {
        let _written = write!(
            text,
            "\n  undecided: {}, in which a cell that the condition needs cannot be read",
            many(answer.undecided)
        );
    }
    let _written = write!(text, "\n  as of {}", as_of(end));
    text
}

fn as_value(dataset: &DatasetFile, question: &Question, answer: &Answer, end: SelectEnd) -> Json {
    let (by, measures) = names(question, &dataset.columns);
    let key = |key: &Key| match key {
        Key::Blank => Json::Null,
        Key::Unreadable => json!({ "unreadable": true }),
        Key::Value(value) => json!(written(value)),
    };
    let group = |(keys, group): (&Vec<Key>, &Group)| {
        let by: serde_json::Map<String, Json> =
            by.iter().zip(keys).map(|(name, found)| ((*name).to_owned(), key(found))).collect();
        let measured = measures
            .iter()
            .zip(&group.measures)
            .map(|(name, value)| (name.clone(), json!(value.as_ref().map(written))));
        let measures: serde_json::Map<_, _> = measured.collect();
        json!({
            "by": by, "rows": group.rows, "measures": measures, "unreadable": group.unreadable,
        })
    };
    let groups: Vec<Json> =
        answer.groups.iter().filter(|(_, group)| group.rows > 0).map(group).collect();
    json!({
        "dataset": dataset.id, "groups": groups, "undecided": answer.undecided,
        "as_of": as_of(end),
    })
}

fn as_of(end: SelectEnd) -> String {
    chrono::DateTime::<chrono::Local>::from(end.as_of)
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}
