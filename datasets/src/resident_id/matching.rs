//! Whose an unreadable cell could be. An absence is proven only if no such cell could be the
//! asked-for person's.
//!
//! # The rule
//!
//! A cell that is not accounted for ([`super::Declared`]) could be any person's, unless it is a
//! *damaged spelling of an id*: then it could be those persons' whose id can have become it. The
//! cell is folded (escapes, guards, full-width forms, blanks, case). What is between `; , 、 | /`
//! or on separate lines is judged by itself; each part must be whole or a damaged spelling, an
//! empty one is neither. Blanks divide one id or several: words side by side that are not whole
//! must make one, and beside a whole one each must be one by itself, too. The number of a birth to
//! come is not yet a person's, and so damaged. Characters besides digits and `X` are masks,
//! dividers or look-alikes; with any other character, or with a whole id and any further mark
//! beside it, it is not known who is meant. Whose whole id is there, with other digits before it,
//! behind it or blanks inside, is never passed over. A damaged spelling is
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
//! A cell of the last kind can be a valid id and yet another person's, and so can one of 15 digits:
//! `fifteen.rs` handles those.

use super::ResidentId;
use super::characters::SEPARATORS;
use super::fifteen::rounded_digits;
use super::named::persons_in;
use crate::edits::{Counts, Ends, Form, Token, align};
use crate::{CivilDay, fold};
use id_patterns::LONG_IDS;
use judging::{all_judged, in_words, judged};
use takes::{Take, rounded};

mod characters;
mod id_patterns;
mod judging;
mod takes;

pub(crate) use characters::is_mask;

const MOST_BYTES: usize = 1024;
/// Where the month begins; the day is behind it.
const MONTH_OF_LONG: usize = 10;
/// The same of 15 digits.
const MONTH_OF_SHORT: usize = 8;

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
    /// Prepares the raw cell, whenever it is read: every person with a whole id in it is born by
    /// then.
    pub fn new(raw: &str) -> Self {
        Self::on(raw, CivilDay::MAX)
    }

    /// Prepares the raw cell, as it is read on that day: no person has the number of a birth to
    /// come, so it is damaged, alone or in a list.
    pub fn on(raw: &str, today: CivilDay) -> Self {
        if raw.len() > MOST_BYTES {
            return Self::anybody();
        }
        let text = fold::narrowed(raw);
        let text = fold::unguarded(fold::trimmed(&text));
        // Each item between two of these is another person: none may be unexplained.
        let items: Vec<&str> =
            text.split(|c: char| SEPARATORS.contains(&c) && !fold::is_blank(c)).collect();
        // Invisible characters divide nothing.
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
        // Every person who is there to the letter, whatever is written beside the id or between its
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
