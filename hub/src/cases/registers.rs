//! What a register's owner states, in a case: what the case says, else what its file says of that
//! register, else what its file says of all. What nobody says is not so.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde::Deserialize;
use zerotrip_checks::definition::{Definition, ExpectedDataset};
use zerotrip_proto::CHINA_OFFSET_SECONDS;
use zerotrip_proto::v1::{Column, Coverage, DatasetStatement, ErrorCode, Lookup, coverage};
use zerotrip_text::cut;

use super::reading::{Reading, day};
use super::table::{Table, column_type, meanings};

/// A register's statement as it is written. What is left out is not stated.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRegister {
    /// Division codes.
    regions: Option<Vec<String>>,
    /// `everyone`, `everyone_anywhere` or `registered_in:<dataset>`.
    knows: Option<String>,
    since: Option<String>,
    older_carried_over: Option<bool>,
    numbers_carried_over: Option<bool>,
    moved_in_carried_over: Option<bool>,
    keeps_ended: Option<bool>,
    undated_before: Option<String>,
    /// Such as `48h`.
    most_age: Option<String>,
    /// A day, for the midnight at which it begins, or `2026-11-28 09:30`; left out: as it is asked.
    as_of: Option<String>,
    /// The optional columns that it states.
    states: Option<Vec<String>>,
    /// The code of what the hub finds instead of an answer.
    down: Option<String>,
}

impl RawRegister {
    /// With what `other` says where this one says nothing.
    pub(super) fn or(self, other: &Self) -> Self {
        let other = other.clone();
        Self {
            regions: self.regions.or(other.regions),
            knows: self.knows.or(other.knows),
            since: self.since.or(other.since),
            older_carried_over: self.older_carried_over.or(other.older_carried_over),
            numbers_carried_over: self.numbers_carried_over.or(other.numbers_carried_over),
            moved_in_carried_over: self.moved_in_carried_over.or(other.moved_in_carried_over),
            keeps_ended: self.keeps_ended.or(other.keeps_ended),
            undated_before: self.undated_before.or(other.undated_before),
            most_age: self.most_age.or(other.most_age),
            as_of: self.as_of.or(other.as_of),
            states: self.states.or(other.states),
            down: self.down.or(other.down),
        }
    }

    /// By the definition that asks the register.
    pub(super) fn read(
        self,
        reading: &mut Reading<'_>,
        at: &str,
        shape: &ExpectedDataset,
        today: NaiveDate,
        table: Table,
    ) -> Register {
        let mut fault = |key: &str, text: &str, remedy: &str| {
            reading.add(at, &format!("{key}: `{}` is not known", cut(text)), remedy);
        };
        for (key, text) in [("since", &self.since), ("undated_before", &self.undated_before)] {
            if let Some(text) = text.as_ref().filter(|text| day(text).is_none()) {
                fault(key, text, "write a day as `1999-05-01`");
            }
        }
        let subjects = match self.knows.as_deref() {
            None => None,
            Some("everyone") => Some(coverage::Subjects::Everyone(true)),
            Some("everyone_anywhere") => Some(coverage::Subjects::EveryoneAnywhere(true)),
            Some(text) => match text.strip_prefix("registered_in:") {
                Some(dataset) => Some(coverage::Subjects::RegisteredIn(dataset.to_owned())),
                None => {
                    fault(
                        "knows",
                        text,
                        "write `everyone`, `everyone_anywhere` or `registered_in:<dataset>`",
                    );
                    None
                }
            },
        };
        let most_age = self.most_age.as_deref().map(|text| {
            zerotrip_text::duration(text).unwrap_or_else(|| {
                fault("most_age", text, "write for example `48h`");
                Duration::ZERO
            })
        });
        let now = moment(today.and_time(NaiveTime::MIN)) + NOON;
        let as_of = match self.as_of.as_deref() {
            None => now,
            Some(text) => instant(text).unwrap_or_else(|| {
                fault("as_of", text, "write `2026-11-28` or `2026-11-28 09:30`");
                now
            }),
        };
        let down = self.down.as_deref().and_then(|text| {
            let code = ErrorCode::from_str_name(text);
            if code.is_none() {
                fault("down", text, "write a code such as `SOURCE_UNREACHABLE`");
            }
            code
        });
        let states = self.states.unwrap_or_default();
        for column in states.iter().filter(|column| !shape.columns.contains_key(*column)) {
            fault("states", column, "name columns of its `[[dataset]]`");
        }
        let stated = DatasetStatement {
            coverage: Some(Coverage {
                regions: self.regions.unwrap_or_default(),
                since: self.since.unwrap_or_default(),
                subjects,
                ..Coverage::default()
            }),
            most_age_seconds: most_age.unwrap_or_default().as_secs(),
            keeps_ended: self.keeps_ended.unwrap_or(false),
            undated_before: self.undated_before.unwrap_or_default(),
            older_carried_over: self.older_carried_over.unwrap_or(false),
            numbers_carried_over: self.numbers_carried_over.unwrap_or(false),
            moved_in_carried_over: self.moved_in_carried_over.unwrap_or(false),
            ..as_expected(reading.definition, shape, &states)
        };
        Register { statement: stated, as_of, now, down, table }
    }
}

/// A register as one case has it.
#[derive(Clone, Debug)]
pub(super) struct Register {
    pub(super) statement: DatasetStatement,
    pub(super) as_of: SystemTime,
    /// When it is asked.
    pub(super) now: SystemTime,
    /// What the hub finds instead of an answer.
    pub(super) down: Option<ErrorCode>,
    pub(super) table: Table,
}

/// When questions are asked, on their day.
const NOON: Duration = Duration::from_secs(12 * 3600);

/// The statement that describes a dataset as the definition takes it to be, with these of the
/// optional columns. It says nothing of what the dataset knows.
pub fn as_expected(
    definition: &Definition,
    shape: &ExpectedDataset,
    optional: &[String],
) -> DatasetStatement {
    let scans = || {
        let scans = definition.variants.iter().flat_map(|variant| variant.scans());
        scans.map(|(_, scan)| scan).filter(|scan| scan.dataset == shape.id)
    };
    let asked = |name: &String| scans().any(|scan| scan.columns.contains(name));
    let mut names: Vec<&String> =
        shape.columns.keys().filter(|name| asked(name) || optional.contains(name)).collect();
    for column in shape.lookup.values().flatten() {
        if !names.contains(&column) {
            names.push(column);
        }
    }
    let columns = names.into_iter().map(|name| Column {
        name: name.clone(),
        r#type: column_type(shape, name).unwrap_or_default().into(),
        meanings: meanings(definition, shape, name),
        ..Column::default()
    });
    let lookups = shape
        .lookup
        .iter()
        .map(|(name, columns)| Lookup { name: name.clone(), columns: columns.clone() });
    DatasetStatement {
        id: shape.id.clone(),
        columns: columns.collect(),
        lookups: lookups.collect(),
        ..DatasetStatement::default()
    }
}

fn instant(text: &str) -> Option<SystemTime> {
    let read = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").ok();
    read.or_else(|| Some(day(text)?.and_time(NaiveTime::MIN))).map(moment)
}

/// A civil time in China as an instant.
fn moment(time: NaiveDateTime) -> SystemTime {
    let seconds = time.and_utc().timestamp() - i64::from(CHINA_OFFSET_SECONDS);
    let span = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH - span } else { UNIX_EPOCH + span }
}
