//! The dataset file: what an owner writes of one of its tables, in TOML.
//!
//! Raw text in, a validated [`DatasetFile`] out, or every fault at once, each with its key, value
//! and remedy. Unknown keys are refused with the nearest known one. Nothing is opened: whether the
//! table and its fields exist is the connector's to find out.

mod declared;
mod made;
mod manifest;
pub mod manual;
mod raw;
mod section;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, SystemTime};

use chrono::NaiveDate;
use zerotrip_proto::names;
use zerotrip_proto::v1::{self as proto, Grade, SemanticType, SharingClass, coverage};

use crate::resident_id::Declared;
use crate::suspicion::Suspicion;
use zerotrip_text::shown;

pub use made::{Derived, Made};
pub use manifest::Manifest;
pub use source::{
    Age, CodePage, Csv, Dbf, DropAsOf, Encoding, Excel, FileDrop, KINDS, Kind, Odbc, Paging,
    Parameter, Parquet, Parts, Password, Pointer, Remote, Rest, Separator, Source, Sqlite,
    SqliteAsOf, Through, Tls, Total, Url, Way,
};

/// Largest dataset file, in bytes.
pub const MOST_FILE_BYTES: usize = 1 << 20;
/// Most columns of a dataset.
pub const MOST_COLUMNS: usize = 256;
/// Most lookups of a dataset.
pub const MOST_LOOKUPS: usize = 16;
/// Most codes of a column.
pub const MOST_CODES: usize = 1000;
/// Most words of a column for nothing, for unknown, or for other schemes.
pub const MOST_WORDS: usize = 64;
/// Most fields with persons that the rows are not about.
pub const MOST_NOT_ABOUT: usize = 256;
/// Most regions of a coverage.
pub const MOST_REGIONS: usize = 4000;

/// Every semantic type, by its name in a dataset file.
pub const SEMANTIC_TYPES: &[(&str, SemanticType)] = &[
    ("resident_id", SemanticType::ResidentId),
    ("uscc", SemanticType::Uscc),
    ("vessel_number", SemanticType::VesselNumber),
    ("vin", SemanticType::Vin),
    ("unit_code", SemanticType::UnitCode),
    ("division_code", SemanticType::DivisionCode),
    ("person_name", SemanticType::PersonName),
    ("date", SemanticType::Date),
    ("month", SemanticType::Month),
    ("phone", SemanticType::Phone),
    ("money", SemanticType::Money),
    ("address", SemanticType::Address),
    ("code", SemanticType::Code),
    ("text", SemanticType::Text),
];

/// The type of that name.
pub fn semantic_type(name: &str) -> Option<SemanticType> {
    SEMANTIC_TYPES.iter().find(|(known, _)| *known == name).map(|(_, semantic)| *semantic)
}

/// The name of that type.
pub fn type_name(semantic: SemanticType) -> &'static str {
    SEMANTIC_TYPES.iter().find(|(_, known)| *known == semantic).map_or("unknown", |(name, _)| name)
}

/// One dataset as its owner's file describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetFile {
    /// `<member>.<name>`; the member owns it.
    pub id: String,
    /// The name that users see, in Chinese.
    pub name_zh: String,
    /// The same in English.
    pub name_en: String,
    /// Whether and how it may be shared.
    pub sharing: SharingClass,
    /// The oldest as-of at which an answer still counts: 1 s to 366 d.
    pub most_age: Duration,
    /// Fewer rows than this is not this register; at least 1.
    pub row_floor: u64,
    /// A fall in row count since the last look beyond this fraction is implausible: 0 to 1,
    /// default 0.10.
    pub most_shrink: f64,
    /// Whether what ends stays, as a row that says so, and is never removed or written over;
    /// default no.
    pub keeps_ended: bool,
    /// The day before which everything ended that is not dated.
    pub undated_before: Option<NaiveDate>,
    /// A file, relative to the dataset file, that names persons known to be in it; it stays in the
    /// department. None by default.
    pub probes: Option<String>,
    /// Where the rows are.
    pub source: Source,
    /// What it knows about.
    pub coverage: Coverage,
    /// In the file's order.
    pub columns: Vec<Column>,
    /// In the file's order.
    pub lookups: Vec<Lookup>,
    /// Fields of the source, named by a column or not, with persons that the rows are
    /// not about, each with the reason. A person in any other field beside the look-ups
    /// could be one that a row is about.
    pub not_about: BTreeMap<String, String>,
    /// What its rows suggest against the statement, and why it holds all the same.
    pub accepted: BTreeMap<Suspicion, String>,
    /// What one scan may cost.
    pub limits: Limits,
}

/// What a dataset knows about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Division codes (GB/T 2260), six digits.
    pub regions: Vec<String>,
    /// The first day it knows about.
    pub since: NaiveDate,
    /// Whether everything that was in force on that day was carried over into it; default no.
    pub older_carried_over: bool,
    /// The persons it knows about.
    pub subjects: Subjects,
    /// Whether the rows of a person whose number changed are under the present one; default no.
    pub numbers_carried_over: bool,
    /// Whether what concerned persons before they were registered, where it knows only those, was
    /// brought in as they were; default no.
    pub moved_in_carried_over: bool,
    /// For people, in Chinese.
    pub text_zh: String,
    /// For people, in English.
    pub text_en: String,
}

/// The persons a dataset knows about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subjects {
    /// Every person, wherever registered, of what is or happened within the regions.
    Everyone,
    /// Every person, wherever registered, and wherever it happened.
    EveryoneAnywhere,
    /// Only persons registered in this dataset, wherever it happened.
    RegisteredIn(String),
}

/// One field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name on the hub: `[a-z][a-z0-9_]*`.
    pub name: String,
    /// As the source calls it; empty where it has none.
    pub field: String,
    /// What its cells mean.
    pub semantic: SemanticType,
    /// How sensitive it is.
    pub grade: Grade,
    /// For codes: the source's code → its meaning, closed.
    pub codes: BTreeMap<String, String>,
    /// Where its cells come from.
    pub made: Made,
    /// What the owner declares of its cells: words for nothing and for unknown, and for ids the
    /// schemes they belong to; of months, whether a whole date is one.
    pub declared: Declared,
}

/// A way in: the rows where any of the columns holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Its name on the hub.
    pub name: String,
    /// Columns of one type: that of persons, of enterprises, or of one kind of thing.
    pub columns: Vec<String>,
    /// Those of them in which a blank or NULL says that there is no person, such as a father on no
    /// record; in any other, a blank cell is an id that is lost, and its row could be any
    /// person's.
    pub may_be_blank: Vec<String>,
}

/// What one scan may cost, for every requester.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of one scan: 1 to 1,000,000, default 10,000.
    pub most_rows: u64,
    /// Keys of one scan: 1 to 10,000, default 1,000.
    pub most_keys: u32,
    /// Bytes of one scan's answer: 64 KiB to 1 GiB, default 16 MiB.
    pub most_bytes: u64,
    /// How long one scan may take: 100 ms to 60 s, default 5 s.
    pub time_out: Duration,
    /// Scans a second: 1 to 100,000, default 5,000.
    pub most_rate: u32,
    /// Scans at once; more wait their turn within their deadline: 1 to 1,000, default 64.
    pub most_at_once: u32,
    /// Times of the day, in China, at which the system is left alone: at most 8.
    pub quiet_hours: Vec<QuietHours>,
}

/// A part of every day, from its first minute up to, and without, its last; over midnight where the
/// first is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Minutes since midnight.
    pub from: u16,
    /// The same.
    pub to: u16,
}

impl QuietHours {
    /// Whether that minute of the day is one of them.
    pub fn contains(self, minute: u16) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            self.from / 60,
            self.from % 60,
            self.to / 60,
            self.to % 60
        )
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            most_rows: 10_000,
            most_keys: 1000,
            most_bytes: 16 << 20,
            time_out: Duration::from_secs(5),
            most_rate: 5000,
            most_at_once: 64,
            quiet_hours: Vec::new(),
        }
    }
}

/// One thing wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key's path, such as `column[2].grade`; empty where the file is not TOML at all.
    pub key: String,
    /// Whose it is, where the path only has a number: `column "status", field "zt"`; empty
    /// anywhere else.
    pub named: String,
    /// Its value as written, shortened; empty where the key is missing.
    pub value: String,
    /// What is wrong and what to do.
    pub remedy: String,
}

/// Everything wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct FileError {
    /// The file, as the caller named it.
    pub origin: String,
    /// At least one.
    pub faults: Vec<Fault>,
}

impl DatasetFile {
    /// Reads and validates a dataset file; `origin` names it in messages.
    pub fn parse(text: &str, origin: &str) -> Result<Self, FileError> {
        raw::parse(text).map_err(|faults| FileError { origin: origin.to_owned(), faults })
    }

    /// Whether a dataset file may name a field, table or file so.
    pub fn may_name(foreign: &str) -> bool {
        raw::is_foreign_name(foreign)
    }

    /// The same of a column of a file, of this kind of source, whose names are in no statement.
    pub fn may_name_in(kind: &str, foreign: &str) -> bool {
        if matches!(kind, "csv" | "xlsx" | "xls" | "dbf" | "parquet") {
            raw::is_name_in_file(foreign)
        } else {
            Self::may_name(foreign)
        }
    }

    /// A column's name as a file's header has it, on one line: so it is compared with a column's
    /// `field`.
    pub fn folded_name(foreign: &str) -> String {
        raw::folded_name(foreign)
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The lookup of this name.
    pub fn lookup(&self, name: &str) -> Option<&Lookup> {
        self.lookups.iter().find(|lookup| lookup.name == name)
    }

    /// The member that owns it.
    pub fn member(&self) -> &str {
        names::owner_of(&self.id).unwrap_or_default()
    }

    /// What the owner signs of it. Fields, codes, what may be blank, declared words, probes and
    /// limits stay at home.
    pub fn to_statement(&self, stated_at: SystemTime) -> proto::DatasetStatement {
        let columns = self.columns.iter().map(|column| proto::Column {
            name: column.name.clone(),
            r#type: column.semantic.into(),
            grade: column.grade.into(),
            origin: column.made.origin().into(),
            meanings: column.codes.values().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
        });
        let lookups = self.lookups.iter().map(|lookup| proto::Lookup {
            name: lookup.name.clone(),
            columns: lookup.columns.clone(),
        });
        proto::DatasetStatement {
            id: self.id.clone(),
            name_en: self.name_en.clone(),
            name_zh: self.name_zh.clone(),
            sharing: self.sharing.into(),
            columns: columns.collect(),
            lookups: lookups.collect(),
            coverage: Some(proto::Coverage {
                regions: self.coverage.regions.clone(),
                since: self.coverage.since.to_string(),
                text_en: self.coverage.text_en.clone(),
                text_zh: self.coverage.text_zh.clone(),
                subjects: Some(match &self.coverage.subjects {
                    Subjects::Everyone => coverage::Subjects::Everyone(true),
                    Subjects::EveryoneAnywhere => coverage::Subjects::EveryoneAnywhere(true),
                    Subjects::RegisteredIn(dataset) => {
                        coverage::Subjects::RegisteredIn(dataset.clone())
                    }
                }),
            }),
            most_age_seconds: self.most_age.as_secs(),
            row_floor: self.row_floor,
            stated_at: Some(zerotrip_proto::to_timestamp(stated_at)),
            keeps_ended: self.keeps_ended,
            undated_before: self.undated_before.map(|day| day.to_string()).unwrap_or_default(),
            // Both are the signer's to give: see the connector's desk.
            version: 0,
            file_commitment: Vec::new(),
            older_carried_over: self.coverage.older_carried_over,
            numbers_carried_over: self.coverage.numbers_carried_over,
            moved_in_carried_over: self.coverage.moved_in_carried_over,
        }
    }
}

/// Keys and values are written by other people: nothing in them moves what is read on a terminal.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            return f.write_str(&shown(&self.remedy));
        }
        write!(f, "`{}`", shown(&self.key))?;
        if !self.named.is_empty() {
            write!(f, " ({})", shown(&self.named))?;
        }
        if !self.value.is_empty() {
            write!(f, " = `{}`", shown(&self.value))?;
        }
        write!(f, ": {}", shown(&self.remedy))
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a usable file", self.origin)?;
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
