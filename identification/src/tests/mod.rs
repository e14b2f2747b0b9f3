//! What is done to an assertion, and what it is refused as.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};
use zerotrip_datasets::ResidentId;
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{
    AssertedLevel, AssertionAudience, CheckBody, ErrorCode, IdentityProvider, IdentityRecord,
    Parameter, Request, SubjectForm,
};
use zerotrip_trust::digest::sha256;
use zerotrip_trust::keys::{Algorithm, SigningKey};

use super::*;

mod attacks;

const NOW: u64 = 1_796_000_000;
const SYSTEM: &str = "spiffe://city.example/member/fund/system/counter";
const OTHER_SYSTEM: &str = "spiffe://city.example/member/fund/system/web";
const PERSON: &str = "11010519491231002X";
const OTHER_PERSON: &str = "110105194912310011";
const NONCE: &str = "the-nonce-of-this-request";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A provider, its keys, and what it says of a person.
struct World {
    es: SigningKey,
    ed: SigningKey,
    provider: IdentityProvider,
}

impl World {
    fn new() -> Self {
        let es = SigningKey::generate(Algorithm::Es256).unwrap();
        let ed = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let level = |acr: &str, level: Level| AssertedLevel {
            acr: acr.into(),
            level: level.to_wire().into(),
        };
        let audience = |audience: &str, system: &str| AssertionAudience {
            audience: audience.into(),
            system: system.into(),
        };
        let provider = IdentityProvider {
            id: "citizen-login".into(),
            issuer: "https://login.city.example".into(),
            name_en: "City login".into(),
            name_zh: "城市统一身份认证".into(),
            jwks: json!({ "keys": [es.public().to_jwk(), ed.public().to_jwk()] }).to_string(),
            levels: vec![level("pwd", Level::Low), level("face", Level::Substantial)],
            audiences: vec![audience("desk", SYSTEM), audience("web", OTHER_SYSTEM)],
            subject_claim: "citizen_id".into(),
            subject_form: SubjectForm::ResidentId.into(),
            clock_skew_seconds: 30,
            not_before: Some(to_timestamp(at(NOW - 1000))),
            not_after: Some(to_timestamp(at(NOW + 100_000))),
        };
        Self { es, ed, provider }
    }

    fn header(&self) -> Value {
        json!({ "alg": "ES256", "typ": "JWT", "kid": self.es.id() })
    }

    fn claims() -> Value {
        json!({
            "iss": "https://login.city.example", "sub": "u-1", "aud": "desk", "iat": NOW - 10,
            "exp": NOW + 290, "auth_time": NOW - 20, "nonce": NONCE, "acr": "face",
            "citizen_id": PERSON, "name": "张三", "amr": ["face"],
        })
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        signed(&self.es, &header.to_string(), &claims.to_string())
    }

    fn verified(&self, token: &str) -> Result<Identification, Fault> {
        self.verified_at(token, NOW)
    }

    fn verified_at(&self, token: &str, now: u64) -> Result<Identification, Fault> {
        let providers = Providers::read(std::slice::from_ref(&self.provider)).unwrap();
        let (terms, person) = (terms(), ResidentId::new_strict(PERSON).unwrap());
        let expected = Expected { terms: &terms, system: SYSTEM, nonce: NONCE, person: &person };
        verify(token, &expected, &providers, at(now))
    }
}

fn terms() -> IdentityTerms {
    let within = Duration::from_secs(900);
    IdentityTerms { parameter: "applicant".into(), level: Level::Substantial, within }
}

fn signed(key: &SigningKey, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object.as_object_mut().unwrap().insert(name.into(), value);
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

#[test]
fn what_a_provider_may_do_is_accepted() {
    let world = World::new();
    for (header, claims) in [
        (without(world.header(), "typ"), World::claims()),
        (world.header(), with(World::claims(), "aud", json!(["desk"]))),
        (world.header(), with(World::claims(), "azp", "desk".into())),
        (world.header(), with(World::claims(), "nbf", json!(NOW + 30))),
        (world.header(), with(World::claims(), "exp", json!(NOW - 9))),
        (world.header(), with(World::claims(), "auth_time", json!(NOW - 900))),
        (world.header(), with(World::claims(), "citizen_id", PERSON.to_lowercase().into())),
        (world.header(), with(World::claims(), "at_hash", "AA".into())),
    ] {
        assert!(world.verified(&world.token(&header, &claims)).is_ok(), "{header} {claims}");
    }
    let claims = World::claims().to_string();
    let header = json!({ "alg": "EdDSA", "kid": world.ed.id() }).to_string();
    assert!(world.verified(&signed(&world.ed, &header, &claims)).is_ok());
    let own = json!({ "alg": "Ed25519", "kid": world.ed.id() }).to_string();
    let own = signed(&world.ed, &own, &claims);
    assert_eq!(world.verified(&own), Err(Fault::OtherAlgorithm));
    let mut newer = World::new();
    let jwk = with(world.ed.public().to_jwk(), "alg", "Ed25519".into());
    newer.provider.jwks = json!({ "keys": [jwk] }).to_string();
    assert!(newer.verified(&own).is_ok(), "RFC 9864");
    let mut digested = World::new();
    digested.provider.subject_form = SubjectForm::ResidentIdSha256.into();
    let digest = hex::encode(sha256(PERSON.as_bytes()));
    let token = |digest: &str| {
        let claims = with(World::claims(), "citizen_id", digest.into());
        digested.token(&digested.header(), &claims)
    };
    assert!(digested.verified(&token(&digest)).is_ok());
    for wrong in [digest.to_uppercase(), digest[1..].to_owned(), format!("{digest}00")] {
        assert_eq!(digested.verified(&token(&wrong)), Err(Fault::OtherPerson));
    }
}

#[test]
fn a_token_counts_from_when_it_is_made_until_it_ends() {
    let world = World::new();
    let token = world.token(&world.header(), &World::claims());
    for (now, said) in [
        (NOW - 50, Some(Fault::NotYet)),
        (NOW - 40, None),
        (NOW + 319, None),
        (NOW + 320, Some(Fault::Expired)),
    ] {
        assert_eq!(world.verified_at(&token, now).err(), said, "{now}");
    }
}

/// What it is called, and what is done to a provider.
type Change<'c> = (&'static str, &'c dyn Fn(&mut IdentityProvider));

#[test]
fn an_answer_bears_a_certificate_by_what_its_provider_is_now() {
    let world = World::new();
    let found = world.verified(&world.token(&world.header(), &World::claims())).unwrap();
    let record = IdentityRecord {
        provider: found.provider.clone(),
        level: found.level.to_wire().into(),
        basis: Some(found.basis.to_wire()),
        ..IdentityRecord::default()
    };
    let bears = |provider: &IdentityProvider, record: &IdentityRecord, now| {
        let providers = Providers::read(std::slice::from_ref(provider)).unwrap();
        providers.bear(record, SYSTEM, at(now))
    };
    let later = NOW + 1800;
    assert!(bears(&world.provider, &record, later));
    // A key more, a higher level and other systems beside it change nothing; nor does a key's name.
    let changed = |change: &dyn Fn(&mut IdentityProvider)| {
        let mut provider = world.provider.clone();
        change(&mut provider);
        bears(&provider, &record, later)
    };
    let keys = |keys: &[Value]| json!({ "keys": keys }).to_string();
    let (own, other) = (world.es.public().to_jwk(), World::new().es.public().to_jwk());
    assert!(changed(&|one| one.jwks = keys(&[other.clone(), own.clone()])));
    assert!(changed(&|one| one.jwks = keys(&[with(own.clone(), "kid", "renamed".into())])));
    assert!(changed(&|one| one.levels[1].level = Level::High.to_wire().into()));
    assert!(changed(&|one| one.audiences.truncate(1)));
    // The key taken out, also where another has its name; the level lowered, or said of nothing.
    let named = with(other.clone(), "kid", own["kid"].clone());
    let changes: [Change<'_>; 11] = [
        ("no key", &|one| one.jwks = keys(std::slice::from_ref(&other))),
        ("its name", &|one| one.jwks = keys(std::slice::from_ref(&named))),
        ("lower", &|one| one.levels[1].level = Level::Low.to_wire().into()),
        ("no level", &|one| one.levels.truncate(1)),
        ("no system", &|one| one.audiences.retain(|audience| audience.audience == "web")),
        ("another's", &|one| one.audiences[0].system = OTHER_SYSTEM.into()),
        ("issuer", &|one| one.issuer = "https://other.example".into()),
        ("id", &|one| one.id = "other".into()),
        ("claim", &|one| one.subject_claim = "employee".into()),
        ("form", &|one| one.subject_form = SubjectForm::ResidentIdSha256.into()),
        ("over", &|one| one.not_after = Some(to_timestamp(at(later)))),
    ];
    for (what, change) in changes {
        assert!(!changed(change), "{what}");
    }
    assert!(!Providers::default().bear(&record, SYSTEM, at(later)));
    // What was not kept was not so.
    for less in [
        IdentityRecord { basis: None, ..record.clone() },
        IdentityRecord { level: 0, ..record.clone() },
        IdentityRecord { provider: String::new(), ..record.clone() },
        IdentityRecord::default(),
    ] {
        assert!(!bears(&world.provider, &less, later), "{less:?}");
    }
}

#[test]
fn nobody_was_identified_at_a_time_that_is_to_come() {
    let world = World::new();
    for (ahead, told) in [(30, NOW), (1, NOW), (0, NOW)] {
        let claims = with(World::claims(), "auth_time", json!(NOW + ahead));
        let claims = with(claims, "iat", json!(NOW + ahead));
        let found = world.verified(&world.token(&world.header(), &claims)).unwrap();
        assert_eq!(found.at, at(told), "{ahead} s ahead");
    }
}

fn request() -> Request {
    let text = |text: &str| text.to_owned();
    Request {
        id: text("0197a000-0000-7000-8000-000000000001"),
        issuer: text(SYSTEM),
        audience: text("spiffe://city.example/hub/main"),
        official: text("e42"),
        service_item: text("item"),
        purpose: text("purpose"),
        legal_basis: text("basis"),
        case_number: text("case"),
        body: Some(Body::Check(CheckBody {
            check: text("check"),
            variant: text("variant"),
            parameters: vec![Parameter { name: text("applicant"), value: text(PERSON) }],
            ..CheckBody::default()
        })),
        ..Request::default()
    }
}

fn check(request: &mut Request) -> &mut CheckBody {
    match &mut request.body {
        Some(Body::Check(check)) => check,
        _ => panic!("a check"),
    }
}

#[test]
fn a_nonce_is_of_one_request_and_of_all_that_it_asks() {
    let own = nonce(&request()).unwrap();
    // Computed by another implementation of SHA-256 and base64url (Python's).
    assert_eq!(own, "R1bAfIreuWOLxLV7L7fcvPnLrIoAM3cX5VuqFZp-yIc");
    let mut nonces = BTreeSet::from([own.clone()]);
    let changes: [fn(&mut Request); 14] = [
        |one| one.id.push('1'),
        |one| one.issuer.push('1'),
        |one| one.audience.push('1'),
        |one| one.official.push('1'),
        |one| one.service_item.push('1'),
        |one| one.purpose.push('1'),
        |one| one.legal_basis.push('1'),
        |one| one.case_number.push('1'),
        |one| check(one).check.push('1'),
        |one| check(one).variant.push('1'),
        |one| check(one).parameters[0].name.push('1'),
        |one| check(one).parameters[0].value.push('1'),
        |one| check(one).parameters.push(Parameter::default()),
        |one| {
            // The same letters, in other fields.
            one.purpose = "purposeb".into();
            one.legal_basis = "asis".into();
        },
    ];
    for change in &changes {
        let mut other = request();
        change(&mut other);
        nonces.insert(nonce(&other).unwrap());
    }
    assert_eq!(nonces.len(), changes.len() + 1);
    let mut later = request();
    later.expires_at = Some(to_timestamp(at(NOW)));
    check(&mut later).identity_digest = assertion_digest("token").to_vec();
    assert_eq!(nonce(&later), Some(own), "it is known before the request is signed");
    let many = Request { body: None, ..request() };
    assert_eq!(nonce(&many), None);
}

#[test]
fn every_fault_of_a_provider_is_named() {
    let whole = World::new().provider;
    type Change = fn(&mut IdentityProvider);
    let cases: [(Change, &str); 21] = [
        (|one| one.id = "A".into(), "its id"),
        (|one| one.issuer = "http://login.city.example".into(), "issuer"),
        (|one| one.issuer = "https://".into(), "issuer"),
        (|one| one.issuer = "https://x.example?a=b".into(), "issuer"),
        (|one| one.issuer = "https://x.example#a".into(), "issuer"),
        (|one| one.name_zh.clear(), "name"),
        (|one| one.jwks.clear(), "JWK set"),
        (|one| one.jwks = r#"{"keys":[{"kty":"oct","k":"AA","kid":"a"}]}"#.into(), "secret"),
        (|one| one.levels.clear(), "acr"),
        (|one| one.levels[0].level = 0, "acr"),
        (|one| one.levels[0].level = 4, "acr"),
        (|one| one.levels[1].acr = one.levels[0].acr.clone(), "acr"),
        (|one| one.audiences.clear(), "audience"),
        (|one| one.audiences[1].audience = one.audiences[0].audience.clone(), "audience"),
        (|one| one.audiences[0].system = "spiffe://city.example/hub/main".into(), "audience"),
        (|one| one.subject_claim.clear(), "claim"),
        (|one| one.subject_claim = "name".into(), "claim"),
        (|one| one.subject_form = 0, "form"),
        (|one| one.clock_skew_seconds = 301, "skew"),
        (|one| one.not_after = one.not_before, "ends"),
        (|one| one.not_before = None, "times"),
    ];
    for (change, said) in cases {
        let mut provider = whole.clone();
        change(&mut provider);
        let faults = Providers::read(&[provider]).unwrap_err();
        assert!(faults.len() == 1 && faults[0].1.to_string().contains(said), "{said}: {faults:?}");
    }
    let other = IdentityProvider { id: "other".into(), ..whole.clone() };
    let issuer = "https://other.example".to_owned();
    let names = ("Other login".to_owned(), "其他统一身份认证".to_owned());
    let apart = IdentityProvider { issuer, name_en: names.0, name_zh: names.1, ..other.clone() };
    assert!(Providers::read(&[whole.clone(), apart.clone()]).is_ok());
    let english = IdentityProvider { name_en: "CITY  login".into(), ..apart.clone() };
    let chinese = IdentityProvider { name_zh: whole.name_zh.clone(), ..apart };
    for (both, said) in [
        ([&whole, &whole], "twice"),
        ([&whole, &other], "issuer"),
        ([&whole, &english], "another provider has its name"),
        ([&whole, &chinese], "another provider has its name"),
    ] {
        let faults = Providers::read(&both.map(Clone::clone)).unwrap_err();
        assert!(faults[0].1.to_string().contains(said), "{faults:?}");
    }
    let many: Vec<IdentityProvider> = (0..17)
        .map(|number| IdentityProvider {
            id: format!("p{number}"),
            issuer: format!("https://p{number}.example"),
            name_en: format!("Login {number}"),
            name_zh: format!("身份认证{number}"),
            ..whole.clone()
        })
        .collect();
    assert!(Providers::read(&many[..16]).is_ok() && Providers::read(&many).is_err());
}

proptest! {
    /// Whatever is changed in a token that counts, it counts no more; and no bytes make it panic.
    #[test]
    fn no_changed_byte_leaves_a_token_that_counts(at in 0_usize..2000, byte in any::<u8>()) {
        let world = World::new();
        let token = world.token(&world.header(), &World::claims());
        let mut bytes = token.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let changed = String::from_utf8_lossy(&bytes).into_owned();
        prop_assume!(changed != token);
        prop_assert!(world.verified(&changed).is_err());
    }

    #[test]
    fn no_text_that_nobody_signed_counts(
        header in "\\PC{0,40}", claims in "\\PC{0,60}", raw in "[A-Za-z0-9_.=~-]{0,120}",
    ) {
        let world = World::new();
        prop_assert!(world.verified(&raw).is_err());
        prop_assert!(world.verified(&signed(&world.es, &header, &claims)).is_err());
    }

    /// Of what a provider signed, only what is stated counts: any of the claims left out, and
    /// nothing is concluded.
    #[test]
    fn what_is_left_out_is_not_so(left_out in proptest::collection::btree_set(0_usize..9, 1..9)) {
        let names = [
            "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "citizen_id", "sub",
        ];
        let world = World::new();
        let mut claims = World::claims();
        for at in &left_out {
            claims = without(claims, names[*at]);
        }
        let only_sub = left_out.len() == 1 && left_out.contains(&8);
        prop_assert_eq!(world.verified(&world.token(&world.header(), &claims)).is_ok(), only_sub);
    }
}
