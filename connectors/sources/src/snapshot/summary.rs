//! What was read: for a snapshot, or for a look at a file that no dataset file describes yet.

use zerotrip_datasets::guess::Evidence;

use super::super::profile::RaggedRow;

/// What was read.
#[derive(Debug, Default)]
pub struct SnapshotSummary {
    /// Rows, ragged ones included.
    pub rows: u64,
    /// Rows of nothing but blanks, which are none.
    pub blank: u64,
    /// Rows that could not be split into columns.
    pub ragged: Vec<RaggedRow>,
    /// For the owner.
    pub advice: Vec<String>,
}

/// What was seen of a file that no dataset file describes yet.
#[derive(Debug, Default)]
pub struct Sample {
    /// The columns' names, each with what was seen of it.
    pub columns: Vec<(String, Evidence)>,
    /// Columns that have no name, or cannot be read.
    pub passed_over: usize,
    /// Rows, ragged ones included.
    pub rows: u64,
    /// Rows that could not be split.
    pub ragged: usize,
    /// Sheets beside the one that was looked at that hold something.
    pub left: Vec<String>,
    /// For the owner.
    pub advice: Vec<String>,
}
