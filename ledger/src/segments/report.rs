//! What there is of the past, in figures.

use std::path::Path;

use rusqlite::Connection;

use super::copies::{Copied, list_copies, unconfirmed};
use super::elsewhere::Archive;
use super::file::all;
use super::holds::{Hold, list_holds};
use super::kind::Kind;
use super::objects::{Object, State, all_objects, in_state};
use super::unconfirmed::Unconfirmed;
use crate::error::{LedgerError, OpenError};
use crate::schema;

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRow {
    /// From 1.
    pub number: u64,
    /// The day on which it was begun, in UTC.
    pub day: String,
    /// Its first leaf.
    pub first: u64,
    /// The leaf behind its last one.
    pub end: u64,
    /// Bytes of its entries' file.
    pub entries_bytes: u64,
    /// Bytes of its bodies' file; 0 once it is dropped.
    pub bodies_bytes: u64,
    /// Bodies with their key.
    pub bodies: u64,
    /// Its bodies are erased, and their file is removed or about to be.
    pub dropped: bool,
    /// Where its entries are.
    pub entries: Whereabouts,
    /// Where its bodies are.
    pub bodies_file: Whereabouts,
}

impl SegmentRow {
    fn elsewhere_bytes(&self) -> u64 {
        let of = |at: &Whereabouts, bytes| match at {
            Whereabouts::Elsewhere(_) => bytes,
            _ => 0,
        };
        of(&self.entries, self.entries_bytes)
            .saturating_add(of(&self.bodies_file, self.bodies_bytes))
    }
}

/// Where a file of a segment is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whereabouts {
    /// In the store's folder.
    #[default]
    Here,
    /// There too, and on its way to this object.
    OnItsWay(String),
    /// In this object.
    Elsewhere(String),
    /// Erased, and this object is still to be removed.
    ToBeRemoved(String),
    /// Erased, and removed.
    Removed,
}

/// How large a store is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreFigures {
    /// Leaves.
    pub size: u64,
    /// Of these, moved.
    pub moved: u64,
    /// Pages of the database in use.
    pub database_bytes: u64,
    /// Pages of the database that wait to be used again.
    pub free_bytes: u64,
    /// Files of entries.
    pub entries_bytes: u64,
    /// Files of bodies.
    pub bodies_bytes: u64,
    /// Of both, what is elsewhere.
    pub elsewhere_bytes: u64,
    /// Objects that are still to be removed.
    pub to_be_removed: u64,
}

/// What an operator sees of a store's past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The whole.
    pub figures: StoreFigures,
    /// Oldest first.
    pub segments: Vec<SegmentRow>,
    /// Those in force first.
    pub holds: Vec<Hold>,
    /// The backups that it was put back from, oldest first.
    pub copies: Vec<Copied>,
    /// Whether holds may be missing since one of them.
    pub unconfirmed: Option<Unconfirmed>,
}

/// Looks into the store in `folder`, also while a hub has it open: in another process, which only
/// reads.
pub fn inspect(folder: &Path, origin: &str) -> Result<Inspection, OpenError> {
    let connection = schema::open_reading_past(folder)?;
    let transaction = connection.unchecked_transaction()?;
    let archive = Archive::new(folder, origin, None);
    Ok(Inspection {
        figures: figures(&transaction, &archive)?,
        segments: list(&transaction, &archive)?,
        holds: list_holds(&transaction)?,
        copies: list_copies(&transaction)?,
        unconfirmed: unconfirmed(&transaction)?,
    })
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

/// The segments, oldest first.
pub(crate) fn list(
    connection: &Connection,
    archive: &Archive,
) -> Result<Vec<SegmentRow>, LedgerError> {
    let mut rows = Vec::new();
    let objects = all_objects(connection)?;
    for segment in all(connection, archive.store(), archive.origin())? {
        let (first, end, alive): (i64, i64, i64) = connection
            .prepare_cached(
                "SELECT coalesce(min(first), 0), coalesce(max(end), 0), coalesce(sum(alive), 0) \
                 FROM block WHERE segment = ?1",
            )?
            .query_row([segment.number], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.push(SegmentRow {
            number: unsigned(segment.number),
            first: unsigned(first),
            end: unsigned(end),
            entries_bytes: segment.entries_end,
            bodies_bytes: if segment.dropped { 0 } else { segment.bodies_end },
            bodies: unsigned(alive),
            dropped: segment.dropped,
            entries: whereabouts(&objects, segment.number, Kind::Entries, false),
            bodies_file: whereabouts(&objects, segment.number, Kind::Bodies, segment.dropped),
            day: segment.day,
        });
    }
    Ok(rows)
}

fn whereabouts(objects: &[Object], segment: i64, kind: Kind, dropped: bool) -> Whereabouts {
    let mut found = if dropped { Whereabouts::Removed } else { Whereabouts::Here };
    for object in objects.iter().filter(|one| one.segment == segment && one.kind == kind) {
        found = match object.state {
            State::Begun => Whereabouts::OnItsWay(object.shown()),
            State::Moved | State::Alone => return Whereabouts::Elsewhere(object.shown()),
            State::Leaving if dropped => Whereabouts::ToBeRemoved(object.shown()),
            // It was brought back.
            State::Leaving | State::Left => continue,
        };
    }
    found
}

/// The store in figures.
pub(crate) fn figures(
    connection: &Connection,
    archive: &Archive,
) -> Result<StoreFigures, LedgerError> {
    let pragma = |name: &str| -> rusqlite::Result<u64> {
        Ok(unsigned(connection.pragma_query_value(None, name, |row| row.get(0))?))
    };
    let page = pragma("page_size")?;
    let free = pragma("freelist_count")?;
    let (size, moved): (i64, i64) =
        connection.query_row("SELECT size, moved FROM meta WHERE one = 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let segments = list(connection, archive)?;
    Ok(StoreFigures {
        size: unsigned(size),
        moved: unsigned(moved),
        database_bytes: pragma("page_count")?.saturating_sub(free).saturating_mul(page),
        free_bytes: free.saturating_mul(page),
        entries_bytes: segments.iter().map(|segment| segment.entries_bytes).sum(),
        bodies_bytes: segments.iter().map(|segment| segment.bodies_bytes).sum(),
        elsewhere_bytes: segments.iter().map(SegmentRow::elsewhere_bytes).sum(),
        to_be_removed: in_state(connection, State::Leaving)?.len() as u64,
    })
}
