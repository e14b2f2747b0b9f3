//! The systems that registers live in: what a register's table is, and how each kind of system
//! holds it.

use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use chrono::{DateTime, FixedOffset};
use rusqlite::{Connection, params_from_iter};
use zerotrip_datasets::Manifest;
use zerotrip_test_servers::{ADMINISTRATOR, Mariadb, PASSWORD, Postgres, Rest, TOKEN, files};

use super::CityError;
use super::file::atomically;

/// A kind of system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum System {
    /// A table in an SQLite file.
    Sqlite,
    /// A file of separated values.
    Csv,
    /// An Excel workbook.
    Xlsx,
    /// An old Excel workbook.
    Xls,
    /// A dBASE table.
    Dbf,
    /// A Parquet file.
    Parquet,
    /// A table on a PostgreSQL server.
    Postgres,
    /// A table on a MariaDB server.
    Mysql,
    /// A table on a PostgreSQL server, read through its ODBC driver.
    Odbc,
    /// A collection that an HTTP interface gives as JSON.
    Rest,
}

impl System {
    /// All of them, by the names that `--sources` takes.
    pub const ALL: [(&'static str, Self); 10] = [
        ("sqlite", Self::Sqlite),
        ("csv", Self::Csv),
        ("xlsx", Self::Xlsx),
        ("xls", Self::Xls),
        ("dbf", Self::Dbf),
        ("parquet", Self::Parquet),
        ("postgres", Self::Postgres),
        ("mysql", Self::Mysql),
        ("odbc", Self::Odbc),
        ("rest", Self::Rest),
    ];

    /// Whether it is more than a file.
    pub fn needs_a_server(self) -> bool {
        matches!(self, Self::Postgres | Self::Mysql | Self::Odbc | Self::Rest)
    }

    /// Whether a row can have more or fewer cells than there are columns. Where it cannot, the city
    /// has no such rows.
    pub fn has_ragged_rows(self) -> bool {
        self == Self::Csv
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            Self::ALL.iter().find(|(_, system)| system == self).map_or("", |(name, _)| name),
        )
    }
}

impl FromStr for System {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
        let found = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, system)| *system);
        found.ok_or_else(|| format!("no kind of source `{text}`; there are {}", names.join(", ")))
    }
}

/// The servers that a city's registers live on; they end with this.
#[derive(Debug, Default)]
pub struct Servers {
    postgres: Option<Postgres>,
    mariadb: Option<Mariadb>,
    rest: Option<Rest>,
}

impl Servers {
    /// Those that these systems need.
    pub fn start(systems: &[System]) -> Result<Self, CityError> {
        let failed =
            |error: zerotrip_test_servers::ServerError| CityError::Server(error.to_string());
        Ok(Self {
            postgres: (systems.contains(&System::Postgres) || systems.contains(&System::Odbc))
                .then(Postgres::start)
                .transpose()
                .map_err(failed)?,
            mariadb: systems
                .contains(&System::Mysql)
                .then(Mariadb::start)
                .transpose()
                .map_err(failed)?,
            rest: systems.contains(&System::Rest).then(Rest::start).transpose().map_err(failed)?,
        })
    }
}

/// A register as its system holds it.
pub(super) struct Table<'a> {
    pub(super) system: System,
    /// The file's name without its ending.
    pub(super) stem: &'static str,
    pub(super) name: &'static str,
    pub(super) header: &'a [&'static str],
    /// Columns with an index.
    pub(super) keys: &'a [&'static str],
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// How old the rows are.
    pub(super) as_of: DateTime<FixedOffset>,
    /// Whether they are an extract: a database then says so in a table of its own.
    pub(super) extract: bool,
    /// For CSV: the characters, a byte-order mark, the line's end.
    pub(super) csv: (&'static encoding_rs::Encoding, bool, csv::Terminator),
}

impl Table<'_> {
    /// Writes the register into its system; the folder is its dataset file's. Returns the
    /// `[source]` section.
    pub(super) fn write(&self, folder: &Path, servers: &Servers) -> Result<String, CityError> {
        match self.system {
            System::Sqlite => {
                self.sqlite(&folder.join(format!("{}.db", self.stem)))?;
                Ok(format!(
                    "kind = \"sqlite\"\npath = \"{}.db\"\ntable = \"{}\"\nas_of = {}",
                    self.stem,
                    self.name,
                    self.moment("\"live\"")
                ))
            }
            System::Postgres | System::Odbc => match &servers.postgres {
                Some(server) => self.server(folder, server.port(), &server.ca_file()),
                None => Err(CityError::Server("no PostgreSQL server was started".into())),
            },
            System::Mysql => match &servers.mariadb {
                Some(server) => self.server(folder, server.port(), &server.ca_file()),
                None => Err(CityError::Server("no MariaDB server was started".into())),
            },
            System::Rest => match &servers.rest {
                Some(server) => self.interface(folder, server),
                None => Err(CityError::Server("no HTTP interface was started".into())),
            },
            _ => self.file(folder),
        }
    }

    fn moment(&self, live: &str) -> String {
        if self.extract {
            "{ table = \"extract_info\", column = \"began_at\" }".to_owned()
        } else {
            live.to_owned()
        }
    }

    fn file(&self, folder: &Path) -> Result<String, CityError> {
        let texts: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.clone().unwrap_or_default()).collect())
            .collect();
        let (bytes, ending, more) = match self.system {
            System::Csv => {
                let name = if self.csv.0 == encoding_rs::UTF_8 { "utf-8" } else { "gb18030" };
                (self.csv_bytes(&texts)?, "csv", format!("encoding = \"{name}\"\n"))
            }
            System::Xlsx => (files::Book::of(self.header, &texts).bytes(), "xlsx", String::new()),
            System::Xls => (files::OldBook::of(self.header, &texts).bytes(), "xls", String::new()),
            System::Dbf => (
                files::Dbf::of(self.header, &texts, encoding_rs::GB18030).bytes(),
                "dbf",
                "encoding = \"gb18030\"\n".to_owned(),
            ),
            _ => (files::parquet(self.header, &texts), "parquet", String::new()),
        };
        let path = folder.join(format!("{}.{ending}", self.stem));
        let rows = u64::try_from(self.rows.len()).unwrap_or(u64::MAX);
        let manifest = Manifest {
            as_of: self.as_of,
            rows,
            sha256: hex::encode(zerotrip_trust::digest::sha256(&bytes)),
        };
        atomically(&path, &bytes)?;
        let mut name = path.into_os_string();
        name.push(".manifest.toml");
        atomically(Path::new(&name), manifest.to_text().as_bytes())?;
        Ok(format!(
            "kind = \"{}\"\npath = \"{}.{ending}\"\n{more}as_of = \"manifest\"",
            self.system, self.stem
        ))
    }

    fn csv_bytes(&self, texts: &[Vec<String>]) -> Result<Vec<u8>, CityError> {
        let (encoding, mark, terminator) = self.csv;
        let failed = |error: &dyn fmt::Display| CityError::Csv(error.to_string());
        let mut writer =
            csv::WriterBuilder::new().flexible(true).terminator(terminator).from_writer(Vec::new());
        writer.write_record(self.header).map_err(|error| failed(&error))?;
        for row in texts {
            writer.write_record(row).map_err(|error| failed(&error))?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(&error))?;
        let text = String::from_utf8(bytes).map_err(|error| failed(&error))?;
        let text = if mark { format!("\u{feff}{text}") } else { text };
        Ok(encoding.encode(&text).0.into_owned())
    }

    fn sqlite(&self, path: &Path) -> Result<(), CityError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".tmp");
        let beside = PathBuf::from(beside);
        let unwritten = |source| CityError::Write { path: path.to_owned(), source };
        if let Err(error) = fs::remove_file(&beside)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(unwritten(error));
        }
        let make = || {
            let db = Connection::open(&beside)?;
            // Nobody reads it before the rename, and a crash leaves only the file beside its place.
            db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;")?;
            db.execute_batch(&format!("CREATE TABLE {} ({});", self.name, self.columns(" TEXT")))?;
            let marks = vec!["?"; self.header.len()].join(", ");
            let mut insert = db.prepare(&format!("INSERT INTO {} VALUES ({marks})", self.name))?;
            for row in &self.rows {
                insert.execute(params_from_iter(row))?;
            }
            drop(insert);
            db.execute_batch(&self.after())?;
            db.execute_batch("COMMIT;")?;
            db.close().map_err(|(_, error)| error)
        };
        make().map_err(|source| CityError::Sqlite { path: path.to_owned(), source })?;
        File::open(&beside)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&beside, path))
            .map_err(unwritten)
    }

    /// On a server, through its own command line: the city speaks no server's protocol.
    fn server(&self, folder: &Path, port: u16, ca_file: &Path) -> Result<String, CityError> {
        let database = format!("city_{}", self.stem);
        let port_text = port.to_string();
        let (program, arguments, secret, prepare): (_, Vec<&str>, _, _) =
            if self.system != System::Mysql {
                let arguments = vec![
                    "-h",
                    "127.0.0.1",
                    "-p",
                    &port_text,
                    "-U",
                    ADMINISTRATOR,
                    "-d",
                    "postgres",
                    "-q",
                    "-v",
                    "ON_ERROR_STOP=1",
                ];
                (
                    "psql",
                    arguments,
                    "PGPASSWORD",
                    format!(
                        "drop database if exists {database};\ncreate database {database};\n\\c \
                     {database}\n"
                    ),
                )
            } else {
                let arguments = vec![
                    "-h",
                    "127.0.0.1",
                    "-P",
                    &port_text,
                    "-u",
                    ADMINISTRATOR,
                    "--default-character-set=utf8mb4",
                ];
                let prepare = format!(
                    "set sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES';\ndrop database if exists \
                 {database};\ncreate database {database} character set utf8mb4;\nuse {database};\n"
                );
                ("mariadb", arguments, "MYSQL_PWD", prepare)
            };
        let mut script = prepare;
        script.push_str(&format!(
            "create table \"{}\" ({});\nbegin;\n",
            self.name,
            self.columns(" varchar(300)")
        ));
        for rows in self.rows.chunks(500) {
            let rows: Vec<String> = rows
                .iter()
                .map(|row| format!("({})", row.iter().map(literal).collect::<Vec<_>>().join(", ")))
                .collect();
            script.push_str(&format!(
                "insert into \"{}\" values {};\n",
                self.name,
                rows.join(",\n")
            ));
        }
        script.push_str("commit;\n");
        script.push_str(&self.after());
        let failed = |why: String| {
            CityError::Server(format!("`{program}` on the register `{}`: {why}", self.name))
        };
        let mut command = Command::new(program);
        command
            .args(&arguments)
            .env(secret, PASSWORD)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        if let Some(mut input) = child.stdin.take() {
            // A client that stops reading says why on its standard error.
            let _said_below = input.write_all(script.as_bytes());
        }
        let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        self.login(folder, ca_file)?;
        if self.system == System::Odbc {
            return Ok(format!(
                "kind = \"odbc\"\ndriver = \"PostgreSQL Unicode\"\nattributes = {{ Server = \
                 \"127.0.0.1\", Port = \"{port}\", Database = \"{database}\", SSLmode = \
                 \"require\" }}\nschema = \"public\"\ntable = \"{}\"\nuser = \
                 \"{ADMINISTRATOR}\"\npassword_file = \"{}.password\"\nprofile_every = \
                 \"10s\"\nas_of = {}",
                self.name,
                self.stem,
                self.moment("\"live\"")
            ));
        }
        Ok(format!(
            "kind = \"{}\"\nhost = \"127.0.0.1\"\nport = {port}\ndatabase = \"{database}\"\ntable \
             = \"{}\"\nuser = \"{ADMINISTRATOR}\"\npassword_file = \"{}.password\"\nca_file = \
             \"{}-ca.pem\"\nprofile_every = \"10s\"\nas_of = {}",
            self.system,
            self.name,
            self.stem,
            self.stem,
            self.moment("\"live\"")
        ))
    }

    /// Behind an HTTP interface, which gives its rows as they are when it is asked.
    fn interface(&self, folder: &Path, server: &Rest) -> Result<String, CityError> {
        if self.extract {
            let name = self.name;
            return Err(CityError::Server(format!(
                "the register `{name}` is an extract of the night before, and an HTTP interface \
                 cannot say so; let it live in another kind of system"
            )));
        }
        let row = |(number, cells): (usize, &Vec<Option<String>>)| {
            let members =
                self.header.iter().zip(cells).map(|(name, cell)| {
                    ((*name).to_owned(), serde_json::Value::from(cell.as_deref()))
                });
            let number = std::iter::once(("rowNo".to_owned(), serde_json::Value::from(number + 1)));
            serde_json::Value::Object(number.chain(members).collect()).to_string()
        };
        server.put(self.stem, self.rows.iter().enumerate().map(row).collect());
        private(
            &folder.join(format!("{}.header", self.stem)),
            format!("Authorization: Bearer {TOKEN}\n").as_bytes(),
        )?;
        Ok(format!(
            "kind = \"rest\"\nurl = \"http://127.0.0.1:{}/api/{}\"\nrows = \"/data/list\"\npaging \
             = {{ kind = \"page\", parameter = \"pageNo\", size_parameter = \"pageSize\", size = \
             500, id = \"rowNo\", total = \"/data/total\" }}\nheader_file = \"{}.header\"\ntls = \
             \"off\"\nrefresh_every = \"10s\"\nlive = \"it gives its rows as they are when it is \
             asked\"\nnothing_hidden = \"its token sees every row\"",
            server.port(),
            self.stem,
            self.stem
        ))
    }

    /// The password, readable by its owner alone, and whom the server's certificate comes from.
    fn login(&self, folder: &Path, ca_file: &Path) -> Result<(), CityError> {
        private(&folder.join(format!("{}.password", self.stem)), PASSWORD.as_bytes())?;
        let pem = fs::read(ca_file)
            .map_err(|source| CityError::Write { path: ca_file.to_owned(), source })?;
        atomically(&folder.join(format!("{}-ca.pem", self.stem)), &pem)
    }

    fn columns(&self, kind: &str) -> String {
        self.header.iter().map(|name| format!("\"{name}\"{kind}")).collect::<Vec<_>>().join(", ")
    }

    /// Indexes, and the extract's own record of when it began.
    fn after(&self) -> String {
        let mut sql: String = self
            .keys
            .iter()
            .map(|key| {
                format!("CREATE INDEX I_{}_{key} ON \"{}\" (\"{key}\");\n", self.name, self.name)
            })
            .collect();
        if self.extract {
            sql.push_str("CREATE TABLE extract_info (began_at varchar(40) NOT NULL);\n");
            sql.push_str(&format!(
                "INSERT INTO extract_info VALUES ('{}');\n",
                self.as_of.to_rfc3339()
            ));
        }
        sql
    }
}

/// A secret, readable by its owner alone.
fn private(path: &Path, bytes: &[u8]) -> Result<(), CityError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let open = File::options().create(true).write(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(bytes))
        .map_err(|source| CityError::Write { path: path.to_owned(), source })
}

fn literal(cell: &Option<String>) -> String {
    cell.as_ref()
        .map_or_else(|| "null".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
}
