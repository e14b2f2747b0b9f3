//! What registers with a row for each month have in common: working lives, days of payment, the
//! spellings of old programs, and a naive account of the months that count.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Months, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::random::Random;

/// What a question about months comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many months count.
    pub months: usize,
    /// Those in a row up to the last.
    pub last_run: usize,
    /// The first and the last that count, as `2026-10`.
    pub ends: Option<(String, String)>,
}

/// Which months are looked at: so many, up to the one that is so many before that of a day.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The day.
    pub today: NaiveDate,
    /// How many months before.
    pub until: usize,
    /// How many months.
    pub last: usize,
}

/// Counts months by what is left of each.
pub(super) fn counted(left: &BTreeMap<String, bool>, range: Range) -> Counted {
    let (mut months, mut last_run, mut is_running) = (Vec::new(), 0, true);
    let (mut year, mut month) = (range.today.year(), range.today.month());
    let mut back = || {
        (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
        format!("{year:04}-{month:02}")
    };
    for _ in 1..range.until {
        back();
    }
    for _ in 0..range.last {
        let name = back();
        if left.get(&name).copied().unwrap_or(false) {
            last_run += usize::from(is_running);
            months.push(name);
        } else {
            is_running = false;
        }
    }
    let ends = months.last().cloned().zip(months.first().cloned());
    Counted { months: months.len(), last_run, ends }
}

/// A month as `2026-10`.
pub(super) fn named(of: NaiveDate) -> String {
    of.format("%Y-%m").to_string()
}

/// The first day of the month that is so many months later.
pub(super) fn later(of: NaiveDate, months: u64) -> NaiveDate {
    of.checked_add_months(Months::new(u32::try_from(months).unwrap_or(0))).unwrap_or(of)
}

/// Whether something was received by the end of the month after its own, by that month's name.
pub(super) fn in_time(of: NaiveDate, received: NaiveDate) -> bool {
    let (year, month) = (of.year(), of.month());
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let received = (received.year(), received.month());
    received == (year, month) || received == (next_year, next) || received < (year, month)
}

/// How many days after its month's first something is received.
pub(super) fn delay(random: &mut Random) -> u64 {
    match random.below(1000) {
        0..=899 => random.between(3, 27),
        900..=969 => random.between(28, 58),
        970..=989 => random.between(59, 95),
        _ => random.between(96, 400),
    }
}

/// A working life, or what of it is since 2010: each month of it, by its first day.
pub(super) fn working_life(
    random: &mut Random,
    birth: NaiveDate,
    today: NaiveDate,
    mut month: impl FnMut(&mut Random, NaiveDate),
) {
    let of_age = birth.checked_add_months(Months::new(18 * 12)).unwrap_or(birth);
    let begin = NaiveDate::from_ymd_opt(2010, 1, 1).unwrap_or_default().max(of_age);
    let mut of = begin.with_day(1).unwrap_or(begin);
    if of < begin {
        of = later(of, 1);
    }
    let now = today.with_day(1).unwrap_or(today);
    if random.chance(150) || of >= now {
        return;
    }
    // Most stay for years; some change often, and some come shortly before the question.
    if random.chance(300) {
        of = of.max(
            now.checked_sub_months(Months::new(u32::try_from(random.between(8, 66)).unwrap_or(8)))
                .unwrap_or(of),
        );
    }
    while of < now {
        let stay = random.pick(&[1, 3, 7, 11, 12, 13, 24, 36, 61, 90]);
        for _ in 0..stay {
            if of >= now {
                break;
            }
            if !random.chance(8) {
                month(random, of);
            }
            of = later(of, 1);
        }
        of = later(of, random.pick(&[0, 0, 0, 0, 1, 2, 8]));
    }
}

/// A month in one of the spellings that programs have.
pub(super) fn spelled(random: &mut Random, of: NaiveDate) -> String {
    let format = random.pick(&["%Y%m", "%Y%m", "%Y%m", "%Y-%m", "%Y年%-m月", "%Y/%-m", "%Y-%m-01"]);
    of.format(if format.is_empty() { "%Y%m" } else { format }).to_string()
}

/// A day in one of the spellings that programs have.
pub(super) fn day(random: &mut Random, day: NaiveDate) -> String {
    let format = random.pick(&["%Y-%m-%d", "%Y-%m-%d", "%Y%m%d", "%Y/%-m/%-d", "%Y年%-m月%-d日"]);
    day.format(if format.is_empty() { "%Y-%m-%d" } else { format }).to_string()
}

/// An amount in yuan, now and then with its unit.
pub(super) fn yuan(random: &mut Random, fen: i64) -> String {
    let (sign, fen) = (if fen < 0 { "-" } else { "" }, fen.abs());
    let text = format!("{sign}{}.{:02}", fen / 100, fen % 100);
    if random.chance(50) { format!("{text}元") } else { text }
}

/// An id as clerks write it: of the first generation now and then, in small letters, with blanks.
pub(super) fn written(random: &mut Random, id: &ResidentId) -> String {
    match random.below(1000) {
        0..=39 => id.first_generation().unwrap_or_else(|| id.as_str().to_owned()),
        40..=199 => id.as_str().to_ascii_lowercase(),
        200..=219 => format!("{} ", id.as_str()),
        _ => id.as_str().to_owned(),
    }
}

/// As they come in, and not person by person.
pub(super) fn mixed<T>(random: &mut Random, rows: &mut [T]) {
    for at in (1..rows.len()).rev() {
        let other = usize::try_from(random.below(at as u64 + 1)).unwrap_or(0);
        rows.swap(at, other);
    }
}

/// Where the cells of a row are.
#[derive(Clone, Copy)]
pub(super) struct Places {
    pub(super) month: usize,
    pub(super) kind: usize,
    pub(super) amount: usize,
    pub(super) day: usize,
    pub(super) number: usize,
}

/// Spoils some rows of a person, so that nobody can read them as something else. Whether any of
/// them was changed.
pub(super) fn spoil(
    random: &mut Random,
    rows: &mut Vec<Vec<Option<String>>>,
    places: Places,
) -> bool {
    let mut changed = false;
    for _ in 0..random.between(1, 3) {
        let Ok(at) = usize::try_from(random.below(rows.len() as u64)) else { continue };
        let Some(row) = rows.get_mut(at) else { continue };
        changed = true;
        let (place, cell) = match random.below(8) {
            0 => (
                places.month,
                Some(random.pick(&["2024.1", "不详", "20243", "2091-03", "3月"]).to_owned()),
            ),
            1 => (places.month, None),
            2 => {
                let cell = random.pick(&[None, Some("免缴"), Some("1,2")]);
                (places.amount, cell.map(str::to_owned))
            }
            3 => (places.kind, random.pick(&[None, Some("999")]).map(str::to_owned)),
            4 => (places.day, Some(random.pick(&["0000-00-00", "2088-01-01", "不详"]).to_owned())),
            5 => (places.number, None),
            6 => {
                // Read in twice, and once more elsewhere in the file.
                let again = row.clone();
                rows.push(again);
                continue;
            }
            _ => {
                // Typed into the register again, under the same number, with another amount.
                let mut again = row.clone();
                if let Some(amount) = again.get_mut(places.amount) {
                    *amount = Some("1.00".to_owned());
                }
                rows.push(again);
                continue;
            }
        };
        if let Some(spoilt) = row.get_mut(place) {
            *spoilt = cell;
        }
    }
    changed
}
