//! SD-JWT (RFC 9901) as SD-JWT VC uses it (draft-ietf-oauth-sd-jwt-vc, `dc+sd-jwt`): claims that a
//! holder may leave out without breaking the issuer's signature. ES256 only, digests by SHA-256, no
//! key binding, no decoys; every selectively disclosable claim is one of the top level.
//!
//! What common libraries silently drop or repair is refused here by name: a disclosure that nothing
//! refers to, two alike, a digest that stands twice, two members of one name, padding in base64.
//! The algorithm is that of the registered key, never the message's choice.

mod json;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zerotrip_text::cut;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_trust::digest::{self, Digest, RandomError, sha256};
use zerotrip_trust::keys::{Algorithm, KeyError, PublicKey, SigningKey};

pub(crate) use json::{JsonError, object};

/// Largest token that is looked at or made, in bytes.
pub const TOKEN_BYTES: usize = 64 << 10;
/// Most disclosures of a token.
pub const DISCLOSURES: usize = 64;
/// Media type of the header (SD-JWT VC, 3.2.1).
pub const TYP: &str = "dc+sd-jwt";

/// Claims that are never selectively disclosable: without them nobody could judge the rest (SD-JWT
/// VC, 3.2.2.2, and `iat`, by which we find the key).
const ALWAYS_SHOWN: [&str; 7] = ["iss", "iat", "nbf", "exp", "cnf", "vct", "status"];

/// Why a token counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdJwtError {
    /// Over 64 KiB.
    #[error("the token has {0} bytes, of at most {TOKEN_BYTES}")]
    TooLarge(usize),
    /// Over 64 disclosures.
    #[error("the token has {0} disclosures, of at most {DISCLOSURES}")]
    TooManyDisclosures(usize),
    /// Not `<header>.<payload>.<signature>~<disclosure>~…~`.
    #[error(
        "not a certificate file: it is of the form `<signed part>~<disclosure>~…~`; copy it whole"
    )]
    NotCompact,
    /// Something stands after the last `~`.
    #[error("the token ends with a key-binding part, which certificates of this kind do not have")]
    KeyBinding,
    /// Not base64url without padding (RFC 7515, 2).
    #[error("the {0} is not base64url without padding")]
    Base64(&'static str),
    /// Not JSON of the expected shape.
    #[error("the {0} is not the JSON that it must be")]
    Json(&'static str),
    /// Two members of one name.
    #[error("the {place} has two members named `{name}`")]
    Twice {
        /// Which part.
        place: &'static str,
        /// The name, cut to 64 characters.
        name: String,
    },
    /// A header member that we do not know, `crit` and embedded keys among them.
    #[error("the header has the member `{0}`, where only alg, typ and kid may stand")]
    HeaderMember(String),
    /// A claim is missing or of another type.
    #[error("the claim `{0}` is missing or of another type than it must be")]
    Missing(&'static str),
    /// Another algorithm than the registered key's.
    #[error("the token names the algorithm `{0}`; the issuer's key is for ES256 only")]
    WrongAlgorithm(String),
    /// The registered key cannot sign certificates.
    #[error("the key `{0}` is not a P-256 key; certificates are sealed with ES256")]
    WrongKeyKind(String),
    /// Another type of token.
    #[error("the token is of type `{0}`, not of `{TYP}`")]
    WrongType(String),
    /// The header names another key than the one to verify with.
    #[error("the token names the key `{found}`, not `{expected}`")]
    WrongKey {
        /// The key to verify with.
        expected: String,
        /// The key named.
        found: String,
    },
    /// The seal itself.
    #[error("the seal does not verify: the certificate was altered, or is not this issuer's")]
    BadSignature,
    /// Not SHA-256.
    #[error("the digest algorithm `{0}` is not sha-256")]
    WrongDigestAlgorithm(String),
    /// Not `[salt, name, value]`.
    #[error("a disclosure is not of the form [salt, name, value]")]
    DisclosureShape,
    /// No digest of the signed part is this disclosure's.
    #[error(
        "a disclosure is forged or of another certificate: the signed part does not refer to it"
    )]
    Unreferenced,
    /// The same disclosure twice.
    #[error("a disclosure comes twice")]
    DisclosedTwice,
    /// A digest twice in the signed part.
    #[error("a digest stands twice in the signed part")]
    DigestTwice,
    /// `_sd`, `...` and the like as a claim's name, or a claim that must always be shown hidden
    /// behind a digest.
    #[error("`{0}` cannot be the name of a disclosed claim, nor stand inside one")]
    ReservedName(String),
    /// A disclosed claim of a name that is there already.
    #[error("the claim `{0}` comes twice, once of them from a disclosure")]
    NameCollision(String),
    /// Nothing of that name can be kept.
    #[error("the certificate discloses no claim `{0}`")]
    NotDisclosed(String),
    /// `iat` or `nbf` lie ahead.
    #[error("the certificate is not valid yet; check this machine's clock")]
    NotYetValid,
    /// `exp` has passed.
    #[error("the certificate has expired; ask the issuer for a new one")]
    Expired,
    /// Ends before it begins.
    #[error("the certificate's times make no sense: it ends before it begins")]
    BadTimes,
    /// A credential of another type.
    #[error("the certificate is of the type `{0}`, which is not accepted here")]
    WrongVct(String),
    /// Nothing could be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The machine is out of random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A token that was read: its shape is right, each of its disclosures fits, and **nothing in it is
/// to be believed** before [`SdJwt::verify`].
#[derive(Clone, Debug)]
pub struct SdJwt {
    jwt: String,
    algorithm: String,
    key_id: String,
    payload: Map<String, Value>,
    signature: Vec<u8>,
    disclosures: Vec<Disclosure>,
}

#[derive(Clone, Debug)]
struct Disclosure {
    encoded: String,
    name: String,
    value: Value,
}

/// The claims of a verified token.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// What everybody sees.
    pub plain: Map<String, Value>,
    /// What this holder chose to show.
    pub disclosed: Map<String, Value>,
    /// How many disclosures the seal refers to beside those.
    pub withheld: usize,
    /// What the seal refers to, shown or not, in its order.
    pub digests: Vec<Digest>,
}

/// A disclosure, encoded, with a salt of 128 bits.
pub fn disclosure(name: &str, value: &Value) -> Result<String, RandomError> {
    let salt = URL_SAFE_NO_PAD.encode(digest::random::<16>()?);
    Ok(URL_SAFE_NO_PAD.encode(json!([salt, name, value]).to_string()))
}

/// What a disclosure is referred to by.
pub fn digest_of(disclosure: &str) -> Digest {
    sha256(disclosure.as_bytes())
}

/// Name and value of a disclosure, whatever it is a disclosure of.
pub fn opened(disclosure: &str) -> Result<(String, Value), SdJwtError> {
    const PLACE: &str = "disclosure";
    let bytes = URL_SAFE_NO_PAD.decode(disclosure).map_err(|_| SdJwtError::Base64(PLACE))?;
    let Value::Array(parts) = json::value(&bytes).map_err(|error| in_place(PLACE, error))? else {
        return Err(SdJwtError::DisclosureShape);
    };
    let Ok([Value::String(_salt), Value::String(name), value]) = <[Value; 3]>::try_from(parts)
    else {
        return Err(SdJwtError::DisclosureShape);
    };
    Ok((name, value))
}

/// Signs: `plain` is seen by everybody, each of `disclosable` can be left out later. The digests'
/// order tells nothing.
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
    // Whatever a verifier would refuse is refused here, before anybody relies on it.
    SdJwt::parse(&format!("{signed}.{signature}~{tail}"))
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
    /// `vct` may stand here.
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
        let (issued, begins, ends) =
            (time(&self.payload, "iat")?, time(&self.payload, "nbf")?, time(&self.payload, "exp")?);
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

fn read_disclosures(
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

/// Nested disclosures are not ours, and what looks like one may be read as one by somebody else.
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

fn members(place: &'static str, encoded: &str) -> Result<Map<String, Value>, SdJwtError> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| SdJwtError::Base64(place))?;
    object(&bytes).map_err(|error| in_place(place, error))
}

fn in_place(place: &'static str, error: JsonError) -> SdJwtError {
    match error {
        JsonError::Syntax => SdJwtError::Json(place),
        JsonError::Twice(name) => SdJwtError::Twice { place, name },
    }
}

fn disclosure_digest(encoded: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest_of(encoded))
}
