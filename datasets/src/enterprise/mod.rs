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

mod accounted;
mod beside;
mod matching;
mod named;
mod patterns;

#[cfg(test)]
mod tests;

pub use accounted::{Number, accounted, is_regular};
pub use beside::damaged_in;
pub use matching::{Probe, Suspect};
pub use named::enterprises_in;

use crate::normal::organisation_code::OrganisationCode;
use crate::normal::uscc;
use crate::resident_id::filled;

/// Characters of a code that no filling machine would have written, at least.
const KNOWN_ENOUGH: usize = 6;

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
