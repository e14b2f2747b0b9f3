//! `kind = "mysql"`: MySQL and MariaDB.

mod resting;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, DriverError, Error, IoError, OptsBuilder, Params, Row, SslOpts, Value};
use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::Remote;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::tls::install_provider;

use super::super::catalogue::Table;
use super::super::select::sign;
use super::super::{Rows, Source, SourceError};
use super::RemoteSource;
use super::ground::Ground;
use super::login::{authorities, not_let_in, password};
use super::system::{
    Asked, Column, Form, Locator, Query, Relation, Session, Sink, System, listed, whole_seconds,
};
use crate::rulings::Rulings;

/// Time between two signs of life on a connection that nobody uses.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Statements that a session keeps prepared.
const MOST_STATEMENTS: usize = 64;
/// What a session is told once: that it only reads, how values are written, that no limit of the
/// server's own shortens an answer, and that no transaction stands open, with an old moment, behind
/// a statement that has none.
const SETTINGS: &str = "set session autocommit = 1, session completion_type = 'NO_CHAIN'; set \
                        names utf8mb4; set session sql_mode = '', session time_zone = '+08:00', \
                        session sql_select_limit = 18446744073709551615, session sql_big_selects \
                        = 1, session sql_auto_is_null = 0, session sql_quote_show_create = 1; set \
                        session transaction isolation level repeatable read, read only";
/// Kind of table, engine, and each column's name, type, type in full and precision.
const COLUMNS: &str = "select t.table_type, t.engine, c.column_name, c.data_type, c.column_type, \
                       c.numeric_precision from information_schema.tables t join \
                       information_schema.columns c on c.table_schema = t.table_schema and \
                       c.table_name = t.table_name where t.table_schema = ? and t.table_name = ? \
                       order by c.ordinal_position";
/// The database's tables and views.
const TABLES: &str = "select table_name, case when table_type like '%VIEW' then 'false' else \
                      'true' end, table_rows from information_schema.tables where table_schema = \
                      ? order by table_name limit 10000";
/// Every index's columns, in order.
const INDEXES: &str = "select index_name, column_name, seq_in_index from \
                       information_schema.statistics where table_schema = ? and table_name = ? \
                       order by index_name, seq_in_index";

/// Opens the table that a dataset file describes.
pub fn open(
    dataset: &DatasetFile,
    spec: &Remote,
    base: &Path,
    adjudications: Arc<Rulings>,
) -> Result<Arc<dyn Source>, SourceError> {
    let system = Mysql::new(spec.clone(), base.to_owned());
    Ok(Arc::new(RemoteSource::open(dataset, &spec.into(), system, adjudications)?))
}

/// A server, and a table on it.
#[derive(Debug)]
pub struct Mysql {
    spec: Remote,
    base: PathBuf,
}

/// A connection.
pub struct MysqlSession {
    spec: Remote,
    connection: Conn,
    /// MariaDB and MySQL call their limits of time differently.
    is_mariadb: bool,
    /// Seconds that the server allows a statement.
    limit: u64,
}

impl Mysql {
    /// As a dataset file names it; a password's and a certificate's file are relative to `base`.
    pub fn new(spec: Remote, base: PathBuf) -> Self {
        // The driver makes its TLS configurations itself, with the process's provider.
        install_provider();
        Self { spec, base }
    }
}

impl System for Mysql {
    type Session = MysqlSession;

    const COUNTS: bool = true;
    const ALONE: bool = true;

    fn address(&self) -> String {
        address(&self.spec)
    }

    async fn log_in(&self) -> Result<MysqlSession, SourceError> {
        let spec = &self.spec;
        let mut options = OptsBuilder::default()
            .ip_or_hostname(&spec.host)
            .tcp_port(spec.port)
            .db_name(Some(&spec.database))
            .user(Some(&spec.user))
            .pass(password(&spec.password, &self.base)?)
            .prefer_socket(false)
            .tcp_keepalive(Some(KEEP_ALIVE))
            .stmt_cache_size(MOST_STATEMENTS)
            .connect_attribute("program_name", "zerotrip-connector");
        if let Some(authorities) = authorities(&spec.tls, &self.base)? {
            let roots = authorities.iter().map(|certificate| certificate.to_vec().into()).collect();
            options = options.ssl_opts(
                SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(true),
            );
        }
        let failed = |error: Error| failed(spec, &error);
        let mut connection = Conn::new(options).await.map_err(failed)?;
        let version: Option<String> =
            connection.query_first("select version()").await.map_err(failed)?;
        connection.query_drop(SETTINGS).await.map_err(failed)?;
        let is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
        // In a cluster, a look-up first waits for what the others have committed. A server that
        // knows nothing of it needs not be told.
        match connection.query_drop("set session wsrep_sync_wait = 1").await {
            Ok(()) => {}
            Err(Error::Server(told)) if told.code == 1193 => {}
            Err(error) => return Err(failed(error)),
        }
        let mut session = MysqlSession { spec: spec.clone(), connection, is_mariadb, limit: 0 };
        session.is_there_for_all(&spec.table).await?;
        Ok(session)
    }

    async fn interrupt(&self, token: u32) -> Result<(), SourceError> {
        let mut session = self.log_in().await?;
        let told = session.connection.query_drop(format!("kill query {token}")).await;
        told.map_err(|error| failed(&self.spec, &error))?;
        session.connection.disconnect().await.map_err(|error| failed(&self.spec, &error))
    }
}

impl Session for MysqlSession {
    type Token = u32;

    fn token(&self) -> u32 {
        self.connection.id()
    }

    async fn begin(&mut self, left: Duration) -> Result<(), SourceError> {
        let mut sql =
            self.limiting(left).map_or_else(String::new, |limiting| format!("{limiting}; "));
        sql.push_str("start transaction with consistent snapshot, read only");
        self.limit(sql, left).await
    }

    async fn allow(&mut self, left: Duration) -> Result<(), SourceError> {
        match self.limiting(left) {
            Some(sql) => self.limit(sql, left).await,
            None => Ok(()),
        }
    }

    async fn end(&mut self) -> Result<(), SourceError> {
        self.connection.query_drop("rollback").await.map_err(|error| self.failed(&error))
    }

    async fn tables(&mut self) -> Result<Vec<Table>, SourceError> {
        let rows: Vec<Row> = self
            .connection
            .exec(TABLES, (&self.spec.database,))
            .await
            .map_err(|error| failed(&self.spec, &error))?;
        Ok(rows
            .into_iter()
            .map(texts)
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .filter_map(listed)
            .collect())
    }

    async fn relation(&mut self) -> Result<Relation, SourceError> {
        let columns = self.catalogue(COLUMNS).await?;
        if columns.is_empty() {
            let (database, table) = (&self.spec.database, &self.spec.table);
            let detail = format!(
                "{} has no table or view `{database}`.`{table}`; mend `source.table`",
                address(&self.spec)
            );
            return Err(SourceError::new(ErrorCode::SourceDrift, detail));
        }
        self.sees_all(&columns).await?;
        Ok(relation(&columns, &self.catalogue(INDEXES).await?))
    }

    async fn ground(&mut self) -> Result<Ground, SourceError> {
        self.rests_upon().await
    }

    async fn newest(&mut self, table: &str, column: &str) -> Result<Option<String>, SourceError> {
        self.is_there_for_all(table).await?;
        let sql = format!("select cast(max({}) as char) from {}", quote(column), self.table(table));
        let row: Option<Row> =
            self.connection.exec_first(sql, ()).await.map_err(|error| self.failed(&error))?;
        Ok(row.map(texts).transpose()?.and_then(|row| row.into_iter().next().flatten()))
    }

    fn statement(&self, query: &Query<'_>) -> String {
        self.select(query).0
    }

    /// From 1000 on, MariaDB makes a table of a list, and may prefer to read the other one whole.
    fn most_values(&self) -> usize {
        512
    }

    async fn read<K: Sink>(&mut self, query: &Query<'_>, sink: &mut K) -> Result<(), SourceError> {
        let (sql, more) = self.select(query);
        let values: Vec<Value> =
            query.asked.iter().flat_map(bound).chain(more.into_iter().map(Value::from)).collect();
        let spec = &self.spec;
        let failed = |error: Error| failed(spec, &error);
        let params = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
        let mut stream =
            self.connection.exec_stream::<Row, _, _>(sql, params).await.map_err(failed)?;
        let mut cells = Rows::default();
        while let Some(row) = stream.try_next().await.map_err(failed)? {
            cells.clear();
            for at in 0..row.len() {
                match row.as_ref(at) {
                    Some(Value::NULL) => cells.cell(None),
                    Some(Value::Bytes(bytes)) => cells.bytes(bytes),
                    Some(Value::Int(number)) => cells.shown(number),
                    Some(Value::UInt(number)) => cells.shown(number),
                    _ => return Err(odd()),
                }
            }
            if sink.take(cells.end_row(1))? {
                sink.flush().await?;
            }
        }
        Ok(())
    }
}

impl MysqlSession {
    /// What tells the server of a limit of time, unless it is the one that it has.
    fn limiting(&self, left: Duration) -> Option<String> {
        let seconds = whole_seconds(left);
        let limit = if self.is_mariadb {
            format!("max_statement_time = {seconds}")
        } else {
            format!("max_execution_time = {seconds}000")
        };
        // Somebody else's lock is told apart from a slow statement by running out first, where
        // there are seconds enough.
        (seconds != self.limit).then(|| {
            format!("set session {limit}, session lock_wait_timeout = {}", (seconds * 3 / 4).max(1))
        })
    }

    /// Sends what sets that limit, among other things.
    async fn limit(&mut self, sql: String, left: Duration) -> Result<(), SourceError> {
        self.limit = 0;
        self.connection.query_drop(sql).await.map_err(|error| self.failed(&error))?;
        self.limit = whole_seconds(left);
        Ok(())
    }

    async fn catalogue(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, SourceError> {
        let which = (&self.spec.database, &self.spec.table);
        let rows: Vec<Row> =
            self.connection.exec(sql, which).await.map_err(|error| failed(&self.spec, &error))?;
        rows.into_iter().map(texts).collect()
    }

    /// What the server does as each session begins (`init_connect`) may make a temporary table,
    /// which is there in place of one of the same name, or of a view, for this session alone.
    /// Whoever has one may always be shown how it is made; so where that is refused there is none.
    async fn is_there_for_all(&mut self, table: &str) -> Result<(), SourceError> {
        let made = match self
            .connection
            .query_first::<Row, _>(format!("show create table {}", self.table(table)))
            .await
        {
            Ok(Some(made)) => made,
            Ok(None) | Err(Error::Server(_)) => return Ok(()),
            Err(error) => return Err(self.failed(&error)),
        };
        let is_view = made.columns_ref().first().is_some_and(|column| column.name_str() == "View");
        let text = texts(made)?.into_iter().nth(1).flatten().unwrap_or_default();
        if is_view || text.starts_with("CREATE TABLE ") {
            return Ok(());
        }
        let detail = format!(
            "{} shows this session alone another `{table}` in place of the table, a temporary \
             one; take it out of what the server does as a session begins (`init_connect`)",
            address(&self.spec)
        );
        Err(SourceError::new(ErrorCode::Misconfigured, detail))
    }

    /// The catalogue shows an account only the columns that it may read: that these are all, the
    /// star shows, and for columns that the star leaves out (`invisible`) the statement that
    /// would make the table again.
    async fn sees_all(&mut self, columns: &[Vec<Option<String>>]) -> Result<(), SourceError> {
        let (table, spec) = (self.table(&self.spec.table), &self.spec);
        let why = |detail: &str| {
            format!(
                "{detail}; the account must be allowed to read each column of `{}`, since a row \
                 could be about persons who are named in one that it does not see: grant it \
                 `select` on the table",
                spec.table
            )
        };
        let refused = |error: Error| {
            let error = failed(spec, &error);
            SourceError::new(error.code, why(&error.detail))
        };
        self.connection
            .query_drop(format!("select * from {table} limit 0"))
            .await
            .map_err(refused)?;
        if columns
            .first()
            .and_then(|row| row.first())
            .is_some_and(|kind| kind.as_deref() == Some("VIEW"))
        {
            return Ok(());
        }
        let made: Option<Row> = self
            .connection
            .query_first(format!("show create table {table}"))
            .await
            .map_err(refused)?;
        let made = made
            .map(texts)
            .transpose()?
            .and_then(|row| row.into_iter().nth(1))
            .flatten()
            .unwrap_or_default();
        let seen: BTreeSet<&str> =
            columns.iter().filter_map(|row| row.get(2)?.as_deref()).collect();
        let made: BTreeSet<String> = made.lines().filter_map(made_column).collect();
        if made.iter().map(String::as_str).eq(seen) {
            return Ok(());
        }
        let detail = format!(
            "{}: `{}` has other columns than its catalogue shows `{}`",
            address(spec),
            spec.table,
            spec.user
        );
        Err(SourceError::new(ErrorCode::Misconfigured, why(&detail)))
    }

    /// The statement, and what it binds behind the values that are asked for.
    fn select(&self, query: &Query<'_>) -> (String, Vec<String>) {
        let only = &query.only;
        let cells = query
            .columns
            .iter()
            .map(|column| if only.counted { bytewise(column) } else { cell(column) });
        let mut cells: Vec<String> =
            cells.chain(query.locator.iter().map(|part| part.expression.clone())).collect();
        let asked: Vec<String> = query.asked.iter().map(condition).collect();
        let mut conditions = if asked.is_empty() { "true".to_owned() } else { asked.join(" or ") };
        let mut bound: Vec<String> = Vec::new();
        if let Some((only, columns)) = &only.condition {
            let bound = std::cell::RefCell::new(&mut bound);
            let mut none_of = |place: usize, texts: &[String]| {
                let Some(text) = columns.column(place).map(bytewise) else {
                    return "true".to_owned();
                };
                bound.borrow_mut().extend_from_slice(texts);
                format!("({text} is null or {text} not in ({}))", vec!["?"; texts.len()].join(","))
            };
            let mut day = |place: usize, op, day: &str| {
                let Some(text) = columns.column(place).map(bytewise) else {
                    return "true".to_owned();
                };
                bound.borrow_mut().push(day.to_owned());
                // A month or a day of no number is no date, though it has the length of one.
                format!(
                    "({text} is null or char_length({text}) <> 10 or {text} like '%-00%' or \
                     {text} {} ?)",
                    sign(op)
                )
            };
            conditions = format!("({conditions}) and {}", only.sql(&mut none_of, &mut day));
        }
        if only.counted {
            if !cells.is_empty() {
                conditions = format!("{conditions} group by {}", cells.join(", "));
            }
            cells.push("cast(count(*) as char)".to_owned());
        }
        let limit = only.first.map(|first| format!(" limit {first}")).unwrap_or_default();
        let cells = if cells.is_empty() { "''".to_owned() } else { cells.join(", ") };
        (
            format!(
                "select {cells} from {} where {conditions}{limit}",
                self.table(&self.spec.table)
            ),
            bound,
        )
    }

    fn table(&self, table: &str) -> String {
        format!("{}.{}", quote(&self.spec.database), quote(table))
    }

    fn failed(&self, error: &Error) -> SourceError {
        failed(&self.spec, error)
    }
}

/// The name of the column that this line of a `create table` makes, if it makes one.
fn made_column(line: &str) -> Option<String> {
    let name = line.strip_prefix("  `")?;
    let end = name.replace("``", "\0\0").find('`')?;
    Some(name.get(..end)?.replace("``", "`"))
}

/// The column holds one of so many values.
fn condition(asked: &Asked<'_>) -> String {
    format!("{} in ({})", quote(&asked.column.name), vec!["?"; places(asked)].join(","))
}

/// The values, each as the column's own kind: a number beside text, or text beside a number, would
/// be compared as floating-point numbers. The last one is repeated up to the number of places.
fn bound(asked: &Asked<'_>) -> Vec<Value> {
    let number = asked.column.form.is_asked_in_numbers();
    let value = |text: &String| match text.parse::<i64>() {
        Ok(whole) if number => Value::Int(whole),
        _ => Value::Bytes(text.clone().into_bytes()),
    };
    let mut values: Vec<Value> = asked.values.iter().map(value).collect();
    if let Some(last) = values.last().cloned() {
        values.resize(places(asked), last);
    }
    values
}

/// A power of two, so that few statements serve all look-ups.
fn places(asked: &Asked<'_>) -> usize {
    asked.values.len().next_power_of_two()
}

/// A column's cells as text. Text is sent as it is; what is made of it could no longer be sent in
/// the order of an index.
fn cell(column: &Column) -> String {
    let name = quote(&column.name);
    match column.form {
        Form::Text | Form::Padded => name,
        Form::Bits(bits) => format!("lpad(bin({name} + 0), {bits}, '0')"),
        _ => format!("cast({name} as char)"),
    }
}

/// The same, compared by what it is and not as the column's collation has it.
fn bytewise(column: &Column) -> String {
    format!("convert({} using utf8mb4) collate utf8mb4_bin", cell(column))
}

fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// What the catalogue's rows say.
fn relation(columns: &[Vec<Option<String>>], indexes: &[Vec<Option<String>>]) -> Relation {
    let mut relation = Relation {
        columns: Vec::new(),
        locator: Vec::new(),
        indexed: Vec::new(),
        is_table: false,
        advice: Vec::new(),
    };
    for row in columns {
        let [kind, engine, Some(name), Some(type_name), Some(in_full), precision] = row.as_slice()
        else {
            continue;
        };
        relation.columns.push(Column {
            name: name.clone(),
            type_name: in_full.clone(),
            form: form(type_name, precision.as_deref()),
        });
        relation.is_table = kind.as_deref() != Some("VIEW");
        if let Some(engine) = engine
            && engine != "InnoDB"
            && relation.advice.is_empty()
        {
            relation.advice.push(format!(
                "the engine `{engine}` has no snapshots: what changes during a look-up may come \
                 in both states"
            ));
        }
    }
    for row in indexes {
        let [Some(index), Some(column), place] = row.as_slice() else { continue };
        if place.as_deref() == Some("1") {
            relation.indexed.push(column.clone());
        }
        if index == "PRIMARY" {
            let refused = relation
                .columns
                .iter()
                .any(|known| known.name == *column && known.form == Form::Refused);
            let expression = if refused {
                format!("hex({})", quote(column))
            } else {
                format!("cast({} as char)", quote(column))
            };
            relation.locator.push(Locator { name: column.clone(), expression });
        }
    }
    relation
}

/// How a type's cells are read.
fn form(type_name: &str, precision: Option<&str>) -> Form {
    match type_name {
        "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Form::Text,
        "char" => Form::Padded,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Form::Whole,
        "decimal" => Form::Decimal,
        "float" | "double" => Form::Float,
        "bit" => precision.and_then(|bits| bits.parse().ok()).map_or(Form::Refused, Form::Bits),
        "enum" | "set" | "date" | "datetime" | "timestamp" | "time" | "year" | "uuid" => {
            Form::Plain
        }
        _ => Form::Refused,
    }
}

fn texts(row: Row) -> Result<Vec<Option<String>>, SourceError> {
    let text = |value| match value {
        Value::NULL => Ok(None),
        Value::Bytes(bytes) => Ok(Some(
            String::from_utf8(bytes)
                .unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned()),
        )),
        Value::Int(number) => Ok(Some(number.to_string())),
        Value::UInt(number) => Ok(Some(number.to_string())),
        _ => Err(odd()),
    };
    row.unwrap().into_iter().map(text).collect()
}

fn odd() -> SourceError {
    SourceError::new(ErrorCode::SourceDrift, "the server sends something else than text")
}

fn address(spec: &Remote) -> String {
    format!("the MySQL server at `{}:{}`", spec.host, spec.port)
}

/// The server's messages can hold values of rows: of those that could, only the code is passed on.
fn failed(spec: &Remote, error: &Error) -> SourceError {
    let server = address(spec);
    let (code, detail) = match error {
        Error::Server(told) => match told.code {
            1045 | 1698 | 1130 | 1129 => {
                (ErrorCode::Misconfigured, not_let_in(&server, &spec.user, &spec.password))
            }
            1044 | 1049 => (
                ErrorCode::Misconfigured,
                format!(
                    "{server} has no database `{}` for it; mend `source.database`",
                    spec.database
                ),
            ),
            1142 | 1143 => (
                ErrorCode::Misconfigured,
                format!("{server}: `{}` may not read it: {}", spec.user, told.message),
            ),
            1051 | 1054 | 1146 | 1356 => {
                (ErrorCode::SourceDrift, format!("{server}: {}", told.message))
            }
            1412 => (
                ErrorCode::SourceDrift,
                format!("{server}: the table has changed since the look-up began"),
            ),
            1317 | 1969 | 3024 => (
                ErrorCode::SourceTimeout,
                format!("{server} stopped the statement: its time was up"),
            ),
            1205 => (
                ErrorCode::SourceTimeout,
                format!("{server}: somebody else holds a lock on `{}`", spec.table),
            ),
            1040 | 1203 | 1226 => (
                ErrorCode::SourceUnreachable,
                format!("{server} has too many connections; lower `source.connections`"),
            ),
            1053 | 1152 | 1927 => {
                (ErrorCode::SourceUnreachable, format!("{server} is shutting down"))
            }
            other => (ErrorCode::SourceFailed, format!("{server} failed with error {other}")),
        },
        Error::Io(IoError::Tls(error)) => (
            ErrorCode::SourceUnreachable,
            format!(
                "{server}: TLS: {error}; mend `source.host`, `source.ca_file` or `source.tls`, or \
                 the server's certificate"
            ),
        ),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => (
            ErrorCode::Misconfigured,
            format!("{server} offers no TLS; turn it on there, or say `tls = \"off\"`"),
        ),
        Error::Io(IoError::Io(error)) => {
            (ErrorCode::SourceUnreachable, format!("{server}: {error}"))
        }
        Error::Driver(error) => (ErrorCode::SourceFailed, format!("{server}: {error}")),
        Error::Url(_) | Error::Other(_) => {
            (ErrorCode::SourceFailed, format!("{server}: the driver failed"))
        }
    };
    SourceError::new(code, detail)
}
