//! What rows suggest against a statement: for its owner, at `check` and `sign`. Each finding goes
//! by numbers that the rows themselves give, and by few rows nothing is suggested.

use std::time::SystemTime;

use zerotrip_datasets::normal::division;
use zerotrip_datasets::suspicion::Suspicion;
use zerotrip_datasets::{CivilDay, Subjects, date};

use super::remark::Remark;
use super::survey::{Share, StatementSurvey};

/// Of fewer rows nothing can be said.
const FEWEST_ROWS: u64 = 200;
/// The same of persons, most of whom are from here in any register.
const FEWEST_PERSONS: u64 = 1000;
/// Days without a row that say nothing: at the beginning of a register, and at its end.
const QUIET_AT_FIRST: i32 = 92;
const QUIET_AT_LAST: i32 = 31;
/// Days, out of the last three years, on which a register must have had rows.
const FEWEST_DAYS: usize = 100;
const LAST_YEARS: i32 = 3 * 365;
/// Names that are listed.
const MOST_NAMED: usize = 8;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surveyed {
    /// What is refuted.
    pub contradictions: Vec<String>,
    /// What is suggested.
    pub suspicions: Vec<Remark>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

impl StatementSurvey {
    /// After the last row; the rows are as of then.
    pub fn finish(self, as_of: SystemTime) -> Surveyed {
        let contradictions = self.held.contradictions();
        let mut found = Surveyed { contradictions, ..Surveyed::default() };
        if self.rules.coverage.is_none() {
            return found;
        }
        let suspicions = [
            (Suspicion::OlderRows, self.held.older()),
            (Suspicion::SinceGap, self.since_gap(&mut found.notes)),
            (Suspicion::RegionWithoutRows, self.region_without_rows()),
            (Suspicion::NothingEnded, self.nothing_ended()),
            (Suspicion::BlankLookUp, self.blank_look_up()),
            (Suspicion::OnlyLocals, self.only_locals()),
            (Suspicion::DatesToCome, self.dates_to_come()),
            (Suspicion::NothingNew, self.nothing_new(as_of)),
            (Suspicion::MoneyUnit, self.money_unit()),
            (Suspicion::FormerNumbers, self.former_numbers()),
        ];
        let accepted = |suspicion: Suspicion| self.rules.accepted.get(&suspicion).cloned();
        found.suspicions = suspicions
            .into_iter()
            .filter_map(|(suspicion, text)| {
                Some(Remark { suspicion, text: text?, accepted: accepted(suspicion) })
            })
            .collect();
        self.add_notes(&mut found.notes);
        found
    }

    fn name(&self, place: usize) -> &str {
        self.rules.columns.get(place).map_or("", |column| column.name.as_str())
    }

    fn since_gap(&self, notes: &mut Vec<String>) -> Option<String> {
        let since = self.rules.coverage.as_ref()?.since;
        let first = *self.begun.first()?;
        if self.dated < FEWEST_ROWS {
            notes.push(format!(
                "`since` was not held against the first row: {} dates are too few",
                self.dated
            ));
            return None;
        }
        let (gap, widest) = (first - date::to_date32(since), widest_gap(self.begun.iter()));
        (gap > QUIET_AT_FIRST.max(widest.saturating_mul(2))).then(|| {
            format!(
                "`coverage.since` is {since}, and the first of {} dated rows is {gap} days later, \
                 where no two others are more than {widest} days apart. If rows before it are \
                 elsewhere, state the first day from which nothing is missing",
                self.dated
            )
        })
    }

    fn region_without_rows(&self) -> Option<String> {
        if self.rows < FEWEST_ROWS || self.outside.is_empty() {
            return None;
        }
        let regions = &self.rules.coverage.as_ref()?.regions;
        let is_empty =
            |wide: &&String| !self.divisions.iter().any(|code| division::covers(wide, code));
        let empty: Vec<&str> = regions.iter().filter(is_empty).map(String::as_str).collect();
        (!empty.is_empty()).then(|| {
            format!(
                "of {} stated regions {} have no row: {}. If the rows of a district are elsewhere, \
                 do not state it",
                regions.len(),
                empty.len(),
                listed(&empty)
            )
        })
    }

    fn nothing_ended(&self) -> Option<String> {
        let knows = self.rules.keeps_ended && self.rules.end.is_some();
        (knows && self.rows >= FEWEST_ROWS && self.ended == 0).then(|| {
            format!(
                "`ended = \"kept\"`, and none of {} rows has ended. If rows are removed as they \
                 end, say `removed`",
                self.rows
            )
        })
    }

    fn blank_look_up(&self) -> Option<String> {
        let is_empty =
            |(_, share): &(&usize, &Share)| share.cells >= FEWEST_ROWS && share.odd == share.cells;
        let empty: Vec<&str> =
            self.blank.iter().filter(is_empty).map(|(place, _)| self.name(*place)).collect();
        (!empty.is_empty()).then(|| {
            format!(
                "{} name nobody in any of {} rows, and persons are looked up there. Name the \
                 field that holds them",
                listed(&empty),
                self.rows
            )
        })
    }

    fn only_locals(&self) -> Option<String> {
        let coverage = self.rules.coverage.as_ref()?;
        let is_everyone = !matches!(coverage.subjects, Subjects::RegisteredIn(_));
        (is_everyone && self.persons.cells >= FEWEST_PERSONS && self.persons.odd == 0).then(|| {
            format!(
                "`coverage.subjects` is everyone, and the numbers of all {} persons were issued \
                 within the regions. If persons from elsewhere are in another system, state whom \
                 this one knows",
                self.persons.cells
            )
        })
    }

    fn dates_to_come(&self) -> Option<String> {
        let many = self.to_come.iter().find(|(_, share)| share.is_many())?;
        Some(format!(
            "{} of {} days in `{}` are to come. If it is the date of something planned, it is \
             another column",
            many.1.odd,
            many.1.cells,
            self.name(*many.0)
        ))
    }

    fn nothing_new(&self, as_of: SystemTime) -> Option<String> {
        let newest = *self.days.last()?;
        let recent = || self.days.range(newest - LAST_YEARS..);
        if recent().count() < FEWEST_DAYS {
            return None;
        }
        let (quiet, widest) = (CivilDay::at(as_of).to_date32() - newest, widest_gap(recent()));
        (quiet > QUIET_AT_LAST.max(widest.saturating_mul(2))).then(|| {
            format!(
                "the rows are said to be as of {}, and the newest is {quiet} days older, where \
                 they were never more than {widest} days apart in three years. If this is a copy, \
                 state of when it is (`source.as_of`)",
                CivilDay::at(as_of)
            )
        })
    }

    fn money_unit(&self) -> Option<String> {
        let many = self.much.iter().find(|(_, share)| share.is_many())?;
        Some(format!(
            "{} of {} amounts in `{}` are over a billion yuan: amounts are read as yuan. If they \
             are in fen, have them given out in yuan",
            many.1.odd,
            many.1.cells,
            self.name(*many.0)
        ))
    }

    fn former_numbers(&self) -> Option<String> {
        (self.short > 0).then(|| {
            format!(
                "`renumbered = \"carried_over\"`, and {} numbers have 15 digits, which nobody has \
                 today. If rows stay under former numbers, say `not_carried_over`",
                self.short
            )
        })
    }

    fn add_notes(&self, notes: &mut Vec<String>) {
        if !self.rules.knows_dates() {
            notes.push(
                "no check of this release asks for this dataset, so that no date of it is known to \
                 be of what began or ended: `since`, `undated_before` and `ended` were not held \
                 against the rows"
                    .to_owned(),
            );
        }
        for (place, seen) in &self.words {
            let codes = self.rules.columns.get(*place).map(|column| &column.codes);
            let never: Vec<&str> = codes
                .into_iter()
                .flat_map(|codes| codes.keys())
                .filter(|word| !seen.contains(*word))
                .map(String::as_str)
                .collect();
            if self.rows > 0 && !never.is_empty() {
                notes.push(format!("`{}` never holds {}", self.name(*place), listed(&never)));
            }
        }
        for (place, share) in self.outside.iter().filter(|(_, share)| share.odd > 0) {
            notes.push(format!(
                "{} of {} codes in `{}` are outside the stated regions",
                share.odd,
                share.cells,
                self.name(*place)
            ));
        }
        for (place, share) in &self.blank {
            if share.cells >= FEWEST_ROWS && share.odd < share.cells && share.odd * 2 > share.cells
            {
                notes.push(format!(
                    "`{}` names nobody in {} of {} rows",
                    self.name(*place),
                    share.odd,
                    share.cells
                ));
            }
        }
        if self.undated > 0 && self.rules.undated_before.is_none() {
            notes.push(format!(
                "{} rows have ended without a day: their persons get no yes, unless \
                 `undated_before` bounds it",
                self.undated
            ));
        }
        if self.rules.row_floor.saturating_mul(2) < self.rows {
            notes.push(format!(
                "`row_floor` is {}, less than half of the rows: half a register would pass",
                self.rules.row_floor
            ));
        }
    }
}

/// The most days between two that follow one another.
fn widest_gap<'d>(days: impl Iterator<Item = &'d i32>) -> i32 {
    let mut before = None;
    let gaps = days.map(|day| day - before.replace(*day).unwrap_or(*day));
    gaps.max().unwrap_or_default()
}

fn listed(names: &[&str]) -> String {
    let some = names.iter().take(MOST_NAMED).map(|name| format!("`{name}`"));
    let some = some.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => some,
        more => format!("{some} and {more} more"),
    }
}
