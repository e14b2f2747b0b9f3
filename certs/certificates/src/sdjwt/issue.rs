//! Signing a token.

use serde_json::{Map, Value};
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::x509::CertificateDer;

use super::bounds::TYP;
use super::disclosure::{disclosure, disclosure_digest};
use super::error::SdJwtError;
use super::jws::Jws;
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
    issue_certified((key, None), plain, disclosable)
}

/// The same with the sealing key's certificate.
pub fn issue_certified(
    seal: (&SigningKey, Option<&CertificateDer<'_>>),
    plain: Map<String, Value>,
    disclosable: &[String],
) -> Result<SdJwt, SdJwtError> {
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
    let jws = Jws::sign(seal, TYP, payload)?;
    // What a verifier would refuse is refused here, before it is relied on.
    SdJwt::parse(&format!("{jws}~{tail}"))
}
