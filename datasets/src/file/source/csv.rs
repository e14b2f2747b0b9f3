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
}

/// A file's characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte-order mark.
    Utf8,
    /// GB18030, and with it GBK and GB2312.
    Gb18030,
}

pub(super) const KIND: Kind = Kind {
    name: "csv",
    title: "A comma-separated file that is dropped, nightly say, beside the dataset file.",
    title_zh: "逗号分隔文件（CSV），定期投放",
    parameters: &[&drop::PATH, &drop::AS_OF, &ENCODING],
    example: "[source]\nkind = \"csv\"\npath = \"marriage.csv\"\nencoding = \"gb18030\"\nas_of = \"manifest\"\n",
    notes: drop_notes!(
        "The first line names the columns. A row of another width than the header is kept as unreadable; so is a row with a line break \
        inside a cell. Bytes that the encoding does not know make the cell unreadable. A file that was cut off at a line's end cannot be \
        told from a whole one: only a manifest tells."
    ),
    read,
};

const ENCODING: Parameter = Parameter {
    key: "encoding",
    default: None,
    form: "must be `utf-8` or `gb18030`",
    doc: "The file's characters; GBK is a part of GB18030.",
};
fn read(section: &mut Section<'_>) -> Option<Source> {
    let file = FileDrop::read(section);
    let encoding = ENCODING.read(section, None, |value| match value.as_str()? {
        "utf-8" => Some(Encoding::Utf8),
        "gb18030" => Some(Encoding::Gb18030),
        _ => None,
    });
    Some(Source::Csv(Csv { file: file?, encoding: encoding? }))
}
