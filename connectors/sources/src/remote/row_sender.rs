//! A look-up's rows on their way out, each once.
//!
//! Rows of a table on a server have no row ids. But which statements meet a row depends on nothing
//! but its cells, and all statements of a look-up see one moment: so rows that are equal are read
//! by the same statements, all of them each time. A row is sent by the first statement that meets
//! it, and what an earlier statement has sent is known by its digest: two equal rows of a table
//! come out as two, and a row that two statements meet as one.

use std::collections::HashSet;

use tokio::sync::mpsc;
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::{Digest, Hasher};

use super::super::row_index::SeenRows;
use super::super::{LookUp, RawRow, Rows, SourceError};
use super::cells::Cells;
use super::system::Sink;
use super::table_profile::TableProfile;

/// Sends rows on in batches.
pub struct RowSender<'a> {
    rows: &'a mpsc::Sender<Rows>,
    cells: &'a Cells,
    batch: Rows,
    left: u64,
    /// Whether anything was sent on.
    pub has_sent: bool,
    /// What earlier statements sent; none where there is one statement only.
    earlier: Option<HashSet<Digest>>,
    /// What this one sent.
    now: Vec<Digest>,
    look_up: &'a LookUp,
    pass: &'a TableProfile,
    met: SeenRows,
}

impl<'a> RowSender<'a> {
    /// For a look-up of `statements` statements; `pass` says which rows there are.
    pub fn new(
        rows: &'a mpsc::Sender<Rows>,
        cells: &'a Cells,
        look_up: &'a LookUp,
        statements: usize,
        pass: &'a TableProfile,
    ) -> Self {
        let earlier = (statements > 1).then(HashSet::new);
        let (left, met) = (look_up.most_rows, SeenRows::default());
        Self {
            rows,
            cells,
            batch: Rows::default(),
            left,
            has_sent: false,
            earlier,
            now: Vec::new(),
            look_up,
            pass,
            met,
        }
    }

    /// A column in which the pass saw a person in more rows than were sent.
    pub fn misses(&mut self) -> Option<usize> {
        self.met.misses(&self.pass.row_index, &self.look_up.columns, &self.look_up.keys)
    }

    /// Between two statements.
    pub fn next_statement(&mut self) {
        if let Some(earlier) = &mut self.earlier {
            earlier.extend(self.now.drain(..));
        }
    }
}

impl Sink for RowSender<'_> {
    fn take(&mut self, row: RawRow<'_>) -> Result<bool, SourceError> {
        if let Some(earlier) = &self.earlier {
            let digest = digest(row);
            if earlier.contains(&digest) {
                return Ok(false);
            }
            self.now.push(digest);
        }
        let (row, locator) = row.split_at(self.cells.columns().len());
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            SourceError::new(ErrorCode::DefinitionLimit, "more rows than the scan may deliver")
        })?;
        self.cells.settle(0.., row, &mut self.batch)?;
        let row = self.batch.end_row(1);
        let TableProfile { profile, row_index, .. } = self.pass;
        let which = row_index.which(if locator.is_empty() { row } else { locator });
        self.met.note(row_index, profile.names(&self.look_up.columns, row), which);
        Ok(self.batch.is_full())
    }

    async fn flush(&mut self) -> Result<(), SourceError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.has_sent = true;
        self.rows.send(self.batch.take()).await.map_err(|_| SourceError::hung_up())
    }
}

fn digest(row: RawRow<'_>) -> Digest {
    let mut hasher = Hasher::with_domain(hash_domain::ROW);
    for cell in row.iter() {
        // The length is before the text, so that no two rows run together into one; NULL has a
        // length that no text has.
        let length = cell.map_or(u64::MAX, |text| text.len() as u64);
        hasher.update(&length.to_be_bytes());
        hasher.update(cell.unwrap_or_default().as_bytes());
    }
    hasher.finish()
}
