//! The key directory: members, systems, hubs and their keys, as the authority signed them. Hub,
//! connectors and clients each open it for themselves and do not rely on the hub for identities.
//!
//! A [`Directory`] can only be had by [`Directory::open`], so holding one means: signed by the
//! authority, not rolled back, not expired when opened (unless by [`Directory::open_ended`]), and
//! without a single fault. It never changes; a newer one replaces it whole.

mod error;
mod faults;
mod holders;
mod index;
mod jwks;
mod keys;
mod open;
mod signed;

pub use error::DirectoryError;
pub use faults::{Fault, MEMBERS, SYSTEMS};
pub use holders::{Hub, HubTls, KeyHolder, Member, System, Why};
pub use index::Directory;
pub use jwks::JWK_USAGE;
pub use signed::SignedError;

#[cfg(test)]
mod tests;
