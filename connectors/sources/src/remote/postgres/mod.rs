//! `kind = "postgres"`: PostgreSQL, and what speaks its protocol.

mod columns;
mod errors;
mod selecting;
mod sql;
mod values;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::TryStreamExt as _;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, Client, Config, Error, NoTls, Statement};
use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::Remote;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::tls::foreign_client_config;

use self::columns::relation;
use self::errors::{address, map_error};
use self::values::{Text, odd, texts};
use super::super::catalogue::Table;
use super::super::table::quote;
use super::super::timestamp::parse_timestamp;
use super::super::{Rows, Source, SourceError};
use super::RemoteSource;
use super::lineage::{self, Lineage};
use super::login::{authorities, misconfigured, password};
use super::system::{Query, Relation, Session, Sink, System, listed, whole_seconds};
use super::tls::MakeTls;
use crate::rulings::Rulings;

/// Time between two signs of life on a connection that is not in use.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Time that sent bytes may stay unconfirmed before the server counts as gone.
const UNCONFIRMED: Duration = Duration::from_secs(30);
/// Statements that a session keeps prepared.
const MOST_STATEMENTS: usize = 64;
/// What a session is set to once: how values are written, that names are looked up nowhere but
/// where we say (what is temporary last: it would come first if it were not named), and that rows
/// hidden by a policy are an error and no absence.
const SETTINGS: &str = "set session characteristics as transaction isolation level repeatable read, read only; set \
     datestyle = 'ISO, YMD'; set timezone = 'Asia/Shanghai'; set extra_float_digits = 1; set \
     bytea_output = 'hex'; set standard_conforming_strings = on; set search_path = pg_catalog, \
     pg_temp; set row_security = off; set idle_in_transaction_session_timeout = '10min'";
/// The table's columns: kind of table, name, type, underlying type, kind of type, place in the
/// primary key, whether an index begins with it. A type that was made here is none that is known,
/// by any name, unless it is a list of words (`e`).
const CATALOGUE: &str = "select c.relkind::text, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), \
     case when coalesce(b.oid, t.oid) < 16384 then coalesce(b.typname, t.typname)::text else '' \
     end, coalesce(b.typtype, t.typtype)::text, \
     coalesce(pg_catalog.array_position(k.indkey::int2[], a.attnum), -1)::text, exists(select \
     from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisvalid and i.indkey[0] = \
     a.attnum)::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = \
     c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not \
     a.attisdropped join pg_catalog.pg_type t on t.oid = a.atttypid left join pg_catalog.pg_type \
     b on b.oid = t.typbasetype and t.typtype = 'd' left join pg_catalog.pg_index k on k.indrelid \
     = c.oid and k.indisprimary where n.nspname::text = $1 and c.relname::text = $2 and c.relkind \
     in ('r', 'p', 'v', 'm', 'f') order by a.attnum";
/// The schema's tables and views.
const TABLES: &str = "select c.relname::text, (c.relkind in ('r', 'p', 'm'))::text, case when \
                      c.reltuples >= 0 then c.reltuples::bigint end::text from \
                      pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = \
                      c.relnamespace where n.nspname::text = $1 and c.relkind in ('r', 'p', 'v', \
                      'm', 'f') order by c.relname limit 10000";

/// Opens the table that a dataset file describes.
pub fn open(
    dataset: &DatasetFile,
    spec: &Remote,
    base: &Path,
    rulings: Arc<Rulings>,
) -> Result<Arc<dyn Source>, SourceError> {
    let system = Postgres::new(spec.clone(), base.to_owned());
    Ok(Arc::new(RemoteSource::open(dataset, &spec.into(), system, rulings)?))
}

/// A server, and a table on it.
#[derive(Debug)]
pub struct Postgres {
    spec: Remote,
    base: PathBuf,
}

/// A connection.
pub struct PostgresSession {
    spec: Remote,
    client: Client,
    /// Moves the bytes; ends with the session.
    connection: JoinHandle<()>,
    statements: HashMap<String, Statement>,
    /// Seconds that the server allows a statement.
    limit: u64,
    /// Whether the server is a standby.
    follows: bool,
}

/// The session to stop.
pub struct Token(CancelToken);

impl Drop for PostgresSession {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Postgres {
    /// As a dataset file names it; a password's and a certificate's file are relative to `base`.
    pub fn new(spec: Remote, base: PathBuf) -> Self {
        Self { spec, base }
    }

    fn tls(&self) -> Result<Option<MakeTls>, SourceError> {
        let Some(authorities) = authorities(&self.spec.tls, &self.base)? else { return Ok(None) };
        let config = foreign_client_config(&authorities)
            .map_err(|error| misconfigured(format!("`source.ca_file`: {error}")))?;
        Ok(Some(MakeTls(config)))
    }
}

impl System for Postgres {
    type Session = PostgresSession;

    const COUNTS: bool = true;
    const ALONE: bool = true;

    fn address(&self) -> String {
        address(&self.spec)
    }

    async fn log_in(&self) -> Result<PostgresSession, SourceError> {
        let (spec, tls) = (&self.spec, self.tls()?);
        let mut config = Config::new();
        config
            .host(&spec.host)
            .port(spec.port)
            .dbname(&spec.database)
            .user(&spec.user)
            .application_name("zerotrip-connector");
        config.keepalives_idle(KEEP_ALIVE).tcp_user_timeout(UNCONFIRMED);
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        if let Some(password) = password(&spec.password, &self.base)? {
            config.password(password);
        }
        let failed = |error: Error| map_error(spec, &error);
        // How a connection ends, its requests say themselves.
        let (client, connection) = match tls {
            Some(tls) => {
                let (client, connection) = config.connect(tls).await.map_err(failed)?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
            None => {
                let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
        };
        let mut session = PostgresSession {
            spec: spec.clone(),
            client,
            connection,
            statements: HashMap::new(),
            limit: 0,
            follows: false,
        };
        session.client.batch_execute(SETTINGS).await.map_err(failed)?;
        session.follows =
            session.one("select pg_catalog.pg_is_in_recovery()::text").await?.as_deref()
                == Some("true");
        Ok(session)
    }

    async fn interrupt(&self, token: Token) -> Result<(), SourceError> {
        let done = match self.tls()? {
            Some(tls) => token.0.cancel_query(tls).await,
            None => token.0.cancel_query(NoTls).await,
        };
        done.map_err(|error| map_error(&self.spec, &error))
    }
}

impl Session for PostgresSession {
    type Token = Token;

    fn token(&self) -> Token {
        Token(self.client.cancel_token())
    }

    async fn begin(&mut self, left: Duration) -> Result<(), SourceError> {
        self.allow(left).await?;
        self.client.batch_execute("begin").await.map_err(|error| self.failed(&error))
    }

    async fn allow(&mut self, left: Duration) -> Result<(), SourceError> {
        let seconds = whole_seconds(left);
        if seconds != self.limit {
            // By itself: what is set together with `begin` ends with the transaction. Another
            // session's lock is distinguished from a slow statement by running out first.
            self.limit = 0;
            let sql = format!(
                "set statement_timeout = {}; set lock_timeout = {}",
                seconds * 1000,
                seconds * 750
            );
            self.client.batch_execute(&sql).await.map_err(|error| self.failed(&error))?;
            self.limit = seconds;
        }
        Ok(())
    }

    async fn end(&mut self) -> Result<(), SourceError> {
        self.client.batch_execute("rollback").await.map_err(|error| self.failed(&error))
    }

    async fn tables(&mut self) -> Result<Vec<Table>, SourceError> {
        let statement = self.prepared(TABLES).await?;
        let schema = self.spec.schema.as_deref().unwrap_or("public");
        let rows =
            self.client.query(&statement, &[&schema]).await.map_err(|error| self.failed(&error))?;
        Ok(rows
            .iter()
            .map(texts)
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .filter_map(listed)
            .collect())
    }

    async fn relation(&mut self) -> Result<Relation, SourceError> {
        let statement = self.prepared(CATALOGUE).await?;
        let schema = self.spec.schema.as_deref().unwrap_or("public");
        let rows = self
            .client
            .query(&statement, &[&schema, &self.spec.table])
            .await
            .map_err(|error| self.failed(&error))?;
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| texts(row).map(|row| row.into_iter().flatten().collect()))
            .collect::<Result<_, _>>()?;
        let Some(kind) = rows.first().and_then(|row| row.first()).cloned() else {
            let detail = format!(
                "{} has no table or view `{schema}`.`{}`; correct `source.table`",
                address(&self.spec),
                self.spec.table
            );
            return Err(SourceError::new(ErrorCode::SourceDrift, detail));
        };
        Ok(relation(&kind, &rows))
    }

    fn follows(&self) -> bool {
        self.follows
    }

    async fn followed(&mut self) -> Result<Option<SystemTime>, SourceError> {
        let replayed = self.one("select pg_catalog.pg_last_xact_replay_timestamp()::text").await?;
        Ok(replayed.as_deref().and_then(parse_timestamp))
    }

    async fn lineage(&mut self) -> Result<Lineage, SourceError> {
        let version = self.one(lineage::postgres::VERSION).await?.unwrap_or_default();
        if let Some(another) = lineage::postgres::is_another(&version) {
            return Ok(another);
        }
        let lines = self.one(&lineage::postgres::proof(&self.table(&self.spec.table))).await?;
        Ok(lineage::postgres::read(lines.as_deref().unwrap_or_default()))
    }

    async fn newest(&mut self, table: &str, column: &str) -> Result<Option<String>, SourceError> {
        self.one(&format!("select max({})::text from {}", quote(column), self.table(table))).await
    }

    fn statement(&self, query: &Query<'_>) -> String {
        self.select(query).0
    }

    fn most_values(&self) -> usize {
        16_384
    }

    async fn read<K: Sink>(&mut self, query: &Query<'_>, sink: &mut K) -> Result<(), SourceError> {
        let (sql, more) = self.select(query);
        let statement = self.prepared(&sql).await?;
        let values: Vec<&[String]> = query
            .asked
            .iter()
            .map(|asked| asked.values)
            .chain(more.iter().map(Vec::as_slice))
            .collect();
        let stream = self
            .client
            .query_raw(&statement, &values)
            .await
            .map_err(|error| self.failed(&error))?;
        tokio::pin!(stream);
        let mut cells = Rows::default();
        while let Some(row) = stream.try_next().await.map_err(|error| self.failed(&error))? {
            cells.clear();
            for at in 0..row.len() {
                cells.bytes_or_null(
                    row.try_get::<_, Option<Text<'_>>>(at).map_err(odd)?.map(|text| text.0),
                );
            }
            if sink.take(cells.end_row(1))? {
                sink.flush().await?;
            }
        }
        // Only a statement that ran to its end says how many rows there were.
        if stream.rows_affected().is_none() {
            return Err(SourceError::new(
                ErrorCode::SourceFailed,
                format!("{} ended an answer before its end", address(&self.spec)),
            ));
        }
        Ok(())
    }
}

impl PostgresSession {
    /// The one value of a query.
    async fn one(&mut self, sql: &str) -> Result<Option<String>, SourceError> {
        let statement = self.prepared(sql).await?;
        let row =
            self.client.query_one(&statement, &[]).await.map_err(|error| self.failed(&error))?;
        Ok(texts(&row)?.into_iter().next().flatten())
    }

    async fn prepared(&mut self, sql: &str) -> Result<Statement, SourceError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await.map_err(|error| self.failed(&error))?;
        if self.statements.len() >= MOST_STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn failed(&self, error: &Error) -> SourceError {
        map_error(&self.spec, error)
    }
}
