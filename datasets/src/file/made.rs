//! Columns that a register lacks: `constant`, `derived` and `absent` of a `[[column]]`, in place of
//! `field`.
//!
//! A check asks for columns by name; a register that has no such field can still be described, if
//! its owner says what holds instead. What is said so is the owner's signed word, and no more than
//! it: a constant holds of every row; a derived code follows from other columns by a table that is
//! closed; of what is absent nothing is known.

use std::collections::BTreeMap;

use toml::{Table, Value};
use zerotrip_proto::v1::{ColumnOrigin, SemanticType};

use super::section::{Section, is_name, is_text};
use super::{Column, MOST_CODES};
use crate::cell::{self, CellReading};
use crate::guess::fillers::says;
use crate::{date, plausible};

/// Most columns that one is derived from.
const MOST_FROM: usize = 4;
/// The words of a derived column's table for a column that holds no codes.
const BLANK: &str = "blank";
const FILLED: &str = "filled";

/// Letters and digits of a text that says something.
const LEAST_FILLED: usize = 2;

/// Where a column's cells come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Made {
    /// From its field of the source.
    #[default]
    Field,
    /// The register has no such field: every row has this value.
    Constant(String),
    /// The register has no such field: it follows from others.
    Derived(Derived),
    /// The register has no such field, and nothing is known of it: every cell is blank. With the
    /// owner's reason.
    Absent(String),
}

/// A code that follows from other columns of the same row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// The other columns, by name.
    pub from: Vec<String>,
    /// Every combination of their words, joined by `, `, and what it means.
    pub table: BTreeMap<String, String>,
}

impl Made {
    /// How a statement says it.
    pub fn origin(&self) -> ColumnOrigin {
        match self {
            Self::Field => ColumnOrigin::Field,
            Self::Constant(_) => ColumnOrigin::Constant,
            Self::Derived(_) => ColumnOrigin::Derived,
            Self::Absent(_) => ColumnOrigin::Absent,
        }
    }

    /// Whether the source has it.
    pub fn is_field(&self) -> bool {
        *self == Self::Field
    }

    /// The cell of one row, as the column's type reads it; `read` gives the reading of another
    /// column of the row.
    ///
    /// What cannot be read, or is a code that no list knows, derives nothing: the cell is NULL, and
    /// NULL is not a code.
    pub fn cell<'r>(&self, read: &dyn Fn(&str) -> CellReading<'r>) -> Option<&str> {
        match self {
            Self::Field | Self::Absent(_) => None,
            Self::Constant(value) => Some(value),
            Self::Derived(derived) => {
                let words: Option<Vec<String>> =
                    derived.from.iter().map(|name| word(&read(name)).map(str::to_owned)).collect();
                derived.table.get(&words?.join(", ")).map(String::as_str)
            }
        }
    }
}

/// The key by which a table names a cell's value.
fn word<'r>(reading: &'r CellReading<'_>) -> Option<&'r str> {
    match reading {
        CellReading::Code(meaning) => Some(meaning),
        CellReading::Null => Some(BLANK),
        // A marker for what cannot be read says nothing of what is, or is not, there.
        reading if reading.is_spoilt() => None,
        // Nor does a filler: a dash may say that there is nothing.
        CellReading::Text(text)
            if says(text).is_some()
                || text.chars().filter(|c| c.is_alphanumeric()).count() < LEAST_FILLED =>
        {
            None
        }
        CellReading::Date(day) if date::from_date32(*day).is_none_or(plausible::is_placeholder) => {
            None
        }
        _ => Some(FILLED),
    }
}

/// Reads which of the four a column is: the field's name, and what replaces it where there is
/// none.
pub(super) fn read(
    section: &mut Section<'_>,
    semantic: Option<SemanticType>,
    field: Option<&str>,
) -> Option<Made> {
    let constant = section.read(
        "constant",
        Some(None),
        "must be the one value that holds of every row, such as `\"current\"`",
        |value| value.as_str().filter(|text| is_text(text) && text.trim() == *text).map(Some),
    );
    let derived = section.read("derived", Some(None), &derived_remedy(), |value| {
        derived(value.as_table()?).map(Some)
    });
    let absent = section.read(
        "absent",
        Some(None),
        "must say in a few words why the register has no such field",
        |value| value.as_str().filter(|text| is_text(text)).map(Some),
    );
    let (constant, derived, absent) = (constant?, derived?, absent?);
    let given = usize::from(field.is_some())
        + usize::from(constant.is_some())
        + usize::from(derived.is_some())
        + usize::from(absent.is_some());
    if given != 1 {
        let remedy = match given {
            0 => {
                "missing; name the field of the source. Where the register has none, say \
                 `constant`, `derived` or `absent` instead"
            }
            _ => {
                "a column has one of `field`, `constant`, `derived` and `absent`: keep the one \
                 that holds"
            }
        };
        section.fault("field", None, remedy.to_owned());
        return None;
    }
    match (constant, derived, absent) {
        (Some(value), ..) => of_constant(section, semantic?, value),
        (_, Some(derived), _) => {
            let fits = semantic? == SemanticType::Code;
            if !fits {
                section.fault(
                    "derived",
                    None,
                    "only a column of type `code` can follow from others".to_owned(),
                );
            }
            fits.then_some(Made::Derived(derived))
        }
        (.., Some(reason)) => {
            let fits = semantic? == SemanticType::Date;
            if !fits {
                let remedy = "only a date can be absent: what it dates is then undated. A check \
                              that asks for another column cannot do without it: name the field, \
                              state a `constant`, or leave the column out and do without the check";
                section.fault("absent", None, remedy.to_owned());
            }
            fits.then(|| Made::Absent(reason.to_owned()))
        }
        _ => Some(Made::Field),
    }
}

/// A constant is the owner's word on every row: of persons, days and amounts there is none that
/// could hold of all.
fn of_constant(section: &mut Section<'_>, semantic: SemanticType, value: &str) -> Option<Made> {
    let why = match semantic {
        SemanticType::Code if is_name(value) => None,
        SemanticType::Code => Some("must be the meaning, of a-z, 0-9 and _"),
        SemanticType::Text => None,
        SemanticType::DivisionCode => {
            let column = Column { semantic, ..Column::default() };
            matches!(cell::read(&column, Some(value)), CellReading::Unreadable)
                .then_some("cannot be read as a division code")
        }
        _ => Some("only a code, a division code or a text can be the same in every row"),
    };
    if let Some(why) = why {
        section.fault("constant", Some(&Value::from(value)), why.to_owned());
        return None;
    }
    Some(Made::Constant(value.to_owned()))
}

fn derived_remedy() -> String {
    format!(
        "must be `{{ from = \"<column>\", table = {{ \"<word>\" = \"<meaning>\", … }} }}`, `from` \
         one column of this file or a list of at most {MOST_FROM}; the words are a code's \
         meanings, or `{BLANK}` and `{FILLED}` for any other column, those of several columns \
         joined by `, `"
    )
}

fn derived(table: &Table) -> Option<Derived> {
    let from = match table.get("from")? {
        Value::String(one) => vec![one.clone()],
        Value::Array(some) => {
            some.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?
        }
        _ => return None,
    };
    let distinct = from
        .iter()
        .enumerate()
        .all(|(at, name)| !from.iter().take(at).any(|earlier| earlier == name));
    let meanings = table.get("table")?.as_table()?;
    let one = |(words, meaning): (&String, &Value)| {
        let words: Vec<&str> = words.split(',').map(str::trim).collect();
        let meaning = meaning.as_str().filter(|meaning| is_name(meaning))?;
        (words.len() == from.len()).then(|| (words.join(", "), meaning.to_owned()))
    };
    let read: Option<BTreeMap<String, String>> = meanings.iter().map(one).collect();
    let bounds = (1..=MOST_FROM).contains(&from.len())
        && (1..=MOST_CODES).contains(&meanings.len())
        && table.len() == 2;
    read.filter(|read| distinct && bounds && read.len() == meanings.len())
        .map(|table| Derived { from, table })
}

/// The codes of a column that the source does not have: each meaning stands for itself.
pub(super) fn codes(made: &Made) -> BTreeMap<String, String> {
    let same = |meaning: &String| (meaning.clone(), meaning.clone());
    match made {
        Made::Constant(meaning) => BTreeMap::from([same(meaning)]),
        Made::Derived(derived) => derived.table.values().map(same).collect(),
        Made::Field | Made::Absent(_) => BTreeMap::new(),
    }
}

/// Tables must be closed: every combination of words that their columns can have is in them, and no
/// other.
pub(super) fn close(
    top: &mut Section<'_>,
    columns: &[Column],
    declared: &std::collections::BTreeSet<String>,
) {
    for column in columns {
        let Made::Derived(derived) = &column.made else { continue };
        let mut wanted = vec![String::new()];
        for name in &derived.from {
            let Some(from) = columns.iter().find(|known| known.name == *name) else {
                // One that is described with a fault is told so already.
                if !declared.contains(name) {
                    let remedy = "`from` must name other columns of this file; for one field of \
                                  the source write `field` and `codes`";
                    top.fault_in("column.derived", name.clone(), remedy.to_owned());
                }
                return;
            };
            if !from.made.is_field() {
                let remedy = "`from` must name columns that the source has a field for";
                top.fault_in("column.derived", name.clone(), remedy.to_owned());
                return;
            }
            let words: Vec<&str> = match from.semantic {
                SemanticType::Code => {
                    let mut meanings: Vec<&str> = from.codes.values().map(String::as_str).collect();
                    meanings.sort_unstable();
                    meanings.dedup();
                    meanings
                }
                _ => vec![BLANK, FILLED],
            };
            let join = |before: &String, word: &str| {
                if before.is_empty() { word.to_owned() } else { format!("{before}, {word}") }
            };
            wanted = wanted
                .iter()
                .flat_map(|before| words.iter().map(move |word| join(before, word)))
                .collect();
            if wanted.len() > MOST_CODES {
                top.fault_in(
                    "column.derived",
                    column.name.clone(),
                    format!("its columns have over {MOST_CODES} combinations of words"),
                );
                return;
            }
        }
        let missing: Vec<&String> =
            wanted.iter().filter(|words| !derived.table.contains_key(*words)).collect();
        let unknown: Vec<&String> =
            derived.table.keys().filter(|words| !wanted.contains(words)).collect();
        let said = |words: &[&String]| {
            words.iter().take(8).map(|words| format!("`{words}`")).collect::<Vec<_>>().join(", ")
        };
        if !missing.is_empty() {
            let remedy = format!("the table must be closed: say what {} means too", said(&missing));
            top.fault_in("column.derived", column.name.clone(), remedy);
        }
        if !unknown.is_empty() {
            let remedy = format!(
                "its columns never have {}: the words are a code's meanings, or `{BLANK}` and \
                 `{FILLED}`",
                said(&unknown)
            );
            top.fault_in("column.derived", column.name.clone(), remedy);
        }
    }
}

#[cfg(test)]
#[path = "made/tests.rs"]
mod tests;
