//! Verifying a QR, offline: from its text, a trust root and the time, to what a screen may show and
//! what it is good for.
//!
//! The order is that of certificates. A QR that is forged is never called expired; what is surely
//! so goes before what might be; a status that is not known is never valid.

use std::time::SystemTime;

use zerotrip_certificates::status::{KnownStatus, StatusValue};
use zerotrip_certificates::{Issuer, Listed, NoStatus, Profile, TrustRoot, Verdict, status_of};
use zerotrip_cose::Sign1;
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_text::cut;

use crate::bounds::TOKEN_BYTES;
use crate::error::QrError;
use crate::record::Record;
use crate::text::{QrText, TYP};

/// What the verifier has, and needs.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// The time to judge by.
    pub at: SystemTime,
    /// The issuer's status list, as it was fetched: a JWT or a CWT.
    pub list: Option<&'a [u8]>,
    /// The purpose that it must show.
    pub purpose: Option<&'a str>,
}

impl Demand<'_> {
    /// Nothing but the time.
    pub fn at(at: SystemTime) -> Self {
        Self { at, list: None, purpose: None }
    }
}

/// A QR that is genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedQr {
    /// The system that sealed it.
    pub issuer: Issuer,
    /// What it says.
    pub record: Record,
}

/// A genuine QR, and what it is good for.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The QR.
    pub qr: VerifiedQr,
    /// What its issuer's list says of it, where that is known.
    pub status: Option<KnownStatus>,
    /// What it is good for.
    pub verdict: Verdict,
}

/// Judges a QR. An error says that it is not genuine, or that this cannot be known any more,
/// whatever it says.
pub fn verify(text: &str, root: TrustRoot<'_>, demand: Demand<'_>) -> Result<Judged, QrError> {
    let (record, issuer) = open(&QrText::read(text)?, root, demand.at)?;
    let status = record.listed.as_ref().map(|(_, place)| match demand.list {
        None => Err(NoStatus::NoList),
        Some(list) => {
            let profile = Some(Profile::National);
            let listed = Listed { issuer: &record.issuer, profile, place };
            status_of(listed, list, root, demand.at).map_err(NoStatus::List)
        }
    });
    let verdict = verdict(&record, status.as_ref(), demand);
    let qr = VerifiedQr { issuer, record };
    Ok(Judged { status: status.and_then(Result::ok), qr, verdict })
}

/// What a QR says and who sealed it, once all of it but its time is verified.
pub(crate) fn open(
    text: &QrText,
    root: TrustRoot<'_>,
    at: SystemTime,
) -> Result<(Record, Issuer), QrError> {
    let token = Sign1::parse(&text.token()?, TYP, TOKEN_BYTES)?;
    let record = Record::of_claims(token.claimed()?)?;
    let (issuer, key) = root.sealing_key(token.key_id(), record.sealed_at).map_err(QrError::Key)?;
    if issuer.uri != record.issuer {
        return Err(QrError::WrongIssuer { stated: cut(&record.issuer), holder: issuer.uri });
    }
    token.verify(&key)?;
    // No ledger says when a QR was sealed. A key that was revoked since could have sealed it.
    root.sealing_key(token.key_id(), at).map_err(QrError::KeyEnded)?;
    Ok((record, issuer))
}

fn verdict(
    record: &Record,
    status: Option<&Result<KnownStatus, NoStatus>>,
    demand: Demand<'_>,
) -> Verdict {
    match status.and_then(|status| status.as_ref().ok()).map(|known| known.value) {
        Some(StatusValue::Revoked) => return Verdict::Revoked,
        Some(StatusValue::Superseded) => return Verdict::Superseded,
        Some(StatusValue::Suspended) => return Verdict::Suspended,
        Some(StatusValue::Valid) | None => {}
    }
    if record.sealed_at.max(record.valid_from) > demand.at + CLOCK_SKEW {
        return Verdict::NotYetValid;
    }
    if demand.at >= record.valid_until {
        return Verdict::Expired;
    }
    let shown = record.purpose.as_deref();
    if demand.purpose.is_some_and(|purpose| shown != Some(purpose)) {
        return Verdict::WrongPurpose { shown: shown.map(cut) };
    }
    match status {
        Some(Err(why)) => Verdict::UnknownStatus(why.clone()),
        Some(Ok(_)) | None => Verdict::Valid,
    }
}
