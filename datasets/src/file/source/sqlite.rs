//! `kind = "sqlite"`.

use toml::Value;

use super::{Kind, Parameter, Source, foreign_name, inner_path};
use crate::file::section::Section;

/// An ordinary table of an SQLite database: not a view, nor a table without row ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sqlite {
    /// The database, relative to the dataset file; never outside its folder.
    pub path: String,
    /// The table.
    pub table: String,
    /// How old its rows are.
    pub as_of: SqliteAsOf,
}

/// How old the rows of a database are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqliteAsOf {
    /// It is the live register: as old as the question.
    Live,
    /// An extract: the newest RFC 3339 time in this column of this table.
    Table {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

pub(super) const KIND: Kind = Kind {
    name: "sqlite",
    title: "A table in an SQLite file, live or an extract.",
    title_zh: "SQLite 数据库中的一张表（实时或抽取）",
    parameters: &[&PATH, &TABLE, &AS_OF],
    example: "[source]\nkind = \"sqlite\"\npath = \"ownership.db\"\ntable = \"FW_CQ\"\nas_of = \
              \"live\"\n",
    notes: "Opened read-only; every look-up is one read transaction. Integers and text are read \
            by the column's type. A floating-point number in a column of ids is unreadable, for \
            its last digits are gone; binary data is refused. A view, or a table `without rowid`, \
            is refused: its unreadable rows could not be located. A live file is read whole after \
            every write to it, once by each reader: one of more than a few hundred thousand rows \
            that is written all day is better served as an extract, or its system's own writers \
            wait, and look-ups run out of time. Never overwrite a live file in place (`cp`, \
            `rsync --inplace`): put the whole new one beside it and rename that.",
    read,
};

const PATH: Parameter = Parameter {
    key: "path",
    default: None,
    form: "must be relative to this file, with `/` between its parts and no `..`",
    doc: "The database file.",
};
const TABLE: Parameter = Parameter {
    key: "table",
    default: None,
    form: "must be a table's name; views have no row ids",
    doc: "The table.",
};
pub(super) const AS_OF: Parameter = Parameter {
    key: "as_of",
    default: None,
    form: "must be `live` or `{ table = \"…\", column = \"…\" }`",
    doc: "How old its rows are: `live` for the register itself; for an extract, where the time \
          (RFC 3339) at which it began is recorded, the newest of them: what was entered while it \
          ran may be missing. It must be written with the rows, in their transaction or after \
          them; a job's own log, which says so even of a job that failed, is newer than the rows.",
};

fn read(section: &mut Section<'_>) -> Option<Source> {
    let path = PATH.read(section, None, inner_path);
    let table = TABLE.read(section, None, foreign_name);
    let as_of = AS_OF.read(section, None, as_of);
    Some(Source::Sqlite(Sqlite { path: path?.to_owned(), table: table?.to_owned(), as_of: as_of? }))
}

/// How old a table's rows are.
pub(super) fn as_of(value: &Value) -> Option<SqliteAsOf> {
    match value {
        Value::String(text) => (text == "live").then_some(SqliteAsOf::Live),
        Value::Table(place) if place.len() == 2 => {
            let name = |key| place.get(key).and_then(foreign_name).map(str::to_owned);
            Some(SqliteAsOf::Table { table: name("table")?, column: name("column")? })
        }
        _ => None,
    }
}
