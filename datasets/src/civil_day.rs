//! The civil day in China: the only way from a clock to a day.
//!
//! A day in another zone is another type, so it cannot be taken for one of these by mistake.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::NaiveDate;
use zerotrip_proto::CHINA_OFFSET_SECONDS;

use crate::date;

/// A calendar day in China, such as the one on which a request is made or a register is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CivilDay(NaiveDate);

impl CivilDay {
    /// Later than every other day.
    pub const MAX: Self = Self(NaiveDate::MAX);

    /// The day in China at that moment; the zone of the machine makes no difference. A moment
    /// beyond the calendar has its first or last day.
    pub fn at(moment: SystemTime) -> Self {
        const DAY_SECONDS: i64 = 86_400;
        let whole = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        let seconds = match moment.duration_since(UNIX_EPOCH) {
            Ok(since) => whole(since.as_secs()),
            Err(error) => {
                let before = error.duration();
                -whole(before.as_secs()) - i64::from(before.subsec_nanos() > 0)
            }
        };
        let days = seconds.saturating_add(CHINA_OFFSET_SECONDS.into()).div_euclid(DAY_SECONDS);
        let day = i32::try_from(days).ok().and_then(NaiveDate::from_epoch_days);
        Self(day.unwrap_or(if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX }))
    }

    /// A date that is known to be one of China's calendar, and not read from a clock.
    pub const fn of(date: NaiveDate) -> Self {
        Self(date)
    }

    /// The day as a date, to compare with dates in registers.
    pub fn date(self) -> NaiveDate {
        self.0
    }

    /// Days since 1970-01-01, as Arrow's Date32 counts them.
    pub fn to_date32(self) -> i32 {
        date::to_date32(self.0)
    }
}

impl fmt::Display for CivilDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china_whatever_the_machines_zone() {
        // 2026-11-28T15:59:59Z and the second after it.
        let last = UNIX_EPOCH + Duration::from_secs(1_795_881_599);
        assert_eq!(CivilDay::at(last).to_string(), "2026-11-28");
        assert_eq!(CivilDay::at(last + Duration::from_secs(1)).to_string(), "2026-11-29");
    }

    #[test]
    fn moments_before_1970_and_beyond_the_calendar_have_a_day() {
        let before = |seconds: u64, nanos| {
            CivilDay::at(UNIX_EPOCH - Duration::new(seconds, nanos)).to_string()
        };
        assert_eq!(CivilDay::at(UNIX_EPOCH).to_string(), "1970-01-01");
        assert_eq!(before(8 * 3600, 0), "1970-01-01");
        assert_eq!(before(8 * 3600, 1), "1969-12-31");
        let far = UNIX_EPOCH + Duration::from_secs(1 << 60);
        assert_eq!(CivilDay::at(far), CivilDay::MAX);
    }
}
