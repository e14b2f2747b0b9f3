//! By whose word the past is erased or held.

use std::time::SystemTime;

use crate::error::LedgerError;

/// Longest name and reason of an order, in bytes.
const WORDS: usize = 256;

/// By whose word something is erased or held, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Who: 1 to 256 bytes.
    pub by: String,
    /// Why, such as the rule or the file's number: 1 to 256 bytes.
    pub why: String,
    /// When.
    pub at: SystemTime,
}

impl Order {
    pub(super) fn demand(&self) -> Result<(), LedgerError> {
        let said = |text: &str| !text.trim().is_empty() && text.len() <= WORDS;
        if said(&self.by) && said(&self.why) {
            Ok(())
        } else {
            Err(LedgerError::Malformed("an order says by whom and why, in 1 to 256 bytes each"))
        }
    }
}
