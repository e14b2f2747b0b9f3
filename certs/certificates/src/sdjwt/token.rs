//! A token: read, presented with fewer disclosures, verified.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zerotrip_datasets::KeyKind;
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_text::cut;
use zerotrip_trust::digest::{Digest, sha256};
use zerotrip_trust::keys::{PublicKey, SigningKey};
use zerotrip_trust::x509::CertificateDer;

use super::binding::{Binding, KeyBinding};
use super::bounds::{DISCLOSURES, TOKEN_BYTES, TYP};
use super::disclosure::{Disclosure, read_disclosures};
use super::error::SdJwtError;
use super::jws::Jws;
use super::time::time;

/// A token that was read: its shape is right, each of its disclosures fits, and **nothing in it
/// is verified** before [`SdJwt::verify`].
#[derive(Clone, Debug)]
pub struct SdJwt {
    jws: Jws,
    disclosures: Vec<Disclosure>,
    binding: Option<Binding>,
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
        let encoded: Vec<&str> = parts.collect();
        if encoded.len() > DISCLOSURES {
            return Err(SdJwtError::TooManyDisclosures(encoded.len()));
        }
        let jws = Jws::parse(jwt, TYP)?;
        let disclosures = read_disclosures(jws.payload(), &encoded)?;
        let binding = match last {
            "" => None,
            _ if !jws.payload().contains_key("cnf") => return Err(SdJwtError::KeyBinding),
            text => Some(Binding::parse(text)?),
        };
        Ok(Self { jws, disclosures, binding })
    }

    /// The key that the header names: to look it up with.
    pub fn key_id(&self) -> &str {
        &self.jws.key_id
    }

    /// The issuer as the unverified payload has it: to look the key up with.
    pub fn claimed_issuer(&self) -> Result<&str, SdJwtError> {
        self.jws.payload().get("iss").and_then(Value::as_str).ok_or(SdJwtError::Missing("iss"))
    }

    /// The time of issue as the unverified payload has it: to look the key up with.
    pub fn claimed_issue(&self) -> Result<SystemTime, SdJwtError> {
        time(self.jws.payload(), "iat")
    }

    /// Until when it is valid, as the unverified payload has it.
    pub fn claimed_end(&self) -> Result<SystemTime, SdJwtError> {
        time(self.jws.payload(), "exp")
    }

    /// The issuer-signed part, without disclosures.
    pub fn jwt(&self) -> &str {
        self.jws.text()
    }

    /// SHA-256 over the ASCII bytes of the issuer-signed part: the same for every presentation of
    /// one certificate.
    pub fn digest(&self) -> Digest {
        sha256(self.jwt().as_bytes())
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

    /// Whether it discloses this text under this name.
    pub fn discloses(&self, name: &str, text: &str) -> bool {
        let mut named = self.disclosures.iter().filter(|disclosure| disclosure.name == name);
        named.any(|disclosure| disclosure.value.as_str() == Some(text))
    }

    /// Names and numbers of the residents and enterprises that are disclosed.
    pub fn subjects(&self) -> BTreeMap<String, String> {
        let named = self.disclosures.iter().filter_map(|disclosure| {
            let value = disclosure.value.as_str()?;
            let is_subject = KeyKind::ALL.iter().any(|kind| kind.canonical(value).is_some());
            is_subject.then(|| (disclosure.name.clone(), value.to_owned()))
        });
        named.collect()
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
        Ok(Self { jws: self.jws.clone(), disclosures, binding: None })
    }

    /// The same presentation with the holder's proof, to `audience`, which gave `nonce`.
    pub fn bind(
        &self,
        key: &SigningKey,
        (audience, nonce): (&str, &str),
        now: SystemTime,
    ) -> Result<Self, SdJwtError> {
        let bare = Self { binding: None, ..self.clone() };
        let binding = Binding::sign(key, &bare.to_string(), (audience, nonce), now)?;
        Ok(Self { binding: Some(binding), ..bare })
    }

    /// What the holder proved, if there is a proof, once this key signed it.
    pub fn binding_by(&self, key: &PublicKey) -> Result<Option<KeyBinding>, SdJwtError> {
        let bare = Self { binding: None, ..self.clone() }.to_string();
        self.binding.as_ref().map(|binding| binding.verify(key, &bare)).transpose()
    }

    /// The key that it is bound to, as the unverified payload has it.
    pub fn claimed_holder(&self) -> Option<&Value> {
        self.jws.payload().get("cnf")
    }

    /// The certificate of the sealing key that travels along.
    pub fn leaf(&self) -> Option<&CertificateDer<'static>> {
        self.jws.leaf.as_ref()
    }

    /// The claims, once the seal is `key`'s and the token holds at `now`; `accepts` says which
    /// `vct` is accepted.
    pub fn verify(
        &self,
        key: &PublicKey,
        now: SystemTime,
        accepts: impl FnOnce(&str) -> bool,
    ) -> Result<Claims, SdJwtError> {
        let claims = self.open(key, accepts)?;
        holds_at(&claims.plain, now)?;
        Ok(claims)
    }

    /// The same without a clock: the claims, once the seal is `key`'s. When they hold is for the
    /// caller to ask.
    pub(crate) fn open(
        &self,
        key: &PublicKey,
        accepts: impl FnOnce(&str) -> bool,
    ) -> Result<Claims, SdJwtError> {
        self.jws.verify(key)?;
        let (begins, ends) = (time(self.jws.payload(), "nbf")?, time(self.jws.payload(), "exp")?);
        if ends <= begins || ends <= time(self.jws.payload(), "iat")? {
            return Err(SdJwtError::BadTimes);
        }
        let vct = self
            .jws
            .payload()
            .get("vct")
            .and_then(Value::as_str)
            .ok_or(SdJwtError::Missing("vct"))?;
        if !accepts(vct) {
            return Err(SdJwtError::WrongVct(cut(vct)));
        }
        let mut plain = self.jws.payload().clone();
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
        write!(f, "{}~", self.jwt())?;
        self.disclosures.iter().try_for_each(|disclosure| write!(f, "{}~", disclosure.encoded))?;
        self.binding.as_ref().map_or(Ok(()), |binding| f.write_str(binding.text()))
    }
}

/// Whether claims that were opened hold at a time.
fn holds_at(claims: &Map<String, Value>, now: SystemTime) -> Result<(), SdJwtError> {
    if time(claims, "iat")?.max(time(claims, "nbf")?) > now + CLOCK_SKEW {
        return Err(SdJwtError::NotYetValid);
    }
    if now >= time(claims, "exp")? { Err(SdJwtError::Expired) } else { Ok(()) }
}
