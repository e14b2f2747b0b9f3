//! How large a list can be, and how long it is good for.

use std::time::Duration;

/// Largest list, unpacked. A few bytes can unpack to anything.
pub(super) const LIST_BYTES: usize = 4 << 20;
/// Most places of a list.
pub(super) const MOST_PLACES: u64 = (LIST_BYTES as u64) * 8;
/// Fewest places of a list that is made here: who fetches a list tells nobody which of so many
/// certificates is meant.
pub const LEAST_PLACES: u64 = 1 << 17;
/// Largest token that is looked at, in bytes.
pub(super) const TOKEN_BYTES: usize = 8 << 20;
/// Longest that a list is good for.
pub const MOST_LIFE: Duration = Duration::from_secs(86_400);
