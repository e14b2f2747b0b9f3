//! A wallet's proof that it has the key which the certificate is to be bound to (OpenID4VCI 1.0,
//! appendix F.1): for this issuer, of now, with a nonce of ours.

use std::time::SystemTime;

use zerotrip_certificates::HolderKey;

use crate::bounds::{PROOF_LIFE, PROOF_SKEW};
use crate::jwt::prove;

/// What a proof that counts says.
#[derive(Debug)]
pub(crate) struct KeyProof {
    pub(crate) key: HolderKey,
    /// Not taken back yet.
    pub(crate) nonce: String,
}

/// The proof in a text, if it is one for this issuer.
pub(crate) fn read(text: &str, issuer: &str, now: SystemTime) -> Option<KeyProof> {
    const KNOWN: [&str; 7] = ["iss", "aud", "iat", "nonce", "exp", "nbf", "jti"];
    let proven = prove(text, "openid4vci-proof+jwt", &KNOWN)?;
    let holds = proven.text("aud") == Some(issuer) && proven.is_of(now, PROOF_LIFE, PROOF_SKEW);
    let nonce = proven.text("nonce").map(str::to_owned);
    holds.then_some(())?;
    Some(KeyProof { nonce: nonce?, key: proven.key })
}
