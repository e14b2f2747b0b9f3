//! Files of each format, written for tests by other hands than those that read them.

#![allow(clippy::unwrap_used, reason = "tests")]

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
    if text.len().is_multiple_of(2) { Cell::Shared(text.to_owned()) } else { Cell::Inline(text.to_owned()) }
}

/// A workbook with one sheet.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub rows: Vec<Vec<Cell>>,
    pub merged: Vec<&'static str>,
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
                        write!(sheet, "<c r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>", escape(text))
                    }
                    Cell::Raw(raw) => write!(sheet, "<c r=\"{place}\" {raw}</c>"),
                };
            }
            sheet.push_str("</row>");
        }
        sheet.push_str("</sheetData>");
        if !self.merged.is_empty() {
            sheet.push_str("<mergeCells>");
            self.merged.iter().for_each(|region| sheet.push_str(&format!("<mergeCell ref=\"{region}\"/>")));
            sheet.push_str("</mergeCells>");
        }
        let texts: String = shared.iter().map(|text| format!("<si><t xml:space=\"preserve\">{}</t></si>", escape(text))).collect();
        self.pack(&sheet, &texts)
    }

    fn pack(&self, sheet: &str, texts: &str) -> Vec<u8> {
        const MAIN: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
                            xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
        const KIND: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let relations = |entries: &[(&str, &str)]| {
            let entry = |(number, (kind, target)): (usize, &(&str, &str))| {
                format!("<Relationship Id=\"r{number}\" Type=\"{KIND}/{kind}\" Target=\"{target}\"/>")
            };
            let entries: String = entries.iter().enumerate().map(entry).collect();
            format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{entries}</Relationships>")
        };
        let others: String = self
            .others
            .iter()
            .enumerate()
            .map(|(at, name)| format!("<sheet name=\"{name}\" sheetId=\"{}\" r:id=\"r0\"/>", at + 2))
            .collect();
        let mut parts = vec![
            ("_rels/.rels", relations(&[("officeDocument", "xl/workbook.xml")])),
            (
                "xl/_rels/workbook.xml.rels",
                relations(&[("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "/xl/styles.xml")]),
            ),
            (
                "xl/workbook.xml",
                format!(
                    "<workbook {MAIN}><workbookPr date1904=\"{}\"/><sheets><sheet name=\"表\" sheetId=\"1\" r:id=\"r0\"/>{others}</sheets></workbook>",
                    u8::from(self.is_1904)
                ),
            ),
            (
                "xl/styles.xml",
                format!(
                    "<styleSheet {MAIN}><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;\"/>\
                     <numFmt numFmtId=\"165\" formatCode=\"[h]:mm\"/></numFmts><cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs>\
                     <xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/><xf numFmtId=\"165\"/></cellXfs></styleSheet>"
                ),
            ),
            ("xl/sharedStrings.xml", format!("<sst {MAIN} uniqueCount=\"99999999999999\">{texts}</sst>")),
            (
                "xl/worksheets/sheet1.xml",
                format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<worksheet {MAIN}><dimension ref=\"A1:XFD1048576\"/>{sheet}</worksheet>"),
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
