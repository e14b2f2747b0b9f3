//! Damaged numbers in texts: names, remarks, numbers of other things. Most of what is there is no
//! number of a vessel, so only what begins as one counts.

use super::matching::Suspect;
use crate::fold;
use crate::normal::vessel_number::{LENGTH, PREFIX, VesselNumber};
use crate::resident_id::is_mask;

/// Characters that are shown of one.
const SHOWN: usize = 6;

/// Masked and mistyped numbers in a text: they begin with `CN` and a digit, and are about as long
/// as a number.
pub fn damaged_in(raw: &str) -> Vec<Suspect> {
    if raw.len() < SHOWN {
        return Vec::new();
    }
    let text = fold::narrowed(raw).to_ascii_uppercase();
    let is_part = |c: char| c.is_ascii_alphanumeric() || is_mask(c);
    let one = |run: &str| {
        let digits = run.strip_prefix(PREFIX)?;
        let shown = digits.bytes().filter(u8::is_ascii_digit).count();
        let length = run.chars().count();
        let looks = digits.starts_with(|c: char| c.is_ascii_digit())
            && (run.chars().any(is_mask) || (LENGTH - 1..=LENGTH + 1).contains(&length))
            && shown + PREFIX.len() >= SHOWN
            && VesselNumber::canonical(run).is_none();
        let suspect = looks.then(|| Suspect::new(run))?;
        (!suspect.is_anybodys()).then_some(suspect)
    };
    text.split(|c: char| !is_part(c)).filter_map(one).collect()
}
