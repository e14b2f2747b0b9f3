//! Every byte of an old workbook's stream is accounted for: parts that follow one another, each
//! named once and of the kind that is said, and nothing behind the last. What no part is read from
//! could hold rows.

use std::path::Path;

use super::super::super::SourceError;
use super::compound::broken;
use super::kind;
use super::records::{Record, Records, Texts};
use crate::beside::may_be_about_anybody;

/// The kind of a sheet of macros, as the workbook says it; sheets are before it.
pub const MACROS: u8 = 1;
/// The same of a chart, and of a module of programs.
const CHART: u8 = 2;
const MODULE: u8 = 6;
/// What parts say that they are.
const GLOBALS: u16 = 0x0005;
const MODULE_PART: u16 = 0x0006;
const SHEET_PART: u16 = 0x0010;
const CHART_PART: u16 = 0x0020;
const MACROS_PART: u16 = 0x0040;
/// A number as long as an id is none that a chart shows.
const LONGEST_NUMBER: f64 = 1e13;

/// Refuses a stream of which anything is not accounted for; `bounds` are the parts that the
/// workbook names.
pub fn check(path: &Path, stream: &[u8], bounds: &[(usize, u8)]) -> Result<(), SourceError> {
    let mut begun = Vec::new();
    let mut at = 0;
    while let Some(rest) = stream.get(at..).filter(|rest| rest.iter().any(|byte| *byte != 0)) {
        let part = Part::read(path, rest)?;
        let is_named = match (begun.is_empty(), part.kind) {
            (true, GLOBALS) => true,
            (true, _) | (false, GLOBALS) => false,
            (false, kind) => {
                let mut named = bounds.iter().filter(|(place, _)| *place == at);
                matches!((named.next(), named.next()), (Some((_, said)), None) if kind_of(*said) == Some(kind))
            }
        };
        if !is_named {
            return Err(broken(
                path,
                "it holds a part that no sheet's name belongs to, or one of another kind than its \
                 name says",
            ));
        }
        begun.push(at);
        at += part.length;
    }
    if bounds.iter().any(|(place, _)| *place == 0 || !begun.contains(place)) {
        return Err(broken(path, "a sheet begins where no part does"));
    }
    Ok(())
}

/// What a part must say that it is, by what the workbook says of it.
fn kind_of(said: u8) -> Option<u16> {
    match said {
        0 => Some(SHEET_PART),
        MACROS => Some(MACROS_PART),
        CHART => Some(CHART_PART),
        MODULE => Some(MODULE_PART),
        _ => None,
    }
}

/// One part of the stream, from its beginning to its end.
struct Part {
    kind: u16,
    length: usize,
}

impl Part {
    fn read(path: &Path, stream: &[u8]) -> Result<Self, SourceError> {
        let mut kinds: Vec<u16> = Vec::new();
        let (mut first, mut last, mut said) = (None, None, None);
        let mut records = Records::new(stream);
        while let Some(record) = records.next() {
            match record.kind {
                kind::BEGIN => {
                    let mut bytes = record.bytes();
                    let kind = bytes
                        .u16()
                        .and_then(|_| bytes.u16())
                        .ok_or_else(|| broken(path, "a record ends too early"))?;
                    // Within a sheet there are charts, and nothing else.
                    if !kinds.is_empty() && kind != CHART_PART {
                        return Err(broken(path, "a sheet holds another sheet"));
                    }
                    first = first.or(Some(kind));
                    kinds.push(kind);
                }
                kind::END => {
                    kinds.pop();
                }
                _ => match kinds.as_slice() {
                    [] => break,
                    [SHEET_PART | MACROS_PART] if record.kind == kind::BOUNDS => {
                        said = said.max(rows_said(&record))
                    }
                    [SHEET_PART | MACROS_PART] => last = last.max(row_of(&record)),
                    [.., CHART_PART | MODULE_PART] if is_row(&record) => {
                        return Err(broken(
                            path,
                            "what is called a chart or a program holds cells of a table",
                        ));
                    }
                    _ => {}
                },
            }
            if let (Some(kind), true) = (first, kinds.is_empty()) {
                if said.is_some_and(|said| said > last.map_or(0, |last| last + 1)) {
                    return Err(broken(
                        path,
                        "a sheet ends before the last row that it says it has: open it in a \
                         spreadsheet and save it anew",
                    ));
                }
                return Ok(Self { kind, length: stream.len() - records.left() });
            }
        }
        Err(broken(
            path,
            "something that is not a part of it is between its sheets or behind them, or a sheet \
             has no end",
        ))
    }
}

/// Rows that a sheet says it has, the last one's number from 1.
fn rows_said(record: &Record<'_>) -> Option<u32> {
    let mut bytes = record.bytes();
    let (first, behind) = (bytes.u32()?, bytes.u32()?);
    Some(behind).filter(|behind| *behind > first)
}

/// The row of a cell, of a blank one or of a row's own record.
fn row_of(record: &Record<'_>) -> Option<u32> {
    let has_row = matches!(
        record.kind,
        kind::NUMBER
            | kind::LABEL
            | kind::RICH_LABEL
            | kind::TRUTH_OR_ERROR
            | kind::SHARED_TEXT
            | kind::SHORT_NUMBER
            | kind::MANY_SHORT_NUMBERS
            | kind::FORMULA
            | kind::BLANK
            | kind::MANY_BLANKS
            | kind::ROW
    );
    has_row.then(|| record.bytes().u16().map(u32::from)).flatten()
}

/// Whether a record of a chart or a program is one of a table: a chart keeps the numbers and words
/// that it shows, and nothing else.
fn is_row(record: &Record<'_>) -> bool {
    match record.kind {
        kind::ROW
        | kind::SHARED_TEXT
        | kind::SHORT_NUMBER
        | kind::MANY_SHORT_NUMBERS
        | kind::FORMULA
        | kind::RICH_LABEL => true,
        kind::NUMBER => {
            let mut bytes = record.bytes();
            bytes
                .take(6)
                .and_then(|_| bytes.f64())
                .is_none_or(|number| number.is_nan() || number.abs() >= LONGEST_NUMBER)
        }
        kind::LABEL => {
            let text = Texts::new(Record { kind: record.kind, pieces: record.pieces.clone() }, 6)
                .and_then(|mut texts| texts.text());
            text.is_none_or(|text| may_be_about_anybody(&text))
        }
        _ => false,
    }
}
