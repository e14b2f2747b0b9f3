//! Whom a text names that no look-up asks, or that an owner declares for nobody: whole numbers, and
//! damaged ones.

use super::suspect::KeySuspect;
use super::{Key, KeyKind};
use crate::resident_id::Declared;
use crate::{enterprise, property_unit, resident_id, vehicle, vessel};

/// Whom a text names, each once.
pub fn keys_in(kind: KeyKind, text: &str) -> Vec<Key> {
    fn of<T: Into<Key>>(numbers: Vec<T>) -> Vec<Key> {
        numbers.into_iter().map(Into::into).collect()
    }
    match kind {
        KeyKind::Resident => of(resident_id::persons_in(text)),
        KeyKind::Enterprise => of(enterprise::enterprises_in(text)),
        KeyKind::Vessel => of(vessel::vessels_in(text)),
        KeyKind::Vehicle => of(vehicle::vehicles_in(text)),
        KeyKind::PropertyUnit => of(property_unit::units_in(text)),
    }
}

/// Whose the damaged numbers in a text could be.
pub fn damaged_in(kind: KeyKind, text: &str) -> Vec<KeySuspect> {
    fn of<T>(found: Vec<T>, suspect: impl Fn(T) -> KeySuspect) -> Vec<KeySuspect> {
        found.into_iter().map(suspect).collect()
    }
    match kind {
        KeyKind::Resident => {
            of(resident_id::damaged_in(text), |found| KeySuspect::Resident(found.suspect))
        }
        KeyKind::Enterprise => of(enterprise::damaged_in(text), KeySuspect::Enterprise),
        KeyKind::Vessel => of(vessel::damaged_in(text), KeySuspect::Vessel),
        KeyKind::Vehicle => of(vehicle::damaged_in(text), KeySuspect::Vehicle),
        KeyKind::PropertyUnit => of(property_unit::damaged_in(text), KeySuspect::PropertyUnit),
    }
}

/// Whether a text names anybody of this kind, as far as a reader can see.
pub fn names_any(kind: KeyKind, text: &str) -> bool {
    match kind {
        KeyKind::Resident => resident_id::names_somebody(text),
        _ => !keys_in(kind, text).is_empty(),
    }
}

/// Whether a word that an owner declares could be a key of this kind, or what is left of one.
pub fn could_be_a_key(kind: KeyKind, word: &str) -> bool {
    names_any(kind, word)
        || match kind {
            KeyKind::Resident => !resident_id::Suspect::new(word).is_anybodys(),
            KeyKind::Enterprise => {
                !enterprise::Suspect::new(word).is_anybodys()
                    || enterprise::accounted(&Declared::default(), word).is_some()
            }
            KeyKind::Vessel => !vessel::Suspect::new(word).is_anybodys(),
            KeyKind::Vehicle => {
                !vehicle::Suspect::new(word).is_anybodys()
                    || vehicle::accounted(&Declared::default(), word).is_some()
            }
            KeyKind::PropertyUnit => !property_unit::Suspect::new(word).is_anybodys(),
        }
}
