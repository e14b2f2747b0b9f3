//! The database file: its tables, its connections, and the lock that keeps a second writer out.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;

const VERSION: i64 = 1;

const TABLES: &str = "
BEGIN IMMEDIATE;
CREATE TABLE leaf (idx INTEGER PRIMARY KEY, hash BLOB NOT NULL, entry BLOB NOT NULL) STRICT;
-- Perfect subtrees from level 1 up; level 0 is the leaves' own hashes.
CREATE TABLE node (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, size INTEGER NOT NULL, range BLOB NOT NULL,
                   root BLOB NOT NULL) STRICT;
-- outcome: NULL while open, 0 once reconciled, else an ExchangeOutcome.
CREATE TABLE exchange (id TEXT PRIMARY KEY, issuer TEXT NOT NULL, action TEXT NOT NULL, intent_index INTEGER NOT NULL,
                       expires_at INTEGER NOT NULL, outcome INTEGER, code INTEGER, answered_at INTEGER, closing_index INTEGER,
                       answer BLOB, certificate_digest BLOB) STRICT;
CREATE INDEX exchange_open ON exchange (intent_index) WHERE outcome IS NULL;
CREATE TABLE bundle (kind TEXT PRIMARY KEY, version INTEGER NOT NULL, envelope BLOB NOT NULL) STRICT;
CREATE TABLE statement (dataset TEXT PRIMARY KEY, envelope BLOB NOT NULL) STRICT;
CREATE TABLE invitation (token_digest BLOB PRIMARY KEY, system TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
CREATE TABLE join_request (number INTEGER PRIMARY KEY, token_digest BLOB NOT NULL UNIQUE, system TEXT NOT NULL, request BLOB NOT NULL,
                           chain BLOB) STRICT;
PRAGMA user_version = 1;
COMMIT;
";

/// Where tiles and checkpoint are projected to.
pub(crate) fn tiles_folder(folder: &Path) -> PathBuf {
    folder.join("ledger")
}

/// Held as long as the file lives. Two writers would make two histories.
pub(crate) fn lock(folder: &Path) -> Result<File, OpenError> {
    fs::create_dir_all(folder).map_err(|error| OpenError::io(folder, error))?;
    let path = folder.join("store.lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|error| OpenError::io(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.display().to_string())),
        Err(TryLockError::Error(error)) => Err(OpenError::io(&path, error)),
    }
}

pub(crate) fn open_writer(folder: &Path, most_bytes: Option<u64>) -> Result<Connection, OpenError> {
    let path = database(folder);
    create_private(&path).map_err(|error| OpenError::io(&path, error))?;
    let connection = open(&path)?;
    // FULL syncs the WAL in every commit; NORMAL would lose the last ones with the power.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    match connection.pragma_query_value(None, "user_version", |row| row.get(0))? {
        0 => connection.execute_batch(TABLES)?,
        VERSION => {}
        other => return Err(OpenError::NewerVersion(other)),
    }
    if let Some(bytes) = most_bytes {
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
        connection.query_row(&format!("PRAGMA max_page_count = {}", pages.clamp(1, 0xffff_fffe)), [], |_| Ok(()))?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Makes durable what stands in the database and its WAL.
pub(crate) fn sync(folder: &Path) -> Result<(), OpenError> {
    let database = database(folder);
    let mut log = database.clone().into_os_string();
    log.push("-wal");
    for path in [database, PathBuf::from(log), folder.to_owned()] {
        match File::open(&path).and_then(|file| file.sync_all()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(OpenError::io(&path, error)),
            _ => {}
        }
    }
    Ok(())
}

pub(crate) fn open_reader(folder: &Path) -> Result<Connection, OpenError> {
    let connection = open(&database(folder))?;
    connection.pragma_update(None, "query_only", "ON")?;
    Ok(connection)
}

fn open(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // The file may come out of anybody's backup: nothing in its schema gets to run code.
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    Ok(connection)
}

fn database(folder: &Path) -> PathBuf {
    folder.join("store.sqlite")
}

/// Answers are in it: for its owner's eyes only. SQLite gives the WAL the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// While the flag is up, every commit fails.
#[cfg(test)]
pub(crate) fn fail_commits(connection: &Connection, flag: std::sync::Arc<std::sync::atomic::AtomicBool>) -> Result<(), OpenError> {
    connection.commit_hook(Some(move || flag.load(std::sync::atomic::Ordering::SeqCst)))?;
    Ok(())
}
