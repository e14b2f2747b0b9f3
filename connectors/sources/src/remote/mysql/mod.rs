//! `kind = "mysql"`: MySQL and MariaDB.

mod columns;
mod errors;
mod lineage;
mod selecting;
mod sql;
mod values;
mod visibility;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, OptsBuilder, Params, Row, SslOpts, Value};
use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::Remote;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::tls::install_provider;

use self::columns::relation;
use self::errors::{address, map_error};
use self::sql::{bound, quote};
use self::values::{odd, texts};
use super::super::catalogue::Table;
use super::super::{Rows, Source, SourceError};
use super::RemoteSource;
use super::lineage::Lineage;
use super::login::{authorities, password};
use super::system::{Query, Relation, Session, Sink, System, listed, whole_seconds};
use crate::rulings::Rulings;

/// Time between two signs of life on a connection that is not in use.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Statements that a session keeps prepared.
const MOST_STATEMENTS: usize = 64;
/// What a session is set to once: that it only reads, how values are written, that no limit of the
/// server's own shortens an answer, and that no transaction stays open, with an old moment, behind
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
    rulings: Arc<Rulings>,
) -> Result<Arc<dyn Source>, SourceError> {
    let system = Mysql::new(spec.clone(), base.to_owned());
    Ok(Arc::new(RemoteSource::open(dataset, &spec.into(), system, rulings)?))
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
        let failed = |error: Error| map_error(spec, &error);
        let mut connection = Conn::new(options).await.map_err(failed)?;
        let version: Option<String> =
            connection.query_first("select version()").await.map_err(failed)?;
        connection.query_drop(SETTINGS).await.map_err(failed)?;
        let is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
        // In a cluster, a look-up first waits for what the others have committed. A server that
        // does not know the setting does not need it.
        match connection.query_drop("set session wsrep_sync_wait = 1").await {
            Ok(()) => {}
            Err(Error::Server(server_error)) if server_error.code == 1193 => {}
            Err(error) => return Err(failed(error)),
        }
        let mut session = MysqlSession { spec: spec.clone(), connection, is_mariadb, limit: 0 };
        session.is_there_for_all(&spec.table).await?;
        Ok(session)
    }

    async fn interrupt(&self, token: u32) -> Result<(), SourceError> {
        let mut session = self.log_in().await?;
        let killed = session.connection.query_drop(format!("kill query {token}")).await;
        killed.map_err(|error| map_error(&self.spec, &error))?;
        session.connection.disconnect().await.map_err(|error| map_error(&self.spec, &error))
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
            .map_err(|error| map_error(&self.spec, &error))?;
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
                "{} has no table or view `{database}`.`{table}`; correct `source.table`",
                address(&self.spec)
            );
            return Err(SourceError::new(ErrorCode::SourceDrift, detail));
        }
        self.sees_all(&columns).await?;
        Ok(relation(&columns, &self.catalogue(INDEXES).await?))
    }

    async fn lineage(&mut self) -> Result<Lineage, SourceError> {
        self.trace_lineage().await
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
        let failed = |error: Error| map_error(spec, &error);
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
    /// The statement that sets a limit of time, unless it is the one that the server has.
    fn limiting(&self, left: Duration) -> Option<String> {
        let seconds = whole_seconds(left);
        let limit = if self.is_mariadb {
            format!("max_statement_time = {seconds}")
        } else {
            format!("max_execution_time = {seconds}000")
        };
        // Another session's lock is distinguished from a slow statement by running out first, where
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

    fn failed(&self, error: &Error) -> SourceError {
        map_error(&self.spec, error)
    }
}
