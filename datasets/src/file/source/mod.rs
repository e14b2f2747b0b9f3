//! Where the rows are: the `[source]` section. One file for each kind, which holds what the section
//! says, how it is read, and what there is to know about each of its keys; [`KINDS`] lists them
//! all.

mod csv;
mod dbf;
mod drop;
mod excel;
mod mysql;
mod odbc;
mod parquet;
mod pointer;
mod postgres;
mod remote;
mod rest;
mod sqlite;
mod url;

use toml::Value;

use super::section::Section;

pub use csv::{Csv, Encoding, Separator};
pub use dbf::{CodePage, Dbf};
pub use drop::{DropAsOf, FileDrop, Parts};
pub use excel::Excel;
pub use odbc::{Odbc, Through};
pub use parquet::Parquet;
pub use pointer::Pointer;
pub use remote::{Password, Remote, Tls};
pub use rest::{Age, Paging, Rest, Total, Way};
pub use sqlite::{Sqlite, SqliteAsOf};
pub use url::Url;

/// Where the rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A table of an SQLite database.
    Sqlite(Sqlite),
    /// A file of separated values.
    Csv(Csv),
    /// A sheet of a workbook.
    Xlsx(Excel),
    /// A sheet of an old workbook.
    Xls(Excel),
    /// A table of dBASE or FoxPro.
    Dbf(Dbf),
    /// A Parquet file.
    Parquet(Parquet),
    /// A table or view on a PostgreSQL server.
    Postgres(Remote),
    /// A table or view on a MySQL or MariaDB server.
    Mysql(Remote),
    /// A table or view behind an ODBC driver.
    Odbc(Odbc),
    /// A collection that an HTTP API gives as JSON.
    Rest(Rest),
}

impl Source {
    /// Whether it is a file whose columns no statement names: then any name is a name.
    pub(super) fn is_file(&self) -> bool {
        matches!(
            self,
            Self::Csv(_) | Self::Xlsx(_) | Self::Xls(_) | Self::Dbf(_) | Self::Parquet(_)
        )
    }
}

/// Every kind of source, in the order in which people should meet them.
pub const KINDS: &[&Kind] = &[
    &sqlite::KIND,
    &csv::KIND,
    &excel::XLSX,
    &excel::XLS,
    &dbf::KIND,
    &parquet::KIND,
    &postgres::KIND,
    &mysql::KIND,
    &odbc::KIND,
    &rest::KIND,
];

/// One kind of source: what the manual says of it, and how its section is read.
#[derive(Debug)]
pub struct Kind {
    /// What `source.kind` says.
    pub name: &'static str,
    /// Who it is for, in one sentence.
    pub title: &'static str,
    /// The same in a few words of Chinese.
    pub title_zh: &'static str,
    /// Its keys, without `kind`.
    pub parameters: &'static [&'static Parameter],
    /// A `[source]` section as a person would write it.
    pub example: &'static str,
    /// What its values become, what is refused, and what its owner should know: Markdown.
    pub notes: &'static str,
    pub(super) read: for<'a, 'b> fn(&'b mut Section<'a>) -> Option<Source>,
}

/// One key of a `[source]` section.
#[derive(Debug)]
pub struct Parameter {
    /// The key.
    pub key: &'static str,
    /// Its value when it is left out; `None`: it must be there.
    pub default: Option<&'static str>,
    /// What its value must be: also what is said of a wrong one.
    pub form: &'static str,
    /// What it is for.
    pub doc: &'static str,
}

impl Parameter {
    /// Reads this key; `default` is its default's value.
    fn read<'a, T>(
        &'static self,
        section: &mut Section<'a>,
        default: Option<T>,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        section.read(self.key, default, self.form, read)
    }
}

/// Reads the section.
pub(super) fn read(section: &mut Section<'_>) -> Option<Source> {
    let names: Vec<String> = KINDS.iter().map(|kind| format!("`{}`", kind.name)).collect();
    let remedy = format!("must be one of {}", names.join(", "));
    let kind = section.read("kind", None, &remedy, |value| {
        let name = value.as_str()?;
        KINDS.iter().find(|kind| kind.name == name)
    })?;
    (kind.read)(section)
}

/// A path below the dataset file's folder.
fn inner_path(value: &Value) -> Option<&str> {
    value.as_str().filter(|path| super::raw::is_inner_path(path))
}

/// A name as a file has it.
fn name_in_file(value: &Value) -> Option<&str> {
    value.as_str().filter(|name| super::raw::is_name_in_file(name))
}

/// A name as another system has it.
fn foreign_name(value: &Value) -> Option<&str> {
    value.as_str().filter(|name| super::raw::is_foreign_name(name))
}
