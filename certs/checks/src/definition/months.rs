//! `[step.months]`: how the rows of a register that has one for each month are counted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Deserialize;
use zerotrip_datasets::CivilMonth;

use super::shared::Number;

/// Most months of a range: fifty years.
pub const MOST_MONTHS: u32 = 600;
/// How many months ahead can be paid where nothing is said: a year.
pub const PAID_AHEAD: u32 = 12;

/// How one variant counts months. Its table has a row for each person whom the scan asks about,
/// with the columns of [`MONTHS_COLUMNS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Months {
    /// The scan whose rows are counted.
    pub of: String,
    /// Its column with the month that a row is for.
    pub month: String,
    /// Its column of money. A row below 0 takes back.
    pub amount: Option<String>,
    /// Or, or beside it, a column of codes that says which rows add and which take back.
    pub direction: Option<Direction>,
    /// Rows of which kind count.
    pub kind: Option<KindIs>,
    /// The column with a row's own number, by which one that was read in twice is known.
    pub identity: Option<String>,
    /// The column with the day of payment.
    pub paid_on: Option<String>,
    /// How many months after its own month a payment still counts; `None`: whenever it was paid.
    pub paid_within: Option<u32>,
    /// How many months before its own month a payment can have been made: 0 to 24. One of before is
    /// on no day that it can have been.
    pub paid_ahead: u32,
    /// How many months the range has: 1 to [`MOST_MONTHS`].
    pub last: u32,
    /// How many months before that of the question it ends: 1 to 24.
    pub until: u32,
    /// What makes it enough.
    pub enough: Enough,
}

/// Which words say that a row adds, and which that it takes back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direction {
    /// The column.
    pub column: String,
    /// Words of rows that add.
    pub adds: BTreeSet<String>,
    /// Words of rows that take back.
    pub takes: BTreeSet<String>,
    /// Amounts have their sign themselves: a row that adds can correct by an amount below 0, and
    /// one that takes back never adds.
    #[serde(default)]
    pub signed: bool,
}

/// Rows of which kind count.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindIs {
    /// The column.
    pub column: String,
    /// Its words, each added up by itself.
    pub is: BTreeSet<String>,
    /// Words of rows that do not count, under which what was paid for these can have been taken
    /// back by mistake: what they take back of a month beyond what they added to it.
    #[serde(default)]
    pub beside: BTreeSet<String>,
}

/// What makes it enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enough {
    /// Of what.
    pub measure: Measure,
    /// At least this many.
    pub least: u32,
}

/// What can be enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The months that count.
    Months,
    /// The most of them in a row.
    LongestRun,
    /// Those in a row that end with the last month of the range.
    LastRun,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Months, Self::LongestRun, Self::LastRun];

    /// Its column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Months => "months",
            Self::LongestRun => "longest_run",
            Self::LastRun => "last_run",
        }
    }
}

/// The columns of the table: the person, the counts, the first and the last month that counts and
/// the gaps of the range as text, whether it is enough, and the number of a row that shows it.
pub const MONTHS_COLUMNS: [&str; 9] = [
    "person",
    "months",
    "longest_run",
    "last_run",
    "first_month",
    "last_month",
    "gaps",
    "enough",
    "row_number",
];

/// Months from one to another, both of them in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    first: CivilMonth,
    last: CivilMonth,
}

impl Period {
    /// From the first on to the last; `None` where that is before it, or too far from it.
    pub fn new(first: CivilMonth, last: CivilMonth) -> Option<Self> {
        let most = i32::try_from(MOST_MONTHS).unwrap_or(i32::MAX);
        (0..most).contains(&last.since(first)).then_some(Self { first, last })
    }

    /// The months from the first of both to the last of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// The first of them.
    pub fn first(self) -> CivilMonth {
        self.first
    }

    /// The last of them.
    pub fn last(self) -> CivilMonth {
        self.last
    }

    /// How many there are.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(self) -> usize {
        usize::try_from(self.last.since(self.first)).map_or(0, |more| more + 1)
    }

    /// The one at that place, from 0.
    pub fn month(self, place: usize) -> Option<CivilMonth> {
        let month = self.first.plus(i32::try_from(place).ok()?)?;
        (month <= self.last).then_some(month)
    }

    /// The place of a month in it.
    pub fn place(self, month: CivilMonth) -> Option<usize> {
        usize::try_from(month.since(self.first)).ok().filter(|place| *place < self.len())
    }
}

impl Months {
    /// The months that are looked at on that day.
    pub fn range(&self, today: NaiveDate) -> Option<Period> {
        let back = |months: u32| i32::try_from(months).ok()?.checked_neg();
        let last = CivilMonth::of(today)?.plus(back(self.until)?)?;
        Period::new(last.plus(back(self.last.checked_sub(1)?)?)?, last)
    }

    /// The columns of the scan that it weighs: what of them is not known makes the answer
    /// unavailable only where it could matter.
    pub fn weighed(&self) -> BTreeSet<&str> {
        let columns = [
            Some(&self.month),
            self.amount.as_ref(),
            self.direction.as_ref().map(|direction| &direction.column),
            self.kind.as_ref().map(|kind| &kind.column),
            self.identity.as_ref(),
            self.paid_on.as_ref(),
        ];
        columns.into_iter().flatten().map(String::as_str).collect()
    }
}

/// A step as it is written: once for all its variants. [`Months`] has its manual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedMonths {
    of: String,
    month: String,
    amount: Option<String>,
    direction: Option<Direction>,
    kind: Option<KindIs>,
    identity: Option<String>,
    paid_on: Option<String>,
    paid_within: Option<Number>,
    paid_ahead: Option<u32>,
    last: Number,
    until: Number,
    enough: SharedEnough,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedEnough {
    months: Option<Number>,
    longest_run: Option<Number>,
    last_run: Option<Number>,
}

impl SharedEnough {
    fn of(&self, measure: Measure) -> Option<&Number> {
        match measure {
            Measure::Months => self.months.as_ref(),
            Measure::LongestRun => self.longest_run.as_ref(),
            Measure::LastRun => self.last_run.as_ref(),
        }
    }
}

impl SharedMonths {
    /// As one variant counts. What is not said of it is 0, and 0 is out of bounds.
    pub(super) fn of(&self, variant: &str) -> Months {
        let small = |number: &Number| number.small_of(variant).unwrap_or(0);
        let said = Measure::ALL.into_iter().filter_map(|measure| {
            let least = self.enough.of(measure)?.small_of(variant)?;
            Some(Enough { measure, least })
        });
        let said: Vec<Enough> = said.collect();
        Months {
            of: self.of.clone(),
            month: self.month.clone(),
            amount: self.amount.clone(),
            direction: self.direction.clone(),
            kind: self.kind.clone(),
            identity: self.identity.clone(),
            paid_on: self.paid_on.clone(),
            paid_within: self.paid_within.as_ref().and_then(|within| within.small_of(variant)),
            paid_ahead: self.paid_ahead.unwrap_or(PAID_AHEAD),
            last: small(&self.last),
            until: small(&self.until),
            enough: match said.as_slice() {
                [one] => *one,
                _ => Enough { measure: Measure::Months, least: 0 },
            },
        }
    }

    /// What is said of variants: the entry, and their names.
    pub(super) fn named(&self) -> Vec<(String, BTreeSet<&str>)> {
        let enough = Measure::ALL.map(|measure| (measure.name(), self.enough.of(measure)));
        let numbers = [
            ("paid_within", self.paid_within.as_ref()),
            ("last", Some(&self.last)),
            ("until", Some(&self.until)),
        ];
        let numbers = numbers.into_iter().chain(enough);
        let each = numbers.filter_map(|(key, number)| match number? {
            Number::Each(numbers) => Some((key.to_owned(), names(numbers))),
            Number::All(_) => None,
        });
        each.collect()
    }
}

fn names(numbers: &BTreeMap<String, u64>) -> BTreeSet<&str> {
    numbers.keys().map(String::as_str).collect()
}
