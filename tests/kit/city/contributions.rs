//! What was paid for the social insurance of everybody in a city, month by month, with a second
//! employer here and there, gaps, payments that came late and payments that were taken back; the
//! register of it, as untidy as real ones; and the right answer for each person, counted from what
//! happened and not from the register.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use chrono::{Days, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::describe::Description;
use super::monthly::{
    Counted, Places, Range, counted, delay, mixed, named, spelled, spoil, working_life, yuan,
};
use super::random::Random;
use super::systems::{Servers, System, Table};
use super::{CityError, Spec, monthly, unspoilt, write};

const KINDS: [(&str, &str); 5] = [
    ("pension", "110"),
    ("medical", "310"),
    ("unemployment", "210"),
    ("injury", "410"),
    ("maternity", "510"),
];

/// How much of one kind was paid for one month by one employer, and what became of it.
#[derive(Clone, Debug)]
struct Payment {
    /// The first day of its month.
    of: NaiveDate,
    kind: usize,
    fen: i64,
    received: NaiveDate,
    /// What was taken back of it, and when.
    taken_back: Vec<(i64, NaiveDate)>,
}

/// What is true of one person.
#[derive(Clone, Debug, Default)]
pub struct Account {
    payments: Vec<Payment>,
    /// Whether every row of the person is in the register as it was entered.
    pub is_clean: bool,
    /// Whether something was taken back of a month that was also paid late, so that nobody can tell
    /// of which payment.
    pub is_entangled: bool,
}

/// Where the cells of a row are.
const PLACES: Places = Places { month: 1, kind: 2, amount: 3, day: 4, number: 5 };

const REGISTER: Description = Description {
    folder: "social",
    file: "contribution.toml",
    text: r#"# The contributions of the social insurance agency, one row for each month.

[dataset]
id = "social.contribution"
name = { zh = "社会保险缴费记录", en = "Social insurance contributions" }
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
text = { zh = "在杭州市缴纳的社会保险费", en = "social insurance paid in Hangzhou" }

[[column]]
name = "insured_id"
field = "SFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "month"
field = "FKSSQ"
type = "month"
grade = "L3"
day = "ignored"

[[column]]
name = "insurance"
field = "XZ"
type = "code"
grade = "L3"
[column.codes]
"110" = "pension"
"310" = "medical"
"210" = "unemployment"
"410" = "work_injury"
"510" = "maternity"

[[column]]
name = "amount"
field = "JE"
type = "money"
grade = "L3"

[[column]]
name = "paid_on"
field = "DZRQ"
type = "date"
grade = "L3"

[[column]]
name = "entry_no"
field = "LSH"
type = "text"
grade = "L2"

[[lookup]]
name = "insured"
columns = ["insured_id"]
"#,
};

/// Writes the register beside the city's others, and says what is true of everybody.
pub fn contributions(
    spec: &Spec,
    system: System,
    out: &Path,
) -> Result<HashMap<ResidentId, Account>, CityError> {
    let (city, _) = unspoilt(spec)?;
    let mut random = Random::new(spec.seed ^ 0x50c1_a100);
    let mut accounts = HashMap::new();
    let (mut rows, mut number) = (Vec::new(), 0_u64);
    for person in city.persons.iter().take(spec.with_months()) {
        let mut account = Account { is_clean: true, ..Account::default() };
        working_life(&mut random, person.birth, spec.today, |random, of| {
            month(random, of, spec.today, &mut account);
        });
        account.is_entangled = is_entangled(&account);
        let mut own = enter(&mut random, &person.id, &account, &mut number);
        if random.chance(250) {
            account.is_clean = !spoil(&mut random, &mut own, PLACES);
        }
        rows.extend(own);
        accounts.insert(person.id, account);
    }
    mixed(&mut random, &mut rows);
    let table = Table {
        system,
        stem: "contribution",
        name: "T_SBJF",
        header: &["SFZH", "FKSSQ", "XZ", "JE", "DZRQ", "LSH"],
        keys: &["SFZH"],
        rows,
        as_of: spec.written_at,
        extract: false,
        csv: (encoding_rs::GB18030, false, csv::Terminator::CRLF),
    };
    write::describe(out, &REGISTER, &table, &Servers::default())?;
    Ok(accounts)
}

/// One month of work: mostly one employer and all kinds of insurance.
fn month(random: &mut Random, of: NaiveDate, today: NaiveDate, account: &mut Account) {
    let employers = if random.chance(30) { 2 } else { 1 };
    for employer in 0..employers {
        let received = of.checked_add_days(Days::new(delay(random))).unwrap_or(of);
        // What has not been received yet is on no record.
        if received > today {
            continue;
        }
        for kind in 0..KINDS.len() {
            if kind > 0 && random.chance(40 + 200 * employer) {
                continue;
            }
            let fen = 20_000 + i64::try_from(random.below(90_000)).unwrap_or(0);
            let mut payment = Payment { of, kind, fen, received, taken_back: Vec::new() };
            if random.chance(12) {
                let on = received.checked_add_days(Days::new(random.between(1, 200))).unwrap_or(of);
                let whole = random.chance(600);
                let part = if whole { fen } else { fen / 3 };
                if on <= today {
                    payment.taken_back.push((part, on));
                    // And once more, or paid anew.
                    if !whole && random.chance(400) {
                        payment.taken_back.push((fen - part, on));
                    }
                    if random.chance(400) {
                        account.payments.push(Payment {
                            received: on,
                            taken_back: Vec::new(),
                            ..payment.clone()
                        });
                    }
                }
            }
            account.payments.push(payment);
        }
    }
}

fn in_time(payment: &Payment) -> bool {
    monthly::in_time(payment.of, payment.received)
}

fn is_entangled(account: &Account) -> bool {
    let taken: BTreeSet<(NaiveDate, usize)> = account
        .payments
        .iter()
        .filter(|payment| !payment.taken_back.is_empty())
        .map(|payment| (payment.of, payment.kind))
        .collect();
    let mut payments = account.payments.iter();
    payments.any(|payment| !in_time(payment) && taken.contains(&(payment.of, payment.kind)))
}

impl Account {
    /// What counts of one kind of insurance in those months.
    pub fn counted(&self, kind: &str, range: Range, late_counts: bool) -> Counted {
        let mut left: BTreeMap<String, i64> = BTreeMap::new();
        for payment in &self.payments {
            let is_kind = KINDS.get(payment.kind).is_some_and(|(name, _)| *name == kind);
            if is_kind && (late_counts || in_time(payment)) {
                let taken: i64 = payment.taken_back.iter().map(|(fen, _)| fen).sum();
                *left.entry(named(payment.of)).or_default() += payment.fen - taken;
            }
        }
        counted(&left.into_iter().map(|(month, left)| (month, left > 0)).collect(), range)
    }
}

/// The rows of an account, in one of the spellings that the agency's programs have.
fn enter(
    random: &mut Random,
    id: &ResidentId,
    account: &Account,
    number: &mut u64,
) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    for payment in &account.payments {
        let first = (payment.fen, payment.received);
        let taken = payment.taken_back.iter().map(|(fen, on)| (-fen, *on));
        for (fen, on) in std::iter::once(first).chain(taken) {
            *number += 1;
            rows.push(vec![
                Some(id.as_str().to_owned()),
                Some(spelled(random, payment.of)),
                KINDS.get(payment.kind).map(|(_, code)| (*code).to_owned()),
                Some(yuan(random, fen)),
                Some(on.format("%Y-%m-%d").to_string()),
                Some(format!("SB{number:09}")),
            ]);
        }
    }
    rows
}
