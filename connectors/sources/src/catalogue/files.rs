//! Files that are dropped: one table each, but for workbooks.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use encoding_rs::{CoderResult, Encoding, GB18030, UTF_8, UTF_16LE};
use zerotrip_datasets::file::{
    CodePage, Dbf, DropAsOf, Encoding as Characters, Excel, FileDrop, Parts, Separator,
};
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::drop::{self, Format, Sample, file_kind};
use super::{Catalogue, InspectedColumn, Look, Setting, Settings, Table, name_of};

/// A file that no dataset file describes yet.
pub struct DroppedFile {
    path: PathBuf,
    kind: &'static str,
    header: u32,
}

impl DroppedFile {
    pub fn new(path: &Path, kind: &'static str, header: u32) -> Self {
        Self { path: path.to_owned(), kind, header }
    }

    fn file(&self) -> FileDrop {
        FileDrop { path: name_of(&self.path), as_of: DropAsOf::Modified, parts: Parts::None }
    }

    /// How it is read, and what `[source]` is to say of that.
    fn format(&self, sheet: Option<&str>) -> Result<(Box<dyn Format>, Settings), SourceError> {
        let excel = Excel {
            file: self.file(),
            sheets: sheet.map(str::to_owned).into_iter().collect(),
            unread: BTreeMap::new(),
            header: self.header,
        };
        let mut said = Vec::new();
        if let Some(sheet) = sheet {
            said.push(("sheet", Setting::Text(sheet.to_owned(), "")));
        }
        if self.header > 1 {
            said.push(("header", Setting::Number(self.header, "the row that names the columns")));
        }
        Ok(match self.kind {
            "xlsx" => (Box::new(drop::Xlsx::new(&excel)), said),
            "xls" => (Box::new(drop::Xls::new(&excel)), said),
            "parquet" => (Box::new(drop::Parquet), Vec::new()),
            "dbf" => self.dbf()?,
            _ => {
                let (characters, name, why) = if self.is_wide()? {
                    (Characters::Utf16, "utf-16", "the file begins with its mark")
                } else if self.fits(UTF_8)? {
                    (Characters::Utf8, "utf-8", "every byte of the file reads as this")
                } else if self.fits(GB18030)? {
                    (
                        Characters::Gb18030,
                        "gb18030",
                        "it is not UTF-8, and every byte reads as this",
                    )
                } else {
                    (
                        Characters::Gb18030,
                        "gb18030",
                        "a guess: some bytes read neither as this nor as utf-8, and their cells \
                         are unreadable",
                    )
                };
                let mut said = vec![("encoding", Setting::Text(name.to_owned(), why))];
                let separator = self.separator(characters)?;
                if separator != Separator::Comma {
                    said.push((
                        "separator",
                        Setting::Text(
                            separator.character().to_string(),
                            "what the first line holds most of",
                        ),
                    ));
                }
                (Box::new(drop::Csv::new(characters, separator)), said)
            }
        })
    }

    /// Whether it begins with the mark of UTF-16.
    fn is_wide(&self) -> Result<bool, SourceError> {
        let mut head = Vec::new();
        File::open(&self.path)
            .and_then(|file| file.take(2).read_to_end(&mut head))
            .map_err(|error| self.failed(&error))?;
        Ok(matches!(head.as_slice(), [0xff, 0xfe] | [0xfe, 0xff]))
    }

    /// What the first line that names anything holds most of.
    fn separator(&self, characters: Characters) -> Result<Separator, SourceError> {
        const MOST_LOOKED_AT: u64 = 64 << 10;
        let mut head = Vec::new();
        File::open(&self.path)
            .and_then(|file| file.take(MOST_LOOKED_AT).read_to_end(&mut head))
            .map_err(|error| self.failed(&error))?;
        let encoding = match characters {
            Characters::Utf8 => UTF_8,
            Characters::Gb18030 => GB18030,
            Characters::Utf16 => UTF_16LE,
        };
        let text = encoding.decode(&head).0;
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next().unwrap_or_default();
        let said = first
            .get(..4)
            .filter(|begin| begin.eq_ignore_ascii_case("sep="))
            .and_then(|_| first.chars().nth(4));
        let said = said
            .and_then(|said| Separator::ALL.into_iter().find(|known| known.character() == said));
        Ok(said.or_else(|| file_kind::separator_of(first)).unwrap_or(Separator::Comma))
    }

    fn failed(&self, error: &std::io::Error) -> SourceError {
        SourceError::new(
            ErrorCode::SourceUnreachable,
            format!("`{}`: {error}", self.path.display()),
        )
    }

    /// A table's own mark says its characters; where there is none, its bytes do.
    fn dbf(&self) -> Result<(Box<dyn Format>, Settings), SourceError> {
        let with = |encoding| drop::Dbf::new(&Dbf { file: self.file(), encoding });
        match drop::sample(&self.path, &with(None)) {
            Err(error) if error.code == ErrorCode::Misconfigured => {
                let why = "the table has no mark of its characters; this is what they seem to be";
                let setting = vec![("encoding", Setting::Text("gb18030".to_owned(), why))];
                Ok((Box::new(with(Some(CodePage::Gb18030))), setting))
            }
            _ => Ok((Box::new(with(None)), Vec::new())),
        }
    }

    /// Whether every byte of the file reads in this encoding.
    fn fits(&self, encoding: &'static Encoding) -> Result<bool, SourceError> {
        let failed = |error: std::io::Error| self.failed(&error);
        let mut file = File::open(&self.path).map_err(failed)?;
        let (mut decoder, mut bytes, mut text) =
            (encoding.new_decoder_with_bom_removal(), vec![0; 64 << 10], vec![0; 256 << 10]);
        loop {
            let count = file.read(&mut bytes).map_err(failed)?;
            let chunk = bytes.get(..count).unwrap_or_default();
            // Room is four times the bytes, more than any of these encodings needs.
            let (result, _, _, is_wrong) = decoder.decode_to_utf8(chunk, &mut text, count == 0);
            if is_wrong || result == CoderResult::OutputFull {
                return Ok(false);
            }
            if count == 0 {
                return Ok(true);
            }
        }
    }

    fn as_of(&self) -> (&'static str, Setting) {
        let mut manifest = self.path.as_os_str().to_owned();
        manifest.push(".manifest.toml");
        if Path::new(&manifest).is_file() {
            return (
                "as_of",
                Setting::Text("manifest".to_owned(), "a manifest is beside the file"),
            );
        }
        (
            "as_of",
            Setting::Owner(
                "`manifest` if the job that writes the file can state rows and SHA-256 beside it, \
                 else `modified`",
            ),
        )
    }
}

impl Catalogue for DroppedFile {
    fn tables(&self) -> Result<Vec<Table>, SourceError> {
        let look = self.look(None)?;
        Ok(vec![Table { name: look.table, kind: "file", rows: Some(look.rows) }])
    }

    fn look(&self, table: Option<&str>) -> Result<Look, SourceError> {
        let is_book = matches!(self.kind, "xlsx" | "xls");
        let (format, mut settings) = self.format(table.filter(|_| is_book))?;
        let sample: Sample = drop::sample(&self.path, &*format)?;
        let mut source = vec![("path", Setting::Text(name_of(&self.path), "")), self.as_of()];
        source.append(&mut settings);
        let mut advice = sample.advice;
        let alike = drop::called_alike(&self.path);
        if let Some(other) = alike.first() {
            advice.push(format!(
                "{} files beside it are called alike, such as `{other}`: say in `parts` what they \
                 are",
                alike.len()
            ));
            source.push((
                "parts",
                Setting::Owner(
                    "`none` if this file is the whole register; if others are its parts, a list \
                     of them, or `all`, and a pattern in `path`",
                ),
            ));
        }
        if !sample.left.is_empty() {
            let names: Vec<String> = sample.left.iter().map(|name| format!("`{name}`")).collect();
            advice.push(format!(
                "sheets that hold something and are not read: {}; list them in `sheet`, or say in \
                 `unread` why not",
                names.join(", ")
            ));
            source.push((
                "unread",
                Setting::Table(
                    sample.left.iter().map(|name| (name.clone(), String::new())).collect(),
                ),
            ));
        }
        if sample.passed_over > 0 {
            advice.push(format!(
                "{} columns have no name, or hold what is not read, and are left out",
                sample.passed_over
            ));
        }
        if sample.ragged > 0 {
            advice.push(format!(
                "{} rows have another width than the header, or something in a column without a \
                 name: each is unreadable until it is corrected or adjudicated",
                sample.ragged
            ));
        }
        if is_book && sample.columns.len() < 2 {
            advice.push(
                "the header's row names hardly a column; say with --header which row does"
                    .to_owned(),
            );
        }
        let seen = |(field, evidence)| InspectedColumn {
            field,
            declared: String::new(),
            evidence,
            is_indexed: None,
        };
        let columns = sample.columns.into_iter().map(seen).collect();
        let name = table.filter(|_| is_book).map_or_else(|| stem(&self.path), str::to_owned);
        Ok(Look { table: name, source, rows: sample.rows, columns, advice })
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
