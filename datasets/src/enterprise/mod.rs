//! Enterprises as registers really hold them: by their unified social credit code (统一社会信用代码,
//! GB 32100-2015), and by what they were known by before 2015.
//!
//! | number | characters | what it says of the credit code |
//! |---|---|---|
//! | credit code | 18 | all |
//! | organisation code (组织机构代码, GB 11714) | 9 | its characters 9 to 17 |
//! | tax number (纳税人识别号) | 15 | a division, and then the organisation code |
//! | registration number (工商注册号, GS 15-2006) | 15 digits | nothing |
//!
//! [`accounted`] says whose a cell is: some enterprises', if every character of it is accounted for
//! by whole numbers or by its owner's words. A credit code is told by itself. An organisation code
//! and a tax number have one check character of eleven, so they count where the column's owner
//! states them (`schemes`), and are a doubt elsewhere. A registration number could be anybody's.
//! [`Suspect`] says whose a cell could be that is not accounted for.

mod matching;
mod patterns;

#[cfg(test)]
mod tests;

pub use matching::{Probe, Take};

use self::patterns::LENGTH;
use crate::grammar::{self, Grammar, folded};
use crate::normal::organisation_code::OrganisationCode;
use crate::normal::uscc::{self, Uscc};
use crate::resident_id::{Declared, Reading, ResidentId, Scheme, filled, is_mask, parse};

/// Characters of a code that no filling machine would have written, at least.
const KNOWN_ENOUGH: usize = 6;
/// Digits that a spreadsheet leaves of 18.
const ROUNDED: &str = "000";
/// Masks side by side in a masked code in a text.
const MASKS: usize = 4;
/// Characters that are shown of one.
const SHOWN: usize = 6;
/// Letters of a mistyped one that is not masked: numbers of other things have none.
const LETTERS: usize = 1;

/// The grammar of credit codes, and of what is inside them.
#[derive(Clone, Copy, Debug)]
pub struct Enterprises;

/// A cell that is not accounted for.
pub type Suspect = grammar::Suspect<Enterprises>;

/// A whole number of an enterprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Its credit code.
    Code(Uscc),
    /// What its credit code has inside.
    Organisation(OrganisationCode),
}

/// The enterprises in the cell, if every character of it is accounted for; none: no enterprise, by
/// its owner's word.
pub fn accounted(declared: &Declared, raw: &str) -> Option<Vec<Number>> {
    grammar::accounted::<Enterprises>(declared, raw)
}

/// The enterprises whose whole codes are in a text, whatever is glued to them, each once: with both
/// check characters right, for one of 31 numbers has one of them by chance.
pub fn enterprises_in(raw: &str) -> Vec<Uscc> {
    grammar::numbers_in::<Enterprises>(raw)
}

/// Masked and mistyped codes in a text: as long as a code, with a letter where they are not masked,
/// and of which some code is an edit away.
pub fn damaged_in(raw: &str) -> Vec<Suspect> {
    grammar::damaged_in(raw)
}

/// Whether an index of the raw column finds the cell by the code's spellings.
pub fn is_regular(raw: &str) -> bool {
    code(&folded(raw)).is_some_and(|code| code.spellings().iter().any(|spelling| spelling == raw))
}

impl Grammar for Enterprises {
    type Number = Uscc;
    type Name = Number;
    type Take = Take;
    type Probe = Probe;

    const LENGTH: usize = LENGTH;
    const FEWEST_OF_DAMAGED: usize = SHOWN + MASKS;

    fn name(declared: &Declared, raw: &str, text: &str) -> Option<Option<Number>> {
        if let Some(code) = code(text) {
            return Some(Some(Number::Code(code)));
        }
        let is_stated = |scheme| declared.schemes.contains(&scheme);
        // The number of a person can be what their business was known by.
        if matches!(parse(raw), Reading::Person(_)) {
            let is_whole = text.len() == LENGTH && Uscc::read(text).is_none();
            return (is_whole && is_stated(Scheme::ResidentId)).then_some(None);
        }
        let organisation = match text.len() {
            9 if is_stated(Scheme::OrganisationCode) => organisation_code(text.as_bytes()),
            15 if is_stated(Scheme::TaxNumber) => tax_number(text),
            _ => None,
        };
        organisation.map(|organisation| Some(Number::Organisation(organisation)))
    }

    fn within_text(window: &str, _: usize) -> Option<Uscc> {
        code(window).filter(|code| code.organisation().is_some())
    }

    fn judged(text: &str) -> Option<Vec<Take>> {
        matching::judged(text)
    }

    fn looks_damaged(run: &str) -> bool {
        let length = run.chars().count();
        let masks = run.split(|c| !is_mask(c)).map(|row| row.chars().count()).max();
        let is_masked = masks.is_some_and(|masks| masks >= MASKS);
        let letters = run.bytes().filter(u8::is_ascii_uppercase).count();
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let looks = if is_masked {
            length == LENGTH && letters + digits >= SHOWN && run.starts_with(is_first)
        } else {
            (LENGTH - 1..=LENGTH + 1).contains(&length) && letters >= LETTERS && digits >= SHOWN
        };
        // Whole ones are [`enterprises_in`]'s; a person's ends with an `X` at most.
        let is_persons = run.get(..17).is_some_and(|body| body.bytes().all(|c| c.is_ascii_digit()));
        looks && !is_persons && code(run).is_none()
    }

    fn exact(code: &Uscc) -> Take {
        Take::exact(code)
    }

    fn probe(code: &Uscc) -> Probe {
        Probe::new(code)
    }

    fn could_be(take: &Take, enterprise: &Probe) -> bool {
        take.could_be(enterprise)
    }
}

/// Registrars that no province begins with, which a person's number would begin with.
fn is_first(c: char) -> bool {
    matches!(c, '5' | '9' | 'A' | 'N' | 'Y')
}

/// A code that is nobody else's number, that a spreadsheet has not rounded, and that no machine
/// filled in.
fn code(text: &str) -> Option<Uscc> {
    let is_digits = || text.bytes().all(|c| c.is_ascii_digit());
    Uscc::canonical(text).filter(|_| {
        known(text.as_bytes()) >= KNOWN_ENOUGH
            && ResidentId::new_strict(text).is_err()
            && !(text.ends_with(ROUNDED) && is_digits())
    })
}

/// The organisation code in a tax number of before 2015: a division of six digits, and then the
/// code.
fn tax_number(text: &str) -> Option<OrganisationCode> {
    let (division, code) = text.as_bytes().split_at_checked(6)?;
    uscc::is_division(division).then(|| organisation_code(code)).flatten()
}

/// An organisation code that is no mere filling, and in which no `X` masks the rest.
fn organisation_code(text: &[u8]) -> Option<OrganisationCode> {
    let is_masked = text.windows(3).any(|three| three == b"XXX");
    OrganisationCode::of(text).filter(|_| known(text) >= KNOWN_ENOUGH && !is_masked)
}

/// How many characters are none that a filling machine writes.
fn known(text: &[u8]) -> usize {
    filled(text).into_iter().filter(|is_filled| !is_filled).count()
}
