//! A table: its header, its records' cells, and its end.

use std::io::Read;
use std::path::Path;

use zerotrip_datasets::file::CodePage;

use super::characters::Characters;
use super::errors::{odd, truncated};
use super::header::{Field, fields};
use super::values::{julian, not_blank, written_day, written_number};
use crate::SourceError;
use crate::beside::may_be_about_anybody;
use crate::drop::bytes::Bytes;
use crate::drop::unreadable;
use crate::float_text;

const END: u8 = 0x1a;

pub struct Table {
    pub count: u32,
    /// Bytes of a record, its mark included.
    pub width: usize,
    pub fields: Vec<Field>,
    pub characters: Characters,
    /// Where the marks of NULLs are in a record, and how many bytes they are.
    pub nulls: Option<(usize, usize)>,
}

impl Table {
    pub fn read(
        path: &Path,
        file: &mut impl Read,
        length: u64,
        code_page: Option<CodePage>,
    ) -> Result<Self, SourceError> {
        let short = || truncated(path, "it ends within its header");
        let mut head = [0; 32];
        file.read_exact(&mut head).map_err(|_| short())?;
        let mut bytes = Bytes(&head);
        let version = bytes.u8().ok_or_else(short)?;
        let _changed = bytes.take(3);
        let count = bytes.u32().ok_or_else(short)?;
        let header = usize::from(bytes.u16().ok_or_else(short)?);
        let width = usize::from(bytes.u16().ok_or_else(short)?);
        let (is_encrypted, mark) = (head.get(15) == Some(&1), head.get(29).copied().unwrap_or(0));
        let is_fox = matches!(version, 0x30..=0x32);
        if !(is_fox || version == 0xf5 || version & 7 == 3) {
            return Err(odd(
                path,
                &format!(
                    "is of an edition that is not read (0x{version:02x}): have it written as \
                     dBASE III or FoxPro"
                ),
            ));
        }
        if is_encrypted && version & 7 == 3 && version != 3 {
            return Err(odd(path, "is encrypted: have it written in the clear"));
        }
        let characters = Characters::of(path, code_page, mark)?;
        let mut rest = vec![0; header.saturating_sub(32)];
        file.read_exact(&mut rest).map_err(|_| short())?;
        let whole = header as u64 + u64::from(count) * width as u64;
        if length < whole {
            return Err(truncated(
                path,
                &format!(
                    "its header counts {count} records, {whole} bytes in all, and it has {length}"
                ),
            ));
        }
        let fields = fields(&rest, &characters, is_fox, width)
            .ok_or_else(|| truncated(path, "its header and its records do not fit"))?;
        Ok(Self { count, width, fields: fields.all, characters, nulls: fields.nulls })
    }

    /// Behind the last record that the header counts there must be no other: nothing but the mark
    /// of the end and zeros, or what a sector had before, if that is too short for a record and
    /// names no person.
    pub fn ends(&self, path: &Path, file: &mut impl Read) -> Result<(), SourceError> {
        let (mut begin, mut length, mut is_filler) = (Vec::new(), 0, true);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut buffer).map_err(|error| unreadable(path, &error))?;
            let Some(tail) = buffer.get(..read).filter(|tail| !tail.is_empty()) else { break };
            is_filler &= tail.iter().all(|byte| matches!(*byte, 0 | END));
            length += tail.len();
            begin.extend(tail.iter().take(self.width.saturating_sub(begin.len())));
        }
        let is_short = length <= self.width
            && begin.first() == Some(&END)
            && !may_be_about_anybody(&self.characters.text(&begin));
        if is_filler || is_short {
            return Ok(());
        }
        Err(truncated(
            path,
            &format!("there are more records behind the {} that its header counts", self.count),
        ))
    }

    /// A cell's text; `None` where the table has nothing.
    pub fn cell(&self, field: &Field, record: &[u8]) -> Option<String> {
        let is_marked = |bit: usize| {
            let (from, length) = self.nulls?;
            let byte = record.get(from..from + length)?.get(bit / 8)?;
            Some(byte >> (bit % 8) & 1 == 1)
        };
        if field.null.and_then(is_marked).unwrap_or(false) {
            return None;
        }
        let raw = record.get(field.from..field.from + field.length)?;
        let mut bytes = Bytes(raw);
        let lost = || Some("\u{fffd}".to_owned());
        match field.kind {
            b'C' => Some(self.characters.text(raw).trim_end_matches([' ', '\0']).to_owned()),
            b'V' | b'Q' => {
                let text = match field.short.and_then(is_marked) {
                    Some(false) => Some(raw),
                    Some(true) => {
                        raw.split_last().and_then(|(length, text)| text.get(..usize::from(*length)))
                    }
                    // Without its mark a text's end is not known.
                    None => None,
                };
                text.map(|text| self.characters.text(text)).or_else(lost)
            }
            b'N' | b'F' => not_blank(raw).map(|text| written_number(&text)),
            b'D' => not_blank(raw).map(|text| written_day(&text)),
            b'L' => match raw.first()? {
                b'T' | b't' | b'Y' | b'y' => Some("T".to_owned()),
                b'F' | b'f' | b'N' | b'n' => Some("F".to_owned()),
                b'?' | b' ' | 0 => None,
                _ => lost(),
            },
            b'I' => bytes.u32().map(|number| number.cast_signed().to_string()),
            b'B' => bytes.f64().map(float_text::double),
            b'Y' => bytes.array().map(i64::from_le_bytes).map(|number| {
                let (sign, number) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
                format!("{sign}{}.{:04}", number / 10_000, number % 10_000)
            }),
            b'T' => match (bytes.u32()?, bytes.u32()?) {
                (0, _) => None,
                (_, _) if raw.iter().all(|byte| *byte == b' ') => None,
                (day, milliseconds) => julian(day, milliseconds).or_else(lost),
            },
            _ => lost(),
        }
    }
}
