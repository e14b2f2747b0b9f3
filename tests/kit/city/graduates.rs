//! Who in a city has graduated, and who is registered as employed; the two registers of it, as
//! untidy as real ones; and what is true of each person, by what happened and not by the registers.

use std::collections::HashMap;
use std::path::Path;

use chrono::{Days, Months, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::random::Random;
use super::sheet::{CARRIED_OVER, Holds, Register, Row, date, end, id, recorded};
use super::systems::System;
use super::{CityError, Spec, unspoilt};

/// A registration as employed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Employment {
    /// The day of it.
    pub from: NaiveDate,
    /// The day on which it ended.
    pub ended: Option<NaiveDate>,
    is_void: bool,
}

/// What is true of one person.
#[derive(Clone, Debug, Default)]
pub struct Graduate {
    /// The days of the person's diplomas, and whether each is valid.
    pub diplomas: Vec<(NaiveDate, bool)>,
    employments: Vec<Employment>,
    /// Whether a row of the person is not as it was entered.
    pub is_spoilt: bool,
}

impl Graduate {
    /// Whether the person has graduated less than two years before that day.
    pub fn is_recent(&self, today: NaiveDate) -> bool {
        self.diplomas.iter().any(|(day, is_valid)| *is_valid && years(*day, 2) > today)
    }

    /// What the person is registered as employed by.
    pub fn employed(&self) -> Vec<Employment> {
        let in_force = |one: &&Employment| one.ended.is_none() && !one.is_void;
        self.employments.iter().filter(in_force).copied().collect()
    }
}

const DIPLOMA: Register = Register {
    id: "education.graduate",
    zh: "高等教育毕业生登记",
    en: "Graduates",
    table: "T_BYS",
    lookup: "graduate",
    looked_up: 1,
    subjects: "registered_in:education.graduate",
    since: CARRIED_OVER,
    columns: &[
        ("graduate_id", "SFZH", Holds::Person),
        (
            "status",
            "ZSZT",
            Holds::Code(&[("有效", "valid"), ("撤销", "withdrawn"), ("无效", "withdrawn")]),
        ),
        ("graduated_on", "BYRQ", Holds::Date),
        ("recorded_on", "GXRQ", Holds::Date),
    ],
};

const EMPLOYMENT: Register = Register {
    id: "employment.registration",
    zh: "就业登记",
    en: "Employment registrations",
    table: "T_JYDJ",
    lookup: "employee",
    looked_up: 1,
    subjects: "everyone",
    since: CARRIED_OVER,
    columns: &[
        ("employee_id", "SFZH", Holds::Person),
        (
            "status",
            "DJZT",
            Holds::Code(&[("1", "in_force"), ("2", "ended"), ("3", "ended"), ("9", "void")]),
        ),
        ("registered_on", "DJRQ", Holds::Date),
        ("ended_on", "ZZRQ", Holds::Date),
        ("recorded_on", "GXRQ", Holds::Date),
    ],
};

/// Writes the two registers beside the city's others, and says what is true of everybody.
pub fn graduates(
    spec: &Spec,
    system: System,
    out: &Path,
) -> Result<HashMap<ResidentId, Graduate>, CityError> {
    let (city, _) = unspoilt(spec)?;
    let mut random = Random::new(spec.seed ^ 0x6ead_0a7e);
    let mut truth = HashMap::new();
    let (mut diplomas, mut employments) = (Vec::new(), Vec::new());
    let last = spec.today.checked_sub_days(Days::new(2)).unwrap_or(spec.today);
    for person in &city.persons {
        let mut graduate = Graduate::default();
        study(&mut random, person.birth, last, &mut graduate);
        work(&mut random, person.birth, last, &mut graduate);
        let own =
            graduate.diplomas.iter().map(|one| diploma(&mut random, &person.id, one)).collect();
        graduate.is_spoilt |= !DIPLOMA.enter((spec, &mut random), own, &mut diplomas);
        let own = graduate.employments.iter();
        let own = own.map(|one| employment(&mut random, &person.id, one, last)).collect();
        graduate.is_spoilt |= !EMPLOYMENT.enter((spec, &mut random), own, &mut employments);
        truth.insert(person.id, graduate);
    }
    DIPLOMA.write((spec, system), &mut random, diplomas, out)?;
    EMPLOYMENT.write((spec, system), &mut random, employments, out)?;
    Ok(truth)
}

fn years(from: NaiveDate, years: u32) -> NaiveDate {
    from.checked_add_months(Months::new(years * 12)).unwrap_or(from)
}

fn study(random: &mut Random, birth: NaiveDate, last: NaiveDate, graduate: &mut Graduate) {
    let first = years(birth, 20);
    if first >= last || random.chance(350) {
        return;
    }
    // Many of late, so that there are enough whom the question is about.
    let lately = last.checked_sub_months(Months::new(36)).unwrap_or(last);
    let first = if random.chance(700) { first.max(lately) } else { first };
    graduate.diplomas.push((random.day(first, last), !random.chance(60)));
    if random.chance(100) {
        graduate.diplomas.push((random.day(first, last), true));
    }
}

fn work(random: &mut Random, birth: NaiveDate, last: NaiveDate, graduate: &mut Graduate) {
    let mut first = years(birth, 18).max(NaiveDate::from_ymd_opt(1995, 1, 1).unwrap_or(birth));
    for _ in 0..random.below(4) {
        if first >= last {
            return;
        }
        let from = random.day(first, last);
        let over = random.day(from, last);
        let (ended, is_void) = match random.below(10) {
            0..=4 => (None, false),
            5 => (None, true),
            _ => (Some(over), false),
        };
        graduate.employments.push(Employment { from, ended, is_void });
        first = over;
    }
}

fn diploma(random: &mut Random, holder: &ResidentId, (day, is_valid): &(NaiveDate, bool)) -> Row {
    vec![
        id(random, holder, *day),
        DIPLOMA.word("status", if *is_valid { "valid" } else { "withdrawn" }),
        date(random, *day),
        recorded(random, *day),
    ]
}

fn employment(random: &mut Random, holder: &ResidentId, one: &Employment, last: NaiveDate) -> Row {
    let status = match one.ended {
        Some(_) => "ended",
        None if one.is_void => "void",
        None => "in_force",
    };
    let since =
        if one.is_void { random.day(one.from, last) } else { one.ended.unwrap_or(one.from) };
    vec![
        id(random, holder, one.from),
        EMPLOYMENT.word("status", status),
        date(random, one.from),
        one.ended.and_then(|day| end(random, day)),
        recorded(random, since),
    ]
}
