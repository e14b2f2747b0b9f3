//! Which variants were asked about whom, in rows that do not tell whom: there are few resident ids,
//! so a digest of one is as good as the id. The rows' keys are made with a secret of this store.

use rusqlite::{Connection, params};
use zerotrip_trust::Digest;
use zerotrip_trust::digest::{keyed, random};

use crate::error::OpenError;

/// Most rows that one job deletes.
const LAPSING: i64 = 10_000;

/// Made with the store, and kept in it, as the keys of segments are.
pub(crate) struct Secret([u8; 32]);

impl Secret {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        connection
            .prepare_cached("SELECT variants FROM secret WHERE one = 1")?
            .query_row([], |row| row.get(0))
            .map(Self)
    }

    /// The row's key for the digest of member, check, purpose and subject.
    pub(crate) fn key(&self, asked: &Digest) -> Digest {
        keyed(&self.0, asked)
    }
}

/// Deletes rows from before this moment, in microseconds; whether there may be more of them.
pub(crate) fn lapse(connection: &Connection, before: i64) -> rusqlite::Result<bool> {
    let deleted = connection
        .prepare_cached(
            "DELETE FROM variant WHERE (key, name) IN (SELECT key, name FROM variant WHERE at < \
             ?1 LIMIT ?2)",
        )?
        .execute([before, LAPSING])?;
    Ok(i64::try_from(deleted) == Ok(LAPSING))
}

/// Makes the secret, and brings under it the rows that have digests as their keys. Within the
/// transaction that makes the table.
pub(crate) fn make_secret(connection: &Connection) -> Result<(), OpenError> {
    let secret = Secret(random().map_err(|error| OpenError::Store(error.to_string()))?);
    connection.execute("INSERT INTO secret (one, variants) VALUES (1, ?1)", [secret.0])?;
    let mut rows = connection.prepare("SELECT key, name, at FROM plain_variant")?;
    let mut rows = rows.query([])?;
    let mut insert =
        connection.prepare("INSERT INTO variant (key, name, at) VALUES (?1, ?2, ?3)")?;
    while let Some(row) = rows.next()? {
        let (key, name, at): (Digest, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        insert.execute(params![secret.key(&key), name, at])?;
    }
    Ok(())
}
