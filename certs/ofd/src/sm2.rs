//! SM2 signatures (GB/T 32918.2) over the recommended curve, and SM3 (GB/T 32905). Keys, and no
//! certificates.

use sm2::SecretKey;
use sm2::dsa::signature::{Signer as _, Verifier as _};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use sm3::{Digest as _, Sm3};
use zerotrip_paper::der::{ecdsa_of_fixed, fixed_of_ecdsa};
use zerotrip_trust::x509::pem;

/// Who signs, as far as SM2 asks: the value that GB/T 35276 has for all who name none.
pub const USER_ID: &str = "1234567812345678";
/// SM2 with SM3: 1.2.156.10197.1.501 (GB/T 33560).
pub(crate) const SM2_WITH_SM3: [u8; 8] = [0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75];
/// The same, as XML has it.
pub(crate) const SM2_WITH_SM3_TEXT: &str = "1.2.156.10197.1.501";
/// The curve: 1.2.156.10197.1.301.
pub(crate) const CURVE_TEXT: &str = "1.2.156.10197.1.301";
/// SM3: 1.2.156.10197.1.401.
pub(crate) const SM3_TEXT: &str = "1.2.156.10197.1.401";

/// A digest by SM3.
pub type Sm3Digest = [u8; 32];

/// SM3 of these bytes.
pub fn sm3(bytes: &[u8]) -> Sm3Digest {
    Sm3::digest(bytes).into()
}

/// Not a private SM2 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a private SM2 key in PKCS #8 (`BEGIN PRIVATE KEY`)")]
pub struct NotAKey;

/// A private SM2 key.
#[derive(Clone)]
pub struct Sm2SigningKey {
    key: SigningKey,
    secret: SecretKey,
}

impl std::fmt::Debug for Sm2SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sm2SigningKey({})", hex::encode(self.public().point()))
    }
}

impl Sm2SigningKey {
    /// From a PEM block `PRIVATE KEY`, as `openssl genpkey -algorithm SM2` writes it.
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, NotAKey> {
        let der = pem::decode_one(text, pem::PRIVATE_KEY).map_err(|_| NotAKey)?;
        Self::of(SecretKey::from_pkcs8_der(&der).map_err(|_| NotAKey)?)
    }

    /// From a secret number, big-endian.
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self, NotAKey> {
        Self::of(SecretKey::from_slice(secret).map_err(|_| NotAKey)?)
    }

    fn of(secret: SecretKey) -> Result<Self, NotAKey> {
        let key = SigningKey::new(USER_ID, &secret).map_err(|_| NotAKey)?;
        Ok(Self { key, secret })
    }

    /// As a PEM block `PRIVATE KEY`. This is the secret itself: write it readable to its owner
    /// only.
    pub fn to_pkcs8_pem(&self) -> Result<String, NotAKey> {
        let der = self.secret.to_pkcs8_der().map_err(|_| NotAKey)?;
        Ok(pem::encode(pem::PRIVATE_KEY, der.as_bytes()))
    }

    /// The public key.
    pub fn public(&self) -> Sm2PublicKey {
        Sm2PublicKey(self.key.verifying_key().clone())
    }

    /// Signs a message: DER of the two numbers (GB/T 35276). The nonce follows from key and message
    /// (RFC 6979 with SM3), so the same message has the same signature.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NotAKey> {
        let signature = self.key.try_sign(message).map_err(|_| NotAKey)?;
        ecdsa_of_fixed(&signature.to_bytes()).ok_or(NotAKey)
    }
}

/// A public SM2 key.
#[derive(Clone, Debug)]
pub struct Sm2PublicKey(VerifyingKey);

impl PartialEq for Sm2PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.point() == other.point()
    }
}

impl Eq for Sm2PublicKey {}

impl Sm2PublicKey {
    /// From an uncompressed point of the curve: 65 bytes.
    pub fn from_point(point: &[u8]) -> Option<Self> {
        let is_uncompressed = point.len() == 65 && point.first() == Some(&4);
        is_uncompressed.then_some(())?;
        VerifyingKey::from_sec1_bytes(USER_ID, point).ok().map(Self)
    }

    /// The point, uncompressed.
    pub fn point(&self) -> Vec<u8> {
        self.0.to_sec1_bytes().into_vec()
    }

    /// Whether this is the key's signature over the message: in DER, in its one spelling.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let read = fixed_of_ecdsa(signature).and_then(|fixed| Signature::from_slice(&fixed).ok());
        read.is_some_and(|read| self.0.verify(message, &read).is_ok())
    }
}
