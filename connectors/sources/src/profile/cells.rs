//! Cells of key columns: as a system stores them, and those that a profile keeps.

use zerotrip_datasets::key::{KeyProbe, KeySuspect};
use zerotrip_datasets::{Key, Named};
use zerotrip_trust::digest::Digest;

use crate::rulings::Concerns;

/// A key cell as its system stores it.
#[derive(Clone, Copy, Debug)]
pub enum KeyCell<'a> {
    /// NULL.
    Null,
    /// Text that may have passed through a spreadsheet or a number; an index finds it by its
    /// spellings.
    Text(&'a str),
    /// Text as it was written into a database: nothing has rounded it.
    Stored(&'a str),
    /// A number, which an index of text does not find.
    Number(&'a str),
}

impl<'a> KeyCell<'a> {
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Null => None,
            Self::Text(raw) | Self::Stored(raw) | Self::Number(raw) => Some(raw),
        }
    }
}

/// How many cells of a column name a person or an organisation, and how many name neither. A cell
/// that could be any person's is not counted: it stops every absence by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ColumnCounts {
    pub readable: u64,
    pub foreign: u64,
}

/// A cell that concerns others than an index says.
#[derive(Debug)]
pub(super) struct SuspectCell {
    pub column: usize,
    pub row: i64,
    /// Whom it could concern by its form.
    pub suspect: KeySuspect,
    /// Whose it is by its form; none where it is unreadable.
    pub reads_as: Option<Named>,
    /// It has no value that the system could be asked for.
    pub is_blank: bool,
    /// The row's digest, where its owner has stated something of it.
    pub ruled: Option<Digest>,
    pub status: CellStatus,
}

/// What is settled of a cell.
#[derive(Debug)]
pub(super) enum CellStatus {
    /// Nothing: it concerns every person that it could.
    Open,
    /// Its row can concern these, as the owner has stated.
    Stated(Concerns),
    /// It concerns no one, or persons who have the row now.
    Settled,
}

impl SuspectCell {
    pub(super) fn could_be(&self, person: &(&Key, KeyProbe)) -> bool {
        match &self.status {
            CellStatus::Open => self.suspect.could_be(&person.1),
            CellStatus::Stated(concerns) => concerns.could_be(person.0),
            CellStatus::Settled => false,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.status, CellStatus::Open)
    }
}
