//! What the characters of a damaged spelling can be.

use crate::date;
use crate::resident_id::plausible::sequences;

/// What hides characters.
pub(super) const MASKS: &str = "*#…~×○●□■※•_·—–⋯";
/// What hides one, or says that no one could read it: `\u{fffd}` is what no decoder knew.
const UNCERTAIN: &str = "?\u{fffd}";
/// What divides an id.
const DIVIDERS: &str = "-.:‐−";
/// Letters that are taken for digits, and digits for letters.
const LOOK_ALIKES: &str = "OILSBZ〇";

/// What a character can be in a damaged spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Character {
    Known,
    Mask,
    Uncertain,
    Divider,
    LookAlike,
}

impl Character {
    /// `None`: no damage to an id leaves it there.
    pub(super) fn of(c: char) -> Option<Self> {
        let kinds = [
            (MASKS, Self::Mask),
            (UNCERTAIN, Self::Uncertain),
            (DIVIDERS, Self::Divider),
            (LOOK_ALIKES, Self::LookAlike),
        ];
        if c.is_ascii_digit() || c == 'X' {
            return Some(Self::Known);
        }
        kinds.into_iter().find(|(characters, _)| characters.contains(c)).map(|(_, kind)| kind)
    }
}

/// The digit that a look-alike is taken for.
pub(super) fn meant(c: char) -> char {
    match c {
        'O' | '〇' => '0',
        'I' | 'L' => '1',
        'Z' => '2',
        'S' => '5',
        'B' => '8',
        c => c,
    }
}

/// For each character, whether it hides others: a mask; an `X` that is not at the end, or more than
/// two of them there.
pub(super) fn hidden(text: &[char]) -> Vec<bool> {
    let last = text.iter().rev().take_while(|c| **c == 'X').count();
    let end = if last > 2 { text.len() } else { text.len() - last };
    let hides = |(at, c): (usize, &char)| match Character::of(*c) {
        Some(Character::Mask | Character::Uncertain) => true,
        Some(Character::Known) => *c == 'X' && at < end,
        _ => false,
    };
    text.iter().enumerate().map(hides).collect()
}

/// Whether these are digits that no one typed from a card: a long run of one digit or of digits
/// in their order, or `0000` or `9999` at the end. A year and a month can bring four zeros.
pub(super) fn is_filled(text: &[char]) -> bool {
    let digits: Vec<u8> = text
        .iter()
        .map(|c| u8::try_from(*c).ok().filter(u8::is_ascii_digit).unwrap_or(b'*'))
        .collect();
    let runs = digits.chunk_by(|a, b| a == b).filter(|run| run.first() != Some(&b'*'));
    let is_long = |run: &[u8]| run.len() > 4;
    let tail = digits.get(14..18).filter(|_| digits.len() == 18).unwrap_or_default();
    let mut runs_and_tail = runs.map(is_long).chain([tail == b"0000" || tail == b"9999"]);
    runs_and_tail.any(|filled| filled) || sequences(&digits).any(|filled| filled)
}

/// A day, however it is written: such as a birth date in the wrong column.
pub(super) fn is_date(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits <= 8 && date::parse(text.trim_matches(|c| DIVIDERS.contains(c))).is_some()
}

/// Whether the character hides others.
pub(crate) fn is_mask(c: char) -> bool {
    matches!(Character::of(c), Some(Character::Mask | Character::Uncertain))
}
