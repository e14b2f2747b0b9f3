//! When is an absence proven? This module decides, and nothing else does: an [`Absence`] can be made only here, from scans that are
//! all complete, fresh, readable, cover every person asked about, and can be carried back to one moment. It never sees a row, a socket
//! or a clock.
//!
//! The moment is the earliest as-of. Registers are read at different times, and what somebody has all along can move between them, or
//! between members of a family, so that each register is read while it is in another. So whatever a register shows as ended must have
//! ended before that moment, and one that does not keep what ends proves nothing beside another.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{Months, NaiveDate};
use zerotrip_proto::CHINA_OFFSET_SECONDS;
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{ErrorCode, Finding};

use crate::definition::HandOver;

/// What became of one scan. Anything but `Complete` and `Vacuous` proves nothing.
#[derive(Debug)]
pub enum ScanState {
    /// The plan never came to it.
    NotAsked,
    /// Asked; no receipt yet.
    Open,
    /// There was nobody to ask about.
    Vacuous,
    /// Answered whole.
    Complete(CompleteScan),
    /// Not to be relied on.
    Incomplete(Incomplete),
}

/// Why a scan, or a check, proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// The reason.
    pub code: ErrorCode,
    /// The dataset to blame.
    pub dataset: String,
}

/// Which persons an owner says its dataset knows about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subjects {
    /// Everyone, wherever registered.
    Everyone,
    /// Those that a rule of the definition can find registered; the statement's text.
    Stated(String),
}

/// What a verified receipt says of one scan, before it is believed complete.
#[derive(Clone, Debug)]
pub struct ScanReport {
    /// The dataset.
    pub dataset: String,
    /// When the source was as it answered.
    pub as_of: SystemTime,
    /// Now, from the injected clock.
    pub now: SystemTime,
    /// The owner's bound on the age of an answer.
    pub most_age: Duration,
    /// Rows and cells that could not be read.
    pub findings: Vec<Finding>,
    /// Whether a column that the definition requires held a NULL.
    pub required_null: bool,
    /// Whom the owner says it knows about.
    pub subjects: Subjects,
    /// From when on, in days since 1970-01-01; `None` where the owner does not say.
    pub since: Option<i32>,
    /// Whether the owner says that what ends stays, as a row that says so.
    pub keeps_ended: bool,
    /// The day, since 1970-01-01, before which everything ended that is not dated; `None` where the owner does not say.
    pub undated_before: Option<i32>,
}

/// A scan that was answered whole, in time, fresh and readable.
#[derive(Clone, Debug)]
pub struct CompleteScan {
    dataset: String,
    as_of: SystemTime,
    read_at: SystemTime,
    subjects: Subjects,
    since: Option<i32>,
    keeps_ended: bool,
    undated_before: Option<i32>,
}

impl CompleteScan {
    /// Believes a scan complete, or says why not.
    pub fn try_new(report: ScanReport) -> Result<Self, Incomplete> {
        let refuse = |code| Err(Incomplete { code, dataset: report.dataset.clone() });
        if report.required_null || report.findings.iter().any(|finding| finding.count > 0) {
            return refuse(ErrorCode::SourceUnreadable);
        }
        if report.as_of > report.now + CLOCK_SKEW {
            return refuse(ErrorCode::SourceImplausible);
        }
        if report.now.duration_since(report.as_of).unwrap_or_default() > report.most_age {
            return refuse(ErrorCode::SourceStale);
        }
        let ScanReport { dataset, as_of, now: read_at, subjects, since, keeps_ended, undated_before, .. } = report;
        Ok(Self { dataset, as_of, read_at, subjects, since, keeps_ended, undated_before })
    }

    /// When the source was as it answered.
    pub fn as_of(&self) -> SystemTime {
        self.as_of
    }

    /// Which dataset it was of.
    pub fn dataset(&self) -> &str {
        &self.dataset
    }
}

/// What the definition's SQL said of one delivered row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it counts.
    pub kind: VerdictKind,
    /// The reason's code, for `Against`.
    pub code: String,
    /// The scan that delivered the row.
    pub scan: String,
    /// Which of that scan's rows, from 0; `None` where the SQL does not say.
    pub row: Option<usize>,
    /// For `HandedOver` and `Ended`: the day, in days since 1970-01-01; `None` where the register does not say.
    pub on_date: Option<i32>,
}

/// How a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictKind {
    /// It makes the answer false.
    Against,
    /// It does not count.
    Clear,
    /// It has left this register for another.
    HandedOver,
    /// It ended on that day, and came to nothing here: a title sold, a contract cancelled, a marriage divorced. What came of it may stand in
    /// another register since.
    Ended,
    /// It settles nothing. Also everything that the definition's SQL says in other words.
    Undetermined,
}

impl VerdictKind {
    /// From the definition's word; an unknown or missing word settles nothing.
    pub fn from_word(word: Option<&str>) -> Self {
        match word {
            Some("against") => Self::Against,
            Some("clear") => Self::Clear,
            Some("handed_over") => Self::HandedOver,
            Some("ended") => Self::Ended,
            _ => Self::Undetermined,
        }
    }
}

/// Everything that the conclusion rests on.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// Every scan of the variant, in its order.
    pub scans: &'a [ScanEvidence<'a>],
    /// Every judged row.
    pub verdicts: &'a [Verdict],
    /// The definition's reasons, most important first.
    pub reasons: &'a [&'a str],
    /// For each coverage statement that the definition can test, the persons found registered.
    pub registered: &'a BTreeMap<&'a str, HashSet<String>>,
    /// The definition's hand-over pairs.
    pub hand_overs: &'a [HandOver],
}

/// One scan and whom it must know about.
#[derive(Debug)]
pub struct ScanEvidence<'a> {
    /// Its name in the definition.
    pub name: &'a str,
    /// The dataset.
    pub dataset: &'a str,
    /// What became of it.
    pub state: &'a ScanState,
    /// Whom each delivered row is about, in the order of the rows.
    pub rows: &'a [String],
    /// Whether every row needs a verdict.
    pub judged: bool,
    /// The persons for whom an absence of rows is a conclusion.
    pub absence_for: &'a [String],
    /// The age, in years, from which on a person's whole life must lie within what the register knows about.
    pub lifetime_from: Option<u32>,
}

impl<'a> ScanEvidence<'a> {
    fn complete(&self) -> Option<(&Self, &'a CompleteScan)> {
        match self.state {
            ScanState::Complete(complete) => Some((self, complete)),
            _ => None,
        }
    }
}

/// Proof that nothing was there. Only [`conclude`] makes one.
#[derive(Debug)]
pub struct Absence {
    _private: (),
}

/// What the check comes to.
#[derive(Debug)]
pub enum Conclusion {
    /// Nothing was there, provably.
    Absent(Absence),
    /// Something was there; the most important reason's code.
    Present(String),
    /// Neither can be said.
    Unavailable(Incomplete),
}

/// Weighs the evidence. The order is: an incomplete scan, then what was found, then what settles nothing, then what cannot be carried back
/// to one moment, then what was handed over and is nowhere, then coverage; only what passes all of them is an absence.
pub fn conclude(evidence: &Evidence<'_>) -> Conclusion {
    if evidence.scans.is_empty() {
        return unavailable(ErrorCode::Internal, "");
    }
    for scan in evidence.scans {
        match scan.state {
            ScanState::Complete(_) => {}
            ScanState::Vacuous if scan.absence_for.is_empty() => {}
            ScanState::Incomplete(reason) => return Conclusion::Unavailable(reason.clone()),
            ScanState::NotAsked | ScanState::Open | ScanState::Vacuous => return unavailable(ErrorCode::SourceTruncated, scan.dataset),
        }
    }
    let against = |code: &&&str| evidence.verdicts.iter().any(|verdict| verdict.kind == VerdictKind::Against && verdict.code == **code);
    if let Some(code) = evidence.reasons.iter().find(against) {
        return Conclusion::Present((*code).to_owned());
    }
    if let Some(dataset) = undetermined(evidence) {
        return unavailable(ErrorCode::Undetermined, dataset);
    }
    if let Some(reason) = not_of_one_moment(evidence) {
        return Conclusion::Unavailable(reason);
    }
    if let Some(dataset) = lost_on_the_way(evidence) {
        return unavailable(ErrorCode::Undetermined, dataset);
    }
    if let Some(dataset) = uncovered(evidence) {
        return unavailable(ErrorCode::OutsideCoverage, dataset);
    }
    Conclusion::Absent(Absence { _private: () })
}

fn unavailable(code: ErrorCode, dataset: &str) -> Conclusion {
    Conclusion::Unavailable(Incomplete { code, dataset: dataset.to_owned() })
}

/// The dataset of the first row that settles nothing. An `Against` whose code is no reason of the definition is one of them, and so is
/// a row that needs a verdict and has none.
fn undetermined<'a>(evidence: &Evidence<'a>) -> Option<&'a str> {
    for scan in evidence.scans.iter().filter(|scan| scan.judged) {
        let verdicts = evidence.verdicts.iter().filter(|verdict| verdict.scan == scan.name);
        let judged: HashSet<usize> = verdicts.filter_map(|verdict| verdict.row).collect();
        if (0..scan.rows.len()).any(|row| !judged.contains(&row)) {
            return Some(scan.dataset);
        }
    }
    let unsettled = evidence.verdicts.iter().find(|verdict| match verdict.kind {
        VerdictKind::Undetermined | VerdictKind::Against => true,
        VerdictKind::HandedOver => !evidence.hand_overs.iter().any(|pair| pair.from == verdict.scan),
        VerdictKind::Ended | VerdictKind::Clear => false,
    })?;
    Some(dataset_of(evidence, &unsettled.scan))
}

/// Why what the registers show cannot be carried back to the moment at which the first of them was read.
fn not_of_one_moment(evidence: &Evidence<'_>) -> Option<Incomplete> {
    let complete: Vec<(&ScanEvidence<'_>, &CompleteScan)> = evidence.scans.iter().filter_map(|scan| scan.complete()).collect();
    let (first, moment) = complete.iter().map(|(scan, complete)| (scan, complete.as_of)).min_by_key(|(_, as_of)| *as_of)?;
    let because = |code, dataset: &str| Some(Incomplete { code, dataset: dataset.to_owned() });
    // A register alone is as of the moment at which it was read.
    if let Some((forgetful, _)) = complete.iter().find(|(_, one)| !one.keeps_ended && complete.len() > 1) {
        return because(ErrorCode::NoCommonMoment, forgetful.dataset);
    }
    let ended = evidence.verdicts.iter().filter(|verdict| matches!(verdict.kind, VerdictKind::HandedOver | VerdictKind::Ended));
    let mut until = Vec::new();
    for verdict in ended {
        let Some((own, source)) = complete.iter().find(|(scan, _)| scan.name == verdict.scan) else {
            return because(ErrorCode::Undetermined, dataset_of(evidence, &verdict.scan));
        };
        let Some(day) = verdict.on_date.or_else(|| source.undated_before?.checked_sub(1)) else {
            return because(ErrorCode::Undated, own.dataset);
        };
        // What has ended on a day to come has not, or on another day.
        let begins = day.checked_sub(1).and_then(day_end);
        if begins.is_none_or(|begins| begins > source.read_at + CLOCK_SKEW) {
            return because(ErrorCode::Undetermined, own.dataset);
        }
        until.push(day);
    }
    // Departments' clocks differ, and by no more than this is believed of them. Whose record it is stays unsaid: a fresh divorce is nobody's
    // business, and it is the first register that must catch up.
    let was_over = |day: i32| day_end(day).is_some_and(|end| end + CLOCK_SKEW <= moment);
    if until.into_iter().all(was_over) { None } else { because(ErrorCode::HandOverGap, first.dataset) }
}

/// What one register says that it handed over must have arrived in the other: as any row about the same person, for the home may have
/// been sold since. One that is in neither says that a register is not whole.
fn lost_on_the_way<'a>(evidence: &Evidence<'a>) -> Option<&'a str> {
    let scan = |name: &str| evidence.scans.iter().find(|scan| scan.name == name);
    let arrived = |verdict: &Verdict, to: &str| {
        let person = scan(&verdict.scan)?.rows.get(verdict.row?)?;
        Some(scan(to)?.rows.contains(person))
    };
    let handed = evidence.verdicts.iter().filter(|verdict| verdict.kind == VerdictKind::HandedOver);
    for verdict in handed {
        let mut receivers = evidence.hand_overs.iter().filter(|pair| pair.from == verdict.scan);
        if !receivers.all(|pair| arrived(verdict, &pair.to).unwrap_or(false)) {
            return Some(dataset_of(evidence, &verdict.scan));
        }
    }
    None
}

fn uncovered<'a>(evidence: &Evidence<'a>) -> Option<&'a str> {
    for scan in evidence.scans {
        let ScanState::Complete(complete) = scan.state else { continue };
        let covered = match &complete.subjects {
            Subjects::Everyone => true,
            Subjects::Stated(statement) => evidence
                .registered
                .get(statement.as_str())
                .is_some_and(|registered| scan.absence_for.iter().all(|person| registered.contains(person))),
        };
        let lived = |person: &String| scan.lifetime_from.is_none_or(|age| lived_within(person, age, complete.since));
        let known = covered && scan.absence_for.iter().all(lived);
        if !scan.absence_for.is_empty() && !known {
            return Some(scan.dataset);
        }
    }
    None
}

/// Whether the person, known by the birth date inside the id (GB 11643), turned `age` no earlier than the register begins.
fn lived_within(person: &str, age: u32, since: Option<i32>) -> bool {
    let born = person.get(6..14).and_then(|digits| NaiveDate::parse_from_str(digits, "%Y%m%d").ok());
    let turned = born.and_then(|born| born.checked_add_months(Months::new(age.saturating_mul(12))));
    match (turned, since.and_then(NaiveDate::from_epoch_days)) {
        (Some(turned), Some(since)) => turned >= since,
        _ => false,
    }
}

fn dataset_of<'a>(evidence: &Evidence<'a>, name: &str) -> &'a str {
    evidence.scans.iter().find(|scan| scan.name == name).map_or("", |scan| scan.dataset)
}

/// The instant at which a civil day, in days since 1970-01-01, is over.
fn day_end(day: i32) -> Option<SystemTime> {
    let seconds = (i64::from(day) + 1) * 86_400 - i64::from(CHINA_OFFSET_SECONDS);
    let span = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH.checked_sub(span) } else { UNIX_EPOCH.checked_add(span) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn seconds(time: SystemTime) -> i64 {
        i64::try_from(time.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
    }

    fn report(dataset: &str) -> ScanReport {
        ScanReport {
            dataset: dataset.into(),
            as_of: at(1_000_000),
            now: at(1_000_100),
            most_age: Duration::from_secs(3600),
            findings: Vec::new(),
            required_null: false,
            subjects: Subjects::Everyone,
            since: None,
            keeps_ended: true,
            undated_before: None,
        }
    }

    #[test]
    fn a_report_with_any_blemish_is_not_complete() {
        assert!(CompleteScan::try_new(report("a.b")).is_ok());
        let stale = ScanReport { most_age: Duration::from_secs(99), ..report("a.b") };
        assert_eq!(CompleteScan::try_new(stale).unwrap_err().code, ErrorCode::SourceStale);
        let future = ScanReport { as_of: at(1_000_200), ..report("a.b") };
        assert_eq!(CompleteScan::try_new(future).unwrap_err().code, ErrorCode::SourceImplausible);
        let finding = Finding { kind: 1, column: "owner_id".into(), count: 1 };
        let unreadable = ScanReport { findings: vec![finding], ..report("a.b") };
        assert_eq!(CompleteScan::try_new(unreadable).unwrap_err().code, ErrorCode::SourceUnreadable);
        let null = ScanReport { required_null: true, ..report("a.b") };
        assert_eq!(CompleteScan::try_new(null).unwrap_err().code, ErrorCode::SourceUnreadable);
    }

    #[test]
    fn a_register_that_begins_too_late_does_not_cover_a_life() {
        let begins = NaiveDate::from_ymd_opt(1950, 5, 1).map(|day| day.to_epoch_days());
        assert!(lived_within("330106193005010000", 20, begins), "turned 20 on the day it begins");
        assert!(!lived_within("330106193004300000", 20, begins), "turned 20 the day before");
        assert!(!lived_within("330106199001010000", 20, None), "the owner does not say");
        assert!(!lived_within("P1", 20, begins), "no birth date to be read");
    }

    #[test]
    fn days_before_1970_end_too() {
        assert_eq!(day_end(0).unwrap(), at(57_600));
        assert_eq!(day_end(-1).unwrap() + Duration::from_secs(86_400), at(57_600));
        assert!(day_end(-40_000).unwrap() < UNIX_EPOCH);
    }

    #[derive(Clone, Copy, Debug)]
    enum State {
        NotAsked,
        Open,
        Vacuous,
        Complete,
        Incomplete,
    }

    /// A scan's name, state, persons for whom an absence is concluded, whether it is judged, and whom its rows are about.
    type Held = (String, ScanState, Vec<String>, bool, Vec<String>);

    /// Its state, whether the owner says that what ends stays, before which day undated rows ended, and the day on whose first second (UTC)
    /// it was read.
    fn any_state() -> impl Strategy<Value = (State, bool, Option<i32>, u64)> {
        (any_kind_of_state(), prop::bool::weighted(0.9), proptest::option::of(-3..24i32), 18..22u64)
    }

    fn any_kind_of_state() -> impl Strategy<Value = State> {
        prop_oneof![
            1 => Just(State::NotAsked),
            1 => Just(State::Open),
            1 => Just(State::Vacuous),
            8 => Just(State::Complete),
            1 => Just(State::Incomplete),
        ]
    }

    fn any_verdict() -> impl Strategy<Value = Verdict> {
        let kind = prop_oneof![
            1 => Just(VerdictKind::Against),
            6 => Just(VerdictKind::Clear),
            1 => Just(VerdictKind::HandedOver),
            1 => Just(VerdictKind::Ended),
            1 => Just(VerdictKind::Undetermined),
        ];
        (kind, 0..3usize, proptest::option::of(0..3usize), proptest::option::of(-5..30i32)).prop_map(|(kind, scan, row, on_date)| Verdict {
            kind,
            code: "FOUND".into(),
            scan: format!("s{scan}"),
            row,
            on_date,
        })
    }

    proptest! {
        /// Whatever the evidence, an absence comes out only if an independent reading of the rules finds no objection.
        #[test]
        fn an_absence_has_no_objection(
            states in proptest::collection::vec((any_state(), any::<bool>(), 0..4usize, any::<bool>(), proptest::collection::vec("[ab]", 0..3)), 0..3),
            verdicts in proptest::collection::vec(any_verdict(), 0..4),
            registered in proptest::collection::hash_set("[abc]", 0..3),
        ) {
            let held: Vec<Held> = states.iter().enumerate().map(|(index, ((state, keeps_ended, undated_before, day), stated, persons, judged, rows))| {
                let subjects = if *stated { Subjects::Stated("registered_in:r".into()) } else { Subjects::Everyone };
                let state = match state {
                    State::NotAsked => ScanState::NotAsked,
                    State::Open => ScanState::Open,
                    State::Vacuous => ScanState::Vacuous,
                    State::Complete => {
                        let (as_of, keeps_ended, undated_before) = (at(day * 86_400), *keeps_ended, *undated_before);
                        ScanState::Complete(CompleteScan { dataset: "d".into(), as_of, read_at: at(22 * 86_400), subjects, since: None, keeps_ended, undated_before })
                    }
                    State::Incomplete => ScanState::Incomplete(Incomplete { code: ErrorCode::SourceTimeout, dataset: "d".into() }),
                };
                (format!("s{index}"), state, ["a", "b", "c"][..*persons.min(&3)].iter().map(|p| (*p).to_owned()).collect(), *judged, rows.clone())
            }).collect();
            let scans: Vec<_> = held.iter().map(|(name, state, absence_for, judged, rows)| {
                ScanEvidence { name, dataset: "d", state, rows, judged: *judged, absence_for, lifetime_from: None }
            }).collect();
            let map = BTreeMap::from([("registered_in:r", registered.clone())]);
            let pairs = [HandOver { from: "s0".into(), to: "s1".into() }];
            let evidence = Evidence { scans: &scans, verdicts: &verdicts, reasons: &["FOUND"], registered: &map, hand_overs: &pairs };
            if let Conclusion::Absent(_) = conclude(&evidence) {
                prop_assert!(!scans.is_empty());
                let read = |scan: &ScanEvidence<'_>| match scan.state {
                    ScanState::Complete(complete) => Some(complete.as_of),
                    _ => None,
                };
                let moment = scans.iter().filter_map(read).min();
                for scan in &scans {
                    for row in (0..scan.rows.len()).filter(|_| scan.judged) {
                        prop_assert!(verdicts.iter().any(|verdict| verdict.scan == scan.name && verdict.row == Some(row)), "row {row} unjudged");
                    }
                    match scan.state {
                        ScanState::Complete(complete) => {
                            prop_assert!(complete.subjects == Subjects::Everyone || scan.absence_for.iter().all(|p| registered.contains(p)));
                            prop_assert!(complete.keeps_ended || scans.len() == 1, "what it showed at the moment may be gone");
                        }
                        ScanState::Vacuous => prop_assert!(scan.absence_for.is_empty()),
                        other => prop_assert!(false, "absent despite {other:?}"),
                    }
                }
                for verdict in &verdicts {
                    match verdict.kind {
                        VerdictKind::Clear => {}
                        VerdictKind::HandedOver | VerdictKind::Ended => {
                            let scan = scans.iter().find(|scan| scan.name == verdict.scan).unwrap();
                            let ScanState::Complete(own) = scan.state else { panic!("absent despite {:?}", scan.state) };
                            // A day ends at 16:00 UTC.
                            let last = verdict.on_date.or(own.undated_before.map(|day| day - 1)).unwrap();
                            prop_assert!(i64::from(last) * 86_400 + 57_600 <= seconds(moment.unwrap()), "it may have been there at the moment");
                            prop_assert!(i64::from(last) * 86_400 <= seconds(own.read_at), "a day to come");
                            if verdict.kind == VerdictKind::HandedOver {
                                prop_assert_eq!(&verdict.scan, "s0");
                                prop_assert!(matches!(scans[1].state, ScanState::Complete(_)));
                                let person = &scans[0].rows[verdict.row.unwrap()];
                                prop_assert!(scans[1].rows.contains(person), "handed over but nowhere");
                            }
                        }
                        other => prop_assert!(false, "absent despite {other:?}"),
                    }
                }
            }
        }
    }
}
