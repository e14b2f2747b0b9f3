//! What a system tells of itself before any dataset file describes it: its tables, their columns, and what those seem to hold.

mod files;
mod sqlite;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zerotrip_datasets::guess::Evidence;
use zerotrip_proto::v1::ErrorCode;

use super::{SourceError, Stop};

/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// A system's own catalogue, read-only.
///
/// A look counts every row that it can reach within [`Look::rows`], keeps an even, bounded sample of each column, and changes nothing. It
/// is a basis for a proposal, never for an answer.
pub trait Catalogue: Send {
    /// Every table and view, in the system's order.
    fn tables(&self) -> Result<Vec<Table>, SourceError>;

    /// One of them, or the only one; `None` where there are several is an error that names them.
    fn look(&self, table: Option<&str>) -> Result<Look, SourceError>;
}

/// A table, a view, a sheet, or a file that is one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// As the system calls it.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// Rows, roughly; none where that would take a look at all of them.
    pub rows: Option<u64>,
}

/// What was seen of a table.
#[derive(Clone, Debug)]
pub struct Look {
    /// Its name.
    pub table: String,
    /// The lines of `[source]` behind `kind`, as far as the system tells them.
    pub source: Settings,
    /// Rows.
    pub rows: u64,
    /// Its columns, in the system's order.
    pub columns: Vec<Seen>,
    /// What its owner should know.
    pub advice: Vec<String>,
}

/// Keys of `[source]`, each with what is proposed for it.
pub type Settings = Vec<(&'static str, Setting)>;

/// What is proposed for a key of `[source]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// This, for this reason.
    Text(String, &'static str),
    /// The same for a number.
    Number(u32, &'static str),
    /// Only the owner knows: what to choose between.
    Owner(&'static str),
}

/// A column.
#[derive(Clone, Debug)]
pub struct Seen {
    /// As the system calls it.
    pub field: String,
    /// The type that the system declares; empty where it declares none.
    pub declared: String,
    /// What stands in it.
    pub evidence: Evidence,
    /// Whether an index finds its values; none where the connector makes its own.
    pub is_indexed: Option<bool>,
}

/// Kinds that can be inspected, by the endings of their files.
const ENDINGS: &[(&str, &str)] = &[
    ("db", "sqlite"),
    ("sqlite", "sqlite"),
    ("sqlite3", "sqlite"),
    ("csv", "csv"),
    ("xlsx", "xlsx"),
    ("xls", "xls"),
    ("dbf", "dbf"),
    ("parquet", "parquet"),
];

/// A system to be inspected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its file.
    pub path: PathBuf,
    /// Its kind, as `source.kind` has it.
    pub kind: &'static str,
}

impl Target {
    /// From a path or a `file:` URL; `kind` overrides what the file's ending says.
    pub fn parse(url: &str, kind: Option<&str>) -> Result<Self, SourceError> {
        let wrong = |detail: String| SourceError::new(ErrorCode::Misconfigured, detail);
        if let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "file") {
            // The rest may hold a password: it is not repeated.
            let login = rest.split('/').next().unwrap_or_default();
            if login.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
                return Err(wrong(
                    "a URL must hold no password, for it would stay in the shell's history; leave it out, and change it".into(),
                ));
            }
            let known: String = scheme.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
            return Err(wrong(format!(
                "`{known}` systems cannot be inspected yet; write the dataset file by hand after docs/sources and prove it with `check`"
            )));
        }
        let path = PathBuf::from(url.strip_prefix("file://").or_else(|| url.strip_prefix("file:")).unwrap_or(url));
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let by_ending = ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind);
        let kind = match kind {
            Some(kind) => ENDINGS.iter().map(|(_, known)| *known).find(|known| *known == kind),
            None => by_ending,
        };
        let kinds = "`sqlite`, `csv`, `xlsx`, `xls`, `dbf` or `parquet`";
        let kind = kind.ok_or_else(|| wrong(format!("`{}`: neither its ending nor `--kind` says what it is: {kinds}", path.display())))?;
        Ok(Self { path, kind })
    }

    /// Opens its catalogue. `header` is the row of a sheet that names its columns.
    pub fn open(&self, header: u32) -> Result<Box<dyn Catalogue>, SourceError> {
        if !self.path.is_file() {
            return Err(SourceError::new(ErrorCode::SourceUnreachable, format!("no file at `{}`", self.path.display())));
        }
        match self.kind {
            "sqlite" => Ok(Box::new(sqlite::Database::open(&self.path)?)),
            kind => Ok(Box::new(files::DroppedFile::new(&self.path, kind, header))),
        }
    }
}

fn patience() -> Stop {
    Stop::at(Instant::now() + PATIENCE)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
