//! Proofs of a key: for calls, and for the certificate.

use serde_json::{Value, json};
use zerotrip_trust::digest::sha256;
use zerotrip_trust::keys::{Algorithm, SigningKey};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::wallet::{Wallet, asking, call, jwk, jwt, now};
use super::world::World;

type Parts = (Value, Value);
type Change<'a> = (&'a str, &'a dyn Fn(&mut Parts));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_is_of_the_key_for_this_issuer_and_of_now_or_nothing_is_sealed() {
    let world = World::new();
    let (open, door) = world.open().await;
    let (made, wallet) = (world.offer("couple"), Wallet::new(&door));
    let vct = world.definition.certificate.vct.as_str();
    let came = wallet.redeem(&made.code, Some(&made.digits)).json();
    let token = came["access_token"].as_str().unwrap().to_owned();
    let of = |proof: &str| wallet.credential(&token, &asking(vct, &[proof.to_owned()])).error();
    let altered = |change: &dyn Fn(&mut Parts)| {
        let mut parts = wallet.proof_parts(&wallet.nonce());
        change(&mut parts);
        of(&jwt(&wallet.holder, &parts.0, &parts.1))
    };
    let bad = (400, "invalid_proof".to_owned());
    let changes: [Change<'_>; 16] = [
        ("alg none", &|(header, _)| header["alg"] = "none".into()),
        ("alg HS256", &|(header, _)| header["alg"] = "HS256".into()),
        ("another type", &|(header, _)| header["typ"] = "jwt".into()),
        ("a DPoP proof's type", &|(header, _)| header["typ"] = "dpop+jwt".into()),
        ("no jwk", &|(header, _)| drop(header.as_object_mut().unwrap().remove("jwk"))),
        ("kid instead", &|(header, _)| {
            header.as_object_mut().unwrap().remove("jwk");
            header["kid"] = "did:key:x".into();
        }),
        ("a private jwk", &|(header, _)| header["jwk"]["d"] = "AA".into()),
        ("a symmetric jwk", &|(header, _)| header["jwk"] = json!({ "kty": "oct", "k": "AA" })),
        ("another's jwk", &|(header, _)| {
            header["jwk"] = jwk(&SigningKey::generate(Algorithm::Es256).unwrap());
        }),
        ("crit", &|(header, _)| header["crit"] = json!(["x"])),
        ("another audience", &|(_, payload)| payload["aud"] = "https://other.example".into()),
        ("two audiences", &|(_, payload)| payload["aud"] = json!([door.as_str()])),
        ("no nonce", &|(_, payload)| drop(payload.as_object_mut().unwrap().remove("nonce"))),
        ("old", &|(_, payload)| payload["iat"] = (now() - 400).into()),
        ("of the future", &|(_, payload)| payload["iat"] = (now() + 400).into()),
        ("ended", &|(_, payload)| payload["exp"] = (now() - 1).into()),
    ];
    for (what, change) in changes {
        assert_eq!(altered(change), bad, "{what}");
    }
    let nonce = (400, "invalid_nonce".to_owned());
    assert_eq!(altered(&|(_, payload)| payload["nonce"] = "n-0S6".into()), nonce);
    let good = wallet.proof();
    for text in ["", "a.b.c", "..", &good[..good.len() - 4], &good.replacen('.', ".e", 1)] {
        assert_eq!(of(text), bad, "{text}");
    }
    let (header, payload) = good.split_once('.').unwrap();
    let (payload, _) = payload.split_once('.').unwrap();
    assert_eq!(of(&format!("{header}.{payload}.")), bad, "unsigned");
    let two = wallet.credential(&token, &asking(vct, &[good.clone(), wallet.proof()])).error();
    assert_eq!(two, (400, "invalid_credential_request".to_owned()));
    let body = |value: Value| wallet.credential(&token, &value.to_string()).error();
    let request = |error: &str| (400, error.to_owned());
    let id = |id: &str| json!({ "credential_configuration_id": id, "proofs": { "jwt": [good] } });
    assert_eq!(body(id("urn:other")), request("unknown_credential_configuration"));
    assert_eq!(body(json!({ "proofs": { "jwt": [good] } })), request("invalid_credential_request"));
    let identifier = json!({ "credential_identifier": "x", "proofs": { "jwt": [good] } });
    assert_eq!(body(identifier), request("unknown_credential_identifier"));
    let none = json!({ "credential_configuration_id": vct });
    assert_eq!(body(none), bad);
    let kinds = json!({
        "credential_configuration_id": vct, "proofs": { "jwt": [good], "attestation": ["x"] },
    });
    assert_eq!(body(kinds), bad);
    let encrypted = json!({
        "credential_configuration_id": vct, "proofs": { "jwt": [good] },
        "credential_response_encryption": {},
    });
    assert_eq!(body(encrypted), request("invalid_encryption_parameters"));
    let twice = format!(r#"{{"credential_configuration_id":"{vct}","proofs":{{}},"proofs":{{}}}}"#);
    let came = wallet.credential(&token, &twice).error();
    assert_eq!(came, request("invalid_credential_request"));
    assert!(world.seals.sealed.lock().unwrap().is_empty());
    // None of it used the nonce of the good one up; the certificate does.
    assert_eq!(wallet.credential(&token, &asking(vct, std::slice::from_ref(&good))).status, 200);
    let other = world.offer("couple");
    let came = wallet.redeem(&other.code, Some(&other.digits)).json();
    let token = came["access_token"].as_str().unwrap();
    assert_eq!(wallet.credential(token, &asking(vct, &[good])).error(), nonce, "replayed");
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_for_its_offer_and_for_who_has_its_key() {
    let world = World::new();
    let (open, door) = world.open().await;
    let (wallet, thief) = (Wallet::new(&door), Wallet::new(&door));
    let (one, other) = (world.offer("couple"), world.offer("applicant"));
    let vct = world.definition.certificate.vct.as_str();
    let token = |made: &crate::Made| {
        let came = wallet.redeem(&made.code, Some(&made.digits)).json();
        came["access_token"].as_str().unwrap().to_owned()
    };
    let (one, other) = (token(&one), token(&other));
    let body = || asking(vct, &[wallet.proof()]);
    // The offer of one, the secret of the other.
    let mixed = format!("{}.{}", one.split_once('.').unwrap().0, other.split_once('.').unwrap().1);
    let invalid = (401, "invalid_token".to_owned());
    for token in [mixed.as_str(), "", "x", "a.b", &one[..one.len() - 1], "../../identity.x"] {
        assert_eq!(wallet.credential(token, &body()).error(), invalid, "{token}");
    }
    let no_proof = (401, "invalid_dpop_proof".to_owned());
    assert_eq!(thief.credential(&one, &body()).error(), no_proof, "by another key");
    let with = |scheme: &str, dpop: &[&str]| {
        let bearer = format!("{scheme} {one}");
        let mut headers =
            vec![("Content-Type", "application/json"), ("Authorization", bearer.as_str())];
        headers.extend(dpop.iter().map(|proof| ("DPoP", *proof)));
        call(&door, ("POST", "/credential"), &headers, &body()).error()
    };
    let good = wallet.dpop("/credential", Some(&one));
    assert_eq!(with("Bearer", &[&good]), invalid);
    assert_eq!(with("DPoP", &[]), no_proof);
    assert_eq!(with("DPoP", &[&good, &good]), no_proof, "twice");
    assert_eq!(with("DPoP", &[&wallet.dpop("/token", Some(&one))]), no_proof, "of another path");
    assert_eq!(with("DPoP", &[&wallet.dpop("/credential", Some(&other))]), no_proof);
    assert_eq!(with("DPoP", &[&wallet.dpop("/credential", None)]), no_proof);
    let altered = |change: &dyn Fn(&mut Value)| {
        let header = json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": jwk(&wallet.calls) });
        let mut payload = json!({
            "jti": "1", "htm": "POST", "htu": format!("{door}/credential"), "iat": now(),
            "ath": URL_SAFE_NO_PAD.encode(sha256(one.as_bytes())),
        });
        change(&mut payload);
        with("DPoP", &[&jwt(&wallet.calls, &header, &payload)])
    };
    assert_eq!(altered(&|payload| payload["htm"] = "GET".into()), no_proof);
    assert_eq!(altered(&|payload| payload["iat"] = (now() - 120).into()), no_proof);
    assert_eq!(altered(&|payload| payload["iat"] = (now() + 120).into()), no_proof);
    assert_eq!(altered(&|payload| payload["jti"] = "".into()), no_proof);
    assert_eq!(altered(&|payload| payload["more"] = 1.into()), no_proof);
    assert!(world.seals.sealed.lock().unwrap().is_empty());
    // As it is, it counts.
    assert_eq!(wallet.credential(&one, &body()).status, 200);
    assert_eq!(world.seals.sealed.lock().unwrap().len(), 1);
    open.close().await;
}
