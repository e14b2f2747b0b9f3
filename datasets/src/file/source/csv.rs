//! `kind = "csv"`.

use super::drop::{self, FileDrop, drop_notes};
use super::{Kind, Parameter, Source};
use crate::file::section::Section;

/// A comma-separated file with a header line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csv {
    /// The file.
    pub file: FileDrop,
    /// Its characters.
    pub encoding: Encoding,
    /// What is between its cells.
    pub separator: Separator,
}

/// What is between two cells of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Bar,
}

impl Separator {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Bar];

    /// The character.
    pub fn character(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
            Self::Tab => '\t',
            Self::Bar => '|',
        }
    }

    /// As a dataset file says it.
    pub fn said(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Tab => "\\t",
            Self::Bar => "|",
        }
    }
}

/// A file's characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte-order mark.
    Utf8,
    /// GB18030, and with it GBK and GB2312.
    Gb18030,
    /// UTF-16 with a byte-order mark, which says of either order which it is.
    Utf16,
}

pub(super) const KIND: Kind = Kind {
    name: "csv",
    title: "A file of values with a comma, a semicolon, a tab or a bar between them that is \
            dropped, nightly say, beside the dataset file.",
    title_zh: "逗号、分号、制表符或竖线分隔的文本文件（CSV），定期投放",
    parameters: &[
        &drop::PATH,
        &drop::AS_OF,
        &drop::PARTS,
        &drop::PART_COUNT,
        &ENCODING,
        &SEPARATOR,
    ],
    example: "[source]\nkind = \"csv\"\npath = \"ownership.csv\"\nencoding = \"gb18030\"\nas_of = \
              \"manifest\"\n",
    notes: drop_notes!(
        "The first line names the columns; a line `sep=;` above it is passed over. A name is \
         folded: line breaks in it are one blank. **A row with something in a column that the \
         header does not name** is kept as unreadable: give every column a name, or empty it. (A \
         first column without a name that counts the rows, 0, 1, 2 and so on, is not such a \
         column.) A row of another width than the header is kept as unreadable, unless it lacks \
         columns without a name alone; so is a row with a line break inside a cell. A row of \
         nothing but blanks is none; a manifest may count it or not. Bytes that the encoding does \
         not know make the cell unreadable. A file that was cut off at a line's end cannot be \
         distinguished from a whole one: only a manifest shows it."
    ),
    read,
};

const ENCODING: Parameter = Parameter {
    key: "encoding",
    default: None,
    form: "must be `utf-8`, `gb18030` or `utf-16`",
    doc: "The file's characters; GBK is a part of GB18030. `utf-16` is what Excel calls Unicode \
          text; the file must begin with its mark.",
};
const SEPARATOR: Parameter = Parameter {
    key: "separator",
    default: Some("`,`"),
    form: "must be `,`, `;`, `|` or `\\t`, a tab",
    doc: "What is between two cells of a line.",
};

fn read(section: &mut Section<'_>) -> Option<Source> {
    let file = FileDrop::read(section);
    let encoding = ENCODING.read(section, None, |value| match value.as_str()? {
        "utf-8" => Some(Encoding::Utf8),
        "gb18030" => Some(Encoding::Gb18030),
        "utf-16" => Some(Encoding::Utf16),
        _ => None,
    });
    let separator = SEPARATOR.read(section, Some(Separator::Comma), |value| {
        let mut said = value.as_str()?.chars();
        let said = said.next().filter(|_| said.next().is_none())?;
        Separator::ALL.into_iter().find(|separator| separator.character() == said)
    });
    Some(Source::Csv(Csv { file: file?, encoding: encoding?, separator: separator? }))
}
