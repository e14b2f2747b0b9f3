//! What binds an assertion to one request, and a request to one assertion.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::Request;
use zerotrip_proto::v1::request::Body;
use zerotrip_trust::digest::{Digest, sha256_parts};

/// The nonce of a request about one person: over all that it says of what is asked, for what and by
/// whom, and not over its times, which are set when it is signed, nor over the assertion, which
/// has the nonce in it. `None` of another request. Its id is of 74 random bits and more: who sees
/// the nonce alone can guess nothing of it.
pub fn nonce(request: &Request) -> Option<String> {
    let Some(Body::Check(check)) = &request.body else { return None };
    let said = [
        &request.id,
        &request.issuer,
        &request.audience,
        &request.official,
        &request.service_item,
        &request.purpose,
        &request.legal_basis,
        &request.case_number,
        &check.check,
        &check.variant,
    ];
    let parameters = check.parameters.iter().flat_map(|one| [&one.name, &one.value]);
    let parts: Vec<&[u8]> = said.into_iter().chain(parameters).map(String::as_bytes).collect();
    Some(URL_SAFE_NO_PAD.encode(sha256_parts(hash_domain::IDENTITY_NONCE, &parts)))
}

/// What the request says of its assertion. The provider's signature is in the text, so nobody else
/// can guess it from this.
pub fn assertion_digest(token: &str) -> Digest {
    sha256_parts(hash_domain::IDENTITY_ASSERTION, &[token.as_bytes()])
}
