//! Who declared income tax for everybody in a city, month by month, and what was paid: months
//! without tax, returns that came late, were corrected or withdrawn, other items of income, the
//! settlement after the year; the register of it, as untidy as real ones; and what is true of each
//! person, from what happened and not from the register.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use chrono::{Datelike as _, Days, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::describe::Description;
use super::monthly::{
    Counted, Places, Range, counted, day, delay, in_time, later, mixed, named, spelled, spoil,
    working_life, written, yuan,
};
use super::random::Random;
use super::systems::{Servers, System, Table};
use super::{CityError, Spec, unspoilt, write};

/// What somebody declared for one month and item, and what became of it.
#[derive(Clone, Debug)]
struct Return {
    /// The first day of its month.
    of: NaiveDate,
    item: &'static str,
    filed: NaiveDate,
    /// What was paid, and when; corrections after it, below 0 what was paid back.
    payments: Vec<(i64, NaiveDate)>,
    withdrawn: Option<NaiveDate>,
}

/// What is true of one person.
#[derive(Clone, Debug, Default)]
pub struct Taxpayer {
    returns: Vec<Return>,
    /// Whether every row of the person is in the register as it was entered.
    pub is_clean: bool,
    /// Whether tax was paid back of a month for which it was paid late too, so that nobody can tell
    /// of which payment.
    pub is_tax_entangled: bool,
    /// Whether a return was withdrawn of a month for which another came late.
    pub is_filing_entangled: bool,
}

/// The items that count.
const COUNTED: [&str; 2] = ["0100", "0400"];

impl Taxpayer {
    /// The months with tax that was paid and not paid back.
    pub fn taxed(&self, range: Range, late_counts: bool) -> Counted {
        let mut left: BTreeMap<(String, &str), i64> = BTreeMap::new();
        for one in self.returns.iter().filter(|one| COUNTED.contains(&one.item)) {
            let entry = left.entry((named(one.of), one.item)).or_default();
            let payments = one.payments.iter();
            let counts =
                |(fen, on): &&(i64, NaiveDate)| *fen < 0 || late_counts || in_time(one.of, *on);
            *entry += payments.filter(counts).map(|(fen, _)| fen).sum::<i64>();
        }
        months(left.into_iter().map(|((month, _), left)| (month, left > 0)), range)
    }

    /// The months with a return that stands.
    pub fn declared(&self, range: Range, late_counts: bool) -> Counted {
        let returns = self.returns.iter().filter(|one| COUNTED.contains(&one.item));
        let stand = returns.filter(|one| late_counts || in_time(one.of, one.filed));
        months(stand.map(|one| (named(one.of), one.withdrawn.is_none())), range)
    }
}

fn months(all: impl Iterator<Item = (String, bool)>, range: Range) -> Counted {
    let mut counts: BTreeMap<String, bool> = BTreeMap::new();
    for (month, is_one) in all {
        *counts.entry(month).or_default() |= is_one;
    }
    counted(&counts, range)
}

const REGISTER: Description = Description {
    folder: "tax",
    file: "income.toml",
    text: r#"# The returns of individual income tax, one row for each item and month.

[dataset]
id = "tax.income"
name = { zh = "个人所得税申报记录", en = "Individual income tax returns" }
sharing = "conditional"
most_age = "36h"
row_floor = {row_floor}
ended = "kept"

[source]
{source}

[coverage]
regions = ["330100"]
since = "2010-01-01"
subjects = "everyone"
renumbered = "carried_over"
text = { zh = "向杭州市税务机关申报的个人所得税", en = "individual income tax declared to the offices of Hangzhou" }

[[column]]
name = "taxpayer_id"
field = "NSRSBH"
type = "resident_id"
grade = "L3"

[[column]]
name = "month"
field = "SKSSQ"
type = "month"
grade = "L3"
day = "ignored"

[[column]]
name = "item"
field = "SDXM"
type = "code"
grade = "L3"
[column.codes]
"0100" = "wages"
"0400" = "services"
"0500" = "writing"
"0600" = "licences"
"0200" = "business"
"0700" = "capital"
"0800" = "lease"
"0900" = "transfer"
"1000" = "windfall"
"9900" = "settlement"

[[column]]
name = "filing"
field = "SBLX"
type = "code"
grade = "L2"
codes = { "申报" = "declared", "更正" = "declared", "作废" = "withdrawn" }

[[column]]
name = "tax"
field = "SJSE"
type = "money"
grade = "L3"

[[column]]
name = "filed_on"
field = "SBRQ"
type = "date"
grade = "L2"

[[column]]
name = "paid_on"
field = "RKRQ"
type = "date"
grade = "L2"

[[column]]
name = "entry_no"
field = "JLBH"
type = "text"
grade = "L2"

[[lookup]]
name = "taxpayer"
columns = ["taxpayer_id"]
"#,
};

/// Where the cells of a row are.
const PLACES: Places = Places { month: 1, kind: 2, amount: 4, day: 6, number: 7 };

/// Writes the register beside the city's others, and says what is true of everybody.
pub fn income_tax(
    spec: &Spec,
    system: System,
    out: &Path,
) -> Result<HashMap<ResidentId, Taxpayer>, CityError> {
    let (city, _) = unspoilt(spec)?;
    let mut random = Random::new(spec.seed ^ 0x7a_c000_0003);
    let mut taxpayers = HashMap::new();
    let (mut rows, mut number) = (Vec::new(), 0_u64);
    for person in city.persons.iter().take(spec.with_months()) {
        let mut taxpayer = Taxpayer { is_clean: true, ..Taxpayer::default() };
        // Who earns little pays nothing for years.
        let untaxed = random.pick(&[0, 0, 20, 500, 1000]);
        working_life(&mut random, person.birth, spec.today, |random, of| {
            month(random, of, spec.today, untaxed, &mut taxpayer);
        });
        entangle(&mut taxpayer);
        let mut own = enter(&mut random, &person.id, &taxpayer, &mut number);
        if random.chance(250) {
            taxpayer.is_clean = !spoil(&mut random, &mut own, PLACES);
        }
        rows.extend(own);
        taxpayers.insert(person.id, taxpayer);
    }
    mixed(&mut random, &mut rows);
    let table = Table {
        system,
        stem: "income",
        name: "T_GRSDS",
        header: &["NSRSBH", "SKSSQ", "SDXM", "SBLX", "SJSE", "SBRQ", "RKRQ", "JLBH"],
        keys: &["NSRSBH"],
        rows,
        as_of: spec.written_at,
        extract: false,
        csv: (encoding_rs::UTF_8, false, csv::Terminator::CRLF),
    };
    write::describe(out, &REGISTER, &table, &Servers::default())?;
    Ok(taxpayers)
}

/// One month of work: mostly one employer, who withholds in the next month.
fn month(
    random: &mut Random,
    of: NaiveDate,
    today: NaiveDate,
    untaxed: u64,
    taxpayer: &mut Taxpayer,
) {
    let after =
        |random: &mut Random| later(of, 1).checked_add_days(Days::new(random.between(0, 14)));
    let employers = if random.chance(30) { 2 } else { 1 };
    for _ in 0..employers {
        let usual = after(random).unwrap_or(of);
        let filed = if random.chance(960) {
            usual
        } else {
            later(of, 1).checked_add_days(Days::new(delay(random))).unwrap_or(of)
        };
        // What has not been declared yet is on no record.
        if filed > today {
            continue;
        }
        let item = if random.chance(60) { "0400" } else { "0100" };
        let mut one = Return { of, item, filed, payments: Vec::new(), withdrawn: None };
        if !random.chance(untaxed) {
            let fen = 500 + i64::try_from(random.below(200_000)).unwrap_or(0);
            let waits = if random.chance(15) { random.between(20, 80) } else { 0 };
            let paid = filed.checked_add_days(Days::new(waits)).unwrap_or(filed);
            if paid <= today {
                one.payments.push((fen, paid));
                amend(random, fen, paid, today, &mut one);
            }
        }
        taxpayer.returns.push(one);
    }
    // Other income comes in any month.
    if random.chance(20) {
        let item = random.pick(&["0500", "0600", "0200", "0700", "0800", "0900", "1000"]);
        let paid = after(random).unwrap_or(of).min(today);
        let payments = vec![(40_000, paid)];
        taxpayer.returns.push(Return { of, item, filed: paid, payments, withdrawn: None });
    }
}

/// Corrects some returns, or withdraws them.
fn amend(random: &mut Random, fen: i64, paid: NaiveDate, today: NaiveDate, one: &mut Return) {
    if !random.chance(20) {
        return;
    }
    let on = paid.checked_add_days(Days::new(random.between(1, 120))).unwrap_or(paid);
    if on > today {
        return;
    }
    match random.below(4) {
        0 => one.payments.push((-fen, on)),
        1 => one.payments.push((-fen / 2, on)),
        2 => one.payments.push((fen / 3, on)),
        _ => {
            one.payments.push((-fen, on));
            one.withdrawn = Some(on);
        }
    }
}

fn entangle(taxpayer: &mut Taxpayer) {
    let key = |one: &Return| (one.of, one.item);
    let paid_back: BTreeSet<(NaiveDate, &str)> = taxpayer
        .returns
        .iter()
        .filter(|one| one.payments.iter().any(|(fen, _)| *fen < 0))
        .map(key)
        .collect();
    let withdrawn: BTreeSet<(NaiveDate, &str)> =
        taxpayer.returns.iter().filter(|one| one.withdrawn.is_some()).map(key).collect();
    let is_late = |one: &Return, on: NaiveDate| !in_time(one.of, on);
    let mut returns = taxpayer.returns.iter();
    taxpayer.is_tax_entangled = returns.any(|one| {
        let mut payments = one.payments.iter();
        paid_back.contains(&key(one)) && payments.any(|(fen, on)| *fen > 0 && is_late(one, *on))
    });
    let mut returns = taxpayer.returns.iter();
    taxpayer.is_filing_entangled =
        returns.any(|one| withdrawn.contains(&key(one)) && is_late(one, one.filed));
}

/// The rows of a person: each return, its corrections, and its withdrawal row by row.
fn enter(
    random: &mut Random,
    id: &ResidentId,
    taxpayer: &Taxpayer,
    number: &mut u64,
) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    let mut put = |random: &mut Random,
                   (month, item): (Option<NaiveDate>, &str),
                   filing: &str,
                   (fen, filed, paid): (i64, NaiveDate, Option<NaiveDate>)| {
        *number += 1;
        rows.push(vec![
            Some(written(random, id)),
            month.map(|of| spelled(random, of)),
            Some(item.to_owned()),
            Some(filing.to_owned()),
            Some(yuan(random, fen)),
            Some(day(random, filed)),
            paid.map(|on| day(random, on)),
            Some(format!("GS{number:010}")),
        ]);
    };
    for one in &taxpayer.returns {
        let of = (Some(one.of), one.item);
        match one.payments.first() {
            None => put(random, of, "申报", (0, one.filed, None)),
            Some((fen, paid)) => put(random, of, "申报", (*fen, one.filed, Some(*paid))),
        }
        for (fen, on) in one.payments.iter().skip(1) {
            let filing = if one.withdrawn.is_some() { "作废" } else { "更正" };
            put(random, of, filing, (*fen, one.filed, Some(*on)));
        }
        let settled = NaiveDate::from_ymd_opt(one.of.year() + 1, 4, 12);
        if one.of.month() == 6
            && random.chance(300)
            && let Some(on) = settled.filter(|on| *on <= one.filed + Days::new(400))
            && on < taxpayer.last_day()
        {
            put(random, (None, "9900"), "申报", (-12_345, on, Some(on)));
        }
    }
    rows
}

impl Taxpayer {
    /// The last day on which something was declared.
    fn last_day(&self) -> NaiveDate {
        self.returns.iter().map(|one| one.filed).max().unwrap_or_default()
    }
}
