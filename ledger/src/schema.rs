//! The database file: its tables, its connections, and the lock that keeps a second writer out.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::error::OpenError;
use crate::regular;
use crate::segments::folder_of;
use crate::unavailable;
use crate::variants::make_secret;

const VERSION: i64 = 5;
/// They have the same tables, without those of the past, of copies, or of objects: brought up to
/// date as they are opened.
const BEFORE_SEGMENTS: i64 = 2;
const BEFORE_COPIES: i64 = 3;
const BEFORE_OBJECTS: i64 = 4;

const TABLES: &str = "
BEGIN IMMEDIATE;
-- salt, content: open a sealed entry. reader: the system whose entry it is.
CREATE TABLE leaf (idx INTEGER PRIMARY KEY, hash BLOB NOT NULL, entry BLOB NOT NULL, salt BLOB, \
                      content BLOB, reader TEXT) STRICT;
-- Members that may read an entry besides.
CREATE TABLE shared (idx INTEGER NOT NULL, member TEXT NOT NULL, PRIMARY KEY (idx, member)) \
                      STRICT, WITHOUT ROWID;
-- Perfect subtrees from level 1 up; level 0 is the leaves' own hashes.
CREATE TABLE node (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY \
                      (level, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, size INTEGER NOT \
                      NULL, range BLOB NOT NULL,
                   root BLOB NOT NULL) STRICT;
-- outcome: NULL while open, 0 once reconciled, else an ExchangeOutcome.
CREATE TABLE exchange (id TEXT PRIMARY KEY, issuer TEXT NOT NULL, action TEXT NOT NULL, \
                      intent_index INTEGER NOT NULL,
                       expires_at INTEGER NOT NULL, outcome INTEGER, code INTEGER, answered_at \
                      INTEGER, closing_index INTEGER,
                       answer BLOB, certificate_digest BLOB, fact_salt BLOB, fact BLOB, fact_owner \
                      TEXT) STRICT;
-- Variants of a check that were asked about a subject; the key is a digest.
CREATE TABLE variant (key BLOB NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY \
                      (key, name)) STRICT, WITHOUT ROWID;
CREATE INDEX exchange_open ON exchange (intent_index) WHERE outcome IS NULL;
CREATE TABLE bundle (kind TEXT PRIMARY KEY, version INTEGER NOT NULL, envelope BLOB NOT NULL) \
                      STRICT;
CREATE TABLE statement (dataset TEXT PRIMARY KEY, envelope BLOB NOT NULL) STRICT;
CREATE TABLE invitation (token_digest BLOB PRIMARY KEY, system TEXT NOT NULL, expires_at INTEGER \
                      NOT NULL) STRICT;
CREATE TABLE join_request (number INTEGER PRIMARY KEY, token_digest BLOB NOT NULL UNIQUE, system \
                      TEXT NOT NULL, request BLOB NOT NULL,
                           chain BLOB) STRICT;
PRAGMA user_version = 2;
COMMIT;
";

/// The past ([`crate::segments`]). Beside the first tables, since stores of before have none.
const PAST: &str = "
BEGIN IMMEDIATE;
-- Leaves before this one are in segments.
ALTER TABLE meta ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
-- id: 16 bytes, of an exchange that ended in this leaf. key: its body's; without it there is none.
CREATE TABLE past (id BLOB PRIMARY KEY, leaf INTEGER NOT NULL, key BLOB) STRICT, WITHOUT ROWID;
CREATE TABLE segment (number INTEGER PRIMARY KEY, day TEXT NOT NULL, entries_bytes INTEGER NOT \
                      NULL, bodies_bytes INTEGER NOT NULL, dictionary BLOB NOT NULL,
                      dropped_at INTEGER, removed INTEGER NOT NULL DEFAULT 0) STRICT;
-- earliest: when the first of its exchanges with a body ended. alive: bodies whose key is there.
CREATE TABLE block (first INTEGER PRIMARY KEY, end INTEGER NOT NULL, segment INTEGER NOT NULL, \
                    key BLOB NOT NULL, entries_at INTEGER NOT NULL, entries_bytes INTEGER NOT NULL,
                    bodies_at INTEGER NOT NULL, bodies_bytes INTEGER NOT NULL, entries_digest BLOB \
                    NOT NULL, bodies_digest BLOB NOT NULL, earliest INTEGER NOT NULL,
                    alive INTEGER NOT NULL) STRICT;
CREATE INDEX block_alive ON block (first) WHERE alive > 0;
CREATE INDEX block_segment ON block (segment);
CREATE INDEX exchange_kept ON exchange (answered_at) WHERE answer IS NOT NULL;
CREATE INDEX variant_at ON variant (at);
CREATE TABLE hold (number INTEGER PRIMARY KEY AUTOINCREMENT, exchange TEXT, begins INTEGER, ends \
                   INTEGER, placed_at INTEGER NOT NULL, placed_by TEXT NOT NULL,
                   placed_why TEXT NOT NULL, released_at INTEGER, released_by TEXT, released_why \
                   TEXT) STRICT;
CREATE TABLE erasure (number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, by TEXT NOT \
                      NULL, why TEXT NOT NULL, what TEXT NOT NULL, bodies INTEGER NOT NULL) STRICT;
PRAGMA user_version = 3;
COMMIT;
";

/// Copies ([`crate::segments`]), and the secret of the variants' keys ([`crate::variants`]).
const COPIES: &str = "
-- A row in each backup, of when it was made and put back. confirmed: that no hold is missing.
CREATE TABLE copy (number INTEGER PRIMARY KEY AUTOINCREMENT, copied_at INTEGER, restored_at \
                      INTEGER, confirmed_at INTEGER, confirmed_by TEXT, confirmed_why TEXT) STRICT;
CREATE TABLE secret (one INTEGER PRIMARY KEY CHECK (one = 1), variants BLOB NOT NULL) STRICT;
ALTER TABLE variant RENAME TO plain_variant;
DROP INDEX variant_at;
CREATE TABLE variant (key BLOB NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY \
                      (key, name)) STRICT, WITHOUT ROWID;
CREATE INDEX variant_at ON variant (at);
";

/// Segments' files that are elsewhere ([`crate::segments`]).
const OBJECTS: &str = "
-- state: 0 begun, 1 there, 2 there alone, 3 to be removed, 4 left.
-- upload: of which something may be left.
CREATE TABLE IF NOT EXISTS object (name TEXT PRIMARY KEY, segment INTEGER NOT NULL, kind TEXT NOT \
                      NULL, place TEXT NOT NULL, state INTEGER NOT NULL, upload TEXT) STRICT, \
                      WITHOUT ROWID;
-- Segments that were brought back by hand.
CREATE TABLE IF NOT EXISTS stay (segment INTEGER PRIMARY KEY) STRICT;
CREATE INDEX IF NOT EXISTS object_segment ON object (segment, kind);
CREATE INDEX IF NOT EXISTS object_state ON object (state) WHERE state <> 2;
";

/// Entries that are not sealed, the bundles': few among millions. Beside the tables, since stores
/// and backups of before have none.
const BUNDLE_LEAVES: &str =
    "CREATE INDEX IF NOT EXISTS leaf_bundle ON leaf (idx) WHERE content IS NULL";

/// Certificates on subjects of answers about many. Beside the tables, as the index. Rows go with
/// their exchange: on what has moved no certificate can rest.
const ISSUED: &str = "CREATE TABLE IF NOT EXISTS issued (exchange TEXT NOT NULL, place INTEGER \
                      NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (exchange, place)) STRICT, \
                      WITHOUT ROWID";

/// Time that a connection waits for a lock.
const BUSY: Duration = Duration::from_secs(5);

/// Where tiles and checkpoint are projected to.
pub(crate) fn tiles_folder(folder: &Path) -> PathBuf {
    folder.join("ledger")
}

/// What a store consists of beside its mark: the database first, what is made of it last.
pub(crate) fn parts(folder: &Path) -> Vec<PathBuf> {
    let mut parts = files(folder);
    parts.retain(|file| *file != lock_file(folder));
    parts.push(folder_of(folder));
    parts.push(tiles_folder(folder));
    parts
}

/// A folder that must not exist yet, for its owner's eyes only.
pub(crate) fn new_folder(path: &Path) -> Result<(), OpenError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| OpenError::io(path, error))
}

/// Held as long as the file lives. Two writers would make two histories.
pub(crate) fn lock(folder: &Path) -> Result<File, OpenError> {
    fs::create_dir_all(folder).map_err(|error| OpenError::io(folder, error))?;
    let path = lock_file(folder);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| OpenError::io(&path, error))?;
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
    // A key that was deleted, and a body, must be in no free page.
    connection.pragma_update(None, "secure_delete", "ON")?;
    bring_up_to_date(&connection, true)?;
    if let Some(bytes) = most_bytes {
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
        connection.query_row(
            &format!("PRAGMA max_page_count = {}", pages.clamp(1, 0xffff_fffe)),
            [],
            |_| Ok(()),
        )?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Makes durable what is in the database and its WAL: before SQLite opens them, and never after
/// (see [`crate::held`]).
pub(crate) fn sync(folder: &Path) -> Result<(), OpenError> {
    for path in files(folder).into_iter().take(2).chain([folder.to_owned()]) {
        let opened = if path == folder { File::open(&path) } else { regular::open(&path) };
        match opened.and_then(|file| file.sync_all()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(OpenError::io(&path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The names of files that SQLite made.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), OpenError> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(|error| OpenError::io(folder, error))
}

/// Changes with the tables.
pub(crate) fn schema_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "schema_version", |row| row.get(0))
}

/// Changes as soon as any other connection, of whatever program, has committed something, or
/// emptied the WAL.
pub(crate) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

/// Copies what is in the WAL into the database; whether all of it got there.
pub(crate) fn fold_wal(connection: &Connection) -> bool {
    match connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)) {
        Ok(0) => true,
        // The WAL is as durable as the database; the next opening reads it.
        Ok(_) => {
            tracing::info!("the store's WAL is left for the next opening: it is still being read");
            false
        }
        Err(error) => {
            tracing::warn!(%error, "the store's WAL is left for the next opening");
            false
        }
    }
}

/// The same, without waiting for whoever reads: what was erased is then in no file of the store.
pub(crate) fn empty_wal(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let emptied =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    connection.busy_timeout(BUSY)?;
    Ok(emptied? == 0)
}

pub(crate) fn open_reader(folder: &Path) -> Result<Connection, OpenError> {
    let connection = open(&database(folder))?;
    connection.pragma_update(None, "query_only", "ON")?;
    Ok(connection)
}

fn open(path: &Path) -> Result<Connection, OpenError> {
    open_as(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

fn open_as(path: &Path, access: OpenFlags) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    // The file may come from any backup: nothing in its schema gets to run code.
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    Ok(connection)
}

pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("store.sqlite")
}

fn lock_file(folder: &Path) -> PathBuf {
    folder.join("store.lock")
}

/// The files that SQLite and the lock hold while the store is open.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let beside = |ending: &str| {
        let mut name = database(folder).into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    vec![database(folder), beside("-wal"), beside("-shm"), lock_file(folder)]
}

/// A connection that only reads, for a program beside the one that writes: as it closes, it leaves
/// database and WAL as they are.
pub(crate) fn open_reading(folder: &Path) -> Result<Connection, OpenError> {
    open_as(&database(folder), OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// The same, where it has a past to look into.
pub(crate) fn open_reading_past(folder: &Path) -> Result<Connection, OpenError> {
    let connection = open_reading(folder)?;
    match connection.pragma_query_value(None, "user_version", |row| row.get(0))? {
        VERSION => Ok(connection),
        before @ (BEFORE_SEGMENTS | BEFORE_COPIES | BEFORE_OBJECTS) => {
            Err(OpenError::LastRelease(before))
        }
        other => Err(unknown_version(other)),
    }
}

fn unknown_version(found: i64) -> OpenError {
    if found < VERSION { OpenError::OlderVersion(found) } else { OpenError::NewerVersion(found) }
}

/// A copy that no other process has open: without a WAL, so that one file is all of it.
pub(crate) fn open_alone(folder: &Path) -> Result<Connection, OpenError> {
    let connection = open(&database(folder))?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    bring_up_to_date(&connection, false)?;
    Ok(connection)
}

/// The tables of this release; `make` where there are none yet.
fn bring_up_to_date(connection: &Connection, make: bool) -> Result<(), OpenError> {
    let found = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    // Each step whole or not at all: it is one transaction.
    match found {
        0 if make => {
            connection.execute_batch(TABLES)?;
            connection.execute_batch(PAST)?;
        }
        BEFORE_SEGMENTS => connection.execute_batch(PAST)?,
        BEFORE_COPIES | BEFORE_OBJECTS | VERSION => {}
        other => return Err(unknown_version(other)),
    }
    if found != VERSION {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        if found != BEFORE_OBJECTS {
            transaction.execute_batch(COPIES)?;
            make_secret(&transaction)?;
            transaction.execute_batch("DROP TABLE plain_variant")?;
        }
        transaction.execute_batch(OBJECTS)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    connection.execute_batch(BUNDLE_LEAVES)?;
    connection.execute_batch(ISSUED)?;
    Ok(connection.execute_batch(unavailable::TABLE)?)
}

/// Answers are in it: for its owner's eyes only. SQLite gives the WAL the same mode.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// While the flag is up, every commit fails.
#[cfg(test)]
pub(crate) fn fail_commits(
    connection: &Connection,
    flag: std::sync::Arc<std::sync::atomic::AtomicBool>,
) -> Result<(), OpenError> {
    connection.commit_hook(Some(move || flag.load(std::sync::atomic::Ordering::SeqCst)))?;
    Ok(())
}
