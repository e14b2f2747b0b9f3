//! The bundles in force.

use std::path::Path;
use std::time::SystemTime;

use prost::Message as _;
use zerotrip_channel::files;
use zerotrip_ledger::{BundleKind, DecidedUnder, Ledger};
use zerotrip_policies::{Snapshot, Unserved, open_grants};
use zerotrip_proto::v1::{Envelope, GrantBundle, KeyDirectory};
use zerotrip_trust::directory::Directory;

use super::error::OpenError;
use super::identity::HubIdentity;
use crate::catalog::Catalog;

/// What is in force: replaced whole, never changed.
#[derive(Debug)]
pub struct InForce {
    /// Who there is.
    pub directory: Directory,
    /// As the authority signed it.
    pub directory_envelope: Envelope,
    /// As the authority signed them.
    pub grants_envelope: Envelope,
    /// Version of the grants.
    pub grants_version: u64,
    /// What policy says.
    pub policy: Snapshot,
}

impl InForce {
    /// Under which bundles a decision is made here.
    pub fn versions(&self) -> DecidedUnder {
        DecidedUnder { directory: self.directory.version(), grants: self.grants_version }
    }

    /// The newest bundles: from the store, or from the enrolment files at the first start.
    pub fn restore(
        folder: &Path,
        identity: &HubIdentity,
        ledger: &Ledger,
        catalog: &Catalog,
    ) -> Result<Self, OpenError> {
        let newest =
            |kind: BundleKind, file: &str| -> Result<Envelope, OpenError> {
                let kept = ledger.bundle(kind)?;
                let path = folder.join(file);
                let offered = match files::read(&path) {
                    Ok(bytes) => Some(Envelope::decode(bytes.as_slice()).map_err(|error| {
                        OpenError::Damaged(path.display().to_string(), error.to_string())
                    })?),
                    Err(_) if kept.is_some() => None,
                    Err(error) => return Err(error.into()),
                };
                Ok(match (kept, offered) {
                    // The authority may have enrolled the hub anew with a fresher file; versions
                    // decide, and both are verified below.
                    (Some((version, kept)), Some(offered)) => {
                        if version_of(kind, &offered) > version { offered } else { kept }
                    }
                    (Some((_, kept)), None) => kept,
                    (None, Some(offered)) => offered,
                    (None, None) => {
                        return Err(OpenError::NotEnrolled(folder.display().to_string()));
                    }
                })
            };
        let directory_envelope = newest(BundleKind::Directory, "directory.dsse")?;
        let grants_envelope = newest(BundleKind::Grants, "grants.dsse")?;
        // One that has ended serves to take a newer one: code that relies on it asks whether it
        // still holds.
        let directory =
            Directory::open_ended(&directory_envelope, &identity.authority, SystemTime::now(), 0)?;
        let grants = open_grants(&grants_envelope, &identity.authority, 0)?;
        let policy = Snapshot::try_new(&directory, &grants, &catalog.check_names())?;
        warn_of_unserved(&policy);
        Ok(Self {
            directory,
            directory_envelope,
            grants_envelope,
            grants_version: grants.version,
            policy,
        })
    }
}

/// The check may be misspelled, or its definition gone from the hub.
pub fn warn_of_unserved(policy: &Snapshot) {
    for Unserved { grant, check } in policy.unserved() {
        tracing::warn!(%grant, %check, "this grant grants nothing: the hub serves no such check");
    }
}

/// The version that an unverified bundle claims: only for choosing which one to verify.
fn version_of(kind: BundleKind, envelope: &Envelope) -> u64 {
    let payload = envelope.payload.as_slice();
    if kind == BundleKind::Directory {
        KeyDirectory::decode(payload).map_or(0, |directory| directory.version)
    } else {
        GrantBundle::decode(payload).map_or(0, |grants| grants.version)
    }
}
