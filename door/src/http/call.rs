//! A request: taken only in the form that the door knows.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, StatusCode, Version, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::reply::Refused;
use super::routes::{Body, Found, Route, find};
use crate::bounds::BODY_TIME;

/// A request whose head was looked at.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) route: &'static Route,
    /// What `{id}` is in its path.
    pub(crate) id: Option<String>,
    headers: HeaderMap,
}

impl Call {
    /// What is called, if it can be: at this host, by this path and method, without a query.
    pub(crate) fn of(request: &Request<Incoming>, host: &str) -> Result<Self, Refused> {
        let of = |status, error, why| Err(Refused::of(status, error, why));
        let (uri, headers) = (request.uri(), request.headers());
        if request.version() != Version::HTTP_11 {
            let status = StatusCode::HTTP_VERSION_NOT_SUPPORTED;
            return of(status, "invalid_request", "HTTP/1.1 is spoken here");
        }
        if one(headers, &header::HOST) != Some(host) {
            let why = "the request is for another host than this door's address";
            return of(StatusCode::MISDIRECTED_REQUEST, "invalid_request", why);
        }
        if uri.authority().is_some() || uri.query().is_some() {
            return of(StatusCode::BAD_REQUEST, "invalid_request", "a path alone is asked for");
        }
        let (route, id) = match find(request.method().as_str(), uri.path()) {
            Found::Route(route, id) => (route, id.map(str::to_owned)),
            Found::OtherMethod(methods) => return Err(Refused::other_method(methods)),
            Found::Nothing => {
                return of(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path");
            }
        };
        let call = Self { route, id, headers: headers.clone() };
        call.check_content()?;
        Ok(call)
    }

    fn check_content(&self) -> Result<(), Refused> {
        let of = |status, why| Err(Refused::of(status, "invalid_request", why));
        if self.headers.contains_key(header::CONTENT_ENCODING) {
            let why = "a body comes as it is, not encoded";
            return of(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
        }
        if self.headers.contains_key(header::EXPECT) {
            return of(StatusCode::EXPECTATION_FAILED, "nothing can be expected beforehand");
        }
        // With one way alone to say how long a body is, nobody reads another end of it than we do.
        if self.headers.contains_key(header::TRANSFER_ENCODING) {
            return of(StatusCode::LENGTH_REQUIRED, "a body comes with its length");
        }
        let length = match self.headers.get(header::CONTENT_LENGTH) {
            None => Some(0),
            Some(text) => text.to_str().ok().and_then(|text| text.parse::<usize>().ok()),
        };
        if length.is_none_or(|length| length > self.route.most) {
            return of(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than is read here");
        }
        let content = one(&self.headers, &header::CONTENT_TYPE).map(str::to_ascii_lowercase);
        let content = content.as_deref();
        let is = |name: &str| content.is_some_and(|content| is_type(content, name));
        let fits = match self.route.body {
            Body::None => true,
            Body::Json => is("application/json"),
            Body::Form => is("application/x-www-form-urlencoded"),
            Body::Upload => self.boundary().is_some(),
        };
        if fits {
            return Ok(());
        }
        of(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not of the type that is read here")
    }

    /// The one value of a header. `None` where there is none, or more than one.
    pub(crate) fn header(&self, name: &'static str) -> Option<&str> {
        one(&self.headers, &HeaderName::from_static(name))
    }

    /// What the parts of an upload are parted by (RFC 2046, 5.1.1).
    pub(crate) fn boundary(&self) -> Option<&str> {
        let content = one(&self.headers, &header::CONTENT_TYPE)?;
        let text = content.strip_prefix("multipart/form-data; boundary=")?;
        let known = |c: char| c.is_ascii_alphanumeric() || "'()+_,-./:=?".contains(c);
        ((1..=70).contains(&text.len()) && text.chars().all(known)).then_some(text)
    }

    /// The body, within its bounds of bytes and of time.
    pub(crate) async fn body(&self, request: Request<Incoming>) -> Result<Bytes, Refused> {
        let body = Limited::new(request.into_body(), self.route.most).collect();
        let of = |status, why| Refused::of(status, "invalid_request", why);
        match tokio::time::timeout(BODY_TIME, body).await {
            Ok(Ok(read)) => Ok(read.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                Err(of(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than is read here"))
            }
            Ok(Err(_)) => Err(of(StatusCode::BAD_REQUEST, "the body does not come to its end")),
            Err(_elapsed) => Err(of(StatusCode::REQUEST_TIMEOUT, "the body came too slowly")),
        }
    }
}

/// A media type without a charset, or with UTF-8.
fn is_type(content: &str, name: &str) -> bool {
    let Some(rest) = content.strip_prefix(name) else { return false };
    let rest: String = rest.chars().filter(|c| *c != ' ').collect();
    matches!(rest.as_str(), "" | ";charset=utf-8" | ";charset=\"utf-8\"")
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
