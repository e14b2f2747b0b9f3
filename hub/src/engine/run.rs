//! Runs a prepared check for one request: scans in waves, SQL between them, and at the end the
//! conclusion.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, Date32Array, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionConfig;
use futures::future;
use zerotrip_checks::soundness::{CompleteScan, Incomplete, ScanState};
use zerotrip_datasets::CivilDay;
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::ErrorCode;

use super::conclude::{Finished, RunResult};
use super::evaluate::evaluate;
use super::plausible::implausible;
use super::prepared::{
    PreparedCheck, PreparedKind, PreparedVariant, SlotColumn, request_schema, session_config,
};
use super::scan_call::{Dispatch, ScanCall};
use super::slot_rows::distinct;
use super::slots::ExchangeCx;

/// What the plans run on: shared by all requests.
#[derive(Clone, Debug)]
pub struct Engine {
    config: SessionConfig,
    runtime: Arc<RuntimeEnv>,
}

impl Engine {
    /// Over a runtime with the hub's memory limit.
    pub fn new(runtime: Arc<RuntimeEnv>) -> Self {
        Self { config: session_config(), runtime }
    }

    fn task(&self, cx: &Arc<ExchangeCx>) -> Arc<TaskContext> {
        let config = self.config.clone().with_extension(Arc::clone(cx));
        Arc::new(TaskContext::new(
            None,
            String::new(),
            config,
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            Arc::clone(&self.runtime),
        ))
    }
}

impl PreparedCheck {
    /// Runs a variant about one subject. `parameters` are in the definition's order, canonical;
    /// `today` in days since 1970-01-01.
    ///
    /// An `Err` is a fault of the definition or of ours, never of a source: those are in the
    /// conclusion.
    pub async fn run(
        &self,
        engine: &Engine,
        variant: &PreparedVariant,
        parameters: &[String],
        today: i32,
        dispatch: &dyn Dispatch,
    ) -> Result<RunResult> {
        let mut run = Run {
            check: self,
            variant,
            cx: Arc::new(ExchangeCx::new(variant.slots())),
            parameters_only: false,
        };
        run.cx.fill(0, vec![run.request_row(parameters, today)?])?;
        let mut states: BTreeMap<usize, ScanState> = BTreeMap::new();
        let task = engine.task(&run.cx);
        let mut place = 0;
        while let Some(step) = variant.steps.get(place) {
            if let PreparedKind::Sql(plan) = &step.kind {
                match evaluate(plan, &task, &run.cx).await {
                    Ok(rows) => run.cx.fill(place + 1, rows)?,
                    // Over rows that could not be read whole, no step has to come to anything.
                    Err(_) if run.parameters_only => return run.finish(states, false),
                    Err(error) => return Err(error),
                }
                place += 1;
                continue;
            }
            let wave = run.wave(place);
            let end = wave.end;
            let scanned = future::join_all(wave.map(|at| run.ask(at, dispatch))).await;
            let (mut answered, mut whole) = (true, true);
            for (at, scanned) in (place..end).zip(scanned) {
                let Scanned { state, rows } = scanned?;
                match &state {
                    ScanState::Complete(_) | ScanState::Vacuous => run.cx.fill(at + 1, rows)?,
                    ScanState::Unreadable(_) => {
                        run.cx.fill(at + 1, rows)?;
                        whole = false;
                    }
                    _ => answered = false,
                }
                states.insert(at, state);
            }
            run.parameters_only |= !whole;
            if !answered {
                return run.finish(states, false);
            }
            place = end;
        }
        run.finish(states, true)
    }
}

/// One request under way.
struct Run<'a> {
    check: &'a PreparedCheck,
    variant: &'a PreparedVariant,
    cx: Arc<ExchangeCx>,
    /// After a scan that could not be read whole, only the persons that the request names are
    /// asked about: which persons belong together rests on rows that are not known. What
    /// speaks against the persons named is an answer all the same.
    parameters_only: bool,
}

/// What became of one scan.
struct Scanned {
    state: ScanState,
    /// In the shape of the step's table.
    rows: Vec<RecordBatch>,
}

impl Scanned {
    fn without_rows(state: ScanState) -> Self {
        Self { state, rows: Vec::new() }
    }
}

impl Run<'_> {
    fn finish(&self, states: BTreeMap<usize, ScanState>, ran_all: bool) -> Result<RunResult> {
        let Self { check, variant, cx, parameters_only } = self;
        let finished = Finished { check, variant, cx, parameters_only: *parameters_only, ran_all };
        finished.conclude(states)
    }

    fn request_row(&self, parameters: &[String], today: i32) -> Result<RecordBatch> {
        let mut columns: Vec<Arc<dyn Array>> = Vec::new();
        for value in parameters {
            columns.push(Arc::new(StringArray::from_iter_values([value])));
        }
        columns.push(Arc::new(Date32Array::from_iter_values([today])));
        Ok(RecordBatch::try_new(request_schema(&self.check.definition), columns)?)
    }

    /// The scans from `place` on that need nothing of one another: they are asked at once.
    fn wave(&self, place: usize) -> std::ops::Range<usize> {
        let mut end = place;
        for (at, step) in self.variant.steps.iter().enumerate().skip(place) {
            let PreparedKind::Scan(scan) = &step.kind else { break };
            // Slot n + 1 belongs to step n: a key from this wave's own slots has to wait.
            if scan.keys.iter().any(|key| key.slot > place) {
                break;
            }
            end = at + 1;
        }
        place..end.max(place + 1)
    }

    async fn ask(&self, at: usize, dispatch: &dyn Dispatch) -> Result<Scanned> {
        let Some((step, PreparedKind::Scan(scan))) =
            self.variant.steps.get(at).map(|step| (step, &step.kind))
        else {
            return Err(DataFusionError::Internal(format!("step {at} is not a scan")));
        };
        let incomplete = |code| {
            let dataset = scan.scan.dataset.clone();
            Scanned::without_rows(ScanState::Incomplete(Incomplete { code, dataset }))
        };
        let keys: Vec<SlotColumn> = scan
            .keys
            .iter()
            .filter(|key| key.slot == 0 || !self.parameters_only)
            .copied()
            .collect();
        let keys = match distinct(&self.cx, &keys)? {
            Some(keys) if keys.is_empty() => return Ok(Scanned::without_rows(ScanState::Vacuous)),
            Some(keys) if keys.len() > scan.scan.most_keys as usize => {
                return Ok(incomplete(ErrorCode::DefinitionLimit));
            }
            Some(keys) => keys,
            // A key that cannot be read is a person who would not be asked about.
            None => return Ok(incomplete(ErrorCode::SourceUnreadable)),
        };
        let call = ScanCall { name: &step.name, scan, schema: Arc::clone(&scan.answer), keys };
        let mut answer = match dispatch.scan(call).await {
            Ok(answer) => answer,
            Err(reason) => return Ok(Scanned::without_rows(ScanState::Incomplete(reason))),
        };
        let null = |batch: &RecordBatch| {
            scan.required.iter().any(|column| batch.column(*column).null_count() > 0)
        };
        answer.report.required_null |= answer.rows.iter().any(null);
        answer.report.most_age = answer.report.most_age.min(scan.scan.most_age.0);
        let last = CivilDay::at(answer.report.now + CLOCK_SKEW);
        let implausible = implausible(scan, &answer.rows, &answer.report, last)?;
        answer.report.findings.extend(implausible);
        Ok(match CompleteScan::try_new(answer.report) {
            Ok(complete) => Scanned {
                state: ScanState::Complete(complete),
                rows: numbered(answer.rows, &step.schema)?,
            },
            Err(reason) if reason.code == ErrorCode::SourceUnreadable => Scanned {
                state: ScanState::Unreadable(reason),
                rows: numbered(answer.rows, &step.schema)?,
            },
            Err(reason) => Scanned::without_rows(ScanState::Incomplete(reason)),
        })
    }
}

/// A scan's rows with NULL for what their owner does not state, and their numbers beside them.
fn numbered(batches: Vec<RecordBatch>, schema: &SchemaRef) -> Result<Vec<RecordBatch>> {
    let mut next = 0;
    let with_numbers = |batch: RecordBatch| {
        let first = next;
        next += i64::try_from(batch.num_rows())
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        let mut columns = batch.columns().to_vec();
        let unstated = schema.fields().iter().skip(columns.len()).rev().skip(1).rev();
        columns.extend(unstated.map(|field| new_null_array(field.data_type(), batch.num_rows())));
        columns.push(Arc::new(Int64Array::from_iter_values(first..next)));
        Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
    };
    batches.into_iter().map(with_numbers).collect()
}
