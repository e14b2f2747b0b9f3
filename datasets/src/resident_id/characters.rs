//! The characters of a cell of ids.

use crate::fold;

/// The longest cell that is looked at as one of ids.
pub(super) const MOST_CHARACTERS: usize = 256;
/// Persons in one cell.
pub(super) const MOST_PERSONS: usize = 64;
/// Fewer characters do not tell persons apart.
pub(super) const KNOWN_ENOUGH: usize = 6;
/// What separates the identifiers of a list.
pub(crate) const SEPARATORS: [char; 9] = [';', ',', '、', '|', '/', '\n', '\r', '\t', '\u{b}'];

/// The cell's characters, folded.
pub(super) fn folded(raw: &str) -> impl Iterator<Item = char> {
    fold::identifier(raw).chars().collect::<Vec<_>>().into_iter()
}
