//! What is stated of a register, and the places of the columns that can speak against it.

use std::collections::{BTreeMap, BTreeSet};

use zerotrip_datasets::cell::{CellReading, read};
use zerotrip_datasets::file::Coverage;
use zerotrip_datasets::plausible::{is_aged, is_of_end, is_placeholder};
use zerotrip_datasets::suspicion::Suspicion;
use zerotrip_datasets::vocabulary::{self, AskedDataset, AskedDate};
use zerotrip_datasets::{Column, DatasetFile, date};
use zerotrip_proto::v1::DateRole;

use chrono::NaiveDate;

/// The statements of one dataset, and the columns by which they are held against rows.
#[derive(Clone, Debug, Default)]
pub struct StatementRules {
    /// The dataset file's columns, as far as its system has them.
    pub(super) columns: Vec<Column>,
    /// Places of the columns of all look-ups.
    pub(super) looked_up: Vec<usize>,
    /// Those of them in which numbers are selected in a register, and never typed.
    pub(super) selected: Vec<usize>,
    /// Whether a check of this release asks for the dataset.
    is_asked_for: bool,
    /// Dates of what happened, began or ended.
    pub(super) dates: Vec<DatedColumn>,
    /// Where a row says that what it records has ended.
    pub(super) end: Option<EndColumns>,
    /// None of a dataset of which nothing is stated.
    pub(super) coverage: Option<Coverage>,
    pub(super) undated_before: Option<NaiveDate>,
    pub(super) keeps_ended: bool,
    pub(super) row_floor: u64,
    pub(super) accepted: BTreeMap<Suspicion, String>,
}

/// A date of what the row records.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DatedColumn {
    pub(super) place: usize,
    pub(super) role: DateRole,
    /// Places of the columns of persons who had been born by then.
    persons: Vec<usize>,
    /// Years of age that they had reached.
    least_age: u32,
}

/// Where a row says that what it records has ended.
#[derive(Clone, Debug)]
pub(super) struct EndColumns {
    /// The place of the code.
    code: usize,
    /// The meanings under which it has ended.
    ended: BTreeSet<&'static str>,
    /// Places of every date by which it had ended: none, where the system has none.
    dates: Vec<usize>,
}

/// Whether the day is one of what rows record, and was over when it was entered.
fn is_of_rows(role: DateRole) -> bool {
    !matches!(role, DateRole::Birth | DateRole::Limit)
}

impl StatementRules {
    /// Those of a dataset file, by the checks that ask for its dataset.
    pub fn of(dataset: &DatasetFile) -> Self {
        let place = |name: &str| dataset.columns.iter().position(|column| column.name == name);
        let looked_up: BTreeSet<usize> = dataset
            .lookups
            .iter()
            .flat_map(|lookup| lookup.columns.iter().filter_map(|name| place(name)))
            .collect();
        let looked_up: Vec<usize> = looked_up.into_iter().collect();
        let mut rules = Self {
            columns: dataset.columns.clone(),
            coverage: Some(dataset.coverage.clone()),
            undated_before: dataset.undated_before,
            keeps_ended: dataset.keeps_ended,
            row_floor: dataset.row_floor,
            accepted: dataset.accepted.clone(),
            ..Self::default()
        };
        for AskedDataset { dates, end, .. } in vocabulary::of_dataset(&dataset.id) {
            rules.is_asked_for = true;
            for AskedDate { column, role, persons, least_age, .. } in *dates {
                let Some(at) = place(column).filter(|_| is_of_rows(*role)) else { continue };
                let persons = match persons {
                    [] => looked_up.clone(),
                    named => named.iter().filter_map(|name| place(name)).collect(),
                };
                let least_age = least_age.unwrap_or(0);
                let dated = DatedColumn { place: at, role: *role, persons, least_age };
                // Several checks ask for the same column.
                if !rules.dates.iter().any(|known| known.place == at) {
                    rules.dates.push(dated);
                }
            }
            if let Some(end) = end
                && let Some(code) = place(end.code)
            {
                let dates = rules.dates.iter().filter(|date| is_of_end(date.role));
                rules.end = Some(EndColumns {
                    code,
                    ended: end.ended.iter().copied().collect(),
                    dates: dates.map(|date| date.place).collect(),
                });
            }
        }
        let is_selected = |place: &&usize| {
            rules.columns.get(**place).is_some_and(|column| column.declared.is_selected)
        };
        rules.selected = looked_up.iter().filter(is_selected).copied().collect();
        rules.looked_up = looked_up;
        rules
    }

    /// Whether anything is known of what its dates and codes mean.
    pub(super) fn knows_dates(&self) -> bool {
        self.is_asked_for
    }

    /// Places of the columns that a pass must read to hold the statements against its rows.
    pub fn telling(&self) -> Vec<usize> {
        let code = self.end.iter().map(|end| end.code);
        self.dates.iter().map(|date| date.place).chain(code).collect()
    }

    /// What a cell says.
    pub(super) fn reading<'s, 'c: 's>(
        &'s self,
        cell: &impl Fn(usize) -> Option<&'c str>,
        place: usize,
    ) -> CellReading<'s> {
        self.columns.get(place).map_or(CellReading::Null, |column| read(column, cell(place)))
    }

    /// The day of a cell, if it is one on which something can have been.
    pub(super) fn day<'c>(
        &self,
        cell: &impl Fn(usize) -> Option<&'c str>,
        place: usize,
    ) -> Option<NaiveDate> {
        match self.reading(cell, place) {
            CellReading::Date(day) => date::from_date32(day).filter(|day| !is_placeholder(*day)),
            _ => None,
        }
    }

    /// Whether a row says that what it records has ended; `None`: it does not say.
    pub(super) fn has_ended<'c>(&self, cell: &impl Fn(usize) -> Option<&'c str>) -> Option<bool> {
        let end = self.end.as_ref()?;
        match self.reading(cell, end.code) {
            CellReading::Code(meaning) => Some(end.ended.contains(meaning)),
            _ => None,
        }
    }

    /// Whether nothing says when that was: a day that cannot be read is not left out.
    pub(super) fn is_undated<'c>(&self, cell: &impl Fn(usize) -> Option<&'c str>) -> bool {
        let is_blank = |place: &usize| matches!(self.reading(cell, *place), CellReading::Null);
        self.end.as_ref().is_some_and(|end| end.dates.iter().all(is_blank))
    }

    /// Days of birth of the persons in these columns.
    pub(super) fn births<'c>(
        &self,
        cell: &impl Fn(usize) -> Option<&'c str>,
        places: &[usize],
    ) -> Vec<NaiveDate> {
        let born = |place: &usize| {
            let reading = self.reading(cell, *place);
            reading.keys().filter_map(|key| key.birth_date()).collect::<Vec<_>>()
        };
        places.iter().flat_map(born).collect()
    }

    /// Whether the persons of the row lived on that day, and were of the age that it takes: one on
    /// which they did not is a slip, and says nothing of the register.
    pub(super) fn can_be<'c>(
        &self,
        date: &DatedColumn,
        day: NaiveDate,
        cell: &impl Fn(usize) -> Option<&'c str>,
    ) -> bool {
        let births = self.births(cell, &date.persons);
        births.into_iter().all(|birth| is_aged(birth, date.least_age, day))
    }
}
