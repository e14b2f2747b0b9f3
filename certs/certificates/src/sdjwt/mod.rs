//! SD-JWT (RFC 9901) as SD-JWT VC uses it (draft-ietf-oauth-sd-jwt-vc, `dc+sd-jwt`): claims that a
//! holder may leave out without breaking the issuer's signature. ES256 only, digests by SHA-256, no
//! decoys; every selectively disclosable claim is one of the top level. Where it is bound to a key
//! (`cnf`), its holder can prove to have it (key binding).
//!
//! What common libraries silently drop or repair is refused here by name: a disclosure that nothing
//! refers to, two alike, a digest that appears twice, two members of one name, padding in base64.
//! The algorithm is that of the registered key, never the message's choice.

mod binding;
mod bounds;
mod compact;
mod disclosure;
mod error;
mod issue;
mod jws;
#[cfg(test)]
mod tests;
mod time;
mod token;

pub use binding::KeyBinding;
pub use bounds::{DISCLOSURES, TOKEN_BYTES, TYP};
pub use compact::CompactJws;
pub(crate) use disclosure::disclosure_salted;
pub use disclosure::{digest_of, disclosure, opened};
pub use error::SdJwtError;
pub use issue::{issue, issue_certified, issue_encoded};
pub(crate) use jws::Jws;
pub(crate) use time::time;
pub use token::{Claims, SdJwt};
pub use zerotrip_trust::json::{JsonError, object};
