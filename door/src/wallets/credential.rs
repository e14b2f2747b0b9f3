//! The credential endpoint (OpenID4VCI 1.0, 8): a token and proofs of the holder's keys for one
//! certificate, in a copy for each key.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value, json};
use zerotrip_certificates::HolderKey;

use super::dpop;
use super::nonces::NotTaken;
use super::proof::{self, Demand, Proofs};
use crate::door::Door;
use crate::http::{Call, Refused, Reply, path};
use crate::issuing::NotSealed;
use crate::jwt::thumbprint;
use crate::offers::{Held, NotClaimed};

/// Seals a certificate for the keys that are proven, a copy for each, and hands it out.
pub(crate) async fn credential(
    door: &Arc<Door>,
    call: &Call,
    asked: &Map<String, Value>,
) -> Result<Reply, Refused> {
    let now = SystemTime::now();
    let held = authorised(door, call, now)?;
    let Proofs { keys, nonces } = proofs_for(door, asked, &held, now)?;
    let permit = door.sealing.clone().try_acquire_owned().map_err(|_| Refused::later())?;
    for nonce in nonces {
        door.nonces.take(&nonce, now).map_err(|error| match error {
            NotTaken::Invalid => Refused::bad(
                "invalid_nonce",
                "the nonce is not of here, has ended or was used; get another one",
            ),
            NotTaken::Full => Refused::later(),
        })?;
    }
    // On its own: a wallet that goes away does not leave a certificate half issued.
    let sealing = tokio::spawn(seal(Arc::clone(door), held, keys, permit));
    sealing.await.map_err(|error| Refused::ours(&error))?
}

async fn seal(
    door: Arc<Door>,
    mut held: Held,
    keys: Vec<HolderKey>,
    _permit: tokio::sync::OwnedSemaphorePermit,
) -> Result<Reply, Refused> {
    let denied = |why| Refused::bad("credential_request_denied", why);
    let holders: Vec<String> = keys.iter().map(thumbprint).collect();
    if !held.is_for(&holders.join(" ")).map_err(|error| Refused::ours(&error))? {
        return Err(denied("the certificate is for another key already"));
    }
    let kept = held.answer().map_err(|error| Refused::ours(&error))?;
    let sealed = door.seals.seal(kept, &keys).await;
    match sealed {
        Ok(copies) => {
            // Erased before it leaves: the token gives no second one.
            held.erase().map_err(|error| Refused::ours(&error))?;
            let copies: Vec<Value> =
                copies.into_iter().map(|copy| json!({ "credential": copy })).collect();
            Ok(Reply::json(&json!({ "credentials": copies })))
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

/// The proofs in a request that asks for what was offered.
fn proofs_for(
    door: &Door,
    asked: &Map<String, Value>,
    held: &Held,
    now: SystemTime,
) -> Result<Proofs, Refused> {
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
    let demand = Demand {
        issuer: &door.settings.uri,
        client: held.client(),
        most: door.settings.copies,
        attesters: door.attesters.as_ref(),
    };
    proof::read(asked.get("proofs"), demand, now)
}
