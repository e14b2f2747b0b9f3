//! Vehicle identification numbers (车辆识别代号, GB 16735-2019; ISO 3779): which vehicle.
//!
//! 17 characters, digits and capital letters without `I`, `O` and `Q`; the ninth is a check digit.
//! The check digit is worked out as GB 16735 has it: each character's value times its place's
//! weight, the sum modulo 11, 10 is `X`. The letters' values go round from 1 to 9, so some letters
//! and digits have one value (`1`, `A`, `J`), and the eighth place has the weight of the check
//! digit itself: one of these in the place of another, and the eighth and ninth characters in each
//! other's places, make another number that is right as well ([`Vin::neighbours`]).

use std::fmt;

use crate::resident_id::filled;
use crate::{fold, mask};

/// Characters of a number.
pub(crate) const LENGTH: usize = 17;
/// Those that a number can have.
pub(crate) const ALPHABET: &[u8; 33] = b"0123456789ABCDEFGHJKLMNPRSTUVWXYZ";
/// The place of the check digit, from 0.
pub(crate) const CHECK: usize = 8;
/// From this place on there are digits alone: of a maker of fewer than a thousand a year, the three
/// characters before name the maker.
pub(crate) const DIGITS_FROM: usize = 14;
/// What each place counts; the check digit's own is what brings a right number's sum to 0.
const WEIGHTS: [u32; LENGTH] = [8, 7, 6, 5, 4, 3, 2, 10, 10, 9, 8, 7, 6, 5, 4, 3, 2];
/// Characters that no filling machine would have written, at least.
const KNOWN_ENOUGH: usize = 8;
/// A letter more often in a row is a filling, and so is a digit: the first vehicles of a year have
/// five zeros at most before the last one.
const SAME_LETTER: usize = 2;
const SAME_DIGIT: usize = 5;
/// Where the running number of the vehicle begins.
const SERIAL: usize = 11;

/// A number that can have been given: 17 characters, upper case, with the right check digit.
///
/// `Display` and `Debug` mask it, for it leads to one person's vehicle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vin([u8; LENGTH]);

impl Vin {
    /// Reads a number, whatever case, width, blanks and hyphens it is written with.
    pub fn read(raw: &str) -> Option<Self> {
        let text = fold::identifier(raw.get(..raw.len().min(256))?);
        Self::canonical(&text.replace('-', ""))
    }

    /// The number that a text is to the letter.
    pub fn canonical(text: &str) -> Option<Self> {
        let number = <[u8; LENGTH]>::try_from(text.as_bytes()).ok()?;
        let is_known = number.iter().all(|c| ALPHABET.contains(c));
        (is_known && has_check_digit(&number) && is_plausible(&number)).then_some(Self(number))
    }

    /// Every regular spelling, which an index of the raw column can be asked for; the canonical one
    /// comes first.
    pub fn spellings(&self) -> Vec<String> {
        vec![self.as_str().to_owned(), self.as_str().to_ascii_lowercase()]
    }

    /// The numbers that a slip of one character, or two that changed places, makes of this one.
    /// The check digit leaves few of them.
    pub fn neighbours(&self) -> impl Iterator<Item = Self> + use<> {
        let whole = self.0;
        let replaced = (0..LENGTH).flat_map(|at| ALPHABET.iter().map(move |c| (at, *c)));
        let replaced = replaced.map(move |(at, character)| {
            let mut other = whole;
            other.iter_mut().skip(at).take(1).for_each(|c| *c = character);
            other
        });
        let swapped = (0..LENGTH - 1).map(move |at| {
            let mut other = whole;
            other.swap(at, at + 1);
            other
        });
        let all = replaced.chain(swapped).filter(move |other| *other != whole);
        all.filter_map(|other| Self::canonical(std::str::from_utf8(&other).ok()?))
    }

    /// The characters, for matching.
    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The 17 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Vin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask::masked(self.as_str()))
    }
}

impl fmt::Debug for Vin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Digits where there are digits alone, a letter beside the check digit (a number of digits alone
/// can be anything's, such as a person's that was cut), and no mere filling.
fn is_plausible(number: &[u8; LENGTH]) -> bool {
    let has_letter = number.iter().enumerate().any(|(at, c)| at != CHECK && c.is_ascii_uppercase());
    let filled = filled(number);
    let known = |from: usize| filled.iter().skip(from).filter(|is_filled| !**is_filled).count();
    let repeated = |run: &[u8]| {
        let most =
            if run.first().is_some_and(u8::is_ascii_digit) { SAME_DIGIT } else { SAME_LETTER };
        run.len() > most
    };
    has_letter
        && !number.chunk_by(|a, b| a == b).any(repeated)
        && number.iter().skip(DIGITS_FROM).all(u8::is_ascii_digit)
        && known(0) >= KNOWN_ENOUGH
        && known(SERIAL) > 0
}

/// Whether the ninth character is what the others make it.
fn has_check_digit(number: &[u8; LENGTH]) -> bool {
    let sum: Option<u32> = number
        .iter()
        .zip(WEIGHTS)
        .enumerate()
        .map(|(at, (c, weight))| Some(if at == CHECK { check(*c)? } else { value(*c)? } * weight))
        .sum();
    sum.is_some_and(|sum| sum % 11 == 0)
}

/// What a check digit stands for.
fn check(c: u8) -> Option<u32> {
    match c {
        b'0'..=b'9' => Some(u32::from(c - b'0')),
        b'X' => Some(10),
        _ => None,
    }
}

/// What a character counts for, by GB 16735: `A` to `H` 1 to 8, `J` to `R` 1 to 9, `S` to `Z` 2 to
/// 9.
fn value(c: u8) -> Option<u32> {
    let after = |first: u8, least: u8| Some(u32::from(c - first + least));
    match c {
        b'0'..=b'9' => after(b'0', 0),
        b'A'..=b'H' => after(b'A', 1),
        b'J'..=b'N' | b'P' | b'R' => after(b'J', 1),
        b'S'..=b'Z' => after(b'S', 2),
        _ => None,
    }
}
