//! What all kinds of database servers have in common.

use std::time::Duration;

use toml::Value;

use super::sqlite::{self, SqliteAsOf};
use super::{Parameter, foreign_name};
use crate::file::section::{Section, is_text};

/// A table or view on a database server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The server's name or address; with TLS, its certificate must bear it.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The schema within the database, where the kind of server has such.
    pub schema: Option<String>,
    /// The table or view.
    pub table: String,
    /// Who logs in.
    pub user: String,
    /// What the user logs in with.
    pub password: Password,
    /// Whether the connection is encrypted.
    pub tls: Tls,
    /// Most connections at once: 2 to 32, default 4.
    pub connections: u32,
    /// Time between two profiling passes: zero, or 1 s to 24 h, default 15 min.
    pub profile_every: Duration,
    /// How old its rows are.
    pub as_of: SqliteAsOf,
    /// The owner's reason why no row or cell is hidden from this reader, where the system cannot
    /// be asked.
    pub nothing_hidden: Option<String>,
}

/// Where a password is; never the password itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// The server asks for none.
    None,
    /// In a file, relative to the dataset file, that no one else may read.
    File(String),
    /// In an environment variable.
    Environment(String),
}

/// Whether a connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// In clear text.
    Off,
    /// Encrypted, with a server whose certificate bears its name and leads to a known authority.
    Verify {
        /// The authorities' certificates, relative to the dataset file; none: those that the
        /// system trusts.
        ca_file: Option<String>,
    },
}

pub(super) const HOST: Parameter = Parameter {
    key: "host",
    default: None,
    form: "must be a host name or an IP address",
    doc: "The server. With TLS, its certificate must bear this name.",
};
pub(super) const DATABASE: Parameter = Parameter {
    key: "database",
    default: None,
    form: "must be a database's name",
    doc: "The database on the server.",
};
pub(super) const TABLE: Parameter = Parameter {
    key: "table",
    default: None,
    form: "must be a table's or a view's name",
    doc: "The table or the view.",
};
pub(super) const USER: Parameter = Parameter {
    key: "user",
    default: None,
    form: "must be a user's name",
    doc: "Who logs in: best a user who may read this one table or view and nothing else.",
};
pub(super) const PASSWORD_FILE: Parameter = Parameter {
    key: "password_file",
    default: Some("none"),
    form: "must be a file's path",
    doc: "A file that holds the password, relative to this file; refused if another user may read \
          it (`chmod 600`). Read at every log-in.",
};
pub(super) const PASSWORD_ENV: Parameter = Parameter {
    key: "password_env",
    default: Some("none"),
    form: "must be an environment variable's name",
    doc: "An environment variable that holds the password, instead of `password_file`.",
};
pub(super) const TLS: Parameter = Parameter {
    key: "tls",
    default: Some("verify"),
    form: "must be `verify` or `off`",
    doc: "`verify`: encrypted, and the server's certificate must bear `host` and lead to a known \
          authority. `off`: in clear text, password included where the server asks so; for a \
          server on the same machine.",
};
pub(super) const CA_FILE: Parameter = Parameter {
    key: "ca_file",
    default: Some("the authorities that the system trusts"),
    form: "must be a file's path",
    doc: "Certificates (PEM) of the authorities that may vouch for the server, relative to this \
          file.",
};
pub(super) const CONNECTIONS: Parameter = Parameter {
    key: "connections",
    default: Some("4"),
    form: "must be between 2 and 32",
    doc: "Most connections at once; look-ups beyond wait their turn. One is the profiling pass's \
          while that runs. Another is opened for a moment to stop a query. From 3 on, one more \
          looks at every cell now and then, for the catalog's figures on the data's quality; with \
          2 the catalog has none.",
};
pub(super) const PROFILE_EVERY: Parameter = Parameter {
    key: "profile_every",
    default: Some("15m"),
    form: "must be `0s`, or between `1s` and `24h`, such as `15m`",
    doc: "How often the key columns are read from end to end, to find what no index finds. A live \
          source's answers are as old as the latest pass. `0s`: within every look-up, for small \
          tables: then its answers are of the moment.",
};
/// Its default differs from server to server.
pub(super) const fn port(default: &'static str) -> Parameter {
    Parameter {
        key: "port",
        default: Some(default),
        form: "must be between 1 and 65535",
        doc: "The server's port.",
    }
}
pub(super) const AS_OF: Parameter = Parameter {
    key: "as_of",
    default: Some("live"),
    form: sqlite::AS_OF.form,
    doc: "How old its rows are. `live`: of now, which counts only where the system's own \
          catalogue proves it, down to ordinary tables of this very server. For anything else (an \
          extract, a copy, a view that cannot be followed): where the time at which it began is \
          recorded, the newest of them, written with the rows and not in a job's log. A time \
          without an offset is Beijing time.",
};

pub(super) const NOTHING_HIDDEN: Parameter = Parameter {
    key: "nothing_hidden",
    default: Some("the system is asked"),
    form: "must be a sentence that says why, of at most 200 characters",
    doc: "The owner's reason why no row and no cell is hidden from this reader (row-level \
          security, masks, views that look at who asks), such as `\"the view is made for this \
          reader; FCJ/2026/17\"`. Needed only where the system's own catalogue cannot tell; \
          without it such a table is refused. `check` shows it.",
};

/// What a kind of server reads in its own way.
pub(super) struct Own {
    pub(super) port: &'static Parameter,
    pub(super) default_port: u16,
    pub(super) schema: Option<&'static Parameter>,
    pub(super) default_schema: &'static str,
}

pub(super) fn read(section: &mut Section<'_>, own: &Own) -> Option<Remote> {
    let host = HOST.read(section, None, |value| value.as_str().filter(|host| is_host(host)));
    let port = own.port.read(section, Some(own.default_port), |value| {
        u16::try_from(value.as_integer()?).ok().filter(|port| *port > 0)
    });
    let database = DATABASE.read(section, None, foreign_name);
    let schema = match own.schema {
        Some(schema) => schema
            .read(section, Some(own.default_schema), foreign_name)
            .map(|schema| Some(schema.to_owned())),
        None => Some(None),
    };
    let table = TABLE.read(section, None, foreign_name);
    let user = USER.read(section, None, some_text);
    let password = password(section);
    let tls = tls(section);
    let connections = connections(section);
    let profile_every = profile_every(section);
    let as_of = AS_OF.read(section, Some(SqliteAsOf::Live), sqlite::as_of);
    let nothing_hidden = nothing_hidden(section);
    Some(Remote {
        host: host?.to_owned(),
        port: port?,
        database: database?.to_owned(),
        schema: schema?,
        table: table?.to_owned(),
        user: user?.to_owned(),
        password: password?,
        tls: tls?,
        connections: connections?,
        profile_every: profile_every?,
        as_of: as_of?,
        nothing_hidden: nothing_hidden?,
    })
}

/// The owner's reason why nothing is hidden, if there is one.
pub(super) fn nothing_hidden(section: &mut Section<'_>) -> Option<Option<String>> {
    NOTHING_HIDDEN.read(section, Some(None), |value| reason(value).map(Some))
}

/// A sentence, and not a word that fills a place.
pub(super) fn reason(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| is_text(text))?.trim();
    let length = text.chars().count();
    // Ten characters say something in Chinese too; five do there, where a character is a word.
    let least = if text.is_ascii() { 10 } else { 5 };
    (least..=200).contains(&length).then(|| text.to_owned())
}

pub(super) fn connections(section: &mut Section<'_>) -> Option<u32> {
    CONNECTIONS.read(section, Some(4), |value| {
        let connections = u32::try_from(value.as_integer()?).ok()?;
        (2..=32).contains(&connections).then_some(connections)
    })
}

pub(super) fn profile_every(section: &mut Section<'_>) -> Option<Duration> {
    PROFILE_EVERY.read(section, Some(Duration::from_secs(900)), |value| {
        let time = zerotrip_text::duration(value.as_str()?)?;
        (time.is_zero() || (Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&time))
            .then_some(time)
    })
}

pub(super) fn password(section: &mut Section<'_>) -> Option<Password> {
    let file = PASSWORD_FILE.read(section, Some(None), |value| some_text(value).map(Some))?;
    let name = PASSWORD_ENV.read(section, Some(None), |value| {
        some_text(value).filter(|name| !name.contains('=')).map(Some)
    })?;
    match (file, name) {
        (Some(_), Some(name)) => {
            section.fault(
                "password_env",
                Some(&Value::from(name)),
                "there is `password_file` already: keep one of them".to_owned(),
            );
            None
        }
        (Some(file), None) => Some(Password::File(file.to_owned())),
        (None, Some(name)) => Some(Password::Environment(name.to_owned())),
        (None, None) => Some(Password::None),
    }
}

/// Whether the connection is encrypted.
pub(super) fn tls(section: &mut Section<'_>) -> Option<Tls> {
    let verify = TLS.read(section, Some(true), |value| match value.as_str()? {
        "verify" => Some(true),
        "off" => Some(false),
        _ => None,
    })?;
    let ca_file = CA_FILE.read(section, Some(None), |value| some_text(value).map(Some))?;
    match (verify, ca_file) {
        (true, ca_file) => Some(Tls::Verify { ca_file: ca_file.map(str::to_owned) }),
        (false, None) => Some(Tls::Off),
        (false, Some(ca_file)) => {
            section.fault(
                "ca_file",
                Some(&Value::from(ca_file)),
                "with `tls = \"off\"` nobody would look at it: drop one of them".to_owned(),
            );
            None
        }
    }
}

pub(super) fn some_text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| is_text(text))
}

/// A host's name or address.
pub(super) fn is_host(host: &str) -> bool {
    is_text(host) && host.bytes().all(|c| c.is_ascii_alphanumeric() || b".-_:".contains(&c))
}
