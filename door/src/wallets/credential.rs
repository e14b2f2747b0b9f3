//! The credential endpoint (OpenID4VCI 1.0, 8): a token and a proof of the holder's key for one
//! certificate.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::dpop;
use super::nonces::NotTaken;
use super::proof::{self, KeyProof};
use crate::door::Door;
use crate::http::{Call, Refused, Reply, path};
use crate::issuing::NotSealed;
use crate::jwt::thumbprint;
use crate::offers::{Held, NotClaimed};

/// Seals a certificate for the key that is proven, and hands it out.
pub(crate) async fn credential(
    door: &Arc<Door>,
    call: &Call,
    asked: &Map<String, Value>,
) -> Result<Reply, Refused> {
    let now = SystemTime::now();
    let held = authorised(door, call, now)?;
    let proof = proof_for(door, asked, &held, now)?;
    let permit = door.sealing.clone().try_acquire_owned().map_err(|_| Refused::later())?;
    door.nonces.take(&proof.nonce, now).map_err(|error| match error {
        NotTaken::Invalid => Refused::bad(
            "invalid_nonce",
            "the nonce is not of here, has ended or was used; get another one",
        ),
        NotTaken::Full => Refused::later(),
    })?;
    // On its own: a wallet that goes away does not leave a certificate half issued.
    let sealing = tokio::spawn(seal(Arc::clone(door), held, proof, permit));
    sealing.await.map_err(|error| Refused::ours(&error))?
}

async fn seal(
    door: Arc<Door>,
    mut held: Held,
    proof: KeyProof,
    _permit: tokio::sync::OwnedSemaphorePermit,
) -> Result<Reply, Refused> {
    let denied = |why| Refused::bad("credential_request_denied", why);
    if !held.is_for(&thumbprint(&proof.key)).map_err(|error| Refused::ours(&error))? {
        return Err(denied("the certificate is for another key already"));
    }
    let kept = held.answer().map_err(|error| Refused::ours(&error))?;
    let sealed = door.seals.seal(kept, &proof.key).await;
    match sealed {
        Ok(certificate) => {
            // Erased before it leaves: the token gives no second one.
            held.erase().map_err(|error| Refused::ours(&error))?;
            Ok(Reply::json(&json!({ "credentials": [{ "credential": certificate }] })))
        }
        Err(NotSealed::Later(why)) => {
            tracing::warn!(why, "a certificate was not sealed yet");
            Err(Refused::later())
        }
        Err(NotSealed::Never(why)) => {
            tracing::warn!(why, "a certificate is not sealed");
            held.erase().map_err(|error| Refused::ours(&error))?;
            Err(denied("no certificate can be sealed any more; ask at the counter"))
        }
    }
}

/// The offer of the token that was shown, by who has the key that it is bound to.
fn authorised(door: &Door, call: &Call, now: SystemTime) -> Result<Held, Refused> {
    let token = call
        .header("authorization")
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("dpop"))
        .map(|(_, token)| token)
        .ok_or_else(|| Refused::unauthorised("invalid_token", "a token of type DPoP is needed"))?;
    let held = match door.offers.hold(token, now) {
        Ok(held) => held,
        Err(NotClaimed::Unknown | NotClaimed::WrongDigits) => {
            return Err(Refused::unauthorised(
                "invalid_token",
                "the token is wrong, was used, or has ended",
            ));
        }
        Err(NotClaimed::Busy) => return Err(Refused::later()),
        Err(NotClaimed::Door(error)) => return Err(Refused::ours(&error)),
    };
    let uri = format!("{}{}", door.settings.uri, path::CREDENTIAL);
    let key = call.header("dpop").and_then(|proof| dpop::key_of(proof, &uri, Some(token), now));
    match key {
        Some(key) if key == held.bound_to() => Ok(held),
        _ => Err(Refused::unauthorised(
            "invalid_dpop_proof",
            "a DPoP proof of now, of this token and by its key is needed",
        )),
    }
}

/// The one proof in a request that asks for what was offered.
fn proof_for(
    door: &Door,
    asked: &Map<String, Value>,
    held: &Held,
    now: SystemTime,
) -> Result<KeyProof, Refused> {
    // Other parameters are ignored, as 8.2 says.
    let malformed = |why| Refused::bad("invalid_credential_request", why);
    if asked.contains_key("credential_identifier") {
        return Err(Refused::bad(
            "unknown_credential_identifier",
            "no identifiers were given; name the configuration",
        ));
    }
    if asked.contains_key("credential_response_encryption") {
        return Err(Refused::bad(
            "invalid_encryption_parameters",
            "responses are not encrypted beyond TLS here",
        ));
    }
    match asked.get("credential_configuration_id") {
        Some(Value::String(id)) if id == held.configuration() => {}
        Some(Value::String(_)) => {
            return Err(Refused::bad(
                "unknown_credential_configuration",
                "it is not the configuration that was offered",
            ));
        }
        _ => return Err(malformed("credential_configuration_id is needed")),
    }
    let bad = |why| Refused::bad("invalid_proof", why);
    let proofs = asked.get("proofs").and_then(Value::as_object).filter(|proofs| proofs.len() == 1);
    let proofs = proofs.and_then(|proofs| proofs.get("jwt")).and_then(Value::as_array);
    let text = match proofs.map(Vec::as_slice) {
        Some([Value::String(text)]) => text,
        Some([_, _, ..]) => {
            return Err(malformed("one certificate is issued on an offer: bring one proof"));
        }
        _ => return Err(bad("proofs must be an object with one jwt")),
    };
    proof::read(text, &door.settings.uri, now).ok_or_else(|| {
        bad("it is not an ES256 proof of now, for this issuer, with a nonce and a public P-256 key")
    })
}
