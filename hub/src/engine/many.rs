//! Runs a prepared check about many subjects, in groups that share nothing. The registers are asked
//! step by step about the union of a group's keys. Each subject's steps then run and are concluded
//! on exactly the rows that asking about it alone would have brought: those of its own keys, of one
//! read of the register. What was found about rows counts for those whose keys it concerns, and
//! where that is not said, for all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_plan::ExecutionPlan;
use futures::future;
use zerotrip_checks::soundness::Incomplete;
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{ErrorCode, Finding};

use super::conclude::RunResult;
use super::evaluate::together;
use super::families::Families;
use super::prepared::{PreparedCheck, PreparedVariant};
use super::running::{Next, Run, Wanted, call_at, scan_at};
use super::runtime::Engine;
use super::scan_call::{DispatchMany, ScanAnswer, ScanPart};

/// Subjects whose steps are under way at once: what they hold beside the rows is bounded by this,
/// and other exchanges get their turn between one step of them and the next.
const GROUP: usize = 256;
/// Subjects whose SQL step is evaluated at once.
const TOGETHER: usize = 64;
/// Subjects that are worked on one by one before other tasks of the thread get a turn.
const TURN: usize = 16;

impl PreparedCheck {
    /// Runs a variant about each of these subjects; what comes of each, in their order. `subjects`
    /// are distinct; each is its parameters as [`Self::run`] takes them.
    ///
    /// An `Err` is a fault of the definition or of ours about that subject alone.
    pub async fn run_many(
        &self,
        engine: &Engine,
        variant: &PreparedVariant,
        subjects: &[Vec<String>],
        today: i32,
        dispatch: &dyn DispatchMany,
    ) -> Vec<Result<RunResult>> {
        let mut moments = Moments::new();
        let mut results = Vec::with_capacity(subjects.len());
        for group in subjects.chunks(GROUP) {
            dispatch.begin_group();
            let runs = group
                .iter()
                .map(|subject| Run::new(self, engine, variant, subject, today).map(Box::new));
            let mut group = Group { places: runs.map(Place::of).collect() };
            // Nothing of an earlier group: a family's rows are of one moment, and who was in it
            // shows nowhere.
            let mut answers = Answers { variant, scans: BTreeMap::new(), moments };
            group.run(&mut answers, dispatch).await;
            moments = answers.moments;
            results.extend(group.places.into_iter().map(Place::result));
        }
        results
    }
}

/// One subject of a group.
enum Place<'a> {
    Running(Box<Run<'a>>),
    Finished(Result<RunResult>),
}

impl<'a> Place<'a> {
    fn of(run: Result<Box<Run<'a>>>) -> Self {
        run.map_or_else(|error| Self::Finished(Err(error)), Self::Running)
    }

    fn result(self) -> Result<RunResult> {
        match self {
            Self::Finished(result) => result,
            Self::Running(_) => Err(DataFusionError::Internal("a subject was left over".into())),
        }
    }
}

/// What one subject wants of its next scans, by the places of their steps.
type Wants = Vec<(usize, Wanted)>;

struct Group<'a> {
    places: Vec<Place<'a>>,
}

impl Group<'_> {
    async fn run(&mut self, answers: &mut Answers<'_>, dispatch: &dyn DispatchMany) {
        loop {
            let wants = self.advance().await;
            if wants.is_empty() {
                return;
            }
            answers.ask(&wants, dispatch).await;
            self.resume(wants, answers).await;
        }
    }

    /// Runs each subject to its next scans.
    async fn advance(&mut self) -> Vec<(usize, Wants)> {
        let mut wants = Vec::new();
        let mut going: Vec<usize> = (0..self.places.len()).collect();
        while !going.is_empty() {
            let mut steps: BTreeMap<usize, (&Arc<dyn ExecutionPlan>, Vec<usize>)> = BTreeMap::new();
            for number in going.drain(..) {
                let Some(place) = self.places.get_mut(number) else { continue };
                let Place::Running(run) = place else { continue };
                match run.next() {
                    Ok(Next::Scans(wanted)) => wants.push((number, wanted)),
                    Ok(Next::Sql(at, plan)) => {
                        steps.entry(at).or_insert_with(|| (plan, Vec::new())).1.push(number);
                    }
                    Ok(Next::Finished(result)) => *place = Place::Finished(Ok(result)),
                    Err(error) => *place = Place::Finished(Err(error)),
                }
                take_turns(number).await;
            }
            for (plan, numbers) in steps.into_values() {
                for some in numbers.chunks(TOGETHER) {
                    self.evaluate(plan, some).await;
                    tokio::task::yield_now().await;
                }
                going.extend(numbers);
            }
        }
        wants
    }

    /// Runs one SQL step for these subjects: for all at once where that comes to something for all
    /// of them, else for one after another, so that nobody's rows stand in another's way.
    async fn evaluate(&mut self, plan: &Arc<dyn ExecutionPlan>, numbers: &[usize]) {
        let running = |number: &usize| match self.places.get(*number) {
            Some(Place::Running(run)) => Some(run.tables()),
            _ => None,
        };
        let tables: Option<Vec<_>> = numbers.iter().map(running).collect();
        let made = tables.and_then(|tables| together(plan, &tables).ok().flatten());
        let mut made = made.map(Vec::into_iter);
        for number in numbers {
            let Some(place) = self.places.get_mut(*number) else { continue };
            let Place::Running(run) = place else { continue };
            let rows = match made.as_mut().and_then(Iterator::next) {
                Some(rows) => Ok(rows),
                None => run.look(plan).await,
            };
            if let Err(error) = run.made(rows) {
                *place = Place::Finished(Err(error));
            }
        }
    }

    /// Hands each subject what it wanted.
    async fn resume(&mut self, wants: Vec<(usize, Wants)>, answers: &Answers<'_>) {
        for (number, wanted) in wants {
            let Some(place) = self.places.get_mut(number) else { continue };
            let Place::Running(run) = place else { continue };
            let scanned = wanted.into_iter().map(|(at, wanted)| match wanted {
                Wanted::Settled(scanned) => Ok((at, scanned)),
                Wanted::Keys(keys) => Ok((at, run.take(at, answers.about(at, &keys)?)?)),
            });
            let scanned: Result<Vec<_>> = scanned.collect();
            if let Err(error) = scanned.and_then(|scanned| run.resume(scanned)) {
                *place = Place::Finished(Err(error));
            }
            take_turns(number).await;
        }
    }
}

async fn take_turns(number: usize) {
    if number % TURN == TURN - 1 {
        tokio::task::yield_now().await;
    }
}

/// When each scan's dataset was as the first of its parts answered, by the place of the step.
/// Everybody's answer holds as of then: which part somebody was in shows nowhere either.
type Moments = BTreeMap<usize, SystemTime>;

/// What the departments have answered about a group.
struct Answers<'a> {
    variant: &'a PreparedVariant,
    /// By the place of the scan's step.
    scans: BTreeMap<usize, Answered>,
    moments: Moments,
}

/// What a department has answered to one scan, in parts.
#[derive(Default)]
struct Answered {
    parts: Vec<std::result::Result<Part, Incomplete>>,
    /// For each key the part that it was in, and its place there.
    keys: HashMap<String, (usize, u32)>,
}

/// One part that was answered.
struct Part {
    answer: ScanAnswer,
    /// For each key, the rows about it: batch and row.
    rows: HashMap<String, Vec<(usize, u32)>>,
}

impl Answers<'_> {
    /// Asks about every key that is wanted: each scan once about a key.
    async fn ask(&mut self, wants: &[(usize, Wants)], dispatch: &dyn DispatchMany) {
        let mut wanted: BTreeMap<usize, Families> = BTreeMap::new();
        for (at, keys) in wants.iter().flat_map(|(_, wants)| wants) {
            if let Wanted::Keys(keys) = keys {
                wanted.entry(*at).or_default().add(keys);
            }
        }
        let variant = self.variant;
        let asked = wanted.into_iter().map(|(at, families)| async move {
            let families = families.all();
            // A step that is no scan has no keys; what is not asked is not answered either.
            let Ok(call) = call_at(variant, at, families.concat(), None) else {
                return (at, Vec::new());
            };
            (at, dispatch.scan_in_parts(call, families).await)
        });
        for (at, parts) in future::join_all(asked).await {
            for answer in parts.iter().filter_map(|part| part.answer.as_ref().ok()) {
                let moment = self.moments.entry(at).or_insert(answer.report.as_of);
                *moment = answer.report.as_of.min(*moment);
            }
            let answered = self.scans.entry(at).or_default();
            parts.into_iter().for_each(|part| answered.add(part));
        }
    }

    /// What a department would have answered about these keys alone.
    fn about(
        &self,
        at: usize,
        keys: &[String],
    ) -> Result<std::result::Result<ScanAnswer, Incomplete>> {
        let (_, _, scan) = scan_at(self.variant, at)?;
        let refused = |code| Ok(Err(Incomplete { code, dataset: scan.scan.dataset.clone() }));
        let Some(answered) = self.scans.get(&at) else {
            return refused(ErrorCode::SourceTruncated);
        };
        let mut own = Vec::with_capacity(keys.len());
        let mut parts = BTreeSet::new();
        for key in keys {
            let Some((part, place)) = answered.keys.get(key) else {
                return refused(ErrorCode::SourceTruncated);
            };
            parts.insert(*part);
            own.push((key, *place));
        }
        // Rows of two reads are of two moments, and between them something may have moved from the
        // one person to the other.
        let (Some(part), 1) = (parts.first(), parts.len()) else {
            return refused(ErrorCode::SourceLimit);
        };
        let part = match answered.parts.get(*part) {
            Some(Ok(part)) => part,
            Some(Err(reason)) => return Ok(Err(reason.clone())),
            None => return refused(ErrorCode::SourceTruncated),
        };
        let mut whole = part.about(&own)?;
        if whole.report.as_of > whole.report.now + CLOCK_SKEW {
            return refused(ErrorCode::SourceImplausible);
        }
        if let Some(first) = self.moments.get(&at) {
            whole.report.as_of = whole.report.as_of.min(*first);
        }
        let rows: usize = whole.rows.iter().map(RecordBatch::num_rows).sum();
        if rows as u64 > scan.scan.most_rows {
            return refused(ErrorCode::SourceLimit);
        }
        Ok(Ok(whole))
    }
}

impl Answered {
    fn add(&mut self, part: ScanPart) {
        let number = self.parts.len();
        for (key, place) in part.keys.into_iter().zip(0..) {
            self.keys.insert(key, (number, place));
        }
        self.parts.push(part.answer.map(Part::of));
    }
}

impl Part {
    fn of(answer: ScanAnswer) -> Self {
        let mut rows: HashMap<String, Vec<(usize, u32)>> = HashMap::new();
        for (number, batch) in answer.rows.iter().enumerate() {
            // The look-up's own column comes first, and names one of the keys in each row:
            // `dispatch` takes no other answer.
            let persons = batch.columns().first().and_then(|column| column.as_string_opt::<i32>());
            for (person, row) in persons.into_iter().flatten().zip(0..) {
                let Some(person) = person else { continue };
                match rows.get_mut(person) {
                    Some(known) => known.push((number, row)),
                    None => drop(rows.insert(person.to_owned(), vec![(number, row)])),
                }
            }
        }
        Self { answer, rows }
    }

    /// The part of the answer that is about these keys.
    fn about(&self, keys: &[(&String, u32)]) -> Result<ScanAnswer> {
        let mut by_batch: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (batch, row) in keys.iter().filter_map(|(key, _)| self.rows.get(*key)).flatten() {
            by_batch.entry(*batch).or_default().push(*row);
        }
        let mut rows = Vec::with_capacity(by_batch.len());
        for (number, mut places) in by_batch {
            let Some(batch) = self.answer.rows.get(number) else { continue };
            places.sort_unstable();
            rows.push(take_record_batch(batch, &UInt32Array::from(places))?);
        }
        let mut report = self.answer.report.clone();
        report.findings.retain(|finding| concerns(finding, keys));
        Ok(ScanAnswer { rows, report })
    }
}

/// Whether a finding concerns one of these keys: where it does not say whom, it does.
fn concerns(finding: &Finding, keys: &[(&String, u32)]) -> bool {
    finding.keys.is_empty() || keys.iter().any(|(_, place)| finding.keys.contains(place))
}
