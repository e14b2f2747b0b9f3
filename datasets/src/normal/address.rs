//! Addresses. They are shown and compared by people, never looked up: two spellings of one house
//! are not recognised as one.

use crate::fold;

/// Reads an address: full-width letters and digits narrowed, blanks gone, `號` as `号`, dashes of
/// every width as one.
pub fn read(raw: &str) -> Option<String> {
    let address: String = fold::trimmed(raw)
        .chars()
        .map(fold::narrow)
        .filter(|c| !fold::is_blank(*c))
        .map(|c| match c {
            '號' => '号',
            '—' | '–' | '−' | '‐' | '‑' => '-',
            other => other,
        })
        .collect();
    let said = !address.is_empty()
        && address.chars().count() <= 500
        && !address.chars().any(char::is_control)
        && !address.contains('\u{fffd}');
    said.then_some(address)
}
