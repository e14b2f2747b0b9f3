//! Damaged numbers in texts.

use super::{Grammar, Suspect};
use crate::fold;
use crate::resident_id::is_mask;

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
