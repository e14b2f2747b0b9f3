//! A directory's keys for verifiers of certificates.

use std::time::SystemTime;

use zerotrip_proto::v1::KeyUsage;

use super::holders::KeyEntry;
use super::index::Directory;

/// The member of a hub's JWK that says what it signs: `sign` (answers) or `checkpoint` (tree
/// heads). Sealing keys have none.
pub const JWK_USAGE: &str = "zerotrip_usage";

impl Directory {
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
}
