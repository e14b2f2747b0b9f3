//! How large a definition can be.

/// Most steps of one variant.
pub const MOST_STEPS: usize = 32;
/// Most scans of one variant, and so most registers that it asks. Of an answer that is not a yes,
/// this many commitments are recorded, however many registers could be read.
pub const MOST_SCANS: usize = 8;
/// Most variants of one check.
pub const MOST_VARIANTS: usize = 16;
/// Most meanings of one column's codes.
pub const MOST_MEANINGS: usize = 1000;
/// Longest definition text, in bytes.
pub const MOST_TEXT: usize = 256 << 10;
/// Highest version of a check.
pub const MOST_VERSION: u32 = 999;
/// Most files of a definition.
pub const MOST_FILES: usize = 128;
