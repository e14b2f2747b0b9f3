//! Registers of what a person is granted or licensed: what one is, how its clerks write, and what
//! years of typing do to it. Who is granted what is made elsewhere.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{Datelike as _, NaiveDate};
use zerotrip_datasets::ResidentId;

use super::file::atomically;
use super::random::Random;
use super::systems::{Servers, System, Table};
use super::{CityError, Spec};

/// A row as it is written.
pub(super) type Row = Vec<Option<String>>;

/// What a column holds.
#[derive(Clone, Copy)]
pub(super) enum Holds {
    Person,
    Vessel,
    /// A vehicle, or the last eight characters of its number.
    Vehicle,
    /// A real-property unit that is selected in a register, and one whose code is typed.
    Unit,
    TypedUnit,
    /// The unit that another one stands on: a row is not about it.
    Parcel,
    Division,
    /// A code, by the words of the department and what each means.
    Code(&'static [(&'static str, &'static str)]),
    Date,
    Month,
}

/// A register of one department.
pub(super) struct Register {
    /// `<department>.<name>`: its folder and file have these names.
    pub(super) id: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    pub(super) table: &'static str,
    /// The look-up by the first columns, and how many these are; all but one can be blank.
    pub(super) lookup: &'static str,
    pub(super) looked_up: usize,
    pub(super) subjects: &'static str,
    /// From when on its owner says that it knows, and whether what is older was carried over.
    pub(super) since: (&'static str, bool),
    /// Each by its name on the hub and its field.
    pub(super) columns: &'static [(&'static str, &'static str, Holds)],
}

/// Of grants and licences: what was in force when the register began is in it.
pub(super) const CARRIED_OVER: (&str, bool) = ("1990-01-01", true);
/// Until then not every clerk wrote down when something ended.
const UNDATED_BEFORE: i32 = 2015;
/// Since then the systems write down themselves when a row got its status.
const RECORDED_SINCE: i32 = 2008;

const UNKNOWN_CODES: &[Option<&str>] = &[None, Some("99"), Some("待核"), Some("?")];
const BAD_DATES: &[&str] = &["不详", "1998-02-30", "00000000", "见档案", "9999-12-31"];
const BAD_MONTHS: &[Option<&str>] =
    &[None, Some("不详"), Some("2031.1"), Some("长期"), Some("1月")];

impl Register {
    /// The department's word for a meaning.
    pub(super) fn word(&self, column: &str, meaning: &str) -> Option<String> {
        let (.., holds) = self.columns.iter().find(|(name, ..)| *name == column)?;
        let Holds::Code(words) = holds else { return None };
        let (word, _) = words.iter().find(|(_, known)| *known == meaning)?;
        Some((*word).to_owned())
    }

    /// Puts the rows of a person to the others; spoils some of them, perhaps. Whether each is there
    /// as it was entered.
    pub(super) fn enter(
        &self,
        (spec, random): (&Spec, &mut Random),
        mut own: Vec<Row>,
        rows: &mut Vec<Row>,
    ) -> bool {
        let is_spoilt =
            !own.is_empty() && random.chance(spec.spoilt(60)) && self.spoil(random, &mut own);
        rows.extend(own);
        !is_spoilt
    }

    /// So that nobody can read a row as something else.
    fn spoil(&self, random: &mut Random, rows: &mut Vec<Row>) -> bool {
        let mut changed = false;
        for _ in 0..random.between(1, 3) {
            let at = usize::try_from(random.below(rows.len() as u64)).unwrap_or(0);
            let column = usize::try_from(random.below(self.columns.len() as u64)).unwrap_or(0);
            let Some(row) = rows.get_mut(at) else { continue };
            let holds = self.columns.get(column).map(|(.., holds)| *holds);
            let (Some(holds), Some(cell)) = (holds, row.get_mut(column)) else { continue };
            changed = true;
            match holds {
                Holds::Code(_) => *cell = random.pick(UNKNOWN_CODES).map(str::to_owned),
                Holds::Date => *cell = Some(random.pick(BAD_DATES).to_owned()),
                Holds::Month => *cell = random.pick(BAD_MONTHS).map(str::to_owned),
                Holds::Division => *cell = random.pick(UNKNOWN_CODES).map(str::to_owned),
                Holds::Vessel if random.chance(500) => *cell = cell.as_deref().map(damaged),
                // Read in twice.
                Holds::Person
                | Holds::Vessel
                | Holds::Vehicle
                | Holds::Unit
                | Holds::TypedUnit
                | Holds::Parcel => {
                    let again = row.clone();
                    rows.push(again);
                }
            }
        }
        changed
    }

    /// Writes the register beside the city's others.
    pub(super) fn write(
        &self,
        (spec, system): (&Spec, System),
        random: &mut Random,
        mut rows: Vec<Row>,
        out: &Path,
    ) -> Result<(), CityError> {
        // As they come in, and not person by person.
        for at in (1..rows.len()).rev() {
            let other = usize::try_from(random.below(at as u64 + 1)).unwrap_or(0);
            rows.swap(at, other);
        }
        let (department, name) = self.id.split_once('.').unwrap_or(("", self.id));
        let folder = out.join(department);
        std::fs::create_dir_all(&folder)
            .map_err(|source| CityError::Write { path: folder.clone(), source })?;
        let header: Vec<&'static str> = self.columns.iter().map(|(_, field, _)| *field).collect();
        let table = Table {
            system,
            stem: name,
            name: self.table,
            header: &header,
            keys: header.get(..self.looked_up).unwrap_or_default(),
            as_of: spec.written_at,
            extract: false,
            csv: (encoding_rs::GB18030, false, csv::Terminator::CRLF),
            rows,
        };
        let source = table.write(&folder, &Servers::default())?;
        let text = self.described(table.rows.len(), &source);
        atomically(&folder.join(format!("{name}.toml")), text.as_bytes())
    }

    /// Its dataset file, as its owner would write it.
    fn described(&self, rows: usize, source: &str) -> String {
        let Self {
            id, zh, en, lookup, looked_up, subjects, since: (since, is_carried_over), ..
        } = self;
        let floor = (rows * 9 / 10).max(1);
        let older = if *is_carried_over { "older = \"carried_over\"\n" } else { "" };
        let mut text = format!(
            r#"[dataset]
id = "{id}"
name = {{ zh = "{zh}", en = "{en}" }}
sharing = "conditional"
most_age = "36h"
row_floor = {floor}
ended = "kept"
undated_before = "{UNDATED_BEFORE}-01-01"

[source]
{source}

[coverage]
regions = ["330100"]
since = "{since}"
{older}moved_in = "carried_over"
subjects = "{subjects}"
renumbered = "carried_over"
text = {{ zh = "{zh}（杭州市）", en = "{en} of Hangzhou" }}
"#
        );
        for (name, field, holds) in self.columns {
            let (kind, more) = match holds {
                Holds::Person => ("resident_id", String::new()),
                Holds::Vessel => ("vessel_number", String::new()),
                Holds::Vehicle => ("vin", "schemes = [\"vin_tail\"]\n".to_owned()),
                Holds::Unit => ("unit_code", "entry = \"selected\"\n".to_owned()),
                Holds::TypedUnit | Holds::Parcel => ("unit_code", String::new()),
                Holds::Division => ("division_code", String::new()),
                Holds::Date => ("date", String::new()),
                Holds::Month => ("month", "day = \"ignored\"\n".to_owned()),
                Holds::Code(words) => {
                    let words: Vec<String> = words
                        .iter()
                        .map(|(word, meaning)| format!("\"{word}\" = \"{meaning}\""))
                        .collect();
                    ("code", format!("codes = {{ {} }}\n", words.join(", ")))
                }
            };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "\n[[column]]\nname = \"{name}\"\nfield = \"{field}\"\ntype = \"{kind}\"\n\
                 grade = \"L3\"\n{more}"
            );
        }
        let keys: Vec<String> =
            self.columns.iter().take(*looked_up).map(|(name, ..)| format!("\"{name}\"")).collect();
        let keys = keys.join(", ");
        // Of several persons in a row not each is always there.
        let blank =
            if *looked_up > 1 { format!("may_be_blank = [{keys}]\n") } else { String::new() };
        let stood_on = self.columns.iter().find(|(.., holds)| matches!(holds, Holds::Parcel));
        if let Some((_, field, _)) = stood_on {
            let _ =
                write!(text, "\n[not_about]\n{field} = \"the parcel that the unit stands on\"\n");
        }
        text + &format!("\n[[lookup]]\nname = \"{lookup}\"\ncolumns = [{keys}]\n{blank}")
    }
}

/// A vessel's number that lost its last digit but one: its own, and nobody else's.
fn damaged(number: &str) -> String {
    let number: Vec<char> = number.trim().chars().filter(|c| !c.is_whitespace()).collect();
    let (last, before) = (number.last(), number.len().saturating_sub(2));
    number.iter().take(before).chain(last).collect()
}

/// The id as it was written down on that day: until 1999 with fifteen digits, and by some clerks
/// longer.
pub(super) fn id(random: &mut Random, id: &ResidentId, day: NaiveDate) -> Option<String> {
    let is_old = day.year() < 2000 && random.chance(700);
    let short = is_old.then(|| id.first_generation()).flatten();
    let text = short.unwrap_or_else(|| id.as_str().to_owned());
    Some(match random.below(100) {
        0 => format!("{text}  "),
        1..=20 => text.to_ascii_lowercase(),
        _ => text,
    })
}

/// A day as one of the programs writes it.
pub(super) fn date(random: &mut Random, day: NaiveDate) -> Option<String> {
    let format = random.pick(&["%Y-%m-%d", "%Y-%m-%d", "%Y%m%d", "%Y/%-m/%-d", "%Y年%-m月%-d日"]);
    Some(day.format(format).to_string())
}

/// The day on which something ended, where it was written down.
pub(super) fn end(random: &mut Random, day: NaiveDate) -> Option<String> {
    let is_left_out = day.year() < UNDATED_BEFORE && random.chance(600);
    if is_left_out { None } else { date(random, day) }
}

/// The day on which a row got its status.
pub(super) fn recorded(random: &mut Random, day: NaiveDate) -> Option<String> {
    (day.year() >= RECORDED_SINCE).then(|| date(random, day)).flatten()
}
