//! The words that hub and connector must agree upon: what a dataset is ([`DatasetFile`]), how a
//! legacy cell is read ([`Key`], [`date`], [`CellReading`]), whose an unreadable cell could
//! be ([`Suspect`]), and which scans fit a dataset ([`template`]).
//!
//! Pure: text in, meaning out. It never opens a file, never asks a clock and never decides who may
//! see anything.

#![warn(missing_docs)]

pub mod aggregate;
pub mod cell;
pub mod civil_day;
pub mod civil_month;
pub mod date;
pub mod enterprise;
pub mod file;
pub mod guess;
pub mod key;
pub mod mask;
pub mod normal;
pub mod parameter;
pub mod plausible;
pub mod predicate;
pub mod property_unit;
pub mod quality;
pub mod resident_id;
pub mod suspicion;
pub mod template;
pub mod vehicle;
pub mod vessel;
pub mod vocabulary;

mod arrow_type;
mod edits;
mod fold;
mod grammar;
mod nearest;

pub use arrow_type::arrow_type;
pub use cell::CellReading;
pub use civil_day::CivilDay;
pub use civil_month::CivilMonth;
pub use file::{
    Column, Coverage, DatasetFile, Fault, FileError, Limits, Lookup, Manifest, Source, Subjects,
};
pub use fold::is_digit;
pub use key::{Key, KeyKind, KeySet, Named};
pub use parameter::{Argument, ParameterError, ParameterFault, ParameterType};
pub use resident_id::{
    Reading, ResidentId, StrictError, Suspect, could_match, is_irregular, parse,
};
