//! What a pass over the whole table has seen.

use super::super::profile::Profile;
use super::super::row_index::RowIndex;

/// What a pass over the whole table has seen.
pub struct TableProfile {
    /// No other pass of this process has it.
    pub number: u64,
    /// Rows that an index does not find, or that cannot be read.
    pub profile: Profile,
    /// Which persons were in which rows of the department's own database: its index can be
    /// damaged, and would then lead to none.
    pub row_index: Option<RowIndex>,
}
