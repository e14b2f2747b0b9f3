//! A wallet as a test has it: keys, proofs, and calls that are as right or as wrong as is said.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zerotrip_trust::digest::sha256;
use zerotrip_trust::keys::{Algorithm, SigningKey};

use crate::http::path;
use crate::jwt::seconds;

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Came {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Came {
    pub(super) fn json(&self) -> Value {
        super::world::json_of(&self.body)
    }

    /// Status and error.
    pub(super) fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or_default().to_owned())
    }
}

/// Sends bytes to a door and reads until it closes.
pub(super) fn raw(door: &str, bytes: &[u8]) -> Came {
    let mut stream = TcpStream::connect(door.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // A door that has answered already may have closed.
    let _sent = stream.write_all(bytes);
    let mut came = Vec::new();
    let _read = stream.read_to_end(&mut came);
    let came = String::from_utf8_lossy(&came).into_owned();
    let (head, body) = came.split_once("\r\n\r\n").unwrap_or((&came, ""));
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
    Came { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// Calls a path.
pub(super) fn call(
    door: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Came {
    let host = door.strip_prefix("http://").unwrap();
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    raw(door, format!("{text}\r\n{body}").as_bytes())
}

/// A wallet with a key for calls and a key for the certificate.
pub(super) struct Wallet {
    pub(super) door: String,
    pub(super) calls: SigningKey,
    pub(super) holder: SigningKey,
}

/// The public half alone.
pub(super) fn jwk(key: &SigningKey) -> Value {
    let jwk = key.public().to_jwk();
    json!({ "kty": "EC", "crv": "P-256", "x": jwk["x"], "y": jwk["y"] })
}

/// Signs whatever header and payload.
pub(super) fn jwt(key: &SigningKey, header: &Value, payload: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

pub(super) fn now() -> u64 {
    seconds(SystemTime::now())
}

impl Wallet {
    pub(super) fn new(door: &str) -> Self {
        let key = || SigningKey::generate(Algorithm::Es256).unwrap();
        Self { door: door.to_owned(), calls: key(), holder: key() }
    }

    pub(super) fn dpop(&self, path: &str, token: Option<&str>) -> String {
        let header = json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": jwk(&self.calls) });
        let mut payload = json!({
            "jti": "1", "htm": "POST", "htu": format!("{}{path}", self.door), "iat": now(),
        });
        if let Some(token) = token {
            payload["ath"] = URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())).into();
        }
        jwt(&self.calls, &header, &payload)
    }

    pub(super) fn redeem(&self, code: &str, digits: Option<&str>) -> Came {
        let mut form = format!(
            "grant_type={}&pre-authorized_code={code}",
            path::encode("urn:ietf:params:oauth:grant-type:pre-authorized_code")
        );
        if let Some(digits) = digits {
            form.push_str(&format!("&tx_code={digits}"));
        }
        self.token(&form)
    }

    pub(super) fn token(&self, form: &str) -> Came {
        let dpop = self.dpop("/token", None);
        let headers =
            [("Content-Type", "application/x-www-form-urlencoded"), ("DPoP", dpop.as_str())];
        call(&self.door, ("POST", "/token"), &headers, form)
    }

    pub(super) fn nonce(&self) -> String {
        let came = call(&self.door, ("POST", "/nonce"), &[], "");
        came.json()["c_nonce"].as_str().unwrap().to_owned()
    }

    /// Header and payload of a good proof.
    pub(super) fn proof_parts(&self, nonce: &str) -> (Value, Value) {
        let header =
            json!({ "alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": jwk(&self.holder) });
        (header, json!({ "aud": self.door, "iat": now(), "nonce": nonce }))
    }

    pub(super) fn proof(&self) -> String {
        let (header, payload) = self.proof_parts(&self.nonce());
        jwt(&self.holder, &header, &payload)
    }

    pub(super) fn credential(&self, token: &str, body: &str) -> Came {
        let (dpop, bearer) = (self.dpop("/credential", Some(token)), format!("DPoP {token}"));
        let headers = [
            ("Content-Type", "application/json"),
            ("Authorization", bearer.as_str()),
            ("DPoP", dpop.as_str()),
        ];
        call(&self.door, ("POST", "/credential"), &headers, body)
    }
}

/// A request for a certificate with these proofs.
pub(super) fn asking(vct: &str, proofs: &[String]) -> String {
    json!({ "credential_configuration_id": vct, "proofs": { "jwt": proofs } }).to_string()
}
