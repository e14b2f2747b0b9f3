//! `kind = "odbc"`.

use std::time::Duration;

use toml::Value;

use super::remote::{
    AS_OF, CONNECTIONS, NOTHING_HIDDEN, PASSWORD_ENV, PASSWORD_FILE, PROFILE_EVERY, Password,
    TABLE, connections, nothing_hidden, password, profile_every, some_text,
};
use super::sqlite::{self, SqliteAsOf};
use super::{Kind, Parameter, Source, foreign_name, inner_path};
use crate::file::section::{Section, is_text};

/// Attributes of a connection.
const MOST_ATTRIBUTES: usize = 40;
/// Attributes that say who logs in, or where a whole connection is described: they have keys of
/// their own here, or no place at all.
const OTHERS: [&str; 9] =
    ["driver", "dsn", "filedsn", "savefile", "uid", "user", "username", "user id", "userid"];
/// Parts of the names of attributes whose values are secrets.
const SECRETS: [&str; 6] = ["pwd", "passw", "secret", "token", "credential", "apikey"];

/// A table or view behind an ODBC driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odbc {
    /// By which driver.
    pub through: Through,
    /// The driver's attributes, in the order of their names; no secrets.
    pub attributes: Vec<(String, String)>,
    /// For a system that is a file: the attribute that names it, and its path, relative to the
    /// dataset file.
    pub file: Option<(String, String)>,
    /// The catalogue of the table; none: whichever is meant where none is said.
    pub catalog: Option<String>,
    /// The schema of the table; the same.
    pub schema: Option<String>,
    /// The table or view.
    pub table: String,
    /// The user name; none where the driver needs none.
    pub user: Option<String>,
    /// What the user logs in with.
    pub password: Password,
    /// The owner's word that no one changes the table while it is asked.
    pub unchanging: bool,
    /// Most connections at once, each with its own process: 2 to 32, default 4.
    pub connections: u32,
    /// Time between two profiling passes: zero, or 1 s to 24 h, default 15 min.
    pub profile_every: Duration,
    /// How old its rows are.
    pub as_of: SqliteAsOf,
    /// The owner's reason why no row or cell is hidden from this reader, where the system cannot
    /// be asked.
    pub nothing_hidden: Option<String>,
}

/// By which driver a system is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Through {
    /// By the driver of this name in `odbcinst.ini`, or in this file.
    Driver(String),
    /// By the data source of this name in `odbc.ini`.
    Dsn(String),
}

pub(super) const KIND: Kind = Kind {
    name: "odbc",
    title: "A table or view of any system that has an ODBC driver: Oracle, DM, SQL Server, Db2, \
            Access …",
    title_zh: "有 ODBC 驱动的任何系统（Oracle、达梦、SQL Server、Db2、Access 等）中的一张表或视图",
    parameters: &[
        &DRIVER,
        &DSN,
        &ATTRIBUTES,
        &FILE,
        &CATALOG,
        &SCHEMA,
        &TABLE,
        &USER,
        &PASSWORD_FILE,
        &PASSWORD_ENV,
        &UNCHANGING,
        &PROCESSES,
        &PROFILE_EVERY,
        &AS_OF,
        &NOTHING_HIDDEN,
    ],
    example: "[source]\nkind = \"odbc\"\ndriver = \"DM8 ODBC DRIVER\"\nattributes = { SERVER = \
              \"10.0.0.14\", TCP_PORT = \"5236\" }\nschema = \"FCJ\"\ntable = \"FW_CQ\"\nuser = \
              \"zerotrip\"\npassword_file = \"estate.password\"\n",
    notes: include_str!("odbc.md"),
    read,
};

const DRIVER: Parameter = Parameter {
    key: "driver",
    default: Some("none"),
    form: "must be a driver's name, or the path of its file",
    doc: "The driver: its name in `odbcinst.ini` (`odbcinst -q -d` lists them), or its file. \
          Either this or `dsn` must be there.",
};
const DSN: Parameter = Parameter {
    key: "dsn",
    default: Some("none"),
    form: "must be a data source's name",
    doc: "A data source in `odbc.ini`, instead of `driver`. Leave its password out of there: it \
          is `password_file`'s.",
};
const ATTRIBUTES: Parameter = Parameter {
    key: "attributes",
    default: Some("none"),
    form: "must be a table of texts, such as `{ Server = \"10.0.0.14\" }`: no user, password or \
           other secret, nor another driver",
    doc: "What the driver is given besides: its own manual lists the names. The user and the \
          password have keys of their own.",
};
const FILE: Parameter = Parameter {
    key: "file",
    default: Some("none"),
    form: "must be one attribute with a path relative to this file, such as `{ DBQ = \
           \"estate.mdb\" }`, with `/` between its parts and no `..`",
    doc: "Where the system is a file: the attribute that names it to the driver, and the file. It \
          is watched.",
};
const CATALOG: Parameter = Parameter {
    key: "catalog",
    default: Some("none"),
    form: "must be a catalogue's name",
    doc: "The catalogue (a database, on SQL Server) that holds the table, where the connection \
          itself does not say.",
};
const SCHEMA: Parameter = Parameter {
    key: "schema",
    default: Some("none"),
    form: "must be a schema's name",
    doc: "The schema (an owner, on Oracle and DM) that holds the table. Without it the table's \
          name must be there once only.",
};
const USER: Parameter = Parameter {
    key: "user",
    default: Some("none"),
    form: "must be a user's name",
    doc: "Who logs in (`UID`): best a user who may read this one table or view and nothing \
          else. That is what keeps the system from being written to, whatever its driver does.",
};
const PROCESSES: Parameter = Parameter {
    key: CONNECTIONS.key,
    default: CONNECTIONS.default,
    form: CONNECTIONS.form,
    doc: "Most connections at once, each with a separate process; look-ups beyond wait their \
          turn. One is the profiling pass's while that runs.",
};
const UNCHANGING: Parameter = Parameter {
    key: "unchanging",
    default: Some("false"),
    form: "must be `true` or `false`",
    doc: "The owner's word that the table is not changed while it is asked. A system without \
          snapshots (below) is refused without it.",
};

fn read(section: &mut Section<'_>) -> Option<Source> {
    let driver = DRIVER.read(section, Some(None), |value| some_text(value).map(Some));
    let dsn = DSN.read(section, Some(None), |value| some_text(value).map(Some));
    let attributes = ATTRIBUTES.read(section, Some(Vec::new()), attributes);
    let file = FILE.read(section, Some(None), |value| watched(value).map(Some));
    let catalog = CATALOG.read(section, Some(None), |value| foreign_name(value).map(Some));
    let schema = SCHEMA.read(section, Some(None), |value| foreign_name(value).map(Some));
    let table = TABLE.read(section, None, foreign_name);
    let user = USER.read(section, Some(None), |value| some_text(value).map(Some));
    let password = password(section);
    let unchanging = UNCHANGING.read(section, Some(false), Value::as_bool);
    let connections = connections(section);
    let profile_every = profile_every(section);
    let as_of = AS_OF.read(section, Some(SqliteAsOf::Live), sqlite::as_of);
    let nothing_hidden = nothing_hidden(section);
    let through = match (driver?, dsn?) {
        (Some(driver), None) => Through::Driver(driver.to_owned()),
        (None, Some(dsn)) => Through::Dsn(dsn.to_owned()),
        (None, None) => {
            section.fault(
                "driver",
                None,
                format!("missing; {}, or name a data source in `dsn`", DRIVER.form),
            );
            return None;
        }
        (Some(_), Some(dsn)) => {
            section.fault(
                "dsn",
                Some(&Value::from(dsn)),
                "there is `driver` already: keep one of them".to_owned(),
            );
            return None;
        }
    };
    let (attributes, file) = (attributes?, file?);
    if let Some((name, path)) = &file
        && attributes.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    {
        section.fault(
            "file",
            Some(&Value::from(path.as_str())),
            format!("`{name}` is among `attributes` already: keep one of them"),
        );
        return None;
    }
    Some(Source::Odbc(Odbc {
        through,
        attributes,
        file,
        catalog: catalog?.map(str::to_owned),
        schema: schema?.map(str::to_owned),
        table: table?.to_owned(),
        user: user?.map(str::to_owned),
        password: password?,
        unchanging: unchanging?,
        connections: connections?,
        profile_every: profile_every?,
        as_of: as_of?,
        nothing_hidden: nothing_hidden?,
    }))
}

impl Odbc {
    /// Whether a dataset file may give an attribute of this name: none that has a key of its own,
    /// and no secret.
    pub fn may_say(name: &str) -> bool {
        let name = name.to_lowercase();
        is_attribute(&name)
            && !OTHERS.contains(&name.as_str())
            && !SECRETS.iter().any(|part| name.contains(part))
    }
}

/// A name that ends nowhere else in a connection string than it should.
fn is_attribute(name: &str) -> bool {
    is_text(name) && name.trim() == name && !name.contains(['=', ';', '{', '}', '[', ']'])
}

fn attributes(value: &Value) -> Option<Vec<(String, String)>> {
    let table = value.as_table().filter(|table| table.len() <= MOST_ATTRIBUTES)?;
    let said = |(name, value): (&String, &Value)| {
        let value = value.as_str().filter(|value| is_text(value))?;
        Odbc::may_say(name).then(|| (name.clone(), value.to_owned()))
    };
    table.iter().map(said).collect()
}

fn watched(value: &Value) -> Option<(String, String)> {
    let (name, path) = value.as_table().filter(|table| table.len() == 1)?.iter().next()?;
    Odbc::may_say(name).then_some((name.clone(), inner_path(path)?.to_owned()))
}
