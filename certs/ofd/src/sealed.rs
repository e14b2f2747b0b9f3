//! The signature with a seal (GB/T 38540-2020, 7: SES_Signature, version 4): the content of
//! `SignedValue.dat`.

use zerotrip_paper::der::{OCTETS, OID, Reader, SEQUENCE, element, sequence};

use crate::bounds::{NUMBER_CHARACTERS, SEAL_BYTES};
use crate::seal::{Seal, VERSION};
use crate::seal_error::SealError;
use crate::sm2::{SM2_WITH_SM3, Sm2SigningKey, Sm3Digest};
use crate::values::{
    read_bits, read_number, read_plain, read_time, write_bits, write_number, write_plain,
    write_time,
};
use crate::x509::Sm2Certificate;

/// A signature with a seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) seal: Seal,
    /// In seconds from 1970, by the signer's word.
    pub(crate) at: i64,
    /// SM3 of the file that is signed.
    pub(crate) digest: Sm3Digest,
    /// The path of that file.
    pub(crate) path: String,
    pub(crate) certificate: Sm2Certificate,
    signature: Vec<u8>,
}

impl Sealed {
    /// Signs. `None` where a time cannot be stated.
    pub(crate) fn sign(
        seal: Seal,
        at: i64,
        digest: Sm3Digest,
        path: String,
        (key, certificate): (&Sm2SigningKey, &Sm2Certificate),
    ) -> Option<Self> {
        let certificate = certificate.clone();
        let mut sealed = Self { seal, at, digest, path, certificate, signature: Vec::new() };
        sealed.signature = key.sign(&sealed.to_sign()?).ok()?;
        Some(sealed)
    }

    /// TBS_Sign.
    fn to_sign(&self) -> Option<Vec<u8>> {
        Some(sequence(&[
            &write_number(VERSION),
            self.seal.der(),
            &write_time(self.at)?,
            &write_bits(&self.digest),
            &write_plain(&self.path),
        ]))
    }

    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        Some(sequence(&[
            &self.to_sign()?,
            &element(OCTETS, &[self.certificate.der()]),
            &element(OID, &[&SM2_WITH_SM3]),
            &write_bits(&self.signature),
        ]))
    }

    /// Reads a signature that [`Self::write`] would write so. It is not verified yet. The inner
    /// error is the seal's.
    pub(crate) fn read(der: &[u8]) -> Option<Result<Self, SealError>> {
        if der.len() > 2 * SEAL_BYTES {
            return None;
        }
        let mut outer = Reader::new(der);
        let mut all = outer.enter(SEQUENCE)?;
        outer.end()?;
        let mut signed = all.enter(SEQUENCE)?;
        (read_number(&mut signed)? == VERSION).then_some(())?;
        let seal = signed.whole(SEQUENCE)?;
        let at = read_time(&mut signed)?;
        let digest = read_bits(&mut signed)?.try_into().ok()?;
        let path = read_plain(&mut signed, NUMBER_CHARACTERS)?;
        signed.end()?;
        let certificate = Sm2Certificate::from_der(all.take(OCTETS)?).ok()?;
        (all.take(OID)? == SM2_WITH_SM3).then_some(())?;
        let signature = read_bits(&mut all)?.to_vec();
        all.end()?;
        let seal = match Seal::read(seal) {
            Ok(seal) => seal,
            Err(error) => return Some(Err(error)),
        };
        let read = Self { seal, at, digest, path, certificate, signature };
        (read.write()? == der).then_some(Ok(read))
    }

    /// Whether the key of its certificate made it.
    pub(crate) fn verifies(&self) -> bool {
        let signed = self.to_sign();
        signed.is_some_and(|signed| self.certificate.key().verifies(&signed, &self.signature))
    }
}
