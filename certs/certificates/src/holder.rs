//! The key of the person who holds a certificate: the claim `cnf` (RFC 7800, 3.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use zerotrip_text::cut;
use zerotrip_trust::keys::{Algorithm, PublicKey};

use crate::sdjwt;

/// A holder's public key: P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderKey(PublicKey);

/// Why a text is no holder's key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolderKeyError {
    /// Not an object of JSON.
    #[error("it is not a JSON Web Key")]
    Syntax,
    /// The secret half is in it.
    #[error("it has the private key in it, which no one but its holder may have")]
    Private,
    /// A member that such a key does not have.
    #[error("it has the member `{0}`, which such a key does not have here")]
    Surplus(String),
    /// Not a point of P-256.
    #[error("it is not a public P-256 key: `kty` EC, `crv` P-256, `x`, `y`")]
    NotP256,
}

impl HolderKey {
    /// Reads a JSON Web Key as a holder brings it.
    pub fn read(jwk: &str) -> Result<Self, HolderKeyError> {
        let members = sdjwt::object(jwk.as_bytes()).map_err(|_| HolderKeyError::Syntax)?;
        if members.contains_key("d") {
            return Err(HolderKeyError::Private);
        }
        let is = |name: &str, value: &str| members.get(name).is_none_or(|found| found == value);
        let known = ["kty", "crv", "x", "y", "alg", "use", "kid"];
        if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(HolderKeyError::Surplus(cut(name)));
        }
        let key = point(&members).filter(|_| is("alg", "ES256") && is("use", "sig"));
        key.ok_or(HolderKeyError::NotP256)
    }

    /// Reads the claim: one key, and nothing else.
    pub fn of_claim(claim: &Value) -> Option<Self> {
        let claim = claim.as_object().filter(|claim| claim.len() == 1)?;
        point(claim.get("jwk")?.as_object().filter(|jwk| jwk.len() == 4)?)
    }

    /// The claim.
    pub fn to_claim(&self) -> Value {
        let text =
            |from, to| URL_SAFE_NO_PAD.encode(self.0.bytes().get(from..to).unwrap_or_default());
        json!({ "jwk": { "kty": "EC", "crv": "P-256", "x": text(1, 33), "y": text(33, 65) } })
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.0
    }
}

fn point(jwk: &Map<String, Value>) -> Option<HolderKey> {
    let text = |name: &str| jwk.get(name)?.as_str();
    let coordinate =
        |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok().filter(|bytes| bytes.len() == 32);
    let is_p256 = text("kty") == Some("EC") && text("crv") == Some("P-256");
    let bytes = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    is_p256.then(|| PublicKey::new(Algorithm::Es256, &bytes).ok()).flatten().map(HolderKey)
}
