//! Making a certificate. There is no way to make one of anything but a proven, true answer to
//! exactly the request that was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use serde_json::{Map, Value, json};
use zerotrip_proto::v1::{Answer, Claim, LedgerReceipt, Parameter, SourceStatement, SubjectProof};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::x509::CertificateDer;

use super::affirmed::Affirmed;
use super::evidence::{ProvenAnswer, answers_request};
use super::facts::{Fact, FactValue};
use super::grounds::Asked;
use super::holder::HolderKey;
use super::terms::{
    REQUEST, SEAL_WITHIN, TermsError, VALIDITY, asked as asked_as, asked_of, open_all, stated,
};
use super::{is_vct_of, written, written_timestamp};
use crate::sdjwt::{self, SdJwt, SdJwtError};
use crate::serial::Serial;
use crate::status::StatusReference;
use zerotrip_checks::definition::Definition;

/// Everything that a certificate will say, checked, before it is sealed.
#[derive(Clone, Debug)]
pub struct CertificateContent {
    plain: Map<String, Value>,
    /// As the hub salted them.
    disclosable: Vec<String>,
    answered_at: SystemTime,
    valid_until: SystemTime,
    /// The sealing key's.
    leaf: Option<CertificateDer<'static>>,
}

/// A certificate as its holder gets it.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The token: `<signed part>~<disclosure>~…~`.
    pub token: String,
    /// SHA-256 over the signed part.
    pub digest: Digest,
    /// Until when it is valid, exclusive.
    pub valid_until: SystemTime,
}

impl Sealed {
    /// One that was sealed before, as it was kept.
    pub fn read(token: String) -> Result<Self, SdJwtError> {
        let read = SdJwt::parse(&token)?;
        Ok(Self { digest: read.digest(), valid_until: read.claimed_end()?, token })
    }
}

/// Why nothing is sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The answer is to another request.
    #[error("the answer is not to this request")]
    OtherRequest,
    /// The request asks no check.
    #[error("the request asks no check, so nothing can be certified on it")]
    NoCheck,
    /// The check or variant is another than the definition's.
    #[error("the definition is of `{definition}`, but `{asked}` was asked")]
    OtherCheck {
        /// What the definition is of.
        definition: String,
        /// What was asked.
        asked: String,
    },
    /// The hub ran another text.
    #[error("the hub ran another text of the check's definition; fetch the catalog again")]
    OtherDefinition,
    /// The definition's certificate type.
    #[error(
        "the definition's certificate type `{0}` is not \
         `urn:zerotrip:certificate:<check>:<version>`"
    )]
    BadType(String),
    /// No register was asked.
    #[error("the answer names no sources, so it proves nothing")]
    NoSources,
    /// A source without a time.
    #[error("the answer states no as-of time for `{0}`")]
    NoAsOf(String),
    /// A parameter whose name a certificate uses for something else.
    #[error(
        "the parameter `{0}` has the name of a claim that every certificate has; rename it in the \
         definition"
    )]
    ReservedParameter(String),
    /// The hub's answer travels inside the certificate, seen by every reader of it: it must not
    /// spell out which person it is about.
    #[error(
        "the hub's answer spells out the parameter `{0}` in its claims, which every holder would \
         have to show; the hub must leave it out"
    )]
    ParameterInAnswer(String),
    /// The hub answered another check or variant.
    #[error("the hub's answer is on another `{0}` than was asked")]
    OtherAnswer(&'static str),
    /// The answer is too old.
    #[error("the answer is past its validity, or more than an hour old; ask again")]
    TooOld,
    /// The hub fixed nothing.
    #[error(
        "the hub's answer allows no certificate: the grant does not allow issuing one; apply for \
         one that does"
    )]
    NotAllowed,
    /// The hub fixed it in another form.
    #[error(
        "what the hub fixed for a certificate cannot be used: {0}; do not act on the answer, and \
         tell the authority"
    )]
    Terms(#[from] TermsError),
    /// The hub fixed something else than the definition and the request say.
    #[error(
        "the hub fixed another `{0}` than the definition and the request say; fetch the catalog \
         again"
    )]
    OtherTerms(String),
    /// The seal.
    #[error(transparent)]
    Token(#[from] SdJwtError),
}

impl CertificateContent {
    /// Puts together what the certificate will say. `request` is the payload that was signed and
    /// answered, byte for byte.
    pub fn try_new(
        affirmed: &Affirmed,
        request: &[u8],
        definition: &Definition,
    ) -> Result<Self, SealError> {
        let (proven, grounds) = (affirmed.proven(), affirmed.grounds());
        let answer = proven.answer();
        if !answers_request(answer, &proven.reply().request_salt, request) {
            return Err(SealError::OtherRequest);
        }
        let shown = shown_request(affirmed, request)?;
        let asked = Asked::shown(&shown, grounds.among).ok_or(SealError::NoCheck)?;
        if asked.payload != request {
            return Err(SealError::OtherRequest);
        }
        let variant = definition.variant(&asked.variant).filter(|_| asked.check == definition.name);
        let variant = variant.ok_or_else(|| SealError::OtherCheck {
            definition: definition.name.clone(),
            asked: format!("{}/{}", asked.check, asked.variant),
        })?;
        if answer.definition_digest != definition.digest {
            return Err(SealError::OtherDefinition);
        }
        let terms = &definition.certificate;
        if !is_vct_of(&terms.vct, &definition.name) {
            return Err(SealError::BadType(terms.vct.clone()));
        }
        let (subjects, others): (Vec<&Parameter>, Vec<&Parameter>) =
            asked.parameters.iter().partition(|one| definition.subject(&one.name).is_some());
        let named: BTreeSet<String> =
            others.iter().map(|one| asked_as(&one.name, &one.value)).collect();
        if !named.iter().map(String::as_str).eq(sorted(asked_of(affirmed.claims()))) {
            return Err(SealError::OtherTerms("scope".to_owned()));
        }
        if let Some(name) = spelt_out(affirmed.claims(), &subjects) {
            return Err(SealError::ParameterInAnswer(name));
        }
        claims_agree(affirmed.claims(), &asked.check, &asked.variant)
            .map_err(SealError::OtherAnswer)?;
        let answered_at = proven.answered_at();
        let fixed = answer.certificate.as_ref().ok_or(SealError::NotAllowed)?;
        let openings = affirmed.subject().map(|subject| &subject.openings);
        let openings: Vec<&String> =
            proven.reply().openings.iter().chain(openings.into_iter().flatten()).collect();
        let (opened, hidden) = open_all(fixed, &grounds.own, &openings)?;
        let issuer = &asked.request.issuer;
        let expected =
            stated(definition, &variant.name, issuer, affirmed.claims()).unwrap_or_default();
        if let Some((name, _)) =
            expected.iter().find(|(name, value)| opened.values.get(*name) != Some(value))
        {
            return Err(SealError::OtherTerms((*name).to_owned()));
        }
        let mut plain: Map<String, Value> = opened.values.into_iter().collect();
        plain.remove(VALIDITY);
        plain.insert("sources".to_owned(), sources(affirmed.sources())?);
        plain.insert("policy".to_owned(), policy(answer));
        plain.insert("definition_digest".to_owned(), hex::encode(&answer.definition_digest).into());
        let proof = affirmed.subject().map(|subject| &subject.proof);
        plain.insert("evidence".to_owned(), evidence(proven, proof, &opened.encoded));
        let errand = [
            ("case_number", asked.request.case_number.clone()),
            ("purpose", asked.request.purpose.clone()),
            (REQUEST, URL_SAFE_NO_PAD.encode(&shown)),
        ];
        let mut wanted: BTreeMap<String, Value> =
            errand.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        for parameter in subjects {
            let taken = ["iat", "nbf", "exp", "cnf", "serial", "status"]
                .contains(&parameter.name.as_str())
                || plain.contains_key(&parameter.name);
            if taken
                || wanted.insert(parameter.name.clone(), parameter.value.clone().into()).is_some()
            {
                return Err(SealError::ReservedParameter(parameter.name.clone()));
            }
        }
        for Fact { terms, value } in affirmed.facts()? {
            wanted.insert(terms.name, value.as_ref().map_or(Value::Null, FactValue::to_json));
        }
        if hidden.values != wanted {
            let mut names = wanted.keys().chain(hidden.values.keys());
            let other = names.find(|name| wanted.get(*name) != hidden.values.get(*name));
            return Err(SealError::OtherTerms(other.cloned().unwrap_or_default()));
        }
        let disclosable = hidden.encoded;
        let valid_until = answered_at.checked_add(terms.validity).ok_or(SealError::TooOld)?;
        Ok(Self { plain, disclosable, answered_at, valid_until, leaf: None })
    }

    /// Adds what only the issuer says: its number for the certificate, and where it says what
    /// becomes of it.
    #[must_use]
    pub fn numbered(mut self, serial: &Serial, status: &StatusReference) -> Self {
        self.plain.insert("serial".to_owned(), serial.as_str().into());
        self.plain.insert("status".to_owned(), status.to_claim());
        self
    }

    /// Binds it to its holder's key, and lets the sealing key's certificate travel along.
    #[must_use]
    pub fn bound(mut self, holder: &HolderKey, leaf: CertificateDer<'static>) -> Self {
        self.plain.insert("cnf".to_owned(), holder.to_claim());
        self.leaf = Some(leaf);
        self
    }

    /// Until when the certificate will be valid: counted from the answer, so that sealing late
    /// lengthens nothing.
    pub fn valid_until(&self) -> SystemTime {
        self.valid_until
    }
}

/// Seals at `now` with the competent organ's key (ES256).
pub fn seal(
    content: &CertificateContent,
    key: &SigningKey,
    now: SystemTime,
) -> Result<Sealed, SealError> {
    let seconds = |time: SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
    };
    // The hub's clock may be a little ahead of ours; a certificate is never older than its answer.
    let issued = seconds(now.max(content.answered_at));
    if issued >= seconds(content.valid_until) || issued > seconds(content.answered_at + SEAL_WITHIN)
    {
        return Err(SealError::TooOld);
    }
    let mut plain = content.plain.clone();
    plain.insert("iat".to_owned(), issued.into());
    plain.insert("nbf".to_owned(), issued.into());
    plain.insert("exp".to_owned(), seconds(content.valid_until).into());
    let token = sdjwt::issue_certified((key, content.leaf.as_ref()), plain, &content.disclosable)?;
    let valid_until =
        SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds(content.valid_until));
    Ok(Sealed { token: token.to_string(), digest: token.digest(), valid_until })
}

/// What the hub claims of check and variant, where it does, is what the certificate is on.
pub(super) fn claims_agree(
    claims: &[Claim],
    check: &str,
    variant: &str,
) -> Result<(), &'static str> {
    for (name, stated) in [("check", check), ("variant", variant)] {
        if claims.iter().any(|claim| claim.name == name && claim.value != stated) {
            return Err(name);
        }
    }
    Ok(())
}

/// What a certificate shows as the request: of a question about one subject, what was signed.
fn shown_request(affirmed: &Affirmed, request: &[u8]) -> Result<Vec<u8>, SealError> {
    let Some(subject) = affirmed.subject() else { return Ok(request.to_vec()) };
    let read = |opening: &String| match sdjwt::opened(opening) {
        Ok((name, Value::String(text))) if name == REQUEST => URL_SAFE_NO_PAD.decode(text).ok(),
        _ => None,
    };
    subject.openings.iter().find_map(read).ok_or(SealError::NoCheck)
}

/// The person's parameter, if its name or its value is among the answer's claims.
fn spelt_out(claims: &[Claim], subjects: &[&Parameter]) -> Option<String> {
    let shown = |parameter: &&&Parameter| {
        claims.iter().any(|claim| claim.name == parameter.name || claim.value == parameter.value)
    };
    subjects.iter().find(shown).map(|parameter| parameter.name.clone())
}

fn sorted<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts
}

/// The answer's sources as a certificate states them.
pub(super) fn sources(sources: &[SourceStatement]) -> Result<Value, SealError> {
    if sources.is_empty() {
        return Err(SealError::NoSources);
    }
    let one = |source: &SourceStatement| {
        let as_of = written_timestamp(source.as_of.as_ref())
            .ok_or_else(|| SealError::NoAsOf(source.dataset.clone()))?;
        Ok(json!({
            "dataset": source.dataset,
            "owner": source.owner,
            "as_of": as_of,
            "coverage": { "en": source.coverage_en, "zh": source.coverage_zh },
        }))
    };
    sources.iter().map(one).collect::<Result<Vec<_>, SealError>>().map(Value::Array)
}

/// Which policies allowed it.
pub(super) fn policy(answer: &Answer) -> Value {
    let decision = answer.decision.clone().unwrap_or_default();
    json!({ "ids": decision.policy_ids, "digest": hex::encode(decision.policy_digest) })
}

fn evidence(proven: &ProvenAnswer, subject: Option<&SubjectProof>, terms: &[String]) -> Value {
    let reply = proven.reply();
    let answer = reply.answer.as_ref().map(|envelope| envelope.encode_to_vec()).unwrap_or_default();
    let receipt: LedgerReceipt = reply.receipt.clone().unwrap_or_default();
    let opening = receipt.opening.unwrap_or_default();
    let path = |path: &[Vec<u8>]| -> Vec<String> {
        path.iter().map(|digest| URL_SAFE_NO_PAD.encode(digest)).collect()
    };
    let mut evidence = json!({
        "answered_at": written(proven.answered_at()),
        // Open what the answer fixes of what is shown.
        "terms": terms,
        "answer": URL_SAFE_NO_PAD.encode(answer),
        "answer_salt": URL_SAFE_NO_PAD.encode(&reply.answer_salt),
        "receipt": {
            "index": receipt.index,
            "entry": URL_SAFE_NO_PAD.encode(receipt.entry),
            // Open the entry: what the ledger recorded of this answer.
            "salt": URL_SAFE_NO_PAD.encode(opening.salt),
            "content": URL_SAFE_NO_PAD.encode(opening.content),
            "path": path(&receipt.path),
            "checkpoint": receipt.checkpoint,
        },
    });
    // Of an answer about many: this subject's part of it, and nobody else's.
    if let (Some(subject), Some(members)) = (subject, evidence.as_object_mut()) {
        let subject = json!({
            "place": subject.place,
            "salt": URL_SAFE_NO_PAD.encode(&subject.salt),
            "answer": URL_SAFE_NO_PAD.encode(&subject.payload),
            "path": path(&subject.path),
        });
        members.insert("subject".to_owned(), subject);
    }
    evidence
}
