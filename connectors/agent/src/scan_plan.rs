//! How an approved scan is made on a dataset: what to look up, and what to deliver of each row.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::{FlightData, SchemaAsIpc};
use zerotrip_datasets::{Column, DatasetFile, Key, KeySet, Named, arrow_type, cell, template};
use zerotrip_proto::v1::{DatasetStatement, ScanTemplate};

use zerotrip_sources::RawRow;
use zerotrip_sources::rulings::{Concerns, Rulings, Stated, row_digest};

/// An approved scan's template on a dataset: the answer's schema, and how rows become answers.
#[derive(Debug)]
pub struct ScanPlan {
    pub(crate) schema: SchemaRef,
    /// The same as every answer's first message.
    pub(crate) schema_message: FlightData,
    /// Places, in the dataset file's columns, of the look-up's columns.
    pub(crate) look_up: Vec<usize>,
    /// The columns to deliver, with their places.
    pub(crate) columns: Vec<(usize, Column)>,
    /// Columns, by place in `columns`, whose values may travel on.
    pub(crate) supplies: Vec<usize>,
    /// The dataset file's columns, for reading cells.
    pub(crate) all: Vec<Column>,
}

impl ScanPlan {
    /// The plan of a template on a dataset, or why it does not fit.
    pub fn of(
        template: &ScanTemplate,
        (file, statement): (&DatasetFile, &DatasetStatement),
    ) -> Result<Self, String> {
        template::validate(template, statement).map_err(|faults| {
            faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        })?;
        let place = |name: &String| {
            let found = file.columns.iter().position(|column| column.name == *name);
            found.ok_or_else(|| format!("no column `{name}`"))
        };
        let look_up = file
            .lookup(&template.lookup)
            .ok_or_else(|| format!("no look-up `{}`", template.lookup))?;
        let look_up = look_up.columns.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let mut columns = Vec::new();
        let mut fields = vec![Field::new(&template.lookup, DataType::Utf8, true)];
        let delivered = template::delivered(template, statement);
        for name in &delivered {
            let at = place(name)?;
            let column = file.columns.get(at).ok_or_else(|| format!("no column `{name}`"))?;
            fields.push(Field::new(name, arrow_type(column.semantic), true));
            columns.push((at, column.clone()));
        }
        let supplies = delivered
            .iter()
            .enumerate()
            .filter(|(_, name)| template.supplies.contains(name))
            .map(|(at, _)| at);
        let schema = Schema::new(fields);
        Ok(Self {
            schema_message: SchemaAsIpc::new(&schema, &IpcWriteOptions::default()).into(),
            schema: Arc::new(schema),
            look_up,
            supplies: supplies.collect(),
            columns,
            all: file.columns.clone(),
        })
    }

    /// Those of the keys that this row names, in the order of the look-up's columns, each once;
    /// then those that it concerns by its owner's ruling.
    pub(crate) fn keys(
        &self,
        row: RawRow<'_>,
        adjudications: &Rulings,
        among: &KeySet,
    ) -> Vec<Key> {
        let ruled = ruled(row, adjudications).iter().copied().map(Named::Key);
        let mut found = Vec::new();
        for name in self.named(row).into_iter().chain(ruled) {
            among.named(&name).iter().for_each(|key| add(&mut found, *key));
        }
        found
    }

    /// Whom this row names, in the order of the look-up's columns, each once.
    pub(crate) fn named(&self, row: RawRow<'_>) -> Vec<Named> {
        let mut found = Vec::new();
        for place in &self.look_up {
            if let Some(column) = self.all.get(*place) {
                let reading = cell::read(column, row.get(*place));
                reading.names().for_each(|name| add(&mut found, name));
            }
        }
        found
    }
}

/// Whom this row concerns by its owner's ruling.
pub(crate) fn ruled<'r>(row: RawRow<'_>, adjudications: &'r Rulings) -> &'r [Key] {
    if adjudications.is_empty() {
        return &[];
    }
    match adjudications.of(&row_digest(row.iter())) {
        Some(Stated { concerns: Concerns::Persons(persons), .. }) => persons,
        _ => &[],
    }
}

fn add<T: PartialEq>(found: &mut Vec<T>, one: T) {
    if !found.contains(&one) {
        found.push(one);
    }
}
