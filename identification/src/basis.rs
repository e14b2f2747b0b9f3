//! By what of its provider's entry an assertion counted, and whether that entry bears it still: of
//! the token nothing is kept, and a certificate on its answer is recorded later.

use std::time::SystemTime;

use zerotrip_proto::v1;
use zerotrip_trust::digest::Digest;

use crate::Level;
use crate::provider::{Provider, Providers};

/// By what an assertion counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The thumbprint of the key that signed it.
    pub(crate) key: Digest,
    pub(crate) issuer: String,
    pub(crate) acr: String,
    pub(crate) audience: String,
    pub(crate) subject_claim: String,
    pub(crate) is_digest: bool,
}

impl Basis {
    /// To be kept.
    pub fn to_wire(&self) -> v1::IdentityBasis {
        v1::IdentityBasis {
            key_thumbprint: self.key.to_vec(),
            issuer: self.issuer.clone(),
            acr: self.acr.clone(),
            audience: self.audience.clone(),
            subject_claim: self.subject_claim.clone(),
            subject_form: form(self.is_digest).into(),
        }
    }
}

impl Providers {
    /// Whether an assertion to this system that counted once would count by these providers, now:
    /// its provider is trusted, has the key that signed it, and gives its `acr` the level that was
    /// told, or a higher one. What the record does not say was not so.
    pub fn bear(&self, record: &v1::IdentityRecord, system: &str, now: SystemTime) -> bool {
        let Some((basis, level)) = record.basis.as_ref().zip(Level::from_wire(record.level)) else {
            return false;
        };
        self.of_issuer(&basis.issuer).is_some_and(|provider| {
            provider.id == record.provider && bears(provider, (basis, level), system, now)
        })
    }
}

fn bears(
    provider: &Provider,
    (basis, told): (&v1::IdentityBasis, Level),
    system: &str,
    now: SystemTime,
) -> bool {
    provider.is_trusted_at(now)
        && provider.has_key(&basis.key_thumbprint)
        && provider.level(&basis.acr).is_some_and(|level| level >= told)
        && provider.is_for(&basis.audience, system)
        && provider.subject_claim == basis.subject_claim
        && form(provider.is_digest) == basis.subject_form()
}

fn form(is_digest: bool) -> v1::SubjectForm {
    match is_digest {
        false => v1::SubjectForm::ResidentId,
        true => v1::SubjectForm::ResidentIdSha256,
    }
}
