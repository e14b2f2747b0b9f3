//! DSSE envelopes (github.com/secure-systems-lab/dsse, protocol v1.0.2) with exactly one signature,
//! over the payload or over the root of a batch that holds it ([`crate::batch`]).
//!
//! The payload type is inside the signature, so a payload of one type never verifies as another,
//! and the algorithm is the registered key's. What came in is verified byte for byte; nobody
//! re-encodes a message to verify it.

use prost::Message;
use zerotrip_proto::bounds::MESSAGE_BYTES;
use zerotrip_proto::payload_type;
use zerotrip_proto::v1::{Envelope, ErrorCode, Signature};
use zerotrip_text::cut;

use crate::batch::{self, BatchError, VerifiedRoot, VerifiedRoots};
use crate::digest::{Digest, sha256};
use crate::keys::{KeyError, PublicKey, SigningKey};

/// Why an envelope is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    /// Not exactly one signature.
    #[error("an envelope carries exactly one signature, not {0}")]
    NotOneSignature(usize),
    /// Another payload type than this place takes.
    #[error("the payload type is `{found}`, where only `{expected}` is taken")]
    WrongType {
        /// What this place takes.
        expected: String,
        /// What came, cut to 100 characters.
        found: String,
    },
    /// Over 4 MiB.
    #[error("the payload has {0} bytes, of at most {MESSAGE_BYTES}")]
    TooLarge(usize),
    /// The envelope names another key than the one to verify with.
    #[error("the envelope is signed with key `{found}`, not with `{expected}`")]
    WrongKey {
        /// The key to verify with.
        expected: String,
        /// The key named, cut to 64 characters.
        found: String,
    },
    /// The signature does not verify, or nothing could be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its path to the root of a batch proves nothing.
    #[error("the signature is over a batch: {0}")]
    Batch(#[from] BatchError),
    /// The payload is not the message that its type says.
    #[error("the payload cannot be decoded: {0}")]
    Undecodable(String),
}

impl DsseError {
    /// The code that a caller sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotOneSignature(_) | Self::WrongKey { .. } | Self::Key(_) | Self::Batch(_) => {
                ErrorCode::BadSignature
            }
            Self::WrongType { .. } | Self::Undecodable(_) => ErrorCode::Malformed,
            Self::TooLarge(_) => ErrorCode::TooLarge,
        }
    }
}

/// The pre-authentication encoding: what is signed.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Signs a payload.
pub fn sign(payload_type: &str, payload: Vec<u8>, key: &SigningKey) -> Result<Envelope, DsseError> {
    check_size(&payload)?;
    let sig = key.sign(&pae(payload_type, &payload))?;
    Ok(Envelope {
        signatures: vec![Signature { keyid: key.id().to_owned(), sig }],
        payload,
        payload_type: payload_type.to_owned(),
        batch: None,
    })
}

/// Refuses what no verifier accepts: over 4 MiB.
pub fn check_size(payload: &[u8]) -> Result<(), DsseError> {
    if payload.len() > MESSAGE_BYTES { Err(DsseError::TooLarge(payload.len())) } else { Ok(()) }
}

/// Encodes and signs a message.
pub fn seal<M: Message>(
    payload_type: &str,
    message: &M,
    key: &SigningKey,
) -> Result<Envelope, DsseError> {
    sign(payload_type, message.encode_to_vec(), key)
}

/// The payload and key id of an envelope that *could* verify. **Nothing in it is to be believed
/// yet**: it serves to look the key up.
pub fn peek<'a>(
    envelope: &'a Envelope,
    expected_type: &str,
) -> Result<(&'a [u8], &'a str), DsseError> {
    let signature = only_signature(envelope, expected_type)?;
    Ok((&envelope.payload, &signature.keyid))
}

/// The payload, once the one signature is `key`'s over it and its type.
pub fn verify<'a>(
    envelope: &'a Envelope,
    expected_type: &str,
    key: &PublicKey,
) -> Result<&'a [u8], DsseError> {
    verify_among(envelope, expected_type, key, None)
}

/// As [`verify`]. Of messages that one signature covers, the first one pays for its verification,
/// as long as `roots` remembers it. Whether the key may sign at this moment is not asked here.
pub fn verify_among<'a>(
    envelope: &'a Envelope,
    expected_type: &str,
    key: &PublicKey,
    roots: Option<&VerifiedRoots>,
) -> Result<&'a [u8], DsseError> {
    let signature = only_signature(envelope, expected_type)?;
    if signature.keyid != key.id() {
        return Err(DsseError::WrongKey {
            expected: key.id().to_owned(),
            found: cut(&signature.keyid),
        });
    }
    match &envelope.batch {
        None => key.verify(&pae(expected_type, &envelope.payload), &signature.sig)?,
        Some(path) => {
            let statement = batch::statement(path, expected_type, &envelope.payload)?;
            let signed = pae(payload_type::BATCH, statement.as_bytes());
            let verified = VerifiedRoot::of(key, &signed, &signature.sig);
            if !roots.is_some_and(|roots| roots.holds(&verified)) {
                key.verify(&signed, &signature.sig)?;
                if let Some(roots) = roots {
                    roots.keep(verified);
                }
            }
        }
    }
    Ok(&envelope.payload)
}

/// Decodes a payload, of at most 4 MiB.
pub fn decode<M: Message + Default>(payload: &[u8]) -> Result<M, DsseError> {
    if payload.len() > MESSAGE_BYTES {
        return Err(DsseError::TooLarge(payload.len()));
    }
    M::decode(payload).map_err(|error| DsseError::Undecodable(error.to_string()))
}

/// Verifies and then decodes.
pub fn open<M: Message + Default>(
    envelope: &Envelope,
    expected_type: &str,
    key: &PublicKey,
) -> Result<M, DsseError> {
    decode(verify(envelope, expected_type, key)?)
}

/// SHA-256 over an envelope's payload: how other messages point at it.
pub fn payload_digest(envelope: &Envelope) -> Digest {
    sha256(&envelope.payload)
}

fn only_signature<'a>(
    envelope: &'a Envelope,
    expected_type: &str,
) -> Result<&'a Signature, DsseError> {
    if envelope.payload.len() > MESSAGE_BYTES {
        return Err(DsseError::TooLarge(envelope.payload.len()));
    }
    if envelope.payload_type != expected_type {
        let found = cut(&envelope.payload_type);
        return Err(DsseError::WrongType { expected: expected_type.to_owned(), found });
    }
    match envelope.signatures.as_slice() {
        [signature] => Ok(signature),
        others => Err(DsseError::NotOneSignature(others.len())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::keys::Algorithm;
    use proptest::prelude::*;
    use zerotrip_proto::payload_type;
    use zerotrip_proto::v1::{Answer, Request};

    fn keys() -> (SigningKey, SigningKey) {
        (
            SigningKey::generate(Algorithm::Ed25519).unwrap(),
            SigningKey::generate(Algorithm::Es256).unwrap(),
        )
    }

    #[test]
    fn pae_is_the_protocols_own_example() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn seals_and_opens_under_both_algorithms() {
        let request = Request { id: "x".into(), ..Request::default() };
        for key in <[_; 2]>::from(keys()) {
            let envelope = seal(payload_type::REQUEST, &request, &key).unwrap();
            assert_eq!(
                open::<Request>(&envelope, payload_type::REQUEST, key.public()).unwrap(),
                request
            );
            assert_eq!(
                peek(&envelope, payload_type::REQUEST).unwrap(),
                (envelope.payload.as_slice(), key.id())
            );
        }
    }

    #[test]
    fn payload_types_are_not_interchangeable() {
        let (key, _) = keys();
        let mut envelope = seal(payload_type::REQUEST, &Request::default(), &key).unwrap();
        assert!(matches!(
            open::<Answer>(&envelope, payload_type::ANSWER, key.public()),
            Err(DsseError::WrongType { .. })
        ));
        envelope.payload_type = payload_type::ANSWER.into();
        assert!(matches!(
            open::<Answer>(&envelope, payload_type::ANSWER, key.public()),
            Err(DsseError::Key(KeyError::BadSignature(_)))
        ));
    }

    #[test]
    fn signatures_stripped_doubled_or_swapped_count_for_nothing() {
        let (key, other) = keys();
        let good = sign("t", b"payload".to_vec(), &key).unwrap();
        let mut stripped = good.clone();
        stripped.signatures.clear();
        assert_eq!(verify(&stripped, "t", key.public()), Err(DsseError::NotOneSignature(0)));
        assert_eq!(peek(&stripped, "t"), Err(DsseError::NotOneSignature(0)));
        let mut doubled = good.clone();
        doubled.signatures.push(good.signatures[0].clone());
        assert_eq!(verify(&doubled, "t", key.public()), Err(DsseError::NotOneSignature(2)));
        assert!(matches!(verify(&good, "t", other.public()), Err(DsseError::WrongKey { .. })));
        let mut claimed = good.clone();
        claimed.signatures[0].keyid = other.id().into();
        assert!(matches!(verify(&claimed, "t", key.public()), Err(DsseError::WrongKey { .. })));
        assert!(matches!(verify(&claimed, "t", other.public()), Err(DsseError::Key(_))));
    }

    #[test]
    fn sizes_are_bounded_and_garbage_is_named() {
        let (key, _) = keys();
        assert!(matches!(sign("t", vec![0; MESSAGE_BYTES + 1], &key), Err(DsseError::TooLarge(_))));
        let mut large = sign("t", vec![0; 3], &key).unwrap();
        large.payload = vec![0; MESSAGE_BYTES + 1];
        assert!(matches!(peek(&large, "t"), Err(DsseError::TooLarge(_))));
        let garbage = sign(payload_type::REQUEST, vec![0xff; 9], &key).unwrap();
        let error = open::<Request>(&garbage, payload_type::REQUEST, key.public()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Malformed);
    }

    proptest! {
        #[test]
        fn pae_is_injective(a in "[ 0-9a]{0,6}", b in "[ 0-9a]{0,6}", c in "[ 0-9a]{0,6}", d in "[ 0-9a]{0,6}") {
            prop_assert_eq!((&a, &b) == (&c, &d), pae(&a, b.as_bytes()) == pae(&c, d.as_bytes()));
        }
    }
}
