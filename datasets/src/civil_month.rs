//! A month of the civil calendar, without a day.

use std::fmt;

use chrono::{Datelike as _, NaiveDate};

/// Months of a year.
const YEAR: i32 = 12;
/// The first and the last year in which a register's month can be.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// A month, such as March 2024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilMonth {
    /// Since January of the year 0.
    number: i32,
}

impl CivilMonth {
    /// Of that year, from 1900 to 2199, and month, from 1.
    pub fn new(year: i32, month: u32) -> Option<Self> {
        let month = i32::try_from(month).ok().filter(|month| (1..=YEAR).contains(month))?;
        YEARS.contains(&year).then(|| Self { number: year * YEAR + month - 1 })
    }

    /// The one in which a day is.
    pub fn of(day: NaiveDate) -> Option<Self> {
        Self::new(day.year(), day.month())
    }

    /// In its one spelling, `2024-03`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str, count: usize| {
            text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?)
    }

    /// That many months later; earlier, where it is below 0.
    pub fn plus(self, months: i32) -> Option<Self> {
        let number = self.number.checked_add(months)?;
        YEARS.contains(&number.div_euclid(YEAR)).then_some(Self { number })
    }

    /// How many months it is after another; below 0 where it is before it.
    pub fn since(self, other: Self) -> i32 {
        self.number - other.number
    }

    /// Its first day.
    pub fn first_day(self) -> NaiveDate {
        let (year, month) = (self.number.div_euclid(YEAR), self.number.rem_euclid(YEAR));
        let month = u32::try_from(month).unwrap_or_default();
        NaiveDate::from_ymd_opt(year, month + 1, 1).unwrap_or_default()
    }

    /// Its last day, which is the 28th to the 31st.
    pub fn last_day(self) -> NaiveDate {
        let first = self.first_day();
        let next = first.checked_add_months(chrono::Months::new(1));
        next.and_then(|next| next.pred_opt()).unwrap_or(first)
    }
}

impl fmt::Display for CivilMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.number.div_euclid(YEAR), self.number.rem_euclid(YEAR));
        write!(f, "{year:04}-{:02}", month + 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_month_ends_on_its_own_last_day() {
        for (month, last) in [
            ("2024-02", "2024-02-29"),
            ("2023-02", "2023-02-28"),
            ("2000-02", "2000-02-29"),
            ("1900-02", "1900-02-28"),
            ("2100-02", "2100-02-28"),
            ("2024-12", "2024-12-31"),
            ("2024-11", "2024-11-30"),
        ] {
            assert_eq!(CivilMonth::parse(month).unwrap().last_day().to_string(), last);
        }
    }

    #[test]
    fn it_has_one_spelling() {
        for other in ["2024-3", "202403", "2024-13", "2024-00", "1899-12", "2200-01", "+024-03", ""]
        {
            assert_eq!(CivilMonth::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn days_are_in_their_months(days in -25_000i32..80_000, months in -600i32..600) {
            let day = NaiveDate::from_epoch_days(days).unwrap();
            let month = CivilMonth::of(day).unwrap();
            prop_assert!(month.first_day() <= day && day <= month.last_day());
            prop_assert_eq!(CivilMonth::parse(&month.to_string()), Some(month));
            prop_assert_eq!(month.to_string(), day.format("%Y-%m").to_string());
            prop_assert_eq!(month.last_day().succ_opt().and_then(CivilMonth::of), month.plus(1));
            if let Some(other) = month.plus(months) {
                prop_assert_eq!(other.since(month), months);
            }
        }
    }
}
