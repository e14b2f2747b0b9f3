//! Whose a cell of vessels' numbers is, where every character of it is accounted for.

use chrono::Datelike as _;

use crate::normal::vessel_number::{PREFIX, VesselNumber};
use crate::resident_id::{Declared, SEPARATORS, Scheme};
use crate::{CivilDay, fold};

/// Vessels in one cell.
const MOST_VESSELS: usize = 64;
/// Longest cell that is looked at.
const MOST_BYTES: usize = 4096;
/// Digits behind `CN`.
const DIGITS: usize = 11;

/// The vessels in the cell, if every character of it is accounted for; none: no vessel, by its
/// owner's word.
pub fn accounted(declared: &Declared, raw: &str) -> Option<Vec<VesselNumber>> {
    if raw.len() > MOST_BYTES {
        return None;
    }
    if let Some(whole) = item(declared, raw) {
        return Some(whole.into_iter().collect());
    }
    let text = fold::narrowed(raw);
    let text = fold::unguarded(fold::trimmed(&text));
    let (mut numbers, mut items) = (Vec::new(), 0);
    for part in text.split(SEPARATORS) {
        let found = item(declared, part)?;
        numbers.extend(found.filter(|number| !numbers.contains(number)));
        items += 1;
    }
    (items > 1 && numbers.len() <= MOST_VESSELS).then_some(numbers)
}

/// Whether an index of the raw column finds the cell by the number's spellings.
pub fn is_regular(raw: &str) -> bool {
    let number = VesselNumber::read(raw);
    number.is_some_and(|number| number.spellings().iter().any(|spelling| spelling == raw))
}

/// Whether the keel is to be laid in a year after that day's: then it is not a vessel's number yet,
/// but a slip in one.
pub fn is_to_come(number: &VesselNumber, today: CivilDay) -> bool {
    i32::from(number.keel_year()) > today.date().year()
}

/// Whose one number, or one word, is: `Some(None)`: no vessel.
fn item(declared: &Declared, raw: &str) -> Option<Option<VesselNumber>> {
    let word = fold::trimmed(raw);
    // An owner's word counts before its looks.
    if declared.unknown.contains(word) {
        return None;
    }
    if declared.nothing.contains(word) {
        return Some(None);
    }
    let text = folded(raw);
    let is_bare = declared.schemes.contains(&Scheme::VesselDigits)
        && text.len() == DIGITS
        && text.bytes().all(|c| c.is_ascii_digit());
    let whole = if is_bare { format!("{PREFIX}{text}") } else { text };
    VesselNumber::canonical(&whole).map(Some)
}

/// The characters, without blanks, hyphens and case.
pub(super) fn folded(raw: &str) -> String {
    let mut text = fold::identifier(raw);
    text.retain(|c| c != '-');
    text
}
