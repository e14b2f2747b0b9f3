//! A TLS key that its holder makes for itself.

use std::fmt;
use std::sync::Arc;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{X509Error, pem};

/// A P-256 key for TLS. Cheap to clone; never printed. It signs handshakes only: requests and
/// answers have keys of their own.
#[derive(Clone)]
pub struct TlsKey(pub(super) Arc<KeyPair>);

impl TlsKey {
    /// A new key from the operating system's random bytes.
    pub fn generate() -> Result<Self, X509Error> {
        Ok(Self(Arc::new(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)))
    }

    /// From a PEM block `PRIVATE KEY` (PKCS #8).
    pub fn from_pem(text: &str) -> Result<Self, X509Error> {
        let der = pem::decode_one(text, pem::PRIVATE_KEY)?;
        let key = KeyPair::from_pkcs8_der_and_sign_algo(
            &PrivatePkcs8KeyDer::from(der),
            &PKCS_ECDSA_P256_SHA256,
        )
        .map_err(|_| X509Error::WrongAlgorithm("private key", "P-256 in PKCS #8"))?;
        Ok(Self(Arc::new(key)))
    }

    /// As a PEM block `PRIVATE KEY`. This is the secret itself: write it readable to its owner
    /// only.
    pub fn to_pem(&self) -> String {
        pem::encode(pem::PRIVATE_KEY, self.0.serialized_der())
    }

    /// For rustls.
    pub fn to_rustls(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.0.serialized_der().to_vec()))
    }
}

impl fmt::Debug for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsKey")
    }
}
