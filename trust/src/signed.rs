//! Envelopes of a known message: the payload type follows from the message's type, so a caller
//! cannot compare with a wrong one.
//!
//! Most callers need [`Directory::open_signed`](crate::Directory::open_signed), which also finds
//! the key. [`open`] is for messages whose key is known beforehand, such as the authority's.

use std::marker::PhantomData;

use zerotrip_proto::SignedMessage;
use zerotrip_proto::v1::Envelope;

use crate::batch::VerifiedRoots;
use crate::dsse::{self, DsseError};
use crate::keys::{PublicKey, SigningKey};

/// An envelope whose form is that of a signed `M`: payload type, size, exactly one signature.
/// **The signature is not verified yet.**
#[derive(Debug)]
pub struct Signed<'a, M> {
    envelope: &'a Envelope,
    keyid: &'a str,
    message: PhantomData<fn() -> M>,
}

impl<'a, M: SignedMessage> Signed<'a, M> {
    /// Fails on another payload type, on a payload over 4 MiB, and unless there is exactly one
    /// signature.
    pub fn new(envelope: &'a Envelope) -> Result<Self, DsseError> {
        let (_, keyid) = dsse::peek(envelope, M::PAYLOAD_TYPE)?;
        Ok(Self { envelope, keyid, message: PhantomData })
    }

    /// The id of the key that the envelope names, to look the key up.
    pub fn keyid(&self) -> &'a str {
        self.keyid
    }

    /// What the payload says, **before its signature is verified**: only to find the key with, or
    /// where the signature is verified elsewhere.
    pub fn unverified(&self) -> Result<M, DsseError> {
        dsse::decode(&self.envelope.payload)
    }

    /// The message, if the signature is `key`'s over it and its type.
    pub fn open(&self, key: &PublicKey) -> Result<M, DsseError> {
        dsse::open(self.envelope, M::PAYLOAD_TYPE, key)
    }

    /// As [`Signed::open`]. Of messages that one signature covers, the first one pays for its
    /// verification, as long as `roots` remembers it.
    pub fn open_among(&self, key: &PublicKey, roots: &VerifiedRoots) -> Result<M, DsseError> {
        dsse::decode(dsse::verify_among(self.envelope, M::PAYLOAD_TYPE, key, Some(roots))?)
    }
}

/// The message in an envelope that `key` signed.
pub fn open<M: SignedMessage>(envelope: &Envelope, key: &PublicKey) -> Result<M, DsseError> {
    dsse::open(envelope, M::PAYLOAD_TYPE, key)
}

/// Encodes and signs a message.
pub fn seal<M: SignedMessage>(message: &M, key: &SigningKey) -> Result<Envelope, DsseError> {
    dsse::seal(M::PAYLOAD_TYPE, message, key)
}
