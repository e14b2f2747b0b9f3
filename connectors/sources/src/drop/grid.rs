//! A spreadsheet's cells, as they come, into rows: what workbooks of either format have in common.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use chrono::{Days, NaiveDate};
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::header::{self, folded};
use super::super::number;
use super::csv::Counter;
use super::import::Filling;

/// Columns of a sheet.
pub const MOST_COLUMNS: u32 = 16_384;
/// Merged regions of a sheet.
pub const MOST_MERGED: usize = 100_000;
/// What stands for a value that is not there though something should be: no semantic type reads it.
const LOST: &str = "\u{fffd}";

/// What a cell holds.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// A number that is shown as a date or a time of day.
    Date(f64),
    /// True or false.
    Truth(bool),
    /// An error such as `#REF!`.
    Error(String),
    /// A formula whose value was never stored, or a text that is not where it should be.
    Lost,
}

impl Value {
    /// Its text.
    pub fn into_text(self, is_1904: bool) -> String {
        match self {
            Self::Text(text) | Self::Error(text) => text,
            Self::Number(number) => number::double(number),
            Self::Date(number) => moment(number, is_1904).unwrap_or_else(|| number::double(number)),
            Self::Truth(true) => "TRUE".to_owned(),
            Self::Truth(false) => "FALSE".to_owned(),
            Self::Lost => LOST.to_owned(),
        }
    }
}

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

/// Cells that act as one, and whose value stands in the first of them. Bounds are inclusive, from
/// 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region {
    /// First row.
    pub top: u32,
    /// First column.
    pub left: u32,
    /// Last row.
    pub bottom: u32,
    /// Last column.
    pub right: u32,
}

/// A sheet's rows while its cells come, row by row.
pub struct Grid<'a, 'b> {
    path: &'a Path,
    into: &'a mut Filling<'b>,
    layout: Layout,
    merged: Merged,
    header: Option<Header>,
    row: u32,
    cells: BTreeMap<u32, String>,
    /// Texts of cells that stand where another stood already.
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
        into: &'a mut Filling<'b>,
        layout: Layout,
        regions: Vec<Region>,
    ) -> Self {
        let (cells, doubled) = (BTreeMap::new(), Vec::new());
        let merged = Merged::new(regions);
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

    /// A row is hidden. It is a row all the same; its owner is told.
    pub fn hide(&mut self, row: u32) {
        if row > self.layout.header {
            self.hidden.insert(row);
        }
    }

    /// The next cell; rows come in their order.
    pub fn cell(&mut self, row: u32, column: u32, value: Value) -> Result<(), SourceError> {
        if row < self.row || row >= self.layout.most_rows || column >= MOST_COLUMNS {
            return Err(self.broken(&format!(
                "a cell stands out of place behind row {}; have it written again",
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
                self.into.beside(number.into(), &text, beside)
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

/// Merged regions, and the values of those that the present row belongs to.
struct Merged {
    /// Not yet reached, the first one last.
    ahead: Vec<Region>,
    present: Vec<(Region, Option<String>)>,
}

impl Merged {
    fn new(mut regions: Vec<Region>) -> Self {
        regions.sort_unstable_by(|a, b| b.cmp(a));
        Self { ahead: regions, present: Vec::new() }
    }

    fn reach(&mut self, row: u32, cells: &BTreeMap<u32, String>) -> Result<(), &'static str> {
        self.present.retain(|(region, _)| region.bottom >= row);
        while let Some(region) = self.ahead.pop_if(|region| region.top <= row) {
            if region.bottom >= row {
                let value = cells.get(&region.left).filter(|_| region.top == row).cloned();
                self.present.push((region, value));
            }
        }
        let columns: u64 = self
            .present
            .iter()
            .map(|(region, _)| u64::from(region.right.saturating_sub(region.left)) + 1)
            .sum();
        if columns > u64::from(MOST_COLUMNS) {
            Err("merged cells overlap; have it written again")
        } else {
            Ok(())
        }
    }

    /// The first columns of regions with a value that the present row belongs to.
    fn columns(&self) -> impl Iterator<Item = u32> + '_ {
        let with_value =
            |value: &Option<String>| value.as_deref().is_some_and(|value| !value.trim().is_empty());
        self.present
            .iter()
            .filter(move |(_, value)| with_value(value))
            .map(|(region, _)| region.left)
    }

    /// Gives a region's value to its cells in this row; to those straight below it only, if so
    /// asked.
    fn fill(&self, row: u32, width: u32, straight: bool, cells: &mut BTreeMap<u32, String>) {
        for (region, value) in &self.present {
            let Some(value) = value else { continue };
            let right =
                if straight { region.left } else { region.right.min(width.saturating_sub(1)) };
            for column in
                (region.left..=right).filter(|column| (row, *column) != (region.top, region.left))
            {
                let cell = cells.entry(column).or_default();
                if cell.trim().is_empty() {
                    value.clone_into(cell);
                }
            }
        }
    }
}

/// A spreadsheet's day and time of day in ISO form; `None` for what is neither.
fn moment(number: f64, is_1904: bool) -> Option<String> {
    const DAY_SECONDS: f64 = 86_400.0;
    if !(0.0..2_958_466.0).contains(&number) {
        return None;
    }
    let seconds = (number * DAY_SECONDS).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below 3 million days of seconds, and not negative"
    )]
    let seconds = seconds as u64;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    let first = match (is_1904, days) {
        (true, _) => NaiveDate::from_ymd_opt(1904, 1, 1)?,
        (false, 0) => return Some(clock),
        (false, 1..=59) => NaiveDate::from_ymd_opt(1899, 12, 31)?,
        // The day that spreadsheets have in 1900, and nobody else.
        (false, 60) => return Some("1900-02-29".to_owned()),
        (false, _) => NaiveDate::from_ymd_opt(1899, 12, 30)?,
    };
    let day = first.checked_add_days(Days::new(days))?;
    Some(if rest == 0 { day.to_string() } else { format!("{day}T{clock}") })
}

/// Whether a number in this format is shown as a date or a time of day.
pub fn is_date_format(code: &str) -> bool {
    let mut characters = code.chars();
    while let Some(c) = characters.next() {
        match c {
            ';' => return false,
            '"' => {
                let _quoted = characters.by_ref().find(|c| *c == '"');
            }
            // The next one is shown as it is, or is as wide as a blank.
            '\\' | '_' | '*' => {
                let _shown = characters.next();
            }
            '[' => {
                let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                // Hours that have passed are no time of day.
                if !inside.is_empty()
                    && inside.chars().all(|c| matches!(c, 'h' | 'm' | 's' | 'H' | 'M' | 'S'))
                {
                    return false;
                }
            }
            'y' | 'm' | 'd' | 'h' | 's' | 'Y' | 'M' | 'D' | 'H' | 'S' => return true,
            _ => {}
        }
    }
    false
}

/// The same for a format that every spreadsheet knows by its number.
pub fn is_known_date_format(number: u32) -> bool {
    matches!(number, 14..=22 | 27..=36 | 45 | 47 | 50..=58)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn days_are_counted_as_spreadsheets_count_them() {
        let day = |number| moment(number, false).unwrap();
        assert_eq!(
            [1.0, 59.0, 60.0, 61.0].map(day),
            ["1900-01-01", "1900-02-28", "1900-02-29", "1900-03-01"]
        );
        assert_eq!(
            [46_348.0, 46_348.5, 0.25, 46_347.999_999_99].map(day),
            ["2026-11-22", "2026-11-22T12:00:00", "06:00:00", "2026-11-22"]
        );
        assert_eq!(moment(0.0, true).unwrap(), "1904-01-01");
        assert_eq!(moment(44_886.0, true).unwrap(), "2026-11-22");
        assert_eq!(day(2_958_465.0), "9999-12-31");
        for number in [-1.0, 2_958_466.0, 110_105_491_231_002.0, f64::NAN, f64::INFINITY] {
            assert_eq!(moment(number, false), None, "{number}");
        }
    }

    #[test]
    fn formats_of_dates_are_told_from_others() {
        for date in [
            "yyyy-mm-dd",
            "yyyy\"年\"m\"月\"d\"日\"",
            "[$-804]aaaa;yyyy",
            "[$-F800]dddd\\, mmmm dd",
            "h:mm AM/PM",
            "D.M.YY;@",
        ] {
            assert_eq!(is_date_format(date), !date.starts_with("[$-804]aaaa"), "{date}");
        }
        for other in [
            "General",
            "0.00",
            "#,##0;[Red]-#,##0",
            "0\"days\"",
            "[h]:mm:ss",
            "@",
            "0.00E+00",
            "\\d0",
            "_d0",
            "[Red]0",
            "",
        ] {
            assert!(!is_date_format(other), "{other}");
        }
        assert!(
            is_known_date_format(14)
                && is_known_date_format(31)
                && !is_known_date_format(46)
                && !is_known_date_format(2)
        );
    }
}
