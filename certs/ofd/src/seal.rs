//! Electronic seals (GB/T 38540-2020, 6: SESeal, version 4): made, read, written in one spelling.

use zerotrip_paper::der::{IA5, OCTETS, OID, PRINTABLE, Reader, SEQUENCE, element, sequence};

use crate::bounds::{NAME_CHARACTERS, NUMBER_CHARACTERS, SEAL_BYTES, SIGNERS};
use crate::picture::Picture;
use crate::seal_error::SealError;
use crate::sm2::{SM2_WITH_SM3, Sm2SigningKey, Sm3Digest};
use crate::values::{
    is_name, is_plain, read_bits, read_name, read_number, read_plain, read_time, write_bits,
    write_name, write_number, write_plain, write_time,
};
use crate::x509::Sm2Certificate;

/// What a seal begins with.
const KIND: &str = "ES";
/// The version of the structures: GB/T 38540-2020.
pub(crate) const VERSION: u32 = 4;
/// Who wrote the seal.
const VENDOR: &str = "Zerotrip";
/// The list of signers is of certificates.
const WHOLE: u32 = 1;
/// The list of signers is of digests.
const DIGESTS: u32 = 2;
/// The digests are by SM3.
const BY: &[u8] = b"SM3";

/// Who can use a seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signers {
    /// Certificates, in DER.
    Certificates(Vec<Vec<u8>>),
    /// SM3 of certificates.
    Digests(Vec<Sm3Digest>),
}

impl Signers {
    /// Whether a certificate is in the list.
    pub fn has(&self, certificate: &Sm2Certificate) -> bool {
        match self {
            Self::Certificates(list) => list.iter().any(|der| der == certificate.der()),
            Self::Digests(list) => list.contains(&certificate.digest()),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Certificates(list) => list.len(),
            Self::Digests(list) => list.len(),
        }
    }
}

/// What a seal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealTerms {
    /// Its number: visible ASCII.
    pub number: String,
    /// Its name.
    pub name: String,
    /// Its kind, by the seal maker's own list; 1 is an organ's.
    pub kind: u32,
    /// Who can use it.
    pub signers: Signers,
    /// When it was made, in seconds from 1970.
    pub made_at: i64,
    /// When it begins to hold.
    pub begins: i64,
    /// When it ends.
    pub ends: i64,
    /// Its picture.
    pub picture: Picture,
}

/// An electronic seal, signed by its maker. Whether the maker is trusted is for a verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// What it says.
    pub terms: SealTerms,
    vendor: String,
    maker: Sm2Certificate,
    der: Vec<u8>,
}

impl Seal {
    /// Makes a seal with the key of its maker.
    pub fn make(
        terms: SealTerms,
        key: &Sm2SigningKey,
        maker: &Sm2Certificate,
    ) -> Result<Self, SealError> {
        check(&terms)?;
        if key.public() != *maker.key() {
            return Err(SealError::OtherKey);
        }
        maker.check_signs(terms.made_at).map_err(SealError::Maker)?;
        let info = write_info(&terms, VENDOR).ok_or(SealError::Validity)?;
        let signature = key.sign(&info).map_err(|_| SealError::Signature)?;
        Self::read(&write(&info, maker, &signature))
    }

    /// Reads a seal, whose maker's signature verifies.
    pub fn read(der: &[u8]) -> Result<Self, SealError> {
        if der.len() > SEAL_BYTES {
            return Err(SealError::Unreadable);
        }
        let mut outer = Reader::new(der);
        let parts = (|| {
            let mut seal = outer.enter(SEQUENCE)?;
            outer.end()?;
            let info = seal.whole(SEQUENCE)?;
            let certificate = seal.take(OCTETS)?;
            (seal.take(OID)? == SM2_WITH_SM3).then_some(())?;
            let signature = read_bits(&mut seal)?;
            seal.end()?;
            Some((info, certificate, signature))
        })();
        let (info, certificate, signature) = parts.ok_or(SealError::Unreadable)?;
        let maker = Sm2Certificate::from_der(certificate).map_err(SealError::Maker)?;
        let (terms, vendor) = read_info(info)?;
        check(&terms)?;
        let again = write_info(&terms, &vendor).map(|info| write(&info, &maker, signature));
        if again.as_deref() != Some(der) {
            return Err(SealError::Unreadable);
        }
        if !maker.key().verifies(info, signature) {
            return Err(SealError::Signature);
        }
        maker.check_signs(terms.made_at).map_err(SealError::Maker)?;
        Ok(Self { terms, vendor, maker, der: der.to_vec() })
    }

    /// Its DER: the content of an `.esl` file.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whose key signed it.
    pub fn maker(&self) -> &Sm2Certificate {
        &self.maker
    }

    /// Whether it was made, and holds, at this time.
    pub fn holds(&self, at: i64) -> bool {
        self.terms.made_at <= at && (self.terms.begins..=self.terms.ends).contains(&at)
    }
}

fn check(terms: &SealTerms) -> Result<(), SealError> {
    if !is_plain(&terms.number, NUMBER_CHARACTERS) {
        return Err(SealError::Text("number"));
    }
    if !is_name(&terms.name, NAME_CHARACTERS) {
        return Err(SealError::Text("name"));
    }
    if terms.begins >= terms.ends {
        return Err(SealError::Validity);
    }
    if !(1..=SIGNERS).contains(&terms.signers.count()) {
        return Err(SealError::Signers);
    }
    if let Signers::Certificates(list) = &terms.signers {
        for der in list {
            Sm2Certificate::from_der(der).map_err(SealError::Signer)?;
        }
    }
    Ok(())
}

fn write(info: &[u8], maker: &Sm2Certificate, signature: &[u8]) -> Vec<u8> {
    sequence(&[
        info,
        &element(OCTETS, &[maker.der()]),
        &element(OID, &[&SM2_WITH_SM3]),
        &write_bits(signature),
    ])
}

/// SES_SealInfo.
fn write_info(terms: &SealTerms, vendor: &str) -> Option<Vec<u8>> {
    let header = sequence(&[&write_plain(KIND), &write_number(VERSION), &write_plain(vendor)]);
    let (kind, list) = match &terms.signers {
        Signers::Certificates(list) => {
            let one = |der: &Vec<u8>| element(OCTETS, &[der]);
            (WHOLE, list.iter().map(one).collect::<Vec<_>>().concat())
        }
        Signers::Digests(list) => {
            let one = |digest: &Sm3Digest| {
                sequence(&[&element(PRINTABLE, &[BY]), &element(OCTETS, &[digest])])
            };
            (DIGESTS, list.iter().map(one).collect::<Vec<_>>().concat())
        }
    };
    let property = sequence(&[
        &write_number(terms.kind),
        &write_name(&terms.name),
        &write_number(kind),
        &sequence(&[&list]),
        &write_time(terms.made_at)?,
        &write_time(terms.begins)?,
        &write_time(terms.ends)?,
    ]);
    let side = write_number(terms.picture.millimetres());
    let picture = sequence(&[
        &element(IA5, &[b"png"]),
        &element(OCTETS, &[terms.picture.png()]),
        &side,
        &side,
    ]);
    Some(sequence(&[&header, &write_plain(&terms.number), &property, &picture]))
}

fn read_info(der: &[u8]) -> Result<(SealTerms, String), SealError> {
    let parts = (|| {
        let mut info = Reader::new(der).enter(SEQUENCE)?;
        let mut header = info.enter(SEQUENCE)?;
        (read_plain(&mut header, KIND.len())? == KIND).then_some(())?;
        (read_number(&mut header)? == VERSION).then_some(())?;
        let vendor = read_plain(&mut header, NUMBER_CHARACTERS)?;
        header.end()?;
        let number = read_plain(&mut info, NUMBER_CHARACTERS)?;
        let mut property = info.enter(SEQUENCE)?;
        let kind = read_number(&mut property)?;
        let name = read_name(&mut property, NAME_CHARACTERS)?;
        let signers = read_signers(&mut property)?;
        let made_at = read_time(&mut property)?;
        let begins = read_time(&mut property)?;
        let ends = read_time(&mut property)?;
        property.end()?;
        let mut picture = info.enter(SEQUENCE)?;
        info.end()?;
        (picture.take(IA5)? == b"png").then_some(())?;
        let png = picture.take(OCTETS)?;
        let side = read_number(&mut picture)?;
        (read_number(&mut picture)? == side).then_some(())?;
        picture.end()?;
        Some((number, name, kind, signers, [made_at, begins, ends], (png, side), vendor))
    })();
    let (number, name, kind, signers, [made_at, begins, ends], (png, side), vendor) =
        parts.ok_or(SealError::Unreadable)?;
    let picture = Picture::from_png(png.to_vec(), side)?;
    Ok((SealTerms { number, name, kind, signers, made_at, begins, ends, picture }, vendor))
}

fn read_signers(property: &mut Reader<'_>) -> Option<Signers> {
    let kind = read_number(property)?;
    let mut list = property.enter(SEQUENCE)?;
    let mut certificates = Vec::new();
    let mut digests = Vec::new();
    while list.end().is_none() {
        match kind {
            WHOLE => certificates.push(list.take(OCTETS)?.to_vec()),
            DIGESTS => {
                let mut one = list.enter(SEQUENCE)?;
                (one.take(PRINTABLE)? == BY).then_some(())?;
                digests.push(one.take(OCTETS)?.try_into().ok()?);
                one.end()?;
            }
            _ => return None,
        }
        (certificates.len() + digests.len() <= SIGNERS).then_some(())?;
    }
    Some(if kind == WHOLE {
        Signers::Certificates(certificates)
    } else {
        Signers::Digests(digests)
    })
}
