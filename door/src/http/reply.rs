//! What the door answers. Errors have a code of the protocol and a fixed text.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// The error's code, for the log.
    pub(crate) error: Option<&'static str>,
    content_type: &'static str,
    body: Bytes,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A refusal: what is wrong is the caller's to correct, or the door's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    status: StatusCode,
    error: &'static str,
    /// Printable ASCII without quotes and backslashes (RFC 6749, 5.2).
    description: &'static str,
    more: Option<(HeaderName, &'static str)>,
}

/// A page runs nothing, loads nothing and is in no frame.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

impl Reply {
    fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let (status, body) = (StatusCode::OK, body.into());
        Self { status, error: None, content_type, body, headers: Vec::new() }
    }

    /// A value of JSON.
    pub(crate) fn json(value: &Value) -> Self {
        Self::new("application/json", value.to_string())
    }

    /// A signed request.
    pub(crate) fn request_object(text: String) -> Self {
        Self::new("application/oauth-authz-req+jwt", text)
    }

    /// A page; with what its security policy allows beside nothing.
    pub(crate) fn page(html: String, allowed: &str) -> Self {
        let policy = format!("{POLICY}; form-action 'self'; {allowed}");
        Self::new("text/html; charset=utf-8", html).with(header::CONTENT_SECURITY_POLICY, &policy)
    }

    /// The same with another header.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        // All values are our own, and of ASCII.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, self.content_type),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.extend(self.headers);
        response
    }
}

impl Refused {
    fn new(status: StatusCode, error: &'static str, description: &'static str) -> Self {
        Self { status, error, description, more: None }
    }

    /// The request is wrong.
    pub(crate) fn bad(error: &'static str, description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, description)
    }

    /// With another status.
    pub(crate) fn of(status: StatusCode, error: &'static str, description: &'static str) -> Self {
        Self::new(status, error, description)
    }

    /// The path is called by these methods alone.
    pub(crate) fn other_method(allowed: &'static str) -> Self {
        let why = "this path is not called by this method";
        let more = Some((header::ALLOW, allowed));
        Self { more, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", why) }
    }

    /// It has no token that counts (RFC 9449, 7.1).
    pub(crate) fn unauthorised(error: &'static str, description: &'static str) -> Self {
        let challenge = match error {
            "invalid_dpop_proof" => r#"DPoP error="invalid_dpop_proof", algs="ES256""#,
            _ => r#"DPoP error="invalid_token", algs="ES256""#,
        };
        let more = Some((header::WWW_AUTHENTICATE, challenge));
        Self { more, ..Self::new(StatusCode::UNAUTHORIZED, error, description) }
    }

    /// There is another one at it, too many of them, or the hub does not answer.
    pub(crate) fn later() -> Self {
        let more = Some((header::RETRY_AFTER, "5"));
        let why = "not possible at this moment; try again with the same key";
        let refused = Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", why);
        Self { more, ..refused }
    }

    /// The door's own trouble, which its log tells.
    pub(crate) fn ours(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "the door has a fault; its operator finds it in the log",
        )
    }
}

impl From<Refused> for Reply {
    fn from(refused: Refused) -> Self {
        let Refused { status, error, description, more } = refused;
        let body = json!({ "error": error, "error_description": description });
        let reply = Self { status, error: Some(error), ..Self::json(&body) };
        match more {
            Some((name, value)) => reply.with(name, value),
            None => reply,
        }
    }
}
