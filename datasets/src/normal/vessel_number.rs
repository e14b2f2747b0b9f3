//! Ship identification numbers (船舶识别号): which vessel of China's register.
//!
//! 船舶识别号管理规定 (the Maritime Safety Administration, 2010) gives each vessel one number for
//! good: `CN`, the year in which its keel was laid, six digits at random, and a check digit. How
//! the check digit is worked out is not published, so nothing here looks at it: a wrong digit reads
//! as another vessel's number ([`crate::vessel`] says what follows).

use std::fmt;

use crate::resident_id::filled;
use crate::{fold, mask};

/// Characters of a number.
pub(crate) const LENGTH: usize = 13;
/// What each begins with.
pub(crate) const PREFIX: &str = "CN";
/// Vessels that are older are in museums.
const FIRST_KEEL: u16 = 1900;
const LAST_KEEL: u16 = 2099;
/// Digits behind the year that no filling machine would have written, at least.
const KNOWN_ENOUGH: usize = 2;

/// A number that can have been given: 13 characters, upper case.
///
/// `Display` and `Debug` mask it, for it leads to one person's vessel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VesselNumber([u8; LENGTH]);

impl VesselNumber {
    /// Reads a number, whatever case, width, blanks and hyphens it is written with.
    pub fn read(raw: &str) -> Option<Self> {
        let text = fold::identifier(raw.get(..raw.len().min(256))?);
        Self::of(&text.replace('-', ""))
    }

    /// The number that a text is to the letter.
    pub fn canonical(text: &str) -> Option<Self> {
        Self::of(text)
    }

    fn of(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let number = <[u8; LENGTH]>::try_from(text.as_bytes()).ok()?;
        let (year, serial) = digits.split_at_checked(4)?;
        let all_digits = digits.bytes().all(|c| c.is_ascii_digit());
        let keel = year.parse::<u16>().is_ok_and(|keel| (FIRST_KEEL..=LAST_KEEL).contains(&keel));
        let known = filled(serial.as_bytes()).into_iter().filter(|is_filled| !is_filled).count();
        (all_digits && keel && known >= KNOWN_ENOUGH).then_some(Self(number))
    }

    /// The year in which its keel was laid.
    pub fn keel_year(&self) -> u16 {
        self.as_str().get(2..6).and_then(|year| year.parse().ok()).unwrap_or_default()
    }

    /// Every regular spelling, which an index of the raw column can be asked for; the canonical one
    /// comes first.
    pub fn spellings(&self) -> Vec<String> {
        vec![self.as_str().to_owned(), self.as_str().to_ascii_lowercase()]
    }

    /// The numbers that a slip of one digit, or two digits that changed places, makes of this one.
    pub fn neighbours(&self) -> impl Iterator<Item = Self> + use<> {
        let whole = self.0;
        let replaced = (2..LENGTH).flat_map(|at| (b'0'..=b'9').map(move |digit| (at, digit)));
        let replaced = replaced.map(move |(at, digit)| {
            let mut other = whole;
            other.iter_mut().skip(at).take(1).for_each(|c| *c = digit);
            other
        });
        let swapped = (2..LENGTH - 1).map(move |at| {
            let mut other = whole;
            other.swap(at, at + 1);
            other
        });
        let all = replaced.chain(swapped).filter(move |other| *other != whole);
        all.filter_map(|other| Self::of(std::str::from_utf8(&other).ok()?))
    }

    /// The characters, for matching.
    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The 13 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for VesselNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask::masked(self.as_str()))
    }
}

impl fmt::Debug for VesselNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
