//! Rows on their way: the number of columns, then for each cell its length plus one, and its text
//! (UTF-8); 0 is NULL.

use super::{BATCH, HEAD, MOST_REPLY, ROWS, WireError, headed};

/// A batch of rows that is being made.
#[derive(Debug)]
pub struct Rows {
    columns: u16,
    bytes: Vec<u8>,
    rows: u64,
}

impl Rows {
    /// An empty batch of rows with this many columns.
    pub fn new(columns: u16) -> Self {
        let mut rows = Self { columns, bytes: Vec::with_capacity(BATCH), rows: 0 };
        rows.begin();
        rows
    }

    /// The row's next cell.
    pub fn cell(&mut self, text: Option<&str>) {
        let length = text.map_or(0, |text| {
            u32::try_from(text.len()).map_or(u32::MAX, |length| length.saturating_add(1))
        });
        self.bytes.extend(length.to_be_bytes());
        self.bytes.extend(text.unwrap_or_default().as_bytes());
    }

    /// The row has all its cells. True if it is time to send the batch.
    pub fn end_row(&mut self) -> bool {
        self.rows += 1;
        self.bytes.len() >= BATCH
    }

    /// How many rows there were in all.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The batch's frame, unless it is empty; a new batch begins. An error for a batch over
    /// [`MOST_REPLY`], which rows of at most [`super::MOST_ROW`] never make.
    pub fn take(&mut self) -> Result<Option<Vec<u8>>, WireError> {
        if self.bytes.len() <= HEAD + 3 {
            return Ok(None);
        }
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(BATCH));
        self.begin();
        headed(bytes, MOST_REPLY).map(Some)
    }

    fn begin(&mut self) {
        self.bytes.extend([0; HEAD]);
        self.bytes.push(ROWS);
        self.bytes.extend(self.columns.to_be_bytes());
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Vec<Option<String>>>, WireError> {
    let (columns, mut rest) = bytes.split_first_chunk::<2>().ok_or(WireError::Malformed)?;
    let columns = usize::from(u16::from_be_bytes(*columns));
    if columns == 0 {
        return Err(WireError::Malformed);
    }
    let mut rows = Vec::new();
    while !rest.is_empty() {
        let mut row = Vec::with_capacity(columns.min(rest.len() / 4 + 1));
        for _ in 0..columns {
            let (length, after) = rest.split_first_chunk::<4>().ok_or(WireError::Malformed)?;
            rest = after;
            let length = u32::from_be_bytes(*length) as usize;
            let Some(length) = length.checked_sub(1) else {
                row.push(None);
                continue;
            };
            let (text, after) = rest.split_at_checked(length).ok_or(WireError::Malformed)?;
            rest = after;
            row.push(Some(std::str::from_utf8(text).map_err(|_| WireError::Malformed)?.to_owned()));
        }
        rows.push(row);
    }
    Ok(rows)
}
