//! Deterministic CBOR (RFC 8949, 4.2.1) and COSE_Sign1 with ES256 (RFC 9052, 4.2): the least that
//! CBOR Web Tokens need.
//!
//! One value has one encoding here. Whatever else CBOR allows (indefinite lengths, longer forms of
//! a number, keys in another order, a key twice, floats) is refused by name. The algorithm is in
//! the protected header and is that of the registered key; the unprotected header is empty. This
//! crate knows no claim, no clock and no issuer.

mod cbor;
mod error;
mod explain;
mod members;
mod read;
mod sign1;
#[cfg(test)]
mod tests;

pub use cbor::Value;
pub use error::{CborError, CoseError};
pub use members::Members;
pub use read::decode;
pub use sign1::{Sign1, TAG};
