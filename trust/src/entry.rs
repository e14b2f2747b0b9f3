//! Entries of the ledger: a leaf commits to what it says, under a salt, and is opened to those who
//! may read it. Leaves alone tell neither who asked nor what came of it, nor when.

use std::time::SystemTime;

use prost::Message as _;
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::ledger_entry::Body as Leaf;
use zerotrip_proto::v1::{EntryContent, EntryOpening, LedgerEntry};
use zerotrip_proto::{hash_domain, to_timestamp};

use crate::digest::{self, RandomError, commit};

/// Bytes of a salt.
pub const SALT_BYTES: usize = 32;

/// Why an opening is not an entry's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// It decodes to nothing that is known here.
    #[error("the ledger entry cannot be read")]
    Unreadable,
    /// Nothing is sealed in it.
    #[error("the ledger entry is not a sealed one")]
    NotSealed,
    /// Another salt, or another content.
    #[error("the ledger entry does not commit to what it is said to hold")]
    NotCommitted,
}

/// The leaf over what an entry says, and what opens it.
pub fn seal(body: Body, at: SystemTime) -> Result<(Vec<u8>, EntryOpening), RandomError> {
    let content = EntryContent { at: Some(to_timestamp(at)), body: Some(body) }.encode_to_vec();
    let salt: [u8; SALT_BYTES] = digest::random()?;
    let leaf = leaf_of(&salt, &content);
    Ok((leaf, EntryOpening { salt: salt.to_vec(), content }))
}

/// The leaf that commits to this content under this salt.
pub fn leaf_of(salt: &[u8], content: &[u8]) -> Vec<u8> {
    let sealed = commit(hash_domain::ENTRY, salt, content).to_vec();
    LedgerEntry { at: None, body: Some(Leaf::Sealed(sealed)) }.encode_to_vec()
}

/// What a sealed leaf says, once the opening is proven to be its own.
pub fn open(leaf: &[u8], opening: &EntryOpening) -> Result<EntryContent, EntryError> {
    let entry = LedgerEntry::decode(leaf).map_err(|_| EntryError::Unreadable)?;
    let Some(Leaf::Sealed(sealed)) = entry.body else { return Err(EntryError::NotSealed) };
    if opening.salt.len() != SALT_BYTES
        || sealed != commit(hash_domain::ENTRY, &opening.salt, &opening.content)
    {
        return Err(EntryError::NotCommitted);
    }
    let content =
        EntryContent::decode(opening.content.as_slice()).map_err(|_| EntryError::Unreadable)?;
    if content.body.is_some() { Ok(content) } else { Err(EntryError::Unreadable) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;
    use zerotrip_proto::v1::{BundleChange, Completion, Intent, Refusal};

    use super::*;

    fn bodies() -> [Body; 4] {
        [
            Body::Intent(Intent {
                exchange_id: "e".into(),
                issuer: "spiffe://x/member/fund/system/a".into(),
                ..Intent::default()
            }),
            Body::Completion(Completion { outcome: 1, ..Completion::default() }),
            Body::Completion(Completion {
                outcome: 3,
                code: 305,
                receipt_commitments: vec![vec![1; 32]; 4],
                ..Completion::default()
            }),
            Body::Refusal(Refusal { peer: "x".repeat(900), ..Refusal::default() }),
        ]
    }

    #[test]
    fn leaves_are_of_one_shape_and_size_whatever_they_say() {
        for body in bodies() {
            let (leaf, opening) = seal(body.clone(), SystemTime::now()).unwrap();
            assert_eq!(
                (leaf.len(), leaf.first().copied(), leaf.get(1).copied()),
                (34, Some(0x3a), Some(32))
            );
            assert_eq!(open(&leaf, &opening).unwrap().body, Some(body));
        }
        let [body, ..] = bodies();
        let at = SystemTime::now();
        assert_ne!(
            seal(body.clone(), at).unwrap().0,
            seal(body, at).unwrap().0,
            "the same twice is not to be seen"
        );
    }

    #[test]
    fn an_opening_is_one_leafs_and_whole() {
        let [body, other, ..] = bodies();
        let ((leaf, opening), (another, _)) =
            (seal(body, SystemTime::now()).unwrap(), seal(other, SystemTime::now()).unwrap());
        assert_eq!(open(&another, &opening), Err(EntryError::NotCommitted));
        assert_eq!(open(&leaf, &EntryOpening::default()), Err(EntryError::NotCommitted));
        assert_eq!(open(b"\xff", &opening), Err(EntryError::Unreadable));
        assert_eq!(open(b"", &opening), Err(EntryError::NotSealed));
        let bundle = LedgerEntry { at: None, body: Some(Leaf::Bundle(BundleChange::default())) }
            .encode_to_vec();
        assert_eq!(open(&bundle, &opening), Err(EntryError::NotSealed));
        // A content without anything in it, honestly committed to.
        let sealed = commit(hash_domain::ENTRY, &[7; 32], &[]).to_vec();
        let empty = LedgerEntry { at: None, body: Some(Leaf::Sealed(sealed)) }.encode_to_vec();
        assert_eq!(
            open(&empty, &EntryOpening { salt: vec![7; 32], content: vec![] }),
            Err(EntryError::Unreadable)
        );
    }

    proptest! {
        #[test]
        fn no_altered_opening_opens(place in any::<prop::sample::Index>(), flip in 1u8..=255, in_salt in any::<bool>()) {
            let [body, ..] = bodies();
            let (leaf, mut opening) = seal(body, SystemTime::now()).unwrap();
            let bytes = if in_salt { &mut opening.salt } else { &mut opening.content };
            let place = place.index(bytes.len());
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= flip;
            }
            prop_assert_eq!(open(&leaf, &opening), Err(EntryError::NotCommitted));
        }
    }
}
