//! Signing a token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use zerotrip_trust::keys::{Algorithm, SigningKey};

use super::bounds::TYP;
use super::disclosure::{disclosure, disclosure_digest};
use super::error::SdJwtError;
use super::token::SdJwt;

/// Signs: Every reader sees `plain`; each of `disclosable` can be left out later. The digests'
/// order reveals nothing.
pub fn issue(
    key: &SigningKey,
    plain: Map<String, Value>,
    disclosable: &[(&str, Value)],
) -> Result<SdJwt, SdJwtError> {
    let encoded = disclosable
        .iter()
        .map(|(name, value)| disclosure(name, value))
        .collect::<Result<Vec<_>, _>>()?;
    issue_encoded(key, plain, &encoded)
}

/// The same over disclosures that were made before.
pub fn issue_encoded(
    key: &SigningKey,
    plain: Map<String, Value>,
    disclosable: &[String],
) -> Result<SdJwt, SdJwtError> {
    if key.public().algorithm() != Algorithm::Es256 {
        return Err(SdJwtError::WrongKeyKind(key.id().to_owned()));
    }
    let mut digests = Vec::new();
    let mut tail = String::new();
    for encoded in disclosable {
        digests.push(disclosure_digest(encoded));
        tail.push_str(encoded);
        tail.push('~');
    }
    digests.sort();
    let mut payload = plain;
    for name in ["_sd", "_sd_alg"] {
        if payload.contains_key(name) {
            return Err(SdJwtError::ReservedName(name.to_owned()));
        }
    }
    payload.insert("_sd".to_owned(), digests.into());
    payload.insert("_sd_alg".to_owned(), "sha-256".into());
    let header = json!({ "alg": "ES256", "typ": TYP, "kid": key.id() });
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(Value::Object(payload).to_string())
    );
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
    // What a verifier would refuse is refused here, before it is relied on.
    SdJwt::parse(&format!("{signed}.{signature}~{tail}"))
}
