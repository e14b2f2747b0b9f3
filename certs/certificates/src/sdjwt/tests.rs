#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use zerotrip_trust::keys::{Algorithm, SigningKey};

use super::disclosure::disclosure_digest;
use super::*;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn plain() -> Map<String, Value> {
    json!({ "iss": "spiffe://c.example/member/fund/system/desk", "iat": 1000, "nbf": 1000, "exp": 2000, "vct": "urn:a" })
        .as_object()
        .unwrap()
        .clone()
}

fn issued(key: &SigningKey) -> SdJwt {
    issue(key, plain(), &[("applicant", "A".into()), ("purpose", "P".into())]).unwrap()
}

/// A token over exactly these texts, whatever they are.
fn forge(key: &SigningKey, header: &str, payload: &str, disclosures: &[&str]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mut token =
        format!("{signed}.{}~", URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).unwrap()));
    for disclosure in disclosures {
        token.push_str(&URL_SAFE_NO_PAD.encode(disclosure));
        token.push('~');
    }
    token
}

fn header(key: &SigningKey) -> String {
    json!({ "alg": "ES256", "typ": TYP, "kid": key.id() }).to_string()
}

/// A token whose `_sd` refers to each of the disclosures.
fn with_disclosures(key: &SigningKey, disclosures: &[&str]) -> Result<SdJwt, SdJwtError> {
    let mut payload = plain();
    let digests: Vec<String> =
        disclosures.iter().map(|text| disclosure_digest(&URL_SAFE_NO_PAD.encode(text))).collect();
    payload.insert("_sd".into(), digests.into());
    payload.insert("_sd_alg".into(), "sha-256".into());
    SdJwt::parse(&forge(key, &header(key), &Value::Object(payload).to_string(), disclosures))
}

fn verify(token: &SdJwt, key: &SigningKey, now: u64) -> Result<Claims, SdJwtError> {
    token.verify(key.public(), at(now), |vct| vct == "urn:a")
}

#[test]
fn issued_tokens_verify_and_presentations_hide() {
    let key = key();
    let token = issued(&key);
    let text = token.to_string();
    let claims = verify(&SdJwt::parse(&text).unwrap(), &key, 1500).unwrap();
    assert_eq!(claims.plain, plain());
    assert_eq!(
        claims.disclosed,
        json!({ "applicant": "A", "purpose": "P" }).as_object().unwrap().clone()
    );
    let shown = token.present(&["purpose"]).unwrap();
    assert_eq!(shown.digest(), token.digest());
    let claims = verify(&SdJwt::parse(&shown.to_string()).unwrap(), &key, 1500).unwrap();
    assert_eq!(claims.disclosed.keys().collect::<Vec<_>>(), ["purpose"]);
    assert_eq!(token.present(&["name"]).unwrap_err(), SdJwtError::NotDisclosed("name".into()));
    let header = URL_SAFE_NO_PAD.decode(text.split('.').next().unwrap()).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&header).unwrap(),
        json!({ "alg": "ES256", "typ": "dc+sd-jwt", "kid": key.id() })
    );
    assert_ne!(issued(&key).to_string(), text, "salts differ");
}

#[test]
fn disclosures_forged_doubled_or_foreign_are_refused_by_name() {
    let key = key();
    let token = issued(&key).to_string();
    let parts: Vec<&str> = token.split('~').collect();
    let other = issued(&key).to_string();
    let foreign = other.split('~').nth(1).unwrap();
    let refused = |text: String| SdJwt::parse(&text).unwrap_err();
    assert_eq!(refused(format!("{token}{foreign}~")), SdJwtError::Unreferenced);
    let forged = URL_SAFE_NO_PAD.encode(r#"["c2FsdA","applicant","B"]"#);
    assert_eq!(refused(format!("{}~{forged}~", parts[0])), SdJwtError::Unreferenced);
    assert_eq!(refused(format!("{token}{}~", parts[1])), SdJwtError::DisclosedTwice);
    assert_eq!(refused(format!("{}~{}=~", parts[0], parts[1])), SdJwtError::Base64("disclosure"));
    assert_eq!(refused(format!("{token}eyJ9")), SdJwtError::KeyBinding);
    assert_eq!(refused(parts[0].to_owned()), SdJwtError::NotCompact);
    assert_eq!(refused(format!("{}~~", parts[0])), SdJwtError::Json("disclosure"));
}

#[test]
fn disclosures_that_could_mean_two_things_are_refused() {
    let key = key();
    assert!(with_disclosures(&key, &[r#"["s","a",1]"#]).is_ok());
    let refused = |disclosures: &[&str]| with_disclosures(&key, disclosures).unwrap_err();
    assert_eq!(refused(&[r#"["s","_sd",1]"#]), SdJwtError::ReservedName("_sd".into()));
    assert_eq!(refused(&[r#"["s","...",1]"#]), SdJwtError::ReservedName("...".into()));
    assert_eq!(refused(&[r#"["s","a",{"_sd":[]}]"#]), SdJwtError::ReservedName("_sd".into()));
    assert_eq!(refused(&[r#"["s","a",[{"...":"x"}]]"#]), SdJwtError::ReservedName("...".into()));
    assert_eq!(refused(&[r#"["s","cnf",1]"#]), SdJwtError::ReservedName("cnf".into()));
    assert_eq!(refused(&[r#"["s","exp",9999]"#]), SdJwtError::ReservedName("exp".into()));
    assert_eq!(
        refused(&[r#"["s","a",1]"#, r#"["t","a",2]"#]),
        SdJwtError::NameCollision("a".into())
    );
    assert_eq!(refused(&[r#"["s","a",1]"#, r#"["s","a",1]"#]), SdJwtError::DigestTwice);
    assert_eq!(refused(&[r#"["s",1]"#]), SdJwtError::DisclosureShape);
    assert_eq!(refused(&[r#"["s",2,1]"#]), SdJwtError::DisclosureShape);
    assert_eq!(refused(&[r#"{"a":1}"#]), SdJwtError::DisclosureShape);
    assert_eq!(
        refused(&[r#"["s","a",{"b":1,"b":2}]"#]),
        SdJwtError::Twice { place: "disclosure", name: "b".into() }
    );
    let mut with_claim = plain();
    with_claim.insert("a".into(), 1.into());
    assert_eq!(
        issue(&key, with_claim, &[("a", 1.into())]).unwrap_err(),
        SdJwtError::NameCollision("a".into())
    );
    let mut nested = plain();
    nested.insert("a".into(), json!({ "_sd": [] }));
    assert_eq!(issue(&key, nested, &[]).unwrap_err(), SdJwtError::ReservedName("_sd".into()));
}

#[test]
fn the_algorithm_is_the_registered_keys() {
    let key = key();
    let payload = json!({ "_sd": [], "_sd_alg": "sha-256", "iss": "i", "iat": 1, "nbf": 1, "exp": 2000, "vct": "urn:a" }).to_string();
    for algorithm in ["none", "HS256", "ES384", "es256", ""] {
        let header = json!({ "alg": algorithm, "typ": TYP, "kid": key.id() }).to_string();
        let token = SdJwt::parse(&forge(&key, &header, &payload, &[])).unwrap();
        assert_eq!(verify(&token, &key, 10), Err(SdJwtError::WrongAlgorithm(algorithm.into())));
    }
    let ed = SigningKey::generate(Algorithm::Ed25519).unwrap();
    assert_eq!(issue(&ed, plain(), &[]).unwrap_err(), SdJwtError::WrongKeyKind(ed.id().into()));
    assert_eq!(
        issued(&key).verify(ed.public(), at(1500), |_| true),
        Err(SdJwtError::WrongKeyKind(ed.id().into()))
    );
    let other = self::key();
    assert!(matches!(verify(&issued(&key), &other, 1500), Err(SdJwtError::WrongKey { .. })));
    // Another's signature under our key id.
    let header = json!({ "alg": "ES256", "typ": TYP, "kid": key.id() }).to_string();
    let token = SdJwt::parse(&forge(&other, &header, &payload, &[])).unwrap();
    assert_eq!(verify(&token, &key, 10), Err(SdJwtError::BadSignature));
    let refused =
        |header: Value| SdJwt::parse(&forge(&key, &header.to_string(), &payload, &[])).unwrap_err();
    assert_eq!(
        refused(json!({ "alg": "ES256", "typ": "JWT", "kid": "k" })),
        SdJwtError::WrongType { found: "JWT".into(), expected: TYP }
    );
    assert_eq!(refused(json!({ "alg": "ES256", "typ": TYP })), SdJwtError::Missing("kid"));
    assert_eq!(
        refused(json!({ "alg": "ES256", "typ": TYP, "kid": "k", "jwk": {} })),
        SdJwtError::HeaderMember("jwk".into())
    );
}

#[test]
fn times_and_types_are_judged_against_now() {
    let key = key();
    let token = issued(&key);
    let skew = zerotrip_proto::bounds::CLOCK_SKEW.as_secs();
    assert!(verify(&token, &key, 1000 - skew).is_ok());
    assert_eq!(verify(&token, &key, 999 - skew), Err(SdJwtError::NotYetValid));
    assert!(verify(&token, &key, 1999).is_ok());
    assert_eq!(verify(&token, &key, 2000), Err(SdJwtError::Expired));
    assert_eq!(
        token.verify(key.public(), at(1500), |_| false),
        Err(SdJwtError::WrongVct("urn:a".into()))
    );
    for (name, value, error) in [
        ("exp", json!(1000), SdJwtError::BadTimes),
        ("exp", json!("2000"), SdJwtError::Missing("exp")),
        ("iat", json!(-1), SdJwtError::Missing("iat")),
        ("nbf", Value::Null, SdJwtError::Missing("nbf")),
        ("vct", json!(7), SdJwtError::Missing("vct")),
    ] {
        let mut claims = plain();
        claims.insert(name.into(), value);
        assert_eq!(verify(&issue(&key, claims, &[]).unwrap(), &key, 1500), Err(error), "{name}");
    }
}

#[test]
fn shapes_and_bounds_are_refused_by_name() {
    let key = key();
    let refused =
        |payload: &str| SdJwt::parse(&forge(&key, &header(&key), payload, &[])).unwrap_err();
    assert_eq!(
        refused(r#"{"a":1,"a":2,"_sd":[],"_sd_alg":"sha-256"}"#),
        SdJwtError::Twice { place: "payload", name: "a".into() }
    );
    assert_eq!(refused(r#"{"_sd":[]}"#), SdJwtError::Missing("_sd_alg"));
    assert_eq!(refused(r#"{"_sd_alg":"sha-256"}"#), SdJwtError::Missing("_sd"));
    assert_eq!(
        refused(r#"{"_sd":[],"_sd_alg":"md5"}"#),
        SdJwtError::WrongDigestAlgorithm("md5".into())
    );
    assert_eq!(refused(r#"{"_sd":["x","x"],"_sd_alg":"sha-256"}"#), SdJwtError::DigestTwice);
    assert_eq!(refused("[]"), SdJwtError::Json("payload"));
    assert_eq!(
        SdJwt::parse(&format!("{}~", "A".repeat(TOKEN_BYTES))).unwrap_err(),
        SdJwtError::TooLarge(TOKEN_BYTES + 1)
    );
    let token = issued(&key).to_string();
    let many = format!("{token}{}", "A~".repeat(DISCLOSURES));
    assert_eq!(SdJwt::parse(&many).unwrap_err(), SdJwtError::TooManyDisclosures(DISCLOSURES + 2));
    let (first, rest) = token.split_once('.').unwrap();
    assert_eq!(
        SdJwt::parse(&format!("{first}=.{rest}")).unwrap_err(),
        SdJwtError::Base64("header")
    );
    for text in ["", "~", "a.b~", "a.b.c.d~"] {
        assert_eq!(SdJwt::parse(text).unwrap_err(), SdJwtError::NotCompact, "{text}");
    }
    let big = vec![("a", Value::String("x".repeat(TOKEN_BYTES)))];
    assert!(matches!(issue(&key, plain(), &big), Err(SdJwtError::TooLarge(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_changed_byte_of_a_token_verifies(place in any::<prop::sample::Index>(), byte in 33u8..127) {
        let key = key();
        let token = issued(&key).to_string();
        let mut bytes = token.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        if changed != token {
            let outcome = SdJwt::parse(&changed).and_then(|token| verify(&token, &key, 1500));
            prop_assert!(outcome.is_err());
        }
    }

    #[test]
    fn any_subset_presents_and_nothing_else_shows(names in prop::collection::btree_set("[a-h]{2}", 0..8), seed in any::<u64>()) {
        let key = key();
        let claims: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), Value::from(name.len()))).collect();
        let token = issue(&key, plain(), &claims).unwrap();
        let keep: Vec<&str> = names.iter().enumerate().filter(|(at, _)| seed >> at & 1 == 1).map(|(_, name)| name.as_str()).collect();
        let shown = SdJwt::parse(&token.present(&keep).unwrap().to_string()).unwrap();
        let claims = verify(&shown, &key, 1500).unwrap();
        prop_assert_eq!(claims.disclosed.keys().map(String::as_str).collect::<Vec<_>>(), keep);
    }

    #[test]
    fn hostile_text_never_panics(text in "[A-Za-z0-9._~=-]{0,200}") {
        prop_assert!(SdJwt::parse(&text).is_err());
    }
}
