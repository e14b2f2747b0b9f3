//! Whose keys are trusted, and who sealed with one.

use std::time::SystemTime;

use zerotrip_proto::v1::KeyUsage;
use zerotrip_text::{Bilingual, cut};
use zerotrip_trust::directory::{Directory, Why};
use zerotrip_trust::keys::PublicKey;

use super::error::CertificateError;
use super::verified::Issuer;
use crate::jwks::{JwkSet, JwkSetError};
use crate::status::StatusError;

/// Whose keys are trusted.
#[derive(Clone, Copy, Debug)]
pub enum TrustRoot<'a> {
    /// The authority's directory, opened and fresh: seal, hub signature and ledger are all
    /// verified.
    Directory(&'a Directory),
    /// The authority's published JWK set: the same, with the keys of that file's day.
    Keys(&'a JwkSet),
}

/// Why a sealing key does not count.
pub(super) enum NoSealer {
    Directory { key_id: String, why: Why },
    Keys(JwkSetError),
}

impl TrustRoot<'_> {
    /// Whether this key was in force at a time, and this system's to seal with: of a signature
    /// beside a certificate, such as that of its printed form.
    pub fn check_sealing_key(
        self,
        system: &str,
        key: &PublicKey,
        at: SystemTime,
    ) -> Result<(), CertificateError> {
        let (issuer, known) = self.sealer(key.id(), at)?;
        if issuer.uri != system || known != *key {
            let (stated, holder) = (cut(system), issuer.uri);
            return Err(CertificateError::WrongIssuer { stated, holder });
        }
        Ok(())
    }

    /// The holder of a sealing key that was in force at a time, and the key.
    pub(super) fn sealer(self, id: &str, at: SystemTime) -> Result<(Issuer, PublicKey), NoSealer> {
        let issuer = |uri: &str, name, active| Issuer {
            uri: uri.to_owned(),
            name,
            active,
            key_id: id.to_owned(),
        };
        match self {
            Self::Keys(set) => {
                let (holder, key) = set.key_as_of(id, at).map_err(NoSealer::Keys)?;
                Ok((issuer(holder, None, None), key.clone()))
            }
            Self::Directory(directory) => {
                let found = directory.key_as_of(id, KeyUsage::Seal, at);
                let holder = found.map_err(|why| NoSealer::Directory { key_id: cut(id), why })?;
                let member = holder.member.as_deref().and_then(|member| directory.member(member));
                let name = member.map(|member| Bilingual {
                    en: member.name_en.clone(),
                    zh: member.name_zh.clone(),
                });
                let active = directory.is_active(&holder.identity);
                Ok((issuer(&holder.uri, name, Some(active)), holder.key.clone()))
            }
        }
    }
}

impl From<NoSealer> for CertificateError {
    fn from(why: NoSealer) -> Self {
        match why {
            NoSealer::Directory { key_id, why } => Self::SealKey { key_id, why },
            NoSealer::Keys(error) => error.into(),
        }
    }
}

impl From<NoSealer> for StatusError {
    fn from(why: NoSealer) -> Self {
        match why {
            NoSealer::Directory { key_id, why } => Self::Key { key_id, why },
            NoSealer::Keys(error) => error.into(),
        }
    }
}
