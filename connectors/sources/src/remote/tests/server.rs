//! The servers that sources are tested against, and tables on them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use mysql_async::prelude::Queryable as _;
use zerotrip_test_servers::{ADMINISTRATOR, Mariadb, PASSWORD, Postgres};

use crate::conformance::run;

/// Who reads.
pub const READER: &str = "reader of tables";
/// With what.
pub const READER_PASSWORD: &str = "o'r \"1=1\"; --";

/// One server.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    pub ca_file: PathBuf,
    pub is_postgres: bool,
    /// Whether sources reach it through its ODBC driver.
    pub by_odbc: bool,
    process: Mutex<Process>,
    tables: AtomicU32,
}

impl PartialEq for Server {
    fn eq(&self, other: &Self) -> bool {
        self.port == other.port
    }
}

impl Eq for Server {}

#[derive(Debug)]
enum Process {
    Postgres(Postgres),
    Mariadb(Mariadb),
}

impl Server {
    pub fn postgres() -> Self {
        let process = Postgres::start().unwrap();
        let (port, ca_file) = (process.port(), process.ca_file());
        let process = Mutex::new(Process::Postgres(process));
        let server = Self {
            port,
            ca_file,
            is_postgres: true,
            by_odbc: false,
            process,
            tables: AtomicU32::new(0),
        };
        let password = READER_PASSWORD.replace('\'', "''");
        server.sql(&format!("create role \"{READER}\" login password '{password}'"));
        server
    }

    /// The same, for sources that reach it through psqlodbc.
    pub fn postgres_by_odbc() -> Self {
        Self { by_odbc: true, ..Self::postgres() }
    }

    pub fn mariadb() -> Self {
        let process = Mariadb::start().unwrap();
        let (port, ca_file) = (process.port(), process.ca_file());
        let process = Mutex::new(Process::Mariadb(process));
        let server = Self {
            port,
            ca_file,
            is_postgres: false,
            by_odbc: false,
            process,
            tables: AtomicU32::new(0),
        };
        let password = READER_PASSWORD.replace('\'', "''");
        // The second, so that it may ask whether the server is a replica.
        server.sql(&format!("create user `{READER}`@'%' identified by '{password}'"));
        server.sql(&format!("grant replica monitor on *.* to `{READER}`@'%'"));
        server
    }

    /// Runs statements as the administrator.
    pub fn sql(&self, text: &str) {
        run(self.run_sql(text));
    }

    /// The same, in whatever runtime this is.
    pub async fn run_sql(&self, text: &str) {
        self.rows(text).await;
    }

    /// The first column of what the last of these statements says.
    pub async fn rows(&self, text: &str) -> Vec<String> {
        if self.is_postgres {
            let client = self.postgres_client().await;
            let rows = client
                .simple_query(text)
                .await
                .unwrap_or_else(|error| panic!("{error:?} in {text:.400}"));
            let rows = rows.into_iter().filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => {
                    Some(row.get(0).unwrap_or_default().to_owned())
                }
                _ => None,
            });
            rows.collect()
        } else {
            let mut connection = self.mariadb_connection().await;
            connection.query_drop("set sql_mode = 'NO_BACKSLASH_ESCAPES'").await.unwrap();
            let mut answer = connection
                .query_iter(text)
                .await
                .unwrap_or_else(|error| panic!("{error} in {text:.400}"));
            let mut last = Vec::new();
            while !answer.is_empty() {
                last = answer.collect::<mysql_async::Row>().await.unwrap();
            }
            drop(answer);
            connection.disconnect().await.unwrap();
            last.into_iter()
                .map(|row| row.get::<Option<String>, _>(0).flatten().unwrap_or_default())
                .collect()
        }
    }

    /// A connection of the administrator's.
    pub async fn postgres_client(&self) -> tokio_postgres::Client {
        let mut config = tokio_postgres::Config::new();
        config
            .host("127.0.0.1")
            .port(self.port)
            .user(ADMINISTRATOR)
            .password(PASSWORD)
            .dbname("postgres");
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(async move { drop(connection.await) });
        client
    }

    /// A connection of the administrator's.
    pub async fn mariadb_connection(&self) -> mysql_async::Conn {
        let options =
            mysql_async::OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(self.port);
        let options = options.user(Some(ADMINISTRATOR)).pass(Some(PASSWORD)).prefer_socket(false);
        mysql_async::Conn::new(options).await.unwrap()
    }

    pub fn stop(&self) {
        match &mut *self.process.lock().unwrap() {
            Process::Postgres(process) => process.stop().unwrap(),
            Process::Mariadb(process) => process.stop().unwrap(),
        }
    }

    pub fn kill(&self) {
        match &mut *self.process.lock().unwrap() {
            Process::Postgres(process) => process.kill().unwrap(),
            Process::Mariadb(process) => process.kill().unwrap(),
        }
    }

    /// From its next start on it follows another server, which never sends it anything.
    pub fn stand_by(&self) {
        match &*self.process.lock().unwrap() {
            Process::Postgres(process) => process.stand_by().unwrap(),
            Process::Mariadb(_) => panic!("not for MariaDB"),
        }
    }

    pub fn start_again(&self) {
        match &mut *self.process.lock().unwrap() {
            Process::Postgres(process) => process.start_again().unwrap(),
            Process::Mariadb(process) => process.start_again().unwrap(),
        }
    }

    /// Where a table of this name is to be: in a schema, or a database, of its own, which the
    /// reader may read.
    pub fn table(&self, folder: &Path, name: &str) -> Table<'_> {
        let schema = format!("旧 系统 {}", self.tables.fetch_add(1, Ordering::Relaxed));
        let (reader, schema_quoted) = (self.quote(READER), self.quote(&schema));
        if self.is_postgres {
            self.sql(&format!(
                "create schema {schema_quoted}; grant usage on schema {schema_quoted} to \
                 {reader}; alter default privileges in schema {schema_quoted} grant select on \
                 tables to {reader}"
            ));
        } else {
            self.sql(&format!("create database {schema_quoted} charset utf8mb4"));
            self.sql(&format!("grant select, show view on {schema_quoted}.* to {reader}@'%'"));
        }
        let password = folder.join("password");
        fs::write(&password, format!("{READER_PASSWORD}\n")).unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
        fs::copy(&self.ca_file, folder.join("ca.pem")).unwrap();
        Table { server: self, schema, name: name.to_owned() }
    }

    pub fn quote(&self, name: &str) -> String {
        if self.is_postgres { format!("\"{name}\"") } else { format!("`{name}`") }
    }
}

/// A table, or a view.
pub struct Table<'a> {
    pub server: &'a Server,
    pub schema: String,
    pub name: String,
}

impl Table<'_> {
    /// A `[source]` section for it, without its head; `more` lines come before those that it does
    /// not set itself.
    pub fn section(&self, more: &str) -> String {
        let mut lines: Vec<String> = more.lines().map(str::to_owned).collect();
        let by_odbc = format!(
            "kind = \"odbc\"\ndriver = \"PostgreSQL Unicode\"\nattributes = {{ Server = \
             \"127.0.0.1\", Port = \"{}\", Database = \"postgres\", SSLmode = \"require\" \
             }}\nschema = \"{}\"\ntable = \"{}\"\nuser = \"{READER}\"\npassword_file = \
             \"password\"",
            self.server.port, self.schema, self.name
        );
        let (kind, place) = if self.server.is_postgres {
            ("postgres", format!("database = \"postgres\"\nschema = \"{}\"", self.schema))
        } else {
            ("mysql", format!("database = \"{}\"", self.schema))
        };
        let usual = format!(
            "kind = \"{kind}\"\nhost = \"127.0.0.1\"\nport = {}\n{place}\ntable = \"{}\"\nuser = \
             \"{READER}\"\npassword_file = \"password\"\ntls = \"verify\"\nca_file = \"ca.pem\"",
            self.server.port, self.name
        );
        let usual = if self.server.by_odbc { by_odbc } else { usual };
        let key = |line: &str| line.split(" =").next().unwrap_or_default().to_owned();
        let said: Vec<String> = lines.iter().map(|line| key(line)).collect();
        lines.extend(usual.lines().filter(|line| !said.contains(&key(line))).map(str::to_owned));
        lines.retain(|line| !line.ends_with("= none"));
        lines.join("\n")
    }

    /// As SQL names it.
    pub fn path(&self) -> String {
        format!("{}.{}", self.server.quote(&self.schema), self.server.quote(&self.name))
    }

    /// Runs statements, in which `TABLE` stands for this one and `SCHEMA` for where it is.
    pub fn sql(&self, text: &str) {
        self.server.sql(&self.words(text));
    }

    pub fn words(&self, text: &str) -> String {
        text.replace("TABLE", &self.path()).replace("SCHEMA", &self.server.quote(&self.schema))
    }

    /// Makes it, with these columns and an index on each of the first two.
    pub fn create(&self, columns: &[(&str, &str)]) {
        let quote = |name: &str| self.server.quote(name);
        let listed: Vec<String> =
            columns.iter().map(|(name, kind)| format!("{} {kind}", quote(name))).collect();
        self.sql(&format!("create table TABLE ({})", listed.join(", ")));
        for (number, (name, _)) in columns.iter().take(2).enumerate() {
            self.sql(&format!("create index i{number} on TABLE ({})", quote(name)));
        }
    }

    /// Replaces all rows, at once for whoever reads.
    pub fn write<const N: usize>(&self, rows: &[[Option<&str>; N]]) {
        let literal = |cell: &Option<&str>| {
            cell.map_or("null".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
        };
        let mut sql = "begin; delete from TABLE".to_owned();
        for rows in rows.chunks(1000) {
            let rows: Vec<String> = rows
                .iter()
                .map(|row| format!("({})", row.iter().map(literal).collect::<Vec<_>>().join(",")))
                .collect();
            sql.push_str("; insert into TABLE values ");
            sql.push_str(&rows.join(","));
        }
        sql.push_str("; commit");
        // A cell may hold the word itself.
        self.server.sql(
            &sql.replace("from TABLE", &format!("from {}", self.path()))
                .replace("into TABLE", &format!("into {}", self.path())),
        );
    }

    pub fn rename(&self, column: &str, to: &str, kind: &str) {
        let (from, to) = (self.server.quote(column), self.server.quote(to));
        if self.server.is_postgres {
            self.sql(&format!("alter table TABLE rename column {from} to {to}"));
        } else {
            self.sql(&format!("alter table TABLE change {from} {to} {kind}"));
        }
    }
}
