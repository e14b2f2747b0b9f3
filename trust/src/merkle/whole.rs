//! A tree that is in memory with all its nodes.

use std::collections::HashMap;

use super::{CompactRange, NodeReader, ProveError, inclusion_path, several_path};
use crate::digest::Digest;

/// Every node of a list that is proven from as soon as it is made.
#[derive(Clone, Debug)]
pub struct WholeTree {
    range: CompactRange,
    nodes: Nodes,
}

#[derive(Clone, Debug, Default)]
struct Nodes(HashMap<(u32, u64), Digest>);

impl NodeReader for Nodes {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.0.get(&(level, index)).copied()
    }
}

impl WholeTree {
    /// Over these leaves ([`super::leaf_hash`]), in their order.
    pub fn new(leaves: impl IntoIterator<Item = Digest>) -> Self {
        let (mut range, mut nodes) = (CompactRange::new(), Nodes::default());
        for leaf in leaves {
            range.append_with(leaf, |level, index, digest| {
                nodes.0.insert((level, index), digest);
            });
        }
        Self { range, nodes }
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.range.size()
    }

    /// What all of them lead to.
    pub fn root(&self) -> Digest {
        self.range.root()
    }

    /// As [`inclusion_path`].
    pub fn inclusion_path(&self, index: u64) -> Result<Vec<Digest>, ProveError> {
        inclusion_path(&self.nodes, index, self.size())
    }

    /// As [`several_path`].
    pub fn several_path(&self, places: &[u64]) -> Result<Vec<Digest>, ProveError> {
        several_path(&self.nodes, places, self.size())
    }
}
