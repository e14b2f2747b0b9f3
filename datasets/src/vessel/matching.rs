//! Whose a cell could be that is not accounted for. A true answer is given only if no such cell
//! could be the asked-for vessel's.
//!
//! # The rule
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

use std::sync::LazyLock;

use super::accounted::folded;
use super::named::vessels_in;
use crate::edits::{Counts, Ends, Form, OF_ENTERPRISES, Token, within};
use crate::fold;
use crate::normal::vessel_number::{LENGTH, PREFIX, VesselNumber};
use crate::resident_id::{SEPARATORS, is_mask};

const MOST_BYTES: usize = 1024;
/// Characters of a damaged spelling.
const MOST_CHARACTERS: usize = 40;
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

/// A cell that is not accounted for, prepared once for being held against many vessels.
#[derive(Clone, Debug)]
pub struct Suspect {
    takes: Vec<Take>,
    anybody: bool,
}

/// One way to take a cell: a spelling at most so many edits from the whole number.
#[derive(Clone, Debug)]
struct Take {
    tokens: Vec<Token>,
    known: Counts,
    most: usize,
}

/// A vessel, prepared once for being held against many cells.
#[derive(Clone, Debug)]
pub struct Probe {
    counts: Counts,
    form: Form<OF_ENTERPRISES>,
}

impl Probe {
    /// Prepares the vessel.
    pub fn new(number: &VesselNumber) -> Self {
        Self { counts: Counts::of(number.bytes()), form: Form::new(number.bytes()) }
    }
}

impl Suspect {
    /// Prepares the raw cell.
    pub fn new(raw: &str) -> Self {
        Self::of(raw).unwrap_or_else(Self::anybody)
    }

    fn of(raw: &str) -> Option<Self> {
        if raw.len() > MOST_BYTES {
            return None;
        }
        let text = fold::narrowed(raw);
        let text = fold::unguarded(fold::trimmed(&text));
        let mut takes = Vec::new();
        for item in text.split(SEPARATORS) {
            takes.push(judged(item)?);
        }
        takes.extend(vessels_in(raw).iter().map(Take::exact));
        Some(Self { takes, anybody: false })
    }

    /// Nothing of it tells vessels apart.
    pub fn anybody() -> Self {
        Self { takes: Vec::new(), anybody: true }
    }

    /// This very number's.
    pub fn exact(number: &VesselNumber) -> Self {
        Self { takes: vec![Take::exact(number)], anybody: false }
    }

    /// Whether nothing of it tells vessels apart.
    pub fn is_anybodys(&self) -> bool {
        self.anybody
    }

    /// Whether it could be this vessel's, by the rule.
    pub fn could_match(&self, number: &VesselNumber) -> bool {
        self.could_be(&Probe::new(number))
    }

    /// The same for a vessel prepared once.
    pub fn could_be(&self, vessel: &Probe) -> bool {
        self.anybody || self.takes.iter().any(|take| take.could_be(vessel))
    }
}

impl Take {
    fn spelt(tokens: Vec<Token>, most: usize) -> Self {
        Self { known: Counts::known(&tokens), tokens, most }
    }

    fn exact(number: &VesselNumber) -> Self {
        Self::spelt(number.bytes().iter().map(|c| Token::Known(*c)).collect(), 0)
    }

    fn could_be(&self, vessel: &Probe) -> bool {
        self.known.beyond(&vessel.counts) <= self.most
            && within(&self.tokens, &vessel.form, Ends::Both, self.most)
    }
}

/// How one item of a cell can be taken; `None`: it could be anybody's.
fn judged(item: &str) -> Option<Take> {
    let text = folded(item);
    let length = text.chars().count();
    if length > MOST_CHARACTERS {
        return None;
    }
    if text.chars().any(is_mask) {
        return masked(&text);
    }
    // A whole one that its reader does not take for one, such as of a year to come, has a slip.
    if !text.bytes().all(|c| c.is_ascii_alphanumeric()) || is_filled(&text) {
        return None;
    }
    let mut tokens: Vec<Token> = text.bytes().map(Token::Known).collect();
    if (LENGTH - 1..=LENGTH + 1).contains(&length) && within(&tokens, &NUMBERS, Ends::Both, 1) {
        return Some(Take::spelt(tokens, 2));
    }
    tokens.push(Token::Stretch);
    let is_cut = (FEWEST_OF_CUT..LENGTH).contains(&length)
        && text.starts_with(PREFIX)
        && within(&tokens, &NUMBERS, Ends::Both, 1);
    // What is nearly whole can have lost two in its middle.
    is_cut.then(|| Take::spelt(tokens, if length + 2 < LENGTH { 1 } else { 2 }))
}

/// Whether the digits behind the year are a mere filling.
fn is_filled(text: &str) -> bool {
    let serial = text.as_bytes().get(6..).unwrap_or_default();
    let filled = crate::resident_id::filled(serial);
    !filled.is_empty() && filled.into_iter().filter(|is_filled| !is_filled).count() < 2
}

/// By what is shown; what is hidden has any length, and machines do not mistype.
fn masked(text: &str) -> Option<Take> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut shown = 0;
    for c in text.chars() {
        if is_mask(c) {
            if tokens.last() != Some(&Token::Stretch) {
                tokens.push(Token::Stretch);
            }
        } else {
            tokens.push(Token::Known(u8::try_from(c).ok().filter(u8::is_ascii_alphanumeric)?));
            shown += 1;
        }
    }
    let is_one = text.starts_with(PREFIX)
        && (FEWEST_SHOWN..LENGTH).contains(&shown)
        && within(&tokens, &NUMBERS, Ends::Both, 0);
    is_one.then(|| Take::spelt(tokens, 0))
}
