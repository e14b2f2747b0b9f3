//! What rows refute. Every pass over the rows looks for it: what is signed can become untrue with
//! the next row.

use std::sync::Arc;

use zerotrip_datasets::cell::{CellReading, is_blank};
use zerotrip_datasets::key::KeySuspect;
use zerotrip_datasets::plausible::is_of_end;
use zerotrip_datasets::suspicion::Suspicion;
use zerotrip_datasets::{CivilDay, Column};
use zerotrip_proto::v1::ErrorCode;

use super::rules::StatementRules;
use crate::SourceError;

/// The rows that refute a statement, counted.
#[derive(Clone, Debug, Default)]
pub struct HeldStatements {
    rules: Arc<StatementRules>,
    /// Rows that ended without a day, and began, or whose person was born, no earlier than on
    /// `undated_before`.
    ended_later: u64,
    /// Rows that are older than `since`.
    pub(super) older: u64,
    /// Cells that hold what is left of a number, where numbers are said to be selected.
    typed: u64,
}

impl HeldStatements {
    /// Before the first row.
    pub fn new(rules: Arc<StatementRules>) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Takes the next row; `cell` gives its cells by place.
    pub fn note<'c>(&mut self, cell: &impl Fn(usize) -> Option<&'c str>) {
        self.ended_later += u64::from(ended_later(&self.rules, cell));
        self.older += u64::from(is_older(&self.rules, cell));
        self.typed += typed(&self.rules, cell);
    }

    /// What is refuted, in words.
    pub fn contradictions(&self) -> Vec<String> {
        let Self { rules, ended_later, typed, .. } = self;
        let mut refuted = Vec::new();
        if *typed > 0 {
            refuted.push(format!(
                "{typed} cells hold what is left of a number: `entry` says that numbers are \
                 selected in a register and never typed, so it is not so. Have the numbers entered \
                 as they are, or leave `entry` out: rows count then for each thing whose number is \
                 one slip away"
            ));
        }
        let Some(before) = rules.undated_before.filter(|_| *ended_later > 0) else {
            return refuted;
        };
        refuted.push(format!(
            "{ended_later} rows have ended without a day, and what they record began on {before} \
             or later: `dataset.undated_before` says that all such had ended by then, so it is \
             not so. Have the days of their ends entered, or leave `undated_before` out: persons \
             of undated rows get no yes then"
        ));
        refuted
    }

    /// Rows that are older than `since`, in words.
    pub fn older(&self) -> Option<String> {
        let since = self.rules.coverage.as_ref()?.since;
        (self.older > 0).then(|| {
            format!(
                "{} rows are older than `coverage.since`, {since}. `since` is the first day from \
                 which nothing is missing: if it is another, state that",
                self.older
            )
        })
    }

    /// Whether answers can rest on these rows.
    pub fn require(&self) -> Result<(), SourceError> {
        let is_accepted = self.rules.accepted.contains_key(&Suspicion::OlderRows);
        let refuted = self.contradictions().into_iter().next();
        let refuted = refuted.or_else(|| self.older().filter(|_| !is_accepted));
        refuted.map_or(Ok(()), |detail| {
            Err(SourceError::new(ErrorCode::StatementContradicted, detail))
        })
    }
}

/// Cells of a row that hold what is left of a number, where numbers are said to be selected.
fn typed<'c>(rules: &StatementRules, cell: &impl Fn(usize) -> Option<&'c str>) -> u64 {
    let is_typed = |place: &&usize| {
        let kind = rules.columns.get(**place).and_then(Column::key_kind);
        let raw = cell(**place).filter(|raw| !is_blank(Some(raw)));
        let Some((kind, raw)) = kind.zip(raw) else { return false };
        // Of things no day tells what is to come.
        let suspect = || KeySuspect::on(kind, raw, CivilDay::MAX);
        rules.reading(cell, **place) == CellReading::Unreadable && !suspect().is_anybodys()
    };
    rules.selected.iter().filter(is_typed).count() as u64
}

fn ended_later<'c>(rules: &StatementRules, cell: &impl Fn(usize) -> Option<&'c str>) -> bool {
    let Some(before) = rules.undated_before else { return false };
    if rules.has_ended(cell) != Some(true) || !rules.is_undated(cell) {
        return false;
    }
    let begins = rules.dates.iter().filter(|date| !is_of_end(date.role));
    let mut began = begins.filter_map(|date| rules.day(cell, date.place));
    began.any(|day| day >= before)
        || rules.births(cell, &rules.looked_up).into_iter().any(|birth| birth >= before)
}

fn is_older<'c>(rules: &StatementRules, cell: &impl Fn(usize) -> Option<&'c str>) -> bool {
    let Some(coverage) = rules.coverage.as_ref().filter(|stated| !stated.older_carried_over) else {
        return false;
    };
    rules.dates.iter().any(|date| {
        rules
            .day(cell, date.place)
            .is_some_and(|day| day < coverage.since && rules.can_be(date, day, cell))
    })
}
