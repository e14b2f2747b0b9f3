//! Reads every cell of a dataset and counts what is wrong with them, by column and kind: for the
//! dataset's owner, and for the catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_datasets::cell::{CellReading, is_blank, read};
use zerotrip_datasets::key::KeyWhose;
use zerotrip_datasets::mask::masked;
use zerotrip_datasets::resident_id::is_spreadsheet_rounded;
use zerotrip_datasets::{CivilDay, Column, Key, KeyKind};

use super::RawRow;
use super::beside::{damaged_in, keys_among, keys_in};
use super::findings::{Finding, FindingKind};
use super::plausibility::{Contradicted, PlausibilityRules};
use super::profile::KeyColumns;
use super::statements::{Remark, StatementSurvey};

/// Masked examples of one kind in one column.
const MOST_EXAMPLES: usize = 3;
/// Persons of each look-up, for trials.
const MOST_TRIALS: usize = 64;

/// What a pass over the rows has found.
#[derive(Debug)]
pub struct ScannedQuality {
    /// By column and kind.
    pub findings: Vec<Finding>,
    /// Rows with a fault that can make an answer unavailable.
    pub spoilt_rows: u64,
    /// By look-up: persons for trials.
    pub trials: Vec<Vec<Key>>,
    /// Columns that are not what the checks take them to be, and statements that rows refute, in
    /// words.
    pub contradictions: Vec<String>,
    /// What the rows suggest against the owner's statement.
    pub suspicions: Vec<Remark>,
    /// What its owner should know of the rows.
    pub notes: Vec<String>,
}

/// A pass over the rows.
#[derive(Debug)]
pub struct QualityScan<'a> {
    columns: &'a [Column],
    look_ups: &'a [KeyColumns],
    found: BTreeMap<(usize, FindingKind), (u64, Vec<String>)>,
    spoilt_rows: u64,
    trials: Vec<Trials>,
    /// Places of the columns of no look-up that can name a person that a row is about.
    mention_columns: &'a [usize],
    rules: &'a PlausibilityRules,
    /// By the place of a date: how often its row contradicts it.
    contradicted: BTreeMap<usize, Contradicted>,
    statements: StatementSurvey,
    today: CivilDay,
}

/// Some persons of a look-up, spread evenly over the rows.
#[derive(Debug, Default)]
struct Trials {
    persons: Vec<Key>,
    met: u64,
    thinned: u32,
}

impl<'a> QualityScan<'a> {
    /// Of a dataset with these columns and look-ups.
    pub fn new(
        columns: &'a [Column],
        look_ups: &'a [KeyColumns],
        mention_columns: &'a [usize],
        rules: &'a PlausibilityRules,
    ) -> Self {
        let trials = look_ups.iter().map(|_| Trials::default()).collect();
        let (found, contradicted) = (BTreeMap::new(), BTreeMap::new());
        let today = CivilDay::at(SystemTime::now());
        Self {
            columns,
            look_ups,
            found,
            spoilt_rows: 0,
            trials,
            mention_columns,
            rules,
            contradicted,
            statements: StatementSurvey::new(Arc::clone(&rules.statements)),
            today,
        }
    }

    /// Takes the next row.
    pub fn note(&mut self, row: RawRow<'_>) {
        let mut spoilt = false;
        let cell = |place: usize| row.get(place);
        self.statements.note(&cell, self.today);
        for kind in KeyColumns::kinds(self.look_ups) {
            spoilt |= self.note_beside(kind, &cell);
        }
        for (place, (column, raw)) in self.columns.iter().zip(row.iter()).enumerate() {
            let Some(kind) = fault(column, raw, self.today) else { continue };
            let key = self.look_ups.iter().find_map(|look_up| look_up.declared.get(&place));
            let whose = key.zip(raw).map(|(key, raw)| key.whose(raw, self.today, &cell));
            if kind == FindingKind::Unreadable && matches!(whose, Some(KeyWhose::Nobody)) {
                continue;
            }
            spoilt |= kind.spoils();
            self.add((place, kind), raw);
        }
        let lost: BTreeSet<usize> =
            self.look_ups.iter().flat_map(|look_up| look_up.lost(&cell)).collect();
        for place in lost {
            spoilt = true;
            self.add((place, FindingKind::LostId), None);
        }
        let (rules, columns) = (self.rules, self.columns);
        for place in rules.implausible(columns, &cell, self.today).collect::<Vec<_>>() {
            spoilt = true;
            self.add((place, FindingKind::ImplausibleDate), cell(place));
        }
        for (place, is_broken) in rules.ends(columns, &cell) {
            self.contradicted.entry(place).or_default().note(is_broken);
            if is_broken {
                spoilt = true;
                self.add((place, FindingKind::EndOfCurrent), cell(place));
            }
        }
        self.spoilt_rows += u64::from(spoilt);
        for (look_up, trials) in self.look_ups.iter().zip(&mut self.trials) {
            let mut persons = look_up.columns.iter().filter_map(|place| {
                match read(self.columns.get(*place)?, row.get(*place)) {
                    CellReading::Id(person) => Some(person),
                    _ => None,
                }
            });
            if let Some(person) = persons.next() {
                trials.meet(person);
            }
        }
    }

    /// Notes whom the row names outside the look-ups, and is not about anyway; whether there are
    /// any.
    fn note_beside<'r>(&mut self, kind: KeyKind, cell: &impl Fn(usize) -> Option<&'r str>) -> bool {
        let (places, look_ups) = (self.mention_columns, self.look_ups);
        let keys = || look_ups.iter().flat_map(|look_up| &look_up.columns);
        let about = || keys().filter_map(|place| cell(*place)).flat_map(|raw| keys_in(kind, raw));
        let mut named = BTreeSet::new();
        let among = keys_among(kind, places.iter().map(|place| cell(*place)));
        if !among.is_empty() {
            let about: Vec<Key> = about().collect();
            let others = among.into_iter().filter(|(_, key)| !about.contains(key));
            named.extend(others.map(|(at, _)| at));
        }
        let mut beside: Vec<usize> =
            named.iter().filter_map(|at| places.get(*at)).copied().collect();
        beside.extend(places.iter().filter(|place| {
            damaged_in(kind, cell(**place))
                .iter()
                .any(|one| one.is_anybodys() || !about().any(|key| one.could_match(&key)))
        }));
        for place in &beside {
            self.add((*place, FindingKind::NamedBeside), cell(*place));
        }
        !beside.is_empty()
    }

    fn add(&mut self, place: (usize, FindingKind), raw: Option<&str>) {
        let (count, examples) = self.found.entry(place).or_default();
        *count += 1;
        let Some(raw) = raw.filter(|raw| examples.len() < MOST_EXAMPLES && !raw.trim().is_empty())
        else {
            return;
        };
        let example = masked(raw);
        if !examples.contains(&example) {
            examples.push(example);
        }
    }

    /// What was found; `ragged` rows could not be split, and the rows are as of then.
    pub fn finish(self, ragged: u64, as_of: SystemTime) -> ScannedQuality {
        let columns = self.columns;
        let named =
            |((place, kind), (count, examples)): ((usize, FindingKind), (u64, Vec<String>))| {
                Finding {
                    column: columns
                        .get(place)
                        .map(|column| column.name.clone())
                        .unwrap_or_default(),
                    kind,
                    count,
                    examples,
                }
            };
        let mut findings: Vec<Finding> = self.found.into_iter().map(named).collect();
        if ragged > 0 {
            findings.push(Finding {
                column: String::new(),
                kind: FindingKind::RaggedRow,
                count: ragged,
                examples: Vec::new(),
            });
        }
        let trials = self.trials.into_iter().map(|trials| trials.persons).collect();
        let not_ends =
            self.contradicted.iter().filter(|(_, contradicted)| contradicted.is_another_column());
        let contradictions = not_ends.map(|(place, contradicted)| {
            let column = columns.get(*place).map_or("", |column| column.name.as_str());
            format!(
                "`{column}` holds a day in {} that say that what they record goes on: it is \
                 another date than that of an end, and what ended today would seem to have ended \
                 long ago; name the field that holds just that, or say that there is none \
                 (`absent`)",
                contradicted.said()
            )
        });
        let contradictions: Vec<String> = contradictions.collect();
        let stated = self.statements.finish(as_of);
        ScannedQuality {
            findings,
            spoilt_rows: self.spoilt_rows + ragged,
            trials,
            contradictions: contradictions.into_iter().chain(stated.contradictions).collect(),
            suspicions: stated.suspicions,
            notes: stated.notes,
        }
    }
}

impl Trials {
    fn meet(&mut self, person: Key) {
        if self.met.is_multiple_of(1 << self.thinned) {
            if self.persons.len() >= MOST_TRIALS {
                let mut place = 0_usize;
                self.persons.retain(|_| {
                    place += 1;
                    !place.is_multiple_of(2)
                });
                self.thinned += 1;
            }
            self.persons.push(person);
        }
        self.met += 1;
    }
}

/// What is wrong with a cell, if anything.
fn fault(column: &Column, raw: Option<&str>, today: CivilDay) -> Option<FindingKind> {
    match read(column, raw).on(today) {
        CellReading::Unreadable => Some(FindingKind::Unreadable),
        CellReading::UnknownCode if is_blank(raw) => Some(FindingKind::BlankCode),
        CellReading::UnknownCode => Some(FindingKind::UnknownCode),
        CellReading::Part(_) => Some(FindingKind::IrregularId),
        CellReading::Id(key) => match raw {
            Some(raw) if key.resident().is_some() && is_spreadsheet_rounded(raw) => {
                Some(FindingKind::RoundedId)
            }
            Some(raw) if !key.kind().is_regular(raw) => Some(FindingKind::IrregularId),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
