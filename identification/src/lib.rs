//! That the person asked about was identified, and who says so.
//!
//! A check's definition asks for it ([`IdentityTerms`]), the authority says whom it trusts
//! ([`Providers`]), the request's own nonce ([`nonce`]) goes through the provider into an ID token
//! (OpenID Connect Core 1.0, section 2), and [`verify`] says whether that token shows it, or names
//! the [`Fault`]. [Decision 0067](../docs/decisions/0067-identified-by-an-assertion.md) has what is
//! accepted, and by which section of which document.
//!
//! Nothing here opens a file or a socket, fetches a key, or reads a clock.

#![warn(missing_docs)]

mod basis;
mod fault;
mod level;
mod nonce;
mod provider;
mod terms;
#[cfg(test)]
mod tests;
mod token;
mod verify;

pub use basis::Basis;
pub use fault::Fault;
pub use level::Level;
pub use nonce::{assertion_digest, nonce};
pub use provider::{MOST_PROVIDERS, Provider, ProviderFault, Providers};
pub use terms::{IdentityTerms, LEAST_WITHIN, MOST_WITHIN};
pub use token::{MOST_TOKEN, Token};
pub use verify::{Expected, Identification, verify};
