//! Vessels of a city: the papers of each, what became of them, and what is in force against it; the
//! six registers of it, as untidy as real ones; and what is true of each vessel, by what happened
//! and not by the registers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use zerotrip_datasets::normal::vessel_number::VesselNumber;
use zerotrip_datasets::{Key, KeyKind};

use super::random::Random;
use super::sheet::{CARRIED_OVER, Holds, Register, Row, date, end, recorded};
use super::systems::System;
use super::{CityError, Spec};

/// The seven papers.
const KINDS: [&str; 7] = [
    "ownership",
    "nationality",
    "safe_manning",
    "safety_management",
    "pollution_insurance",
    SURVEY_KIND,
    PERMIT_KIND,
];
const SURVEY_KIND: &str = "survey";
const PERMIT_KIND: &str = "permit";
/// Districts with a harbour.
const PORTS: [&str; 3] = ["330102", "330108", "330110"];

/// What became of a vessel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// All of its papers are valid, and nothing is in force against it.
    #[default]
    Whole,
    /// Of this paper there is none.
    Missing(&'static str),
    /// The last day of this one is past.
    Over(&'static str),
    Suspended(&'static str),
    Revoked(&'static str),
    Deregistered,
    Detained,
    Arrested,
    /// It is registered elsewhere.
    Elsewhere,
    /// It is detained, and the register has a wrong digit in its number.
    Slipped,
}

/// A paper, or a row of one.
#[derive(Clone, Copy, Debug)]
struct Paper {
    kind: &'static str,
    status: &'static str,
    issued: NaiveDate,
    until: Option<NaiveDate>,
    ended: Option<NaiveDate>,
    since: NaiveDate,
}

/// What is true of one vessel.
#[derive(Clone, Debug)]
pub struct Vessel {
    pub fate: Fate,
    /// The division of its home port.
    pub port: &'static str,
    /// The first day on which one of its papers ends.
    pub until: Option<NaiveDate>,
    /// Whether a row of it is not as it was entered.
    pub is_spoilt: bool,
}

impl Vessel {
    /// Why there is no yes, as the check names it.
    pub fn against(&self) -> Option<&'static str> {
        match self.fate {
            Fate::Whole | Fate::Elsewhere | Fate::Slipped => None,
            Fate::Missing(_) => Some("PAPER_MISSING"),
            Fate::Over(_) => Some("PAPER_EXPIRED"),
            Fate::Suspended(_) => Some("PAPER_SUSPENDED"),
            Fate::Revoked(_) => Some("PAPER_ENDED"),
            Fate::Deregistered => Some("DEREGISTERED"),
            Fate::Detained => Some("DETAINED"),
            Fate::Arrested => Some("ARRESTED"),
        }
    }
}

const KNOWN: &str = "registered_in:maritime.vessel";
const STATUS: Holds =
    Holds::Code(&[("有效", "valid"), ("暂扣", "suspended"), ("注销", "ended"), ("换发", "ended")]);
const MEASURE: Holds =
    Holds::Code(&[("执行中", "in_force"), ("已解除", "ended"), ("已撤销", "annulled")]);

const VESSEL: Register = Register {
    id: "maritime.vessel",
    zh: "船舶登记簿",
    en: "Register of vessels",
    table: "T_CBDJ",
    lookup: "vessel",
    looked_up: 1,
    subjects: KNOWN,
    since: CARRIED_OVER,
    columns: &[
        ("vessel_number", "CBSBH", Holds::Vessel),
        (
            "status",
            "DJZT",
            Holds::Code(&[
                ("已登记", "registered"),
                ("抵押", "registered"),
                ("注销", "deregistered"),
            ]),
        ),
        ("home_port", "CJG", Holds::Division),
        ("ended_on", "ZXRQ", Holds::Date),
        ("recorded_on", "GXRQ", Holds::Date),
    ],
};

const CERTIFICATE: Register = Register {
    id: "maritime.certificate",
    zh: "船舶证书登记",
    en: "Papers of vessels",
    table: "T_CBZS",
    lookup: "vessel",
    looked_up: 1,
    subjects: KNOWN,
    since: CARRIED_OVER,
    columns: &[
        ("vessel_number", "CBSBH", Holds::Vessel),
        (
            "kind",
            "ZSZL",
            Holds::Code(&[
                ("所有权登记证书", "ownership"),
                ("国籍证书", "nationality"),
                ("最低安全配员证书", "safe_manning"),
                ("安全管理证书", "safety_management"),
                ("油污保险证书", "pollution_insurance"),
                ("残骸清除保险证书", "other"),
            ]),
        ),
        ("status", "ZT", STATUS),
        ("issued_on", "QFRQ", Holds::Date),
        ("valid_until", "YXQZ", Holds::Date),
        ("ended_on", "ZZRQ", Holds::Date),
        ("recorded_on", "GXRQ", Holds::Date),
    ],
};

const PAPER_COLUMNS: &[(&str, &str, Holds)] = &[
    ("vessel_number", "CBSBH", Holds::Vessel),
    ("status", "ZT", STATUS),
    ("issued_on", "QFRQ", Holds::Date),
    ("valid_until", "YXQZ", Holds::Date),
    ("ended_on", "ZZRQ", Holds::Date),
    ("recorded_on", "GXRQ", Holds::Date),
];

const SURVEY: Register = Register {
    id: "survey.certificate",
    zh: "船舶检验证书登记",
    en: "Survey certificates",
    table: "T_JYZS",
    columns: PAPER_COLUMNS,
    ..CERTIFICATE
};

const PERMIT: Register = Register {
    id: "transport.vessel_permit",
    zh: "船舶营业运输证登记",
    en: "Operation permits of vessels",
    table: "T_YYYSZ",
    columns: PAPER_COLUMNS,
    ..CERTIFICATE
};

const MEASURE_COLUMNS: &[(&str, &str, Holds)] = &[
    ("vessel_number", "CBSBH", Holds::Vessel),
    ("status", "ZT", MEASURE),
    ("decided_on", "JDRQ", Holds::Date),
    ("ended_on", "JCRQ", Holds::Date),
];

const DETENTION: Register = Register {
    id: "maritime.detention",
    zh: "船舶滞留及禁止离港登记",
    en: "Detentions of vessels",
    table: "T_ZL",
    columns: MEASURE_COLUMNS,
    ..CERTIFICATE
};

const ARREST: Register = Register {
    id: "court.vessel_arrest",
    zh: "船舶扣押登记",
    en: "Arrests of vessels",
    table: "T_KY",
    columns: MEASURE_COLUMNS,
    ..CERTIFICATE
};

/// Writes six registers beside the city's others, and says what is true of so many vessels.
pub fn vessels(
    spec: &Spec,
    systems: [System; 2],
    count: usize,
    out: &Path,
) -> Result<BTreeMap<Key, Vessel>, CityError> {
    let mut random = Random::new(spec.seed ^ 0xc415_0075);
    let mut truth = BTreeMap::new();
    let mut taken: BTreeSet<VesselNumber> = BTreeSet::new();
    let [mut records, mut papers, mut surveys, mut permits, mut detentions, mut arrests] =
        [const { Vec::new() }; 6];
    while truth.len() < count {
        // Later than the systems that write down themselves when a row got its status.
        let keel = random.between(2008, 2020);
        let number = format!("CN{keel}{:07}", random.below(10_000_000));
        let Some(Key::Vessel(number)) = KeyKind::Vessel.read(&number) else { continue };
        // No two that were given out are one slip apart.
        if taken.contains(&number) || number.neighbours().any(|near| taken.contains(&near)) {
            continue;
        }
        taken.insert(number);
        let fate = live(&mut random);
        let port = random.pick(&PORTS);
        let mut vessel = Vessel { fate, port, until: None, is_spoilt: false };
        let mut add = |register: &Register, random: &mut Random, own, rows: &mut Vec<Row>| {
            // Small registers: few rows are spoilt, or nothing in them could be relied upon.
            if random.chance(150) {
                vessel.is_spoilt |= !register.enter((spec, random), own, rows);
            } else {
                rows.extend(own);
            }
        };
        if fate != Fate::Elsewhere {
            let registered = day(i32::try_from(keel).unwrap_or_default() + 1);
            let own = record(&mut random, &number, (fate, port), (registered, spec.today));
            add(&VESSEL, &mut random, own, &mut records);
            let all = issued(&mut random, fate, registered, spec.today);
            for (register, rows) in
                [(&CERTIFICATE, &mut papers), (&SURVEY, &mut surveys), (&PERMIT, &mut permits)]
            {
                let own = all.iter().filter(|one| register_of(one.kind) == register.id);
                let own = own.map(|one| paper(&mut random, &number, register, one)).collect();
                add(register, &mut random, own, rows);
            }
            for (register, rows, in_force) in [
                (&DETENTION, &mut detentions, matches!(fate, Fate::Detained | Fate::Slipped)),
                (&ARREST, &mut arrests, fate == Fate::Arrested),
            ] {
                let number = match fate {
                    Fate::Slipped if in_force => slipped(&mut random, &number),
                    _ => number,
                };
                let own = measures(&mut random, &number, register, in_force, spec.today);
                add(register, &mut random, own, rows);
            }
            vessel.until = first_end(&all, spec.today);
        }
        truth.insert(Key::Vessel(number), vessel);
    }
    for (register, rows, system) in [
        (&VESSEL, records, systems[0]),
        (&CERTIFICATE, papers, systems[1]),
        (&SURVEY, surveys, systems[0]),
        (&PERMIT, permits, systems[1]),
        (&DETENTION, detentions, systems[0]),
        (&ARREST, arrests, systems[1]),
    ] {
        register.write((spec, system), &mut random, rows, out)?;
    }
    Ok(truth)
}

fn register_of(kind: &str) -> &'static str {
    match kind {
        SURVEY_KIND => SURVEY.id,
        PERMIT_KIND => PERMIT.id,
        _ => CERTIFICATE.id,
    }
}

fn day(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 3, 4).unwrap_or_default()
}

fn live(random: &mut Random) -> Fate {
    let kind = random.pick(&KINDS);
    match random.below(20) {
        0 => Fate::Missing(kind),
        1 | 2 if kind != "ownership" => Fate::Over(kind),
        3 => Fate::Suspended(kind),
        4 => Fate::Revoked(kind),
        5 => Fate::Deregistered,
        6 => Fate::Detained,
        7 => Fate::Arrested,
        8 => Fate::Elsewhere,
        9 => Fate::Slipped,
        _ => Fate::Whole,
    }
}

/// The number with one digit that is another, or in another's place: behind the year, so that the
/// keel was laid.
fn slipped(random: &mut Random, number: &VesselNumber) -> VesselNumber {
    let year = number.as_str().get(..6).unwrap_or_default();
    let near: Vec<VesselNumber> =
        number.neighbours().filter(|near| near.as_str().starts_with(year)).collect();
    let at = usize::try_from(random.below(near.len() as u64)).unwrap_or(0);
    near.get(at).copied().unwrap_or(*number)
}

fn record(
    random: &mut Random,
    number: &VesselNumber,
    (fate, port): (Fate, &str),
    (registered, today): (NaiveDate, NaiveDate),
) -> Vec<Row> {
    let is_gone = fate == Fate::Deregistered;
    let ended = random.day(registered, before(today, 2));
    let meaning = if is_gone { "deregistered" } else { "registered" };
    let since = if is_gone { ended } else { registered };
    vec![vec![
        Some(spelled(random, number)),
        VESSEL.word("status", meaning),
        Some(port.to_owned()),
        if is_gone { end(random, ended) } else { None },
        recorded(random, since),
    ]]
}

fn before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

fn years(from: NaiveDate, years: u32) -> NaiveDate {
    from.checked_add_months(Months::new(years * 12)).unwrap_or(from)
}

/// Every paper that a vessel ever had.
fn issued(random: &mut Random, fate: Fate, first: NaiveDate, today: NaiveDate) -> Vec<Paper> {
    let mut all = Vec::new();
    for kind in KINDS {
        let valid = |issued, until, since| Paper {
            kind,
            status: "valid",
            issued,
            until,
            ended: None,
            since,
        };
        // Issued in the last years, and to be renewed in those to come.
        let mut issued = random.day(first.max(years_before(today, 4)), before(today, 30));
        let mut until = (kind != "ownership").then(|| years(issued, 5));
        if kind == "ownership" {
            issued = first;
        }
        if fate == Fate::Over(kind) {
            let over = before(today, random.between(2, 300));
            (issued, until) = (years_before(over, 5), Some(over));
        }
        if fate == Fate::Missing(kind) {
            continue;
        }
        let ended = random.day(issued, before(today, 2));
        all.push(match fate {
            Fate::Suspended(one) if one == kind => {
                Paper { status: "suspended", ..valid(issued, until, ended) }
            }
            Fate::Revoked(one) if one == kind => {
                Paper { status: "ended", ended: Some(ended), ..valid(issued, until, ended) }
            }
            _ => valid(issued, until, issued),
        });
        // The one of before: over in the meantime, or replaced on the day of the new one.
        let is_later = issued.year() >= 2017 && years_before(issued, 5) > first;
        let is_there = !matches!(fate, Fate::Suspended(one) | Fate::Revoked(one) if one == kind);
        if kind != "ownership" && is_later && is_there && random.chance(400) {
            let was = years_before(issued, 5);
            let old = valid(was, Some(before(issued, 1)), was);
            all.push(if random.chance(500) || fate == Fate::Over(kind) {
                old
            } else {
                Paper { status: "ended", ended: Some(issued), since: issued, ..old }
            });
        }
    }
    all
}

fn years_before(day: NaiveDate, years: u32) -> NaiveDate {
    day.checked_sub_months(Months::new(years * 12)).unwrap_or(day)
}

/// The first day on which one of the papers ends that are valid on that day.
fn first_end(all: &[Paper], today: NaiveDate) -> Option<NaiveDate> {
    let valid = all.iter().filter(|one| one.status == "valid");
    valid.filter_map(|one| one.until).filter(|until| *until >= today).min()
}

/// A number in one of the spellings that clerks and programs have.
fn spelled(random: &mut Random, number: &VesselNumber) -> String {
    let number = number.as_str();
    match random.below(12) {
        0 => number.to_lowercase(),
        1 => format!(" {number}  "),
        2 => [&number[..6], &number[6..]].join(" "),
        3 => [&number[..2], &number[2..6], &number[6..]].join("-"),
        4 => number.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xfee0)).collect(),
        _ => number.to_owned(),
    }
}

fn paper(random: &mut Random, number: &VesselNumber, register: &Register, paper: &Paper) -> Row {
    let mut row = vec![Some(spelled(random, number))];
    if register.id == CERTIFICATE.id {
        row.push(register.word("kind", paper.kind));
    }
    row.extend([
        register.word("status", paper.status),
        date(random, paper.issued),
        paper.until.and_then(|until| date(random, until)),
        paper.ended.and_then(|ended| date(random, ended)),
        recorded(random, paper.since),
    ]);
    row
}

fn measures(
    random: &mut Random,
    number: &VesselNumber,
    register: &Register,
    in_force: bool,
    today: NaiveDate,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |random: &mut Random, status, decided, ended: Option<NaiveDate>| {
        rows.push(vec![
            Some(spelled(random, number)),
            register.word("status", status),
            date(random, decided),
            ended.and_then(|ended| date(random, ended)),
        ]);
    };
    if random.chance(250) {
        let decided = random.day(day(2021), before(today, 60));
        let ended = random.day(decided, before(today, 2));
        if random.chance(150) {
            row(random, "annulled", decided, None);
        } else {
            row(random, "ended", decided, Some(ended));
        }
    }
    if in_force {
        let decided = random.day(before(today, 90), before(today, 2));
        row(random, "in_force", decided, None);
    }
    rows
}
