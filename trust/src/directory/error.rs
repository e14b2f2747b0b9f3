//! Why a directory is not accepted.

use zerotrip_proto::v1::ErrorCode;

use super::faults::{self, Fault};
use crate::dsse::DsseError;

/// Why a directory is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Not the authority's, or not a directory.
    #[error(transparent)]
    Envelope(#[from] DsseError),
    /// Another one of the same version was in force here.
    #[error(
        "the authority signed another directory version {0} before; have it publish a newer one \
         with `zerotrip authority refresh`"
    )]
    Another(u64),
    /// Older than the one in force: an attempt to roll it back.
    #[error("directory version {found} is older than {at_least}, which is in force")]
    RolledBack {
        /// The envelope's.
        found: u64,
        /// What it must be at least.
        at_least: u64,
    },
    /// Past its end: newer ones are withheld, or the authority has not issued one.
    #[error("directory version {0} has expired; the authority has to publish a new one")]
    Expired(u64),
    /// Issued in the future.
    #[error("directory version {0} is issued in the future; check both clocks")]
    NotYetValid(u64),
    /// Everything that is wrong with it.
    #[error("the directory is refused whole: {}", faults::list(.0))]
    Faults(Vec<Fault>),
}

impl DirectoryError {
    /// The code that a caller sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Envelope(error) => error.code(),
            Self::RolledBack { .. } | Self::Another(_) | Self::Expired(_) => ErrorCode::StaleBundle,
            Self::NotYetValid(_) => ErrorCode::NotYetValid,
            Self::Faults(_) => ErrorCode::Malformed,
        }
    }
}
