//! By which keys a certificate is asked for (OpenID4VCI 1.0, 8.2 and appendix F): proofs that the
//! wallet has each of them, or an attester's word on them. Where the operator demands that keys are
//! attested, one attestation is for all of them.

use std::collections::BTreeSet;
use std::time::SystemTime;

use serde_json::Value;
use zerotrip_certificates::HolderKey;

use super::attestation::{AttestedKeys, Attesters, Place};
use crate::bounds::{PROOF_LIFE, PROOF_SKEW};
use crate::http::Refused;
use crate::jwt::{self, Proven, thumbprint};

/// The media type of a proof.
const TYP: &str = "openid4vci-proof+jwt";

/// Keys that were proven, and the nonces that prove that it was now.
#[derive(Debug)]
pub(crate) struct Proofs {
    /// Different ones, at least one. Their order is that of their thumbprints, so that the same
    /// keys are the same however they come.
    pub(crate) keys: Vec<HolderKey>,
    /// Not taken back yet.
    pub(crate) nonces: BTreeSet<String>,
}

/// For whom proofs are, and what is demanded of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand<'a> {
    pub(crate) issuer: &'a str,
    /// The wallet that the token was given to, where it was authenticated.
    pub(crate) client: Option<&'a str>,
    /// Most keys.
    pub(crate) most: usize,
    pub(crate) attesters: Option<&'a Attesters>,
}

/// The keys of `proofs`.
pub(crate) fn read(
    proofs: Option<&Value>,
    demand: Demand<'_>,
    now: SystemTime,
) -> Result<Proofs, Refused> {
    let members = proofs.and_then(Value::as_object).filter(|proofs| proofs.len() == 1);
    let (kind, list) = members
        .and_then(|proofs| proofs.iter().next())
        .and_then(|(kind, list)| Some((kind.as_str(), list.as_array()?.as_slice())))
        .filter(|(_, list)| !list.is_empty())
        .ok_or_else(|| bad("proofs must be an object with a list of one kind"))?;
    if list.len() > demand.most {
        return Err(too_many());
    }
    let texts = list.iter().map(Value::as_str).collect::<Option<Vec<&str>>>();
    let texts = texts.ok_or_else(|| bad("a proof must be a JWT"))?;
    let (keys, nonces) = match (kind, demand.attesters, texts.as_slice()) {
        ("jwt", None, texts) => each(texts, demand, now)?,
        ("jwt", Some(attesters), [one]) => attested_proof(one, (demand, attesters), now)?,
        ("attestation", Some(attesters), [one]) => {
            let attested = attesters.keys(one, Place::Alone, now).ok_or_else(not_attested)?;
            (attested.keys, BTreeSet::from([attested.nonce]))
        }
        (_, Some(_), _) => return Err(bad("one attestation of all keys is needed")),
        (_, None, _) => return Err(bad("proofs of the kind jwt are taken here")),
    };
    in_order(keys, nonces, demand.most)
}

/// Each key by a proof of its own.
fn each(texts: &[&str], demand: Demand<'_>, now: SystemTime) -> Result<Found, Refused> {
    let (mut keys, mut nonces) = (Vec::new(), BTreeSet::new());
    for text in texts {
        let proven = jwt::read(text, TYP, &["jwk"]).and_then(|read| {
            let key = read.key()?;
            read.proven_by(key, &KNOWN)
        });
        let (key, nonce) = proven.and_then(|proven| of_now(proven, demand, now)).ok_or_else(|| {
            bad(
                "it is not an ES256 proof of now, for this issuer, with a nonce and a public P-256 \
                 key",
            )
        })?;
        keys.push(key);
        nonces.insert(nonce);
    }
    Ok((keys, nonces))
}

type Found = (Vec<HolderKey>, BTreeSet<String>);

/// What a proof can say.
const KNOWN: [&str; 7] = ["iss", "aud", "iat", "nonce", "exp", "nbf", "jti"];

/// All keys of an attestation, by the proof of one of them: the one in the header (`jwk`), or by
/// its place in the attestation (`kid`).
fn attested_proof(
    text: &str,
    (demand, attesters): (Demand<'_>, &Attesters),
    now: SystemTime,
) -> Result<Found, Refused> {
    let read = jwt::read(text, TYP, &["jwk", "key_attestation"])
        .or_else(|| jwt::read(text, TYP, &["kid", "key_attestation"]))
        .ok_or_else(|| bad("it is not an ES256 proof with an attestation of its key"))?;
    let attestation = read.member("key_attestation").and_then(Value::as_str);
    let AttestedKeys { keys, nonce } = attestation
        .and_then(|text| attesters.keys(text, Place::Proof, now))
        .ok_or_else(not_attested)?;
    let named = match read.member("kid") {
        None => read.key().filter(|key| keys.contains(key)),
        Some(place) => place.as_str().and_then(|text| {
            let place: usize = text.parse().ok()?;
            keys.get(place).filter(|_| place.to_string() == text).cloned()
        }),
    };
    let proven = named.and_then(|key| read.proven_by(key, &KNOWN));
    let (_, own) = proven.and_then(|proven| of_now(proven, demand, now)).ok_or_else(|| {
        bad("it is not a proof of now, for this issuer, with a nonce and by an attested key")
    })?;
    Ok((keys, BTreeSet::from([own, nonce])))
}

/// Key and nonce of a proof that is for this issuer, by this client and of now.
fn of_now(proven: Proven, demand: Demand<'_>, now: SystemTime) -> Option<(HolderKey, String)> {
    let is_by = match (demand.client, proven.claims.get("iss")) {
        (Some(client), Some(iss)) => iss == client,
        (_, _) => true,
    };
    let holds = proven.text("aud") == Some(demand.issuer)
        && is_by
        && proven.is_of(now, PROOF_LIFE, PROOF_SKEW);
    let nonce = proven.text("nonce").filter(|_| holds)?.to_owned();
    Some((proven.key, nonce))
}

fn in_order(
    keys: Vec<HolderKey>,
    nonces: BTreeSet<String>,
    most: usize,
) -> Result<Proofs, Refused> {
    if keys.len() > most {
        return Err(too_many());
    }
    let count = keys.len();
    let named = keys.into_iter().map(|key| (thumbprint(&key), key));
    let named: std::collections::BTreeMap<String, HolderKey> = named.collect();
    if named.len() != count {
        return Err(bad("each key comes once: a copy is bound to a key of its own"));
    }
    Ok(Proofs { keys: named.into_values().collect(), nonces })
}

fn bad(why: &'static str) -> Refused {
    Refused::bad("invalid_proof", why)
}

fn not_attested() -> Refused {
    bad("the keys are not attested: by whom, how they are kept, or until when is not as needed")
}

fn too_many() -> Refused {
    Refused::bad("invalid_credential_request", "more keys than batch_size of the metadata says")
}
