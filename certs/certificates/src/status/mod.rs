//! What has become of certificates since they were sealed: Token Status List
//! (draft-ietf-oauth-status-list-20), as its JWT and as its CWT.
//!
//! A certificate names a list and a place in it ([`StatusReference`]). The list ([`StatusList`])
//! has a value for each place, and says of no place whose it is. Its issuer signs it with a time
//! and an end ([`sign_list`], [`sign_cwt_list`]); a verifier reads it as it came from whatever host
//! ([`StatusToken`], [`StatusCwt`]).

mod bounds;
mod cwt;
mod error;
mod explain;
mod list;
mod reference;
#[cfg(test)]
mod tests;
mod token;
mod whichever;

pub use bounds::{LEAST_PLACES, MOST_LIFE};
pub use cwt::{StatusCwt, sign_cwt_list};
pub use error::StatusError;
pub use list::{Bits, StatusList};
pub use reference::{StatusReference, is_list_uri};
pub use token::{KnownStatus, OpenList, StatusToken, StatusValue, sign_certified_list, sign_list};
pub(crate) use whichever::Whichever;
