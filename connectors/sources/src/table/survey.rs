//! What the table's owner asks of it: what it looks like, and which of its rows cannot be read.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use zerotrip_channel::deadline::Cancellation;

use super::super::profile::KeyColumns;
use super::super::quality_scan::{QualityScan, ScannedQuality};
use super::super::{Rows, SourceError, Survey, UnreadableRow};
use super::{Inner, Moment, Reader};
use crate::rulings::row_digest;

/// Time that the owner's own questions may take.
const PATIENCE: Duration = Duration::from_secs(600);

impl Inner {
    pub(super) fn survey(&self, reader: &mut Reader) -> Result<Survey, SourceError> {
        let started = SystemTime::now();
        let cancellation = Cancellation::after(PATIENCE);
        self.in_transaction(reader, &cancellation, u32::MAX, |inner, reader| {
            let pass = inner.fresh_pass(reader, &cancellation)?;
            let profile = &pass.profile;
            let as_of = inner.as_of(reader, started)?;
            let quality = inner.scan_quality(reader, as_of, &cancellation)?;
            let steps =
                inner.shape.look_ups.iter().map(|look_up| inner.steps(reader, look_up)).collect();
            Ok(Survey {
                rows: profile.rows,
                unreadable: profile.unreadable().take(100).collect(),
                unreadable_count: profile.unreadable_count(),
                anybodys: profile.anybodys(),
                adjudicated: profile.adjudicated_count(),
                irregular: profile.irregular_count(),
                as_of,
                advice: inner.advice(reader)?,
                findings: quality.findings,
                contradictions: quality.contradictions,
                suspicions: quality.suspicions,
                notes: quality.notes,
                spoilt_rows: quality.spoilt_rows,
                trials: quality.trials,
                steps,
            })
        })
    }

    /// Reads every cell, for the owner: look-ups do not need it.
    fn scan_quality(
        &self,
        reader: &Reader,
        as_of: SystemTime,
        cancellation: &Cancellation,
    ) -> Result<ScannedQuality, SourceError> {
        let mut scan_quality = QualityScan::new(
            &self.shape.columns,
            &self.shape.look_ups,
            &self.shape.mention_columns,
            &self.shape.rules,
        );
        let mut statement = reader
            .connection
            .prepare(&self.whole(reader, &[]))
            .map_err(|error| self.failed(&error))?;
        let mut found = statement.query([]).map_err(|error| self.failed(&error))?;
        let mut cells = Rows::default();
        while let Some(row) = found.next().map_err(|error| self.failed(&error))? {
            cancellation.check()?;
            cells.clear();
            scan_quality.note(self.cells(row, &mut cells)?);
        }
        Ok(scan_quality.finish(self.shape.ragged.len() as u64, as_of))
    }

    /// What a look-up of one person sends: every spelling of the id, then the rows that the profile
    /// knows to be spelled otherwise.
    fn steps(&self, reader: &Reader, look_up: &KeyColumns) -> Vec<String> {
        let conditions = if reader.is_indexed(&look_up.columns) {
            look_up.columns.iter().map(|place| self.key_condition(&[*place], 1)).collect()
        } else {
            vec![self.key_condition(&look_up.columns, 4)]
        };
        let by_row_id = format!("{} = ?1", reader.row_id);
        conditions
            .into_iter()
            .chain([by_row_id])
            .map(|condition| format!("{} where {condition}", reader.select))
            .collect()
    }

    pub(super) fn unreadable(
        &self,
        reader: &mut Reader,
        most: usize,
    ) -> Result<Vec<UnreadableRow>, SourceError> {
        let cancellation = Cancellation::after(PATIENCE);
        self.in_transaction(reader, &cancellation, u32::MAX, |inner, reader| {
            let pass = inner.fresh_pass(reader, &cancellation)?;
            let profile = &pass.profile;
            let ids: BTreeSet<i64> = profile.open_rows().collect();
            let mut statement = reader
                .connection
                .prepare_cached(&format!("{} where {} = ?1", reader.select, reader.row_id))
                .map_err(|error| inner.failed(&error))?;
            let mut rows = Vec::new();
            for id in ids.into_iter().take(most) {
                let mut found = statement.query([id]).map_err(|error| inner.failed(&error))?;
                while let Some(row) = found.next().map_err(|error| inner.failed(&error))? {
                    let mut cells = Rows::default();
                    let cells = inner.cells(row, &mut cells)?;
                    rows.push(UnreadableRow {
                        locator: format!("row {id}"),
                        cells: cells.to_vec(),
                        digest: row_digest(cells.iter()),
                    });
                }
            }
            let ragged = profile.open_ragged().take(most.saturating_sub(rows.len()));
            rows.extend(ragged.map(|row| UnreadableRow {
                locator: format!("line {}", row.line),
                cells: vec![Some(row.excerpt.clone())],
                digest: row.digest,
            }));
            Ok(rows)
        })
    }

    /// Columns that are looked up without an index; a snapshot's are our own.
    fn advice(&self, reader: &Reader) -> Result<Vec<String>, SourceError> {
        if matches!(self.shape.moment, Moment::Fixed(_)) {
            return Ok(Vec::new());
        }
        let indexed = self.indexed(&reader.connection)?;
        let missing = KeyColumns::places(&self.shape.look_ups)
            .into_iter()
            .filter(|place| !indexed.contains(place));
        Ok(missing
            .filter_map(|place| self.shape.fields.get(place))
            .map(|field| {
                format!(
                    "column `{field}` has no index: every look-up reads the whole table; `create \
                     index` on it makes a look-up a matter of milliseconds"
                )
            })
            .collect())
    }
}
