//! Files that departments drop.

use std::io::Write as _;

use zerotrip_datasets::file::{Encoding, MOST_COLUMNS, Separator};
use zerotrip_sources::fuzzing::{Kind, look};
use zerotrip_test_servers::files::{self as written, Book, Dbf, OldBook};

use crate::repository;

/// Where real files lie.
const DROPS: &str = "connectors/sources/src";
const HEADER: [&str; 3] = ["owner", "co_owner", "名称"];

fn rows() -> Vec<Vec<String>> {
    let row = |cells: [&str; 3]| cells.map(String::from).to_vec();
    vec![
        row(["330106199001011234", "", "2026-11-22"]),
        row(["110101900307123", "33010619900101123X", "王伟, \"x\""]),
        row(["", " ", "12.50"]),
    ]
}

/// Reads the bytes as a file of this kind.
fn read(kind: Kind, end: &str, data: &[u8]) -> bool {
    let mut file = tempfile::Builder::new().suffix(end).tempfile().unwrap();
    file.write_all(data).unwrap();
    match look(kind, file.path()) {
        Ok((columns, _)) => {
            assert!(columns <= MOST_COLUMNS);
            true
        }
        Err(error) => {
            assert!(!error.detail.is_empty());
            false
        }
    }
}

/// Whatever the owner says of a file's characters and separators.
pub fn csv(data: &[u8]) -> bool {
    let said = [
        Kind::Csv(Encoding::Utf8, Separator::Comma),
        Kind::Csv(Encoding::Gb18030, Separator::Tab),
        Kind::Csv(Encoding::Utf16, Separator::Semicolon),
    ];
    let said = said[data.len() % said.len()];
    read(said, ".csv", data)
}

pub fn csv_seeds() -> Vec<Vec<u8>> {
    let text = "owner,co_owner,名称\n330106199001011234,,\"a \"\"b\"\"\nc\"\n,,\n";
    let wide = text.encode_utf16().flat_map(u16::to_le_bytes);
    let mut seeds = repository::files(DROPS, ".csv");
    seeds.extend([
        text.as_bytes().to_vec(),
        encoding_rs::GB18030.encode(&text.replace(',', "\t")).0.into_owned(),
        [0xff, 0xfe].into_iter().chain(wide).collect(),
    ]);
    seeds
}

pub fn xls(data: &[u8]) -> bool {
    read(Kind::Xls, ".xls", data)
}

pub fn xls_seeds() -> Vec<Vec<u8>> {
    let mut seeds = repository::files(DROPS, ".xls");
    seeds.push(OldBook::of(&HEADER, &rows()).bytes());
    seeds
}

pub fn xlsx(data: &[u8]) -> bool {
    read(Kind::Xlsx, ".xlsx", data)
}

pub fn xlsx_seeds() -> Vec<Vec<u8>> {
    let mut seeds = repository::files(DROPS, ".xlsx");
    seeds.push(Book::of(&HEADER, &rows()).bytes());
    seeds
}

/// The parts of a workbook in a whole archive: a changed byte of an archive seldom gets as far.
const PARTS: [&str; 4] =
    ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"];

/// The bytes behind the first as the part of a workbook that the first says.
pub fn sheet(data: &[u8]) -> bool {
    let Some((which, part)) = data.split_first() else { return false };
    let name = PARTS[usize::from(*which) % PARTS.len()];
    let book = Book { parts: vec![(name, part.to_vec())], ..Book::of(&HEADER, &rows()) };
    read(Kind::Xlsx, ".xlsx", &book.bytes())
}

pub fn sheet_seeds() -> Vec<Vec<u8>> {
    let part = |which: u8, name: &str, inner: &str| {
        let text = format!(
            "{}<{name} xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
             xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">\
             {inner}</{name}>",
            char::from(which)
        );
        text.into_bytes()
    };
    vec![
        part(
            0,
            "worksheet",
            "<dimension ref=\"A1:C3\"/><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c \
             r=\"B1\" t=\"inlineStr\"><is><t>b</t></is></c></row><row r=\"2\" hidden=\"1\"><c \
             r=\"A2\" s=\"1\"><v>45000.5</v></c><c r=\"B2\" t=\"b\"><v>1</v></c></row><row \
             r=\"3\"><c r=\"A3\" t=\"str\"><f>A1</f><v>x&amp;y</v></c><c r=\"B3\" \
             t=\"e\"><v>#N/A</v></c></row></sheetData><mergeCells><mergeCell \
             ref=\"A2:A3\"/></mergeCells>",
        ),
        part(1, "sst", "<si><t>a</t></si><si><r><t xml:space=\"preserve\"> b</t></r></si>"),
        part(
            2,
            "styleSheet",
            "<numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy\"/></numFmts><cellXfs><xf \
             numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs>",
        ),
        part(
            3,
            "workbook",
            "<workbookPr date1904=\"1\"/><sheets><sheet name=\"表\" sheetId=\"1\" \
             r:id=\"r0\"/></sheets>",
        ),
    ]
}

pub fn dbf(data: &[u8]) -> bool {
    read(Kind::Dbf, ".dbf", data)
}

pub fn dbf_seeds() -> Vec<Vec<u8>> {
    let mut seeds = repository::files(DROPS, ".dbf");
    let mut foxpro = Dbf::of(&HEADER, &rows(), encoding_rs::GB18030);
    (foxpro.version, foxpro.mark) = (0x30, 0x4d);
    seeds.push(foxpro.bytes());
    foxpro.version = 3;
    seeds.push(foxpro.bytes());
    seeds
}

pub fn parquet(data: &[u8]) -> bool {
    read(Kind::Parquet, ".parquet", data)
}

pub fn parquet_seeds() -> Vec<Vec<u8>> {
    let mut seeds = repository::files(DROPS, ".parquet");
    seeds.push(written::parquet(&HEADER, &rows()));
    seeds
}
