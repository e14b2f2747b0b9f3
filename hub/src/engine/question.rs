//! What one request says, as the engine needs it: the table `request`, the days of which registers
//! must know, and the regions that are asked about.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::NaiveDate;
use datafusion::common::{DataFusionError, Result};
use zerotrip_checks::definition::{Definition, Reach, Scan};
use zerotrip_datasets::normal::division;
use zerotrip_datasets::parameter::{RequestColumn, Spelling, Value};

/// What one request says.
pub(super) struct Question {
    /// By parameter: the first and the last day.
    days: BTreeMap<String, (NaiveDate, NaiveDate)>,
    /// Division codes.
    regions: Vec<String>,
    today: NaiveDate,
}

impl Question {
    /// Of a definition's parameters, in its order, canonical; and its row in the table `request`.
    pub(super) fn of(
        definition: &Definition,
        parameters: &[String],
        today: i32,
    ) -> Result<(Self, RecordBatch)> {
        let wrong = |what: &str| DataFusionError::Internal(format!("the request: {what}"));
        let day = NaiveDate::from_epoch_days(today).ok_or_else(|| wrong("no such day"))?;
        let mut question = Self { days: BTreeMap::new(), regions: Vec::new(), today: day };
        let mut columns: Vec<Arc<dyn Array>> = Vec::new();
        let text = |value: &str| Arc::new(StringArray::from_iter_values([value])) as Arc<dyn Array>;
        let date = |day: NaiveDate| {
            Arc::new(Date32Array::from_iter_values([day.to_epoch_days()])) as Arc<dyn Array>
        };
        if parameters.len() != definition.parameters.len() {
            return Err(wrong("a parameter is missing"));
        }
        for (parameter, value) in definition.parameters.iter().zip(parameters) {
            if parameter.declared.is_subject() {
                columns.push(text(value));
                continue;
            }
            let read = parameter.declared.read(&parameter.name, value, Spelling::Signed, None);
            let read = read.map_err(|error| wrong(&error.to_string()))?;
            if let Some(days) = read.value.days() {
                question.days.insert(parameter.name.clone(), days);
            }
            match read.value {
                Value::Date(day) => columns.push(date(day)),
                Value::Period { first, last } => {
                    columns.extend([date(first.first_day()), date(last.last_day())]);
                }
                Value::Number(number) => {
                    columns.push(Arc::new(Int64Array::from_iter_values([number])));
                }
                Value::Region(code) => {
                    columns.push(text(&code));
                    question.regions.push(code);
                }
                Value::Subject(_) | Value::Enterprise(_) | Value::Code(_) => {
                    columns.push(text(value));
                }
            }
        }
        columns.push(Arc::new(Date32Array::from_iter_values([today])));
        Ok((question, RecordBatch::try_new(request_schema(definition), columns)?))
    }

    /// How far back a scan's register must know.
    pub(super) fn reach(&self, scan: &Scan) -> Reach {
        let Some(reference) = &scan.known_from else { return scan.reach() };
        match self.days.get(&reference.column) {
            Some((from, until)) => {
                Reach::Days { from: *from, until: (*until < self.today).then_some(*until) }
            }
            // No register knows of what no one says.
            None => Reach::Days { from: NaiveDate::MIN, until: Some(NaiveDate::MAX) },
        }
    }

    /// Whether it asks about a region that is not within these.
    pub(super) fn asks_beyond(&self, regions: &[String]) -> bool {
        let within = |asked: &String| {
            let both = [regions.to_vec(), vec![asked.clone()]];
            division::common(&both).contains(asked)
        };
        !self.regions.iter().all(within)
    }
}

/// Slot 0: each parameter by its type, then `today`.
pub fn request_schema(definition: &Definition) -> SchemaRef {
    let fields = columns(definition).map(|(name, column)| {
        let of = match column {
            RequestColumn::Text => DataType::Utf8,
            RequestColumn::Date => DataType::Date32,
            RequestColumn::Number => DataType::Int64,
        };
        Field::new(name, of, false)
    });
    let today = Field::new("today", DataType::Date32, false);
    Arc::new(Schema::new(fields.chain([today]).collect::<Vec<_>>()))
}

fn columns(definition: &Definition) -> impl Iterator<Item = (String, RequestColumn)> {
    definition.parameters.iter().flat_map(|one| one.declared.columns(&one.name))
}

/// The places in the table `request` of the numbers of persons asked about: of this name, or all.
pub(super) fn subject_columns(definition: &Definition, name: Option<&str>) -> Vec<usize> {
    let named = columns(definition).enumerate().filter(|(_, (column, _))| {
        definition.subject(column).is_some() && name.is_none_or(|name| name == column)
    });
    named.map(|(place, _)| place).collect()
}
