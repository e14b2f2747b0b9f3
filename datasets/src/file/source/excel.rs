//! `kind = "xlsx"` and `kind = "xls"`.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use super::drop::{self, FileDrop, drop_notes};
use super::{Kind, Parameter, Source, name_in_file};
use crate::file::section::{Section, is_text};

/// Sheets that a section names.
const MOST_SHEETS: usize = 256;

/// A sheet of a workbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excel {
    /// The workbook.
    pub file: FileDrop,
    /// The sheets that are read, as one; where none is named, the only one that holds anything.
    pub sheets: Vec<String>,
    /// Other sheets, and why each is not a part of the register.
    pub unread: BTreeMap<String, String>,
    /// The row that names the columns, from 1.
    pub header: u32,
}

/// What the manual says of a sheet, in either format.
macro_rules! sheet_notes {
    ($own:literal) => {
        drop_notes!(
            "Hidden rows and columns, and what a filter hides, are there all the same and are \
             read; `check` says how many rows are hidden. **Every sheet that holds anything is \
             read or declared**, hidden ones included: sheets of the same columns are listed in \
             `sheet`, and every other has its reason in `unread`. Rows above the header are \
             passed over; an identifier in one of them is an error. A name is folded: line breaks \
             in it are one blank. A blank row is none; what is below one is read like any other \
             row, so that a second table or a line of totals there is unreadable until its owner \
             adjudicates it or takes it away. **A row with something in a column that the header \
             does not name**, be it beside the header, between its columns or under the rest of a \
             merged name, is kept as unreadable, for it may have slipped: give every column a \
             name. (A first column without a name that counts the rows is not such a column.) Rows \
             are located by their number in the sheet.\n\n| in the cell | becomes |\n|---|---|\n| \
             text | the text |\n| a number of at most 15 digits | its digits |\n| a larger number \
             | `4.4052418800101e17`: a spreadsheet keeps 15 digits, so it is **never a person**, \
             and its row is unreadable for every person whose id begins so. Have ids written as \
             text. |\n| a number shown as a date, a time | `2026-11-22`, `2026-11-22T12:00:00`, \
             `12:00:00`, whether days count from 1900 or from 1904 |\n| a number shown as hours \
             that have passed | the number, in days |\n| true, false | `TRUE`, `FALSE` |\n| an \
             error | its name, such as `#REF!`, which no type but text reads |\n| a formula | the \
             value that was stored with it; none: unreadable |\n| merged cells | each has the \
             value of the first |\n| nothing | NULL |\n\n",
            $own
        )
    };
}

pub(super) const XLSX: Kind = Kind {
    name: "xlsx",
    title: "A sheet of an Excel workbook (.xlsx) that is dropped beside the dataset file.",
    title_zh: "Excel 工作簿（.xlsx）中的一张工作表，定期投放",
    parameters: &[
        &drop::PATH,
        &drop::AS_OF,
        &drop::PARTS,
        &drop::PART_COUNT,
        &SHEET,
        &UNREAD,
        &HEADER,
    ],
    example: "[source]\nkind = \"xlsx\"\npath = \"drops/ownership-*.xlsx\"\nas_of = { name = \
              \"ownership-%Y%m%d.xlsx\" }\nsheet = \"产权\"\nheader = 2\n",
    notes: sheet_notes!(
        "A sheet that is full to its last row, 1,048,576, is refused: what did not fit was lost. \
         So are workbooks with a password. The sheet is read as a stream; the texts that sheets \
         share, at most 256 MiB, are held in memory meanwhile."
    ),
    read: read_xlsx,
};

pub(super) const XLS: Kind = Kind {
    name: "xls",
    title: "A sheet of an old Excel workbook (.xls, Excel 97 to 2003) that is dropped beside the \
            dataset file.",
    title_zh: "旧版 Excel 工作簿（.xls）中的一张工作表，定期投放",
    parameters: &[
        &drop::PATH,
        &drop::AS_OF,
        &drop::PARTS,
        &drop::PART_COUNT,
        &SHEET,
        &UNREAD,
        &HEADER,
    ],
    example: "[source]\nkind = \"xls\"\npath = \"ownership.xls\"\nas_of = \"manifest\"\nsheet = \
              \"Sheet1\"\n",
    notes: sheet_notes!(
        "A sheet that is full to its last row, 65,536, is refused: what did not fit was lost. So \
         are workbooks with a password, workbooks of Excel 95 and older, and other files under \
         this name: many systems write web pages or text and call them `.xls`. A workbook of at \
         most 256 MiB is read, in memory."
    ),
    read: read_xls,
};

const SHEET: Parameter = Parameter {
    key: "sheet",
    default: Some("the only one"),
    form: "must be a sheet's name, or a list of names, each once",
    doc: "The sheet; it must be named where a workbook has more than one, hidden ones included. A \
          list, such as `[\"Result\", \"Result (2)\"]`: sheets of the same columns, which are \
          read as one.",
};
const UNREAD: Parameter = Parameter {
    key: "unread",
    default: Some("no other sheet holds anything"),
    form: "must give sheets' names a reason each, such as `{ \"说明\" = \"how the form is filled \
           in\" }`",
    doc: "Every other sheet that holds anything, and why it is not part of the register. A sheet \
          that is neither read nor declared here is an error.",
};
const HEADER: Parameter = Parameter {
    key: "header",
    default: Some("1"),
    form: "must be a row's number, from 1 to 1000",
    doc: "The row that names the columns.",
};

fn read_xlsx(section: &mut Section<'_>) -> Option<Source> {
    read(section).map(Source::Xlsx)
}

fn read_xls(section: &mut Section<'_>) -> Option<Source> {
    read(section).map(Source::Xls)
}

fn read(section: &mut Section<'_>) -> Option<Excel> {
    let file = FileDrop::read(section);
    let sheets = SHEET.read(section, Some(Vec::new()), |value| match value {
        Value::Array(names) if (1..=MOST_SHEETS).contains(&names.len()) => {
            let names: Vec<String> = names
                .iter()
                .map(|name| name_in_file(name).map(str::to_owned))
                .collect::<Option<_>>()?;
            let distinct: BTreeSet<&String> = names.iter().collect();
            (distinct.len() == names.len()).then_some(names)
        }
        value => name_in_file(value).map(|name| vec![name.to_owned()]),
    });
    let unread = UNREAD.read(section, Some(BTreeMap::new()), |value| {
        let table = value.as_table().filter(|table| table.len() <= MOST_SHEETS)?;
        let reason = |(name, why): (&String, &Value)| {
            Some((name.clone(), why.as_str().filter(|why| is_text(why))?.to_owned()))
        };
        table.iter().map(reason).collect::<Option<BTreeMap<String, String>>>()
    });
    if let (Some(sheets), Some(unread)) = (&sheets, &unread)
        && let Some(both) = sheets.iter().find(|name| unread.contains_key(*name))
    {
        section.fault(
            UNREAD.key,
            Some(&Value::from(both.as_str())),
            "this sheet is read: take it out of one of the two".to_owned(),
        );
    }
    let header = HEADER.read(section, Some(1), |value| {
        u32::try_from(value.as_integer()?).ok().filter(|row| (1..=1000).contains(row))
    });
    Some(Excel { file: file?, sheets: sheets?, unread: unread?, header: header? })
}
