//! Workbooks of the old format (`.xls`, Excel 97 to 2003): one sheet, read from memory.

mod compound;
mod records;
mod whole;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zerotrip_datasets::file::Excel;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::bytes::Bytes;
use super::disguise::Expected;
use super::grid::{Grid, Layout, MOST_MERGED, Region, Value, is_date_format, is_known_date_format};
use super::import::Filling;
use super::sheets::{Glance, Sheets};
use super::{Format, unreadable};

use self::compound::broken;
use self::records::{Record, Records, Texts, plain};

/// Bytes of a workbook, which stays in memory while it is read; no sheet has more than 65,536 rows.
const MOST_FILE: u64 = 256 << 20;
/// Rows of a sheet.
const MOST_ROWS: u32 = 1 << 16;
/// The edition that is read.
const BIFF8: u16 = 0x0600;

/// What records are called.
mod kind {
    pub const FORMULA: u16 = 0x0006;
    pub const END: u16 = 0x000a;
    pub const DATE_MODE: u16 = 0x0022;
    pub const PASSWORD: u16 = 0x002f;
    pub const SHEET: u16 = 0x0085;
    pub const MANY_SHORT_NUMBERS: u16 = 0x00bd;
    pub const MANY_BLANKS: u16 = 0x00be;
    pub const RICH_LABEL: u16 = 0x00d6;
    pub const STYLE: u16 = 0x00e0;
    pub const MERGED: u16 = 0x00e5;
    pub const TEXTS: u16 = 0x00fc;
    pub const SHARED_TEXT: u16 = 0x00fd;
    pub const BOUNDS: u16 = 0x0200;
    pub const BLANK: u16 = 0x0201;
    pub const NUMBER: u16 = 0x0203;
    pub const LABEL: u16 = 0x0204;
    pub const TRUTH_OR_ERROR: u16 = 0x0205;
    pub const FORMULA_TEXT: u16 = 0x0207;
    pub const ROW: u16 = 0x0208;
    pub const SHORT_NUMBER: u16 = 0x027e;
    pub const FORMAT: u16 = 0x041e;
    pub const BEGIN: u16 = 0x0809;
}

/// Sheets of an old workbook.
#[derive(Debug)]
pub struct Xls {
    sheets: Sheets,
}

impl Xls {
    /// As a dataset file describes it.
    pub fn new(spec: &Excel) -> Self {
        Self { sheets: Sheets::new(spec) }
    }
}

impl Format for Xls {
    fn expected(&self) -> Expected {
        Expected::Xls
    }

    fn read(&self, path: &Path, into: &mut Filling<'_>) -> Result<(), SourceError> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        file.take(MOST_FILE + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(path, &error))?;
        if bytes.len() as u64 > MOST_FILE {
            return Err(SourceError::new(
                ErrorCode::SourceLimit,
                format!("`{}` is over {MOST_FILE} bytes", path.display()),
            ));
        }
        let stream = compound::workbook(path, &bytes)?;
        drop(bytes);
        let book = Book::read(path, &stream)?;
        whole::check(path, &stream, &book.bounds)?;
        let names: Vec<&str> = book.sheets.iter().map(|(name, _)| name.as_str()).collect();
        let header = self.sheets.header;
        let chosen = self.sheets.choose(path, &names, into, |place| {
            let mut glance = Glance::default();
            book.cells(path, book.sheet(path, &stream, place)?, |row, column, value| {
                glance.note(row, column, &value.into_text(book.is_1904), header);
                Ok(())
            })?;
            Ok(glance)
        })?;
        for place in &chosen {
            if chosen.len() > 1 {
                into.part(names.get(*place).copied().unwrap_or_default());
            }
            let sheet = book.sheet(path, &stream, *place)?;
            let layout = Layout { header, most_rows: MOST_ROWS, is_1904: book.is_1904 };
            let mut grid = Grid::new(path, into, layout, merged(path, sheet)?);
            records_of(path, sheet, |record| {
                if record.kind == kind::ROW && hidden_row(record.bytes()).is_some_and(|row| row.1) {
                    hidden_row(record.bytes()).into_iter().for_each(|(row, _)| grid.hide(row));
                }
                Ok(())
            })?;
            book.cells(path, sheet, |row, column, value| grid.cell(row, column, value))?;
            grid.end()?;
        }
        Ok(())
    }
}

/// What a workbook says of its sheets, and what they share.
#[derive(Default)]
struct Book {
    /// Names, and places in the stream, of those that hold cells.
    sheets: Vec<(String, usize)>,
    /// Where every part begins that the workbook names, and of which kind it is said to be.
    bounds: Vec<(usize, u8)>,
    texts: Vec<String>,
    /// By a cell's style: whether its numbers are shown as dates.
    dates: Vec<bool>,
    is_1904: bool,
}

impl Book {
    fn read(path: &Path, stream: &[u8]) -> Result<Self, SourceError> {
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
                    book.sheets.extend((kind <= whole::MACROS).then_some((name, place)));
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
    fn sheet<'s>(
        &self,
        path: &Path,
        stream: &'s [u8],
        place: usize,
    ) -> Result<&'s [u8], SourceError> {
        let sheet = self.sheets.get(place).and_then(|(_, from)| stream.get(*from..));
        sheet.ok_or_else(|| broken(path, "the sheet lies behind its end"))
    }

    /// Every cell of a sheet.
    fn cells(
        &self,
        path: &Path,
        sheet: &[u8],
        mut each: impl FnMut(u32, u32, Value) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let mut pending = None;
        records_of(path, sheet, |record| self.cell(path, record, &mut pending, &mut each))?;
        pending.map_or(Ok(()), |(row, column)| each(row, column, Value::Lost))
    }

    /// One record of a sheet. `pending` is where a formula stands whose text comes in a record of
    /// its own.
    fn cell(
        &self,
        path: &Path,
        record: Record<'_>,
        pending: &mut Option<(u32, u32)>,
        each: &mut impl FnMut(u32, u32, Value) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let short = || broken(path, "a record ends too early");
        let mut bytes = record.bytes();
        match record.kind {
            kind::FORMULA_TEXT => {
                let text =
                    Texts::new(record, 0).and_then(|mut texts| texts.text()).ok_or_else(short)?;
                return pending
                    .take()
                    .map_or(Ok(()), |(row, column)| each(row, column, Value::Text(text)));
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
            each(row, column, Value::Lost)?;
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
                text.map_or(Value::Lost, |text| Value::Text(text.clone()))
            }),
            kind::LABEL | kind::RICH_LABEL => {
                Texts::new(record, 6).and_then(|mut texts| texts.text()).map(Value::Text)
            }
            _ => bytes.array().map(|value| match formula(value) {
                Stored::Number(number) => self.number(style, number),
                Stored::Value(value) => value,
                Stored::Text => {
                    *pending = Some((row, column));
                    Value::Lost
                }
            }),
        };
        let value = value.ok_or_else(short)?;
        if pending.is_some() { Ok(()) } else { each(row, column, value) }
    }

    fn number(&self, style: u16, number: f64) -> Value {
        if self.dates.get(usize::from(style)).copied().unwrap_or(false) {
            Value::Date(number)
        } else {
            Value::Number(number)
        }
    }
}

/// Every record of the part that begins here, without those of charts inside it. A part that does
/// not end is not whole.
fn records_of<'s>(
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
fn hidden_row(mut bytes: Bytes<'_>) -> Option<(u32, bool)> {
    let row = bytes.u16()?;
    bytes.take(10)?;
    Some((row.into(), bytes.u16()? & 0x20 != 0))
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

fn merged(path: &Path, sheet: &[u8]) -> Result<Vec<Region>, SourceError> {
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

/// A number in four bytes: a whole one of 30 bits or the upper half of a double, perhaps times a
/// hundred.
fn short_number(packed: u32) -> f64 {
    let number = if packed & 2 != 0 {
        f64::from(packed.cast_signed() >> 2)
    } else {
        f64::from_bits(u64::from(packed & !3) << 32)
    };
    if packed & 1 != 0 { number / 100.0 } else { number }
}

enum Stored {
    Number(f64),
    Value(Value),
    Text,
}

/// What a formula came to.
fn formula(value: [u8; 8]) -> Stored {
    match value {
        [0, _, _, _, _, _, 0xff, 0xff] => Stored::Text,
        [1, _, truth, _, _, _, 0xff, 0xff] => Stored::Value(truth_or_error(truth, false)),
        [2, _, error, _, _, _, 0xff, 0xff] => Stored::Value(truth_or_error(error, true)),
        [3, _, _, _, _, _, 0xff, 0xff] => Stored::Value(Value::Text(String::new())),
        [.., 0xff, 0xff] => Stored::Value(Value::Lost),
        number => Stored::Number(f64::from_le_bytes(number)),
    }
}

fn truth_or_error(value: u8, is_error: bool) -> Value {
    let error = match value {
        0 | 1 if !is_error => return Value::Truth(value == 1),
        _ if !is_error => return Value::Lost,
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        0x2a => "#N/A",
        _ => return Value::Lost,
    };
    Value::Error(error.to_owned())
}
