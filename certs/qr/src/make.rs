//! Making a QR: of a certificate that verifies, with a key of its issuer's, and of nothing else.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_certificates::{
    ASKED, Demand, Disclosed, Fact, FactValue, NoStatus, TrustRoot, VCT_PREFIX, Verdict,
    VerifiedCertificate, judge,
};
use zerotrip_cose::Sign1;
use zerotrip_trust::digest::Digest;
use zerotrip_trust::keys::SigningKey;

use crate::error::QrError;
use crate::record::{FactText, Record, Subject, Unit, seconds};
use crate::text::{QrText, TYP};
use crate::verify::open;

/// How it is known that nothing has become of the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The organ's register has it as recorded, and nothing has become of it.
    InRegister,
    /// By the certificate alone: it must be of a kind that cannot be revoked.
    Unlisted,
}

/// What every certificate can show beside the person.
const PURPOSE: &str = "purpose";
const CASE: &str = "case_number";

/// Makes the QR of a certificate (or of a presentation of one: what that leaves out, the QR leaves
/// out too), sealed at `now`. It is verified before it is handed out.
pub fn make(
    token: &str,
    root: TrustRoot<'_>,
    standing: Standing,
    key: &SigningKey,
    now: SystemTime,
) -> Result<QrText, QrError> {
    let judged = judge(token, root, Demand::at(now)).map_err(QrError::Certificate)?;
    match (&judged.verdict, standing) {
        (Verdict::Valid, _) => {}
        (Verdict::UnknownStatus(NoStatus::NoList), Standing::InRegister) => {}
        (verdict, _) => return Err(QrError::NotValid(verdict.kind())),
    }
    let certificate = judged.certificate;
    if certificate.holder.is_some() {
        return Err(QrError::Bound);
    }
    let (holder, _) = root.sealing_key(key.id(), now).map_err(QrError::Key)?;
    if holder.uri != certificate.issuer.uri {
        return Err(QrError::NotTheIssuers {
            key_id: key.id().to_owned(),
            issuer: certificate.issuer.uri,
        });
    }
    let parsed = SdJwt::parse(token).map_err(|error| QrError::Certificate(error.into()))?;
    let record = record(certificate, parsed.digest(), now)?;
    let text = QrText::of(&Sign1::sign(key, TYP, &record.to_claims())?)?;
    // What a verifier would refuse, or read otherwise, is refused here, before it is printed.
    let (read, _) = open(&text, root, now)?;
    if read == record { Ok(text) } else { Err(QrError::Unfit("content".to_owned())) }
}

fn record(
    certificate: VerifiedCertificate,
    digest: Digest,
    now: SystemTime,
) -> Result<Record, QrError> {
    let unfit = |name: &str| QrError::Unfit(name.to_owned());
    let version = version(&certificate).ok_or_else(|| unfit("vct"))?;
    let as_of = oldest(&certificate).ok_or_else(|| unfit("sources"))?;
    let mut scope = certificate.scope;
    let regions = scope.remove("regions").unwrap_or_default();
    let asked = scope.remove(ASKED).unwrap_or_default();
    if let Some(kind) = scope.into_keys().next() {
        return Err(unfit(&kind));
    }
    let whole = |time: SystemTime| UNIX_EPOCH + std::time::Duration::from_secs(seconds(time));
    let Disclosed { mut claims, facts, .. } = certificate.disclosed;
    let (purpose, case_number) = (claims.remove(PURPOSE), claims.remove(CASE));
    Ok(Record {
        issuer: certificate.issuer.uri,
        // The hub's clock, which a certificate's times are of, may be a little ahead of ours.
        sealed_at: whole(now.max(certificate.valid_from)),
        valid_from: certificate.valid_from,
        valid_until: certificate.valid_until,
        listed: certificate.serial.zip(certificate.status),
        check: certificate.check,
        version,
        variant: certificate.variant,
        digest,
        as_of,
        subject: subject(claims, &asked)?,
        purpose,
        case_number,
        regions,
        asked,
        facts: facts.into_iter().map(fact).collect::<Result<_, _>>()?,
    })
}

/// The type's version, of which the check's name and it make the type again.
fn version(certificate: &VerifiedCertificate) -> Option<u64> {
    let (_, version) = certificate.vct.strip_prefix(VCT_PREFIX)?.rsplit_once(':')?;
    let number: u64 = version.parse().ok()?;
    (number.to_string() == version).then_some(number)
}

/// The oldest state of a register that it rests on.
fn oldest(certificate: &VerifiedCertificate) -> Option<SystemTime> {
    let read = |text: &str| {
        let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
        Some(UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(time.timestamp()).ok()?))
    };
    let times: Option<Vec<SystemTime>> =
        certificate.sources.iter().map(|source| read(&source.as_of)).collect();
    times?.into_iter().min()
}

/// The person: what is shown beside the errand, and not named in the scope. A question has one.
fn subject(claims: BTreeMap<String, String>, asked: &[String]) -> Result<Option<Subject>, QrError> {
    let in_scope =
        |name: &str, value: &str| asked.contains(&zerotrip_certificates::asked(name, value));
    let mut persons = claims.into_iter().filter(|(name, value)| !in_scope(name, value));
    let subject = persons.next().map(|(name, id)| Subject { name, id });
    match persons.next() {
        None => Ok(subject),
        Some((name, _)) => Err(QrError::Unfit(name)),
    }
}

fn fact(fact: Fact) -> Result<(String, FactText), QrError> {
    let value = match fact.value {
        Some(FactValue::Text(text)) => FactText::Text(text),
        Some(FactValue::Number(number)) => {
            let unit = Unit::of(&fact.terms.r#type);
            FactText::Number(number, unit.ok_or(QrError::Unfit(fact.terms.r#type))?)
        }
        None => FactText::None,
    };
    Ok((fact.terms.name, value))
}
