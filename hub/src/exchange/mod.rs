//! One exchange, in the order in which it happens. Read [`pipeline::answer`] from top to bottom.

pub mod admit;
mod authorize;
mod check;
mod identify;
mod issue;
mod outcome;
pub mod pipeline;
mod record;
mod refusal;

pub use check::CheckRequest;
pub use identify::Identified;
pub use issue::IssueRequest;
pub use refusal::refuse;
