//! What a system shows of itself before any dataset file describes it: its tables, their columns,
//! and what those seem to hold.

mod files;
mod sqlite;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::file::{Odbc, Password, Remote, SqliteAsOf, Through, Tls, Url};
use zerotrip_datasets::guess::Evidence;
use zerotrip_proto::v1::ErrorCode;

use super::SourceError;
use super::remote::catalogue::ServerCatalogue;
use super::rest::catalogue::Interface;

/// How long a look may take.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// A system's own catalogue, read-only.
///
/// A look counts the rows, keeps an even, bounded sample of each column, and changes nothing. Where
/// it does not reach every row, its advice says so. It is a basis for a proposal, never for an
/// answer.
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
    /// The lines of `[source]` behind `kind`, as far as the system shows them.
    pub source: Settings,
    /// Rows.
    pub rows: u64,
    /// Its columns, in the system's order.
    pub columns: Vec<InspectedColumn>,
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
    /// The same for a table of texts.
    Table(Vec<(String, String)>),
    /// The same for a number.
    Number(u32, &'static str),
    /// Only the owner knows: what to choose between.
    Owner(&'static str),
}

/// A column.
#[derive(Clone, Debug)]
pub struct InspectedColumn {
    /// As the system calls it.
    pub field: String,
    /// The type that the system declares; empty where it declares none.
    pub declared: String,
    /// What its cells hold.
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
    ("tsv", "csv"),
    ("txt", "csv"),
    ("xlsx", "xlsx"),
    ("xls", "xls"),
    ("dbf", "dbf"),
    ("parquet", "parquet"),
];

/// A system to be inspected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its kind, as `source.kind` has it.
    pub kind: &'static str,
    /// Where it is.
    pub place: TargetLocation,
    /// For an HTTP interface: a file of secret headers, and whether it is talked to encrypted.
    headers: Option<(Option<String>, Tls)>,
}

/// Where a system is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetLocation {
    /// A file.
    File(PathBuf),
    /// A server; the table is not yet known.
    Server(Box<Remote>),
    /// Behind an ODBC driver; the table is not yet known.
    Odbc(Box<Odbc>),
    /// An HTTP interface: its address, as it was given and as it is understood.
    Url(Box<Url>, String),
}

/// How to get in where a URL says that a system is on a server.
#[derive(Clone, Debug)]
pub struct Login {
    /// The schema, where the kind of server has such.
    pub schema: Option<String>,
    /// What the user logs in with.
    pub password: Password,
    /// For an HTTP interface: a file of secret headers.
    pub header_file: Option<String>,
    /// Whether the connection is encrypted.
    pub tls: Tls,
}

impl Target {
    /// From a path, a `file:` URL or a server's URL; `kind` overrides what a file's ending says.
    pub fn parse(url: &str, kind: Option<&str>, login: Login) -> Result<Self, SourceError> {
        if let Some(connection) = url.strip_prefix("odbc:") {
            return driver(connection, login);
        }
        if url.starts_with("http://") || url.starts_with("https://") {
            return interface(url, login);
        }
        if let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "file")
        {
            return server(scheme, rest, login);
        }
        let path = PathBuf::from(
            url.strip_prefix("file://").or_else(|| url.strip_prefix("file:")).unwrap_or(url),
        );
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let by_ending = ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind);
        let kind = match kind {
            Some(kind) => ENDINGS.iter().map(|(_, known)| *known).find(|known| *known == kind),
            None => by_ending,
        };
        let kinds = "`sqlite`, `csv`, `xlsx`, `xls`, `dbf` or `parquet`";
        if matches!(ending.as_str(), "ods" | "fods" | "xlsb" | "numbers" | "et") && kind.is_none() {
            return Err(wrong(format!(
                "`{}`: a workbook of this kind is not read; open it in a spreadsheet and save it \
                 as .xlsx",
                path.display()
            )));
        }
        let kind = kind.ok_or_else(|| {
            wrong(format!(
                "`{}`: neither its ending nor `--kind` says what it is: {kinds}",
                path.display()
            ))
        })?;
        Ok(Self { kind, place: TargetLocation::File(path), headers: None })
    }

    /// Whether it must be said which of its tables is meant.
    pub fn has_tables(&self) -> bool {
        matches!(self.place, TargetLocation::Server(_) | TargetLocation::Odbc(_))
            || self.kind == "sqlite"
    }

    /// Opens its catalogue. `header` is the row of a sheet that names its columns.
    pub fn open(&self, header: u32) -> Result<Box<dyn Catalogue>, SourceError> {
        let path = match &self.place {
            TargetLocation::Server(spec) => {
                return Ok(Box::new(ServerCatalogue::new(self.kind, spec, Path::new(""))));
            }
            TargetLocation::Odbc(spec) => {
                return Ok(Box::new(ServerCatalogue::odbc(spec, Path::new(""))));
            }
            TargetLocation::Url(url, said) => {
                let (header_file, tls) =
                    self.headers.clone().unwrap_or((None, Tls::Verify { ca_file: None }));
                return Ok(Box::new(Interface::new(Url::clone(url), said, header_file, tls)));
            }
            TargetLocation::File(path) => path,
        };
        if path.is_dir() {
            let detail = format!(
                "`{}` is a folder; look at one of its files, and read them all with `parts` in \
                 the dataset file",
                path.display()
            );
            return Err(SourceError::new(ErrorCode::SourceUnreachable, detail));
        }
        if !path.is_file() {
            return Err(SourceError::new(
                ErrorCode::SourceUnreachable,
                format!("no file at `{}`", path.display()),
            ));
        }
        match self.kind {
            "sqlite" => Ok(Box::new(sqlite::Database::open(path)?)),
            kind => Ok(Box::new(files::DroppedFile::new(path, kind, header))),
        }
    }
}

/// `user@host:port/database`, behind its scheme.
fn server(scheme: &str, rest: &str, login: Login) -> Result<Target, SourceError> {
    let (kind, default_port) = match scheme {
        "postgres" | "postgresql" => ("postgres", 5432),
        "mysql" | "mariadb" => ("mysql", 3306),
        _ => {
            let known: String =
                scheme.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
            return Err(wrong(format!(
                "`{known}` systems cannot be inspected; a server's URL begins with postgres:// or mysql://, an interface's with https://"
            )));
        }
    };
    let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = place.rsplit_once('@').unwrap_or(("", place));
    // The URL is not repeated: it may hold what should not be in it.
    if user.contains(':') {
        let detail = "a URL must hold no password, for it would stay in the shell's history; \
                      change it, and give --password-file instead";
        return Err(wrong(detail.into()));
    }
    let (host, port) = host
        .split_once(':')
        .map_or((host, Some(default_port)), |(host, port)| (host, port.parse().ok()));
    let is_plain = [user, host, database]
        .iter()
        .all(|part| !part.is_empty() && !part.contains(['?', '#', '/', '%', '[']));
    let port = port.filter(|port| is_plain && *port > 0).ok_or_else(|| {
        wrong(format!("write `{scheme}://user@host:port/database`, nothing behind it"))
    })?;
    let schema = if kind == "postgres" {
        Some(login.schema.unwrap_or_else(|| "public".to_owned()))
    } else {
        None
    };
    let spec = Remote {
        host: host.to_owned(),
        port,
        database: database.to_owned(),
        schema,
        table: String::new(),
        user: user.to_owned(),
        password: login.password,
        tls: login.tls,
        connections: 2,
        profile_every: Duration::ZERO,
        as_of: SqliteAsOf::Live,
        nothing_hidden: None,
    };
    Ok(Target { kind, place: TargetLocation::Server(Box::new(spec)), headers: None })
}

/// A collection behind an HTTP interface. Its address is not repeated: it may hold what should not
/// be in it.
fn interface(text: &str, login: Login) -> Result<Target, SourceError> {
    let form = "write an interface's address as `https://host[:port]/path[?query]`, without user, \
                password or `#`";
    let url = Url::parse(text).ok_or_else(|| wrong(form.to_owned()))?;
    if url.secure == (login.tls == Tls::Off) {
        return Err(wrong(
            "`https` goes with `--tls verify`, and `http`, for a server on the same machine, with \
             `--tls off`"
                .to_owned(),
        ));
    }
    let headers = Some((login.header_file, login.tls));
    Ok(Target { kind: "rest", place: TargetLocation::Url(Box::new(url), text.to_owned()), headers })
}

/// A connection string, without its password, behind `odbc:`.
fn driver(connection: &str, login: Login) -> Result<Target, SourceError> {
    let form = "write `odbc:Driver=…;Server=…;UID=…` or `odbc:DSN=…;UID=…`, with a value that \
                holds `;` in braces";
    let (mut through, mut user, mut attributes) = (None, None, Vec::new());
    for (name, value) in pairs(connection).ok_or_else(|| wrong(form.to_owned()))? {
        match name.to_lowercase().as_str() {
            "driver" => through = Some(Through::Driver(value)),
            "dsn" => through = Some(Through::Dsn(value)),
            "uid" | "user" => user = Some(value),
            _ if Odbc::may_say(&name) => attributes.push((name, value)),
            // The value is not repeated.
            _ => {
                let detail = "no password or other secret can be given there, for it would stay in \
                              the shell's history; change it, and give --password-file instead";
                return Err(wrong(detail.to_owned()));
            }
        }
    }
    let spec = Odbc {
        through: through.ok_or_else(|| wrong(form.to_owned()))?,
        attributes,
        file: None,
        catalog: None,
        schema: login.schema,
        table: String::new(),
        user,
        password: login.password,
        // A proposal is not an answer.
        unchanging: true,
        connections: 2,
        profile_every: Duration::ZERO,
        as_of: SqliteAsOf::Live,
        nothing_hidden: None,
    };
    Ok(Target { kind: "odbc", place: TargetLocation::Odbc(Box::new(spec)), headers: None })
}

/// `name=value` or `name={value}`, with `;` between them.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let (mut pairs, mut rest) = (Vec::new(), text.trim_matches([';', ' ']));
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('{') {
            Some(braced) => braced
                .split_once('}')
                .filter(|(_, after)| after.is_empty() || after.starts_with(';'))?,
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        if value.is_empty() {
            return None;
        }
        pairs.push((name.trim().to_owned(), value.to_owned()));
        rest = after.trim_start_matches([';', ' ']);
    }
    Some(pairs)
}

fn wrong(detail: String) -> SourceError {
    SourceError::new(ErrorCode::Misconfigured, detail)
}

fn patience() -> Cancellation {
    Cancellation::after(PATIENCE)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
