//! `[limits]`: how hard a source may be asked, and when it is left alone.

use std::time::Duration;

use toml::Value;

use crate::file::section::Section;
use crate::file::{Limits, QuietHours};

/// Most parts of a day in which a system is left alone.
const MOST_QUIET_HOURS: usize = 8;

pub(super) fn limits(section: &mut Section<'_>) -> Option<Limits> {
    let default = Limits::default();
    let within = |value: &Value, most: u64| {
        u64::try_from(value.as_integer()?).ok().filter(|n| (1..=most).contains(n))
    };
    let narrow = |value: &Value, most: u64| within(value, most).and_then(|n| u32::try_from(n).ok());
    let most_rows = section.read(
        "most_rows",
        Some(default.most_rows),
        "must be between 1 and 1000000",
        |value| within(value, 1_000_000),
    );
    let most_keys = section.read(
        "most_keys",
        Some(default.most_keys),
        "must be between 1 and 10000",
        |value| narrow(value, 10_000),
    );
    let most_bytes = section.read(
        "most_bytes",
        Some(default.most_bytes),
        "must be between `64KiB` and `1GiB`",
        |value| {
            zerotrip_text::bytes(value.as_str()?)
                .filter(|bytes| (64 << 10..=1 << 30).contains(bytes))
        },
    );
    let time_out = section.read(
        "time_out",
        Some(default.time_out),
        "must be between `100ms` and `60s`",
        |value| {
            zerotrip_text::duration(value.as_str()?).filter(|time| {
                (Duration::from_millis(100)..=Duration::from_secs(60)).contains(time)
            })
        },
    );
    let most_rate = section.read(
        "most_rate",
        Some(default.most_rate),
        "must be between 1 and 100000 scans a second",
        |value| narrow(value, 100_000),
    );
    let most_at_once = section.read(
        "most_at_once",
        Some(default.most_at_once),
        "must be between 1 and 1000",
        |value| narrow(value, 1000),
    );
    let quiet_hours = section.read(
        "quiet_hours",
        Some(Vec::new()),
        "must list at most 8 times of the day such as `\"01:00-03:30\"`",
        |value| {
            let hours: Option<Vec<QuietHours>> =
                value.as_array()?.iter().map(|hours| quiet(hours.as_str()?)).collect();
            hours.filter(|hours| hours.len() <= MOST_QUIET_HOURS)
        },
    );
    Some(Limits {
        most_rows: most_rows?,
        most_keys: most_keys?,
        most_bytes: most_bytes?,
        time_out: time_out?,
        most_rate: most_rate?,
        most_at_once: most_at_once?,
        quiet_hours: quiet_hours?,
    })
}

fn quiet(text: &str) -> Option<QuietHours> {
    let (from, to) = text.split_once('-')?;
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<u16>().ok()).flatten();
        Some(
            two(hour).filter(|hour| *hour < 24)? * 60
                + two(minute).filter(|minute| *minute < 60)?,
        )
    };
    let (from, to) = (minute(from)?, minute(to)?);
    (from != to).then_some(QuietHours { from, to })
}
