//! The part of a token that is signed: a JWS in its compact form (RFC 7515, 7.1), whose header has
//! known members only. ES256; the key is the registered one, never the message's choice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use zerotrip_text::cut;
use zerotrip_trust::keys::{Algorithm, PublicKey, SigningKey};
use zerotrip_trust::x509::{CERTIFICATE_BYTES, CertificateDer, sealing_key_of};

use super::compact::CompactJws;
use super::error::SdJwtError;

/// What was read: **nothing in it is verified** before [`Jws::verify`].
#[derive(Clone, Debug)]
pub(crate) struct Jws {
    compact: CompactJws,
    algorithm: String,
    pub(crate) key_id: String,
    /// The sealing key's certificate, where the header has one (`x5c`).
    pub(crate) leaf: Option<CertificateDer<'static>>,
}

impl Jws {
    /// Reads one of this media type. The caller has bounded the text's length.
    pub(crate) fn parse(text: &str, typ: &'static str) -> Result<Self, SdJwtError> {
        let compact = CompactJws::parse(text)?;
        let (algorithm, key_id, leaf) = read_header(&compact.header, typ)?;
        Ok(Self { compact, algorithm, key_id, leaf })
    }

    /// Signs; with the key's certificate, where there is one.
    pub(crate) fn sign(
        (key, leaf): (&SigningKey, Option<&CertificateDer<'_>>),
        typ: &str,
        payload: Map<String, Value>,
    ) -> Result<String, SdJwtError> {
        if key.public().algorithm() != Algorithm::Es256 {
            return Err(SdJwtError::WrongKeyKind(key.id().to_owned()));
        }
        let mut header = json!({ "alg": "ES256", "typ": typ, "kid": key.id() });
        if let (Some(leaf), Some(members)) = (leaf, header.as_object_mut()) {
            // Base64, not base64url (RFC 7515, 4.1.6); the root that signed it is not in it.
            members.insert("x5c".to_owned(), json!([STANDARD.encode(leaf)]));
        }
        Ok(CompactJws::sign(key, &header, &Value::Object(payload))?)
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        self.compact.text()
    }

    /// What is signed.
    pub(crate) fn payload(&self) -> &Map<String, Value> {
        &self.compact.payload
    }

    /// Whether it is signed with this key.
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<(), SdJwtError> {
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
        if let Some(leaf) = &self.leaf {
            let (_, certified) = sealing_key_of(leaf).map_err(|_| SdJwtError::Certificate)?;
            if certified != *key {
                return Err(SdJwtError::Certificate);
            }
        }
        self.compact.verify(key).map_err(|_| SdJwtError::BadSignature)
    }
}

/// Algorithm, key and the key's certificate.
type Header = (String, String, Option<CertificateDer<'static>>);

fn read_header(header: &Map<String, Value>, expected: &'static str) -> Result<Header, SdJwtError> {
    const KNOWN: [&str; 4] = ["alg", "typ", "kid", "x5c"];
    if let Some(name) = header.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(SdJwtError::HeaderMember(cut(name)));
    }
    let text = |name: &'static str| {
        header.get(name).and_then(Value::as_str).ok_or(SdJwtError::Missing(name))
    };
    let typ = text("typ")?;
    if typ != expected {
        return Err(SdJwtError::WrongType { found: cut(typ), expected });
    }
    let leaf = header.get("x5c").map(|chain| leaf(chain).ok_or(SdJwtError::Certificate));
    Ok((text("alg")?.to_owned(), text("kid")?.to_owned(), leaf.transpose()?))
}

/// The one certificate of a chain: the root signs it, and is not in it.
fn leaf(chain: &Value) -> Option<CertificateDer<'static>> {
    let [leaf] = chain.as_array()?.as_slice() else { return None };
    let text = leaf.as_str().filter(|text| text.len() <= 2 * CERTIFICATE_BYTES)?;
    Some(CertificateDer::from(STANDARD.decode(text).ok()?))
}
