//! Whose a cell of a column of keys is.

use super::suspect::KeySuspect;
use super::{Key, KeyKind, Named};
use crate::resident_id::{self, Declared, Reading, Whose};
use crate::{CivilDay, enterprise, property_unit, vehicle, vessel};

/// Whose a cell is.
#[derive(Clone, Debug)]
pub enum KeyWhose {
    /// This one's.
    One(Named),
    /// These ones', each once.
    Several(Vec<Named>),
    /// An organisation's, in a column of residents, by its credit code.
    Organisation,
    /// Nobody's who can be asked about, by its owner's word.
    Nobody,
    /// Not accounted for: it counts for every key whose it could be.
    Could(KeySuspect),
}

/// Whose the cell of a column of such keys is, on that day. The cell is not blank.
pub fn whose(kind: KeyKind, declared: &Declared, raw: &str, today: CivilDay) -> KeyWhose {
    match kind {
        KeyKind::Resident => of_residents(declared.whose(raw, today)),
        KeyKind::Enterprise => of_enterprises(declared, raw),
        KeyKind::Vessel => {
            // A number of a keel to be laid in a year to come is not yet a vessel's, alone or in a
            // list.
            let numbers = vessel::accounted(declared, raw);
            let there =
                |numbers: &Vec<_>| !numbers.iter().any(|one| vessel::is_to_come(one, today));
            let suspect = || KeySuspect::Vessel(vessel::Suspect::new(raw));
            of_things(kind, declared, raw, numbers.filter(there), suspect)
        }
        KeyKind::Vehicle => {
            let suspect = || KeySuspect::Vehicle(vehicle::suspect(declared, raw));
            of_things(kind, declared, raw, vehicle::accounted(declared, raw), suspect)
        }
        KeyKind::PropertyUnit => {
            let suspect = || KeySuspect::PropertyUnit(property_unit::Suspect::new(raw));
            of_things(kind, declared, raw, property_unit::accounted(declared, raw), suspect)
        }
    }
}

fn of_residents(whose: Whose) -> KeyWhose {
    let named = |id| Named::Key(Key::Resident(id));
    match whose {
        Whose::Person(id) => KeyWhose::One(named(id)),
        Whose::Several(ids) => KeyWhose::Several(ids.into_iter().map(named).collect()),
        Whose::Organisation => KeyWhose::Organisation,
        Whose::Nobody => KeyWhose::Nobody,
        Whose::Could(suspect) => KeyWhose::Could(KeySuspect::Resident(suspect)),
    }
}

fn of_enterprises(declared: &Declared, raw: &str) -> KeyWhose {
    let numbers = enterprise::accounted(declared, raw);
    match numbers.as_deref() {
        Some([]) => KeyWhose::Nobody,
        Some([number]) => KeyWhose::One(Named::from(*number)),
        Some(several) => KeyWhose::Several(several.iter().copied().map(Named::from).collect()),
        // A word for "not known" could be anybody's, however it could be read.
        None if declared.is_unknown(raw) => {
            KeyWhose::Could(KeySuspect::anybody(KeyKind::Enterprise))
        }
        None => KeyWhose::Could(KeySuspect::Enterprise(enterprise::Suspect::new(raw))),
    }
}

fn of_things<T: Copy + Into<Key>>(
    kind: KeyKind,
    declared: &Declared,
    raw: &str,
    numbers: Option<Vec<T>>,
    suspect: impl FnOnce() -> KeySuspect,
) -> KeyWhose {
    let named = |number: T| Named::Key(number.into());
    match numbers.as_deref() {
        Some([]) => KeyWhose::Nobody,
        Some([number]) => KeyWhose::One(named(*number)),
        Some(several) => KeyWhose::Several(several.iter().copied().map(named).collect()),
        // A word for "not known" could be anybody's, however it could be read.
        None if declared.is_unknown(raw) => KeyWhose::Could(KeySuspect::anybody(kind)),
        None => KeyWhose::Could(suspect()),
    }
}

/// By what one whole number names whom a row is about, if the cell is one.
pub fn name_in(kind: KeyKind, declared: &Declared, raw: &str) -> Option<Named> {
    match kind {
        KeyKind::Resident => match resident_id::parse(raw) {
            Reading::Person(id) => Some(Named::Key(Key::Resident(id))),
            Reading::Code(_) | Reading::Unreadable => None,
        },
        KeyKind::Enterprise => match enterprise::accounted(declared, raw)?.as_slice() {
            [number] => Some(Named::from(*number)),
            _ => None,
        },
        KeyKind::Vessel => alone(&vessel::accounted(declared, raw)?),
        KeyKind::Vehicle => alone(&vehicle::accounted(declared, raw)?),
        KeyKind::PropertyUnit => alone(&property_unit::accounted(declared, raw)?),
    }
}

fn alone<T: Copy + Into<Key>>(numbers: &[T]) -> Option<Named> {
    match numbers {
        [number] => Some(Named::Key((*number).into())),
        _ => None,
    }
}
