//! Tables of dBASE III and IV, FoxPro and Visual FoxPro (`.dbf`): records of fixed width behind a
//! header that counts them.
//!
//! Read by ourselves, since one odd record must not fail a file, and a number's digits must come as
//! they stand.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use chrono::{Days, NaiveDate};
use encoding_rs::Encoding;
use zerotrip_datasets::file::{CodePage, Dbf as Spec};
use zerotrip_datasets::resident_id::names_somebody;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::header::folded;
use super::super::number;
use super::bytes::Bytes;
use super::disguise::Expected;
use super::import::Filling;
use super::{Format, unreadable};

/// A byte of 0x80 and above in code page 437.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡\
                     «»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·\
                     √ⁿ²■\u{a0}";
const LIVE: u8 = b' ';
const DELETED: u8 = b'*';
const END: u8 = 0x1a;
const HEADER_END: u8 = 0x0d;

/// A table of dBASE or FoxPro.
#[derive(Debug)]
pub struct Dbf {
    code_page: Option<CodePage>,
}

impl Dbf {
    /// As a dataset file describes it.
    pub fn new(spec: &Spec) -> Self {
        Self { code_page: spec.encoding }
    }
}

impl Format for Dbf {
    fn expected(&self) -> Expected {
        Expected::Dbf
    }

    fn read(&self, path: &Path, into: &mut Filling<'_>) -> Result<(), SourceError> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let length = file.metadata().map_err(|error| unreadable(path, &error))?.len();
        let mut file = BufReader::new(file);
        let table = Table::read(path, &mut file, length, self.code_page)?;
        let names: Vec<Option<String>> = {
            // The bits of NULLs and lengths are the format's own, and no field of the register's.
            let wanted = |field: &&Field| {
                field.kind != b'0' && (!into.is_sample() || field.readable(path).is_ok())
            };
            folded(table.fields.iter().map(|field| {
                Some(field).filter(wanted).map(|field| field.name.clone()).unwrap_or_default()
            }))
        };
        let fields: Vec<&Field> =
            into.header(&names)?.into_iter().filter_map(|place| table.fields.get(place)).collect();
        for (at, field) in fields.iter().enumerate() {
            field.readable(path).map_err(|error| into.of_field(at, error))?;
        }
        let mut record = vec![0; table.width];
        let mut deleted: u64 = 0;
        for number in 1..=u64::from(table.count) {
            file.read_exact(&mut record).map_err(|error| unreadable(path, &error))?;
            match record.first() {
                Some(&LIVE) => {
                    into.row(number, fields.iter().map(|field| table.cell(field, &record)))?
                }
                Some(&DELETED) => deleted += 1,
                _ => into.ragged(number, &table.characters.text(&record))?,
            }
        }
        table.ends(path, &mut file)?;
        if deleted > 0 {
            into.advise(format!(
                "{deleted} records are marked as deleted and are no rows; if they should be, \
                 recall them, and if what ends is deleted so, `ended` is `removed`"
            ));
        }
        Ok(())
    }
}

struct Table {
    count: u32,
    /// Bytes of a record, its mark included.
    width: usize,
    fields: Vec<Field>,
    characters: Characters,
    /// Where the marks of NULLs stand in a record, and how many bytes they are.
    nulls: Option<(usize, usize)>,
}

struct Field {
    name: String,
    kind: u8,
    from: usize,
    length: usize,
    /// Its place among the marks of NULLs.
    null: Option<usize>,
    /// The same of the mark that says whether its last byte is its length.
    short: Option<usize>,
    is_fox: bool,
}

impl Table {
    fn read(
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
    /// names nobody.
    fn ends(&self, path: &Path, file: &mut impl Read) -> Result<(), SourceError> {
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
            && !names_somebody(&self.characters.text(&begin));
        if is_filler || is_short {
            return Ok(());
        }
        Err(truncated(
            path,
            &format!("there are more records behind the {} that its header counts", self.count),
        ))
    }

    /// A cell's text; `None` where the table has nothing.
    fn cell(&self, field: &Field, record: &[u8]) -> Option<String> {
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
            b'B' => bytes.f64().map(number::double),
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

impl Field {
    /// Refuses what cannot be brought to text.
    fn readable(&self, path: &Path) -> Result<(), SourceError> {
        let fits = match self.kind {
            b'C' | b'N' | b'F' | b'D' | b'L' => true,
            b'V' | b'Q' => self.short.is_some(),
            b'I' => self.length == 4 && self.is_fox,
            b'B' | b'Y' | b'T' => self.length == 8 && self.is_fox,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let (name, kind) = (&self.name, char::from(self.kind));
        let detail = format!(
            "`{}`: field `{name}` is of type `{kind}` (memo, binary or the like), which is not \
             read; name another in the column's `field`",
            path.display()
        );
        Err(SourceError::new(ErrorCode::SourceDrift, detail))
    }
}

/// What the header says of a record.
struct Fields {
    all: Vec<Field>,
    nulls: Option<(usize, usize)>,
}

/// The fields, and where the marks of NULLs stand. `None`: what the header says does not come to a
/// record's width.
fn fields(header: &[u8], characters: &Characters, is_fox: bool, width: usize) -> Option<Fields> {
    for long_texts in [true, false] {
        let (mut fields, mut nulls, mut from, mut bit) = (Vec::new(), None, 1, 0);
        let mut bytes = Bytes(header);
        while bytes.0.first().is_some_and(|first| *first != HEADER_END) {
            let mut field = Bytes(bytes.take(32)?);
            let name = field.take(11)?.split(|byte| *byte == 0).next().unwrap_or_default();
            let kind = field.u8()?;
            let _address = field.u32()?;
            let (low, high, flags) = (field.u8()?, field.u8()?, field.u8()?);
            // Some write texts of more than 255 bytes, with their length where a number's decimals
            // stand.
            let length = usize::from(low)
                + if kind == b'C' && long_texts { usize::from(high) << 8 } else { 0 };
            if kind == b'0' {
                nulls = Some((from, length));
            }
            // A text of varying length has a mark of its own, before that of its NULL.
            let short = (is_fox && matches!(kind, b'V' | b'Q')).then_some(bit);
            bit += usize::from(short.is_some());
            let null = (is_fox && flags & 2 != 0 && kind != b'0').then_some(bit);
            bit += usize::from(null.is_some());
            fields.push(Field {
                name: characters.text(name).trim().to_owned(),
                kind,
                from,
                length,
                null,
                short,
                is_fox,
            });
            from += length;
        }
        if nulls.is_none() {
            // Where no record has marks, no text's end is known.
            fields.iter_mut().for_each(|field: &mut Field| field.short = None);
        }
        if from == width && !fields.is_empty() {
            return Some(Fields { all: fields, nulls });
        }
    }
    None
}

/// How bytes become text.
enum Characters {
    Known(&'static Encoding),
    Cp437,
}

impl Characters {
    fn of(path: &Path, said: Option<CodePage>, mark: u8) -> Result<Self, SourceError> {
        Ok(match (said, mark) {
            (Some(CodePage::Utf8), _) => Self::Known(encoding_rs::UTF_8),
            (Some(CodePage::Gb18030), _) | (None, 0x4d | 0x7a) => Self::Known(encoding_rs::GB18030),
            (Some(CodePage::Big5), _) | (None, 0x4f | 0x78) => Self::Known(encoding_rs::BIG5),
            (Some(CodePage::Windows1252), _) | (None, 0x03 | 0x57 | 0x59) => {
                Self::Known(encoding_rs::WINDOWS_1252)
            }
            (Some(CodePage::Cp437), _)
            | (None, 0x01 | 0x09 | 0x0b | 0x0d | 0x0f | 0x11 | 0x15 | 0x18 | 0x19 | 0x1b) => {
                Self::Cp437
            }
            (None, mark) => {
                let detail = format!(
                    "`{}` does not tell its characters (mark 0x{mark:02x}); say them in \
                     `source.encoding`",
                    path.display()
                );
                return Err(SourceError::new(ErrorCode::Misconfigured, detail));
            }
        })
    }

    /// Bytes that the encoding does not know become U+FFFD, which the semantic types take for
    /// unreadable.
    fn text(&self, bytes: &[u8]) -> String {
        match self {
            Self::Known(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Cp437 => bytes
                .iter()
                .map(|byte| if byte.is_ascii() { char::from(*byte) } else { cp437(*byte) })
                .collect(),
        }
    }
}

fn cp437(byte: u8) -> char {
    CP437.chars().nth(usize::from(byte).saturating_sub(0x80)).unwrap_or('\u{fffd}')
}

fn not_blank(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let text = text.trim_matches([' ', '\0']);
    (!text.is_empty()).then(|| text.to_owned())
}

/// The digits as they stand, as far as the programs that wrote them could count: they keep numbers
/// as doubles.
fn written_number(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) if number.abs() >= 1e15 => number::double(number),
        _ => text.to_owned(),
    }
}

fn written_day(text: &str) -> String {
    let part = |range| text.get(range).and_then(|part: &str| part.parse::<u32>().ok());
    let day = || NaiveDate::from_ymd_opt(part(0..4)?.cast_signed(), part(4..6)?, part(6..8)?);
    day().filter(|_| text.len() == 8).map_or(text.to_owned(), |day| day.to_string())
}

/// A day counted as astronomers do, and milliseconds of it.
fn julian(day: u32, milliseconds: u32) -> Option<String> {
    const FIRST: u32 = 2_305_448; // 1600-01-01
    let day = NaiveDate::from_ymd_opt(1600, 1, 1)?
        .checked_add_days(Days::new(u64::from(day.checked_sub(FIRST)?)))?;
    // FoxPro's clock is a millisecond short now and then.
    let seconds = milliseconds.checked_add(1)? / 1000;
    let (hours, rest) = (seconds / 3600, seconds % 3600);
    (hours < 24).then(|| {
        if seconds == 0 {
            day.to_string()
        } else {
            format!("{day}T{hours:02}:{:02}:{:02}", rest / 60, rest % 60)
        }
    })
}

fn odd(path: &Path, what: &str) -> SourceError {
    SourceError::new(ErrorCode::SourceUnreadable, format!("`{}` {what}", path.display()))
}

fn truncated(path: &Path, what: &str) -> SourceError {
    SourceError::new(
        ErrorCode::SourceTruncated,
        format!("`{}` is not a whole table: {what}", path.display()),
    )
}
