//! One exchange, in the order in which it happens. Read [`pipeline::answer`] from top to bottom.

pub mod admit;
mod announced;
mod asserted;
mod authorize;
mod check;
mod check_many;
mod identify;
mod issue;
mod leaves;
mod outcome;
pub mod pipeline;
mod record;
mod refusal;
mod source_record;
mod told;
mod unconcluded;

pub use check::CheckRequest;
pub use check_many::CheckManyRequest;
pub use identify::Identified;
pub use issue::IssueRequest;
pub use leaves::OpenedSubjects;
pub use record::Replied;
pub use refusal::refuse;
