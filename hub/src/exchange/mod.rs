//! One exchange, in the order in which it happens. Read [`pipeline::answer`] from top to bottom.

pub mod admit;
mod answer;
mod authorize;
mod check;
mod dispatch;
mod identify;
mod issue;
pub mod pipeline;
mod refusal;

pub use check::CheckRequest;
pub use identify::Identified;
pub use issue::IssueRequest;
pub use refusal::refuse;
