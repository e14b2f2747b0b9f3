//! Values other than persons' ids, as old systems spell them: each is read into one canonical form,
//! or is unreadable.
//!
//! What can be asked for by an index has `spellings`: every regular way of writing it, the
//! canonical one first. A look-up asks for all of them; a cell that is read as the value
//! and is none of its spellings is irregular, and is found by a profiling pass.

pub mod address;
pub mod division;
pub mod money;
pub mod month;
pub mod organisation_code;
pub mod person_name;
pub mod phone;
pub mod unit_code;
pub mod uscc;
pub mod vessel_number;
pub mod vin;

#[cfg(test)]
mod tests;
