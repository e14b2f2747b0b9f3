//! Checking proofs. Every digest of a proof is used, and none is missing: a proof of another length
//! is refused.

use super::prove::split;
use super::{Digest, node_hash};

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf's index is not below the size, or a size is zero or shrinks.
    #[error("the proof's sizes or index make no sense")]
    OutOfRange,
    /// Too short or too long for these sizes.
    #[error("the proof has another length than its sizes ask for")]
    WrongLength,
    /// It leads to another root.
    #[error("the proof does not lead to the root")]
    WrongRoot,
}

/// Whether `leaf` (a leaf hash) is at `index` of the tree with this size and root (RFC 9162,
/// 2.1.3.2).
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    let found = inclusion_root(leaf, index, size, path)?;
    if found == *root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

/// The root to which this path leads from `leaf` (a leaf hash) at `index` of a tree of this size.
/// A path has one length only, and no bit of the index is left over.
pub fn inclusion_root(
    leaf: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
) -> Result<Digest, ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let (mut node, mut last, mut digest) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            digest = node_hash(sibling, &digest);
            // A right edge without sibling on these levels goes up by itself.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            digest = node_hash(&digest, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    Ok(digest)
}

/// Whether the tree of `from` leaves is the beginning of the tree of `to` leaves (RFC 9162,
/// 2.1.4.2). `from` is at least 1: of the empty tree every tree is a continuation, and a caller
/// that asks is mistaken.
pub fn verify_consistency(
    from: u64,
    to: u64,
    from_root: &Digest,
    to_root: &Digest,
    path: &[Digest],
) -> Result<(), ProofError> {
    if from == 0 || from > to {
        return Err(ProofError::OutOfRange);
    }
    if from == to {
        return match (path.is_empty(), from_root == to_root) {
            (false, _) => Err(ProofError::WrongLength),
            (true, false) => Err(ProofError::WrongRoot),
            (true, true) => Ok(()),
        };
    }
    // Where the old tree is perfect, its root is the proof's silent first digest.
    let (first, rest) = if from.is_power_of_two() {
        (*from_root, path)
    } else {
        let (first, rest) = path.split_first().ok_or(ProofError::WrongLength)?;
        (*first, rest)
    };
    let (mut node, mut last) = (from - 1, to - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (first, first);
    for digest in rest {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            old = node_hash(digest, &old);
            new = node_hash(digest, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, digest);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    if old == *from_root && new == *to_root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

/// The root to which the leaves (leaf hashes) at these places, ascending and at least one, lead in
/// a tree of `size` leaves, with the subtrees beside them ([`super::several_path`]).
pub fn several_root(
    leaves: &[(u64, Digest)],
    size: u64,
    path: &[Digest],
) -> Result<Digest, ProofError> {
    let ascend = leaves.is_sorted_by(|(one, _), (next, _)| one < next);
    if !ascend || leaves.last().is_none_or(|(last, _)| *last >= size) {
        return Err(ProofError::OutOfRange);
    }
    let mut path = path.iter();
    let root = root_over(leaves, (0, size), &mut path)?;
    if path.next().is_some() { Err(ProofError::WrongLength) } else { Ok(root) }
}

fn root_over(
    leaves: &[(u64, Digest)],
    (start, count): (u64, u64),
    path: &mut std::slice::Iter<'_, Digest>,
) -> Result<Digest, ProofError> {
    let Some((_, first)) = leaves.first() else {
        return path.next().copied().ok_or(ProofError::WrongLength);
    };
    if count == 1 {
        return Ok(*first);
    }
    let left = split(count);
    let (before, behind) =
        leaves.split_at(leaves.partition_point(|(place, _)| *place < start + left));
    let before = root_over(before, (start, left), path)?;
    Ok(node_hash(&before, &root_over(behind, (start + left, count - left), path)?))
}
