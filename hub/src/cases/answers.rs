//! The departments of a case: they answer a scan from its tables, as a connector would.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use zerotrip_checks::soundness::Incomplete;
use zerotrip_proto::v1::{ErrorCode, Finding, FindingKind};

use super::registers::Register;
use super::table::Cell;
use crate::dispatch::stated_report;
use crate::engine::{Dispatch, ScanAnswer, ScanCall};

/// Rows of a case's registers: the dataset, and the place among its rows.
pub(super) type Rows = BTreeSet<(String, usize)>;

/// The registers of one case.
pub(super) struct Departments<'a> {
    registers: &'a BTreeMap<String, Register>,
    delivered: Mutex<Rows>,
}

impl<'a> Departments<'a> {
    pub(super) fn new(registers: &'a BTreeMap<String, Register>) -> Self {
        Self { registers, delivered: Mutex::default() }
    }

    /// The rows that scans asked for, and those that could have been among them.
    pub(super) fn delivered(self) -> Rows {
        self.delivered.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dispatch for Departments<'_> {
    fn scan<'a>(
        &'a self,
        call: ScanCall<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<ScanAnswer, Incomplete>> + Send + 'a>> {
        Box::pin(async move {
            let dataset = &call.scan.scan.dataset;
            let failed = |code| Incomplete { code, dataset: dataset.clone() };
            let register =
                self.registers.get(dataset).ok_or_else(|| failed(ErrorCode::Internal))?;
            match register.down {
                Some(code) => Err(failed(code)),
                None => {
                    let (answer, places) =
                        answer(register, &call).ok_or_else(|| failed(ErrorCode::Internal))?;
                    let places = places.into_iter().map(|place| (dataset.clone(), place));
                    let mut delivered =
                        self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
                    delivered.extend(places);
                    let rows: usize = answer.rows.iter().map(RecordBatch::num_rows).sum();
                    // As a department's gate does.
                    if rows as u64 > call.most_rows() {
                        return Err(failed(ErrorCode::SourceLimit));
                    }
                    Ok(answer)
                }
            }
        })
    }
}

/// The rows in which a look-up's column holds one of the keys, once for each key; and what of them
/// cannot be read. With the places of these rows in the register.
fn answer(register: &Register, call: &ScanCall<'_>) -> Option<(ScanAnswer, Vec<usize>)> {
    let lookup = &call.scan.scan.lookup;
    let by = register.statement.lookups.iter().find(|known| known.name == *lookup)?;
    let names: Vec<&str> =
        call.schema.fields().iter().skip(1).map(|field| field.name().as_str()).collect();
    let mut findings: BTreeMap<(i32, &str), u64> = BTreeMap::new();
    let (mut keys, mut rows): (Vec<&str>, Vec<Vec<&Cell>>) = (Vec::new(), Vec::new());
    let mut places = Vec::new();
    for (place, row) in register.table.rows.iter().enumerate() {
        let cell = |name: &str| row.get(name).unwrap_or(&Cell::Empty);
        // A key that cannot be read could be one of those asked about.
        if by.columns.iter().any(|column| *cell(column) == Cell::Unreadable) {
            *findings.entry((FindingKind::CouldMatch.into(), "")).or_default() += 1;
            places.push(place);
        }
        let holds = |key: &&String| {
            by.columns.iter().any(|column| *cell(column) == Cell::Text((*key).clone()))
        };
        for key in call.keys.iter().filter(holds) {
            let cells: Vec<&Cell> = names.iter().map(|name| cell(name)).collect();
            for (name, _) in
                names.iter().zip(&cells).filter(|(_, cell)| ***cell == Cell::Unreadable)
            {
                *findings.entry((FindingKind::UnreadableCell.into(), name)).or_default() += 1;
            }
            keys.push(key);
            rows.push(cells);
            places.push(place);
        }
    }
    let findings = findings.into_iter().map(|((kind, column), count)| Finding {
        kind,
        column: column.to_owned(),
        count,
        keys: Vec::new(),
    });
    let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(keys))];
    for (place, field) in call.schema.fields().iter().skip(1).enumerate() {
        let cells = rows.iter().map(|row| row.get(place).copied());
        columns.push(column(field.data_type(), cells)?);
    }
    let batch = RecordBatch::try_new(Arc::clone(&call.schema), columns).ok()?;
    let report =
        stated_report(&register.statement, register.as_of, register.now, findings.collect());
    Some((ScanAnswer { rows: vec![batch], report }, places))
}

fn column<'a>(kind: &DataType, cells: impl Iterator<Item = Option<&'a Cell>>) -> Option<ArrayRef> {
    Some(match kind {
        DataType::Utf8 => Arc::new(
            cells
                .map(|cell| match cell {
                    Some(Cell::Text(text)) => Some(text.as_str()),
                    _ => None,
                })
                .collect::<StringArray>(),
        ),
        DataType::Date32 => Arc::new(
            cells
                .map(|cell| match cell {
                    Some(Cell::Day(day)) => Some(*day),
                    _ => None,
                })
                .collect::<Date32Array>(),
        ),
        DataType::Decimal128(precision, scale) => {
            let fen = cells.map(|cell| match cell {
                Some(Cell::Fen(fen)) => Some(*fen),
                _ => None,
            });
            let array = fen.collect::<Decimal128Array>();
            Arc::new(array.with_precision_and_scale(*precision, *scale).ok()?)
        }
        _ => return None,
    })
}
