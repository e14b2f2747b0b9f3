//! Runs a prepared check over made-up registers, as [`super::run`] does, and then looks at the
//! tables that it left: which of the definition's words decided anything. For a definition's cases;
//! no exchange comes here.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;

use super::columns::text_column;
use super::conclude::RunResult;
use super::prepared::{PreparedCheck, PreparedVariant, session_config};
use super::question::request_schema;
use super::run::{Engine, drive};
use super::running::Run;
use super::scan_call::Dispatch;
use super::slots::SlotTable;

/// A query over a run's tables.
#[derive(Clone, Debug)]
pub struct Look {
    /// Its SQL.
    pub sql: String,
    /// Whether the words in its first column count, and not only whether there are rows.
    pub is_for_words: bool,
}

/// A look that is planned for one prepared variant.
#[derive(Debug)]
pub struct PlannedLook {
    plan: Arc<dyn ExecutionPlan>,
    is_for_words: bool,
}

/// What a run came to, and what the looks showed.
#[derive(Debug)]
pub struct Rehearsed {
    /// What came of it.
    pub result: RunResult,
    /// For each look, the words it found, or the number of rows; `None` where not every step ran
    /// on registers that were read whole.
    pub seen: Option<Vec<Vec<String>>>,
}

impl PreparedVariant {
    /// Plans looks at the tables of this variant. Each sees what the steps see.
    pub async fn plan_looks(
        &self,
        check: &PreparedCheck,
        looks: &[Look],
    ) -> Result<Vec<PlannedLook>> {
        let context = SessionContext::new_with_config(session_config());
        let request = SlotTable::new(0, request_schema(&check.definition));
        context.register_table("request", Arc::new(request))?;
        for (place, step) in self.steps.iter().enumerate() {
            let table = SlotTable::new(place + 1, Arc::clone(&step.schema));
            context.register_table(step.name.as_str(), Arc::new(table))?;
        }
        let state = context.state();
        let mut planned = Vec::with_capacity(looks.len());
        for look in looks {
            let logical = state.create_logical_plan(&look.sql).await?;
            let plan = state.create_physical_plan(&logical).await?;
            planned.push(PlannedLook { plan, is_for_words: look.is_for_words });
        }
        Ok(planned)
    }
}

impl PreparedCheck {
    /// Runs a variant about one subject, and looks at its tables afterwards.
    pub async fn rehearse(
        &self,
        engine: &Engine,
        variant: &PreparedVariant,
        (parameters, today): (&[String], i32),
        dispatch: &dyn Dispatch,
        looks: &[PlannedLook],
    ) -> Result<Rehearsed> {
        let mut run = Run::new(self, engine, variant, parameters, today)?;
        let result = drive(&mut run, variant, dispatch).await?;
        if !run.ran_whole() {
            return Ok(Rehearsed { result, seen: None });
        }
        let mut seen = Vec::with_capacity(looks.len());
        for look in looks {
            let rows = run.look(&look.plan).await?;
            seen.push(if look.is_for_words { words(&rows)? } else { numbers(&rows) });
        }
        Ok(Rehearsed { result, seen: Some(seen) })
    }
}

impl Engine {
    /// Over a runtime of its own, without a bound on its memory: a case's rows are few.
    pub fn for_cases() -> std::result::Result<Self, DataFusionError> {
        Ok(Self::new(RuntimeEnvBuilder::new().build_arc()?))
    }
}

fn words(rows: &[RecordBatch]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for batch in rows {
        found.extend(text_column(batch, 0)?.iter().flatten().map(str::to_owned));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// One word for each row.
fn numbers(rows: &[RecordBatch]) -> Vec<String> {
    let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
    vec!["row".to_owned(); count]
}
