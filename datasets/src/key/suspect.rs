//! Whose a cell could be that is not accounted for, of each kind.

use super::{Key, KeyKind};
use crate::CivilDay;
use crate::grammar::Shape;
use crate::{enterprise, property_unit, resident_id, vehicle, vessel};

/// A cell that is not accounted for, prepared once for being held against many keys. Of keys of
/// another kind it says nothing.
#[derive(Clone, Debug)]
pub enum KeySuspect {
    /// In a column of residents.
    Resident(resident_id::Suspect),
    /// In a column of enterprises.
    Enterprise(enterprise::Suspect),
    /// In a column of vessels.
    Vessel(vessel::Suspect),
    /// In a column of vehicles.
    Vehicle(vehicle::Suspect),
    /// In a column of real-property units.
    PropertyUnit(property_unit::Suspect),
}

/// A key, prepared once for being held against many cells.
#[derive(Clone, Debug)]
pub enum KeyProbe {
    /// A resident.
    Resident(resident_id::Probe),
    /// An enterprise.
    Enterprise(enterprise::Probe),
    /// A vessel.
    Vessel(Shape),
    /// A vehicle.
    Vehicle(Shape),
    /// A real-property unit.
    PropertyUnit(Shape),
}

impl KeyProbe {
    /// Prepares the key.
    pub fn new(key: &Key) -> Self {
        match key {
            Key::Resident(id) => Self::Resident(resident_id::Probe::new(id)),
            Key::Enterprise(code) => Self::Enterprise(enterprise::Probe::new(code)),
            Key::Vessel(number) => Self::Vessel(Shape::of(number.bytes())),
            Key::Vehicle(number) => Self::Vehicle(Shape::of(number.bytes())),
            Key::PropertyUnit(code) => Self::PropertyUnit(Shape::of(code.bytes())),
        }
    }
}

impl KeySuspect {
    /// Prepares the raw cell of a column of such keys, as it is read on that day.
    pub fn on(kind: KeyKind, raw: &str, today: CivilDay) -> Self {
        match kind {
            KeyKind::Resident => Self::Resident(resident_id::Suspect::on(raw, today)),
            KeyKind::Enterprise => Self::Enterprise(enterprise::Suspect::new(raw)),
            KeyKind::Vessel => Self::Vessel(vessel::Suspect::new(raw)),
            KeyKind::Vehicle => Self::Vehicle(vehicle::Suspect::new(raw)),
            KeyKind::PropertyUnit => Self::PropertyUnit(property_unit::Suspect::new(raw)),
        }
    }

    /// Nothing of it tells keys of this kind apart.
    pub fn anybody(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Resident => Self::Resident(resident_id::Suspect::anybody()),
            KeyKind::Enterprise => Self::Enterprise(enterprise::Suspect::anybody()),
            KeyKind::Vessel => Self::Vessel(vessel::Suspect::anybody()),
            KeyKind::Vehicle => Self::Vehicle(vehicle::Suspect::anybody()),
            KeyKind::PropertyUnit => Self::PropertyUnit(property_unit::Suspect::anybody()),
        }
    }

    /// This very key's.
    pub fn exact(key: &Key) -> Self {
        match key {
            Key::Resident(id) => Self::Resident(resident_id::Suspect::new(id.as_str())),
            Key::Enterprise(code) => Self::Enterprise(enterprise::Suspect::exact(code)),
            Key::Vessel(number) => Self::Vessel(vessel::Suspect::exact(number)),
            Key::Vehicle(number) => Self::Vehicle(vehicle::Suspect::exact(number)),
            Key::PropertyUnit(code) => Self::PropertyUnit(property_unit::Suspect::exact(code)),
        }
    }

    /// Of which kind the keys are that it could be.
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Resident(_) => KeyKind::Resident,
            Self::Enterprise(_) => KeyKind::Enterprise,
            Self::Vessel(_) => KeyKind::Vessel,
            Self::Vehicle(_) => KeyKind::Vehicle,
            Self::PropertyUnit(_) => KeyKind::PropertyUnit,
        }
    }

    /// Whether nothing of it tells keys of its kind apart.
    pub fn is_anybodys(&self) -> bool {
        match self {
            Self::Resident(suspect) => suspect.is_anybodys(),
            Self::Enterprise(suspect) => suspect.is_anybodys(),
            Self::Vessel(suspect) => suspect.is_anybodys(),
            Self::Vehicle(suspect) => suspect.is_anybodys(),
            Self::PropertyUnit(suspect) => suspect.is_anybodys(),
        }
    }

    /// Whether it could be this key's.
    pub fn could_match(&self, key: &Key) -> bool {
        self.could_be(&KeyProbe::new(key))
    }

    /// The same for a key prepared once.
    pub fn could_be(&self, key: &KeyProbe) -> bool {
        match (self, key) {
            (Self::Resident(suspect), KeyProbe::Resident(person)) => suspect.could_be(person),
            (Self::Enterprise(suspect), KeyProbe::Enterprise(one)) => suspect.could_be(one),
            (Self::Vessel(suspect), KeyProbe::Vessel(one)) => suspect.could_be(one),
            (Self::Vehicle(suspect), KeyProbe::Vehicle(one)) => suspect.could_be(one),
            (Self::PropertyUnit(suspect), KeyProbe::PropertyUnit(one)) => suspect.could_be(one),
            _ => false,
        }
    }
}
