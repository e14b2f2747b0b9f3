//! Check definitions as text, the rule for when an absence is proven, and certificates.
//!
//! Pure: it has no clock, no files and no network of its own.
//!
//! - [`definition`] reads `definitions/*.toml`: the scans of a check, the SQL that joins them, and
//!   the texts for people. It refuses at once what cannot be sound.
//! - [`soundness`] concludes. Only `soundness::conclude` can make an absence: from scans that are
//!   all complete, fresh and readable, and that cover each person at one moment.
//! - [`certificate`] proves a hub's answer by its evidence, seals a certificate on a true one, and
//!   verifies a certificate offline.
//! - [`sdjwt`] is the token format: SD-JWT VC, with ES256 only.

pub mod certificate;
pub mod definition;
pub mod sdjwt;
pub mod soundness;
