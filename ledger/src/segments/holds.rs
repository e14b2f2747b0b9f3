//! Legal holds: what must not be erased, by whose word and why.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, params};
use zerotrip_text::cut;

use super::copies::confirm;
use super::order::Order;
use super::reading::{id_bytes, past};
use crate::error::LedgerError;
use crate::fault::Fault;
use crate::rows::{from_micros, micros};

/// Most holds in force at once.
const HOLDS: i64 = 10_000;

/// What a hold is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// One exchange, by its request's id.
    Exchange(String),
    /// Exchanges that ended from the first moment on and before the second.
    Between(SystemTime, SystemTime),
}

/// A hold, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// By which it is released.
    pub number: u64,
    /// What may not be erased.
    pub held: Held,
    /// Who placed it, why and when.
    pub placed: Order,
    /// Who released it, why and when; `None` while it is in force.
    pub released: Option<Order>,
}

/// A job of the writer's.
#[derive(Debug)]
pub(crate) enum HoldWork {
    Place(Held, Order),
    Release(u64, Order),
    /// None is missing from a store that was put back.
    Confirm(Order),
}

/// The number of the hold, or of the copies.
pub(crate) fn apply_hold(connection: &Connection, work: HoldWork) -> Result<u64, Fault> {
    match work {
        HoldWork::Place(held, order) => place(connection, &held, &order),
        HoldWork::Confirm(order) => confirm(connection, &order),
        HoldWork::Release(number, order) => {
            order.demand()?;
            let changed = connection
                .prepare_cached(
                    "UPDATE hold SET released_at = ?2, released_by = ?3, released_why = ?4 WHERE \
                     number = ?1 AND released_at IS NULL",
                )?
                .execute(params![
                    crate::nodes::number(number)?,
                    micros(order.at),
                    order.by,
                    order.why
                ])?;
            if changed == 1 { Ok(number) } else { Err(LedgerError::UnknownHold(number).into()) }
        }
    }
}

fn place(connection: &Connection, held: &Held, order: &Order) -> Result<u64, Fault> {
    order.demand()?;
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM hold WHERE released_at IS NULL")?
        .query_row([], |row| row.get(0))?;
    if count >= HOLDS {
        let found = usize::try_from(count).unwrap_or(usize::MAX);
        let most = usize::try_from(HOLDS).unwrap_or(usize::MAX);
        return Err(LedgerError::TooLarge { what: "the list of holds", found, most }.into());
    }
    let (id, from, to) = match held {
        Held::Exchange(id) => {
            let known = id_bytes(id).is_some()
                && (past(connection, id)?.is_some()
                    || connection
                        .prepare_cached("SELECT 1 FROM exchange WHERE id = ?1")?
                        .exists([id])?);
            if !known {
                return Err(LedgerError::UnknownExchange(cut(id)).into());
            }
            (Some(id.as_str()), None, None)
        }
        Held::Between(from, to) if from < to => (None, Some(micros(*from)), Some(micros(*to))),
        Held::Between(..) => {
            let what = "a hold's range begins before it ends";
            return Err(LedgerError::Malformed(what).into());
        }
    };
    connection
        .prepare_cached(
            "INSERT INTO hold (exchange, begins, ends, placed_at, placed_by, placed_why) VALUES \
             (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![id, from, to, micros(order.at), order.by, order.why])?;
    Ok(u64::try_from(connection.last_insert_rowid()).unwrap_or_default())
}

/// Whether a hold in force is over a range of time.
pub(super) fn are_by_time(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM hold WHERE released_at IS NULL AND exchange IS NULL")?
        .exists([])
}

/// The first hold in force over an exchange that ended then.
pub(super) fn hold_on(
    connection: &Connection,
    id: &str,
    ended_at: i64,
) -> rusqlite::Result<Option<u64>> {
    let found: Option<i64> = connection
        .prepare_cached(
            "SELECT number FROM hold WHERE released_at IS NULL AND (exchange = ?1 OR (begins <= \
             ?2 AND ends > ?2)) ORDER BY number LIMIT 1",
        )?
        .query_row(params![id, ended_at], |row| row.get(0))
        .optional()?;
    Ok(found.map(|number| u64::try_from(number).unwrap_or_default()))
}

/// All holds, those in force first.
pub(crate) fn list_holds(connection: &Connection) -> Result<Vec<Hold>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT number, exchange, begins, ends, placed_at, placed_by, placed_why, released_at, \
         released_by, released_why FROM hold ORDER BY released_at IS NOT NULL, number",
    )?;
    let rows = query.query_map([], |row| {
        let order = |at: usize| -> rusqlite::Result<Order> {
            Ok(Order { at: from_micros(row.get(at)?), by: row.get(at + 1)?, why: row.get(at + 2)? })
        };
        let held = match row.get::<_, Option<String>>(1)? {
            Some(id) => Held::Exchange(id),
            None => Held::Between(from_micros(row.get(2)?), from_micros(row.get(3)?)),
        };
        let released = row.get::<_, Option<i64>>(7)?.is_some();
        Ok(Hold {
            number: u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
            held,
            placed: order(4)?,
            released: if released { Some(order(7)?) } else { None },
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
