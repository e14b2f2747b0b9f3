//! Fields of a system that no column of the dataset file maps: where persons, enterprises or
//! things are named in one of them, a row could be about these, and a look-up would not find it.

use std::collections::{BTreeMap, BTreeSet};

use zerotrip_datasets::KeyKind;
use zerotrip_datasets::resident_id::{damaged_in, persons_among, persons_in, pieces_among};
use zerotrip_proto::v1::ErrorCode;

use super::{SourceError, beside, header};

/// Unmapped fields that are counted apart.
const MOST_LEFT: usize = 256;
/// Ids in pieces are taken for chance where fewer than one row in `SELDOM` has one.
const SELDOM: u64 = 20;
/// Fields that one error lists.
const MOST_SHOWN: usize = 20;

/// Fields that no column of the dataset file names, and in how many rows of each a person is named.
#[derive(Debug, Default)]
pub struct UnmappedFields {
    /// Of which kinds somebody is looked up: others can be named without a row's being about them.
    kinds: BTreeSet<KeyKind>,
    rows: u64,
    named: BTreeMap<String, u64>,
    /// The same of what can be an id by chance: in pieces, by where they begin, or mistyped.
    by_chance: BTreeMap<String, u64>,
    /// By the places of cells that look like an id together: in how many rows they do, and in how
    /// many it would be a valid one.
    together: BTreeMap<Vec<usize>, Together>,
}

/// What cells of a row make together.
#[derive(Debug)]
struct Together {
    field: String,
    rows: u64,
    valid: u64,
}

impl UnmappedFields {
    /// Those of a dataset in which keys of these kinds are looked up.
    pub fn of(kinds: BTreeSet<KeyKind>) -> Self {
        Self { kinds, ..Self::default() }
    }

    /// Whether a text names anybody who is looked up.
    pub fn names_anybody(&self, text: &str) -> bool {
        beside::names_anybody(&self.kinds, text)
    }

    /// The cells of such fields in a row, in their order.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) {
        self.rows += 1;
        let cells: Vec<_> = cells.into_iter().collect();
        for kind in self.kinds.clone() {
            match kind {
                KeyKind::Resident => self.note_persons(&cells),
                _ => self.note_others(kind, &cells),
            }
        }
    }

    fn note_others(&mut self, kind: KeyKind, cells: &[(&str, Option<&str>)]) {
        for (field, cell) in cells.iter().filter_map(|(field, cell)| Some((field, (*cell)?))) {
            if !beside::keys_in(kind, cell).is_empty() {
                add(&mut self.named, field);
            } else if !beside::damaged_in(kind, Some(cell)).is_empty() {
                add(&mut self.by_chance, field);
            }
        }
    }

    fn note_persons(&mut self, cells: &[(&str, Option<&str>)]) {
        // A part of an id in pieces can look like one that was cut.
        let mut counted: BTreeSet<&str> = BTreeSet::new();
        for (at, person) in persons_among(cells.iter().map(|(_, cell)| *cell)) {
            let Some((field, cell)) = cells.get(at) else { continue };
            counted.insert(field);
            let is_whole = cell.is_some_and(|cell| persons_in(cell).contains(&person));
            add(if is_whole { &mut self.named } else { &mut self.by_chance }, field);
        }
        for (places, is_valid) in pieces_among(cells.iter().map(|(_, cell)| *cell)) {
            let Some((field, _)) = places.first().and_then(|at| cells.get(*at)) else { continue };
            if self.together.len() < MOST_LEFT || self.together.contains_key(&places) {
                let new = || Together { field: (*field).to_owned(), rows: 0, valid: 0 };
                let together = self.together.entry(places).or_insert_with(new);
                together.rows += 1;
                together.valid += u64::from(is_valid);
            }
        }
        for (field, cell) in cells {
            let damaged = cell.map(damaged_in).unwrap_or_default();
            if !damaged.is_empty() && !counted.contains(field) {
                let is_masked = damaged.iter().any(|one| one.is_masked);
                add(if is_masked { &mut self.named } else { &mut self.by_chance }, field);
            }
        }
    }

    /// A text that belongs to no row.
    pub fn note(&mut self, field: &str, text: &str) {
        if self.names_anybody(text) {
            add(&mut self.named, field);
        }
    }

    /// An error where there are any: a row could be about the persons who are named there, and a
    /// look-up would not find it.
    pub fn require_none(&self, origin: &str) -> Result<(), SourceError> {
        // Numbers read as a mistyped id now and then, and as one in pieces; where ids are, they do
        // in each row.
        let too_often = self.by_chance.iter().filter(|(_, rows)| **rows * SELDOM >= self.rows);
        // One check character in eleven is right by chance.
        let together = self
            .together
            .values()
            .filter(|one| one.valid * 2 > one.rows)
            .map(|one| (&one.field, &one.valid));
        let mut left = self.named.iter().chain(too_often).chain(together).peekable();
        if left.peek().is_none() {
            return Ok(());
        }
        let said = |(name, rows): (&String, &u64)| {
            let rows = if *rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
            format!("`{}` in {rows}", header::shown(name))
        };
        let fields: Vec<String> = left.take(MOST_SHOWN).map(said).collect();
        let detail = format!(
            "`{origin}` holds numbers of {}, whole, masked or in pieces, in fields that no column \
             names, and that no look-up asks: {}; describe each in a `[[column]]` and look it up \
             (`[[lookup]]`), or say in `[not_about]` why the rows are not about who is there",
            KeyKind::listed_things("or"),
            fields.join(", ")
        );
        Err(SourceError::new(ErrorCode::SourceDrift, detail))
    }
}

/// An error where something is stated of a field that the source does not have: its name is wrong,
/// or the field is still to come, and would then not be checked.
pub fn require_stated<'a>(
    origin: &str,
    stated: impl IntoIterator<Item = &'a String>,
    there: impl Fn(&str) -> bool,
) -> Result<(), SourceError> {
    let Some(field) = stated.into_iter().find(|field| !there(field)) else { return Ok(()) };
    let field = header::shown(field);
    let detail = format!(
        "`[not_about]` names `{field}`, and `{origin}` has no such field; correct the name, or \
         remove the line"
    );
    Err(SourceError::new(ErrorCode::SourceDrift, detail))
}

fn add(fields: &mut BTreeMap<String, u64>, field: &str) {
    if let Some(rows) = fields.get_mut(field) {
        *rows += 1;
    } else if fields.len() < MOST_LEFT {
        // One is enough for the error.
        fields.insert(field.to_owned(), 1);
    }
}

#[cfg(test)]
mod tests;
