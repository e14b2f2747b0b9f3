//! The births in a city since there are certificates of them; the register of these, as untidy as
//! real ones; and what is true of each person, by who was born to whom.

use std::collections::HashMap;
use std::path::Path;

use chrono::{Days, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::model::Residence;
use super::random::Random;
use super::sheet::{Holds, Register, Row, date, id};
use super::systems::System;
use super::{CityError, Spec, unspoilt};

/// A child by its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// When it was born.
    pub birth: NaiveDate,
    /// Whether it lives.
    pub lives: bool,
    /// Whether it is registered here, and its certificate has its number.
    pub is_known: bool,
}

/// What is true of one person.
#[derive(Clone, Debug, Default)]
pub struct Births {
    /// Whether there is a certificate of the person's own birth that has the number.
    pub is_on_record: bool,
    /// The children of whose birth there is a certificate that names the person.
    pub children: Vec<Child>,
    /// Whether a row of the person is not as it was entered.
    pub is_spoilt: bool,
}

const BIRTH: Register = Register {
    id: "health.birth",
    zh: "出生医学证明登记",
    en: "Birth certificates",
    table: "T_CSZM",
    lookup: "family",
    looked_up: 3,
    subjects: "everyone",
    since: ("1996-01-02", false),
    columns: &[
        ("child_id", "XSRSFZH", Holds::Person),
        ("mother_id", "MQSFZH", Holds::Person),
        ("father_id", "FQSFZH", Holds::Person),
        ("birth_date", "CSRQ", Holds::Date),
        ("status", "ZMZT", Holds::Code(&[("签发", "valid"), ("换发", "valid"), ("作废", "void")])),
    ],
};

/// Writes the register beside the city's others, and says what is true of everybody.
pub fn births(
    spec: &Spec,
    system: System,
    out: &Path,
) -> Result<HashMap<ResidentId, Births>, CityError> {
    let (city, _) = unspoilt(spec)?;
    let mut random = Random::new(spec.seed ^ 0xb127_4b12);
    let ids: Vec<ResidentId> = city.persons.iter().map(|person| person.id).collect();
    let mut truth: HashMap<ResidentId, Births> =
        ids.iter().map(|id| (*id, Births::default())).collect();
    let mut rows = Vec::new();
    // What is older was on paper of each hospital's own.
    let begins = BIRTH.since.0.parse().unwrap_or(spec.today);
    let newborn = spec.today.checked_sub_days(Days::new(90)).unwrap_or(spec.today);
    for person in &city.persons {
        let parent = |place: Option<usize>| place.and_then(|place| ids.get(place)).copied();
        let Some(mother) = parent(person.mother).filter(|_| person.birth >= begins) else {
            continue;
        };
        // Not every father is on record, and a newborn has no number yet.
        let father = parent(person.father).filter(|_| !random.chance(60));
        let is_numbered = person.birth < newborn || random.chance(500);
        // Births elsewhere are in no register here.
        if random.chance(100) {
            continue;
        }
        let child = is_numbered.then_some(person.id);
        let certificate = |random: &mut Random, status: &str| -> Row {
            let named = |random: &mut Random, who: Option<ResidentId>| {
                who.and_then(|who| id(random, &who, person.birth))
            };
            vec![
                named(random, child),
                named(random, Some(mother)),
                named(random, father),
                date(random, person.birth),
                BIRTH.word("status", status),
            ]
        };
        let mut own = Vec::new();
        let kept = random.below(100);
        // Void, perhaps with another in its place.
        if kept < 8 {
            own.push(certificate(&mut random, "void"));
        }
        let is_valid = kept >= 3;
        if is_valid {
            own.push(certificate(&mut random, "valid"));
        }
        let is_clean = BIRTH.enter((spec, &mut random), own, &mut rows);
        let is_known = is_numbered && person.residence == Residence::Registered;
        let found = Child { birth: person.birth, lives: person.death.is_none(), is_known };
        for who in [Some(mother), father].into_iter().flatten() {
            let births = truth.entry(who).or_default();
            births.children.extend(is_valid.then_some(found));
            births.is_spoilt |= !is_clean;
        }
        let births = truth.entry(person.id).or_default();
        births.is_on_record = is_valid && is_numbered;
        births.is_spoilt |= !is_clean;
    }
    BIRTH.write((spec, system), &mut random, rows, out)?;
    Ok(truth)
}
