//! Workbooks of the present format (`.xlsx`, Office Open XML): one sheet, read as a stream.

mod package;
mod workbook;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::path::Path;

use quick_xml::events::{BytesStart, Event};
use zerotrip_datasets::file::Excel;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::Format;
use super::cell_value::CellValue;
use super::file_kind::Expected;
use super::grid::{Grid, Layout, MOST_MERGED};
use super::import::SnapshotWriter;
use super::merged_regions::{MOST_COLUMNS, Region};
use super::place::MOST_FILE;
use super::sheets::{Glance, Sheets};

use self::package::{Package, Part, add_text, attribute, broken};
use self::workbook::{Workbook, unescaped};

/// Rows of a sheet.
const MOST_ROWS: u32 = 1 << 20;

/// Sheets of a workbook.
#[derive(Debug)]
pub struct Xlsx {
    sheets: Sheets,
}

impl Xlsx {
    /// As a dataset file describes it.
    pub fn new(spec: &Excel) -> Self {
        Self { sheets: Sheets::new(spec) }
    }
}

impl Format for Xlsx {
    fn expected(&self) -> Expected {
        Expected::Xlsx
    }

    fn read(&self, path: &Path, into: &mut SnapshotWriter<'_>) -> Result<(), SourceError> {
        let mut package = Package::open(path)?;
        let workbook = Workbook::read(&mut package, path)?;
        let names: Vec<&str> = workbook.sheets.iter().map(|(name, _)| name.as_str()).collect();
        let part = |place: usize| workbook.sheets.get(place).map_or("", |(_, part)| part.as_str());
        let header = self.sheets.header;
        let chosen = self.sheets.choose(path, &names, into, |place| {
            let mut glance = Glance::default();
            let note = |row, column, value: CellValue| {
                glance.note(row, column, &value.into_text(workbook.is_1904), header);
                Ok(())
            };
            cells(path, package.part(part(place), MOST_FILE)?, &workbook, note, |_| ())?;
            Ok(glance)
        })?;
        for place in &chosen {
            if chosen.len() > 1 {
                into.part(names.get(*place).copied().unwrap_or_default());
            }
            let regions = merged(path, package.part(part(*place), MOST_FILE)?)?;
            let layout = Layout { header, most_rows: MOST_ROWS, is_1904: workbook.is_1904 };
            let grid = RefCell::new(Grid::new(path, into, layout, regions));
            let cell = |row, column, value| grid.borrow_mut().cell(row, column, value);
            cells(path, package.part(part(*place), MOST_FILE)?, &workbook, cell, |row| {
                grid.borrow_mut().hide(row)
            })?;
            grid.into_inner().end()?;
        }
        Ok(())
    }
}

/// The merged regions, which a sheet lists only behind its cells. Proves on the way that the sheet
/// is whole.
fn merged(path: &Path, mut part: Part<'_>) -> Result<Vec<Region>, SourceError> {
    let (mut regions, mut is_sheet) = (Vec::new(), false);
    while let Some(event) = part.next()? {
        let Event::Start(tag) = &event else { continue };
        match tag.local_name().as_ref() {
            "sheetData" => is_sheet = true,
            "mergeCell" => {
                let region = attribute(tag, "ref").and_then(|text| region(&text));
                regions.push(region.ok_or_else(|| broken(path, "a merged region has no bounds"))?);
            }
            _ => {}
        }
        if regions.len() > MOST_MERGED {
            return Err(broken(path, "too many merged regions"));
        }
    }
    if is_sheet { Ok(regions) } else { Err(broken(path, "the sheet has no cells' part")) }
}

/// A cell while it is read.
#[derive(Default)]
struct Open {
    row: u32,
    column: u32,
    kind: String,
    style: usize,
    value: Option<String>,
    is_formula: bool,
}

/// Every cell of a sheet, and every row that is hidden.
fn cells(
    path: &Path,
    mut part: Part<'_>,
    workbook: &Workbook,
    mut each: impl FnMut(u32, u32, CellValue) -> Result<(), SourceError>,
    mut hidden: impl FnMut(u32),
) -> Result<(), SourceError> {
    let (mut row, mut column) = (0, 0);
    let (mut open, mut is_text, mut is_spoken, mut is_data): (Option<Open>, bool, bool, bool) =
        (None, false, false, false);
    while let Some(event) = part.next()? {
        match &event {
            Event::Start(tag) => match (tag.local_name().as_ref(), &mut open) {
                ("sheetData", _) => is_data = true,
                ("row", None) if is_data => {
                    row = attribute(tag, "r")
                        .map_or(Some(row), |r| r.parse::<u32>().ok()?.checked_sub(1))
                        .ok_or_else(|| out_of_place(path))?;
                    column = 0;
                    if attribute(tag, "hidden")
                        .is_some_and(|said| matches!(said.as_str(), "1" | "true"))
                    {
                        hidden(row);
                    }
                }
                ("c", None) if is_data => {
                    let cell = Open::new(tag, (row, column)).ok_or_else(|| out_of_place(path))?;
                    (row, column) = (cell.row, cell.column);
                    open = Some(cell);
                }
                ("c", None) => {
                    return Err(broken(path, "a cell is outside the rows of its sheet"));
                }
                // A value may be empty, which is not the same as none.
                ("v", Some(cell)) if cell.kind != "inlineStr" => {
                    cell.value.get_or_insert_default();
                    is_text = true;
                }
                ("t", Some(cell)) if !is_spoken => {
                    cell.value.get_or_insert_default();
                    is_text = true;
                }
                ("rPh", Some(_)) => is_spoken = true,
                ("f", Some(cell)) => cell.is_formula = true,
                _ => {}
            },
            Event::End(tag) => match tag.local_name().as_ref() {
                "sheetData" => is_data = false,
                "row" if is_data => row += 1,
                "v" | "t" => is_text = false,
                "rPh" => is_spoken = false,
                "c" => {
                    if let Some(cell) = open.take() {
                        let (at, beside) = (cell.row, cell.column);
                        if cell.kind == "s" && workbook.texts.is_none() {
                            let what = "its shared texts are missing: open it in a spreadsheet \
                                        and save it anew";
                            return Err(SourceError::new(
                                ErrorCode::SourceTruncated,
                                format!("`{}`: {what}", path.display()),
                            ));
                        }
                        if let Some(value) = cell.read(workbook) {
                            each(at, beside, value)?;
                        }
                        column = beside + 1;
                    }
                }
                _ => {}
            },
            event if is_text => {
                if let Some(value) = open.as_mut().and_then(|cell| cell.value.as_mut()) {
                    add_text(event, value);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

impl Open {
    fn new(tag: &BytesStart<'_>, next: (u32, u32)) -> Option<Self> {
        let (row, column) = attribute(tag, "r").map_or(Some(next), |text| position(&text))?;
        let style = attribute(tag, "s").and_then(|style| style.parse().ok()).unwrap_or(0);
        Some(Self {
            row,
            column,
            kind: attribute(tag, "t").unwrap_or_default(),
            style,
            value: None,
            is_formula: false,
        })
    }

    fn read(self, workbook: &Workbook) -> Option<CellValue> {
        let Some(text) = self.value else { return self.is_formula.then_some(CellValue::Lost) };
        Some(match self.kind.as_str() {
            "s" => text
                .trim()
                .parse::<usize>()
                .ok()
                .and_then(|number| workbook.texts.as_ref()?.get(number))
                .map_or(CellValue::Lost, |text| CellValue::Text(text.to_string())),
            "inlineStr" | "str" => CellValue::Text(unescaped(&text)),
            "e" => CellValue::Error(text),
            "b" => match text.trim() {
                "1" | "true" => CellValue::Truth(true),
                "0" | "false" => CellValue::Truth(false),
                _ => CellValue::Lost,
            },
            "" | "n" if text.trim().is_empty() => {
                return self.is_formula.then_some(CellValue::Lost);
            }
            "" | "n" => match text.trim().parse::<f64>() {
                Ok(number) if workbook.dates.get(self.style).copied().unwrap_or(false) => {
                    CellValue::Date(number)
                }
                Ok(number) => CellValue::Number(number),
                Err(_) => CellValue::Text(text),
            },
            // A date in ISO form, or what a later edition may bring: it is its own text.
            _ => CellValue::Text(text),
        })
    }
}

/// `AB12` as row and column, from 0.
fn position(text: &str) -> Option<(u32, u32)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, number) = text.split_at_checked(letters)?;
    if !(1..=3).contains(&letters) {
        return None;
    }
    let column = name
        .bytes()
        .fold(0, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    let row: u32 = number.parse().ok()?;
    Some((
        row.checked_sub(1).filter(|row| *row < MOST_ROWS)?,
        column.checked_sub(1).filter(|column| *column < MOST_COLUMNS)?,
    ))
}

fn region(text: &str) -> Option<Region> {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    let ((top, left), (bottom, right)) = (position(first)?, position(last)?);
    (top <= bottom && left <= right).then_some(Region { top, left, bottom, right })
}

fn out_of_place(path: &Path) -> SourceError {
    broken(path, "a cell's place is not one that a sheet has")
}
