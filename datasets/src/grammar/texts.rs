//! Whole numbers in texts: names, remarks, addresses, numbers of other things.

use super::Grammar;
use crate::fold;

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
            let whole = std::str::from_utf8(window).ok();
            let whole = whole.and_then(|window| G::within_text(window, run.len()));
            found.extend(whole.filter(|number| !found.contains(number)));
            if found.len() >= MOST_THINGS {
                return found;
            }
        }
    }
    found
}

/// Runs of letters and digits, upper case, whatever blanks and hyphens are inside; then each word
/// of those that have several.
fn runs(raw: &str) -> Vec<String> {
    let text = fold::narrowed(raw);
    let mut runs = vec![String::new()];
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            runs.last_mut().into_iter().for_each(|run| run.push(c.to_ascii_uppercase()));
        } else if !fold::is_blank(c) && c != '-' {
            runs.push(String::new());
        }
    }
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_uppercase);
    let words: Vec<String> = words.filter(|word| !runs.contains(word)).collect();
    runs.extend(words);
    runs
}
