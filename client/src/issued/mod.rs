//! What an issuing organ keeps of the certificates that it issues, in its own folder: a number and
//! a place in a status list for each, the certificate itself, and every order to revoke, suspend or
//! lift. The lists that it publishes are projections of it.
//!
//! A place is in the register, durably, before the certificate is sealed, and is never used again.
//! An order is durable before it is published.
//!
//! For one errand one certificate counts, whoever issues: what is sealed is kept only where no
//! other counts for its errand.

mod bounds;
mod copies;
mod entry;
mod errand;
mod error;
mod lists;
mod orders;
mod publish;
mod register;
mod schema;
mod sealer;
mod settings;
#[cfg(test)]
mod tests;
mod time;
mod together;

pub use bounds::{COPIES, FILE, LIFE, TTL};
pub use copies::Copy;
pub use entry::{Entry, Event, Stage};
pub use errand::{Beside, ErrandKey};
pub use error::RegisterError;
pub use orders::{Done, Order};
pub use publish::{Due, Published};
pub use register::{Ground, Register, Search};
pub use sealer::{SEAL_CERTIFICATE, Sealer};
pub use settings::StatusSettings;
pub use together::SealedToken;
