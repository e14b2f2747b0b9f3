//! Signing keys and public keys. The algorithm always comes from the registered key, never from a
//! message.
//!
//! A key's id is derived from its public bytes, so a member cannot register another's key, or a
//! second key, under the same id.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;
use zerotrip_text::cut;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, UnparsedPublicKey, VerificationAlgorithm,
};
use zerotrip_proto::{to_timestamp, v1};

use crate::digest::{self, sha256};
use crate::x509::pem;

/// Bytes of a signature, for either algorithm.
pub const SIGNATURE_BYTES: usize = 64;

/// A signature suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA over P-256 with SHA-256, signatures as `r || s` (RFC 7518, 3.4).
    Es256,
}

/// Why a key or a signature is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The proto names no algorithm that we know.
    #[error("the key names no known algorithm; use ED25519 or ES256")]
    UnknownAlgorithm,
    /// Not the length of the algorithm's public keys.
    #[error("a public key of this algorithm has {expected} bytes, not {found}")]
    WrongLength {
        /// What the algorithm says.
        expected: usize,
        /// What came.
        found: usize,
    },
    /// A point under which signatures can be forged, or a second spelling of a point.
    #[error("the public key is of small order or not canonical; make a new key")]
    WeakPoint,
    /// Not a point of the curve.
    #[error("the public key is not a point of the curve")]
    NotAPoint,
    /// The stated id is not the one that follows from the key.
    #[error("the key id `{stated}` does not belong to the key, whose id is `{derived}`")]
    WrongId {
        /// As the message says.
        stated: String,
        /// As it must be.
        derived: String,
    },
    /// The signature does not verify.
    #[error("the signature does not verify under key `{0}`")]
    BadSignature(String),
    /// The private key cannot be read.
    #[error("not an Ed25519 or P-256 private key in PEM (`PRIVATE KEY`, PKCS #8)")]
    Unreadable,
    /// The machine is out of random bytes.
    #[error(transparent)]
    Random(#[from] digest::RandomError),
}

/// A public key that passed every check of its algorithm.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    algorithm: Algorithm,
    bytes: Vec<u8>,
    id: String,
}

impl PublicKey {
    /// Ed25519: 32 bytes (RFC 8032, 5.1.2). ES256: 65 bytes, the uncompressed point (SEC 1, 2.3.3).
    ///
    /// Refuses small-order and non-canonical Ed25519 keys (ring would verify forgeries under them)
    /// and P-256 points off the curve. Thirty-two bytes that are not an Ed25519 point pass here,
    /// but no signature ever verifies under them.
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let expected = match algorithm {
            Algorithm::Ed25519 => 32,
            Algorithm::Es256 => 65,
        };
        if bytes.len() != expected {
            return Err(KeyError::WrongLength { expected, found: bytes.len() });
        }
        match algorithm {
            Algorithm::Ed25519 if is_weak_ed25519(bytes) => return Err(KeyError::WeakPoint),
            Algorithm::Ed25519 => {}
            Algorithm::Es256 => check_p256_point(bytes)?,
        }
        Ok(Self { algorithm, bytes: bytes.to_vec(), id: key_id(bytes) })
    }

    /// From a directory's message: as [`Self::new`], and the stated id must be the derived one.
    pub fn from_proto(key: &v1::Key) -> Result<Self, KeyError> {
        let algorithm = match key.algorithm() {
            v1::KeyAlgorithm::Ed25519 => Algorithm::Ed25519,
            v1::KeyAlgorithm::Es256 => Algorithm::Es256,
            v1::KeyAlgorithm::Unspecified => return Err(KeyError::UnknownAlgorithm),
        };
        let public = Self::new(algorithm, &key.public_key)?;
        if public.id != key.id {
            return Err(KeyError::WrongId { stated: cut(&key.id), derived: public.id });
        }
        Ok(public)
    }

    /// The suite.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw public key, as in [`Self::new`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The first 16 bytes of SHA-256 over the public key, in lower-case hexadecimal.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether `signature` (64 bytes) is one over exactly `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        let algorithm: &'static dyn VerificationAlgorithm = match self.algorithm {
            Algorithm::Ed25519 => &ED25519,
            Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        };
        if signature.len() != SIGNATURE_BYTES {
            return Err(KeyError::BadSignature(self.id.clone()));
        }
        UnparsedPublicKey::new(algorithm, &self.bytes)
            .verify(message, signature)
            .map_err(|_| KeyError::BadSignature(self.id.clone()))
    }

    /// As a JSON Web Key (RFC 7517; RFC 8037 for Ed25519).
    pub fn to_jwk(&self) -> serde_json::Value {
        let text = |bytes: Option<&[u8]>| URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default());
        match self.algorithm {
            Algorithm::Ed25519 => serde_json::json!({
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.id, "x": text(Some(&self.bytes)),
            }),
            Algorithm::Es256 => serde_json::json!({
                "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id,
                "x": text(self.bytes.get(1..33)), "y": text(self.bytes.get(33..65)),
            }),
        }
    }

    /// For a directory or a join request; not revoked.
    pub fn to_proto(
        &self,
        usage: v1::KeyUsage,
        not_before: SystemTime,
        not_after: SystemTime,
    ) -> v1::Key {
        let algorithm = match self.algorithm {
            Algorithm::Ed25519 => v1::KeyAlgorithm::Ed25519,
            Algorithm::Es256 => v1::KeyAlgorithm::Es256,
        };
        v1::Key {
            id: self.id.clone(),
            usage: usage.into(),
            algorithm: algorithm.into(),
            public_key: self.bytes.clone(),
            not_before: Some(to_timestamp(not_before)),
            not_after: Some(to_timestamp(not_after)),
            revoked_at: None,
        }
    }
}

impl TryFrom<&v1::Key> for PublicKey {
    type Error = KeyError;

    fn try_from(key: &v1::Key) -> Result<Self, KeyError> {
        Self::from_proto(key)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?} {})", self.algorithm, self.id)
    }
}

/// A private key. Cheap to clone; never printed.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    secret: Secret,
    pkcs8: Vec<u8>,
    public: PublicKey,
}

enum Secret {
    Ed25519(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
}

impl SigningKey {
    /// A new key from the operating system's random bytes.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let pkcs8 = match algorithm {
            Algorithm::Ed25519 => {
                // PKCS #8 version 1 (RFC 8410, 7): every tool reads it; ring's own version 2 is
                // refused by OpenSSL 3.0.
                let mut der = ED25519_PKCS8_PREFIX.to_vec();
                der.extend(digest::random::<32>()?);
                der
            }
            Algorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                    .map_err(|_| digest::RandomError)?
                    .as_ref()
                    .to_vec()
            }
        };
        Self::from_pkcs8_der(pkcs8)
    }

    /// From a PEM block `PRIVATE KEY` (RFC 7468, 10), Ed25519 or P-256.
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_pkcs8_der(
            pem::decode_one(text, pem::PRIVATE_KEY).map_err(|_| KeyError::Unreadable)?,
        )
    }

    /// As a PEM block `PRIVATE KEY`. This is the secret itself: write it readable to its owner
    /// only.
    pub fn to_pkcs8_pem(&self) -> String {
        pem::encode(pem::PRIVATE_KEY, &self.0.pkcs8)
    }

    /// The public key's id.
    pub fn id(&self) -> &str {
        self.0.public.id()
    }

    /// The public key.
    pub fn public(&self) -> &PublicKey {
        &self.0.public
    }

    /// Signs exactly these bytes; 64 bytes come out. Fails only where the machine gives no random
    /// bytes (ES256).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.0.secret {
            Secret::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Secret::Es256(pair) => {
                let signature =
                    pair.sign(&SystemRandom::new(), message).map_err(|_| digest::RandomError)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    fn from_pkcs8_der(pkcs8: Vec<u8>) -> Result<Self, KeyError> {
        let (secret, public) = if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8)
        {
            let public = PublicKey::new(Algorithm::Ed25519, pair.public_key().as_ref())?;
            (Secret::Ed25519(pair), public)
        } else {
            let pair = EcdsaKeyPair::from_pkcs8(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                &pkcs8,
                &SystemRandom::new(),
            )
            .map_err(|_| KeyError::Unreadable)?;
            let public = PublicKey::new(Algorithm::Es256, pair.public_key().as_ref())?;
            (Secret::Es256(pair), public)
        };
        Ok(Self(Arc::new(Inner { secret, pkcs8, public })))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?} {})", self.0.public.algorithm, self.id())
    }
}

/// The DER in front of an Ed25519 seed: version 0, id-Ed25519, OCTET STRING in OCTET STRING (RFC
/// 8410, 7).
const ED25519_PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// y-coordinates, little-endian, of the points whose order divides 8 (the curve's cofactor): orders
/// 4, 1, 2, 8 and 8.
const SMALL_ORDER_Y: [&str; 5] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];

fn is_weak_ed25519(bytes: &[u8]) -> bool {
    let mut y = bytes.to_vec();
    if let Some(last) = y.last_mut() {
        *last &= 0x7f; // the sign of x: both signs of a small-order y are of small order
    }
    // y >= p = 2^255 - 19 spells a point a second time, so one key would have two ids.
    let not_canonical = matches!(y.as_slice(), [0xed..=0xff, middle @ .., 0x7f] if middle.iter().all(|byte| *byte == 0xff));
    not_canonical || SMALL_ORDER_Y.contains(&hex::encode(&y).as_str())
}

/// ring checks a point where it agrees on a secret with it, and has no call for the check alone.
fn check_p256_point(bytes: &[u8]) -> Result<(), KeyError> {
    use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
    let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())
        .map_err(|_| digest::RandomError)?;
    agree_ephemeral(own, &UnparsedPublicKey::new(&ECDH_P256, bytes), |_| ())
        .map_err(|_| KeyError::NotAPoint)
}

fn key_id(bytes: &[u8]) -> String {
    let mut id = hex::encode(sha256(bytes));
    id.truncate(32);
    id
}

#[cfg(test)]
mod tests;
