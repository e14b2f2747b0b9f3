//! Whose a cell of enterprises' numbers is, where every character of it is accounted for.

use crate::fold;
use crate::normal::organisation_code::OrganisationCode;
use crate::normal::uscc::Uscc;
use crate::resident_id::{Declared, Reading, ResidentId, SEPARATORS, Scheme, parse};

use super::{KNOWN_ENOUGH, known, organisation_code, tax_number};

/// Enterprises in one cell.
const MOST_ENTERPRISES: usize = 64;
/// Longest cell that is looked at.
const MOST_BYTES: usize = 4096;
/// Digits that a spreadsheet leaves of 18.
const ROUNDED: &str = "000";

/// A whole number of an enterprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Its credit code.
    Code(Uscc),
    /// What its credit code has inside.
    Organisation(OrganisationCode),
}

/// The enterprises in the cell, if every character of it is accounted for; none: no enterprise, by
/// its owner's word.
pub fn accounted(declared: &Declared, raw: &str) -> Option<Vec<Number>> {
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
    (items > 1 && numbers.len() <= MOST_ENTERPRISES).then_some(numbers)
}

/// Whether an index of the raw column finds the cell by the code's spellings.
pub fn is_regular(raw: &str) -> bool {
    code(&folded(raw)).is_some_and(|code| code.spellings().iter().any(|spelling| spelling == raw))
}

/// Whose one number, or one word, is: `Some(None)`: no enterprise.
fn item(declared: &Declared, raw: &str) -> Option<Option<Number>> {
    let word = fold::trimmed(raw);
    // An owner's word counts before its looks.
    if declared.unknown.contains(word) {
        return None;
    }
    if declared.nothing.contains(word) {
        return Some(None);
    }
    let text = folded(raw);
    if let Some(code) = code(&text) {
        return Some(Some(Number::Code(code)));
    }
    let is_stated = |scheme| declared.schemes.contains(&scheme);
    // The number of a person can be what their business was known by.
    if matches!(parse(raw), Reading::Person(_)) {
        let is_whole = text.len() == 18 && Uscc::read(&text).is_none();
        return (is_whole && is_stated(Scheme::ResidentId)).then_some(None);
    }
    let organisation = match text.len() {
        9 if is_stated(Scheme::OrganisationCode) => organisation_code(text.as_bytes()),
        15 if is_stated(Scheme::TaxNumber) => tax_number(&text),
        _ => None,
    };
    organisation.map(|organisation| Some(Number::Organisation(organisation)))
}

/// The characters, without blanks, hyphens and case.
pub(super) fn folded(raw: &str) -> String {
    let mut text = fold::identifier(raw);
    text.retain(|c| c != '-');
    text
}

/// A code that is nobody else's number, that a spreadsheet has not rounded, and that no machine
/// filled in.
pub(super) fn code(text: &str) -> Option<Uscc> {
    let is_digits = || text.bytes().all(|c| c.is_ascii_digit());
    Uscc::canonical(text).filter(|_| {
        known(text.as_bytes()) >= KNOWN_ENOUGH
            && ResidentId::new_strict(text).is_err()
            && !(text.ends_with(ROUNDED) && is_digits())
    })
}
