//! SHA-256, framed so that no two lists of parts hash alike, and salted commitments on top of it.
//! [`zerotrip_proto::hash_domain`] lists what is hashed.

use ring::rand::{SecureRandom as _, SystemRandom};

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// The operating system gave no random bytes; nothing may be signed or committed to then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes; check the machine's entropy source")]
pub struct RandomError;

/// SHA-256 (FIPS 180-4) over the bytes as they are.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    out
}

/// SHA-256 over the domain and then each part, each preceded by its length in bytes (u64,
/// big-endian).
pub fn sha256_parts(domain: &str, parts: &[&[u8]]) -> Digest {
    let mut hasher = Hasher::with_domain(domain);
    for part in parts {
        hasher.update_framed(part);
    }
    hasher.finish()
}

/// A salted commitment: with salt and payload, it can be checked; without the salt (32 random
/// bytes) nothing can be guessed from it.
pub fn commit(domain: &str, salt: &[u8], payload: &[u8]) -> Digest {
    sha256_parts(domain, &[salt, payload])
}

/// HMAC-SHA256 (RFC 2104): without the secret nothing can be guessed from it.
pub fn keyed(secret: &[u8; 32], message: &[u8]) -> Digest {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let mut out = [0; 32];
    out.copy_from_slice(ring::hmac::sign(&key, message).as_ref());
    out
}

/// Whether two digests are the same; it takes as long whatever they have in common.
pub fn is_same(one: &Digest, other: &Digest) -> bool {
    let differing = one.iter().zip(other).fold(0, |found, (one, other)| found | (one ^ other));
    std::hint::black_box(differing) == 0
}

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut out = [0; N];
    fill_random(&mut out)?;
    Ok(out)
}

/// Fills with random bytes from the operating system.
pub fn fill_random(out: &mut [u8]) -> Result<(), RandomError> {
    SystemRandom::new().fill(out).map_err(|_| RandomError)
}

/// SHA-256 over parts that come one after another, each preceded by its length in bytes (u64,
/// big-endian).
#[derive(Clone)]
pub struct Hasher(ring::digest::Context);

impl Hasher {
    /// Without a domain: for digests whose definition names none.
    pub fn new() -> Self {
        Self(ring::digest::Context::new(&ring::digest::SHA256))
    }

    /// The domain is the first part.
    pub fn with_domain(domain: &str) -> Self {
        let mut hasher = Self::new();
        hasher.update_framed(domain.as_bytes());
        hasher
    }

    /// One more part.
    pub fn update_framed(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    /// More of a message that is hashed without framing, such as a file read piece by piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all parts.
    pub fn finish(self) -> Digest {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hasher")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
    use zerotrip_proto::hash_domain;

    #[test]
    fn sha256_is_the_standard_one() {
        // FIPS 180-4's own example, "abc".
        assert_eq!(
            hex::encode(sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn framing_is_as_written() {
        let mut flat = Vec::new();
        for part in [b"dom".as_slice(), b"a", b""] {
            flat.extend((part.len() as u64).to_be_bytes());
            flat.extend(part);
        }
        assert_eq!(sha256_parts("dom", &[b"a", b""]), sha256(&flat));
        assert_eq!(Hasher::new().finish(), sha256(b""));
    }

    #[test]
    fn commitments_depend_on_domain_and_salt() {
        let one = commit(hash_domain::REQUEST, b"salt", b"payload");
        assert_ne!(one, commit(hash_domain::ANSWER, b"salt", b"payload"));
        assert_ne!(one, commit(hash_domain::REQUEST, b"tlas", b"payload"));
        assert_ne!(one, commit(hash_domain::REQUEST, b"saltp", b"ayload"));
    }

    #[test]
    fn a_keyed_digest_is_the_standard_one() {
        // RFC 4231, 4.3; its key, "Jefe", is padded with zeros.
        let mut secret = [0; 32];
        secret[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            hex::encode(keyed(&secret, b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_ne!(keyed(&[1; 32], b"a"), keyed(&[2; 32], b"a"));
    }

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random::<32>().unwrap(), random::<32>().unwrap());
    }

    proptest! {
        #[test]
        fn different_parts_hash_differently(
            a in proptest::collection::vec(proptest::collection::vec(0u8..3, 0..4), 0..4),
            b in proptest::collection::vec(proptest::collection::vec(0u8..3, 0..4), 0..4),
        ) {
            let hash = |parts: &[Vec<u8>]| sha256_parts("d", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(a == b, hash(&a) == hash(&b));
        }
    }
}
