//! Whom a register is asked about: a resident, an enterprise, a vessel, a vehicle or a
//! real-property unit. One request, one look-up and one scan have keys of one kind.

mod suspect;
mod texts;
mod whose;
mod words;

use std::collections::HashMap;
use std::fmt;

use chrono::NaiveDate;
use zerotrip_proto::v1::{self, SemanticType};

use crate::normal::organisation_code::OrganisationCode;
use crate::normal::unit_code::UnitCode;
use crate::normal::uscc::Uscc;
use crate::normal::vessel_number::VesselNumber;
use crate::normal::vin::Vin;
use crate::resident_id::{Declared, Reading, ResidentId};
use crate::{CivilDay, enterprise, property_unit, resident_id, vehicle, vessel};

pub use suspect::{KeyProbe, KeySuspect};
pub use texts::{could_be_a_key, damaged_in, keys_in, names_any};
pub use whose::{KeyWhose, name_in, whose};
pub use words::KindWords;

/// Of which kind a key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// A resident, by the number of their card.
    #[default]
    Resident,
    /// An enterprise, by its unified social credit code.
    Enterprise,
    /// A vessel, by its ship identification number.
    Vessel,
    /// A vehicle, by its vehicle identification number.
    Vehicle,
    /// A real-property unit, by its code.
    PropertyUnit,
}

/// Whom a register is asked about.
///
/// `Display` and `Debug` mask it; [`Key::as_str`] is the whole of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A resident.
    Resident(ResidentId),
    /// An enterprise.
    Enterprise(Uscc),
    /// A vessel.
    Vessel(VesselNumber),
    /// A vehicle.
    Vehicle(Vin),
    /// A real-property unit.
    PropertyUnit(UnitCode),
}

/// By what a row says whom it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// By the key.
    Key(Key),
    /// By what an enterprise's key has inside.
    Organisation(OrganisationCode),
}

/// Keys, by everything that a row can name them by.
#[derive(Clone, Debug, Default)]
pub struct KeySet(HashMap<Named, Vec<Key>>);

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Resident, Self::Enterprise, Self::Vessel, Self::Vehicle, Self::PropertyUnit];

    /// The kind of keys that columns of this type hold.
    pub fn of(semantic: SemanticType) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.semantic() == semantic)
    }

    /// The type of the columns by which such keys are looked up.
    pub fn semantic(self) -> SemanticType {
        match self {
            Self::Resident => SemanticType::ResidentId,
            Self::Enterprise => SemanticType::Uscc,
            Self::Vessel => SemanticType::VesselNumber,
            Self::Vehicle => SemanticType::Vin,
            Self::PropertyUnit => SemanticType::UnitCode,
        }
    }

    /// As templates have it; `None` of a kind that is not known here.
    pub fn from_wire(kind: i32) -> Option<Self> {
        match v1::KeyKind::try_from(kind).ok()? {
            v1::KeyKind::Resident => Some(Self::Resident),
            v1::KeyKind::Enterprise => Some(Self::Enterprise),
            v1::KeyKind::Vessel => Some(Self::Vessel),
            v1::KeyKind::Vehicle => Some(Self::Vehicle),
            v1::KeyKind::PropertyUnit => Some(Self::PropertyUnit),
        }
    }

    /// As templates have it.
    pub fn to_wire(self) -> v1::KeyKind {
        match self {
            Self::Resident => v1::KeyKind::Resident,
            Self::Enterprise => v1::KeyKind::Enterprise,
            Self::Vessel => v1::KeyKind::Vessel,
            Self::Vehicle => v1::KeyKind::Vehicle,
            Self::PropertyUnit => v1::KeyKind::PropertyUnit,
        }
    }

    /// The key of this kind that a text is to the letter.
    pub fn canonical(self, text: &str) -> Option<Key> {
        self.typed(text).filter(|key| key.as_str() == text)
    }

    /// The key of this kind that somebody has typed: blanks, width and case are forgiven.
    pub fn typed(self, text: &str) -> Option<Key> {
        let resident = ResidentId::new_strict(text).ok();
        match self {
            Self::Resident => resident.map(Key::Resident),
            Self::Enterprise => {
                Uscc::read(text).filter(|_| resident.is_none()).map(Key::Enterprise)
            }
            Self::Vessel => VesselNumber::read(text).map(Key::Vessel),
            Self::Vehicle => Vin::read(text).map(Key::Vehicle),
            Self::PropertyUnit => UnitCode::read(text).map(Key::PropertyUnit),
        }
    }

    /// The key of this kind that a text is, however it is spelled.
    pub fn read(self, raw: &str) -> Option<Key> {
        match self {
            Self::Resident => match resident_id::parse(raw) {
                Reading::Person(id) => Some(Key::Resident(id)),
                Reading::Code(_) | Reading::Unreadable => None,
            },
            Self::Enterprise => {
                match enterprise::accounted(&Declared::default(), raw)?.as_slice() {
                    [enterprise::Number::Code(code)] => Some(Key::Enterprise(*code)),
                    _ => None,
                }
            }
            Self::Vessel => alone(&vessel::accounted(&Declared::default(), raw)?),
            Self::Vehicle => alone(&vehicle::accounted(&Declared::default(), raw)?),
            Self::PropertyUnit => alone(&property_unit::accounted(&Declared::default(), raw)?),
        }
    }

    /// Whether an index of the raw column finds the cell by a key's spellings.
    pub fn is_regular(self, raw: &str) -> bool {
        match self {
            Self::Resident => resident_id::is_regular(raw),
            Self::Enterprise => enterprise::is_regular(raw),
            Self::Vessel => vessel::is_regular(raw),
            Self::Vehicle => vehicle::is_regular(raw),
            Self::PropertyUnit => property_unit::is_regular(raw),
        }
    }

    /// Whether a slip in a whole number of this kind can make another whole one: the check
    /// characters of residents' and enterprises' numbers show every slip.
    pub fn has_neighbours(self) -> bool {
        match self {
            Self::Resident | Self::Enterprise => false,
            Self::Vessel | Self::Vehicle | Self::PropertyUnit => true,
        }
    }
}

/// The one thing of a cell, if it names one.
fn alone<T: Copy + Into<Key>>(numbers: &[T]) -> Option<Key> {
    match numbers {
        [number] => Some((*number).into()),
        _ => None,
    }
}

impl Key {
    /// Of which kind it is.
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Resident(_) => KeyKind::Resident,
            Self::Enterprise(_) => KeyKind::Enterprise,
            Self::Vessel(_) => KeyKind::Vessel,
            Self::Vehicle(_) => KeyKind::Vehicle,
            Self::PropertyUnit(_) => KeyKind::PropertyUnit,
        }
    }

    /// The canonical text: what a look-up's column is asked for, and what is hashed.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Resident(id) => id.as_str(),
            Self::Enterprise(code) => code.as_str(),
            Self::Vessel(number) => number.as_str(),
            Self::Vehicle(number) => number.as_str(),
            Self::PropertyUnit(code) => code.as_str(),
        }
    }

    /// The key that a text is to the letter, of whichever kind: no text is one of two.
    pub fn canonical(text: &str) -> Option<Self> {
        KeyKind::ALL.into_iter().find_map(|kind| kind.canonical(text))
    }

    /// Every regular spelling, which an index of the raw column can be asked for; the canonical one
    /// comes first.
    pub fn spellings(&self) -> Vec<String> {
        match self {
            Self::Resident(id) => id.spellings(),
            Self::Enterprise(code) => code.spellings(),
            Self::Vessel(number) => number.spellings(),
            Self::Vehicle(number) => number.spellings(),
            Self::PropertyUnit(code) => code.spellings(),
        }
    }

    /// The keys that one slip in a whole number makes of this one: a row under one of them may be
    /// this one's.
    pub fn neighbours(&self) -> Vec<Self> {
        match self {
            Self::Resident(_) | Self::Enterprise(_) => Vec::new(),
            Self::Vessel(number) => number.neighbours().map(Self::Vessel).collect(),
            Self::Vehicle(number) => number.neighbours().map(Self::Vehicle).collect(),
            Self::PropertyUnit(code) => code.neighbours().map(Self::PropertyUnit).collect(),
        }
    }

    /// Everything that a row can name it by, the key itself first.
    pub fn names(&self) -> impl Iterator<Item = Named> + use<> {
        let part = match self {
            Self::Enterprise(code) => code.organisation(),
            _ => None,
        };
        std::iter::once(Named::Key(*self)).chain(part.map(Named::Organisation))
    }

    /// The resident, if it is one.
    pub fn resident(&self) -> Option<&ResidentId> {
        match self {
            Self::Resident(id) => Some(id),
            _ => None,
        }
    }

    /// The day of birth that a resident's number states.
    pub fn birth_date(&self) -> Option<NaiveDate> {
        self.resident().map(ResidentId::birth_date)
    }

    /// Whether the number says of itself that it is of a day to come: of a birth, or a keel.
    pub fn is_to_come(&self, today: CivilDay) -> bool {
        match self {
            Self::Resident(id) => id.birth_date() > today.date(),
            Self::Vessel(number) => vessel::is_to_come(number, today),
            Self::Enterprise(_) | Self::Vehicle(_) | Self::PropertyUnit(_) => false,
        }
    }

    /// The division in the number, which it was issued in; a vessel's and a vehicle's have none.
    pub fn division(&self) -> Option<&str> {
        match self {
            Self::Resident(_) => self.as_str().get(..6),
            Self::Enterprise(_) => self.as_str().get(2..8),
            Self::PropertyUnit(code) => Some(code.division()),
            Self::Vessel(_) | Self::Vehicle(_) => None,
        }
    }
}

impl Named {
    /// The text of it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Key(key) => key.as_str(),
            Self::Organisation(part) => part.as_str(),
        }
    }
}

impl KeySet {
    /// The keys that a row names so.
    pub fn named(&self, name: &Named) -> &[Key] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

impl FromIterator<Key> for KeySet {
    fn from_iter<T: IntoIterator<Item = Key>>(keys: T) -> Self {
        let mut set = Self::default();
        for key in keys {
            for name in key.names() {
                let named = set.0.entry(name).or_default();
                if !named.contains(&key) {
                    named.push(key);
                }
            }
        }
        set
    }
}

impl From<ResidentId> for Key {
    fn from(id: ResidentId) -> Self {
        Self::Resident(id)
    }
}

impl From<Uscc> for Key {
    fn from(code: Uscc) -> Self {
        Self::Enterprise(code)
    }
}

impl From<VesselNumber> for Key {
    fn from(number: VesselNumber) -> Self {
        Self::Vessel(number)
    }
}

impl From<Vin> for Key {
    fn from(number: Vin) -> Self {
        Self::Vehicle(number)
    }
}

impl From<UnitCode> for Key {
    fn from(code: UnitCode) -> Self {
        Self::PropertyUnit(code)
    }
}

impl From<enterprise::Number> for Named {
    fn from(number: enterprise::Number) -> Self {
        match number {
            enterprise::Number::Code(code) => Self::Key(Key::Enterprise(code)),
            enterprise::Number::Organisation(part) => Self::Organisation(part),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resident(id) => id.fmt(f),
            Self::Enterprise(code) => code.fmt(f),
            Self::Vessel(number) => number.fmt(f),
            Self::Vehicle(number) => number.fmt(f),
            Self::PropertyUnit(code) => code.fmt(f),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
