//! Which exchanges ended without a conclusion, and why in full: a row for each, beside the log, so
//! that it can be counted and listed without reading bodies. A row tells what the exchange's fact
//! tells and names nobody; it goes with the body that it is made of, or after [`KEPT`].

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Row, params};
use zerotrip_proto::v1::ErrorCode;

use crate::error::LedgerError;
use crate::nodes::number;
use crate::rows::{from_micros, micros};

/// Time for which it is listed.
pub const KEPT: Duration = Duration::from_secs(90 * 86_400);
/// Most rows of one page.
pub const PAGE: u32 = 1000;
/// Most groups of one reply: codes by datasets by checks.
pub const GROUPS: u32 = 1000;
/// Most rows of one exchange: codes by datasets.
pub(crate) const ROWS: usize = 256;
/// Most rows that one job deletes.
const LAPSING: i64 = 10_000;

/// Beside the tables, as stores of before have none. subjects: how many of the exchange's.
pub(crate) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS unavailable (exchange TEXT NOT NULL, code INTEGER NOT NULL, dataset \
                                TEXT NOT NULL, owner TEXT NOT NULL, leaf INTEGER NOT NULL, action \
                                TEXT NOT NULL, at INTEGER NOT NULL, subjects INTEGER NOT NULL,
                                PRIMARY KEY (exchange, code, dataset)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS unavailable_leaf ON unavailable (leaf);
CREATE INDEX IF NOT EXISTS unavailable_owner ON unavailable (owner, at);
CREATE INDEX IF NOT EXISTS unavailable_at ON unavailable (at);
";

/// Which of them are meant; each part that is there narrows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Ended at this moment or later.
    pub since: Option<SystemTime>,
    /// With this code, in full.
    pub code: Option<ErrorCode>,
    /// By this dataset's doing.
    pub dataset: Option<String>,
    /// Of this check, or this check and variant.
    pub check: Option<String>,
    /// By the doing of this member's datasets.
    pub owner: Option<String>,
}

/// How many ended alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// Why, in full.
    pub code: ErrorCode,
    /// By this dataset's doing; empty where no single one is.
    pub dataset: String,
    /// The check and variant.
    pub action: String,
    /// Exchanges.
    pub exchanges: u64,
    /// Subjects of theirs.
    pub subjects: u64,
    /// When the first and the last of them ended.
    pub first: SystemTime,
    /// See `first`.
    pub last: SystemTime,
}

/// One that ended without a conclusion; of one about many, a row for each code and dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its request's id.
    pub exchange: String,
    /// Why, in full.
    pub code: ErrorCode,
    /// By this dataset's doing; empty where no single one is.
    pub dataset: String,
    /// The check and variant.
    pub action: String,
    /// When it ended.
    pub at: SystemTime,
    /// How many of its subjects.
    pub subjects: u32,
    /// The leaf of its completion.
    pub leaf: u64,
}

/// Behind which row a page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// The row's leaf.
    pub leaf: u64,
    /// Its code.
    pub code: i32,
    /// Its dataset.
    pub dataset: String,
}

/// Of an exchange, as it is recorded: subjects that end without a conclusion, alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconcluded {
    /// Why, in full.
    pub code: ErrorCode,
    /// By this dataset's doing; empty where no single one is.
    pub dataset: String,
    /// The member whose it is, or empty.
    pub owner: String,
    /// How many.
    pub subjects: u32,
}

/// Within the transaction that records the completion.
pub(crate) fn record(
    connection: &Connection,
    (exchange, leaf): (&str, u64),
    rows: &[Unconcluded],
    at: SystemTime,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO unavailable (exchange, code, dataset, owner, leaf, action, at, subjects)
         SELECT ?1, ?2, ?3, ?4, ?5, action, ?6, ?7 FROM exchange WHERE id = ?1
         ON CONFLICT DO UPDATE SET subjects = subjects + excluded.subjects",
    )?;
    for Unconcluded { code, dataset, owner, subjects } in rows {
        let (code, leaf) = (i32::from(*code), number(leaf)?);
        insert.execute(params![exchange, code, dataset, owner, leaf, micros(at), subjects])?;
    }
    Ok(())
}

/// With the exchange's body, in the same transaction.
pub(crate) fn forget(connection: &Connection, exchange: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM unavailable WHERE exchange = ?1")?
        .execute([exchange])
        .map(drop)
}

/// Deletes rows from before this moment, in microseconds; whether there may be more of them.
pub(crate) fn lapse(connection: &Connection, at: SystemTime) -> rusqlite::Result<bool> {
    let before = micros(at.checked_sub(KEPT).unwrap_or(SystemTime::UNIX_EPOCH));
    let deleted = connection
        .prepare_cached(
            "DELETE FROM unavailable WHERE (exchange, code, dataset) IN (SELECT exchange, code, \
             dataset FROM unavailable WHERE at < ?1 LIMIT ?2)",
        )?
        .execute([before, LAPSING])?;
    Ok(i64::try_from(deleted) == Ok(LAPSING))
}

/// ?1 to ?5 as [`Which`]. A check without its variant is every variant of it.
const MEANT: &str = "(?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR code = ?2) AND (?3 IS NULL OR \
                     dataset = ?3) AND (?4 IS NULL OR action = ?4 OR substr(action, 1, length(?4) \
                     + 1) = ?4 || '/') AND (?5 IS NULL OR owner = ?5)";

/// Counted, those whose first ended first before the others; at most [`GROUPS`].
pub(crate) fn alike(connection: &Connection, which: &Which) -> Result<Vec<Alike>, LedgerError> {
    let select = format!(
        "SELECT code, dataset, action, count(*), sum(subjects), min(at), max(at) FROM unavailable \
         WHERE {MEANT} GROUP BY code, dataset, action ORDER BY min(at), code, dataset, action \
         LIMIT {GROUPS}"
    );
    let mut query = connection.prepare_cached(&select)?;
    let (since, code) = (which.since.map(micros), which.code.map(i32::from));
    let mut rows = query.query(params![since, code, which.dataset, which.check, named(which)?])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Alike {
            code: code_of(row, 0)?,
            dataset: row.get(1)?,
            action: row.get(2)?,
            exchanges: unsigned(row, 3)?,
            subjects: unsigned(row, 4)?,
            first: from_micros(row.get(5)?),
            last: from_micros(row.get(6)?),
        });
    }
    Ok(found)
}

/// One by one, the oldest first; at most [`PAGE`].
pub(crate) fn ended(
    connection: &Connection,
    which: &Which,
    after: &After,
    most: u32,
) -> Result<Vec<Ended>, LedgerError> {
    let select = format!(
        "SELECT exchange, code, dataset, action, at, subjects, leaf FROM unavailable WHERE {MEANT} \
         AND (leaf, code, dataset) > (?6, ?7, ?8) ORDER BY leaf, code, dataset LIMIT ?9"
    );
    let mut query = connection.prepare_cached(&select)?;
    let (since, code) = (which.since.map(micros), which.code.map(i32::from));
    let mut rows = query.query(params![
        since,
        code,
        which.dataset,
        which.check,
        named(which)?,
        number(after.leaf)?,
        after.code,
        after.dataset,
        most.min(PAGE)
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Ended {
            exchange: row.get(0)?,
            code: code_of(row, 1)?,
            dataset: row.get(2)?,
            action: row.get(3)?,
            at: from_micros(row.get(4)?),
            subjects: u32::try_from(unsigned(row, 5)?).unwrap_or(u32::MAX),
            leaf: unsigned(row, 6)?,
        });
    }
    Ok(found)
}

/// What no member owns is nobody's to read but the authority's: an empty name is no member's.
fn named(which: &Which) -> Result<Option<&str>, LedgerError> {
    match which.owner.as_deref() {
        Some("") => Err(LedgerError::Malformed("an owner has a name")),
        owner => Ok(owner),
    }
}

fn code_of(row: &Row<'_>, at: usize) -> Result<ErrorCode, LedgerError> {
    ErrorCode::try_from(row.get::<_, i32>(at)?)
        .map_err(|_| LedgerError::Unavailable("a code in the store cannot be read".into()))
}

fn unsigned(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or_default())
}
