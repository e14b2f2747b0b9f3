//! Unified social credit codes (统一社会信用代码, GB 32100-2015): who an enterprise is.

use std::fmt;

use super::division::PROVINCES;
use super::organisation_code::OrganisationCode;
use crate::{fold, mask};

/// The characters of a code, in the order of their values: no `I`, `O`, `S`, `V`, `Z`.
pub(crate) const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Who registers: organs of state by their numbers, the military, agriculture, others.
pub(crate) const AUTHORITIES: &[u8] = b"123456789ANY";

/// A code that can have been issued: 18 characters, upper case.
///
/// `Display` and `Debug` mask it, for it can be that of one person's business (个体工商户).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uscc([u8; 18]);

impl Uscc {
    /// Reads a code, as [`read`] does.
    pub fn read(raw: &str) -> Option<Self> {
        <[u8; 18]>::try_from(read(raw)?.as_bytes()).ok().map(Self)
    }

    /// The code that a text is to the letter.
    pub fn canonical(text: &str) -> Option<Self> {
        Self::read(text).filter(|code| code.as_str() == text)
    }

    /// The part that belongs to the organisation: characters 9 to 17; `None` where its own check
    /// character does not hold.
    pub fn organisation(&self) -> Option<OrganisationCode> {
        OrganisationCode::of(self.0.get(8..17)?)
    }

    /// Every regular spelling, which an index of the raw column can be asked for; the canonical one
    /// comes first.
    pub fn spellings(&self) -> Vec<String> {
        spellings(self.as_str())
    }

    /// The characters, for matching.
    pub(crate) fn bytes(&self) -> &[u8; 18] {
        &self.0
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask::masked(self.as_str()))
    }
}

impl fmt::Debug for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads a code, whatever case, width, blanks and hyphens it is written with: 18 characters whose
/// check character holds.
pub fn read(raw: &str) -> Option<String> {
    let text: String =
        fold::identifier(raw.get(..raw.len().min(256))?).chars().filter(|c| *c != '-').collect();
    is_valid(text.as_bytes()).then_some(text)
}

/// Upper case, lower case.
pub fn spellings(code: &str) -> Vec<String> {
    let lower = code.to_ascii_lowercase();
    if lower == code { vec![lower] } else { vec![code.to_owned(), lower] }
}

/// Whether these are the 18 characters of a code that can have been issued: an authority that
/// registers, a category, a division of six digits, and the right check character, weights 3^(i-1)
/// mod 31, check = 31 − sum mod 31 (31 → 0). Eighteen zeros have the right one too.
pub fn is_valid(text: &[u8]) -> bool {
    text.first().is_some_and(|authority| AUTHORITIES.contains(authority))
        && text.get(1).is_some_and(|category| matches!(category, b'1'..=b'5' | b'9'))
        && text.get(2..8).is_some_and(is_division)
        && has_check_character(text)
}

/// Divisions by their provinces, and `100000` for bodies that the state itself registers.
pub(crate) fn is_division(six: &[u8]) -> bool {
    let province = six.get(..2).and_then(|two| std::str::from_utf8(two).ok());
    six == b"100000"
        || (six.iter().all(u8::is_ascii_digit)
            && province.is_some_and(|two| PROVINCES.contains(&two)))
}

fn has_check_character(text: &[u8]) -> bool {
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
