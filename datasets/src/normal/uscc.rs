//! Unified social credit codes (统一社会信用代码, GB 32100-2015): who an enterprise is.

use crate::fold;

/// The characters of a code, in the order of their values: no `I`, `O`, `S`, `V`, `Z`.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Reads a code, whatever case, width, blanks and hyphens it is written with: 18 characters whose check character holds.
pub fn read(raw: &str) -> Option<String> {
    let text: String = fold::identifier(raw.get(..raw.len().min(256))?).chars().filter(|c| *c != '-').collect();
    is_valid(text.as_bytes()).then_some(text)
}

/// Upper case, lower case.
pub fn spellings(code: &str) -> Vec<String> {
    let lower = code.to_ascii_lowercase();
    if lower == code { vec![lower] } else { vec![code.to_owned(), lower] }
}

/// Whether these are the 18 characters of a code with the right check character: weights 3^(i-1) mod 31, check = 31 − sum mod 31 (31 → 0).
pub fn is_valid(text: &[u8]) -> bool {
    let value = |c: &u8| ALPHABET.iter().position(|known| known == c);
    let Some((last, first)) = text.split_last() else { return false };
    let mut weight = 1;
    let mut sum = 0;
    for c in first {
        let Some(value) = value(c) else { return false };
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    first.len() == 17 && value(last) == Some((31 - sum % 31) % 31)
}
