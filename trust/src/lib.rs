//! Who signed what: keys, envelopes, certificates, the authority's directory, and the proofs of the
//! ledger.
//!
//! Everything that a department, the hub or an outside verifier relies on is verified here, from
//! bytes alone. This crate never opens a file or a socket, never reads a clock (times are
//! arguments) and knows no async runtime. It is the only crate that touches ring.

pub mod batch;
pub mod digest;
pub mod directory;
pub mod dsse;
pub mod ending;
pub mod entry;
pub mod identity;
pub mod invitation;
pub mod jose;
pub mod json;
pub mod jwe;
pub mod keys;
pub mod merkle;
pub mod note;
mod pae;
pub mod receipt;
pub mod renewal;
pub mod signed;
pub mod subject_list;
pub mod tiles;
pub mod tls;
pub mod vault;
pub mod x509;

pub use digest::Digest;
pub use directory::Directory;
pub use identity::Identity;
pub use invitation::Invitation;
pub use keys::{Algorithm, PublicKey, SigningKey};
pub use signed::Signed;
