//! Reading: a few connections beside the writer's. They see what is committed and nothing else.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prost::Message;
use rusqlite::{Connection, OptionalExtension as _, params};
use zerotrip_proto::v1::{
    EntryOpening, Envelope, ErrorCode, ExchangeOutcome, GetJoinReply, LedgerReceipt, PendingJoin,
};
use zerotrip_trust::Digest;
use zerotrip_trust::merkle::{ProveError, consistency_path, inclusion_path};

use crate::error::{LedgerError, OpenError};
use crate::nodes::number;
use crate::rows::{
    BundleKind, Entry, ExchangeRow, ExchangeState, Invited, Join, Reader, from_micros,
};
use crate::schema;
use crate::segments::{Archive, KeptLeaf, moved};
use crate::tree::{Head, Stored};
use crate::work::{Fact, INVITATIONS, STATEMENTS};

/// Most entries that one call gives back.
pub const ENTRIES: u32 = 1000;
/// Bytes of entries after which a call gives back no more: below the largest gRPC message.
pub const ENTRIES_BYTES: usize = 3 << 20;
const CONNECTIONS: usize = 4;
/// Most parts of objects for one answer: the blocks of the most entries, and of a proof's ends.
const PARTS: usize = 32;

/// The readers' connections, taken in turn.
pub(crate) struct Readers {
    connections: Vec<Mutex<Connection>>,
    next: AtomicUsize,
    pub(crate) archive: Arc<Archive>,
}

impl Readers {
    pub(crate) fn open(folder: &Path, archive: Arc<Archive>) -> Result<Self, OpenError> {
        let open = |_| {
            let connection = schema::open_reader(folder)?;
            // A connection counts as one of the database's once it has read: as the writer closes,
            // it must not take itself for the last one, and remove the WAL that is watched.
            schema::schema_version(&connection)?;
            Ok::<_, OpenError>(Mutex::new(connection))
        };
        let connections = (0..CONNECTIONS).map(open).collect::<Result<_, _>>()?;
        Ok(Self { connections, next: AtomicUsize::new(0), archive })
    }

    pub(crate) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let connection =
            self.connections.get(turn % CONNECTIONS).ok_or_else(|| unreadable("a connection"))?;
        // A reader that panicked has left nothing half-done: it only read.
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let result = read(&connection);
        match &result {
            Err(LedgerError::Unavailable(error)) => {
                tracing::error!(error, "the store cannot be read");
            }
            Err(LedgerError::Segment(error)) => tracing::error!(%error, "the past cannot be read"),
            _ => {}
        }
        result
    }

    /// As [`Self::with`], where a block may move between two statements: both see one state. What
    /// of the past is elsewhere is read in between, while no connection is held.
    pub(crate) fn with_past<T>(
        &self,
        read: impl Fn(&Connection, &Archive) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let archive = self.archive.for_one_answer();
        for _ in 0..PARTS {
            let result = self.with(|connection| {
                let transaction = connection.unchecked_transaction()?;
                read(&transaction, &archive)
            });
            match result {
                Err(LedgerError::Elsewhere(wanted)) => archive.bring(*wanted)?,
                result => return result,
            }
        }
        Err(LedgerError::Unavailable(format!("this takes over {PARTS} parts of objects")))
    }
}

pub(crate) fn exchange(
    connection: &Connection,
    archive: &Archive,
    id: &str,
) -> Result<Option<ExchangeRow>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT issuer, action, intent_index, expires_at, certificate_digest, outcome, code, \
         answered_at, closing_index, answer
         FROM exchange WHERE id = ?1",
    )?;
    let mut rows = query.query([id])?;
    let Some(row) = rows.next()? else { return archive.exchange(connection, id) };
    let state = match row.get::<_, Option<i32>>(5)? {
        None => ExchangeState::Open,
        Some(0) => ExchangeState::Reconciled { index: unsigned(row.get(8)?)? },
        Some(outcome) => ExchangeState::Closed {
            outcome: ExchangeOutcome::try_from(outcome).map_err(|_| unreadable("an outcome"))?,
            code: ErrorCode::try_from(row.get::<_, i32>(6)?).map_err(|_| unreadable("a code"))?,
            answered_at: from_micros(row.get(7)?),
            completion_index: unsigned(row.get(8)?)?,
            answer: row.get(9)?,
        },
    };
    Ok(Some(ExchangeRow {
        id: id.to_owned(),
        issuer: row.get(0)?,
        action: row.get(1)?,
        intent_index: unsigned(row.get(2)?)?,
        expires_at: from_micros(row.get(3)?),
        state,
        certificate_digest: row.get(4)?,
    }))
}

/// The certificate that was issued on one subject of an exchange about many, unless that has moved.
pub(crate) fn issued(
    connection: &Connection,
    id: &str,
    place: u32,
) -> Result<Option<Digest>, LedgerError> {
    let mut query = connection
        .prepare_cached("SELECT digest FROM issued WHERE exchange = ?1 AND place = ?2")?;
    Ok(query.query_row(params![id, place], |row| row.get(0)).optional()?)
}

pub(crate) fn fact(
    connection: &Connection,
    archive: &Archive,
    id: &str,
    reader: &Reader,
) -> Result<Option<Fact>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT fact_salt, fact, fact_owner FROM exchange WHERE id = ?1 AND fact IS NOT NULL AND \
         (?2 OR fact_owner = ?3)",
    )?;
    let (all, _, member) = reader.rights();
    let found = query.query_row(params![id, all, member], |row| {
        Ok(Fact { salt: row.get(0)?, fact: row.get(1)?, owner: row.get(2)? })
    });
    if let Some(found) = found.optional()? {
        return Ok(Some(found));
    }
    let past = archive.fact(connection, id)?;
    Ok(past.filter(|(_, owner)| all || Some(owner.as_str()) == member).map(|(body, owner)| Fact {
        salt: body.fact_salt,
        fact: body.fact,
        owner,
    }))
}

pub(crate) fn bundle(
    connection: &Connection,
    kind: BundleKind,
) -> Result<Option<(u64, Envelope)>, LedgerError> {
    let mut query =
        connection.prepare_cached("SELECT version, envelope FROM bundle WHERE kind = ?1")?;
    let found: Option<(i64, Vec<u8>)> =
        query.query_row([kind.name()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    found.map(|(version, bytes)| Ok((unsigned(version)?, decode(&bytes, "a bundle")?))).transpose()
}

pub(crate) fn statement(
    connection: &Connection,
    dataset: &str,
) -> Result<Option<Envelope>, LedgerError> {
    let mut query =
        connection.prepare_cached("SELECT envelope FROM statement WHERE dataset = ?1")?;
    let found: Option<Vec<u8>> = query.query_row([dataset], |row| row.get(0)).optional()?;
    found.map(|bytes| decode(&bytes, "a statement")).transpose()
}

pub(crate) fn statements(connection: &Connection) -> Result<Vec<(String, Envelope)>, LedgerError> {
    let mut query = connection
        .prepare_cached("SELECT dataset, envelope FROM statement ORDER BY dataset LIMIT ?1")?;
    let rows =
        query.query_map([limit(STATEMENTS)], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (dataset, bytes): (String, Vec<u8>) = row?;
        found.push((dataset, decode(&bytes, "a statement")?));
    }
    Ok(found)
}

pub(crate) fn invitation(
    connection: &Connection,
    token_digest: &Digest,
) -> Result<Option<Invited>, LedgerError> {
    let mut query = connection
        .prepare_cached("SELECT system, expires_at FROM invitation WHERE token_digest = ?1")?;
    let invited = query.query_row([token_digest.as_slice()], |row| {
        Ok(Invited {
            token_digest: *token_digest,
            system: row.get(0)?,
            expires_at: from_micros(row.get(1)?),
        })
    });
    Ok(invited.optional()?)
}

pub(crate) fn join(
    connection: &Connection,
    token_digest: &Digest,
) -> Result<Option<Join>, LedgerError> {
    let mut query = connection
        .prepare_cached("SELECT request, chain FROM join_request WHERE token_digest = ?1")?;
    let found = query
        .query_row([token_digest.as_slice()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((request, chain)): Option<(Vec<u8>, Option<Vec<u8>>)> = found else { return Ok(None) };
    let chain =
        chain.map(|bytes| decode::<GetJoinReply>(&bytes, "a certificate chain")).transpose()?;
    Ok(Some(Join {
        request: decode(&request, "a join request")?,
        chain: chain.map(|reply| reply.certificate_chain),
    }))
}

pub(crate) fn pending_joins(connection: &Connection) -> Result<Vec<PendingJoin>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT request FROM join_request WHERE chain IS NULL ORDER BY number LIMIT ?1",
    )?;
    let rows = query.query_map([limit(INVITATIONS)], |row| row.get::<_, Vec<u8>>(0))?;
    let mut found = Vec::new();
    for row in rows {
        found.push(decode(&row?, "a join request")?);
    }
    Ok(found)
}

/// Entries from ?1 on, before ?2, with what opens them where the reader may: the authority (?3),
/// the system whose entry it is (?4), and the members that it is shared with (?5).
const ENTRIES_FOR: &str = "
    SELECT entry, CASE WHEN may THEN salt END, CASE WHEN may THEN content END FROM (
        SELECT *, ?3 OR reader = ?4 OR EXISTS (SELECT 1 FROM shared WHERE shared.idx = leaf.idx \
                           AND member = ?5) AS may FROM leaf)
    WHERE idx >= ?1 AND idx < ?2 ORDER BY idx";

pub(crate) fn entries(
    connection: &Connection,
    archive: &Archive,
    start: u64,
    count: u32,
    size: u64,
    reader: &Reader,
) -> Result<Vec<Entry>, LedgerError> {
    if !(1..=ENTRIES).contains(&count) || start >= size {
        return Err(LedgerError::OutOfRange);
    }
    let end = size.min(start.saturating_add(count.into()));
    let (mut found, mut bytes) = (Vec::new(), 0);
    // Whether there is room for one more. Of what is given alone: the size of what is withheld
    // must not tell.
    let mut take = |entry: Entry| {
        bytes += entry.leaf.len()
            + entry
                .opening
                .as_ref()
                .map_or(0, |opening| opening.salt.len() + opening.content.len());
        let room = bytes <= ENTRIES_BYTES || found.is_empty();
        if room {
            found.push(entry);
        }
        room
    };
    let moved = moved(connection)?.min(end);
    for index in start..moved {
        if !take(past_entry(connection, archive, index, reader)?) {
            return Ok(found);
        }
    }
    let mut query = connection.prepare_cached(ENTRIES_FOR)?;
    let (all, uri, member) = reader.rights();
    let bounds = (number(start.max(moved))?, number(end)?);
    let mut rows = query.query(params![bounds.0, bounds.1, all, uri, member])?;
    while let Some(row) = rows.next()? {
        if !take(entry(row)?) {
            break;
        }
    }
    Ok(found)
}

/// A leaf that has moved.
fn past_entry(
    connection: &Connection,
    archive: &Archive,
    index: u64,
    reader: &Reader,
) -> Result<Entry, LedgerError> {
    let block = archive.block(connection, index)?;
    let leaf = block.leaf(index).ok_or(LedgerError::OutOfRange)?;
    let opening = match leaf {
        KeptLeaf::Sealed { salt, content, reader: whose, shared } => {
            let (all, uri, member) = reader.rights();
            let mut may = all || Some(whose.as_str()) == uri;
            if let Some(member) = member
                && !may
            {
                // One whose exchange ended after it had moved is shared in the table.
                may = shared.iter().any(|one| one == member)
                    || connection
                        .prepare_cached("SELECT 1 FROM shared WHERE idx = ?1 AND member = ?2")?
                        .exists(params![number(index)?, member])?;
            }
            may.then(|| EntryOpening { salt: salt.clone(), content: content.clone() })
        }
        KeptLeaf::Open { .. } => None,
    };
    Ok(Entry { leaf: leaf.entry(), opening })
}

pub(crate) fn inclusion(
    connection: &Connection,
    archive: &Archive,
    index: u64,
    head: &Head,
    reader: &Reader,
) -> Result<LedgerReceipt, LedgerError> {
    let stored = Stored::new(connection, archive);
    let path = bytes(inclusion_path(&stored, index, head.size()), &stored)?;
    let Entry { leaf, opening } = if index < moved(connection)? {
        past_entry(connection, archive, index, reader)?
    } else {
        let mut query = connection.prepare_cached(ENTRIES_FOR)?;
        let (all, uri, member) = reader.rights();
        query.query_row(params![number(index)?, number(index + 1)?, all, uri, member], entry)?
    };
    Ok(LedgerReceipt { index, entry: leaf, path, checkpoint: head.note()?.to_owned(), opening })
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    let opening = row.get::<_, Option<Vec<u8>>>(1)?.zip(row.get(2)?);
    Ok(Entry {
        leaf: row.get(0)?,
        opening: opening.map(|(salt, content)| EntryOpening { salt, content }),
    })
}

pub(crate) fn consistency(
    connection: &Connection,
    archive: &Archive,
    from: u64,
    to: u64,
    size: u64,
) -> Result<Vec<Vec<u8>>, LedgerError> {
    if to > size {
        return Err(LedgerError::OutOfRange);
    }
    let stored = Stored::new(connection, archive);
    bytes(consistency_path(&stored, from, to), &stored)
}

/// What SQLite stores signed and we mean unsigned.
pub(crate) fn unsigned(value: i64) -> Result<u64, LedgerError> {
    u64::try_from(value).map_err(|_| unreadable("a number"))
}

fn bytes(
    path: Result<Vec<Digest>, ProveError>,
    stored: &Stored<'_>,
) -> Result<Vec<Vec<u8>>, LedgerError> {
    if let Some(error) = stored.failed() {
        return Err(error);
    }
    match path {
        Ok(path) => Ok(path.iter().map(|digest| digest.to_vec()).collect()),
        Err(ProveError::OutOfRange) => Err(LedgerError::OutOfRange),
        Err(ProveError::Missing(node)) => Err(LedgerError::Unavailable(node.to_string())),
    }
}

fn decode<M: Message + Default>(bytes: &[u8], what: &str) -> Result<M, LedgerError> {
    M::decode(bytes).map_err(|_| unreadable(what))
}

fn unreadable(what: &str) -> LedgerError {
    LedgerError::Unavailable(format!("{what} in the store cannot be read"))
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
