//! Runs cases: each over a check that is prepared for what its registers' owners state.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use prost::Message as _;
use zerotrip_certificates::{Fact, FactValue};
use zerotrip_checks::definition::{CHECK_FILE, Definition, StepKind};
use zerotrip_checks::soundness::Conclusion;
use zerotrip_proto::v1::DatasetStatement;

use super::answers::Departments;
use super::counting::{CountChange, count_changes, shown};
use super::coverage::{Coverage, Place, Uncovered};
use super::file::{Case, CaseFile, Expected};
use crate::engine::{Engine, PlannedLook, PreparedCheck, RunResult};

/// What came of a definition's cases.
#[derive(Debug)]
pub struct CasesReport {
    /// In the order of the cases.
    pub outcomes: Vec<CaseOutcome>,
    /// How many things a case must decide: branches, arms and reasons.
    pub things: usize,
    /// Those that no case decides.
    pub uncovered: Vec<Uncovered>,
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
        self.uncovered.is_empty() && self.outcomes.iter().all(CaseOutcome::is_as_expected)
    }
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
    let mut outcomes = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let answered = running.answer(number, case).await;
        if let Ok(answer) = &answered {
            running.coverage.answered(answer, &case.parameters);
        }
        outcomes.push(CaseOutcome {
            file: case.file.clone(),
            name: case.name.clone(),
            expected: case.expected.clone(),
            answered,
        });
    }
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
    Ok(CasesReport { outcomes, things, uncovered })
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

/// A variant that is prepared for what the owners state, with the looks at its tables.
struct Ready {
    check: PreparedCheck,
    looks: Vec<PlannedLook>,
}

/// A variant, and the statements of all registers as they are encoded.
type Key = (String, Vec<Vec<u8>>);

pub(super) struct Running<'a> {
    definition: &'a Definition,
    engine: &'a Engine,
    coverage: Coverage,
    prepared: BTreeMap<Key, Result<Arc<Ready>, String>>,
}

impl<'a> Running<'a> {
    pub(super) fn new(definition: &'a Definition, engine: &'a Engine, coverage: Coverage) -> Self {
        Self { definition, engine, coverage, prepared: BTreeMap::new() }
    }

    pub(super) async fn answer(&mut self, number: usize, case: &Case) -> Result<Expected, String> {
        let ready = self.ready(case).await?;
        let variant = ready.check.variants.get(&case.variant).ok_or("it has no such variant")?;
        let departments = Departments { registers: &case.registers };
        let today = case.today.to_epoch_days();
        let question = (case.parameters.as_slice(), today);
        let rehearsed = ready
            .check
            .rehearse(self.engine, variant, question, &departments, &ready.looks)
            .await
            .map_err(|error| error.strip_backtrace())?;
        if let (Some(seen), Some(variant)) =
            (&rehearsed.seen, self.definition.variant(&case.variant))
        {
            self.coverage.saw(number, variant, seen);
        }
        Ok(answer_of(&rehearsed.result))
    }

    /// Many cases share what the owners state, and planning takes longer than running.
    async fn ready(&mut self, case: &Case) -> Result<Arc<Ready>, String> {
        let statements: BTreeMap<String, DatasetStatement> = case
            .registers
            .iter()
            .map(|(name, register)| (name.clone(), register.statement.clone()))
            .collect();
        let encoded = statements.values().map(DatasetStatement::encode_to_vec).collect();
        let key = (case.variant.clone(), encoded);
        if let Some(known) = self.prepared.get(&key) {
            return known.clone();
        }
        let ready = self.prepare(&case.variant, &statements).await.map(Arc::new);
        self.prepared.insert(key, ready.clone());
        ready
    }

    async fn prepare(
        &self,
        name: &str,
        statements: &BTreeMap<String, DatasetStatement>,
    ) -> Result<Ready, String> {
        let variant = self.definition.variant(name).ok_or("it has no such variant")?;
        let alone = Definition { variants: vec![variant.clone()], ..self.definition.clone() };
        let check = PreparedCheck::try_new(Arc::new(alone), statements)
            .await
            .map_err(|error| error.in_a_line())?;
        let planned = match check.variants.get(name) {
            Some(prepared) => prepared.plan_looks(&check, &self.coverage.looks(variant)).await,
            None => Ok(Vec::new()),
        };
        let looks = planned.map_err(|error| error.strip_backtrace())?;
        Ok(Ready { check, looks })
    }
}

fn answer_of(result: &RunResult) -> Expected {
    match &result.conclusion {
        Conclusion::Proven(_) => {
            let value = |fact: &Fact| {
                let text = fact.value.as_ref().map(FactValue::to_text);
                (fact.terms.name.clone(), text.unwrap_or_default())
            };
            Expected::Yes(result.facts.iter().map(value).collect())
        }
        Conclusion::Refuted(code) => Expected::No(code.clone()),
        Conclusion::Unavailable(why) => {
            Expected::Unavailable(why.code.name().to_owned(), why.dataset.clone())
        }
    }
}
