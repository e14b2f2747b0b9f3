//! Vessels whose whole numbers are in a text.

use crate::fold;
use crate::normal::vessel_number::{LENGTH, VesselNumber};

/// Vessels in one text.
const MOST_VESSELS: usize = 64;

/// The vessels whose whole numbers are in a text, whatever is glued to them, each once.
pub fn vessels_in(raw: &str) -> Vec<VesselNumber> {
    let mut found = Vec::new();
    if raw.len() < LENGTH {
        return found;
    }
    for run in runs(raw) {
        for window in run.as_bytes().windows(LENGTH) {
            let whole = std::str::from_utf8(window).ok().and_then(VesselNumber::canonical);
            found.extend(whole.filter(|number| !found.contains(number)));
            if found.len() >= MOST_VESSELS {
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
