//! A JWS in its compact form (RFC 7515, 7.1), read in one way wherever it comes from: three parts
//! of base64url without padding, the first two JSON with each name once. Which members header and
//! payload may have is for the caller to say.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zerotrip_trust::json::object;
use zerotrip_trust::keys::{KeyError, PublicKey, SigningKey};

use super::error::{SdJwtError, in_place};

/// What was read: **nothing in it is verified** before [`CompactJws::verify`].
#[derive(Clone, Debug)]
pub struct CompactJws {
    text: String,
    /// The protected header.
    pub header: Map<String, Value>,
    /// The payload.
    pub payload: Map<String, Value>,
    signature: Vec<u8>,
}

impl CompactJws {
    /// Reads one. The caller has bounded the text's length.
    pub fn parse(text: &str) -> Result<Self, SdJwtError> {
        let mut segments = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(SdJwtError::NotCompact);
        };
        let (header, payload) = (members("header", header)?, members("payload", payload)?);
        let signature =
            URL_SAFE_NO_PAD.decode(signature).map_err(|_| SdJwtError::Base64("signature"))?;
        Ok(Self { text: text.to_owned(), header, payload, signature })
    }

    /// Signs with a key, whose algorithm the header names.
    pub fn sign(key: &SigningKey, header: &Value, payload: &Value) -> Result<String, KeyError> {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }

    /// The text, word for word.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether this key signed it. The algorithm is the key's.
    pub fn verify(&self, key: &PublicKey) -> Result<(), KeyError> {
        let signed = self.text.rsplit_once('.').map_or("", |(signed, _)| signed);
        key.verify(signed.as_bytes(), &self.signature)
    }
}

fn members(place: &'static str, encoded: &str) -> Result<Map<String, Value>, SdJwtError> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| SdJwtError::Base64(place))?;
    object(&bytes).map_err(|error| in_place(place, error))
}
