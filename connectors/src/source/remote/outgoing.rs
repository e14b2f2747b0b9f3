//! A look-up's rows on their way out, each once.
//!
//! Rows of a table on a server have no row ids. But which statements meet a row depends on nothing but what stands in it, and all
//! statements of a look-up see one moment: so rows that are equal are met by the same statements, all of them each time. A row is
//! sent by the first statement that meets it, and what an earlier statement has sent is known by its digest: two equal rows of a table
//! come out as two, and a row that two statements meet as one.

use std::collections::HashSet;

use tokio::sync::mpsc;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::{Digest, Hasher};

use super::super::present::{Met, Present};
use super::super::{BATCH_ROWS, LookUp, RawRow, SourceError};
use super::cells::Cells;
use super::system::Sink;

/// Bytes of cells that make a batch full before it has all its rows.
pub const BATCH_BYTES: usize = 1 << 20;

/// Sends rows on in batches.
pub struct Outgoing<'a> {
    rows: &'a mpsc::Sender<Vec<RawRow>>,
    cells: &'a Cells,
    batch: Vec<RawRow>,
    bytes: usize,
    left: u64,
    /// What earlier statements sent; none where there is one statement only.
    earlier: Option<HashSet<Digest>>,
    /// What this one sent.
    now: Vec<Digest>,
    look_up: &'a LookUp,
    present: &'a Present,
    met: Met,
}

impl<'a> Outgoing<'a> {
    /// For a look-up of so many statements; `present` is what the pass saw.
    pub fn new(
        rows: &'a mpsc::Sender<Vec<RawRow>>,
        cells: &'a Cells,
        look_up: &'a LookUp,
        statements: usize,
        present: &'a Present,
    ) -> Self {
        let earlier = (statements > 1).then(HashSet::new);
        let (left, met) = (look_up.most_rows, Met::default());
        Self { rows, cells, batch: Vec::new(), bytes: 0, left, earlier, now: Vec::new(), look_up, present, met }
    }

    /// A column in which the pass saw somebody in more rows than were sent.
    pub fn misses(&self) -> Option<usize> {
        self.met.misses(self.present, &self.look_up.columns, &self.look_up.keys)
    }

    /// Between two statements.
    pub fn next_statement(&mut self) {
        if let Some(earlier) = &mut self.earlier {
            earlier.extend(self.now.drain(..));
        }
    }
}

impl Sink for Outgoing<'_> {
    fn take(&mut self, mut row: Vec<Option<String>>) -> Result<bool, SourceError> {
        if let Some(earlier) = &self.earlier {
            let digest = digest(&row);
            if earlier.contains(&digest) {
                return Ok(false);
            }
            self.now.push(digest);
        }
        let locator = row.split_off(self.cells.columns().len().min(row.len()));
        self.left =
            self.left.checked_sub(1).ok_or_else(|| SourceError::new(ErrorCode::SourceLimit, "more rows than the scan may deliver"))?;
        for (place, cell) in row.iter_mut().enumerate() {
            self.cells.settle(place, cell)?;
            self.bytes += cell.as_ref().map_or(0, String::len);
        }
        let which = self.present.which(if locator.is_empty() { &row } else { &locator });
        self.met.note(self.present, &self.look_up.columns, &row, which);
        self.batch.push(row.into_boxed_slice());
        Ok(self.batch.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES)
    }

    async fn flush(&mut self) -> Result<(), SourceError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        self.rows.send(batch).await.map_err(|_| hung_up())
    }
}

/// Nobody listens any more.
pub fn hung_up() -> SourceError {
    SourceError::new(ErrorCode::SourceTimeout, "the hub hung up")
}

fn digest(row: &[Option<String>]) -> Digest {
    let mut hasher = Hasher::with_domain("zerotrip row v1");
    for cell in row {
        // The length stands before the text, so that no two rows run together into one; NULL is no length at all.
        let length = cell.as_ref().map_or(u64::MAX, |text| text.len() as u64);
        hasher.update(&length.to_be_bytes());
        hasher.update(cell.as_deref().unwrap_or_default().as_bytes());
    }
    hasher.finish()
}
