//! A file of cases, read: raw TOML first, then everything in it by the definition that it is about.
//! All faults are reported at once.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::Deserialize;
use zerotrip_checks::definition::{Definition, DefinitionError, Fault, Parameter};
use zerotrip_datasets::parameter::Spelling;
use zerotrip_datasets::{CivilDay, Key, KeyKind};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_text::{cut, toml_fault};

use super::reading::{Reading, day, section};
use super::registers::{RawRegister, Register};
use super::table::Table;

/// What to do about a text that is no file of cases.
const REMEDY: &str = "correct that line; docs/definitions.md says how cases are written";
/// Most cases of one file.
const MOST_CASES: usize = 512;

/// A file of cases that fits a definition.
#[derive(Debug)]
pub struct CaseFile {
    /// In the order in which they are written.
    pub cases: Vec<Case>,
}

/// One question over small registers, and the answer that must come.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file.
    pub file: String,
    /// What it shows.
    pub name: String,
    /// Of the question.
    pub variant: String,
    /// In the definition's order, canonical.
    pub parameters: Vec<String>,
    /// The civil day of the question.
    pub today: NaiveDate,
    /// What must come.
    pub expected: Expected,
    /// What each dataset holds, and what its owner states.
    pub(super) registers: BTreeMap<String, Register>,
}

/// What a question comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Proven, with these values: those that there are not are empty.
    Yes(BTreeMap<String, String>),
    /// Refuted, for this reason of the definition.
    No(String),
    /// Neither, by this code, and the dataset to blame.
    Unavailable(String, String),
}

impl Expected {
    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["yes"] => Some(Self::Yes(BTreeMap::new())),
            ["no", code] => Some(Self::No((*code).to_owned())),
            ["unavailable", code, dataset] => {
                ErrorCode::from_str_name(code)?;
                Some(Self::Unavailable((*code).to_owned(), (*dataset).to_owned()))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes(values) => {
                f.write_str("yes")?;
                values.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
            }
            Self::No(code) => write!(f, "no {code}"),
            Self::Unavailable(code, dataset) => write!(f, "unavailable {code} {dataset}"),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    today: String,
    #[serde(default)]
    persons: BTreeMap<String, String>,
    #[serde(default)]
    enterprises: BTreeMap<String, String>,
    #[serde(default)]
    vessels: BTreeMap<String, String>,
    #[serde(default)]
    vehicles: BTreeMap<String, String>,
    #[serde(default)]
    property_units: BTreeMap<String, String>,
    statement: RawRegister,
    #[serde(default)]
    register: BTreeMap<String, RawRegister>,
    #[serde(default)]
    rows: BTreeMap<String, String>,
    case: Vec<RawCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    name: String,
    variant: String,
    parameters: BTreeMap<String, String>,
    expect: String,
    /// Of a yes: each value that it comes with.
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    register: BTreeMap<String, RawRegister>,
    #[serde(default)]
    rows: BTreeMap<String, String>,
}

impl CaseFile {
    /// Reads a file of cases about a definition. `path` names it in errors.
    pub fn parse(text: &str, path: &str, definition: &Definition) -> Result<Self, DefinitionError> {
        let text = text.trim_start_matches('\u{feff}');
        let raw: RawFile = toml::from_str(text).map_err(|error| {
            DefinitionError(vec![Fault::new(path, "", &toml_fault(text, &error), REMEDY)])
        })?;
        let others = [
            (KeyKind::Enterprise, &raw.enterprises),
            (KeyKind::Vessel, &raw.vessels),
            (KeyKind::Vehicle, &raw.vehicles),
            (KeyKind::PropertyUnit, &raw.property_units),
        ];
        let mut reading = Reading::new(definition, path, &raw.persons, &others);
        let Some(today) = day(&raw.today) else {
            reading.add("today", "not a day", "write it as `2026-11-29`");
            return Err(reading.faulty());
        };
        if raw.case.len() > MOST_CASES {
            reading.add("case", &format!("over {MOST_CASES} cases"), "divide them among files");
        }
        let mut cases: Vec<Case> = Vec::new();
        for case in raw.case.iter().take(MOST_CASES) {
            if cases.iter().any(|earlier| earlier.name == case.name) {
                let at = format!("case `{}`", cut(&case.name));
                reading.add(&at, "this name is there twice", "say what each case shows");
            }
            cases.push(reading.case(&raw, case, today));
        }
        reading.finish(Self { cases })
    }
}

impl Reading<'_> {
    fn case(&mut self, file: &RawFile, raw: &RawCase, today: NaiveDate) -> Case {
        let at = format!("case `{}`", cut(&raw.name));
        if self.definition.variant(&raw.variant).is_none() {
            let known: Vec<&str> =
                self.definition.variants.iter().map(|variant| variant.name.as_str()).collect();
            let what = format!("no variant `{}`", cut(&raw.variant));
            self.add(&at, &what, &format!("there are {}", known.join(", ")));
        }
        let expected = Expected::read(&raw.expect).unwrap_or_else(|| {
            self.add(
                &at,
                &format!("`{}` is no answer", cut(&raw.expect)),
                "write `yes`, `no <REASON>` or `unavailable <CODE> <dataset>`",
            );
            Expected::Yes(BTreeMap::new())
        });
        let expected = self.with_values(&at, expected, raw);
        if let Expected::No(code) = &expected
            && !self.definition.reasons.iter().any(|reason| reason.code == *code)
        {
            self.add(&at, &format!("no reason `{}`", cut(code)), "name one of `reasons.toml`");
        }
        let parameters = self.parameters(&at, &raw.parameters, today);
        let registers = self.registers(&at, file, raw, today);
        Case {
            file: self.path.to_owned(),
            name: raw.name.clone(),
            variant: raw.variant.clone(),
            parameters,
            today,
            expected,
            registers,
        }
    }

    /// A yes with its values: those that the variant tells, and no other.
    fn with_values(&mut self, at: &str, expected: Expected, raw: &RawCase) -> Expected {
        let told: Vec<&str> = match (&expected, self.definition.variant(&raw.variant)) {
            (Expected::Yes(_), Some(variant)) => {
                let claims = self.definition.claims.iter();
                claims.filter(|claim| variant.tells(claim)).map(|claim| &*claim.name).collect()
            }
            _ => Vec::new(),
        };
        if !raw.values.keys().map(String::as_str).eq(sorted(&told)) {
            let what = format!("its `values` are not those of the answer ({})", told.join(", "));
            self.add(at, &what, "give each value of a yes, and none with another answer");
        }
        match expected {
            Expected::Yes(_) => Expected::Yes(raw.values.clone()),
            other => other,
        }
    }

    /// By the function that reads those of a request.
    fn parameters(
        &mut self,
        at: &str,
        given: &BTreeMap<String, String>,
        today: NaiveDate,
    ) -> Vec<String> {
        let declared = &self.definition.parameters;
        let known = |name: &str| declared.iter().any(|parameter| parameter.name == name);
        for name in given.keys().filter(|name| !known(name)) {
            let names: Vec<&str> = declared.iter().map(|known| known.name.as_str()).collect();
            self.add(
                at,
                &format!("no parameter `{}`", cut(name)),
                &format!("there are {}", names.join(", ")),
            );
        }
        let mut values = Vec::new();
        for Parameter { name, declared, .. } in declared {
            let Some(text) = given.get(name) else {
                self.add(at, &format!("parameter `{name}` is missing"), "give it");
                continue;
            };
            let of_kind = |kind| self.named.get(text).filter(|key: &&Key| key.kind() == kind);
            let known = declared.subject().and_then(of_kind).map(|key| key.as_str().to_owned());
            let text = known.as_ref().unwrap_or(text);
            match declared.read(name, text, Spelling::Signed, Some(CivilDay::of(today))) {
                Ok(argument) => values.push(argument.text().to_owned()),
                Err(error) if declared.is_subject() => {
                    let kind = declared.subject().unwrap_or_default();
                    let remedy = format!("name one of `[{}]`, or give the number", section(kind));
                    self.add(at, &error.to_string(), &remedy);
                }
                Err(error) => self.add(at, &error.to_string(), ""),
            }
        }
        values
    }

    fn registers(
        &mut self,
        at: &str,
        file: &RawFile,
        raw: &RawCase,
        today: NaiveDate,
    ) -> BTreeMap<String, Register> {
        let known = |name: &str| self.definition.datasets.iter().any(|shape| shape.id == name);
        let named = [&file.register, &raw.register].into_iter().flat_map(BTreeMap::keys);
        let named = named.chain([&file.rows, &raw.rows].into_iter().flat_map(BTreeMap::keys));
        let unknown: Vec<String> = named.filter(|name| !known(name)).cloned().collect();
        for name in unknown {
            let what = format!("the check asks no dataset `{}`", cut(&name));
            self.add(at, &what, "name one of its `[[dataset]]`");
        }
        let mut registers = BTreeMap::new();
        for shape in &self.definition.datasets {
            let said = [raw.register.get(&shape.id), file.register.get(&shape.id)];
            let stated = said.into_iter().flatten().fold(RawRegister::default(), RawRegister::or);
            let stated = stated.or(&file.statement);
            let mut table = Table::default();
            for text in [file.rows.get(&shape.id), raw.rows.get(&shape.id)].into_iter().flatten() {
                table.read(self, &format!("{at}, rows of `{}`", shape.id), shape, text);
            }
            let at = format!("{at}, register `{}`", shape.id);
            registers.insert(shape.id.clone(), stated.read(self, &at, shape, today, table));
        }
        registers
    }
}

fn sorted<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}
