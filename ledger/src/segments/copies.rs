//! Copies of the store. That nothing is held is a conclusion, and a copy cannot draw it: it does
//! not know which holds were placed after it was made. It erases nothing until its operator has
//! said that none is missing.

use std::time::SystemTime;

use rusqlite::{Connection, params};

use super::order::Order;
use super::unconfirmed::Unconfirmed;
use crate::error::LedgerError;
use crate::fault::Fault;
use crate::rows::{from_micros, micros};

/// A backup that this store was put back from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// When it was made; `None` where it does not say.
    pub copied_at: Option<SystemTime>,
    /// When it was put back by `restore`; `None` for a backup that was opened where it is.
    pub restored_at: Option<SystemTime>,
    /// Who said that no hold is missing, why and when.
    pub confirmed: Option<Order>,
}

/// In a backup that was just made.
pub(crate) fn mark_copied(connection: &Connection, at: SystemTime) -> rusqlite::Result<()> {
    connection.execute("INSERT INTO copy (copied_at) VALUES (?1)", [micros(at)]).map(drop)
}

/// In a backup that is about to be put back. One that says nothing of itself, or whose holds were
/// confirmed where it lay, is a copy all the same.
pub(crate) fn mark_restored(connection: &Connection, at: SystemTime) -> rusqlite::Result<()> {
    let marked = connection.execute(
        "UPDATE copy SET restored_at = ?1 WHERE confirmed_at IS NULL AND restored_at IS NULL",
        [micros(at)],
    )?;
    if marked == 0 {
        connection.execute("INSERT INTO copy (restored_at) VALUES (?1)", [micros(at)])?;
    }
    Ok(())
}

/// Whether holds may be missing, and since when.
pub(crate) fn unconfirmed(connection: &Connection) -> rusqlite::Result<Option<Unconfirmed>> {
    let (copies, dated, first): (i64, i64, Option<i64>) = connection
        .prepare_cached(
            "SELECT count(*), count(copied_at), min(copied_at) FROM copy WHERE confirmed_at IS \
             NULL",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let since = first.filter(|_| dated == copies).map(from_micros);
    Ok((copies > 0).then_some(Unconfirmed { since }))
}

/// Refused while holds may be missing.
pub(super) fn demand_confirmed(connection: &Connection) -> Result<(), LedgerError> {
    unconfirmed(connection)?.map_or(Ok(()), |holds| Err(LedgerError::Unconfirmed(holds)))
}

/// Records that no hold is missing; of how many copies that is said.
pub(super) fn confirm(connection: &Connection, order: &Order) -> Result<u64, Fault> {
    order.demand()?;
    let confirmed = connection
        .prepare_cached(
            "UPDATE copy SET confirmed_at = ?1, confirmed_by = ?2, confirmed_why = ?3 WHERE \
             confirmed_at IS NULL",
        )?
        .execute(params![micros(order.at), order.by, order.why])?;
    if confirmed == 0 { Err(LedgerError::NothingToConfirm.into()) } else { Ok(confirmed as u64) }
}

/// All of them, oldest first.
pub(crate) fn list_copies(connection: &Connection) -> Result<Vec<Copied>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT copied_at, restored_at, confirmed_at, confirmed_by, confirmed_why FROM copy ORDER \
         BY number",
    )?;
    let rows = query.query_map([], |row| {
        let moment = |at: usize| -> rusqlite::Result<Option<SystemTime>> {
            Ok(row.get::<_, Option<i64>>(at)?.map(from_micros))
        };
        let confirmed = match moment(2)? {
            Some(at) => Some(Order { at, by: row.get(3)?, why: row.get(4)? }),
            None => None,
        };
        Ok(Copied { copied_at: moment(0)?, restored_at: moment(1)?, confirmed })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
