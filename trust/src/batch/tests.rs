#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use zerotrip_proto::bounds::MESSAGE_BYTES;
use zerotrip_proto::payload_type::{ANSWER, APPROVALS, BATCH, REQUEST, SCAN_RECEIPT};
use zerotrip_proto::v1::Envelope;

use super::*;
use crate::dsse::{self, DsseError};
use crate::keys::{Algorithm, KeyError, SigningKey};

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

fn payloads(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|at| format!("message {at}").into_bytes()).collect()
}

fn batch(count: usize, key: &SigningKey) -> Vec<Envelope> {
    sign(REQUEST, payloads(count), key).unwrap()
}

/// Every message of every size up to forty verifies, alone and in any company.
#[test]
fn each_message_of_a_batch_verifies_by_itself() {
    for key in [key(), SigningKey::generate(Algorithm::Es256).unwrap()] {
        for count in 2..40 {
            let roots = VerifiedRoots::default();
            for (envelope, payload) in batch(count, &key).iter().zip(payloads(count)) {
                assert_eq!(dsse::verify(envelope, REQUEST, key.public()).unwrap(), payload);
                let among = dsse::verify_among(envelope, REQUEST, key.public(), Some(&roots));
                assert_eq!(among.unwrap(), payload);
            }
        }
    }
    let key = key();
    let last = batch(MOST, &key).pop().unwrap();
    assert_eq!(last.batch.as_ref().unwrap().path.len(), LEVELS);
    dsse::verify(&last, REQUEST, key.public()).unwrap();
}

/// A verifier that knows nothing but RFC 6962 and DSSE comes to the same.
#[test]
fn what_is_signed_is_a_plain_envelope_over_a_text() {
    let key = key();
    let envelopes = batch(5, &key);
    let leaves: Vec<Digest> = envelopes
        .iter()
        .map(|one| leaf(REQUEST, &one.batch.as_ref().unwrap().salt, &one.payload))
        .collect();
    // RFC 6962, 2.1, as it is written: split at the largest power of two below the size.
    fn root(leaves: &[Digest]) -> Digest {
        if let [only] = leaves {
            return *only;
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        merkle::node_hash(&root(left), &root(right))
    }
    let said = format!("zerotrip batch v1\n{REQUEST}\n5\n{}\n", STANDARD.encode(root(&leaves)));
    let plain = Envelope {
        payload: said.into_bytes(),
        payload_type: BATCH.to_owned(),
        signatures: envelopes[0].signatures.clone(),
        batch: None,
    };
    dsse::verify(&plain, BATCH, key.public()).unwrap();
}

#[test]
fn a_lone_message_is_signed_as_ever() {
    let key = key();
    let [alone] = <[Envelope; 1]>::try_from(batch(1, &key)).unwrap();
    assert_eq!(alone.batch, None);
    assert_eq!(alone, dsse::sign(REQUEST, payloads(1).remove(0), &key).unwrap());
}

#[test]
fn what_cannot_be_a_batch_is_not_signed() {
    let key = key();
    let refused = |kind, payloads| sign(kind, payloads, &key).unwrap_err();
    assert_eq!(refused(REQUEST, vec![]), BatchError::Size(0).into());
    assert_eq!(refused(REQUEST, payloads(MOST + 1)), BatchError::Size(MOST as u32 + 1).into());
    assert_eq!(refused(APPROVALS, payloads(2)), BatchError::Kind.into());
    let large = vec![vec![], vec![0; MESSAGE_BYTES + 1]];
    assert_eq!(refused(REQUEST, large), DsseError::TooLarge(MESSAGE_BYTES + 1));
}

/// Each way to change a message of a batch, and by which name it is refused.
#[test]
fn every_attack_on_a_path_is_refused_by_name() {
    type Change = fn(&mut Envelope, &[Envelope]);
    type Attack = (&'static str, Change, Box<dyn Fn(&DsseError) -> bool>);
    let bad = |error: &DsseError| matches!(error, DsseError::Key(KeyError::BadSignature(_)));
    let is = |wanted: BatchError| move |error: &DsseError| matches!(error, DsseError::Batch(found) if *found == wanted);
    fn path(envelope: &mut Envelope) -> &mut BatchPath {
        envelope.batch.as_mut().unwrap()
    }
    let attacks: Vec<Attack> = vec![
        ("the path is stripped", |one, _| one.batch = None, Box::new(bad)),
        ("another payload", |one, _| one.payload.push(b'!'), Box::new(bad)),
        ("a batch-mate's payload", |one, all| one.payload = all[1].payload.clone(), Box::new(bad)),
        ("a batch-mate's place", |one, _| path(one).index = 1, Box::new(bad)),
        ("a batch-mate's path", |one, all| one.batch = all[1].batch.clone(), Box::new(bad)),
        ("another salt", |one, _| path(one).salt[0] ^= 1, Box::new(bad)),
        ("a digest changed", |one, _| path(one).path[1][7] ^= 1, Box::new(bad)),
        ("two digests exchanged", |one, _| path(one).path.swap(0, 1), Box::new(bad)),
        ("another size of as many levels", |one, _| path(one).size = 7, Box::new(bad)),
        (
            "the root itself as a message",
            |one, _| {
                let said = statement(one.batch.as_ref().unwrap(), REQUEST, &one.payload).unwrap();
                one.payload = said.into_bytes();
            },
            Box::new(bad),
        ),
        (
            "an inner node as a leaf",
            |one, _| {
                let path = path(one);
                path.path.remove(0);
                (path.index, path.size) = (0, 3);
            },
            Box::new(bad),
        ),
        ("the empty tree", |one, _| path(one).size = 0, Box::new(is(BatchError::Size(0)))),
        (
            "a tree of one",
            |one, _| {
                *path(one) = BatchPath { size: 1, path: vec![], ..path(one).clone() };
            },
            Box::new(is(BatchError::Size(1))),
        ),
        ("over the bound", |one, _| path(one).size = 1025, Box::new(is(BatchError::Size(1025)))),
        (
            "a place outside",
            |one, _| path(one).index = 6,
            Box::new(is(BatchError::Index { index: 6, size: 6 })),
        ),
        (
            "bits left over in the place",
            |one, _| path(one).index = 8,
            Box::new(is(BatchError::Index { index: 8, size: 6 })),
        ),
        (
            "a place of 32 bits",
            |one, _| path(one).index = 1 << 31,
            Box::new(is(BatchError::Index { index: 1 << 31, size: 6 })),
        ),
        (
            "a digest too few",
            |one, _| {
                path(one).path.pop();
            },
            Box::new(is(BatchError::Path)),
        ),
        (
            "a digest too many",
            |one, _| path(one).path.push(vec![0; 32]),
            Box::new(is(BatchError::Path)),
        ),
        (
            "a thousand digests",
            |one, _| path(one).path.resize(1000, vec![0; 32]),
            Box::new(is(BatchError::Path)),
        ),
        (
            "a short digest",
            |one, _| {
                path(one).path[0].pop();
            },
            Box::new(is(BatchError::Path)),
        ),
        ("no salt", |one, _| path(one).salt.clear(), Box::new(is(BatchError::Salt(0)))),
        ("a long salt", |one, _| path(one).salt.push(0), Box::new(is(BatchError::Salt(33)))),
        (
            "no signature",
            |one, _| one.signatures.clear(),
            Box::new(|error| *error == DsseError::NotOneSignature(0)),
        ),
    ];
    let key = key();
    let all = batch(6, &key);
    let mut held = Vec::new();
    for (what, change, expected) in attacks {
        let mut one = all[0].clone();
        change(&mut one, &all);
        // The root is remembered: it must not help any of them.
        let roots = VerifiedRoots::default();
        dsse::verify_among(&all[0], REQUEST, key.public(), Some(&roots)).unwrap();
        for roots in [None, Some(&roots)] {
            match dsse::verify_among(&one, REQUEST, key.public(), roots) {
                Err(error) if expected(&error) => {}
                other => held.push(format!("{what}: {other:?}")),
            }
        }
    }
    assert!(held.is_empty(), "{}", held.join("\n"));
}

#[test]
fn a_root_is_for_one_kind_and_one_key() {
    let (key, other) = (key(), key());
    let roots = VerifiedRoots::default();
    let mut one = batch(3, &key).remove(0);
    dsse::verify_among(&one, REQUEST, key.public(), Some(&roots)).unwrap();
    let refused = dsse::verify_among(&one, REQUEST, other.public(), Some(&roots)).unwrap_err();
    assert!(matches!(refused, DsseError::WrongKey { .. }), "{refused}");
    // The same bytes under another's name are not verified by what is remembered of the first.
    one.signatures[0].keyid = other.public().id().to_owned();
    let refused = dsse::verify_among(&one, REQUEST, other.public(), Some(&roots)).unwrap_err();
    assert!(matches!(refused, DsseError::Key(KeyError::BadSignature(_))), "{refused}");
    for kind in [ANSWER, SCAN_RECEIPT] {
        let mut one = batch(3, &key).remove(0);
        one.payload_type = kind.to_owned();
        let refused = dsse::verify_among(&one, kind, key.public(), Some(&roots)).unwrap_err();
        assert!(matches!(refused, DsseError::Key(KeyError::BadSignature(_))), "{refused}");
    }
    let mut lasting = batch(3, &key).remove(0);
    lasting.payload_type = APPROVALS.to_owned();
    let refused = dsse::verify(&lasting, APPROVALS, key.public()).unwrap_err();
    assert_eq!(refused, BatchError::Kind.into());
}

#[test]
fn as_many_roots_are_remembered_as_the_bound_says() {
    let roots = VerifiedRoots::default();
    let root = |at: u64| VerifiedRoot(sha256_parts("test", &[&at.to_be_bytes()]));
    for at in 0..10 * KEPT as u64 {
        roots.keep(root(at));
        assert!(roots.holds(&root(at)));
    }
    let held = (0..10 * KEPT as u64).filter(|at| roots.holds(&root(*at))).count();
    assert!((KEPT..=2 * KEPT).contains(&held), "{held}");
}

proptest! {
    /// No change of a byte of the envelope leaves it valid for another payload, and none of the
    /// path
    /// makes the verifier panic.
    #[test]
    fn a_changed_path_never_verifies(
        count in 2_usize..20,
        place in 0_usize..20,
        index in any::<u32>(),
        size in 0_u32..2000,
        levels in 0_usize..12,
        keep in any::<bool>(),
    ) {
        let key = key();
        let all = batch(count, &key);
        let good = &all[place % count];
        let mut one = good.clone();
        let path = one.batch.as_mut().unwrap();
        (path.index, path.size) = (index % 64, size);
        if !keep {
            path.path.resize(levels, vec![7; 32]);
        }
        let verified = dsse::verify(&one, REQUEST, key.public());
        prop_assert_eq!(verified.is_ok(), one == *good);
    }
}
