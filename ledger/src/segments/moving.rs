//! Moving a block: first into its files, then, in one transaction of the writer's, out of the
//! tables.

use std::collections::BTreeMap;
use std::time::SystemTime;

use prost::Message as _;
use rusqlite::{Connection, OptionalExtension as _, params};
use zerotrip_proto::v1::EntryContent;
use zerotrip_proto::v1::entry_content::Body as Said;
use zerotrip_trust::digest::sha256;
use zerotrip_trust::vault::{self, Key};
use zerotrip_trust::{Digest, Digest as Certificate};

use super::BLOCK;
use super::block::{Block, Kept, Leaf, TILE};
use super::body::{Body, Sealer};
use super::dictionary;
use super::elsewhere::Archive;
use super::error::SegmentError;
use super::file::{Segment, SegmentFile, day, newest};
use super::kind::Kind;
use super::reading::{ended_at, id_bytes, moved, place};
use crate::audit::TAIL;
use crate::error::LedgerError;
use crate::fault::Fault;
use crate::nodes::{number, read_row};
use crate::rows::micros;

/// Bytes of a segment's bodies from which on the next block begins another segment.
const SEGMENT_BYTES: u64 = 64 << 20;

/// A block that is on the disk, and waits to be taken over.
#[derive(Debug)]
pub(crate) struct Moving {
    first: u64,
    end: u64,
    segment: i64,
    day: String,
    /// Of a new segment.
    dictionary: Option<Vec<u8>>,
    key: Key,
    entries: Written,
    bodies: Written,
    /// Tiles and their roots, as the files have them.
    tiles: Vec<(u64, Option<Digest>)>,
    exchanges: Vec<Seen>,
    /// When the first of its exchanges with a body ended, in microseconds.
    earliest: i64,
    alive: i64,
}

#[derive(Debug)]
struct Written {
    at: u64,
    bytes: u64,
    digest: Digest,
}

/// An exchange as it was when the block was made.
#[derive(Debug)]
pub(crate) struct Seen {
    id: String,
    leaf: u64,
    certificate: Option<Certificate>,
    /// Of its body; `None` where it has none.
    key: Option<Key>,
}

struct Row {
    expires_at: i64,
    certificate: Option<Certificate>,
    answer: Option<Vec<u8>>,
    fact_salt: Option<Vec<u8>>,
    fact: Option<Vec<u8>>,
    fact_owner: Option<String>,
}

/// Writes the next block into its files, durably; `None` where nothing is old enough. Of an
/// exchange without its end nothing moves but the intent's leaf. What is dated after `now` counts
/// as old: a clock that once went ahead must not keep everything.
pub(crate) fn build(
    connection: &Connection,
    archive: &Archive,
    before: SystemTime,
    now: SystemTime,
) -> Result<Option<Moving>, LedgerError> {
    let transaction = connection.unchecked_transaction()?;
    let size: i64 =
        transaction.query_row("SELECT size FROM meta WHERE one = 1", [], |row| row.get(0))?;
    let size = u64::try_from(size).unwrap_or_default();
    let first = moved(&transaction)?;
    let end = first.saturating_add(BLOCK);
    // The last leaves stay: they are what opening verifies.
    if end > size.saturating_sub(TAIL) & !(TILE - 1) {
        return Ok(None);
    }
    let leaves = leaves(&transaction, first, end)?;
    let young = |leaf: &Leaf| {
        let Leaf::Sealed { content, .. } = leaf else { return false };
        let at = EntryContent::decode(content.as_slice()).map_or(0, |content| ended_at(&content));
        at >= micros(before) && at <= micros(now)
    };
    if leaves.iter().any(young) {
        return Ok(None);
    }
    let rows = ending(&transaction, first, &leaves)?;
    let bodies: BTreeMap<u64, Body> =
        rows.iter().filter_map(|(leaf, (_, row))| Some((*leaf, body(row)?))).collect();
    let open = newest(&transaction, archive.store(), archive.origin())?;
    let today = day(now);
    let current = open.as_ref().filter(|segment| {
        segment.day == today && segment.bodies_end < SEGMENT_BYTES && !segment.dropped
    });
    let next = open.as_ref().map_or(1, |segment| segment.number.saturating_add(1));
    let fresh = match current {
        Some(_) => None,
        None => Some(begin(archive, &today, next, &samples(&transaction)?)),
    };
    drop(transaction);

    let Some(segment) = current.or(fresh.as_ref()) else { return Ok(None) };

    let failed = |error: std::io::Error| SegmentError::Io {
        file: segment.bodies.name().to_owned(),
        why: error.to_string(),
    };
    let mut sealer = Sealer::new(&segment.dictionary).map_err(failed)?;
    let (mut sealed, mut kept, mut exchanges) = (Vec::new(), BTreeMap::new(), Vec::new());
    let (mut earliest, mut alive) = (i64::MAX, 0);
    for (leaf, (id, row)) in rows {
        let at = sealed.len() as u64;
        let mut key = None;
        if let Some(body) = bodies.get(&leaf) {
            let place =
                place(archive.origin(), Kind::Bodies, segment.number, leaf, leaf.saturating_add(1));
            let (new, bytes) = sealer.seal(&place, body).map_err(failed)?;
            sealed.extend(bytes);
            key = Some(new);
            alive += 1;
            earliest = earliest.min(ended(&leaves, first, leaf));
        }
        kept.insert(
            u32::try_from(leaf.saturating_sub(first)).unwrap_or(u32::MAX),
            Kept {
                expires_at: row.expires_at,
                certificate_digest: row.certificate,
                fact_owner: row.fact_owner.unwrap_or_default(),
                body_at: at,
                body_bytes: (sealed.len() as u64).saturating_sub(at),
            },
        );
        exchanges.push(Seen { id, leaf, certificate: row.certificate, key });
    }
    let block = Block::new(first, leaves, kept);
    let tiles = block.tiles().collect();
    let place = place(archive.origin(), Kind::Entries, segment.number, first, end);
    let (key, entries) = block
        .encode()
        .and_then(|plain| vault::seal(&place, plain).map_err(std::io::Error::other))
        .map_err(failed)?;
    let write = |file: &SegmentFile, at: u64, bytes: &[u8]| {
        file.append(at, bytes)?;
        Ok::<_, SegmentError>(Written { at, bytes: bytes.len() as u64, digest: sha256(bytes) })
    };
    Ok(Some(Moving {
        first,
        end,
        segment: segment.number,
        day: segment.day.clone(),
        bodies: write(&segment.bodies, segment.bodies_end, &sealed)?,
        entries: write(&segment.entries, segment.entries_end, &entries)?,
        dictionary: fresh.as_ref().map(|segment| segment.dictionary.clone()),
        key,
        tiles,
        exchanges,
        earliest,
        alive,
    }))
}

/// Bodies that a segment's dictionary is made of.
fn samples(connection: &Connection) -> rusqlite::Result<Vec<Vec<u8>>> {
    connection
        .prepare_cached("SELECT answer FROM exchange WHERE answer IS NOT NULL LIMIT 512")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn begin(archive: &Archive, day: &str, number: i64, samples: &[Vec<u8>]) -> Segment {
    let file = |kind| SegmentFile::new(archive.store(), archive.origin(), day, number, kind);
    let (entries, bodies_file) = (file(Kind::Entries), file(Kind::Bodies));
    Segment {
        number,
        day: day.to_owned(),
        entries_end: entries.start(),
        bodies_end: bodies_file.start(),
        entries,
        bodies: bodies_file,
        dictionary: dictionary::of(samples.iter().map(Vec::as_slice)),
        dropped: false,
    }
}

fn ended(leaves: &[Leaf], first: u64, leaf: u64) -> i64 {
    let at = usize::try_from(leaf.saturating_sub(first)).unwrap_or(usize::MAX);
    match leaves.get(at) {
        Some(Leaf::Sealed { content, .. }) => {
            EntryContent::decode(content.as_slice()).map_or(0, |content| ended_at(&content))
        }
        _ => 0,
    }
}

fn body(row: &Row) -> Option<Body> {
    let fact = || row.fact.clone().unwrap_or_default();
    let salt = row.fact_salt.clone().unwrap_or_default();
    row.answer.clone().map(|answer| Body { answer, fact_salt: salt, fact: fact() })
}

fn leaves(connection: &Connection, first: u64, end: u64) -> Result<Vec<Leaf>, LedgerError> {
    let mut shared: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut query = connection.prepare_cached(
        "SELECT idx, member FROM shared WHERE idx >= ?1 AND idx < ?2 ORDER BY idx, member",
    )?;
    let bounds = params![number(first)?, number(end)?];
    for row in query.query_map(bounds, |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (index, member) = row?;
        shared.entry(index).or_default().push(member);
    }
    let mut query = connection.prepare_cached(
        "SELECT idx, entry, salt, content, reader FROM leaf WHERE idx >= ?1 AND idx < ?2 ORDER BY \
         idx",
    )?;
    let mut rows = query.query(params![number(first)?, number(end)?])?;
    let mut leaves = Vec::new();
    while let Some(row) = rows.next()? {
        let index: i64 = row.get(0)?;
        let sealed = row.get::<_, Option<Vec<u8>>>(2)?.zip(row.get(3)?).zip(row.get(4)?);
        leaves.push(match sealed {
            Some(((salt, content), reader)) => Leaf::Sealed {
                salt,
                content,
                reader,
                shared: shared.remove(&index).unwrap_or_default(),
            },
            None => Leaf::Open { entry: row.get(1)? },
        });
    }
    if leaves.len() as u64 == end.saturating_sub(first) {
        Ok(leaves)
    } else {
        Err(LedgerError::Unavailable(format!("leaves between {first} and {end} are missing")))
    }
}

/// The exchanges that end in these leaves.
fn ending(
    connection: &Connection,
    first: u64,
    leaves: &[Leaf],
) -> Result<BTreeMap<u64, (String, Row)>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT expires_at, certificate_digest, answer, fact_salt, fact, fact_owner FROM exchange \
         WHERE id = ?1 AND closing_index = ?2",
    )?;
    let mut found = BTreeMap::new();
    for (index, leaf) in (first..).zip(leaves) {
        let Leaf::Sealed { content, .. } = leaf else { continue };
        let id = match EntryContent::decode(content.as_slice()).map(|content| content.body) {
            Ok(Some(Said::Completion(end))) => end.exchange_id,
            Ok(Some(Said::Reconciliation(end))) => end.exchange_id,
            Ok(Some(Said::Intent(_) | Said::Refusal(_))) => continue,
            Ok(None) | Err(_) => {
                return Err(LedgerError::Unavailable(format!("the leaf {index} cannot be read")));
            }
        };
        let row = query
            .query_row(params![id, number(index)?], |row| {
                Ok(Row {
                    expires_at: row.get(0)?,
                    certificate: row.get(1)?,
                    answer: row.get(2)?,
                    fact_salt: row.get(3)?,
                    fact: row.get(4)?,
                    fact_owner: row.get(5)?,
                })
            })
            .optional()?;
        let row = row.ok_or_else(|| {
            LedgerError::Unavailable(format!("the exchange of the leaf {index} is missing"))
        })?;
        found.insert(index, (id, row));
    }
    Ok(found)
}

/// Within the writer's transaction: writes the block down, and deletes what it took over. Refused
/// where anything in it is no longer as the block has it.
pub(crate) fn take_over(connection: &Connection, moving: &Moving) -> Result<(), Fault> {
    let changed = || Fault::from(LedgerError::MovedOn);
    if moved(connection)? != moving.first {
        return Err(changed());
    }
    for (index, root) in &moving.tiles {
        if root.is_none() || *root != read_row(connection, TILE.trailing_zeros(), *index)? {
            return Err(changed());
        }
    }
    for seen in &moving.exchanges {
        let deleted = connection
            .prepare_cached(
                "DELETE FROM exchange WHERE id = ?1 AND closing_index = ?2 AND certificate_digest \
                 IS ?3 AND (answer IS NOT NULL) = ?4",
            )?
            .execute(params![
                seen.id,
                number(seen.leaf)?,
                seen.certificate.map(|digest| digest.to_vec()),
                seen.key.is_some()
            ])?;
        let Some(id) = id_bytes(&seen.id).filter(|_| deleted == 1) else { return Err(changed()) };
        connection.prepare_cached("DELETE FROM issued WHERE exchange = ?1")?.execute([&seen.id])?;
        connection
            .prepare_cached("INSERT INTO past (id, leaf, key) VALUES (?1, ?2, ?3)")?
            .execute(params![
                id.as_slice(),
                number(seen.leaf)?,
                seen.key.as_ref().map(|key| key.to_bytes().to_vec())
            ])?;
    }
    let (first, end) = (number(moving.first)?, number(moving.end)?);
    if let Some(dictionary) = &moving.dictionary {
        connection
            .prepare_cached(
                "INSERT INTO segment (number, day, entries_bytes, bodies_bytes, dictionary) \
                 VALUES (?1, ?2, 0, 0, ?3)",
            )?
            .execute(params![moving.segment, moving.day, dictionary])?;
    }
    let (entries, bodies) = (&moving.entries, &moving.bodies);
    let written = connection
        .prepare_cached(
            "UPDATE segment SET entries_bytes = ?2, bodies_bytes = ?3 WHERE number = ?1 AND \
             dropped_at IS NULL",
        )?
        .execute(params![
            moving.segment,
            number(entries.at.saturating_add(entries.bytes))?,
            number(bodies.at.saturating_add(bodies.bytes))?
        ])?;
    if written != 1 {
        return Err(changed());
    }
    connection
        .prepare_cached(
            "INSERT INTO block (first, end, segment, key, entries_at, entries_bytes, bodies_at, \
             bodies_bytes, entries_digest, bodies_digest, earliest, alive) VALUES (?1, ?2, ?3, ?4, \
             ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            first,
            end,
            moving.segment,
            moving.key.to_bytes().as_slice(),
            number(entries.at)?,
            number(entries.bytes)?,
            number(bodies.at)?,
            number(bodies.bytes)?,
            entries.digest.as_slice(),
            bodies.digest.as_slice(),
            moving.earliest,
            moving.alive
        ])?;
    // Entries that everybody reads stay where opening looks for the bundles' among them.
    for delete in [
        "DELETE FROM leaf WHERE idx >= ?1 AND idx < ?2 AND content IS NOT NULL",
        "DELETE FROM shared WHERE idx >= ?1 AND idx < ?2",
    ] {
        connection.prepare_cached(delete)?.execute(params![first, end])?;
    }
    // The roots of tiles stay, and what is above them.
    for level in 1..TILE.trailing_zeros() {
        connection
            .prepare_cached("DELETE FROM node WHERE level = ?1 AND idx >= ?2 AND idx < ?3")?
            .execute(params![level, first >> level, end >> level])?;
    }
    connection.prepare_cached("UPDATE meta SET moved = ?1 WHERE one = 1")?.execute([end])?;
    Ok(())
}
