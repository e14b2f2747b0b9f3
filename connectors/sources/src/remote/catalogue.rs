//! The catalogue of a database server, before any dataset file names a table on it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use zerotrip_datasets::file::{MOST_COLUMNS, Odbc as OdbcSpec, Password, Remote, Through, Tls};
use zerotrip_datasets::guess::Evidence;
use zerotrip_proto::v1::ErrorCode;

use super::super::catalogue::{
    Catalogue, InspectedColumn, Look, PATIENCE, Setting, Settings, Table,
};
use super::super::{RawRow, SourceError};
use super::cells::Cells;
use super::mysql::Mysql;
use super::odbc::Odbc;
use super::postgres::Postgres;
use super::system::{Form, Pushdown, Query, Session, Sink, System};

/// Rows that are looked at: enough for a guess, and no burden to a busy system.
const MOST_ROWS: u64 = 200_000;
/// Time that a log-in may take.
const LOG_IN: Duration = Duration::from_secs(10);

/// A server, and who logs in.
pub struct ServerCatalogue {
    system: Behind,
    base: PathBuf,
}

/// A kind of system, and where it is.
#[derive(Clone)]
enum Behind {
    Postgres(Remote),
    Mysql(Remote),
    Odbc(OdbcSpec),
}

impl ServerCatalogue {
    /// Of this kind of server; a password's and a certificate's file are relative to `base`.
    pub fn new(kind: &'static str, spec: &Remote, base: &Path) -> Self {
        let system = if kind == "postgres" {
            Behind::Postgres(spec.clone())
        } else {
            Behind::Mysql(spec.clone())
        };
        Self { system, base: base.to_owned() }
    }

    /// Of what is behind an ODBC driver.
    pub fn odbc(spec: &OdbcSpec, base: &Path) -> Self {
        Self { system: Behind::Odbc(spec.clone()), base: base.to_owned() }
    }

    /// Waits for work in a new runtime.
    fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            SourceError::new(ErrorCode::SourceFailed, format!("no runtime: {error}"))
        })?;
        let late = || {
            SourceError::new(
                ErrorCode::SourceTimeout,
                format!("no answer within {} s", PATIENCE.as_secs()),
            )
        };
        runtime.block_on(async {
            tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(late()))
        })
    }

    /// The same for this table.
    fn naming(&self, table: &str) -> Self {
        let mut named = Self { system: self.system.clone(), base: self.base.clone() };
        match &mut named.system {
            Behind::Postgres(spec) | Behind::Mysql(spec) => table.clone_into(&mut spec.table),
            Behind::Odbc(spec) => table.clone_into(&mut spec.table),
        }
        named
    }

    fn settings(&self) -> Settings {
        let mut said = match &self.system {
            Behind::Postgres(spec) | Behind::Mysql(spec) => of_a_server(spec),
            Behind::Odbc(spec) => of_a_driver(spec),
        };
        let choice = "`live` if this is the register itself; for an extract `{ table = \"…\", \
                      column = \"…\" }`, which holds the time at which it began, written with \
                      its rows";
        said.push(("as_of", Setting::Owner(choice)));
        said
    }
}

impl Catalogue for ServerCatalogue {
    fn tables(&self) -> Result<Vec<Table>, SourceError> {
        let base = self.base.clone();
        match self.system.clone() {
            Behind::Postgres(spec) => self.wait(async { tables(&Postgres::new(spec, base)).await }),
            Behind::Mysql(spec) => self.wait(async { tables(&Mysql::new(spec, base)).await }),
            Behind::Odbc(spec) => self.wait(async { tables(&Odbc::new(spec, base)).await }),
        }
    }

    fn look(&self, table: Option<&str>) -> Result<Look, SourceError> {
        let Some(table) = table else {
            return Err(SourceError::new(ErrorCode::SourceDrift, "name a table with --table"));
        };
        let named = self.naming(table);
        let base = named.base.clone();
        let look = match named.system.clone() {
            Behind::Postgres(spec) => {
                named.wait(async { look(&Postgres::new(spec, base), table).await })
            }
            Behind::Mysql(spec) => named.wait(async { look(&Mysql::new(spec, base), table).await }),
            Behind::Odbc(spec) => named.wait(async { look(&Odbc::new(spec, base), table).await }),
        };
        look.map(|look| Look { source: named.settings(), ..look })
    }
}

fn text(text: &str) -> Setting {
    Setting::Text(text.to_owned(), "")
}

fn of_a_server(spec: &Remote) -> Settings {
    let mut said = vec![
        ("host", text(&spec.host)),
        ("port", Setting::Number(spec.port.into(), "")),
        ("database", text(&spec.database)),
    ];
    said.extend(spec.schema.as_deref().map(|schema| ("schema", text(schema))));
    said.extend([("table", text(&spec.table)), ("user", text(&spec.user))]);
    said.extend(of_a_password(&spec.password));
    match &spec.tls {
        Tls::Off => said.push((
            "tls",
            Setting::Text("off".to_owned(), "in clear text: only for a server on the same machine"),
        )),
        Tls::Verify { ca_file } => {
            said.extend(ca_file.as_deref().map(|path| ("ca_file", text(path))))
        }
    }
    said
}

fn of_a_driver(spec: &OdbcSpec) -> Settings {
    let mut said = vec![match &spec.through {
        Through::Driver(driver) => ("driver", text(driver)),
        Through::Dsn(dsn) => ("dsn", text(dsn)),
    }];
    if !spec.attributes.is_empty() {
        said.push(("attributes", Setting::Table(spec.attributes.clone())));
    }
    said.extend(spec.schema.as_deref().map(|schema| ("schema", text(schema))));
    said.push(("table", text(&spec.table)));
    said.extend(spec.user.as_deref().map(|user| ("user", text(user))));
    said.extend(of_a_password(&spec.password));
    said
}

fn of_a_password(password: &Password) -> Settings {
    match password {
        Password::None => Vec::new(),
        Password::File(path) => vec![("password_file", text(path))],
        Password::Environment(name) => vec![("password_env", text(name))],
    }
}

async fn log_in<S: System>(system: &S) -> Result<S::Session, SourceError> {
    let late = || {
        SourceError::new(
            ErrorCode::SourceUnreachable,
            format!("{} did not let us in", system.address()),
        )
    };
    let mut session =
        tokio::time::timeout(LOG_IN, system.log_in()).await.unwrap_or_else(|_| Err(late()))?;
    session.begin(PATIENCE).await?;
    Ok(session)
}

async fn tables<S: System>(system: &S) -> Result<Vec<Table>, SourceError> {
    let mut session = log_in(system).await?;
    let tables = session.tables().await?;
    session.end().await?;
    Ok(tables)
}

async fn look<S: System>(system: &S, table: &str) -> Result<Look, SourceError> {
    let mut session = log_in(system).await?;
    let relation = session.relation().await?;
    let mut advice = relation.advice.clone();
    let mut fields = Vec::new();
    for column in &relation.columns {
        if column.form == Form::Refused {
            advice.push(format!(
                "column `{}` is of type `{}`, which is not read, and is left out",
                column.name, column.type_name
            ));
        } else {
            fields.push(column.name.clone());
        }
    }
    if fields.len() > MOST_COLUMNS {
        let detail =
            format!("`{table}` has {} columns, and a dataset at most {MOST_COLUMNS}", fields.len());
        return Err(SourceError::new(ErrorCode::SourceDrift, detail));
    }
    if relation.locator.is_empty() {
        advice.push(
            "nothing locates a row of it: its unreadable rows could not be shown to their owner"
                .to_owned(),
        );
    }
    let cells = Cells::of(&relation, table, &fields, &[], &[])?;
    let mut seeing = Seeing {
        cells: &cells,
        evidence: vec![Evidence::default(); fields.len()],
        rows: 0,
        is_full: false,
    };
    let query = Query {
        columns: cells.columns().iter().collect(),
        locator: &[],
        asked: Vec::new(),
        only: Pushdown::default(),
    };
    let token = session.token();
    match session.read(&query, &mut seeing).await {
        Ok(()) => session.end().await?,
        Err(_) if seeing.is_full => {
            advice.push(format!(
                "only {MOST_ROWS} rows were looked at, those that the server gave first"
            ));
            system.interrupt(token).await?;
        }
        Err(error) => return Err(error),
    }
    let (rows, evidence) = (seeing.rows, seeing.evidence);
    let columns = cells.columns().iter().zip(evidence).map(|(column, evidence)| InspectedColumn {
        field: column.name.clone(),
        declared: column.type_name.clone(),
        evidence,
        is_indexed: relation.is_table.then(|| relation.indexed.contains(&column.name)),
    });
    Ok(Look {
        table: table.to_owned(),
        source: Vec::new(),
        rows,
        columns: columns.collect(),
        advice,
    })
}

/// Takes rows, and keeps what their columns seem to hold.
struct Seeing<'a> {
    cells: &'a Cells,
    evidence: Vec<Evidence>,
    rows: u64,
    is_full: bool,
}

impl Sink for Seeing<'_> {
    fn take(&mut self, row: RawRow<'_>) -> Result<bool, SourceError> {
        if self.rows >= MOST_ROWS {
            self.is_full = true;
            return Err(SourceError::new(ErrorCode::SourceLimit, "rows enough for a guess"));
        }
        self.rows += 1;
        for (place, (cell, evidence)) in row.iter().zip(&mut self.evidence).enumerate() {
            evidence.note(cell.map(|text| self.cells.settled(place, text)).transpose()?.as_deref());
        }
        Ok(false)
    }

    async fn flush(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}
