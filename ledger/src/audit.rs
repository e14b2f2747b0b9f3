//! What is checked before a store is used: leaves against hashes, hashes against the tree,
//! exchanges and bundles against the log, and all of it against the checkpoint that was published
//! last.
//!
//! Without `verify_all` the leaves before the last thousand are taken on the word of their
//! subtrees' stored roots, which the root commits to; an edit down there is found by `verify_all`,
//! by each follower of the log, and by every proof made of it. A store that is set back *together*
//! with its published checkpoint can be detected only by a client or auditor that kept a newer
//! checkpoint.

mod past;

use std::io::{self, Read as _};
use std::path::Path;

use prost::Message as _;
use rusqlite::{Connection, OptionalExtension as _, params};
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::ledger_entry::Body as Leaf;
use zerotrip_proto::v1::{BundleChange, EntryContent, EntryOpening, Envelope, LedgerEntry};
use zerotrip_trust::merkle::{CompactRange, MissingNode, leaf_hash, root_at};
use zerotrip_trust::note::{NOTE_BYTES, NoteError};
use zerotrip_trust::{Digest, dsse, entry as sealed};

use crate::LogKeys;
use crate::error::OpenError;
use crate::held::{Marked, has_name};
use crate::nodes::{number, read_row};
use crate::regular;
use crate::rows::{BundleKind, Orphan};
use crate::schema::tiles_folder;
use crate::segments::{Archive, TILE, moved, newest_is_whole};
use crate::tree::{Stored, peaks};

use past::{replay_block, same_node};

/// Leaves that are always checked, the last ones.
pub(crate) const TAIL: u64 = 1024;

/// The tree of the store, once it holds what it says. Makes the first, empty one.
pub(crate) fn audit(
    connection: &Connection,
    archive: &Archive,
    verify_all: bool,
) -> Result<CompactRange, OpenError> {
    if verify_all {
        let verdict: String =
            connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(OpenError::Damaged(verdict));
        }
    }
    let stored = stored_range(connection, archive.origin())?;
    let (size, moved) = (stored.size(), moved(connection)?);
    let leaves = connection
        .query_row("SELECT max(idx) FROM leaf", [], |row| row.get::<_, Option<i64>>(0))?;
    let leaves = leaves.map_or(0, |last| u64::try_from(last).map_or(0, |last| last + 1));
    if leaves < size {
        return Err(OpenError::Truncated { size, leaves });
    }
    if leaves > size || (verify_all && nodes(connection)? > kept_nodes(size, moved)) {
        return Err(OpenError::Surplus(size));
    }
    // On a multiple of 256, the range before it consists of inner nodes only.
    let tail = size.saturating_sub(TAIL) & !(TILE - 1);
    if moved > tail || moved % TILE != 0 {
        return Err(OpenError::Surplus(size));
    }
    let start = if verify_all { 0 } else { tail };
    if replay(connection, archive, start, moved, size)? != stored {
        return Err(OpenError::RootChanged(size));
    }
    newest_is_whole(connection, archive.store(), archive.origin())?;
    check_bundles(connection)?;
    Ok(stored)
}

/// The checkpoint file against the store: not ahead of it, and its tree the beginning of the
/// store's. The leaves that it is over.
pub(crate) fn against_checkpoint(
    connection: &Connection,
    folder: &Path,
    archive: &Archive,
    keys: &LogKeys,
    size: u64,
) -> Result<u64, OpenError> {
    let path = tiles_folder(folder).join("checkpoint");
    let mut note = String::new();
    match regular::open(&path)
        .and_then(|file| file.take(NOTE_BYTES as u64 + 1).read_to_string(&mut note))
    {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound && !has_name(&path) => return Ok(0),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(NoteError::Malformed("not text").into());
        }
        Err(error) => return Err(OpenError::io(&path, error)),
    }
    let published = keys.open(&note, archive.origin())?;
    if published.size > size {
        return Err(OpenError::Shrunk { published: published.size, size });
    }
    if root(connection, archive, published.size)? != published.root {
        return Err(OpenError::Forked(published.size));
    }
    Ok(published.size)
}

fn root(connection: &Connection, archive: &Archive, size: u64) -> Result<Digest, OpenError> {
    let stored = Stored::new(connection, archive);
    let root = root_at(&stored, size);
    match stored.failed() {
        Some(error) => Err(error.into()),
        None => Ok(root?),
    }
}

/// The mark against the store: no head left over more leaves than there are, and its tree is the
/// beginning of the store's.
pub(crate) fn against_mark(
    connection: &Connection,
    folder: &Path,
    archive: &Archive,
    size: u64,
) -> Result<(), OpenError> {
    let Some(marked) = Marked::read(folder)? else { return Ok(()) };
    if marked.size > size {
        return Err(OpenError::Lost { signed: marked.size, size });
    }
    if root(connection, archive, marked.size)? != marked.root {
        return Err(OpenError::Forked(marked.size));
    }
    Ok(())
}

/// The exchanges without an end, by the order of their intents.
pub(crate) fn orphans(connection: &Connection) -> Result<Vec<Orphan>, OpenError> {
    let mut query = connection.prepare(
        "SELECT id, intent_index FROM exchange WHERE outcome IS NULL ORDER BY intent_index",
    )?;
    let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (exchange_id, index) = row?;
        let intent_index = u64::try_from(index).map_err(|_| OpenError::ExchangeChanged(0))?;
        found.push(Orphan { exchange_id, intent_index });
    }
    Ok(found)
}

fn stored_range(connection: &Connection, origin: &str) -> Result<CompactRange, OpenError> {
    let meta = connection.query_row(
        "SELECT origin, size, range, root FROM meta WHERE one = 1",
        [],
        |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, Vec<u8>>(2)?,
                row.get::<_, Digest>(3)?,
            ))
        },
    );
    let Some((found, size, range, root)) = meta.optional()? else {
        let range = CompactRange::new();
        let insert = "INSERT INTO meta (one, origin, size, range, root) VALUES (1, ?1, 0, ?2, ?3)";
        connection.execute(insert, params![origin, range.to_bytes(), range.root().as_slice()])?;
        return Ok(range);
    };
    if found != origin {
        return Err(OpenError::OtherOrigin { found, expected: origin.to_owned() });
    }
    let size = u64::try_from(size).unwrap_or(u64::MAX);
    let range = CompactRange::from_bytes(&range).map_err(|_| OpenError::RootChanged(size))?;
    if range.size() != size || range.root() != root {
        return Err(OpenError::RootChanged(size));
    }
    Ok(range)
}

fn nodes(connection: &Connection) -> Result<u64, OpenError> {
    let count: i64 = connection.query_row("SELECT count(*) FROM node", [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Inner nodes of a tree of this size, without those below the tiles that have moved.
fn kept_nodes(size: u64, moved: u64) -> u64 {
    let all = size - u64::from(size.count_ones());
    all.saturating_sub(moved / TILE * (TILE - 2))
}

/// Grows the tree again from `start`, comparing every hash, node and exchange on the way.
fn replay(
    connection: &Connection,
    archive: &Archive,
    start: u64,
    moved: u64,
    size: u64,
) -> Result<CompactRange, OpenError> {
    let mut roots = Vec::new();
    for (level, index) in peaks(start) {
        roots.push(read_row(connection, level, index)?.ok_or(MissingNode { level, index })?);
    }
    let mut range = CompactRange::from_nodes(start, roots).unwrap_or_default();
    while range.size() < moved {
        replay_block(connection, archive, &mut range)?;
    }
    let start = range.size();
    let mut query = connection.prepare(
        "SELECT idx, hash, entry, salt, content, reader FROM leaf WHERE idx >= ?1 ORDER BY idx",
    )?;
    let mut rows = query.query([number(start)?])?;
    while let Some(row) = rows.next()? {
        let expected = range.size();
        if u64::try_from(row.get::<_, i64>(0)?) != Ok(expected) {
            return Err(OpenError::LeafMissing(expected));
        }
        let entry: Vec<u8> = row.get(2)?;
        let hash = leaf_hash(&entry);
        if row.get::<_, Vec<u8>>(1)? != hash {
            return Err(OpenError::LeafChanged(expected));
        }
        let mut completed = Vec::new();
        range.append_with(hash, |level, index, digest| completed.push((level, index, digest)));
        for (level, index, digest) in completed.into_iter().filter(|(level, ..)| *level > 0) {
            same_node(connection, level, index, &digest)?;
        }
        let opening = match (row.get(3)?, row.get(4)?) {
            (Some(salt), Some(content)) => Some(EntryOpening { salt, content }),
            (None, None) => None,
            // A bundle's leaf with half an opening would pass for a sealed one, and not be looked
            // for among the bundles'.
            _ => return Err(OpenError::ContentChanged(expected)),
        };
        check_entry(connection, expected, &entry, opening.as_ref(), row.get(5)?)?;
    }
    if range.size() == size { Ok(range) } else { Err(OpenError::LeafMissing(range.size())) }
}

/// What is kept of a sealed entry is what its leaf commits to, and for the system that it names.
fn check_entry(
    connection: &Connection,
    index: u64,
    leaf: &[u8],
    opening: Option<&EntryOpening>,
    reader: Option<String>,
) -> Result<(), OpenError> {
    let entry = LedgerEntry::decode(leaf).map_err(|_| OpenError::LeafChanged(index))?;
    match (entry.body, opening) {
        (Some(Leaf::Sealed(_)), Some(opening)) => {
            let content =
                sealed::open(leaf, opening).map_err(|_| OpenError::ContentChanged(index))?;
            let whose = check_exchange(connection, index, content)?;
            if reader.as_ref() == Some(&whose) {
                Ok(())
            } else {
                Err(OpenError::ContentChanged(index))
            }
        }
        (Some(Leaf::Bundle(_)), None) => Ok(()),
        (Some(_), _) => Err(OpenError::ContentChanged(index)),
        (None, _) => Err(OpenError::LeafChanged(index)),
    }
}

/// The replay set and the outcomes are projections of the log too: an attacker who deletes a row to
/// ask again, or turns an outcome, is found. The system whose entry it is.
fn check_exchange(
    connection: &Connection,
    index: u64,
    content: EntryContent,
) -> Result<String, OpenError> {
    let leaf = number(index)?;
    let found: Option<String> = match content.body {
        Some(Body::Intent(intent)) => connection
            .prepare_cached(
                "SELECT issuer FROM exchange WHERE id = ?1 AND issuer = ?2 AND action = ?3 AND \
                 intent_index = ?4",
            )?
            .query_row(params![intent.exchange_id, intent.issuer, intent.action, leaf], |row| {
                row.get(0)
            })
            .optional()?,
        Some(Body::Completion(completion)) => connection
            .prepare_cached(
                "SELECT issuer FROM exchange WHERE id = ?1 AND intent_index = ?2 AND outcome = ?3 \
                 AND code = ?4 AND closing_index = ?5",
            )?
            .query_row(
                params![
                    completion.exchange_id,
                    number(completion.intent_index)?,
                    completion.outcome,
                    completion.code,
                    leaf
                ],
                |row| row.get(0),
            )
            .optional()?,
        Some(Body::Reconciliation(reconciliation)) => connection
            .prepare_cached(
                "SELECT issuer FROM exchange WHERE id = ?1 AND intent_index = ?2 AND outcome = 0 \
                 AND closing_index = ?3",
            )?
            .query_row(
                params![reconciliation.exchange_id, number(reconciliation.intent_index)?, leaf],
                |row| row.get(0),
            )
            .optional()?,
        Some(Body::Refusal(refusal)) => Some(refusal.peer),
        None => return Err(OpenError::ContentChanged(index)),
    };
    found.ok_or(OpenError::ExchangeChanged(index))
}

/// Of each kind, what is in force is what the log says came in force last: an older bundle would
/// bring back what was revoked since.
fn check_bundles(connection: &Connection) -> Result<(), OpenError> {
    for kind in [BundleKind::Directory, BundleKind::Grants] {
        let select = "SELECT version, envelope FROM bundle WHERE kind = ?1";
        let stored: Option<(i64, Vec<u8>)> = connection
            .query_row(select, [kind.name()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let changed = |logged: Option<&BundleChange>| OpenError::BundleChanged {
            kind: kind.name(),
            logged: version(logged.map(|change| change.version)),
            stored: version(stored.as_ref().map(|(version, _)| version)),
        };
        let logged = newest_change(connection, kind)?;
        match (&logged, &stored) {
            (None, None) => {}
            (Some(change), Some((version, envelope))) => {
                let envelope =
                    Envelope::decode(envelope.as_slice()).map_err(|_| changed(Some(change)))?;
                if number(change.version)? != *version
                    || change.digest != dsse::payload_digest(&envelope)
                {
                    return Err(changed(Some(change)));
                }
            }
            (logged, _) => return Err(changed(logged.as_ref())),
        }
    }
    Ok(())
}

/// The log's last word on a kind of bundle, however long ago: a hub whose grants last changed years
/// back is not an exception.
fn newest_change(
    connection: &Connection,
    kind: BundleKind,
) -> Result<Option<BundleChange>, OpenError> {
    // By name: the planner could prefer to walk all leaves.
    let select = "SELECT idx, hash, entry FROM leaf INDEXED BY leaf_bundle WHERE content IS NULL \
                  ORDER BY idx DESC";
    let mut query = connection.prepare(select)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let index = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
        let entry: Vec<u8> = row.get(2)?;
        let read = LedgerEntry::decode(entry.as_slice())
            .ok()
            .filter(|_| row.get(1).is_ok_and(|hash: Vec<u8>| hash == leaf_hash(&entry)));
        match read.and_then(|entry| entry.body) {
            Some(Leaf::Bundle(change)) if change.kind == kind.name() => return Ok(Some(change)),
            Some(Leaf::Bundle(_)) => {}
            _ => return Err(OpenError::LeafChanged(index)),
        }
    }
    Ok(None)
}

fn version(version: Option<impl std::fmt::Display>) -> String {
    version.map_or_else(|| "none".to_owned(), |version| format!("version {version}"))
}

#[cfg(test)]
pub(crate) mod work;
