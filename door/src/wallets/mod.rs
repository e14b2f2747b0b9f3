//! Certificates into wallets: OpenID4VCI 1.0 with a pre-authorised code and a transaction code.
//!
//! A code and its digits give a token, bound to the wallet's key for calls (DPoP); the token and a
//! proof of the holder's keys give one certificate. The door decides nothing of the person: what it
//! seals was asked and affirmed at the counter.

mod attestation;
mod credential;
mod dpop;
mod metadata;
mod nonces;
mod proof;
mod token;

pub(crate) use attestation::Attesters;
pub(crate) use credential::credential;
pub(crate) use metadata::{authorization_server, issuer};
pub(crate) use nonces::Nonces;
pub(crate) use token::token;

use serde_json::{Value, json};

use crate::http::path;

/// The grant of a pre-authorised code.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

/// The offer, as a wallet opens it: a link, or the content of a QR code.
pub fn offer_uri(issuer: &str, configuration: &str, code: &str) -> String {
    let grant = json!({
        "pre-authorized_code": code,
        "tx_code": { "input_mode": "numeric", "length": crate::bounds::TX_DIGITS },
    });
    let offer: Value = json!({
        "credential_issuer": issuer,
        "credential_configuration_ids": [configuration],
        "grants": { GRANT: grant },
    });
    format!("openid-credential-offer://?credential_offer={}", path::encode(&offer.to_string()))
}
