//! The ledger's tree: RFC 6962 hashing with SHA-256, and the proofs of RFC 9162, 2.1.
//!
//! Verifying needs nothing but digests. Proving reads perfect subtrees through [`NodeReader`];
//! growing needs only a [`CompactRange`].

mod compact;
mod prove;
mod verify;
mod whole;

pub use compact::{CompactRange, CompactRangeError};
pub use prove::{
    MissingNode, NodeReader, ProveError, consistency_path, inclusion_path, root_at, several_path,
    subtree_root,
};
pub use verify::{ProofError, inclusion_root, several_root, verify_consistency, verify_inclusion};
pub use whole::WholeTree;

use crate::digest::{Digest, sha256};

/// The digest of an entry: `SHA-256(0x00 || entry)`.
pub fn leaf_hash(entry: &[u8]) -> Digest {
    sha256(&[&[0], entry].concat())
}

/// The digest of an inner node: `SHA-256(0x01 || left || right)`.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    sha256(&[&[1], left.as_slice(), right.as_slice()].concat())
}

/// The root of the tree without entries: `SHA-256("")`.
pub fn empty_root() -> Digest {
    sha256(b"")
}

/// Digests of a proof as messages carry them; `None` where one is not of 32 bytes or there are more
/// than a tree of 2^64 leaves has levels.
pub fn path_from_bytes(path: &[Vec<u8>]) -> Option<Vec<Digest>> {
    if path.len() > 128 {
        return None;
    }
    path.iter().map(|digest| Digest::try_from(digest.as_slice()).ok()).collect()
}

#[cfg(test)]
mod tests;
