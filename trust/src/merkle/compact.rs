//! As much of a tree as it takes to append to it: one digest for each one-bit of its size.

use super::{Digest, empty_root, node_hash};

/// The perfect subtrees of a tree, largest (leftmost) first. Its size in bytes is at most 8 + 64 ·
/// 32.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    nodes: Vec<Digest>,
}

/// Bytes that are not a compact range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a compact range: {0} bytes, where its size asks for another number")]
pub struct CompactRangeError(usize);

impl CompactRange {
    /// Without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// From the perfect subtrees of a tree of this size, largest first; `None` where their number
    /// is not that of the size's one-bits.
    pub fn from_nodes(size: u64, nodes: Vec<Digest>) -> Option<Self> {
        (nodes.len() == size.count_ones() as usize).then_some(Self { size, nodes })
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// One more leaf (its [`super::leaf_hash`]).
    pub fn append(&mut self, leaf: Digest) {
        self.append_with(leaf, |_, _, _| ());
    }

    /// As [`Self::append`]; `completed(level, index, digest)` gets every perfect subtree that this
    /// leaf completes, itself (level 0) first.
    pub fn append_with(&mut self, leaf: Digest, mut completed: impl FnMut(u32, u64, Digest)) {
        let (mut digest, mut level, mut index) = (leaf, 0, self.size);
        completed(level, index, digest);
        // A one-bit at a level is a subtree waiting for its right neighbour.
        while index & 1 == 1 {
            let Some(left) = self.nodes.pop() else { break };
            digest = node_hash(&left, &digest);
            level += 1;
            index >>= 1;
            completed(level, index, digest);
        }
        self.nodes.push(digest);
        self.size = self.size.saturating_add(1);
    }

    /// The root.
    pub fn root(&self) -> Digest {
        let mut nodes = self.nodes.iter().rev();
        let Some(smallest) = nodes.next() else { return empty_root() };
        nodes.fold(*smallest, |right, left| node_hash(left, &right))
    }

    /// The size (u64, big-endian) and the digests.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.nodes.iter().flatten());
        bytes
    }

    /// Back from [`Self::to_bytes`], exactly.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CompactRangeError> {
        let error = CompactRangeError(bytes.len());
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(error)?;
        let (nodes, rest) = rest.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(error);
        }
        Self::from_nodes(u64::from_be_bytes(*size), nodes.to_vec()).ok_or(error)
    }
}
