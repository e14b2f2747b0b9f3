//! A look at every cell of a table on a server, for its owner's sake.

use zerotrip_proto::v1::ErrorCode;

use super::super::findings::{Assay, Assayed, is_person, left_columns};
use super::super::profile::KeyColumns;
use super::super::{RawRow, Rows, SourceError};
use super::Inner;
use super::cells::Cells;
use super::known::holds_ids;
use super::pool::Lease;
use super::system::{Asked, Column, Only, Query, Relation, Session, Sink, System};

impl<S: System> Inner<S> {
    /// Reads every cell of every row, for the owner's sake: look-ups have no need of it.
    pub(super) async fn assay(&self, lease: &mut Lease<S>) -> Result<Assayed, SourceError> {
        let cells = self.cells()?;
        let mut assaying = Assaying { cells, row: Rows::default(), assay: Assay::new(&self.shape.columns, &self.shape.look_ups) };
        let query = Query { columns: cells.columns().iter().collect(), locator: &[], asked: Vec::new(), only: Only::default() };
        lease.session.read(&query, &mut assaying).await?;
        Ok(assaying.assay.finish(0))
    }

    /// Columns of the table that the dataset file does not name, and that ids stand in.
    pub(super) async fn left(&self, lease: &mut Lease<S>, relation: &Relation) -> Result<Vec<String>, SourceError> {
        let is_left = |column: &&Column| holds_ids(column.form) && !self.shape.fields.contains(&column.name);
        let columns: Vec<&Column> = relation.columns.iter().filter(is_left).collect();
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let mut counting = Counting { rows: vec![0; names.len()] };
        let query = Query { columns: columns.clone(), locator: &[], asked: Vec::new(), only: Only::default() };
        match lease.session.read(&query, &mut counting).await {
            Ok(()) => Ok(left_columns(names.into_iter().zip(counting.rows))),
            Err(error) if error.code == ErrorCode::SourceTimeout => Err(error),
            Err(error) => Ok(vec![format!(
                "whether ids stand in the columns that the dataset file does not name ({}) cannot be told: {}",
                names.join(", "),
                error.detail
            )]),
        }
    }

    /// What a look-up of one person sends.
    pub(super) fn steps(&self, lease: &Lease<S>, look_up: &KeyColumns) -> Result<Vec<String>, SourceError> {
        let cells = self.cells()?;
        let values = [String::new()];
        let columns = look_up.columns.iter().filter_map(|place| cells.column(*place));
        let asked = columns.map(|column| Asked { column, values: &values }).collect();
        Ok(vec![lease.session.statement(&Query { columns: cells.columns().iter().collect(), locator: &[], asked, only: Only::default() })])
    }
}

/// Takes rows, and counts ids by column.
struct Counting {
    rows: Vec<u64>,
}

impl Sink for Counting {
    fn take(&mut self, row: RawRow<'_>) -> Result<bool, SourceError> {
        for (rows, cell) in self.rows.iter_mut().zip(row.iter()) {
            *rows += u64::from(cell.is_some_and(is_person));
        }
        Ok(false)
    }

    async fn flush(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

/// Takes rows, and keeps what is wrong with them.
struct Assaying<'a> {
    cells: &'a Cells,
    row: Rows,
    /// What was found so far.
    assay: Assay<'a>,
}

impl Sink for Assaying<'_> {
    fn take(&mut self, row: RawRow<'_>) -> Result<bool, SourceError> {
        self.row.clear();
        self.cells.settle(0.., row, &mut self.row)?;
        self.assay.note(self.row.end_row(1));
        Ok(false)
    }

    async fn flush(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}
