//! Where the settings are, how large lists are, and how long they are good for.

use std::time::Duration;

use zerotrip_certificates::status::{LEAST_PLACES, MOST_LIFE};

/// The settings, in the system's folder.
pub const FILE: &str = "status.toml";

/// Places of a list. A power of two: a place is drawn by its bits.
pub(super) const PLACES: u64 = LEAST_PLACES;
/// A list takes certificates until so many of its places are used: drawing stays quick, and what is
/// free hides how many are not.
pub(super) const FULL: u64 = PLACES / 2;
/// Decoys at the start: so many, and up to as many again.
pub(super) const DECOYS: u64 = PLACES / 64;
/// Each publication adds at least one decoy, and fewer than this.
pub(super) const MORE_DECOYS: u64 = 8;
/// Draws until a free place must have been met. Each misses with a chance of at most three in four.
pub(super) const DRAWS: usize = 512;

/// How long a published list is good for.
pub const LIFE: Duration = MOST_LIFE;
/// How long whoever fetched a list need not fetch it again.
pub const TTL: Duration = Duration::from_secs(900);
/// Issuing publishes a list anew that is older than this.
pub(super) const STALE: Duration = Duration::from_secs(12 * 3600);

/// Most copies of one certificate.
pub const COPIES: usize = 32;

/// Most characters of a reason.
pub(super) const REASON_CHARS: usize = 200;
/// Most certificates that are listed at once.
pub(super) const LISTED: u32 = 10_000;
