//! What a dataset file says of a table on a server, and of how it is read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use zerotrip_datasets::file::{Remote, SqliteAsOf};
use zerotrip_datasets::{Column, DatasetFile, KeyKind};

use super::super::plausibility::PlausibilityRules;
use super::super::profile::KeyColumns;
use super::super::table::id_places;
use crate::rulings::Rulings;

/// What every kind of server's section says of how its table is read.
pub struct PollSettings<'a> {
    /// The table or view.
    pub table: &'a str,
    /// Most connections at once.
    pub connections: u32,
    /// Time between two profiling passes.
    pub profile_every: Duration,
    /// How old its rows are.
    pub as_of: &'a SqliteAsOf,
    /// The owner's reason why nothing is hidden.
    pub nothing_hidden: Option<&'a str>,
}

impl<'a> From<&'a Remote> for PollSettings<'a> {
    fn from(spec: &'a Remote) -> Self {
        Self {
            table: &spec.table,
            connections: spec.connections,
            profile_every: spec.profile_every,
            as_of: &spec.as_of,
            nothing_hidden: spec.nothing_hidden.as_deref(),
        }
    }
}

/// What a dataset file says of the table.
pub struct RemoteTableShape {
    pub dataset: String,
    pub table: String,
    pub fields: Vec<String>,
    pub columns: Vec<Column>,
    pub look_ups: Vec<KeyColumns>,
    /// Places of the columns of all look-ups, each once.
    pub keys: Vec<usize>,
    /// Places of all columns of ids.
    pub ids: Vec<usize>,
    /// Places of columns of no look-up that can name a person that a row is about.
    pub mention_columns: Vec<usize>,
    /// What the checks take its columns to say.
    pub rules: Arc<PlausibilityRules>,
    /// Fields that name persons that the rows are not about.
    pub not_about: BTreeSet<String>,
    pub as_of: SqliteAsOf,
    /// The owner's reason why nothing is hidden.
    pub nothing_hidden: Option<String>,
    pub profile_every: Duration,
    /// What the owner has stated of unreadable rows.
    pub rulings: Arc<Rulings>,
}

impl RemoteTableShape {
    /// Of which kind the keys in the column at this place are, if a look-up asks it.
    pub fn kind_of(&self, place: usize) -> Option<KeyKind> {
        self.columns.get(place).filter(|_| self.keys.contains(&place))?.key_kind()
    }

    pub fn of(dataset: &DatasetFile, spec: &PollSettings<'_>, rulings: Arc<Rulings>) -> Self {
        let look_ups = KeyColumns::of(dataset);
        let keys = KeyColumns::places(&look_ups);
        Self {
            dataset: dataset.id.clone(),
            table: spec.table.to_owned(),
            fields: dataset.columns.iter().map(|column| column.field.clone()).collect(),
            columns: dataset.columns.clone(),
            keys,
            ids: id_places(dataset),
            mention_columns: KeyColumns::mention_columns(dataset, &look_ups),
            rules: Arc::new(PlausibilityRules::of(dataset)),
            not_about: dataset.not_about.keys().cloned().collect(),
            look_ups,
            as_of: spec.as_of.clone(),
            nothing_hidden: spec.nothing_hidden.map(str::to_owned),
            profile_every: spec.profile_every,
            rulings,
        }
    }
}
