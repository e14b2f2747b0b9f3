//! Codes of real-property units (不动产单元代码, GB/T 37346-2019, 8.1 and 8.6): which unit of land,
//! house, wood or sea is registered.
//!
//! | places | what |
//! |---|---|
//! | 1–6 | division at county level (GB/T 2260) |
//! | 7–9, 10–12 | cadastral district and sub-district (地籍区、地籍子区) |
//! | 13–14 | feature of the parcel: who owns the land, and what right it is for (`GB`, `JC`) |
//! | 15–19 | number of the parcel |
//! | 20 | feature of the fixture: house `F`, wood `L`, other `Q`, none `W` |
//! | 21–28 | number of the fixture, eight zeros where there is none |
//!
//! The first 19 are the code of the parcel (宗地代码). There is no check character, and numbers run
//! on: a wrong digit makes the number of a unit that is there ([`UnitCode::neighbours`]). So the
//! parcel is a unit of its own, with `W00000000`; what is registered of it is not registered of
//! the units on it, and the reverse.
//!
//! A code keeps the division in which it was given: whether the units of a division that was merged
//! into another were given new codes is their register's to say, so nothing here replaces it.

use std::fmt;

use crate::normal::division::PROVINCES;
use crate::resident_id::filled;
use crate::{fold, mask};

/// Characters of a code.
pub(crate) const LENGTH: usize = 28;
/// Characters of the code of a parcel.
pub(crate) const PARCEL: usize = 19;
/// Who owns the land: the state, a collective, not settled.
pub(crate) const OWNERS: &str = "GJZ";
/// What right the parcel is for: ownership by a collective, building (on, above and below the
/// surface), homesteads, contracted fields, woods and grass, other woods and fields, sea, islands,
/// not settled, other.
pub(crate) const RIGHTS: &str = "ABSXCDEFLNHGWY";
/// What is fixed on it: a house, a wood, something else, nothing.
pub(crate) const FIXTURES: &str = "FLQW";
/// What a division ends with that is no county.
const NO_COUNTY: &str = "00";
/// What the number of a house ends with that stands for the whole building.
const NO_ROOM: &str = "0000";
/// What a register writes where it has no district; there is none for sea and islands.
const NO_DISTRICT: &str = "000000";
/// The same of the number of a parcel.
const NO_NUMBER: &str = "00000";
/// The number of no fixture.
const NO_FIXTURE: &str = "00000000";

/// A code that can have been given: 28 characters, upper case.
///
/// `Display` and `Debug` mask it, for it leads to one person's home.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitCode([u8; LENGTH]);

/// A text of 28 characters in its parts.
struct Parts<'a> {
    division: &'a str,
    district: &'a str,
    owner: &'a str,
    right: &'a str,
    parcel: &'a str,
    fixture: &'a str,
    number: &'a str,
}

impl UnitCode {
    /// Reads a code, whatever case, width, blanks and hyphens it is written with.
    pub fn read(raw: &str) -> Option<Self> {
        let text = fold::identifier(raw.get(..raw.len().min(256))?);
        Self::canonical(&text.replace('-', ""))
    }

    /// The code that a text is to the letter.
    pub fn canonical(text: &str) -> Option<Self> {
        let code = <[u8; LENGTH]>::try_from(text.as_bytes()).ok()?;
        let is_stopgap = || is_stopgap_parcel(text) || is_stopgap_fixture(text);
        (Parts::of(text)?.are_formed() && !is_stopgap()).then_some(Self(code))
    }

    /// Every regular spelling, which an index of the raw column can be asked for; the canonical one
    /// comes first. The last is as certificates print it (8.4): in four groups.
    pub fn spellings(&self) -> Vec<String> {
        let whole = self.as_str();
        let groups = [(0, 6), (6, 12), (12, PARCEL), (PARCEL, LENGTH)];
        let groups = groups.into_iter().filter_map(|(from, to)| whole.get(from..to));
        let printed = groups.collect::<Vec<_>>().join(" ");
        vec![whole.to_owned(), whole.to_ascii_lowercase(), printed]
    }

    /// The codes that a slip of one character, or two that changed places, makes of this one.
    pub fn neighbours(&self) -> impl Iterator<Item = Self> + use<> {
        let whole = self.0;
        let replaced = (0..LENGTH).flat_map(|at| {
            b"0123456789ABCDEFGHJLNQSWXYZ".iter().map(move |character| (at, *character))
        });
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

    /// The division in which it was given.
    pub fn division(&self) -> &str {
        self.as_str().get(..6).unwrap_or_default()
    }

    /// The characters, for matching.
    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The 28 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Whether a text begins like the code of a parcel, and stands for none: registers write no county,
/// no district and no number where the parcel was not surveyed yet. Which one is meant such a code
/// does not say.
pub(crate) fn is_stopgap_parcel(text: &str) -> bool {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let (division, district) = (part(0, 6), part(6, 12));
    let (right, parcel) = (part(13, 14), part(14, PARCEL));
    let is_one_digit = |part: &str| part.bytes().is_sorted_by(|a, b| a == b) && part.len() == 6;
    let has_no_place = division.ends_with(NO_COUNTY) || matches!(district, NO_DISTRICT | "999999");
    is_one_digit(division)
        || (has_no_place && !matches!(right, "H" | "G"))
        || parcel == NO_NUMBER
        || parcel == "99999"
}

/// Whether the fixture of a whole code is filled in, or a building without a room: the code says
/// which parcel, and not which unit of it.
pub(crate) fn is_stopgap_fixture(text: &str) -> bool {
    let number = text.get(PARCEL + 1..LENGTH).unwrap_or_default();
    let feature = text.get(PARCEL..=PARCEL);
    let filled = filled(number.as_bytes());
    text.len() == LENGTH
        && feature != Some("W")
        && !filled.is_empty()
        && (filled.into_iter().all(|is_filled| is_filled)
            || (feature == Some("F") && number.ends_with(NO_ROOM)))
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let part = |from: usize, to: usize| text.get(from..to);
        (text.len() == LENGTH).then_some(())?;
        Some(Self {
            division: part(0, 6)?,
            district: part(6, 12)?,
            owner: part(12, 13)?,
            right: part(13, 14)?,
            parcel: part(14, PARCEL)?,
            fixture: part(PARCEL, PARCEL + 1)?,
            number: part(PARCEL + 1, LENGTH)?,
        })
    }

    fn are_formed(&self) -> bool {
        let are_digits = [self.division, self.district, self.parcel, self.number]
            .iter()
            .all(|part| part.bytes().all(|c| c.is_ascii_digit()));
        are_digits
            && PROVINCES.iter().any(|province| self.division.starts_with(province))
            && OWNERS.contains(self.owner)
            && RIGHTS.contains(self.right)
            && FIXTURES.contains(self.fixture)
            && (self.fixture == "W") == (self.number == NO_FIXTURE)
    }
}

impl fmt::Display for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask::masked(self.as_str()))
    }
}

impl fmt::Debug for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
