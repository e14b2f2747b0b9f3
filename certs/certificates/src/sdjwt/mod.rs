//! SD-JWT (RFC 9901) as SD-JWT VC uses it (draft-ietf-oauth-sd-jwt-vc, `dc+sd-jwt`): claims that a
//! holder may leave out without breaking the issuer's signature. ES256 only, digests by SHA-256, no
//! key binding, no decoys; every selectively disclosable claim is one of the top level.
//!
//! What common libraries silently drop or repair is refused here by name: a disclosure that nothing
//! refers to, two alike, a digest that appears twice, two members of one name, padding in base64.
//! The algorithm is that of the registered key, never the message's choice.

mod bounds;
mod disclosure;
mod error;
mod issue;
mod json;
#[cfg(test)]
mod tests;
mod token;

pub use bounds::{DISCLOSURES, TOKEN_BYTES, TYP};
pub(crate) use disclosure::disclosure_salted;
pub use disclosure::{digest_of, disclosure, opened};
pub use error::SdJwtError;
pub use issue::{issue, issue_encoded};
pub(crate) use json::object;
pub(crate) use token::time;
pub use token::{Claims, SdJwt};
