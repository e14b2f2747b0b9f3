//! A world to seal in: a data authority, an organ, an SM2 authority, a seal maker, and certificates
//! of all of them. The SM2 certificates are written here; OpenSSL judges them in `outside`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::{Value, json};
use zerotrip_paper::der::{OCTETS, OID, SEQUENCE, SET, context, element, sequence, unsigned};
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::x509::{CertificateAuthority, CertificateDer};

use crate::sm2::SM2_WITH_SM3;
use crate::values::{write_bits, write_name, write_number};
use crate::*;
use papers::*;

mod alone;
#[path = "../../qr/src/tests/world.rs"]
mod genuine;
mod outside;
// With fonts, which `tests/outside/install.sh` installs.
mod outside_attacks;
mod outside_kinds;
mod outside_made;
#[path = "../../paper/src/tests/papers.rs"]
mod papers;
mod speed;

/// What `papers` is of.
mod api {
    pub(super) use zerotrip_paper::{FontFile, Fonts, Qr};
}

pub(super) fn seconds(days: u64) -> i64 {
    i64::try_from(1_800_000_000 + days * DAY).unwrap()
}

pub(super) static WORLD: LazyLock<World> = LazyLock::new(World::new);

/// An SM2 key with its certificate.
#[derive(Clone)]
pub(super) struct Holder {
    pub(super) name: String,
    pub(super) key: Sm2SigningKey,
    pub(super) certificate: Sm2Certificate,
}

/// What an SM2 certificate says, beside whose it is.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) is_authority: bool,
    /// The first byte of the key usage.
    pub(super) usage: u8,
    /// In days.
    pub(super) validity: (u64, u64),
}

pub(super) const AUTHORITY: Terms =
    Terms { is_authority: true, usage: 0b0000_0100, validity: (0, 3650) };
pub(super) const SIGNS: Terms =
    Terms { is_authority: false, usage: 0b1100_0000, validity: (0, 365) };

impl Holder {
    /// Certified by `by`, or by itself.
    pub(super) fn new(name: &str, secret: u8, terms: Terms, by: Option<&Self>) -> Self {
        let key = Sm2SigningKey::from_secret(&[secret; 32]).unwrap();
        let issuer = by.map_or(name, |by| &by.name);
        let signs = by.map_or(&key, |by| &by.key);
        let der = certificate(name, &key.public(), issuer, signs, terms, u32::from(secret));
        let certificate = Sm2Certificate::from_der(&der).unwrap();
        Self { name: name.to_owned(), key, certificate }
    }
}

/// X.509 (RFC 5280), as OpenSSL writes it for SM2.
pub(super) fn certificate(
    name: &str,
    key: &Sm2PublicKey,
    issuer: &str,
    signs: &Sm2SigningKey,
    terms: Terms,
    serial: u32,
) -> Vec<u8> {
    let oid = |bytes: &[u8]| element(OID, &[bytes]);
    let algorithm = sequence(&[&oid(&SM2_WITH_SM3)]);
    let named = |name: &str| {
        let one = sequence(&[&oid(&[0x55, 4, 3]), &write_name(name)]);
        sequence(&[&element(SET, &[&one])])
    };
    let time = |days: u64| crate::values::write_time(seconds(days)).unwrap();
    // Before 2050 it is a UTCTime.
    let time = |days: u64| element(0x17, &[&time(days)[4..]]);
    let (begins, ends) = terms.validity;
    let curve = oid(&[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d]);
    let spki = sequence(&[
        &sequence(&[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), &curve]),
        &write_bits(&key.point()),
    ]);
    let critical = element(1, &[&[0xff]]);
    let extension = |id: u8, value: &[u8]| {
        sequence(&[&oid(&[0x55, 0x1d, id]), &critical, &element(OCTETS, &[value])])
    };
    let constraints = if terms.is_authority { critical.clone() } else { Vec::new() };
    let unused = u8::try_from(terms.usage.trailing_zeros()).unwrap();
    let usage = element(3, &[&[unused, terms.usage]]);
    let extensions =
        sequence(&[&extension(19, &sequence(&[&constraints])), &extension(15, &usage)]);
    let signed = sequence(&[
        &element(context(0), &[&write_number(2)]),
        &unsigned(&serial.to_be_bytes()),
        &algorithm,
        &named(issuer),
        &element(SEQUENCE, &[&time(begins), &time(ends)]),
        &named(name),
        &spki,
        &element(context(3), &[&extensions]),
    ]);
    let signature = write_bits(&signs.sign(&signed).unwrap());
    sequence(&[&signed, &algorithm, &signature])
}

pub(super) struct World {
    pub(super) ca: CertificateAuthority,
    pub(super) issuer_key: SigningKey,
    pub(super) issuer_certificate: CertificateDer<'static>,
    pub(super) authority: Holder,
    pub(super) maker: Holder,
    pub(super) organ: Holder,
    pub(super) seal: Seal,
}

impl World {
    fn new() -> Self {
        let ca =
            CertificateAuthority::generate("c.example", at(0), Duration::from_secs(3650 * DAY))
                .unwrap();
        let issuer_key = SigningKey::generate(Algorithm::Es256).unwrap();
        let issuer_certificate = certify(&ca, &issuer_key, ORGAN);
        let authority = Holder::new("SM2 Root", 1, AUTHORITY, None);
        let maker = Holder::new("制章机构", 2, SIGNS, Some(&authority));
        let organ = Holder::new("市住房公积金管理中心", 3, SIGNS, Some(&authority));
        let seal = Seal::make(terms(&organ), &maker.key, &maker.certificate).unwrap();
        Self { ca, issuer_key, issuer_certificate, authority, maker, organ, seal }
    }

    pub(super) fn signer(&self) -> Signer<'_> {
        Signer {
            key: &self.organ.key,
            certificate: &self.organ.certificate,
            seal: &self.seal,
            issuer_key: &self.issuer_key,
            issuer_certificate: &self.issuer_certificate,
        }
    }

    pub(super) fn seal(&self, record: &str) -> Vec<u8> {
        let printed = print(record, &FONTS, Some(&qr(33))).unwrap();
        printed.sign(&self.signer(), at(3)).unwrap()
    }

    pub(super) fn verify(&self, bytes: &[u8]) -> Result<VerifiedOfd, NotGenuine> {
        let roots = Roots {
            authority: self.ca.cert_der(),
            signers: std::slice::from_ref(&self.authority.certificate),
            makers: std::slice::from_ref(&self.maker.certificate),
        };
        verify_ofd(bytes, &roots, at(4))
    }
}

pub(super) fn picture() -> Picture {
    Picture::from_png(include_bytes!("../../paper/src/tests/seal.png").to_vec(), 40).unwrap()
}

pub(super) fn terms(organ: &Holder) -> SealTerms {
    SealTerms {
        number: "33010099000042".to_owned(),
        name: "市住房公积金管理中心电子印章".to_owned(),
        kind: 1,
        signers: Signers::Digests(vec![organ.certificate.digest()]),
        made_at: seconds(0),
        begins: seconds(0),
        ends: seconds(300),
        picture: picture(),
    }
}

/// A record as it is sealed, with these claims in place of its own.
pub(super) fn record_with(changes: Value) -> String {
    let mut claims = Claims::new()
        .set("persons", json!({ "en": "the applicant & the spouse", "zh": "本人及配偶" }))
        .set("scope", json!({ "regions": ["330100"] }));
    claims.plain["sources"].as_array_mut().unwrap().truncate(2);
    for name in ["policy", "status"] {
        claims.plain.remove(name);
    }
    claims.plain.extend(changes.as_object().unwrap().clone());
    claims.disclosed.retain(|(name, _)| !["months", "request"].contains(&name.as_str()));
    // The fourth character is in the second font alone.
    claims.disclosed[1].1 = "𠮷田㐂\u{2b740}·阿卜杜拉".into();
    claims.sealed_by(&WORLD.issuer_key)
}

pub(super) fn record() -> String {
    record_with(json!({}))
}
