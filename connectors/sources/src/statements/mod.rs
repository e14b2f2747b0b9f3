//! What an owner states of a register, held against the register's own rows.
//!
//! Rows can *refute* a statement (`held.rs`): then it is not signed, and a connector that serves
//! answers nothing from it, as of the pass that has seen the row. Rows can *speak against* it
//! (`survey.rs`, `weighed.rs`): then it is signed only with the owner's reason (`[accepted]`). What
//! is merely worth knowing is a note.
//!
//! Decision 0052 lists every kind of statement, and what becomes of one that is wrong.

mod held;
mod remark;
mod rules;
mod survey;
mod weighed;

pub use self::held::HeldStatements;
pub use self::remark::Remark;
pub use self::rules::StatementRules;
pub use self::survey::StatementSurvey;

#[cfg(test)]
mod tests;
