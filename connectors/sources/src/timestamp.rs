//! Times as databases and people write them.

use std::time::SystemTime;

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone as _};
use zerotrip_proto::CHINA_OFFSET_SECONDS;

/// A time as databases and people write it; without an offset, Beijing's.
pub fn parse_timestamp(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.into());
    }
    for form in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, form) {
            return Some(time.into());
        }
    }
    let time = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    FixedOffset::east_opt(CHINA_OFFSET_SECONDS.into())?
        .from_local_datetime(&time)
        .single()
        .map(SystemTime::from)
}
