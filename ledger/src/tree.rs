//! The log's tree as the store keeps it: growing inside a transaction, reading from the tables, and
//! its signed head.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io::Read as _;
use std::sync::OnceLock;

use rusqlite::{Connection, params};
use zerotrip_proto::v1::EntryOpening;
use zerotrip_trust::merkle::{CompactRange, NodeReader, leaf_hash};
use zerotrip_trust::note::{Checkpoint, NoteError, sign_checkpoint};
use zerotrip_trust::tiles::{decode_tile, tile_path};
use zerotrip_trust::{Digest, SigningKey};

use crate::error::LedgerError;
use crate::nodes::{number, read_row};
use crate::regular;
use crate::schema::tiles_folder;
use crate::segments::{Archive, TILE, moved};

/// A tree head. It gets out of the writer's hands only once its tree is durable, and is signed by
/// the first caller that needs the signature: a commit of intents, whose index is all that is asked
/// of it, waits for none.
pub(crate) struct Head {
    checkpoint: Checkpoint,
    key: SigningKey,
    note: OnceLock<Result<String, NoteError>>,
}

impl Head {
    pub(crate) fn of(range: &CompactRange, origin: &str, key: &SigningKey) -> Self {
        let checkpoint =
            Checkpoint { origin: origin.to_owned(), size: range.size(), root: range.root() };
        Self { checkpoint, key: key.clone(), note: OnceLock::new() }
    }

    pub(crate) fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The signed note (C2SP signed-note), made once.
    pub(crate) fn note(&self) -> Result<&str, NoteError> {
        self.note
            .get_or_init(|| sign_checkpoint(&self.checkpoint, &self.key))
            .as_deref()
            .map_err(Clone::clone)
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("checkpoint", &self.checkpoint).finish_non_exhaustive()
    }
}

/// A tree that grows by one batch. It remembers just the nodes that the proofs of the batch's own
/// leaves need: every left neighbour on their way up is either in the compact range from before or
/// new, and every right one is new.
pub(crate) struct Growing {
    pub(crate) range: CompactRange,
    nodes: HashMap<(u32, u64), Digest>,
}

impl Growing {
    pub(crate) fn from(range: &CompactRange) -> Self {
        Self { range: range.clone(), nodes: range_nodes(range).collect() }
    }

    /// Appends an entry within the transaction; the index it got. What opens it, and the system
    /// that may read that, are kept beside it.
    pub(crate) fn push(
        &mut self,
        connection: &Connection,
        entry: &[u8],
        kept: Option<(&EntryOpening, &str)>,
    ) -> rusqlite::Result<u64> {
        let index = self.range.size();
        let hash = leaf_hash(entry);
        let mut completed = Vec::new();
        self.range.append_with(hash, |level, index, digest| completed.push((level, index, digest)));
        let (salt, content) =
            kept.map(|(opening, _)| (opening.salt.as_slice(), opening.content.as_slice())).unzip();
        let reader = kept.map(|(_, reader)| reader);
        let mut leaf = connection.prepare_cached(
            "INSERT INTO leaf (idx, hash, entry, salt, content, reader) VALUES (?1, ?2, ?3, ?4, \
             ?5, ?6)",
        )?;
        leaf.execute(params![number(index)?, hash.as_slice(), entry, salt, content, reader])?;
        let mut node =
            connection.prepare_cached("INSERT INTO node (level, idx, hash) VALUES (?1, ?2, ?3)")?;
        for (level, index, digest) in completed {
            self.nodes.insert((level, index), digest);
            if level > 0 {
                node.execute(params![level, number(index)?, digest.as_slice()])?;
            }
        }
        Ok(index)
    }

    /// The tree's new size and root, to be committed with its leaves.
    pub(crate) fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut meta = connection
            .prepare_cached("UPDATE meta SET size = ?1, range = ?2, root = ?3 WHERE one = 1")?;
        let changed = meta.execute(params![
            number(self.range.size())?,
            self.range.to_bytes(),
            self.range.root().as_slice()
        ])?;
        if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
    }
}

impl NodeReader for Growing {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.nodes.get(&(level, index)).copied()
    }
}

/// The nodes as they are stored. What cannot be read counts as missing.
pub(crate) struct Stored<'a> {
    connection: &'a Connection,
    archive: &'a Archive,
    failed: RefCell<Option<LedgerError>>,
}

impl<'a> Stored<'a> {
    pub(crate) fn new(connection: &'a Connection, archive: &'a Archive) -> Self {
        Self { connection, archive, failed: RefCell::default() }
    }

    /// Why a node could not be read, which its reader takes for missing.
    pub(crate) fn failed(&self) -> Option<LedgerError> {
        self.failed.take()
    }
}

impl NodeReader for Stored<'_> {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        match read_node(self.connection, self.archive, level, index) {
            Ok(found) => found,
            Err(error) => {
                if !matches!(error, LedgerError::Elsewhere(_)) {
                    tracing::error!(%error, level, index, "a node of the ledger's tree cannot be read");
                }
                self.failed.replace(Some(error));
                None
            }
        }
    }
}

/// A node, wherever it is.
pub(crate) fn read_node(
    connection: &Connection,
    archive: &Archive,
    level: u32,
    index: u64,
) -> Result<Option<Digest>, LedgerError> {
    if level < TILE.trailing_zeros() {
        let first = index.saturating_mul(1 << level);
        if first < moved(connection)? {
            return match archive.block(connection, first) {
                Ok(block) => Ok(block.node(level, index)),
                // Who saw an old head is not kept from going on by a store that does not answer.
                Err(LedgerError::Elsewhere(wanted)) => {
                    match of_tile(connection, archive, level, first)? {
                        Some(found) => Ok(Some(found)),
                        None => Err(LedgerError::Elsewhere(wanted)),
                    }
                }
                Err(error) => Err(error),
            };
        }
    }
    Ok(read_row(connection, level, index)?)
}

/// A node out of its public tile, which counts where it has the root that the tree keeps.
fn of_tile(
    connection: &Connection,
    archive: &Archive,
    level: u32,
    first: u64,
) -> Result<Option<Digest>, LedgerError> {
    let path = tiles_folder(archive.store()).join(tile_path(0, first / TILE, None));
    let mut bytes = Vec::new();
    let read = regular::open(&path).and_then(|file| file.take(TILE * 32).read_to_end(&mut bytes));
    let Some(hashes) = read.ok().and_then(|_| decode_tile(&bytes).ok()) else { return Ok(None) };
    let root = |hashes: &[Digest]| {
        let mut range = CompactRange::new();
        hashes.iter().for_each(|hash| range.append(*hash));
        range.root()
    };
    let kept = read_row(connection, TILE.trailing_zeros(), first / TILE)?;
    if hashes.len() as u64 != TILE || kept != Some(root(&hashes)) {
        return Ok(None);
    }
    let start = usize::try_from(first % TILE).unwrap_or(usize::MAX);
    Ok(hashes.get(start..start.saturating_add(1 << level)).map(root))
}

/// Levels and indices of the perfect subtrees that a tree of this size consists of, largest first.
pub(crate) fn peaks(size: u64) -> impl Iterator<Item = (u32, u64)> {
    // Below a peak, the subtrees to its left cover the size with its own and all lower bits
    // cleared.
    (0..u64::BITS)
        .rev()
        .filter(move |level| (size >> level) & 1 == 1)
        .map(move |level| (level, (size >> level) - 1))
}

fn range_nodes(range: &CompactRange) -> impl Iterator<Item = ((u32, u64), Digest)> {
    let bytes = range.to_bytes();
    let digests = bytes.get(8..).map(|rest| rest.as_chunks::<32>().0.to_vec()).unwrap_or_default();
    peaks(range.size()).zip(digests)
}
