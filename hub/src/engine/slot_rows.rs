//! What the rows of a request's tables say.

use std::collections::BTreeSet;

use arrow::array::AsArray as _;
use arrow::datatypes::{Date32Type, Int64Type};
use datafusion::common::Result;
use zerotrip_checks::soundness::{Verdict, VerdictKind};

use super::columns::{text_column, wrong_type};
use super::prepared::SlotColumn;
use super::slots::ExchangeCx;

/// The distinct values of the columns, in order; `None` where one of them is NULL.
pub(super) fn distinct(cx: &ExchangeCx, columns: &[SlotColumn]) -> Result<Option<Vec<String>>> {
    let mut found = BTreeSet::new();
    for place in columns {
        for batch in cx.rows(place.slot)? {
            let values = text_column(batch, place.column)?;
            for value in values {
                let Some(value) = value else { return Ok(None) };
                found.insert(value.to_owned());
            }
        }
    }
    Ok(Some(found.into_iter().collect()))
}

/// A column's value in each row.
pub(super) fn texts(cx: &ExchangeCx, place: SlotColumn) -> Result<Vec<Option<String>>> {
    let mut values = Vec::new();
    for batch in cx.rows(place.slot)? {
        let column = text_column(batch, place.column)?;
        values.extend(column.iter().map(|value| value.map(str::to_owned)));
    }
    Ok(values)
}

/// The verdicts in the table of the last step, whose columns are `prepare::VERDICT`.
pub(super) fn verdicts(cx: &ExchangeCx, slot: usize) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for batch in cx.rows(slot)? {
        let (kinds, codes, scans) =
            (text_column(batch, 0)?, text_column(batch, 1)?, text_column(batch, 2)?);
        let rows = batch.column(3).as_primitive_opt::<Int64Type>().ok_or_else(|| wrong_type(3))?;
        let days = batch.column(4).as_primitive_opt::<Date32Type>().ok_or_else(|| wrong_type(4))?;
        let beginnings =
            batch.column(5).as_primitive_opt::<Date32Type>().ok_or_else(|| wrong_type(5))?;
        let rows = rows.iter().zip(days).zip(beginnings);
        for (((kind, code), scan), ((row, on_date), began_on)) in
            kinds.iter().zip(codes).zip(scans).zip(rows)
        {
            verdicts.push(Verdict {
                kind: VerdictKind::from_word(kind),
                code: code.unwrap_or_default().to_owned(),
                scan: scan.unwrap_or_default().to_owned(),
                row: row.and_then(|row| usize::try_from(row).ok()),
                on_date,
                began_on,
            });
        }
    }
    Ok(verdicts)
}
