//! A JWK set (RFC 7517) as the authority publishes it: the least that a verifier needs who trusts a
//! file and asks no hub.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zerotrip_proto::v1::KeyUsage;
use zerotrip_trust::directory::{JWK_USAGE as USAGE, Why};
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{Algorithm, PublicKey};

use super::evidence::{HubKeys, Moment};
use crate::sdjwt;

/// Largest file that is looked at, in bytes.
const FILE_BYTES: usize = 4 << 20;

/// Keys that seal certificates, and those of hubs that answered, each with its holder and validity.
#[derive(Clone, Debug)]
pub struct JwkSet(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    issuer: String,
    usage: KeyUsage,
    key: PublicKey,
    not_before: SystemTime,
    not_after: SystemTime,
    revoked_at: Option<SystemTime>,
}

/// Why a file is not such a set, or a key of it does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkSetError {
    /// Not JSON, a member twice, too large, or without `keys`.
    #[error("not a JWK set of the authority: {0}; fetch `jwks.json` from the authority again")]
    Malformed(&'static str),
    /// A member of a key is wrong.
    #[error(
        "key {at} of the set: `{member}` is missing or wrong; fetch `jwks.json` from the \
         authority again"
    )]
    Member {
        /// Counted from 1.
        at: usize,
        member: &'static str,
    },
    /// One key twice.
    #[error("key {0} of the set appears twice")]
    Twice(usize),
    /// It names no holder.
    #[error(
        "the set holds no key `{0}`; fetch the newest `jwks.json`, or the certificate is not this \
         authority's"
    )]
    Unknown(String),
    /// Outside its validity at the time of issue.
    #[error("the key `{0}` was not valid, or already revoked, when the certificate was issued")]
    NotValidThen(String),
}

impl JwkSet {
    /// Reads a set. Keys of other kinds than P-256 and Ed25519, and of no usage here, are passed
    /// over (RFC 7517, 5); a damaged key is refused with the whole set.
    pub fn parse(text: &str) -> Result<Self, JwkSetError> {
        if text.len() > FILE_BYTES {
            return Err(JwkSetError::Malformed("too large"));
        }
        let set = sdjwt::object(text.as_bytes())
            .map_err(|_| JwkSetError::Malformed("not JSON, or a member appears twice"))?;
        let keys =
            set.get("keys").and_then(Value::as_array).ok_or(JwkSetError::Malformed("no `keys`"))?;
        let mut entries: Vec<Entry> = Vec::new();
        for (at, value) in (1..).zip(keys) {
            let members = value.as_object().ok_or(JwkSetError::Member { at, member: "keys" })?;
            let said = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
            let algorithm = match (said("kty"), said("crv")) {
                ("EC", "P-256") => Algorithm::Es256,
                ("OKP", "Ed25519") => Algorithm::Ed25519,
                _ => continue,
            };
            let usage = match (members.get(USAGE).map(Value::as_str), algorithm) {
                (None, Algorithm::Es256) => KeyUsage::Seal,
                (Some(Some("sign")), _) => KeyUsage::Sign,
                (Some(Some("checkpoint")), _) => KeyUsage::Checkpoint,
                _ => continue,
            };
            let entry = read(members, algorithm, usage)
                .map_err(|member| JwkSetError::Member { at, member })?;
            if entries.iter().any(|other| other.key == entry.key) {
                return Err(JwkSetError::Twice(at));
            }
            entries.push(entry);
        }
        Ok(Self(entries))
    }

    /// The sealing key of that id and its holder, valid at the time of issue.
    pub(super) fn key_as_of(
        &self,
        id: &str,
        at: SystemTime,
    ) -> Result<(&str, &PublicKey), JwkSetError> {
        let short: String = id.chars().take(64).collect();
        let entry =
            self.0.iter().find(|entry| entry.key.id() == id && entry.usage == KeyUsage::Seal);
        let entry = entry.ok_or_else(|| JwkSetError::Unknown(short.clone()))?;
        if entry.valid_at(at).is_err() {
            return Err(JwkSetError::NotValidThen(short));
        }
        Ok((&entry.issuer, &entry.key))
    }
}

impl Entry {
    fn valid_at(&self, at: SystemTime) -> Result<(), Why> {
        match at {
            at if self.revoked_at.is_some_and(|revoked| at >= revoked) => Err(Why::Revoked),
            at if at < self.not_before => Err(Why::NotYetValid),
            at if at >= self.not_after => Err(Why::Expired),
            _ => Ok(()),
        }
    }
}

/// A published set is kept evidence's: it says of no key whether its holder may act now.
impl HubKeys for JwkSet {
    fn signer(
        &self,
        keyid: &str,
        _moment: Moment,
        at: SystemTime,
    ) -> Result<(String, bool, PublicKey), Why> {
        let entry = self.0.iter().find(|entry| entry.key.id() == keyid).ok_or(Why::Unknown)?;
        if entry.usage != KeyUsage::Sign {
            return Err(Why::WrongUsage);
        }
        entry.valid_at(at)?;
        Ok((entry.issuer.clone(), is_hub(&entry.issuer), entry.key.clone()))
    }

    fn head_keys(&self, hub: &str, _moment: Moment, at: SystemTime) -> Vec<PublicKey> {
        let of = |entry: &&Entry| {
            entry.usage == KeyUsage::Checkpoint && entry.issuer == hub && entry.valid_at(at).is_ok()
        };
        self.0.iter().filter(of).map(|entry| entry.key.clone()).collect()
    }
}

fn is_hub(uri: &str) -> bool {
    uri.parse::<Identity>().is_ok_and(|identity| identity.is_hub())
}

fn read(
    members: &Map<String, Value>,
    algorithm: Algorithm,
    usage: KeyUsage,
) -> Result<Entry, &'static str> {
    let text = |name: &'static str| members.get(name).and_then(Value::as_str).ok_or(name);
    let coordinate = |name: &'static str| {
        let bytes = URL_SAFE_NO_PAD.decode(text(name)?).map_err(|_| name)?;
        if bytes.len() == 32 { Ok(bytes) } else { Err(name) }
    };
    let time = |name: &'static str, value: &Value| -> Result<SystemTime, &'static str> {
        const YEAR_10000: u64 = 253_402_300_800;
        let seconds = value.as_u64().filter(|seconds| *seconds < YEAR_10000).ok_or(name)?;
        Ok(UNIX_EPOCH + Duration::from_secs(seconds))
    };
    let (name, bytes) = match algorithm {
        Algorithm::Es256 => ("ES256", [vec![4], coordinate("x")?, coordinate("y")?].concat()),
        Algorithm::Ed25519 => ("EdDSA", coordinate("x")?),
    };
    if text("alg")? != name {
        return Err("alg");
    }
    let key = PublicKey::new(algorithm, &bytes).map_err(|_| "x")?;
    if text("kid")? != key.id() {
        return Err("kid");
    }
    Ok(Entry {
        issuer: text("iss")?.to_owned(),
        usage,
        key,
        not_before: time("nbf", members.get("nbf").ok_or("nbf")?)?,
        not_after: time("exp", members.get("exp").ok_or("exp")?)?,
        revoked_at: members.get("revoked_at").map(|value| time("revoked_at", value)).transpose()?,
    })
}
