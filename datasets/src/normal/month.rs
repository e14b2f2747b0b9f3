//! Months of the civil calendar, as registers that have a row for each month write them.

use crate::{CivilMonth, date, fold};

/// Reads a month: `2024-03`, `2024/3`, `202403`, `2024年3月`, `2024年3月份`. A point between year and
/// month is not read: of `2024.1` it cannot be known whether it was `2024.10`, which a spreadsheet
/// shortens. A whole date is a month only where its owner states that the day says nothing.
pub fn read(raw: &str, day_is_ignored: bool) -> Option<CivilMonth> {
    let raw = raw.get(..raw.len().min(256))?;
    of_month(&fold::identifier(raw)).or_else(|| {
        let day = date::parse(raw).filter(|_| day_is_ignored)?;
        CivilMonth::of(day)
    })
}

fn of_month(text: &str) -> Option<CivilMonth> {
    let (year, rest) = text.split_at_checked(4)?;
    let month = match rest.strip_prefix('年') {
        Some(rest) => rest.strip_suffix("月份").or_else(|| rest.strip_suffix('月'))?,
        None => match rest.strip_prefix(['-', '/']) {
            Some(month) => month,
            None => Some(rest).filter(|rest| rest.len() == 2)?,
        },
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(year) || !is_digits(month) || !(1..=2).contains(&month.len()) {
        return None;
    }
    CivilMonth::new(year.parse().ok()?, month.parse().ok()?)
}
