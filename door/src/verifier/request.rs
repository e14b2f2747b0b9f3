//! The signed request that a wallet fetches (OpenID4VP 1.0, 5; RFC 9101): the same however often it
//! is fetched, and gone once it is answered.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use zerotrip_trust::jwe::{ContentEncryption, OnceKey};

use super::{RequestSigner, dcql};
use crate::error::DoorError;
use crate::http::path;
use crate::jwt::{seconds, sign};
use crate::secrets::Secret;
use crate::settings::Kind;

/// A request that was fetched: what its answer must have.
#[derive(Debug)]
pub(crate) struct Pending {
    /// The signed request.
    pub(crate) text: String,
    pub(super) nonce: String,
    pub(super) state: String,
    pub(super) client_id: String,
    /// Opens the answer.
    pub(super) key: OnceKey,
    /// Until when it can be answered.
    pub(crate) ends: SystemTime,
}

/// Makes the request with this id. `authority`: the identifier of the key of the one that must have
/// certified the organ.
pub(crate) fn request_object(
    signer: &RequestSigner,
    door: &str,
    (id, kind, authority): (&str, &Kind, Option<&[u8]>),
    (now, ends): (SystemTime, SystemTime),
) -> Result<Pending, DoorError> {
    let (nonce, state) = (Secret::generate()?.to_text(), Secret::generate()?.to_text());
    let key = OnceKey::generate()?;
    let part = |from, to| URL_SAFE_NO_PAD.encode(key.public().get(from..to).unwrap_or_default());
    let encryptions = ContentEncryption::ALL.map(ContentEncryption::name);
    let client_id = signer.client_id();
    let payload = json!({
        "client_id": client_id,
        "aud": "https://self-issued.me/v2",
        "iat": seconds(now),
        "exp": seconds(ends),
        "response_type": "vp_token",
        "response_mode": "direct_post.jwt",
        "response_uri": format!("{door}{}", path::response(id)),
        "nonce": nonce,
        "state": state,
        "dcql_query": dcql::query(kind, authority),
        "client_metadata": {
            "jwks": { "keys": [{
                "kty": "EC", "crv": "P-256", "use": "enc", "alg": "ECDH-ES", "kid": KEY,
                "x": part(1, 33), "y": part(33, 65),
            }] },
            "encrypted_response_enc_values_supported": encryptions,
            "vp_formats_supported": { "dc+sd-jwt": {
                "sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"],
            } },
        },
    });
    let text = sign((&signer.key, &signer.leaf), "oauth-authz-req+jwt", &payload)?;
    Ok(Pending { text, nonce, state, client_id, key, ends })
}

/// What the key is called that opens the answer.
pub(super) const KEY: &str = "answer";
