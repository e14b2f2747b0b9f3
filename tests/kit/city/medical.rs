//! Who is enrolled in the medical insurance of a city: employees by their work, residents year by
//! year, some within a waiting period, some suspended, some twice; the register of it, as untidy as
//! real ones; and what is true of each person, from what happened and not from the register.

use std::collections::HashMap;
use std::path::Path;

use chrono::{Datelike as _, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::describe::Description;
use super::monthly::{later, mixed, named, spelled, working_life, written};
use super::random::Random;
use super::systems::{Servers, System, Table};
use super::{CityError, Spec, unspoilt, write};

/// One enrolment.
#[derive(Clone, Debug)]
struct Enrolment {
    scheme: &'static str,
    status: &'static str,
    /// The first day of the first month of benefits.
    from: NaiveDate,
    /// The first day of their last month, where an end is set.
    until: Option<NaiveDate>,
}

/// What is true of one person.
#[derive(Clone, Debug, Default)]
pub struct Insured {
    enrolments: Vec<Enrolment>,
    /// Whether every row of the person is in the register as it was entered.
    pub is_clean: bool,
}

/// The first and the last month of benefits, as `2026-10`.
pub type Benefits = (String, Option<String>);

impl Insured {
    /// What is granted on a day, under a scheme (`1` employees, `2` residents), or any.
    pub fn granted(&self, today: NaiveDate, scheme: Option<&str>) -> Vec<Benefits> {
        let this = first_of(today);
        self.months(|one| {
            scheme.is_none_or(|scheme| scheme == one.scheme)
                && one.status == ACTIVE
                && one.from <= this
                && one.until.is_none_or(|until| this <= until)
        })
    }

    /// What is waited for on a day.
    pub fn awaited(&self, today: NaiveDate) -> Vec<Benefits> {
        let this = first_of(today);
        self.months(|one| one.status == ACTIVE && one.from > this)
    }

    fn months(&self, of: impl Fn(&Enrolment) -> bool) -> Vec<Benefits> {
        let found = self.enrolments.iter().filter(|one| of(one));
        let mut found: Vec<Benefits> =
            found.map(|one| (named(one.from), one.until.map(named))).collect();
        found.sort();
        found.dedup();
        found
    }
}

const ACTIVE: &str = "正常参保";
const SUSPENDED: &str = "暂停参保";
const ENDED: &str = "终止参保";

const REGISTER: Description = Description {
    folder: "medical",
    file: "insured.toml",
    text: r#"# The enrolments of the medical insurance agency.

[dataset]
id = "medical.insured"
name = { zh = "基本医疗保险参保登记", en = "Enrolments in medical insurance" }
sharing = "conditional"
most_age = "24h"
row_floor = {row_floor}
ended = "kept"

[source]
{source}

[coverage]
regions = ["330100"]
since = "2010-01-01"
older = "carried_over"
subjects = "everyone"
renumbered = "carried_over"
text = { zh = "在杭州市参加基本医疗保险的人员", en = "persons enrolled in medical insurance in Hangzhou" }

[[column]]
name = "insured_id"
field = "CBRZJHM"
type = "resident_id"
grade = "L3"

[[column]]
name = "scheme"
field = "XZLX"
type = "code"
grade = "L3"
codes = { "1" = "employee", "2" = "resident" }

[[column]]
name = "status"
field = "CBZT"
type = "code"
grade = "L3"
codes = { "正常参保" = "active", "暂停参保" = "suspended", "终止参保" = "ended" }

[[column]]
name = "benefit_from"
field = "DYKSNY"
type = "month"
grade = "L3"
day = "ignored"

[[column]]
name = "benefit_until"
field = "DYJZNY"
type = "month"
grade = "L3"
day = "ignored"

[[lookup]]
name = "insured"
columns = ["insured_id"]
"#,
};

/// Writes the register beside the city's others, and says what is true of everybody.
pub fn medical(
    spec: &Spec,
    system: System,
    out: &Path,
) -> Result<HashMap<ResidentId, Insured>, CityError> {
    let (city, _) = unspoilt(spec)?;
    let mut random = Random::new(spec.seed ^ 0x3ed_0000_0007);
    let mut insured = HashMap::new();
    let mut rows = Vec::new();
    for person in &city.persons {
        let mut one = Insured { is_clean: true, ..Insured::default() };
        enrol(&mut random, person.birth, spec.today, &mut one);
        let mut own = enter(&mut random, &person.id, &one);
        if random.chance(spec.spoilt(150)) {
            one.is_clean = !spoil(&mut random, &mut own);
        }
        rows.extend(own);
        insured.insert(person.id, one);
    }
    mixed(&mut random, &mut rows);
    let table = Table {
        system,
        stem: "insured",
        name: "T_CBDJ",
        header: &["CBRZJHM", "XZLX", "CBZT", "DYKSNY", "DYJZNY"],
        keys: &["CBRZJHM"],
        rows,
        as_of: spec.written_at,
        extract: false,
        csv: (encoding_rs::GB18030, false, csv::Terminator::CRLF),
    };
    write::describe(out, &REGISTER, &table, &Servers::default())?;
    Ok(insured)
}

fn first_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// A life with the insurance: spells of work, and years as a resident.
fn enrol(random: &mut Random, birth: NaiveDate, today: NaiveDate, insured: &mut Insured) {
    let this = first_of(today);
    let mut spells: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    working_life(random, birth, today, |_, of| match spells.last_mut() {
        Some((_, last)) if later(*last, 1) == of => *last = of,
        _ => spells.push((of, of)),
    });
    let last = spells.len().saturating_sub(1);
    for (at, (first, end)) in spells.iter().enumerate() {
        let works_still = at == last && later(*end, 1) >= this;
        let enrolment = |status, until| Enrolment { scheme: "1", status, from: *first, until };
        let one = match (works_still, random.below(10)) {
            // Paid until the end of a month that is to come, or with no end set.
            (true, 0) => enrolment(ACTIVE, Some(later(this, random.between(0, 3)))),
            (true, 1) => {
                enrolment(SUSPENDED, Some(later(this, 0).pred_opt().map_or(this, first_of)))
            }
            (true, _) => enrolment(ACTIVE, None),
            (false, 0..=2) => enrolment(SUSPENDED, Some(*end)),
            (false, 3) => enrolment(ACTIVE, Some(*end)),
            (false, 4) => enrolment(ENDED, None),
            (false, _) => enrolment(ENDED, Some(*end)),
        };
        insured.enrolments.push(one);
    }
    // Who does not work is enrolled by the year, and not every year.
    let year = |of: i32, month| NaiveDate::from_ymd_opt(of, month, 1).unwrap_or(this);
    if spells.is_empty() || random.chance(60) {
        for back in (0..random.between(1, 4)).rev() {
            let of = today.year() - i32::try_from(back).unwrap_or(0);
            let status = if back == 0 { ACTIVE } else { random.pick(&[ACTIVE, ENDED]) };
            let from = if random.chance(100) { year(of, 4) } else { year(of, 1) };
            if status.is_empty() || random.chance(120) || of < birth.year() {
                continue;
            }
            let until = Some(year(of, 12));
            insured.enrolments.push(Enrolment { scheme: "2", status, from, until });
        }
    }
    // Who joined late waits for the month in which benefits begin.
    if random.chance(80) {
        let from = later(this, random.between(1, 3));
        let scheme = random.pick(&["1", "2"]);
        let until = (scheme == "2").then(|| year(from.year(), 12));
        insured.enrolments.push(Enrolment { scheme, status: ACTIVE, from, until });
    }
}

fn enter(random: &mut Random, id: &ResidentId, insured: &Insured) -> Vec<Vec<Option<String>>> {
    let row = |one: &Enrolment| {
        vec![
            Some(written(random, id)),
            Some(one.scheme.to_owned()),
            Some(one.status.to_owned()),
            Some(spelled(random, one.from)),
            one.until.map(|until| spelled(random, until)),
        ]
    };
    insured.enrolments.iter().map(row).collect()
}

/// Spoils a row. Whether there was one.
fn spoil(random: &mut Random, rows: &mut Vec<Vec<Option<String>>>) -> bool {
    let Ok(at) = usize::try_from(random.below(rows.len() as u64)) else { return false };
    let Some(row) = rows.get_mut(at) else { return false };
    let (place, text) = match random.below(7) {
        0 => (1, Some("9")),
        1 => (1, None),
        2 => (2, Some("待核实")),
        3 => (2, None),
        4 => (3, None),
        5 => (4, Some("不详")),
        _ => {
            // Read in twice.
            let again = row.clone();
            rows.push(again);
            return true;
        }
    };
    if let Some(cell) = row.get_mut(place) {
        *cell = text.map(str::to_owned);
    }
    true
}
