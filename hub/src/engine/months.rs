//! A step that counts months, over the rows of a scan as a table holds them. What it counts, and
//! what is known of it, is [`zerotrip_checks::months`]'s to say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Field, Int64Type, Schema};
use arrow::util::display::array_value_to_string;
use chrono::NaiveDate;
use datafusion::common::{DataFusionError, Result};
use zerotrip_checks::definition::{MONTHS_COLUMNS, Months, Period};
use zerotrip_checks::months::{Counted, Row, count};
use zerotrip_datasets::CivilMonth;
use zerotrip_datasets::plausible::birth_in;
use zerotrip_proto::v1::KeyKind;
use zerotrip_trust::digest::sha256;

use super::columns::{text_column, wrong_type};
use super::lineage::{Lineage, Sources};
use super::prepared::{MonthsColumns, PreparedKind, PreparedMonths, PreparedVariant, ROW_NUMBER};
use super::slot_rows::distinct;
use super::slots::ExchangeCx;

impl PreparedMonths {
    /// Over the scan that the rule names among the steps before it; or why not. With it, of which
    /// columns of the departments its table is made.
    pub(super) fn of(
        rule: &Months,
        before: &PreparedVariant,
    ) -> std::result::Result<(Self, Lineage), String> {
        let place = before.steps.iter().position(|step| step.name == rule.of);
        let step = place.and_then(|place| Some((place, before.steps.get(place)?)));
        let Some((scan, step)) = step else { return Err(format!("no step `{}`", rule.of)) };
        let PreparedKind::Scan(asked) = &step.kind else {
            return Err(format!("`{}` is no scan", rule.of));
        };
        let at = |column: &String| {
            step.schema.index_of(column).map_err(|_| format!("no column `{}.{column}`", rule.of))
        };
        let maybe = |column: Option<&String>| column.map(at).transpose();
        let columns = MonthsColumns {
            month: at(&rule.month)?,
            amount: maybe(rule.amount.as_ref())?,
            direction: maybe(rule.direction.as_ref().map(|direction| &direction.column))?,
            kind: maybe(rule.kind.as_ref().map(|kind| &kind.column))?,
            identity: maybe(rule.identity.as_ref())?,
            paid_on: maybe(rule.paid_on.as_ref())?,
            row_number: at(&ROW_NUMBER.to_owned())?,
        };
        let dataset = &asked.scan.dataset;
        let source = |column: &str| (dataset.clone(), column.to_owned());
        let counted: Sources = rule.weighed().into_iter().map(source).collect();
        let lineage = MONTHS_COLUMNS.iter().map(|name| match *name {
            "person" => Sources::from([source(&asked.scan.lookup)]),
            "row_number" => Sources::from([source(ROW_NUMBER)]),
            _ => counted.clone(),
        });
        let field = |name: &&str| Field::new(*name, kind_of(name), true);
        let months = Self {
            rule: rule.clone(),
            scan,
            delivered: asked.answer.fields().len(),
            columns,
            persons: asked.keys.clone(),
            is_of_persons: asked.template.key_kind() == KeyKind::Resident,
            schema: Arc::new(Schema::new(MONTHS_COLUMNS.iter().map(field).collect::<Vec<_>>())),
            read: BTreeSet::new(),
        };
        Ok((months, lineage.collect()))
    }

    /// Takes which columns of its table are read.
    pub(super) fn read_also(&mut self, columns: &BTreeSet<usize>) {
        self.read.extend(columns);
    }

    /// The months that it looks at, by the day of the request.
    pub(super) fn range(&self, cx: &ExchangeCx) -> Result<Period> {
        self.rule.range(today(cx)?).ok_or_else(|| {
            DataFusionError::Internal("the months of a range are beyond the calendar".into())
        })
    }

    /// The table: a row for each person whom the scan asks about. And whether all that is read of
    /// it is known, of everybody.
    pub(super) fn count(&self, cx: &ExchangeCx) -> Result<(RecordBatch, bool)> {
        let (range, today) = (self.range(cx)?, today(cx)?);
        let this = CivilMonth::of(today).unwrap_or(range.last());
        let mut by_person: BTreeMap<String, Vec<Row<'_>>> = BTreeMap::new();
        for person in distinct(cx, &self.persons)?.unwrap_or_default() {
            by_person.insert(person, Vec::new());
        }
        for batch in cx.rows(self.scan + 1)? {
            let persons = text_column(batch, 0)?;
            for (person, row) in persons.iter().zip(self.rows(batch)?) {
                by_person.entry(person.unwrap_or_default().to_owned()).or_default().push(row);
            }
        }
        let mut is_known = true;
        let mut counts = Vec::with_capacity(by_person.len());
        for (person, rows) in &by_person {
            let born = birth_in(person).filter(|_| self.is_of_persons).and_then(CivilMonth::of);
            let counted = count(&self.rule, range, (born, this), rows);
            is_known &= self.read.iter().all(|place| is_known_in(&counted, *place));
            counts.push((person.as_str(), counted));
        }
        Ok((self.table(&counts)?, is_known))
    }

    fn rows<'a>(&self, batch: &'a RecordBatch) -> Result<Vec<Row<'a>>> {
        let text = |place: Option<usize>| place.map(|place| text_column(batch, place)).transpose();
        let MonthsColumns { month, amount, paid_on, row_number, .. } = self.columns;
        let months = text_column(batch, month)?;
        let (directions, kinds) = (text(self.columns.direction)?, text(self.columns.kind)?);
        let identities = text(self.columns.identity)?;
        let column = |place: usize| batch.columns().get(place).ok_or_else(|| wrong_type(place));
        let numbers = column(row_number)?
            .as_primitive_opt::<Int64Type>()
            .ok_or_else(|| wrong_type(row_number))?;
        let amounts = amount
            .map(|place| {
                column(place)?.as_primitive_opt::<Decimal128Type>().ok_or_else(|| wrong_type(place))
            })
            .transpose()?;
        let days = paid_on
            .map(|place| {
                column(place)?.as_primitive_opt::<Date32Type>().ok_or_else(|| wrong_type(place))
            })
            .transpose()?;
        let cell = |column: Option<&'a StringArray>, row: usize| {
            column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
        };
        let delivered = || batch.columns().iter().take(self.delivered);
        let said = |row: usize| -> Result<[u8; 32]> {
            let mut cells = Vec::with_capacity(self.delivered);
            for column in delivered() {
                let is_known = column.is_valid(row);
                cells.push(is_known.then(|| array_value_to_string(column, row)).transpose()?);
            }
            Ok(sha256(format!("{cells:?}").as_bytes()))
        };
        let rows = (0..batch.num_rows()).map(|row| -> Result<Row<'a>> {
            Ok(Row {
                number: numbers.value(row),
                month: cell(Some(months), row).and_then(CivilMonth::parse),
                amount: amounts.filter(|all| all.is_valid(row)).map(|all| all.value(row)),
                direction: cell(directions, row),
                kind: cell(kinds, row),
                identity: cell(identities, row),
                paid: days
                    .filter(|all| all.is_valid(row))
                    .and_then(|all| NaiveDate::from_epoch_days(all.value(row)))
                    .and_then(CivilMonth::of),
                digest: said(row)?,
                is_known: delivered().all(|column| column.is_valid(row)),
            })
        });
        rows.collect()
    }

    fn table(&self, counts: &[(&str, Counted)]) -> Result<RecordBatch> {
        let number = |of: fn(&Counted) -> Option<u32>| -> ArrayRef {
            let numbers = counts.iter().map(|(_, counted)| of(counted).map(i64::from));
            Arc::new(numbers.collect::<Int64Array>())
        };
        let text = |of: fn(&Counted) -> Option<String>| -> ArrayRef {
            Arc::new(counts.iter().map(|(_, counted)| of(counted)).collect::<StringArray>())
        };
        let persons = counts.iter().map(|(person, _)| Some(*person));
        let enough = counts.iter().map(|(_, counted)| counted.enough);
        let rows = counts.iter().map(|(_, counted)| counted.row);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(persons.collect::<StringArray>()),
            number(|counted| counted.months),
            number(|counted| counted.longest_run),
            number(|counted| counted.last_run),
            text(|counted| counted.first.flatten().map(|month| month.to_string())),
            text(|counted| counted.last.flatten().map(|month| month.to_string())),
            text(|counted| counted.gaps.as_deref().map(in_words)),
            Arc::new(enough.collect::<BooleanArray>()),
            Arc::new(rows.collect::<Int64Array>()),
        ];
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

fn kind_of(column: &str) -> DataType {
    match column {
        "months" | "longest_run" | "last_run" | "row_number" => DataType::Int64,
        "enough" => DataType::Boolean,
        _ => DataType::Utf8,
    }
}

/// Whether what a column says is known.
fn is_known_in(counted: &Counted, place: usize) -> bool {
    match MONTHS_COLUMNS.get(place).copied().unwrap_or_default() {
        "person" | "row_number" => true,
        "months" => counted.months.is_some(),
        "longest_run" => counted.longest_run.is_some(),
        "last_run" => counted.last_run.is_some(),
        "first_month" => counted.first.is_some(),
        "last_month" => counted.last.is_some(),
        "gaps" => counted.gaps.is_some(),
        "enough" => counted.enough.is_some(),
        _ => false,
    }
}

/// Periods, as `2024-03 2024-07..2024-09`; empty where there are none.
fn in_words(gaps: &[(CivilMonth, CivilMonth)]) -> String {
    let gaps = gaps.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}..{last}"),
    });
    gaps.collect::<Vec<_>>().join(" ")
}

/// The day of the request.
fn today(cx: &ExchangeCx) -> Result<NaiveDate> {
    let day = cx.rows(0)?.first().and_then(|request| {
        let days = request.columns().last()?.as_primitive_opt::<Date32Type>()?;
        (days.len() == 1 && days.is_valid(0)).then(|| days.value(0))
    });
    day.and_then(NaiveDate::from_epoch_days)
        .ok_or_else(|| DataFusionError::Internal("a request has no day".into()))
}
