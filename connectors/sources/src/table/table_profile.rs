//! What a pass over the whole table has seen.

use super::super::profile::Profile;
use super::super::row_index::RowIndex;

/// What a pass over the whole table has seen.
pub struct TableProfile {
    /// No other pass of this process has it.
    pub number: u64,
    /// Rows that an index does not find, or that cannot be read.
    pub profile: Profile,
    /// Who stood where, and how often, in the department's own database: an index of its can be
    /// damaged, and would answer "nobody".
    pub row_index: Option<RowIndex>,
}
