//! `definition test`: the cases, and what none of them decides.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use zerotrip_hub::cases::{CaseOutcome, CasesReport, Turned, Uncovered, run_cases};
use zerotrip_text::{Bilingual, shown};

use super::Whole;
use crate::render::{Failure, Language, NOT_SO, Screen};

pub(super) async fn test(dir: &Path, screen: &Screen) -> Result<ExitCode, Failure> {
    let Whole { definition, cases } = Whole::read(dir)?;
    let report = run_cases(&definition, &cases).await;
    let report = report.map_err(|error| Failure::usage(&error, "案例无法运行"))?;
    screen.show(&text(&report, screen), &value(&report))?;
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::from(NOT_SO) })
}

fn text(report: &CasesReport, screen: &Screen) -> String {
    let mut lines = Vec::new();
    for outcome in report.outcomes.iter().filter(|outcome| !outcome.is_as_expected()) {
        let answered = shown(&answered(outcome));
        let (file, name, expected) = (&outcome.file, shown(&outcome.name), &outcome.expected);
        lines.push(match screen.language {
            Language::Zh => format!("{file}：“{name}”\n  应为 {expected}\n  实为 {answered}"),
            Language::En => {
                format!("{file}: \"{name}\"\n  expected {expected}\n  answered {answered}")
            }
        });
        for why in &outcome.why {
            lines.push(match screen.language {
                Language::Zh => format!("  {}", shown(&why.zh)),
                Language::En => format!("  {}", shown(&why.en)),
            });
        }
    }
    for Turned { file, name, what } in &report.turned {
        let name = shown(name);
        lines.push(match screen.language {
            Language::Zh => format!("{file}：“{name}”\n  {}", shown(&what.zh)),
            Language::En => format!("{file}: \"{name}\"\n  {}", shown(&what.en)),
        });
    }
    for Uncovered { file, what } in &report.uncovered {
        lines.push(match screen.language {
            Language::Zh => format!("{file}：{}", shown(&what.zh)),
            Language::En => format!("{file}: {}", shown(&what.en)),
        });
    }
    let all = report.outcomes.len();
    let good = report.outcomes.iter().filter(|outcome| outcome.is_as_expected()).count();
    let (things, decided) = (report.things, report.things - report.uncovered.len());
    lines.push(match screen.language {
        Language::Zh => format!(
            "{all} 个案例中 {good} 个与预期相符；{things} 个分支、情形与理由中 {decided} \
             个有案例决定"
        ),
        Language::En => format!(
            "{good} of {all} cases came out as they say; {decided} of {things} branches, arms \
             and reasons are decided by one"
        ),
    });
    lines.join("\n")
}

fn answered(outcome: &CaseOutcome) -> String {
    match &outcome.answered {
        Ok(answer) => answer.to_string(),
        Err(why) => why.clone(),
    }
}

fn value(report: &CasesReport) -> Value {
    let cases = report.outcomes.iter().map(|outcome| {
        json!({
            "file": outcome.file, "case": outcome.name,
            "expected": outcome.expected.to_string(), "answered": answered(outcome),
            "as_expected": outcome.is_as_expected(),
            "why": outcome.why.iter().map(both).collect::<Vec<Value>>(),
        })
    });
    let uncovered =
        report.uncovered.iter().map(|one| json!({ "file": one.file, "what": both(&one.what) }));
    let turned = report
        .turned
        .iter()
        .map(|one| json!({ "file": one.file, "case": one.name, "what": both(&one.what) }));
    json!({
        "good": report.is_good(),
        "cases": cases.collect::<Vec<Value>>(),
        "things": report.things,
        "undecided": uncovered.collect::<Vec<Value>>(),
        "turned": turned.collect::<Vec<Value>>(),
    })
}

fn both(text: &Bilingual) -> Value {
    json!({ "en": text.en, "zh": text.zh })
}
