//! Copies of one certificate: the same answer, sealed once for each of several keys of its holder.
//! They are one certificate to the ledger, which has one digest of them. And certificates that are
//! recorded together.

use zerotrip_proto::hash_domain;
use zerotrip_trust::digest::{Digest, Hasher};
use zerotrip_trust::merkle::{CompactRange, leaf_hash};

/// What is recorded of a certificate: the digest of its signed part. Of several copies, the root of
/// the tree over theirs (RFC 9162, 2.1), in their order, so that each can be shown to be among them
/// and nothing of the others be told. `None` of none.
pub fn recorded_digest(copies: &[Digest]) -> Option<Digest> {
    match copies {
        [] => None,
        [one] => Some(*one),
        all => {
            let mut tree = CompactRange::new();
            all.iter().for_each(|digest| tree.append(leaf_hash(digest)));
            Some(tree.root())
        }
    }
}

/// What is recorded of certificates on several subjects of one answer about many: each by the
/// subject's place, ascending, and by its [`recorded_digest`].
pub fn recorded_together(certificates: &[(u32, Digest)]) -> Digest {
    let mut hasher = Hasher::with_domain(hash_domain::CERTIFICATES);
    for (place, digest) in certificates {
        hasher.update_framed(&place.to_be_bytes());
        hasher.update_framed(digest);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use zerotrip_trust::digest::sha256;

    use super::*;

    #[test]
    fn one_is_recorded_by_its_own_digest_and_several_by_their_root() {
        let (one, other) = (sha256(b"one"), sha256(b"other"));
        assert_eq!(recorded_digest(&[]), None);
        assert_eq!(recorded_digest(&[one]), Some(one));
        // By hand: SHA-256(1, SHA-256(0, one), SHA-256(0, other)).
        let leaf = |digest: &Digest| sha256(&[&[0][..], digest].concat());
        let root = sha256(&[&[1][..], &leaf(&one), &leaf(&other)].concat());
        assert_eq!(recorded_digest(&[one, other]), Some(root));
        assert_ne!(recorded_digest(&[other, one]), Some(root));
    }
}
