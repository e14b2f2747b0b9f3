//! Where a certificate's status is said: its claim `status` (draft, 6.2).

use serde_json::{Value, json};

/// Longest address of a list, in bytes.
const URI_BYTES: usize = 512;

/// A list, and a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReference {
    /// The list's address, which its `sub` repeats.
    pub uri: String,
    /// From 0.
    pub place: u64,
}

impl StatusReference {
    /// The claim.
    pub fn to_claim(&self) -> Value {
        json!({ "status_list": { "idx": self.place, "uri": self.uri } })
    }

    /// Reads the claim: one list, one place, and nothing else.
    pub fn read(claim: &Value) -> Option<Self> {
        let status = claim.as_object().filter(|status| status.len() == 1)?;
        let list = status.get("status_list")?.as_object().filter(|list| list.len() == 2)?;
        let uri = list.get("uri")?.as_str().filter(|uri| is_list_uri(uri))?.to_owned();
        Some(Self { uri, place: list.get("idx")?.as_u64()? })
    }
}

/// Whether a list can have this address: `https://`, a host in lower case, perhaps a port, and a
/// path of unreserved characters (RFC 3986, 2.3). Without a query: who fetches a list must not be
/// told apart by it.
pub fn is_list_uri(uri: &str) -> bool {
    let Some((authority, path)) =
        uri.strip_prefix("https://").and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let segment = |segment: &str| {
        !segment.is_empty()
            && segment != "."
            && segment != ".."
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    uri.len() <= URI_BYTES
        && host.split('.').all(label)
        && (1..=5).contains(&port.len())
        && port.bytes().all(|b| b.is_ascii_digit())
        && path.split('/').all(segment)
}
