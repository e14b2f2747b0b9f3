//! Real-property units as registers really hold them: by their code (不动产单元代码, GB/T 37346).
//! Numbers of certificates (不动产权证号, 房权证字第…号), addresses and numbers of before say nothing
//! of it: such a cell could be anybody's.
//!
//! [`accounted`] says whose a cell is: some units', if every character of it is accounted for by
//! whole codes or by its owner's words. [`Suspect`] says whose a cell could be that is not
//! accounted for.
//!
//! There is no check character. One wrong digit makes another unit's code, and units have numbers
//! that run on, so a row under a code is a doubt for the units of all codes that are one slip away
//! ([`UnitCode::neighbours`]): in a building that is hardly ever nobody. A column of which its
//! owner states that codes are selected in a register and never typed (`entry = "selected"`) has no
//! such slips. Two slips are not noticed.
//!
//! # Whose a cell could be
//!
//! The cell could be any unit's, unless it is a *damaged spelling of one code*, or a list of such
//! and of whole ones (parted by `; , 、 | /` or lines). It is folded first (escapes, guards,
//! full-width forms, blanks, hyphens, case), and `I` and `O`, which no code has, are taken for 1
//! and 0. A damaged spelling is
//!
//! 1. **mistyped**: 27 to 29 characters of which something built like a code is one edit away; it
//!    could be every code's that is within two;
//! 2. **cut**: 14 to 26 characters, of which the first 19 begin something built like a code, with
//!    one edit; what is behind them, such as building and room without their zeros, says nothing.
//!    So is the code of a parcel (宗地代码, 19 characters), a code whose fixture is filled in, and
//!    that of a whole building (`F00010000`): each could be any unit's of that parcel. Blanks and
//!    hyphens in the code of the parcel stand where certificates print them, behind 6 and 12;
//! 3. **masked**: 28 characters with masks among them, of which at least 12 are shown, a letter
//!    among them.
//!
//! Codes without a county, a cadastral district or a parcel's number, which registers give out
//! until a parcel is surveyed, could be anybody's.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::edits::{Ends, Form, OF_ENTERPRISES, Token, within};
use crate::grammar::{self, Grammar, Shape, Spelt, known_tokens, masked};
use crate::normal::unit_code::{
    FIXTURES, LENGTH, OWNERS, PARCEL, RIGHTS, UnitCode, is_stopgap_fixture, is_stopgap_parcel,
};
use crate::resident_id::{Declared, is_mask};

/// Characters up to the feature of the parcel: fewer are not what is left of a code that was cut.
const FEATURED: usize = 14;

/// Where the groups of the code of a parcel end in print; behind it anything can stand.
const GROUPS: [usize; 2] = [6, 12];

/// Fewer that are shown of a masked one say nothing.
const FEWEST_SHOWN: usize = 12;

/// What every code looks like.
static CODES: LazyLock<Form<OF_ENTERPRISES>> = LazyLock::new(|| {
    let sets: Vec<&str> = (0..LENGTH)
        .map(|at| match at {
            0 => "12345678",
            12 => OWNERS,
            13 => RIGHTS,
            PARCEL => FIXTURES,
            _ => "0123456789",
        })
        .collect();
    Form::of_sets(&sets)
});

/// The grammar of codes of real-property units.
#[derive(Clone, Copy, Debug)]
pub struct PropertyUnits;

/// A cell that is not accounted for.
pub type Suspect = grammar::Suspect<PropertyUnits>;

/// The units in the cell, if every character of it is accounted for; none: no unit, by its owner's
/// word.
pub fn accounted(declared: &Declared, raw: &str) -> Option<Vec<UnitCode>> {
    grammar::accounted::<PropertyUnits>(declared, raw)
}

/// The units whose whole codes are in a text, whatever is glued to them, each once.
pub fn units_in(raw: &str) -> Vec<UnitCode> {
    grammar::numbers_in::<PropertyUnits>(raw)
}

/// Masked and mistyped codes in a text, about as long as a code.
pub fn damaged_in(raw: &str) -> Vec<Suspect> {
    grammar::damaged_in(raw)
}

/// Whether an index of the raw column finds the cell by the code's spellings.
pub fn is_regular(raw: &str) -> bool {
    let code = UnitCode::read(raw);
    code.is_some_and(|code| code.spellings().iter().any(|spelling| spelling == raw))
}

impl Grammar for PropertyUnits {
    type Number = UnitCode;
    type Name = UnitCode;
    type Take = Spelt;
    type Probe = Shape;

    const LENGTH: usize = LENGTH;
    const FEWEST_OF_DAMAGED: usize = LENGTH - 1;

    fn name(_: &Declared, _: &str, text: &str) -> Option<Option<UnitCode>> {
        UnitCode::canonical(text).map(Some)
    }

    fn within_text(window: &str, _: usize) -> Option<UnitCode> {
        UnitCode::canonical(window)
    }

    fn judged(text: &str) -> Option<Vec<Spelt>> {
        one(&text.replace('I', "1").replace('O', "0")).map(|take| vec![take])
    }

    /// As certificates print the code of a parcel; what is about as long as a code has what belongs
    /// into it.
    fn is_in_groups(item: &str) -> bool {
        let groups = item.split(|c: char| c.is_whitespace() || c == '-');
        let mut length = 0;
        let mut ends: Vec<usize> = groups
            .map(|group| {
                length += group.chars().count();
                length
            })
            .collect();
        ends.pop();
        length + 1 >= LENGTH
            || ends.into_iter().all(|end| end == 0 || end >= PARCEL || GROUPS.contains(&end))
    }

    fn looks_damaged(run: &str) -> bool {
        let length = run.chars().count();
        (LENGTH - 1..=LENGTH + 1).contains(&length) && UnitCode::canonical(run).is_none()
    }

    fn exact(code: &UnitCode) -> Spelt {
        Spelt::new(known_tokens(code.as_str()), 0)
    }

    fn probe(code: &UnitCode) -> Shape {
        Shape::of(code.bytes())
    }

    fn could_be(take: &Spelt, unit: &Shape) -> bool {
        take.could_be(unit)
    }
}

/// How one item of a cell can be taken; `None`: it could be anybody's.
fn one(text: &str) -> Option<Spelt> {
    let length = text.chars().count();
    if is_stopgap_parcel(text) {
        return None;
    }
    if text.chars().any(is_mask) {
        // Machines do not mistype.
        let (tokens, shown) = masked(text, u8::is_ascii_alphanumeric)?;
        let is_one = length == LENGTH
            && shown >= FEWEST_SHOWN
            && text.contains(|c: char| c.is_ascii_uppercase())
            && within(&tokens, &CODES, Ends::Both, 0);
        return is_one.then(|| Spelt::new(tokens, 0));
    }
    if !text.bytes().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    // Which unit of the parcel is meant it does not say.
    let text = if is_stopgap_fixture(text) { text.get(..PARCEL)? } else { text };
    let length = text.len();
    let whole = known_tokens(text);
    if (LENGTH - 1..=LENGTH + 1).contains(&length) && within(&whole, &CODES, Ends::Both, 1) {
        return Some(Spelt::new(whole, 2));
    }
    // Behind a parcel's code clerks write building and room as they please.
    let mut tokens: Vec<Token> = whole.into_iter().take(PARCEL).collect();
    tokens.push(Token::Stretch);
    let is_cut = (FEATURED..LENGTH).contains(&length) && within(&tokens, &CODES, Ends::Both, 1);
    // What is nearly whole can have lost two in its middle.
    is_cut.then(|| Spelt::new(tokens, if length + 2 < LENGTH { 1 } else { 2 }))
}
