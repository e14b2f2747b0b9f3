//! Separated values: commas, semicolons, tabs or bars. A ragged row is kept as unreadable, never
//! dropped and never a reason to fail the file: it may be the row that matters.

mod utf16;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use ::csv::{ByteRecord, ReaderBuilder};
use zerotrip_datasets::file::{Encoding as Characters, Separator};
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::header::{self, folded};
use super::file_kind::Expected;
use super::import::SnapshotWriter;
use super::place::MOST_FILE;
use super::{Format, unreadable};

use self::utf16::Utf16Reader;

/// Bytes of a first line that says what separates.
const MOST_FIRST_LINE: usize = 16;

/// Separated values, with a header line.
#[derive(Debug)]
pub struct Csv {
    characters: Characters,
    separator: Separator,
}

impl Csv {
    /// In these characters, with this between the cells.
    pub fn new(characters: Characters, separator: Separator) -> Self {
        Self { characters, separator }
    }

    /// Bytes that the encoding does not know become U+FFFD, which the semantic types take for
    /// unreadable.
    fn decode(&self, cell: &[u8]) -> String {
        let encoding = match self.characters {
            // UTF-16 is UTF-8 by now.
            Characters::Utf8 | Characters::Utf16 => encoding_rs::UTF_8,
            Characters::Gb18030 => encoding_rs::GB18030,
        };
        encoding.decode_without_bom_handling(cell).0.into_owned()
    }

    fn names(&self, header: &ByteRecord) -> Vec<Option<String>> {
        folded(
            header.iter().map(|cell| self.decode(cell).trim_start_matches('\u{feff}').to_owned()),
        )
    }

    /// Why this line names no columns, where its separators or a title show it.
    fn header_fault(
        &self,
        path: &Path,
        header: &ByteRecord,
        names: &[Option<String>],
        into: &SnapshotWriter<'_>,
    ) -> Result<(), SourceError> {
        let drift = |detail: String| {
            Err(SourceError::new(ErrorCode::SourceDrift, format!("`{}` {detail}", path.display())))
        };
        if into.fits(names) {
            return Ok(());
        }
        let line = header
            .iter()
            .map(|cell| self.decode(cell))
            .collect::<Vec<_>>()
            .join(&self.separator.character().to_string());
        for other in Separator::ALL.into_iter().filter(|other| *other != self.separator) {
            let split = folded(
                line.trim_start_matches('\u{feff}')
                    .split(other.character())
                    .map(|name| name.trim_matches('"').to_owned()),
            );
            if into.fits(&split) && header::value_among(&split, &[]).is_none() {
                return drift(format!(
                    "is separated by `{0}`: say `separator = \"{0}\"`",
                    other.said()
                ));
            }
        }
        let named: Vec<&String> = names.iter().flatten().collect();
        if names.len() > 1 && named.len() < 2 {
            let only = named
                .first()
                .map_or(String::new(), |name| format!(" but `{}`", header::shown(name)));
            return drift(format!(
                "line 1 names no columns{only}: take away what is above the line that names them"
            ));
        }
        Ok(())
    }
}

impl Format for Csv {
    fn expected(&self) -> Expected {
        Expected::Text { is_wide: self.characters == Characters::Utf16 }
    }

    fn read(&self, path: &Path, into: &mut SnapshotWriter<'_>) -> Result<(), SourceError> {
        let not_csv = |error: ::csv::Error| {
            SourceError::new(ErrorCode::SourceFailed, format!("`{}`: {error}", path.display()))
        };
        let file = File::open(path).map_err(|error| unreadable(path, &error))?.take(MOST_FILE + 1);
        let mut bytes: Box<dyn BufRead> = match self.characters {
            Characters::Utf16 => Box::new(BufReader::new(Utf16Reader::new(BufReader::new(file)))),
            Characters::Utf8 | Characters::Gb18030 => Box::new(BufReader::new(file)),
        };
        let above = u64::from(self.pass_over_separator(path, &mut *bytes)?);
        let delimiter = u8::try_from(self.separator.character()).unwrap_or(b',');
        let mut reader =
            ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(bytes);
        let header = reader.byte_headers().map_err(not_csv)?.clone();
        let names = self.names(&header);
        self.header_fault(path, &header, &names, into)?;
        let places = into.header(&names)?;
        let shape = Shape::of(&names);
        let (mut split, mut record, mut counter) = (0, ByteRecord::new(), Counter::of(&names));
        while reader.read_byte_record(&mut record).map_err(not_csv)? {
            let is_blank = |cell: &[u8]| self.decode(cell).trim().is_empty();
            let cell = |place: usize| record.get(place).unwrap_or_default();
            if record.iter().all(is_blank) {
                into.blank()?;
                continue;
            }
            let counts =
                counter.as_mut().is_some_and(|counter| counter.counts(&self.decode(cell(0))));
            let unnamed = shape
                .unnamed
                .iter()
                .copied()
                .filter(|place| (*place > 0 || !counts) && !is_blank(cell(*place)));
            let unnamed: Vec<usize> = unnamed.collect();
            // A line break inside a cell is a quote that was never closed until it was shown
            // otherwise: it has swallowed other rows.
            let is_broken =
                record.iter().any(|cell| cell.iter().any(|byte| matches!(byte, b'\n' | b'\r')));
            if is_broken || !unnamed.is_empty() || !shape.widths.contains(&record.len()) {
                let text =
                    record.iter().map(|cell| self.decode(cell)).collect::<Vec<_>>().join(",");
                let line = above + record.position().map_or(0, ::csv::Position::line);
                if unnamed.is_empty() {
                    into.ragged(line, &text)?
                } else {
                    into.unnamed_cells(line, &text, unnamed)?
                }
                continue;
            }
            split += 1;
            into.row(
                split,
                places.iter().map(|place| record.get(*place).map(|cell| self.decode(cell))),
            )?;
        }
        Ok(())
    }
}

impl Csv {
    /// A first line `sep=;` is for spreadsheets, and says what separates. Whether there is one.
    fn pass_over_separator(
        &self,
        path: &Path,
        bytes: &mut dyn BufRead,
    ) -> Result<bool, SourceError> {
        let failed = |error: std::io::Error| unreadable(path, &error);
        let head = bytes.fill_buf().map_err(failed)?;
        let mark = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let line = head.get(mark..).unwrap_or_default();
        let line = line.get(..line.len().min(MOST_FIRST_LINE)).unwrap_or_default();
        let Some(end) = line.iter().position(|byte| *byte == b'\n') else { return Ok(false) };
        let said = line.get(..end).unwrap_or_default();
        let said = said.strip_suffix(b"\r").unwrap_or(said);
        let said: Option<&[u8; 1]> = said
            .get(4..)
            .filter(|_| said.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case(b"sep=")))
            .and_then(|c| c.try_into().ok());
        let Some([said]) = said else { return Ok(false) };
        if char::from(*said) != self.separator.character() {
            let known =
                Separator::ALL.into_iter().find(|known| known.character() == char::from(*said));
            let remedy = known.map_or(
                "have it written with one of `,`, `;`, `|` and a tab".to_owned(),
                |known| format!("say `separator = \"{}\"`", known.said()),
            );
            let detail = format!(
                "the first line of `{}` says that `{}` separates: {remedy}",
                path.display(),
                char::from(*said).escape_default()
            );
            return Err(SourceError::new(ErrorCode::SourceDrift, detail));
        }
        bytes.consume(mark + end + 1);
        Ok(true)
    }
}

/// What a header says of its rows.
struct Shape {
    /// Places of columns without a name.
    unnamed: Vec<usize>,
    /// That of the header, and without the columns at its end that have no name: a spreadsheet
    /// leaves those out of some rows.
    widths: [usize; 2],
}

impl Shape {
    fn of(names: &[Option<String>]) -> Self {
        let unnamed = names
            .iter()
            .enumerate()
            .filter(|(_, name)| name.is_none())
            .map(|(place, _)| place)
            .collect();
        let named = names.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        Self { unnamed, widths: [names.len(), named] }
    }
}

/// A first column without a name that counts the rows from 0 or 1, as data frames write it: nothing
/// but it holds a number.
#[derive(Debug)]
pub struct Counter(Option<u64>);

impl Counter {
    /// For a header with these names.
    pub fn of(names: &[Option<String>]) -> Option<Self> {
        matches!(names, [None, _, ..]).then_some(Self(None))
    }

    /// Whether the cell is the next number. A cell that is not ends the counting.
    pub fn counts(&mut self, cell: &str) -> bool {
        let number =
            cell.trim().parse::<u64>().ok().filter(|number| number.to_string() == cell.trim());
        let next = match (self.0, number) {
            (None, Some(first @ (0 | 1))) => Some(first),
            (Some(before), Some(number)) if before.checked_add(1) == Some(number) => Some(number),
            _ => None,
        };
        self.0 = Some(next.unwrap_or(u64::MAX));
        next.is_some()
    }
}
