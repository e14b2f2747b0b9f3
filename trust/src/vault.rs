//! Bytes that are kept under a key of their own: whoever deletes the key has erased them, wherever
//! copies of the bytes are.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::digest::{self, RandomError};

/// Bytes by which what is sealed is longer than what went in.
pub const OVERHEAD: usize = 16;

/// A key for one piece of bytes (AES-256-GCM, NIST SP 800-38D). It seals once: the nonce is zero,
/// and a second piece under it would give both away.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// The bytes are not what was sealed under this key for this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not what was sealed under this key for this place")]
pub struct NotSealed;

impl Key {
    /// The key that was kept.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To be kept apart from what it seals.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, place: &[u8], mut sealed: Vec<u8>) -> Result<Vec<u8>, NotSealed> {
        let plain = self
            .cipher()
            .and_then(|cipher| cipher.open_in_place(nonce(), Aad::from(place), &mut sealed))
            .map_err(|_| NotSealed)?
            .len();
        sealed.truncate(plain);
        Ok(sealed)
    }

    fn cipher(&self) -> Result<LessSafeKey, ring::error::Unspecified> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new)
    }
}

/// Seals the bytes under a new random key, for a place: elsewhere they do not open.
pub fn seal(place: &[u8], mut bytes: Vec<u8>) -> Result<(Key, Vec<u8>), RandomError> {
    let key = Key(digest::random()?);
    key.cipher()
        .and_then(|cipher| cipher.seal_in_place_append_tag(nonce(), Aad::from(place), &mut bytes))
        .map_err(|_| RandomError)?;
    Ok((key, bytes))
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_sealed_opens_at_its_place_with_its_key_only(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            at in any::<prop::sample::Index>(),
            flip in 1u8..=255,
        ) {
            let (key, sealed) = seal(b"here", bytes.clone()).unwrap();
            prop_assert_eq!(sealed.len(), bytes.len() + OVERHEAD);
            let kept = Key::from_bytes(key.to_bytes());
            prop_assert_eq!(kept.open(b"here", sealed.clone()), Ok(bytes.clone()));
            prop_assert_eq!(key.open(b"there", sealed.clone()), Err(NotSealed));
            let (other, again) = seal(b"here", bytes).unwrap();
            prop_assert_ne!(&again, &sealed);
            prop_assert_eq!(other.open(b"here", sealed.clone()), Err(NotSealed));
            let mut altered = sealed.clone();
            let at = at.index(altered.len());
            if let Some(byte) = altered.get_mut(at) {
                *byte ^= flip;
            }
            prop_assert_eq!(key.open(b"here", altered), Err(NotSealed));
            let cut = sealed.get(..at).unwrap_or_default().to_vec();
            prop_assert_eq!(key.open(b"here", cut), Err(NotSealed));
        }
    }
}
