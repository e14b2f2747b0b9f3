//! What is on record about a few persons, asked through the shipped definition: dates on which it
//! cannot have been, a home of one who may not be the spouse, registers that begin too late.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use zerotrip_checks::soundness::{Incomplete, ScanReport, Subjects};
use zerotrip_hub::engine::run::Engine;
use zerotrip_hub::engine::{Dispatch, PreparedCheck, ScanAnswer, ScanCall};
use zerotrip_proto::v1::{Finding, FindingKind};

use crate::moments::{Cell, batch, register};
use crate::support::{as_words, prepared, prepared_from};

const HUSBAND: &str = "330106195705030860";
const WIFE: &str = "330112199501186578";
const ANOTHER: &str = "330106199507154684";

const CHILD: &str = "330106201907154683";
const SISTER: &str = "330106201702034127";

/// A row of the household register beside those that each person has.
#[derive(Clone, Copy)]
struct Resident {
    person: &'static str,
    father: Option<&'static str>,
    mother: Option<&'static str>,
    status: &'static str,
    died: Option<&'static str>,
}

type Row = BTreeMap<&'static str, Cell>;

/// The registers, by scan, each with its look-up's column first filled in by the keys.
#[derive(Default)]
struct Registers {
    marriage: Vec<(&'static str, &'static str, &'static str, &'static str)>,
    /// Owner, status, ended on.
    ownership: Vec<(&'static str, &'static str, Option<&'static str>)>,
    /// Buyer, status, ended on.
    presale: Vec<(&'static str, &'static str, Option<&'static str>)>,
    /// When every title and contract began.
    began: Option<&'static str>,
    deaths: Vec<(&'static str, &'static str)>,
    /// In the place of the rows of whom they name.
    household: Vec<Resident>,
    unreadable: Option<&'static str>,
}

fn day(text: &str) -> Option<NaiveDate> {
    Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap())
}

fn now() -> SystemTime {
    DateTime::parse_from_rfc3339("2026-11-28T12:00:00+08:00").unwrap().into()
}

impl Registers {
    fn rows(&self, scan: &str, keys: &[String]) -> Vec<Row> {
        let text = Cell::text;
        let asked = |person: &str| keys.iter().any(|key| key == person);
        match scan {
            "marriage" => {
                let rows =
                    self.marriage.iter().filter(|(man, woman, ..)| asked(man) || asked(woman));
                rows.map(|(man, woman, event, on)| {
                    let party = if asked(man) { man } else { woman };
                    let cells = [
                        ("party", text(party)),
                        ("man_id", text(man)),
                        ("woman_id", text(woman)),
                        ("event", text(event)),
                    ];
                    cells.into_iter().chain([("event_date", Cell::Date(day(on)))]).collect()
                })
                .collect()
            }
            "household" => keys.iter().flat_map(|key| self.residents(key)).collect(),
            _ => {
                let (column, rows) = if scan == "ownership" {
                    ("owner", &self.ownership)
                } else {
                    ("buyer", &self.presale)
                };
                let began = if scan == "ownership" { "registered_on" } else { "signed_on" };
                let rows = rows.iter().filter(|(person, ..)| asked(person));
                rows.map(|(person, status, ended)| {
                    let began = (began, Cell::Date(self.began.and_then(day)));
                    let cells = [
                        (column, text(person)),
                        ("status", text(status)),
                        ("unit_no", text("12-3-201")),
                    ];
                    cells
                        .into_iter()
                        .chain([("ended_on", Cell::Date(ended.and_then(day))), began])
                        .collect()
                })
                .collect()
            }
        }
    }
}

impl Registers {
    /// The rows of the person, and of those whose parent they are.
    fn residents(&self, key: &str) -> Vec<Row> {
        let mut rows: Vec<Resident> = self.household.clone();
        if rows.iter().all(|row| row.person != key) {
            let died = self.deaths.iter().find(|(person, _)| *person == key).map(|(_, on)| *on);
            let status = if died.is_some() { "deceased" } else { "registered" };
            let person = [HUSBAND, WIFE, ANOTHER, CHILD, SISTER]
                .into_iter()
                .find(|person| *person == key)
                .unwrap();
            rows.push(Resident { person, father: None, mother: None, status, died });
        }
        rows.retain(|row| row.person == key || row.father == Some(key) || row.mother == Some(key));
        let cells = |row: Resident| {
            let born = NaiveDate::parse_from_str(&row.person[6..14], "%Y%m%d").ok();
            let parent = |parent: Option<&str>| Cell::Text(parent.map(str::to_owned));
            let ids = [("kin", Cell::text(key)), ("resident_id", Cell::text(row.person))];
            let parents = [("father_id", parent(row.father)), ("mother_id", parent(row.mother))];
            let dates = [
                ("birth_date", Cell::Date(born)),
                ("death_date", Cell::Date(row.died.and_then(day))),
            ];
            ids.into_iter()
                .chain(parents)
                .chain(dates)
                .chain([("status", Cell::text(row.status))])
                .collect()
        };
        rows.into_iter().map(cells).collect()
    }
}

impl Dispatch for Registers {
    fn scan<'a>(
        &'a self,
        call: ScanCall<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<ScanAnswer, Incomplete>> + Send + 'a>> {
        let scan = register(call.name);
        let rows = self.rows(scan, &call.keys);
        let rows = if rows.is_empty() { Vec::new() } else { vec![batch(call.schema, &rows)] };
        let since = ["1950-05-01", "1984-01-01"][usize::from(scan != "marriage")];
        let finding =
            Finding { kind: FindingKind::CouldMatch.into(), count: 1, ..Finding::default() };
        let report = ScanReport {
            dataset: call.scan.scan.dataset.clone(),
            as_of: now(),
            now: now(),
            most_age: Duration::from_secs(86_400),
            findings: self
                .unreadable
                .filter(|unread| *unread == call.name)
                .map(|_| finding)
                .into_iter()
                .collect(),
            required_null: false,
            subjects: if matches!(scan, "ownership" | "presale") {
                Subjects::Everyone
            } else {
                Subjects::EveryoneAnywhere
            },
            since: day(since).map(|day| day.to_epoch_days()),
            older_carried_over: scan != "marriage",
            numbers_carried_over: false,
            moved_in_carried_over: false,
            keeps_ended: true,
            undated_before: None,
        };
        Box::pin(std::future::ready(Ok(ScanAnswer { rows, report })))
    }
}

type Case = (&'static str, &'static str, Registers, &'static str);

fn asked(cases: &[Case]) {
    let check = crate::support::runtime().block_on(prepared());
    assert_eq!(first_wrong(&check, cases), None);
}

/// The first of these cases that is answered otherwise.
fn first_wrong(check: &PreparedCheck, cases: &[Case]) -> Option<String> {
    let runtime = crate::support::runtime();
    let engine = Engine::new(RuntimeEnvBuilder::new().build_arc().unwrap());
    let today = day("2026-11-28").unwrap().to_epoch_days();
    cases.iter().enumerate().find_map(|(at, (variant, applicant, registers, answer))| {
        let applicant = [(*applicant).to_owned()];
        let run = check.run(&engine, &check.variants[*variant], &applicant, today, registers);
        let said = runtime
            .block_on(run)
            .map_or_else(|error| format!("{error:?}"), |ran| as_words(&ran.conclusion));
        (said != *answer).then(|| format!("case {at}, {variant}: {said} for {answer}"))
    })
}

/// The first case of this file that the check answers otherwise.
pub fn wrong(check: &PreparedCheck) -> Option<String> {
    let tables: [fn() -> Vec<Case>; 9] = [
        impossible_dates,
        doubtful_spouses,
        divorces,
        deaths,
        beginnings,
        unreadable_rows,
        applications,
        spouses_of_others,
        doubtful_children,
    ];
    tables.iter().find_map(|cases| first_wrong(check, &cases()))
}

#[test]
fn a_date_on_which_it_cannot_have_been_is_unreadable() {
    asked(&impossible_dates());
}

fn impossible_dates() -> Vec<Case> {
    let ended = |on| Registers {
        ownership: vec![(HUSBAND, "cancelled", Some(on))],
        ..Registers::default()
    };
    let mut cases = vec![
        ("applicant", HUSBAND, ended("2020-05-06"), "true"),
        ("couple", HUSBAND, ended("2020-05-06"), "true"),
    ];
    for on in [
        "1900-01-01",
        "1899-12-30",
        "1970-01-01",
        "1980-01-01",
        "1800-01-01",
        "1983-12-31",
        "9999-12-31",
        "2026-11-29",
    ] {
        for variant in ["applicant", "couple", "family"] {
            cases.push((variant, HUSBAND, ended(on), "unavailable SOURCE_UNREADABLE"));
        }
        let handed_over =
            Registers { presale: vec![(HUSBAND, "transferred", Some(on))], ..Registers::default() };
        cases.push(("applicant", HUSBAND, handed_over, "unavailable SOURCE_UNREADABLE"));
    }
    // A spouse's contract, and a remarriage, or a death, that a placeholder puts before the
    // divorce, or before all.
    let remarried = |on| Registers {
        marriage: vec![
            (WIFE, ANOTHER, "married", "2020-04-19"),
            (WIFE, ANOTHER, "divorced", "2022-03-01"),
            (WIFE, ANOTHER, "remarried", on),
        ],
        presale: vec![(ANOTHER, "filed", None)],
        ..Registers::default()
    };
    cases.push(("couple", WIFE, remarried("2023-08-08"), "false PROPERTY_FOUND"));
    for on in ["1900-01-01", "1970-01-01", "2000-01-01", "1994-12-31", "2005-05-05", "2027-01-01"] {
        cases.push(("couple", WIFE, remarried(on), "unavailable SOURCE_UNREADABLE"));
        cases.push(("family", WIFE, remarried(on), "unavailable SOURCE_UNREADABLE"));
    }
    let widowed = |on| Registers {
        marriage: vec![(WIFE, ANOTHER, "married", "2020-04-19")],
        deaths: vec![(ANOTHER, on)],
        presale: vec![(ANOTHER, "filed", None)],
        ..Registers::default()
    };
    cases.push(("couple", WIFE, widowed("2024-04-04"), "true"));
    for on in ["1900-01-01", "1970-01-01", "1994-04-04", "2000-01-01", "9999-12-31"] {
        cases.push(("couple", WIFE, widowed(on), "unavailable SOURCE_UNREADABLE"));
    }
    cases
}

#[test]
fn a_home_of_one_who_may_not_be_the_spouse_settles_nothing() {
    asked(&doubtful_spouses());
}

fn doubtful_spouses() -> Vec<Case> {
    let with = |events: &[(&'static str, &'static str, &'static str)]| Registers {
        marriage: events.iter().map(|(other, event, on)| (WIFE, *other, *event, *on)).collect(),
        ownership: vec![(ANOTHER, "current", None)],
        ..Registers::default()
    };
    let one_day =
        || with(&[(ANOTHER, "married", "2020-04-19"), (ANOTHER, "divorced", "2020-04-19")]);
    let since = || with(&[(ANOTHER, "married", "2020-04-19"), (HUSBAND, "married", "2023-05-05")]);
    let parted =
        || with(&[(ANOTHER, "married", "2020-04-19"), (HUSBAND, "divorced", "2023-05-05")]);
    let own =
        |registers: Registers| Registers { presale: vec![(WIFE, "filed", None)], ..registers };
    vec![
        ("couple", WIFE, with(&[(ANOTHER, "married", "2020-04-19")]), "false PROPERTY_FOUND"),
        ("couple", WIFE, one_day(), "unavailable UNDETERMINED"),
        ("family", WIFE, one_day(), "unavailable UNDETERMINED"),
        ("couple", WIFE, since(), "unavailable UNDETERMINED"),
        ("couple", WIFE, parted(), "unavailable UNDETERMINED"),
        ("couple", WIFE, own(one_day()), "false PROPERTY_FOUND"),
        ("applicant", WIFE, one_day(), "true"),
    ]
}

/// Courts divorce too, and no register of marriages may say so: that the other has married again
/// since does.
#[test]
fn a_home_of_a_spouse_who_has_married_another_since_settles_nothing() {
    asked(&spouses_of_others());
}

fn spouses_of_others() -> Vec<Case> {
    let with = |events: &[(&'static str, &'static str, &'static str)]| Registers {
        marriage: [(WIFE, ANOTHER, "married", "2020-04-19")]
            .into_iter()
            .chain(events.iter().map(|(other, event, on)| (ANOTHER, *other, *event, *on)))
            .collect(),
        ..Registers::default()
    };
    let owning = |registers: Registers| Registers {
        ownership: vec![(ANOTHER, "current", None)],
        ..registers
    };
    let mut cases = Vec::new();
    for variant in ["couple", "family"] {
        let mut case = |events: &[(&'static str, &'static str, &'static str)], answer| {
            cases.push((variant, WIFE, owning(with(events)), answer));
            cases.push((variant, WIFE, with(events), "true"));
        };
        case(&[], "false PROPERTY_FOUND");
        for since in ["2020-04-19", "2023-05-05"] {
            case(&[(HUSBAND, "married", since)], "unavailable UNDETERMINED");
            case(&[(HUSBAND, "remarried", since)], "unavailable UNDETERMINED");
        }
        // Before, it says nothing of this marriage; nor does what ended then.
        case(
            &[(HUSBAND, "married", "2016-04-18"), (HUSBAND, "divorced", "2018-04-18")],
            "false PROPERTY_FOUND",
        );
        case(&[(HUSBAND, "married", "2020-04-18")], "false PROPERTY_FOUND");
        // Who parts from another was married to them, whatever is on record of that.
        for parting in ["divorced", "annulled"] {
            case(&[(HUSBAND, parting, "2021-04-18")], "unavailable UNDETERMINED");
        }
        cases.push((
            variant,
            WIFE,
            Registers { unreadable: Some("spouse_marriage"), ..with(&[]) },
            "unavailable SOURCE_UNREADABLE",
        ));
    }
    cases
}

/// Whatever a definition makes of the rows of a scan that only raises doubts.
#[test]
fn a_scan_for_doubts_alone_speaks_neither_for_nor_against_anybody() {
    let events = [
        (vec![], "true"),
        (vec![(ANOTHER, HUSBAND, "married", "2016-04-18")], "unavailable UNDETERMINED"),
    ];
    for verdict in ["against", "clear", "ended"] {
        let branch = format!(
            "union all\nselect '{verdict}', 'PROPERTY_FOUND', 'spouse_marriage', row_number, \
             event_date, cast(null as date)\nfrom spouse_marriage where man_id <> '{WIFE}'\nunion \
             all\nselect 'ended', '', 'marriage', row_number"
        );
        let change = |text: String| {
            text.replace("union all\nselect 'ended', '', 'marriage', row_number", &branch)
        };
        let check = crate::support::runtime().block_on(prepared_from(change));
        let with = |events: &[_]| Registers {
            marriage: [&[(WIFE, ANOTHER, "married", "2020-04-19")], events].concat(),
            ..Registers::default()
        };
        let cases: Vec<Case> =
            events.iter().map(|(events, answer)| ("couple", WIFE, with(events), *answer)).collect();
        assert_eq!(first_wrong(&check, &cases), None, "{verdict}");
    }
}

/// It would tell that there is a spouse, or a child.
#[test]
fn how_often_a_register_was_asked_is_not_told() {
    let runtime = crate::support::runtime();
    let check = runtime.block_on(prepared());
    let engine = Engine::new(RuntimeEnvBuilder::new().build_arc().unwrap());
    let today = day("2026-11-28").unwrap().to_epoch_days();
    let married = vec![(WIFE, ANOTHER, "married", "2020-04-19")];
    let child = Resident {
        person: CHILD,
        father: Some(ANOTHER),
        mother: Some(WIFE),
        status: "registered",
        died: None,
    };
    let families = [
        Registers::default(),
        Registers { marriage: married.clone(), ..Registers::default() },
        Registers { marriage: married, household: vec![child], ..Registers::default() },
    ];
    let told = families.map(|registers| {
        let applicant = [WIFE.to_owned()];
        let run = check.run(&engine, &check.variants["family"], &applicant, today, &registers);
        let ran = runtime.block_on(run).unwrap();
        assert_eq!(as_words(&ran.conclusion), "true");
        ran.sources.into_iter().map(|source| source.dataset).collect::<Vec<_>>()
    });
    let once = ["civil.marriage", "police.household", "estate.ownership", "housing.presale"];
    assert_eq!(told, [once; 3]);
}

/// Dead in one row, with or without a date, alive in another, or adopted since.
#[test]
fn a_home_of_a_child_who_may_not_be_one_settles_nothing() {
    asked(&doubtful_children());
}

fn doubtful_children() -> Vec<Case> {
    let of =
        |father, mother, status, died| Resident { person: CHILD, father, mother, status, died };
    let theirs = |status, died| of(Some(ANOTHER), Some(WIFE), status, died);
    let with = |rows: &[Resident]| Registers {
        marriage: vec![(WIFE, ANOTHER, "married", "2020-04-19")],
        household: rows.to_vec(),
        ..Registers::default()
    };
    let owning =
        |registers: Registers| Registers { ownership: vec![(CHILD, "current", None)], ..registers };
    let dead = Some("2024-04-04");
    let mut cases = Vec::new();
    let mut case = |rows: &[Resident], without, owner| {
        cases.push(("family", WIFE, with(rows), without));
        cases.push(("family", WIFE, owning(with(rows)), owner));
    };
    case(&[theirs("registered", None)], "true", "false PROPERTY_FOUND");
    case(&[theirs("moved_out", None)], "true", "false PROPERTY_FOUND");
    case(&[theirs("deceased", dead)], "true", "true");
    // Dead by one word alone.
    case(&[theirs("deceased", None)], "unavailable UNDETERMINED", "unavailable UNDETERMINED");
    case(&[theirs("registered", dead)], "unavailable UNDETERMINED", "unavailable UNDETERMINED");
    // Alive in a row that names no parent, or others.
    for (father, mother) in [(None, None), (Some(HUSBAND), None), (None, Some(WIFE))] {
        let alive = of(father, mother, "registered", None);
        case(
            &[theirs("deceased", dead), alive],
            "unavailable UNDETERMINED",
            "unavailable UNDETERMINED",
        );
    }
    case(&[theirs("deceased", dead), of(None, None, "moved_out", None)], "true", "true");
    case(
        &[theirs("registered", None), of(None, None, "deceased", dead)],
        "unavailable UNDETERMINED",
        "unavailable UNDETERMINED",
    );
    case(
        &[theirs("moved_out", None), of(None, None, "deceased", None)],
        "unavailable UNDETERMINED",
        "unavailable UNDETERMINED",
    );
    // Adopted: the present row names others.
    for (father, mother) in [(Some(HUSBAND), None), (None, Some(HUSBAND))] {
        case(
            &[theirs("moved_out", None), of(father, mother, "registered", None)],
            "true",
            "unavailable UNDETERMINED",
        );
    }
    case(
        &[theirs("moved_out", None), of(None, Some(WIFE), "registered", None)],
        "true",
        "false PROPERTY_FOUND",
    );
    case(
        &[theirs("moved_out", None), of(None, None, "registered", None)],
        "true",
        "false PROPERTY_FOUND",
    );
    case(
        &[theirs("registered", None), of(Some(HUSBAND), None, "moved_out", None)],
        "true",
        "false PROPERTY_FOUND",
    );
    // Which of two places came later, nothing says.
    case(
        &[theirs("moved_out", None), of(Some(HUSBAND), None, "moved_out", None)],
        "true",
        "unavailable UNDETERMINED",
    );
    let sister = Resident { person: SISTER, ..theirs("registered", None) };
    case(
        &[theirs("moved_out", None), of(Some(HUSBAND), None, "moved_out", None), sister],
        "true",
        "unavailable UNDETERMINED",
    );
    let unnamed = of(None, None, "registered", None);
    case(
        &[theirs("moved_out", None), of(Some(HUSBAND), None, "moved_out", None), unnamed],
        "true",
        "unavailable UNDETERMINED",
    );
    // One of those who are named is enough.
    let with_another = |status| of(Some(HUSBAND), Some(WIFE), status, None);
    case(&[with_another("moved_out")], "true", "false PROPERTY_FOUND");
    case(
        &[with_another("registered"), of(Some(HUSBAND), None, "moved_out", None)],
        "true",
        "false PROPERTY_FOUND",
    );
    // A spouse's child by another.
    let step = of(Some(HUSBAND), Some(ANOTHER), "registered", None);
    case(&[step], "true", "false PROPERTY_FOUND");
    let unread =
        Registers { unreadable: Some("minor_household"), ..with(&[theirs("registered", None)]) };
    cases.push(("family", WIFE, unread, "unavailable SOURCE_UNREADABLE"));
    let spouse =
        |status, died| Resident { person: ANOTHER, father: None, mother: None, status, died };
    // The child of a spouse who is dead may be another family's.
    let of_the_dead =
        [spouse("deceased", dead), of(Some(HUSBAND), Some(ANOTHER), "registered", None)];
    cases.push(("family", WIFE, with(&of_the_dead), "true"));
    cases.push(("family", WIFE, owning(with(&of_the_dead)), "unavailable UNDETERMINED"));
    let of_both = [spouse("deceased", dead), theirs("registered", None)];
    cases.push(("family", WIFE, owning(with(&of_both)), "false PROPERTY_FOUND"));
    // Who died before the child was born, or conceived, did not.
    let early = |died, father, mother| {
        [spouse("deceased", Some(died)), of(father, mother, "registered", None)]
    };
    for (died, father, mother, answer) in [
        ("2019-07-15", Some(WIFE), Some(ANOTHER), "true"),
        ("2019-07-14", Some(WIFE), Some(ANOTHER), "unavailable UNDETERMINED"),
        ("2018-09-15", Some(ANOTHER), Some(WIFE), "true"),
        ("2018-09-14", Some(ANOTHER), Some(WIFE), "unavailable UNDETERMINED"),
    ] {
        for variant in ["couple", "family"] {
            let mut registers = with(&early(died, father, mother));
            registers.marriage = vec![(WIFE, ANOTHER, "married", "2018-04-19")];
            registers.ownership = vec![(ANOTHER, "current", None)];
            cases.push((variant, WIFE, registers, answer));
        }
    }
    // A spouse who is dead by one word alone, or has married since.
    for (row, events, answer) in [
        (spouse("deceased", dead), vec![], "true"),
        (spouse("deceased", None), vec![], "unavailable UNDETERMINED"),
        (
            spouse("deceased", dead),
            vec![(ANOTHER, HUSBAND, "married", "2025-05-05")],
            "unavailable UNDETERMINED",
        ),
        (spouse("deceased", dead), vec![(ANOTHER, HUSBAND, "married", "2018-05-05")], "true"),
    ] {
        for variant in ["couple", "family"] {
            let mut registers = with(&[row]);
            registers.marriage.extend(events.clone());
            registers.ownership = vec![(ANOTHER, "current", None)];
            cases.push((variant, WIFE, registers, answer));
        }
    }
    cases
}

#[test]
fn a_divorce_ends_the_marriage_that_it_follows_and_no_other() {
    asked(&divorces());
}

fn divorces() -> Vec<Case> {
    let with = |events: &[(&'static str, &'static str)]| Registers {
        marriage: events.iter().map(|(event, on)| (WIFE, ANOTHER, *event, *on)).collect(),
        ownership: vec![(ANOTHER, "current", None)],
        ..Registers::default()
    };
    let [first, second, third, fourth] = ["2018-04-19", "2019-05-05", "2021-06-06", "2022-07-07"];
    let mut cases = Vec::new();
    for variant in ["couple", "family"] {
        let mut case = |events: &[(&'static str, &'static str)], answer| {
            cases.push((variant, WIFE, with(events), answer))
        };
        case(&[("married", first), ("divorced", second)], "true");
        case(
            &[("married", first), ("divorced", second), ("remarried", third), ("annulled", fourth)],
            "true",
        );
        case(
            &[("married", first), ("divorced", second), ("remarried", second), ("divorced", third)],
            "true",
        );
        // Two weddings of one day, and one divorce.
        case(
            &[("married", first), ("remarried", first), ("divorced", third)],
            "unavailable UNDETERMINED",
        );
        let two = [
            ("married", first),
            ("divorced", second),
            ("remarried", third),
            ("remarried", third),
            ("divorced", fourth),
        ];
        case(&two, "unavailable UNDETERMINED");
        // What was annulled can be a divorce, unless all is in order.
        case(&[("married", first), ("annulled", second)], "true");
        case(
            &[("married", first), ("divorced", first), ("annulled", third)],
            "unavailable UNDETERMINED",
        );
        case(
            &[("married", first), ("divorced", second), ("married", second), ("annulled", third)],
            "unavailable UNDETERMINED",
        );
        case(
            &[("divorced", first), ("married", second), ("annulled", third)],
            "unavailable UNDETERMINED",
        );
        case(
            &[("married", first), ("annulled", second), ("divorced", third)],
            "unavailable UNDETERMINED",
        );
        let twice = [
            ("married", first),
            ("divorced", second),
            ("married", third),
            ("annulled", fourth),
            ("annulled", "2023-08-08"),
        ];
        case(&twice, "unavailable UNDETERMINED");
        case(&[("annulled", third)], "unavailable UNDETERMINED");
        case(
            &[("married", first), ("divorced", second), ("remarried", third)],
            "false PROPERTY_FOUND",
        );
        // A divorce is missing, or misdated: that of the last day ends one of two.
        for again in ["married", "remarried"] {
            case(
                &[("married", first), (again, second), ("divorced", third)],
                "unavailable UNDETERMINED",
            );
            case(
                &[("married", first), (again, second), ("divorced", third), ("divorced", fourth)],
                "unavailable UNDETERMINED",
            );
        }
        // Before its marriage it ends nothing, and may be that marriage's, misdated.
        case(&[("divorced", first), ("married", second)], "unavailable UNDETERMINED");
        let misdated = [("married", first), ("divorced", second), ("married", third)];
        for stray in ["2013-09-09", "2019-05-06"] {
            let events: Vec<_> = misdated.into_iter().chain([("divorced", stray)]).collect();
            case(&events, "unavailable UNDETERMINED");
        }
        // The same divorce twice is no other.
        case(
            &[("married", first), ("divorced", second), ("divorced", second), ("married", third)],
            "false PROPERTY_FOUND",
        );
        case(&[("divorced", first), ("married", second), ("divorced", third)], "true");
        // A divorce can be annulled too.
        case(
            &[("married", first), ("divorced", second), ("annulled", third)],
            "unavailable UNDETERMINED",
        );
        case(&[("divorced", second), ("annulled", second)], "unavailable UNDETERMINED");
        // The marriage that went on so is not the one that they made afterwards.
        let afterwards = [
            ("married", first),
            ("divorced", second),
            ("annulled", second),
            ("remarried", third),
            ("divorced", fourth),
        ];
        case(&afterwards, "unavailable UNDETERMINED");
    }
    cases
}

#[test]
fn what_ended_before_it_began_settles_nothing() {
    asked(&beginnings());
}

fn beginnings() -> Vec<Case> {
    let title = |status, ended, began| Registers {
        ownership: vec![(WIFE, status, ended)],
        began,
        ..Registers::default()
    };
    let contract = |status, ended, began| Registers {
        ownership: vec![(WIFE, "cancelled", Some("2018-01-02"))],
        presale: vec![(WIFE, status, Some(ended))],
        began,
        ..Registers::default()
    };
    let mut cases = Vec::new();
    for variant in ["applicant", "couple", "family"] {
        for began in
            [None, Some("2008-01-02"), Some("2010-01-02"), Some("1900-01-01"), Some("9999-12-31")]
        {
            cases.push((variant, WIFE, title("cancelled", Some("2010-01-02"), began), "true"));
            cases.push((variant, WIFE, title("current", None, began), "false PROPERTY_FOUND"));
            cases.push((variant, WIFE, contract("transferred", "2015-01-02", began), "true"));
        }
        for began in [Some("2010-01-03"), Some("2026-11-27")] {
            cases.push((
                variant,
                WIFE,
                title("cancelled", Some("2010-01-02"), began),
                "unavailable UNDETERMINED",
            ));
        }
        for status in ["transferred", "cancelled"] {
            cases.push((
                variant,
                WIFE,
                contract(status, "2015-01-02", Some("2026-11-20")),
                "unavailable UNDETERMINED",
            ));
        }
        // It cannot begin after it was read.
        cases.push((
            variant,
            WIFE,
            title("current", None, Some("2026-11-29")),
            "false PROPERTY_FOUND",
        ));
        cases.push((
            variant,
            WIFE,
            title("cancelled", Some("2010-01-02"), Some("2026-11-29")),
            "unavailable SOURCE_UNREADABLE",
        ));
    }
    cases
}

#[test]
fn whoever_died_before_the_marriage_is_not_left_out() {
    asked(&deaths());
}

fn deaths() -> Vec<Case> {
    let widowed = |on| Registers {
        marriage: vec![(WIFE, ANOTHER, "married", "2020-04-19")],
        deaths: vec![(ANOTHER, on)],
        ownership: vec![(ANOTHER, "current", None)],
        ..Registers::default()
    };
    let mut cases = Vec::new();
    for variant in ["couple", "family"] {
        cases.push((variant, WIFE, widowed("2024-04-04"), "true"));
        cases.push((variant, WIFE, widowed("2020-04-18"), "unavailable UNDETERMINED"));
        cases.push((variant, WIFE, widowed("2019-12-31"), "unavailable UNDETERMINED"));
        // An applicant who died, and one who married after that day.
        for (on, answer) in
            [("2024-04-04", "false APPLICANT_DECEASED"), ("2019-12-31", "unavailable UNDETERMINED")]
        {
            let deaths = vec![(WIFE, on)];
            cases.push((
                variant,
                WIFE,
                Registers { deaths, ownership: Vec::new(), ..widowed("2024-04-04") },
                answer,
            ));
        }
    }
    cases
}

#[test]
fn a_row_that_cannot_be_read_does_not_hide_a_home_of_the_applicant() {
    asked(&unreadable_rows());
}

fn unreadable_rows() -> Vec<Case> {
    let with = |unreadable, owner| Registers {
        marriage: vec![(WIFE, ANOTHER, "married", "2020-04-19")],
        ownership: vec![(owner, "current", None)],
        unreadable: Some(unreadable),
        ..Registers::default()
    };
    let mut cases = Vec::new();
    for unreadable in ["marriage", "household", "ownership", "presale"] {
        cases.push(("couple", WIFE, with(unreadable, WIFE), "false PROPERTY_FOUND"));
        cases.push(("family", WIFE, with(unreadable, WIFE), "false PROPERTY_FOUND"));
        // A spouse's, where the registers of persons could be read.
        let answer = if matches!(unreadable, "ownership" | "presale") {
            "false PROPERTY_FOUND"
        } else {
            "unavailable SOURCE_UNREADABLE"
        };
        cases.push(("couple", WIFE, with(unreadable, ANOTHER), answer));
        cases.push(("couple", WIFE, with(unreadable, HUSBAND), "unavailable SOURCE_UNREADABLE"));
    }
    // Nor does it make a dead applicant of one who may live.
    let dead = |unreadable| Registers {
        deaths: vec![(WIFE, "2024-04-04")],
        unreadable,
        ..Registers::default()
    };
    cases.push(("couple", WIFE, dead(None), "false APPLICANT_DECEASED"));
    cases.push(("couple", WIFE, dead(Some("marriage")), "false APPLICANT_DECEASED"));
    cases.push(("couple", WIFE, dead(Some("household")), "unavailable SOURCE_UNREADABLE"));
    cases
}

#[test]
fn an_application_is_no_home_and_a_row_in_progress_may_be_one() {
    asked(&applications());
}

fn applications() -> Vec<Case> {
    let with = |status| Registers { ownership: vec![(WIFE, status, None)], ..Registers::default() };
    vec![
        ("applicant", WIFE, with("applied"), "true"),
        ("applicant", WIFE, with("pending"), "unavailable UNDETERMINED"),
        ("applicant", WIFE, with("advance"), "false PROPERTY_FOUND"),
    ]
}
