//! The door's paths, and how a text is written in a link.

pub(crate) const TOKEN: &str = "/token";
pub(crate) const NONCE: &str = "/nonce";
pub(crate) const CREDENTIAL: &str = "/credential";
pub(crate) const SHOWN: &str = "/shown";

/// Where a request for a presentation is fetched.
pub(crate) fn request(id: &str) -> String {
    format!("/presentations/{id}/request")
}

/// Where it is answered.
pub(crate) fn response(id: &str) -> String {
    format!("/presentations/{id}/response")
}

/// A text as a value in a link (RFC 3986, 2.1).
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
