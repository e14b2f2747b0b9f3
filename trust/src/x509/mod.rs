//! X.509: the root's certificates over TLS keys and over the authority's signing key, and what a
//! certificate says of its holder.
//!
//! A holder is named by exactly one URI ([`crate::Identity`]); DNS and IP names serve only for
//! reaching a hub. Everything that we issue, `openssl verify -CAfile ca.pem leaf.pem` accepts.
//! Revocation is the directory's business, not that of CRLs.

mod authority;
mod error;
pub mod pem;
mod read;
mod request;
mod tls_key;

pub use authority::CertificateAuthority;
pub use error::X509Error;
pub use read::{
    authority_key_at, authority_key_of, check_ca, check_issued_by, fingerprint, identity_of,
    is_over_key, is_over_signing_key, key_digest, names_of, sealing_key_of, signing_key_of,
    subject_key_id, validity_of,
};
pub use request::{is_request_over_key_of, make_csr, system_of_csr};
pub use rustls_pki_types::CertificateDer;
pub use tls_key::TlsKey;

/// Largest certificate or certification request that is looked at, in bytes.
pub const CERTIFICATE_BYTES: usize = 16 << 10;

/// id-kp-documentSigning (RFC 9336): the certificate of the authority's key, or of a system's
/// sealing key, must never pass for a TLS certificate.
const DOCUMENT_SIGNING: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 36];

#[cfg(test)]
mod tests;
