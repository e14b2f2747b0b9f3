//! Between the wire's timestamps and the standard library's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds by which China's one civil time is ahead of UTC: a calendar day there begins so much
/// earlier.
pub const CHINA_OFFSET_SECONDS: u16 = 8 * 3600;

/// To the wire. Times before 1970 become 1970: nothing of ours is that old.
pub fn to_timestamp(time: SystemTime) -> prost_types::Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    prost_types::Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(since.subsec_nanos()).unwrap_or(0),
    }
}

/// From the wire; `None` where it is missing, before 1970, after 9999 or not a time.
pub fn from_timestamp(timestamp: Option<&prost_types::Timestamp>) -> Option<SystemTime> {
    const YEAR_10000: i64 = 253_402_300_800;
    let timestamp = timestamp?;
    if !(0..YEAR_10000).contains(&timestamp.seconds) {
        return None;
    }
    let seconds = u64::try_from(timestamp.seconds).ok()?;
    let nanos = u32::try_from(timestamp.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(UNIX_EPOCH + Duration::new(seconds, nanos))
}
