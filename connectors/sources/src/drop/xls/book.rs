//! A workbook's sheets, their records, and the cells in them.

use std::collections::HashMap;
use std::path::Path;

use zerotrip_proto::v1::ErrorCode;

use super::compound::broken;
use super::records::{Record, Records, Texts, plain};
use super::values::{Stored, formula, short_number, truth_or_error};
use super::{completeness, kind};
use crate::SourceError;
use crate::drop::bytes::Bytes;
use crate::drop::cell_value::{CellValue, is_date_format, is_known_date_format};
use crate::drop::grid::MOST_MERGED;
use crate::drop::merged_regions::Region;

/// The edition that is read.
const BIFF8: u16 = 0x0600;

/// What a workbook says of its sheets, and what they share.
#[derive(Default)]
pub struct Book {
    /// Names, and places in the stream, of those that hold cells.
    pub sheets: Vec<(String, usize)>,
    /// Where every part begins that the workbook names, and of which kind it is said to be.
    pub bounds: Vec<(usize, u8)>,
    pub texts: Vec<String>,
    /// By a cell's style: whether its numbers are shown as dates.
    pub dates: Vec<bool>,
    pub is_1904: bool,
}

impl Book {
    pub fn read(path: &Path, stream: &[u8]) -> Result<Self, SourceError> {
        let mut book = Self::default();
        let (mut own, mut styles): (HashMap<u16, bool>, Vec<u16>) = (HashMap::new(), Vec::new());
        records_of(path, stream, |record| {
            let mut bytes = record.bytes();
            let read = match record.kind {
                kind::PASSWORD => {
                    let detail = format!(
                        "`{}` is encrypted with a password: save it without",
                        path.display()
                    );
                    return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
                }
                kind::DATE_MODE => bytes.u16().map(|mode| book.is_1904 = mode == 1),
                kind::SHEET => sheet(bytes).map(|(name, place, kind)| {
                    book.bounds.push((place, kind));
                    book.sheets.extend((kind <= completeness::MACROS).then_some((name, place)));
                }),
                kind::STYLE => {
                    bytes.take(2).and_then(|_| bytes.u16()).map(|format| styles.push(format))
                }
                kind::FORMAT => bytes
                    .u16()
                    .and_then(|number| Some((number, Texts::new(record, 2)?.text()?)))
                    .map(|(number, code)| {
                        own.insert(number, is_date_format(&code));
                    }),
                kind::TEXTS => texts(record).map(|texts| book.texts = texts),
                _ => Some(()),
            };
            read.ok_or_else(|| broken(path, "a record ends too early"))
        })?;
        let is_date = |format: u16| {
            own.get(&format).copied().unwrap_or_else(|| is_known_date_format(format.into()))
        };
        book.dates = styles.into_iter().map(is_date).collect();
        Ok(book)
    }

    /// A sheet's records.
    pub fn sheet<'s>(
        &self,
        path: &Path,
        stream: &'s [u8],
        place: usize,
    ) -> Result<&'s [u8], SourceError> {
        let sheet = self.sheets.get(place).and_then(|(_, from)| stream.get(*from..));
        sheet.ok_or_else(|| broken(path, "the sheet begins behind its end"))
    }

    /// Every cell of a sheet.
    pub fn cells(
        &self,
        path: &Path,
        sheet: &[u8],
        mut each: impl FnMut(u32, u32, CellValue) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let mut pending = None;
        records_of(path, sheet, |record| self.cell(path, record, &mut pending, &mut each))?;
        pending.map_or(Ok(()), |(row, column)| each(row, column, CellValue::Lost))
    }

    /// One record of a sheet. `pending` is the place of a formula whose text comes in a record of
    /// its own.
    fn cell(
        &self,
        path: &Path,
        record: Record<'_>,
        pending: &mut Option<(u32, u32)>,
        each: &mut impl FnMut(u32, u32, CellValue) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let short = || broken(path, "a record ends too early");
        let mut bytes = record.bytes();
        match record.kind {
            kind::FORMULA_TEXT => {
                let text =
                    Texts::new(record, 0).and_then(|mut texts| texts.text()).ok_or_else(short)?;
                return pending
                    .take()
                    .map_or(Ok(()), |(row, column)| each(row, column, CellValue::Text(text)));
            }
            kind::NUMBER
            | kind::LABEL
            | kind::RICH_LABEL
            | kind::TRUTH_OR_ERROR
            | kind::SHARED_TEXT
            | kind::SHORT_NUMBER
            | kind::MANY_SHORT_NUMBERS
            | kind::FORMULA => {}
            _ => return Ok(()),
        }
        // What its formula came to was never stored.
        if let Some((row, column)) = pending.take() {
            each(row, column, CellValue::Lost)?;
        }
        let (row, column) = bytes
            .u16()
            .zip(bytes.u16())
            .map(|(row, column)| (u32::from(row), u32::from(column)))
            .ok_or_else(short)?;
        if record.kind == kind::MANY_SHORT_NUMBERS {
            let mut column = column;
            while bytes.0.len() >= 6 {
                let (style, number) = bytes.u16().zip(bytes.u32()).ok_or_else(short)?;
                each(row, column, self.number(style, short_number(number)))?;
                column += 1;
            }
            return Ok(());
        }
        let style = bytes.u16().ok_or_else(short)?;
        let value = match record.kind {
            kind::NUMBER => bytes.f64().map(|number| self.number(style, number)),
            kind::SHORT_NUMBER => {
                bytes.u32().map(|number| self.number(style, short_number(number)))
            }
            kind::TRUTH_OR_ERROR => bytes
                .u8()
                .zip(bytes.u8())
                .map(|(value, is_error)| truth_or_error(value, is_error != 0)),
            kind::SHARED_TEXT => bytes.u32().map(|number| {
                let text = usize::try_from(number).ok().and_then(|number| self.texts.get(number));
                text.map_or(CellValue::Lost, |text| CellValue::Text(text.clone()))
            }),
            kind::LABEL | kind::RICH_LABEL => {
                Texts::new(record, 6).and_then(|mut texts| texts.text()).map(CellValue::Text)
            }
            _ => bytes.array().map(|value| match formula(value) {
                Stored::Number(number) => self.number(style, number),
                Stored::CellValue(value) => value,
                Stored::Text => {
                    *pending = Some((row, column));
                    CellValue::Lost
                }
            }),
        };
        let value = value.ok_or_else(short)?;
        if pending.is_some() { Ok(()) } else { each(row, column, value) }
    }

    fn number(&self, style: u16, number: f64) -> CellValue {
        if self.dates.get(usize::from(style)).copied().unwrap_or(false) {
            CellValue::Date(number)
        } else {
            CellValue::Number(number)
        }
    }
}

/// Every record of the part that begins here, without those of charts inside it. A part that does
/// not end is not whole.
pub fn records_of<'s>(
    path: &Path,
    stream: &'s [u8],
    mut each: impl FnMut(Record<'s>) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let mut depth = 0_usize;
    for record in Records::new(stream) {
        match record.kind {
            kind::BEGIN => {
                if record.bytes().u16() != Some(BIFF8) {
                    let detail = format!(
                        "`{}` was written by Excel 95 or older: save it anew",
                        path.display()
                    );
                    return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
                }
                depth += 1;
            }
            kind::END if depth <= 1 => return Ok(()),
            kind::END => depth -= 1,
            _ if depth == 1 => each(record)?,
            _ if depth == 0 => break,
            _ => {}
        }
    }
    Err(broken(path, "a sheet has no end"))
}

/// A row's number, and whether it is hidden.
pub fn hidden_row(mut bytes: Bytes<'_>) -> Option<(u32, bool)> {
    let row = bytes.u16()?;
    bytes.take(10)?;
    Some((row.into(), bytes.u16()? & 0x20 != 0))
}

pub fn merged(path: &Path, sheet: &[u8]) -> Result<Vec<Region>, SourceError> {
    let mut regions = Vec::new();
    records_of(path, sheet, |record| {
        if record.kind != kind::MERGED {
            return Ok(());
        }
        let mut bytes = record.bytes();
        let mut next = || bytes.u16().map(u32::from);
        let count = next().unwrap_or(0);
        for _ in 0..count {
            let region = next()
                .zip(next())
                .zip(next().zip(next()))
                .map(|((top, bottom), (left, right))| Region { top, left, bottom, right });
            regions.push(
                region
                    .filter(|region| region.top <= region.bottom && region.left <= region.right)
                    .ok_or_else(|| broken(path, "a merged region has no bounds"))?,
            );
        }
        if regions.len() > MOST_MERGED {
            Err(broken(path, "too many merged regions"))
        } else {
            Ok(())
        }
    })?;
    Ok(regions)
}

/// A part's name, its place, and what kind it is of.
fn sheet(mut bytes: Bytes<'_>) -> Option<(String, usize, u8)> {
    let place = usize::try_from(bytes.u32()?).ok()?;
    let _hidden = bytes.u8()?;
    let kind = bytes.u8()?;
    let (length, flags) = (bytes.u8()?, bytes.u8()?);
    let name = plain(&mut bytes, usize::from(length), flags & 1 != 0)?;
    Some((name, place, kind))
}

fn texts(record: Record<'_>) -> Option<Vec<String>> {
    let mut bytes = record.bytes();
    bytes.take(4)?;
    let count = bytes.u32()?;
    let mut texts = Texts::new(record, 8)?;
    (0..count).map(|_| texts.text()).collect()
}
