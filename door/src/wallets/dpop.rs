//! Proofs that a caller has the key which its token is bound to (DPoP, RFC 9449). A proof need not
//! be remembered: what it comes with, a code or a nonce, is taken once.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zerotrip_trust::digest::sha256;

use crate::bounds::{PROOF_SKEW, SECRET_CHARS};
use crate::jwt::{prove, thumbprint};

/// The thumbprint of the key that a proof is by, if it is one for this call, of now, and, where
/// there is a token, of that.
pub(crate) fn key_of(
    proof: &str,
    uri: &str,
    token: Option<&str>,
    now: SystemTime,
) -> Option<String> {
    const KNOWN: [&str; 8] = ["jti", "htm", "htu", "iat", "ath", "nonce", "exp", "nbf"];
    let proven = prove(proof, "dpop+jwt", &KNOWN)?;
    let id = proven.text("jti")?;
    let digest = token.map(|token| URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())));
    let holds = (1..=SECRET_CHARS).contains(&id.len())
        && proven.text("htm") == Some("POST")
        && proven.text("htu") == Some(uri)
        && proven.text("ath") == digest.as_deref()
        && proven.is_of(now, PROOF_SKEW, PROOF_SKEW);
    holds.then(|| thumbprint(&proven.key))
}
