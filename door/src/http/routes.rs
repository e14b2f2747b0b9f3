//! Everything that can be called at the door, in one table. What is not in it is not found.

use std::time::Duration;

use crate::bounds::{BODY, LONG, SHORT};

/// What a request's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// An object of JSON, no name in it twice.
    Json,
    /// A form, no name in it twice.
    Form,
    /// A form with a file or a text.
    Upload,
}

/// Something that can be called.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// GET or POST.
    pub method: &'static str,
    /// The path; `{id}` is one part of 43 characters of base64url.
    pub path: &'static str,
    /// What its body is.
    pub body: Body,
    /// Most bytes of that.
    pub most: usize,
    /// Time until it is answered.
    pub time: Duration,
    pub(crate) action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Issuer,
    AuthorizationServer,
    Token,
    Nonce,
    Credential,
    Request,
    Response,
    Shown,
    VerifyPage,
    Verify,
}

const fn get(path: &'static str, action: Action) -> Route {
    Route { method: "GET", path, body: Body::None, most: 0, time: SHORT, action }
}

const fn post(path: &'static str, body: Body, most: usize, action: Action) -> Route {
    Route { method: "POST", path, body, most, time: SHORT, action }
}

/// All of them.
pub static ROUTES: [Route; 10] = [
    get("/.well-known/openid-credential-issuer", Action::Issuer),
    get("/.well-known/oauth-authorization-server", Action::AuthorizationServer),
    post("/token", Body::Form, 8 << 10, Action::Token),
    post("/nonce", Body::None, 0, Action::Nonce),
    Route { time: LONG, ..post("/credential", Body::Json, 32 << 10, Action::Credential) },
    get("/presentations/{id}/request", Action::Request),
    post("/presentations/{id}/response", Body::Form, BODY, Action::Response),
    get("/shown", Action::Shown),
    get("/verify", Action::VerifyPage),
    post("/verify", Body::Upload, BODY, Action::Verify),
];

/// What a path is.
pub(crate) enum Found<'a> {
    /// This can be called, for what `{id}` is.
    Route(&'static Route, Option<&'a str>),
    /// There is such a path, for these methods.
    OtherMethod(&'static str),
    /// There is not.
    Nothing,
}

/// Finds what is called.
pub(crate) fn find<'a>(method: &str, path: &'a str) -> Found<'a> {
    let mut methods = Vec::new();
    for route in &ROUTES {
        let Some(id) = matches(route.path, path) else { continue };
        if route.method == method {
            return Found::Route(route, id);
        }
        methods.push(route.method);
    }
    match methods.as_slice() {
        [] => Found::Nothing,
        [one] => Found::OtherMethod(one),
        _ => Found::OtherMethod("GET, POST"),
    }
}

/// What `{id}` is, if the path is of this form.
fn matches<'a>(form: &str, path: &'a str) -> Option<Option<&'a str>> {
    let Some((before, after)) = form.split_once("{id}") else {
        return (form == path).then_some(None);
    };
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (id.len() == 43 && id.chars().all(known)).then_some(Some(id))
}
