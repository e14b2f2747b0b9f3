//! The profiling pass: one look over the key columns that finds what an index cannot. It remembers which rows hold a known person in
//! an irregular spelling, and which rows cannot be read; everything else the index finds.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::normal::uscc;
use zerotrip_datasets::resident_id::{self, Probe, Reading, ResidentId, Suspect, SuspectRow};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::Digest;

use super::SourceError;
use crate::adjudications::{Adjudications, Concerns};

/// More unreadable rows than this is not a register with blemishes but a broken one.
pub const MOST_UNREADABLE: usize = 10_000;
/// So many identifiers that cannot be read are blemishes, in however small a register, if any can be read.
const FEW: u64 = 100;
/// Where none can be read, so many are.
const HANDFUL: u64 = 5;
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
    /// Rows whose key cell is a person's id, and could as well be what a spreadsheet left of another's.
    rounded: Vec<UnreadableCell>,
    /// Where those of which nothing is stated are, by the digits that are left: they can be a hundredth of a register, too many to be
    /// held against each of many keys.
    rounded_by: HashMap<u64, Vec<usize>>,
    /// Where the others are.
    rounded_stated: Vec<usize>,
    /// 15-digit ids that may be another's, by their digits: where, and whose they are by their looks.
    doubtful: HashMap<u64, Vec<(usize, i64, ResidentId)>>,
    /// How many of those there are.
    doubtful_count: usize,
    /// What the cells of each of `columns` hold.
    held: Vec<Held>,
    /// Rows that could not be split into columns.
    ragged: Vec<RaggedRow>,
    /// The dataset's look-ups.
    look_ups: Vec<KeyColumns>,
    /// The places of all their columns, each once.
    columns: Vec<usize>,
    /// What the owner has stated of unreadable rows.
    adjudications: Arc<Adjudications>,
}

/// One look-up of a dataset.
#[derive(Clone, Debug)]
pub struct KeyColumns {
    /// Places of its columns.
    pub columns: Vec<usize>,
    /// Those of them in which a blank says that there is nobody.
    pub may_be_blank: Vec<usize>,
}

impl KeyColumns {
    /// The places of all columns of these look-ups, each once.
    pub fn places(look_ups: &[Self]) -> Vec<usize> {
        let mut places: Vec<usize> = look_ups.iter().flat_map(|look_up| &look_up.columns).copied().collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Those of a dataset file.
    pub fn of(dataset: &DatasetFile) -> Vec<Self> {
        let place = |name: &String| dataset.columns.iter().position(|column| column.name == *name);
        let places = |names: &[String]| names.iter().filter_map(place).collect();
        let look_ups = dataset.lookups.iter();
        look_ups.map(|look_up| Self { columns: places(&look_up.columns), may_be_blank: places(&look_up.may_be_blank) }).collect()
    }
}

/// A key cell as its system stores it.
#[derive(Clone, Copy, Debug)]
pub enum KeyCell<'a> {
    /// NULL.
    Null,
    /// Text, which an index finds by its spellings.
    Text(&'a str),
    /// A number, which it does not.
    Number(&'a str),
}

/// What is remembered of a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Noted {
    /// A person in an irregular spelling.
    pub irregular: bool,
    /// A cell that cannot be read, or not be relied upon.
    pub unreadable: bool,
    /// A person's id that may be another's.
    pub doubtful: bool,
}

/// How many cells of a column say whom their row is about, and how many say that it is about nobody who is asked about. One that could be
/// anybody's is neither: it stops every absence by itself.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    readable: u64,
    foreign: u64,
}

#[derive(Debug)]
struct UnreadableCell {
    column: usize,
    row: i64,
    whose: Whose,
}

/// Whose an unreadable cell could be.
#[derive(Debug)]
enum Whose {
    /// Whoever it could be a spelling of.
    Suspected(Suspect),
    /// Those whom its row can concern, as the owner has stated.
    Stated(Concerns),
}

impl UnreadableCell {
    fn could_be(&self, person: &(&ResidentId, Probe)) -> bool {
        match &self.whose {
            Whose::Suspected(suspect) => suspect.could_be(&person.1),
            Whose::Stated(concerns) => concerns.could_be(person.0),
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.whose, Whose::Suspected(_))
    }
}

/// A row that could not be split into columns.
#[derive(Clone, Debug)]
pub struct RaggedRow {
    /// Its line in the file.
    pub line: u64,
    /// Whose it could be.
    pub suspect: SuspectRow,
    /// By which its owner can state whom it concerns.
    pub digest: Digest,
    /// Its beginning, for the owner.
    pub excerpt: String,
}

impl Profile {
    /// An empty one, for a dataset with these look-ups.
    pub fn new(look_ups: Vec<KeyColumns>, ragged: Vec<RaggedRow>, adjudications: Arc<Adjudications>) -> Result<Self, SourceError> {
        let rows = ragged.len() as u64;
        let columns = KeyColumns::places(&look_ups);
        let profile = Self {
            rows,
            irregular: HashMap::new(),
            unreadable: Vec::new(),
            rounded: Vec::new(),
            rounded_by: HashMap::new(),
            rounded_stated: Vec::new(),
            doubtful: HashMap::new(),
            doubtful_count: 0,
            held: vec![Held::default(); columns.len()],
            ragged,
            look_ups,
            columns,
            adjudications,
        };
        profile.bounded()?;
        Ok(profile)
    }

    /// Notes a row; `cell` gives its key cells by column place, `digest` that of all its cells. Says what is remembered under its row id.
    pub fn note<'a>(
        &mut self,
        row: i64,
        cell: impl Fn(usize) -> KeyCell<'a>,
        digest: impl FnOnce() -> Digest,
    ) -> Result<Noted, SourceError> {
        self.rows += 1;
        let before = (self.unreadable.len(), self.rounded.len());
        let mut noted = Noted::default();
        let text = |column: usize| match cell(column) {
            KeyCell::Text(raw) | KeyCell::Number(raw) if !is_blank(raw) => Some(raw),
            KeyCell::Null | KeyCell::Text(_) | KeyCell::Number(_) => None,
        };
        let mut lost: Vec<usize> = Vec::new();
        for look_up in &self.look_ups {
            let blank = || look_up.columns.iter().copied().filter(|column| text(*column).is_none());
            // A blank where the owner says that there may be nobody is nobody; but a row with nobody in it at all is anybody's.
            let all = blank().count() == look_up.columns.len();
            lost.extend(blank().filter(|column| all || !look_up.may_be_blank.contains(column)));
        }
        lost.sort_unstable();
        lost.dedup();
        self.unreadable.extend(lost.into_iter().map(|column| UnreadableCell { column, row, whose: Whose::Suspected(Suspect::new("")) }));
        let mut foreign: Vec<usize> = Vec::new();
        for (place, (column, held)) in self.columns.iter().copied().zip(&mut self.held).enumerate() {
            let Some(raw) = text(column) else { continue };
            match resident_id::parse(raw) {
                Reading::Person(person) => {
                    held.readable += 1;
                    if resident_id::is_doubtful(raw)
                        && let Some(digits) = resident_id::short_digits(raw)
                    {
                        self.doubtful.entry(digits).or_default().push((column, row, person));
                        self.doubtful_count += 1;
                        noted.doubtful = true;
                    }
                    if resident_id::is_irregular(raw) || matches!(cell(column), KeyCell::Number(_)) {
                        self.irregular.entry((column, person)).or_default().push(row);
                        noted.irregular = true;
                    }
                    if resident_id::is_spreadsheet_rounded(raw) {
                        let place = self.rounded.len();
                        resident_id::rounded_digits(raw).for_each(|digits| self.rounded_by.entry(digits).or_default().push(place));
                        self.rounded.push(UnreadableCell { column, row, whose: Whose::Suspected(Suspect::rounded(raw)) });
                    }
                }
                Reading::Other(other) if uscc::is_valid(other.as_bytes()) => held.readable += 1,
                Reading::Other(_) => held.foreign += 1,
                Reading::Unreadable => {
                    let suspect = Suspect::new(raw);
                    foreign.extend((!suspect.is_anybodys()).then_some(place));
                    self.unreadable.push(UnreadableCell { column, row, whose: Whose::Suspected(suspect) });
                }
            }
        }
        if before != (self.unreadable.len(), self.rounded.len()) {
            noted.unreadable = true;
            // What the owner has stated of a row stands for what cannot be read in it.
            if self.apply_ruling(before, digest) {
                foreign.clear();
            }
        }
        for place in foreign {
            self.held.get_mut(place).into_iter().for_each(|held| held.foreign += 1);
        }
        self.bounded().map(|()| noted)
    }

    /// What the owner has stated of this row stands for what its cells could be; whether anything was.
    fn apply_ruling(&mut self, before: (usize, usize), digest: impl FnOnce() -> Digest) -> bool {
        if self.adjudications.is_empty() {
            return false;
        }
        let Some(concerns) = self.adjudications.of(&digest()) else { return false };
        self.rounded_stated.extend(before.1..self.rounded.len());
        let new = self.unreadable.iter_mut().skip(before.0).chain(self.rounded.iter_mut().skip(before.1));
        for cell in new {
            cell.whose = Whose::Stated(concerns.clone());
        }
        true
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
        let rows = self.suspects(columns, keys).into_iter().map(|row| format!("row {row}"));
        if self.ragged.is_empty() {
            return rows.collect();
        }
        let persons: Vec<(&ResidentId, Probe)> = keys.iter().map(|key| (key, Probe::new(key))).collect();
        let ragged = self.ragged.iter().filter(|row| persons.iter().any(|person| self.ragged_could_be(row, person)));
        let ragged = ragged.map(|row| format!("line {}", row.line));
        rows.chain(ragged).collect()
    }

    /// Row ids of unreadable cells in these columns that could be one of the keys'.
    pub fn suspects(&self, columns: &[usize], keys: &[ResidentId]) -> Vec<i64> {
        let mut rows = Vec::new();
        if !self.unreadable.is_empty() {
            let persons: Vec<(&ResidentId, Probe)> = keys.iter().map(|key| (key, Probe::new(key))).collect();
            let cells = self.unreadable.iter().filter(|cell| columns.contains(&cell.column));
            rows.extend(cells.filter(|cell| persons.iter().any(|person| cell.could_be(person))).map(|cell| cell.row));
        }
        let cells = self.rounded_suspects(keys).into_iter().filter_map(|place| self.rounded.get(place));
        rows.extend(cells.filter(|cell| columns.contains(&cell.column)).map(|cell| cell.row));
        if !self.doubtful.is_empty() {
            let cells = keys.iter().flat_map(|key| {
                let cells = resident_id::doubtfuls(key).filter_map(|digits| self.doubtful.get(&digits)).flatten();
                cells.filter(move |(_, _, person)| person != key)
            });
            rows.extend(cells.filter(|(column, ..)| columns.contains(column)).map(|(_, row, _)| *row));
        }
        rows.dedup();
        rows
    }

    /// After the last row: a column of ids in which hardly anybody can be read is another column, or was put into other words (a hash, a
    /// vendor's encryption); that a person is not found in it says nothing.
    pub fn plausible(&self) -> Result<(), SourceError> {
        for (column, Held { readable, foreign }) in self.columns.iter().zip(&self.held) {
            if (*foreign > FEW && foreign > readable) || (*readable == 0 && *foreign > HANDFUL) {
                let detail = format!(
                    "of the identifiers in column {} of the dataset file {foreign} are neither a person's nor a credit code, and only {readable} \
                     are; name the column that holds resident ids, or have them given out as they are",
                    column + 1
                );
                return Err(SourceError::new(ErrorCode::SourceImplausible, detail));
            }
        }
        Ok(())
    }

    /// Where rounded cells stand that could be one of the keys'.
    fn rounded_suspects(&self, keys: &[ResidentId]) -> BTreeSet<usize> {
        let mut places = BTreeSet::new();
        if self.rounded.is_empty() {
            return places;
        }
        for digits in keys.iter().flat_map(resident_id::fifteens) {
            places.extend(self.rounded_by.get(&digits).into_iter().flatten());
        }
        places.retain(|place| self.rounded.get(*place).is_some_and(UnreadableCell::is_open));
        let stated = self.rounded_stated.iter().filter_map(|place| Some((*place, self.rounded.get(*place)?)));
        for (place, cell) in stated {
            if let Whose::Stated(concerns) = &cell.whose
                && keys.iter().any(|key| concerns.could_be(key))
            {
                places.insert(place);
            }
        }
        places
    }

    fn ragged_could_be(&self, row: &RaggedRow, person: &(&ResidentId, Probe)) -> bool {
        self.adjudications.of(&row.digest).map_or_else(|| row.suspect.could_be(&person.1), |concerns| concerns.could_be(person.0))
    }

    /// Locators of all rows that could be another's than they say, and of which their owner has stated nothing.
    pub fn unreadable(&self) -> impl Iterator<Item = String> + '_ {
        self.open_cells().map(|cell| format!("row {}", cell.row)).chain(self.open_ragged().map(|row| format!("line {}", row.line)))
    }

    /// Rows with an unreadable cell of which their owner has stated nothing; one stands here once for each such cell. An id that a spreadsheet
    /// may have rounded is readable, and concerns few: no clerk is asked about it.
    pub fn open_rows(&self) -> impl Iterator<Item = i64> + '_ {
        self.unreadable.iter().filter(|cell| cell.is_open()).map(|cell| cell.row)
    }

    fn open_cells(&self) -> impl Iterator<Item = &UnreadableCell> {
        self.cells().filter(|cell| cell.is_open())
    }

    /// Ragged rows of which their owner has stated nothing.
    pub fn open_ragged(&self) -> impl Iterator<Item = &RaggedRow> {
        self.ragged.iter().filter(|row| self.adjudications.of(&row.digest).is_none())
    }

    /// How many unreadable cells and ragged rows there are of which nothing is stated.
    pub fn unreadable_count(&self) -> u64 {
        (self.open_cells().count() + self.open_ragged().count()) as u64
    }

    /// Of how many something is stated.
    pub fn adjudicated_count(&self) -> u64 {
        (self.unreadable.len() + self.rounded.len() + self.ragged.len()) as u64 - self.unreadable_count()
    }

    /// How many cells are spelled irregularly.
    pub fn irregular_count(&self) -> u64 {
        self.irregular.values().map(|rows| rows.len() as u64).sum()
    }

    fn cells(&self) -> impl Iterator<Item = &UnreadableCell> {
        self.unreadable.iter().chain(&self.rounded)
    }

    fn bounded(&self) -> Result<(), SourceError> {
        if self.unreadable.len() + self.ragged.len() > MOST_UNREADABLE {
            let detail = format!("more than {MOST_UNREADABLE} rows without a readable identifier; is the column's `type` right?");
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        // One id in a thousand ends so: many of them are no fault of the register's.
        if self.irregular.len() + self.rounded.len() + self.doubtful_count > MOST_IRREGULAR {
            let detail = format!(
                "more than {MOST_IRREGULAR} identifiers in irregular spellings or rounded; clean the column or add a normalised one"
            );
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        Ok(())
    }
}

fn is_blank(raw: &str) -> bool {
    raw.chars().all(char::is_whitespace)
}
