//! Whose a cell of numbers is, where every character of it is accounted for.

use super::Grammar;
use crate::fold;
use crate::resident_id::{Declared, SEPARATORS};

/// Things in one cell.
const MOST_THINGS: usize = 64;
/// Longest cell that is looked at.
const MOST_BYTES: usize = 4096;

/// The things in the cell, if every character of it is accounted for; none: no thing, by its
/// owner's word.
pub(crate) fn accounted<G: Grammar>(declared: &Declared, raw: &str) -> Option<Vec<G::Name>> {
    if raw.len() > MOST_BYTES {
        return None;
    }
    if let Some(whole) = item::<G>(declared, raw) {
        return Some(whole.into_iter().collect());
    }
    let text = fold::narrowed(raw);
    let text = fold::unguarded(fold::trimmed(&text));
    let (mut names, mut items) = (Vec::new(), 0);
    for part in text.split(SEPARATORS) {
        let found = item::<G>(declared, part)?;
        names.extend(found.filter(|name| !names.contains(name)));
        items += 1;
    }
    (items > 1 && names.len() <= MOST_THINGS).then_some(names)
}

/// Whose one number, or one word, is: `Some(None)`: no thing.
fn item<G: Grammar>(declared: &Declared, raw: &str) -> Option<Option<G::Name>> {
    let word = fold::trimmed(raw);
    // An owner's word counts before its looks.
    if declared.unknown.contains(word) {
        return None;
    }
    if declared.nothing.contains(word) {
        return Some(None);
    }
    G::name(declared, raw, &folded(raw))
}

/// The characters, without blanks, hyphens and case.
pub(crate) fn folded(raw: &str) -> String {
    let mut text = fold::identifier(raw);
    text.retain(|c| c != '-');
    text
}
