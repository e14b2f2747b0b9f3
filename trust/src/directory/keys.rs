//! Finding a key in a directory, and what must hold of it.

use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_proto::v1::KeyUsage;

use super::holders::{KeyEntry, KeyHolder, Why};
use super::index::Directory;

impl Directory {
    /// A system's key for something that is signed *now*: the holder is active, and key and
    /// directory are valid at `at`.
    ///
    /// `at` is the verifier's own clock, not a time in the signed message: a thief of a key can
    /// write any time into a message.
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
    /// it was valid then, whatever happened to its holder since. A revocation counts from its own
    /// time on.
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
