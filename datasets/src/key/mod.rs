//! Whom a register is asked about: a resident, an enterprise or a vessel. One request, one look-up
//! and one scan have keys of one kind.

mod suspect;
mod whose;

use std::collections::HashMap;
use std::fmt;

use chrono::NaiveDate;
use zerotrip_proto::v1::{self, SemanticType};

use crate::normal::organisation_code::OrganisationCode;
use crate::normal::uscc::Uscc;
use crate::normal::vessel_number::VesselNumber;
use crate::resident_id::{Declared, Reading, ResidentId};
use crate::{CivilDay, enterprise, resident_id, vessel};

pub use suspect::{KeyProbe, KeySuspect, could_be_a_key};
pub use whose::{KeyWhose, name_in, whose};

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
    pub const ALL: [Self; 3] = [Self::Resident, Self::Enterprise, Self::Vessel];

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
        }
    }

    /// As templates have it; `None` of a kind that is not known here.
    pub fn from_wire(kind: i32) -> Option<Self> {
        match v1::KeyKind::try_from(kind).ok()? {
            v1::KeyKind::Resident => Some(Self::Resident),
            v1::KeyKind::Enterprise => Some(Self::Enterprise),
            v1::KeyKind::Vessel => Some(Self::Vessel),
        }
    }

    /// As templates have it.
    pub fn to_wire(self) -> v1::KeyKind {
        match self {
            Self::Resident => v1::KeyKind::Resident,
            Self::Enterprise => v1::KeyKind::Enterprise,
            Self::Vessel => v1::KeyKind::Vessel,
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
            Self::Vessel => match vessel::accounted(&Declared::default(), raw)?.as_slice() {
                [number] => Some(Key::Vessel(*number)),
                _ => None,
            },
        }
    }

    /// Whether an index of the raw column finds the cell by a key's spellings.
    pub fn is_regular(self, raw: &str) -> bool {
        match self {
            Self::Resident => resident_id::is_regular(raw),
            Self::Enterprise => enterprise::is_regular(raw),
            Self::Vessel => vessel::is_regular(raw),
        }
    }
}

impl Key {
    /// Of which kind it is.
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Resident(_) => KeyKind::Resident,
            Self::Enterprise(_) => KeyKind::Enterprise,
            Self::Vessel(_) => KeyKind::Vessel,
        }
    }

    /// The canonical text: what a look-up's column is asked for, and what is hashed.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Resident(id) => id.as_str(),
            Self::Enterprise(code) => code.as_str(),
            Self::Vessel(number) => number.as_str(),
        }
    }

    /// The key that a text is to the letter, of whichever kind: no text is one of both.
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
        }
    }

    /// Everything that a row can name it by, the key itself first.
    pub fn names(&self) -> impl Iterator<Item = Named> + use<> {
        let part = match self {
            Self::Resident(_) | Self::Vessel(_) => None,
            Self::Enterprise(code) => code.organisation(),
        };
        std::iter::once(Named::Key(*self)).chain(part.map(Named::Organisation))
    }

    /// The resident, if it is one.
    pub fn resident(&self) -> Option<&ResidentId> {
        match self {
            Self::Resident(id) => Some(id),
            Self::Enterprise(_) | Self::Vessel(_) => None,
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
            Self::Enterprise(_) => false,
            Self::Vessel(number) => vessel::is_to_come(number, today),
        }
    }

    /// The division in the number, which it was issued in; a vessel's has none.
    pub fn division(&self) -> Option<&str> {
        match self {
            Self::Resident(_) => self.as_str().get(..6),
            Self::Enterprise(_) => self.as_str().get(2..8),
            Self::Vessel(_) => None,
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
