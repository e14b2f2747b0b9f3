//! Reads every cell of a table on a server, so that its owner learns of faulty ones.

use std::time::SystemTime;

use zerotrip_proto::v1::ErrorCode;

use super::super::profile::KeyColumns;
use super::super::quality_scan::{QualityScan, ScannedQuality};
use super::super::unmapped_fields::require_stated;
use super::super::{RawRow, Rows, SourceError};
use super::Inner;
use super::cells::Cells;
use super::pool::Lease;
use super::system::{Asked, Column, Form, Pushdown, Query, Relation, Session, Sink, System};

impl<S: System> Inner<S> {
    /// Reads every cell of every row, for the owner: look-ups do not need it.
    pub(super) async fn scan_quality(
        &self,
        lease: &mut Lease<S>,
        as_of: SystemTime,
    ) -> Result<ScannedQuality, SourceError> {
        let cells = self.cells()?;
        let mut scan = QualitySink {
            cells,
            row: Rows::default(),
            scan_quality: QualityScan::new(
                &self.shape.columns,
                &self.shape.look_ups,
                &self.shape.mention_columns,
                &self.shape.rules,
            ),
        };
        let query = Query {
            columns: cells.columns().iter().collect(),
            locator: &[],
            asked: Vec::new(),
            only: Pushdown::default(),
        };
        lease.session.read(&query, &mut scan).await?;
        Ok(scan.scan_quality.finish(0, as_of))
    }

    /// Columns of the table that the dataset file does not name, of which the owner has stated
    /// nothing, and in which a person may be named. One that has no text is an error: nothing
    /// shows that no person is named there.
    pub(super) fn unmapped_columns(&self, relation: &Relation) -> Result<Vec<Column>, SourceError> {
        if self.shape.look_ups.is_empty() {
            return Ok(Vec::new());
        }
        require_stated(&self.shape.table, &self.shape.not_about, |stated| {
            relation.columns.iter().any(|column| column.name == stated)
        })?;
        let is_left = |column: &&Column| {
            !self.shape.fields.contains(&column.name)
                && !self.shape.not_about.contains(&column.name)
        };
        let left: Vec<&Column> = relation.columns.iter().filter(is_left).collect();
        if let Some(column) = left.iter().find(|column| column.form == Form::Refused) {
            let detail = format!(
                "column `{}` of `{}` is of type `{}`, which has no text to rely upon, and no \
                 column names it: nothing shows that no person is named there; if the rows are not \
                 about who is there, say why in `[not_about]`",
                column.name, self.shape.table, column.type_name
            );
            return Err(SourceError::new(ErrorCode::SourceDrift, detail));
        }
        // Dates and lists of words too: they can be a piece of an id, or hold one.
        Ok(left.into_iter().cloned().collect())
    }

    /// What a look-up of one person sends.
    pub(super) fn steps(
        &self,
        lease: &Lease<S>,
        look_up: &KeyColumns,
    ) -> Result<Vec<String>, SourceError> {
        let cells = self.cells()?;
        let values = [String::new()];
        let columns = look_up.columns.iter().filter_map(|place| cells.column(*place));
        let asked = columns.map(|column| Asked { column, values: &values }).collect();
        Ok(vec![lease.session.statement(&Query {
            columns: cells.columns().iter().collect(),
            locator: &[],
            asked,
            only: Pushdown::default(),
        })])
    }
}

/// Takes rows, and keeps what is wrong with them.
struct QualitySink<'a> {
    cells: &'a Cells,
    row: Rows,
    /// What was found so far.
    scan_quality: QualityScan<'a>,
}

impl Sink for QualitySink<'_> {
    fn take(&mut self, row: RawRow<'_>) -> Result<bool, SourceError> {
        self.row.clear();
        self.cells.settle(0.., row, &mut self.row)?;
        self.scan_quality.note(self.row.end_row(1));
        Ok(false)
    }

    async fn flush(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}
