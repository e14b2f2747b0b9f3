//! Against a tree that is written down exactly as RFC 9162 defines it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn naive_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            node_hash(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

fn naive_path(index: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() == 1 {
        return vec![];
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut path, other) = if index < k {
        (naive_path(index, &leaves[..k]), naive_root(&leaves[k..]))
    } else {
        (naive_path(index - k, &leaves[k..]), naive_root(&leaves[..k]))
    };
    path.push(other);
    path
}

fn naive_consistency(old: usize, leaves: &[Digest], whole: bool) -> Vec<Digest> {
    if old == leaves.len() {
        return if whole { vec![] } else { vec![naive_root(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut path, other) = if old <= k {
        (naive_consistency(old, &leaves[..k], whole), naive_root(&leaves[k..]))
    } else {
        (naive_consistency(old - k, &leaves[k..], false), naive_root(&leaves[..k]))
    };
    path.push(other);
    path
}

struct Store(HashMap<(u32, u64), Digest>);

impl NodeReader for Store {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.0.get(&(level, index)).copied()
    }
}

fn grow(count: usize) -> (Vec<Digest>, CompactRange, Store) {
    let leaves: Vec<Digest> = (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let (mut range, mut nodes) = (CompactRange::new(), HashMap::new());
    for leaf in &leaves {
        range.append_with(*leaf, |level, index, digest| {
            assert!(nodes.insert((level, index), digest).is_none())
        });
    }
    (leaves, range, Store(nodes))
}

/// Everything about one pair of sizes that must hold, or must fail.
fn check_consistency(leaves: &[Digest], store: &Store, from: usize, to: usize) {
    let (m, n) = (from as u64, to as u64);
    let (old, new) = (naive_root(&leaves[..from]), naive_root(&leaves[..to]));
    let path = consistency_path(store, m, n).unwrap();
    assert_eq!(path, naive_consistency(from, &leaves[..to], true), "{from} {to}");
    verify_consistency(m, n, &old, &new, &path).unwrap();
    let mut longer = path.clone();
    longer.push([0; 32]);
    assert_eq!(verify_consistency(m, n, &old, &new, &longer), Err(ProofError::WrongLength));
    if !path.is_empty() {
        assert_eq!(
            verify_consistency(m, n, &old, &new, &path[..path.len() - 1]),
            Err(ProofError::WrongLength)
        );
        assert_eq!(verify_consistency(m, n, &[9; 32], &new, &path), Err(ProofError::WrongRoot));
        assert_eq!(verify_consistency(m, n, &old, &[9; 32], &path), Err(ProofError::WrongRoot));
        for changed in 0..path.len() {
            let mut path = path.clone();
            path[changed][0] ^= 1;
            assert_eq!(verify_consistency(m, n, &old, &new, &path), Err(ProofError::WrongRoot));
        }
    }
}

fn check_inclusion(leaves: &[Digest], store: &Store, index: usize, size: usize) {
    let (i, n) = (index as u64, size as u64);
    let root = naive_root(&leaves[..size]);
    let path = inclusion_path(store, i, n).unwrap();
    assert_eq!(path, naive_path(index, &leaves[..size]), "{index} {size}");
    let leaf = &leaves[index];
    verify_inclusion(leaf, i, n, &path, &root).unwrap();
    let mut longer = path.clone();
    longer.push([0; 32]);
    assert_eq!(verify_inclusion(leaf, i, n, &longer, &root), Err(ProofError::WrongLength));
    assert_eq!(verify_inclusion(&[9; 32], i, n, &path, &root), Err(ProofError::WrongRoot));
    assert_eq!(verify_inclusion(leaf, i, n, &path, &[9; 32]), Err(ProofError::WrongRoot));
    if size > 1 {
        assert_eq!(
            verify_inclusion(leaf, i, n, &path[..path.len() - 1], &root),
            Err(ProofError::WrongLength)
        );
        // A neighbour's leaf in this place, and this leaf in a neighbour's place.
        let swapped = (index + 1) % size;
        assert!(verify_inclusion(&leaves[swapped], i, n, &path, &root).is_err());
        assert!(verify_inclusion(leaf, swapped as u64, n, &path, &root).is_err());
    }
}

#[test]
fn rfc_6962_hashes() {
    // The empty tree, and the leaf of an empty entry, as certificate transparency's own test
    // vectors have them.
    assert_eq!(
        hex::encode(empty_root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        hex::encode(leaf_hash(b"")),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
    assert_ne!(leaf_hash(&[[1; 32], [2; 32]].concat()), node_hash(&[1; 32], &[2; 32]));
}

#[test]
fn every_proof_of_every_small_tree() {
    let (leaves, _, store) = grow(70);
    for size in 1..=70 {
        assert_eq!(root_at(&store, size as u64).unwrap(), naive_root(&leaves[..size]));
        for index in 0..size {
            check_inclusion(&leaves, &store, index, size);
        }
        for from in 1..=size {
            check_consistency(&leaves, &store, from, size);
        }
    }
}

#[test]
fn compact_ranges_have_the_same_root_and_survive_their_bytes() {
    let mut range = CompactRange::new();
    let mut leaves = Vec::new();
    for n in 0..70u8 {
        assert_eq!(range.root(), naive_root(&leaves));
        assert_eq!(range.size(), u64::from(n));
        let bytes = range.to_bytes();
        assert_eq!(CompactRange::from_bytes(&bytes).unwrap(), range);
        assert!(CompactRange::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
        assert!(CompactRange::from_bytes(&[bytes.as_slice(), &[0; 32]].concat()).is_err());
        assert!(CompactRange::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        leaves.push(leaf_hash(&[n]));
        range.append(leaf_hash(&[n]));
    }
}

#[test]
fn senseless_sizes_are_refused() {
    let (leaves, range, store) = grow(5);
    let root = range.root();
    assert_eq!(verify_inclusion(&leaves[0], 0, 0, &[], &root), Err(ProofError::OutOfRange));
    assert_eq!(verify_inclusion(&leaves[0], 5, 5, &[], &root), Err(ProofError::OutOfRange));
    assert_eq!(verify_consistency(0, 5, &empty_root(), &root, &[]), Err(ProofError::OutOfRange));
    assert_eq!(verify_consistency(6, 5, &root, &root, &[]), Err(ProofError::OutOfRange));
    assert_eq!(verify_consistency(5, 5, &root, &[1; 32], &[]), Err(ProofError::WrongRoot));
    assert_eq!(verify_consistency(5, 5, &root, &root, &[[0; 32]]), Err(ProofError::WrongLength));
    assert_eq!(inclusion_path(&store, 5, 5), Err(ProveError::OutOfRange));
    assert_eq!(consistency_path(&store, 0, 5), Err(ProveError::OutOfRange));
    assert_eq!(consistency_path(&store, 6, 5), Err(ProveError::OutOfRange));
    assert!(matches!(inclusion_path(&store, 0, 64), Err(ProveError::Missing(_))));
    // Hostile sizes neither panic nor pass.
    for size in [u64::MAX, u64::MAX - 1, 1 << 63] {
        assert!(verify_inclusion(&leaves[0], size - 1, size, &[[0; 32]; 64], &root).is_err());
        assert!(verify_consistency(1, size, &root, &root, &[[0; 32]; 64]).is_err());
        assert!(verify_consistency(size - 1, size, &root, &root, &[[0; 32]; 70]).is_err());
        assert!(matches!(inclusion_path(&store, size - 1, size), Err(ProveError::Missing(_))));
    }
}

#[test]
fn paths_from_messages_are_digests_and_bounded() {
    assert_eq!(path_from_bytes(&[vec![1; 32]]), Some(vec![[1; 32]]));
    assert_eq!(path_from_bytes(&[vec![1; 31]]), None);
    assert_eq!(path_from_bytes(&vec![vec![1; 32]; 129]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn larger_trees(size in 71usize..3000, at in any::<prop::sample::Index>(), from in any::<prop::sample::Index>()) {
        let (leaves, range, store) = grow(size);
        prop_assert_eq!(range.root(), naive_root(&leaves));
        check_inclusion(&leaves, &store, at.index(size), size);
        check_consistency(&leaves, &store, from.index(size) + 1, size);
    }

    #[test]
    fn hostile_proofs_never_panic_nor_pass(
        index in any::<u64>(), size in any::<u64>(), path in proptest::collection::vec(any::<[u8; 32]>(), 0..70), root in any::<[u8; 32]>(),
    ) {
        prop_assert!(verify_inclusion(&[3; 32], index, size, &path, &root).is_err());
        prop_assert!(verify_consistency(index, size, &[3; 32], &root, &path).is_err());
    }
}
