//! Whose an unreadable cell could be. An absence is proven only if no such cell could be the
//! asked-for person's.
//!
//! # The rule
//!
//! A cell that is not accounted for ([`super::Declared`]) could be anybody's, unless it is a
//! *damaged spelling of an id*: then it could be those persons' whose id can have become it. The
//! cell is folded (escapes, guards, full-width forms, blanks, case). What is between `; , 、 | /`
//! or on lines of its own is judged by itself; each part must be whole or a damaged spelling, an
//! empty one is neither. Blanks divide one id or several: words side by side that are not whole
//! must make one, and beside a whole one each must be one by itself, too. The number of a birth to
//! come is nobody's yet, and so damaged. Characters besides digits and `X` are masks, dividers or
//! look-alikes; with any other character, or with a whole id and any further mark beside it, nobody
//! knows who is meant. Whose whole id is there, with other digits before it, behind it or blanks
//! inside, is never passed over. A damaged spelling is
//!
//! 1. **mistyped**: at most two edits (a character replaced, inserted, dropped, or swapped with its
//!    neighbour; or month and day exchanged) from a form, one if 11 or 12 characters are known; up
//!    to two look-alikes (`O`, `I`, `L` …) each stand for any character. A person's forms are the
//!    18 characters and the 15 without century and check character; in 16 characters and more a
//!    form may also be inside;
//! 2. **truncated**: at least 8 characters, one edit less away from some part of a form, where a
//!    beginning or an end of an id can look so;
//! 3. **masked**: every run of masks hides any stretch, and the rest holds to the letter: masks are
//!    made by machines, which do not mistype. An `X` that is not the last character is one. A
//!    single mask may hide one character of a cell with one slip;
//! 4. **in exponent form**, as spreadsheets show long numbers (`3.30108E+17`): the mantissa without
//!    its point and its zeros at the end, or the number before it, begins a form, where that makes
//!    18 digits or 15;
//! 5. **rounded**, as spreadsheets keep 15 digits of a number: 18 digits that end in `000`, and
//!    their first 15, or the number before these 15, begin a form of 18, within one edit, for it
//!    may have been mistyped before, or within two, where no id begins so to the letter, but one
//!    does within one edit.
//!
//! One kind of damage explains a cell: masks with look-alikes or dividers do not, nor dividers in
//! less than 13 characters. At least six characters must be known, none of them filled in by a
//! machine (`00000`, `123456`, `0000` or `9999` at the end), and *some* id must be able to look so:
//! a province, a century, a month and a day that there are, within one edit. Otherwise nothing says
//! that the cell ever was an id.
//!
//! A cell of the last kind can be a valid id and yet somebody else's, and so can one of 15 digits:
//! `fifteen.rs` tells of those.

use chrono::NaiveDate;

use super::characters::{KNOWN_ENOUGH, SEPARATORS, folded};
use super::fifteen::rounded_digits;
use super::named::persons_in;
use super::plausible::sequences;
use super::{Reading, ResidentId, is_doubtful, parse};
use crate::{date, fold};
use edits::{Counts, Ends, Form, LEVELS, Token, align};
use shapes::LONG_IDS;
use takes::{Take, exponent_form, rounded, rounded_to};

mod edits;
mod shapes;
mod takes;

const MOST_BYTES: usize = 1024;
/// In exponent form, where their places are known.
const KNOWN_OF_EXPONENT: usize = 5;
/// What somebody misread is whole.
const FEWEST_MISREAD: usize = 17;
/// What is divided is whole, but for a slip or two.
const FEWEST_DIVIDED: usize = 13;
/// An id with two characters too many.
const LONGEST: usize = 20;
/// Look-alikes in one id.
const MOST_SLIPS: usize = 2;
/// Where the month begins; the day is behind it.
const MONTH_OF_LONG: usize = 10;
/// The same of 15 digits.
const MONTH_OF_SHORT: usize = 8;
/// What hides characters.
const MASKS: &str = "*#…~×○●□■※•_·—–⋯";
/// What hides one, or says that nobody could read it: `\u{fffd}` is what no decoder knew.
const UNCERTAIN: &str = "?\u{fffd}";
/// What divides an id.
const DIVIDERS: &str = "-.:‐−";
/// Letters that are taken for digits, and digits for letters.
const LOOK_ALIKES: &str = "OILSBZ〇";

/// A cell that is not accounted for, prepared once for being held against many persons, by the rule
/// of the module's doc.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// What the cell can be taken for; it is a person's if one of these is.
    takes: Vec<Take>,
    anybody: bool,
}

/// Whether the unreadable cell `raw` could be `key`'s. Many persons for one cell: use [`Suspect`];
/// many cells for one person: also [`Probe`].
pub fn could_match(raw: &str, key: &ResidentId) -> bool {
    Suspect::new(raw).could_match(key)
}

/// A person, prepared once for being held against many cells.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The characters of the 18-character form: the 15-digit form has no others.
    counts: Counts,
    forms: [Form; 2],
    /// The same with month and day exchanged, which is an edit by itself; none where that makes no
    /// other.
    exchanged: Option<[Form; 2]>,
}

impl Probe {
    /// Prepares the person.
    pub fn new(key: &ResidentId) -> Self {
        let (long, short) = (&key.0, &key.short());
        let exchanged = exchange(long, MONTH_OF_LONG).zip(exchange(short, MONTH_OF_SHORT));
        Self {
            counts: Counts::of(long),
            forms: [Form::new(long), Form::new(short)],
            exchanged: exchanged
                .filter(|(other, _)| other != long)
                .map(|(long, short)| [Form::new(&long), Form::new(&short)]),
        }
    }

    fn forms(&self) -> impl Iterator<Item = &Form> {
        self.forms.iter()
    }
}

/// A form with its month and its day exchanged.
fn exchange<const N: usize>(form: &[u8; N], month: usize) -> Option<[u8; N]> {
    let mut other = *form;
    let (month, day) = other.get_mut(month..month + 4)?.split_at_mut(2);
    month.swap_with_slice(day);
    Some(other)
}

impl Suspect {
    /// Prepares the raw cell, whenever it is read: whoever has a whole id in it is born by then.
    pub fn new(raw: &str) -> Self {
        Self::on(raw, NaiveDate::MAX)
    }

    /// Prepares the raw cell, as it is read on that day: nobody has the number of a birth to come,
    /// so it is damaged, alone or in a list.
    pub fn on(raw: &str, today: NaiveDate) -> Self {
        if raw.len() > MOST_BYTES {
            return Self::anybody();
        }
        let text = fold::narrowed(raw);
        let text = fold::unguarded(fold::trimmed(&text));
        // What stands between two of these is somebody of its own: none of them may be unexplained.
        let items: Vec<&str> =
            text.split(|c: char| SEPARATORS.contains(&c) && !fold::is_blank(c)).collect();
        // What nobody sees divides nothing.
        let words: Vec<&str> = text
            .split(char::is_whitespace)
            .filter(|word| !fold::trimmed(word).is_empty())
            .collect();
        let takes = match (items.len(), words.len()) {
            (1, 0 | 1) => judged(text),
            (1, _) => in_words(&words, today),
            (_, _) => all_judged(&items, today),
        };
        let Some(mut takes) = takes else { return Self::anybody() };
        // Whoever stands there to the letter, whatever is written beside the id or between its
        // digits.
        takes.extend(persons_in(raw).iter().map(Take::exact));
        Self { takes, anybody: false }
    }

    /// Nothing of it tells persons apart.
    pub fn anybody() -> Self {
        Self { takes: Vec::new(), anybody: true }
    }

    /// Prepares a cell for which [`super::is_spreadsheet_rounded`] holds, as nothing but that: for
    /// one that is a valid id besides.
    pub fn rounded(raw: &str) -> Self {
        let takes = rounded(raw);
        Self { anybody: takes.is_empty(), takes }
    }

    /// Too little is known of it to tell persons apart.
    pub fn is_anybodys(&self) -> bool {
        self.anybody
    }

    /// Whether it could be this person's, by the rule.
    pub fn could_match(&self, key: &ResidentId) -> bool {
        self.could_be(&Probe::new(key))
    }

    /// The same for a person prepared once.
    pub fn could_be(&self, person: &Probe) -> bool {
        self.anybody || self.takes.iter().any(|take| take.could_be(person))
    }
}

/// A person's id or a credit code, from its first character to its last.
fn is_whole(text: &str) -> bool {
    !matches!(parse(text), Reading::Unreadable)
}

/// What words with nothing but blanks between them can be taken for. Blanks divide one id, or
/// several: words that are not whole, side by side, must make one, and beside a whole one each must
/// be one, too.
fn in_words(words: &[&str], today: NaiveDate) -> Option<Vec<Take>> {
    let each = all_judged(words, today);
    let mut takes =
        if words.iter().any(|word| is_whole(word)) { each? } else { each.unwrap_or_default() };
    for run in words.chunk_by(|a, b| !is_whole(a) && !is_whole(b)).filter(|run| run.len() > 1) {
        takes.extend(judged(&run.join(" "))?);
    }
    Some(takes)
}

/// What each of these can be taken for; `None` if one of them is no damaged id.
fn all_judged(items: &[&str], today: NaiveDate) -> Option<Vec<Take>> {
    let mut takes = Vec::new();
    for item in items {
        match parse(item) {
            Reading::Person(person) if person.birth_date() > today => takes.extend(judged(item)?),
            Reading::Person(person) => takes.push(Take::exact(&person)),
            Reading::Code(_) => {}
            Reading::Unreadable => takes.extend(judged(item)?),
        }
        // A whole id of 15 digits, or one that a spreadsheet rounded, may be another's.
        takes.extend(rounded(item));
        if is_doubtful(item) {
            let digits: Vec<char> = folded(item).collect();
            takes.push(Take::typed(&digits));
        }
    }
    Some(takes)
}

/// What a text can be taken for, if it is a damaged spelling of one id, by the rule.
fn judged(raw: &str) -> Option<Vec<Take>> {
    let text: Vec<char> = folded(raw).collect();
    let plain: String = text.iter().collect();
    if let Some(shown) = exponent_form(&plain) {
        // Nothing that shows numbers so puts blanks into them.
        let is_divided = fold::trimmed(raw).contains(fold::is_blank);
        return if is_divided { None } else { explained(rounded_to(&shown), KNOWN_OF_EXPONENT) };
    }
    // A whole id, and something that is no slip of the pen behind or before it: nobody knows who
    // else is meant.
    let is_known = |c: char| c.is_ascii_digit() || c == 'X';
    let mut runs = text.split(|c| !is_known(*c));
    let is_whole = |run: &[char]| {
        is_whole(&run.iter().collect::<String>())
            || (matches!(run.len(), 15 | 18) && Take::typed(run).is_shape())
    };
    if runs.any(|run| run.len() < text.len() && is_whole(run)) {
        return None;
    }
    let kinds = text.iter().map(|c| Character::of(*c)).collect::<Option<Vec<_>>>()?;
    let count = |kind: Character| kinds.iter().filter(|one| **one == kind).count();
    let (known, slips, dividers) =
        (count(Character::Known), count(Character::LookAlike), count(Character::Divider));
    // More than one id can be: nobody knows where the one ends, and who the other is.
    // And a point behind the first digit is a number's, of which nobody knows how many digits it
    // had.
    let is_number = text.get(1) == Some(&'.');
    if known > LONGEST
        || slips > MOST_SLIPS
        || is_date(&plain)
        || is_number
        || (dividers > 0 && known < FEWEST_DIVIDED)
    {
        return None;
    }
    let whole: Vec<char> = text
        .iter()
        .zip(&kinds)
        .filter(|(_, kind)| **kind != Character::Divider)
        .map(|(c, _)| *c)
        .collect();
    let masks = hidden(&whole);
    let is_masked = masks.contains(&true);
    let marks = masks.iter().filter(|hidden| **hidden).count();
    let shown: String =
        whole.iter().zip(&masks).filter(|(_, hidden)| !**hidden).map(|(c, _)| *c).collect();
    let is_rounded = whole.ends_with(&['0', '0', '0']);
    // One kind of damage explains a cell; two would explain nearly everything. A mask that hides
    // nothing is no mask. And what a filling machine wrote says nothing, nor what is beside it.
    let hides_nothing = is_whole(&shown.chars().collect::<Vec<_>>())
        || shown.len() >= 18
        || (shown.len() >= 15 && marks > 1);
    let is_twice = (is_masked && (slips + dividers > 0 || is_rounded))
        || (slips > 0 && (is_rounded || whole.len() < FEWEST_MISREAD));
    if is_filled(&whole) || is_twice || (is_masked && hides_nothing) {
        return None;
    }
    let mut takes = Vec::new();
    if is_masked {
        takes.push(Take::masked(&whole, &masks));
    }
    // What one mark hides may be one character, or a slip of the pen.
    match marks {
        0 => takes.push(Take::typed(&whole)),
        1 if !whole.iter().any(|c| MASKS.contains(*c)) => takes.push(Take::typed(&whole)),
        1 => takes.push(Take { least: 0, ..Take::typed(&whole) }),
        _ => {}
    }
    // A look-alike may stand for any character of the person's, but an id must be there to be seen.
    let meant: Vec<char> = whole.iter().map(|c| meant(*c)).collect();
    if slips > 0 && !Take::typed(&meant).is_some_ids() {
        return None;
    }
    let rounded = rounded(&whole.iter().collect::<String>());
    if !rounded.is_empty() {
        // The number may have been mistyped before; where it begins no id to the letter, it was.
        // That it looks like one of 15 by chance says nothing, for those are never cut so.
        let slips = (0..LEVELS - 1)
            .find(|slips| rounded.iter().any(|take| LONG_IDS.is_near(&take.tokens, *slips)))?;
        takes.extend(rounded.into_iter().map(|take| Take {
            most: slips + 1,
            least: slips,
            ..take
        }));
    }
    explained(takes, KNOWN_ENOUGH)
}

/// What a character can be in a damaged spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Character {
    Known,
    Mask,
    Uncertain,
    Divider,
    LookAlike,
}

impl Character {
    /// `None`: no damage to an id leaves it there.
    fn of(c: char) -> Option<Self> {
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
fn meant(c: char) -> char {
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
fn hidden(text: &[char]) -> Vec<bool> {
    let last = text.iter().rev().take_while(|c| **c == 'X').count();
    let end = if last > 2 { text.len() } else { text.len() - last };
    let hides = |(at, c): (usize, &char)| match Character::of(*c) {
        Some(Character::Mask | Character::Uncertain) => true,
        Some(Character::Known) => *c == 'X' && at < end,
        _ => false,
    };
    text.iter().enumerate().map(hides).collect()
}

/// Whether digits stand there that nobody typed from a card: a long run of one digit or of digits
/// in their order, or `0000` or `9999` at the end. A year and a month can bring four zeros.
fn is_filled(text: &[char]) -> bool {
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

/// A day, however it is written: a birth date that stands in the wrong column, say.
fn is_date(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits <= 8 && date::parse(text.trim_matches(|c| DIVIDERS.contains(c))).is_some()
}

/// These, if at least one of them could be some id's.
fn explained(takes: Vec<Take>, fewest: usize) -> Option<Vec<Take>> {
    let enough = takes.iter().all(|take| take.known.total() >= fewest);
    (enough && takes.iter().any(Take::is_some_ids)).then_some(takes)
}

/// Whether the character hides others.
pub(super) fn is_mask(c: char) -> bool {
    matches!(Character::of(c), Some(Character::Mask | Character::Uncertain))
}

/// Whether some id of 18 characters is one slip away.
pub(super) fn looks_mistyped(text: &str) -> bool {
    LONG_IDS.is_near(&tokens_of(text), 1)
}

/// Whether some id of 18 characters begins so, to the letter.
pub(super) fn looks_cut(text: &str) -> bool {
    let mut tokens = tokens_of(text);
    tokens.push(Token::Stretch);
    LONG_IDS.is_near(&tokens, 0)
}

fn tokens_of(text: &str) -> Vec<Token> {
    text.bytes().map(Token::Known).collect()
}

/// True when no resident id at all is within two edits of these 18 characters: held against a
/// pattern that every id fits (century 18, 19 or 20; month and day by their first digits), they
/// differ in more than two places.
pub(super) fn far_from_any(text: &[u8]) -> bool {
    [*b"18", *b"19", *b"20"].into_iter().all(|[thousands, hundreds]| {
        let fits = |at: usize, c: u8| match at {
            6 => c == thousands,
            7 => c == hundreds,
            10 => (b'0'..=b'1').contains(&c),
            12 => (b'0'..=b'3').contains(&c),
            17 => c.is_ascii_digit() || c == b'X',
            _ => c.is_ascii_digit(),
        };
        let tokens: Vec<Token> = text.iter().map(|c| Token::Known(*c)).collect();
        align(&tokens, 18, Ends::Both, |c, at| fits(at, c)) > 2
    })
}

#[cfg(test)]
mod tests;
