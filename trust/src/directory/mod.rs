//! Who there is and with which keys, as the authority signed it. Hub and connectors each open it
//! for themselves; nobody relies on the hub's word for who anybody is.
//!
//! A [`Directory`] can only be had by [`Directory::open`], so holding one means: signed by the
//! authority, not rolled back, not expired when opened (unless by [`Directory::open_ended`]), and
//! without a single fault. It never changes; a newer one replaces it whole.

mod faults;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{Envelope, ErrorCode, KeyDirectory, KeyUsage};
use zerotrip_proto::{from_timestamp, payload_type};

pub use faults::{Fault, MEMBERS, SYSTEMS};

use crate::digest::Digest;
use crate::dsse::{self, DsseError};
use crate::identity::Identity;
use crate::keys::{PublicKey, SigningKey};

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
    /// By a directory that was issued then.
    pub fn new(key: Digest, as_of: SystemTime) -> Self {
        Self { key, as_of }
    }

    /// Whether a certificate over this key, which begins then, counts no more. One that was made
    /// after the directory may be that of a hub that was enrolled anew since: who has not heard
    /// of it yet must take the hub that tells it. (A hub's certificates begin [`CLOCK_SKEW`]
    /// before they are made.)
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

/// Why a directory is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Not the authority's, or not a directory.
    #[error(transparent)]
    Envelope(#[from] DsseError),
    /// Another one of the same number was in force here.
    #[error(
        "the authority signed another directory version {0} before; have it publish a newer one \
         with `zerotrip authority refresh`"
    )]
    Another(u64),
    /// Older than what is in force: somebody rolls it back.
    #[error("directory version {found} is older than {at_least}, which is in force")]
    RolledBack {
        /// The envelope's.
        found: u64,
        /// What it must be at least.
        at_least: u64,
    },
    /// Past its end: somebody freezes it, or the authority has to issue a new one.
    #[error("directory version {0} has expired; the authority has to publish a new one")]
    Expired(u64),
    /// Issued in the future.
    #[error("directory version {0} is issued in the future; check both clocks")]
    NotYetValid(u64),
    /// Everything that is wrong with it.
    #[error("the directory is refused whole: {}", faults::list(.0))]
    Faults(Vec<Fault>),
}

impl DirectoryError {
    /// The code that a caller sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Envelope(error) => error.code(),
            Self::RolledBack { .. } | Self::Another(_) | Self::Expired(_) => ErrorCode::StaleBundle,
            Self::NotYetValid(_) => ErrorCode::NotYetValid,
            Self::Faults(_) => ErrorCode::Malformed,
        }
    }
}

/// Why a key does not count.
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

/// The member of a hub's JWK that says what it signs: `sign` (answers) or `checkpoint` (tree
/// heads). Sealing keys have none.
pub const JWK_USAGE: &str = "zerotrip_usage";

/// The authority's directory, verified and indexed.
#[derive(Clone, Debug)]
pub struct Directory {
    version: u64,
    trust_domain: String,
    issued_at: SystemTime,
    expires_at: SystemTime,
    digest: Digest,
    members: Vec<Member>,
    systems: Vec<System>,
    hubs: Vec<Hub>,
    member_index: HashMap<String, usize>,
    system_index: HashMap<String, usize>,
    hub_index: HashMap<String, usize>,
    keys: HashMap<String, KeyEntry>,
}

#[derive(Clone, Debug)]
struct KeyEntry {
    holder: Arc<KeyHolder>,
    /// Of the holder, now.
    active: bool,
    not_before: SystemTime,
    not_after: SystemTime,
    revoked_at: Option<SystemTime>,
}

impl KeyEntry {
    /// What is to be believed now. A revocation that is in force has been made: a clock of the
    /// authority's that is ahead does not put it off.
    fn live_at(&self, at: SystemTime) -> Result<(), Why> {
        if self.revoked_at.is_some_and(|revoked| at + CLOCK_SKEW >= revoked) {
            Err(Why::Revoked)
        } else {
            self.valid_at(at)
        }
    }

    fn valid_at(&self, at: SystemTime) -> Result<(), Why> {
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

impl Directory {
    /// Opens an envelope as of `now`: the authority's signature, the version not below
    /// `at_least_version` (that of the one in force), not expired, and not one [`Fault`].
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

    /// The same of one that may have ended: to know who may bring a newer one. No key of it counts
    /// any more; for anything else ask [`Self::is_fresh`] first.
    pub fn open_ended(
        envelope: &Envelope,
        authority: &PublicKey,
        now: SystemTime,
        at_least_version: u64,
    ) -> Result<Self, DirectoryError> {
        let message: KeyDirectory = dsse::open(envelope, payload_type::DIRECTORY, authority)?;
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

    /// The same of one that comes after `known`, which may have ended: of the same version only
    /// that very one. Two that differ and bear one number were signed in two folders of the
    /// authority, and which of them undoes the other nobody can say.
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

    /// For the authority: refuses what nobody would open, and signs the rest.
    pub fn seal(
        message: &KeyDirectory,
        authority: &SigningKey,
    ) -> Result<Envelope, DirectoryError> {
        faults::build(message, Digest::default(), authority.public())
            .map_err(DirectoryError::Faults)?;
        Ok(dsse::seal(payload_type::DIRECTORY, message, authority)?)
    }

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

    /// From when on nobody may rely on it.
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

    /// The key that TLS certificates of this hub are over; `None` of a hub that it does not name.
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

    /// The member that owns a dataset: what stands before the first dot of `<member>.<name>`.
    pub fn owner_of(&self, dataset: &str) -> Option<&Member> {
        let (member, name) = dataset.split_once('.')?;
        if name.is_empty() { None } else { self.member(member) }
    }

    /// A system's key for something that is to be believed *now*: the holder is active, and key and
    /// directory hold at `at`.
    ///
    /// Pass the verifier's own clock, not a time out of the signed message: whoever stole a key can
    /// write any time.
    pub fn signing_key(
        &self,
        keyid: &str,
        usage: KeyUsage,
        at: SystemTime,
    ) -> Result<Arc<KeyHolder>, Why> {
        self.live_key(keyid, usage, at, false)
    }

    /// A hub's key, with the same demands as [`Self::signing_key`].
    pub fn hub_key(
        &self,
        keyid: &str,
        usage: KeyUsage,
        at: SystemTime,
    ) -> Result<Arc<KeyHolder>, Why> {
        self.live_key(keyid, usage, at, true)
    }

    /// A key of a system or hub for something that is known to be from `at` (by the ledger, say):
    /// it held then, whatever became of its holder since. A revocation counts from its own time
    /// on.
    pub fn key_as_of(
        &self,
        keyid: &str,
        usage: KeyUsage,
        at: SystemTime,
    ) -> Result<Arc<KeyHolder>, Why> {
        let entry = self.keys.get(keyid).ok_or(Why::Unknown)?;
        if entry.holder.usage != usage {
            return Err(Why::WrongUsage);
        }
        entry.valid_at(at)?;
        Ok(Arc::clone(&entry.holder))
    }

    /// A hub's active keys for a usage at a time, such as those that its checkpoints may be signed
    /// with.
    pub fn hub_keys(&self, uri: &str, usage: KeyUsage, at: SystemTime) -> Vec<Arc<KeyHolder>> {
        self.keys_of_hub(uri, usage, |entry| entry.active && entry.live_at(at).is_ok())
    }

    /// A hub's keys for a usage, for something that is known to be from `at`, as
    /// [`Self::key_as_of`].
    pub fn hub_keys_as_of(
        &self,
        uri: &str,
        usage: KeyUsage,
        at: SystemTime,
    ) -> Vec<Arc<KeyHolder>> {
        self.keys_of_hub(uri, usage, |entry| entry.valid_at(at).is_ok())
    }

    /// Every key that a hub ever had for a usage, revoked and ended ones too: for what it wrote
    /// into its own folder while they held.
    pub fn hub_keys_ever(&self, uri: &str, usage: KeyUsage) -> Vec<Arc<KeyHolder>> {
        self.keys_of_hub(uri, usage, |_| true)
    }

    fn keys_of_hub(
        &self,
        uri: &str,
        usage: KeyUsage,
        counts: impl Fn(&KeyEntry) -> bool,
    ) -> Vec<Arc<KeyHolder>> {
        let wanted = |entry: &&KeyEntry| {
            entry.holder.uri == uri && entry.holder.identity.is_hub() && entry.holder.usage == usage
        };
        let mut keys: Vec<_> =
            self.keys.values().filter(wanted).filter(|entry| counts(entry)).collect();
        keys.sort_by(|a, b| a.holder.key.id().cmp(b.holder.key.id()));
        keys.into_iter().map(|entry| Arc::clone(&entry.holder)).collect()
    }

    /// What a system's or hub's keys are for, and from when until when they hold; without those
    /// that are revoked.
    pub fn lives_of(&self, uri: &str) -> Vec<(KeyUsage, SystemTime, SystemTime)> {
        let wanted = |entry: &&KeyEntry| entry.holder.uri == uri && entry.revoked_at.is_none();
        self.keys
            .values()
            .filter(wanted)
            .map(|entry| (entry.holder.usage, entry.not_before, entry.not_after))
            .collect()
    }

    /// Every SEAL key of every system, and every hub's SIGN and CHECKPOINT keys, as a JWK set (RFC
    /// 7517, 5) for verifiers of certificates. `iss` is the holder's URI, `nbf`, `exp` and
    /// `revoked_at` (where there is one) are seconds since 1970: a verifier compares them with
    /// the time of issue. A hub's keys name their usage in [`JWK_USAGE`], and seal nothing.
    pub fn jwks(&self) -> serde_json::Value {
        let of_a_hub = |entry: &KeyEntry| match entry.holder.usage {
            KeyUsage::Sign => entry.holder.identity.is_hub().then_some("sign"),
            KeyUsage::Checkpoint => entry.holder.identity.is_hub().then_some("checkpoint"),
            _ => None,
        };
        let wanted =
            |entry: &&KeyEntry| entry.holder.usage == KeyUsage::Seal || of_a_hub(entry).is_some();
        let mut entries: Vec<_> = self.keys.values().filter(wanted).collect();
        entries.sort_by(|a, b| {
            (&a.holder.uri, a.holder.key.id()).cmp(&(&b.holder.uri, b.holder.key.id()))
        });
        let seconds = |time: SystemTime| {
            time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
        };
        let keys: Vec<_> = entries
            .into_iter()
            .map(|entry| {
                let mut jwk = entry.holder.key.to_jwk();
                if let Some(members) = jwk.as_object_mut() {
                    members.insert("iss".into(), entry.holder.uri.clone().into());
                    if let Some(usage) = of_a_hub(entry) {
                        members.insert(JWK_USAGE.into(), usage.into());
                    }
                    members.insert("nbf".into(), seconds(entry.not_before).into());
                    members.insert("exp".into(), seconds(entry.not_after).into());
                    if let Some(revoked) = entry.revoked_at {
                        members.insert("revoked_at".into(), seconds(revoked).into());
                    }
                }
                jwk
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }

    fn live_key(
        &self,
        keyid: &str,
        usage: KeyUsage,
        at: SystemTime,
        of_a_hub: bool,
    ) -> Result<Arc<KeyHolder>, Why> {
        if !self.is_fresh(at) {
            return Err(Why::DirectoryExpired);
        }
        let entry = self
            .keys
            .get(keyid)
            .filter(|entry| entry.holder.identity.is_hub() == of_a_hub)
            .ok_or(Why::Unknown)?;
        if entry.holder.usage != usage {
            return Err(Why::WrongUsage);
        }
        if !entry.active {
            return Err(Why::Suspended);
        }
        entry.live_at(at)?;
        Ok(Arc::clone(&entry.holder))
    }
}

#[cfg(test)]
mod tests;
