//! What one caller, and all together, may take of the hub.

mod keyed_quota;
mod memory_budget;
mod request_budgets;

pub use keyed_quota::{KeyedQuota, Permit};
pub use memory_budget::{MemoryBudget, Reservation};
pub use request_budgets::RequestBudgets;

/// Bytes of one scan's answer that are held while it is combined; a family's rows are a few
/// kilobytes.
pub const ANSWER_BYTES: usize = 32 << 20;
