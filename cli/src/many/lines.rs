//! One line for each person: who, what, and the proof.

use serde_json::{Value, json};
use zerotrip_certificates::ProvenAnswer;
use zerotrip_client::reply::{AnsweredMany, ManyOutcome, SubjectAnswered, SubjectOutcome};
use zerotrip_proto::v1::Reason;

use crate::render::{Screen, facts_json, rfc3339, way_out};

/// One line for each person of a batch.
pub(super) fn lines(outcome: &ManyOutcome, batch: &[String]) -> Vec<Value> {
    let proof = proof(outcome.proven());
    let whole = |value: &Value| batch.iter().map(|subject| with(subject, value, &proof)).collect();
    match outcome {
        ManyOutcome::Answered(answered) => answered_lines(answered),
        ManyOutcome::Unavailable(none) => whole(&json!({
            "outcome": "unavailable", "code": none.code.name(), "dataset": none.dataset,
            "retryable": none.retryable,
        })),
        ManyOutcome::Denied(denied) => whole(&json!({
            "outcome": "denied", "code": denied.code.name(), "reasons": reasons(&denied.reasons),
        })),
    }
}

pub(super) fn answered_lines(answered: &AnsweredMany) -> Vec<Value> {
    let proof = proof(&answered.proven);
    let each = (0u64..).zip(&answered.subjects);
    let line = |(place, one): (u64, &SubjectAnswered)| {
        let mut line = with(&one.subject, &said(&one.outcome), &proof);
        if let Some(members) = line.as_object_mut() {
            members.insert("place".to_owned(), place.into());
        }
        line
    };
    each.map(line).collect()
}

fn proof(proven: &ProvenAnswer) -> Value {
    json!({
        "exchange": proven.answer().request_id, "entry": proven.index(),
        "answered_at": rfc3339(proven.answered_at()),
    })
}

fn said(outcome: &SubjectOutcome) -> Value {
    match outcome {
        SubjectOutcome::Affirmed { sources, facts } => {
            let sources: Vec<Value> = sources
                .iter()
                .map(|source| {
                    let as_of = zerotrip_proto::from_timestamp(source.as_of.as_ref()).map(rfc3339);
                    json!({ "dataset": source.dataset, "as_of": as_of })
                })
                .collect();
            json!({ "outcome": "affirmed", "sources": sources, "facts": facts_json(facts) })
        }
        SubjectOutcome::Negative { reasons: told } => {
            json!({ "outcome": "negative", "reasons": reasons(told) })
        }
        SubjectOutcome::Unavailable { code, dataset, retryable } => {
            let remedy = code.remedy();
            json!({
                "outcome": "unavailable", "code": code.name(), "dataset": dataset,
                "retryable": retryable, "remedy_en": remedy.en, "remedy_zh": remedy.zh,
                "way_out": way_out::value(code.as_told().way_out()),
            })
        }
    }
}

fn reasons(reasons: &[Reason]) -> Vec<Value> {
    let one = |reason: &Reason| {
        json!({
            "code": reason.code, "text_en": reason.text_en, "text_zh": reason.text_zh,
        })
    };
    reasons.iter().map(one).collect()
}

/// The line of a person: who, what, and the proof.
fn with(subject: &str, said: &Value, proof: &Value) -> Value {
    let mut line = json!({ "subject": subject });
    if let Some(members) = line.as_object_mut() {
        let parts = [said, proof].into_iter().filter_map(Value::as_object).flatten();
        members.extend(parts.map(|(name, value)| (name.clone(), value.clone())));
    }
    line
}

pub(super) fn in_words(line: &Value, screen: &Screen) -> String {
    let word = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
    let outcome = match word("outcome") {
        "affirmed" => screen.pick("YES", "符合"),
        "negative" => screen.pick("NO", "不符合"),
        "unavailable" => screen.pick("UNAVAILABLE", "暂不可用"),
        _ => screen.pick("DENIED", "不予受理"),
    };
    let why = [word("code"), word("dataset")].join(" ");
    format!("{}  {outcome}  {}", word("subject"), why.trim()).trim_end().to_owned()
}
