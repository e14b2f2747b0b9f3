//! Runs cases: each over a check that is prepared for what its registers' owners state.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use prost::Message as _;
use zerotrip_checks::definition::Definition;
use zerotrip_checks::soundness::Conclusion;
use zerotrip_proto::v1::DatasetStatement;

use super::answers::Departments;
use super::coverage::{Coverage, Uncovered};
use super::file::{Case, CaseFile, Expected};
use crate::engine::{Engine, PlannedLook, PreparedCheck, RunResult};

/// What came of a definition's cases.
#[derive(Debug)]
pub struct CasesReport {
    /// In the order of the cases.
    pub outcomes: Vec<CaseOutcome>,
    /// How many branches, arms and reasons there are.
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
    let mut running = Running {
        definition,
        engine: Engine::for_cases()?,
        coverage: Coverage::new(definition),
        prepared: BTreeMap::new(),
    };
    let mut outcomes = Vec::new();
    for case in files.iter().flat_map(|file| &file.cases) {
        let answered = running.answer(case).await;
        if let Ok(answer) = &answered {
            running.coverage.answered(answer);
        }
        outcomes.push(CaseOutcome {
            file: case.file.clone(),
            name: case.name.clone(),
            expected: case.expected.clone(),
            answered,
        });
    }
    let (things, uncovered) = running.coverage.finish();
    Ok(CasesReport { outcomes, things, uncovered })
}

/// A variant that is prepared for what the owners state, with the looks at its tables.
struct Ready {
    check: PreparedCheck,
    looks: Vec<PlannedLook>,
}

/// A variant, and the statements of all registers as they are encoded.
type Key = (String, Vec<Vec<u8>>);

struct Running<'a> {
    definition: &'a Definition,
    engine: Engine,
    coverage: Coverage,
    prepared: BTreeMap<Key, Result<Arc<Ready>, String>>,
}

impl Running<'_> {
    async fn answer(&mut self, case: &Case) -> Result<Expected, String> {
        let ready = self.ready(case).await?;
        let variant = ready.check.variants.get(&case.variant).ok_or("it has no such variant")?;
        let departments = Departments { registers: &case.registers };
        let today = case.today.to_epoch_days();
        let question = (case.parameters.as_slice(), today);
        let rehearsed = ready
            .check
            .rehearse(&self.engine, variant, question, &departments, &ready.looks)
            .await
            .map_err(|error| error.strip_backtrace())?;
        if let (Some(seen), Some(variant)) =
            (&rehearsed.seen, self.definition.variant(&case.variant))
        {
            self.coverage.saw(variant, seen);
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
        Conclusion::Absent(_) => Expected::Yes,
        Conclusion::Present(code) => Expected::No(code.clone()),
        Conclusion::Unavailable(why) => {
            Expected::Unavailable(why.code.name().to_owned(), why.dataset.clone())
        }
    }
}
