#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::NaiveDate;
use proptest::prelude::*;
use zerotrip_proto::v1::Finding;

use super::*;

mod counted;
mod facts;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn seconds(time: SystemTime) -> i64 {
    i64::try_from(time.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn report(dataset: &str) -> ScanReport {
    ScanReport {
        dataset: dataset.into(),
        as_of: at(1_800_000_000),
        now: at(1_800_000_100),
        most_age: Duration::from_secs(3600),
        findings: Vec::new(),
        required_null: false,
        subjects: Subjects::Everyone,
        since: None,
        older_carried_over: false,
        numbers_carried_over: false,
        moved_in_carried_over: false,
        keeps_ended: true,
        undated_before: None,
    }
}

#[test]
fn a_report_with_any_blemish_is_not_complete() {
    assert!(CompleteScan::try_new(report("a.b")).is_ok());
    let stale = ScanReport { most_age: Duration::from_secs(99), ..report("a.b") };
    assert_eq!(CompleteScan::try_new(stale).unwrap_err().code, ErrorCode::SourceStale);
    let future = ScanReport { as_of: at(1_800_000_500), ..report("a.b") };
    assert_eq!(CompleteScan::try_new(future).unwrap_err().code, ErrorCode::SourceImplausible);
    let finding = Finding { kind: 1, column: "owner_id".into(), count: 1, keys: Vec::new() };
    let unreadable = ScanReport { findings: vec![finding.clone()], ..report("a.b") };
    assert_eq!(CompleteScan::try_new(unreadable).unwrap_err().code, ErrorCode::SourceUnreadable);
    let null = ScanReport { required_null: true, ..report("a.b") };
    assert_eq!(CompleteScan::try_new(null).unwrap_err().code, ErrorCode::SourceUnreadable);
    // Of what is merely unreadable the readable rows still count; of what is too old, none.
    let both =
        ScanReport { findings: vec![finding], most_age: Duration::from_secs(99), ..report("a.b") };
    assert_eq!(CompleteScan::try_new(both).unwrap_err().code, ErrorCode::SourceStale);
}

const OWNER: &str = "330106195705030860";
const PERMIT: &str = "810000198508150024";

/// One judged register, complete as `report` says, with these rows about the person and their
/// verdicts.
struct Case {
    person: &'static str,
    /// What the definition finds the person registered by.
    registered_by: Option<&'static str>,
    state: ScanState,
    judged: bool,
    reach: Reach,
    rows: Vec<String>,
    verdicts: Vec<Verdict>,
    certain: HashSet<String>,
}

fn case(person: &'static str, report: ScanReport) -> Case {
    Case {
        person,
        registered_by: None,
        state: ScanState::Complete(CompleteScan::try_new(report).unwrap()),
        judged: true,
        reach: Reach::LifetimeFrom(0),
        rows: Vec::new(),
        verdicts: Vec::new(),
        certain: HashSet::from([person.to_owned()]),
    }
}

impl Case {
    fn said(&self) -> String {
        let absence_for = [self.person.to_owned()];
        let registered = self
            .registered_by
            .map(|statement| (statement, HashSet::from([self.person.to_owned()])))
            .into_iter()
            .collect();
        let (name, dataset, reach, judged) = ("s0", "d", self.reach, self.judged);
        let scan = ScanEvidence {
            kind: KeyKind::Resident,
            name,
            dataset,
            state: &self.state,
            rows: &self.rows,
            things: None,
            judged,
            each_row: false,
            counted: None,
            absence_for: &absence_for,
            reach,
        };
        let evidence = CheckEvidence {
            proves: &Proves::Absence,
            scans: &[scan],
            verdicts: &self.verdicts,
            reasons: &["FOUND"],
            certain: &self.certain,
            registered: &registered,
            hand_overs: &[],
            asks_elsewhere: false,
        };
        match conclude(&evidence) {
            Conclusion::Proven(_) => "true".into(),
            Conclusion::Refuted(code) => format!("false {code}"),
            Conclusion::Unavailable(why) => why.code.name().to_owned(),
        }
    }
}

fn day(text: &str) -> Option<i32> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.to_epoch_days())
}

#[test]
fn silence_counts_only_from_where_the_owner_says_it_begins() {
    let since = |since: &str, older_carried_over| {
        case(OWNER, ScanReport { since: day(since), older_carried_over, ..report("d") })
    };
    assert_eq!(since("1957-05-03", false).said(), "true", "born on the day on which it begins");
    assert_eq!(
        since("1957-05-04", false).said(),
        "OUTSIDE_COVERAGE",
        "a home could be older than the register"
    );
    assert_eq!(since("1984-01-01", true).said(), "true", "what was older was carried over");
    assert_eq!(
        case(OWNER, ScanReport { older_carried_over: true, ..report("d") }).said(),
        "OUTSIDE_COVERAGE",
        "it does not say since when"
    );
    let looking_back = |years, since: &str| {
        let stated = ScanReport {
            since: day(since),
            as_of: at(1_800_000_000),
            now: at(1_800_000_000),
            ..report("d")
        };
        Case { reach: Reach::LastYears(years), ..case(OWNER, stated) }
    };
    assert_eq!(looking_back(18, "2009-01-15").said(), "true");
    assert_eq!(
        looking_back(18, "2009-01-16").said(),
        "OUTSIDE_COVERAGE",
        "17 years and a day short"
    );
    assert_eq!(looking_back(0, "2027-01-15").said(), "true");
    let younger = ScanReport { since: day("2027-01-16"), older_carried_over: true, ..report("d") };
    assert_eq!(
        case(OWNER, younger).said(),
        "OUTSIDE_COVERAGE",
        "it began the day after the moment"
    );
}

/// 1,800,000,000 is in the morning of 2027-01-15 in China.
#[test]
fn a_register_knows_of_days_that_it_had_begun_by_and_was_read_after() {
    let asked = |from: &str, until: Option<&str>, since: &str, older_carried_over| {
        let stated = ScanReport {
            since: day(since),
            older_carried_over,
            as_of: at(1_800_000_000),
            now: at(1_800_000_000),
            ..report("d")
        };
        let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
        let reach = Reach::Days { from: date(from), until: until.map(date) };
        Case { reach, ..case(OWNER, stated) }.said()
    };
    let (known, unknown) = ("true", "OUTSIDE_COVERAGE");
    for (from, until, since, older, said) in [
        ("2020-01-01", Some("2027-01-14"), "2020-01-01", false, known),
        ("2020-01-01", Some("2027-01-14"), "2020-01-02", false, unknown),
        // What was in force was carried over; what had happened and was over was not.
        ("2020-01-01", Some("2027-01-14"), "2020-01-02", true, unknown),
        ("2020-01-01", Some("2027-01-15"), "1990-01-01", true, unknown),
        ("2020-01-01", None, "2020-01-01", false, known),
        ("2027-01-15", None, "1990-01-01", false, known),
        ("2027-01-16", None, "1990-01-01", true, unknown),
    ] {
        assert_eq!(asked(from, until, since, older), said, "{from} {until:?} {since} {older}");
    }
    // A clock that is a little fast reads the last day's end too early; midnight is no clock's.
    let midnight = 1_799_942_400;
    for (seconds, said) in [(0, known), (240, unknown), (299, unknown), (300, known)] {
        let as_of = at(midnight + seconds);
        let stated = ScanReport { since: day("1990-01-01"), as_of, now: as_of, ..report("d") };
        let [from, until] = ["2020-01-01", "2027-01-14"]
            .map(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap());
        let reach = Reach::Days { from, until: Some(until) };
        assert_eq!(Case { reach, ..case(OWNER, stated) }.said(), said, "{seconds}");
    }
    // What has ended since is there only where it is kept.
    let forgets = ScanReport { since: day("1990-01-01"), keeps_ended: false, ..report("d") };
    let reach = Reach::Days { from: NaiveDate::from_ymd_opt(2020, 1, 1).unwrap(), until: None };
    assert_eq!(Case { reach, ..case(OWNER, forgets) }.said(), unknown);
}

#[test]
fn whoever_has_a_number_younger_than_the_register_is_looked_for_under_the_former_one_too() {
    for (numbers_carried_over, said) in [(false, "OUTSIDE_COVERAGE"), (true, "true")] {
        for since in ["1950-01-01", "2024-02-01"] {
            let stated = ScanReport {
                since: day(since),
                older_carried_over: true,
                numbers_carried_over,
                ..report("d")
            };
            assert_eq!(case(PERMIT, stated.clone()).said(), said);
            assert_eq!(case("933084198508150021", stated.clone()).said(), said);
            assert_eq!(case(OWNER, stated).said(), "true");
        }
    }
}

#[test]
fn everyone_here_is_not_everyone_anywhere() {
    let of = |subjects, judged| Case {
        judged,
        ..case(OWNER, ScanReport { since: day("1950-05-01"), subjects, ..report("d") })
    };
    // A home within the regions is one; a marriage made elsewhere is none the less one.
    assert_eq!(of(Subjects::Everyone, true).said(), "true");
    assert_eq!(of(Subjects::Everyone, false).said(), "OUTSIDE_COVERAGE");
    assert_eq!(of(Subjects::EveryoneAnywhere, false).said(), "true");
    assert_eq!(of(Subjects::Stated(String::new()), true).said(), "OUTSIDE_COVERAGE");
}

/// A resident who married elsewhere and moved in later is in this place's register of marriages
/// only if it was brought along.
#[test]
fn what_was_before_a_person_was_registered_is_known_only_where_it_was_brought_in() {
    let of = |register: &str, reach, moved_in_carried_over| {
        let stated = ScanReport {
            since: day("1950-05-01"),
            subjects: Subjects::Stated(register.to_owned()),
            moved_in_carried_over,
            ..report("d")
        };
        let by = Some("registered_in:police.household");
        Case { judged: false, reach, registered_by: by, ..case(OWNER, stated) }.said()
    };
    let lifetime = Reach::LifetimeFrom(20);
    assert_eq!(of("registered_in:police.household", lifetime, false), "OUTSIDE_COVERAGE");
    assert_eq!(
        of("registered_in:police.household", Reach::LastYears(1), false),
        "OUTSIDE_COVERAGE"
    );
    assert_eq!(of("registered_in:police.household", lifetime, true), "true");
    // What is so now is known of whoever is registered now.
    assert_eq!(of("registered_in:police.household", Reach::LastYears(0), false), "true");
    assert_eq!(of("registered_in:police.others", lifetime, true), "OUTSIDE_COVERAGE");
    // A register knows of its own rows.
    let own = Case {
        registered_by: Some("registered_in:d"),
        ..case(
            OWNER,
            ScanReport {
                since: day("1950-05-01"),
                subjects: Subjects::Stated("registered_in:d".into()),
                ..report("d")
            },
        )
    };
    assert_eq!(own.said(), "true");
}

fn verdict(kind: VerdictKind, row: Option<usize>) -> Verdict {
    Verdict { kind, code: "FOUND".into(), scan: "s0".into(), row, on_date: None, began_on: None }
}

#[test]
fn a_no_needs_a_person_beyond_doubt_and_a_row_that_nothing_unread_could_undo() {
    let found = |state, judged, certain: &[&str]| {
        let stated = ScanReport { since: day("1950-05-01"), ..report("d") };
        let certain = certain.iter().map(|person| (*person).to_owned()).collect();
        let whole = case(OWNER, stated);
        let state = if state {
            whole.state
        } else {
            ScanState::Unreadable(because(ErrorCode::SourceUnreadable, "d"))
        };
        let verdicts = vec![verdict(VerdictKind::Against, Some(0))];
        Case {
            state,
            judged,
            rows: vec![OWNER.to_owned()],
            verdicts,
            certain,
            person: OWNER,
            registered_by: None,
            reach: Reach::LifetimeFrom(0),
        }
        .said()
    };
    assert_eq!(found(true, true, &[OWNER]), "false FOUND");
    assert_eq!(found(true, true, &[]), "UNDETERMINED", "one who may or may not be the spouse");
    assert_eq!(
        found(false, true, &[OWNER]),
        "false FOUND",
        "a row that was not read cannot undo a home"
    );
    assert_eq!(found(false, true, &[]), "SOURCE_UNREADABLE");
    assert_eq!(
        found(false, false, &[OWNER]),
        "SOURCE_UNREADABLE",
        "the row that was not read could say that the person lives"
    );
}

/// A row of a hand-over: its unit, and the days on which it began and ended.
type Dated = (&'static str, Option<i32>, Option<i32>);

/// Contracts of one person that were handed over on these days, and titles that ended on those;
/// each with its unit.
fn handed_over(
    contracts: &[(&'static str, i32)],
    titles: &[(&'static str, i32)],
    with_units: bool,
) -> bool {
    let undated = |rows: &[(&'static str, i32)]| {
        rows.iter().map(|(unit, day)| (*unit, None, Some(*day))).collect::<Vec<Dated>>()
    };
    let titles: Vec<(VerdictKind, Dated)> =
        undated(titles).into_iter().map(|title| (VerdictKind::Ended, title)).collect();
    has_arrived(&undated(contracts), &titles, with_units)
}

/// The same with the days on which they began, and how each title is judged.
fn has_arrived(contracts: &[Dated], titles: &[(VerdictKind, Dated)], with_units: bool) -> bool {
    let now = at(200 * 86_400);
    let stated = ScanReport {
        as_of: now,
        now,
        undated_before: Some(150),
        since: Some(0),
        older_carried_over: true,
        ..report("d")
    };
    let complete = || ScanState::Complete(CompleteScan::try_new(stated.clone()).unwrap());
    let (presale, ownership) = (complete(), complete());
    let rows = |count| vec![OWNER.to_owned(); count];
    let units = |of: Vec<&str>| {
        of.into_iter()
            .map(|unit| (!unit.is_empty()).then(|| unit.replace('H', "12-3-20")))
            .collect::<Vec<_>>()
    };
    let (bought, owned) = (rows(contracts.len()), rows(titles.len()));
    let (unit, title) = (
        units(contracts.iter().map(|one| one.0).collect()),
        units(titles.iter().map(|(_, one)| one.0).collect()),
    );
    let scan = |name, state, rows, things| ScanEvidence {
        kind: KeyKind::Resident,
        name,
        dataset: "d",
        state,
        rows,
        things,
        judged: true,
        each_row: false,
        counted: None,
        absence_for: &[],
        reach: Reach::LifetimeFrom(0),
    };
    let scans = [
        scan("presale", &presale, &bought, with_units.then_some(&*unit)),
        scan("ownership", &ownership, &owned, with_units.then_some(&*title)),
    ];
    let of = |kind, scan: &str, row, (_, began_on, on_date): Dated| Verdict {
        kind,
        code: String::new(),
        scan: scan.into(),
        row: Some(row),
        on_date,
        began_on,
    };
    let handed = contracts
        .iter()
        .enumerate()
        .map(|(row, one)| of(VerdictKind::HandedOver, "presale", row, *one));
    let verdicts: Vec<Verdict> = handed
        .chain(
            titles.iter().enumerate().map(|(row, (kind, one))| of(*kind, "ownership", row, *one)),
        )
        .collect();
    let pairs =
        [HandOver { from: "presale".into(), to: "ownership".into(), by: Some("unit_no".into()) }];
    let evidence = CheckEvidence {
        proves: &Proves::Absence,
        scans: &scans,
        verdicts: &verdicts,
        reasons: &[],
        certain: &HashSet::new(),
        registered: &BTreeMap::new(),
        hand_overs: &pairs,
        asks_elsewhere: false,
    };
    matches!(conclude(&evidence), Conclusion::Proven(_))
}

#[test]
fn what_was_handed_over_has_arrived_as_itself() {
    assert!(handed_over(&[("H1", 50)], &[("H1", 60)], true));
    assert!(!handed_over(&[("H1", 50)], &[("H2", 60)], true), "another home");
    assert!(!handed_over(&[("H1", 50)], &[("H1", 40)], true), "it was theirs once before");
    assert!(!handed_over(&[("", 50)], &[("", 60)], true), "no unit is none in common");
    assert!(!handed_over(&[("H1", 50), ("H2", 50)], &[("H1", 60), ("H1", 70)], true));
    assert!(
        !handed_over(&[("H1", 50), ("H1", 55)], &[("H1", 60)], true),
        "handed over on two days, they were two"
    );
    for word in ["无", "-", "000000", "待定", "1", "未编号"] {
        assert!(!handed_over(&[(word, 50)], &[(word, 60)], true), "{word} names no unit");
    }
    assert!(
        handed_over(&[("H1", 50), ("H1", 50)], &[("H1", 60)], true),
        "a contract that was imported twice"
    );
    // Where the units are not stated, each needs a title of its own.
    assert!(handed_over(&[("H1", 50)], &[("H2", 60)], false));
    assert!(!handed_over(&[("H1", 50)], &[("H2", 40)], false), "sold before that");
    assert!(
        !handed_over(&[("H1", 50), ("H2", 55)], &[("H1", 60)], false),
        "one title for two contracts"
    );
    assert!(
        !handed_over(&[("H1", 50), ("H2", 70)], &[("H1", 60), ("H3", 65)], false),
        "none left for the later"
    );
    assert!(handed_over(&[("H1", 50), ("H2", 62)], &[("H1", 65), ("H3", 55)], false));
}

#[test]
fn a_title_that_ended_as_the_contract_was_handed_over_is_not_its_arrival() {
    for with_units in [true, false] {
        let of = |contract: Dated, title: Dated| {
            has_arrived(&[contract], &[(VerdictKind::Ended, title)], with_units)
        };
        let contract = ("H1", Some(20), Some(50));
        // An old home, sold on the day of the move; an advance notice, which ends as the title is
        // entered.
        assert!(!of(contract, ("H1", None, Some(50))));
        assert!(
            !of(contract, ("H1", Some(10), Some(50))) && !of(contract, ("H1", Some(20), Some(50)))
        );
        assert!(!of(contract, ("H1", Some(49), Some(50))));
        // Entered and sold on one day.
        assert!(of(contract, ("H1", Some(50), Some(50))));
        assert!(
            of(contract, ("H1", Some(48), Some(51))),
            "the filing was marked later than the title was entered"
        );
        // What began before the contract has not come of it.
        assert!(
            !of(contract, ("H1", Some(19), Some(60))) && of(contract, ("H1", Some(20), Some(60)))
        );
        assert!(
            of(("H1", None, Some(50)), ("H1", Some(19), Some(60)))
                && of(contract, ("H1", None, Some(60)))
        );
        // One that is not dated may have ended long before, unless it came of the contract.
        assert!(!of(contract, ("H1", None, None)) && !of(contract, ("H1", Some(19), None)));
        assert!(
            of(contract, ("H1", Some(20), None))
                && of(("H1", None, Some(50)), ("H1", Some(50), None))
        );
        assert!(!of(("H1", None, Some(50)), ("H1", Some(49), None)));
    }
}

#[test]
fn an_application_is_no_arrival() {
    for with_units in [true, false] {
        let contract = [("H1", Some(20), Some(50))];
        let applied = (VerdictKind::Clear, ("H1", Some(50), None));
        assert!(
            !has_arrived(&contract, &[applied], with_units),
            "contracted, and not yet entered: somebody's home"
        );
        assert!(has_arrived(
            &contract,
            &[applied, (VerdictKind::Ended, ("H1", Some(50), Some(60)))],
            with_units
        ));
        assert!(has_arrived(&[], &[applied], with_units));
    }
}

#[test]
fn more_hand_overs_than_are_compared_are_not_proven() {
    let rows = |count: i32| {
        let contracts: Vec<Dated> = (0..count).map(|day| ("H1", None, Some(day))).collect();
        let titles: Vec<(VerdictKind, Dated)> =
            (0..count).map(|day| (VerdictKind::Ended, ("H1", None, Some(day + 1)))).collect();
        has_arrived(&contracts, &titles, true)
    };
    assert!(rows(64) && !rows(65));
}

#[derive(Clone, Copy, Debug)]
enum State {
    NotAsked,
    Open,
    Vacuous,
    Complete,
    Unreadable,
    Incomplete,
}

/// A scan's name, state, persons for whom an absence is concluded, whether it is judged, and whom
/// its rows are about.
type Held = (String, ScanState, Vec<String>, bool, Vec<String>);

/// Its state, whether the owner says that what ends stays, before which day undated rows ended, and
/// the day on whose first second (UTC) it was read.
fn any_state() -> impl Strategy<Value = (State, bool, Option<i32>, u64)> {
    (any_kind_of_state(), prop::bool::weighted(0.9), proptest::option::of(-3..24i32), 18..22u64)
}

fn any_kind_of_state() -> impl Strategy<Value = State> {
    prop_oneof![
        1 => Just(State::NotAsked),
        1 => Just(State::Open),
        1 => Just(State::Vacuous),
        8 => Just(State::Complete),
        1 => Just(State::Unreadable),
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
    let day = || proptest::option::of(-5..30i32);
    (kind, 0..3usize, proptest::option::of(0..3usize), day(), day()).prop_map(
        |(kind, scan, row, on_date, began_on)| Verdict {
            kind,
            code: "FOUND".into(),
            scan: format!("s{scan}"),
            row,
            on_date,
            began_on,
        },
    )
}

proptest! {
    /// Whatever the evidence, an absence comes out only if an independent reading of the rules
    /// finds no objection.
    #[test]
    fn an_absence_has_no_objection(
        states in proptest::collection::vec((any_state(), 0..3u8, 0..4usize, any::<bool>(), proptest::collection::vec("[ab]", 0..3)), 0..3),
        verdicts in proptest::collection::vec(any_verdict(), 0..4),
        registered in proptest::collection::hash_set("[abc]", 0..3),
        certain in proptest::collection::hash_set("[abc]", 0..3),
    ) {
        let held: Vec<Held> = states.iter().enumerate().map(|(index, ((state, keeps_ended, undated_before, day), stated, persons, judged, rows))| {
            let subjects = match stated {
                0 => Subjects::Stated("registered_in:r".into()),
                1 => Subjects::Everyone,
                _ => Subjects::EveryoneAnywhere,
            };
            let unreadable = || Incomplete { code: ErrorCode::SourceUnreadable, dataset: "d".into() };
            let state = match state {
                State::NotAsked => ScanState::NotAsked,
                State::Open => ScanState::Open,
                State::Vacuous => ScanState::Vacuous,
                State::Complete => {
                    let stated = ScanReport {
                        as_of: at(day * 86_400), now: at(22 * 86_400), most_age: Duration::from_secs(10 * 86_400), subjects, since: Some(-9),
                        older_carried_over: true, keeps_ended: *keeps_ended, undated_before: *undated_before, ..report("d")
                    };
                    ScanState::Complete(CompleteScan::try_new(stated).unwrap())
                }
                State::Unreadable => ScanState::Unreadable(unreadable()),
                State::Incomplete => ScanState::Incomplete(Incomplete { code: ErrorCode::SourceTimeout, dataset: "d".into() }),
            };
            (format!("s{index}"), state, ["a", "b", "c"][..*persons.min(&3)].iter().map(|p| (*p).to_owned()).collect(), *judged, rows.clone())
        }).collect();
        let scans: Vec<_> = held.iter().map(|(name, state, absence_for, judged, rows)| {
            ScanEvidence { name, dataset: "d", kind: KeyKind::Resident, state, rows, things: None, judged: *judged, each_row: false, counted: None, absence_for, reach: Reach::LastYears(0) }
        }).collect();
        let map = BTreeMap::from([("registered_in:r", registered.clone())]);
        let pairs = [HandOver { from: "s0".into(), to: "s1".into(), by: None }];
        let evidence = CheckEvidence { proves: &Proves::Absence, scans: &scans, verdicts: &verdicts, reasons: &["FOUND"], certain: &certain, registered: &map, hand_overs: &pairs, asks_elsewhere: false };
        let conclusion = conclude(&evidence);
        if let Conclusion::Refuted(_) = conclusion {
            prop_assert!(!scans.iter().any(|scan| matches!(scan.state, ScanState::Incomplete(_))), "a missing source would say where it is");
            let firm = verdicts.iter().any(|verdict| {
                let Some(scan) = scans.iter().find(|scan| scan.name == verdict.scan) else { return false };
                let read = matches!(scan.state, ScanState::Complete(_)) || scan.judged && matches!(scan.state, ScanState::Unreadable(_));
                let about = verdict.row.and_then(|row| scan.rows.get(row));
                verdict.kind == VerdictKind::Against && read && about.is_some_and(|person| certain.contains(person))
            });
            prop_assert!(firm, "a no without a readable row about a person beyond doubt");
        }
        if let Conclusion::Proven(_) = conclusion {
            prop_assert!(!scans.is_empty());
            let read = |scan: &ScanEvidence<'_>| scan.complete().map(|(_, complete)| complete.as_of());
            let moment = scans.iter().filter_map(read).min();
            prop_assert!(moment.is_some(), "nothing was read");
            for scan in &scans {
                for row in (0..scan.rows.len()).filter(|_| scan.judged) {
                    prop_assert!(verdicts.iter().any(|verdict| verdict.scan == scan.name && verdict.row == Some(row)), "row {row} unjudged");
                }
                match scan.state {
                    ScanState::Complete(complete) => {
                        let subjects = &complete.stated().subjects;
                        let known = scan.absence_for.iter().all(|p| registered.contains(p));
                        prop_assert!(*subjects == Subjects::EveryoneAnywhere || (*subjects == Subjects::Everyone && scan.judged) || known || scan.absence_for.is_empty());
                        prop_assert!(complete.stated().keeps_ended || scans.len() == 1, "what it showed at the moment may be gone");
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
                        let last = verdict.on_date.or(own.stated().undated_before.map(|day| day - 1)).unwrap();
                        prop_assert!(i64::from(last) * 86_400 + 57_600 <= seconds(moment.unwrap()), "it may have been there at the moment");
                        prop_assert!(i64::from(last) * 86_400 <= seconds(own.stated().now), "a day to come");
                        // 1970-01-01 is what systems write where there is no day.
                        prop_assert!(verdict.began_on.is_none_or(|began| began <= last || began == 0), "it ended before it began");
                        if verdict.kind == VerdictKind::HandedOver {
                            prop_assert_eq!(&verdict.scan, "s0");
                            prop_assert!(matches!(scans[1].state, ScanState::Complete(_)));
                            let person = &scans[0].rows[verdict.row.unwrap()];
                            let handed = verdicts.iter().filter(|one| one.kind == VerdictKind::HandedOver && one.row.map(|row| &scans[0].rows[row]) == Some(person));
                            prop_assert!(scans[1].rows.iter().filter(|whose| *whose == person).count() >= handed.count(), "handed over but nowhere");
                        }
                    }
                    other => prop_assert!(false, "absent despite {other:?}"),
                }
            }
        }
    }
}

#[test]
fn a_row_that_shows_a_fact_settles_nothing_of_an_absence() {
    let stated = ScanReport { since: day("1900-01-01"), ..report("d") };
    let shows = Verdict {
        kind: VerdictKind::Shows,
        code: String::new(),
        scan: "s0".into(),
        row: Some(0),
        on_date: None,
        began_on: None,
    };
    let case = Case { rows: vec![OWNER.into()], verdicts: vec![shows], ..case(OWNER, stated) };
    assert_eq!(case.said(), "UNDETERMINED");
}
