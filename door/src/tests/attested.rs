//! Wallets and keys that somebody must vouch for (OpenID4VCI 1.0, appendices D, E and F).

use std::fs;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::x509::{CertificateAuthority, CertificateDer};

use super::wallet::{Came, Wallet, asking, call, jwk, jwt, now};
use super::world::World;
use crate::http::{Open, path};

/// What is told, and a change to what a wallet or its provider says.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Value));
type ChangeOfBoth<'a> = (&'a str, &'a dyn Fn(&mut Value, &mut Value));

const DAY: Duration = Duration::from_secs(86_400);
const APP: &str = "https://wallet.example/app";
const HIGH: &str = "iso_18045_high";
pub(super) const SETTINGS: &str = r#"copies = 3
[attestation]
attesters = "attesters.pem"
key_storage = ["iso_18045_high", "iso_18045_moderate"]
"#;

/// A wallet provider, certified by a root.
pub(super) struct Provider {
    pub(super) root: CertificateAuthority,
    pub(super) key: SigningKey,
    pub(super) leaf: CertificateDer<'static>,
}

impl Provider {
    fn new(begins: SystemTime, ends: SystemTime) -> Self {
        let root =
            CertificateAuthority::generate("attesters.example", begins - DAY, 900 * DAY).unwrap();
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let name: Identity =
            "spiffe://attesters.example/member/app/system/backend".parse().unwrap();
        let leaf = root.sign_seal_key(key.public(), &name, begins, ends).unwrap();
        Self { root, key, leaf }
    }

    pub(super) fn now() -> Self {
        Self::new(SystemTime::now() - DAY, SystemTime::now() + 90 * DAY)
    }

    fn header(&self, typ: &str) -> Value {
        json!({ "alg": "ES256", "typ": typ, "x5c": [STANDARD.encode(&self.leaf)] })
    }

    fn sign(&self, typ: &str, payload: &Value) -> String {
        jwt(&self.key, &self.header(typ), payload)
    }

    fn of_wallet(&self, key: &SigningKey) -> Value {
        json!({
            "iss": "https://provider.example", "sub": APP, "iat": now(), "exp": now() + 600,
            "wallet_name": "App", "cnf": { "jwk": jwk(key) },
        })
    }

    fn of_keys(&self, keys: &[&SigningKey], nonce: &str) -> Value {
        let keys: Vec<Value> = keys.iter().map(|key| jwk(key)).collect();
        json!({
            "iat": now(), "exp": now() + 600, "attested_keys": keys, "nonce": nonce,
            "key_storage": [HIGH], "user_authentication": [HIGH],
        })
    }
}

const WALLET: &str = "oauth-client-attestation+jwt";
const POP: &str = "oauth-client-attestation-pop+jwt";
const KEYS: &str = "key-attestation+jwt";

fn pop(door: &str, key: &SigningKey, change: &dyn Fn(&mut Value)) -> String {
    let mut payload =
        json!({ "iss": APP, "aud": door, "jti": "1", "iat": now(), "exp": now() + 60 });
    change(&mut payload);
    jwt(key, &json!({ "alg": "ES256", "typ": POP }), &payload)
}

async fn attested_door() -> (World, Open, String, Provider) {
    let (world, provider) = (World::new(), Provider::now());
    fs::write(world.path("attesters.pem"), provider.root.cert_pem()).unwrap();
    let (open, door) = world.open_so(SETTINGS).await;
    (world, open, door, provider)
}

fn redeem(
    wallet: &Wallet,
    (code, digits): (&str, &str),
    attested: &[(&str, &str)],
    more: &str,
) -> Came {
    let grant = path::encode("urn:ietf:params:oauth:grant-type:pre-authorized_code");
    let form = format!("grant_type={grant}&pre-authorized_code={code}&tx_code={digits}{more}");
    let dpop = wallet.dpop("/token", None);
    let mut headers =
        vec![("Content-Type", "application/x-www-form-urlencoded"), ("DPoP", dpop.as_str())];
    headers.extend_from_slice(attested);
    call(&wallet.door, ("POST", "/token"), &headers, &form)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_is_attested_by_whom_the_operator_trusts_or_gets_no_token() {
    let (world, open, door, provider) = attested_door().await;
    let server = call(&door, ("GET", "/.well-known/oauth-authorization-server"), &[], "").json();
    assert_eq!(server["token_endpoint_auth_methods_supported"], json!(["attest_jwt_client_auth"]));
    assert_eq!(server["client_attestation_signing_alg_values_supported"], json!(["ES256"]));
    assert_eq!(server["client_attestation_pop_signing_alg_values_supported"], json!(["ES256"]));
    assert_eq!(server["pre-authorized_grant_anonymous_access_supported"], false);
    let wallet = Wallet::new(&door);
    let made = world.offer("couple");
    let (own, other) = (&wallet.calls, SigningKey::generate(Algorithm::Es256).unwrap());
    let with = |attestation: &str, pop: &str| {
        let headers =
            [("OAuth-Client-Attestation", attestation), ("OAuth-Client-Attestation-PoP", pop)];
        redeem(&wallet, (&made.code, &made.digits), &headers, "").error()
    };
    let good = provider.sign(WALLET, &provider.of_wallet(own));
    let proof = || pop(&door, own, &|_| ());
    let none = (401, "invalid_client".to_owned());
    let refused = (401, "invalid_client_attestation".to_owned());
    assert_eq!(redeem(&wallet, (&made.code, &made.digits), &[], "").error(), none);
    let alone = [("OAuth-Client-Attestation", good.as_str())];
    assert_eq!(redeem(&wallet, (&made.code, &made.digits), &alone, "").error(), none);
    let altered = |change: &dyn Fn(&mut Value)| {
        let mut payload = provider.of_wallet(own);
        change(&mut payload);
        with(&provider.sign(WALLET, &payload), &proof())
    };
    let drop_member = |name: &'static str| {
        move |payload: &mut Value| drop(payload.as_object_mut().unwrap().remove(name))
    };
    let changes: [Change<'_>; 8] = [
        ("ended", &|payload| payload["exp"] = (now() - 1).into()),
        ("without an end", &drop_member("exp")),
        ("not yet", &|payload| payload["nbf"] = (now() + 600).into()),
        ("of the future", &|payload| payload["iat"] = (now() + 600).into()),
        ("nobody's", &drop_member("sub")),
        ("without a key", &drop_member("cnf")),
        ("of another key", &|payload| payload["cnf"]["jwk"] = jwk(&other)),
        // It can have been revoked: nothing shows that it was not.
        ("with a status", &|payload| payload["status"] = json!({ "status_list": {} })),
    ];
    for (what, change) in changes {
        assert_eq!(altered(change), refused, "{what}");
    }
    let signed = |key: &SigningKey, header: Value| {
        with(&jwt(key, &header, &provider.of_wallet(own)), &proof())
    };
    let header = || provider.header(WALLET);
    let mut without = header();
    without.as_object_mut().unwrap().remove("x5c");
    assert_eq!(signed(&provider.key, without), refused, "no certificate");
    let mut keyed = header();
    keyed["jwk"] = jwk(&other);
    assert_eq!(signed(&provider.key, keyed), refused, "a key beside it");
    let mut chain = header();
    chain["x5c"] =
        json!([STANDARD.encode(&provider.leaf), STANDARD.encode(provider.root.cert_der())]);
    assert_eq!(signed(&provider.key, chain), refused, "the anchor along");
    let mut root = header();
    root["x5c"] = json!([STANDARD.encode(provider.root.cert_der())]);
    assert_eq!(signed(&provider.key, root), refused, "the anchor alone");
    assert_eq!(signed(&other, header()), refused, "another's signature");
    assert_eq!(signed(&provider.key, provider.header(KEYS)), refused, "of another type");
    let stranger = Provider::now();
    assert_eq!(with(&stranger.sign(WALLET, &stranger.of_wallet(own)), &proof()), refused);
    let fund = world.path("seal.pem");
    assert!(fund.exists(), "an organ's own certificate is no attester's");
    let changes: [Change<'_>; 7] = [
        ("of another wallet", &|payload| payload["iss"] = "x".into()),
        ("for another server", &|payload| payload["aud"] = "https://other.example".into()),
        ("old", &|payload| payload["iat"] = (now() - 120).into()),
        ("without a time", &drop_member("iat")),
        ("without an id", &drop_member("jti")),
        ("ended", &|payload| payload["exp"] = (now() - 1).into()),
        ("saying more", &|payload| payload["more"] = 1.into()),
    ];
    for (what, change) in changes {
        assert_eq!(with(&good, &pop(&door, own, change)), refused, "{what}");
    }
    assert_eq!(with(&good, &pop(&door, &other, &|_| ())), refused, "by another key");
    assert_eq!(with(&good, &good), refused, "the attestation again");
    let (good_proof, twice) = (proof(), proof());
    let headers = [
        ("OAuth-Client-Attestation", good.as_str()),
        ("OAuth-Client-Attestation-PoP", good_proof.as_str()),
        ("OAuth-Client-Attestation-PoP", twice.as_str()),
    ];
    assert_eq!(redeem(&wallet, (&made.code, &made.digits), &headers, "").error(), none);
    let as_other = redeem(&wallet, (&made.code, &made.digits), &headers[..2], "&client_id=x");
    assert_eq!(as_other.error(), refused);
    // None of this cost the offer; as it is, it counts, and a wallet may name itself.
    let named = format!("&client_id={}", path::encode(APP));
    let came = redeem(&wallet, (&made.code, &made.digits), &headers[..2], &named);
    assert_eq!(came.status, 200, "{came:?}");
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_attested_as_the_operator_demands_or_nothing_is_sealed() {
    let (world, open, door, provider) = attested_door().await;
    let wallet = Wallet::new(&door);
    let vct = world.definition.certificate.vct.as_str();
    world.offer("couple");
    let metadata = call(&door, ("GET", "/.well-known/openid-credential-issuer"), &[], "").json();
    let types = &metadata["credential_configurations_supported"][vct]["proof_types_supported"];
    let required = json!({ "key_storage": [HIGH, "iso_18045_moderate"] });
    for kind in ["jwt", "attestation"] {
        assert_eq!(types[kind]["key_attestations_required"], required, "{kind}");
    }
    let token = || {
        let made = world.offer("couple");
        let attestation = provider.sign(WALLET, &provider.of_wallet(&wallet.calls));
        let pop = pop(&door, &wallet.calls, &|_| ());
        let headers = [
            ("OAuth-Client-Attestation", attestation.as_str()),
            ("OAuth-Client-Attestation-PoP", pop.as_str()),
        ];
        let came = redeem(&wallet, (&made.code, &made.digits), &headers, "").json();
        came["access_token"].as_str().unwrap().to_owned()
    };
    let [second, third, fourth] = [(); 3].map(|()| SigningKey::generate(Algorithm::Es256).unwrap());
    let all = [&wallet.holder, &second, &third];
    let ask = |token: &str, proofs: Value| {
        let body = json!({ "credential_configuration_id": vct, "proofs": proofs });
        wallet.credential(token, &body.to_string())
    };
    let token_now = token();
    let bad = (400, "invalid_proof".to_owned());
    // A plain proof, however good, says nothing of how its key is kept.
    let plain = wallet.credential(&token_now, &asking(vct, &[wallet.proof()])).error();
    assert_eq!(plain, bad);
    let alone = |change: &dyn Fn(&mut Value)| {
        let mut payload = provider.of_keys(&all, &wallet.nonce());
        change(&mut payload);
        ask(&token_now, json!({ "attestation": [provider.sign(KEYS, &payload)] })).error()
    };
    let without = |name: &'static str| {
        move |payload: &mut Value| drop(payload.as_object_mut().unwrap().remove(name))
    };
    let changes: [Change<'_>; 14] = [
        ("no nonce", &without("nonce")),
        ("no time", &without("iat")),
        ("ended", &|payload| payload["exp"] = (now() - 1).into()),
        ("of the future", &|payload| payload["iat"] = (now() + 600).into()),
        ("no keys", &without("attested_keys")),
        ("none", &|payload| payload["attested_keys"] = json!([])),
        ("a private key", &|payload| payload["attested_keys"][0]["d"] = "AA".into()),
        ("one key twice", &|payload| payload["attested_keys"][1] = jwk(&wallet.holder)),
        ("not said how they are kept", &without("key_storage")),
        ("kept badly", &|payload| payload["key_storage"] = json!(["iso_18045_basic"])),
        ("some kept badly", &|payload| payload["key_storage"] = json!([HIGH, "iso_18045_basic"])),
        ("beside no word", &|payload| payload["key_storage"] = json!([HIGH, 1])),
        ("by no word", &|payload| payload["key_storage"] = json!([])),
        ("with a status", &|payload| payload["status"] = json!({ "status_list": {} })),
    ];
    for (what, change) in changes {
        assert_eq!(alone(change), bad, "{what}");
    }
    let nonce = |text: &'static str| move |payload: &mut Value| payload["nonce"] = text.into();
    assert_eq!(alone(&nonce("n-0S6")), (400, "invalid_nonce".to_owned()));
    let too_many = |payload: &mut Value| {
        payload["attested_keys"].as_array_mut().unwrap().push(jwk(&fourth));
    };
    assert_eq!(alone(&too_many), (400, "invalid_credential_request".to_owned()));
    let stranger = Provider::now();
    let foreign = stranger.sign(KEYS, &stranger.of_keys(&all, &wallet.nonce()));
    assert_eq!(ask(&token_now, json!({ "attestation": [foreign] })).error(), bad);
    let good = provider.sign(KEYS, &provider.of_keys(&all, &wallet.nonce()));
    assert_eq!(ask(&token_now, json!({ "attestation": [good, good] })).error(), bad, "twice");
    // In the proof of one of the keys: `jwk`, or `kid` as its place.
    let proof = |by: &SigningKey, change: &dyn Fn(&mut Value, &mut Value)| {
        let nonce = wallet.nonce();
        let attestation = provider.sign(KEYS, &provider.of_keys(&all, &nonce));
        let (mut header, mut payload) = wallet.proof_parts(&nonce);
        (header["jwk"], header["key_attestation"]) = (jwk(by), attestation.into());
        change(&mut header, &mut payload);
        json!({ "jwt": [jwt(by, &header, &payload)] })
    };
    let kid = |header: &mut Value, place: &str| {
        header.as_object_mut().unwrap().remove("jwk");
        header["kid"] = place.into();
    };
    assert_eq!(ask(&token_now, proof(&fourth, &|_, _| ())).error(), bad, "by a key not attested");
    let changes: [ChangeOfBoth<'_>; 8] = [
        ("of another place", &|header, _| kid(header, "1")),
        ("of no place", &|header, _| kid(header, "3")),
        ("not a number", &|header, _| kid(header, "+0")),
        ("both", &|header, _| header["kid"] = "0".into()),
        ("by another wallet", &|_, payload| payload["iss"] = "https://other.example".into()),
        ("another audience", &|_, payload| payload["aud"] = "https://other.example".into()),
        ("not attested", &|header, _| header["key_attestation"] = "a.b.c".into()),
        ("without an end", &|header, payload| {
            let mut keys = provider.of_keys(&all, payload["nonce"].as_str().unwrap());
            keys.as_object_mut().unwrap().remove("exp");
            header["key_attestation"] = provider.sign(KEYS, &keys).into();
        }),
    ];
    for (what, change) in changes {
        assert_eq!(ask(&token_now, proof(&wallet.holder, change)).error(), bad, "{what}");
    }
    assert!(world.seals.sealed.lock().unwrap().is_empty());
    // Each of the three ways gives a copy for every attested key.
    let by_place = |header: &mut Value, payload: &mut Value| {
        kid(header, "0");
        payload["iss"] = APP.into();
    };
    for proofs in [
        json!({ "attestation": [provider.sign(KEYS, &provider.of_keys(&all, &wallet.nonce()))] }),
        proof(&second, &|_, _| ()),
        proof(&wallet.holder, &by_place),
    ] {
        let came = ask(&token(), proofs);
        assert_eq!(came.status, 200, "{came:?}");
        assert_eq!(came.json()["credentials"].as_array().unwrap().len(), 3);
    }
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attester_counts_as_long_as_its_certificate_does_and_faulty_lists_open_no_door() {
    let world = World::new();
    let past = Provider::new(SystemTime::now() - 3 * DAY, SystemTime::now() - DAY);
    fs::write(world.path("attesters.pem"), past.root.cert_pem()).unwrap();
    let (open, door) = world.open_so(SETTINGS).await;
    let (wallet, made) = (Wallet::new(&door), world.offer("couple"));
    let attestation = past.sign(WALLET, &past.of_wallet(&wallet.calls));
    let pop = pop(&door, &wallet.calls, &|_| ());
    let headers = [
        ("OAuth-Client-Attestation", attestation.as_str()),
        ("OAuth-Client-Attestation-PoP", pop.as_str()),
    ];
    let refused = redeem(&wallet, (&made.code, &made.digits), &headers, "").error();
    assert_eq!(refused, (401, "invalid_client_attestation".to_owned()));
    open.close().await;
    let leaf = zerotrip_trust::x509::pem::encode("CERTIFICATE", &past.leaf);
    for text in ["", "no certificate", leaf.as_str(), &past.root.cert_pem().repeat(33)] {
        fs::write(world.path("attesters.pem"), text).unwrap();
        let seals = world.seals.clone();
        let refused = crate::Door::new(world.folder.path(), seals).unwrap_err();
        assert!(matches!(refused, crate::DoorError::Attesters { .. }), "{refused:?}");
    }
}
