//! Whose a cell of a column of keys is.

use super::suspect::KeySuspect;
use super::{Key, KeyKind, Named};
use crate::resident_id::{self, Declared, Reading, Whose};
use crate::{CivilDay, enterprise, vessel};

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
        KeyKind::Vessel => of_vessels(declared, raw, today),
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

/// A number of a keel to be laid in a year to come is not yet a vessel's, alone or in a list.
fn of_vessels(declared: &Declared, raw: &str, today: CivilDay) -> KeyWhose {
    let numbers = vessel::accounted(declared, raw);
    let there = |numbers: &Vec<_>| !numbers.iter().any(|one| vessel::is_to_come(one, today));
    let named = |number| Named::Key(Key::Vessel(number));
    match numbers.filter(there).as_deref() {
        Some([]) => KeyWhose::Nobody,
        Some([number]) => KeyWhose::One(named(*number)),
        Some(several) => KeyWhose::Several(several.iter().copied().map(named).collect()),
        None if declared.is_unknown(raw) => KeyWhose::Could(KeySuspect::anybody(KeyKind::Vessel)),
        None => KeyWhose::Could(KeySuspect::Vessel(vessel::Suspect::new(raw))),
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
        KeyKind::Vessel => match vessel::accounted(declared, raw)?.as_slice() {
            [number] => Some(Named::Key(Key::Vessel(*number))),
            _ => None,
        },
    }
}
