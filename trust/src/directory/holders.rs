//! The members, systems, hubs and keys that a directory lists.

use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{ErrorCode, KeyUsage};

use crate::digest::Digest;
use crate::identity::Identity;
use crate::keys::PublicKey;

/// A department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name in URIs and dataset ids.
    pub id: String,
    /// For people.
    pub name_en: String,
    /// For people.
    pub name_zh: String,
    /// Whether it may act at all.
    pub active: bool,
}

/// A system of a department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// Who it is.
    pub identity: Identity,
    /// The same as text.
    pub uri: String,
    /// Its member's id.
    pub member: String,
    /// Whether it *and* its member may act.
    pub active: bool,
    /// Whether it administers for the authority.
    pub administrator: bool,
    /// SHA-256 of the public key (SubjectPublicKeyInfo) that its TLS certificates are over.
    pub tls_key: Digest,
}

/// A hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// Who it is.
    pub identity: Identity,
    /// The same as text.
    pub uri: String,
    /// Whether it may act.
    pub active: bool,
    /// SHA-256 of the public key (SubjectPublicKeyInfo) that its TLS certificates are over.
    pub tls_key: Digest,
}

/// The TLS key of a hub, as a directory names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubTls {
    key: Digest,
    /// When the directory was issued.
    as_of: SystemTime,
}

impl HubTls {
    /// By a directory that was issued at `as_of`.
    pub fn new(key: Digest, as_of: SystemTime) -> Self {
        Self { key, as_of }
    }

    /// Whether a certificate over `key`, which begins at `begins`, is superseded. A certificate
    /// that was made after the directory may be that of a hub that was enrolled again since, and
    /// only this hub can deliver the newer directory, so it is accepted. (A hub's certificates
    /// begin [`CLOCK_SKEW`] before they are made.)
    pub fn supersedes(&self, key: &Digest, begins: SystemTime) -> bool {
        self.key != *key && begins + CLOCK_SKEW <= self.as_of
    }
}

/// A key and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// A system or a hub.
    pub identity: Identity,
    /// The same as text.
    pub uri: String,
    /// The member's id; `None` for a hub.
    pub member: Option<String>,
    /// The one thing that the key is for.
    pub usage: KeyUsage,
    /// The key.
    pub key: PublicKey,
}

/// Why a key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The directory names no such key, or not for a holder of this kind.
    #[error("the directory knows no such key here")]
    Unknown,
    /// Registered for something else.
    #[error("the key is registered for another usage")]
    WrongUsage,
    /// The member, system or hub is suspended.
    #[error("the key's holder is suspended")]
    Suspended,
    /// Before its validity.
    #[error("the key is not valid yet")]
    NotYetValid,
    /// After its validity.
    #[error("the key has expired")]
    Expired,
    /// Revoked by then.
    #[error("the key is revoked")]
    Revoked,
    /// The whole directory is too old to say anything of this time.
    #[error("the directory itself has expired")]
    DirectoryExpired,
}

impl Why {
    /// The code that a caller sees.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Suspended => ErrorCode::MemberSuspended,
            Self::DirectoryExpired => ErrorCode::StaleBundle,
            _ => ErrorCode::BadSignature,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct KeyEntry {
    pub(super) holder: Arc<KeyHolder>,
    /// Of the holder, now.
    pub(super) active: bool,
    pub(super) not_before: SystemTime,
    pub(super) not_after: SystemTime,
    pub(super) revoked_at: Option<SystemTime>,
}

impl KeyEntry {
    /// For what is signed now. A revocation in the directory has happened: it takes effect at once,
    /// also where the authority's clock is ahead.
    pub(super) fn live_at(&self, at: SystemTime) -> Result<(), Why> {
        if self.revoked_at.is_some_and(|revoked| at + CLOCK_SKEW >= revoked) {
            Err(Why::Revoked)
        } else {
            self.valid_at(at)
        }
    }

    pub(super) fn valid_at(&self, at: SystemTime) -> Result<(), Why> {
        if self.revoked_at.is_some_and(|revoked| at >= revoked) {
            Err(Why::Revoked)
        } else if at < self.not_before {
            Err(Why::NotYetValid)
        } else if at >= self.not_after {
            Err(Why::Expired)
        } else {
            Ok(())
        }
    }
}
