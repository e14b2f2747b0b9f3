//! What others say of a wallet and its keys (OpenID4VCI 1.0, appendices D and E): a wallet
//! attestation authenticates who calls, a key attestation says how keys are kept. Each counts by a
//! certificate that one of the operator's attesters signed. The attester's own certificate is known
//! here and does not travel along (HAIP 1.0, 4.4.1 and 4.5.1).

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use zerotrip_certificates::HolderKey;
use zerotrip_channel::files;
use zerotrip_client::issued::COPIES;
use zerotrip_trust::x509::{
    CERTIFICATE_BYTES, CertificateDer, check_ca, check_issued_by, pem, signing_key_of, validity_of,
};

use crate::bounds::{ATTESTERS, PROOF_SKEW, SECRET_CHARS};
use crate::error::DoorError;
use crate::jwt;
use crate::settings::AttestationSettings;

/// Whom the operator trusts to vouch for wallets and keys, and what must be said of keys.
#[derive(Clone, Debug)]
pub(crate) struct Attesters {
    roots: Vec<CertificateDer<'static>>,
    key_storage: Vec<String>,
    user_authentication: Vec<String>,
}

/// What a key attestation says.
#[derive(Clone, Debug)]
pub(crate) struct AttestedKeys {
    /// Different ones, at least one.
    pub(crate) keys: Vec<HolderKey>,
    /// Not taken back yet.
    pub(crate) nonce: String,
}

/// Where a key attestation comes: in the proof of one of its keys, or by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the header of a proof. It has an end.
    Proof,
    /// As the proof itself.
    Alone,
}

impl Attesters {
    pub(crate) fn load(settings: &AttestationSettings) -> Result<Self, DoorError> {
        let path = &settings.attesters;
        let wrong = |why| DoorError::Attesters { path: path.clone(), why };
        let roots = pem::certificates(&files::read_text(path)?)
            .map_err(|_| wrong("it is not a list of certificates (PEM)"))?;
        if !(1..=ATTESTERS).contains(&roots.len()) {
            return Err(wrong("it has 1 to 32 certificates"));
        }
        if roots.iter().any(|root| check_ca(root).is_err()) {
            return Err(wrong("each of its certificates is a root: self-signed, and of a CA"));
        }
        Ok(Self {
            roots,
            key_storage: settings.key_storage.clone(),
            user_authentication: settings.user_authentication.clone(),
        })
    }

    /// The wallet that a call is by, as its attestation names it; `None` where it proves nothing.
    /// The proof need not be remembered: it comes with a code that is taken once.
    pub(crate) fn wallet(
        &self,
        (attestation, proof): (&str, &str),
        server: &str,
        now: SystemTime,
    ) -> Option<String> {
        const KNOWN: [&str; 8] = ["iss", "aud", "jti", "iat", "exp", "nbf", "nonce", "challenge"];
        let claims = self.signed(attestation, "oauth-client-attestation+jwt", now)?;
        let wallet = text(&claims, "sub").filter(|name| is_text(name))?.to_owned();
        let confirmed = claims.get("cnf")?.as_object().filter(|cnf| cnf.len() == 1)?.get("jwk")?;
        let key = HolderKey::read(&confirmed.to_string()).ok()?;
        claims.get("exp")?;
        // No challenge is given out, so one in the proof says nothing.
        let proof = jwt::read(proof, "oauth-client-attestation-pop+jwt", &[])?;
        let proof = proof.proven_by(key, &KNOWN)?;
        let holds = proof.text("iss") == Some(&wallet)
            && proof.text("aud") == Some(server)
            && proof.text("jti").is_some_and(is_text)
            && proof.is_of(now, PROOF_SKEW, PROOF_SKEW);
        holds.then_some(wallet)
    }

    /// The keys that are attested, if they are kept as the operator demands.
    pub(crate) fn keys(&self, text: &str, place: Place, now: SystemTime) -> Option<AttestedKeys> {
        let claims = self.signed(text, "key-attestation+jwt", now)?;
        claims.get("iat")?;
        if place == Place::Proof {
            claims.get("exp")?;
        }
        let is_kept = are_among(&claims, "key_storage", &self.key_storage)
            && are_among(&claims, "user_authentication", &self.user_authentication);
        let keys = claims.get("attested_keys")?.as_array()?;
        if !is_kept || !(1..=COPIES).contains(&keys.len()) {
            return None;
        }
        let keys = keys.iter().map(|key| HolderKey::read(&key.to_string()).ok());
        let keys = keys.collect::<Option<Vec<HolderKey>>>()?;
        Some(AttestedKeys { keys, nonce: self::text(&claims, "nonce")?.to_owned() })
    }

    /// What one says that is signed by somebody whom an attester certified, and holds now.
    fn signed(&self, text: &str, typ: &str, now: SystemTime) -> Option<Map<String, Value>> {
        let read = jwt::read(text, typ, &["x5c"])?;
        let [leaf] = read.member("x5c")?.as_array()?.as_slice() else { return None };
        let leaf = leaf.as_str().filter(|text| text.len() <= 2 * CERTIFICATE_BYTES)?;
        let leaf = CertificateDer::from(STANDARD.decode(leaf).ok()?);
        let is_known =
            |root| check_issued_by(&leaf, root).is_ok() && is_in_force(root, now) == Some(true);
        if is_in_force(&leaf, now) != Some(true) || !self.roots.iter().any(is_known) {
            return None;
        }
        let claims = read.signed_by(&signing_key_of(&leaf).ok()?)?;
        // Where it can have been revoked, nothing here shows that it was not.
        (!claims.contains_key("status") && jwt::holds(&claims, now, PROOF_SKEW)).then_some(claims)
    }

    /// What the metadata says is demanded of keys (OpenID4VCI 1.0, 12.2.4).
    pub(crate) fn required(&self) -> Value {
        let lists = [
            ("key_storage", &self.key_storage),
            ("user_authentication", &self.user_authentication),
        ];
        let said = lists.into_iter().filter(|(_, list)| !list.is_empty());
        said.map(|(name, list)| (name.to_owned(), Value::from(list.clone()))).collect()
    }
}

fn is_in_force(cert: &CertificateDer<'_>, now: SystemTime) -> Option<bool> {
    let (begins, ends) = validity_of(cert).ok()?;
    Some(now >= begins && now <= ends)
}

/// Whether there are values, and all are among those that are accepted; any where none are named.
/// Beside a weaker one, an accepted one does not say of which key it is.
fn are_among(claims: &Map<String, Value>, name: &str, accepted: &[String]) -> bool {
    let is_accepted =
        |value: &Value| value.as_str().is_some_and(|text| accepted.iter().any(|one| one == text));
    let values = claims.get(name).and_then(Value::as_array);
    let are_accepted = |values: &Vec<Value>| !values.is_empty() && values.iter().all(is_accepted);
    accepted.is_empty() || values.is_some_and(are_accepted)
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str()
}

fn is_text(text: &str) -> bool {
    (1..=SECRET_CHARS).contains(&text.len())
}
