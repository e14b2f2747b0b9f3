//! A message that its sender encrypted for one key which opens nothing else: JWE in its compact
//! form (RFC 7516, 7.1) with ECDH-ES on P-256 (RFC 7518, 4.6) and AES-GCM. No compression, no other
//! algorithm. The caller reads the header and says what it demands of it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::rand::SystemRandom;

use crate::digest::{RandomError, sha256};

/// Bytes of the tag of AES-GCM.
const TAG_BYTES: usize = 16;

/// How the content is encrypted (RFC 7518, 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentEncryption {
    /// AES-GCM with a key of 128 bits.
    A128Gcm,
    /// With one of 256.
    A256Gcm,
}

impl ContentEncryption {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::A128Gcm, Self::A256Gcm];

    /// As a header names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// By that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    fn key_bytes(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm => 32,
        }
    }
}

/// The message does not open with this key, or cannot be sealed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message does not open with this key")]
pub struct NotOpened;

/// A key that opens one message, and is gone then.
pub struct OnceKey {
    secret: EphemeralPrivateKey,
    public: Vec<u8>,
}

impl OnceKey {
    /// A new key from the operating system's random bytes.
    pub fn generate() -> Result<Self, RandomError> {
        let secret = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new());
        let secret = secret.map_err(|_| RandomError)?;
        let public = secret.compute_public_key().map_err(|_| RandomError)?.as_ref().to_vec();
        Ok(Self { secret, public })
    }

    /// The public half: 65 bytes, the uncompressed point (SEC 1, 2.3.3).
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Opens a message. `sender`: the point of `epk` in its header, 65 bytes; `parties`: what `apu`
    /// and `apv` decode to.
    pub fn open(
        self,
        jwe: &str,
        encryption: ContentEncryption,
        sender: &[u8],
        parties: (&[u8], &[u8]),
    ) -> Result<Vec<u8>, NotOpened> {
        let mut parts = jwe.split('.');
        let (Some(header), Some(""), Some(iv), Some(text), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotOpened);
        };
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| NotOpened);
        let nonce = Nonce::try_assume_unique_for_key(&decode(iv)?).map_err(|_| NotOpened)?;
        let (mut sealed, tag) = (decode(text)?, decode(tag)?);
        if tag.len() != TAG_BYTES {
            return Err(NotOpened);
        }
        sealed.extend(tag);
        let peer = UnparsedPublicKey::new(&ECDH_P256, sender);
        let derived =
            agree_ephemeral(self.secret, &peer, |secret| derive(secret, encryption, parties));
        let cipher = cipher_of(&derived.map_err(|_| NotOpened)?, encryption)?;
        let plain = cipher
            .open_in_place(nonce, Aad::from(header), &mut sealed)
            .map_err(|_| NotOpened)?
            .len();
        sealed.truncate(plain);
        Ok(sealed)
    }

    /// Seals a message for the point `to`, as who has this key: what a wallet does.
    pub fn seal(
        self,
        plain: &[u8],
        to: &[u8],
        (encryption, header): (ContentEncryption, &[u8]),
        parties: (&[u8], &[u8]),
    ) -> Result<String, NotOpened> {
        let peer = UnparsedPublicKey::new(&ECDH_P256, to);
        let derived =
            agree_ephemeral(self.secret, &peer, |secret| derive(secret, encryption, parties));
        let cipher = cipher_of(&derived.map_err(|_| NotOpened)?, encryption)?;
        // The key is used for this message alone.
        let (nonce, header) = ([0; NONCE_LEN], URL_SAFE_NO_PAD.encode(header));
        let mut text = plain.to_vec();
        let tag = cipher.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&header),
            &mut text,
        );
        let (tag, encode) =
            (tag.map_err(|_| NotOpened)?, |part: &[u8]| URL_SAFE_NO_PAD.encode(part));
        Ok(format!("{header}..{}.{}.{}", encode(&nonce), encode(&text), encode(tag.as_ref())))
    }
}

fn cipher_of(key: &[u8; 32], encryption: ContentEncryption) -> Result<LessSafeKey, NotOpened> {
    let algorithm = match encryption {
        ContentEncryption::A128Gcm => &AES_128_GCM,
        ContentEncryption::A256Gcm => &AES_256_GCM,
    };
    let key = key.get(..encryption.key_bytes()).ok_or(NotOpened)?;
    UnboundKey::new(algorithm, key).map(LessSafeKey::new).map_err(|_| NotOpened)
}

/// Concat KDF (NIST SP 800-56A, 5.8.1), one round of SHA-256: up to 32 bytes of key.
fn derive(secret: &[u8], encryption: ContentEncryption, (u, v): (&[u8], &[u8])) -> [u8; 32] {
    let mut input = 1u32.to_be_bytes().to_vec();
    input.extend(secret);
    for part in [encryption.name().as_bytes(), u, v] {
        input.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        input.extend(part);
    }
    let bits = u32::try_from(8 * encryption.key_bytes()).unwrap_or(u32::MAX);
    input.extend(bits.to_be_bytes());
    sha256(&input)
}

impl std::fmt::Debug for OnceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnceKey(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn seal(to: &[u8], encryption: ContentEncryption, plain: &[u8]) -> (String, Vec<u8>) {
        let sender = OnceKey::generate().unwrap();
        let public = sender.public.clone();
        let jwe = sender.seal(plain, to, (encryption, b"{}"), (b"u", b"v")).unwrap();
        (jwe, public)
    }

    #[test]
    fn the_key_derivation_is_that_of_the_standard() {
        // RFC 7518, Appendix C.
        let secret = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49,
            110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = derive(&secret, ContentEncryption::A128Gcm, (b"Alice", b"Bob"));
        assert_eq!(URL_SAFE_NO_PAD.encode(&key[..16]), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn a_message_opens_with_its_key_once_and_unaltered() {
        for encryption in ContentEncryption::ALL {
            assert_eq!(ContentEncryption::of(encryption.name()), Some(encryption));
            let key = OnceKey::generate().unwrap();
            let (jwe, sender) = seal(key.public(), encryption, b"text");
            assert_eq!(key.open(&jwe, encryption, &sender, (b"u", b"v")).unwrap(), b"text");
            let altered = |change: &dyn Fn(&str) -> String, parties: (&[u8], &[u8])| {
                let key = OnceKey::generate().unwrap();
                let (jwe, sender) = seal(key.public(), encryption, b"text");
                key.open(&change(&jwe), encryption, &sender, parties)
            };
            let parties: (&[u8], &[u8]) = (b"u", b"v");
            assert!(altered(&str::to_owned, parties).is_ok());
            assert_eq!(altered(&str::to_owned, (b"u", b"w")), Err(NotOpened));
            for change in [
                &(|jwe: &str| jwe.replacen("..", ".AA.", 1)) as &dyn Fn(&str) -> String,
                &|jwe| format!("{jwe}."),
                &|jwe| format!("e30{}", &jwe[3..]).replacen("e30", "e31", 1),
                &|jwe| jwe[..jwe.len() - 2].to_owned(),
                &|_| String::new(),
            ] {
                assert_eq!(altered(change, parties), Err(NotOpened));
            }
            let other = OnceKey::generate().unwrap();
            assert_eq!(other.open(&jwe, encryption, &sender, parties), Err(NotOpened));
            let weak = OnceKey::generate().unwrap();
            assert_eq!(weak.open(&jwe, encryption, &[4; 65], parties), Err(NotOpened));
        }
        assert_eq!(ContentEncryption::of("A192GCM"), None);
    }
}
