//! A definition's cases: small registers written as tables, questions, and the answers that must
//! come. They are run by the engine that answers requests, and concluded by the same rule; only the
//! departments are made up. Beside the answers it is told which branches of the SQL, which arms of
//! its `CASE`s and which reasons no case decides.
//!
//! Nothing here is part of an exchange.

mod answers;
mod branches;
mod counting;
mod coverage;
mod doubts;
mod file;
mod reading;
mod registers;
mod run;
mod running;
mod table;
#[cfg(test)]
mod tests;
mod timing;
mod unread;
mod validate;

pub use coverage::Uncovered;
pub use doubts::Turned;
pub use file::{Case, CaseFile, Expected};
pub use registers::as_expected;
pub use run::{CaseOutcome, CasesReport, answer_cases, run_cases};
pub use timing::{DefinitionTimes, time_cases};
pub use validate::engine_faults;
