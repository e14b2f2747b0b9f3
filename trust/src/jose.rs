//! Other parties' public keys as JSON Web Keys (RFC 7517), and their signatures. The algorithm is
//! the key's, as the set states it, and never the message's choice (RFC 8725, 3.1): a key verifies
//! by its own and by no other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents,
};
use serde_json::{Map, Value, json};
use zerotrip_text::cut;

use crate::digest::{Digest, sha256};
use crate::json;
use crate::keys::{Algorithm, PublicKey};

/// Most keys of a set.
pub const MOST_KEYS: usize = 16;
/// Longest set, in bytes.
pub const MOST_SET: usize = 64 << 10;
/// Longest id of a key, in bytes.
pub const MOST_KEY_ID: usize = 128;
/// An RSA modulus, in bytes: 2,048 to 4,096 bits (RFC 7518, 3.3 and 3.5).
const MODULUS: std::ops::RangeInclusive<usize> = 256..=512;
/// The one public exponent: 65537.
static EXPONENT: [u8; 3] = [1, 0, 1];
/// Members of private and of symmetric keys (RFC 7518, 6.2.2, 6.3.2 and 6.4.1).
const SECRET: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A signature algorithm of JOSE (RFC 7518, 3; RFC 8037) that is verified here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoseAlgorithm {
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// Ed25519, by the name that other curves shared (RFC 8037).
    EdDsa,
    /// Ed25519, by a name of its own (RFC 9864).
    Ed25519,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

impl JoseAlgorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Es256, Self::EdDsa, Self::Ed25519, Self::Rs256, Self::Ps256];

    /// As `alg` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    /// Of `alg`, in its one spelling.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

/// What is wrong with a key, or a set of keys.
#[expect(missing_docs, reason = "the names and the texts say it")]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    #[error("not a JWK set (RFC 7517, 5): {0}")]
    NotASet(&'static str),
    #[error("key {at}: `{member}` is missing or wrong")]
    Member { at: usize, member: &'static str },
    /// The file must not leave its owner.
    #[error("key {at} holds a secret, `{member}`; give the public keys only")]
    Secret { at: usize, member: &'static str },
    #[error("two keys have the id `{0}`")]
    Twice(String),
}

/// A public key with its id and its one algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoseKey {
    id: String,
    algorithm: JoseAlgorithm,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    /// P-256 or Ed25519.
    Curve(PublicKey),
    /// The modulus, big-endian, without zeros before it.
    Rsa(Vec<u8>),
}

impl JoseKey {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> JoseAlgorithm {
        self.algorithm
    }

    /// Whether `signature` is one over exactly `message`, by this key and its algorithm.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let parameters: &RsaParameters = match (&self.material, self.algorithm) {
            (Material::Curve(key), _) => return key.verify(message, signature).is_ok(),
            (Material::Rsa(_), JoseAlgorithm::Ps256) => &RSA_PSS_2048_8192_SHA256,
            (Material::Rsa(_), _) => &RSA_PKCS1_2048_8192_SHA256,
        };
        let Material::Rsa(modulus) = &self.material else { return false };
        let key = RsaPublicKeyComponents { n: modulus.as_slice(), e: EXPONENT.as_slice() };
        key.verify(parameters, message, signature).is_ok()
    }

    /// SHA-256 over its members that make the key, in their order and without blanks (RFC 7638, 3):
    /// the same for one key by whatever name.
    pub fn thumbprint(&self) -> Digest {
        let members: &[&str] = match &self.material {
            Material::Curve(key) if key.algorithm() == Algorithm::Es256 => {
                &["crv", "kty", "x", "y"]
            }
            Material::Curve(_) => &["crv", "kty", "x"],
            Material::Rsa(_) => &["e", "kty", "n"],
        };
        let jwk = self.to_jwk();
        let one =
            |name: &&str| format!("{}:{}", json!(name), jwk.get(*name).unwrap_or(&Value::Null));
        let all: Vec<String> = members.iter().map(one).collect();
        sha256(format!("{{{}}}", all.join(",")).as_bytes())
    }

    fn to_jwk(&self) -> Value {
        let (id, alg) = (&self.id, self.algorithm.name());
        let mut jwk = match &self.material {
            Material::Curve(key) => key.to_jwk(),
            Material::Rsa(modulus) => json!({
                "kty": "RSA", "use": "sig",
                "n": URL_SAFE_NO_PAD.encode(modulus), "e": URL_SAFE_NO_PAD.encode(EXPONENT),
            }),
        };
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), id.clone().into());
            members.insert("alg".to_owned(), alg.into());
        }
        jwk
    }

    /// `None` of a key that is for something else, or of a kind that is not known here: such are
    /// passed over (RFC 7517, 5).
    fn read(at: usize, jwk: &Map<String, Value>) -> Result<Option<Self>, JwkError> {
        if let Some(member) = SECRET.into_iter().find(|member| jwk.contains_key(*member)) {
            return Err(JwkError::Secret { at, member });
        }
        let wrong = |member: &'static str| JwkError::Member { at, member };
        let said = |name: &'static str| jwk.get(name).map(Value::as_str);
        if said("use").is_some_and(|usage| usage != Some("sig")) {
            return Ok(None);
        }
        let text = |name: &'static str| said(name).flatten().ok_or_else(|| wrong(name));
        let bytes = |name: &'static str| {
            URL_SAFE_NO_PAD
                .decode(text(name)?)
                .map_err(|_| wrong(name))
                .and_then(|bytes| if bytes.is_empty() { Err(wrong(name)) } else { Ok(bytes) })
        };
        let named = |only: JoseAlgorithm| match said("alg") {
            None => Ok(Some(only)),
            Some(Some(alg)) => Ok((alg == only.name()).then_some(only)),
            Some(None) => Err(wrong("alg")),
        };
        let curve = |algorithm: Algorithm, key: Vec<u8>, member: &'static str| {
            PublicKey::new(algorithm, &key).map(Material::Curve).map_err(|_| wrong(member))
        };
        let (algorithm, material) = match (text("kty")?, said("crv").flatten()) {
            ("EC", Some("P-256")) => {
                let Some(algorithm) = named(JoseAlgorithm::Es256)? else { return Ok(None) };
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 {
                    return Err(wrong("x"));
                }
                (algorithm, curve(Algorithm::Es256, [vec![4], x, y].concat(), "y")?)
            }
            ("OKP", Some("Ed25519")) => {
                let name = said("alg").flatten().unwrap_or_default();
                let own = JoseAlgorithm::Ed25519;
                let algorithm = if name == own.name() { own } else { JoseAlgorithm::EdDsa };
                let Some(algorithm) = named(algorithm)? else { return Ok(None) };
                (algorithm, curve(Algorithm::Ed25519, bytes("x")?, "x")?)
            }
            ("RSA", None) => {
                // One RSA key would serve two algorithms: which, its set has to say.
                let algorithm = match text("alg")? {
                    "RS256" => JoseAlgorithm::Rs256,
                    "PS256" => JoseAlgorithm::Ps256,
                    _ => return Ok(None),
                };
                let (modulus, exponent) = (bytes("n")?, bytes("e")?);
                let is_odd = modulus.last().is_some_and(|last| last % 2 == 1);
                let is_long = modulus.first().is_some_and(|first| *first >= 0x80);
                if !MODULUS.contains(&modulus.len()) || !is_odd || !is_long {
                    return Err(wrong("n"));
                }
                if exponent != EXPONENT {
                    return Err(wrong("e"));
                }
                (algorithm, Material::Rsa(modulus))
            }
            _ => return Ok(None),
        };
        let id = text("kid")?.to_owned();
        if !(1..=MOST_KEY_ID).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(wrong("kid"));
        }
        Ok(Some(Self { id, algorithm, material }))
    }
}

/// A set of keys, each with an id of its own: at least one that verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoseKeys(Vec<JoseKey>);

impl JoseKeys {
    /// Reads a JWK set. Keys for encryption, and of algorithms that are not verified here, are
    /// passed over; a damaged or a private key is refused with the whole set.
    pub fn parse(text: &str) -> Result<Self, JwkError> {
        if text.len() > MOST_SET {
            return Err(JwkError::NotASet("it is too large"));
        }
        let set = json::object(text.as_bytes())
            .map_err(|_| JwkError::NotASet("it is not JSON, or a member appears twice"))?;
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or(JwkError::NotASet("it has no `keys`"))?;
        let mut read: Vec<JoseKey> = Vec::new();
        for (at, jwk) in (1..).zip(keys) {
            let jwk = jwk.as_object().ok_or(JwkError::Member { at, member: "keys" })?;
            let Some(key) = JoseKey::read(at, jwk)? else { continue };
            if read.iter().any(|other| other.id == key.id) {
                return Err(JwkError::Twice(cut(&key.id)));
            }
            read.push(key);
        }
        match read.len() {
            0 => {
                Err(JwkError::NotASet("no key of it is for ES256, EdDSA, Ed25519, RS256 or PS256"))
            }
            1..=MOST_KEYS => Ok(Self(read)),
            _ => Err(JwkError::NotASet("it has too many keys")),
        }
    }

    /// The key of this id.
    pub fn get(&self, id: &str) -> Option<&JoseKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// Every key.
    pub fn iter(&self) -> impl Iterator<Item = &JoseKey> {
        self.0.iter()
    }

    /// The same set with nothing in it but what counts.
    pub fn to_text(&self) -> String {
        let keys: Vec<Value> = self.0.iter().map(JoseKey::to_jwk).collect();
        json!({ "keys": keys }).to_string()
    }
}

#[cfg(test)]
mod tests;
