//! Counts what rows have that can speak against a statement, one by one: days, words, regions,
//! persons, amounts. `weighed.rs` says what it comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use zerotrip_datasets::cell::{CellReading, is_blank};
use zerotrip_datasets::normal::division;
use zerotrip_datasets::plausible::is_of_end;
use zerotrip_datasets::resident_id::short_digits;
use zerotrip_datasets::{CivilDay, date};
use zerotrip_proto::v1::SemanticType;

use super::held::HeldStatements;
use super::rules::StatementRules;

/// Slips of the pen.
const HANDFUL: u64 = 2;
/// A billion yuan, in fen.
const MUCH_MONEY: i128 = 100_000_000_000;
/// Different division codes that are kept.
const MOST_DIVISIONS: usize = 10_000;

/// How many cells of a column there are, and how many of them are odd.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    pub(super) cells: u64,
    pub(super) odd: u64,
}

/// A pass over all rows.
#[derive(Debug, Default)]
pub struct StatementSurvey {
    pub(super) rules: Arc<StatementRules>,
    pub(super) held: HeldStatements,
    pub(super) rows: u64,
    /// Days on which something happened or began, and how often; without those to come.
    pub(super) begun: BTreeSet<i32>,
    pub(super) dated: u64,
    /// All days that rows have, without those to come.
    pub(super) days: BTreeSet<i32>,
    /// By the place of a date: how many are to come.
    pub(super) to_come: BTreeMap<usize, Share>,
    /// By the place of an amount: how many nobody pays.
    pub(super) much: BTreeMap<usize, Share>,
    /// By the place of a code: the words that were seen.
    pub(super) words: BTreeMap<usize, BTreeSet<String>>,
    pub(super) divisions: BTreeSet<String>,
    pub(super) outside: BTreeMap<usize, Share>,
    /// By the place of a look-up's column: how many cells name nobody.
    pub(super) blank: BTreeMap<usize, Share>,
    pub(super) persons: Share,
    pub(super) short: u64,
    pub(super) ended: u64,
    pub(super) undated: u64,
}

impl Share {
    fn note(&mut self, is_odd: bool) {
        self.cells += 1;
        self.odd += u64::from(is_odd);
    }

    /// More than slips of the pen.
    pub(super) fn is_many(self) -> bool {
        self.odd > HANDFUL && self.odd.saturating_mul(100) > self.cells
    }
}

impl StatementSurvey {
    /// Before the first row.
    pub fn new(rules: Arc<StatementRules>) -> Self {
        Self { held: HeldStatements::new(Arc::clone(&rules)), rules, ..Self::default() }
    }

    /// Takes the next row, that was read on that day; `cell` gives its cells by place.
    pub fn note<'c>(&mut self, cell: &impl Fn(usize) -> Option<&'c str>, today: CivilDay) {
        self.held.note(cell);
        self.rows += 1;
        let rules = Arc::clone(&self.rules);
        for dated in &rules.dates {
            let Some(day) = rules.day(cell, dated.place) else { continue };
            let is_to_come = day > today.date();
            self.to_come.entry(dated.place).or_default().note(is_to_come);
            if is_to_come {
                continue;
            }
            let day = date::to_date32(day);
            self.days.insert(day);
            if !is_of_end(dated.role) {
                self.begun.insert(day);
                self.dated += 1;
            }
        }
        if rules.has_ended(cell) == Some(true) {
            self.ended += 1;
            self.undated += u64::from(rules.is_undated(cell));
        }
        for place in &rules.looked_up {
            let nothing = rules.columns.get(*place).map(|column| &column.declared.nothing);
            let names_nobody = is_blank(cell(*place))
                || cell(*place)
                    .zip(nothing)
                    .is_some_and(|(raw, nothing)| nothing.contains(raw.trim()));
            self.blank.entry(*place).or_default().note(names_nobody);
            self.note_persons(&rules, cell, *place);
        }
        for (place, column) in rules.columns.iter().enumerate() {
            match column.semantic {
                SemanticType::Code => {
                    let word = cell(place).map(str::trim);
                    let seen = self.words.entry(place).or_default();
                    if let Some(word) = word.filter(|word| column.codes.contains_key(*word))
                        && !seen.contains(word)
                    {
                        seen.insert(word.to_owned());
                    }
                }
                SemanticType::DivisionCode => self.note_division(&rules, cell, place),
                SemanticType::Money => {
                    if let CellReading::Money(fen) = rules.reading(cell, place) {
                        self.much.entry(place).or_default().note(fen.abs() > MUCH_MONEY);
                    }
                }
                _ => {}
            }
        }
    }

    fn note_persons<'c>(
        &mut self,
        rules: &StatementRules,
        cell: &impl Fn(usize) -> Option<&'c str>,
        place: usize,
    ) {
        let Some(coverage) = &rules.coverage else { return };
        if coverage.numbers_carried_over {
            // A number of before 2015 that has the code of its enterprise inside is no former one.
            let is_of_old = !matches!(rules.reading(cell, place), CellReading::Part(_));
            self.short += u64::from(is_of_old && cell(place).and_then(short_digits).is_some());
        }
        for key in rules.reading(cell, place).keys() {
            // The numbers of vessels and vehicles say nothing of where they are registered.
            let Some(issued) = key.division() else { continue };
            let is_local = coverage.regions.iter().any(|wide| division::covers(wide, issued));
            self.persons.note(!is_local);
        }
    }

    fn note_division<'c>(
        &mut self,
        rules: &StatementRules,
        cell: &impl Fn(usize) -> Option<&'c str>,
        place: usize,
    ) {
        let Some(coverage) = &rules.coverage else { return };
        let CellReading::Text(code) = rules.reading(cell, place) else { return };
        let is_inside = coverage.regions.iter().any(|wide| division::covers(wide, &code));
        self.outside.entry(place).or_default().note(!is_inside);
        if is_inside && self.divisions.len() < MOST_DIVISIONS {
            self.divisions.insert(code.into_owned());
        }
    }
}
