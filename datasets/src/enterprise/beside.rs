//! Enterprises in texts: names, remarks, addresses, numbers of other things. Most of what is there
//! is no code, so only what makes sense as nothing else counts.

use super::accounted::code;
use super::matching::Suspect;
use super::patterns::LENGTH;
use crate::fold;
use crate::normal::uscc::Uscc;
use crate::resident_id::is_mask;

/// Enterprises in one text.
const MOST_ENTERPRISES: usize = 64;
/// Masks side by side in a masked code.
const MASKS: usize = 4;
/// Characters that are shown of one.
const SHOWN: usize = 6;
/// Letters of a mistyped one that is not masked: numbers of other things have none.
const LETTERS: usize = 1;

/// The enterprises whose whole codes are in a text, whatever is glued to them, each once: with both
/// check characters right, for one of 31 numbers has one of them by chance.
pub fn enterprises_in(raw: &str) -> Vec<Uscc> {
    let mut found = Vec::new();
    if raw.len() < LENGTH {
        return found;
    }
    for run in runs(raw) {
        let bytes = run.as_bytes();
        for window in bytes.windows(LENGTH) {
            let whole = std::str::from_utf8(window).ok().and_then(code);
            let whole = whole.filter(|code| code.organisation().is_some());
            found.extend(whole.filter(|code| !found.contains(code)));
            if found.len() >= MOST_ENTERPRISES {
                return found;
            }
        }
    }
    found
}

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
        // Whole ones are [`enterprises_in`]'s; a person's ends with an `X` at most.
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

/// Runs of letters and digits, upper case, whatever blanks and hyphens are inside.
fn runs(raw: &str) -> Vec<String> {
    let mut runs = vec![String::new()];
    for c in fold::narrowed(raw).chars() {
        if c.is_ascii_alphanumeric() {
            runs.last_mut().into_iter().for_each(|run| run.push(c.to_ascii_uppercase()));
        } else if !fold::is_blank(c) && c != '-' {
            runs.push(String::new());
        }
    }
    runs
}
