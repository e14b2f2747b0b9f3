//! What was paid for the social insurance of everybody in a city, month by month, with a second
//! employer here and there, gaps, payments that came late and payments that were taken back; the
//! register of it, as untidy as real ones; and the right answer for each person, counted from what
//! happened and not from the register.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::describe::Description;
use super::random::Random;
use super::systems::{Servers, System, Table};
use super::{CityError, Spec, unspoilt, write};

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

/// What a question about months comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many months count.
    pub months: usize,
    /// Those in a row up to the last.
    pub last_run: usize,
    /// The first and the last that count, as `2026-10`.
    pub ends: Option<(String, String)>,
}

/// A row of the register as it is written.
struct Row {
    cells: [Option<String>; 6],
}

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
    for person in &city.persons {
        let mut account = Account { is_clean: true, ..Account::default() };
        live(&mut random, person.birth, spec.today, &mut account);
        account.is_entangled = is_entangled(&account);
        let mut own = enter(&mut random, &person.id, &account, &mut number);
        if random.chance(250) {
            account.is_clean = !spoil(&mut random, &mut own);
        }
        rows.extend(own);
        accounts.insert(person.id, account);
    }
    // As they come in, and not person by person.
    for at in (1..rows.len()).rev() {
        let other = usize::try_from(random.below(at as u64 + 1)).unwrap_or(0);
        rows.swap(at, other);
    }
    let table = Table {
        system,
        stem: "contribution",
        name: "T_SBJF",
        header: &["SFZH", "FKSSQ", "XZ", "JE", "DZRQ", "LSH"],
        keys: &["SFZH"],
        rows: rows.into_iter().map(|row| row.cells.to_vec()).collect(),
        as_of: spec.written_at,
        extract: false,
        csv: (encoding_rs::GB18030, false, csv::Terminator::CRLF),
    };
    write::describe(out, &REGISTER, &table, &Servers::default())?;
    Ok(accounts)
}

/// The first day of the month that is so many months later.
fn later(of: NaiveDate, months: u64) -> NaiveDate {
    of.checked_add_months(Months::new(u32::try_from(months).unwrap_or(0))).unwrap_or(of)
}

/// A working life, or what of it is since 2010.
fn live(random: &mut Random, birth: NaiveDate, today: NaiveDate, account: &mut Account) {
    let of_age = birth.checked_add_months(Months::new(18 * 12)).unwrap_or(birth);
    let begin = NaiveDate::from_ymd_opt(2010, 1, 1).unwrap_or_default().max(of_age);
    let mut of = begin.with_day(1).unwrap_or(begin);
    if of < begin {
        of = later(of, 1);
    }
    let now = today.with_day(1).unwrap_or(today);
    if random.chance(150) || of >= now {
        return;
    }
    // Most stay for years; some change often, and some come shortly before the question.
    if random.chance(300) {
        of = of.max(
            now.checked_sub_months(Months::new(u32::try_from(random.between(8, 66)).unwrap_or(8)))
                .unwrap_or(of),
        );
    }
    while of < now {
        let stay = random.pick(&[1, 3, 7, 11, 12, 13, 24, 36, 61, 90]);
        for _ in 0..stay {
            if of >= now {
                break;
            }
            if !random.chance(8) {
                month(random, of, today, account);
            }
            of = later(of, 1);
        }
        of = later(of, random.pick(&[0, 0, 0, 0, 1, 2, 8]));
    }
}

/// One month of work: mostly one employer and all kinds of insurance.
fn month(random: &mut Random, of: NaiveDate, today: NaiveDate, account: &mut Account) {
    let employers = if random.chance(30) { 2 } else { 1 };
    for employer in 0..employers {
        let delay = match random.below(1000) {
            0..=899 => random.between(3, 27),
            900..=969 => random.between(28, 58),
            970..=989 => random.between(59, 95),
            _ => random.between(96, 400),
        };
        let received = of.checked_add_days(Days::new(delay)).unwrap_or(of);
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

/// The month after that of a day, by its own name: payments count until its end.
fn in_time(payment: &Payment) -> bool {
    let (year, month) = (payment.of.year(), payment.of.month());
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let received = (payment.received.year(), payment.received.month());
    received == (year, month) || received == (next_year, next) || received < (year, month)
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
    /// What counts of one kind of insurance in the months that are over before the day: of the last
    /// so many of them.
    pub fn counted(&self, kind: &str, today: NaiveDate, last: usize, late_counts: bool) -> Counted {
        let mut left: BTreeMap<String, i64> = BTreeMap::new();
        for payment in &self.payments {
            let is_kind = KINDS.get(payment.kind).is_some_and(|(name, _)| *name == kind);
            if is_kind && (late_counts || in_time(payment)) {
                let taken: i64 = payment.taken_back.iter().map(|(fen, _)| fen).sum();
                *left.entry(payment.of.format("%Y-%m").to_string()).or_default() +=
                    payment.fen - taken;
            }
        }
        let (mut months, mut last_run, mut is_running) = (Vec::new(), 0, true);
        let (mut year, mut month) = (today.year(), today.month());
        for _ in 0..last {
            (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
            let name = format!("{year:04}-{month:02}");
            if left.get(&name).is_some_and(|left| *left > 0) {
                last_run += usize::from(is_running);
                months.push(name);
            } else {
                is_running = false;
            }
        }
        let ends = months.last().cloned().zip(months.first().cloned());
        Counted { months: months.len(), last_run, ends }
    }
}

/// The rows of an account, in one of the spellings that the agency's programs have.
fn enter(random: &mut Random, id: &ResidentId, account: &Account, number: &mut u64) -> Vec<Row> {
    let mut rows = Vec::new();
    for payment in &account.payments {
        let first = (payment.fen, payment.received);
        let taken = payment.taken_back.iter().map(|(fen, on)| (-fen, *on));
        for (fen, on) in std::iter::once(first).chain(taken) {
            *number += 1;
            rows.push(Row {
                cells: [
                    Some(id.as_str().to_owned()),
                    Some(spelled(random, payment.of)),
                    KINDS.get(payment.kind).map(|(_, code)| (*code).to_owned()),
                    Some(yuan(random, fen)),
                    Some(on.format("%Y-%m-%d").to_string()),
                    Some(format!("SB{number:09}")),
                ],
            });
        }
    }
    rows
}

fn spelled(random: &mut Random, of: NaiveDate) -> String {
    let format = random.pick(&["%Y%m", "%Y%m", "%Y%m", "%Y-%m", "%Y年%-m月", "%Y/%-m", "%Y-%m-01"]);
    of.format(if format.is_empty() { "%Y%m" } else { format }).to_string()
}

fn yuan(random: &mut Random, fen: i64) -> String {
    let (sign, fen) = (if fen < 0 { "-" } else { "" }, fen.abs());
    let text = format!("{sign}{}.{:02}", fen / 100, fen % 100);
    if random.chance(50) { format!("{text}元") } else { text }
}

/// Spoils some rows of a person, so that nobody can read them as something else. Whether any of
/// them was changed.
fn spoil(random: &mut Random, rows: &mut Vec<Row>) -> bool {
    let mut changed = false;
    for _ in 0..random.between(1, 3) {
        let Ok(at) = usize::try_from(random.below(rows.len() as u64)) else { continue };
        let Some(row) = rows.get_mut(at) else { continue };
        let [_, month, kind, amount, day, entry] = &mut row.cells;
        changed = true;
        match random.below(8) {
            0 => {
                *month =
                    Some(random.pick(&["2024.1", "不详", "20243", "2091-03", "3月"]).to_owned())
            }
            1 => *month = None,
            2 => {
                *amount = random.pick(&[None, Some("免缴"), Some("1,2")]).map(str::to_owned);
            }
            3 => *kind = random.pick(&[None, Some("999")]).map(str::to_owned),
            4 => *day = Some(random.pick(&["0000-00-00", "2088-01-01", "不详"]).to_owned()),
            5 => *entry = None,
            6 => {
                // Read in twice, and once more elsewhere in the file.
                let again = Row { cells: row.cells.clone() };
                rows.push(again);
            }
            _ => {
                // Typed into the register again, under the same number, with another amount.
                let mut again = Row { cells: row.cells.clone() };
                let [_, _, _, amount, ..] = &mut again.cells;
                *amount = Some("1.00".to_owned());
                rows.push(again);
            }
        }
    }
    changed
}
