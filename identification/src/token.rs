//! An ID token in its compact form, read and not verified: a JWS (RFC 7515, 7.1) whose header has
//! known members only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zerotrip_trust::jose::{JoseAlgorithm, JoseKey};
use zerotrip_trust::json::{JsonError, object};

use crate::Fault;

/// Longest token, in bytes.
pub const MOST_TOKEN: usize = 8 << 10;
/// Every number of seconds that is a time: before the year 10000.
const YEAR_10000: u64 = 253_402_300_800;

/// What was read: **nothing in it is verified** before its signature is.
#[derive(Clone, Debug)]
pub struct Token<'t> {
    signed: &'t str,
    signature: Vec<u8>,
    pub(crate) algorithm: JoseAlgorithm,
    pub(crate) key_id: String,
    claims: Map<String, Value>,
}

impl<'t> Token<'t> {
    /// Reads one.
    pub fn parse(text: &'t str) -> Result<Self, Fault> {
        if text.len() > MOST_TOKEN {
            return Err(Fault::TooLarge);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Fault::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(Fault::NotCompact)?;
        if payload.contains('.') {
            return Err(Fault::NotCompact);
        }
        let (algorithm, key_id) = read_header(&members(header)?)?;
        let claims = members(payload)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Fault::Base64)?;
        Ok(Self { signed, signature, algorithm, key_id, claims })
    }

    pub(crate) fn is_signed_with(&self, key: &JoseKey) -> bool {
        key.verifies(self.signed.as_bytes(), &self.signature)
    }

    /// A claim that is a text; `None` where there is no such claim.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, Fault> {
        let value = self.claims.get(name);
        value.map(|value| value.as_str().ok_or(Fault::Claim(name))).transpose()
    }

    /// The same of the claim that a provider's settings name.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A claim that is a time, in whole seconds (RFC 7519, 2: NumericDate).
    pub(crate) fn seconds(&self, name: &'static str) -> Result<Option<u64>, Fault> {
        let read = |value: &Value| {
            value.as_u64().filter(|seconds| *seconds < YEAR_10000).ok_or(Fault::Claim(name))
        };
        self.claims.get(name).map(read).transpose()
    }

    /// The one audience, as a text or a list of one.
    pub(crate) fn audience(&self) -> Result<&str, Fault> {
        let one = match self.claims.get("aud") {
            Some(Value::Array(all)) => match all.as_slice() {
                [one] => one,
                [] => return Err(Fault::Claim("aud")),
                // Whom else it was made for can send it too.
                _ => return Err(Fault::Audience),
            },
            Some(one) => one,
            None => return Err(Fault::Claim("aud")),
        };
        one.as_str().ok_or(Fault::Claim("aud"))
    }
}

fn read_header(header: &Map<String, Value>) -> Result<(JoseAlgorithm, String), Fault> {
    const KNOWN: [&str; 3] = ["alg", "kid", "typ"];
    // `crit`, `b64`, `jwk`, `jku`, `x5u` and `x5c` among them: nothing in a token says how, or with
    // which key, it is to be verified.
    if let Some(name) = header.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Fault::HeaderMember(name.clone()));
    }
    if header.get("typ").is_some_and(|typ| typ.as_str() != Some("JWT")) {
        return Err(Fault::Type);
    }
    let text = |name| header.get(name).and_then(Value::as_str).ok_or(Fault::Claim(name));
    let name = text("alg")?;
    let algorithm = JoseAlgorithm::read(name).ok_or_else(|| Fault::Algorithm(name.to_owned()))?;
    Ok((algorithm, text("kid")?.to_owned()))
}

fn members(encoded: &str) -> Result<Map<String, Value>, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| Fault::Base64)?;
    object(&bytes).map_err(|error| match error {
        JsonError::Twice(_) => Fault::Twice,
        JsonError::Syntax => Fault::Json,
    })
}
