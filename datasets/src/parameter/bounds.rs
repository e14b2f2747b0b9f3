//! Between which bounds a parameter can be. A definition states each of them: none has a default.

use chrono::{Datelike as _, NaiveDate};

use crate::{CivilDay, CivilMonth};

/// Most months of a period.
pub const MOST_MONTHS: u32 = 1440;
/// The largest number that a definition can allow, and, negative, the smallest: far from where
/// SQL's numbers end, so that what is counted with it does not go around.
pub const MOST_NUMBER: i64 = 1_000_000_000_000;
/// Most words of a code.
pub const MOST_WORDS: usize = 64;
/// How a definition says that a day is not after that of the question.
pub const TODAY: &str = "today";

/// The first and the last day that a date can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateBounds {
    /// The first day.
    pub not_before: NaiveDate,
    /// The last day; `None`: that of the question.
    pub not_after: Option<NaiveDate>,
}

impl DateBounds {
    /// As a definition and a template write it.
    pub fn not_after_text(&self) -> String {
        self.not_after.map_or_else(|| TODAY.to_owned(), |day| day.to_string())
    }

    pub(super) fn read(not_before: &str, not_after: &str) -> Option<Self> {
        let not_after = if not_after == TODAY { None } else { Some(day(not_after)?) };
        let not_before = day(not_before)?;
        let is_ordered = not_after.is_none_or(|last| not_before <= last);
        is_ordered.then_some(Self { not_before, not_after })
    }
}

/// The last month in which a period can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastMonth {
    /// That of the question: it is not over.
    This,
    /// The one before.
    Before,
}

impl LastMonth {
    /// As a definition and a template write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::This => "this_month",
            Self::Before => "last_month",
        }
    }

    /// On this day.
    pub(super) fn on(self, today: CivilDay) -> Option<CivilMonth> {
        let this = CivilMonth::of(today.date())?;
        match self {
            Self::This => Some(this),
            Self::Before => this.plus(-1),
        }
    }
}

/// How long a period can be, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodBounds {
    /// Most months, the first and the last counted: 1 to [`MOST_MONTHS`].
    pub most_months: u32,
    /// The last month in which it can end.
    pub not_after: LastMonth,
}

impl PeriodBounds {
    pub(super) fn read(most_months: u32, not_after: &str) -> Option<Self> {
        let last = [LastMonth::This, LastMonth::Before];
        let not_after = last.into_iter().find(|last| last.name() == not_after)?;
        (1..=MOST_MONTHS).contains(&most_months).then_some(Self { most_months, not_after })
    }
}

/// The smallest and the largest number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberBounds {
    /// The smallest.
    pub min: i64,
    /// The largest.
    pub max: i64,
}

impl NumberBounds {
    pub(super) fn read(min: i64, max: i64) -> Option<Self> {
        let fits = |number| (-MOST_NUMBER..=MOST_NUMBER).contains(&number);
        (fits(min) && fits(max) && min <= max).then_some(Self { min, max })
    }
}

/// Which divisions a region can be. A code of another level would be compared with codes that it
/// never equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `330000`.
    Province,
    /// `330100`.
    Prefecture,
    /// `330106`.
    County,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Province, Self::Prefecture, Self::County];

    /// As a definition and a template write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::Prefecture => "prefecture",
            Self::County => "county",
        }
    }

    /// The same in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Province => "省级",
            Self::Prefecture => "地级",
            Self::County => "县级",
        }
    }

    pub(super) fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// Of a code of six digits.
    pub(super) fn of(code: &str) -> Self {
        if code.ends_with("0000") {
            Self::Province
        } else if code.ends_with("00") {
            Self::Prefecture
        } else {
            Self::County
        }
    }
}

/// A day, written `2024-03-01`.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let read = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (is_year(read.year()) && read.format("%Y-%m-%d").to_string() == text).then_some(read)
}

/// Years in which a day can be.
fn is_year(year: i32) -> bool {
    (1900..=2999).contains(&year)
}
