//! Key binding (RFC 9901, 4.3): a holder's proof that it has the key that a certificate is bound
//! to, for one presentation to one verifier.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zerotrip_trust::digest::sha256;
use zerotrip_trust::keys::{Algorithm, PublicKey, SigningKey};

use super::compact::CompactJws;
use super::error::SdJwtError;
use super::time::time;

/// Media type of the header.
const TYP: &str = "kb+jwt";
/// Longest audience or nonce, in bytes.
const TEXT_BYTES: usize = 512;

/// What a holder proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBinding {
    /// To whom.
    pub audience: String,
    /// The verifier's own word, which makes it fresh.
    pub nonce: String,
    /// When.
    pub made_at: SystemTime,
}

/// A proof that was read: **nothing in it is verified** before [`Binding::verify`].
#[derive(Clone, Debug)]
pub(super) struct Binding(CompactJws);

impl Binding {
    pub(super) fn parse(text: &str) -> Result<Self, SdJwtError> {
        let jws = CompactJws::parse(text).map_err(of_proof)?;
        if Value::Object(jws.header.clone()) != json!({ "alg": "ES256", "typ": TYP }) {
            return Err(SdJwtError::Proof("its header is not `ES256` and `kb+jwt` alone"));
        }
        let known = ["iat", "aud", "nonce", "sd_hash"];
        let is_known = |name: &&str| jws.payload.contains_key(*name);
        if jws.payload.len() != known.len() || !known.iter().all(is_known) {
            return Err(SdJwtError::Proof("its claims are not iat, aud, nonce and sd_hash"));
        }
        Ok(Self(jws))
    }

    /// The text, word for word.
    pub(super) fn text(&self) -> &str {
        self.0.text()
    }

    /// Proves to `audience`, which gave `nonce`, that who presents this has the key.
    pub(super) fn sign(
        key: &SigningKey,
        presented: &str,
        (audience, nonce): (&str, &str),
        now: SystemTime,
    ) -> Result<Self, SdJwtError> {
        if key.public().algorithm() != Algorithm::Es256 {
            return Err(SdJwtError::WrongKeyKind(key.id().to_owned()));
        }
        if !is_text(audience) || !is_text(nonce) {
            return Err(SdJwtError::Proof("audience and nonce have 1 to 512 characters"));
        }
        let header = json!({ "alg": "ES256", "typ": TYP });
        let payload = json!({
            "iat": now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            "aud": audience,
            "nonce": nonce,
            "sd_hash": hash(presented),
        });
        Self::parse(&CompactJws::sign(key, &header, &payload)?)
    }

    /// What it proves of this presentation, once the holder's key signed it.
    pub(super) fn verify(
        &self,
        key: &PublicKey,
        presented: &str,
    ) -> Result<KeyBinding, SdJwtError> {
        self.0.verify(key).map_err(|_| SdJwtError::BadProof)?;
        let text = |name: &str| self.0.payload.get(name).and_then(Value::as_str);
        if text("sd_hash") != Some(hash(presented).as_str()) {
            return Err(SdJwtError::BadProof);
        }
        let word = |name: &str| text(name).filter(|text| is_text(text)).map(str::to_owned);
        Ok(KeyBinding {
            audience: word("aud").ok_or(SdJwtError::Proof("aud"))?,
            nonce: word("nonce").ok_or(SdJwtError::Proof("nonce"))?,
            made_at: time(&self.0.payload, "iat")?,
        })
    }
}

/// What is wrong with it, said of the proof.
fn of_proof(error: SdJwtError) -> SdJwtError {
    match error {
        SdJwtError::NotCompact => SdJwtError::Proof("it is not a JWT"),
        SdJwtError::Base64(_) => SdJwtError::Base64("proof"),
        SdJwtError::Json(_) => SdJwtError::Json("proof"),
        SdJwtError::Twice { name, .. } => SdJwtError::Twice { place: "proof", name },
        other => other,
    }
}

/// Of what is presented, up to the last `~` and with it.
fn hash(presented: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(presented.as_bytes()))
}

fn is_text(text: &str) -> bool {
    (1..=TEXT_BYTES).contains(&text.len())
}
