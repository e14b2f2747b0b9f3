//! The copies of a certificate: sealed on one answer, one for each key of its holder.

use std::path::Path;
use std::time::SystemTime;

use zerotrip_certificates::{
    CertificateContent, HolderKey, Sealed, Serial, VerifiedCertificate, recorded_digest, seal,
};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::keys::SigningKey;

use super::error::SessionError;
use super::issuer::Issuer;
use crate::issued::RegisterError;

/// A certificate's copies, sealed. There is always one.
pub(super) struct Copies {
    pub(super) first: Sealed,
    /// For further keys, in their order.
    pub(super) others: Vec<Sealed>,
}

impl Copies {
    /// One without a number.
    pub(super) fn of_one(
        content: &CertificateContent,
        key: &SigningKey,
        now: SystemTime,
    ) -> Result<Self, SessionError> {
        Ok(Self { first: seal(content, key, now)?, others: Vec::new() })
    }

    /// One for each key, under one number, each with a place of its own; without a key, one that is
    /// bound to none.
    pub(super) fn seal(
        content: &CertificateContent,
        (serial, home): (&Serial, &Path),
        (issuer, holders): (&mut Issuer, &[HolderKey]),
        now: SystemTime,
    ) -> Result<Self, SessionError> {
        let register = issuer.register.as_mut().ok_or(RegisterError::NoSettings)?;
        let places = register.places(serial.as_str(), holders.len().max(1))?;
        let sealer = &issuer.sealer;
        let mut sealed = Vec::with_capacity(places.len());
        for (at, place) in places.iter().enumerate() {
            let content = content.clone().numbered(serial, place);
            let content = match holders.get(at) {
                None => content,
                Some(holder) => content.bound(holder, sealer.certificate(home)?.clone()),
            };
            sealed.push(seal(&content, &sealer.key, now)?);
        }
        Self::of(sealed)
    }

    /// What was sealed before, as it was kept.
    pub(super) fn read(tokens: Vec<String>) -> Result<Self, SessionError> {
        let sealed = tokens.into_iter().map(Sealed::read).collect::<Result<Vec<_>, _>>();
        Self::of(sealed.map_err(RegisterError::Kept)?)
    }

    fn of(sealed: Vec<Sealed>) -> Result<Self, SessionError> {
        let mut sealed = sealed.into_iter();
        let first = sealed.next().ok_or(RegisterError::Copies(0))?;
        Ok(Self { first, others: sealed.collect() })
    }

    pub(super) fn tokens(&self) -> Vec<&str> {
        std::iter::once(&self.first).chain(&self.others).map(|copy| copy.token.as_str()).collect()
    }

    /// What the hub records of them.
    pub(super) fn digest(&self) -> Digest {
        let copies = std::iter::once(&self.first).chain(&self.others);
        let digests: Vec<Digest> = copies.map(|copy| copy.digest).collect();
        recorded_digest(&digests).unwrap_or(self.first.digest)
    }
}

/// Whether copies are for exactly these keys, in this order.
pub(super) fn are_for(copies: &[VerifiedCertificate], holders: &[HolderKey]) -> bool {
    let bound = copies.iter().map(|copy| copy.holder.as_ref().map(|holder| &holder.key));
    match holders {
        [] => bound.eq([None]),
        holders => bound.eq(holders.iter().map(Some)),
    }
}
