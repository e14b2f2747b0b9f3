//! One subject's question under way: what it needs next, and what it makes of what it gets. The
//! same whether it is asked alone ([`super::run`]) or beside others ([`super::many`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, Int64Array, RecordBatch, new_null_array};
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_plan::ExecutionPlan;
use zerotrip_checks::soundness::{CompleteScan, Incomplete, ScanState};
use zerotrip_datasets::CivilDay;
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::ErrorCode;

use super::conclude::{Finished, RunResult};
use super::evaluate::evaluate;
use super::plausible::implausible;
use super::prepared::{
    PreparedCheck, PreparedKind, PreparedMonths, PreparedScan, PreparedVariant, SlotColumn,
};
use super::question::Question;
use super::runtime::Engine;
use super::scan_call::{ScanAnswer, ScanCall};
use super::slot_rows::distinct;
use super::slots::ExchangeCx;

/// One request under way.
pub(super) struct Run<'a> {
    check: &'a PreparedCheck,
    variant: &'a PreparedVariant,
    question: Question,
    engine: &'a Engine,
    cx: Arc<ExchangeCx>,
    /// The step that comes next.
    place: usize,
    /// What became of the scans that were asked, by the place of their steps.
    states: BTreeMap<usize, ScanState>,
    /// A scan was not answered: nothing more is asked.
    is_stopped: bool,
    /// After a scan that could not be read whole, only the persons that the request names are
    /// asked about: which persons belong together rests on rows that are not known. What
    /// speaks against the persons named is an answer all the same.
    parameters_only: bool,
}

/// What a request needs next.
pub(super) enum Next<'a> {
    /// These scans, by the places of their steps: they need nothing of one another.
    Scans(Vec<(usize, Wanted)>),
    /// What the SQL step at this place makes of its tables.
    Sql(usize, &'a Arc<dyn ExecutionPlan>),
    /// Nothing.
    Finished(RunResult),
}

/// What a request needs of one scan.
pub(super) enum Wanted {
    /// Nothing: what became of it is clear.
    Settled(Scanned),
    /// To ask about these persons: distinct, in order.
    Keys(Vec<String>),
}

/// What became of one scan.
pub(super) struct Scanned {
    state: ScanState,
    /// In the shape of the step's table.
    rows: Vec<RecordBatch>,
}

impl Scanned {
    fn without_rows(state: ScanState) -> Self {
        Self { state, rows: Vec::new() }
    }
}

impl<'a> Run<'a> {
    /// Before its first step.
    pub(super) fn new(
        check: &'a PreparedCheck,
        engine: &'a Engine,
        variant: &'a PreparedVariant,
        parameters: &[String],
        today: i32,
    ) -> Result<Self> {
        let cx = Arc::new(ExchangeCx::new(variant.slots()));
        let (question, row) = Question::of(&check.definition, parameters, today)?;
        let run = Self {
            check,
            variant,
            question,
            engine,
            cx,
            place: 0,
            states: BTreeMap::new(),
            is_stopped: false,
            parameters_only: false,
        };
        run.cx.fill(0, vec![row])?;
        Ok(run)
    }

    /// What it needs next. After `Scans`, [`Self::resume`] comes first, and after `Sql`,
    /// [`Self::made`].
    pub(super) fn next(&mut self) -> Result<Next<'a>> {
        if self.is_stopped {
            return self.finish(false).map(Next::Finished);
        }
        let variant = self.variant;
        while let Some(step) = variant.steps.get(self.place) {
            match &step.kind {
                PreparedKind::Sql(plan) => return Ok(Next::Sql(self.place, plan)),
                PreparedKind::Months(months) => {
                    self.count(months)?;
                    self.place += 1;
                }
                PreparedKind::Scan(_) => {
                    let wave = self.wave(self.place);
                    let wanted = wave.map(|at| Ok((at, self.wanted(at)?)));
                    return Ok(Next::Scans(wanted.collect::<Result<_>>()?));
                }
            }
        }
        self.finish(true).map(Next::Finished)
    }

    /// Its tables.
    pub(super) fn tables(&self) -> &ExchangeCx {
        &self.cx
    }

    /// What a query makes of its tables: a step's, or another.
    pub(super) async fn look(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<Vec<RecordBatch>> {
        evaluate(plan, &self.cx, || self.engine.task(&self.cx)).await
    }

    /// Goes on with what the SQL step that it wanted came to.
    pub(super) fn made(&mut self, rows: Result<Vec<RecordBatch>>) -> Result<()> {
        match rows {
            Ok(rows) => {
                self.cx.fill(self.place + 1, rows)?;
                self.place += 1;
            }
            // Over rows that could not be read whole, no step has to come to anything.
            Err(_) if self.parameters_only => self.is_stopped = true,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Counts the rows of a scan. Where a cell that is not known could change what is read of the
    /// counts, the scan could not be read whole.
    fn count(&mut self, months: &PreparedMonths) -> Result<()> {
        let (rows, is_known) = months.count(&self.cx)?;
        self.cx.fill(self.place + 1, vec![rows])?;
        if is_known {
            return Ok(());
        }
        let (_, _, scan) = self.scan(months.scan)?;
        let dataset = scan.scan.dataset.clone();
        if let Some(state @ ScanState::Complete(_)) = self.states.get_mut(&months.scan) {
            let code = ErrorCode::SourceUnreadable;
            *state = ScanState::Unreadable(Incomplete { code, dataset });
        }
        self.parameters_only = true;
        Ok(())
    }

    /// Goes on with what became of the scans that it wanted: all of them, in their order.
    pub(super) fn resume(&mut self, scanned: Vec<(usize, Scanned)>) -> Result<()> {
        let (mut answered, mut whole) = (true, true);
        for (at, Scanned { state, rows }) in scanned {
            match &state {
                ScanState::Complete(_) | ScanState::Vacuous => self.cx.fill(at + 1, rows)?,
                ScanState::Unreadable(_) => {
                    self.cx.fill(at + 1, rows)?;
                    whole = false;
                }
                _ => answered = false,
            }
            self.states.insert(at, state);
            self.place = at + 1;
        }
        self.parameters_only |= !whole;
        self.is_stopped = !answered;
        Ok(())
    }

    /// Whether every step ran on registers that were read whole: then its tables show what the SQL
    /// makes of them.
    pub(super) fn ran_whole(&self) -> bool {
        self.place == self.variant.steps.len() && !self.is_stopped && !self.parameters_only
    }

    fn finish(&mut self, ran_all: bool) -> Result<RunResult> {
        let states = std::mem::take(&mut self.states);
        let Self { check, variant, question, cx, parameters_only, .. } = self;
        let parameters_only = *parameters_only;
        let finished = Finished { check, variant, question, cx, parameters_only, ran_all };
        finished.conclude(states)
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

    fn scan(&self, at: usize) -> Result<(&'a str, &'a SchemaRef, &'a PreparedScan)> {
        scan_at(self.variant, at)
    }

    /// The persons that a scan is to ask about.
    fn wanted(&self, at: usize) -> Result<Wanted> {
        let (_, _, scan) = self.scan(at)?;
        let incomplete = |code| {
            let dataset = scan.scan.dataset.clone();
            Wanted::Settled(Scanned::without_rows(ScanState::Incomplete(Incomplete {
                code,
                dataset,
            })))
        };
        let keys: Vec<SlotColumn> = scan
            .keys
            .iter()
            .filter(|key| key.slot == 0 || !self.parameters_only)
            .copied()
            .collect();
        Ok(match distinct(&self.cx, &keys)? {
            Some(keys) if keys.is_empty() => {
                Wanted::Settled(Scanned::without_rows(ScanState::Vacuous))
            }
            Some(keys) if keys.len() > scan.scan.most_keys as usize => {
                incomplete(ErrorCode::DefinitionLimit)
            }
            Some(keys) => Wanted::Keys(keys),
            // A key that cannot be read is a person who would not be asked about.
            None => incomplete(ErrorCode::SourceUnreadable),
        })
    }

    /// What an answer of the department makes of a scan.
    pub(super) fn take(
        &self,
        at: usize,
        answer: std::result::Result<ScanAnswer, Incomplete>,
    ) -> Result<Scanned> {
        let (_, schema, scan) = self.scan(at)?;
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(reason) => return Ok(Scanned::without_rows(ScanState::Incomplete(reason))),
        };
        let null = |batch: &RecordBatch| {
            scan.required.iter().any(|column| batch.column(*column).null_count() > 0)
        };
        answer.report.required_null |= answer.rows.iter().any(null);
        answer.report.most_age = answer.report.most_age.min(scan.scan.most_age.0);
        let last = CivilDay::at(answer.report.now + CLOCK_SKEW);
        let weighed = self.variant.weighed(at);
        let implausible = implausible(scan, (&mut answer.rows, &weighed), &answer.report, last)?;
        answer.report.findings.extend(implausible);
        answer.report.set_aside(&weighed);
        Ok(match CompleteScan::try_new(answer.report) {
            Ok(complete) => Scanned {
                state: ScanState::Complete(complete),
                rows: numbered(answer.rows, schema)?,
            },
            Err(reason) if reason.code == ErrorCode::SourceUnreadable => Scanned {
                state: ScanState::Unreadable(reason),
                rows: numbered(answer.rows, schema)?,
            },
            Err(reason) => Scanned::without_rows(ScanState::Incomplete(reason)),
        })
    }
}

/// The name, the table's shape and the scan of a step.
pub(super) fn scan_at(
    variant: &PreparedVariant,
    at: usize,
) -> Result<(&str, &SchemaRef, &PreparedScan)> {
    match variant.steps.get(at).map(|step| (step, &step.kind)) {
        Some((step, PreparedKind::Scan(scan))) => Ok((&step.name, &step.schema, scan)),
        _ => Err(DataFusionError::Internal(format!("step {at} is not a scan"))),
    }
}

/// The call of a step's scan about these persons.
pub(super) fn call_at(
    variant: &PreparedVariant,
    at: usize,
    keys: Vec<String>,
    part: Option<u32>,
) -> Result<ScanCall<'_>> {
    let (name, _, scan) = scan_at(variant, at)?;
    Ok(ScanCall { name, scan, schema: Arc::clone(&scan.answer), keys, part })
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
