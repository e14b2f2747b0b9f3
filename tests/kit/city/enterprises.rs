//! Enterprises of a city: what became of each, whether it was put on a list and taken off again;
//! three registers of it, as untidy as real ones, with the numbers of three generations; and the
//! right answer for each enterprise, from what happened and not from the registers.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use zerotrip_datasets::{Key, KeyKind};

use super::describe::Description;
use super::random::Random;
use super::systems::{Servers, System, Table};
use super::{CityError, Spec, write};

/// The characters of a credit code, in the order of their values.
const CHARACTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const DIVISIONS: [&str; 5] = ["330102", "330105", "330106", "330108", "330110"];

/// What became of an enterprise's registration here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It is in business.
    #[default]
    InBusiness,
    /// Its term is over, and it goes on.
    TermOver,
    Suspended,
    Revoked,
    Cancelled,
    MovedOut,
    /// It moved away, and back.
    Returned,
    /// It is registered elsewhere.
    Elsewhere,
}

/// One time on a list.
#[derive(Clone, Debug)]
struct Entry {
    listed: NaiveDate,
    removed: Option<NaiveDate>,
}

/// What is true of one enterprise.
#[derive(Clone, Debug)]
pub struct Enterprise {
    pub name: String,
    pub established: NaiveDate,
    pub fate: Fate,
    abnormal: Vec<Entry>,
    serious: Vec<Entry>,
    /// Whether every row of it is in the registers as it was entered.
    pub is_clean: bool,
}

/// The registers, and what is true.
#[derive(Debug)]
pub struct Enterprises {
    pub truth: BTreeMap<Key, Enterprise>,
    /// Whether a list has a number of before 2015 that says nothing of the code: then it could be
    /// anybody's.
    pub has_registration_number: bool,
}

impl Enterprise {
    /// Every reason for a no, as the check names them.
    pub fn against(&self, with_lists: bool) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        let is_open = |entries: &[Entry]| entries.iter().any(|entry| entry.removed.is_none());
        if with_lists && is_open(&self.serious) {
            reasons.push("SERIOUS_VIOLATION");
        }
        if with_lists && is_open(&self.abnormal) {
            reasons.push("ABNORMAL_OPERATIONS");
        }
        reasons.extend(match self.fate {
            Fate::InBusiness | Fate::Returned | Fate::Elsewhere => None,
            Fate::TermOver => Some("TERM_OVER"),
            Fate::Suspended => Some("SUSPENDED"),
            Fate::Revoked => Some("REVOKED"),
            Fate::Cancelled => Some("CANCELLED"),
            Fate::MovedOut => Some("NOT_REGISTERED"),
        });
        reasons
    }
}

const REGISTRATION: Description = Description {
    folder: "market",
    file: "registration.toml",
    text: r#"# The register of enterprises.

[dataset]
id = "market.registration"
name = { zh = "市场主体登记", en = "Register of enterprises" }
sharing = "conditional"
most_age = "36h"
row_floor = {row_floor}
ended = "kept"

[source]
{source}

[coverage]
regions = ["330100"]
since = "1980-01-02"
subjects = "registered_in:market.registration"
renumbered = "carried_over"
text = { zh = "在杭州市登记的市场主体", en = "enterprises registered in Hangzhou" }

[[column]]
name = "uscc"
field = "TYSHXYDM"
type = "uscc"
grade = "L2"

[[column]]
name = "name"
field = "QYMC"
type = "text"
grade = "L1"

[[column]]
name = "status"
field = "DJZT"
type = "code"
grade = "L1"
[column.codes]
"存续" = "in_business"
"在营" = "in_business"
"歇业" = "suspended"
"吊销" = "revoked"
"注销" = "cancelled"
"迁出" = "moved_out"

[[column]]
name = "established_on"
field = "CLRQ"
type = "date"
grade = "L1"

[[column]]
name = "ended_on"
field = "ZXRQ"
type = "date"
grade = "L1"

[[column]]
name = "term_until"
field = "JYQXZ"
type = "date"
grade = "L1"
nothing = ["长期", "9999-12-31"]

[[lookup]]
name = "enterprise"
columns = ["uscc"]
"#,
};

/// A list's dataset file; both are alike but for their names.
macro_rules! list {
    ($file:literal, $id:literal, $zh:literal, $en:literal) => {
        Description {
            folder: "market",
            file: $file,
            text: concat!(
                "[dataset]\nid = \"",
                $id,
                "\"\nname = { zh = \"",
                $zh,
                "\", en = \"",
                $en,
                "\" }\n",
                r#"sharing = "conditional"
most_age = "36h"
row_floor = {row_floor}
ended = "kept"

[source]
{source}

[coverage]
regions = ["330100"]
since = "2014-10-01"
older = "carried_over"
subjects = "registered_in:market.registration"
moved_in = "carried_over"
renumbered = "carried_over"
text = { zh = "在杭州市登记的市场主体", en = "enterprises registered in Hangzhou" }

[[column]]
name = "uscc"
field = "ZCH"
type = "uscc"
grade = "L2"
schemes = ["organisation_code", "tax_number"]

[[column]]
name = "listed_on"
field = "LRRQ"
type = "date"
grade = "L1"

[[column]]
name = "removed_on"
field = "YCRQ"
type = "date"
grade = "L1"

[[lookup]]
name = "enterprise"
columns = ["uscc"]
"#
            ),
        }
    };
}

const ABNORMAL: Description =
    list!("abnormal.toml", "market.abnormal", "经营异常名录", "List of abnormal operations");
const SERIOUS: Description =
    list!("serious.toml", "market.serious", "严重违法失信名单", "List of serious violations");

/// Writes three registers beside the city's others, and says what is true of so many enterprises.
pub fn enterprises(
    spec: &Spec,
    systems: [System; 3],
    count: usize,
    out: &Path,
) -> Result<Enterprises, CityError> {
    let mut random = Random::new(spec.seed ^ 0x9133_0100);
    let mut truth: BTreeMap<Key, Enterprise> = BTreeMap::new();
    while truth.len() < count {
        let Some(key) = code(&mut random) else { continue };
        let enterprise = live(&mut random, truth.len());
        truth.entry(key).or_insert(enterprise);
    }
    let (mut registered, mut abnormal, mut serious) = (Vec::new(), Vec::new(), Vec::new());
    for (key, enterprise) in &mut truth {
        let mut own = [
            registration(&mut random, key, enterprise, spec.today),
            list(&mut random, key, &enterprise.abnormal),
            list(&mut random, key, &enterprise.serious),
        ];
        if random.chance(spec.spoilt(80)) {
            enterprise.is_clean = !spoil(&mut random, &mut own);
        }
        let [rows, entries, grave] = own;
        registered.extend(rows);
        abnormal.extend(entries);
        serious.extend(grave);
    }
    let has_registration_number = random.chance(250) && spec.is_odd;
    if has_registration_number {
        let number = format!("3301000{:08}", random.below(100_000_000));
        abnormal.push(vec![Some(number), Some("2015-03-02".into()), None]);
    }
    let header = ["ZCH", "LRRQ", "YCRQ"];
    for (description, stem, name, header, rows, system) in [
        (&REGISTRATION, "registration", "T_QYDJ", &REGISTERED[..], registered, systems[0]),
        (&ABNORMAL, "abnormal", "T_JYYC", &header[..], abnormal, systems[1]),
        (&SERIOUS, "serious", "T_YZWF", &header[..], serious, systems[2]),
    ] {
        let rows = shuffled(&mut random, rows);
        let keys = header.get(..1).unwrap_or_default();
        let csv = (encoding_rs::GB18030, false, csv::Terminator::CRLF);
        let as_of = spec.written_at;
        let table = Table { system, stem, name, header, keys, rows, as_of, extract: false, csv };
        write::describe(out, description, &table, &Servers::default())?;
    }
    Ok(Enterprises { truth, has_registration_number })
}

const REGISTERED: [&str; 6] = ["TYSHXYDM", "QYMC", "DJZT", "CLRQ", "ZXRQ", "JYQXZ"];

type Rows = Vec<Vec<Option<String>>>;

fn shuffled(random: &mut Random, mut rows: Rows) -> Rows {
    for at in (1..rows.len()).rev() {
        let other = usize::try_from(random.below(at as u64 + 1)).unwrap_or(0);
        rows.swap(at, other);
    }
    rows
}

/// A code by the standards, worked out here and not by the code that is tested.
fn code(random: &mut Random) -> Option<Key> {
    let kind = random.pick(&["91", "91", "91", "92", "93", "52", "11"]);
    let division = random.pick(&DIVISIONS);
    let mut body = if random.chance(500) { "MA".to_owned() } else { String::new() };
    while body.len() < 8 {
        let most = if body.starts_with("MA") { 31 } else { 10 };
        let at = usize::try_from(random.below(most)).ok()?;
        body.push(char::from(*CHARACTERS.get(at)?));
    }
    // What looks filled in is nobody's.
    if body.chars().any(|c| body.matches(c).count() > 3) {
        return None;
    }
    let weighed = |c: char| i64::from(c.to_digit(36).unwrap_or(0));
    let sum: i64 =
        body.chars().zip([3, 7, 9, 10, 5, 8, 4, 2]).map(|(c, weight)| weighed(c) * weight).sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(u32::try_from(digit).ok()?, 10)?,
    };
    let first = format!("{kind}{division}{body}{check}");
    let (mut sum, mut weight) = (0, 1);
    for c in first.bytes() {
        sum += CHARACTERS.iter().position(|known| *known == c)? * weight;
        weight = weight * 3 % 31;
    }
    let last = char::from(*CHARACTERS.get((31 - sum % 31) % 31)?);
    // What reads as a person's number, or as filled in, is nobody's.
    KeyKind::Enterprise.read(&format!("{first}{last}"))
}

fn live(random: &mut Random, number: usize) -> Enterprise {
    let day = |year: i32| NaiveDate::from_ymd_opt(year, 1, 2).unwrap_or_default();
    let established = random.day(day(1985), day(2024));
    let fate = random.pick(&[
        Fate::InBusiness,
        Fate::InBusiness,
        Fate::InBusiness,
        Fate::InBusiness,
        Fate::InBusiness,
        Fate::InBusiness,
        Fate::TermOver,
        Fate::Suspended,
        Fate::Revoked,
        Fate::Cancelled,
        Fate::MovedOut,
        Fate::Returned,
        Fate::Elsewhere,
    ]);
    let entries = |random: &mut Random, per_mille: u64| {
        let mut entries = Vec::new();
        let mut from = established.max(day(2015));
        while random.chance(per_mille) && entries.len() < 4 {
            let listed = random.day(from, day(2025));
            let next = listed.succ_opt().unwrap_or(listed);
            let removed = random.chance(600).then(|| random.day(next, day(2026)));
            from = removed.unwrap_or(listed);
            entries.push(Entry { listed, removed });
            if removed.is_none() || from >= day(2025) {
                break;
            }
        }
        entries
    };
    // Of one that is registered elsewhere nothing is here.
    let often = if fate == Fate::Elsewhere { 0 } else { 300 };
    let (abnormal, serious) = (entries(random, often), entries(random, often / 4));
    Enterprise {
        name: format!("临安第{number}商贸有限公司"),
        established,
        fate,
        abnormal,
        serious,
        is_clean: true,
    }
}

/// A code in one of the spellings that clerks and programs have.
fn spelled(random: &mut Random, key: &Key) -> String {
    let code = key.as_str();
    match random.below(12) {
        0 => code.to_lowercase(),
        1 => format!(" {code}  "),
        2 => [&code[..8], &code[8..]].join(" "),
        3 => [&code[..8], &code[8..16], &code[16..]].join("-"),
        4 => code.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xfee0)).collect(),
        _ => code.to_owned(),
    }
}

/// The same, or a number of before.
fn older(random: &mut Random, key: &Key) -> String {
    let part = &key.as_str()[8..17];
    match random.below(5) {
        0 => part.to_owned(),
        1 => format!("{}-{}", &part[..8], &part[8..]),
        2 if !is_persons(part) => format!("330106{part}"),
        _ => spelled(random, key),
    }
}

/// Whether a tax number made of it would read as a person's number of 15 digits.
fn is_persons(part: &str) -> bool {
    KeyKind::Resident.read(&format!("330106{part}")).is_some()
}

fn text(day: NaiveDate) -> Option<String> {
    Some(day.format("%Y-%m-%d").to_string())
}

fn registration(random: &mut Random, key: &Key, of: &Enterprise, today: NaiveDate) -> Rows {
    let row =
        |random: &mut Random, status: &str, ended: Option<NaiveDate>, term: Option<String>| {
            vec![
                Some(spelled(random, key)),
                Some(of.name.clone()),
                Some(status.to_owned()),
                text(of.established),
                ended.and_then(text),
                term,
            ]
        };
    let no_end = random.pick(&[None, Some("长期"), Some("2046-05-06"), Some("9999-12-31")]);
    let no_end = no_end.map(str::to_owned);
    let ended = random.day(of.established, today.pred_opt().unwrap_or(today));
    let present = random.pick(&["存续", "在营"]);
    match of.fate {
        Fate::InBusiness => {
            let one = row(random, present, None, no_end);
            // Some were read in twice.
            if random.chance(60) { vec![one.clone(), one] } else { vec![one] }
        }
        Fate::TermOver => vec![row(random, present, None, text(ended))],
        Fate::Suspended => vec![row(random, "歇业", None, no_end)],
        Fate::Revoked => vec![row(random, "吊销", Some(ended), no_end)],
        Fate::Cancelled => vec![row(random, "注销", Some(ended), no_end)],
        Fate::MovedOut => vec![row(random, "迁出", Some(ended), no_end)],
        Fate::Returned => {
            vec![row(random, "迁出", Some(ended), None), row(random, present, None, no_end)]
        }
        Fate::Elsewhere => Vec::new(),
    }
}

fn list(random: &mut Random, key: &Key, entries: &[Entry]) -> Rows {
    let row = |random: &mut Random, entry: &Entry| {
        vec![Some(older(random, key)), text(entry.listed), entry.removed.and_then(text)]
    };
    entries.iter().map(|entry| row(random, entry)).collect()
}

/// Spoils a row of an enterprise, so that nobody can read it as something else; whether there was
/// one.
fn spoil(random: &mut Random, own: &mut [Rows; 3]) -> bool {
    let at = usize::try_from(random.below(3)).unwrap_or(0);
    let Some(rows) = own.get_mut(at).filter(|rows| !rows.is_empty()) else { return false };
    let place = usize::try_from(random.below(rows.len() as u64)).unwrap_or(0);
    let Some(row) = rows.get_mut(place) else { return false };
    let last = row.len() - 1;
    let code = row.first().cloned().flatten();
    let mut put = |place: usize, text: Option<String>| {
        row.get_mut(place).into_iter().for_each(|cell| cell.clone_from(&text));
    };
    match random.below(5) {
        0 => {
            // Neighbours swapped, masked, or cut; a damaged code is its own, or anybody's.
            let Some(code) = code else { return false };
            let code: Vec<char> = code.trim().chars().collect();
            if code.len() != 18 || code.iter().any(|c| !c.is_ascii_alphanumeric()) {
                return false;
            }
            let damaged: String = match random.below(3) {
                0 => {
                    let mut swapped = code.clone();
                    swapped.swap(16, 17);
                    if swapped == code {
                        return false;
                    }
                    swapped.into_iter().collect()
                }
                1 => code.iter().take(12).chain(&['*'; 4]).chain(code.iter().skip(16)).collect(),
                _ => code.iter().take(16).collect(),
            };
            put(0, Some(damaged));
        }
        1 => put(last, Some("不详".to_owned())),
        2 => put(last - 1, Some("0000-00-00".to_owned())),
        3 if at == 0 => put(2, Some("其他".to_owned())),
        3 => put(1, None),
        _ => put(last, Some("1900-01-01".to_owned())),
    }
    true
}
