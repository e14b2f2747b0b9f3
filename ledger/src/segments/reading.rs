//! Reading the past: leaves, exchanges and the tree's lowest nodes out of the files.

use std::sync::Arc;

use prost::Message as _;
use rusqlite::{Connection, OptionalExtension as _};
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::entry_content::Body as Said;
use zerotrip_proto::v1::{EntryContent, ErrorCode, ExchangeOutcome, Intent};
use zerotrip_trust::vault::Key;

use super::block::{Block, Kept, Leaf, TILE};
use super::body::{self, Body};
use super::elsewhere::Archive;
use super::error::SegmentError;
use super::file::{COLUMNS, Segment, segment_of};
use super::kind::Kind;
use crate::error::LedgerError;
use crate::nodes::{number, read_row};
use crate::rows::{ExchangeRow, ExchangeState, from_micros, micros};

/// Most bytes of blocks that are kept decoded.
const CACHED_BYTES: usize = 48 << 20;
/// Most blocks that are.
const CACHED: usize = 32;

/// Leaves before this one have moved.
pub(crate) fn moved(connection: &Connection) -> rusqlite::Result<u64> {
    let moved: Option<i64> = connection
        .prepare_cached("SELECT moved FROM meta WHERE one = 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(moved.and_then(|moved| u64::try_from(moved).ok()).unwrap_or_default())
}

/// What a body or a block of a file is sealed for.
pub(super) fn place(origin: &str, kind: Kind, segment: i64, first: u64, end: u64) -> Vec<u8> {
    format!("zerotrip segment v1\n{origin}\n{}\n{segment}\n{first}\n{end}\n", kind.name())
        .into_bytes()
}

/// Where a block is.
pub(super) struct BlockRow {
    pub(super) first: u64,
    pub(super) end: u64,
    pub(super) segment: i64,
    pub(super) key: Key,
    pub(super) entries_at: u64,
    pub(super) entries_bytes: u64,
    pub(super) bodies_at: u64,
    pub(super) bodies_bytes: u64,
    pub(super) entries_digest: Vec<u8>,
    pub(super) bodies_digest: Vec<u8>,
}

pub(super) const BLOCK_COLUMNS: &str = "first, end, segment, key, entries_at, entries_bytes, \
     bodies_at, bodies_bytes, entries_digest, bodies_digest";

pub(super) fn block_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<BlockRow> {
    let unsigned = |at: usize| -> rusqlite::Result<u64> {
        Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(u64::MAX))
    };
    Ok(BlockRow {
        first: unsigned(0)?,
        end: unsigned(1)?,
        segment: row.get(2)?,
        key: Key::from_bytes(row.get(3)?),
        entries_at: unsigned(4)?,
        entries_bytes: unsigned(5)?,
        bodies_at: unsigned(6)?,
        bodies_bytes: unsigned(7)?,
        entries_digest: row.get(8)?,
        bodies_digest: row.get(9)?,
    })
}

/// An exchange of the past.
pub(crate) struct Past {
    /// The leaf in which it ends.
    pub(crate) leaf: u64,
    /// `None`: its body is erased, or it never had one.
    pub(super) key: Option<Key>,
}

/// The row of an exchange that has moved.
pub(crate) fn past(connection: &Connection, id: &str) -> Result<Option<Past>, LedgerError> {
    let Some(id) = id_bytes(id) else { return Ok(None) };
    let mut query = connection.prepare_cached("SELECT leaf, key FROM past WHERE id = ?1")?;
    let found: Option<(i64, Option<[u8; 32]>)> =
        query.query_row([id.as_slice()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.map(|(leaf, key)| Past {
        leaf: u64::try_from(leaf).unwrap_or(u64::MAX),
        key: key.map(Key::from_bytes),
    }))
}

/// A canonical UUID as its 16 bytes; nothing else has any.
pub(crate) fn id_bytes(id: &str) -> Option<[u8; 16]> {
    let mut out = [0_u8; 16];
    let mut digits = id.bytes().filter(|byte| *byte != b'-').map(|byte| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    });
    for byte in &mut out {
        *byte = (digits.next()?? << 4) | digits.next()??;
    }
    (id.len() == 36 && digits.next().is_none()).then_some(out)
}

impl Archive {
    pub(super) fn segment(
        &self,
        connection: &Connection,
        number: i64,
    ) -> Result<Segment, LedgerError> {
        let select = format!("SELECT {COLUMNS} FROM segment WHERE number = ?1");
        Ok(connection
            .prepare_cached(&select)?
            .query_row([number], |row| segment_of(connection, row, self.store(), self.origin()))?)
    }

    pub(super) fn row(&self, connection: &Connection, index: u64) -> Result<BlockRow, LedgerError> {
        let select = format!(
            "SELECT {BLOCK_COLUMNS} FROM block WHERE first <= ?1 ORDER BY first DESC LIMIT 1"
        );
        let found =
            connection.prepare_cached(&select)?.query_row([number(index)?], block_of).optional()?;
        found.filter(|row| index < row.end).ok_or_else(|| {
            LedgerError::Unavailable(format!("the leaf {index} is in no block of the past"))
        })
    }

    /// The block with this leaf, once its leaves are those that the tree is of.
    pub(crate) fn block(
        &self,
        connection: &Connection,
        index: u64,
    ) -> Result<Arc<Block>, LedgerError> {
        let mut cache = self.cache();
        let holds = |block: &Arc<Block>| {
            index.checked_sub(block.first).is_some_and(|at| at < block.leaves.len() as u64)
        };
        if let Some(at) = cache.iter().position(holds)
            && let Some(found) = cache.remove(at)
        {
            cache.push_front(Arc::clone(&found));
            return Ok(found);
        }
        drop(cache);
        let row = self.row(connection, index)?;
        let block = Arc::new(self.load(connection, &row)?);
        cache = self.cache();
        cache.push_front(Arc::clone(&block));
        let mut bytes = 0;
        cache.retain(|one| {
            bytes += one.bytes;
            bytes <= CACHED_BYTES || Arc::ptr_eq(one, &block)
        });
        cache.truncate(CACHED);
        Ok(block)
    }

    /// Reads a block from its file, and holds it against the tree.
    pub(super) fn load(
        &self,
        connection: &Connection,
        row: &BlockRow,
    ) -> Result<Block, LedgerError> {
        let segment = self.segment(connection, row.segment)?;
        let file = &segment.entries;
        let altered = |why: &str| {
            let what = format!("the block of the leaves {} to {}, {why}", row.first, row.end);
            SegmentError::altered(&file.shown(), what)
        };
        let part = (row.entries_at, row.entries_bytes);
        let sealed = self.bytes(file, segment.entries_end, part, row.first)?;
        let place = place(self.origin(), Kind::Entries, row.segment, row.first, row.end);
        let plain = row.key.open(&place, sealed).map_err(|_| altered("does not open"))?;
        let count = row.end.saturating_sub(row.first);
        let block =
            Block::decode(row.first, count, &plain).ok_or_else(|| altered("cannot be read"))?;
        for (index, root) in block.tiles() {
            if root.is_none() || root != read_row(connection, TILE.trailing_zeros(), index)? {
                return Err(altered("does not have the root that the tree keeps").into());
            }
        }
        Ok(block)
    }

    /// What the leaf says, and what is kept of the exchange that ends in it.
    fn said(
        &self,
        connection: &Connection,
        index: u64,
    ) -> Result<(Arc<Block>, EntryContent), LedgerError> {
        let block = self.block(connection, index)?;
        let content = match block.leaf(index) {
            Some(Leaf::Sealed { content, .. }) => EntryContent::decode(content.as_slice()).ok(),
            _ => None,
        };
        let content = content.ok_or_else(|| {
            LedgerError::Unavailable(format!("the leaf {index} of the past says nothing"))
        })?;
        Ok((block, content))
    }

    /// An exchange that has moved, with its body unless that is erased.
    pub(crate) fn exchange(
        &self,
        connection: &Connection,
        id: &str,
    ) -> Result<Option<ExchangeRow>, LedgerError> {
        let Some(found) = past(connection, id)? else { return Ok(None) };
        let (block, content) = self.said(connection, found.leaf)?;
        let wrong =
            || LedgerError::Unavailable(format!("the leaf {} does not end `{id}`", found.leaf));
        let kept = block.kept(found.leaf).ok_or_else(wrong)?;
        let ended_at = ended_at(&content);
        let (intent_index, state) = match content.body {
            Some(Said::Completion(completion)) if completion.exchange_id == id => {
                let body = self.body(connection, &found, kept)?;
                let state = ExchangeState::Closed {
                    outcome: ExchangeOutcome::try_from(completion.outcome).map_err(|_| wrong())?,
                    code: ErrorCode::try_from(completion.code).map_err(|_| wrong())?,
                    answered_at: from_micros(ended_at),
                    completion_index: found.leaf,
                    answer: body.map(|body| body.answer),
                };
                (completion.intent_index, state)
            }
            Some(Said::Reconciliation(end)) if end.exchange_id == id => {
                (end.intent_index, ExchangeState::Reconciled { index: found.leaf })
            }
            _ => return Err(wrong()),
        };
        let Intent { issuer, action, .. } = match self.said(connection, intent_index)?.1.body {
            Some(Said::Intent(intent)) if intent.exchange_id == id => intent,
            _ => return Err(wrong()),
        };
        Ok(Some(ExchangeRow {
            id: id.to_owned(),
            issuer,
            action,
            intent_index,
            expires_at: from_micros(kept.expires_at),
            state,
            certificate_digest: kept.certificate_digest,
        }))
    }

    /// What is kept of it besides, with whose it is.
    pub(crate) fn fact(
        &self,
        connection: &Connection,
        id: &str,
    ) -> Result<Option<(Body, String)>, LedgerError> {
        let Some(found) = past(connection, id)? else { return Ok(None) };
        let block = self.block(connection, found.leaf)?;
        let Some(kept) = block.kept(found.leaf) else { return Ok(None) };
        Ok(self.body(connection, &found, kept)?.map(|body| (body, kept.fact_owner.clone())))
    }

    /// When an exchange of the past ended, in microseconds.
    pub(super) fn ended_at(&self, connection: &Connection, leaf: u64) -> Result<i64, LedgerError> {
        Ok(ended_at(&self.said(connection, leaf)?.1))
    }

    /// A body whose key is there, and so must be there itself.
    pub(super) fn body(
        &self,
        connection: &Connection,
        past: &Past,
        kept: &Kept,
    ) -> Result<Option<Body>, LedgerError> {
        let Some(key) = &past.key else { return Ok(None) };
        let row = self.row(connection, past.leaf)?;
        let segment = self.segment(connection, row.segment)?;
        let end = kept.body_at.saturating_add(kept.body_bytes);
        let what = format!("the body of the exchange that ends in the leaf {}", past.leaf);
        if kept.body_bytes == 0 || end > row.bodies_bytes {
            return Err(SegmentError::altered(&segment.entries.shown(), what).into());
        }
        let file = &segment.bodies;
        let part = (row.bodies_at.saturating_add(kept.body_at), kept.body_bytes);
        let sealed = self.bytes(file, segment.bodies_end, part, past.leaf)?;
        let place =
            place(self.origin(), Kind::Bodies, row.segment, past.leaf, past.leaf.saturating_add(1));
        let body = body::open(&segment.dictionary, key, &place, sealed, &file.shown(), &what)?;
        Ok(Some(body))
    }
}

/// When it was recorded, as an exchange's row has it.
pub(super) fn ended_at(content: &EntryContent) -> i64 {
    from_timestamp(content.at.as_ref()).map_or(0, micros)
}
