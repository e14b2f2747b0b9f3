//! The data authority: its folder of keys, members and grants, and how what it signs reaches the
//! hub.
//!
//! [`Authority`] is the folder: it talks to no hub, and what has to be published comes out as a
//! signed envelope. [`publishing`] brings that to the hub, and says what came of it.

#![warn(missing_docs)]

mod enrol;
mod error;
mod explain;
mod folder;
mod grants;
mod lineage;
mod members;
mod providers;
pub mod publishing;
mod renew;
mod sealing;
#[cfg(test)]
mod tests;

pub use enrol::Enrolled;
pub use error::AuthorityError;
pub use explain::status;
pub use folder::{Authority, DESK, MEMBER};
pub use grants::{GrantState, NewGrant};
pub use lineage::Behind;
pub use members::{Admission, Invited, NewMember};
pub use renew::{ByHand, Renewed};
