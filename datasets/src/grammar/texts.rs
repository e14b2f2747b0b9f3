//! Numbers in texts: names, remarks, addresses, numbers of other things.

use super::{Grammar, Suspect};
use crate::fold;
use crate::resident_id::is_mask;

/// Things in one text.
const MOST_THINGS: usize = 64;

/// The things whose whole numbers are in a text, whatever is glued to them, each once.
pub(crate) fn numbers_in<G: Grammar>(raw: &str) -> Vec<G::Number> {
    let mut found = Vec::new();
    if raw.len() < G::LENGTH {
        return found;
    }
    for run in runs(raw) {
        for window in run.as_bytes().windows(G::LENGTH) {
            let whole = std::str::from_utf8(window).ok().and_then(G::within_text);
            found.extend(whole.filter(|number| !found.contains(number)));
            if found.len() >= MOST_THINGS {
                return found;
            }
        }
    }
    found
}

/// Masked and mistyped numbers in a text. Most of what is there is no such number, so only what
/// makes sense as nothing else counts.
pub(crate) fn damaged_in<G: Grammar>(raw: &str) -> Vec<Suspect<G>> {
    if raw.len() < G::FEWEST_OF_DAMAGED {
        return Vec::new();
    }
    let text = fold::narrowed(raw).to_ascii_uppercase();
    let is_part = |c: char| c.is_ascii_alphanumeric() || is_mask(c);
    let runs = text.split(|c: char| !is_part(c)).filter(|run| G::looks_damaged(run));
    runs.map(Suspect::new).filter(|suspect| !suspect.is_anybodys()).collect()
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
