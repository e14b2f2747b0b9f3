//! What is wrong with the cells of a dataset, counted by column and kind: for its owner, and for the catalog, which must not hear more.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use zerotrip_datasets::Column;
use zerotrip_datasets::cell::{CellReading, is_blank, read};
use zerotrip_datasets::mask::masked;
use zerotrip_datasets::resident_id::{self, Reading, ResidentId, Whose, is_irregular, is_spreadsheet_rounded, names_somebody};
use zerotrip_proto::v1::SemanticType;

use super::RawRow;
use super::profile::KeyColumns;

/// Masked examples of one kind in one column.
const MOST_EXAMPLES: usize = 3;
/// Persons of each look-up with whom it can be tried.
const MOST_TRIALS: usize = 64;

/// What can be wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Something stands there that cannot be read as the column's type.
    Unreadable,
    /// A code that is not in the column's list.
    UnknownCode,
    /// Nothing stands where a code should.
    BlankCode,
    /// Nothing stands where an id should, and the owner has not said that there may be nobody.
    LostId,
    /// A readable id in a spelling that only the profiling pass finds.
    IrregularId,
    /// A readable id that a spreadsheet may have rounded from another's.
    RoundedId,
    /// The row has another width than the header.
    RaggedRow,
}

impl FindingKind {
    /// Whether such a cell can make an answer unavailable; the others cost a little time only.
    pub fn spoils(self) -> bool {
        !matches!(self, Self::IrregularId)
    }

    /// In words.
    pub fn said(self) -> &'static str {
        match self {
            Self::Unreadable => "cannot be read",
            Self::UnknownCode => "hold a code that is not in the list",
            Self::BlankCode => "hold no code",
            Self::LostId => "hold no id, where one should stand",
            Self::IrregularId => "are spelled irregularly; they are found all the same",
            Self::RoundedId => "may have been rounded by a spreadsheet",
            Self::RaggedRow => "have another width than the header",
        }
    }
}

/// Cells of one column with the same fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The dataset's column; empty for whole rows.
    pub column: String,
    /// What is wrong.
    pub kind: FindingKind,
    /// With how many.
    pub count: u64,
    /// A few of them, masked.
    pub examples: Vec<String>,
}

/// What a pass over the rows has found.
#[derive(Debug)]
pub struct Assayed {
    /// By column and kind.
    pub findings: Vec<Finding>,
    /// Rows with a fault that can make an answer unavailable.
    pub spoilt_rows: u64,
    /// By look-up: persons with whom it can be tried.
    pub trials: Vec<Vec<ResidentId>>,
    /// For the owner: columns of other types in which somebody's id stands.
    pub advice: Vec<String>,
}

/// A pass over the rows.
#[derive(Debug)]
pub struct Assay<'a> {
    columns: &'a [Column],
    look_ups: &'a [KeyColumns],
    found: BTreeMap<(usize, FindingKind), (u64, Vec<String>)>,
    spoilt_rows: u64,
    trials: Vec<Trials>,
    /// By column: rows in which somebody's id stands, though the column is not of ids.
    named: Vec<u64>,
}

/// Some persons of a look-up, spread evenly over the rows.
#[derive(Debug, Default)]
struct Trials {
    persons: Vec<ResidentId>,
    met: u64,
    thinned: u32,
}

impl<'a> Assay<'a> {
    /// Of a dataset with these columns and look-ups.
    pub fn new(columns: &'a [Column], look_ups: &'a [KeyColumns]) -> Self {
        let trials = look_ups.iter().map(|_| Trials::default()).collect();
        Self { columns, look_ups, found: BTreeMap::new(), spoilt_rows: 0, trials, named: vec![0; columns.len()] }
    }

    /// Takes the next row.
    pub fn note(&mut self, row: RawRow<'_>) {
        let mut spoilt = false;
        let cell = |place: usize| row.get(place);
        for ((column, raw), rows) in self.columns.iter().zip(row.iter()).zip(&mut self.named) {
            *rows += u64::from(column.semantic != SemanticType::ResidentId && raw.is_some_and(names_somebody));
        }
        for (place, (column, raw)) in self.columns.iter().zip(row.iter()).enumerate() {
            let Some(kind) = fault(column, raw) else { continue };
            let key = self.look_ups.iter().find_map(|look_up| look_up.declared.get(&place));
            let whose = key.zip(raw).map(|(key, raw)| key.whose(raw, &cell));
            if kind == FindingKind::Unreadable && matches!(whose, Some(Whose::Nobody)) {
                continue;
            }
            spoilt |= kind.spoils();
            self.add((place, kind), raw);
        }
        let lost: BTreeSet<usize> = self.look_ups.iter().flat_map(|look_up| look_up.lost(&cell)).collect();
        for place in lost {
            spoilt = true;
            self.add((place, FindingKind::LostId), None);
        }
        self.spoilt_rows += u64::from(spoilt);
        for (look_up, trials) in self.look_ups.iter().zip(&mut self.trials) {
            let mut persons = look_up.columns.iter().filter_map(|place| match read(self.columns.get(*place)?, row.get(*place)) {
                CellReading::Id(person) => Some(person),
                _ => None,
            });
            if let Some(person) = persons.next() {
                trials.meet(person);
            }
        }
    }

    fn add(&mut self, place: (usize, FindingKind), raw: Option<&str>) {
        let (count, examples) = self.found.entry(place).or_default();
        *count += 1;
        let Some(raw) = raw.filter(|raw| examples.len() < MOST_EXAMPLES && !raw.trim().is_empty()) else { return };
        let example = masked(raw);
        if !examples.contains(&example) {
            examples.push(example);
        }
    }

    /// What was found, beside so many rows that could not be split.
    pub fn finish(self, ragged: u64) -> Assayed {
        let columns = self.columns;
        let named = |((place, kind), (count, examples)): ((usize, FindingKind), (u64, Vec<String>))| Finding {
            column: columns.get(place).map(|column| column.name.clone()).unwrap_or_default(),
            kind,
            count,
            examples,
        };
        let mut findings: Vec<Finding> = self.found.into_iter().map(named).collect();
        if ragged > 0 {
            findings.push(Finding { column: String::new(), kind: FindingKind::RaggedRow, count: ragged, examples: Vec::new() });
        }
        let trials = self.trials.into_iter().map(|trials| trials.persons).collect();
        let named = columns.iter().zip(&self.named).filter(|(_, rows)| **rows > 0);
        let advice = named.map(|(column, rows)| {
            format!(
                "column `{}` is not of ids, and holds somebody's in {rows} rows: who stands there alone is not found; give them a column of type \
                 `resident_id` in a look-up",
                column.name
            )
        });
        Assayed { findings, spoilt_rows: self.spoilt_rows + ragged, trials, advice: advice.collect() }
    }
}

impl Trials {
    fn meet(&mut self, person: ResidentId) {
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
fn fault(column: &Column, raw: Option<&str>) -> Option<FindingKind> {
    match read(column, raw) {
        CellReading::Unreadable => Some(FindingKind::Unreadable),
        CellReading::UnknownCode if is_blank(raw) => Some(FindingKind::BlankCode),
        CellReading::UnknownCode => Some(FindingKind::UnknownCode),
        CellReading::Id(_) if column.semantic == SemanticType::ResidentId => match raw {
            Some(raw) if is_spreadsheet_rounded(raw) => Some(FindingKind::RoundedId),
            Some(raw) if is_irregular(raw) => Some(FindingKind::IrregularId),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a cell that no column names is somebody's id.
pub fn is_person(cell: &str) -> bool {
    // Nearly nothing is as long as an id.
    cell.len() >= 15 && matches!(resident_id::parse(cell), Reading::Person(_))
}

/// What is said of columns that no column of the dataset file names, by the rows of each in which an id stands.
pub fn left_columns<'a>(columns: impl Iterator<Item = (&'a str, u64)>) -> Vec<String> {
    let said = |(name, rows): (&str, u64)| {
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        format!("`{name}` holds resident ids in {rows}, and no column names it: who stands there alone is not found")
    };
    columns.filter(|(_, rows)| *rows > 0).map(said).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use zerotrip_proto::v1::Grade;

    use super::*;

    fn column(name: &str, semantic: SemanticType) -> Column {
        let codes = if semantic == SemanticType::Code { BTreeMap::from([("1".to_owned(), "on".to_owned())]) } else { BTreeMap::new() };
        Column { name: name.into(), field: name.into(), semantic, grade: Grade::L3, codes, ..Column::default() }
    }

    #[test]
    fn every_kind_is_counted_in_its_column_and_shown_masked() {
        let columns =
            [column("id", SemanticType::ResidentId), column("father", SemanticType::ResidentId), column("status", SemanticType::Code)];
        let look_ups = [KeyColumns { columns: vec![0, 1], may_be_blank: vec![1], ..KeyColumns::default() }];
        let mut assay = Assay::new(&columns, &look_ups);
        let rows = [
            ["11010519491231002X", "", "1"],
            ["110105 19491231 002X", "", "1"],
            ["110105194912310021", "", "1"],
            ["", "11010519491231002X", ""],
            ["", "", "9"],
        ];
        for row in rows {
            let mut rows = crate::source::Rows::default();
            row.iter().for_each(|cell| rows.cell(Some(cell)));
            assay.note(rows.end_row(1));
        }
        let assayed = assay.finish(2);
        let found: Vec<(&str, FindingKind, u64)> =
            assayed.findings.iter().map(|finding| (finding.column.as_str(), finding.kind, finding.count)).collect();
        assert_eq!(
            found,
            [
                ("id", FindingKind::Unreadable, 1),
                ("id", FindingKind::LostId, 2),
                ("id", FindingKind::IrregularId, 1),
                ("father", FindingKind::LostId, 1),
                ("status", FindingKind::UnknownCode, 1),
                ("status", FindingKind::BlankCode, 1),
                ("", FindingKind::RaggedRow, 2),
            ]
        );
        assert_eq!((assayed.spoilt_rows, assayed.trials.len()), (5, 1));
        assert_eq!(assayed.findings.first().unwrap().examples, ["1101**********0021"]);
        assert!(!format!("{assayed:?}").contains("19491231"), "nobody is shown");
    }
}
