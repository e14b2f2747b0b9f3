//! Verifying a certificate: from its text, a trust root and the time, to what a screen may show.
//! It makes no call.

mod claims;
mod error;
mod judge;
mod own;
mod root;
mod verdict_kind;
mod verified;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{Answer, ExchangeReply, SubjectProof};
use zerotrip_trust::Signed;

use claims::{Evidence, PLAIN, bilingual, bytes, evidence, only, read_scope, read_sources, text};
use own::{Own, own};

use crate::evidence::{EvidenceError, Moment, prove, prove_by};
use crate::facts::Fact;
use crate::grounds::{Asked, Grounds};
use crate::sdjwt::{self, Claims, SdJwt, SdJwtError};
use crate::seal::{claims_agree, policy, sources};
use crate::terms::{
    REQUEST, SEAL_WITHIN, SHOWN, TermsError, VALIDITY, asked as asked_as, asked_of, open_shown,
    scope, withholdable_digests,
};
use crate::{VCT_PREFIX, is_vct_of, written};

pub use error::CertificateError;
pub use judge::{Demand, Judged, Listed, NoStatus, NotHolder, Verdict, judge, status_of};
pub use root::TrustRoot;
pub use verdict_kind::VerdictKind;
pub use verified::{Disclosed, Finding, Holder, Issuer, ShownErrand, Source, VerifiedCertificate};

/// Longest validity that any definition can give.
const MOST_VALIDITY: Duration = Duration::from_secs(366 * 86_400);

/// When a certificate says that it was issued, and from when to when it is valid.
#[derive(Clone, Copy)]
struct Times {
    issued: SystemTime,
    begins: SystemTime,
    ends: SystemTime,
}

impl Times {
    fn of(plain: &Map<String, Value>) -> Result<Self, CertificateError> {
        Ok(Self {
            issued: sdjwt::time(plain, "iat")?,
            begins: sdjwt::time(plain, "nbf")?,
            ends: sdjwt::time(plain, "exp")?,
        })
    }

    /// Sealed within the hour, and valid from then on for no longer than the hub fixed.
    fn agree_with(
        self,
        answered_at: SystemTime,
        validity: Duration,
    ) -> Result<(), CertificateError> {
        // Certificates count in whole seconds, and are sealed as of the answer at the earliest,
        // whatever the sealing machine's clock says.
        if answered_at > self.issued + Duration::from_secs(1) {
            return Err(CertificateError::IssuedBeforeAnswer);
        }
        if self.issued > answered_at + SEAL_WITHIN + CLOCK_SKEW {
            return Err(CertificateError::IssuedTooLate);
        }
        if self.begins != self.issued {
            return Err(CertificateError::Contradiction("nbf"));
        }
        if self.ends > answered_at + validity {
            return Err(CertificateError::ValidTooLong);
        }
        Ok(())
    }
}

/// The question that a certificate says was answered.
#[derive(Clone, Copy)]
struct Stated<'a> {
    /// The URI of the system that asked and sealed.
    issuer: &'a str,
    check: &'a str,
    variant: &'a str,
}

/// Verifies a certificate at `now`. What has become of it since it was sealed is for [`judge`].
pub fn verify(
    token: &str,
    root: TrustRoot<'_>,
    now: SystemTime,
) -> Result<VerifiedCertificate, CertificateError> {
    let certificate = open(token, root)?;
    if certificate.issued_at.max(certificate.valid_from) > now + CLOCK_SKEW {
        return Err(SdJwtError::NotYetValid.into());
    }
    if now >= certificate.valid_until {
        return Err(SdJwtError::Expired.into());
    }
    Ok(certificate)
}

/// A certificate, once all of it but its time is verified.
fn open(token: &str, root: TrustRoot<'_>) -> Result<VerifiedCertificate, CertificateError> {
    let token = SdJwt::parse(token)?;
    let (issuer, claims) = verify_seal(&token, root)?;
    let plain = &claims.plain;
    only(plain, &PLAIN)?;
    let (vct, check, variant) =
        (text(plain, "vct")?, text(plain, "check")?, text(plain, "variant")?);
    if !is_vct_of(&vct, &check) {
        return Err(CertificateError::TypeMismatch { vct, check });
    }
    let times = Times::of(plain)?;
    let Evidence { reply, terms, subject } = evidence(plain)?;
    let stated = Stated { issuer: &issuer.uri, check: &check, variant: &variant };
    let (answer, grounds) = agreeing_answer(plain, &reply, subject.as_ref(), stated)?;
    let validity = as_fixed(plain, &answer, &terms)?;
    disclosed_as_fixed(&token, &claims, &answer, &grounds)?;
    let disclosed = disclosed(&claims, &answer, &grounds, stated)?;
    let disclosed = disclosed.without(claims.withheld, grounds.facts.len());
    let evidence = Finding { among: grounds.among, ..verify_evidence(reply, root)? };
    times.agree_with(evidence.answered_at, validity)?;
    if plain.get("evidence").and_then(|evidence| evidence.get("answered_at"))
        != Some(&written(evidence.answered_at).into())
    {
        return Err(CertificateError::Contradiction("evidence.answered_at"));
    }
    let Own { profile, serial, status, holder } = own(&token, plain, &issuer)?;
    Ok(VerifiedCertificate {
        issuer,
        profile,
        serial,
        status,
        holder,
        leaf: token.leaf().cloned(),
        issued_at: times.issued,
        valid_from: times.begins,
        valid_until: times.ends,
        vct,
        check,
        variant,
        title: bilingual(plain, "title")?,
        persons: bilingual(plain, "persons")?,
        statement: bilingual(plain, "statement")?,
        scope: read_scope(plain)?,
        sources: read_sources(plain)?,
        definition_digest: text(plain, "definition_digest")?,
        policies: answer.decision.map(|decision| decision.policy_ids).unwrap_or_default(),
        disclosed,
        evidence,
    })
}

/// What is shown is what the hub fixed, word for word; the longest validity.
fn as_fixed(
    plain: &Map<String, Value>,
    answer: &Answer,
    openings: &[String],
) -> Result<Duration, CertificateError> {
    let terms = answer.certificate.as_ref().ok_or(CertificateError::NotAllowed)?;
    let opened = open_shown(terms, openings.iter().map(String::as_str))?;
    for name in SHOWN.into_iter().filter(|name| *name != VALIDITY) {
        if plain.get(name) != opened.values.get(name) {
            return Err(CertificateError::Contradiction(name));
        }
    }
    let seconds = opened
        .values
        .get(VALIDITY)
        .and_then(Value::as_u64)
        .filter(|seconds| *seconds <= MOST_VALIDITY.as_secs());
    seconds.map(Duration::from_secs).ok_or(CertificateError::Claim("validity"))
}

/// Every disclosure, shown or withheld, is one that the hub salted for this answer; and all of
/// those are there.
fn disclosed_as_fixed(
    token: &SdJwt,
    claims: &Claims,
    answer: &Answer,
    grounds: &Grounds,
) -> Result<(), CertificateError> {
    let terms = answer.certificate.as_ref().ok_or(CertificateError::NotAllowed)?;
    let all = withholdable_digests(terms, &grounds.own);
    let fixed: BTreeSet<&[u8]> = all.iter().map(Vec::as_slice).collect();
    if fixed.len() != all.len() {
        return Err(TermsError::Malformed.into());
    }
    let other = token
        .disclosures()
        .find(|(_, encoded)| !fixed.contains(sdjwt::digest_of(encoded).as_slice()));
    if let Some((name, _)) = other {
        return Err(CertificateError::OtherDisclosure(name.chars().take(64).collect()));
    }
    let referred: BTreeSet<&[u8]> = claims.digests.iter().map(<[u8; 32]>::as_slice).collect();
    if referred == fixed { Ok(()) } else { Err(CertificateError::OtherWithheld) }
}

fn verify_seal(token: &SdJwt, root: TrustRoot<'_>) -> Result<(Issuer, Claims), CertificateError> {
    let stated = token.claimed_issuer()?;
    let (issuer, key) = root.sealer(token.key_id(), token.claimed_issue()?)?;
    if issuer.uri != stated {
        return Err(CertificateError::WrongIssuer {
            stated: stated.chars().take(200).collect(),
            holder: issuer.uri,
        });
    }
    Ok((issuer, token.open(&key, |vct| vct.starts_with(VCT_PREFIX))?))
}

/// The hub's answer inside, which must say what the certificate says. Its signature is
/// [`verify_evidence`]'s business.
fn agreeing_answer(
    plain: &Map<String, Value>,
    reply: &ExchangeReply,
    subject: Option<&SubjectProof>,
    stated: Stated<'_>,
) -> Result<(Answer, Grounds), CertificateError> {
    let envelope = reply.answer.as_ref().ok_or(CertificateError::Claim("evidence"))?;
    let answer = Signed::<Answer>::new(envelope)
        .and_then(|signed| signed.unverified())
        .map_err(EvidenceError::from)?;
    let grounds = Grounds::of(&answer, subject)?;
    let same = |name: &'static str, expected: Option<Value>| {
        if expected.is_some() && plain.get(name) == expected.as_ref() {
            Ok(())
        } else {
            Err(CertificateError::Contradiction(name))
        }
    };
    same("sources", sources(&grounds.sources).ok())?;
    same("scope", Some(scope(&grounds.claims)))?;
    claims_agree(&grounds.claims, stated.check, stated.variant)
        .map_err(CertificateError::Contradiction)?;
    same("policy", Some(policy(&answer)))?;
    same("definition_digest", Some(hex::encode(&answer.definition_digest).into()))?;
    Ok((answer, grounds))
}

fn verify_evidence(reply: ExchangeReply, root: TrustRoot<'_>) -> Result<Finding, CertificateError> {
    let (proven, directory_issued_at) = match root {
        TrustRoot::Directory(directory) => {
            (prove(reply, directory, Moment::WhenAnswered)?, Some(directory.issued_at()))
        }
        TrustRoot::Keys(set) => (prove_by(reply, set, Moment::WhenAnswered)?, None),
    };
    Ok(Finding {
        hub: proven.answer().hub.clone(),
        request_id: proven.answer().request_id.clone(),
        answered_at: proven.answered_at(),
        index: proven.index(),
        tree_size: proven.checkpoint().size,
        directory_issued_at,
        among: None,
    })
}

/// What is shown. Where the request is among it, which the hub fixed as it fixed the rest, all of
/// it must be what was asked.
fn disclosed(
    claims: &Claims,
    answer: &Answer,
    grounds: &Grounds,
    stated: Stated<'_>,
) -> Result<Disclosed, CertificateError> {
    let mut shown = Disclosed::default();
    for (name, value) in claims.disclosed.iter().filter(|(name, _)| *name != REQUEST) {
        if let Some(terms) = grounds.facts.iter().find(|terms| terms.name == *name) {
            shown.facts.push(Fact::read(terms, value).ok_or(CertificateError::Claim("facts"))?);
            continue;
        }
        let value = value.as_str().ok_or(CertificateError::Claim("disclosures"))?;
        shown.claims.insert(name.clone(), value.to_owned());
    }
    let Some(request) = claims.disclosed.get(REQUEST) else { return Ok(shown) };
    let request = bytes(Some(request)).ok_or(CertificateError::Claim(REQUEST))?;
    let asked = Asked::shown(&request, grounds.among);
    let same = |asked: &Asked| {
        asked.request.id == answer.request_id
            && asked.request.issuer == stated.issuer
            && asked.check == stated.check
            && asked.variant == stated.variant
    };
    let asked = asked.filter(same).ok_or(CertificateError::Contradiction(REQUEST))?;
    let said = |text: &str| {
        let mut given = asked.parameters.iter();
        given.any(|parameter| asked_as(&parameter.name, &parameter.value) == text)
    };
    if !asked_of(&grounds.claims).all(said) {
        return Err(CertificateError::Contradiction("scope"));
    }
    // Who shows the request shows what is in it.
    let errand = [("case_number", &asked.request.case_number), ("purpose", &asked.request.purpose)];
    let parameters =
        asked.parameters.iter().map(|parameter| (parameter.name.as_str(), &parameter.value));
    let within: BTreeMap<&str, &String> = parameters.chain(errand).collect();
    let differs = |(name, value): (&String, &String)| within.get(name.as_str()) != Some(&value);
    if shown.claims.iter().any(differs) {
        return Err(CertificateError::Contradiction("disclosures"));
    }
    for (name, value) in within {
        shown.claims.entry(name.to_owned()).or_insert_with(|| value.clone());
    }
    shown.request = true;
    shown.errand = Some(ShownErrand {
        official: asked.request.official.clone(),
        service_item: asked.request.service_item.clone(),
        legal_basis: asked.request.legal_basis.clone(),
    });
    Ok(shown)
}
