//! A JWT by which a wallet proves to have the key in its header, and one that the door signs itself
//! (RFC 7515, 7.1). ES256 alone. The header has the members that are named here and no others: a
//! text that says more than is understood proves nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use zerotrip_certificates::HolderKey;
use zerotrip_certificates::sdjwt;
use zerotrip_trust::digest::sha256;
use zerotrip_trust::keys::{KeyError, SigningKey};

use crate::bounds::PROOF_CHARS;

/// A proof that verified under the key in its own header.
#[derive(Clone, Debug)]
pub(crate) struct Proven {
    pub(crate) key: HolderKey,
    pub(crate) claims: Map<String, Value>,
}

/// Reads and verifies one of this type, whose claims are all among the known.
pub(crate) fn prove(text: &str, typ: &str, known: &[&str]) -> Option<Proven> {
    if text.len() > PROOF_CHARS {
        return None;
    }
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header = members(header)?;
    let is = |name: &str, value: &str| header.get(name).and_then(Value::as_str) == Some(value);
    if header.len() != 3 || !is("alg", "ES256") || !is("typ", typ) {
        return None;
    }
    let key = HolderKey::read(&header.get("jwk")?.to_string()).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    key.key().verify(signed.as_bytes(), &signature).ok()?;
    let claims = members(payload)?;
    claims.keys().all(|name| known.contains(&name.as_str())).then_some(Proven { key, claims })
}

impl Proven {
    /// A claim that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whether it was made now: `iat` at most `life` ago, and `exp` and `nbf`, where they are
    /// there, hold.
    pub(crate) fn is_of(&self, now: SystemTime, life: Duration, skew: Duration) -> bool {
        let now = seconds(now);
        let time = |name: &str| self.claims.get(name).map(Value::as_u64);
        let Some(Some(made)) = time("iat") else { return false };
        let holds = |name: &str, holds: &dyn Fn(u64) -> bool| match time(name) {
            None => true,
            Some(time) => time.is_some_and(holds),
        };
        made <= now + skew.as_secs()
            && now <= made.saturating_add(life.as_secs())
            && holds("exp", &|ends| now < ends)
            && holds("nbf", &|begins| begins <= now + skew.as_secs())
    }
}

fn members(encoded: &str) -> Option<Map<String, Value>> {
    sdjwt::object(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

/// The thumbprint of a key (RFC 7638).
pub(crate) fn thumbprint(key: &HolderKey) -> String {
    let bytes = key.key().bytes();
    let part = |from, to| URL_SAFE_NO_PAD.encode(bytes.get(from..to).unwrap_or_default());
    let text =
        format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, part(1, 33), part(33, 65));
    URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()))
}

/// Signs, with the key's certificate along.
pub(crate) fn sign(
    (key, leaf): (&SigningKey, &[u8]),
    typ: &str,
    payload: &Value,
) -> Result<String, KeyError> {
    let header = json!({ "alg": "ES256", "typ": typ, "x5c": [STANDARD.encode(leaf)] });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
    Ok(format!("{signed}.{signature}"))
}

/// Whole seconds since 1970.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
