//! Check definitions as text, and the rule for when an absence is proven.
//!
//! Pure: it reads no clock, no file and no network.
//!
//! - [`definition`] reads `certs/definitions/<check>/check.toml`: the scans of a check, the SQL
//!   that joins them, and the texts for people. It refuses at once what cannot be sound.
//! - [`months`] counts the months of a person in a register that has a row for each month.
//! - [`soundness`] concludes. Only `soundness::conclude` can make an absence: from scans that are
//!   all complete, fresh and readable, and that cover each person at one moment.

pub mod definition;
pub mod months;
pub mod soundness;
