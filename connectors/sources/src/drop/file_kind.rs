//! What a file is, whatever its name says: many systems write web pages or text and call them
//! `.xls`, and people rename.
//!
//! A file is recognised by its first bytes, and an archive by what is in it. What is not recognised
//! is left to the format's own reader.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use zerotrip_datasets::file::Separator;
use zerotrip_proto::v1::ErrorCode;
use zip::ZipArchive;

use super::super::SourceError;
use super::unreadable;

/// Bytes that are looked at.
const MOST_LOOKED_AT: u64 = 64 << 10;
/// How files of the old format begin, and encrypted ones of the new.
const COMPOUND: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// What a format reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Separated text, in UTF-16 or in characters of which each byte counts.
    Text {
        /// In UTF-16.
        is_wide: bool,
    },
    /// A workbook of the present format.
    Xlsx,
    /// A workbook of the old format.
    Xls,
    /// A table of dBASE or FoxPro.
    Dbf,
    /// Parquet.
    Parquet,
}

/// What a file turned out to be.
#[derive(Debug, PartialEq, Eq)]
struct RecognisedKind {
    /// "is a web page".
    what: &'static str,
    /// What to do about it.
    remedy: String,
}

/// Refuses a file that is something else than expected, by what it is.
pub fn check(path: &Path, expected: Expected) -> Result<(), SourceError> {
    let failed = |error: std::io::Error| unreadable(path, &error);
    let file = File::open(path).map_err(failed)?;
    let mut head = Vec::new();
    file.take(MOST_LOOKED_AT).read_to_end(&mut head).map_err(failed)?;
    if head.is_empty() {
        return Err(SourceError::new(
            ErrorCode::SourceTruncated,
            format!("`{}` is empty: have it written again", path.display()),
        ));
    }
    match recognised(path, &head, expected) {
        None => Ok(()),
        Some(RecognisedKind { what, remedy }) => Err(SourceError::new(
            ErrorCode::SourceUnreadable,
            format!("`{}` {what}, whatever its name says: {remedy}", path.display()),
        )),
    }
}

/// What the file is, if it is not what is expected.
fn recognised(path: &Path, head: &[u8], expected: Expected) -> Option<RecognisedKind> {
    let known = |what, remedy: &str| Some(RecognisedKind { what, remedy: remedy.to_owned() });
    let is_whole_name = |name: &[u8]| head.starts_with(name);
    if is_whole_name(b"PK\x03\x04") || is_whole_name(b"PK\x05\x06") {
        return archive(path, expected);
    }
    if is_whole_name(COMPOUND) {
        return compound(path, head, expected);
    }
    if is_whole_name(b"PAR1") {
        return (expected != Expected::Parquet).then(|| RecognisedKind {
            what: "is a Parquet file",
            remedy: "say `kind = \"parquet\"`".to_owned(),
        });
    }
    for (begin, what, remedy) in [
        (&b"PARE"[..], "is an encrypted Parquet file", "have it written in the clear"),
        (b"SQLite format 3\0", "is an SQLite database", "say `kind = \"sqlite\"`"),
        (b"%PDF", "is a PDF document", "have the table exported as .xlsx or CSV"),
        (b"{\\rtf", "is a text document (RTF)", "have the table exported as .xlsx or CSV"),
        (b"\x1f\x8b", "is compressed with gzip", "unpack it"),
        (b"BZh", "is compressed with bzip2", "unpack it"),
        (b"\xfd7zXZ\0", "is compressed with xz", "unpack it"),
        (b"\x28\xb5\x2f\xfd", "is compressed with Zstandard", "unpack it"),
        (b"7z\xbc\xaf\x27\x1c", "is a 7z archive", "unpack it"),
        (b"Rar!", "is a RAR archive", "unpack it"),
        (b"ORC", "is an ORC file", "have it written as Parquet or CSV"),
        (b"Obj\x01", "is an Avro file", "have it written as Parquet or CSV"),
    ] {
        if is_whole_name(begin) {
            return known(what, remedy);
        }
    }
    if matches!(head, [0x09, 0x00 | 0x02 | 0x04 | 0x08, 0x04 | 0x06 | 0x08, 0x00, ..]) {
        return known(
            "is a workbook of Excel 4 or older",
            "open it in a spreadsheet and save it as .xlsx",
        );
    }
    // Old workbooks and tables have zeros, too.
    if let Some(text) = wide(head).filter(|text| {
        !text.chars().any(|c| c.is_control() && !c.is_whitespace() && c != '\u{1a}' && c != '\0')
    }) {
        return match (markup(&text), expected) {
            (Some(known), _) => Some(known),
            (None, Expected::Text { is_wide: true }) => None,
            (None, Expected::Text { is_wide: false }) => known(
                "is in UTF-16",
                "say `encoding = \"utf-16\"` if it begins with its mark, or save it as CSV UTF-8",
            ),
            (None, _) => known(
                "is text in UTF-16",
                "say `kind = \"csv\"` with `encoding = \"utf-16\"`, or save it in the format that \
                 its name says",
            ),
        };
    }
    if is_table(head) {
        return (expected != Expected::Dbf).then(|| RecognisedKind {
            what: "is a table of dBASE or FoxPro",
            remedy: "say `kind = \"dbf\"`".to_owned(),
        });
    }
    let begin = String::from_utf8_lossy(head);
    let begin = begin.trim_start_matches('\u{feff}');
    if let Some(known) = markup(begin) {
        return Some(known);
    }
    let is_text = head
        .iter()
        .all(|byte| *byte >= b' ' || matches!(byte, b'\t' | b'\r' | b'\n' | 0x0c | 0x1a | 0x1f));
    match expected {
        Expected::Text { is_wide: true } => {
            known("is not in UTF-16", "say `encoding = \"utf-8\"` or `\"gb18030\"`")
        }
        Expected::Text { is_wide: false } => None,
        Expected::Xlsx | Expected::Xls | Expected::Dbf | Expected::Parquet if is_text => {
            let separator = separator_of(begin.lines().next().unwrap_or_default());
            let said = separator
                .filter(|separator| *separator != Separator::Comma)
                .map(|separator| format!(" and `separator = \"{}\"`", separator.said()));
            let remedy = format!(
                "say `kind = \"csv\"`{}, or save it in the format that its name says",
                said.unwrap_or_default()
            );
            Some(RecognisedKind { what: "is separated text", remedy })
        }
        Expected::Xls => {
            known("is not an Excel workbook", "open it in a spreadsheet and save it as .xlsx")
        }
        Expected::Xlsx | Expected::Dbf | Expected::Parquet => None,
    }
}

/// The separator that a line holds most of, outside its quotes.
pub fn separator_of(line: &str) -> Option<Separator> {
    let mut counts = [0_usize; Separator::ALL.len()];
    let mut is_quoted = false;
    for c in line.chars() {
        is_quoted ^= c == '"';
        let places = Separator::ALL
            .iter()
            .zip(&mut counts)
            .filter(|(separator, _)| !is_quoted && separator.character() == c);
        places.for_each(|(_, count)| *count += 1);
    }
    let most = Separator::ALL
        .into_iter()
        .zip(counts)
        .max_by_key(|(separator, count)| (*count, *separator == Separator::Comma))?;
    (most.1 > 0).then_some(most.0)
}

/// Text in UTF-16, by its mark, or by zeros that are every other byte of its digits, separators and
/// line ends, and none of the rest.
fn wide(head: &[u8]) -> Option<String> {
    if let Some((encoding, _)) =
        encoding_rs::Encoding::for_bom(head).filter(|(encoding, _)| *encoding != encoding_rs::UTF_8)
    {
        return Some(encoding.decode(head).0.into_owned());
    }
    let zeros = |parity: usize| {
        head.iter().enumerate().filter(|(at, byte)| at % 2 == parity && **byte == 0).count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    let (many, few) = (even.max(odd), even.min(odd));
    if many < 2 || many * 50 < head.len() || few * 10 > many || is_table(head) {
        return None;
    }
    let encoding = if odd > even { encoding_rs::UTF_16LE } else { encoding_rs::UTF_16BE };
    Some(encoding.decode(head).0.into_owned())
}

/// Web pages, XML and JSON.
fn markup(text: &str) -> Option<RecognisedKind> {
    let known = |what, remedy: &str| Some(RecognisedKind { what, remedy: remedy.to_owned() });
    let text: String = text.trim_start().chars().take(4096).collect::<String>().to_lowercase();
    const SAVE: &str =
        "open it in a spreadsheet and save it as .xlsx, as a workbook and not as a page";
    if text.contains("urn:schemas-microsoft-com:office:spreadsheet")
        && text.starts_with('<')
        && text.contains("<workbook")
    {
        return known(
            "is an XML spreadsheet of Excel 2003",
            "open it in a spreadsheet and save it as .xlsx",
        );
    }
    if text.starts_with('<') && text.contains("urn:oasis:names:tc:opendocument") {
        return known(
            "is an OpenDocument spreadsheet (.fods)",
            "open it in a spreadsheet and save it as .xlsx",
        );
    }
    let is_page = [
        "<!doctype html",
        "<html",
        "<head",
        "<meta",
        "<body",
        "<table",
        "<style",
        "<div",
        "<script",
        "<center",
        "<font",
        "<br",
    ];
    if is_page.iter().any(|begin| text.starts_with(begin))
        || (text.starts_with('<') && text.contains("<table"))
    {
        return known("is a web page (HTML)", SAVE);
    }
    if text.starts_with("mime-version:") {
        return known("is a web archive (MHTML)", SAVE);
    }
    if text.starts_with("<?xml") {
        return known("is XML", "have it written as CSV or .xlsx");
    }
    if text.starts_with("id;p") {
        return known("is a SYLK sheet (.slk)", "open it in a spreadsheet and save it as .xlsx");
    }
    let mut marks = text.chars().filter(|c| !c.is_whitespace());
    if matches!(
        (marks.next(), marks.next()),
        (Some('{'), Some('"' | '}')) | (Some('['), Some('{' | '[' | '"'))
    ) {
        return known(
            "is JSON",
            "have it written as CSV; an interface that gives JSON is `kind = \"rest\"`",
        );
    }
    None
}

/// An archive, by what is in it.
fn archive(path: &Path, expected: Expected) -> Option<RecognisedKind> {
    let known = |what, remedy: &str| Some(RecognisedKind { what, remedy: remedy.to_owned() });
    let Some(archive) =
        File::open(path).ok().and_then(|file| ZipArchive::new(BufReader::new(file)).ok())
    else {
        // The reader of workbooks says what is wrong with it.
        return if expected == Expected::Xlsx {
            None
        } else {
            known("begins like a workbook (.xlsx), and is not whole", "have it written again")
        };
    };
    let has = |wanted: fn(&str) -> bool| {
        archive
            .file_names()
            .any(|name| name.is_ok_and(|name| wanted(&name.replace('\\', "/").to_lowercase())))
    };
    if has(|name| name == "xl/workbook.bin") {
        return known(
            "is a binary workbook (.xlsb)",
            "open it in a spreadsheet and save it as .xlsx",
        );
    }
    if has(|name| name == "[content_types].xml")
        && has(|name| name.starts_with("word/") || name.starts_with("ppt/"))
    {
        return known("is a document or a presentation", "have the table exported as .xlsx or CSV");
    }
    if has(|name| name == "[content_types].xml") || has(|name| name == "_rels/.rels") {
        return if expected == Expected::Xlsx {
            None
        } else {
            known(
                "is an Excel workbook (.xlsx)",
                "say `kind = \"xlsx\"`, or save it in the format that its name says",
            )
        };
    }
    if has(|name| name == "content.xml") {
        return known(
            "is an OpenDocument spreadsheet (.ods)",
            "open it in a spreadsheet and save it as .xlsx",
        );
    }
    known("is a zip archive", "unpack it")
}

/// A file of files, by what is in it.
fn compound(path: &Path, head: &[u8], expected: Expected) -> Option<RecognisedKind> {
    const MOST: u64 = 256 << 20;
    let known = |what, remedy: &str| Some(RecognisedKind { what, remedy: remedy.to_owned() });
    // The directory may be anywhere in it.
    let mut whole = Vec::new();
    if File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut whole)).is_err() {
        whole = head.to_vec();
    }
    let has = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        whole.windows(wide.len()).any(|window| window == wide)
    };
    if has("EncryptedPackage") {
        return known("is an Excel workbook with a password", "save it without");
    }
    if has("Workbook") || has("Book") {
        return if expected == Expected::Xls {
            None
        } else {
            known(
                "is a workbook of the old format (.xls)",
                "say `kind = \"xls\"`, or save it as .xlsx",
            )
        };
    }
    if has("WordDocument") || has("PowerPoint Document") {
        return known("is a document or a presentation", "have the table exported as .xlsx or CSV");
    }
    if expected == Expected::Xls {
        None
    } else {
        known("is a file of an old Office program", "open it there and save it as .xlsx")
    }
}

/// The header of dBASE's tables: an edition, a day, and bytes that are never text.
pub fn is_table(head: &[u8]) -> bool {
    let &[version, _, month, day, ..] = head else { return false };
    let Some(lengths) = head.get(8..12).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) else {
        return false;
    };
    let [low, high, ..] = lengths;
    let header = usize::from(u16::from_le_bytes([low, high]));
    let is_edition = matches!(version, 0x02..=0x05 | 0x30..=0x32 | 0x43 | 0x63 | 0x83 | 0x8b | 0x8c | 0xcb | 0xe5 | 0xf5 | 0xfb);
    is_edition
        && month <= 12
        && day <= 31
        && header >= 65
        && head.get(12..14) == Some(&[0, 0])
        && head.get(30..32) == Some(&[0, 0])
}
