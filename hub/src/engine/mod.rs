//! A prepared check: the definition's SQL planned once, down to physical plans, and run for each
//! request over that request's own tables. Nothing here talks to a department ([`run::Dispatch`]
//! does) or decides what an absence proves (`zerotrip_checks::soundness` does).
//!
//! The plans are shared between requests and hold no request's data: every leaf is a
//! [`slots::SlotScanExec`], which finds its rows in the [`slots::ExchangeCx`] that travels as an
//! extension of the request's own task context. Which keys go to which department never depends on
//! a plan: scans are declared in the definition.

pub mod admissible;
mod columns;
mod evaluate;
mod pair_join;
mod plausible;
pub mod prepare;
mod request_join;
pub mod run;
pub mod slots;

pub use prepare::{PreparedCheck, PreparedVariant};
pub use run::{Dispatch, RunResult, ScanAnswer, ScanCall, SourceRead};
pub use slots::ExchangeCx;
