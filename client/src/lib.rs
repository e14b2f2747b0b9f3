//! The SDK for systems that ask and issue, and for auditors.
//!
//! A [`Session`] takes nothing that the hub says without a proof: an answer counts once the
//! hub's signature, the request it answers, the ledger entry that commits to it and the signed tree
//! head over that entry have been verified ([`reply`]). The four outcomes of a check are four
//! variants of [`Outcome`]. [`parking`] keeps a question that time alone ends, and asks it again by
//! itself. [`explain`] says what a person reads of an error, and its remedy.

#![warn(missing_docs)]

pub mod audit;
pub mod explain;
pub mod issued;
pub mod parking;
pub mod reply;
pub mod request;
pub mod seen;
mod session;

pub use reply::{ManyOutcome, Outcome};
pub use request::{
    CheckQuestion, Errand, IdentityAssertion, IdentityChallenge, ManyQuestion, RequestId,
};
pub use seen::SeenError;
pub use session::{
    Connection, InForce, Issue, IssuedCertificate, ManyIssuing, Offering, PlacedIssue, Ready,
    Session, SessionError, Wanted, answered,
};
