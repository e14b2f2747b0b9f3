//! Disclosures: `[salt, name, value]`, encoded, each referred to by its digest.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use zerotrip_text::cut;
use zerotrip_trust::digest::{self, Digest, RandomError, sha256};
use zerotrip_trust::json::value as json_value;

use super::error::{SdJwtError, in_place};

/// Claims that are never selectively disclosable: without them the rest cannot be judged (SD-JWT
/// VC, 3.2.2.2, and `iat`, by which we find the key).
const ALWAYS_SHOWN: [&str; 7] = ["iss", "iat", "nbf", "exp", "cnf", "vct", "status"];

#[derive(Clone, Debug)]
pub(super) struct Disclosure {
    pub(super) encoded: String,
    pub(super) name: String,
    pub(super) value: Value,
}

/// A disclosure, encoded, with a salt of 128 bits.
pub fn disclosure(name: &str, value: &Value) -> Result<String, RandomError> {
    Ok(disclosure_salted(&digest::random::<16>()?, name, value))
}

/// The same with this salt.
pub(crate) fn disclosure_salted(salt: &[u8; 16], name: &str, value: &Value) -> String {
    let salt = URL_SAFE_NO_PAD.encode(salt);
    URL_SAFE_NO_PAD.encode(json!([salt, name, value]).to_string())
}

/// What a disclosure is referred to by.
pub fn digest_of(disclosure: &str) -> Digest {
    sha256(disclosure.as_bytes())
}

/// Name and value of a disclosure of any certificate.
pub fn opened(disclosure: &str) -> Result<(String, Value), SdJwtError> {
    const PLACE: &str = "disclosure";
    let bytes = URL_SAFE_NO_PAD.decode(disclosure).map_err(|_| SdJwtError::Base64(PLACE))?;
    let Value::Array(parts) = json_value(&bytes).map_err(|error| in_place(PLACE, error))? else {
        return Err(SdJwtError::DisclosureShape);
    };
    let Ok([Value::String(_salt), Value::String(name), value]) = <[Value; 3]>::try_from(parts)
    else {
        return Err(SdJwtError::DisclosureShape);
    };
    Ok((name, value))
}

pub(super) fn disclosure_digest(encoded: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest_of(encoded))
}

pub(super) fn read_disclosures(
    payload: &Map<String, Value>,
    encoded: &[&str],
) -> Result<Vec<Disclosure>, SdJwtError> {
    let algorithm =
        payload.get("_sd_alg").and_then(Value::as_str).ok_or(SdJwtError::Missing("_sd_alg"))?;
    if algorithm != "sha-256" {
        return Err(SdJwtError::WrongDigestAlgorithm(cut(algorithm)));
    }
    let list = payload.get("_sd").and_then(Value::as_array).ok_or(SdJwtError::Missing("_sd"))?;
    let mut digests = HashSet::new();
    for digest in list {
        if !digests.insert(digest.as_str().ok_or(SdJwtError::Missing("_sd"))?) {
            return Err(SdJwtError::DigestTwice);
        }
    }
    for (name, value) in
        payload.iter().filter(|(name, _)| !["_sd", "_sd_alg"].contains(&name.as_str()))
    {
        refuse_reserved(name)?;
        refuse_reserved_inside(value)?;
    }
    let mut disclosures: Vec<Disclosure> = Vec::new();
    for encoded in encoded {
        let disclosure = read_disclosure(encoded)?;
        if disclosures.iter().any(|other| other.encoded == disclosure.encoded) {
            return Err(SdJwtError::DisclosedTwice);
        }
        if !digests.contains(disclosure_digest(encoded).as_str()) {
            return Err(SdJwtError::Unreferenced);
        }
        if payload.contains_key(&disclosure.name)
            || disclosures.iter().any(|other| other.name == disclosure.name)
        {
            return Err(SdJwtError::NameCollision(cut(&disclosure.name)));
        }
        disclosures.push(disclosure);
    }
    Ok(disclosures)
}

fn read_disclosure(encoded: &str) -> Result<Disclosure, SdJwtError> {
    let (name, value) = opened(encoded)?;
    refuse_reserved(&name)?;
    if name == "_sd_alg" || ALWAYS_SHOWN.contains(&name.as_str()) {
        return Err(SdJwtError::ReservedName(name));
    }
    refuse_reserved_inside(&value)?;
    Ok(Disclosure { encoded: encoded.to_owned(), name, value })
}

/// Nested disclosures are not used here. Another reader could take what looks like one for one.
fn refuse_reserved(name: &str) -> Result<(), SdJwtError> {
    if name == "_sd" || name == "..." {
        Err(SdJwtError::ReservedName(name.to_owned()))
    } else {
        Ok(())
    }
}

fn refuse_reserved_inside(value: &Value) -> Result<(), SdJwtError> {
    match value {
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            refuse_reserved(name)?;
            refuse_reserved_inside(value)
        }),
        Value::Array(parts) => parts.iter().try_for_each(refuse_reserved_inside),
        _ => Ok(()),
    }
}
