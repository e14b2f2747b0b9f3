//! The profiling pass: one look over the key columns that finds what an index cannot. It remembers which rows hold a known person in
//! an irregular spelling, and which rows cannot be read; everything else the index finds.

use std::collections::HashMap;

use zerotrip_datasets::resident_id::{self, Probe, Reading, ResidentId, Suspect, SuspectRow};
use zerotrip_proto::v1::ErrorCode;

use super::SourceError;

/// More unreadable rows than this is not a register with blemishes but a broken one.
pub const MOST_UNREADABLE: usize = 10_000;
/// More irregular spellings than this belong into the system's own clean-up.
pub const MOST_IRREGULAR: usize = 1_000_000;

/// What the pass found in one table.
#[derive(Debug)]
pub struct Profile {
    /// Rows, unreadable ones included.
    pub rows: u64,
    /// By column place: person → row ids that hold the person in an irregular spelling.
    irregular: HashMap<(usize, ResidentId), Vec<i64>>,
    /// Rows whose key cell cannot be read.
    unreadable: Vec<UnreadableCell>,
    /// Rows that could not be split into columns.
    ragged: Vec<RaggedRow>,
    /// The dataset's look-ups, each as places of its columns.
    look_ups: Vec<Vec<usize>>,
    /// All of those places, each once.
    columns: Vec<usize>,
}

#[derive(Debug)]
struct UnreadableCell {
    column: usize,
    row: i64,
    suspect: Suspect,
}

/// A row that could not be split into columns.
#[derive(Clone, Debug)]
pub struct RaggedRow {
    /// Its line in the file.
    pub line: u64,
    /// Whose it could be.
    pub suspect: SuspectRow,
}

impl Profile {
    /// An empty one, for a dataset with these look-ups (places of their columns).
    pub fn new(look_ups: Vec<Vec<usize>>, ragged: Vec<RaggedRow>) -> Result<Self, SourceError> {
        let rows = ragged.len() as u64;
        let mut columns: Vec<usize> = look_ups.iter().flatten().copied().collect();
        columns.sort_unstable();
        columns.dedup();
        let profile = Self { rows, irregular: HashMap::new(), unreadable: Vec::new(), ragged, look_ups, columns };
        profile.bounded()?;
        Ok(profile)
    }

    /// Notes a row; `cell` gives its key cells by column place.
    pub fn note<'a>(&mut self, row: i64, cell: impl Fn(usize) -> Option<&'a str>) -> Result<(), SourceError> {
        self.rows += 1;
        let filled = |column: &usize| cell(*column).filter(|raw| !is_blank(raw)).is_some();
        for look_up in &self.look_ups {
            // One blank among several is a NULL (no father on record). Nothing in any of them is a row of anybody's.
            if let Some(first) = look_up.first()
                && !look_up.iter().any(filled)
            {
                self.unreadable.push(UnreadableCell { column: *first, row, suspect: Suspect::new("") });
            }
        }
        for column in self.columns.iter().copied() {
            let Some(raw) = cell(column).filter(|raw| !is_blank(raw)) else { continue };
            match resident_id::parse(raw) {
                Reading::Person(person) if resident_id::is_irregular(raw) => {
                    self.irregular.entry((column, person)).or_default().push(row);
                }
                Reading::Person(_) | Reading::Other(_) => {}
                Reading::Unreadable => self.unreadable.push(UnreadableCell { column, row, suspect: Suspect::new(raw) }),
            }
        }
        self.bounded()
    }

    /// Rows that hold one of the keys in a spelling that no index was asked for.
    pub fn irregular_rows(&self, columns: &[usize], keys: &[ResidentId]) -> Vec<i64> {
        if self.irregular.is_empty() {
            return Vec::new();
        }
        let places = columns.iter().flat_map(|column| keys.iter().map(move |key| (*column, *key)));
        places.filter_map(|place| self.irregular.get(&place)).flatten().copied().collect()
    }

    /// Locators of unreadable rows that could be one of the keys'.
    pub fn could_match(&self, columns: &[usize], keys: &[ResidentId]) -> Vec<String> {
        if self.unreadable.is_empty() && self.ragged.is_empty() {
            return Vec::new();
        }
        let persons: Vec<Probe> = keys.iter().map(Probe::new).collect();
        let cells = self.unreadable.iter().filter(|cell| columns.contains(&cell.column));
        let cells = cells.filter(|cell| persons.iter().any(|person| cell.suspect.could_be(person)));
        let ragged = self.ragged.iter().filter(|row| persons.iter().any(|person| row.suspect.could_be(person)));
        cells.map(|cell| format!("row {}", cell.row)).chain(ragged.map(|row| format!("line {}", row.line))).collect()
    }

    /// Locators of all unreadable rows.
    pub fn unreadable(&self) -> impl Iterator<Item = String> + '_ {
        self.unreadable.iter().map(|cell| format!("row {}", cell.row)).chain(self.ragged.iter().map(|row| format!("line {}", row.line)))
    }

    /// How many unreadable rows there are.
    pub fn unreadable_count(&self) -> u64 {
        (self.unreadable.len() + self.ragged.len()) as u64
    }

    /// How many cells are spelled irregularly.
    pub fn irregular_count(&self) -> u64 {
        self.irregular.values().map(|rows| rows.len() as u64).sum()
    }

    fn bounded(&self) -> Result<(), SourceError> {
        if self.unreadable.len() + self.ragged.len() > MOST_UNREADABLE {
            let detail = format!("more than {MOST_UNREADABLE} rows without a readable identifier; is the column's `type` right?");
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        if self.irregular.len() > MOST_IRREGULAR {
            let detail = format!("more than {MOST_IRREGULAR} identifiers in irregular spellings; clean the column or add a normalised one");
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        Ok(())
    }
}

fn is_blank(raw: &str) -> bool {
    raw.chars().all(char::is_whitespace)
}
