//! A world to seal in: a data authority, an organ, an SM2 authority, a seal maker, and certificates
//! of all of them. The SM2 certificates are written here; OpenSSL judges them in `outside`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use serde_json::{Map, Value, json};
use zerotrip_certificates::sdjwt::{disclosure, issue_encoded};
use zerotrip_paper::der::{OCTETS, OID, SEQUENCE, SET, context, element, sequence, unsigned};
use zerotrip_paper::layout::Qr;
use zerotrip_paper::{FontFile, Fonts};
use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::{Answer, Answered, Envelope};
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::x509::{CertificateAuthority, CertificateDer};

use crate::sm2::SM2_WITH_SM3;
use crate::values::{write_bits, write_name, write_number};
use crate::*;

mod alone;
mod outside;
// With fonts, which `tests/outside/install.sh` installs.
mod outside_attacks;
mod outside_made;
mod speed;

const DAY: u64 = 86_400;
const ORGAN: &str = "spiffe://c.example/member/fund/system/desk";

pub(super) fn at(days: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + days * DAY)
}

pub(super) fn seconds(days: u64) -> i64 {
    i64::try_from(1_800_000_000 + days * DAY).unwrap()
}

/// Debian's fonts-noto-cjk, and fonts-hanazono for what it lacks.
pub(super) static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let file = |path: &str, face| {
        let bytes = std::fs::read(path)
            .unwrap_or_else(|_| panic!("{path}: install fonts-noto-cjk and fonts-hanazono"));
        FontFile { name: path.to_owned(), face, bytes: Arc::new(bytes) }
    };
    Fonts::new(vec![
        file("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc", 2),
        file("/usr/share/fonts/truetype/hanazono/HanaMinA.ttf", 0),
        file("/usr/share/fonts/truetype/hanazono/HanaMinB.ttf", 0),
    ])
    .unwrap()
});

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

pub(super) fn certify(
    ca: &CertificateAuthority,
    key: &SigningKey,
    holder: &str,
) -> CertificateDer<'static> {
    let holder: Identity = holder.parse().unwrap();
    ca.sign_seal_key(key.public(), &holder, at(0), at(365)).unwrap()
}

/// A record as it is sealed, with these claims in place of its own.
pub(super) fn record_with(changes: Value) -> String {
    let answered = Answered { answer: true, ..Answered::default() };
    let answer = Answer {
        request_id: "0197d2a0-7c1e-7c55-9f0a-3b1f8f1c2d3e".into(),
        hub: "spiffe://c.example/hub/main".into(),
        outcome: Some(Outcome::Answered(answered)),
        ..Answer::default()
    };
    let envelope = Envelope { payload: answer.encode_to_vec(), ..Envelope::default() };
    let plain = json!({
        "iss": ORGAN,
        "vct": "urn:zerotrip:certificate:no-property:1",
        "check": "no-property",
        "variant": "couple",
        "title": { "en": "Certificate of no property", "zh": "无房证明" },
        "persons": { "en": "the applicant & the spouse", "zh": "本人及配偶" },
        "statement": {
            "en": "In the registers named below there is no record of any home.",
            "zh": "经查询下列登记机构的数据，截至所列时点，申请人及其配偶在本市范围内均无住房登记记录。",
        },
        "scope": { "regions": ["330100"] },
        "sources": [{
            "dataset": "estate.ownership", "owner": "estate", "as_of": "2027-01-16T01:30:00Z",
            "coverage": { "en": "Ownership of real estate in the city", "zh": "本市不动产权属登记" },
        }],
        "definition_digest": "3d0c9a7f5be1a2b94c6d8e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
        "iat": 1_800_000_000u64 + DAY,
        "nbf": 1_800_000_000u64 + DAY,
        "exp": 1_800_000_000u64 + 31 * DAY,
        "serial": "fund-desk-2027-000042",
        "evidence": {
            "answered_at": "2027-01-16T08:00:00Z",
            "answer": URL_SAFE_NO_PAD.encode(envelope.encode_to_vec()),
            "receipt": {
                "index": 81234,
                "checkpoint": "c.example/hub/main\n90000\nq6YZ\n\n— c.example/hub/main abc\n",
            },
        },
    });
    let mut plain: Map<String, Value> = plain.as_object().unwrap().clone();
    plain.extend(changes.as_object().unwrap().clone());
    let shown = [
        ("applicant", "11010519491231002X"),
        // The fourth character is in the second font alone.
        ("applicant_name", "𠮷田㐂\u{2b740}·阿卜杜拉"),
        ("case_number", "杭公积金〔2027〕000042"),
        ("purpose", "rent-withdrawal"),
    ];
    let shown: Vec<_> =
        shown.iter().map(|(name, value)| disclosure(name, &(*value).into()).unwrap()).collect();
    issue_encoded(&WORLD.issuer_key, plain, &shown).unwrap().to_string()
}

pub(super) fn record() -> String {
    record_with(json!({}))
}

/// Finder patterns, and something between them: not a code that says anything.
pub(super) fn qr(size: usize) -> Qr {
    let far = size - 7;
    let finder = |x: usize, y: usize| x.min(6 - x).min(y.min(6 - y)) != 1;
    let dark = |x: usize, y: usize| {
        let corner = [(0, 0), (far, 0), (0, far)]
            .into_iter()
            .find(|(left, top)| (*left..left + 7).contains(&x) && (*top..top + 7).contains(&y));
        match corner {
            Some((left, top)) => finder(x - left, y - top),
            None => x >= 8 && y >= 8 && (x * 7 + y * 13 + x * y).is_multiple_of(3),
        }
    };
    let modules = (0..size * size).map(|place| dark(place % size, place / size)).collect();
    Qr::new(modules, size).unwrap()
}
