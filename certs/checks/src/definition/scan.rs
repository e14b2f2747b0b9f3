//! A scan: one question to one department, and how far back its register must know.

use std::time::Duration;

use chrono::NaiveDate;
use serde::Deserialize;

use super::names::is_name;

/// Longest life, in years.
pub(super) const MOST_YEARS: u32 = 120;

/// One question to one department, as one variant asks it. In `check.toml` it is written once for
/// all variants of its step (`shared.rs`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Of which dataset.
    pub dataset: String,
    /// By which look-up.
    pub lookup: String,
    /// Which columns, after the look-up's own.
    pub columns: Vec<String>,
    /// Columns that are asked for where the owner states them, and are NULL where not.
    pub optional: Vec<String>,
    /// Columns where a NULL makes the row unreadable.
    pub required: Vec<String>,
    /// The persons asked about: `request.<parameter>` or `<step>.<column>`.
    pub keys: Vec<Reference>,
    /// The persons for which an absence of rows is a conclusion: each of them must be covered. A
    /// true answer is one that nothing speaks against, so every scan concludes from absence, and
    /// none may leave this out but one whose rows only raise doubt.
    pub absence_for: Vec<Reference>,
    /// Whether its rows can only make an answer undetermined that would be given without them:
    /// then its silence proves nothing, and it need not cover any person.
    pub only_doubts: bool,
    /// Where the keys may come from.
    pub origins: Vec<Origin>,
    /// Which columns may travel on as keys.
    pub supplies: Vec<String>,
    /// The age from which on a person's whole life must be within the register's `since`: 0 to
    /// 120.
    pub lifetime_from: Option<u32>,
    /// Or: how many years back the register must begin, where what is older cannot matter: 0 to
    /// 120.
    pub last_years: Option<u32>,
    /// Or: the parameter (`request.<name>`) that says of which period or day the register must
    /// know. Each scan says one of the three.
    pub known_from: Option<Reference>,
    /// The oldest as-of that counts for this question; a dataset's own bound may be shorter, and
    /// then counts.
    pub most_age: Age,
    /// Whether it is a register of things, whose rows are each judged by itself: every delivered row
    /// must have a verdict, no other row can undo what it says, and it counts within the register's
    /// regions.
    pub judged: bool,
    /// Whether every delivered row of a register of persons must have a verdict too: a row that the
    /// SQL leaves out settles nothing. What speaks against the answer there does so only where
    /// nothing is left open.
    pub each_row: bool,
    /// Most keys of one scan.
    pub most_keys: u32,
    /// Most rows of one scan.
    pub most_rows: u64,
}

/// How old an answer may be: 1 s to 366 d.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Age(pub Duration);

impl TryFrom<String> for Age {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let age = zerotrip_text::duration(&text)
            .filter(|age| !age.is_zero() && *age <= Duration::from_secs(366 * 86_400));
        age.map(Self)
            .ok_or_else(|| format!("most_age: `{text}` is not 1s to 366d; write for example `36h`"))
    }
}

/// `<step>.<column>`; the step `request` holds the parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Reference {
    /// The step.
    pub step: String,
    /// The column of its table.
    pub column: String,
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once('.') {
            Some((step, column)) if is_name(step) && is_name(column) => {
                Ok(Self { step: step.into(), column: column.into() })
            }
            _ => Err(format!("`{text}` is not of the form `<step>.<column>`")),
        }
    }
}

/// Where keys may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A parameter of the request.
    Parameter {
        /// Its name.
        parameter: String,
    },
    /// A column that another department delivered.
    Column {
        /// Of which dataset.
        dataset: String,
        /// Which column.
        column: String,
    },
}
/// How far back a register must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A person's whole life from that age on, in years.
    LifetimeFrom(u32),
    /// This many years.
    LastYears(u32),
    /// All of these days.
    Days {
        /// The first.
        from: NaiveDate,
        /// The last, where it is over: then the register must have been read after it. `None`: up
        /// to the moment at which it was read.
        until: Option<NaiveDate>,
    },
}

impl Scan {
    /// Every column that it asks for.
    pub fn asked(&self) -> impl Iterator<Item = &String> {
        self.columns.iter().chain(&self.optional)
    }

    /// How far back the register must know, where no parameter says it; the whole of a life where
    /// the definition does not say.
    pub fn reach(&self) -> Reach {
        match (self.lifetime_from, self.last_years) {
            (None, Some(years)) => Reach::LastYears(years),
            (age, _) => Reach::LifetimeFrom(age.unwrap_or(0)),
        }
    }
}
