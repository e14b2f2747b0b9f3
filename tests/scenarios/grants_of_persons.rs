//! What a person is granted or licensed: what the checks say of everybody in a city whose registers
//! are untidy, held against what was granted.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{Datelike as _, Months, NaiveDate};
use tokio::runtime::Runtime;
use zerotrip_certificates::{Fact, FactValue};
use zerotrip_checks::definition::Definition;
use zerotrip_datasets::ResidentId;
use zerotrip_tests::city::births::{Births, births};
use zerotrip_tests::city::civil_status::{CivilStatus, civil_statuses};
use zerotrip_tests::city::graduates::{Graduate, graduates};
use zerotrip_tests::city::grants::{Granted, Now, grants};
use zerotrip_tests::city::licences::{Driver, licences};
use zerotrip_tests::city::{self, CityError, Spec, System, stated_day};
use zerotrip_tests::deployment::definition_text;
use zerotrip_tests::inquiry::{Asker, Registers};

use crate::support::runtime;

/// Seeds of cities; a longer mode takes more.
fn seeds() -> std::ops::Range<u64> {
    let more: u64 = std::env::var("ZEROTRIP_CITIES").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    1100..1100 + more
}

/// Whether all registers of that city are files of one moment; the household register of the others
/// is asked as it is.
fn is_of_one_moment(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

/// Everybody's answers to one check, in one city.
struct Asked<'a> {
    asker: &'a Asker,
    registers: &'a Registers,
    runtime: &'a Runtime,
    is_of_one_moment: bool,
    today: NaiveDate,
    counted: BTreeMap<String, usize>,
    /// Answers that clean rows should give, and those of them that were not given.
    clean: (usize, usize),
}

/// An answer: yes with its values, no with its code, or why there is none.
#[derive(Debug)]
enum Said {
    Yes(Vec<(String, String)>),
    No(String),
    Nothing(String),
}

impl Asked<'_> {
    /// Asks; `is_clean` says whether nothing stands against an answer.
    fn ask(&mut self, id: &ResidentId, variant: &str, is_clean: bool) -> Said {
        let asking = self.asker.answer(self.registers, id, variant);
        let ((word, code, dataset), facts) = self.runtime.block_on(asking).unwrap();
        *self.counted.entry(format!("{variant} {word} {code}")).or_default() += 1;
        let (clean, pity) = &mut self.clean;
        *clean += usize::from(is_clean);
        *pity += usize::from(is_clean && word == "unavailable");
        if is_clean && word == "unavailable" {
            println!("{id:?} {variant} {code} {dataset}");
        }
        match word {
            "true" => Said::Yes(facts.iter().map(told).collect()),
            "false" => Said::No(code),
            _ => Said::Nothing(code),
        }
    }
}

fn told(fact: &Fact) -> (String, String) {
    let value = fact.value.as_ref().map(FactValue::to_text).unwrap_or_default();
    (fact.terms.name.clone(), value)
}

fn values(expected: &[(&str, String)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Each city with these registers beside its own, and the truth of everybody in it. What came of it
/// is counted; each of `seen` must be among that.
fn each_city<T>(
    check: &str,
    make: impl Fn(&Spec, System, &Path) -> Result<HashMap<ResidentId, T>, CityError>,
    mut of: impl FnMut(&mut Asked<'_>, &ResidentId, &CivilStatus, &T),
    seen: &[&str],
) {
    let runtime = runtime();
    let (mut counted, mut clean) = (BTreeMap::new(), (0, 0));
    for seed in seeds() {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = Spec::on(400, seed, stated_day());
        if is_of_one_moment(seed) {
            spec.systems[0] = System::Csv;
        }
        city::generate(&spec, folder.path()).unwrap();
        let system = [System::Csv, System::Xlsx, System::Dbf, System::Parquet][(seed % 4) as usize];
        let truth = make(&spec, system, folder.path()).unwrap();
        let statuses = civil_statuses(&spec).unwrap();
        let asker = runtime.block_on(Asker::of(folder.path(), check)).unwrap();
        let state = tempfile::tempdir().unwrap();
        let now = SystemTime::from(spec.written_at) + Duration::from_secs(3600);
        let registers = asker.open(folder.path(), state.path(), now, spec.today).unwrap();
        let mut asked = Asked {
            asker: &asker,
            registers: &registers,
            runtime: &runtime,
            is_of_one_moment: is_of_one_moment(seed),
            today: spec.today,
            counted,
            clean,
        };
        for (id, status) in &statuses {
            of(&mut asked, id, status, &truth[id]);
        }
        (counted, clean) = (asked.counted, asked.clean);
    }
    println!("{counted:#?}\nclean: {clean:?}");
    let (clean, pity) = clean;
    assert!(clean > 500 && pity * 50 <= clean, "{pity} of {clean} clean rows are not answered");
    for seen in seen {
        assert!(counted.keys().any(|key| key.starts_with(seen)), "{seen}");
    }
}

#[test]
fn who_can_be_granted_an_allowance_for_the_elderly_is_what_was_granted() {
    const STEPS: [(&str, u32, &[&str]); 3] = [
        ("eligible-80", 80, &["advanced_age_80", "advanced_age_90", "advanced_age_100"]),
        ("eligible-90", 90, &["advanced_age_90", "advanced_age_100"]),
        ("eligible-100", 100, &["advanced_age_100"]),
    ];
    let of = |asked: &mut Asked<'_>, id: &ResidentId, status: &CivilStatus, granted: &Granted| {
        let is_clean =
            status.on_clean_rows && status.registered && granted.is_clean_in(&["civil.allowance"]);
        for (variant, age, kinds) in STEPS {
            let is_reached = status.birth + Months::new(12 * age) <= asked.today;
            let is_granted = !granted.in_force(kinds).is_empty();
            let is_eligible = status.registered && !status.is_dead && is_reached && !is_granted;
            // Since when somebody is registered is on no record in this city.
            let is_clean = is_clean && (asked.is_of_one_moment || !is_eligible);
            match asked.ask(id, variant, is_clean) {
                Said::Yes(told) => {
                    assert!(is_eligible && asked.is_of_one_moment, "{id:?} {variant}");
                    assert_eq!(told, [], "the birth date stays");
                }
                Said::No(code) => {
                    let is_so = match code.as_str() {
                        "DECEASED" => status.is_dead,
                        "TOO_YOUNG" => !is_reached,
                        "ALREADY_GRANTED" => is_granted,
                        _ => code == "NOT_REGISTERED" && !status.registered,
                    };
                    assert!(is_so, "{id:?} {variant} {code} {granted:?}");
                }
                Said::Nothing(_) => {}
            }
        }
        let paid = granted.paid(STEPS[0].2);
        // Which of two is told?
        let is_clean = is_clean && paid.len() < 2 && asked.is_of_one_moment;
        match asked.ask(id, "granted", is_clean) {
            Said::Yes(told) => {
                let [grant] = paid.as_slice() else { panic!("{id:?} {granted:?}") };
                assert!(!status.is_dead, "{id:?}");
                let since = grant.from.to_string();
                let expected = [("granted_since", since), ("age_step", grant.kind.to_owned())];
                assert_eq!(told, values(&expected), "{id:?}");
            }
            Said::No(code) if code == "DECEASED" => assert!(status.is_dead, "{id:?}"),
            Said::No(code) => assert!(code == "NOT_GRANTED" && paid.is_empty(), "{id:?} {code}"),
            Said::Nothing(_) => {}
        }
    };
    // Nobody in these cities is ninety and without a grant, or a hundred; the cases of the
    // definition say what is so then.
    let seen = [
        "eligible-80 true",
        "eligible-80 false DECEASED",
        "eligible-80 false TOO_YOUNG",
        "eligible-80 false ALREADY_GRANTED",
        "eligible-80 false NOT_REGISTERED",
        "eligible-80 unavailable SOURCE_UNREADABLE",
        "eligible-80 unavailable UNDATED",
        "eligible-90 false ALREADY_GRANTED",
        "eligible-100 false TOO_YOUNG",
        "granted true",
        "granted false NOT_GRANTED",
        "granted false DECEASED",
    ];
    each_city("elderly-allowance", grants, of, &seen);
}

#[test]
fn who_is_disabled_and_can_be_granted_a_subsidy_is_what_was_granted() {
    const GRADES: [&str; 4] = ["grade_1", "grade_2", "grade_3", "grade_4"];
    /// A variant, the registers that its no can come of, and its reasons with what was granted.
    type Barred = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);
    const BARRED: [Barred; 2] = [
        (
            "living",
            &["civil.minimum_living", "civil.allowance", "social.injury_care"],
            &[
                ("ALREADY_GRANTED", "disability_living"),
                ("EXTREME_POVERTY", "extreme_poverty"),
                ("INJURY_CARE", ""),
                ("ORPHAN_LIVING", "orphan_living"),
            ],
        ),
        (
            "nursing",
            &["civil.minimum_living", "civil.allowance", "social.injury_care"],
            &[
                ("ALREADY_GRANTED", "disability_nursing"),
                ("EXTREME_POVERTY", "extreme_poverty"),
                ("INJURY_CARE", ""),
                ("ELDERLY_NURSING", "elderly_nursing"),
            ],
        ),
    ];
    let of = |asked: &mut Asked<'_>, id: &ResidentId, status: &CivilStatus, granted: &Granted| {
        let valid = granted.paid(&GRADES);
        assert!(valid.len() < 2, "the city grants one certificate at a time");
        let grade = valid.first().map(|grant| grant.kind);
        let is_severe = matches!(grade, Some("grade_1" | "grade_2"));
        let is_poor = !granted.paid(&["minimum_living"]).is_empty();
        let is_clean = status.on_clean_rows
            && status.registered
            && asked.is_of_one_moment
            && granted.is_clean_in(&["disabled.certificate"]);
        let refused = |code: &str, fits: bool| match code {
            "DECEASED" => status.is_dead,
            "GRADE_TOO_LOW" => grade.is_some() && !is_severe,
            "NO_CERTIFICATE" => grade.is_none(),
            "NO_MINIMUM_LIVING" => !is_poor,
            _ => fits,
        };
        match asked.ask(id, "certified", is_clean) {
            Said::Yes(told) => {
                assert!(!status.is_dead, "{id:?}");
                assert_eq!(told, values(&[("grade", grade.unwrap().to_owned())]), "{id:?}");
            }
            Said::No(code) => assert!(refused(&code, false), "{id:?} {code} {granted:?}"),
            Said::Nothing(_) => {}
        }
        match asked.ask(id, "severe", is_clean) {
            Said::Yes(told) => {
                assert!(told.is_empty() && is_severe && !status.is_dead, "{id:?}");
            }
            Said::No(code) => assert!(refused(&code, false), "{id:?} {code} {granted:?}"),
            Said::Nothing(_) => {}
        }
        for (variant, registers, reasons) in BARRED {
            let kinds: Vec<&str> = reasons.iter().map(|(_, kind)| *kind).collect();
            let is_barred = !granted.in_force(&kinds).is_empty();
            let fits = if variant == "living" { grade.is_some() && is_poor } else { is_severe };
            match asked.ask(id, variant, is_clean && granted.is_clean_in(registers)) {
                Said::Yes(told) => {
                    assert!(fits && !is_barred && !status.is_dead, "{id:?} {granted:?}");
                    assert_eq!(told, []);
                }
                Said::No(code) => {
                    let mut barring = reasons.iter().filter(|(reason, _)| *reason == code);
                    let bars = barring.any(|(_, kind)| !granted.in_force(&[*kind]).is_empty());
                    assert!(refused(&code, bars), "{id:?} {variant} {code} {granted:?}");
                }
                Said::Nothing(_) => {}
            }
        }
    };
    let mut seen = Vec::new();
    for variant in ["certified", "severe", "living", "nursing"] {
        for word in ["true", "false DECEASED", "false NO_CERTIFICATE", "unavailable SOURCE_UNREAD"]
        {
            seen.push(format!("{variant} {word}"));
        }
    }
    for no in ["severe false GRADE_TOO_LOW", "living false NO_MINIMUM_LIVING"] {
        seen.push(no.to_owned());
    }
    for (variant, _, reasons) in BARRED {
        // The city has few of the old who draw a nursing allowance beside a certificate.
        let common = reasons.iter().take(3);
        seen.extend(common.map(|(reason, _)| format!("{variant} false {reason}")));
    }
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    each_city("disability-subsidy", grants, of, &seen);
}

#[test]
fn who_may_drive_and_what_is_what_was_licensed() {
    const CLASSES: [(&str, &[&str]); 4] = [
        ("licensed", &["a1", "a2", "a3", "b1", "b2", "c1", "c2", "other"]),
        ("car", &["a1", "a2", "a3", "b1", "b2", "c1"]),
        ("automatic-car", &["a1", "a2", "a3", "b1", "b2", "c1", "c2"]),
        ("truck", &["a1", "a2", "b2"]),
    ];
    let of = |asked: &mut Asked<'_>, id: &ResidentId, _: &CivilStatus, driver: &Driver| {
        let licence = driver.drives_with(asked.today);
        // Whoever has no row may have a licence elsewhere.
        let is_clean = !driver.is_spoilt
            && !driver.licences.is_empty()
            && !driver.ends_in_this_month(asked.today);
        // Nobody of 63 drives a large vehicle.
        let is_old = id.birth_date() + chrono::Months::new(63 * 12) <= asked.today;
        for (variant, classes) in CLASSES {
            let may = |class| classes.contains(&class) && !(variant == "truck" && is_old);
            let fitting = licence.filter(|licence| may(licence.class));
            match asked.ask(id, variant, is_clean) {
                Said::Yes(told) => {
                    let licence = fitting.unwrap_or_else(|| panic!("{id:?} {variant} {driver:?}"));
                    let until = licence.until.format("%Y-%m").to_string();
                    let large = ["a1", "a2", "a3", "b1", "b2"].contains(&licence.class);
                    let class = if is_old && large { "c1" } else { licence.class };
                    let expected = [("class", class.to_owned()), ("valid_until", until)];
                    let tells = variant == "licensed";
                    assert_eq!(told, if tells { values(&expected) } else { Vec::new() }, "{id:?}");
                }
                Said::No(code) => assert!(fitting.is_none(), "{id:?} {variant} {code} {driver:?}"),
                Said::Nothing(code) => {
                    let is_elsewhere = code == "OUTSIDE_COVERAGE" && driver.licences.is_empty();
                    assert!(is_elsewhere || !is_clean, "{id:?} {variant} {code} {driver:?}");
                }
            }
        }
    };
    let mut seen = Vec::new();
    for (variant, _) in CLASSES {
        for word in [
            "true",
            "false UNDER_MEASURE",
            "false NOT_USABLE",
            "false EXPIRED",
            "false NO_LICENCE",
            "unavailable SOURCE_UNREADABLE",
            "unavailable OUTSIDE_COVERAGE",
        ] {
            seen.push(format!("{variant} {word}"));
        }
    }
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    each_city("driving-licence", licences, of, &seen);
}

#[test]
fn who_was_born_here_and_who_has_a_child_is_who_was_born_to_whom() {
    let of = |asked: &mut Asked<'_>, id: &ResidentId, status: &CivilStatus, births: &Births| {
        // The register begins with the first certificates.
        let is_clean = !births.is_spoilt && status.birth.year() > 1996;
        match asked.ask(id, "born", is_clean) {
            Said::Yes(told) => {
                assert!(births.is_on_record, "{id:?}");
                assert_eq!(told, values(&[("born_on", status.birth.to_string())]), "{id:?}");
            }
            Said::No(code) => assert!(code == "NO_BIRTH" && !births.is_on_record, "{id:?} {code}"),
            Said::Nothing(_) => {}
        }
        for (variant, age) in [("parent-3", 3), ("parent-18", 18)] {
            let of_age = |birth: NaiveDate| birth + Months::new(12 * age) <= asked.today;
            let young = births.children.iter().filter(|child| !of_age(child.birth));
            let young: Vec<_> = young.collect();
            let has_one = young.iter().any(|child| child.lives && child.is_known);
            // Of a child who is not registered here it is not known whether it lives.
            let is_clean =
                !births.is_spoilt && status.on_clean_rows && (has_one || young.is_empty());
            match asked.ask(id, variant, is_clean) {
                Said::Yes(told) => {
                    assert!(has_one, "{id:?} {variant} {births:?}");
                    assert_eq!(told, [], "nothing of the child");
                }
                Said::No(code) => {
                    let none = young.iter().all(|child| !child.lives);
                    assert!(code == "NO_CHILD" && none, "{id:?} {variant} {births:?}");
                }
                Said::Nothing(_) => {}
            }
        }
    };
    let seen = [
        "born true",
        "born false NO_BIRTH",
        "born unavailable SOURCE_UNREADABLE",
        "born unavailable OUTSIDE_COVERAGE",
        "parent-3 true",
        "parent-3 false NO_CHILD",
        "parent-18 true",
        "parent-18 false NO_CHILD",
        "parent-18 unavailable UNDETERMINED",
    ];
    each_city("birth-and-parenthood", births, of, &seen);
}

#[test]
fn who_is_a_demobilised_soldier_is_who_has_served() {
    const KINDS: [&str; 4] = ["own_work", "assigned", "retired", "other"];
    let of = |asked: &mut Asked<'_>, id: &ResidentId, status: &CivilStatus, granted: &Granted| {
        let served = granted.paid(&KINDS);
        let mut files = granted.grants.iter().filter(|grant| KINDS.contains(&grant.kind));
        let is_checked = files.all(|file| file.now != Now::Applied);
        let is_clean = status.on_clean_rows
            && status.registered
            && asked.is_of_one_moment
            && is_checked
            && granted.is_clean_in(&["veterans.person"]);
        for (variant, tells) in [("veteran", false), ("since", true), ("own-work", true)] {
            let fits = |kind: &str| variant != "own-work" || kind == "own_work";
            let served = served.first().filter(|file| fits(file.kind));
            match asked.ask(id, variant, is_clean) {
                Said::Yes(told) => {
                    let left = served.unwrap_or_else(|| panic!("{id:?} {variant}")).from;
                    let expected = [("left_on", left.to_string())];
                    assert_eq!(told, if tells { values(&expected) } else { Vec::new() }, "{id:?}");
                    assert!(!status.is_dead, "{id:?}");
                }
                Said::No(code) if code == "DECEASED" => assert!(status.is_dead, "{id:?}"),
                Said::No(code) => {
                    assert!(code == "NO_VETERAN" && served.is_none(), "{id:?} {variant}");
                }
                Said::Nothing(_) => {}
            }
        }
    };
    let mut seen = Vec::new();
    for variant in ["veteran", "since", "own-work"] {
        for word in ["true", "false DECEASED", "false NO_VETERAN", "unavailable UNDETERMINED"] {
            seen.push(format!("{variant} {word}"));
        }
    }
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    each_city("demobilised-soldier", grants, of, &seen);
}

#[test]
fn who_has_graduated_and_is_employed_is_who_was_registered_so() {
    let of = |asked: &mut Asked<'_>, id: &ResidentId, _: &CivilStatus, graduate: &Graduate| {
        let is_recent = graduate.is_recent(asked.today);
        let employed = graduate.employed();
        // Whoever has no diploma on record may have one elsewhere; and of two employers, which?
        let is_clean = !graduate.is_spoilt && !graduate.diplomas.is_empty();
        match asked.ask(id, "employed", is_clean && employed.len() < 2) {
            Said::Yes(told) => {
                let [one] = employed.as_slice() else { panic!("{id:?} {graduate:?}") };
                assert!(is_recent, "{id:?}");
                assert_eq!(told, values(&[("employed_since", one.from.to_string())]), "{id:?}");
            }
            Said::No(code) => {
                let is_so = if code == "NOT_EMPLOYED" { employed.is_empty() } else { !is_recent };
                assert!(is_so && code != "EMPLOYED", "{id:?} {code} {graduate:?}");
            }
            Said::Nothing(_) => {}
        }
        match asked.ask(id, "not-employed", is_clean) {
            Said::Yes(told) => {
                assert!(told.is_empty() && is_recent && employed.is_empty(), "{id:?}");
            }
            Said::No(code) => {
                let is_so = if code == "EMPLOYED" { !employed.is_empty() } else { !is_recent };
                assert!(is_so && code != "NOT_EMPLOYED", "{id:?} {code} {graduate:?}");
            }
            Said::Nothing(_) => {}
        }
    };
    let seen = [
        "employed true",
        "employed false NOT_EMPLOYED",
        "employed false NO_GRADUATE",
        "employed unavailable UNDETERMINED",
        "employed unavailable OUTSIDE_COVERAGE",
        "not-employed true",
        "not-employed false EMPLOYED",
        "not-employed false NO_GRADUATE",
        "not-employed unavailable SOURCE_UNREADABLE",
    ];
    each_city("graduate-employment", graduates, of, &seen);
}

/// What has become of a licence, and that a disability is of another grade, is the citizen's alone.
#[test]
fn a_no_tells_the_requester_no_more_than_no() {
    let alike: [(&str, &[&str]); 4] = [
        ("driving-licence", &["UNDER_MEASURE", "NOT_USABLE", "EXPIRED", "NO_LICENCE"]),
        ("disability-subsidy", &["GRADE_TOO_LOW", "NO_CERTIFICATE"]),
        (
            "vessel-certificates",
            &[
                "ARRESTED",
                "DETAINED",
                "DEREGISTERED",
                "PAPER_SUSPENDED",
                "PAPER_ENDED",
                "PAPER_EXPIRED",
                "PAPER_MISSING",
            ],
        ),
        (
            "disability-subsidy",
            &["EXTREME_POVERTY", "INJURY_CARE", "ORPHAN_LIVING", "ELDERLY_NURSING"],
        ),
    ];
    for (check, codes) in alike {
        let text = definition_text(check).unwrap();
        let definition = Definition::parse(&text, check).unwrap();
        let reasons = definition.reasons.iter();
        let reasons: Vec<_> =
            reasons.filter(|reason| codes.contains(&reason.code.as_str())).collect();
        assert_eq!(reasons.len(), codes.len(), "{check}");
        for reason in &reasons {
            assert!(reason.requester_code.is_some(), "{check} {}", reason.code);
            assert_eq!(reason.requester_code, reasons[0].requester_code, "{}", reason.code);
            assert_eq!(reason.requester, reasons[0].requester, "{}", reason.code);
        }
    }
}

/// What is ended in these cities is so in many ways, and some of it again in force.
#[test]
fn a_city_has_grants_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let truth = grants(&Spec::on(400, 1100, stated_day()), System::Csv, folder.path()).unwrap();
    let all = || truth.values().flat_map(|granted| &granted.grants);
    assert!(all().any(|grant| grant.now == Now::Applied));
    assert!(all().any(|grant| grant.now == Now::Held));
    assert!(all().any(|grant| matches!(grant.now, Now::Ended(_))));
    assert!(truth.values().any(|granted| !granted.spoilt.is_empty()));
}
