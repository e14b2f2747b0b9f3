//! What a wallet is asked for (DCQL, OpenID4VP 1.0, 6).

use serde_json::{Value, json};

use crate::settings::Kind;

/// What the one certificate is called in a query and its answer.
pub(super) const ID: &str = "certificate";

/// The query: one certificate of this type and one of these variants, for this purpose, bound to
/// its holder's key, and these claims of it.
pub(super) fn query(kind: &Kind) -> Value {
    let claim = |name: &String| json!({ "path": [name] });
    let mut claims = vec![
        json!({ "path": ["variant"], "values": kind.variants }),
        json!({ "path": ["purpose"], "values": [kind.purpose] }),
    ];
    claims.extend(kind.claims.iter().map(claim));
    json!({
        "credentials": [{
            "id": ID,
            "format": "dc+sd-jwt",
            "meta": { "vct_values": [kind.vct] },
            "require_cryptographic_holder_binding": true,
            "claims": claims,
        }],
    })
}
