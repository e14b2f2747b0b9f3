//! Cells that read well and may yet be another's: 15 digits are what a spreadsheet keeps of a
//! number, what is left of an 18-digit id that was cut, and what an id without its century looks
//! like. Nothing here guesses: a doubtful cell counts for every person whose it could be.

use std::ops::Range;

use chrono::Datelike as _;

use super::ResidentId;
use super::characters::{MOST_CHARACTERS, folded};

/// Digits that a spreadsheet keeps of a number, and of a first-generation id.
const DIGITS: usize = 15;

/// True when `raw` is what a spreadsheet leaves of an 18-digit number: 15 digits and three zeros.
/// It could be the id of every person who shares the first 15, even if it is one person's valid id.
pub fn is_spreadsheet_rounded(raw: &str) -> bool {
    let length = raw.len();
    (18..=MOST_CHARACTERS).contains(&length) && whole_digits(raw).is_some()
}

/// What [`super::Suspect::rounded`] makes of a cell, for an index: it could be a person's exactly
/// if one of these is among their [`fifteens`].
pub fn rounded_digits(raw: &str) -> impl Iterator<Item = u64> + use<> {
    whole_digits(raw).into_iter().flat_map(|kept| [Some(kept), kept.checked_sub(1)]).flatten()
}

/// True when `raw` is a 15-digit id that may as well be another's: the first 15 characters of 18,
/// the number of a person born from 2000 to 2039 without its century, or one with its month and day
/// exchanged, which no check character shows.
pub fn is_doubtful(raw: &str) -> bool {
    let text: String = folded(raw).take(DIGITS + 1).collect();
    let is_short = text.len() == DIGITS && text.bytes().all(|c| c.is_ascii_digit());
    let born = |digits: String, years: Range<i32>| {
        chrono::NaiveDate::parse_from_str(&digits, "%Y%m%d")
            .is_ok_and(|day| years.contains(&day.year()))
    };
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let exchanged = || {
        part(8, 10) != part(10, 12)
            && born(format!("19{}{}{}", part(6, 8), part(10, 12), part(8, 10)), 1900..2000)
    };
    is_short
        && (born(part(6, 14).to_owned(), 1800..2100)
            || born(format!("20{}", part(6, 12)), 2000..2040)
            || exchanged())
}

/// The 15 digits of a [`is_doubtful`] cell, for an index: it could be a person's exactly if they
/// are among their [`doubtfuls`].
pub fn short_digits(raw: &str) -> Option<u64> {
    let text: String = folded(raw).take(DIGITS + 1).collect();
    (text.len() == DIGITS && text.bytes().all(|c| c.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The other 15 digits that could be written for this person, besides their own 15-digit form.
pub fn doubtfuls(key: &ResidentId) -> impl Iterator<Item = u64> {
    let text = key.as_str();
    let cut = text.get(..DIGITS).and_then(|digits| digits.parse().ok());
    let without_century = || format!("{}{}", text.get(..6)?, text.get(8..17)?).parse().ok();
    let exchanged = key.first_generation().and_then(|short| {
        let part = |range: Range<usize>| short.get(range);
        format!("{}{}{}{}", part(0..8)?, part(10..12)?, part(8..10)?, part(12..15)?).parse().ok()
    });
    let without_century =
        text.get(6..8).filter(|century| *century == "20").and_then(|_| without_century());
    [cut, without_century, exchanged].into_iter().flatten()
}

/// Every 15 digits in a row of the person's forms, as numbers.
pub fn fifteens(key: &ResidentId) -> impl Iterator<Item = u64> {
    let digit = |number: u64, c: &u8| c.is_ascii_digit().then(|| number * 10 + u64::from(c - b'0'));
    let number = move |digits: &[u8]| digits.iter().try_fold(0, digit);
    key.0
        .windows(DIGITS)
        .filter_map(number)
        .chain(number(&key.short()))
        .collect::<Vec<_>>()
        .into_iter()
}

/// The 15 digits that are left of 18.
fn whole_digits(raw: &str) -> Option<u64> {
    let text: String = folded(raw).take(19).collect();
    let kept = text.strip_suffix("000").filter(|kept| kept.len() == DIGITS)?;
    kept.bytes().all(|c| c.is_ascii_digit()).then(|| kept.parse().ok())?
}
