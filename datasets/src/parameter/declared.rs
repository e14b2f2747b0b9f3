//! The types that a definition can declare.

use std::collections::BTreeSet;

use crate::KeyKind;

use super::bounds::{DateBounds, Level, NumberBounds, PeriodBounds};

/// Most parameters of a check.
pub const MOST_PARAMETERS: usize = 8;

/// What a parameter is. The set is closed: a definition that declares another type is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// The person asked about: a resident id of 18 characters.
    ResidentId,
    /// The enterprise asked about: a unified social credit code (GB 32100).
    Enterprise,
    /// The vessel asked about: a ship identification number.
    Vessel,
    /// The vehicle asked about: a vehicle identification number (GB 16735).
    Vehicle,
    /// The real-property unit asked about: its code (GB/T 37346).
    PropertyUnit,
    /// Another enterprise, by its unified social credit code. It is compared with what rows say; no
    /// register is asked about it.
    Uscc,
    /// A civil day.
    Date(DateBounds),
    /// Whole months.
    Period(PeriodBounds),
    /// A whole number.
    Number(NumberBounds),
    /// A division that exists today (GB/T 2260), of this level.
    Region(Level),
    /// One of these words.
    Code(BTreeSet<String>),
}

impl ParameterType {
    /// The names of all of them.
    pub const NAMES: [&str; 11] = [
        "resident_id",
        "enterprise",
        "vessel",
        "vehicle",
        "property_unit",
        "uscc",
        "date",
        "period",
        "number",
        "region",
        "code",
    ];

    /// As a definition declares it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ResidentId => "resident_id",
            Self::Enterprise => "enterprise",
            Self::Vessel => "vessel",
            Self::Vehicle => "vehicle",
            Self::PropertyUnit => "property_unit",
            Self::Uscc => "uscc",
            Self::Date(_) => "date",
            Self::Period(_) => "period",
            Self::Number(_) => "number",
            Self::Region(_) => "region",
            Self::Code(_) => "code",
        }
    }

    /// Whether it names whom the request asks about.
    pub fn is_subject(&self) -> bool {
        self.subject().is_some()
    }

    /// The kind of whom the request asks about, if it names that.
    pub fn subject(&self) -> Option<KeyKind> {
        match self {
            Self::ResidentId => Some(KeyKind::Resident),
            Self::Enterprise => Some(KeyKind::Enterprise),
            Self::Vessel => Some(KeyKind::Vessel),
            Self::Vehicle => Some(KeyKind::Vehicle),
            Self::PropertyUnit => Some(KeyKind::PropertyUnit),
            _ => None,
        }
    }

    /// What names a subject of this kind.
    pub fn of_subject(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Resident => Self::ResidentId,
            KeyKind::Enterprise => Self::Enterprise,
            KeyKind::Vessel => Self::Vessel,
            KeyKind::Vehicle => Self::Vehicle,
            KeyKind::PropertyUnit => Self::PropertyUnit,
        }
    }
}
