//! What a certificate is good for: whether it holds at a time, what has become of it since by its
//! issuer's list, and whether it is for what the verifier needs.
//!
//! What is not known is said to be unknown. No list, or one that does not count, never makes a
//! certificate valid.

use std::time::SystemTime;

use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_text::cut;
use zerotrip_trust::x509::{CertificateDer, check_issued_by};

use super::error::CertificateError;
use super::open;
use super::root::TrustRoot;
use super::verified::VerifiedCertificate;
use crate::profile::Profile;
use crate::status::{KnownStatus, StatusError, StatusReference, StatusValue, Whichever};

/// What the verifier has, and needs.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// The time to judge by.
    pub at: SystemTime,
    /// The issuer's status list, as it was fetched: a JWT or a CWT.
    pub list: Option<&'a [u8]>,
    /// The profile that the certificate must have.
    pub profile: Option<Profile>,
    /// The purpose that it must show.
    pub purpose: Option<&'a str>,
    /// To whom its holder must have proven to have its key, and with which word of the verifier.
    pub holder: Option<(&'a str, &'a str)>,
    /// The authority's root, which must have signed a certificate that travels along.
    pub root: Option<&'a CertificateDer<'a>>,
}

impl<'a> Demand<'a> {
    /// Nothing but the time.
    pub fn at(at: SystemTime) -> Self {
        Self { at, list: None, profile: None, purpose: None, holder: None, root: None }
    }
}

/// What a certificate that is genuine is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds, and nothing has become of it.
    Valid,
    /// Withdrawn for ever.
    Revoked,
    /// Withdrawn until that is lifted.
    Suspended,
    /// Another, or what was registered later, has taken its place.
    Superseded,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It has a place in a list, and what is there is not known.
    UnknownStatus(NoStatus),
    /// It does not show the purpose that is needed.
    WrongPurpose {
        /// What it shows, cut; `None` where that is withheld.
        shown: Option<String>,
    },
    /// Who presents it is not shown to be its holder.
    NotHolder(NotHolder),
    /// It is not of the profile that is needed.
    WrongProfile {
        /// What it is of.
        found: Option<Profile>,
    },
}

/// Why the status is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoStatus {
    /// No list is at hand.
    NoList,
    /// The list does not count.
    List(StatusError),
}

/// Why who presents a certificate is not shown to be its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHolder {
    /// It is bound to no key.
    Unbound,
    /// There is no proof.
    NoProof,
    /// The proof is for another verifier.
    OtherAudience,
    /// The proof has another word than the verifier's.
    OtherNonce,
    /// The proof is not of now.
    NotFresh,
}

/// A genuine certificate, and what it is good for.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The certificate.
    pub certificate: VerifiedCertificate,
    /// What its issuer's list says of it, where that is known.
    pub status: Option<KnownStatus>,
    /// What it is good for.
    pub verdict: Verdict,
}

/// Judges a certificate. An error says that it is not genuine, whatever the time.
pub fn judge(
    token: &str,
    root: TrustRoot<'_>,
    demand: Demand<'_>,
) -> Result<Judged, CertificateError> {
    let certificate = open(token, root)?;
    if let (Some(leaf), Some(ca)) = (&certificate.leaf, demand.root) {
        check_issued_by(leaf, ca)
            .map_err(|error| CertificateError::SealCertificate(error.to_string()))?;
    }
    let status = certificate.status.as_ref();
    let status = status.map(|place| match demand.list {
        None => Err(NoStatus::NoList),
        Some(list) => {
            let issuer = &certificate.issuer.uri;
            let listed = Listed { issuer, profile: certificate.profile, place };
            status_of(listed, list, root, demand.at).map_err(NoStatus::List)
        }
    });
    let verdict = verdict(&certificate, status.as_ref(), demand);
    Ok(Judged { status: status.and_then(Result::ok), certificate, verdict })
}

/// What is surely so goes before what might be.
fn verdict(
    certificate: &VerifiedCertificate,
    status: Option<&Result<KnownStatus, NoStatus>>,
    demand: Demand<'_>,
) -> Verdict {
    let VerifiedCertificate { issued_at, valid_from, valid_until, .. } = certificate;
    match status.and_then(|status| status.as_ref().ok()).map(|known| known.value) {
        Some(StatusValue::Revoked) => return Verdict::Revoked,
        Some(StatusValue::Superseded) => return Verdict::Superseded,
        Some(StatusValue::Suspended) => return Verdict::Suspended,
        Some(StatusValue::Valid) | None => {}
    }
    if *issued_at.max(valid_from) > demand.at + CLOCK_SKEW {
        return Verdict::NotYetValid;
    }
    if demand.at >= *valid_until {
        return Verdict::Expired;
    }
    if demand.profile.is_some_and(|profile| certificate.profile != Some(profile)) {
        return Verdict::WrongProfile { found: certificate.profile };
    }
    let shown = certificate.disclosed.claims.get("purpose");
    if demand.purpose.is_some_and(|purpose| shown.map(String::as_str) != Some(purpose)) {
        return Verdict::WrongPurpose { shown: shown.map(|text| cut(text)) };
    }
    if let Some(why) = demand.holder.and_then(|asked| not_holder(certificate, asked, demand.at)) {
        return Verdict::NotHolder(why);
    }
    match status {
        Some(Err(why)) => Verdict::UnknownStatus(why.clone()),
        Some(Ok(_)) | None => Verdict::Valid,
    }
}

fn not_holder(
    certificate: &VerifiedCertificate,
    (audience, nonce): (&str, &str),
    at: SystemTime,
) -> Option<NotHolder> {
    let Some(holder) = &certificate.holder else { return Some(NotHolder::Unbound) };
    let Some(proof) = &holder.bound else { return Some(NotHolder::NoProof) };
    let is_fresh = proof.made_at <= at + CLOCK_SKEW && at <= proof.made_at + CLOCK_SKEW;
    match (proof.audience == audience, proof.nonce == nonce, is_fresh) {
        (false, _, _) => Some(NotHolder::OtherAudience),
        (_, false, _) => Some(NotHolder::OtherNonce),
        (_, _, false) => Some(NotHolder::NotFresh),
        (true, true, true) => None,
    }
}

/// A certificate's place in its issuer's list.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The URI of the system that issued it.
    pub issuer: &'a str,
    /// What it is of.
    pub profile: Option<Profile>,
    /// Its place.
    pub place: &'a StatusReference,
}

/// What a list, a JWT or a CWT, says of a certificate: it is the list that the certificate names,
/// signed by the same issuer with a key that is in force still.
pub fn status_of(
    listed: Listed<'_>,
    list: &[u8],
    root: TrustRoot<'_>,
    at: SystemTime,
) -> Result<KnownStatus, StatusError> {
    let Listed { issuer: expected, profile, place } = listed;
    let token = Whichever::parse(list)?;
    // No ledger says when a list was signed. A key that was revoked since could have signed it.
    root.sealer(token.key_id(), token.claimed_issue()?)?;
    let (issuer, key) = root.sealer(token.key_id(), at)?;
    if issuer.uri != expected {
        return Err(StatusError::OtherIssuer { expected: expected.to_owned(), found: issuer.uri });
    }
    if profile == Some(Profile::Haip) && !token.is_certified() {
        return Err(StatusError::NotCertified);
    }
    let known = token.open(&key, &place.uri)?.status(place.place, at)?;
    let is_known = known.value == StatusValue::Valid
        || profile.is_some_and(|one| one.statuses().contains(&known.value));
    if is_known { Ok(known) } else { Err(StatusError::Unknown(known.value.number())) }
}
