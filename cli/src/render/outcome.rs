//! The outcome of a check: on the screen, in JSON and as the exit code.

use std::process::ExitCode;

use serde_json::{Value, json};
use zerotrip_certificates::{Fact, FactValue, ProvenAnswer};
use zerotrip_client::CheckQuestion;
use zerotrip_client::reply::{NotAnswered, Outcome};
use zerotrip_proto::v1::{Deprecation, Reason};
use zerotrip_text::{Explain as _, Failure as Said, shown as safe};

use super::deprecation;
use super::failure::{DENIED, Failure, NOT_SO, UNAVAILABLE};
use super::names::{name_en, name_zh};
use super::screen::{Language, Screen, rfc3339};
use super::way_out;

/// An outcome before its proof is added.
struct Shown<'a> {
    /// Its name in JSON.
    word: &'static str,
    /// The first line.
    head: &'a str,
    /// What follows it, a line each.
    lines: Vec<String>,
    /// The exit code.
    exit: u8,
    /// The members of the JSON object that this outcome alone has.
    value: Value,
}

/// One of four outcomes: on the screen, in JSON and as the exit code.
pub(crate) fn show_outcome(
    outcome: &Outcome,
    question: &CheckQuestion,
    until: Option<&Deprecation>,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    show_outcome_with(outcome, question, until, None, screen).map(ExitCode::from)
}

/// The same, with one member more in the JSON object; the exit code.
pub(crate) fn show_outcome_with(
    outcome: &Outcome,
    question: &CheckQuestion,
    until: Option<&Deprecation>,
    more: Option<(&str, Value)>,
    screen: &Screen,
) -> Result<u8, Failure> {
    let asked = format!("{}/{}", question.check, question.variant);
    let shown = parts(outcome, screen);
    let lines = [shown.lines, proof(outcome.proven(), screen)].concat();
    let text = format!("{}  ({asked})\n{}", shown.head, lines.join("\n"));
    let mut value = with_proof(shown.value, shown.word, &asked, outcome.proven());
    deprecation::insert(until, &mut value);
    if let (Some((name, more)), Some(members)) = (more, value.as_object_mut()) {
        members.insert(name.to_owned(), more);
    }
    screen.show(&text, &value)?;
    deprecation::note(until, &question.check, screen);
    Ok(shown.exit)
}

fn parts<'a>(outcome: &Outcome, screen: &'a Screen) -> Shown<'a> {
    match outcome {
        Outcome::Affirmed(affirmed) => {
            let claims = affirmed.claims();
            // The client has opened them: an answer whose values do not open is refused there.
            let facts = affirmed.facts().unwrap_or_default();
            let values: Vec<Value> = claims
                .iter()
                .map(|claim| json!({ "name": claim.name, "value": claim.value }))
                .collect();
            Shown {
                word: "affirmed",
                head: screen.pick("YES", "核验结果：符合"),
                lines: facts
                    .iter()
                    .map(|fact| fact_line(fact, screen))
                    .chain(claims.iter().map(|one| shown(&one.name, &one.value, screen)))
                    .collect(),
                exit: 0,
                value: json!({ "claims": values, "facts": facts_json(&facts) }),
            }
        }
        Outcome::Negative(negative) => {
            let (lines, reasons) = reasons(&negative.reasons, screen);
            Shown {
                word: "negative",
                head: screen.pick("NO", "核验结果：不符合"),
                lines,
                exit: NOT_SO,
                value: json!({ "reasons": reasons }),
            }
        }
        Outcome::Unavailable(none) => {
            let (lines, value) = not_answered(none, screen);
            Shown {
                word: "unavailable",
                head: screen
                    .pick("UNAVAILABLE: no conclusion can be drawn", "暂不可用：无法得出结论"),
                lines,
                exit: UNAVAILABLE,
                value,
            }
        }
        Outcome::Denied(denied) => {
            let (mut lines, reasons) = reasons(&denied.reasons, screen);
            let (code, remedy) = (denied.code.name(), denied.code.remedy());
            lines.insert(0, format!("  [{code}]"));
            lines.push(screen.remedy(screen.pick(remedy.en, remedy.zh)));
            let way = denied.code.way_out();
            lines.extend(way_out::steps(way, screen));
            lines.push(way_out::citizen(way, screen));
            Shown {
                word: "denied",
                head: screen.pick("DENIED", "不予受理"),
                lines,
                exit: DENIED,
                value: json!({
                    "code": code, "reasons": reasons, "remedy_en": remedy.en,
                    "remedy_zh": remedy.zh, "way_out": way_out::value(way),
                }),
            }
        }
    }
}

/// A source could not settle it: why, which, and what to do.
fn not_answered(none: &NotAnswered, screen: &Screen) -> (Vec<String>, Value) {
    let Said { what, remedy } = none.explain();
    let remedy = remedy.unwrap_or_default();
    let mut lines = vec![format!("  {} [{}]", screen.pick(&what.en, &what.zh), none.code.name())];
    if !none.dataset.is_empty() {
        lines.push(format!(
            "  {} {}",
            screen.pick("not settled by:", "未能确定的数据源："),
            none.dataset
        ));
    }
    lines.push(screen.remedy(screen.pick(&remedy.en, &remedy.zh)));
    // As told: the rows of what a requester is not told are not for its screen.
    let way = none.code.as_told().way_out();
    lines.extend(way_out::steps(way, screen));
    lines.push(way_out::citizen(way, screen));
    lines.push(screen.pick("  this is not a no", "  这不等于“不符合”").to_owned());
    let value = json!({
        "code": none.code.name(), "dataset": none.dataset, "text_en": none.text_en,
        "text_zh": none.text_zh,
        "remedy_en": remedy.en, "remedy_zh": remedy.zh, "retryable": none.retryable,
        "way_out": way_out::value(way),
    });
    (lines, value)
}

/// A value of a proven fact, as people read it.
pub(crate) fn fact_line(fact: &Fact, screen: &Screen) -> String {
    let (terms, value) = (&fact.terms, fact.in_words());
    match screen.language {
        Language::Zh => format!("  {}：{}", safe(&terms.title_zh), safe(&value.zh)),
        _ => format!("  {}: {}", safe(&terms.title_en), safe(&value.en)),
    }
}

/// Values of a proven fact, for machines.
pub(crate) fn facts_json(facts: &[Fact]) -> Value {
    let one = |fact: &Fact| {
        let value = fact.value.as_ref().map_or(Value::Null, FactValue::to_json);
        json!({
            "name": fact.terms.name, "type": fact.terms.r#type, "value": value,
            "title_en": fact.terms.title_en, "title_zh": fact.terms.title_zh,
        })
    };
    facts.iter().map(one).collect()
}

/// A claim of the answer, by the name that people know.
fn shown(name: &str, value: &str, screen: &Screen) -> String {
    let value = match (name, value) {
        ("former_numbers", "not_searched") => screen.pick("not searched", "未检索"),
        ("former_numbers", "carried_over") => screen.pick("carried over", "已并入现号"),
        _ => value,
    };
    match screen.language {
        Language::Zh => format!("  {}：{value}", name_zh(name)),
        _ => format!("  {}: {value}", name_en(name)),
    }
}

fn reasons(reasons: &[Reason], screen: &Screen) -> (Vec<String>, Vec<Value>) {
    let lines = reasons
        .iter()
        .map(|reason| {
            format!("  {} [{}]", screen.pick(&reason.text_en, &reason.text_zh), reason.code)
        })
        .collect();
    let one = |reason: &Reason| {
        json!({
            "code": reason.code, "text_en": reason.text_en, "text_zh": reason.text_zh,
        })
    };
    (lines, reasons.iter().map(one).collect())
}

fn proof(proven: &ProvenAnswer, screen: &Screen) -> Vec<String> {
    let answer = proven.answer();
    let mut lines = Vec::new();
    for source in &answer.sources {
        let as_of = zerotrip_proto::from_timestamp(source.as_of.as_ref())
            .map(|time| screen.time(time))
            .unwrap_or_default();
        let coverage = screen.pick(&source.coverage_en, &source.coverage_zh);
        lines.push(format!(
            "  {} {}, {} {as_of}, {coverage}",
            screen.pick("source:", "数据源："),
            source.dataset,
            screen.pick("as of", "数据时点")
        ));
    }
    lines.push(format!(
        "  {} {}, {}",
        screen.pick("exchange:", "交换编号："),
        answer.request_id,
        screen.time(proven.answered_at())
    ));
    let (index, size) = (proven.index(), proven.checkpoint().size);
    lines.push(match screen.language {
        Language::Zh => format!("  已验证：枢纽签名有效，存证台账第 {index} 条（树大小 {size}）"),
        _ => format!(
            "  verified: the hub's signature, and entry {index} of its ledger (tree of {size})"
        ),
    });
    lines
}

fn with_proof(value: Value, word: &str, asked: &str, proven: &ProvenAnswer) -> Value {
    let answer = proven.answer();
    let sources = answer.sources.iter().map(|source| {
        let as_of = zerotrip_proto::from_timestamp(source.as_of.as_ref()).map(rfc3339);
        json!({
            "dataset": source.dataset, "owner": source.owner, "as_of": as_of,
            "coverage_en": source.coverage_en, "coverage_zh": source.coverage_zh,
        })
    });
    let mut result = json!({
        "outcome": word,
        "check": asked,
        "request_id": answer.request_id,
        "hub": answer.hub,
        "answered_at": rfc3339(proven.answered_at()),
        "sources": sources.collect::<Vec<_>>(),
        "policies": answer.decision.as_ref().map(|decision| decision.policy_ids.clone()).unwrap_or_default(),
        "ledger_index": proven.index(),
        "tree_size": proven.checkpoint().size,
    });
    if let (Some(result), Value::Object(more)) = (result.as_object_mut(), value) {
        result.extend(more);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_have_the_names_that_people_know() {
        let said = |language, name| shown(name, "v", &Screen { json: false, language });
        assert_eq!(said(Language::En, "asked_at"), "  asked at: v");
        assert_eq!(
            ["check", "variant", "regions", "asked_at"].map(|name| said(Language::Zh, name)),
            ["  核验事项：v", "  核验范围：v", "  地区：v", "  核验时间：v"]
        );
        assert_eq!(said(Language::Zh, "another"), "  another：v");
    }
}
