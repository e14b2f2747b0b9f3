//! A CMS signature (RFC 5652) as PAdES B-B wants it (ETSI EN 319 142-1, 6): detached, one signer,
//! ES256, the signer's certificate alone, and three signed attributes. `M` of the signature
//! dictionary says when; there is no signing-time.
//!
//! What is read is written again of its parts and must come out the same, byte by byte. So there is
//! one way to write it and no place for anything else.

use zerotrip_trust::digest::{Digest, sha256};
use zerotrip_trust::keys::{PublicKey, SigningKey};
use zerotrip_trust::x509::CertificateDer;

use crate::der::{
    INTEGER, OCTETS, OID, Reader, SEQUENCE, SET, context, ecdsa_of_fixed, element, fixed_of_ecdsa,
    sequence, set_of,
};
use crate::error::PaperError;

/// id-data (RFC 5652, 4).
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// id-signedData (RFC 5652, 5.1).
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// id-contentType (RFC 5652, 11.1).
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
/// id-messageDigest (RFC 5652, 11.2).
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
/// id-aa-signingCertificateV2 (RFC 5035, 3).
const SIGNING_CERTIFICATE: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
/// id-aa-timeStampToken (RFC 3161, appendix A).
const TIME_STAMP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e];
/// id-sha256 (RFC 5754, 2.2).
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// ecdsa-with-SHA256 (RFC 5754, 3.3).
const ECDSA_SHA_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// A signature and all that it is verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cms {
    /// SHA-256 of what is signed.
    pub(crate) digest: Digest,
    /// The signer's certificate.
    pub(crate) certificate: CertificateDer<'static>,
    /// As ECDSA-Sig-Value.
    pub(crate) signature: Vec<u8>,
    /// A time-stamp token over it.
    pub(crate) stamp: Option<Vec<u8>>,
}

impl Cms {
    /// Signs a digest.
    pub(crate) fn sign(
        digest: Digest,
        key: &SigningKey,
        certificate: &CertificateDer<'_>,
    ) -> Result<Self, PaperError> {
        let attributes = signed_attributes(&digest, certificate);
        let signature =
            key.sign(&attributes).map_err(|error| PaperError::Key(error.to_string()))?;
        let signature =
            ecdsa_of_fixed(&signature).ok_or_else(|| PaperError::Key("not ES256".to_owned()))?;
        let certificate = certificate.clone().into_owned();
        Ok(Self { digest, certificate, signature, stamp: None })
    }

    /// Whether this key made it.
    pub(crate) fn verify(&self, key: &PublicKey) -> bool {
        let attributes = signed_attributes(&self.digest, &self.certificate);
        fixed_of_ecdsa(&self.signature)
            .is_some_and(|signature| key.verify(&attributes, &signature).is_ok())
    }

    /// As DER. `None` where the certificate cannot be read.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        let (issuer, serial) = issuer_and_serial(&self.certificate)?;
        let sha_256 = sequence(&[&element(OID, &[SHA_256])]);
        let attributes = signed_attributes(&self.digest, &self.certificate);
        let (_, attributes) = attributes.split_first()?;
        let mut signer = vec![
            element(INTEGER, &[&[1]]),
            sequence(&[issuer, serial]),
            sha_256.clone(),
            [&[context(0)], attributes].concat(),
            sequence(&[&element(OID, &[ECDSA_SHA_256])]),
            element(OCTETS, &[&self.signature]),
        ];
        if let Some(stamp) = &self.stamp {
            signer.push(element(context(1), &[&attribute(TIME_STAMP, stamp)]));
        }
        let signer = sequence(&signer.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let data = sequence(&[
            &element(INTEGER, &[&[1]]),
            &element(SET, &[&sha_256]),
            &sequence(&[&element(OID, &[DATA])]),
            &element(context(0), &[&self.certificate]),
            &element(SET, &[&signer]),
        ]);
        Some(sequence(&[&element(OID, &[SIGNED_DATA]), &element(context(0), &[&data])]))
    }

    /// Reads what [`Cms::write`] writes, and nothing else.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let read = Self::parts(der)?;
        (read.write()? == der).then_some(read)
    }

    fn parts(der: &[u8]) -> Option<Self> {
        let mut info = Reader::new(der).enter(SEQUENCE)?;
        info.take(OID)?;
        let mut data = info.enter(context(0))?.enter(SEQUENCE)?;
        data.skip()?;
        data.skip()?;
        data.skip()?;
        let certificate = data.enter(context(0))?.whole(SEQUENCE)?;
        let mut signer = data.enter(SET)?.enter(SEQUENCE)?;
        signer.skip()?;
        signer.skip()?;
        signer.skip()?;
        let digest = message_digest(signer.enter(context(0))?)?;
        signer.skip()?;
        let signature = signer.take(OCTETS)?.to_vec();
        let stamp = match signer.optional(context(1)) {
            None => None,
            Some(attributes) => {
                let mut one = Reader::new(attributes).enter(SEQUENCE)?;
                one.take(OID)?;
                Some(one.enter(SET)?.whole(SEQUENCE)?.to_vec())
            }
        };
        let certificate = CertificateDer::from(certificate.to_vec());
        Some(Self { digest, certificate, signature, stamp })
    }
}

fn message_digest(mut attributes: Reader<'_>) -> Option<Digest> {
    while let Some(mut one) = attributes.enter(SEQUENCE) {
        if one.take(OID)? == MESSAGE_DIGEST {
            return one.enter(SET)?.take(OCTETS)?.try_into().ok();
        }
    }
    None
}

/// What the signature is over: a SET OF (RFC 5652, 5.4).
fn signed_attributes(digest: &Digest, certificate: &CertificateDer<'_>) -> Vec<u8> {
    // ESSCertIDv2: SHA-256 is the default, and the issuer is in the certificate.
    let id = sequence(&[&element(OCTETS, &[&sha256(certificate)])]);
    set_of(vec![
        attribute(CONTENT_TYPE, &element(OID, &[DATA])),
        attribute(MESSAGE_DIGEST, &element(OCTETS, &[digest])),
        attribute(SIGNING_CERTIFICATE, &sequence(&[&sequence(&[&id])])),
    ])
}

fn attribute(oid: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&element(OID, &[oid]), &element(SET, &[value])])
}

/// Issuer and serial number of a certificate, whole (RFC 5280, 4.1).
fn issuer_and_serial<'a>(certificate: &'a CertificateDer<'_>) -> Option<(&'a [u8], &'a [u8])> {
    let mut body = Reader::new(certificate.as_ref()).enter(SEQUENCE)?.enter(SEQUENCE)?;
    body.optional(context(0));
    let serial = body.whole(INTEGER)?;
    body.skip()?;
    Some((body.whole(SEQUENCE)?, serial))
}
