//! `kind = "dbf"`.

use super::drop::{self, FileDrop, drop_notes};
use super::{Kind, Parameter, Source};
use crate::file::section::Section;

/// A table of dBASE or FoxPro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dbf {
    /// The table.
    pub file: FileDrop,
    /// Its characters; otherwise as the file's own mark says.
    pub encoding: Option<CodePage>,
}

/// The characters of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePage {
    /// GB18030, and with it code page 936.
    Gb18030,
    /// Big5, code page 950.
    Big5,
    /// Code page 437, of DOS.
    Cp437,
    /// Code page 1252, of Windows.
    Windows1252,
    /// UTF-8.
    Utf8,
}

pub(super) const KIND: Kind = Kind {
    name: "dbf",
    title: "A table of dBASE III or IV, FoxPro or Visual FoxPro that is dropped beside the \
            dataset file.",
    title_zh: "dBASE、FoxPro 数据表（.dbf），定期投放",
    parameters: &[&drop::PATH, &drop::AS_OF, &drop::PARTS, &drop::PART_COUNT, &ENCODING],
    example: "[source]\nkind = \"dbf\"\npath = \"FW_CQ.DBF\"\nas_of = \"modified\"\nencoding = \
              \"gb18030\"\n",
    notes: drop_notes!(
        "Records that are **marked as deleted are not rows**, as in the program that marked them; \
         `check` says how many there are. A program that deletes them does not keep what ends: \
         `ended` is then `removed`. A record whose mark is neither is kept as unreadable. A file \
         that is shorter than its header says, or holds more records than its header counts, is \
         not whole. Rows are located by their record's number. Field names have at most ten \
         bytes.\n\n| type | becomes |\n|---|---|\n| `C` character | the text, without the blanks \
         that pad it; bytes that the encoding does not know make the cell unreadable |\n| `N`, \
         `F` numeric, `I` integer, `B` double, `Y` currency | its digits as they are; one of \
         more than 15 digits becomes `4.4052418800101e17`: these programs count in doubles, so it \
         is **never a person**. Keep ids as characters. |\n| `D` date | `2026-11-22`; blank: NULL \
         |\n| `T` date and time | `2026-11-22T12:00:00` |\n| `L` logical | `T`, `F`; blank or \
         `?`: NULL |\n| `V`, `Q` of varying length (Visual FoxPro) | the text, as long as the \
         record says; one that does not say it is unreadable |\n| a field's own NULL (Visual \
         FoxPro) | NULL; a blank `C` is an empty text |\n| `M` memo, `G`, `P`, `W` and other \
         binary | refused, if a column names it |\n\nNot read: dBASE II, dBASE 7, encrypted \
         tables, and indexes and memo files beside a table."
    ),
    read,
};

const ENCODING: Parameter = Parameter {
    key: "encoding",
    default: Some("as the file's own mark says"),
    form: "must be `gb18030`, `big5`, `cp437`, `windows-1252` or `utf-8`",
    doc: "The table's characters. Many programs set no mark, or a wrong one: then this says it. \
          GBK, code page 936, is a part of GB18030.",
};

fn read(section: &mut Section<'_>) -> Option<Source> {
    let file = FileDrop::read(section);
    let encoding = ENCODING.read(section, Some(None), |value| {
        Some(Some(match value.as_str()? {
            "gb18030" => CodePage::Gb18030,
            "big5" => CodePage::Big5,
            "cp437" => CodePage::Cp437,
            "windows-1252" => CodePage::Windows1252,
            "utf-8" => CodePage::Utf8,
            _ => return None,
        }))
    });
    Some(Source::Dbf(Dbf { file: file?, encoding: encoding? }))
}
