//! What a wallet is asked for (DCQL, OpenID4VP 1.0, 6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::settings::Kind;

/// What the one certificate is called in a query and its answer.
pub(super) const ID: &str = "certificate";

/// The query: one certificate of this type and one of these variants, for this purpose, bound to
/// its holder's key, and these claims of it. `authority`: the identifier of the key that must have
/// certified the organ's (6.1.1.1).
pub(super) fn query(kind: &Kind, authority: Option<&[u8]>) -> Value {
    let claim = |name: &String| json!({ "path": [name] });
    let mut claims = vec![
        json!({ "path": ["variant"], "values": kind.variants }),
        json!({ "path": ["purpose"], "values": [kind.purpose] }),
    ];
    claims.extend(kind.claims.iter().map(claim));
    let mut wanted = json!({
        "id": ID,
        "format": "dc+sd-jwt",
        "meta": { "vct_values": [kind.vct] },
        "require_cryptographic_holder_binding": true,
        "claims": claims,
    });
    if let (Some(key), Some(members)) = (authority, wanted.as_object_mut()) {
        let authority = json!([{ "type": "aki", "values": [URL_SAFE_NO_PAD.encode(key)] }]);
        members.insert("trusted_authorities".to_owned(), authority);
    }
    json!({ "credentials": [wanted] })
}
