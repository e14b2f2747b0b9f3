//! What wallets read of the door before they call it (OpenID4VCI 1.0, 12.2; RFC 8414).

use serde_json::{Value, json};

use super::{Attesters, GRANT};
use crate::door::Door;
use crate::error::DoorError;
use crate::http::{Reply, path};

/// What is issued, and where.
pub(crate) fn issuer(door: &Door) -> Result<Reply, DoorError> {
    let settings = &door.settings;
    let uri = &settings.uri;
    let mut types = door.offers.types()?;
    for kind in types.values_mut().filter_map(Value::as_object_mut) {
        kind.insert("proof_types_supported".to_owned(), proof_types(door.attesters.as_ref()));
    }
    let mut value = json!({
        "credential_issuer": uri,
        "credential_endpoint": format!("{uri}{}", path::CREDENTIAL),
        "nonce_endpoint": format!("{uri}{}", path::NONCE),
        "credential_configurations_supported": types,
    });
    let Some(members) = value.as_object_mut() else { return Ok(Reply::json(&value)) };
    // One copy is no batch: then it is left out (12.2.4; HAIP 1.0, 4).
    if settings.copies > 1 {
        let batch = json!({ "batch_size": settings.copies });
        members.insert("batch_credential_issuance".to_owned(), batch);
    }
    if let Some(name) = &settings.name {
        let display = json!([
            { "name": name.en, "locale": "en" },
            { "name": name.zh, "locale": "zh-CN" },
        ]);
        members.insert("display".to_owned(), display);
    }
    Ok(Reply::json(&value))
}

/// What proofs of keys must be.
fn proof_types(attesters: Option<&Attesters>) -> Value {
    let es256 = json!(["ES256"]);
    match attesters {
        None => json!({ "jwt": { "proof_signing_alg_values_supported": es256 } }),
        Some(attesters) => {
            let attested = json!({
                "proof_signing_alg_values_supported": es256,
                "key_attestations_required": attesters.required(),
            });
            json!({ "jwt": attested, "attestation": attested })
        }
    }
}

/// How a code becomes a token.
pub(crate) fn authorization_server(door: &Door) -> Reply {
    let uri = &door.settings.uri;
    let is_attested = door.attesters.is_some();
    let method = if is_attested { "attest_jwt_client_auth" } else { "none" };
    let mut value: Value = json!({
        "issuer": uri,
        "token_endpoint": format!("{uri}{}", path::TOKEN),
        "grant_types_supported": [GRANT],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": [method],
        "dpop_signing_alg_values_supported": ["ES256"],
        "pre-authorized_grant_anonymous_access_supported": !is_attested,
    });
    if let (true, Some(members)) = (is_attested, value.as_object_mut()) {
        for name in ["client_attestation", "client_attestation_pop"] {
            members.insert(format!("{name}_signing_alg_values_supported"), json!(["ES256"]));
        }
    }
    Reply::json(&value)
}
