//! Certificates of systems' sealing keys, for those who trust the root and know no key directory.

use std::time::SystemTime;

use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::KeyUsage;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::PublicKey;
use zerotrip_trust::x509::CertificateDer;

use crate::AuthorityError;
use crate::folder::Authority;

impl Authority {
    /// A certificate of a system's newest sealing key. It holds as long as the key does.
    pub fn certify_seal(
        &self,
        member: &str,
        system: &str,
        now: SystemTime,
    ) -> Result<CertificateDer<'static>, AuthorityError> {
        let identity = Identity::system(self.ca.trust_domain(), member, system)?;
        let uri = identity.uri();
        let systems = self.directory.members.iter().flat_map(|member| &member.systems);
        let keys = systems.filter(|found| found.uri == uri).flat_map(|found| &found.keys);
        let live = keys.filter(|key| key.usage() == KeyUsage::Seal && key.revoked_at.is_none());
        let in_force = live.filter_map(|key| {
            let begins = from_timestamp(key.not_before.as_ref())?;
            let ends = from_timestamp(key.not_after.as_ref())?;
            (begins <= now && now < ends).then_some((key, begins, ends))
        });
        let newest = in_force.max_by_key(|(_, begins, _)| *begins);
        let (key, begins, ends) =
            newest.ok_or_else(|| AuthorityError::NoSealingKey(uri.clone()))?;
        Ok(self.ca.sign_seal_key(&PublicKey::from_proto(key)?, &identity, begins, ends)?)
    }
}
