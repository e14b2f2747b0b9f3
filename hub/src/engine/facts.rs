//! The values of a proven fact: what the step `claims` must look like, of which columns its values
//! may be made, and what it says in the end.

use arrow::array::{Array, AsArray as _};
use arrow::datatypes::{DataType, Date32Type, Int64Type, Schema};
use chrono::NaiveDate;
use datafusion::common::Result;
use serde_json::Value;
use zerotrip_certificates::Fact;
use zerotrip_checks::definition::{ClaimTerms, ClaimType};
use zerotrip_datasets::plausible::is_placeholder;
use zerotrip_proto::v1::FactTerms;

use super::columns::wrong_type;
use super::lineage::{Lineage, Sources};
use super::slots::ExchangeCx;

fn column_type(kind: ClaimType) -> DataType {
    match kind {
        ClaimType::Date => DataType::Date32,
        ClaimType::Months | ClaimType::Fen | ClaimType::Count => DataType::Int64,
        ClaimType::Month | ClaimType::Code | ClaimType::Region | ClaimType::Name => DataType::Utf8,
    }
}

/// What is wrong with the step `claims`: a column for each claim, in their order, of its type; made
/// of the columns that the claim names, and of no other of a department's.
pub(super) fn faults(claims: &[&ClaimTerms], schema: &Schema, lineage: &Lineage) -> Vec<String> {
    let stated: Vec<(&str, DataType)> =
        claims.iter().map(|claim| (claim.name.as_str(), column_type(claim.kind))).collect();
    let found: Vec<(&str, DataType)> = schema
        .fields()
        .iter()
        .map(|field| (field.name().as_str(), field.data_type().clone()))
        .collect();
    if stated != found {
        return vec![format!("step `claims`: its columns must be {stated:?}, not {found:?}")];
    }
    let mut faults = Vec::new();
    for (claim, sources) in claims.iter().zip(lineage) {
        let name = &claim.name;
        let named: Sources =
            claim.from.iter().map(|from| (from.dataset.clone(), from.column.clone())).collect();
        for (dataset, column) in sources.difference(&named) {
            faults.push(format!(
                "claim `{name}`: its value is made of `{dataset}.{column}` too; name it in `from`, \
                 so that its owner approves it"
            ));
        }
        for (dataset, column) in named.difference(sources) {
            faults.push(format!(
                "claim `{name}`: its value is not made of `{dataset}.{column}`; drop it from `from`"
            ));
        }
    }
    faults
}

/// What the step `claims` says: one row, each value of its type. `None` where it says anything
/// else, and so nothing.
pub(super) fn read(cx: &ExchangeCx, slot: usize, terms: &[FactTerms]) -> Result<Option<Vec<Fact>>> {
    let batches = cx.rows(slot)?;
    let mut rows = batches.iter().filter(|batch| batch.num_rows() > 0);
    let (Some(row), None) = (rows.next(), rows.next()) else { return Ok(None) };
    if row.num_rows() != 1 {
        return Ok(None);
    }
    let mut facts = Vec::with_capacity(terms.len());
    for (place, terms) in terms.iter().enumerate() {
        let value = value(row.column(place), place)?;
        let Some(fact) = Fact::read(terms, &value) else { return Ok(None) };
        facts.push(fact);
    }
    Ok(Some(facts))
}

fn value(column: &dyn Array, place: usize) -> Result<Value> {
    if column.is_null(0) {
        return Ok(Value::Null);
    }
    let other = || wrong_type(place);
    Ok(match column.data_type() {
        DataType::Utf8 => column.as_string_opt::<i32>().ok_or_else(other)?.value(0).into(),
        DataType::Int64 => {
            column.as_primitive_opt::<Int64Type>().ok_or_else(other)?.value(0).into()
        }
        DataType::Date32 => {
            let day = column.as_primitive_opt::<Date32Type>().ok_or_else(other)?.value(0);
            // A day that systems write for nothing is no value, and not the lack of one.
            let day = NaiveDate::from_epoch_days(day).filter(|day| !is_placeholder(*day));
            day.map_or(false.into(), |day| day.to_string().into())
        }
        _ => return Err(other()),
    })
}
