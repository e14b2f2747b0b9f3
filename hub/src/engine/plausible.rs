//! Which delivered dates cannot be relied upon, by what the definition says they are the dates of
//! ([`zerotrip_datasets::plausible`]). One of them counts as a cell that cannot be read, whatever
//! it would decide.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Date32Builder, RecordBatch, StringArray};
use arrow::datatypes::Date32Type;
use chrono::NaiveDate;
use datafusion::common::Result;
use zerotrip_checks::soundness::ScanReport;
use zerotrip_datasets::CivilDay;
use zerotrip_datasets::plausible::{Bounds, Concerned, is_plausible};
use zerotrip_proto::v1::{Finding, FindingKind, KeyKind, SemanticType};

use super::columns::{text_column, wrong_type};
use super::prepared::PreparedScan;

/// The columns with implausible dates, and how many each has. `last` is the civil day on which the
/// answer came. In columns that a step weighs they become NULL, as what cannot be read is.
pub(super) fn implausible(
    scan: &PreparedScan,
    (rows, weighed): (&mut [RecordBatch], &BTreeSet<&str>),
    report: &ScanReport,
    last: CivilDay,
) -> Result<Vec<Finding>> {
    let since = report.since.and_then(NaiveDate::from_epoch_days);
    let bounds = Bounds { since, older_carried_over: report.older_carried_over, last };
    let mut findings = Vec::new();
    for date in scan.template.types.iter().filter(|column| column.r#type() == SemanticType::Date) {
        // What its owner does not state has not come.
        let Ok(at) = scan.answer.index_of(&date.column) else { continue };
        // The look-up's own column comes first. An enterprise's code says nothing of when it began.
        let is_resident = |name: &&String| {
            let typed = scan.template.types.iter().find(|typed| typed.column == **name);
            typed.is_none_or(|typed| typed.r#type() == SemanticType::ResidentId)
        };
        let places = |named: &[String]| -> Result<Vec<usize>> {
            let named = named.iter().filter(is_resident);
            Ok(named
                .map(|name| scan.answer.index_of(name))
                .collect::<std::result::Result<_, _>>()?)
        };
        let persons: Vec<usize> = match date.persons.as_slice() {
            [] if scan.template.key_kind() == KeyKind::Resident => vec![0],
            [] => Vec::new(),
            named => places(named)?,
        };
        let parents = places(&date.parents)?;
        let mut count = 0;
        for batch in rows.iter_mut() {
            let days = batch
                .columns()
                .get(at)
                .and_then(|column| column.as_primitive_opt::<Date32Type>())
                .ok_or_else(|| wrong_type(at))?;
            let (persons, parents) = (texts(batch, &persons)?, texts(batch, &parents)?);
            let mut read = Date32Builder::with_capacity(days.len());
            let before = count;
            for (row, day) in days.iter().enumerate() {
                let Some(day) = day else {
                    read.append_null();
                    continue;
                };
                let (persons, parents) = (named(&persons, row), named(&parents, row));
                let concerned = Concerned { persons: &persons, parents: &parents };
                let plausible = NaiveDate::from_epoch_days(day)
                    .is_some_and(|day| is_plausible(date, day, concerned, bounds));
                count += u64::from(!plausible);
                read.append_option(plausible.then_some(day));
            }
            if count > before && weighed.contains(date.column.as_str()) {
                let mut columns = batch.columns().to_vec();
                if let Some(column) = columns.get_mut(at) {
                    *column = Arc::new(read.finish());
                }
                *batch = RecordBatch::try_new(batch.schema(), columns)?;
            }
        }
        if count > 0 {
            findings.push(Finding {
                kind: FindingKind::UnreadableCell.into(),
                column: date.column.clone(),
                count,
                keys: Vec::new(),
            });
        }
    }
    Ok(findings)
}

fn texts<'a>(batch: &'a RecordBatch, places: &[usize]) -> Result<Vec<&'a StringArray>> {
    places.iter().map(|column| text_column(batch, *column)).collect()
}

/// The ids that a row has in these columns.
fn named<'a>(columns: &[&'a StringArray], row: usize) -> Vec<&'a str> {
    let there = columns.iter().filter(|column| column.is_valid(row));
    there.map(|column| column.value(row)).collect()
}
