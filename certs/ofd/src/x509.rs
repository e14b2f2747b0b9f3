//! Certificates over SM2 keys (GB/T 20518): read, and tested against one that is trusted.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{KeyUsage, ParsedExtension};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{AlgorithmIdentifier, X509Version};
use zerotrip_text::shown;
use zerotrip_trust::x509::pem;

use crate::bounds::CERTIFICATE_BYTES;
use crate::sm2::{CURVE_TEXT, SM2_WITH_SM3_TEXT, Sm2PublicKey, Sm3Digest, sm3};

/// An elliptic-curve key (RFC 5480).
const EC_KEY: &str = "1.2.840.10045.2.1";

/// Why a certificate does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Not one PEM block.
    #[error("it is not one certificate in PEM")]
    Pem,
    /// Not X.509.
    #[error("it is not an X.509 certificate, version 3, of at most 8 KiB")]
    Unreadable,
    /// Another key.
    #[error("its key is not an SM2 key")]
    Key,
    /// Another signature.
    #[error("it is not signed with SM2 and SM3")]
    Algorithm,
    /// An extension that is critical and not known.
    #[error("it has a critical extension other than basic constraints and key usage")]
    Critical,
    /// It is not for this use.
    #[error("its key usage does not allow that")]
    Usage,
    /// The root is no authority.
    #[error("the trusted certificate is not one of an authority")]
    NotAnAuthority,
    /// By no authority that is trusted.
    #[error("no trusted authority issued it")]
    Issuer,
    /// Not valid at that time.
    #[error("it was not valid at that time")]
    NotValidThen,
}

/// A certificate over an SM2 key.
#[derive(Clone, Debug)]
pub struct Sm2Certificate {
    der: Vec<u8>,
    key: Sm2PublicKey,
    subject: String,
    serial: String,
    begins: i64,
    ends: i64,
    signs_documents: bool,
    signs_certificates: bool,
}

impl PartialEq for Sm2Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Sm2Certificate {}

impl Sm2Certificate {
    /// From a text with one PEM block `CERTIFICATE`.
    pub fn from_pem(text: &str) -> Result<Self, CertificateFault> {
        let der = pem::decode_one(text, pem::CERTIFICATE).map_err(|_| CertificateFault::Pem)?;
        Self::from_der(&der)
    }

    /// From DER.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateFault> {
        let read = parse(der)?;
        let spki = read.public_key();
        let curve = spki.algorithm.parameters.as_ref().and_then(|found| found.as_oid().ok());
        let curve = curve.map(|oid| oid.to_id_string());
        let is_sm2 = spki.algorithm.algorithm.to_id_string() == EC_KEY
            && curve.as_deref() == Some(CURVE_TEXT)
            && spki.subject_public_key.unused_bits == 0;
        let key = Sm2PublicKey::from_point(&spki.subject_public_key.data).filter(|_| is_sm2);
        let key = key.ok_or(CertificateFault::Key)?;
        if !is_sm2_with_sm3(&read.signature_algorithm) || !is_sm2_with_sm3(&read.signature) {
            return Err(CertificateFault::Algorithm);
        }
        let (is_authority, usage) = uses(&read)?;
        let allows = |test: fn(&KeyUsage) -> bool| usage.as_ref().is_some_and(test);
        Ok(Self {
            der: der.to_vec(),
            key,
            subject: shown(&read.subject().to_string()),
            serial: read.tbs_certificate.raw_serial_as_string(),
            begins: read.validity().not_before.timestamp(),
            ends: read.validity().not_after.timestamp(),
            signs_documents: !is_authority
                && allows(|usage| usage.digital_signature() || usage.non_repudiation()),
            signs_certificates: is_authority && allows(KeyUsage::key_cert_sign),
        })
    }

    /// Its DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its key.
    pub fn key(&self) -> &Sm2PublicKey {
        &self.key
    }

    /// Whom it is of, fit to be shown.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Its serial number, hexadecimal.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// SM3 of its DER.
    pub fn digest(&self) -> Sm3Digest {
        sm3(&self.der)
    }

    /// When it begins and ends, in seconds from 1970; both are within it.
    pub fn validity(&self) -> (i64, i64) {
        (self.begins, self.ends)
    }

    /// It is of one who signs documents or seals, and holds at this time.
    pub fn check_signs(&self, at: i64) -> Result<(), CertificateFault> {
        if !self.signs_documents {
            return Err(CertificateFault::Usage);
        }
        self.check_holds(at)
    }

    /// One of these authorities issued it, and that holds at this time.
    pub fn check_issued(&self, roots: &[Self], at: i64) -> Result<(), CertificateFault> {
        let read = parse(&self.der)?;
        let mut fault = CertificateFault::Issuer;
        for root in roots {
            let by = parse(&root.der)?;
            if by.subject().as_raw() != read.issuer().as_raw() {
                continue;
            }
            if !root.signs_certificates {
                fault = CertificateFault::NotAnAuthority;
            } else if read.signature_value.unused_bits == 0
                && root.key.verifies(read.tbs_certificate.as_ref(), &read.signature_value.data)
            {
                return root.check_holds(at);
            }
        }
        Err(fault)
    }

    fn check_holds(&self, at: i64) -> Result<(), CertificateFault> {
        if (self.begins..=self.ends).contains(&at) {
            Ok(())
        } else {
            Err(CertificateFault::NotValidThen)
        }
    }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, CertificateFault> {
    if der.len() > CERTIFICATE_BYTES {
        return Err(CertificateFault::Unreadable);
    }
    match X509Certificate::from_der(der) {
        Ok(([], read)) if read.version() == X509Version::V3 => Ok(read),
        _ => Err(CertificateFault::Unreadable),
    }
}

/// Without parameters, or with NULL: both are in use.
fn is_sm2_with_sm3(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    let is_null = |value: &x509_parser::der_parser::asn1_rs::Any<'_>| value.as_null().is_ok();
    algorithm.algorithm.to_id_string() == SM2_WITH_SM3_TEXT
        && algorithm.parameters.as_ref().is_none_or(is_null)
}

/// Whether it is an authority's, and what its key is for.
fn uses(read: &X509Certificate<'_>) -> Result<(bool, Option<KeyUsage>), CertificateFault> {
    let (mut is_authority, mut usage) = (None, None);
    for extension in read.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(found) if is_authority.is_none() => {
                is_authority = Some(found.ca);
            }
            ParsedExtension::KeyUsage(found) if usage.is_none() => usage = Some(*found),
            ParsedExtension::BasicConstraints(_) | ParsedExtension::KeyUsage(_) => {
                return Err(CertificateFault::Unreadable);
            }
            _ if extension.critical => return Err(CertificateFault::Critical),
            _ => {}
        }
    }
    Ok((is_authority.unwrap_or(false), usage))
}
