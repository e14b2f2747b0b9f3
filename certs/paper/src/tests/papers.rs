//! What tests print: fonts, an organ's certificate, what a record says, a QR. They are shaped as
//! real ones; whether they count is not asked here. The tests of several crates have this file,
//! each with its own `api`.
#![allow(dead_code, reason = "not every crate's tests need all of it")]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use serde_json::{Map, Value, json};
use zerotrip_certificates::sdjwt::{disclosure, issue_encoded};
use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::{Answer, Answered, Envelope, FactTerms};
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::x509::{CertificateAuthority, CertificateDer};

use super::api::{FontFile, Fonts, Qr};

pub(super) const DAY: u64 = 86_400;
pub(super) const ORGAN: &str = "spiffe://c.example/member/fund/system/desk";

pub(super) fn at(days: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + days * DAY)
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

pub(super) fn certify(
    ca: &CertificateAuthority,
    key: &SigningKey,
    holder: &str,
) -> CertificateDer<'static> {
    let holder: Identity = holder.parse().unwrap();
    ca.sign_seal_key(key.public(), &holder, at(0), at(365)).unwrap()
}

/// What a record says, before it is sealed.
pub(super) struct Claims {
    pub(super) plain: Map<String, Value>,
    pub(super) disclosed: Vec<(String, Value)>,
}

impl Claims {
    pub(super) fn new() -> Self {
        let facts = vec![FactTerms {
            name: "months".into(),
            r#type: "months".into(),
            title_en: "Months paid".into(),
            title_zh: "缴存月数".into(),
            ..FactTerms::default()
        }];
        let answered = Answered { answer: true, facts, ..Answered::default() };
        let answer = Answer {
            request_id: "0197d2a0-7c1e-7c55-9f0a-3b1f8f1c2d3e".into(),
            hub: "spiffe://c.example/hub/main".into(),
            outcome: Some(Outcome::Answered(answered)),
            ..Answer::default()
        };
        let envelope = Envelope { payload: answer.encode_to_vec(), ..Envelope::default() };
        let source = |dataset: &str, owner: &str, zh: &str, en: &str| {
            json!({
                "dataset": dataset, "owner": owner, "as_of": "2027-01-16T01:30:00Z",
                "coverage": { "en": en, "zh": zh },
            })
        };
        let plain = json!({
            "iss": ORGAN,
            "vct": "urn:zerotrip:certificate:no-property:1",
            "check": "no-property",
            "variant": "couple",
            "title": { "en": "Certificate of no property", "zh": "无房证明" },
            "persons": { "en": "the applicant and the spouse", "zh": "本人及配偶" },
            "statement": {
                "en": "In the registers named below there is no record of any home of the persons \
                       named, as of the times stated there.",
                "zh": "经查询下列登记机构的数据，截至所列时点，申请人及其配偶在本市范围内均无住房登记\
                       记录（含预售合同备案、不动产权属登记、公有住房承租）。本证明仅就所列数据来源的覆\
                       盖范围作出。",
            },
            "scope": { "regions": ["330100", "330200"] },
            "sources": [
                source(
                    "civil.marriage",
                    "civil",
                    "全国婚姻登记（2001 年起）",
                    "Marriages, nationwide, since 2001",
                ),
                source(
                    "estate.ownership",
                    "estate",
                    "本市不动产权属登记",
                    "Ownership of real estate in the city",
                ),
                source(
                    "housing.presale",
                    "housing",
                    "本市商品房预售合同备案",
                    "Pre-sale contracts in the city",
                ),
            ],
            "policy": ["grant:fund"],
            "definition_digest": "3d0c9a7f5be1a2b94c6d8e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
            "iat": 1_800_000_000u64 + DAY,
            "nbf": 1_800_000_000u64 + DAY,
            "exp": 1_800_000_000u64 + 31 * DAY,
            "serial": "fund-desk-2027-000042",
            "status": {
                "status_list": { "idx": 53711, "uri": "https://status.example.cn/fund/3f.jwt" },
            },
            "evidence": {
                "answered_at": "2027-01-16T08:00:00Z",
                "answer": URL_SAFE_NO_PAD.encode(envelope.encode_to_vec()),
                "receipt": {
                    "index": 81234,
                    "checkpoint": "c.example/hub/main\n90000\nq6YZ\n\n— c.example/hub/main abc\n",
                },
            },
        });
        let text = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        let disclosed = vec![
            text("applicant", "11010519491231002X"),
            text("applicant_name", "𠮷田㐂·阿卜杜拉"),
            ("months".to_owned(), 24.into()),
            text("case_number", "杭公积金〔2027〕000042"),
            text("purpose", "rent-withdrawal"),
            text("request", "CgZyZXF1ZXN0"),
        ];
        Self { plain: plain.as_object().unwrap().clone(), disclosed }
    }

    pub(super) fn set(mut self, name: &str, value: Value) -> Self {
        self.plain.insert(name.to_owned(), value);
        self
    }

    pub(super) fn sealed_by(&self, key: &SigningKey) -> String {
        let encoded: Vec<_> =
            self.disclosed.iter().map(|(name, value)| disclosure(name, value).unwrap()).collect();
        issue_encoded(key, self.plain.clone(), &encoded).unwrap().to_string()
    }
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
            None => {
                let is_edge = (x < 8 || x >= far - 1)
                    && (y < 8 || y >= far - 1)
                    && !(x >= far - 1 && y >= far - 1);
                !is_edge && (x * 7 + y * 13 + x * y).is_multiple_of(3)
            }
        }
    };
    let modules = (0..size * size).map(|place| dark(place % size, place / size)).collect();
    Qr::new(modules, size).unwrap()
}
