//! What wallets read of the door before they call it (OpenID4VCI 1.0, 12.2; RFC 8414).

use serde_json::{Value, json};

use super::GRANT;
use crate::error::DoorError;
use crate::http::{Reply, path};
use crate::offers::Offers;
use crate::settings::DoorSettings;

/// What is issued, and where.
pub(crate) fn issuer(settings: &DoorSettings, offers: &Offers) -> Result<Reply, DoorError> {
    let uri = &settings.uri;
    // One answer serves one certificate: `batch_credential_issuance` is left out.
    let mut value = json!({
        "credential_issuer": uri,
        "credential_endpoint": format!("{uri}{}", path::CREDENTIAL),
        "nonce_endpoint": format!("{uri}{}", path::NONCE),
        "credential_configurations_supported": offers.types()?,
    });
    if let (Some(name), Some(members)) = (&settings.name, value.as_object_mut()) {
        let display = json!([
            { "name": name.en, "locale": "en" },
            { "name": name.zh, "locale": "zh-CN" },
        ]);
        members.insert("display".to_owned(), display);
    }
    Ok(Reply::json(&value))
}

/// How a code becomes a token.
pub(crate) fn authorization_server(settings: &DoorSettings) -> Reply {
    let uri = &settings.uri;
    let value: Value = json!({
        "issuer": uri,
        "token_endpoint": format!("{uri}{}", path::TOKEN),
        "grant_types_supported": [GRANT],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["none"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "pre-authorized_grant_anonymous_access_supported": true,
    });
    Reply::json(&value)
}
