//! A prepared check: the definition's SQL planned once, down to physical plans, and run for each
//! request over that request's own tables. Nothing here talks to a department ([`Dispatch`]
//! does) or decides what an absence proves (`zerotrip_checks::soundness` does).
//!
//! The plans are shared between requests and hold no request's data: every leaf is a
//! [`slots::SlotScanExec`], which finds its rows in the [`slots::ExchangeCx`] that travels as an
//! extension of the request's own task context. Which keys go to which department never depends on
//! a plan: scans are declared in the definition.

pub mod admissible;
mod columns;
mod conclude;
mod evaluate;
mod facts;
mod families;
mod heard;
mod lineage;
mod many;
mod months;
mod pair_join;
mod plausible;
mod prepare;
mod prepared;
mod question;
mod rehearse;
mod request_join;
mod rows;
pub mod run;
mod running;
mod runtime;
mod scan_call;
mod slot_rows;
pub mod slots;

pub use conclude::{RunResult, SourceRead};
pub use families::pack;
pub use prepared::{PreparedCheck, PreparedKind, PreparedVariant};
pub use rehearse::{Look, PlannedLook, Rehearsed};
pub use run::Engine;
pub use scan_call::{Dispatch, DispatchMany, ScanAnswer, ScanCall, ScanPart};
