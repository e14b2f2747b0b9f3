//! Files of each format, written for tests by other hands than those that read them.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "tests alone use it, and a failed test is what they want"
)]

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

/// A cell of a workbook, as its XML, without its place.
#[derive(Clone, Debug)]
pub enum Cell {
    /// No cell at all.
    None,
    /// A text of the shared ones.
    Shared(String),
    /// A text of its own.
    Inline(String),
    /// Whatever stands between `<c r="…"` and `</c>`.
    Raw(String),
}

/// A text, in the way of its hash: shared or its own.
pub fn text(text: &str) -> Cell {
    if text.len().is_multiple_of(2) {
        Cell::Shared(text.to_owned())
    } else {
        Cell::Inline(text.to_owned())
    }
}

/// A workbook with one sheet.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub rows: Vec<Vec<Cell>>,
    pub merged: Vec<&'static str>,
    /// More of them.
    pub regions: Vec<String>,
    pub is_1904: bool,
    /// What replaces a part's bytes.
    pub parts: Vec<(&'static str, Vec<u8>)>,
    /// More sheets, by name.
    pub others: Vec<&'static str>,
}

impl Book {
    pub fn of(header: &[&str], rows: &[Vec<String>]) -> Self {
        let header = header.iter().map(|name| text(name)).collect();
        let rows = rows.iter().map(|row| row.iter().map(|cell| text(cell)).collect());
        Self { rows: std::iter::once(header).chain(rows).collect(), ..Self::default() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut shared: Vec<&str> = Vec::new();
        let mut sheet = String::from("<sheetData>");
        for (row, cells) in self.rows.iter().enumerate() {
            if cells.iter().all(|cell| matches!(cell, Cell::None)) {
                continue;
            }
            let _ = write!(sheet, "<row r=\"{}\">", row + 1);
            for (column, cell) in cells.iter().enumerate() {
                let place = place(row, column);
                let _ = match cell {
                    Cell::None => Ok(()),
                    Cell::Shared(text) => {
                        shared.push(text);
                        write!(sheet, "<c r=\"{place}\" t=\"s\"><v>{}</v></c>", shared.len() - 1)
                    }
                    Cell::Inline(text) => {
                        write!(
                            sheet,
                            "<c r=\"{place}\" t=\"inlineStr\"><is><t \
                             xml:space=\"preserve\">{}</t></is></c>",
                            escape(text)
                        )
                    }
                    Cell::Raw(raw) => write!(sheet, "<c r=\"{place}\" {raw}</c>"),
                };
            }
            sheet.push_str("</row>");
        }
        sheet.push_str("</sheetData>");
        if !self.merged.is_empty() || !self.regions.is_empty() {
            sheet.push_str("<mergeCells>");
            let regions =
                self.merged.iter().copied().chain(self.regions.iter().map(String::as_str));
            regions.for_each(|region| sheet.push_str(&format!("<mergeCell ref=\"{region}\"/>")));
            sheet.push_str("</mergeCells>");
        }
        let texts: String = shared
            .iter()
            .map(|text| format!("<si><t xml:space=\"preserve\">{}</t></si>", escape(text)))
            .collect();
        self.pack(&sheet, &texts)
    }

    fn pack(&self, sheet: &str, texts: &str) -> Vec<u8> {
        const MAIN: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
                            xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
        const KIND: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let relations = |entries: &[(&str, &str)]| {
            let entry = |(number, (kind, target)): (usize, &(&str, &str))| {
                format!(
                    "<Relationship Id=\"r{number}\" Type=\"{KIND}/{kind}\" Target=\"{target}\"/>"
                )
            };
            let entries: String = entries.iter().enumerate().map(entry).collect();
            format!(
                "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{entries}</Relationships>"
            )
        };
        let others: String = self
            .others
            .iter()
            .enumerate()
            .map(|(at, name)| {
                format!("<sheet name=\"{name}\" sheetId=\"{}\" r:id=\"r0\"/>", at + 2)
            })
            .collect();
        let mut parts = vec![
            ("_rels/.rels", relations(&[("officeDocument", "xl/workbook.xml")])),
            (
                "xl/_rels/workbook.xml.rels",
                relations(&[
                    ("worksheet", "worksheets/sheet1.xml"),
                    ("sharedStrings", "sharedStrings.xml"),
                    ("styles", "/xl/styles.xml"),
                ]),
            ),
            (
                "xl/workbook.xml",
                format!(
                    "<workbook {MAIN}><workbookPr date1904=\"{}\"/><sheets><sheet name=\"表\" \
                     sheetId=\"1\" r:id=\"r0\"/>{others}</sheets></workbook>",
                    u8::from(self.is_1904)
                ),
            ),
            (
                "xl/styles.xml",
                format!(
                    "<styleSheet {MAIN}><numFmts><numFmt numFmtId=\"164\" \
                     formatCode=\"yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;\"/><numFmt \
                     numFmtId=\"165\" formatCode=\"[h]:mm\"/></numFmts><cellStyleXfs><xf \
                     numFmtId=\"14\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf \
                     numFmtId=\"14\"/><xf numFmtId=\"164\"/><xf \
                     numFmtId=\"165\"/></cellXfs></styleSheet>"
                ),
            ),
            (
                "xl/sharedStrings.xml",
                format!("<sst {MAIN} uniqueCount=\"99999999999999\">{texts}</sst>"),
            ),
            (
                "xl/worksheets/sheet1.xml",
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<worksheet {MAIN}><dimension \
                     ref=\"A1:XFD1048576\"/>{sheet}</worksheet>"
                ),
            ),
        ]
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect::<Vec<_>>();
        for (name, bytes) in &self.parts {
            parts.retain(|(known, _)| known != name);
            parts.push((name, bytes.clone()));
        }
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in parts {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(&bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }
}

fn place(row: usize, column: usize) -> String {
    format!("{}{}", char::from(b'A' + u8::try_from(column).unwrap()), row + 1)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A table of dBASE or FoxPro.
#[derive(Clone, Debug)]
pub struct Dbf {
    pub version: u8,
    pub mark: u8,
    /// Name, type, length, decimals, flags.
    pub fields: Vec<(Vec<u8>, u8, u8, u8, u8)>,
    /// With their marks.
    pub records: Vec<Vec<u8>>,
    pub end: Vec<u8>,
}

impl Dbf {
    /// Texts, in these characters.
    pub fn of(
        header: &[&str],
        rows: &[Vec<String>],
        encoding: &'static encoding_rs::Encoding,
    ) -> Self {
        const WIDTH: u8 = 120;
        let bytes = |text: &str| encoding.encode(text).0.into_owned();
        let fields = header.iter().map(|name| (bytes(name), b'C', WIDTH, 0, 0)).collect();
        let record = |row: &Vec<String>| {
            let cells = row.iter().flat_map(|cell| {
                let mut cell = bytes(cell);
                assert!(cell.len() <= usize::from(WIDTH));
                cell.resize(usize::from(WIDTH), b' ');
                cell
            });
            std::iter::once(b' ').chain(cells).collect()
        };
        Self {
            version: 3,
            mark: 0,
            fields,
            records: rows.iter().map(record).collect(),
            end: vec![0x1a],
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let width: usize = 1 + self.fields.iter().map(|field| usize::from(field.2)).sum::<usize>();
        let header = u16::try_from(32 * (self.fields.len() + 1) + 1).unwrap();
        let mut bytes = vec![self.version, 126, 11, 22];
        bytes.extend(u32::try_from(self.records.len()).unwrap().to_le_bytes());
        bytes.extend(header.to_le_bytes());
        bytes.extend(u16::try_from(width).unwrap().to_le_bytes());
        bytes.resize(29, 0);
        bytes.extend([self.mark, 0, 0]);
        for (name, kind, length, decimals, flags) in &self.fields {
            let mut field = name.clone();
            field.resize(11, 0);
            field.push(*kind);
            field.extend([0; 4]);
            field.extend([*length, *decimals, *flags]);
            field.resize(32, 0);
            bytes.extend(field);
        }
        bytes.push(0x0d);
        for record in &self.records {
            assert_eq!(record.len(), width);
            bytes.extend(record);
        }
        bytes.extend(&self.end);
        bytes
    }
}

/// An old workbook with one sheet.
#[derive(Clone, Debug, Default)]
pub struct OldBook {
    /// Records of the sheet: what they are, and their bytes.
    pub records: Vec<(u16, Vec<u8>)>,
    pub texts: Vec<String>,
    pub is_1904: bool,
    /// What stands before the sheet's own part.
    pub before: Vec<(u16, Vec<u8>)>,
    /// Bytes of a record of texts, before the next one continues it.
    pub piece: usize,
    /// Records of more sheets, called `B` and so on.
    pub others: Vec<Vec<(u16, Vec<u8>)>>,
    /// What is done to the whole before it is put into its file of files.
    pub change: Option<fn(&mut Vec<u8>)>,
}

impl OldBook {
    pub fn of(header: &[&str], rows: &[Vec<String>]) -> Self {
        let mut book = Self { piece: 50, ..Self::default() };
        let header = header.iter().map(|name| (*name).to_owned()).collect();
        for (row, cells) in std::iter::once(&header).chain(rows).enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                book.text(u16::try_from(row).unwrap(), u16::try_from(column).unwrap(), cell);
            }
        }
        book
    }

    /// A text that the sheets share.
    pub fn text(&mut self, row: u16, column: u16, text: &str) {
        let number = u32::try_from(self.texts.len()).unwrap();
        self.texts.push(text.to_owned());
        self.cell(0x00fd, row, column, 0, &number.to_le_bytes());
    }

    /// Any cell.
    pub fn cell(&mut self, kind: u16, row: u16, column: u16, style: u16, rest: &[u8]) {
        let mut bytes: Vec<u8> =
            [row, column, style].into_iter().flat_map(u16::to_le_bytes).collect();
        bytes.extend(rest);
        self.records.push((kind, bytes));
    }

    pub fn bytes(&self) -> Vec<u8> {
        let sheets: Vec<Vec<u8>> = std::iter::once(&self.records)
            .chain(&self.others)
            .map(|records| {
                let mut sheet = Vec::new();
                record(&mut sheet, 0x0809, &begin(0x0010));
                record(&mut sheet, 0x0200, &bounds(records));
                records.iter().for_each(|(kind, bytes)| record(&mut sheet, *kind, bytes));
                record(&mut sheet, 0x000a, &[]);
                sheet
            })
            .collect();
        let mut place = self.globals(&vec![0; sheets.len()]).len();
        let mut places = Vec::new();
        for sheet in &sheets {
            places.push(u32::try_from(place).unwrap());
            place += sheet.len();
        }
        let mut stream = self.globals(&places);
        stream.extend(sheets.concat());
        if let Some(change) = self.change {
            change(&mut stream);
        }
        compound(&stream)
    }

    fn globals(&self, places: &[u32]) -> Vec<u8> {
        let mut stream = Vec::new();
        record(&mut stream, 0x0809, &begin(0x0005));
        self.before.iter().for_each(|(kind, bytes)| record(&mut stream, *kind, bytes));
        record(&mut stream, 0x0022, &u16::from(self.is_1904).to_le_bytes());
        record(
            &mut stream,
            0x041e,
            &[&164_u16.to_le_bytes()[..], &wide("yyyy\"年\"m\"月\"")].concat(),
        );
        for format in [0_u16, 14, 164] {
            record(&mut stream, 0x00e0, &[&[0, 0][..], &format.to_le_bytes(), &[0; 16]].concat());
        }
        for (place, name) in places.iter().zip(b'A'..) {
            record(
                &mut stream,
                0x0085,
                &[&place.to_le_bytes()[..], &[0, 0, 1, 1], &u16::from(name).to_le_bytes()].concat(),
            );
        }
        let count = u32::try_from(self.texts.len()).unwrap().to_le_bytes();
        let mut pieces = vec![[count, count].concat()];
        self.texts.iter().for_each(|text| self.share(text, &mut pieces));
        for (number, piece) in pieces.iter().enumerate() {
            record(&mut stream, if number == 0 { 0x00fc } else { 0x003c }, piece);
        }
        record(&mut stream, 0x000a, &[]);
        stream
    }

    /// Narrow where it can be, wide where it must; what does not fit goes on in the next piece,
    /// which says anew how wide.
    fn share(&self, text: &str, pieces: &mut Vec<Vec<u8>>) {
        let units: Vec<u16> = text.encode_utf16().collect();
        let is_wide = units.iter().any(|unit| *unit > 0xff);
        if pieces.last().unwrap().len() + 3 > self.piece {
            pieces.push(Vec::new());
        }
        let head =
            [&u16::try_from(units.len()).unwrap().to_le_bytes()[..], &[u8::from(is_wide)]].concat();
        pieces.last_mut().unwrap().extend(head);
        for unit in units {
            if pieces.last().unwrap().len() + 2 > self.piece {
                pieces.push(vec![u8::from(is_wide)]);
            }
            let bytes = unit.to_le_bytes();
            pieces.last_mut().unwrap().extend(bytes.into_iter().take(if is_wide { 2 } else { 1 }));
        }
    }
}

/// A wide text with its length.
pub fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = u16::try_from(units.len()).unwrap().to_le_bytes().to_vec();
    bytes.push(1);
    bytes.extend(units.into_iter().flat_map(u16::to_le_bytes));
    bytes
}

/// From which row to which there are cells.
fn bounds(records: &[(u16, Vec<u8>)]) -> Vec<u8> {
    const CELLS: [u16; 8] = [0x0006, 0x00bd, 0x00d6, 0x00fd, 0x0203, 0x0204, 0x0205, 0x027e];
    let row =
        |bytes: &Vec<u8>| u32::from(u16::from_le_bytes(bytes.first_chunk().copied().unwrap()));
    let rows: Vec<u32> = records
        .iter()
        .filter(|(kind, bytes)| CELLS.contains(kind) && bytes.len() > 1)
        .map(|(_, bytes)| row(bytes))
        .collect();
    let last = rows.iter().max().map_or(0, |last| last + 1);
    [
        &rows.iter().min().unwrap_or(&0).to_le_bytes()[..],
        &last.to_le_bytes(),
        &[0, 0, 0xff, 0, 0, 0],
    ]
    .concat()
}

/// The beginning of a part of this kind, and one record with what it holds.
pub fn part(kind: u16, records: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut part = Vec::new();
    record(&mut part, 0x0809, &begin(kind));
    records.iter().for_each(|(kind, bytes)| record(&mut part, *kind, bytes));
    record(&mut part, 0x000a, &[]);
    part
}

fn begin(part: u16) -> Vec<u8> {
    [0x0600_u16, part, 0, 0, 0, 0, 0, 0].into_iter().flat_map(u16::to_le_bytes).collect()
}

fn record(stream: &mut Vec<u8>, kind: u16, bytes: &[u8]) {
    stream.extend(kind.to_le_bytes());
    stream.extend(u16::try_from(bytes.len()).unwrap().to_le_bytes());
    stream.extend(bytes);
}

/// The file of files around a stream; a short one lies among the small ones.
fn compound(stream: &[u8]) -> Vec<u8> {
    const END: u32 = 0xffff_fffe;
    let is_small = stream.len() < 4096;
    let sectors = stream.len().div_ceil(512).max(1);
    let number = |count: usize| u32::try_from(count).unwrap();
    // The stream's sectors, then the directory, then the small ones' table, then the table of all.
    let (directory, small) = (sectors, sectors + 1);
    let mut tables = 1;
    while tables * 128 < sectors + 2 + tables {
        tables += 1;
    }
    let mut table: Vec<u32> = (1..sectors).map(number).chain([END, END, END]).collect();
    table.resize(table.len() + tables, 0xffff_fffd);
    table.resize(tables * 128, 0xffff_ffff);
    let mut header = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    header.resize(24, 0);
    header.extend([0x3e_u16, 3, 0xfffe, 9, 6].into_iter().flat_map(u16::to_le_bytes));
    header.resize(44, 0);
    header.extend(
        [number(tables), number(directory), 0, 4096, number(small), 1, END, 0]
            .into_iter()
            .flat_map(u32::to_le_bytes),
    );
    header.extend(
        (0..109)
            .map(|at| if at < tables { number(small + 1 + at) } else { 0xffff_ffff })
            .flat_map(u32::to_le_bytes),
    );
    let entry = |name: &str, kind: u8, start: u32, length: usize| {
        let mut bytes: Vec<u8> =
            name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        let length_of_name = u16::try_from(bytes.len()).unwrap();
        bytes.resize(64, 0);
        bytes.extend(length_of_name.to_le_bytes());
        bytes.extend([kind, 1]);
        bytes.resize(116, 0xff);
        bytes.extend(start.to_le_bytes());
        bytes.extend(number(length).to_le_bytes());
        bytes.resize(128, 0);
        bytes
    };
    let root = if is_small {
        entry("Root Entry", 5, 0, sectors * 512)
    } else {
        entry("Root Entry", 5, END, 0)
    };
    let mut file = header;
    file.extend(stream);
    file.resize(512 * (1 + sectors), 0);
    file.extend(root);
    file.extend(entry("Workbook", 2, 0, stream.len()));
    file.resize(512 * (2 + sectors), 0);
    let pieces = stream.len().div_ceil(64);
    let small_table =
        (1..pieces).map(number).chain([END]).chain(std::iter::repeat(0xffff_ffff)).take(128);
    file.extend(small_table.flat_map(u32::to_le_bytes));
    file.extend(table.into_iter().flat_map(u32::to_le_bytes));
    file
}

/// A Parquet file of texts, in row groups of two.
pub fn parquet(header: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    let columns = header.iter().enumerate().map(|(place, name)| {
        let texts: StringArray =
            rows.iter().map(|row| Some(row.get(place).unwrap().as_str())).collect();
        (*name, Arc::new(texts) as ArrayRef)
    });
    parquet_of(&RecordBatch::try_from_iter(columns).unwrap())
}

/// The same of any columns.
pub fn parquet_of(batch: &arrow::array::RecordBatch) -> Vec<u8> {
    use ::parquet::file::properties::WriterProperties;
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
    let mut writer =
        ::parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))
            .unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}
