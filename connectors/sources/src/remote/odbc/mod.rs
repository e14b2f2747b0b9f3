//! `kind = "odbc"`: whatever has an ODBC driver.
//!
//! The driver runs in a process of its own (`zerotrip-odbc`), one for each connection. Statements
//! are composed here, and their values bound there. What ODBC leaves open is in `dialect.rs`; a
//! system of which nothing is known is asked in plain SQL and without transactions, and only where
//! its owner vouches for its quiet.

mod catalogue;
mod dialect;
mod errors;
mod process;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::{Odbc as Spec, Through};
use zerotrip_datasets::resident_id::{self, Reading, ResidentId};
use zerotrip_odbc_wire::{Kind, Reply, Request, Secret, VERSION, Value};
use zerotrip_proto::v1::ErrorCode;

use super::super::catalogue::Table;
use super::super::{Rows, Source, SourceError};
use super::ground::{self, Ground};
use super::login::{misconfigured, password};
use super::system::{Asked, Form, Query, Relation, Session, Sink, System, whole_seconds};
use super::{Polled, RemoteSource, moment};
use crate::rulings::Rulings;
use catalogue::{Bound, Collecting};
use dialect::{Asks, Dialect};
use errors::{Phase, garbles, map_error};
use process::{Broken, Helper, Taking};

/// Seconds that a log-in may take, where the driver listens; the pool waits no longer than ten.
const LOG_IN: u32 = 9;
/// Values of one column in one statement: SQL Server takes 2100 in all, and Oracle 1000 in one
/// list.
const VALUES: usize = 200;
/// Values of one list.
const MOST_IN_LIST: usize = 900;

/// Opens the table that a dataset file describes.
pub fn open(
    dataset: &DatasetFile,
    spec: &Spec,
    base: &Path,
    adjudications: Arc<Rulings>,
) -> Result<Arc<dyn Source>, SourceError> {
    let system = Odbc::new(spec.clone(), base.to_owned());
    let polled = Polled {
        table: &spec.table,
        connections: spec.connections,
        profile_every: spec.profile_every,
        as_of: &spec.as_of,
        nothing_hidden: spec.nothing_hidden.as_deref(),
    };
    Ok(Arc::new(RemoteSource::open(dataset, &polled, system, adjudications)?))
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

/// A connection, in a process of its own.
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
    file: Option<(PathBuf, Stamp)>,
}

/// By which a change of a file is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp([i64; 5]);

impl Odbc {
    /// As a dataset file names it; its files are relative to `base`.
    pub fn new(spec: Spec, base: PathBuf) -> Self {
        Self { spec: Arc::new(spec), base, layout: Arc::default() }
    }

    fn file(&self) -> Option<PathBuf> {
        let (_, path) = self.spec.file.as_ref()?;
        let path = self.base.join(path);
        // The driver stands in another folder.
        Some(std::path::absolute(&path).unwrap_or(path))
    }

    /// What the driver is given; the password last, so that no value before it can be taken for its
    /// end.
    fn connection(&self, password: Option<&str>) -> Result<String, SourceError> {
        let spec = &self.spec;
        let (name, driver) = match &spec.through {
            Through::Driver(driver) => ("DRIVER", driver),
            Through::Dsn(dsn) => ("DSN", dsn),
        };
        let mut said: Vec<(&str, String)> =
            spec.attributes.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if let (Some((name, _)), Some(path)) = (&spec.file, self.file()) {
            let path = path.to_str().ok_or_else(|| {
                misconfigured("`source.file` is in a folder whose name is no text".to_owned())
            })?;
            said.push((name, path.to_owned()));
        }
        for (name, value) in Dialect::attributes(driver) {
            if !said.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                said.push((name, (*value).to_owned()));
            }
        }
        said.extend(spec.user.clone().map(|user| ("UID", user)));
        said.extend(password.map(|password| ("PWD", password.to_owned())));
        let mut text = format!("{name}={{{}}};", driver.replace('}', "}}"));
        for (name, value) in said {
            text.push_str(&format!("{name}={};", escaped(&value)));
        }
        Ok(text)
    }
}

/// A value that ends where it should. Not every driver knows braces, so they stand only where they
/// must.
fn escaped(value: &str) -> String {
    let plain = |c: char| !"[]{}(),;?*=!@+\"'".contains(c) && !c.is_control();
    if !value.is_empty() && value.trim() == value && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("{{{}}}", value.replace('}', "}}"))
    }
}

fn address(spec: &Spec) -> String {
    let (Through::Driver(name) | Through::Dsn(name)) = &spec.through;
    match spec.attributes.iter().find(|(name, _)| {
        ["server", "servername", "host", "hostname", "dbq"].contains(&name.to_lowercase().as_str())
    }) {
        Some((_, host)) => format!("the system behind `{name}` at `{host}`"),
        None => format!("the system behind `{name}`"),
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
            self.file().map(|path| Stamp::of(&path).map(|stamp| (path, stamp))).transpose()?;
        let connection = Secret(self.connection(password.as_deref())?);
        let mut helper = Helper::start()?;
        let hide = password.map(Secret).into_iter().collect();
        let ready = helper
            .ask(
                &Request::LogIn { version: VERSION, connection, hide, seconds: LOG_IN },
                &mut Nothing,
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
                 that changes while it is read could be missed; if nobody changes the table while \
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
            .ask(&set_up, &mut Nothing)
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

    /// Nothing has to be told: the session ends with its process, and the process with the session.
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
            &mut Nothing,
        )
        .await
        .map(drop)
    }

    async fn end(&mut self) -> Result<(), SourceError> {
        if !self.dialect.transactions {
            return Ok(());
        }
        self.ask(&Request::End, &mut Nothing).await.map(drop)
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
        if self.dialect.ground == Asks::Postgres
            && ground::postgres::is_another(
                &self.one(ground::postgres::VERSION).await?.unwrap_or_default(),
            )
            .is_none()
        {
            let path = self.path(&self.spec.table)?;
            let made = self.one(&ground::postgres::made(&path)).await?.unwrap_or_default();
            ground::postgres::refuse(&made, &mut found.columns);
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
        Ok(self.one(self.dialect.followed).await?.as_deref().and_then(moment))
    }

    async fn ground(&mut self) -> Result<Ground, SourceError> {
        let path = self.path(&self.spec.table)?;
        let lines = match self.dialect.ground {
            Asks::Nothing => {
                let why = format!(
                    "`{}` cannot be asked through ODBC what it rests upon, as far as is known here",
                    self.spec.table
                );
                return Ok(Ground::unasked(&why));
            }
            Asks::InFile if self.file.is_some() => {
                return Ok(Ground::of(&format!("table: {}", self.spec.table)));
            }
            Asks::InFile => {
                return Ok(Ground::unasked(
                    "which file it is in is not said: name it in `source.file`",
                ));
            }
            Asks::Postgres => {
                let version = self.one(ground::postgres::VERSION).await?.unwrap_or_default();
                if let Some(another) = ground::postgres::is_another(&version) {
                    return Ok(another);
                }
                let lines = self.one(&ground::postgres::proof(&path)).await?;
                return Ok(ground::postgres::read(lines.as_deref().unwrap_or_default()));
            }
            Asks::Statement(statement) => {
                let schema = self.spec.schema.clone();
                let schema = schema.or_else(|| {
                    self.layout.read().unwrap_or_else(PoisonError::into_inner).schema.clone()
                });
                let literal = |text: &str| text.replace('\'', "''");
                let statement = statement
                    .replace("{path}", &literal(&path))
                    .replace("{schema}", &literal(&schema.unwrap_or_default()))
                    .replace("{table}", &literal(&self.spec.table));
                self.one(&statement).await?
            }
        };
        Ok(Ground::of(lines.as_deref().unwrap_or_default()))
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
        let persons = self.dialect.whole.then(|| Chosen::of(query)).flatten();
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

impl OdbcSession {
    /// A table that was read whole has as many rows as the system itself counts: a driver that
    /// gives up on a damaged page does not say so.
    async fn counted(&mut self, came: u64) -> Result<(), SourceError> {
        if !self.dialect.whole {
            return Ok(());
        }
        let statement = format!("select count(*) from {}", self.path(&self.spec.table)?);
        let rows = self
            .collect(&Request::Read { statement, values: Vec::new(), narrow: self.dialect.narrow })
            .await?;
        let count =
            rows.first().and_then(|row| row.first()?.as_deref()?.trim().parse::<u64>().ok());
        if count == Some(came) {
            return Ok(());
        }
        let count = count.map_or("an unknown number".to_owned(), |count| count.to_string());
        let detail = format!(
            "{} gave {came} rows of `{}`, which has {count}; have the file repaired",
            address(&self.spec),
            self.spec.table
        );
        Err(SourceError::new(ErrorCode::SourceFailed, detail))
    }

    /// A character beyond ASCII comes as what it is; `$` where the database itself has none. Not
    /// for a driver that is known to be narrow.
    async fn reads_text(&mut self) -> Result<(), SourceError> {
        let came = self.one(self.dialect.probe).await?;
        if self.dialect.probe.is_empty() || matches!(came.as_deref(), Some("张" | "$")) {
            return Ok(());
        }
        Err(misconfigured(garbles(&address(&self.spec))))
    }

    async fn ask<T: Taking>(
        &mut self,
        request: &Request,
        rows: &mut T,
    ) -> Result<Reply, SourceError> {
        self.helper.ask(request, rows).await.map_err(|broken| match broken {
            Broken::Failed(failure) => {
                map_error(&self.spec, &address(&self.spec), &self.dialect, Phase::Later, &failure)
            }
            Broken::Gone(error) => error,
        })
    }

    /// The one value of a query; none where there is nothing to ask.
    async fn one(&mut self, statement: &str) -> Result<Option<String>, SourceError> {
        if statement.is_empty() {
            return Ok(None);
        }
        let request = Request::Read {
            statement: statement.to_owned(),
            values: Vec::new(),
            narrow: self.dialect.narrow,
        };
        let rows = self.collect(&request).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    async fn collect(
        &mut self,
        request: &Request,
    ) -> Result<Vec<Vec<Option<String>>>, SourceError> {
        let mut rows = Collecting::default();
        self.ask(request, &mut rows).await?;
        Ok(rows.rows)
    }

    /// What a driver need not be able to say.
    async fn optional(
        &mut self,
        request: &Request,
    ) -> Result<Vec<Vec<Option<String>>>, SourceError> {
        let mut rows = Collecting::default();
        match self.helper.ask(request, &mut rows).await {
            Ok(_) => Ok(rows.rows),
            Err(Broken::Failed(failure))
                if matches!(failure.state.as_str(), "IM001" | "HYC00" | "S1C00") =>
            {
                Ok(Vec::new())
            }
            Err(Broken::Failed(failure)) => Err(map_error(
                &self.spec,
                &address(&self.spec),
                &self.dialect,
                Phase::Later,
                &failure,
            )),
            Err(Broken::Gone(error)) => Err(error),
        }
    }

    /// The watched file is what it was as the session began; a system with snapshots need not be
    /// watched.
    fn unchanged(&self) -> Result<(), SourceError> {
        let Some((path, was)) = self.file.as_ref().filter(|_| !self.dialect.snapshot) else {
            return Ok(());
        };
        if Stamp::of(path)? == *was {
            return Ok(());
        }
        Err(SourceError::new(
            ErrorCode::SourceFailed,
            format!("`{}` changed while it was read; ask again", path.display()),
        ))
    }

    fn advice(&self) -> Vec<String> {
        let system = &self.system;
        let mut advice = Vec::new();
        match (self.dialect.snapshot, &self.file) {
            (true, _) => {}
            (false, Some(_)) => advice.push(format!(
                "`{system}` gives no snapshots: a look-up during which the file changes fails, so \
                 have it replaced or written at quiet times"
            )),
            (false, None) => advice.push(format!(
                "`{system}` gives no snapshots that are known here: answers are right only as \
                 long as nobody changes the table, as `unchanging` says"
            )),
        }
        if self.dialect.whole {
            advice
                .push("the driver binds no values: every look-up reads the whole table".to_owned());
        } else {
            advice.push(
                "whether the look-up columns have indexes cannot be asked through ODBC: see to it \
                 that they do"
                    .to_owned(),
            );
        }
        advice
    }

    fn select(&self, query: &Query<'_>) -> Result<(String, Vec<Value>), SourceError> {
        let mut cells = query
            .columns
            .iter()
            .map(|column| self.quoted(&column.name))
            .collect::<Result<Vec<_>, _>>()?;
        cells.extend(query.locator.iter().map(|part| part.expression.clone()));
        if cells.is_empty() {
            // Some column, for there must be one: how many rows there are is all that is asked.
            let layout = self.layout.read().unwrap_or_else(PoisonError::into_inner);
            cells.extend(layout.bounds.keys().min().map(|name| self.quoted(name)).transpose()?);
        }
        let mut statement =
            format!("select {} from {}", cells.join(", "), self.path(&self.spec.table)?);
        let (mut asked, mut values) = (Vec::new(), Vec::new());
        if !self.dialect.whole {
            let layout = self.layout.read().unwrap_or_else(PoisonError::into_inner);
            for part in &query.asked {
                let bound = layout
                    .bounds
                    .get(&part.column.name)
                    .copied()
                    .unwrap_or(Bound { kind: Kind::Varchar, size: 0 });
                let these = bound.values(part);
                for list in these.chunks(MOST_IN_LIST) {
                    asked.push(format!(
                        "{} in ({})",
                        self.quoted(&part.column.name)?,
                        vec!["?"; list.len()].join(",")
                    ));
                }
                values.extend(these);
            }
        }
        if !asked.is_empty() {
            statement.push_str(&format!(" where {}", asked.join(" or ")));
        }
        Ok((statement, values))
    }

    fn path(&self, table: &str) -> Result<String, SourceError> {
        let found = self.layout.read().unwrap_or_else(PoisonError::into_inner).schema.clone();
        let schema = self.spec.schema.clone().or(found);
        let parts = [self.spec.catalog.as_deref(), schema.as_deref(), Some(table)];
        let parts = parts
            .into_iter()
            .flatten()
            .map(|part| self.quoted(part))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(parts.join("."))
    }

    fn quoted(&self, name: &str) -> Result<String, SourceError> {
        match self.quote {
            Some(quote) => {
                Ok(format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}"))))
            }
            None if name.chars().all(|c| c.is_alphanumeric() || c == '_') => Ok(name.to_owned()),
            None => Err(misconfigured(format!(
                "the driver quotes no names, and `{name}` cannot stand without; attach a view \
                 with plain names"
            ))),
        }
    }
}

/// Where rows go that are none.
struct Nothing;

impl Taking for Nothing {
    async fn take(&mut self, _: Vec<Vec<Option<String>>>) -> Result<(), SourceError> {
        Err(odd())
    }
}

/// Rows on their way to where they are wanted.
struct Reader<'a, K> {
    sink: &'a mut K,
    row: Rows,
    cells: usize,
    padded: Vec<bool>,
    persons: Option<Chosen>,
    /// How many came.
    rows: u64,
    /// How many more are wanted. The others are read all the same, for only an answer's end shows
    /// that it was one.
    left: u64,
}

impl<K: Sink> Taking for Reader<'_, K> {
    async fn take(&mut self, batch: Vec<Vec<Option<String>>>) -> Result<(), SourceError> {
        for mut row in batch {
            self.rows += 1;
            if row.len() != self.cells.max(1) {
                return Err(odd());
            }
            if self.left == 0 {
                continue;
            }
            self.left -= 1;
            row.truncate(self.cells);
            for (cell, _) in row.iter_mut().zip(&self.padded).filter(|(_, padded)| **padded) {
                if let Some(text) = cell {
                    text.truncate(text.trim_end_matches(' ').len());
                }
            }
            self.row.clear();
            row.iter().for_each(|cell| self.row.cell(cell.as_deref()));
            if self.persons.as_ref().is_none_or(|persons| persons.are_in(&row))
                && self.sink.take(self.row.end_row(1))?
            {
                self.sink.flush().await?;
            }
        }
        Ok(())
    }
}

/// Rows of a table that is read whole: those in which one of these persons stands where it was
/// asked for.
struct Chosen {
    places: Vec<usize>,
    persons: HashSet<ResidentId>,
}

impl Chosen {
    /// None where every row is wanted.
    fn of(query: &Query<'_>) -> Option<Self> {
        if query.asked.is_empty() {
            return None;
        }
        let place = |asked: &Asked<'_>| {
            query.columns.iter().position(|column| column.name == asked.column.name)
        };
        let places = query.asked.iter().filter_map(place).collect();
        let persons = query
            .asked
            .iter()
            .flat_map(|asked| asked.values)
            .filter_map(|value| person(value))
            .collect();
        Some(Self { places, persons })
    }

    fn are_in(&self, row: &[Option<String>]) -> bool {
        let cells = self.places.iter().filter_map(|place| row.get(*place)?.as_deref());
        cells.filter_map(person).any(|person| self.persons.contains(&person))
    }
}

fn person(text: &str) -> Option<ResidentId> {
    match resident_id::parse(text) {
        Reading::Person(person) => Some(person),
        _ => None,
    }
}

impl Stamp {
    fn of(path: &Path) -> Result<Self, SourceError> {
        let meta = fs::metadata(path).map_err(|error| {
            SourceError::new(
                ErrorCode::SourceUnreachable,
                format!("`{}`: {error}; mend `source.file`", path.display()),
            )
        })?;
        let size = i64::try_from(meta.size()).unwrap_or(i64::MAX);
        Ok(Self([
            i64::try_from(meta.ino()).unwrap_or_default(),
            size,
            meta.mtime(),
            meta.mtime_nsec(),
            meta.ctime_nsec() ^ meta.ctime(),
        ]))
    }
}

impl fmt::Debug for OdbcSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OdbcSession").field("system", &self.system).finish_non_exhaustive()
    }
}

fn odd() -> SourceError {
    SourceError::new(
        ErrorCode::SourceFailed,
        "`zerotrip-odbc` answered something else than was asked for; is it of the connector's own \
         version?",
    )
}
