//! What opens something once: codes, tokens, and the digits that are told apart from them. Of each,
//! only a digest is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zerotrip_trust::digest::{Digest, RandomError, fill_random, is_same, keyed, random, sha256};

use crate::bounds::{SECRET_CHARS, TX_DIGITS};

/// A secret of 256 bits. Never printed but where it is handed out.
#[derive(Clone)]
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub(crate) fn generate() -> Result<Self, RandomError> {
        random().map(Self)
    }

    /// As it is handed out: 43 characters.
    pub(crate) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// As it comes back, in its one spelling.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.len() > SECRET_CHARS {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// By which it is known again.
    pub(crate) fn digest(&self) -> Digest {
        sha256(&self.0)
    }

    /// Whether it is the one with this digest.
    pub(crate) fn is(&self, digest: &Digest) -> bool {
        is_same(&self.digest(), digest)
    }

    /// A digest of digits that tells nothing of them without this secret.
    pub(crate) fn of_digits(&self, digits: &str) -> Digest {
        keyed(&self.0, format!("zerotrip/door/tx-code/{digits}").as_bytes())
    }

    /// Hides a key under this secret, and finds it again: the same both ways. To be used for one
    /// key only.
    pub(crate) fn wrap(&self, mut key: [u8; 32]) -> [u8; 32] {
        let pad = keyed(&self.0, b"zerotrip/door/answer");
        key.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
        key
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Digits that are told to the holder apart from the offer.
pub(crate) fn digits() -> Result<String, RandomError> {
    let mut text = String::new();
    while text.len() < TX_DIGITS {
        let mut byte = [0];
        fill_random(&mut byte)?;
        // 250 is the largest multiple of ten: every digit is as likely.
        if let [value @ 0..250] = byte {
            text.push(char::from(b'0' + value % 10));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_digest_and_hides_a_key() {
        let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_eq!(one.to_text().len(), 43);
        let again = Secret::read(&one.to_text()).unwrap();
        assert!(again.is(&one.digest()) && !other.is(&one.digest()));
        for text in ["", "AA", &one.to_text()[1..], &format!("{}=", one.to_text())] {
            assert!(Secret::read(text).is_none(), "{text}");
        }
        let wrapped = one.wrap([7; 32]);
        assert_eq!((one.wrap(wrapped), other.wrap(wrapped) == [7; 32]), ([7; 32], false));
        assert_eq!(one.of_digits("123456"), again.of_digits("123456"));
        assert_ne!(one.of_digits("123456"), one.of_digits("123457"));
        assert_ne!(one.of_digits("123456"), other.of_digits("123456"));
        let many: std::collections::BTreeSet<String> = (0..50).map(|_| digits().unwrap()).collect();
        assert!(many.len() > 45 && many.iter().all(|one| one.len() == TX_DIGITS), "{many:?}");
    }
}
