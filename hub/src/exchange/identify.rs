//! Who asks? The TLS peer and the signer must be systems of one member; the signature is over the exact bytes, and the algorithm is the
//! registered key's.

use std::time::SystemTime;

use zerotrip_proto::v1::{Envelope, ErrorCode, KeyUsage, Request};
use zerotrip_proto::{Refusal, bounds, payload_type};
use zerotrip_trust::dsse::{self, DsseError};
use zerotrip_trust::identity::{Identity, is_term};

use super::required_time;
use crate::hub::{Hub, InForce};

/// A request whose signature, audience and times hold.
pub struct Identified {
    /// As signed.
    pub envelope: Envelope,
    /// What it says.
    pub request: Request,
    /// The member that asks.
    pub member: String,
    /// When it lapses.
    pub expires_at: SystemTime,
}

/// Verifies a request, or says what is wrong with it.
pub fn identify(hub: &Hub, in_force: &InForce, envelope: Envelope, peer: &Identity, now: SystemTime) -> Result<Identified, Refusal> {
    if in_force.directory.expires_at() <= now {
        return Err(Refusal::new(ErrorCode::StaleBundle, "the key directory has expired; the authority must publish a new one"));
    }
    let bad = |error: DsseError| Refusal::new(error.code(), format!("request: {error}"));
    let (payload, keyid) = dsse::peek(&envelope, payload_type::REQUEST).map_err(bad)?;
    let holder = in_force.directory.signing_key(keyid, KeyUsage::Sign, now);
    let holder = holder.map_err(|why| Refusal::new(why.code(), format!("request: {why}")))?;
    dsse::verify(&envelope, payload_type::REQUEST, &holder.key).map_err(bad)?;
    if holder.member.is_none() || holder.member.as_deref() != peer.member() {
        return Err(Refusal::new(ErrorCode::SignerMismatch, "the signer and the TLS peer belong to different members"));
    }
    let request: Request = dsse::decode(payload).map_err(bad)?;
    if request.issuer != holder.uri {
        return Err(Refusal::new(ErrorCode::SignerMismatch, "the request names another system than the one that signed it"));
    }
    if request.audience != hub.identity.uri {
        return Err(Refusal::new(ErrorCode::WrongAudience, format!("this hub is `{}`; the request is for another", hub.identity.uri)));
    }
    let expires_at = check_times(&request, now)?;
    check_texts(&request)?;
    let member = holder.member.clone().unwrap_or_default();
    Ok(Identified { envelope, request, member, expires_at })
}

fn check_times(request: &Request, now: SystemTime) -> Result<SystemTime, Refusal> {
    let issued = required_time(request.issued_at.as_ref(), "issued_at")?;
    let expires = required_time(request.expires_at.as_ref(), "expires_at")?;
    if issued > now + bounds::CLOCK_SKEW {
        return Err(Refusal::new(ErrorCode::NotYetValid, "the request was issued in the future; set the clock of the asking system"));
    }
    if expires <= now {
        return Err(Refusal::new(ErrorCode::Expired, "the request has expired; sign a new one, and compare clocks if it was just signed"));
    }
    if expires.duration_since(issued).map_or(true, |life| life > bounds::REQUEST_LIFE) {
        return Err(Refusal::new(ErrorCode::Expired, "the request would live for more than five minutes; shorten expires_at"));
    }
    Ok(expires)
}

fn check_texts(request: &Request) -> Result<(), Refusal> {
    let malformed = |text: String| Err(Refusal::new(ErrorCode::Malformed, text));
    let id = uuid::Uuid::try_parse(&request.id);
    let canonical = id.as_ref().is_ok_and(|id| id.get_version_num() == 7 && id.hyphenated().to_string() == request.id);
    if !canonical {
        return malformed("`id` must be a UUIDv7 in its usual lower-case form (RFC 9562)".into());
    }
    let fields = [
        ("official", &request.official),
        ("service_item", &request.service_item),
        ("purpose", &request.purpose),
        ("legal_basis", &request.legal_basis),
        ("case_number", &request.case_number),
    ];
    for (name, text) in fields {
        if !is_term(text) {
            return malformed(format!("`{name}` is mandatory: 1 to {} characters, no blanks at the ends", bounds::TEXT_CHARS));
        }
    }
    Ok(())
}
