//! A wallet's answer (OpenID4VP 1.0, 8.3): encrypted for the key of its request, which opens one
//! message. A request is answered once, whatever the answer is.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use zerotrip_certificates::{HolderKey, sdjwt};
use zerotrip_trust::digest::{is_same, sha256};
use zerotrip_trust::jwe::ContentEncryption;

use super::outcome::Outcome;
use super::request::{KEY, Pending};
use super::verifying::Verifying;
use super::{dcql, verdict_of};
use crate::http::{Form, Refused, Reply, path};
use crate::settings::Kind;

/// Takes an answer, and keeps what came of it.
pub(crate) async fn response(
    verifying: &Verifying,
    (door, id): (&str, &str),
    form: &Form,
) -> Result<Reply, Refused> {
    let now = SystemTime::now();
    let unknown = || Refused::bad("invalid_request", "there is no such request, or it has ended");
    let (kind, pending) =
        verifying.take(id, now).map_err(|error| Refused::ours(&error))?.ok_or_else(unknown)?;
    let outcome = outcome(verifying, &kind, pending, form, now).await;
    let kept = verifying.requests.answer(id, &outcome);
    kept.map_err(|error| Refused::ours(&error))?;
    match outcome {
        Outcome::Refused { why } => {
            tracing::info!(why, "a presentation was refused");
            Err(Refused::bad("invalid_request", "it is not an answer to this request"))
        }
        _ => Ok(Reply::json(&json!({ "redirect_uri": format!("{door}{}", path::SHOWN) }))),
    }
}

async fn outcome(
    verifying: &Verifying,
    kind: &Kind,
    pending: Pending,
    form: &Form,
    now: SystemTime,
) -> Outcome {
    let refused = |why: &str| Outcome::Refused { why: why.to_owned() };
    let is_state =
        |text: &str| is_same(&sha256(text.as_bytes()), &sha256(pending.state.as_bytes()));
    if let (Some(_), Some(state)) = (form.get("error"), form.get("state")) {
        return if is_state(state) { Outcome::Declined } else { refused("another state") };
    }
    let Some(jwe) = form.get("response") else { return refused("no `response`") };
    let (nonce, client_id) = (pending.nonce.clone(), pending.client_id.clone());
    let state = pending.state.clone();
    let Some(members) = open(jwe, pending) else { return refused("it does not open") };
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let said = text("state").map(|text| sha256(text.as_bytes()));
    if !said.is_some_and(|said| is_same(&said, &sha256(state.as_bytes()))) {
        return refused("another state");
    }
    let Some(token) = presentation(&members) else {
        return refused("not one presentation of what was asked for");
    };
    verdict_of(verifying, kind, token, (&client_id, &nonce), now).await
}

/// The members of an answer that opens.
fn open(jwe: &str, pending: Pending) -> Option<Map<String, Value>> {
    const KNOWN: [&str; 8] = ["alg", "enc", "kid", "epk", "apu", "apv", "typ", "cty"];
    let (header, _) = jwe.split_once('.')?;
    let header = sdjwt::object(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let is = |name: &str, value: &str| header.get(name).is_none_or(|found| found == value);
    if !header.keys().all(|name| KNOWN.contains(&name.as_str()))
        || header.get("alg")? != "ECDH-ES"
        || !is("kid", KEY)
        || !(is("typ", "JWT") || is("typ", "JOSE"))
        || !is("cty", "json")
    {
        return None;
    }
    let encryption = ContentEncryption::of(header.get("enc")?.as_str()?)?;
    let sender = HolderKey::read(&header.get("epk")?.to_string()).ok()?;
    let party = |name: &str| match header.get(name) {
        None => Some(Vec::new()),
        Some(text) => URL_SAFE_NO_PAD.decode(text.as_str()?).ok(),
    };
    let (u, v) = (party("apu")?, party("apv")?);
    let opened = pending.key.open(jwe, encryption, sender.key().bytes(), (&u, &v)).ok()?;
    sdjwt::object(&opened).ok()
}

/// The one presentation.
fn presentation(members: &Map<String, Value>) -> Option<&str> {
    let answers = members.get("vp_token")?.as_object().filter(|answers| answers.len() == 1)?;
    match answers.get(dcql::ID)?.as_array()?.as_slice() {
        [one] => one.as_str(),
        _ => None,
    }
}
