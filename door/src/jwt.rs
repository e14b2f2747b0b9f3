//! JWTs that wallets and those who vouch for them bring, and one that the door signs itself
//! (RFC 7515, 7.1). ES256 alone. A header has the members that are named here and no others: a text
//! that says more than is understood proves nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use zerotrip_certificates::HolderKey;
use zerotrip_certificates::sdjwt::CompactJws;
use zerotrip_trust::digest::sha256;
use zerotrip_trust::keys::{KeyError, PublicKey, SigningKey};

use crate::bounds::JWT_CHARS;

/// A JWT that was read: nothing in it is verified yet.
#[derive(Clone, Debug)]
pub(crate) struct Read(CompactJws);

/// A proof that verified under the key in its own header.
#[derive(Clone, Debug)]
pub(crate) struct Proven {
    pub(crate) key: HolderKey,
    pub(crate) claims: Map<String, Value>,
}

/// Reads one of this type, whose header has these members beside `alg` and `typ`.
pub(crate) fn read(text: &str, typ: &str, members: &[&str]) -> Option<Read> {
    if text.len() > JWT_CHARS {
        return None;
    }
    let jws = CompactJws::parse(text).ok()?;
    let is = |name: &str, value: &str| jws.header.get(name).and_then(Value::as_str) == Some(value);
    let fits = jws.header.len() == 2 + members.len()
        && members.iter().all(|name| jws.header.contains_key(*name))
        && is("alg", "ES256")
        && is("typ", typ);
    fits.then_some(Read(jws))
}

impl Read {
    /// A member of the header.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.0.header.get(name)
    }

    /// The key in the header.
    pub(crate) fn key(&self) -> Option<HolderKey> {
        HolderKey::read(&self.member("jwk")?.to_string()).ok()
    }

    /// What it says, once this key signed it.
    pub(crate) fn signed_by(self, key: &PublicKey) -> Option<Map<String, Value>> {
        self.0.verify(key).ok()?;
        Some(self.0.payload)
    }

    /// The same with a holder's key, and where all that it says is among the known.
    pub(crate) fn proven_by(self, key: HolderKey, known: &[&str]) -> Option<Proven> {
        let claims = self.signed_by(key.key())?;
        claims.keys().all(|name| known.contains(&name.as_str())).then_some(Proven { key, claims })
    }
}

/// Reads and verifies one of this type by the key in its header, whose claims are all among the
/// known.
pub(crate) fn prove(text: &str, typ: &str, known: &[&str]) -> Option<Proven> {
    let read = read(text, typ, &["jwk"])?;
    let key = read.key()?;
    read.proven_by(key, known)
}

impl Proven {
    /// A claim that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whether it was made now.
    pub(crate) fn is_of(&self, now: SystemTime, life: Duration, skew: Duration) -> bool {
        is_of(&self.claims, now, life, skew)
    }
}

/// Whether it was made now: `iat` at most `life` ago, and `exp` and `nbf`, where they are there,
/// hold.
pub(crate) fn is_of(
    claims: &Map<String, Value>,
    now: SystemTime,
    life: Duration,
    skew: Duration,
) -> bool {
    let is_recent = |made: u64| seconds(now) <= made.saturating_add(life.as_secs());
    claims.get("iat").and_then(Value::as_u64).is_some_and(is_recent) && holds(claims, now, skew)
}

/// Whether none of the times that it has, `iat`, `nbf` and `exp`, says that it does not hold.
pub(crate) fn holds(claims: &Map<String, Value>, now: SystemTime, skew: Duration) -> bool {
    let now = seconds(now);
    let holds = |name: &str, holds: &dyn Fn(u64) -> bool| match claims.get(name) {
        None => true,
        Some(time) => time.as_u64().is_some_and(holds),
    };
    let has_come = |time: u64| time <= now.saturating_add(skew.as_secs());
    holds("iat", &has_come) && holds("nbf", &has_come) && holds("exp", &|ends| now < ends)
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
    CompactJws::sign(key, &header, payload)
}

/// Whole seconds since 1970.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
