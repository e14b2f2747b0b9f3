//! Sealing certificates on several subjects of one answer, on each core a part of them.

use std::num::NonZero;
use std::thread;
use std::time::SystemTime;

use zerotrip_certificates::{
    CertificateContent, Sealed, Serial, TrustRoot, VerifiedCertificate, seal, verify,
};
use zerotrip_checks::definition::Definition;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::keys::SigningKey;

use super::error::SessionError;
use crate::issued::{Entry, RegisterError, SealedToken};
use crate::reply::{AnsweredMany, Outcome};

/// What certificates on one answer are sealed from.
pub(super) struct Sealing<'a> {
    pub(super) answered: &'a AnsweredMany,
    pub(super) definition: &'a Definition,
    pub(super) key: &'a SigningKey,
    /// The organ's URI.
    pub(super) organ: String,
    pub(super) directory: &'a Directory,
    pub(super) now: SystemTime,
}

/// One of them.
pub(super) struct SealedOne {
    /// Its subject's place, as the caller counts and as the hub does.
    pub(super) number: usize,
    pub(super) place: u32,
    pub(super) entry: Entry,
    pub(super) sealed: Sealed,
    pub(super) certificate: VerifiedCertificate,
}

impl SealedOne {
    pub(super) fn kept(&self) -> SealedToken<'_> {
        SealedToken {
            serial: &self.entry.serial,
            token: &self.sealed.token,
            times: (self.certificate.issued_at, self.certificate.valid_until),
        }
    }
}

impl Sealing<'_> {
    /// Seals all, on each core a part.
    pub(super) fn all(&self, wanted: &[(usize, Entry)]) -> Result<Vec<SealedOne>, SessionError> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let part = wanted.len().div_ceil(cores).max(1);
        thread::scope(|scope| {
            let seal = |part: &'_ [(usize, Entry)]| {
                part.iter().map(|(number, entry)| self.one(*number, entry)).collect()
            };
            let parts: Vec<_> =
                wanted.chunks(part).map(|part| scope.spawn(move || seal(part))).collect();
            let mut sealed = Vec::with_capacity(wanted.len());
            for part in parts {
                let part: Result<Vec<SealedOne>, SessionError> =
                    part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                sealed.extend(part?);
            }
            Ok(sealed)
        })
    }

    fn one(&self, number: usize, entry: &Entry) -> Result<SealedOne, SessionError> {
        let Some(Outcome::Affirmed(affirmed)) = self.answered.outcome(number) else {
            return Err(SessionError::NoSuchPlace(number));
        };
        let place = u32::try_from(number).map_err(|_| SessionError::NoSuchPlace(number))?;
        let payload = &self.answered.request.envelope.payload;
        let content = CertificateContent::try_new(&affirmed, payload, self.definition)?;
        let serial = Serial::read(&entry.serial, &self.organ);
        let serial = serial.ok_or(RegisterError::Content("serial"))?;
        let sealed = seal(&content.numbered(&serial, &entry.reference), self.key, self.now)?;
        // Read back as a stranger would, before it is announced: what does not verify is never
        // announced. The hub's clock may be ahead.
        let at = self.now.max(affirmed.proven().answered_at());
        let certificate = verify(&sealed.token, TrustRoot::Directory(self.directory), at)?;
        Ok(SealedOne { number, place, entry: entry.clone(), sealed, certificate })
    }
}
