//! The columns of a dataset's look-ups, and what its owner has declared of the ids in them.

use std::collections::{BTreeMap, BTreeSet};

use zerotrip_datasets::cell::is_blank;
use zerotrip_datasets::key::{KeyWhose, name_in, names_any, whose};
use zerotrip_datasets::resident_id::Declared;
use zerotrip_datasets::{CivilDay, Column, DatasetFile, KeyKind, Named};

/// One look-up of a dataset.
#[derive(Clone, Debug, Default)]
pub struct KeyColumns {
    /// Places of its columns.
    pub columns: Vec<usize>,
    /// Those of them that can be blank.
    pub may_be_blank: Vec<usize>,
    /// What is declared of them, by their places.
    pub declared: BTreeMap<usize, DeclaredKey>,
}

/// What is declared of a column of ids.
#[derive(Clone, Debug, Default)]
pub struct DeclaredKey {
    /// Of which kind its keys are.
    pub kind: KeyKind,
    /// Its words and schemes.
    pub declared: Declared,
    /// The place of the column that names the scheme of an id.
    pub scheme_by: Option<usize>,
}

impl KeyColumns {
    /// The places of all columns of these look-ups, each once.
    pub fn places(look_ups: &[Self]) -> Vec<usize> {
        let places: BTreeSet<usize> =
            look_ups.iter().flat_map(|look_up| &look_up.columns).copied().collect();
        places.into_iter().collect()
    }

    /// The kinds of the keys of these look-ups.
    pub fn kinds(look_ups: &[Self]) -> BTreeSet<KeyKind> {
        let kind = |look_up: &Self, place: &usize| {
            look_up.declared.get(place).map(|key| key.kind).unwrap_or_default()
        };
        let of =
            |look_up: &Self| look_up.columns.iter().map(|place| kind(look_up, place)).collect();
        look_ups.iter().flat_map(|look_up| -> Vec<KeyKind> { of(look_up) }).collect()
    }

    /// Whether other columns are needed to read them.
    pub fn need_others(look_ups: &[Self]) -> bool {
        look_ups
            .iter()
            .flat_map(|look_up| look_up.declared.values())
            .any(|key| key.scheme_by.is_some())
    }

    /// Those of a dataset file.
    pub fn of(dataset: &DatasetFile) -> Vec<Self> {
        let place = |name: &String| dataset.columns.iter().position(|column| column.name == *name);
        let places = |names: &[String]| -> Vec<usize> { names.iter().filter_map(place).collect() };
        let declared = |at: &usize| {
            let column = dataset.columns.get(*at)?;
            let (kind, declared) = (column.key_kind().unwrap_or_default(), column.declared.clone());
            let scheme_by = declared.scheme_by.as_ref().and_then(|by| place(&by.column));
            Some((*at, DeclaredKey { kind, declared, scheme_by }))
        };
        let look_up = |look_up: &zerotrip_datasets::Lookup| {
            let columns = places(&look_up.columns);
            let declared = columns.iter().filter_map(declared).collect();
            Self { columns, may_be_blank: places(&look_up.may_be_blank), declared }
        };
        dataset.lookups.iter().map(look_up).collect()
    }

    /// The places of columns of no look-up that can name a person that a row is about: all but
    /// those of which the owner has stated otherwise. None of a dataset that no person is looked
    /// up in.
    pub fn mention_columns(dataset: &DatasetFile, look_ups: &[Self]) -> Vec<usize> {
        let keys = Self::places(look_ups);
        let may_be = |place: usize, column: &Column| {
            !keys.is_empty()
                && !keys.contains(&place)
                && !dataset.not_about.contains_key(&column.field)
        };
        let columns = dataset.columns.iter().enumerate();
        columns.filter(|(place, column)| may_be(*place, column)).map(|(place, _)| place).collect()
    }

    /// Key columns of a row in which an id is lost: blank ones, where its owner has not said that
    /// they can be blank, or all of them together. `cell` gives the row's cells.
    pub fn lost<'a>(&self, cell: &impl Fn(usize) -> Option<&'a str>) -> Vec<usize> {
        let says_other =
            |place: &usize| self.declared.get(place).is_some_and(|key| key.says_other(cell));
        let blank: Vec<usize> = self
            .columns
            .iter()
            .copied()
            .filter(|place| is_blank(cell(*place)) && !says_other(place))
            .collect();
        let all = blank.len() == self.columns.len();
        blank.into_iter().filter(|place| all || !self.may_be_blank.contains(place)).collect()
    }
}

impl DeclaredKey {
    /// Whether the column for it says that the cell holds no resident id.
    pub fn says_other<'a>(&self, cell: &impl Fn(usize) -> Option<&'a str>) -> bool {
        let by = self.scheme_by.zip(self.declared.scheme_by.as_ref());
        by.is_some_and(|(place, by)| by.says_other(cell(place)))
    }

    /// By what one whole number in the cell names whom its row is about.
    pub fn name_in(&self, raw: &str) -> Option<Named> {
        name_in(self.kind, &self.declared, raw)
    }

    /// Whose the cell `raw` is on that day, beside the row's others; it is not blank.
    pub fn whose<'a>(
        &self,
        raw: &str,
        today: CivilDay,
        cell: &impl Fn(usize) -> Option<&'a str>,
    ) -> KeyWhose {
        match whose(self.kind, &self.declared, raw, today) {
            // What is, or may be left of, a key is not another number, whatever the other column
            // says.
            KeyWhose::Could(suspect)
                if suspect.is_anybodys() && !names_any(self.kind, raw) && self.says_other(cell) =>
            {
                KeyWhose::Nobody
            }
            whose => whose,
        }
    }
}

/// One column of any look-up.
#[derive(Clone, Debug)]
pub(super) struct KeyColumn {
    pub place: usize,
    pub key: DeclaredKey,
}
