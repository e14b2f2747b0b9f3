//! The profiling pass: one look over the key columns that finds what an index cannot. It remembers
//! which rows hold a known person in an irregular spelling or beside others, which are a person's
//! by their owner's ruling, and which are not accounted for; everything else the index finds.

mod cells;
mod key_columns;
mod recording;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_datasets::key::KeyProbe;
use zerotrip_datasets::{CivilDay, Key, KeyKind, Named, resident_id};
use zerotrip_trust::digest::Digest;

use self::cells::{CellStatus, ColumnCounts, SuspectCell};
use self::key_columns::KeyColumn;
use super::statements::{HeldStatements, StatementRules};
use super::{RawRow, SourceError};
use crate::rulings::{Concerns, Rulings};

pub use self::cells::KeyCell;
#[cfg(test)]
pub use self::key_columns::DeclaredKey;
pub use self::key_columns::KeyColumns;

/// More unreadable rows than this is not a register with blemishes but a broken one.
pub const MOST_UNREADABLE: usize = 10_000;

/// What the pass found in one table.
#[derive(Debug)]
pub struct Profile {
    /// Rows, unreadable ones included.
    pub rows: u64,
    /// By column place and name: row ids that an index of regular spellings does not find.
    irregular: HashMap<(usize, Named), Vec<i64>>,
    /// Cells that are not accounted for.
    unreadable: Vec<SuspectCell>,
    /// Cells that are a person's id, and could as well be what a spreadsheet left of another's.
    rounded: Vec<SuspectCell>,
    /// Where those of them are, by the digits that are left: they can be a hundredth of a
    /// register, too many to be held against each of many keys.
    rounded_by: HashMap<u64, Vec<usize>>,
    /// 15-digit ids that may be another's, by their digits: where, and whose they are by their
    /// looks.
    doubtful: HashMap<u64, Vec<(usize, i64, Named)>>,
    /// How many of those there are.
    doubtful_count: usize,
    /// Where the things are of whose numbers a slip can make another's, and nothing shows which is
    /// right.
    things: HashMap<Key, Vec<(usize, i64)>>,
    /// How many of those there are.
    thing_count: usize,
    /// Rows that name a person outside the look-ups, where no look-up's column of the same row
    /// says so.
    mentioned: Vec<SuspectCell>,
    /// Where those are, by the person.
    mentioned_by: HashMap<Key, Vec<usize>>,
    /// Where those are that hold a damaged id there.
    damaged_mentions: Vec<usize>,
    /// Places of the columns in which such a person may be.
    mention_columns: Vec<usize>,
    /// What the cells of each of `columns` hold.
    counts: Vec<ColumnCounts>,
    /// Rows that could not be split into columns: each could be any person's.
    ragged: Vec<RaggedRow>,
    /// The dataset's look-ups.
    look_ups: Vec<KeyColumns>,
    /// All their columns, each once.
    columns: Vec<KeyColumn>,
    /// What the owner has stated of unreadable rows.
    rulings: Arc<Rulings>,
    /// How many rows there are of each digest of which something is stated.
    ruled_rows: HashMap<Digest, u64>,
    /// No person is born later.
    today: CivilDay,
    /// What the owner states, held against every row.
    statements: HeldStatements,
}

/// A row that could not be split into columns.
#[derive(Clone, Debug)]
pub struct RaggedRow {
    /// Its line in the file.
    pub line: u64,
    /// By which its owner can state which persons it concerns.
    pub digest: Digest,
    /// Its beginning, for the owner.
    pub excerpt: String,
}

impl Profile {
    /// An empty one, for a dataset with these look-ups. `mention_columns` are the columns of
    /// [`KeyColumns::mention_columns`].
    pub fn new(
        look_ups: Vec<KeyColumns>,
        mention_columns: Vec<usize>,
        ragged: Vec<RaggedRow>,
        rulings: Arc<Rulings>,
    ) -> Result<Self, SourceError> {
        let key = |place: usize| {
            look_ups
                .iter()
                .find_map(|look_up| look_up.declared.get(&place))
                .cloned()
                .unwrap_or_default()
        };
        let columns: Vec<KeyColumn> = KeyColumns::places(&look_ups)
            .into_iter()
            .map(|place| KeyColumn { place, key: key(place) })
            .collect();
        let mut ruled_rows = HashMap::new();
        for row in ragged.iter().filter(|row| rulings.of(&row.digest).is_some()) {
            *ruled_rows.entry(row.digest).or_default() += 1;
        }
        let profile = Self {
            rows: ragged.len() as u64,
            irregular: HashMap::new(),
            unreadable: Vec::new(),
            rounded: Vec::new(),
            rounded_by: HashMap::new(),
            doubtful: HashMap::new(),
            doubtful_count: 0,
            things: HashMap::new(),
            thing_count: 0,
            mentioned: Vec::new(),
            mentioned_by: HashMap::new(),
            damaged_mentions: Vec::new(),
            mention_columns,
            counts: vec![ColumnCounts::default(); columns.len()],
            ragged,
            look_ups,
            columns,
            rulings,
            ruled_rows,
            today: CivilDay::at(SystemTime::now()),
            statements: HeldStatements::default(),
        };
        profile.bounded()?;
        Ok(profile)
    }

    /// Holds what the owner states against every row that is noted.
    pub fn holding(self, rules: &Arc<StatementRules>) -> Self {
        Self { statements: HeldStatements::new(Arc::clone(rules)), ..self }
    }

    /// Whether answers can rest on these rows: none of them refutes what the owner states.
    pub fn require_stated(&self) -> Result<(), SourceError> {
        self.statements.require()
    }

    /// Of which kinds somebody is looked up.
    pub fn kinds(&self) -> BTreeSet<KeyKind> {
        KeyColumns::kinds(&self.look_ups)
    }

    /// Of which kind the keys in the column at this place are, if a look-up asks it.
    pub fn kind_of(&self, place: usize) -> Option<KeyKind> {
        self.key_column(place).map(|column| column.key.kind)
    }

    /// By what a row names, in these columns, whom it is about: by one whole number each.
    pub fn names<'a>(
        &'a self,
        columns: &'a [usize],
        row: RawRow<'a>,
    ) -> impl Iterator<Item = (usize, Named)> + 'a {
        columns.iter().filter_map(move |place| {
            Some((*place, self.key_column(*place)?.key.name_in(row.get(*place)?)?))
        })
    }

    /// The same of one cell.
    pub fn name_in(&self, place: usize, raw: &str) -> Option<Named> {
        self.key_column(place)?.key.name_in(raw)
    }

    fn key_column(&self, place: usize) -> Option<&KeyColumn> {
        self.columns.iter().find(|column| column.place == place)
    }

    /// Rows that hold one of the keys in a spelling that no index was asked for.
    pub fn irregular_rows(&self, columns: &[usize], keys: &[Key]) -> Vec<i64> {
        if self.irregular.is_empty() {
            return Vec::new();
        }
        let names = || keys.iter().flat_map(Key::names);
        let places = columns.iter().flat_map(|column| names().map(move |name| (*column, name)));
        places.filter_map(|place| self.irregular.get(&place)).flatten().copied().collect()
    }

    /// Locators of unreadable rows that could be one of the keys'.
    pub fn could_match(&self, columns: &[usize], keys: &[Key]) -> Vec<String> {
        let rows = self.suspects(columns, keys).into_iter().map(|row| format!("row {row}"));
        let ragged = self.ragged.iter().filter(|row| {
            self.stated_of(row).is_none_or(|concerns| keys.iter().any(|key| concerns.could_be(key)))
        });
        rows.chain(ragged.map(|row| format!("line {}", row.line))).collect()
    }

    /// Row ids of cells in these columns that could be one of the keys' and are not accounted for
    /// as theirs.
    pub fn suspects(&self, columns: &[usize], keys: &[Key]) -> Vec<i64> {
        let mut rows = Vec::new();
        let persons: Vec<(&Key, KeyProbe)> =
            keys.iter().map(|key| (key, KeyProbe::new(key))).collect();
        let concerns = |cell: &&SuspectCell| {
            columns.contains(&cell.column) && persons.iter().any(|person| cell.could_be(person))
        };
        rows.extend(self.unreadable.iter().filter(concerns).map(|cell| cell.row));
        rows.extend(
            self.rounded_suspects(keys)
                .into_iter()
                .filter(|cell| columns.contains(&cell.column))
                .map(|cell| cell.row),
        );
        rows.extend(self.mentions(keys, &persons).map(|cell| cell.row));
        if !self.doubtful.is_empty() {
            let cells = keys.iter().filter_map(|key| Some((key, key.resident()?)));
            let cells = cells.flat_map(|(key, id)| {
                let cells = resident_id::doubtfuls(id)
                    .filter_map(|digits| self.doubtful.get(&digits))
                    .flatten();
                cells.filter(move |(_, _, person)| *person != Named::Key(*key))
            });
            rows.extend(
                cells.filter(|(column, ..)| columns.contains(column)).map(|(_, row, _)| *row),
            );
        }
        rows.extend(self.near_things(columns, keys));
        rows.dedup();
        rows
    }

    /// Rows of things whose numbers are one slip from that of one of the keys.
    fn near_things(&self, columns: &[usize], keys: &[Key]) -> Vec<i64> {
        if self.things.is_empty() {
            return Vec::new();
        }
        let near = keys.iter().flat_map(Key::neighbours);
        let cells = near.filter_map(|key| self.things.get(&key)).flatten();
        cells.filter(|(column, _)| columns.contains(column)).map(|(_, row)| *row).collect()
    }

    /// Cells outside the look-ups that name one of the keys, or hold a damaged id that could be
    /// theirs, or in whose rows the owner has stated that they could be theirs.
    fn mentions<'a>(
        &'a self,
        keys: &'a [Key],
        persons: &'a [(&'a Key, KeyProbe)],
    ) -> impl Iterator<Item = &'a SuspectCell> {
        let could_be = |place: &&usize| {
            self.mentioned
                .get(**place)
                .is_some_and(|cell| persons.iter().any(|person| cell.suspect.could_be(&person.1)))
        };
        let cells = keys
            .iter()
            .filter_map(|key| self.mentioned_by.get(key))
            .flatten()
            .chain(self.damaged_mentions.iter().filter(could_be));
        let open =
            cells.filter_map(|place| self.mentioned.get(*place)).filter(|cell| cell.is_open());
        let stated = self.mentioned.iter().filter(|cell| match &cell.status {
            CellStatus::Stated(concerns) => keys.iter().any(|key| concerns.could_be(key)),
            CellStatus::Open | CellStatus::Settled => false,
        });
        open.chain(stated)
    }

    /// Rounded cells that could be one of the keys'.
    fn rounded_suspects(&self, keys: &[Key]) -> Vec<&SuspectCell> {
        let stated = self.rounded.iter().filter(|cell| match &cell.status {
            CellStatus::Stated(concerns) => keys.iter().any(|key| concerns.could_be(key)),
            CellStatus::Open | CellStatus::Settled => false,
        });
        let mut places: BTreeSet<usize> = BTreeSet::new();
        if !self.rounded.is_empty() {
            for digits in keys.iter().filter_map(Key::resident).flat_map(resident_id::fifteens) {
                places.extend(self.rounded_by.get(&digits).into_iter().flatten().copied());
            }
        }
        places
            .into_iter()
            .filter_map(|place| self.rounded.get(place))
            .filter(|cell| cell.is_open())
            .chain(stated)
            .collect()
    }

    /// What the owner has stated of a ragged row.
    fn stated_of(&self, row: &RaggedRow) -> Option<&Concerns> {
        covering(&self.rulings, &self.ruled_rows, &row.digest)
    }

    /// Locators of all rows that could be another's than they say, and of which their owner has
    /// stated nothing.
    pub fn unreadable(&self) -> impl Iterator<Item = String> + '_ {
        self.open_cells()
            .map(|cell| format!("row {}", cell.row))
            .chain(self.open_ragged().map(|row| format!("line {}", row.line)))
    }

    /// Rows with an unreadable cell of which their owner has stated nothing; one is here once
    /// for each such cell. An id that a spreadsheet may have rounded is readable, and concerns
    /// few: no clerk is asked about it.
    pub fn open_rows(&self) -> impl Iterator<Item = i64> + '_ {
        self.unreadable
            .iter()
            .chain(&self.mentioned)
            .filter(|cell| cell.is_open())
            .map(|cell| cell.row)
    }

    /// How many rows could concern any person: while there is one, no absence can be proven.
    pub fn anybodys(&self) -> u64 {
        let rows: BTreeSet<i64> = self
            .unreadable
            .iter()
            .filter(|cell| cell.is_open() && cell.suspect.is_anybodys())
            .map(|cell| cell.row)
            .collect();
        (rows.len() + self.open_ragged().count()) as u64
    }

    fn open_cells(&self) -> impl Iterator<Item = &SuspectCell> {
        self.unreadable
            .iter()
            .chain(&self.rounded)
            .chain(&self.mentioned)
            .filter(|cell| cell.is_open())
    }

    /// Ragged rows of which their owner has stated nothing.
    pub fn open_ragged(&self) -> impl Iterator<Item = &RaggedRow> {
        self.ragged.iter().filter(|row| self.stated_of(row).is_none())
    }

    /// How many unreadable cells and ragged rows there are of which nothing is stated.
    pub fn unreadable_count(&self) -> u64 {
        (self.open_cells().count() + self.open_ragged().count()) as u64
    }

    /// Of how many something is stated.
    pub fn adjudicated_count(&self) -> u64 {
        let all =
            self.unreadable.len() + self.rounded.len() + self.mentioned.len() + self.ragged.len();
        all as u64 - self.unreadable_count()
    }

    /// How many cells are spelled irregularly.
    pub fn irregular_count(&self) -> u64 {
        self.irregular.values().map(|rows| rows.len() as u64).sum()
    }
}

/// What is stated of rows with this digest, if there are no more of them than it was stated of.
fn covering<'a>(
    rulings: &'a Rulings,
    ruled_rows: &HashMap<Digest, u64>,
    digest: &Digest,
) -> Option<&'a Concerns> {
    let stated = rulings.of(digest)?;
    (ruled_rows.get(digest).copied().unwrap_or(0) <= stated.rows).then_some(&stated.concerns)
}
