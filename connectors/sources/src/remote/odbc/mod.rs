//! `kind = "odbc"`: every system that has an ODBC driver.
//!
//! The driver runs in a separate process (`zerotrip-odbc`), one for each connection. Statements
//! are composed here, and their values bound there. What ODBC leaves open is in `dialect.rs`; a
//! system of which nothing is known is asked in plain SQL and without transactions, and only where
//! its owner vouches for its quiet.

mod address;
mod asking;
mod catalogue;
mod checks;
mod connection_string;
mod dialect;
mod errors;
mod file;

mod process;
mod reader;
mod selecting;
mod table_lineage;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::Odbc as Spec;
use zerotrip_odbc_wire::{Reply, Request, Secret, VERSION};
use zerotrip_proto::v1::ErrorCode;

use super::super::catalogue::Table;
use super::super::{Rows, Source, SourceError};
use super::RemoteSource;
use super::lineage::{self, Lineage};
use super::login::{misconfigured, password};
use super::system::{Form, Query, Relation, Session, Sink, System, whole_seconds};
use super::table_shape::PollSettings;
use crate::file_identity::FileIdentity;
use crate::rulings::Rulings;
use crate::timestamp::parse_timestamp;
use address::address;
use catalogue::Bound;
use dialect::{Dialect, LineageQuery};
use errors::{Phase, map_error};
use file::identity_of;
use process::{Broken, Helper};
use reader::{NoRows, PersonFilter, Reader, odd};

/// Seconds that a log-in may take, where the driver listens; the pool waits no longer than ten.
const LOG_IN: u32 = 9;
/// Values of one column in one statement: SQL Server takes 2100 in all, and Oracle 1000 in one
/// list.
const VALUES: usize = 200;

/// Opens the table that a dataset file describes.
pub fn open(
    dataset: &DatasetFile,
    spec: &Spec,
    base: &Path,
    rulings: Arc<Rulings>,
) -> Result<Arc<dyn Source>, SourceError> {
    let system = Odbc::new(spec.clone(), base.to_owned());
    let polled = PollSettings {
        table: &spec.table,
        connections: spec.connections,
        profile_every: spec.profile_every,
        as_of: &spec.as_of,
        nothing_hidden: spec.nothing_hidden.as_deref(),
    };
    Ok(Arc::new(RemoteSource::open(dataset, &polled, system, rulings)?))
}

/// A system behind a driver, and a table in it.
#[derive(Debug)]
pub struct Odbc {
    spec: Arc<Spec>,
    base: PathBuf,
    layout: Arc<RwLock<Layout>>,
}

/// What the catalogue last said of the table.
#[derive(Debug, Default)]
struct Layout {
    /// How values are bound to each column.
    bounds: HashMap<String, Bound>,
    /// Where it was found.
    schema: Option<String>,
}

/// A connection, in a separate process.
pub struct OdbcSession {
    spec: Arc<Spec>,
    helper: Helper,
    dialect: Dialect,
    /// What the driver calls the system.
    system: String,
    quote: Option<char>,
    layout: Arc<RwLock<Layout>>,
    /// Whether the server follows another one.
    follows: bool,
    /// The watched file, and what it was as the session began.
    file: Option<(PathBuf, FileIdentity)>,
}

impl Odbc {
    /// As a dataset file names it; its files are relative to `base`.
    pub fn new(spec: Spec, base: PathBuf) -> Self {
        Self { spec: Arc::new(spec), base, layout: Arc::default() }
    }
}

impl System for Odbc {
    type Session = OdbcSession;

    fn address(&self) -> String {
        address(&self.spec)
    }

    async fn log_in(&self) -> Result<OdbcSession, SourceError> {
        let spec = Arc::clone(&self.spec);
        let password = password(&spec.password, &self.base)?;
        let file =
            self.file().map(|path| identity_of(&path).map(|stamp| (path, stamp))).transpose()?;
        let connection = Secret(self.connection(password.as_deref())?);
        let mut helper = Helper::start()?;
        let hide = password.map(Secret).into_iter().collect();
        let ready = helper
            .ask(
                &Request::LogIn { version: VERSION, connection, hide, seconds: LOG_IN },
                &mut NoRows,
            )
            .await;
        let failed = |broken, dialect: &Dialect, met| match broken {
            Broken::Failed(failure) => map_error(&spec, &address(&spec), dialect, met, &failure),
            Broken::Gone(error) => error,
        };
        let (system, quote) =
            match ready.map_err(|broken| failed(broken, &Dialect::of(""), Phase::LogIn))? {
                Reply::Ready { version: VERSION, system, quote } => (system, quote),
                _ => return Err(odd()),
            };
        let dialect = Dialect::of(&system);
        if !dialect.snapshot && !spec.unchanging && file.is_none() {
            let detail = format!(
                "{} calls itself `{system}`, which gives no snapshots that are known here: a row \
                 that changes while it is read could be missed; if the table is not changed while \
                 it is asked, say `unchanging = true`",
                address(&spec)
            );
            return Err(misconfigured(detail));
        }
        let statements = dialect.set_up.iter().map(|statement| (*statement).to_owned()).collect();
        let set_up = Request::SetUp {
            statements,
            transactions: dialect.transactions,
            alive: dialect.alive(),
        };
        helper
            .ask(&set_up, &mut NoRows)
            .await
            .map_err(|broken| failed(broken, &dialect, Phase::Later))?;
        let quote = dialect.quote.or(quote);
        let layout = Arc::clone(&self.layout);
        let mut session =
            OdbcSession { spec, helper, dialect, system, quote, layout, follows: false, file };
        session.reads_text().await?;
        session.follows = session.one(dialect.follows).await?.as_deref() == Some("1");
        Ok(session)
    }

    /// Nothing has to be sent: the session ends with its process, and the process with the session.
    async fn interrupt(&self, (): ()) -> Result<(), SourceError> {
        Ok(())
    }
}

impl Session for OdbcSession {
    type Token = ();

    fn token(&self) {}

    async fn begin(&mut self, left: Duration) -> Result<(), SourceError> {
        // What a driver once read of a file it may not read again.
        self.unchanged()?;
        let seconds = whole_seconds(left);
        let statements = self.dialect.begin(seconds);
        self.ask(
            &Request::Begin { statements, seconds: u32::try_from(seconds).unwrap_or(u32::MAX) },
            &mut NoRows,
        )
        .await
        .map(drop)
    }

    async fn end(&mut self) -> Result<(), SourceError> {
        if !self.dialect.transactions {
            return Ok(());
        }
        self.ask(&Request::End, &mut NoRows).await.map(drop)
    }

    async fn tables(&mut self) -> Result<Vec<Table>, SourceError> {
        let (catalog, schema) = (self.spec.catalog.clone(), self.spec.schema.clone());
        let rows = self.collect(&Request::Tables { catalog, schema }).await?;
        Ok(catalogue::tables(&self.spec, &rows))
    }

    async fn relation(&mut self) -> Result<Relation, SourceError> {
        let (catalog, schema, table) =
            (self.spec.catalog.clone(), self.spec.schema.clone(), self.spec.table.clone());
        let rows =
            self.collect(&Request::Columns { catalog, schema, table: table.clone() }).await?;
        let mut found = catalogue::columns(&self.spec, &address(&self.spec), &rows)?;
        let key = Request::PrimaryKey {
            catalog: found.catalog.clone(),
            schema: found.schema.clone(),
            table,
        };
        let key = if self.dialect.whole { Vec::new() } else { self.optional(&key).await? };
        *self.layout.write().unwrap_or_else(PoisonError::into_inner) =
            Layout { bounds: found.bounds, schema: found.schema };
        // Of a fork, its owner has to say that nothing is hidden.
        if self.dialect.lineage == LineageQuery::Postgres
            && lineage::postgres::is_another(
                &self.one(lineage::postgres::VERSION).await?.unwrap_or_default(),
            )
            .is_none()
        {
            let path = self.path(&self.spec.table)?;
            let made = self.one(&lineage::postgres::made(&path)).await?.unwrap_or_default();
            lineage::postgres::refuse(&made, &mut found.columns);
        }
        let locator = catalogue::key(&key, &found.columns, |name| self.quoted(name))?;
        Ok(Relation {
            columns: found.columns,
            locator,
            indexed: Vec::new(),
            is_table: false,
            advice: self.advice(),
        })
    }

    fn follows(&self) -> bool {
        self.follows
    }

    async fn followed(&mut self) -> Result<Option<SystemTime>, SourceError> {
        Ok(self.one(self.dialect.followed).await?.as_deref().and_then(parse_timestamp))
    }

    async fn lineage(&mut self) -> Result<Lineage, SourceError> {
        self.trace_lineage().await
    }

    async fn newest(&mut self, table: &str, column: &str) -> Result<Option<String>, SourceError> {
        let (column, table) = (self.quoted(column)?, self.path(table)?);
        // What knows no functions is read whole; times in texts that sort as they follow one
        // another are what is asked for.
        let statement = if self.dialect.whole {
            format!("select {column} from {table}")
        } else {
            format!("select max({column}) from {table}")
        };
        let rows = self
            .collect(&Request::Read { statement, values: Vec::new(), narrow: self.dialect.narrow })
            .await?;
        Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).max())
    }

    fn statement(&self, query: &Query<'_>) -> String {
        self.select(query).map_or_else(|error| error.detail, |(statement, _)| statement)
    }

    fn most_values(&self) -> usize {
        if self.dialect.whole { usize::MAX } else { VALUES }
    }

    async fn read<K: Sink>(&mut self, query: &Query<'_>, sink: &mut K) -> Result<(), SourceError> {
        let (statement, values) = self.select(query)?;
        let padded = query.columns.iter().map(|column| column.form == Form::Padded).collect();
        let persons = self.dialect.whole.then(|| PersonFilter::of(query)).flatten();
        let (cells, left) =
            (query.columns.len() + query.locator.len(), query.only.first.unwrap_or(u64::MAX));
        let mut reading =
            Reader { sink, row: Rows::default(), cells, padded, persons, rows: 0, left };
        let request = Request::Read { statement, values, narrow: self.dialect.narrow };
        let reply = self.ask(&request, &mut reading).await?;
        let came = reading.rows;
        if reply != (Reply::End { rows: came }) {
            return Err(SourceError::new(
                ErrorCode::SourceFailed,
                format!("{} ended an answer before its end", address(&self.spec)),
            ));
        }
        self.counted(came).await?;
        self.unchanged()
    }
}

impl fmt::Debug for OdbcSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OdbcSession").field("system", &self.system).finish_non_exhaustive()
    }
}
