//! Who in a city holds a certificate of talent, and whom a court restricts: both registers, as
//! untidy as real ones, and what is true of each person. Homes, families and months are in the
//! city's other registers.

use std::collections::HashMap;
use std::path::Path;

use chrono::{Days, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::describe::Description;
use super::model::Residence;
use super::monthly::{day, mixed, written};
use super::random::Random;
use super::systems::{Servers, System, Table};
use super::{CityError, Spec, unspoilt, write};

/// What is true of one person.
#[derive(Clone, Copy, Debug, Default)]
pub struct Buyer {
    /// Whether the person is registered in the city, and lives.
    pub is_registered: bool,
    /// Whether the person was, and moved away.
    pub has_moved_out: bool,
    /// Whether a certificate of the person is valid.
    pub is_talent: bool,
    /// Whether an order of a court against the person is in force.
    pub is_restricted: bool,
    /// Whether the rows of certificates are in the register as they were entered.
    pub is_talent_clean: bool,
    /// The same of orders.
    pub is_restriction_clean: bool,
}

const TALENT: Description = Description {
    folder: "talent",
    file: "certificate.toml",
    text: r#"# The certificates of talent.

[dataset]
id = "talent.certificate"
name = { zh = "人才认定记录", en = "Certificates of talent" }
sharing = "conditional"
most_age = "36h"
row_floor = {row_floor}
ended = "kept"

[source]
{source}

[coverage]
regions = ["330100"]
since = "2012-01-01"
older = "carried_over"
subjects = "everyone"
renumbered = "carried_over"
text = { zh = "杭州市认定的人才", en = "talents certified by Hangzhou" }

[[column]]
name = "holder_id"
field = "ZJHM"
type = "resident_id"
grade = "L3"

[[column]]
name = "certificate_no"
field = "ZSBH"
type = "text"
grade = "L2"

[[column]]
name = "status"
field = "ZSZT"
type = "code"
grade = "L2"
codes = { "有效" = "valid", "过期" = "expired", "撤销" = "revoked" }

[[column]]
name = "issued_on"
field = "RDRQ"
type = "date"
grade = "L2"

[[column]]
name = "status_on"
field = "ZZRQ"
type = "date"
grade = "L2"

[[lookup]]
name = "holder"
columns = ["holder_id"]
"#,
};

const RESTRICTION: Description = Description {
    folder: "court",
    file: "restriction.toml",
    text: r#"# The courts' orders that restrict consumption.

[dataset]
id = "court.restriction"
name = { zh = "限制消费令", en = "Orders that restrict consumption" }
sharing = "conditional"
most_age = "36h"
row_floor = {row_floor}
ended = "kept"

[source]
{source}

[coverage]
regions = ["330100"]
since = "2010-10-01"
older = "carried_over"
subjects = "everyone"
renumbered = "carried_over"
text = { zh = "杭州市各级人民法院作出的限制消费令", en = "orders of the courts of Hangzhou" }

[[column]]
name = "restricted_id"
field = "ZJHM"
type = "resident_id"
grade = "L3"

[[column]]
name = "order_no"
field = "AH"
type = "text"
grade = "L2"

[[column]]
name = "status"
field = "ZT"
type = "code"
grade = "L2"
codes = { "1" = "in_force", "0" = "lifted" }

[[column]]
name = "ordered_on"
field = "FBRQ"
type = "date"
grade = "L2"

[[column]]
name = "lifted_on"
field = "JCRQ"
type = "date"
grade = "L2"

[[lookup]]
name = "restricted"
columns = ["restricted_id"]
"#,
};

/// One certificate or order, as it is entered.
struct Entry {
    goes_on: bool,
    words: [&'static str; 2],
    began: NaiveDate,
    ended: Option<NaiveDate>,
}

/// Writes both registers beside the city's others, and says what is true of everybody.
pub fn buyers(
    spec: &Spec,
    systems: [System; 2],
    out: &Path,
) -> Result<HashMap<ResidentId, Buyer>, CityError> {
    let (city, _) = unspoilt(spec)?;
    let mut random = Random::new(spec.seed ^ 0xb0_0000_000b);
    let mut buyers = HashMap::new();
    let (mut certificates, mut orders, mut number) = (Vec::new(), Vec::new(), 0_u64);
    for person in &city.persons {
        let is_dead = person.death.is_some_and(|day| day <= spec.today);
        let mut buyer = Buyer {
            is_registered: person.residence == Residence::Registered && !is_dead,
            has_moved_out: person.residence == Residence::MovedOut,
            is_talent_clean: true,
            is_restriction_clean: true,
            ..Buyer::default()
        };
        let held = lot(&mut random, spec.today, 350, ["有效", "过期"]);
        buyer.is_talent = held.iter().any(|one| one.goes_on);
        let mut own = enter(&mut random, &person.id, &held, &mut number);
        if random.chance(spec.spoilt(150)) {
            buyer.is_talent_clean = !spoil(&mut random, &mut own, held.first());
        }
        certificates.extend(own);
        let ordered = lot(&mut random, spec.today, 80, ["1", "0"]);
        buyer.is_restricted = ordered.iter().any(|one| one.goes_on);
        let mut own = enter(&mut random, &person.id, &ordered, &mut number);
        if random.chance(spec.spoilt(150)) {
            buyer.is_restriction_clean = !spoil(&mut random, &mut own, ordered.first());
        }
        orders.extend(own);
        buyers.insert(person.id, buyer);
    }
    mixed(&mut random, &mut certificates);
    mixed(&mut random, &mut orders);
    let [of_certificates, of_orders] = systems;
    let table = Table {
        system: of_certificates,
        stem: "certificate",
        name: "T_RCRD",
        header: &["ZJHM", "ZSBH", "ZSZT", "RDRQ", "ZZRQ"],
        keys: &["ZJHM"],
        rows: certificates,
        as_of: spec.written_at,
        extract: false,
        csv: (encoding_rs::UTF_8, false, csv::Terminator::CRLF),
    };
    write::describe(out, &TALENT, &table, &Servers::default())?;
    let table = Table {
        system: of_orders,
        stem: "restriction",
        name: "T_XZXF",
        header: &["ZJHM", "AH", "ZT", "FBRQ", "JCRQ"],
        keys: &["ZJHM"],
        rows: orders,
        as_of: spec.written_at,
        extract: false,
        csv: (encoding_rs::GB18030, false, csv::Terminator::CRLF),
    };
    write::describe(out, &RESTRICTION, &table, &Servers::default())?;
    Ok(buyers)
}

/// What a person has of such things, so many times in a thousand: the last may go on.
fn lot(
    random: &mut Random,
    today: NaiveDate,
    per_mille: u64,
    words: [&'static str; 2],
) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut first = NaiveDate::from_ymd_opt(2013, 2, 4).unwrap_or(today);
    let recent = today.checked_sub_days(Days::new(20)).unwrap_or(today);
    while random.chance(per_mille) && first < recent && entries.len() < 3 {
        let began = random.day(first, recent);
        let goes_on = random.chance(600);
        let ended = (!goes_on).then(|| random.day(began, recent));
        first = ended.and_then(|day| day.succ_opt()).unwrap_or(recent);
        entries.push(Entry { goes_on, words, began, ended });
    }
    entries
}

fn enter(
    random: &mut Random,
    id: &ResidentId,
    entries: &[Entry],
    number: &mut u64,
) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    for Entry { goes_on, words: [going, over], began, ended } in entries {
        *number += 1;
        rows.push(vec![
            Some(written(random, id)),
            Some(format!("({})浙01第{number:05}号", began.format("%Y"))),
            Some(if *goes_on { going } else { over }.to_string()),
            Some(day(random, *began)),
            ended.map(|on| day(random, on)),
        ]);
    }
    rows
}

/// Spoils a row. Whether there was one.
fn spoil(random: &mut Random, rows: &mut Vec<Vec<Option<String>>>, entry: Option<&Entry>) -> bool {
    let (Some(row), Some(entry)) = (rows.first_mut(), entry) else { return false };
    let (place, text) = match random.below(6) {
        0 => (2, Some("待核")),
        1 => (2, None),
        2 => (1, None),
        // It has ended, and nobody wrote down when; or, rarely, it goes on, and somebody did.
        3 if entry.goes_on && random.chance(200) => (4, Some("2022-05-06")),
        3 if entry.goes_on => (3, Some("不详")),
        3 => (4, None),
        4 => (4, Some("不详")),
        _ => {
            // The same once more, in its other state.
            let mut again = row.clone();
            let [going, over] = entry.words;
            if let Some(state) = again.get_mut(2) {
                *state = Some(if entry.goes_on { over } else { going }.to_owned());
            }
            rows.push(again);
            return true;
        }
    };
    if let Some(cell) = row.get_mut(place) {
        *cell = text.map(str::to_owned);
    }
    true
}
