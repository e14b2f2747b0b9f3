//! Reads the claims of a certificate's signed part. Each claim has one shape; no other member is
//! accepted.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use serde_json::{Map, Value};
use zerotrip_proto::v1::{EntryOpening, Envelope, ExchangeReply, LedgerReceipt, SubjectProof};
use zerotrip_text::Bilingual;

use super::error::CertificateError;
use super::verified::Source;

/// What a certificate's signed part says, and nothing else.
pub(super) const PLAIN: [&str; 18] = [
    "iss",
    "vct",
    "check",
    "variant",
    "title",
    "persons",
    "statement",
    "scope",
    "sources",
    "policy",
    "definition_digest",
    "evidence",
    "iat",
    "nbf",
    "exp",
    "serial",
    "status",
    "cnf",
];
const EVIDENCE: [&str; 6] = ["answered_at", "terms", "answer", "answer_salt", "receipt", "subject"];
const RECEIPT: [&str; 6] = ["index", "entry", "salt", "content", "path", "checkpoint"];
const SUBJECT: [&str; 4] = ["place", "salt", "answer", "path"];

/// What travels inside.
pub(super) struct Evidence {
    pub(super) reply: ExchangeReply,
    /// What opens the terms of what is shown.
    pub(super) terms: Vec<String>,
    /// Of an answer about many.
    pub(super) subject: Option<SubjectProof>,
}

/// No member but these.
pub(super) fn only(members: &Map<String, Value>, known: &[&str]) -> Result<(), CertificateError> {
    let surplus = members.keys().find(|name| !known.contains(&name.as_str()));
    surplus.map_or(Ok(()), |name| Err(CertificateError::Surplus(name.chars().take(64).collect())))
}

/// The evidence that travels inside.
pub(super) fn evidence(plain: &Map<String, Value>) -> Result<Evidence, CertificateError> {
    let place = || {
        let evidence = plain.get("evidence")?.as_object()?;
        Some((evidence, evidence.get("receipt")?.as_object()?))
    };
    let (evidence, receipt) = place().ok_or(CertificateError::Claim("evidence"))?;
    only(evidence, &EVIDENCE)?;
    only(receipt, &RECEIPT)?;
    let subject = evidence.get("subject").map(subject).transpose()?;
    let read = || {
        let terms = evidence
            .get("terms")?
            .as_array()?
            .iter()
            .map(|one| Some(one.as_str()?.to_owned()))
            .collect::<Option<Vec<_>>>()?;
        let reply = ExchangeReply {
            answer: Some(Envelope::decode(bytes(evidence.get("answer"))?.as_slice()).ok()?),
            answer_salt: bytes(evidence.get("answer_salt"))?,
            receipt: Some(LedgerReceipt {
                index: receipt.get("index")?.as_u64()?,
                entry: bytes(receipt.get("entry"))?,
                path: path(receipt)?,
                checkpoint: receipt.get("checkpoint")?.as_str()?.to_owned(),
                opening: Some(EntryOpening {
                    salt: bytes(receipt.get("salt"))?,
                    content: bytes(receipt.get("content"))?,
                }),
            }),
            ..ExchangeReply::default()
        };
        Some(Evidence { reply, terms, subject })
    };
    read().ok_or(CertificateError::Claim("evidence"))
}

/// One subject's part of an answer about many.
fn subject(value: &Value) -> Result<SubjectProof, CertificateError> {
    let subject = value.as_object().ok_or(CertificateError::Claim("evidence"))?;
    only(subject, &SUBJECT)?;
    let read = || {
        Some(SubjectProof {
            place: subject.get("place")?.as_u64()?,
            salt: bytes(subject.get("salt"))?,
            payload: bytes(subject.get("answer"))?,
            path: path(subject)?,
        })
    };
    read().ok_or(CertificateError::Claim("evidence"))
}

fn path(members: &Map<String, Value>) -> Option<Vec<Vec<u8>>> {
    members.get("path")?.as_array()?.iter().map(|digest| bytes(Some(digest))).collect()
}

pub(super) fn read_scope(
    plain: &Map<String, Value>,
) -> Result<BTreeMap<String, Vec<String>>, CertificateError> {
    let value = plain.get("scope").cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|_| CertificateError::Claim("scope"))
}

pub(super) fn read_sources(plain: &Map<String, Value>) -> Result<Vec<Source>, CertificateError> {
    const NAME: &str = "sources";
    let list = plain.get(NAME).and_then(Value::as_array).ok_or(CertificateError::Claim(NAME))?;
    let one = |value: &Value| {
        let source = value.as_object()?;
        let coverage = source.get("coverage")?.as_object()?;
        let text =
            |from: &Map<String, Value>, name: &str| Some(from.get(name)?.as_str()?.to_owned());
        Some(Source {
            dataset: text(source, "dataset")?,
            owner: text(source, "owner")?,
            as_of: text(source, "as_of")?,
            coverage_en: text(coverage, "en")?,
            coverage_zh: text(coverage, "zh")?,
        })
    };
    list.iter().map(one).collect::<Option<Vec<_>>>().ok_or(CertificateError::Claim(NAME))
}

pub(super) fn text(
    plain: &Map<String, Value>,
    name: &'static str,
) -> Result<String, CertificateError> {
    plain.get(name).and_then(Value::as_str).map(str::to_owned).ok_or(CertificateError::Claim(name))
}

pub(super) fn bilingual(
    plain: &Map<String, Value>,
    name: &'static str,
) -> Result<Bilingual, CertificateError> {
    let read = |language: &str| plain.get(name)?.get(language)?.as_str().map(str::to_owned);
    match (read("en"), read("zh")) {
        (Some(en), Some(zh)) => Ok(Bilingual { en, zh }),
        _ => Err(CertificateError::Claim(name)),
    }
}

pub(super) fn bytes(value: Option<&Value>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(value?.as_str()?).ok()
}
