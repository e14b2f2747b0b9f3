//! Opening a directory that the authority signed, and signing one.

use std::time::SystemTime;

use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{Envelope, KeyDirectory};

use super::error::DirectoryError;
use super::faults;
use super::index::Directory;
use crate::digest::Digest;
use crate::keys::{PublicKey, SigningKey};
use crate::{dsse, signed};

impl Directory {
    /// Opens an envelope as of `now`: the authority's signature, the version not below
    /// `at_least_version` (that of the one in force), not expired, and not one
    /// [`Fault`](super::Fault).
    pub fn open(
        envelope: &Envelope,
        authority: &PublicKey,
        now: SystemTime,
        at_least_version: u64,
    ) -> Result<Self, DirectoryError> {
        let directory = Self::open_ended(envelope, authority, now, at_least_version)?;
        if !directory.is_fresh(now) {
            return Err(DirectoryError::Expired(directory.version));
        }
        Ok(directory)
    }

    /// The same for one that may have expired: it shows who may bring a newer one. None of its
    /// keys is accepted any more. For any other use, check [`Self::is_fresh`] first.
    pub fn open_ended(
        envelope: &Envelope,
        authority: &PublicKey,
        now: SystemTime,
        at_least_version: u64,
    ) -> Result<Self, DirectoryError> {
        let message: KeyDirectory = signed::open(envelope, authority)?;
        let directory = faults::build(&message, dsse::payload_digest(envelope), authority)
            .map_err(DirectoryError::Faults)?;
        if directory.version < at_least_version {
            return Err(DirectoryError::RolledBack {
                found: directory.version,
                at_least: at_least_version,
            });
        }
        if directory.issued_at > now + CLOCK_SKEW {
            return Err(DirectoryError::NotYetValid(directory.version));
        }
        Ok(directory)
    }

    /// The same for one that comes after `known`, which may have ended. With the version of
    /// `known`, only `known` itself is accepted: two different ones with one version were signed in
    /// two folders of the authority, and neither is known to be the newer one.
    pub fn open_after(
        envelope: &Envelope,
        authority: &PublicKey,
        now: SystemTime,
        known: &Self,
    ) -> Result<Self, DirectoryError> {
        let directory = Self::open(envelope, authority, now, known.version)?;
        if directory.version == known.version && directory.digest != known.digest {
            return Err(DirectoryError::Another(directory.version));
        }
        Ok(directory)
    }

    /// For the authority: signs a directory, unless [`Self::open`] would refuse it for a fault.
    pub fn seal(
        message: &KeyDirectory,
        authority: &SigningKey,
    ) -> Result<Envelope, DirectoryError> {
        faults::build(message, Digest::default(), authority.public())
            .map_err(DirectoryError::Faults)?;
        Ok(signed::seal(message, authority)?)
    }
}
