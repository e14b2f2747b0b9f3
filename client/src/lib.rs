//! The SDK for systems that ask and issue, for the authority's administrators and for auditors, and the `zerotrip` command line over it.
//!
//! A [`Session`] believes nothing that the hub says without a proof: an answer counts once the hub's signature, the request it answers,
//! the ledger entry that commits to it and the signed tree head over that entry have been verified ([`reply`]). The four outcomes of a
//! check are four variants of [`Outcome`]. The authority's keys are used in [`authority`] only, and never leave its folder.

#![warn(missing_docs)]

pub mod audit;
pub mod authority;
pub mod cli;
mod new_file;
pub mod reply;
pub mod request;
mod seen;
mod session;

pub use reply::Outcome;
pub use request::{Errand, Question};
pub use seen::SeenError;
pub use session::{Connection, Issue, IssuedCertificate, Session, SessionError};
