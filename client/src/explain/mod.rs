//! What a person reads of the errors that asking, issuing and joining meet: what happened, and
//! apart from it the remedy, in English and Chinese. English comes from the errors' own text. A
//! screen, a web desk and a gateway show the same.

mod issued;
mod ledger;
mod parking;
mod peer;
mod session;

pub use peer::{dial, directory, file, home, invitation, io, join, refusal};
