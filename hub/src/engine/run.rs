//! Runs a prepared check for one request: scans in waves, SQL between them, and at the end the
//! conclusion.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use arrow::array::{
    Array, AsArray, Date32Array, Int64Array, RecordBatch, StringArray, new_null_array,
};
use arrow::datatypes::{Date32Type, Int64Type, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionConfig;
use futures::future;
use zerotrip_checks::soundness::{
    CompleteScan, Conclusion, Evidence, Incomplete, ScanEvidence, ScanReport, ScanState, Verdict,
    VerdictKind, conclude,
};
use zerotrip_datasets::CivilDay;
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{DatasetStatement, ErrorCode};

use super::columns::{text_column, wrong_type};
use super::evaluate::evaluate;
use super::plausible::implausible;
use super::prepare::{
    PreparedCheck, PreparedKind, PreparedScan, PreparedVariant, SlotColumn, request_schema,
    session_config,
};
use super::slots::ExchangeCx;

/// Asks one department. The implementation owns the grant, the signature, the deadline and the
/// receipt; what it returns has been verified.
pub trait Dispatch: Send + Sync {
    /// Puts the scan to its department, about exactly these keys: all of them or an [`Incomplete`].
    fn scan<'a>(
        &'a self,
        call: ScanCall<'a>,
    ) -> Pin<Box<dyn Future<Output = std::result::Result<ScanAnswer, Incomplete>> + Send + 'a>>;
}

/// One scan to make.
#[derive(Debug)]
pub struct ScanCall<'a> {
    /// The step's name.
    pub name: &'a str,
    /// What to ask.
    pub scan: &'a PreparedScan,
    /// The shape of the answer.
    pub schema: arrow::datatypes::SchemaRef,
    /// About whom: distinct, in order, at most `most_keys`.
    pub keys: Vec<String>,
}

/// What a department answered, verified against its receipt.
#[derive(Debug)]
pub struct ScanAnswer {
    /// In the shape asked for.
    pub rows: Vec<RecordBatch>,
    /// What the receipt says of it.
    pub report: ScanReport,
}

/// What came of a run.
#[derive(Debug)]
pub struct RunResult {
    /// What the check comes to.
    pub conclusion: Conclusion,
    /// What each source that answered said of itself, once each, in the order in which they were
    /// asked first: how often one was asked tells who there is of the family.
    pub sources: Vec<SourceRead>,
    /// Where the conclusion holds: division codes.
    pub regions: Vec<String>,
    /// Whether the owners of all registers that it judges say that rows under a person's former
    /// number are under the present one.
    pub numbers_carried_over: bool,
}

/// A source that answered.
#[derive(Clone, Debug)]
pub struct SourceRead {
    /// The dataset.
    pub dataset: String,
    /// When it was as it answered; the earliest, where it was asked more than once.
    pub as_of: std::time::SystemTime,
    /// What its owner stated of it: the statement that the answer rests on.
    pub statement: Arc<DatasetStatement>,
}

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
        let none = || (std::collections::HashMap::new(), std::collections::HashMap::new());
        let (scalar, higher) = none();
        let (aggregate, window) =
            (std::collections::HashMap::new(), std::collections::HashMap::new());
        Arc::new(TaskContext::new(
            None,
            String::new(),
            config,
            scalar,
            higher,
            aggregate,
            window,
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
                    Err(_) if run.parameters_only => return run.conclude(states, false),
                    Err(error) => return Err(error),
                }
                place += 1;
                continue;
            }
            let wave = run.wave(place);
            let end = wave.end;
            let outcomes = future::join_all(wave.map(|at| run.ask(at, dispatch))).await;
            let (mut answered, mut whole) = (true, true);
            for (at, outcome) in (place..end).zip(outcomes) {
                let (state, rows) = outcome?;
                match (&state, rows) {
                    (ScanState::Complete(_) | ScanState::Vacuous, rows) => {
                        run.cx.fill(at + 1, rows)?
                    }
                    (ScanState::Unreadable(_), rows) => {
                        run.cx.fill(at + 1, rows)?;
                        whole = false;
                    }
                    _ => answered = false,
                }
                states.insert(at, state);
            }
            run.parameters_only |= !whole;
            if !answered {
                return run.conclude(states, false);
            }
            place = end;
        }
        run.conclude(states, true)
    }
}

struct Run<'a> {
    check: &'a PreparedCheck,
    variant: &'a PreparedVariant,
    cx: Arc<ExchangeCx>,
    /// From a scan on that could not be read whole: nobody else is asked about than whom the
    /// request names, for who belongs to whom rests on rows that are not known. What stands
    /// against the persons named is an answer all the same.
    parameters_only: bool,
}

impl Run<'_> {
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

    async fn ask(
        &self,
        at: usize,
        dispatch: &dyn Dispatch,
    ) -> Result<(ScanState, Vec<RecordBatch>)> {
        let Some((step, PreparedKind::Scan(scan))) =
            self.variant.steps.get(at).map(|step| (step, &step.kind))
        else {
            return Err(DataFusionError::Internal(format!("step {at} is no scan")));
        };
        let incomplete =
            |code| ScanState::Incomplete(Incomplete { code, dataset: scan.scan.dataset.clone() });
        let keys: Vec<SlotColumn> = scan
            .keys
            .iter()
            .filter(|key| key.slot == 0 || !self.parameters_only)
            .copied()
            .collect();
        let keys = match self.keys(&keys)? {
            Some(keys) if keys.is_empty() => return Ok((ScanState::Vacuous, Vec::new())),
            Some(keys) if keys.len() > scan.scan.most_keys as usize => {
                return Ok((incomplete(ErrorCode::DefinitionLimit), Vec::new()));
            }
            Some(keys) => keys,
            // A key that cannot be read is a person who would not be asked about.
            None => return Ok((incomplete(ErrorCode::SourceUnreadable), Vec::new())),
        };
        let call = ScanCall { name: &step.name, scan, schema: Arc::clone(&scan.answer), keys };
        let mut answer = match dispatch.scan(call).await {
            Ok(answer) => answer,
            Err(reason) => return Ok((ScanState::Incomplete(reason), Vec::new())),
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
            Ok(complete) => (ScanState::Complete(complete), numbered(answer.rows, &step.schema)?),
            Err(reason) if reason.code == ErrorCode::SourceUnreadable => {
                (ScanState::Unreadable(reason), numbered(answer.rows, &step.schema)?)
            }
            Err(reason) => (ScanState::Incomplete(reason), Vec::new()),
        })
    }

    /// The distinct values of the columns; `None` where one of them is NULL.
    fn keys(&self, columns: &[SlotColumn]) -> Result<Option<Vec<String>>> {
        let mut found = BTreeSet::new();
        for place in columns {
            for batch in self.cx.rows(place.slot)? {
                let values = text_column(batch, place.column)?;
                for value in values {
                    let Some(value) = value else { return Ok(None) };
                    found.insert(value.to_owned());
                }
            }
        }
        Ok(Some(found.into_iter().collect()))
    }

    fn conclude(
        &self,
        mut states: BTreeMap<usize, ScanState>,
        finished: bool,
    ) -> Result<RunResult> {
        let definition = &self.check.definition;
        let mut scans = Vec::new();
        let mut relations_unread = false;
        for (at, step) in self.variant.steps.iter().enumerate() {
            let PreparedKind::Scan(scan) = &step.kind else { continue };
            let state = states.remove(&at).unwrap_or(ScanState::NotAsked);
            let mut state = state;
            let persons =
                match if finished { self.keys(&scan.absence_for)? } else { Some(Vec::new()) } {
                    Some(persons) => persons,
                    // Beside a scan that could not be read whole, no absence is concluded for anybody.
                    None if self.parameters_only => Vec::new(),
                    // Somebody for whom an absence would be concluded cannot be named: then it is not.
                    None => {
                        let (code, dataset) =
                            (ErrorCode::SourceUnreadable, scan.scan.dataset.clone());
                        state = ScanState::Incomplete(Incomplete { code, dataset });
                        Vec::new()
                    }
                };
            relations_unread |= !scan.scan.judged && matches!(state, ScanState::Unreadable(_));
            let (rows, things) = if finished {
                (self.about(at + 1)?, self.things(at + 1, scan.thing)?)
            } else {
                (Vec::new(), None)
            };
            scans.push((step.name.as_str(), scan, state, rows, things, persons));
        }
        let mut registered = BTreeMap::new();
        let mut verdicts = Vec::new();
        let mut certain = HashSet::new();
        if finished {
            // Who belongs to whom is not known where a register of persons could not be read whole;
            // who is asked about by name, is.
            let listed = if relations_unread {
                self.parameters()
            } else {
                self.variant.resolve(definition, &definition.certain).into_iter().collect()
            };
            certain = self.keys(&listed)?.unwrap_or_default().into_iter().collect();
            for rule in &definition.coverage {
                let Some(column) = self.variant.resolve(definition, &rule.registered) else {
                    continue;
                };
                let persons: HashSet<String> =
                    self.keys(&[column])?.unwrap_or_default().into_iter().collect();
                registered.insert(rule.statement.as_str(), persons);
            }
            verdicts = self.verdicts()?;
        }
        let evidence_scans =
            scans.iter().map(|(name, scan, state, rows, things, persons)| ScanEvidence {
                name,
                dataset: &scan.scan.dataset,
                state,
                rows,
                things: things.as_deref(),
                judged: scan.scan.judged,
                absence_for: persons,
                reach: scan.scan.reach(),
            });
        let evidence_scans: Vec<_> = evidence_scans.collect();
        let reasons: Vec<&str> =
            definition.reasons.iter().map(|reason| reason.code.as_str()).collect();
        let conclusion = conclude(&Evidence {
            scans: &evidence_scans,
            verdicts: &verdicts,
            reasons: &reasons,
            certain: &certain,
            registered: &registered,
            hand_overs: &definition.hand_overs,
        });
        let mut sources: Vec<SourceRead> = Vec::new();
        for (_, scan, state, ..) in &scans {
            let ScanState::Complete(complete) = state else { continue };
            match sources.iter_mut().find(|source| source.dataset == complete.dataset()) {
                Some(source) => source.as_of = source.as_of.min(complete.as_of()),
                None => sources.push(SourceRead {
                    dataset: complete.dataset().to_owned(),
                    as_of: complete.as_of(),
                    statement: Arc::clone(&scan.statement),
                }),
            }
        }
        let numbers_carried_over = scans
            .iter()
            .filter(|(_, scan, ..)| scan.scan.judged)
            .all(|(_, scan, ..)| scan.statement.numbers_carried_over);
        Ok(RunResult {
            conclusion,
            sources,
            regions: self.variant.regions.clone(),
            numbers_carried_over,
        })
    }

    /// The columns of the request that name persons: all but the day.
    fn parameters(&self) -> Vec<SlotColumn> {
        (0..self.check.definition.parameters.len())
            .map(|column| SlotColumn { slot: 0, column })
            .collect()
    }

    /// Of which thing each row of a scan's slot is, where its owner states that.
    fn things(&self, slot: usize, column: Option<usize>) -> Result<Option<Vec<Option<String>>>> {
        let Some(column) = column else { return Ok(None) };
        let mut things = Vec::new();
        for batch in self.cx.rows(slot)? {
            things.extend(text_column(batch, column)?.iter().map(|thing| thing.map(str::to_owned)));
        }
        Ok(Some(things))
    }

    /// Whom each row of a scan's slot is about.
    fn about(&self, slot: usize) -> Result<Vec<String>> {
        let mut persons = Vec::new();
        for batch in self.cx.rows(slot)? {
            persons.extend(
                text_column(batch, 0)?.iter().map(|person| person.unwrap_or_default().to_owned()),
            );
        }
        Ok(persons)
    }

    fn only_doubts(&self, name: &str) -> bool {
        let mut steps = self.variant.steps.iter().filter(|step| step.name == name);
        steps.any(|step| matches!(&step.kind, PreparedKind::Scan(scan) if scan.scan.only_doubts))
    }

    fn verdicts(&self) -> Result<Vec<Verdict>> {
        let mut verdicts = Vec::new();
        for batch in self.cx.rows(self.variant.steps.len())? {
            let (kinds, codes, scans) =
                (text_column(batch, 0)?, text_column(batch, 1)?, text_column(batch, 2)?);
            let rows =
                batch.column(3).as_primitive_opt::<Int64Type>().ok_or_else(|| wrong_type(3))?;
            let days =
                batch.column(4).as_primitive_opt::<Date32Type>().ok_or_else(|| wrong_type(4))?;
            let beginnings =
                batch.column(5).as_primitive_opt::<Date32Type>().ok_or_else(|| wrong_type(5))?;
            let rows = rows.iter().zip(days).zip(beginnings);
            for (((kind, code), scan), ((row, on_date), began_on)) in
                kinds.iter().zip(codes).zip(scans).zip(rows)
            {
                let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
                let row = row.and_then(|row| usize::try_from(row).ok());
                let (kind, scan) = (VerdictKind::from_word(kind), text(scan));
                // What only raises doubts speaks neither for nor against anybody.
                let kind = if self.only_doubts(&scan) { VerdictKind::Undetermined } else { kind };
                verdicts.push(Verdict { kind, code: text(code), scan, row, on_date, began_on });
            }
        }
        Ok(verdicts)
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
