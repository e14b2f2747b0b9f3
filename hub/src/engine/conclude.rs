//! From what the scans and steps of one request came to, to the check's conclusion.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use datafusion::common::Result;
use zerotrip_certificates::Fact;
use zerotrip_checks::definition::Period;
use zerotrip_checks::soundness::{
    CheckEvidence, Conclusion, Incomplete, ScanEvidence, ScanState, Verdict, VerdictKind, conclude,
};
use zerotrip_datasets::KeyKind;
use zerotrip_proto::v1::{DatasetStatement, ErrorCode};

use super::facts;
use super::prepared::{PreparedCheck, PreparedKind, PreparedScan, PreparedVariant, SlotColumn};
use super::question::{Question, subject_columns};
use super::slot_rows::{distinct, texts, verdicts};
use super::slots::ExchangeCx;

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
    /// The values that a proven fact comes with.
    pub facts: Vec<Fact>,
    /// What rows of the verdict name as scans, and the variant does not have: each of these rows
    /// settles nothing.
    pub unknown_scans: BTreeSet<String>,
}

/// A source that answered.
#[derive(Clone, Debug)]
pub struct SourceRead {
    /// The dataset.
    pub dataset: String,
    /// When it was as it answered; the earliest, where it was asked more than once.
    pub as_of: SystemTime,
    /// What its owner stated of it: the statement that the answer rests on.
    pub statement: Arc<DatasetStatement>,
}

/// A request whose steps have run, as far as they could.
pub(super) struct Finished<'a> {
    pub(super) check: &'a PreparedCheck,
    pub(super) variant: &'a PreparedVariant,
    pub(super) question: &'a Question,
    pub(super) cx: &'a ExchangeCx,
    /// Whether a scan could not be read whole, so that only the persons that the request names
    /// were asked about after it.
    pub(super) parameters_only: bool,
    /// Whether all steps ran: only then do the tables say anything.
    pub(super) ran_all: bool,
}

/// One scan of the variant, and what it says.
struct ScanOutcome<'a> {
    name: &'a str,
    scan: &'a PreparedScan,
    state: ScanState,
    /// The person that each row is about.
    persons: Vec<String>,
    /// Of which thing each row is; `None` where the owner does not state that.
    things: Option<Vec<Option<String>>>,
    /// The months over which its rows are counted.
    counted: Option<Period>,
    /// The persons for which an absence of rows is a conclusion.
    absence_for: Vec<String>,
}

/// What the tables say beside the scans; nothing where not all steps ran.
#[derive(Default)]
struct Tables<'a> {
    verdicts: Vec<Verdict>,
    /// The persons who are asked about whatever else turns out.
    certain: HashSet<String>,
    /// For each coverage statement, the persons found registered.
    registered: BTreeMap<&'a str, HashSet<String>>,
    /// What verdicts name as scans, and there is none.
    unknown_scans: BTreeSet<String>,
}

impl<'a> Finished<'a> {
    /// The conclusion, and what it rests on. `states` has the scans that were asked, by the place
    /// of their steps.
    pub(super) fn conclude(&self, states: BTreeMap<usize, ScanState>) -> Result<RunResult> {
        let definition = &self.check.definition;
        let scans = self.scans(states)?;
        let tables = if self.ran_all { self.tables(&scans)? } else { Tables::default() };
        let evidence: Vec<_> = scans.iter().map(|scan| scan.evidence(self.question)).collect();
        let reasons: Vec<&str> =
            definition.reasons.iter().map(|reason| reason.code.as_str()).collect();
        let conclusion = conclude(&CheckEvidence {
            proves: &self.variant.proves,
            scans: &evidence,
            verdicts: &tables.verdicts,
            reasons: &reasons,
            certain: &tables.certain,
            registered: &tables.registered,
            hand_overs: &definition.hand_overs,
            asks_elsewhere: self.question.asks_beyond(&self.variant.regions),
        });
        if !tables.unknown_scans.is_empty() {
            tracing::error!(
                check = definition.name,
                scans = ?tables.unknown_scans,
                "rows of the verdict name what is no scan, and settle nothing; correct the SQL"
            );
        }
        let (conclusion, facts) = self.facts(conclusion)?;
        // A check of persons judges no register of things: then all of its registers must say so.
        let of_things = scans.iter().any(|outcome| outcome.scan.scan.judged);
        let numbers_carried_over = scans
            .iter()
            .filter(|outcome| outcome.scan.scan.judged || !of_things)
            .all(|outcome| outcome.scan.statement.numbers_carried_over);
        Ok(RunResult {
            conclusion,
            sources: sources(&scans),
            regions: self.variant.regions.clone(),
            numbers_carried_over,
            facts,
            unknown_scans: tables.unknown_scans,
        })
    }

    /// A proof comes with its values: each there, and of its type, or nothing is proven.
    fn facts(&self, conclusion: Conclusion) -> Result<(Conclusion, Vec<Fact>)> {
        let terms = &self.variant.facts;
        if terms.is_empty() || !matches!(conclusion, Conclusion::Proven(_)) {
            return Ok((conclusion, Vec::new()));
        }
        // Slot n + 1 belongs to step n, and the step before the last has them.
        let slot = self.variant.steps.len().saturating_sub(1);
        Ok(match facts::read(self.cx, slot, terms)? {
            Some(facts) => (conclusion, facts),
            None => {
                let (code, dataset) = (ErrorCode::Undetermined, self.first_dataset());
                (Conclusion::Unavailable(Incomplete { code, dataset }), Vec::new())
            }
        })
    }

    fn first_dataset(&self) -> String {
        let scans = self.variant.steps.iter().find_map(|step| match &step.kind {
            PreparedKind::Scan(scan) => Some(scan.scan.dataset.clone()),
            PreparedKind::Sql(_) | PreparedKind::Months(_) => None,
        });
        scans.unwrap_or_default()
    }

    fn scans(&self, mut states: BTreeMap<usize, ScanState>) -> Result<Vec<ScanOutcome<'a>>> {
        let mut scans = Vec::new();
        for (at, step) in self.variant.steps.iter().enumerate() {
            let PreparedKind::Scan(scan) = &step.kind else { continue };
            let mut outcome = ScanOutcome {
                name: &step.name,
                scan,
                state: states.remove(&at).unwrap_or(ScanState::NotAsked),
                persons: Vec::new(),
                things: None,
                counted: self.counted(at)?,
                absence_for: Vec::new(),
            };
            if self.ran_all {
                self.read(at + 1, &mut outcome)?;
            }
            scans.push(outcome);
        }
        Ok(scans)
    }

    /// The months over which steps count the rows of the scan at a place.
    fn counted(&self, at: usize) -> Result<Option<Period>> {
        let mut all: Option<Period> = None;
        for step in &self.variant.steps {
            let PreparedKind::Months(months) = &step.kind else { continue };
            if months.scan == at {
                let range = months.range(self.cx)?;
                all = Some(all.map_or(range, |others| others.with(range)));
            }
        }
        Ok(all)
    }

    /// Reads what the tables say of a scan whose rows are in `slot`.
    fn read(&self, slot: usize, outcome: &mut ScanOutcome<'_>) -> Result<()> {
        let scan = outcome.scan;
        match distinct(self.cx, &scan.absence_for)? {
            Some(persons) => outcome.absence_for = persons,
            // Beside a scan that could not be read whole, no absence is concluded for anyone.
            None if self.parameters_only => {}
            // A person for which an absence would be concluded cannot be named: then it is not.
            None => {
                let (code, dataset) = (ErrorCode::SourceUnreadable, scan.scan.dataset.clone());
                outcome.state = ScanState::Incomplete(Incomplete { code, dataset });
            }
        }
        let persons = texts(self.cx, SlotColumn { slot, column: 0 })?;
        outcome.persons = persons.into_iter().map(Option::unwrap_or_default).collect();
        outcome.things =
            scan.thing.map(|column| texts(self.cx, SlotColumn { slot, column })).transpose()?;
        Ok(())
    }

    fn tables(&self, scans: &[ScanOutcome<'_>]) -> Result<Tables<'a>> {
        let definition = &self.check.definition;
        let relations_unread = scans.iter().any(|outcome| {
            !outcome.scan.scan.judged && matches!(outcome.state, ScanState::Unreadable(_))
        });
        // Which persons belong together is not known where a register of persons could not be read
        // whole; the persons named in the request are known.
        let listed = if relations_unread {
            self.parameters()
        } else {
            self.variant.resolve(definition, &definition.certain).into_iter().collect()
        };
        let mut registered = BTreeMap::new();
        for rule in &definition.coverage {
            let Some(column) = self.variant.resolve(definition, &rule.registered) else { continue };
            registered.insert(rule.statement.as_str(), self.persons(&[column])?);
        }
        let mut verdicts = verdicts(self.cx, self.variant.steps.len())?;
        let mut unknown_scans = BTreeSet::new();
        for verdict in &mut verdicts {
            if !scans.iter().any(|outcome| outcome.name == verdict.scan) {
                unknown_scans.insert(verdict.scan.clone());
                verdict.kind = VerdictKind::Undetermined;
            }
            // What only raises doubts speaks neither for nor against anyone.
            if self.only_doubts(&verdict.scan) {
                verdict.kind = VerdictKind::Undetermined;
            }
        }
        Ok(Tables { verdicts, certain: self.persons(&listed)?, registered, unknown_scans })
    }

    fn persons(&self, columns: &[SlotColumn]) -> Result<HashSet<String>> {
        Ok(distinct(self.cx, columns)?.unwrap_or_default().into_iter().collect())
    }

    /// The columns of the request that name persons.
    fn parameters(&self) -> Vec<SlotColumn> {
        let columns = subject_columns(&self.check.definition, None).into_iter();
        columns.map(|column| SlotColumn { slot: 0, column }).collect()
    }

    fn only_doubts(&self, name: &str) -> bool {
        let mut steps = self.variant.steps.iter().filter(|step| step.name == name);
        steps.any(|step| matches!(&step.kind, PreparedKind::Scan(scan) if scan.scan.only_doubts))
    }
}

impl ScanOutcome<'_> {
    fn evidence(&self, question: &Question) -> ScanEvidence<'_> {
        let scan = &self.scan.scan;
        ScanEvidence {
            name: self.name,
            dataset: &scan.dataset,
            kind: KeyKind::from_wire(self.scan.template.key_kind).unwrap_or_default(),
            state: &self.state,
            rows: &self.persons,
            things: self.things.as_deref(),
            judged: scan.judged,
            each_row: scan.each_row,
            counted: self.counted,
            absence_for: &self.absence_for,
            reach: question.reach(scan),
        }
    }
}

/// The sources that answered, each once.
fn sources(scans: &[ScanOutcome<'_>]) -> Vec<SourceRead> {
    let mut sources: Vec<SourceRead> = Vec::new();
    for outcome in scans {
        let ScanState::Complete(complete) = &outcome.state else { continue };
        match sources.iter_mut().find(|source| source.dataset == complete.dataset()) {
            Some(source) => source.as_of = source.as_of.min(complete.as_of()),
            None => sources.push(SourceRead {
                dataset: complete.dataset().to_owned(),
                as_of: complete.as_of(),
                statement: Arc::clone(&outcome.scan.statement),
            }),
        }
    }
    sources
}
