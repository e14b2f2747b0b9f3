//! ID tokens of identity providers, and their key sets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zerotrip_identification::{MOST_TOKEN, Token};
use zerotrip_trust::jose::{JoseKeys, MOST_KEYS};
use zerotrip_trust::keys::{Algorithm, SigningKey};

/// A token that is read has three parts, and the two that are read are JSON to any other reader.
pub fn identity_token(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    if Token::parse(text).is_err() {
        return false;
    }
    assert!(text.len() <= MOST_TOKEN);
    let parts: Vec<&str> = text.split('.').collect();
    assert_eq!(parts.len(), 3, "{text}");
    for part in &parts[..2] {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert!(value.is_object(), "{value}");
    }
    true
}

pub fn identity_token_seeds() -> Vec<Vec<u8>> {
    let claims = [
        "{}",
        r#"{"iss":"https://login.city.example","aud":["desk"],"exp":1796000290,"nonce":"n"}"#,
    ];
    let headers = [
        r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#,
        r#"{"kid":"\u006b","alg":"EdDSA"}"#,
        r#"{"alg":"none"}"#,
    ];
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let token = |header: &str, claims: &str| {
        format!("{}.{}.{}", encode(header), encode(claims), encode("signature")).into_bytes()
    };
    headers.iter().flat_map(|header| claims.iter().map(|one| token(header, one))).collect()
}

/// A set that is read is written so that it reads alike, and holds no secret.
pub fn jwks(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(keys) = JoseKeys::parse(text) else { return false };
    assert!((1..=MOST_KEYS).contains(&keys.iter().count()));
    let printed = keys.to_text();
    assert_eq!(JoseKeys::parse(&printed).unwrap(), keys);
    assert!(!printed.contains("\"d\":"), "{printed}");
    true
}

pub fn jwks_seeds() -> Vec<Vec<u8>> {
    let jwk = |algorithm| SigningKey::generate(algorithm).unwrap().public().to_jwk().to_string();
    let (es, ed) = (jwk(Algorithm::Es256), jwk(Algorithm::Ed25519));
    let rsa = format!(
        r#"{{"kty":"RSA","alg":"PS256","kid":"r","e":"AQAB","n":"{}"}}"#,
        URL_SAFE_NO_PAD.encode([0xff; 256])
    );
    let sets = [vec![&es], vec![&ed, &rsa], vec![&es, &ed, &rsa]];
    let text = |set: &Vec<&String>| {
        let keys: Vec<&str> = set.iter().map(|key| key.as_str()).collect();
        format!("{{\"keys\":[{}]}}", keys.join(",")).into_bytes()
    };
    sets.iter().map(text).collect()
}
