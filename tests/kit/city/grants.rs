//! What the people of a city are granted: allowances, support, the nursing payment of injury
//! insurance, disability certificates, files as demobilised soldiers. The registers of it, as
//! untidy as real ones; and what is true of each person, by what was granted and not by the
//! registers.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use chrono::{Days, Months, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::model::Residence;
use super::random::Random;
use super::sheet::{CARRIED_OVER, Holds, Register, Row, date, end, id, recorded};
use super::systems::System;
use super::{CityError, Spec, unspoilt};

/// What has become of a grant, or of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now {
    /// Granted, and being paid; valid.
    InForce,
    /// Granted, and not paid for the time being; frozen.
    Held,
    /// Asked for, and not granted.
    Applied,
    /// It ended on that day.
    Ended(NaiveDate),
}

/// Something that a person was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The dataset.
    pub register: &'static str,
    /// The kind, or the grade of a certificate, by the name that the check has for it.
    pub kind: &'static str,
    /// When it was granted.
    pub from: NaiveDate,
    /// What has become of it.
    pub now: Now,
    /// Since when that is so.
    pub since: NaiveDate,
}

/// What is true of one person.
#[derive(Clone, Debug, Default)]
pub struct Granted {
    /// Everything that the person was ever granted.
    pub grants: Vec<Grant>,
    /// The registers in which a row of the person is not as it was entered.
    pub spoilt: BTreeSet<&'static str>,
}

impl Granted {
    /// What was granted of these kinds and has not ended.
    pub fn in_force(&self, kinds: &[&str]) -> Vec<Grant> {
        let is_granted = |grant: &&Grant| {
            matches!(grant.now, Now::InForce | Now::Held) && kinds.contains(&grant.kind)
        };
        self.grants.iter().filter(is_granted).copied().collect()
    }

    /// What of these kinds is being paid, or is valid.
    pub fn paid(&self, kinds: &[&str]) -> Vec<Grant> {
        self.in_force(kinds).into_iter().filter(|grant| grant.now == Now::InForce).collect()
    }

    /// Whether no row of the person in these registers was spoilt.
    pub fn is_clean_in(&self, registers: &[&str]) -> bool {
        !registers.iter().any(|register| self.spoilt.contains(register))
    }
}

const STATUS: Holds = Holds::Code(&[
    ("正常发放", "paid"),
    ("暂停", "suspended"),
    ("待审批", "applied"),
    ("不予批准", "applied"),
    ("停发", "ended"),
    ("死亡停发", "ended"),
]);

const ALLOWANCE: Register = Register {
    id: "civil.allowance",
    zh: "福利津贴补贴发放登记",
    en: "Allowances granted",
    table: "T_JTBT",
    lookup: "beneficiary",
    looked_up: 1,
    subjects: "everyone",
    since: CARRIED_OVER,
    columns: &[
        ("beneficiary_id", "SFZH", Holds::Person),
        (
            "kind",
            "BTLX",
            Holds::Code(&[
                ("G80", "advanced_age_80"),
                ("G90", "advanced_age_90"),
                ("G100", "advanced_age_100"),
                ("LHL", "elderly_nursing"),
                ("CSH", "disability_living"),
                ("CHL", "disability_nursing"),
                ("GER", "orphan_living"),
            ]),
        ),
        ("status", "ZT", STATUS),
        ("granted_on", "PZRQ", Holds::Date),
        ("ended_on", "TFRQ", Holds::Date),
        ("recorded_on", "GXRQ", Holds::Date),
    ],
};

const SUPPORT: Register = Register {
    id: "civil.minimum_living",
    zh: "社会救助对象登记",
    en: "Persons supported",
    table: "T_JZDX",
    lookup: "supported",
    looked_up: 1,
    subjects: "everyone",
    since: CARRIED_OVER,
    columns: &[
        ("person_id", "CYSFZH", Holds::Person),
        (
            "kind",
            "JZLB",
            Holds::Code(&[
                ("城市低保", "minimum_living"),
                ("农村低保", "minimum_living"),
                ("特困", "extreme_poverty"),
            ]),
        ),
        ("status", "ZT", STATUS),
        ("granted_on", "PZRQ", Holds::Date),
        ("ended_on", "TBRQ", Holds::Date),
        ("recorded_on", "GXRQ", Holds::Date),
    ],
};

const INJURY: Register = Register {
    id: "social.injury_care",
    zh: "工伤保险生活护理费发放登记",
    en: "Nursing payments of injury insurance",
    table: "T_GSHL",
    lookup: "beneficiary",
    looked_up: 1,
    subjects: "everyone",
    since: CARRIED_OVER,
    columns: &[
        ("beneficiary_id", "SFZH", Holds::Person),
        ("status", "ZT", STATUS),
        ("granted_on", "HDRQ", Holds::Date),
        ("ended_on", "ZZRQ", Holds::Date),
    ],
};

const CERTIFICATE: Register = Register {
    id: "disabled.certificate",
    zh: "残疾人证登记",
    en: "Disability certificates",
    table: "T_CJRZ",
    lookup: "holder",
    looked_up: 1,
    subjects: "registered_in:police.household",
    since: CARRIED_OVER,
    columns: &[
        ("holder_id", "SFZH", Holds::Person),
        (
            "grade",
            "CJDJ",
            Holds::Code(&[("1", "grade_1"), ("2", "grade_2"), ("3", "grade_3"), ("4", "grade_4")]),
        ),
        (
            "status",
            "ZJZT",
            Holds::Code(&[
                ("有效", "valid"),
                ("过期", "expired"),
                ("冻结", "frozen"),
                ("注销", "ended"),
                ("换发", "ended"),
            ]),
        ),
        ("issued_on", "FZRQ", Holds::Date),
        ("ended_on", "ZXRQ", Holds::Date),
        ("recorded_on", "GXRQ", Holds::Date),
    ],
};

const VETERAN: Register = Register {
    id: "veterans.person",
    zh: "退役军人建档立卡登记",
    en: "Demobilised soldiers",
    table: "T_TYJR",
    lookup: "veteran",
    looked_up: 1,
    subjects: "registered_in:police.household",
    since: CARRIED_OVER,
    columns: &[
        ("person_id", "GMSFHM", Holds::Person),
        (
            "settlement",
            "AZFS",
            Holds::Code(&[
                ("自主就业", "own_work"),
                ("转业", "assigned"),
                ("安排工作", "assigned"),
                ("退休", "retired"),
                ("复员", "other"),
            ]),
        ),
        (
            "status",
            "SHZT",
            Holds::Code(&[("已审核", "confirmed"), ("待审核", "pending"), ("已撤销", "void")]),
        ),
        ("left_on", "TYRQ", Holds::Date),
        ("recorded_on", "GXRQ", Holds::Date),
    ],
};

const REGISTERS: [&Register; 5] = [&ALLOWANCE, &SUPPORT, &INJURY, &CERTIFICATE, &VETERAN];

/// Writes these registers beside the city's others, and says what is true of everybody.
pub fn grants(
    spec: &Spec,
    system: System,
    out: &Path,
) -> Result<HashMap<ResidentId, Granted>, CityError> {
    let (city, _) = unspoilt(spec)?;
    let mut random = Random::new(spec.seed ^ 0x6a27_7ed0);
    let mut truth = HashMap::new();
    let mut rows: HashMap<&str, Vec<Row>> = HashMap::new();
    for person in &city.persons {
        let last = person.death.unwrap_or(spec.today).min(before(spec.today));
        let mut life = Life { random: &mut random, birth: person.birth, last, grants: Vec::new() };
        life.grow_old();
        life.is_disabled(person.residence != Residence::Absent);
        life.is_poor();
        life.has_served(person.residence != Residence::Absent);
        let mut granted = Granted { grants: life.grants, spoilt: BTreeSet::new() };
        for register in REGISTERS {
            let of_it = granted.grants.iter().filter(|grant| grant.register == register.id);
            let own =
                of_it.map(|grant| written(&mut random, register, &person.id, grant)).collect();
            let all = rows.entry(register.id).or_default();
            if !register.enter((spec, &mut random), own, all) {
                granted.spoilt.insert(register.id);
            }
        }
        truth.insert(person.id, granted);
    }
    for register in REGISTERS {
        let rows = rows.remove(register.id).unwrap_or_default();
        register.write((spec, system), &mut random, rows, out)?;
    }
    Ok(truth)
}

/// What happens on the city's day, or the day before, is not over when the registers are read.
fn before(today: NaiveDate) -> NaiveDate {
    today.checked_sub_days(Days::new(2)).unwrap_or(today)
}

fn years(from: NaiveDate, years: u32) -> NaiveDate {
    from.checked_add_months(Months::new(years * 12)).unwrap_or(from)
}

/// A person's life, as far as it brings grants.
struct Life<'a> {
    random: &'a mut Random,
    birth: NaiveDate,
    /// The last day on which something can have been granted or have ended.
    last: NaiveDate,
    grants: Vec<Grant>,
}

impl Life<'_> {
    /// A grant from some day on between two, and what has become of it.
    fn granted(&mut self, register: &'static str, kind: &'static str, from: NaiveDate) {
        let first = from.max(NaiveDate::from_ymd_opt(1990, 1, 1).unwrap_or(from));
        if first >= self.last {
            return;
        }
        let from = self.random.day(first, self.last);
        let since = self.random.day(from, self.last);
        let now = match self.random.below(100) {
            0..=54 => Now::InForce,
            55..=64 => Now::Held,
            65..=74 if register != CERTIFICATE.id => Now::Applied,
            _ => Now::Ended(since),
        };
        self.grants.push(Grant { register, kind, from, now, since });
        // Ended once, and granted again.
        if matches!(now, Now::Ended(_)) && self.random.chance(300) && since < self.last {
            let again = self.random.day(since.succ_opt().unwrap_or(since), self.last);
            let grant = Grant { register, kind, from: again, now: Now::InForce, since: again };
            self.grants.push(grant);
        }
    }

    /// The steps of the advanced-age allowance: each takes the place of the one before, mostly.
    fn grow_old(&mut self) {
        let steps = [(80, "advanced_age_80"), (90, "advanced_age_90"), (100, "advanced_age_100")];
        let mut earlier: Option<usize> = None;
        for (age, kind) in steps {
            let reached = years(self.birth, age);
            if reached >= self.last || self.random.chance(350) {
                continue;
            }
            let before = self.grants.len();
            self.granted(ALLOWANCE.id, kind, reached);
            let from = self.grants.get(before).map(|grant| grant.from);
            let replaced = earlier.and_then(|place| self.grants.get_mut(place));
            if let (Some(from), Some(replaced)) = (from, replaced)
                && matches!(replaced.now, Now::InForce | Now::Held)
                && replaced.from <= from
                && self.random.chance(850)
            {
                (replaced.now, replaced.since) = (Now::Ended(from), from);
            }
            earlier = Some(self.grants.len().saturating_sub(1)).filter(|place| *place >= before);
        }
        if years(self.birth, 60) < self.last && self.random.chance(60) {
            self.granted(ALLOWANCE.id, "elderly_nursing", years(self.birth, 60));
        }
    }

    /// A certificate, perhaps graded anew some years later, and what comes with it.
    fn is_disabled(&mut self, is_known_here: bool) {
        if !is_known_here || !self.random.chance(300) {
            return;
        }
        let grade = self.grade();
        let first = self.grants.len();
        self.granted(CERTIFICATE.id, grade, self.birth);
        // One is valid at a time.
        let again = self.grants.len() > first + 1;
        if !again
            && self.random.chance(300)
            && let Some(Grant { from, now: Now::InForce, .. }) = self.grants.get(first).copied()
            && from < self.last
        {
            let anew = self.random.day(from.succ_opt().unwrap_or(from), self.last);
            if let Some(grant) = self.grants.get_mut(first) {
                (grant.now, grant.since) = (Now::Ended(anew), anew);
            }
            let (register, kind) = (CERTIFICATE.id, self.grade());
            self.grants.push(Grant { register, kind, from: anew, now: Now::InForce, since: anew });
        }
        for (kind, chance) in [("disability_living", 150), ("disability_nursing", 150)] {
            if self.random.chance(chance) {
                self.granted(ALLOWANCE.id, kind, self.birth);
            }
        }
        if self.random.chance(600) {
            self.granted(SUPPORT.id, "minimum_living", self.birth);
        }
        if self.random.chance(60) {
            self.granted(INJURY.id, "", years(self.birth, 18));
        }
    }

    fn grade(&mut self) -> &'static str {
        self.random.pick(&["grade_1", "grade_2", "grade_2", "grade_3", "grade_4"])
    }

    fn is_poor(&mut self) {
        if self.random.chance(40) {
            self.granted(SUPPORT.id, "minimum_living", self.birth);
        }
        if self.random.chance(30) {
            self.granted(SUPPORT.id, "extreme_poverty", self.birth);
        }
        if self.random.chance(20) {
            self.granted(ALLOWANCE.id, "orphan_living", self.birth);
        }
        if self.random.chance(10) {
            self.granted(INJURY.id, "", years(self.birth, 18));
        }
    }

    /// A file of one who has served; some were not checked, or found wrong.
    fn has_served(&mut self, is_known_here: bool) {
        let (first, last) = (years(self.birth, 18), years(self.birth, 45).min(self.last));
        if !is_known_here || first >= last || !self.random.chance(200) {
            return;
        }
        let from = self.random.day(first, last);
        let since = self.random.day(from, self.last);
        let kind = self.random.pick(&["own_work", "own_work", "assigned", "retired", "other"]);
        let now = match self.random.below(10) {
            0 => Now::Applied,
            1 => Now::Ended(since),
            _ => Now::InForce,
        };
        self.grants.push(Grant { register: VETERAN.id, kind, from, now, since });
    }
}

/// A grant as a row of its register.
fn written(random: &mut Random, register: &Register, holder: &ResidentId, grant: &Grant) -> Row {
    let is_certificate = register.id == CERTIFICATE.id;
    let status = match grant.now {
        Now::InForce if register.id == VETERAN.id => "confirmed",
        Now::Held | Now::Applied if register.id == VETERAN.id => "pending",
        Now::Ended(_) if register.id == VETERAN.id => "void",
        Now::InForce if is_certificate => "valid",
        Now::Held if is_certificate => random.pick(&["frozen", "expired"]),
        Now::InForce => "paid",
        Now::Held => "suspended",
        Now::Applied => "applied",
        Now::Ended(_) => "ended",
    };
    let cell = |random: &mut Random, name: &str| match name {
        "kind" | "grade" | "settlement" => register.word(name, grant.kind),
        "status" => register.word(name, status),
        "granted_on" | "issued_on" if grant.now == Now::Applied => None,
        "granted_on" | "issued_on" | "left_on" => date(random, grant.from),
        "ended_on" => match grant.now {
            Now::Ended(day) => end(random, day),
            _ => None,
        },
        "recorded_on" => recorded(random, grant.since),
        _ => id(random, holder, grant.from),
    };
    register.columns.iter().map(|(name, ..)| cell(random, name)).collect()
}
