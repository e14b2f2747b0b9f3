//! The register's file: its tables and its connection.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use zerotrip_certificates::Profile;
use zerotrip_channel::files::{self, FileError};

use super::entry::Stage;
use super::errand::ErrandKey;
use super::error::RegisterError;
use super::time::seconds;

const VERSION: i64 = 4;
/// Time that a connection waits for another's transaction.
const BUSY: Duration = Duration::from_secs(5);

const TABLES: &str = "
BEGIN IMMEDIATE;
-- revision: counts the orders on its places. published: the last one that is in its file.
CREATE TABLE IF NOT EXISTS list (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, uri TEXT \
                      NOT NULL UNIQUE, profile TEXT NOT NULL, bits INTEGER NOT NULL, places \
                      INTEGER NOT NULL, used INTEGER NOT NULL, revision INTEGER NOT NULL, \
                      published INTEGER NOT NULL, published_at INTEGER) STRICT;
-- A place without a certificate is a decoy. revision: the order that it has its value by.
CREATE TABLE IF NOT EXISTS place (list INTEGER NOT NULL, place INTEGER NOT NULL, value INTEGER NOT \
                      NULL, revision INTEGER NOT NULL, serial TEXT, PRIMARY KEY (list, place)) \
                      STRICT, WITHOUT ROWID;
-- subject: the place in an exchange about many, or -1. refusal: by which code the hub refused to
-- record it.
CREATE TABLE IF NOT EXISTS certificate (serial TEXT PRIMARY KEY, year INTEGER NOT NULL, number \
                      INTEGER NOT NULL, exchange TEXT NOT NULL, subject INTEGER NOT NULL, \
                      question TEXT NOT NULL, list INTEGER NOT NULL, place INTEGER NOT NULL, \
                      stage INTEGER NOT NULL, issued_at INTEGER, valid_until INTEGER, \
                      record_index INTEGER, token TEXT, refusal TEXT, UNIQUE (year, number), \
                      UNIQUE (exchange, subject), UNIQUE (list, place)) STRICT;
CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY AUTOINCREMENT, serial TEXT NOT NULL, \
                      at INTEGER NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS event_serial ON event (serial);
PRAGMA user_version = 2;
COMMIT;
";
/// From version 2, in which a certificate was one copy.
const FROM_2: &str = "
BEGIN IMMEDIATE;
-- A certificate's further copies, from 1, each for another key of its holder.
CREATE TABLE IF NOT EXISTS copy (serial TEXT NOT NULL, number INTEGER NOT NULL, list INTEGER NOT \
                      NULL, place INTEGER NOT NULL, token TEXT, PRIMARY KEY (serial, number), \
                      UNIQUE (list, place)) STRICT, WITHOUT ROWID;
PRAGMA user_version = 3;
COMMIT;
";
/// From version 1, which had the code at the end of the event's text alone.
const FROM_1: &str = "
BEGIN IMMEDIATE;
ALTER TABLE certificate ADD COLUMN refusal TEXT;
UPDATE certificate SET refusal = (SELECT substr(e.reason, 28) FROM event e WHERE e.serial = \
                      certificate.serial AND e.what = 'give up' AND substr(e.reason, 1, 27) = \
                      'the hub did not record it: ') WHERE stage = 3;
PRAGMA user_version = 2;
COMMIT;
";

/// From version 3, which did not have for which errand a certificate is.
const FROM_3: &str = "
CREATE INDEX IF NOT EXISTS certificate_errand ON certificate (errand);
PRAGMA user_version = 4;
";

/// The folder of the register in a system's folder.
pub(super) fn folder_of(home: &Path) -> PathBuf {
    home.join("issued")
}

/// Opens the register, and makes it where there is none.
pub(super) fn open(home: &Path) -> Result<Connection, RegisterError> {
    let folder = folder_of(home);
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| FileError { path, error }
    };
    files::private_folder(&folder).map_err(at(&folder))?;
    let path = folder.join("register.sqlite");
    // It holds citizens' certificates: for its owner's eyes.
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(at(&path))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A place that was given away, and a revocation, must outlast the power.
    connection.pragma_update(None, "synchronous", "FULL")?;
    let steps: &[&str] =
        match connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
            0 => &[TABLES, FROM_2],
            1 => &[FROM_1, FROM_2],
            2 => &[FROM_2],
            3 | VERSION => &[],
            other => return Err(RegisterError::Version(other)),
        };
    for step in steps {
        connection.execute_batch(step)?;
    }
    let is_new = errands(&mut connection)?;
    if is_new || !steps.is_empty() {
        File::open(&folder).and_then(|file| file.sync_all()).map_err(at(&folder))?;
    }
    Ok(connection)
}

/// Writes for which errand each certificate is that has not ended; whether there was anything to
/// do. One that does not say it stops that: what counts beside it could not be known.
fn errands(connection: &mut Connection) -> Result<bool, RegisterError> {
    let has_none = |connection: &Connection| {
        connection.pragma_query_value(None, "user_version", |row| Ok(row.get::<_, i64>(0)? == 3))
    };
    if !has_none(connection)? {
        return Ok(false);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it meanwhile.
    if !has_none(&transaction)? {
        return Ok(false);
    }
    // Where two processes make a new register, one goes through the steps after the other.
    let columns = "SELECT 1 FROM pragma_table_info('certificate') WHERE name = 'errand'";
    if !transaction.prepare(columns)?.exists([])? {
        transaction.execute_batch("ALTER TABLE certificate ADD COLUMN errand TEXT")?;
    }
    transaction.execute_batch(FROM_3)?;
    {
        let mut select = transaction.prepare(
            "SELECT c.serial, c.subject, c.token FROM certificate c JOIN list l ON l.number = \
             c.list WHERE l.profile = ? AND c.stage IN (?, ?) AND c.valid_until > ?",
        )?;
        let mut update =
            transaction.prepare("UPDATE certificate SET errand = ? WHERE serial = ?")?;
        let mut rows = select.query(params![
            Profile::National.name(),
            Stage::Sealed.number(),
            Stage::Recorded.number(),
            seconds(SystemTime::now()),
        ])?;
        while let Some(row) = rows.next()? {
            let (serial, subject): (String, i64) = (row.get(0)?, row.get(1)?);
            let token: String = row.get(2)?;
            let errand = ErrandKey::of_token(&token, subject >= 0)?;
            update.execute(params![errand.as_str(), serial])?;
        }
    }
    transaction.commit()?;
    Ok(true)
}
