//! Vessels as registers really hold them: by their ship identification number (船舶识别号), which
//! each of China's register has for good. Other numbers of vessels (登记号码, 船检登记号, IMO, MMSI)
//! say nothing of it: such a cell could be anybody's.
//!
//! [`accounted`] says whose a cell is: some vessels', if every character of it is accounted for by
//! whole numbers or by its owner's words. The 11 digits without `CN` count where the column's owner
//! states them (`schemes`); elsewhere they could be a telephone's. [`Suspect`] says whose a cell
//! could be that is not accounted for.
//!
//! How the check digit is worked out is not published. So one wrong digit makes another vessel's
//! number, and a register's row under a number is a doubt for the vessels of all numbers that are
//! one slip away ([`VesselNumber::neighbours`](crate::normal::vessel_number::VesselNumber)). Two
//! slips are not noticed.
//!
//! # Whose a cell could be
//!
//! The cell could be any vessel's, unless it is a *damaged spelling of one number*, or a list of
//! such and of whole ones (parted by `; , 、 | /` or lines). It is folded first (escapes, guards,
//! full-width forms, blanks, hyphens, case). A damaged spelling is
//!
//! 1. **mistyped**: 12 to 14 characters of which some number is one edit away (a character
//!    replaced, inserted, dropped, or swapped with its neighbour); it could be every number's that
//!    is within two;
//! 2. **cut**: the first 8 to 12 characters of some number, with one edit, or two from 11 on;
//! 3. **masked**: it begins with `CN`, every run of masks hides any stretch, and the rest holds to
//!    the letter; at least six characters are shown, and fewer than a number has.
//!
//! What has no `CN` could be another number of anything. So could what a machine filled in.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use chrono::Datelike as _;

use crate::CivilDay;
use crate::edits::{Ends, Form, OF_ENTERPRISES, Token, within};
use crate::grammar::{self, Grammar, Shape, Spelt, known_tokens, masked};
use crate::normal::vessel_number::{LENGTH, PREFIX, VesselNumber};
use crate::resident_id::{Declared, Scheme, is_mask};

/// Digits behind `CN`.
const DIGITS: usize = LENGTH - PREFIX.len();
/// Fewer are not what is left of a number that was cut.
const FEWEST_OF_CUT: usize = 8;
/// Fewer that are shown of a masked one say nothing.
const FEWEST_SHOWN: usize = 6;

/// What every number looks like: without it, nothing says that a cell ever was one.
static NUMBERS: LazyLock<Form<OF_ENTERPRISES>> = LazyLock::new(|| {
    let mut sets = vec!["C", "N", "12", "09"];
    sets.resize(LENGTH, "0123456789");
    Form::of_sets(&sets)
});

/// The grammar of ship identification numbers.
#[derive(Clone, Copy, Debug)]
pub struct Vessels;

/// A cell that is not accounted for.
pub type Suspect = grammar::Suspect<Vessels>;

/// The vessels in the cell, if every character of it is accounted for; none: no vessel, by its
/// owner's word.
pub fn accounted(declared: &Declared, raw: &str) -> Option<Vec<VesselNumber>> {
    grammar::accounted::<Vessels>(declared, raw)
}

/// The vessels whose whole numbers are in a text, whatever is glued to them, each once.
pub fn vessels_in(raw: &str) -> Vec<VesselNumber> {
    grammar::numbers_in::<Vessels>(raw)
}

/// Masked and mistyped numbers in a text: they begin with `CN` and a digit, and are about as long
/// as a number.
pub fn damaged_in(raw: &str) -> Vec<Suspect> {
    grammar::damaged_in(raw)
}

/// Whether an index of the raw column finds the cell by the number's spellings.
pub fn is_regular(raw: &str) -> bool {
    let number = VesselNumber::read(raw);
    number.is_some_and(|number| number.spellings().iter().any(|spelling| spelling == raw))
}

/// Whether the keel is to be laid in a year after that day's: then it is not a vessel's number yet,
/// but a slip in one.
pub fn is_to_come(number: &VesselNumber, today: CivilDay) -> bool {
    i32::from(number.keel_year()) > today.date().year()
}

impl Grammar for Vessels {
    type Number = VesselNumber;
    type Name = VesselNumber;
    type Take = Spelt;
    type Probe = Shape;

    const LENGTH: usize = LENGTH;
    const FEWEST_OF_DAMAGED: usize = FEWEST_SHOWN;

    fn name(declared: &Declared, _: &str, text: &str) -> Option<Option<VesselNumber>> {
        let is_bare = declared.schemes.contains(&Scheme::VesselDigits)
            && text.len() == DIGITS
            && text.bytes().all(|c| c.is_ascii_digit());
        let whole = if is_bare { format!("{PREFIX}{text}") } else { text.to_owned() };
        VesselNumber::canonical(&whole).map(Some)
    }

    fn within_text(window: &str, _: usize) -> Option<VesselNumber> {
        VesselNumber::canonical(window)
    }

    fn judged(text: &str) -> Option<Vec<Spelt>> {
        one(text).map(|take| vec![take])
    }

    fn looks_damaged(run: &str) -> bool {
        let Some(digits) = run.strip_prefix(PREFIX) else { return false };
        let shown = digits.bytes().filter(u8::is_ascii_digit).count();
        let length = run.chars().count();
        digits.starts_with(|c: char| c.is_ascii_digit())
            && (run.chars().any(is_mask) || (LENGTH - 1..=LENGTH + 1).contains(&length))
            && shown + PREFIX.len() >= FEWEST_SHOWN
            && VesselNumber::canonical(run).is_none()
    }

    fn exact(number: &VesselNumber) -> Spelt {
        Spelt::new(known_tokens(number.as_str()), 0)
    }

    fn probe(number: &VesselNumber) -> Shape {
        Shape::of(number.bytes())
    }

    fn could_be(take: &Spelt, vessel: &Shape) -> bool {
        take.could_be(vessel)
    }
}

/// How one item of a cell can be taken; `None`: it could be anybody's.
fn one(text: &str) -> Option<Spelt> {
    let length = text.chars().count();
    if text.chars().any(is_mask) {
        // Machines do not mistype.
        let (tokens, shown) = masked(text, u8::is_ascii_alphanumeric)?;
        let is_one = text.starts_with(PREFIX)
            && (FEWEST_SHOWN..LENGTH).contains(&shown)
            && within(&tokens, &NUMBERS, Ends::Both, 0);
        return is_one.then(|| Spelt::new(tokens, 0));
    }
    // A whole one that its reader does not take for one, such as of a year to come, has a slip.
    if !text.bytes().all(|c| c.is_ascii_alphanumeric()) || is_filled(text) {
        return None;
    }
    let mut tokens = known_tokens(text);
    if (LENGTH - 1..=LENGTH + 1).contains(&length) && within(&tokens, &NUMBERS, Ends::Both, 1) {
        return Some(Spelt::new(tokens, 2));
    }
    tokens.push(Token::Stretch);
    let is_cut = (FEWEST_OF_CUT..LENGTH).contains(&length)
        && text.starts_with(PREFIX)
        && within(&tokens, &NUMBERS, Ends::Both, 1);
    // What is nearly whole can have lost two in its middle.
    is_cut.then(|| Spelt::new(tokens, if length + 2 < LENGTH { 1 } else { 2 }))
}

/// Whether the digits behind the year are a mere filling.
fn is_filled(text: &str) -> bool {
    let serial = text.as_bytes().get(6..).unwrap_or_default();
    let filled = crate::resident_id::filled(serial);
    !filled.is_empty() && filled.into_iter().filter(|is_filled| !is_filled).count() < 2
}
