//! What China's clocks showed at an instant. They were put forward in the summers of 1986 to 1991,
//! and in some before 1949: a midnight of such a summer, read eight hours from UTC, would be a day
//! earlier.

use chrono::{NaiveDateTime, TimeDelta};

/// Eight hours ahead of UTC.
const USUAL: i64 = 8 * 3600;
/// Shanghai's own noon, until the end of 1900.
const LOCAL_MEAN: i64 = 8 * 3600 + 343;
const FIRST_USUAL: i64 = -2_177_481_943;
/// From when to when, in seconds of 1970's count, clocks were nine hours ahead: `Asia/Shanghai` of
/// the IANA time zone database, 2025b.
const SUMMERS: [(i64, i64); 14] = [
    (-1_600_675_200, -1_585_904_400),
    (-933_667_200, -922_093_200),
    (-908_870_400, -888_829_200),
    (-881_049_600, -767_869_200),
    (-745_833_600, -733_827_600),
    (-716_889_600, -699_613_200),
    (-683_884_800, -670_669_200),
    (-652_348_800, -650_019_600),
    (515_527_200, 527_014_800),
    (545_162_400, 558_464_400),
    (577_216_800, 589_914_000),
    (608_666_400, 621_968_400),
    (640_116_000, 653_418_000),
    (671_565_600, 684_867_600),
];

/// The day and time that clocks showed, and whether they were eight hours ahead; `None` beyond the
/// calendar.
pub fn in_china(instant: NaiveDateTime) -> Option<(NaiveDateTime, bool)> {
    let seconds = instant.and_utc().timestamp();
    let ahead = if seconds < FIRST_USUAL {
        LOCAL_MEAN
    } else if SUMMERS.iter().any(|(from, to)| (*from..*to).contains(&seconds)) {
        USUAL + 3600
    } else {
        USUAL
    };
    Some((instant.checked_add_signed(TimeDelta::seconds(ahead))?, ahead == USUAL))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_midnight_is_of_its_day_in_every_summer() {
        let there = |text: &str| {
            in_china(text.parse().unwrap())
                .map(|(there, usual)| (there.to_string(), usual))
                .unwrap()
        };
        assert_eq!(there("2009-04-30T16:00:00"), ("2009-05-01 00:00:00".into(), true));
        assert_eq!(there("1988-06-30T15:00:00"), ("1988-07-01 00:00:00".into(), false));
        assert_eq!(there("1988-12-31T16:00:00"), ("1989-01-01 00:00:00".into(), true));
        assert_eq!(there("1986-05-03T17:59:59"), ("1986-05-04 01:59:59".into(), true));
        assert_eq!(there("1986-05-03T18:00:00"), ("1986-05-04 03:00:00".into(), false));
        assert_eq!(there("1899-12-31T15:54:17"), ("1900-01-01 00:00:00".into(), false));
        assert!(in_china(NaiveDateTime::MAX).is_none());
    }
}
