//! Texts for people: the same in two languages, failures and their remedies, other people's words
//! made safe for a terminal and cut short, durations and sizes as people write them, and what is
//! wrong with a settings file.
//!
//! Knows nothing of the rest, so that a command line, a web desk and a gateway can share it.

#![warn(missing_docs)]

mod bilingual;
mod failure;
mod shown;
mod units;

pub use bilingual::Bilingual;
pub use failure::{Explain, Failure};
pub use shown::{cut, is_invisible, shown, toml_fault};
pub use units::{bytes, duration};
