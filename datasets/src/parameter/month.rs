//! A calendar month.

use std::fmt;

use chrono::{Datelike as _, Days, Months, NaiveDate};

use crate::CivilDay;

/// Years in which days and months can be.
pub(super) fn is_year(year: i32) -> bool {
    (1900..=2999).contains(&year)
}

/// A calendar month of the years 1900 to 2999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Its first day.
    first: NaiveDate,
}

impl Month {
    /// Reads `2024-01`, and nothing else.
    pub fn read(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str, length| {
            let all = text.len() == length && text.bytes().all(|c| c.is_ascii_digit());
            all.then(|| text.parse::<u32>().ok()).flatten()
        };
        let year = i32::try_from(digits(year, 4)?).ok().filter(|year| is_year(*year));
        let first = NaiveDate::from_ymd_opt(year?, digits(month, 2)?, 1)?;
        Some(Self { first })
    }

    /// The month of a day.
    pub(super) fn of(day: CivilDay) -> Option<Self> {
        day.date().with_day(1).map(|first| Self { first })
    }

    /// The month before it.
    pub(super) fn before(self) -> Option<Self> {
        self.first.checked_sub_months(Months::new(1)).map(|first| Self { first })
    }

    /// Its first day.
    pub fn first_day(self) -> NaiveDate {
        self.first
    }

    /// Its last day.
    pub fn last_day(self) -> NaiveDate {
        let next = self.first.checked_add_months(Months::new(1));
        // The years are far from the calendar's ends, so the default is never taken.
        next.and_then(|next| next.checked_sub_days(Days::new(1))).unwrap_or(self.first)
    }

    /// Months from this one to `last`, both counted; 0 where `last` is before it.
    pub fn months_to(self, last: Self) -> u32 {
        let number = |month: Self| {
            month.first.year() * 12 + i32::try_from(month.first.month0()).unwrap_or(0)
        };
        u32::try_from(number(last) - number(self) + 1).unwrap_or(0)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.format("%Y-%m"))
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
