//! Why a job is not done.

use crate::error::LedgerError;

/// Why a job is not done.
#[derive(Debug)]
pub(crate) enum Fault {
    /// This job alone.
    Refused(LedgerError),
    /// The store itself: the whole batch goes.
    Store(rusqlite::Error),
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}
