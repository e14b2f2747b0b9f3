//! Vehicles as registers really hold them: by their vehicle identification number (车辆识别代号, VIN,
//! GB 16735). Other numbers of vehicles (号牌号码, 发动机号, 登记证书编号) say nothing of it: such a
//! cell could be anybody's.
//!
//! [`accounted`] says whose a cell is: some vehicles', if every character of it is accounted for by
//! whole numbers or by its owner's words. [`Suspect`] says whose a cell could be that is not
//! accounted for.
//!
//! A number counts only with its check digit. Vehicles of before the standard was in force, and
//! many that were made for other markets, have numbers of 17 characters without one, or frame
//! numbers (车架号) of another length: they cannot be asked about, and a row of one is a doubt for
//! the vehicles whose numbers it resembles.
//!
//! The check digit leaves few slips that make another right number; a row under a number is a doubt
//! for those ([`Vin::neighbours`]). Two slips in one number are not noticed where they make a right
//! one, which is one time in eleven.
//!
//! # Whose a cell could be
//!
//! The cell could be any vehicle's, unless it is a *damaged spelling of one number*, or a list of
//! such and of whole ones (parted by `; , 、 | /` or lines). It is folded first (escapes, guards,
//! full-width forms, blanks, hyphens, case), and `I`, `O` and `Q`, which no number has, are taken
//! for 1 and 0. A damaged spelling is
//!
//! 1. **mistyped**, or without a right check digit: 16 to 18 characters of which something built
//!    like a number is one edit away, with two letters among the first eight (numbers of
//!    enterprises and persons have none there). It could be every number's that is within two, and
//!    every one's that ends so (in six characters, or in eight with an edit): before the end of a
//!    number clerks write an engine's or a plate. A character that is written three times or more
//!    in a row can be a filling, and stands for any;
//! 2. **masked**: 17 characters with masks among them, of which at least eight are shown, two
//!    letters among the first eight; it could be every number's that holds what is shown;
//! 3. **the last eight characters**, where the column's owner states that such stand in it
//!    (`vin_tail`): every number's whose end is within one edit. Elsewhere they could be the number
//!    of an engine.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::edits::{Ends, Form, OF_ENTERPRISES, Token, within};
use crate::grammar::{self, Grammar, Shape, Spelt, folded, known_tokens, masked};
use crate::normal::uscc;
use crate::normal::vin::{ALPHABET, CHECK, DIGITS_FROM, LENGTH, Vin};
use crate::resident_id::{Declared, Scheme, filled, is_mask};

/// Characters of what is called the last eight of a frame number.
const TAIL: usize = 8;
/// Characters of the running number, as far as they are digits with hardly an exception.
const SERIAL: usize = 6;
/// As often in a row a character can be a filling.
const REPEATED: usize = 3;
/// Characters of maker and model, which are letters in part.
const HEAD: usize = 8;
/// Letters among them, at least.
const LETTERS: usize = 2;
/// Fewer that are shown of a masked one say nothing, and so of one that a machine filled in.
const FEWEST_SHOWN: usize = 8;
/// Fewer of the last eight that no machine filled in say nothing.
const FEWEST_OF_TAIL: usize = 3;
/// Masks side by side in a masked number in a text.
const MASKS: usize = 4;
/// Digits of a mistyped one there.
const DIGITS: usize = 6;
/// Numbers of vehicles made here begin with it.
const CHINA: char = 'L';

/// What every number looks like.
static NUMBERS: LazyLock<Form<OF_ENTERPRISES>> = LazyLock::new(|| {
    let any = std::str::from_utf8(ALPHABET).unwrap_or_default();
    let sets: Vec<&str> = (0..LENGTH)
        .map(|at| match at {
            CHECK => "0123456789X",
            DIGITS_FROM.. => "0123456789",
            _ => any,
        })
        .collect();
    Form::of_sets(&sets)
});

/// The grammar of vehicle identification numbers.
#[derive(Clone, Copy, Debug)]
pub struct Vehicles;

/// A cell that is not accounted for.
pub type Suspect = grammar::Suspect<Vehicles>;

/// The vehicles in the cell, if every character of it is accounted for; none: no vehicle, by its
/// owner's word.
pub fn accounted(declared: &Declared, raw: &str) -> Option<Vec<Vin>> {
    grammar::accounted::<Vehicles>(declared, raw)
}

/// Whose a cell could be that is not accounted for, by what its owner states.
pub fn suspect(declared: &Declared, raw: &str) -> Suspect {
    let tail = declared.schemes.contains(&Scheme::VinTail).then(|| tail(&folded(raw))).flatten();
    tail.map_or_else(|| Suspect::new(raw), |take| Suspect::taken(vec![take]))
}

/// The vehicles whose whole numbers are in a text, each once: any that stands alone, and of those
/// with other things glued to them the ones of vehicles made here. One text in eleven that looks
/// like a number has the check digit of one by chance.
pub fn vehicles_in(raw: &str) -> Vec<Vin> {
    grammar::numbers_in::<Vehicles>(raw)
}

/// Masked and mistyped numbers of vehicles made here in a text.
pub fn damaged_in(raw: &str) -> Vec<Suspect> {
    grammar::damaged_in(raw)
}

/// Whether an index of the raw column finds the cell by the number's spellings.
pub fn is_regular(raw: &str) -> bool {
    let number = Vin::read(raw);
    number.is_some_and(|number| number.spellings().iter().any(|spelling| spelling == raw))
}

impl Grammar for Vehicles {
    type Number = Vin;
    type Name = Vin;
    type Take = Spelt;
    type Probe = Shape;

    const LENGTH: usize = LENGTH;
    const FEWEST_OF_DAMAGED: usize = LENGTH - 1;

    fn name(_: &Declared, _: &str, text: &str) -> Option<Option<Vin>> {
        Vin::canonical(text).map(Some)
    }

    fn within_text(window: &str, run: usize) -> Option<Vin> {
        Vin::canonical(window).filter(|_| run == LENGTH || window.starts_with(CHINA))
    }

    fn judged(text: &str) -> Option<Vec<Spelt>> {
        one(&meant(text))
    }

    fn looks_damaged(run: &str) -> bool {
        let masks = run.split(|c| !is_mask(c)).map(|row| row.chars().count()).max();
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let looks = if run.chars().any(is_mask) {
            masks.is_some_and(|masks| masks >= MASKS)
        } else {
            digits >= DIGITS
        };
        looks && run.starts_with(CHINA) && Vin::canonical(run).is_none()
    }

    fn exact(number: &Vin) -> Spelt {
        Spelt::new(known_tokens(number.as_str()), 0)
    }

    fn probe(number: &Vin) -> Shape {
        Shape::of(number.bytes())
    }

    fn could_be(take: &Spelt, vehicle: &Shape) -> bool {
        take.could_be(vehicle)
    }
}

/// `I`, `O` and `Q` are in no number: they are written for what they look like.
fn meant(text: &str) -> String {
    text.replace('I', "1").replace(['O', 'Q'], "0")
}

/// How one item of a cell can be taken; `None`: it could be anybody's.
fn one(text: &str) -> Option<Vec<Spelt>> {
    let length = text.chars().count();
    let letters = |c: &char| c.is_ascii_uppercase() && *c != 'X';
    if text.chars().take(HEAD).filter(letters).count() < LETTERS || uscc::is_valid(text.as_bytes())
    {
        return None;
    }
    if text.chars().any(is_mask) {
        // Machines do not mistype.
        let (tokens, shown) = masked(text, |c| ALPHABET.contains(c))?;
        let is_one =
            length == LENGTH && shown >= FEWEST_SHOWN && within(&tokens, &NUMBERS, Ends::Both, 0);
        return is_one.then(|| vec![Spelt::new(tokens, 0)]);
    }
    let tokens = unfilled(text);
    let shown = tokens.iter().filter(|token| matches!(token, Token::Known(_))).count();
    let is_one = (LENGTH - 1..=LENGTH + 1).contains(&length)
        && text.bytes().all(|c| ALPHABET.contains(&c))
        && known(text).min(shown) >= FEWEST_SHOWN
        && within(&tokens, &NUMBERS, Ends::Both, 1);
    // What stands before its end can be another number: an engine's, a plate.
    let ends = |characters: usize, edits: usize| {
        let end = text.get(length - characters..)?;
        let tokens = std::iter::once(Token::Stretch).chain(known_tokens(end)).collect();
        Some(Spelt::new(tokens, edits))
    };
    is_one.then(|| Some(vec![Spelt::new(tokens, 2), ends(TAIL, 1)?, ends(SERIAL, 0)?]))?
}

/// The characters of a text. What is written three times or more in a row can be a filling, and
/// stands for any.
fn unfilled(text: &str) -> Vec<Token> {
    let runs = text.as_bytes().chunk_by(|a, b| a == b);
    let tokens = runs.flat_map(|run| {
        run.iter().map(|c| if run.len() < REPEATED { Token::Known(*c) } else { Token::One })
    });
    tokens.collect()
}

/// The last eight characters of a number, of which nothing else is written.
fn tail(text: &str) -> Option<Spelt> {
    let text = meant(text);
    let bytes = text.as_bytes();
    let is_tail = bytes.len() == TAIL
        && bytes.iter().all(|c| ALPHABET.contains(c))
        && bytes.iter().skip(TAIL + DIGITS_FROM - LENGTH).all(u8::is_ascii_digit)
        && known(&text) >= FEWEST_OF_TAIL;
    let tokens = std::iter::once(Token::Stretch).chain(known_tokens(&text)).collect();
    is_tail.then(|| Spelt::new(tokens, 1))
}

/// How many characters are none that a filling machine writes.
fn known(text: &str) -> usize {
    filled(text.as_bytes()).into_iter().filter(|is_filled| !is_filled).count()
}
