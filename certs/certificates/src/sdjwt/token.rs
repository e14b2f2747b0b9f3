//! A token: read, presented with fewer disclosures, verified.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_text::cut;
use zerotrip_trust::digest::{Digest, sha256};
use zerotrip_trust::keys::{Algorithm, PublicKey};

use super::bounds::{DISCLOSURES, TOKEN_BYTES, TYP};
use super::disclosure::{Disclosure, read_disclosures};
use super::error::{SdJwtError, in_place};
use super::json::object;

/// A token that was read: its shape is right, each of its disclosures fits, and **nothing in it
/// is verified** before [`SdJwt::verify`].
#[derive(Clone, Debug)]
pub struct SdJwt {
    jwt: String,
    algorithm: String,
    key_id: String,
    payload: Map<String, Value>,
    signature: Vec<u8>,
    disclosures: Vec<Disclosure>,
}

/// The claims of a verified token.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// What every reader sees.
    pub plain: Map<String, Value>,
    /// What this holder chose to show.
    pub disclosed: Map<String, Value>,
    /// How many disclosures the seal refers to beside those.
    pub withheld: usize,
    /// What the seal refers to, shown or not, in its order.
    pub digests: Vec<Digest>,
}

impl SdJwt {
    /// Reads a token and checks all that needs neither key nor clock.
    pub fn parse(text: &str) -> Result<Self, SdJwtError> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.len() > TOKEN_BYTES {
            return Err(SdJwtError::TooLarge(text.len()));
        }
        let mut parts = text.split('~');
        let (Some(jwt), Some(last)) = (parts.next(), parts.next_back()) else {
            return Err(SdJwtError::NotCompact);
        };
        if !last.is_empty() {
            return Err(SdJwtError::KeyBinding);
        }
        let encoded: Vec<&str> = parts.collect();
        if encoded.len() > DISCLOSURES {
            return Err(SdJwtError::TooManyDisclosures(encoded.len()));
        }
        let mut segments = jwt.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(SdJwtError::NotCompact);
        };
        let (algorithm, key_id) = read_header(&members("header", header)?)?;
        let payload = members("payload", payload)?;
        let signature =
            URL_SAFE_NO_PAD.decode(signature).map_err(|_| SdJwtError::Base64("signature"))?;
        let disclosures = read_disclosures(&payload, &encoded)?;
        Ok(Self { jwt: jwt.to_owned(), algorithm, key_id, payload, signature, disclosures })
    }

    /// The key that the header names: to look it up with.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The issuer as the unverified payload has it: to look the key up with.
    pub fn claimed_issuer(&self) -> Result<&str, SdJwtError> {
        self.payload.get("iss").and_then(Value::as_str).ok_or(SdJwtError::Missing("iss"))
    }

    /// The time of issue as the unverified payload has it: to look the key up with.
    pub fn claimed_issue(&self) -> Result<SystemTime, SdJwtError> {
        time(&self.payload, "iat")
    }

    /// The issuer-signed part, without disclosures.
    pub fn jwt(&self) -> &str {
        &self.jwt
    }

    /// SHA-256 over the ASCII bytes of the issuer-signed part: the same for every presentation of
    /// one certificate.
    pub fn digest(&self) -> Digest {
        sha256(self.jwt.as_bytes())
    }

    /// Names of the claims that can be left out.
    pub fn disclosed_names(&self) -> impl Iterator<Item = &str> {
        self.disclosures.iter().map(|disclosure| disclosure.name.as_str())
    }

    /// Names and encodings of what is disclosed.
    pub fn disclosures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.disclosures
            .iter()
            .map(|disclosure| (disclosure.name.as_str(), disclosure.encoded.as_str()))
    }

    /// The same certificate with these disclosures only.
    pub fn present(&self, keep: &[&str]) -> Result<Self, SdJwtError> {
        if let Some(unknown) =
            keep.iter().find(|name| !self.disclosed_names().any(|known| known == **name))
        {
            return Err(SdJwtError::NotDisclosed((*unknown).to_owned()));
        }
        let disclosures = self
            .disclosures
            .iter()
            .filter(|disclosure| keep.contains(&disclosure.name.as_str()))
            .cloned()
            .collect();
        Ok(Self { disclosures, ..self.clone() })
    }

    /// The claims, once the seal is `key`'s and the token holds at `now`; `accepts` says which
    /// `vct` is accepted.
    pub fn verify(
        &self,
        key: &PublicKey,
        now: SystemTime,
        accepts: impl FnOnce(&str) -> bool,
    ) -> Result<Claims, SdJwtError> {
        if key.algorithm() != Algorithm::Es256 {
            return Err(SdJwtError::WrongKeyKind(key.id().to_owned()));
        }
        if self.algorithm != "ES256" {
            return Err(SdJwtError::WrongAlgorithm(cut(&self.algorithm)));
        }
        if self.key_id != key.id() {
            return Err(SdJwtError::WrongKey {
                expected: key.id().to_owned(),
                found: cut(&self.key_id),
            });
        }
        let signed =
            self.jwt.rsplit_once('.').map(|(signed, _)| signed).ok_or(SdJwtError::NotCompact)?;
        key.verify(signed.as_bytes(), &self.signature).map_err(|_| SdJwtError::BadSignature)?;
        let issued = time(&self.payload, "iat")?;
        let begins = time(&self.payload, "nbf")?;
        let ends = time(&self.payload, "exp")?;
        if ends <= begins || ends <= issued {
            return Err(SdJwtError::BadTimes);
        }
        if issued.max(begins) > now + CLOCK_SKEW {
            return Err(SdJwtError::NotYetValid);
        }
        if now >= ends {
            return Err(SdJwtError::Expired);
        }
        let vct =
            self.payload.get("vct").and_then(Value::as_str).ok_or(SdJwtError::Missing("vct"))?;
        if !accepts(vct) {
            return Err(SdJwtError::WrongVct(cut(vct)));
        }
        let mut plain = self.payload.clone();
        let list =
            plain.get("_sd").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let digest =
            |value: &Value| Digest::try_from(URL_SAFE_NO_PAD.decode(value.as_str()?).ok()?).ok();
        let digests = list
            .iter()
            .map(digest)
            .collect::<Option<Vec<_>>>()
            .ok_or(SdJwtError::Missing("_sd"))?;
        plain.remove("_sd");
        plain.remove("_sd_alg");
        let disclosed = self
            .disclosures
            .iter()
            .map(|disclosure| (disclosure.name.clone(), disclosure.value.clone()))
            .collect();
        Ok(Claims {
            plain,
            disclosed,
            withheld: digests.len().saturating_sub(self.disclosures.len()),
            digests,
        })
    }
}

impl fmt::Display for SdJwt {
    /// The compact serialisation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~", self.jwt)?;
        self.disclosures.iter().try_for_each(|disclosure| write!(f, "{}~", disclosure.encoded))
    }
}

/// A time claim, in whole seconds since 1970.
pub(crate) fn time(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<SystemTime, SdJwtError> {
    const YEAR_10000: u64 = 253_402_300_800;
    let seconds = claims.get(name).and_then(Value::as_u64).filter(|seconds| *seconds < YEAR_10000);
    seconds
        .map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds))
        .ok_or(SdJwtError::Missing(name))
}

fn read_header(header: &Map<String, Value>) -> Result<(String, String), SdJwtError> {
    if let Some(name) = header.keys().find(|name| !["alg", "typ", "kid"].contains(&name.as_str())) {
        return Err(SdJwtError::HeaderMember(cut(name)));
    }
    let text = |name: &'static str| {
        header.get(name).and_then(Value::as_str).ok_or(SdJwtError::Missing(name))
    };
    let typ = text("typ")?;
    if typ != TYP {
        return Err(SdJwtError::WrongType(cut(typ)));
    }
    Ok((text("alg")?.to_owned(), text("kid")?.to_owned()))
}

fn members(place: &'static str, encoded: &str) -> Result<Map<String, Value>, SdJwtError> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| SdJwtError::Base64(place))?;
    object(&bytes).map_err(|error| in_place(place, error))
}
