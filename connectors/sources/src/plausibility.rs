//! What the checks take a dataset's columns to say, held against every row: a date on which it
//! cannot have been, and an end of what goes on. One such row is a slip; many say that a column was
//! taken for another.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use zerotrip_datasets::cell::{CellReading, read};
use zerotrip_datasets::plausible::{self, Bounds, Concerned};
use zerotrip_datasets::vocabulary::{self, AskedDataset};
use zerotrip_datasets::{CivilDay, Column, DatasetFile};
use zerotrip_proto::v1::{DateRole, TypedColumn};

use super::statements::StatementRules;

/// The rules of one dataset; none of one that no check asks.
#[derive(Clone, Debug, Default)]
pub struct PlausibilityRules {
    dates: Vec<DateRule>,
    ends: Vec<EndRule>,
    since: Option<NaiveDate>,
    older_carried_over: bool,
    /// What else its owner states.
    pub statements: Arc<StatementRules>,
}

/// What a date is the date of.
#[derive(Clone, Debug, PartialEq)]
struct DateRule {
    place: usize,
    role: TypedColumn,
    /// Places of the columns of persons who had been born by then.
    persons: Vec<usize>,
    /// Of a birth: places of the columns of parents.
    parents: Vec<usize>,
}

/// A date that is empty while what the row records goes on.
#[derive(Clone, Debug, PartialEq)]
struct EndRule {
    date: usize,
    code: usize,
    ended: BTreeSet<&'static str>,
}

/// Rows that contradict themselves in any register.
const HANDFUL: u64 = 2;

/// How often a rule was held against a row, and how often it was broken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Contradicted {
    rows: u64,
    broken: u64,
}

impl PlausibilityRules {
    /// Those of the checks that ask for this dataset, as far as its system has their columns.
    pub fn of(dataset: &DatasetFile) -> Self {
        let place = |name: &str| dataset.columns.iter().position(|column| column.name == name);
        let mut rules = Self {
            since: Some(dataset.coverage.since),
            older_carried_over: dataset.coverage.older_carried_over,
            statements: Arc::new(StatementRules::of(dataset)),
            ..Self::default()
        };
        for AskedDataset { dates, end, .. } in vocabulary::of_dataset(&dataset.id) {
            for date in *dates {
                let Some(at) = place(date.column) else { continue };
                let role = TypedColumn {
                    role: date.role.into(),
                    least_age: date.least_age,
                    not_before: date.first_day().map(|day| day.to_epoch_days()),
                    ..TypedColumn::default()
                };
                // Without any, it concerns the persons in the look-ups' columns.
                let looked_up = || {
                    dataset
                        .lookups
                        .iter()
                        .flat_map(|lookup| lookup.columns.iter().map(String::as_str))
                        .collect()
                };
                let persons: Vec<&str> =
                    if date.persons.is_empty() { looked_up() } else { date.persons.to_vec() };
                let persons = persons.into_iter().filter_map(place).collect();
                let parents = date.parents.iter().copied().filter_map(place).collect();
                let rule = DateRule { place: at, role, persons, parents };
                // Several checks ask for the same column.
                if !rules.dates.contains(&rule) {
                    rules.dates.push(rule);
                }
            }
            if let Some(end) = end
                && let (Some(date), Some(code)) = (place(end.column), place(end.code))
            {
                let rule = EndRule { date, code, ended: end.ended.iter().copied().collect() };
                if !rules.ends.contains(&rule) {
                    rules.ends.push(rule);
                }
            }
        }
        rules
    }

    /// Places of dates on which it cannot have been, in a row that was read on that day.
    pub fn implausible<'a>(
        &'a self,
        columns: &'a [Column],
        cell: &'a impl Fn(usize) -> Option<&'a str>,
        today: CivilDay,
    ) -> impl Iterator<Item = usize> + 'a {
        let bounds =
            Bounds { since: self.since, older_carried_over: self.older_carried_over, last: today };
        let cannot_be = move |rule: &&DateRule| {
            let Some(CellReading::Date(day)) =
                columns.get(rule.place).map(|column| read(column, cell(rule.place)))
            else {
                return false;
            };
            let Some(day) = NaiveDate::from_epoch_days(day) else { return true };
            let began = self.dates.iter().filter(|other| other.role.role() == DateRole::Begin);
            let began = began.filter_map(|other| {
                match read(columns.get(other.place)?, cell(other.place)) {
                    CellReading::Date(began) => NaiveDate::from_epoch_days(began),
                    _ => None,
                }
            });
            if plausible::is_of_end(rule.role.role())
                && began.max().is_some_and(|began| day < began)
            {
                return true;
            }
            let ids = |places: &[usize]| -> Vec<String> {
                places.iter().filter_map(|place| person(columns, cell, *place)).collect()
            };
            let (persons, parents) = (ids(&rule.persons), ids(&rule.parents));
            let persons: Vec<&str> = persons.iter().map(String::as_str).collect();
            let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
            let concerned = Concerned { persons: &persons, parents: &parents };
            !plausible::is_plausible(&rule.role, day, concerned, bounds)
        };
        // Checks that ask for the same column can bound it differently: it is one cell.
        let places: BTreeSet<usize> =
            self.dates.iter().filter(cannot_be).map(|rule| rule.place).collect();
        places.into_iter()
    }

    /// Of each date that says when something ended: whether its row says that it goes on.
    pub fn ends<'a>(
        &'a self,
        columns: &'a [Column],
        cell: &'a impl Fn(usize) -> Option<&'a str>,
    ) -> impl Iterator<Item = (usize, bool)> + 'a {
        self.ends.iter().filter_map(move |rule| {
            let CellReading::Code(meaning) = read(columns.get(rule.code)?, cell(rule.code)) else {
                return None;
            };
            if rule.ended.contains(meaning) {
                return None;
            }
            Some((
                rule.date,
                !matches!(read(columns.get(rule.date)?, cell(rule.date)), CellReading::Null),
            ))
        })
    }
}

impl Contradicted {
    /// A row of which the rule speaks.
    pub fn note(&mut self, is_broken: bool) {
        self.rows += 1;
        self.broken += u64::from(is_broken);
    }

    /// More rows break the rule than slips of the pen would: one in a hundred, and more than a
    /// handful.
    pub fn is_another_column(self) -> bool {
        self.broken > HANDFUL && self.broken.saturating_mul(100) > self.rows
    }

    /// In numbers.
    pub fn said(self) -> String {
        format!("{} of {} rows", self.broken, self.rows)
    }
}

/// The person of a cell, as checks see them.
fn person<'a>(
    columns: &'a [Column],
    cell: &impl Fn(usize) -> Option<&'a str>,
    place: usize,
) -> Option<String> {
    match read(columns.get(place)?, cell(place)) {
        // An enterprise's code says nothing of when it began.
        CellReading::Id(key) => key.resident().map(|person| person.as_str().to_owned()),
        _ => None,
    }
}
