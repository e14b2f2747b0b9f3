//! Who in a city may drive: licences, how they were renewed or lost, and measures against them; the
//! two registers of it, as untidy as real ones; and what is true of each person, by what happened
//! and not by the registers.

use std::collections::HashMap;
use std::path::Path;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::random::Random;
use super::sheet::{CARRIED_OVER, Holds, Register, Row, date, end, id, recorded};
use super::systems::System;
use super::{CityError, Spec, unspoilt};

/// What has become of a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is on record against it.
    Normal,
    /// It cannot be used: points full, held back, or not renewed in time.
    Unusable(&'static str),
    /// It ended, or went to another city, on that day.
    Gone(&'static str, NaiveDate),
}

/// A licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Licence {
    /// The highest class.
    pub class: &'static str,
    /// When it was first obtained.
    pub obtained: NaiveDate,
    /// The last day on which it is valid.
    pub until: NaiveDate,
    /// What has become of it.
    pub state: State,
    /// Since when that is so.
    since: NaiveDate,
}

/// A measure against a person's licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    kind: &'static str,
    decided: NaiveDate,
    status: &'static str,
    ended: Option<NaiveDate>,
}

/// What is true of one person.
#[derive(Clone, Debug, Default)]
pub struct Driver {
    /// The licences that the person had and has.
    pub licences: Vec<Licence>,
    /// The measures.
    pub measures: Vec<Measure>,
    /// Whether a row of the person is not as it was entered.
    pub is_spoilt: bool,
}

impl Driver {
    /// The licence with which the person may drive on that day, by the law.
    pub fn drives_with(&self, today: NaiveDate) -> Option<Licence> {
        let usable = |licence: &&Licence| licence.state == State::Normal && licence.until >= today;
        let licence = self.licences.iter().filter(usable).max_by_key(|licence| licence.until)?;
        let is_barred =
            self.measures.iter().filter(|one| one.status == "in_force").any(|measure| {
                let ends_what_was = ["revocation", "withdrawal"].contains(&measure.kind);
                !ends_what_was || licence.obtained <= measure.decided
            });
        (!is_barred).then_some(*licence)
    }

    /// Whether a licence ends in the month of that day, so that the register, which says the month
    /// alone, does not show whether it has.
    pub fn ends_in_this_month(&self, today: NaiveDate) -> bool {
        let month = |day: NaiveDate| (day.year(), day.month());
        self.licences.iter().any(|licence| month(licence.until) == month(today))
    }
}

const LICENCE: Register = Register {
    id: "traffic.licence",
    zh: "机动车驾驶证登记",
    en: "Driving licences",
    table: "T_JSZ",
    lookup: "holder",
    looked_up: 1,
    subjects: "registered_in:traffic.licence",
    since: CARRIED_OVER,
    columns: &[
        ("holder_id", "SFZMHM", Holds::Person),
        (
            "class",
            "ZJCX",
            Holds::Code(&[
                ("A1", "a1"),
                ("A2", "a2"),
                ("A3", "a3"),
                ("B1", "b1"),
                ("B2", "b2"),
                ("C1", "c1"),
                ("C2", "c2"),
                ("D", "other"),
                ("E", "other"),
                ("C1D", "c1"),
                ("A2D", "a2"),
            ]),
        ),
        (
            "status",
            "ZT",
            Holds::Code(&[
                ("正常", "normal"),
                ("超分", "points_full"),
                ("暂扣", "held_back"),
                ("扣留", "held_back"),
                ("逾期未换证", "overdue"),
                ("转出", "moved_out"),
                ("注销", "ended"),
                ("吊销", "ended"),
            ]),
        ),
        ("obtained_on", "CCLZRQ", Holds::Date),
        ("valid_until", "YXQZ", Holds::Month),
        ("ended_on", "ZXRQ", Holds::Date),
        ("recorded_on", "GXRQ", Holds::Date),
    ],
};

const MEASURE: Register = Register {
    id: "traffic.measure",
    zh: "驾驶证行政强制措施及处罚登记",
    en: "Measures against licences",
    table: "T_QZCS",
    lookup: "driver",
    looked_up: 1,
    subjects: "registered_in:traffic.licence",
    since: CARRIED_OVER,
    columns: &[
        ("driver_id", "SFZMHM", Holds::Person),
        (
            "kind",
            "CSLX",
            Holds::Code(&[
                ("扣留驾驶证", "detention"),
                ("暂扣驾驶证", "suspension"),
                ("停止使用", "stop"),
                ("吊销驾驶证", "revocation"),
                ("撤销驾驶许可", "withdrawal"),
            ]),
        ),
        (
            "status",
            "ZT",
            Holds::Code(&[
                ("执行中", "in_force"),
                ("已执行", "ended"),
                ("已解除", "ended"),
                ("决定已撤销", "annulled"),
            ]),
        ),
        ("decided_on", "JDRQ", Holds::Date),
        ("ended_on", "JCRQ", Holds::Date),
    ],
};

const CLASSES: &[&str] =
    &["a1", "a2", "a3", "b1", "b2", "b2", "c1", "c1", "c1", "c1", "c2", "other"];
const STOPS: &[&str] = &["detention", "suspension", "stop"];

/// Writes the two registers beside the city's others, and says what is true of everybody.
pub fn licences(
    spec: &Spec,
    system: System,
    out: &Path,
) -> Result<HashMap<ResidentId, Driver>, CityError> {
    let (city, _) = unspoilt(spec)?;
    let mut random = Random::new(spec.seed ^ 0x11ce_4ce5);
    let mut truth = HashMap::new();
    let (mut licences, mut measures) = (Vec::new(), Vec::new());
    for person in &city.persons {
        let mut driver = Driver::default();
        let last = spec.today.checked_sub_days(Days::new(2)).unwrap_or(spec.today);
        live(&mut random, person.birth, last, &mut driver);
        let held =
            driver.licences.iter().map(|one| licence(&mut random, &person.id, one)).collect();
        driver.is_spoilt |= !LICENCE.enter((spec, &mut random), held, &mut licences);
        let taken =
            driver.measures.iter().map(|one| measure(&mut random, &person.id, one)).collect();
        driver.is_spoilt |= !MEASURE.enter((spec, &mut random), taken, &mut measures);
        truth.insert(person.id, driver);
    }
    LICENCE.write((spec, system), &mut random, licences, out)?;
    MEASURE.write((spec, system), &mut random, measures, out)?;
    Ok(truth)
}

fn years(from: NaiveDate, years: u32) -> NaiveDate {
    from.checked_add_months(Months::new(years * 12)).unwrap_or(from)
}

fn next(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}

/// What happened to a person, up to that day.
fn live(random: &mut Random, birth: NaiveDate, last: NaiveDate, driver: &mut Driver) {
    let first = years(birth, 18).max(NaiveDate::from_ymd_opt(1990, 1, 1).unwrap_or(birth));
    if first >= last || random.chance(350) {
        return;
    }
    obtain(random, first, last, driver);
    let Some(lost) = driver.licences.last().copied() else { return };
    match lost.state {
        State::Gone("ended", day) if random.chance(600) => {
            let kind = random.pick(&["revocation", "revocation", "withdrawal"]);
            let (decided, status, ended) = (day, "in_force", None);
            driver.measures.push(Measure { kind, decided, status, ended });
            if random.chance(500) && next(day) < last {
                obtain(random, next(day), last, driver);
            }
        }
        State::Normal if random.chance(250) => measured(random, lost.obtained, last, driver),
        _ => {}
    }
}

fn obtain(random: &mut Random, first: NaiveDate, last: NaiveDate, driver: &mut Driver) {
    let obtained = random.day(first, last);
    let class = random.pick(CLASSES);
    let (mut since, mut until) = (obtained, years(obtained, 6));
    // Renewed shortly before it ends, or not at all.
    while until <= last && !random.chance(80) {
        let before = Licence { class, obtained, until, state: State::Normal, since };
        since = until.checked_sub_days(Days::new(random.below(80))).unwrap_or(until);
        until = years(until, 10);
        // The row of before was left as it was.
        if until > last && random.chance(60) {
            driver.licences.push(before);
        }
    }
    let day = random.day(since, last);
    let state = match random.below(100) {
        0..=3 => State::Unusable("points_full"),
        4..=7 => State::Unusable("held_back"),
        8..=10 => State::Unusable("overdue"),
        11..=13 => State::Gone("moved_out", day),
        14..=20 => State::Gone("ended", day),
        _ => State::Normal,
    };
    let since = if state == State::Normal { since } else { day };
    driver.licences.push(Licence { class, obtained, until, state, since });
}

/// Measures against one whose licence is in order, by its own row.
fn measured(random: &mut Random, obtained: NaiveDate, last: NaiveDate, driver: &mut Driver) {
    for _ in 0..random.between(1, 3) {
        let decided = random.day(obtained, last);
        let over = random.day(decided, last);
        let (kind, status, ended) = match random.below(100) {
            0..=59 => (random.pick(STOPS), "ended", Some(over)),
            60..=79 => (random.pick(STOPS), "in_force", None),
            80..=89 => (random.pick(&["revocation", "suspension"]), "annulled", None),
            _ => ("revocation", "in_force", None),
        };
        driver.measures.push(Measure { kind, decided, status, ended });
    }
}

fn licence(random: &mut Random, holder: &ResidentId, licence: &Licence) -> Row {
    let (status, ended) = match licence.state {
        State::Normal => ("normal", None),
        State::Unusable(status) => (status, None),
        State::Gone(status, day) => (status, Some(day)),
    };
    let format = random.pick(&["%Y-%m-%d", "%Y%m%d", "%Y-%m", "%Y年%-m月"]);
    vec![
        id(random, holder, licence.obtained),
        LICENCE.word("class", licence.class),
        LICENCE.word("status", status),
        date(random, licence.obtained),
        Some(licence.until.format(format).to_string()),
        ended.and_then(|day| end(random, day)),
        recorded(random, licence.since),
    ]
}

fn measure(random: &mut Random, driver: &ResidentId, measure: &Measure) -> Row {
    vec![
        id(random, driver, measure.decided),
        MEASURE.word("kind", measure.kind),
        MEASURE.word("status", measure.status),
        date(random, measure.decided),
        measure.ended.and_then(|day| end(random, day)),
    ]
}
