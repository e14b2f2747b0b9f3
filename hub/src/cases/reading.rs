//! A file of cases under way: what it names, and what is wrong with it.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use zerotrip_checks::definition::{Definition, DefinitionError, Fault};
use zerotrip_datasets::{Key, KeyKind, ResidentId};
use zerotrip_text::cut;

/// Where the ids of persons are from who are known by their birth dates.
const DIVISION: u32 = 330_106;

/// A file under way.
pub(super) struct Reading<'a> {
    pub(super) definition: &'a Definition,
    pub(super) path: &'a str,
    /// The key of everybody who has a name.
    pub(super) named: BTreeMap<String, Key>,
    faults: Vec<Fault>,
}

impl<'a> Reading<'a> {
    /// `path` names the file in errors; `persons` have their birth dates or ids, and `others` of
    /// each kind their numbers.
    pub(super) fn new(
        definition: &'a Definition,
        path: &'a str,
        persons: &BTreeMap<String, String>,
        others: &[(KeyKind, &BTreeMap<String, String>)],
    ) -> Self {
        let mut reading = Self { definition, path, named: BTreeMap::new(), faults: Vec::new() };
        reading.name_persons(persons);
        for (kind, named) in others {
            reading.name_others(*kind, named);
        }
        reading
    }

    /// What was read, if nothing is wrong with it.
    pub(super) fn finish<T>(self, read: T) -> Result<T, DefinitionError> {
        if self.faults.is_empty() { Ok(read) } else { Err(self.faulty()) }
    }

    pub(super) fn add(&mut self, place: &str, what: &str, remedy: &str) {
        let fault = Fault::new(self.path, place, what, remedy);
        // What all cases of a file share is wrong once.
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    pub(super) fn faulty(self) -> DefinitionError {
        DefinitionError(self.faults)
    }

    /// The key of who is named so, if it is of that kind, or the key that the text is.
    pub(super) fn key(&self, kind: KeyKind, text: &str) -> Option<String> {
        let key = match self.named.get(text) {
            Some(key) => Some(*key).filter(|key| key.kind() == kind),
            None => kind.typed(text),
        };
        key.map(|key| key.as_str().to_owned())
    }

    fn name_others(&mut self, kind: KeyKind, raw: &BTreeMap<String, String>) {
        for (name, text) in raw {
            let key = kind.typed(text);
            match key.filter(|_| !self.named.contains_key(name)) {
                Some(key) => drop(self.named.insert(name.clone(), key)),
                None => self.add(
                    &format!("{}.{}", section(kind), cut(name)),
                    &format!("not {}, or another's name too", kind.words().a_number),
                    "write the whole number, under a name of its own",
                ),
            }
        }
    }

    fn name_persons(&mut self, raw: &BTreeMap<String, String>) {
        for (name, text) in raw {
            // Each has a number of their own, whatever their birthday.
            let sequence = u16::try_from(self.named.len() + 1).unwrap_or(u16::MAX);
            let id = match day(text) {
                Some(born) => ResidentId::from_parts(DIVISION, born, sequence),
                None => ResidentId::new_strict(text).ok(),
            };
            match id {
                Some(id) => drop(self.named.insert(name.clone(), Key::Resident(id))),
                None => self.add(
                    &format!("persons.{}", cut(name)),
                    "neither a birth date nor a resident id",
                    "write `1983-09-10`, and an id is made for them, or the id",
                ),
            }
        }
    }
}

/// The section of a file that gives those of a kind names.
pub(super) fn section(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Resident => "persons",
        KeyKind::Enterprise => "enterprises",
        KeyKind::Vessel => "vessels",
        KeyKind::Vehicle => "vehicles",
        KeyKind::PropertyUnit => "property_units",
    }
}

/// A calendar day.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let read = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (text.len() == 10 && (1800..=9999).contains(&read.year())).then_some(read)
}
