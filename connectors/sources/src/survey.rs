//! What a source's owner is shown: what the system looks like, and rows that cannot be read.

use std::fmt;
use std::time::SystemTime;

use zerotrip_datasets::Key;
use zerotrip_trust::digest::Digest;

use super::findings::Finding;
use super::statements::Remark;

/// What a system looks like now.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Rows, unreadable ones included.
    pub rows: u64,
    /// Rows without a readable identifier in a key column and not adjudicated, by locator; at most
    /// 100 are listed.
    pub unreadable: Vec<String>,
    /// How many there are in all.
    pub unreadable_count: u64,
    /// How many rows could concern any person: while there is one, no absence can be proven.
    pub anybodys: u64,
    /// Rows of which their owner has stated which persons they concern.
    pub adjudicated: u64,
    /// Rows found only through the profiling pass.
    pub irregular: u64,
    /// The moment of which this is true.
    pub as_of: SystemTime,
    /// Advice for the owner, such as a missing index.
    pub advice: Vec<String>,
    /// What is wrong with its cells, by column and kind.
    pub findings: Vec<Finding>,
    /// Columns that are not what the checks take them to be, and statements that rows refute, in
    /// words: nothing may be concluded from the dataset.
    pub contradictions: Vec<String>,
    /// What the rows suggest against the owner's statement: it is signed only with a reason for
    /// each.
    pub suspicions: Vec<Remark>,
    /// What its owner should know of the rows.
    pub notes: Vec<String>,
    /// Rows with a fault that can make an answer unavailable.
    pub spoilt_rows: u64,
    /// By look-up: persons in it, for a trial. Never shown.
    pub trials: Vec<Vec<Key>>,
    /// By look-up: what is sent to the system, with placeholders for values.
    pub steps: Vec<Vec<String>>,
}

/// A row that cannot be read, as its owner may see it.
#[derive(Clone)]
pub struct UnreadableRow {
    /// Where it is.
    pub locator: String,
    /// Its cells in the order of the dataset file's columns; of a row that could not be split, its
    /// beginning.
    pub cells: Vec<Option<String>>,
    /// By which its owner states which persons it concerns.
    pub digest: Digest,
}

impl fmt::Debug for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadableRow").field("locator", &self.locator).finish_non_exhaustive()
    }
}
