//! Making: from a record to a sealed OFD.

use std::time::{SystemTime, UNIX_EPOCH};

use zerotrip_paper::layout::Qr;
use zerotrip_paper::{Fonts, Record};
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::x509::{CertificateDer, sealing_key_of};

use crate::error::OfdError;
use crate::package::{Package, STATEMENT, draw, fonts_for, pictures};
use crate::seal::Seal;
use crate::sealed::Sealed;
use crate::signatures::{DESCRIPTION, LIST, SEAL, VALUE, description, list};
use crate::sm2::{Sm2SigningKey, sm3};
use crate::statement::{Statement, digest_of};
use crate::x509::Sm2Certificate;
use crate::zip::{Entry, write};

/// An OFD with its record, not sealed. The same record, fonts and QR code give the same files.
#[derive(Clone, Debug)]
pub struct Printed {
    pub(crate) package: Package,
    issuer: String,
    issued_at: i64,
    digest: String,
}

/// With what an OFD is sealed.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The SM2 key that signs.
    pub key: &'a Sm2SigningKey,
    /// Its certificate.
    pub certificate: &'a Sm2Certificate,
    /// The electronic seal, whose list has that certificate.
    pub seal: &'a Seal,
    /// The key that seals the issuer's records.
    pub issuer_key: &'a SigningKey,
    /// Its certificate, which the data authority's root signed.
    pub issuer_certificate: &'a CertificateDer<'static>,
}

/// Draws a record: the text of a certificate as it was issued.
///
/// The record itself is not verified here: print what was verified.
pub fn print(record: &str, fonts: &Fonts, qr: Option<&Qr>) -> Result<Printed, OfdError> {
    let read = Record::read(record)?;
    let pictures = pictures(qr.cloned());
    let embedded = fonts_for(&read, fonts, &pictures)?;
    let package = draw(record, &read, &embedded, &pictures)?;
    let Record { issuer, issued_at, digest, .. } = read;
    Ok(Printed { package, issuer, issued_at, digest })
}

impl Printed {
    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.package.pages
    }

    /// Seals it at this time, by the signer's word: to the second.
    pub fn sign(&self, signer: &Signer<'_>, at: SystemTime) -> Result<Vec<u8>, OfdError> {
        let seconds = at.duration_since(UNIX_EPOCH).map_err(|_| OfdError::BadTime)?;
        let at = i64::try_from(seconds.as_secs()).map_err(|_| OfdError::BadTime)?;
        if at < self.issued_at {
            return Err(OfdError::BadTime);
        }
        self.check(signer, at)?;
        let mut entries = self.package.entries.clone();
        let statement = Statement {
            issuer: self.issuer.clone(),
            at,
            record: self.digest.clone(),
            package: digest_of(&entries),
            signer: signer.certificate.digest(),
        };
        let statement = statement.sign(signer.issuer_key, signer.issuer_certificate);
        entries.push(Entry::new(STATEMENT, statement.ok_or(OfdError::Key)?));
        entries.push(Entry::new(LIST, list()));
        entries.push(Entry::new(SEAL, signer.seal.der()));
        let described = description(&entries, &self.package, at).ok_or(OfdError::BadTime)?;
        let (digest, path) = (sm3(described.as_bytes()), format!("/{DESCRIPTION}"));
        let with = (signer.key, signer.certificate);
        let sealed = Sealed::sign(signer.seal.clone(), at, digest, path, with);
        let value = sealed.and_then(|sealed| sealed.write()).ok_or(OfdError::Key)?;
        entries.push(Entry::new(DESCRIPTION, described));
        entries.push(Entry::new(VALUE, value));
        write(&entries).ok_or(OfdError::TooLarge)
    }

    fn check(&self, signer: &Signer<'_>, at: i64) -> Result<(), OfdError> {
        let Signer { key, certificate, seal, issuer_key, issuer_certificate } = signer;
        if key.public() != *certificate.key() {
            return Err(OfdError::OtherKey);
        }
        certificate.check_signs(at).map_err(OfdError::Certificate)?;
        if !seal.terms.signers.has(certificate) {
            return Err(OfdError::NotInSeal);
        }
        if !seal.holds(at) {
            return Err(OfdError::SealNotValid);
        }
        let of_issuer = sealing_key_of(issuer_certificate);
        let (holder, public) = of_issuer.map_err(|error| OfdError::Issuer(error.to_string()))?;
        if public != *issuer_key.public() {
            return Err(OfdError::OtherKey);
        }
        if holder.uri() != self.issuer {
            let (issuer, holder) = (self.issuer.clone(), holder.uri());
            return Err(OfdError::OtherIssuer { issuer, holder });
        }
        Ok(())
    }
}
