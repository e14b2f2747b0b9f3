//! Making proofs from stored nodes.

use super::{Digest, empty_root, node_hash};

/// Where the nodes are kept: tiles, a table, or a map.
pub trait NodeReader {
    /// The digest of the perfect subtree over the leaves `index · 2^level .. (index + 1) ·
    /// 2^level`; `None` where it is not stored. Only subtrees that are full in the tree asked
    /// about are ever asked for.
    fn node(&self, level: u32, index: u64) -> Option<Digest>;
}

/// A node that should be stored is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tree's node {index} at level {level} is missing")]
pub struct MissingNode {
    /// 0 at the leaves.
    pub level: u32,
    /// From the left.
    pub index: u64,
}

/// Why no proof can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// The index is not below the size, or a size is zero or shrinks.
    #[error("there is no such leaf or tree")]
    OutOfRange,
    /// The store has a hole.
    #[error(transparent)]
    Missing(#[from] MissingNode),
}

/// The root over `count` leaves from `start`. `start` must be a multiple of the smallest power of
/// two that is not below `count`.
pub fn subtree_root(
    reader: &impl NodeReader,
    start: u64,
    count: u64,
) -> Result<Digest, MissingNode> {
    if count == 0 {
        return Ok(empty_root());
    }
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        let index = start >> level;
        return reader.node(level, index).ok_or(MissingNode { level, index });
    }
    let left = split(count);
    Ok(node_hash(
        &subtree_root(reader, start, left)?,
        &subtree_root(reader, start + left, count - left)?,
    ))
}

/// The root of the tree when it had this size.
pub fn root_at(reader: &impl NodeReader, size: u64) -> Result<Digest, MissingNode> {
    subtree_root(reader, 0, size)
}

/// The proof that the leaf at `index` is in the tree of `size` leaves, leaf to root (RFC 9162,
/// 2.1.3.1).
pub fn inclusion_path(
    reader: &impl NodeReader,
    index: u64,
    size: u64,
) -> Result<Vec<Digest>, ProveError> {
    if index >= size {
        return Err(ProveError::OutOfRange);
    }
    let (mut start, mut count) = (0, size);
    let mut path = Vec::new();
    while count > 1 {
        let left = split(count);
        if index - start < left {
            path.push(subtree_root(reader, start + left, count - left)?);
            count = left;
        } else {
            path.push(subtree_root(reader, start, left)?);
            start += left;
            count -= left;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `to` leaves continues the tree of `from` leaves, `from` at least 1
/// (RFC 9162, 2.1.4.1).
pub fn consistency_path(
    reader: &impl NodeReader,
    from: u64,
    to: u64,
) -> Result<Vec<Digest>, ProveError> {
    if from == 0 || from > to {
        return Err(ProveError::OutOfRange);
    }
    let (mut start, mut count, mut old) = (0, to, from);
    let mut path = Vec::new();
    // `old` leaves of the `count` from `start` belong to the old tree.
    while old < count {
        let left = split(count);
        if old <= left {
            path.push(subtree_root(reader, start + left, count - left)?);
            count = left;
        } else {
            path.push(subtree_root(reader, start, left)?);
            start += left;
            count -= left;
            old -= left;
        }
    }
    // Where nothing was stepped over on the left, what is left is the whole old tree, whose root
    // the verifier has.
    if start != 0 {
        path.push(subtree_root(reader, start, count)?);
    }
    path.reverse();
    Ok(path)
}

/// The proof that the leaves at these places, ascending and at least one, are in the tree of `size`
/// leaves: the roots of the largest subtrees that have none of them, from left to right.
pub fn several_path(
    reader: &impl NodeReader,
    places: &[u64],
    size: u64,
) -> Result<Vec<Digest>, ProveError> {
    if places.is_empty() || places.last().is_some_and(|last| *last >= size) {
        return Err(ProveError::OutOfRange);
    }
    let mut path = Vec::new();
    beside(reader, places, (0, size), &mut path)?;
    Ok(path)
}

fn beside(
    reader: &impl NodeReader,
    places: &[u64],
    (start, count): (u64, u64),
    path: &mut Vec<Digest>,
) -> Result<(), MissingNode> {
    if places.is_empty() {
        path.push(subtree_root(reader, start, count)?);
    } else if count > 1 {
        let left = split(count);
        let (before, behind) =
            places.split_at(places.partition_point(|place| *place < start + left));
        beside(reader, before, (start, left), path)?;
        beside(reader, behind, (start + left, count - left), path)?;
    }
    Ok(())
}

/// The largest power of two below `count`, which is at least 2.
pub(super) fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}
