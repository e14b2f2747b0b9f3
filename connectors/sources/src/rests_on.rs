//! What an answer rests upon.

use std::sync::atomic::{AtomicU64, Ordering};

/// What an answer rests upon. Numbers are of this process: no two are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestsOn {
    /// The system as it was at that moment, and nothing that a later look-up could rest upon too.
    #[default]
    Moment,
    /// The system's rows as they were between two writes: a reader after the next write rests
    /// upon others.
    Rows(u64),
    /// A snapshot or a profiling pass, which stays what it is while newer rows come.
    Pass(u64),
}

/// A number for a snapshot or a profiling pass.
pub fn next_number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}
