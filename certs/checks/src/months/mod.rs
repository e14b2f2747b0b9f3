//! Counts the months of a person in a register that has a row for each month: `[step.months]` of a
//! definition ([`Months`]).
//!
//! A cell that is not known could be anything. So each month counts for sure, or may count; what
//! both come to alike is known, and nothing else is. A count of months grows with every month that
//! counts, so the two are the bounds of all that could be.

mod amounts;
mod measures;
mod row;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use zerotrip_datasets::CivilMonth;

use self::amounts::{Sums, effect};
use self::measures::{Bounds, gaps};
use crate::definition::{Measure, Months, Period};

pub use row::{Counted, Row};

/// Counts the months of one person.
///
/// `this` is the month of the question: a row of a later one, or of one before the person was born,
/// is for another month than it says. One that was paid too long before its month was paid on
/// another day than it says, if it was.
pub fn count(
    rule: &Months,
    range: Period,
    (born, this): (Option<CivilMonth>, CivilMonth),
    rows: &[Row<'_>],
) -> Counted {
    let plausible = |month: &CivilMonth| *month <= this && born.is_none_or(|born| born <= *month);
    let ahead = i32::try_from(rule.paid_ahead).unwrap_or(i32::MAX);
    let rows = rows.iter().map(|row| {
        let month = row.month.filter(plausible);
        let can_be = |paid: &CivilMonth| month.is_none_or(|month| month.since(*paid) <= ahead);
        Row { month, paid: row.paid.filter(can_be), ..*row }
    });
    let rows = told_apart(rule, rows.collect());
    let mut kinds: Vec<Kind<'_>> = match &rule.kind {
        None => vec![Kind::of(None, range)],
        Some(kind) => kind.is.union(&kind.beside).map(|word| Kind::of(Some(word), range)).collect(),
    };
    for (row, is_certain) in &rows {
        for kind in &mut kinds {
            kind.add(rule, range, row, *is_certain);
        }
    }
    let bounds = bounds(rule, range, &kinds);
    let Bounds { sure, may, .. } = &bounds;
    let known = |measure| both(bounds.least(measure), bounds.most(measure));
    let month = |at: Option<usize>| at.and_then(|at| range.month(at));
    let last = sure.iter().rposition(|counts| *counts);
    let enough = rule.enough;
    Counted {
        months: known(Measure::Months),
        longest_run: known(Measure::LongestRun),
        last_run: known(Measure::LastRun),
        first: both(
            month(sure.iter().position(|counts| *counts)),
            month(may.iter().position(|counts| *counts)),
        ),
        last: both(month(last), month(may.iter().rposition(|counts| *counts))),
        gaps: both(sure, may).map(|months| gaps(range, months)),
        enough: both(
            bounds.least(enough.measure) >= enough.least,
            bounds.most(enough.measure) >= enough.least,
        ),
        row: shown_by(rule, &rows, month(last)),
    }
}

/// What two bounds come to alike.
fn both<T: PartialEq>(least: T, most: T) -> Option<T> {
    (least == most).then_some(least)
}

/// Which months count for sure, and which may. What one kind takes back of a month beyond what it
/// added can be of another, by mistake.
fn bounds(rule: &Months, range: Period, kinds: &[Kind<'_>]) -> Bounds {
    let none = || vec![false; range.len()];
    let mut bounds = Bounds { sure: none(), may: none(), may_alone: none(), fills: 0 };
    let counts = |kind: &&Kind<'_>| {
        kind.word.is_none_or(|word| rule.kind.as_ref().is_some_and(|kind| kind.is.contains(word)))
    };
    let mut beyond = vec![0_i128; range.len()];
    for kind in kinds {
        for (beyond, sums) in beyond.iter_mut().zip(&kind.months) {
            *beyond = beyond.saturating_add(sums.beyond(&kind.anywhere));
        }
    }
    for kind in kinds.iter().filter(counts) {
        bounds.fills += kind.fills;
        let all = bounds.sure.iter_mut().zip(&mut bounds.may).zip(&mut bounds.may_alone);
        for (((sure, may), may_alone), (sums, beyond)) in all.zip(kind.months.iter().zip(&beyond)) {
            let (least, most) = sums.left(&kind.anywhere);
            let of_others = beyond.saturating_sub(sums.beyond(&kind.anywhere));
            *sure |= least.saturating_sub(of_others) > 0;
            *may |= most > 0;
            *may_alone |= sums.left(&Sums::default()).1 > 0;
        }
    }
    bounds
}

/// The rows, each once, and whether each is one for certain. Of two that have one number and say
/// different things it is not known which is right, or whether both are; one without its number may
/// be another once more. Where rows have no number, one that is like another may be it once more.
fn told_apart<'a>(rule: &Months, rows: Vec<Row<'a>>) -> Vec<(Row<'a>, bool)> {
    if rule.identity.is_none() {
        let mut said = BTreeSet::new();
        return rows.into_iter().map(|row| (row, said.insert(row.digest))).collect();
    }
    let mut by_number: BTreeMap<&str, Vec<Row<'a>>> = BTreeMap::new();
    let mut apart = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(identity) = row.identity else {
            apart.push((row, false));
            continue;
        };
        let known = by_number.entry(identity).or_default();
        let is_same = |other: &Row<'_>| Row { number: row.number, ..*other } == row;
        if !row.is_known || !known.iter().any(is_same) {
            known.push(row);
        }
    }
    for alike in by_number.into_values() {
        let [row] = alike.as_slice() else {
            apart.extend(alike.into_iter().map(|row| (row, false)));
            continue;
        };
        apart.push((*row, true));
    }
    apart
}

/// A row that shows that month.
fn shown_by(rule: &Months, rows: &[(Row<'_>, bool)], month: Option<CivilMonth>) -> Option<i64> {
    let shows = |row: &Row<'_>| month.is_some() && row.month == month && effect(rule, row).0 > 0;
    let numbers = |of: &dyn Fn(&Row<'_>) -> bool| {
        rows.iter().filter(|(row, _)| of(row)).map(|(row, _)| row.number).min()
    };
    numbers(&shows).or_else(|| numbers(&|_| true))
}

/// What rows of one kind add up to.
struct Kind<'a> {
    /// `None`: rows of every kind.
    word: Option<&'a str>,
    /// Month by month of the range.
    months: Vec<Sums>,
    /// What rows add that could be of any month.
    anywhere: Sums,
    /// How many rows could add to any month.
    fills: usize,
}

impl<'a> Kind<'a> {
    fn of(word: Option<&'a str>, range: Period) -> Self {
        let months = vec![Sums::default(); range.len()];
        Self { word, months, anywhere: Sums::default(), fills: 0 }
    }

    fn add(&mut self, rule: &Months, range: Period, row: &Row<'_>, is_certain: bool) {
        let is_kind = match (self.word, row.kind) {
            (Some(word), Some(kind)) if word != kind => return,
            (Some(_), None) => false,
            _ => true,
        };
        let late = rule.paid_within.map_or(Some(false), |within| {
            Some(row.paid?.since(row.month?) > i32::try_from(within).unwrap_or(i32::MAX))
        });
        let effect = effect(rule, row);
        // Without the day on which it was received, it may not have been yet.
        let is_certain = is_certain && (rule.paid_on.is_none() || row.paid.is_some());
        match row.month {
            None => {
                self.anywhere.add(effect, late, false);
                self.fills += usize::from(effect.1 > 0);
            }
            Some(month) => {
                let sums = range.place(month).and_then(|at| self.months.get_mut(at));
                // What is outside the range counts for none of its months.
                if let Some(sums) = sums {
                    sums.add(effect, late, is_kind && is_certain);
                }
            }
        }
    }
}
