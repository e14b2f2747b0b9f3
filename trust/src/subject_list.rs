//! The subjects of a request about many. The request commits to them by a root, so that whoever has
//! to do with some of them sees those, proven to be in the signed request, and nobody else.

use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::ShownSubjects;

use crate::digest::{Digest, commit, sha256_parts};
use crate::merkle::{ProofError, ProveError, WholeTree, leaf_hash, several_root};

/// A list with the nodes of its tree.
#[derive(Clone, Debug)]
pub struct SubjectTree {
    salts: Vec<Digest>,
    tree: WholeTree,
}

/// Why the subjects that a message shows are not those of the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShownError {
    /// Not a place, a salt and a subject each.
    #[error("places, subjects and salts do not belong together")]
    Uneven,
    /// A digest.
    #[error("a salt or a digest is not of 32 bytes, or there are too many")]
    Malformed,
    /// They lead elsewhere.
    #[error("they are not in the signed request: {0}")]
    Proof(#[from] ProofError),
}

impl SubjectTree {
    /// Over these subjects, in their order.
    pub fn new<'s>(secret: &[u8; 32], subjects: impl IntoIterator<Item = &'s str>) -> Self {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        let mut salts = Vec::new();
        let leaves = (0u64..).zip(subjects).map(|(place, subject)| {
            let message = sha256_parts(hash_domain::SUBJECT_SALT, &[&place.to_be_bytes()]);
            let mut salt = Digest::default();
            salt.copy_from_slice(ring::hmac::sign(&key, &message).as_ref());
            salts.push(salt);
            leaf(&salt, subject)
        });
        let tree = WholeTree::new(leaves);
        Self { salts, tree }
    }

    /// What the request commits to.
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// Some of the subjects with their places, ascending, and the proof that they are in the list.
    pub fn show(&self, some: &[(u64, &str)]) -> Result<ShownSubjects, ProveError> {
        let places: Vec<u64> = some.iter().map(|(place, _)| *place).collect();
        let path = self.tree.several_path(&places)?;
        let salt = |place: &u64| {
            let place = usize::try_from(*place).ok()?;
            self.salts.get(place).map(|salt| salt.to_vec())
        };
        let salts: Option<Vec<Vec<u8>>> = places.iter().map(salt).collect();
        Ok(ShownSubjects {
            subjects: some.iter().map(|(_, subject)| (*subject).to_owned()).collect(),
            salts: salts.ok_or(ProveError::OutOfRange)?,
            path: path.iter().map(|digest| digest.to_vec()).collect(),
            places,
        })
    }
}

/// Whether these subjects are among the `size` that lead to the root.
pub fn verify_shown(shown: &ShownSubjects, size: u64, root: &[u8]) -> Result<(), ShownError> {
    let ShownSubjects { places, subjects, salts, path } = shown;
    if places.len() != subjects.len() || places.len() != salts.len() {
        return Err(ShownError::Uneven);
    }
    let mut leaves = Vec::with_capacity(places.len());
    for ((place, subject), salt) in places.iter().zip(subjects).zip(salts) {
        let salt = Digest::try_from(salt.as_slice()).map_err(|_| ShownError::Malformed)?;
        leaves.push((*place, leaf(&salt, subject)));
    }
    // As many as the message holds; one too many is refused below.
    let path: Option<Vec<Digest>> =
        path.iter().map(|digest| Digest::try_from(digest.as_slice()).ok()).collect();
    let path = path.ok_or(ShownError::Malformed)?;
    if several_root(&leaves, size, &path)? == *root {
        Ok(())
    } else {
        Err(ProofError::WrongRoot.into())
    }
}

fn leaf(salt: &Digest, subject: &str) -> Digest {
    leaf_hash(&commit(hash_domain::SUBJECT, salt, subject.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("subject-{number}")).collect()
    }

    proptest! {
        #[test]
        fn some_are_shown_to_be_in_the_list_and_nothing_else_is(
            count in 1usize..70,
            picked in prop::collection::btree_set(0usize..70, 1..20),
            other in any::<prop::sample::Index>(),
        ) {
            let names = names(count);
            let tree = SubjectTree::new(&[7; 32], names.iter().map(String::as_str));
            let some: Vec<(u64, &str)> = picked
                .iter()
                .filter(|place| **place < count)
                .map(|place| (*place as u64, names[*place].as_str()))
                .collect();
            prop_assume!(!some.is_empty());
            let shown = tree.show(&some).unwrap();
            let (size, root) = (count as u64, tree.root());
            prop_assert_eq!(verify_shown(&shown, size, &root), Ok(()));
            prop_assert!(shown.path.len() <= some.len() * 7);
            let at = other.index(some.len());
            let mut changed = shown.clone();
            changed.subjects[at] = "another".into();
            prop_assert!(verify_shown(&changed, size, &root).is_err());
            let mut moved = shown.clone();
            moved.places[at] += 1;
            prop_assert!(verify_shown(&moved, size, &root).is_err());
            let mut salted = shown.clone();
            salted.salts[at][0] ^= 1;
            prop_assert!(verify_shown(&salted, size, &root).is_err());
            for path in [
                shown.path.iter().skip(1).cloned().collect::<Vec<_>>(),
                shown.path.iter().cloned().chain([vec![0; 32]]).collect(),
            ] {
                if path != shown.path {
                    let cut = ShownSubjects { path, ..shown.clone() };
                    prop_assert!(verify_shown(&cut, size, &root).is_err());
                }
            }
            prop_assert!(verify_shown(&ShownSubjects::default(), size, &root).is_err());
        }
    }
}
