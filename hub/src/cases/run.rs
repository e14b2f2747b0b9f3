//! Runs the cases of a definition, and says what came of them and what none of them decides.

use datafusion::common::DataFusionError;
use zerotrip_checks::definition::{CHECK_FILE, Definition, StepKind};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_text::Bilingual;

use super::answers::Rows;
use super::counting::{CountChange, count_changes, shown};
use super::coverage::{Coverage, Place, Uncovered};
use super::doubts::{Turned, turned};
use super::file::{Case, CaseFile, Expected};
use super::running::Running;
use super::unread::unread;
use crate::engine::Engine;

/// What came of a definition's cases.
#[derive(Debug)]
pub struct CasesReport {
    /// In the order of the cases.
    pub outcomes: Vec<CaseOutcome>,
    /// How many things a case must decide: branches, arms and reasons.
    pub things: usize,
    /// Those that no case decides.
    pub uncovered: Vec<Uncovered>,
    /// Answers that one cell more that cannot be read turns into another.
    pub turned: Vec<Turned>,
}

/// What came of one case.
#[derive(Clone, Debug)]
pub struct CaseOutcome {
    /// The file of the case.
    pub file: String,
    /// Its name.
    pub name: String,
    /// What must come.
    pub expected: Expected,
    /// What came; or why the check could not be run over these registers.
    pub answered: Result<Expected, String>,
    /// Where another answer came: what of the registers could not be read, and what the verdict
    /// names in vain.
    pub why: Vec<Bilingual>,
}

impl CaseOutcome {
    /// Whether what must come came.
    pub fn is_as_expected(&self) -> bool {
        self.answered.as_ref() == Ok(&self.expected)
    }
}

impl CasesReport {
    /// Whether every case came out as it says, and all is decided.
    pub fn is_good(&self) -> bool {
        self.uncovered.is_empty()
            && self.turned.is_empty()
            && self.outcomes.iter().all(CaseOutcome::is_as_expected)
    }
}

/// What comes of the cases of a definition, and nothing else.
///
/// An `Err` is a fault of the engine, never of a case.
pub async fn answer_cases(
    definition: &Definition,
    files: &[CaseFile],
) -> Result<Vec<CaseOutcome>, DataFusionError> {
    let engine = Engine::for_cases()?;
    let cases: Vec<&Case> = files.iter().flat_map(|file| &file.cases).collect();
    let mut running = Running::new(definition, &engine, Coverage::default());
    Ok(outcomes(&mut running, &cases).await.0)
}

/// Runs the cases of a definition.
///
/// An `Err` is a fault of the engine, never of a case.
pub async fn run_cases(
    definition: &Definition,
    files: &[CaseFile],
) -> Result<CasesReport, DataFusionError> {
    let engine = Engine::for_cases()?;
    let cases: Vec<&Case> = files.iter().flat_map(|file| &file.cases).collect();
    let mut running = Running::new(definition, &engine, Coverage::new(definition));
    let (outcomes, delivered) = outcomes(&mut running, &cases).await;
    let answers: Vec<Option<&Expected>> =
        outcomes.iter().map(|outcome| outcome.answered.as_ref().ok()).collect();
    let turned = turned(definition, &engine, &cases, &answers, &delivered).await;
    let mut coverage = running.coverage;
    for (file, place) in unnoticed(definition, &engine, &coverage, &cases, &outcomes).await {
        coverage.unnoticed(&file, place);
    }
    let (mut things, mut uncovered) = coverage.finish();
    for change in count_changes(definition) {
        things += 1;
        if !is_noticed(definition, &engine, &change, &cases, &outcomes).await {
            let what = shown(&change, &definition.variants);
            uncovered.push(Uncovered { file: CHECK_FILE.to_owned(), what });
        }
    }
    Ok(CasesReport { outcomes, things, uncovered, turned })
}

/// What comes of each case, and the rows that its registers gave.
async fn outcomes(running: &mut Running<'_>, cases: &[&Case]) -> (Vec<CaseOutcome>, Vec<Rows>) {
    let (mut outcomes, mut delivered) = (Vec::new(), Vec::new());
    for (number, case) in cases.iter().enumerate() {
        let answered = running.answer(number, case).await;
        if let Ok(answer) = &answered {
            running.coverage.answered(answer, &case.parameters);
        }
        let mut outcome = CaseOutcome {
            file: case.file.clone(),
            name: case.name.clone(),
            expected: case.expected.clone(),
            answered,
            why: Vec::new(),
        };
        if !outcome.is_as_expected() {
            outcome.why = why(running, case, &outcome);
        }
        outcomes.push(outcome);
        delivered.push(std::mem::take(&mut running.delivered));
    }
    (outcomes, delivered)
}

/// What a writer of cases wants to know of one that came out otherwise.
fn why(running: &Running<'_>, case: &Case, outcome: &CaseOutcome) -> Vec<Bilingual> {
    let mut lines: Vec<Bilingual> = running
        .unknown_scans
        .iter()
        .map(|name| {
            Bilingual::new(
                format!("a row of the verdict names the scan `{name}`, and there is none"),
                format!("判断结果中有记录所写的扫描 `{name}` 不存在"),
            )
        })
        .collect();
    if let Ok(Expected::Unavailable(code, dataset)) = &outcome.answered
        && code == ErrorCode::SourceUnreadable.name()
    {
        lines.extend(unread(running.definition, case, dataset, &running.delivered));
    }
    lines
}

/// Whether one of the cases comes out otherwise where months are counted otherwise.
async fn is_noticed(
    definition: &Definition,
    engine: &Engine,
    change: &CountChange,
    cases: &[&Case],
    outcomes: &[CaseOutcome],
) -> bool {
    let changed = change.applied(definition);
    let mut running = Running::new(&changed, engine, Coverage::default());
    for (number, (case, was)) in cases.iter().zip(outcomes).enumerate() {
        if change.variants.contains(&case.variant)
            && running.answer(number, case).await != was.answered
        {
            return true;
        }
    }
    false
}

/// The changes of verdicts under which every case that comes to their place comes out the same.
async fn unnoticed(
    definition: &Definition,
    engine: &Engine,
    coverage: &Coverage,
    cases: &[&Case],
    outcomes: &[CaseOutcome],
) -> Vec<(String, Place)> {
    let mut same = Vec::new();
    for change in coverage.changes() {
        let mut changed = definition.clone();
        for step in changed.variants.iter_mut().flat_map(|variant| &mut variant.steps) {
            if step.file == change.file {
                step.kind = StepKind::Sql(change.sql.to_owned());
            }
        }
        let mut running = Running::new(&changed, engine, Coverage::default());
        let mut is_noticed = false;
        for number in change.cases {
            let (Some(case), Some(was)) = (cases.get(*number), outcomes.get(*number)) else {
                continue;
            };
            if running.answer(*number, case).await != was.answered {
                is_noticed = true;
                break;
            }
        }
        if !is_noticed {
            same.push((change.file.to_owned(), change.place));
        }
    }
    same
}
