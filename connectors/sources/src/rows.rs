//! Rows on their way from a system, as it holds them: the text of all their cells in one piece, for
//! a string for each cell costs more than reading it.

use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

use super::{BATCH_BYTES, BATCH_ROWS};

/// Set in a cell's end where the cell is the system's NULL.
const NULL: usize = 1 << (usize::BITS - 1);

/// Some rows, each with how many there are like it.
#[derive(Clone, Default)]
pub struct Rows {
    text: String,
    /// Where each cell ends in the text; it begins where the one before ends.
    cells: Vec<usize>,
    rows: Vec<Row>,
}

#[derive(Clone, Copy)]
struct Row {
    /// Where its cells end among all cells.
    cells: usize,
    /// Where its text ends.
    text: usize,
    times: u64,
}

/// A row as the system holds it: one cell for each column that was asked for. `Debug` shows nothing
/// of its contents.
#[derive(Clone, Copy)]
pub struct RawRow<'a> {
    text: &'a str,
    begin: usize,
    cells: &'a [usize],
}

impl Rows {
    /// Whether there are enough of them for one message.
    pub fn is_full(&self) -> bool {
        self.rows.len() >= BATCH_ROWS || self.text.len() >= BATCH_BYTES
    }

    /// All of them, to be sent on; what stays is empty, with room for as many.
    pub fn take(&mut self) -> Self {
        let roomy = Self {
            text: String::with_capacity(self.text.len()),
            cells: Vec::with_capacity(self.cells.len()),
            rows: Vec::with_capacity(self.rows.len()),
        };
        std::mem::replace(self, roomy)
    }

    /// The next cell of the row that is being made.
    pub fn cell(&mut self, cell: Option<&str>) {
        self.text.push_str(cell.unwrap_or_default());
        self.cells.push(self.text.len() | if cell.is_none() { NULL } else { 0 });
    }

    /// The same of text that need not be UTF-8; what is not becomes unreadable.
    pub fn bytes(&mut self, cell: &[u8]) {
        self.cell(Some(&String::from_utf8_lossy(cell)));
    }

    /// The same, where there may be none.
    pub fn bytes_or_null(&mut self, cell: Option<&[u8]>) {
        match cell {
            Some(cell) => self.bytes(cell),
            None => self.cell(None),
        }
    }

    /// The same of what has a text.
    pub fn shown(&mut self, cell: impl fmt::Display) {
        // Writing into a string does not fail.
        let _written = write!(self.text, "{cell}");
        self.cells.push(self.text.len());
    }

    /// The row has all its cells, and is this one, `times` times.
    pub fn end_row(&mut self, times: u64) -> RawRow<'_> {
        let (first, begin) = self.rows.last().map_or((0, 0), |row| (row.cells, row.text));
        self.rows.push(Row { cells: self.cells.len(), text: self.text.len(), times });
        RawRow { text: &self.text, begin, cells: self.cells.get(first..).unwrap_or_default() }
    }

    /// Forgets every row, and keeps the room that they took.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
        self.rows.clear();
    }

    /// How many rows there are here.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of text.
    pub fn bytes_of_text(&self) -> usize {
        self.text.len()
    }

    /// The row at this place.
    pub fn get(&self, at: usize) -> Option<RawRow<'_>> {
        let begin = |row: &Row| (row.cells, row.text);
        let (first, begin) =
            at.checked_sub(1).and_then(|before| self.rows.get(before)).map_or((0, 0), begin);
        let cells = self.cells.get(first..self.rows.get(at)?.cells)?;
        Some(RawRow { text: &self.text, begin, cells })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = RawRow<'_>> {
        (0..self.rows.len()).filter_map(|at| self.get(at))
    }

    /// All of them, each with how many there are like it.
    pub fn counted(&self) -> impl Iterator<Item = (RawRow<'_>, u64)> {
        self.iter().zip(self.rows.iter().map(|row| row.times))
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

impl<'a> RawRow<'a> {
    /// How many cells it has.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The cell at this place; `None` is the system's NULL, or no cell at all.
    pub fn get(&self, at: usize) -> Option<&'a str> {
        let end = *self.cells.get(at)?;
        let begin = at
            .checked_sub(1)
            .and_then(|before| self.cells.get(before))
            .map_or(self.begin, |end| end & !NULL);
        if end & NULL == 0 { self.text.get(begin..end) } else { None }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
        let row = *self;
        (0..row.cells.len()).map(move |at| row.get(at))
    }

    /// The row in two, the second from this place on.
    pub fn split_at(&self, at: usize) -> (Self, Self) {
        let at = at.min(self.cells.len());
        let (left, right) = self.cells.split_at(at);
        let begin = left.last().map_or(self.begin, |end| end & !NULL);
        (Self { cells: left, ..*self }, Self { cells: right, begin, ..*self })
    }

    /// A copy of all cells.
    pub fn to_vec(&self) -> Vec<Option<String>> {
        self.iter().map(|cell| cell.map(str::to_owned)).collect()
    }
}

impl fmt::Debug for RawRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRow").field("cells", &self.cells.len()).finish_non_exhaustive()
    }
}

impl Hash for RawRow<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cells.len().hash(state);
        self.iter().for_each(|cell| cell.hash(state));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let mut rows = Rows::default();
        assert!(rows.is_empty());
        let cells: [&[Option<&str>]; 5] = [
            &[Some("a"), None, Some("")],
            &[],
            &[None],
            &[Some("张三"), Some("b"), None],
            &[Some("")],
        ];
        for (times, row) in cells.iter().enumerate() {
            row.iter().for_each(|cell| rows.cell(*cell));
            assert_eq!(rows.end_row(times as u64).iter().collect::<Vec<_>>(), *row);
        }
        rows.shown(-7);
        rows.bytes(b"\xff1");
        assert_eq!(rows.end_row(9).len(), 2);
        assert_eq!((rows.len(), rows.bytes_of_text()), (6, "a张三b-7\u{fffd}1".len()));
        for ((row, times), (at, expected)) in rows.counted().zip(cells.iter().enumerate()) {
            assert_eq!((row.iter().collect::<Vec<_>>(), times), (expected.to_vec(), at as u64));
            for split in 0..4 {
                let (left, right) = row.split_at(split);
                let both: Vec<_> = left.iter().chain(right.iter()).collect();
                assert_eq!((both, left.len()), (expected.to_vec(), split.min(expected.len())));
            }
            assert_eq!(row.get(row.len()), None);
        }
        assert_eq!(
            rows.get(5).unwrap().to_vec(),
            [Some("-7".to_owned()), Some("\u{fffd}1".to_owned())]
        );
        assert!(!format!("{rows:?} {:?}", rows.get(3)).contains("张"));
        let taken = rows.take();
        assert!(taken.len() == 6 && !taken.is_full() && rows.is_empty() && rows.get(0).is_none());
        for _ in 0..BATCH_ROWS {
            rows.end_row(1);
        }
        assert!(rows.is_full());
        rows.clear();
        rows.cell(Some(&"a".repeat(BATCH_BYTES)));
        assert!(rows.is_full() && rows.is_empty());
    }
}
