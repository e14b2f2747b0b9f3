//! The person that a request asks about.

use std::fmt;

use crate::ResidentId;

/// The person that a request asks about. More kinds are to come, an enterprise by its unified
/// social credit code (GB 32100) first.
///
/// `Display` and `Debug` mask it, as [`ResidentId`] does; [`Subject::as_key`] is the whole of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// A resident, by the number of their card.
    Resident(ResidentId),
}

impl Subject {
    /// The canonical text: what a look-up's key column is asked for, and what is hashed.
    pub fn as_key(&self) -> &str {
        match self {
            Self::Resident(id) => id.as_str(),
        }
    }

    /// The resident, if it is one.
    pub fn resident(&self) -> Option<ResidentId> {
        match self {
            Self::Resident(id) => Some(*id),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resident(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
