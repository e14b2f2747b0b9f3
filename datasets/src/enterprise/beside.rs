//! Damaged codes in texts: names, remarks, addresses, numbers of other things. Most of what is
//! there is no code, so only what makes sense as nothing else counts.

use super::accounted::code;
use super::matching::Suspect;
use super::patterns::LENGTH;
use crate::fold;
use crate::resident_id::is_mask;

/// Masks side by side in a masked code.
const MASKS: usize = 4;
/// Characters that are shown of one.
const SHOWN: usize = 6;
/// Letters of a mistyped one that is not masked: numbers of other things have none.
const LETTERS: usize = 1;

/// Masked and mistyped codes in a text: as long as a code, with a letter where they are not masked,
/// and of which some code is an edit away.
pub fn damaged_in(raw: &str) -> Vec<Suspect> {
    if raw.len() < SHOWN + MASKS {
        return Vec::new();
    }
    let text = fold::narrowed(raw).to_ascii_uppercase();
    let is_part = |c: char| c.is_ascii_alphanumeric() || is_mask(c);
    let one = |run: &str| {
        let length = run.chars().count();
        let masks = run.split(|c| !is_mask(c)).map(|row| row.chars().count()).max();
        let is_masked = masks.is_some_and(|masks| masks >= MASKS);
        let letters = run.bytes().filter(u8::is_ascii_uppercase).count();
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let looks = if is_masked {
            length == LENGTH && letters + digits >= SHOWN && run.starts_with(is_first)
        } else {
            (17..=19).contains(&length) && letters >= LETTERS && digits >= SHOWN
        };
        // Whole ones are [`super::enterprises_in`]'s; a person's ends with an `X` at most.
        let is_persons = run.get(..17).is_some_and(|body| body.bytes().all(|c| c.is_ascii_digit()));
        let suspect = (looks && !is_persons && code(run).is_none()).then(|| Suspect::new(run))?;
        (!suspect.is_anybodys()).then_some(suspect)
    };
    text.split(|c: char| !is_part(c)).filter_map(one).collect()
}

/// Registrars that no province begins with, which a person's number would begin with.
fn is_first(c: char) -> bool {
    matches!(c, '5' | '9' | 'A' | 'N' | 'Y')
}
