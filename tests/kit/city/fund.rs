//! The housing provident fund of a city: deposits month by month, late ones, what was taken back,
//! withdrawals and interest between them; the accounts, sealed and opened again as people change
//! work; both registers as untidy as real ones; and what is true of each person, from what happened
//! and not from the registers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use chrono::{Days, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::describe::Description;
use super::monthly::{
    Counted, Places, Range, counted, day, delay, in_time, later, mixed, named, spelled, spoil,
    working_life, written, yuan,
};
use super::random::Random;
use super::systems::{Servers, System, Table};
use super::{CityError, Spec, unspoilt, write};

/// How much was deposited for a month, under which kind of entry, and what became of it.
#[derive(Clone, Debug)]
struct Deposit {
    /// The first day of its month.
    of: NaiveDate,
    entry: &'static str,
    fen: i64,
    received: NaiveDate,
    /// What was taken back of it, and when.
    taken_back: Vec<(i64, NaiveDate)>,
}

/// What has become of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Normal,
    Sealed,
    Transferred,
    Closed,
}

#[derive(Clone, Debug)]
struct Account {
    state: State,
    opened: NaiveDate,
    /// Since when it is in that state.
    since: NaiveDate,
}

/// What is true of one person.
#[derive(Clone, Debug, Default)]
pub struct Fund {
    deposits: Vec<Deposit>,
    accounts: Vec<Account>,
    /// Whether every row of the person's deposits is in the register as it was entered.
    pub is_clean: bool,
    /// The same of accounts.
    pub is_account_clean: bool,
    /// Whether something was taken back of a month, under a kind of entry, that was also deposited
    /// late, so that nobody can tell of which deposit.
    pub is_entangled: bool,
}

impl Fund {
    /// The months that count.
    pub fn counted(&self, range: Range, late_counts: bool) -> Counted {
        let mut left: BTreeMap<(String, &str), i64> = BTreeMap::new();
        let deposits = self.deposits.iter();
        for deposit in deposits.filter(|one| late_counts || in_time(one.of, one.received)) {
            let taken: i64 = deposit.taken_back.iter().map(|(fen, _)| fen).sum();
            *left.entry((named(deposit.of), deposit.entry)).or_default() += deposit.fen - taken;
        }
        let mut counts: BTreeMap<String, bool> = BTreeMap::new();
        for ((month, _), left) in left {
            *counts.entry(month).or_default() |= left > 0;
        }
        counted(&counts, range)
    }

    /// The days on which the accounts were opened that are in deposit.
    pub fn active_since(&self) -> Vec<NaiveDate> {
        let active = self.accounts.iter().filter(|account| account.state == State::Normal);
        active.map(|account| account.opened).collect()
    }
}

const DEPOSIT: Description = Description {
    folder: "fund",
    file: "deposit.toml",
    text: r#"# The detailed accounts of the provident fund centre.

[dataset]
id = "fund.deposit"
name = { zh = "住房公积金明细账", en = "Entries in provident fund accounts" }
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
text = { zh = "在杭州市缴存的住房公积金", en = "provident fund deposits made in Hangzhou" }

[[column]]
name = "depositor_id"
field = "ZJHM"
type = "resident_id"
grade = "L3"

[[column]]
name = "month"
field = "HJNY"
type = "month"
grade = "L3"
day = "ignored"

[[column]]
name = "entry"
field = "YWLX"
type = "code"
grade = "L3"
[column.codes]
"汇缴" = "deposit"
"补缴" = "back_payment"
"转入" = "transfer"
"提取" = "withdrawal"
"结息" = "interest"

[[column]]
name = "amount"
field = "FSE"
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
name = "depositor"
columns = ["depositor_id"]
"#,
};

const ACCOUNT: Description = Description {
    folder: "fund",
    file: "account.toml",
    text: r#"# The accounts of the provident fund centre.

[dataset]
id = "fund.account"
name = { zh = "住房公积金个人账户登记", en = "Provident fund accounts" }
sharing = "conditional"
most_age = "36h"
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
text = { zh = "杭州住房公积金管理中心的个人账户", en = "accounts with the centre of Hangzhou" }

[[column]]
name = "account_no"
field = "GRZH"
type = "text"
grade = "L3"

[[column]]
name = "holder_id"
field = "ZJHM"
type = "resident_id"
grade = "L3"

[[column]]
name = "status"
field = "ZHZT"
type = "code"
grade = "L3"
codes = { "01" = "normal", "02" = "sealed", "03" = "transferred", "04" = "closed" }

[[column]]
name = "opened_on"
field = "KHRQ"
type = "date"
grade = "L3"

[[column]]
name = "status_on"
field = "ZTRQ"
type = "date"
grade = "L3"

[[column]]
name = "closed_on"
field = "XHRQ"
type = "date"
grade = "L3"

[[lookup]]
name = "holder"
columns = ["holder_id"]
"#,
};

/// Where the cells of a row of deposits are.
const PLACES: Places = Places { month: 1, kind: 2, amount: 3, day: 4, number: 5 };

/// Writes both registers beside the city's others, and says what is true of everybody.
pub fn fund(
    spec: &Spec,
    systems: [System; 2],
    out: &Path,
) -> Result<HashMap<ResidentId, Fund>, CityError> {
    let (city, _) = unspoilt(spec)?;
    let mut random = Random::new(spec.seed ^ 0xf0_4d00_0001);
    let mut funds = HashMap::new();
    let (mut deposits, mut accounts, mut number) = (Vec::new(), Vec::new(), 0_u64);
    for person in city.persons.iter().take(spec.with_months()) {
        let mut fund = Fund { is_clean: true, is_account_clean: true, ..Fund::default() };
        let mut worked = Vec::new();
        working_life(&mut random, person.birth, spec.today, |random, of| {
            worked.push(of);
            month(random, of, spec.today, &mut fund);
        });
        hold(&mut random, &worked, spec.today, &mut fund);
        fund.is_entangled = is_entangled(&fund);
        let mut own = entries(&mut random, &person.id, &fund, &mut number);
        if random.chance(250) {
            fund.is_clean = !spoil(&mut random, &mut own, PLACES);
        }
        deposits.extend(own);
        let mut own = account_rows(&mut random, &person.id, &fund, &mut number);
        if random.chance(150) {
            fund.is_account_clean = !spoil_account(&mut random, &mut own);
        }
        accounts.extend(own);
        funds.insert(person.id, fund);
    }
    mixed(&mut random, &mut deposits);
    mixed(&mut random, &mut accounts);
    let [of_deposits, of_accounts] = systems;
    let table = Table {
        system: of_deposits,
        stem: "deposit",
        name: "T_GJJMX",
        header: &["ZJHM", "HJNY", "YWLX", "FSE", "DZRQ", "LSH"],
        keys: &["ZJHM"],
        rows: deposits,
        as_of: spec.written_at,
        extract: false,
        csv: (encoding_rs::UTF_8, true, csv::Terminator::CRLF),
    };
    write::describe(out, &DEPOSIT, &table, &Servers::default())?;
    let table = Table {
        system: of_accounts,
        stem: "account",
        name: "T_GRZH",
        header: &["GRZH", "ZJHM", "ZHZT", "KHRQ", "ZTRQ", "XHRQ"],
        keys: &["ZJHM"],
        rows: accounts,
        as_of: spec.written_at,
        extract: false,
        csv: (encoding_rs::GB18030, false, csv::Terminator::Any(b'\n')),
    };
    write::describe(out, &ACCOUNT, &table, &Servers::default())?;
    Ok(funds)
}

/// One month of work: mostly one employer.
fn month(random: &mut Random, of: NaiveDate, today: NaiveDate, fund: &mut Fund) {
    let employers = if random.chance(20) { 2 } else { 1 };
    for _ in 0..employers {
        let received = of.checked_add_days(Days::new(delay(random))).unwrap_or(of);
        // What has not been received yet is on no record.
        if received > today {
            continue;
        }
        // Clerks book some late ones as back-payments, and some that are in time.
        let is_booked_back = random.chance(if in_time(of, received) { 10 } else { 700 });
        let entry = if is_booked_back { "补缴" } else { "汇缴" };
        let fen = 60_000 + i64::try_from(random.below(300_000)).unwrap_or(0);
        let mut deposit = Deposit { of, entry, fen, received, taken_back: Vec::new() };
        if random.chance(15) {
            let on = received.checked_add_days(Days::new(random.between(1, 90))).unwrap_or(of);
            let part = if random.chance(600) { fen } else { fen / 2 };
            if on <= today {
                deposit.taken_back.push((part, on));
                // And deposited anew, more often than not.
                if random.chance(600) {
                    let again = Deposit { received: on, taken_back: Vec::new(), ..deposit.clone() };
                    fund.deposits.push(again);
                }
            }
        }
        fund.deposits.push(deposit);
    }
}

/// The accounts of a working life.
fn hold(random: &mut Random, worked: &[NaiveDate], today: NaiveDate, fund: &mut Fund) {
    let (Some(first), Some(last)) = (worked.first(), worked.last()) else { return };
    let recent = today.checked_sub_days(Days::new(5)).unwrap_or(today);
    let on = |random: &mut Random, month: NaiveDate| {
        month.checked_add_days(Days::new(random.between(1, 25))).unwrap_or(month).min(recent)
    };
    let mut opened = on(random, *first);
    // Who came from another employer may have an old account, which was not carried on.
    if worked.len() > 30
        && random.chance(150)
        && let Some(middle) = worked.get(worked.len() / 2)
    {
        let state = if random.chance(500) { State::Sealed } else { State::Transferred };
        fund.accounts.push(Account { state, opened, since: on(random, *middle) });
        opened = on(random, later(*middle, 1));
    }
    let works_still = later(*last, 2) >= today.checked_sub_days(Days::new(31)).unwrap_or(today);
    let account = if works_still {
        let was_sealed = random.chance(200);
        let since = if was_sealed { random.day(opened, recent) } else { opened };
        Account { state: State::Normal, opened, since }
    } else {
        let state = match random.below(10) {
            0 => State::Transferred,
            1 => State::Closed,
            _ => State::Sealed,
        };
        Account { state, opened, since: on(random, later(*last, 1)).max(opened) }
    };
    fund.accounts.push(account);
}

fn is_entangled(fund: &Fund) -> bool {
    let taken: BTreeSet<(NaiveDate, &str)> = fund
        .deposits
        .iter()
        .filter(|deposit| !deposit.taken_back.is_empty())
        .map(|deposit| (deposit.of, deposit.entry))
        .collect();
    let mut deposits = fund.deposits.iter();
    deposits.any(|one| !in_time(one.of, one.received) && taken.contains(&(one.of, one.entry)))
}

/// The entries of a person, with those that are no deposits.
fn entries(
    random: &mut Random,
    id: &ResidentId,
    fund: &Fund,
    number: &mut u64,
) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    let mut enter = |random: &mut Random, month: Option<NaiveDate>, entry: &str, fen, on| {
        *number += 1;
        rows.push(vec![
            Some(written(random, id)),
            month.map(|of| spelled(random, of)),
            Some(entry.to_owned()),
            Some(yuan(random, fen)),
            Some(day(random, on)),
            Some(format!("GJJ{number:09}")),
        ]);
    };
    for deposit in &fund.deposits {
        let Deposit { of, entry, fen, received, taken_back } = deposit;
        enter(random, Some(*of), entry, *fen, *received);
        for (fen, on) in taken_back {
            enter(random, Some(*of), entry, -fen, *on);
        }
        if random.chance(20) {
            enter(random, None, "提取", -fen * 5, *received);
        }
        if random.chance(20) {
            enter(random, Some(*of), "结息", fen / 90, *received);
        }
        if random.chance(5) {
            enter(random, Some(*of), "转入", fen * 20, *received);
        }
    }
    rows
}

fn account_rows(
    random: &mut Random,
    id: &ResidentId,
    fund: &Fund,
    number: &mut u64,
) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    for Account { state, opened, since } in &fund.accounts {
        *number += 1;
        let code = match state {
            State::Normal => "01",
            State::Sealed => "02",
            State::Transferred => "03",
            State::Closed => "04",
        };
        let has_ended = matches!(state, State::Transferred | State::Closed);
        // Not every clerk wrote down the day of the end.
        let closed = (has_ended && !random.chance(200)).then_some(*since);
        rows.push(vec![
            Some(format!("8{number:08}")),
            Some(written(random, id)),
            Some(code.to_owned()),
            Some(day(random, *opened)),
            Some(day(random, *since)),
            closed.map(|on| day(random, on)),
        ]);
    }
    rows
}

/// Spoils a row of an account. Whether there was one.
fn spoil_account(random: &mut Random, rows: &mut Vec<Vec<Option<String>>>) -> bool {
    let Ok(at) = usize::try_from(random.below(rows.len() as u64)) else { return false };
    let Some(row) = rows.get_mut(at) else { return false };
    let mut set = |place: usize, text: Option<&str>| {
        if let Some(cell) = row.get_mut(place) {
            *cell = text.map(str::to_owned);
        }
    };
    match random.below(7) {
        0 => set(2, Some("09")),
        1 => set(2, None),
        2 => set(4, None),
        3 => set(3, Some("不详")),
        // Rare: more of them, and the register's owner has taken another column for it.
        4 if random.chance(150) => set(5, Some("2019-03-05")),
        4 => set(2, Some("待核")),
        5 => {
            let again = row.clone();
            rows.push(again);
        }
        _ => {
            // The same account once more, in another state.
            let mut again = row.clone();
            if let Some(state) = again.get_mut(2) {
                let is_normal = state.as_deref() == Some("01");
                *state = Some(if is_normal { "02" } else { "01" }.to_owned());
            }
            rows.push(again);
        }
    }
    true
}
