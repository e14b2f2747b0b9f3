//! Organisation codes (组织机构代码, GB 11714): the part of a unified social credit code that belongs
//! to one organisation and to no other.

use std::fmt;

use crate::mask;

/// An organisation's own nine characters, upper case, without a hyphen.
///
/// `Display` and `Debug` mask it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganisationCode([u8; 9]);

impl OrganisationCode {
    /// Of nine characters with the right check character.
    pub fn of(text: &[u8]) -> Option<Self> {
        <[u8; 9]>::try_from(text).ok().filter(is_valid).map(Self)
    }

    /// The nine characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for OrganisationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask::masked(self.as_str()))
    }
}

impl fmt::Debug for OrganisationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Weights 3 7 9 10 5 8 4 2, check = 11 − sum mod 11, where 10 is `X` and 11 is 0.
fn is_valid(text: &[u8; 9]) -> bool {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let value = |c: &u8| match c {
        b'0'..=b'9' => Some(u32::from(c - b'0')),
        b'A'..=b'Z' => Some(u32::from(c - b'A') + 10),
        _ => None,
    };
    let sum: Option<u32> =
        text.iter().zip(WEIGHTS).map(|(c, weight)| Some(value(c)? * weight)).sum();
    let right = sum.map(|sum| match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b"0123456789".get(digit as usize).copied().unwrap_or_default(),
    });
    right.is_some() && right == text.last().copied()
}
