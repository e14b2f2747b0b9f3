//! What a copy of the store does not know.

use std::fmt;
use std::time::SystemTime;

use zerotrip_trust::ending::utc;

/// Holds that were placed after a backup was made are not in a store that was put back from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unconfirmed {
    /// When the backup was made, the first of several; `None` where one of them does not say.
    pub since: Option<SystemTime>,
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.since {
            Some(since) => write!(
                f,
                "holds placed since {}, when the backup that was put back was made, may be \
                 missing from this store",
                utc(since)
            ),
            None => f.write_str(
                "holds placed since the backup that was put back was made may be missing from \
                 this store; the backup does not say when that was",
            ),
        }
    }
}
