//! The directory itself: what it lists, found by id or URI.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::holders::{Hub, HubTls, KeyEntry, Member, System};
use zerotrip_proto::names;

use crate::batch::VerifiedRoots;
use crate::digest::Digest;
use crate::identity::Identity;

/// The authority's directory, verified and indexed.
#[derive(Clone, Debug)]
pub struct Directory {
    pub(super) version: u64,
    pub(super) trust_domain: String,
    pub(super) issued_at: SystemTime,
    pub(super) expires_at: SystemTime,
    pub(super) digest: Digest,
    pub(super) members: Vec<Member>,
    pub(super) systems: Vec<System>,
    pub(super) hubs: Vec<Hub>,
    pub(super) member_index: HashMap<String, usize>,
    pub(super) system_index: HashMap<String, usize>,
    pub(super) hub_index: HashMap<String, usize>,
    pub(super) keys: HashMap<String, KeyEntry>,
    /// Roots of batches that verified under this directory.
    pub(super) verified_roots: Arc<VerifiedRoots>,
}

impl Directory {
    /// Its version.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Its trust domain.
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// When it was issued.
    pub fn issued_at(&self) -> SystemTime {
        self.issued_at
    }

    /// From when on it is not accepted.
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// Whether it may be relied on at `now`.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        now < self.expires_at
    }

    /// SHA-256 over the signed payload.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Roots of batches that verified under this directory.
    pub fn verified_roots(&self) -> &VerifiedRoots {
        &self.verified_roots
    }

    /// All members, in the authority's order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// All systems, suspended ones too.
    pub fn systems(&self) -> &[System] {
        &self.systems
    }

    /// All hubs, suspended ones too.
    pub fn hubs(&self) -> &[Hub] {
        &self.hubs
    }

    /// The active systems that administer for the authority.
    pub fn administrators(&self) -> impl Iterator<Item = &System> {
        self.systems.iter().filter(|system| system.administrator && system.active)
    }

    /// A member by id.
    pub fn member(&self, id: &str) -> Option<&Member> {
        self.member_index.get(id).and_then(|index| self.members.get(*index))
    }

    /// A system by URI.
    pub fn system(&self, uri: &str) -> Option<&System> {
        self.system_index.get(uri).and_then(|index| self.systems.get(*index))
    }

    /// A hub by URI.
    pub fn hub(&self, uri: &str) -> Option<&Hub> {
        self.hub_index.get(uri).and_then(|index| self.hubs.get(*index))
    }

    /// Whether this peer (of a TLS connection) is a system or hub that may act now.
    pub fn is_active(&self, identity: &Identity) -> bool {
        let uri = identity.uri();
        self.system(&uri).is_some_and(|system| system.active)
            || self.hub(&uri).is_some_and(|hub| hub.active)
    }

    /// The key that TLS certificates of this hub are over; `None` for a hub that it does not list.
    pub fn hub_tls(&self, hub: &Identity) -> Option<HubTls> {
        self.hub(&hub.uri()).map(|hub| HubTls::new(hub.tls_key, self.issued_at))
    }

    /// Whether a TLS certificate of this system is over another key than the one that it was
    /// admitted with last.
    pub fn is_superseded(&self, identity: &Identity, tls_key: &Digest) -> bool {
        self.system(&identity.uri()).is_some_and(|system| system.tls_key != *tls_key)
    }

    /// Whether this peer is an active administrator of the authority.
    pub fn is_administrator(&self, identity: &Identity) -> bool {
        self.system(&identity.uri()).is_some_and(|system| system.administrator && system.active)
    }

    /// The member that owns a dataset: the part of `<member>.<name>` before the first dot.
    pub fn owner_of(&self, dataset: &str) -> Option<&Member> {
        self.member(names::owner_of(dataset)?)
    }
}
