//! What wallets send: JWTs that prove something, and answers that are encrypted.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zerotrip_certificates::HolderKey;
use zerotrip_certificates::sdjwt::CompactJws;
use zerotrip_trust::jwe::{ContentEncryption, OnceKey};
use zerotrip_trust::keys::{Algorithm, SigningKey};

fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(Algorithm::Es256).unwrap())
}

/// The bytes as a JWT, and what its header has as a holder's key.
pub fn jwt(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(jws) = CompactJws::parse(text) else { return false };
    assert_eq!(jws.text(), text);
    let key = jws.header.get("jwk").and_then(|jwk| HolderKey::read(&jwk.to_string()).ok());
    if let Some(key) = &key {
        let claim = key.to_claim();
        assert_eq!(HolderKey::of_claim(&claim).as_ref(), Some(key));
        assert!(claim["jwk"].get("d").is_none());
    }
    // What one key signed says what was signed: nobody else has that key.
    let is_signed = jws.verify(self::key().public()).is_ok();
    if is_signed {
        let signed = |text: &Vec<u8>| {
            text.rsplit(|byte| *byte == b'.').nth(1).is_some()
                && text[..text.iter().rposition(|byte| *byte == b'.').unwrap()]
                    == data[..data.iter().rposition(|byte| *byte == b'.').unwrap()]
        };
        assert!(jwt_seeds().iter().any(signed), "this was never signed");
    }
    is_signed || key.is_some()
}

pub fn jwt_seeds() -> Vec<Vec<u8>> {
    let jwk = key().public().to_jwk();
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": jwk["x"], "y": jwk["y"] });
    let header =
        |typ: &str, name: &str, value: Value| json!({ "alg": "ES256", "typ": typ, name: value });
    let proof = json!({ "aud": "https://a.example", "iat": 1_764_000_000, "nonce": "n" });
    let attested = json!({ "iat": 1_764_000_000, "attested_keys": [jwk], "nonce": "n" });
    let texts = [
        (header("openid4vci-proof+jwt", "jwk", jwk.clone()), proof),
        (header("key-attestation+jwt", "x5c", json!(["MIIB"])), attested),
        (json!({ "alg": "ES256", "typ": "kb+jwt" }), json!({ "aud": "a", "sd_hash": "h" })),
    ];
    let sign =
        |(header, payload): &(Value, Value)| CompactJws::sign(key(), header, payload).unwrap();
    texts.iter().map(sign).map(String::into_bytes).collect()
}

/// The bytes as a whole message; the text in one, which a wallet encrypts for a key that opens it;
/// and, line by line, as the parts of one.
pub fn jwe(data: &[u8]) -> bool {
    let once = || OnceKey::generate().unwrap();
    let text = String::from_utf8_lossy(data);
    let parts: Vec<String> =
        data.split(|byte| *byte == b'\n').map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
    for encryption in ContentEncryption::ALL {
        let (verifier, wallet) = (once(), once());
        let sender = wallet.public().to_vec();
        let header = format!("{{\"alg\":\"ECDH-ES\",\"enc\":\"{}\"}}", encryption.name());
        let to = verifier.public().to_vec();
        let sealed = wallet.seal(data, &to, (encryption, header.as_bytes()), (b"", b"")).unwrap();
        let opened = verifier.open(&sealed, encryption, &sender, (b"", b""));
        assert_eq!(opened.ok().as_deref(), Some(data));
        // Nobody encrypted these for a key that is of now.
        for text in [text.as_ref(), &parts.join(".")] {
            assert!(once().open(text, encryption, &sender, (b"", b"")).is_err(), "{text}");
        }
        let foreign = once().open(&sealed, encryption, data, (b"", b""));
        assert!(foreign.is_err());
    }
    serde_json::from_slice::<Value>(data).is_ok()
}

pub fn jwe_seeds() -> Vec<Vec<u8>> {
    let answer = json!({ "vp_token": { "certificate": ["a~b~c"] }, "state": "s" });
    let header = json!({ "alg": "ECDH-ES", "enc": "A256GCM", "kid": "answer", "epk": {} });
    let parts = format!("{header}\n\n{}\n{answer}\n{}", "i".repeat(12), "t".repeat(16));
    vec![answer.to_string().into_bytes(), parts.into_bytes()]
}
