//! A spreadsheet's cells, as they come, into rows: what workbooks of either format have in common.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::header::{self, folded};
use super::cell_value::CellValue;
use super::csv::Counter;
use super::import::SnapshotWriter;
use super::merged_regions::{MOST_COLUMNS, MergedRegions, Region};

/// MergedRegions regions of a sheet.
pub const MOST_MERGED: usize = 100_000;

/// What a dataset file says of a sheet, and the workbook of its dates.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The row that names the columns, from 0.
    pub header: u32,
    /// Rows that a sheet of this format can have.
    pub most_rows: u32,
    /// Days are counted from 1904, not from 1900.
    pub is_1904: bool,
}

/// A sheet's rows while its cells come, row by row.
pub struct Grid<'a, 'b> {
    path: &'a Path,
    into: &'a mut SnapshotWriter<'b>,
    layout: Layout,
    merged: MergedRegions,
    header: Option<Header>,
    row: u32,
    cells: BTreeMap<u32, String>,
    /// Texts of cells at places that already had one.
    doubled: Vec<String>,
    /// Rows that a filter or a hand has hidden, and how many of them were read.
    hidden: HashSet<u32>,
    hidden_count: u64,
}

struct Header {
    width: u32,
    places: Vec<u32>,
    /// Columns within the width that have no name.
    unnamed: HashSet<u32>,
    counter: Option<Counter>,
}

impl<'a, 'b> Grid<'a, 'b> {
    /// For a sheet with these merged regions.
    pub fn new(
        path: &'a Path,
        into: &'a mut SnapshotWriter<'b>,
        layout: Layout,
        regions: Vec<Region>,
    ) -> Self {
        let (cells, doubled) = (BTreeMap::new(), Vec::new());
        let merged = MergedRegions::new(regions);
        Self {
            path,
            into,
            layout,
            merged,
            header: None,
            row: 0,
            cells,
            doubled,
            hidden: HashSet::new(),
            hidden_count: 0,
        }
    }

    /// A row is hidden. It is a row all the same, and an advice tells its owner.
    pub fn hide(&mut self, row: u32) {
        if row > self.layout.header {
            self.hidden.insert(row);
        }
    }

    /// The next cell; rows come in their order.
    pub fn cell(&mut self, row: u32, column: u32, value: CellValue) -> Result<(), SourceError> {
        if row < self.row || row >= self.layout.most_rows || column >= MOST_COLUMNS {
            return Err(self.broken(&format!(
                "a cell is out of place behind row {}; have it written again",
                self.row + 1
            )));
        }
        if row > self.row {
            self.end_row()?;
            self.row = row;
        }
        if let Some(before) = self.cells.insert(column, value.into_text(self.layout.is_1904)) {
            self.doubled.push(before);
        }
        Ok(())
    }

    /// Behind the last cell.
    pub fn end(mut self) -> Result<(), SourceError> {
        self.end_row()?;
        if self.header.is_none() {
            let detail = format!(
                "`{}` has no row {} to name its columns; correct `source.header`",
                self.path.display(),
                self.layout.header + 1
            );
            return Err(SourceError::new(ErrorCode::SourceDrift, detail));
        }
        if self.row + 1 == self.layout.most_rows {
            let detail = format!(
                "`{}` is full to its last row, {}: what did not fit was lost; have it written as \
                 CSV, or as several datasets",
                self.path.display(),
                self.layout.most_rows
            );
            return Err(SourceError::new(ErrorCode::SourceTruncated, detail));
        }
        if self.hidden_count > 0 {
            self.into.advise(format!(
                "{} rows are hidden, by a filter say, and are read like any other",
                self.hidden_count
            ));
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), SourceError> {
        let mut cells = std::mem::take(&mut self.cells);
        let doubled = std::mem::take(&mut self.doubled);
        let number = self.row + 1;
        self.merged.reach(self.row, &cells).map_err(|why| self.broken(why))?;
        if self.row < self.layout.header {
            // The title, say; but a row of the register up there would be lost.
            if cells.values().any(|cell| header::holds_identifier(cell)) {
                return Err(self.broken(&format!(
                    "row {number}, above the header, holds an identifier; correct `source.header`"
                )));
            }
            return Ok(());
        }
        if self.row == self.layout.header {
            self.merged.fill(self.row, MOST_COLUMNS, true, &mut cells);
            self.header = Some(self.read_header(&cells)?);
            return Ok(());
        }
        if cells.values().chain(&doubled).all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        self.hidden_count += u64::from(self.hidden.remove(&self.row));
        let Some(header) = &mut self.header else { return self.end_of_headless() };
        let first = cells.get(&0).map_or("", String::as_str);
        let counts = header.counter.as_mut().is_some_and(|counter| counter.counts(first));
        let is_named = |column: u32| column < header.width && !header.unnamed.contains(&column);
        let filled =
            cells.iter().filter(|(_, cell)| !cell.trim().is_empty()).map(|(column, _)| *column);
        // What is merged downwards is in each of its rows.
        let beside: Vec<usize> = filled
            .chain(self.merged.columns())
            .filter(|column| !is_named(*column) && (*column > 0 || !counts))
            .filter_map(|column| usize::try_from(column).ok())
            .collect();
        if !beside.is_empty() || !doubled.is_empty() {
            self.merged.fill(self.row, MOST_COLUMNS, true, &mut cells);
            let text = cells.into_values().chain(doubled).collect::<Vec<_>>().join(",");
            return if beside.is_empty() {
                self.into.ragged(number.into(), &text)
            } else {
                self.into.unnamed_cells(number.into(), &text, beside)
            };
        }
        self.merged.fill(self.row, header.width, false, &mut cells);
        self.into.row(number.into(), header.places.iter().map(|place| cells.get(place).cloned()))
    }

    /// Rows came, and among them was none where the header should be.
    fn end_of_headless(&self) -> Result<(), SourceError> {
        let detail = format!(
            "`{}`: row {}, which should name the columns, is empty; correct `source.header`",
            self.path.display(),
            self.layout.header + 1
        );
        Err(SourceError::new(ErrorCode::SourceDrift, detail))
    }

    fn read_header(&mut self, cells: &BTreeMap<u32, String>) -> Result<Header, SourceError> {
        let last = cells.iter().rfind(|(_, cell)| !cell.trim().is_empty());
        let width = last.map_or(0, |(column, _)| column + 1);
        let names =
            folded((0..width).map(|column| cells.get(&column).cloned().unwrap_or_default()));
        let places = self.into.header(&names)?;
        let places = places.into_iter().filter_map(|place| u32::try_from(place).ok()).collect();
        let unnamed = (0..width)
            .zip(&names)
            .filter(|(_, name)| name.is_none())
            .map(|(column, _)| column)
            .collect();
        Ok(Header { width, places, unnamed, counter: Counter::of(&names) })
    }

    fn broken(&self, what: &str) -> SourceError {
        SourceError::new(ErrorCode::SourceUnreadable, format!("`{}`: {what}", self.path.display()))
    }
}
