//! Persons, enterprises and vessels in texts that no look-up asks: whole, or damaged.

use std::collections::BTreeSet;

use zerotrip_datasets::key::KeySuspect;
use zerotrip_datasets::{Key, KeyKind, enterprise, resident_id, vessel};

/// Whom the cells of a row name, each with the cell's place.
pub fn keys_among<'a>(
    kind: KeyKind,
    cells: impl Iterator<Item = Option<&'a str>>,
) -> Vec<(usize, Key)> {
    match kind {
        KeyKind::Resident => {
            let persons = resident_id::persons_among(cells).into_iter();
            persons.map(|(at, id)| (at, Key::Resident(id))).collect()
        }
        KeyKind::Enterprise => {
            let each = cells.enumerate().filter_map(|(at, cell)| Some((at, cell?)));
            let codes = each.flat_map(|(at, cell)| {
                enterprise::enterprises_in(cell).into_iter().map(move |code| (at, code))
            });
            codes.map(|(at, code)| (at, Key::Enterprise(code))).collect()
        }
        KeyKind::Vessel => {
            let each = cells.enumerate().filter_map(|(at, cell)| Some((at, cell?)));
            let numbers = each.flat_map(|(at, cell)| {
                vessel::vessels_in(cell).into_iter().map(move |number| (at, number))
            });
            numbers.map(|(at, number)| (at, Key::Vessel(number))).collect()
        }
    }
}

/// Whom a text names.
pub fn keys_in(kind: KeyKind, text: &str) -> Vec<Key> {
    match kind {
        KeyKind::Resident => resident_id::persons_in(text).into_iter().map(Key::Resident).collect(),
        KeyKind::Enterprise => {
            enterprise::enterprises_in(text).into_iter().map(Key::Enterprise).collect()
        }
        KeyKind::Vessel => vessel::vessels_in(text).into_iter().map(Key::Vessel).collect(),
    }
}

/// Whether a text names anybody of these kinds.
pub fn names_anybody(kinds: &BTreeSet<KeyKind>, text: &str) -> bool {
    kinds.iter().any(|kind| match kind {
        KeyKind::Resident => resident_id::names_somebody(text),
        KeyKind::Enterprise => !enterprise::enterprises_in(text).is_empty(),
        KeyKind::Vessel => !vessel::vessels_in(text).is_empty(),
    })
}

/// Whether a text could be about anybody at all.
pub fn may_be_about_anybody(text: &str) -> bool {
    KeyKind::ALL
        .into_iter()
        .any(|kind| !keys_in(kind, text).is_empty() || !damaged_in(kind, Some(text)).is_empty())
}

/// Whose the damaged numbers in a cell could be.
pub fn damaged_in(kind: KeyKind, cell: Option<&str>) -> Vec<KeySuspect> {
    let Some(text) = cell else { return Vec::new() };
    match kind {
        KeyKind::Resident => {
            let damaged = resident_id::damaged_in(text).into_iter();
            damaged.map(|one| KeySuspect::Resident(one.suspect)).collect()
        }
        KeyKind::Enterprise => {
            enterprise::damaged_in(text).into_iter().map(KeySuspect::Enterprise).collect()
        }
        KeyKind::Vessel => vessel::damaged_in(text).into_iter().map(KeySuspect::Vessel).collect(),
    }
}
