//! Enterprises whose whole codes are in a text.

use super::accounted::code;
use super::patterns::LENGTH;
use crate::fold;
use crate::normal::uscc::Uscc;

/// Enterprises in one text.
const MOST_ENTERPRISES: usize = 64;

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
