//! The tree's nodes, as the tables hold them.

use rusqlite::{Connection, OptionalExtension as _, params};
use zerotrip_trust::Digest;

/// A node in the tables.
pub(crate) fn read_row(
    connection: &Connection,
    level: u32,
    index: u64,
) -> rusqlite::Result<Option<Digest>> {
    let mut statement = match level {
        0 => connection.prepare_cached("SELECT hash FROM leaf WHERE idx = ?1 AND ?2 = 0")?,
        _ => connection.prepare_cached("SELECT hash FROM node WHERE idx = ?1 AND level = ?2")?,
    };
    statement.query_row(params![number(index)?, level], |row| row.get(0)).optional()
}

/// SQLite's integers are signed; a log never gets that long.
pub(crate) fn number(value: u64) -> rusqlite::Result<i64> {
    i64::try_from(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
