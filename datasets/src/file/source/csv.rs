//! `kind = "csv"`.

use super::{Kind, Parameter, Source, inner_path};
use crate::file::section::Section;

/// A comma-separated file with a header line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csv {
    /// The file, relative to the dataset file; never outside its folder.
    pub path: String,
    /// Its characters.
    pub encoding: Encoding,
    /// How old its rows are.
    pub as_of: CsvAsOf,
}

/// How old the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvAsOf {
    /// When the file was modified last.
    Modified,
    /// What the sidecar `<file>.manifest.toml` states: [`crate::Manifest`].
    Manifest,
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
    parameters: &[&PATH, &ENCODING, &AS_OF],
    example: "[source]\nkind = \"csv\"\npath = \"marriage.csv\"\nencoding = \"gb18030\"\nas_of = \"manifest\"\n",
    notes: "Imported into a local indexed snapshot, and anew whenever the file changes; a drop that is half-written or does not match \
        its manifest leaves the one before in place, with its own as-of. A row of another width than the header is kept as unreadable; \
        so is a row with a line break inside a cell. Bytes that the encoding does not know make the cell unreadable.",
    read,
};

const PATH: Parameter = Parameter {
    key: "path",
    default: None,
    form: "must be relative to this file, with `/` between its parts and no `..`",
    doc: "The file; its first line names the columns.",
};
const ENCODING: Parameter = Parameter {
    key: "encoding",
    default: None,
    form: "must be `utf-8` or `gb18030`",
    doc: "The file's characters; GBK is a part of GB18030.",
};
const AS_OF: Parameter = Parameter {
    key: "as_of",
    default: Some("modified"),
    form: "must be `modified` or `manifest`",
    doc: "How old its rows are: when the file was modified, or what `<file>.manifest.toml` beside it states, with the number of rows and \
        the SHA-256 that the file must have.",
};

fn read(section: &mut Section<'_>) -> Option<Source> {
    let path = PATH.read(section, None, inner_path);
    let encoding = ENCODING.read(section, None, |value| match value.as_str()? {
        "utf-8" => Some(Encoding::Utf8),
        "gb18030" => Some(Encoding::Gb18030),
        _ => None,
    });
    let as_of = AS_OF.read(section, Some(CsvAsOf::Modified), |value| match value.as_str()? {
        "modified" => Some(CsvAsOf::Modified),
        "manifest" => Some(CsvAsOf::Manifest),
        _ => None,
    });
    Some(Source::Csv(Csv { path: path?.to_owned(), encoding: encoding?, as_of: as_of? }))
}
