//! Erasing: a body's key is deleted, or, before it has moved, the body. Hash, entry, content and
//! proof of each leaf stay. A hold wins.

use std::collections::BTreeMap;
use std::time::SystemTime;

use prost::Message as _;
use rusqlite::{Connection, OptionalExtension as _, params};
use zerotrip_proto::v1::EntryContent;
use zerotrip_proto::v1::entry_content::Body as Said;
use zerotrip_text::cut;

use super::block::{Block, Leaf};
use super::copies::demand_confirmed;
use super::elsewhere::Archive;
use super::holds::{are_by_time, hold_on};
use super::objects::bodies_leave;
use super::order::Order;
use super::reading::{ended_at, id_bytes, past};
use crate::error::LedgerError;
use crate::fault::Fault;
use crate::nodes::number;
use crate::rows::micros;
use crate::unavailable;

/// Most bodies that have not moved and that one job erases.
const BATCH: i64 = 256;

/// What an order came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Bodies that were there, and are erased.
    pub bodies: u64,
    /// Bodies that a hold keeps.
    pub held: u64,
    /// Another program reads the store, so that what is erased can still be read from its WAL, or
    /// from pages that the WAL replaces.
    pub left_in_wal: bool,
}

/// A job of the writer's.
#[derive(Clone, Debug)]
pub(crate) enum Erase {
    /// One, by its request's id; refused where it is held.
    Exchange(String),
    /// Those that ended before, block by block, from this leaf on.
    Before(SystemTime, u64),
    /// Those of a segment, block by block, from this leaf on.
    Segment(u64, u64),
}

/// What a job did, and from which leaf on the next one goes on; `None` at the end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Step {
    pub(crate) erased: Erased,
    pub(crate) next: Option<u64>,
}

/// Within the writer's transaction.
pub(crate) fn erase(
    connection: &Connection,
    archive: &Archive,
    what: &Erase,
    order: &Order,
) -> Result<Step, Fault> {
    order.demand()?;
    demand_confirmed(connection)?;
    let step = match what {
        Erase::Exchange(id) => {
            Step { erased: one(connection, archive, id, order)?, ..Step::default() }
        }
        Erase::Before(before, from) => {
            let hot = hot(connection, *before)?;
            if hot.bodies > 0 {
                Step { erased: hot, next: Some(*from) }
            } else {
                let next: Option<(i64, i64)> = connection
                    .prepare_cached(
                        "SELECT first, segment FROM block WHERE alive > 0 AND first >= ?1 AND \
                         earliest < ?2 ORDER BY first LIMIT 1",
                    )?
                    .query_row(params![number(*from)?, micros(*before)], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()?;
                let mut step = block_of(connection, archive, next, micros(*before), order)?;
                if step.next.is_none() {
                    step.erased.held += hot_left(connection, *before)?;
                }
                step
            }
        }
        Erase::Segment(segment, from) => {
            let segment = number(*segment)?;
            let known = connection
                .prepare_cached("SELECT 1 FROM segment WHERE number = ?1")?
                .exists([segment])?;
            if !known {
                let what = "there is no segment of that number";
                return Err(LedgerError::Malformed(what).into());
            }
            let next: Option<(i64, i64)> = connection
                .prepare_cached(
                    "SELECT first, segment FROM block WHERE segment = ?1 AND alive > 0 AND first \
                     >= ?2 ORDER BY first LIMIT 1",
                )?
                .query_row(params![segment, number(*from)?], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let step = block_of(connection, archive, next, i64::MAX, order)?;
            if step.next.is_none() {
                mark_dropped(connection, segment, order)?;
            }
            step
        }
    };
    if step.erased.bodies > 0 {
        let what = match what {
            Erase::Exchange(id) => id.clone(),
            Erase::Before(before, _) => format!("ended before {}", micros(*before)),
            Erase::Segment(segment, _) => format!("segment {segment}"),
        };
        connection
            .prepare_cached(
                "INSERT INTO erasure (at, by, why, what, bodies) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                micros(order.at),
                order.by,
                order.why,
                what,
                number(step.erased.bodies)?
            ])?;
    }
    Ok(step)
}

fn one(
    connection: &Connection,
    archive: &Archive,
    id: &str,
    order: &Order,
) -> Result<Erased, Fault> {
    let free = |ended_at: i64| match hold_on(connection, id, ended_at)? {
        Some(hold) => Err(Fault::from(LedgerError::Held { exchange: cut(id), hold })),
        None => Ok(()),
    };
    let hot: Option<(Option<i32>, Option<i64>, bool)> = connection
        .prepare_cached(
            "SELECT outcome, answered_at, answer IS NOT NULL FROM exchange WHERE id = ?1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    match hot {
        Some((None, ..)) => {
            return Err(LedgerError::Malformed("an exchange under way cannot be erased").into());
        }
        Some((Some(_), ended_at, there)) => {
            free(ended_at.unwrap_or_default())?;
            forget(connection, id)?;
            return Ok(Erased { bodies: u64::from(there), ..Erased::default() });
        }
        None => {}
    }
    let Some(found) = past(connection, id)? else {
        return Err(LedgerError::UnknownExchange(cut(id)).into());
    };
    if found.key.is_none() {
        return Ok(Erased::default());
    }
    // When it ended is read out of the segment, which may be elsewhere: only where it matters.
    let ended_at =
        if are_by_time(connection)? { archive.ended_at(connection, found.leaf)? } else { 0 };
    free(ended_at)?;
    let row = archive.row(connection, found.leaf)?;
    let erased = u64::from(delete_key(connection, id)?);
    count_down(connection, row.first, erased)?;
    drop_if_empty(connection, row.segment, order)?;
    Ok(Erased { bodies: erased, ..Erased::default() })
}

/// Of those that have not moved, a batch.
fn hot(connection: &Connection, before: SystemTime) -> Result<Erased, Fault> {
    let mut query = connection.prepare_cached(
        "SELECT id FROM exchange WHERE answer IS NOT NULL AND answered_at < ?1 AND NOT EXISTS \
         (SELECT 1 FROM hold WHERE released_at IS NULL AND (hold.exchange = exchange.id OR \
         (begins <= answered_at AND ends > answered_at))) LIMIT ?2",
    )?;
    let ids: Vec<String> = query
        .query_map(params![micros(before), BATCH], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in &ids {
        forget(connection, id)?;
    }
    Ok(Erased { bodies: ids.len() as u64, ..Erased::default() })
}

/// What of them is left once there is no further batch: what is held.
fn hot_left(connection: &Connection, before: SystemTime) -> rusqlite::Result<u64> {
    let count: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM exchange WHERE answer IS NOT NULL AND answered_at < ?1",
        )?
        .query_row([micros(before)], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

fn forget(connection: &Connection, id: &str) -> rusqlite::Result<usize> {
    unavailable::forget(connection, id)?;
    connection
        .prepare_cached(
            "UPDATE exchange SET answer = NULL, fact_salt = NULL, fact = NULL WHERE id = ?1",
        )?
        .execute([id])
}

/// One block's bodies, as far as their exchanges ended before.
fn block_of(
    connection: &Connection,
    archive: &Archive,
    next: Option<(i64, i64)>,
    before: i64,
    order: &Order,
) -> Result<Step, Fault> {
    let Some((first, segment)) = next else { return Ok(Step::default()) };
    let first = u64::try_from(first).unwrap_or_default();
    let block = archive.block(connection, first)?;
    let mut erased = Erased::default();
    let due = bodies(&block).into_values().filter(|(_, ended_at)| *ended_at < before);
    for (id, ended_at) in due {
        if hold_on(connection, &id, ended_at)?.is_some() {
            erased.held += u64::from(past(connection, &id)?.is_some_and(|past| past.key.is_some()));
        } else {
            erased.bodies += u64::from(delete_key(connection, &id)?);
        }
    }
    count_down(connection, first, erased.bodies)?;
    drop_if_empty(connection, segment, order)?;
    Ok(Step { erased, next: Some(first.saturating_add(1)) })
}

/// Id and end of each exchange of the block that had a body, by its leaf.
fn bodies(block: &Block) -> BTreeMap<u32, (String, i64)> {
    let said = |leaf: u32| match block.leaf(block.first.saturating_add(leaf.into())) {
        Some(Leaf::Sealed { content, .. }) => {
            let content = EntryContent::decode(content.as_slice()).ok()?;
            let at = ended_at(&content);
            match content.body? {
                Said::Completion(completion) => Some((completion.exchange_id, at)),
                _ => None,
            }
        }
        _ => None,
    };
    let kept = block.exchanges.iter().filter(|(_, kept)| kept.body_bytes > 0);
    kept.filter_map(|(leaf, _)| Some((*leaf, said(*leaf)?))).collect()
}

fn delete_key(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    unavailable::forget(connection, id)?;
    let Some(id) = id_bytes(id) else { return Ok(false) };
    let changed = connection
        .prepare_cached("UPDATE past SET key = NULL WHERE id = ?1 AND key IS NOT NULL")?
        .execute([id.as_slice()])?;
    Ok(changed == 1)
}

fn count_down(connection: &Connection, block: u64, erased: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE block SET alive = alive - ?2 WHERE first = ?1")?
        .execute(params![number(block)?, number(erased)?])
        .map(drop)
}

/// A segment that is written to no more, and has no body left.
fn drop_if_empty(connection: &Connection, segment: i64, order: &Order) -> rusqlite::Result<()> {
    let last: i64 = connection
        .prepare_cached("SELECT max(number) FROM segment")?
        .query_row([], |row| row.get(0))?;
    if segment < last { mark_dropped(connection, segment, order) } else { Ok(()) }
}

fn mark_dropped(connection: &Connection, segment: i64, order: &Order) -> rusqlite::Result<()> {
    let dropped = connection
        .prepare_cached(
            "UPDATE segment SET dropped_at = ?2 WHERE number = ?1 AND dropped_at IS NULL AND NOT \
             EXISTS (SELECT 1 FROM block WHERE segment = ?1 AND alive > 0)",
        )?
        .execute(params![segment, micros(order.at)])?;
    if dropped > 0 { bodies_leave(connection, segment) } else { Ok(()) }
}

/// Removes the bodies' files of segments in which none is left; which these are, and stay until
/// the writer knows that they are gone.
pub(crate) fn drop_files(
    connection: &Connection,
    archive: &Archive,
) -> Result<Vec<i64>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT number FROM segment WHERE dropped_at IS NOT NULL AND removed = 0 ORDER BY number",
    )?;
    let numbers: Vec<i64> =
        query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for number in &numbers {
        archive.segment(connection, *number)?.bodies.remove()?;
    }
    Ok(numbers)
}
