//! The audit of what has moved: block by block, out of the files.

use prost::Message as _;
use rusqlite::{Connection, params};
use zerotrip_proto::v1::EntryContent;
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_trust::Digest;
use zerotrip_trust::merkle::{CompactRange, MissingNode, leaf_hash};

use crate::error::OpenError;
use crate::nodes::{number, read_row};
use crate::segments::{Archive, KeptLeaf, TILE, past};

/// A block of the past, on top of the tree so far: its leaves are what the tree is of, and each
/// exchange that it tells of is known.
pub(super) fn replay_block(
    connection: &Connection,
    archive: &Archive,
    range: &mut CompactRange,
) -> Result<(), OpenError> {
    let first = range.size();
    let block = archive.block(connection, first)?;
    for (index, leaf) in (first..).zip(&block.leaves) {
        let mut completed = Vec::new();
        let hash = leaf_hash(&leaf.entry());
        range.append_with(hash, |level, index, digest| completed.push((level, index, digest)));
        let kept = completed.into_iter().filter(|(level, ..)| 1 << *level >= TILE);
        for (level, index, digest) in kept {
            same_node(connection, level, index, &digest)?;
        }
        match leaf {
            KeptLeaf::Sealed { content, reader, .. } => {
                let content = EntryContent::decode(content.as_slice())
                    .map_err(|_| OpenError::ContentChanged(index))?;
                check_past(connection, index, content, reader)?;
            }
            // Kept in the tables too, for those who look for bundles.
            KeptLeaf::Open { entry } => {
                let select = "SELECT 1 FROM leaf WHERE idx = ?1 AND entry = ?2 AND hash = ?3";
                let params = params![number(index)?, entry, hash.as_slice()];
                if !connection.prepare_cached(select)?.exists(params)? {
                    return Err(OpenError::LeafMissing(index));
                }
            }
        }
    }
    Ok(())
}

/// An entry of the past is its reader's, and its exchange cannot be asked again.
fn check_past(
    connection: &Connection,
    index: u64,
    content: EntryContent,
    reader: &str,
) -> Result<(), OpenError> {
    let changed = || OpenError::ExchangeChanged(index);
    let (id, ends) = match content.body {
        Some(Body::Intent(intent)) if intent.issuer == reader => (intent.exchange_id, false),
        Some(Body::Completion(completion)) => (completion.exchange_id, true),
        Some(Body::Reconciliation(reconciliation)) => (reconciliation.exchange_id, true),
        Some(Body::Refusal(refusal)) if refusal.peer == reader => return Ok(()),
        _ => return Err(OpenError::ContentChanged(index)),
    };
    match past(connection, &id)? {
        Some(past) if !ends && past.leaf > index => Ok(()),
        Some(past) if ends && past.leaf == index => Ok(()),
        Some(_) => Err(changed()),
        // Its end has not moved yet.
        None if !ends => {
            let select =
                "SELECT 1 FROM exchange WHERE id = ?1 AND issuer = ?2 AND intent_index = ?3";
            let known = params![id, reader, number(index)?];
            if connection.prepare_cached(select)?.exists(known)? { Ok(()) } else { Err(changed()) }
        }
        None => Err(changed()),
    }
}

/// A stored node is the one of the leaves below it.
pub(super) fn same_node(
    connection: &Connection,
    level: u32,
    index: u64,
    digest: &Digest,
) -> Result<(), OpenError> {
    match read_row(connection, level, index)? {
        Some(found) if found == *digest => Ok(()),
        Some(_) => Err(OpenError::NodeChanged { level, index }),
        None => Err(MissingNode { level, index }.into()),
    }
}
