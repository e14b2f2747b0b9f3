//! The token endpoint (OpenID4VCI 1.0, 6): a code and its digits, once, for an access token.

use std::time::SystemTime;

use http::StatusCode;
use serde_json::json;

use super::{GRANT, dpop};
use crate::door::Door;
use crate::http::{Call, Form, Refused, Reply, path};
use crate::offers::NotClaimed;
use crate::secrets::Secret;

/// Gives a token for a code.
pub(crate) fn token(door: &Door, call: &Call, form: &Form) -> Result<Reply, Refused> {
    // Other parameters, such as `client_id`, are ignored, as RFC 6749, 3.2 says.
    if form.get("grant_type") != Some(GRANT) {
        return Err(Refused::bad(
            "unsupported_grant_type",
            "grant_type is not that of a pre-authorized code",
        ));
    }
    let missing = || Refused::bad("invalid_request", "pre-authorized_code and tx_code are needed");
    let code = form.get("pre-authorized_code").ok_or_else(missing)?;
    let digits = form.get("tx_code").ok_or_else(missing)?;
    let now = SystemTime::now();
    let uri = format!("{}{}", door.settings.uri, path::TOKEN);
    let bound_to = call
        .header("dpop")
        .and_then(|proof| dpop::key_of(proof, &uri, None, now))
        .ok_or_else(|| Refused::bad("invalid_dpop_proof", "a DPoP proof of now is needed"))?;
    let client = client(door, call, form, now)?;
    let unknown =
        || Refused::bad("invalid_grant", "the code or tx_code is wrong, was used, or has ended");
    let code = Secret::read(code).ok_or_else(unknown)?;
    let (token, life) = match door.offers.redeem(&code, digits, (&bound_to, client), now) {
        Ok(token) => token,
        Err(NotClaimed::Unknown | NotClaimed::WrongDigits) => return Err(unknown()),
        Err(NotClaimed::Busy) => return Err(Refused::later()),
        Err(NotClaimed::Door(error)) => return Err(Refused::ours(&error)),
    };
    Ok(Reply::json(&json!({
        "access_token": token,
        "token_type": "DPoP",
        "expires_in": life.as_secs(),
    })))
}

/// The wallet that calls, where wallets must be attested (RFC 6749, 2.3).
fn client(
    door: &Door,
    call: &Call,
    form: &Form,
    now: SystemTime,
) -> Result<Option<String>, Refused> {
    let Some(attesters) = &door.attesters else { return Ok(None) };
    let refused = |error, why| Err(Refused::of(StatusCode::UNAUTHORIZED, error, why));
    let attestation = call.header("oauth-client-attestation");
    let proof = call.header("oauth-client-attestation-pop");
    let (Some(attestation), Some(proof)) = (attestation, proof) else {
        return refused("invalid_client", "a wallet attestation and a proof of its key are needed");
    };
    let client = attesters.wallet((attestation, proof), &door.settings.uri, now);
    match client {
        Some(client) if form.get("client_id").is_none_or(|id| id == client) => Ok(Some(client)),
        _ => refused(
            "invalid_client_attestation",
            "the wallet attestation or its proof is not of now, for this server, or of somebody \
             whom an attester of this server certified; or client_id is of another wallet",
        ),
    }
}
