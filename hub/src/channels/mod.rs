//! The connectors that are attached now: who dialled in, which datasets each answers for, and how
//! to ask.

mod attach;
mod lane;
mod registry;

pub use attach::run;
pub use registry::{Attached, Channels, SUPERSEDED};
