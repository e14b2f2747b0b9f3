//! Persons, enterprises and things in texts that no look-up asks: whole, or damaged.

use std::collections::BTreeSet;

use zerotrip_datasets::key::{self, KeySuspect};
use zerotrip_datasets::{Key, KeyKind, resident_id};

pub use zerotrip_datasets::key::keys_in;

/// Whom the cells of a row name, each with the cell's place.
pub fn keys_among<'a>(
    kind: KeyKind,
    cells: impl Iterator<Item = Option<&'a str>>,
) -> Vec<(usize, Key)> {
    if kind == KeyKind::Resident {
        // A person's number can be in pieces.
        let persons = resident_id::persons_among(cells).into_iter();
        return persons.map(|(at, id)| (at, Key::Resident(id))).collect();
    }
    let each = cells.enumerate().filter_map(|(at, cell)| Some((at, cell?)));
    each.flat_map(|(at, cell)| keys_in(kind, cell).into_iter().map(move |key| (at, key))).collect()
}

/// Whether a text names anybody of these kinds.
pub fn names_anybody(kinds: &BTreeSet<KeyKind>, text: &str) -> bool {
    kinds.iter().any(|kind| key::names_any(*kind, text))
}

/// Whether a text could be about anybody at all.
pub fn may_be_about_anybody(text: &str) -> bool {
    KeyKind::ALL
        .into_iter()
        .any(|kind| !keys_in(kind, text).is_empty() || !damaged_in(kind, Some(text)).is_empty())
}

/// Whose the damaged numbers in a cell could be.
pub fn damaged_in(kind: KeyKind, cell: Option<&str>) -> Vec<KeySuspect> {
    cell.map(|text| key::damaged_in(kind, text)).unwrap_or_default()
}
