//! Resident identity numbers (公民身份号码, GB 11643) as registers really hold them.
//!
//! [`Declared::whose`] says whose a cell is: exactly some persons', if every character of it is
//! accounted for by whole identifiers or by its owner's words, or else that of every person whose
//! it could be ([`Suspect`]). [`parse`] brings one identifier to its canonical 18 characters.
//! Residence permits for Hong Kong, Macau and Taiwan residents (81, 82, 83) and the 18-character
//! ids of foreign permanent residents (leading 9) follow the same scheme and are read as persons
//! too.

mod accounted;
mod beside;
mod characters;
mod fifteen;
mod matching;
mod named;
mod plausible;
mod schemes;

use std::fmt;

use chrono::{Datelike, NaiveDate};

use crate::normal::uscc;
use crate::{CivilDay, fold};

pub use accounted::{Declared, SchemeBy, Whose};
pub use beside::{Damaged, damaged_in};
pub use fifteen::{
    doubtfuls, fifteens, is_doubtful, is_spreadsheet_rounded, rounded_digits, short_digits,
};
pub use matching::{Probe, Suspect, could_match};
pub use named::{names_somebody, persons_among, persons_in, pieces_among};
pub use schemes::{SCHEMES, Scheme};

pub(crate) use characters::SEPARATORS;
pub(crate) use matching::is_mask;
pub(crate) use plausible::filled;

/// A valid resident id: 18 characters, upper-case `X`, a real birth date between 1800 and 2099, the
/// right check character.
///
/// `Display` and `Debug` mask the middle eight characters, so that a log line or an error never
/// shows a whole id by accident; [`ResidentId::as_str`] is the way to the real thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResidentId([u8; 18]);

/// What [`parse`] made of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A person's id, in canonical form.
    Person(ResidentId),
    /// A unified social credit code (GB 32100), folded: an organisation's, with the right check
    /// character, **and** at least three edits away from anything shaped like a resident id.
    /// One that is nearer stays unreadable, because a mistyped resident id passes the code's check
    /// once in 31 times. Identifiers of other schemes are recognised by their owner's word only:
    /// [`Declared::schemes`].
    Code(String),
    /// Nothing that can be relied upon, an id that cannot have been issued among it.
    /// [`could_match`] tells whose it could be.
    Unreadable,
}

/// Why people's input is not a resident id, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrictError {
    /// Not 18 characters.
    #[error(
        "a resident id has 18 characters, and this has {found}: copy the number from the card in \
         full"
    )]
    Length {
        /// Characters given, blanks not counted.
        found: usize,
    },
    /// The first-generation form, which people no longer hold.
    #[error(
        "this is a 15-digit first-generation id: give the 18-character number on the present card"
    )]
    FirstGeneration,
    /// A character in a place where it cannot be.
    #[error("`{found}` at position {position} is not a digit: only the last character may be `X`")]
    Character {
        /// Counted from 1.
        position: usize,
        /// The character.
        found: char,
    },
    /// Positions 7 to 14 are not a date.
    #[error("positions 7 to 14 (`{found}`) are not a date of birth: compare them with the card")]
    BirthDate {
        /// The eight characters.
        found: String,
    },
    /// A digit is wrong or two are swapped.
    #[error(
        "the check character `{found}` does not fit the other 17: a digit is mistyped or two are \
         swapped; compare with the card"
    )]
    CheckCharacter {
        /// The 18th character as given.
        found: char,
    },
    /// Right in form, but no person's: [`ResidentId::issued`].
    #[error(
        "no such number has been issued by now ({found}): there is no such province, sequence or \
         birth; compare with the card"
    )]
    NeverIssued {
        /// The number, masked.
        found: ResidentId,
    },
    /// Readable, and spelled otherwise than a signed message has it.
    #[error(
        "a signed request has the 18 characters and nothing else, with `X` in upper case: sign it so"
    )]
    NotCanonical,
}

impl StrictError {
    /// The same in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::Length { found } => {
                format!("居民身份号码为 18 位，此处为 {found} 位：请照证件完整填写")
            }
            Self::FirstGeneration => {
                "这是 15 位的一代证号码：请填写现行证件上的 18 位号码".to_owned()
            }
            Self::Character { position, found } => {
                format!("第 {position} 位的 `{found}` 不是数字：只有末位可以是 `X`")
            }
            Self::BirthDate { found } => {
                format!("第 7 至 14 位（`{found}`）不是出生日期：请对照证件")
            }
            Self::CheckCharacter { found } => {
                format!("校验码 `{found}` 与前 17 位不符，可能有数字错误或颠倒：请对照证件")
            }
            Self::NeverIssued { found } => {
                format!("尚未签发过这样的号码（{found}）：省份、顺序码或出生日期不存在，请对照证件")
            }
            Self::NotCanonical => {
                "签名请求中只能是 18 位号码本身，末位 `X` 须为大写：请按此签发".to_owned()
            }
        }
    }
}

/// Reads a cell, whatever blanks, full-width characters, case and generation it uses.
pub fn parse(raw: &str) -> Reading {
    // Longer than any column of ids; bounds the work that a hostile cell can cause.
    if raw.len() > 4096 {
        return Reading::Unreadable;
    }
    // Nearly all are spelled so already, and folding makes nothing else of them.
    if let Ok(id) = <[u8; 18]>::try_from(raw.as_bytes())
        && is_canonical(&id)
        && plausible::is_plausible(&ResidentId(id))
    {
        return Reading::Person(ResidentId(id));
    }
    let text = fold::identifier(raw);
    if let Some(person) = of_folded(text.as_bytes()) {
        return Reading::Person(person);
    }
    let is_code = || {
        uscc::is_valid(text.as_bytes())
            && !could_be_masked(&text)
            && matching::far_from_any(text.as_bytes())
    };
    if is_code() {
        return Reading::Code(text);
    }
    Reading::Unreadable
}

/// Whether `X`es beside digits alone hide something: only another letter shows that this was never
/// an id.
fn could_be_masked(code: &str) -> bool {
    code.contains("XX") && code.bytes().all(|c| c.is_ascii_digit() || c == b'X')
}

/// True when `raw` is a person's id in a spelling that an index cannot be asked for, because it is
/// none of [`ResidentId::spellings`]: such rows need an index of exceptions.
pub fn is_irregular(raw: &str) -> bool {
    match parse(raw) {
        Reading::Person(id) => !id.spellings().iter().any(|spelling| spelling == raw),
        Reading::Code(_) | Reading::Unreadable => false,
    }
}

/// True when `raw` is a person's id in one of its [`ResidentId::spellings`].
pub fn is_regular(raw: &str) -> bool {
    match parse(raw) {
        Reading::Person(id) => id.spellings().iter().any(|spelling| spelling == raw),
        Reading::Code(_) | Reading::Unreadable => false,
    }
}

impl ResidentId {
    /// Reads what a person typed: 18 characters, where blanks, full-width digits and a lower-case
    /// `x` are forgiven, and nothing else.
    pub fn new_strict(text: &str) -> Result<Self, StrictError> {
        let folded = fold::identifier(&text.chars().take(4096).collect::<String>());
        let found = folded.chars().count();
        if found == 15 && folded.bytes().all(|c| c.is_ascii_digit()) {
            return Err(StrictError::FirstGeneration);
        }
        if found != 18 {
            return Err(StrictError::Length { found });
        }
        canonical(folded.as_bytes())
    }

    /// The same for a number that a person can hold on a day: the province exists, the sequence is
    /// given out, and the person is born.
    pub fn issued(text: &str, by: CivilDay) -> Result<Self, StrictError> {
        let id = Self::new_strict(text)?;
        let issued = plausible::is_given_out(&id) && id.birth_date() <= by.date();
        issued.then_some(id).ok_or(StrictError::NeverIssued { found: id })
    }

    /// The id of the person of this division (six digits, the first not 0), birth date and sequence
    /// number (0–999, odd for men).
    pub fn from_parts(division: u32, birth: NaiveDate, sequence: u16) -> Option<Self> {
        if !(100_000..=999_999).contains(&division) || sequence > 999 {
            return None;
        }
        let first = format!(
            "{division:06}{:04}{:02}{:02}{sequence:03}",
            birth.year(),
            birth.month(),
            birth.day()
        );
        let check = char::from(check_character(first.as_bytes())?);
        canonical(format!("{first}{check}").as_bytes()).ok()
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Every regular spelling, which an index of the raw column can be asked for: the 18
    /// characters, the same with a lower-case `x`, and the 15 digits where the birth century
    /// allows them. The canonical one comes first.
    pub fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![self.as_str().to_owned()];
        if self.0.ends_with(b"X") {
            spellings.push(self.as_str().to_ascii_lowercase());
        }
        spellings.extend(self.first_generation());
        spellings
    }

    /// The 15-digit form, if it is not another person's: born in the 1900s. The sequence numbers
    /// 996–999 were set aside for people born in the 1800s, and were given to others all the same:
    /// 15 digits with one of them are not a particular person's.
    pub fn first_generation(&self) -> Option<String> {
        let text = self.as_str();
        let short = format!("{}{}", text.get(..6)?, text.get(8..17)?);
        (expand(short.as_bytes()) == Some(*self)).then_some(short)
    }

    /// The id without its century and its check character: what it may be written as, whatever the
    /// century.
    pub(crate) fn short(&self) -> [u8; 15] {
        let mut short = [0; 15];
        let characters = self.0.iter().take(6).chain(self.0.iter().skip(8).take(9));
        short.iter_mut().zip(characters).for_each(|(to, from)| *to = *from);
        short
    }

    /// The date of birth that positions 7 to 14 state.
    pub fn birth_date(&self) -> NaiveDate {
        // Validated by every constructor, so the default is never taken.
        birth_date(&self.0).unwrap_or_default()
    }

    /// By the parity of the sequence number: even for women.
    pub fn is_female(&self) -> bool {
        self.0.get(16).is_some_and(|digit| digit % 2 == 0)
    }

    /// `330106********1234`: what may be shown where the reader has no need of the whole.
    pub fn masked(&self) -> String {
        let text = self.as_str();
        format!(
            "{}********{}",
            text.get(..6).unwrap_or_default(),
            text.get(14..).unwrap_or_default()
        )
    }
}

impl fmt::Display for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// The person of 18 characters, or of 15 of the first generation, that are folded already.
fn of_folded(text: &[u8]) -> Option<ResidentId> {
    let person = match <[u8; 18]>::try_from(text) {
        Ok(id) => is_canonical(&id).then_some(ResidentId(id)),
        Err(_) => expand(text),
    };
    person.filter(plausible::is_plausible)
}

/// Whether these are the 18 characters of a valid id.
fn is_canonical(id: &[u8; 18]) -> bool {
    let (first, check) = id.split_at(17);
    id.first() != Some(&b'0')
        && birth_date(id).is_some()
        && check_character(first).is_some_and(|right| check.first() == Some(&right))
}

/// The 18 characters, folded, checked in the order in which a person would look.
fn canonical(text: &[u8]) -> Result<ResidentId, StrictError> {
    let lossy = || String::from_utf8_lossy(text);
    let id: [u8; 18] =
        text.try_into().map_err(|_| StrictError::Length { found: lossy().chars().count() })?;
    for (at, c) in id.iter().enumerate() {
        let fits = if at == 0 {
            (b'1'..=b'9').contains(c)
        } else {
            c.is_ascii_digit() || (at == 17 && *c == b'X')
        };
        if !fits {
            return Err(StrictError::Character {
                position: at + 1,
                found: lossy().chars().nth(at).unwrap_or(char::REPLACEMENT_CHARACTER),
            });
        }
    }
    if birth_date(&id).is_none() {
        return Err(StrictError::BirthDate {
            found: lossy().get(6..14).unwrap_or_default().to_owned(),
        });
    }
    let found = id[17];
    if check_character(&id[..17]) != Some(found) {
        return Err(StrictError::CheckCharacter { found: char::from(found) });
    }
    Ok(ResidentId(id))
}

/// 15 digits to 18: the century is 19. With the sequence numbers 996–999 it may be 18: then it is
/// not known which. Residence permits (8…) and foreigners' ids (9…) are younger than the last of
/// these.
fn expand(short: &[u8]) -> Option<ResidentId> {
    if short.len() != 15 || !short.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (division, rest) = short.split_at_checked(6)?;
    if rest.get(6..).is_some_and(|sequence| sequence >= b"996".as_slice())
        || matches!(short.first(), Some(b'8' | b'9'))
    {
        return None;
    }
    let mut long = [division, b"19", rest].concat();
    long.push(check_character(&long)?);
    canonical(&long).ok()
}

fn birth_date(id: &[u8; 18]) -> Option<NaiveDate> {
    let digit = |number: u32, c: &u8| c.is_ascii_digit().then(|| number * 10 + u32::from(c - b'0'));
    let number = |range: std::ops::Range<usize>| id.get(range)?.iter().try_fold(0, digit);
    let year = number(6..10).filter(|year| (1800..2100).contains(year))?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(10..12)?, number(12..14)?)
}

/// ISO 7064 MOD 11-2 over 17 digits, with GB 11643's weights.
fn check_character(first: &[u8]) -> Option<u8> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    if first.len() != WEIGHTS.len() || !first.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let sum: u32 =
        first.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    b"10X98765432".get(usize::try_from(sum % 11).ok()?).copied()
}

#[cfg(test)]
mod tests;
