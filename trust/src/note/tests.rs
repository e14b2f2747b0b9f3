#![allow(clippy::unwrap_used, reason = "tests")]
use std::collections::HashMap;

use super::*;
use proptest::prelude::*;

const ORIGIN: &str = "city.example/hub/main";

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

fn checkpoint(size: u64, root: Digest) -> Checkpoint {
    Checkpoint { origin: ORIGIN.into(), size, root }
}

#[test]
fn the_go_projects_own_note_verifies() {
    // golang.org/x/mod/sumdb/note, the package's documented example.
    let key_bytes = STANDARD.decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    let key = PublicKey::new(Algorithm::Ed25519, key_bytes.get(1..).unwrap()).unwrap();
    assert_eq!(
        verifier_key("PeterNeumann", &key).unwrap(),
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    );
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know \
                what your problem is.\n";
    let note = format!(
        "{text}\n— PeterNeumann \
         x08go/ZJkuBS9UG/\
         SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    );
    // Well signed, and then no checkpoint: the order shows that the signature was verified.
    assert_eq!(
        open_checkpoint(&note, "PeterNeumann", &key),
        Err(NoteError::WrongOrigin("PeterNeumann".into()))
    );
    assert_eq!(
        open_checkpoint(&note.replace("answer", "Answer"), "PeterNeumann", &key),
        Err(NoteError::BadSignature)
    );
}

#[test]
fn only_a_log_that_grew_continues_what_was_seen() {
    for (old, new) in [(1, 1), (1, 2), (3, 8), (7, 8), (8, 8), (5, 40)] {
        let ((seen, _), (head, nodes)) = (log(old, 99), log(new, 99));
        assert_eq!(head.continues(&seen, &nodes.path(old, new)), Ok(()), "{old} {new}");
        assert_eq!(head.continues(&log(0, 99).0, &[]), Ok(()));
        if old < new {
            assert_eq!(
                seen.continues(&head, &[]),
                Err(SeenLogError::Shrunk { seen: new, now: old })
            );
            assert_eq!(head.continues(&seen, &[]), Err(SeenLogError::Forked(old)), "without proof");
        }
        // The last entry that was seen is another now.
        let (rewritten, nodes) = log(new, old - 1);
        assert_eq!(
            rewritten.continues(&seen, &nodes.path(old, new)),
            Err(SeenLogError::Forked(old)),
            "{old} {new}"
        );
    }
}

#[test]
fn unknown_lines_are_passed_over_and_ours_must_verify() {
    let (ours, witness) = (key(), key());
    let head = checkpoint(7, [5; 32]);
    let note = sign_checkpoint(&head, &ours).unwrap();
    assert_eq!(open_checkpoint(&note, ORIGIN, ours.public()).unwrap(), head);
    let foreign = STANDARD.encode([[1; 4].as_slice(), &[2; 70]].concat());
    let more = format!("{note}— witness.example {foreign}\n— {ORIGIN} {foreign}\n");
    assert_eq!(open_checkpoint(&more, ORIGIN, ours.public()).unwrap(), head);
    assert_eq!(open_checkpoint(&note, ORIGIN, witness.public()), Err(NoteError::NotSigned));
    assert_eq!(open_checkpoint(&note, "other", ours.public()), Err(NoteError::NotSigned));
    let changed = note.replacen("\n7\n", "\n8\n", 1);
    assert_eq!(open_checkpoint(&changed, ORIGIN, ours.public()), Err(NoteError::BadSignature));
    // A good line does not excuse a bad one under the same key.
    let line = note.lines().last().unwrap();
    let bad =
        sign_checkpoint(&checkpoint(8, [5; 32]), &ours).unwrap().lines().last().unwrap().to_owned();
    assert_eq!(open_checkpoint(&format!("{note}{line}\n"), ORIGIN, ours.public()).unwrap(), head);
    assert_eq!(
        open_checkpoint(&format!("{note}{bad}\n"), ORIGIN, ours.public()),
        Err(NoteError::BadSignature)
    );
}

#[test]
fn malformed_notes_are_named() {
    let ours = key();
    let note = sign_checkpoint(&checkpoint(7, [5; 32]), &ours).unwrap();
    let open = |note: &str| open_checkpoint(note, ORIGIN, ours.public());
    assert!(matches!(open(""), Err(NoteError::Malformed(_))));
    assert!(matches!(open(note.trim_end()), Err(NoteError::Malformed(_))));
    assert!(matches!(open(&note.replace("\n\n", "\n")), Err(NoteError::Malformed(_))));
    assert!(matches!(open(&note.replace("— ", "- ")), Err(NoteError::Malformed(_))));
    assert!(matches!(open(&note.replace('\n', "\r\n")), Err(NoteError::Malformed(_))));
    assert!(matches!(open(&format!("{note}— x AAAA\n")), Err(NoteError::Malformed(_))));
    assert!(matches!(
        open(&format!("{note}{}", "— x AAAAAAA=\n".repeat(NOTE_SIGNATURES))),
        Err(NoteError::Malformed(_))
    ));
    assert!(matches!(open(&"x".repeat(NOTE_BYTES + 1)), Err(NoteError::Malformed(_))));
    // Signed by us, and still not a checkpoint.
    for text in ["\n07\n", "\n+7\n", "\n-1\n", "\n\n", "\n18446744073709551616\n"] {
        let text = format!("{ORIGIN}{text}{}\n", STANDARD.encode([5; 32]));
        assert!(matches!(open(&sign_text(&text, &ours)), Err(NoteError::Malformed(_))), "{text}");
    }
    let short = format!("{ORIGIN}\n7\n{}\n", STANDARD.encode([5; 31]));
    assert_eq!(open(&sign_text(&short, &ours)), Err(NoteError::Malformed("root")));
    let extended = format!("{ORIGIN}\n7\n{}\nextension\n", STANDARD.encode([5; 32]));
    assert_eq!(open(&sign_text(&extended, &ours)).unwrap().size, 7);
}

#[test]
fn keys_and_origins_are_checked() {
    let es256 = SigningKey::generate(Algorithm::Es256).unwrap();
    assert_eq!(sign_checkpoint(&checkpoint(1, [0; 32]), &es256), Err(NoteError::WrongAlgorithm));
    for origin in ["", "a b", "a+b", "a\nb", "a\u{3000}b"] {
        let head = Checkpoint { origin: origin.into(), size: 1, root: [0; 32] };
        assert!(matches!(sign_checkpoint(&head, &key()), Err(NoteError::BadOrigin(_))), "{origin}");
        assert!(verifier_key(origin, key().public()).is_err());
    }
}

/// The inner nodes of a log.
struct Nodes(HashMap<(u32, u64), Digest>);

impl merkle::NodeReader for Nodes {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.0.get(&(level, index)).copied()
    }
}

impl Nodes {
    fn path(&self, from: u64, to: u64) -> Vec<Vec<u8>> {
        if from == to {
            return Vec::new();
        }
        merkle::consistency_path(self, from, to)
            .unwrap()
            .iter()
            .map(|digest| digest.to_vec())
            .collect()
    }
}

/// A log of leaves 0, 1, …, of which those from `other` on are others.
fn log(size: u64, other: u64) -> (Checkpoint, Nodes) {
    let (mut range, mut nodes) = (merkle::CompactRange::new(), HashMap::new());
    for index in 0..size {
        let leaf = merkle::leaf_hash(&[u8::try_from(index).unwrap(), u8::from(index >= other)]);
        range.append_with(leaf, |level, index, digest| {
            nodes.insert((level, index), digest);
        });
    }
    (checkpoint(size, range.root()), Nodes(nodes))
}

fn sign_text(text: &str, key: &SigningKey) -> String {
    let signature =
        [key_hash(ORIGIN, key.public()).unwrap().as_slice(), &key.sign(text.as_bytes()).unwrap()]
            .concat();
    format!("{text}\n— {ORIGIN} {}\n", STANDARD.encode(signature))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn round_trips_and_no_changed_byte_passes(size in any::<u64>(), root in any::<[u8; 32]>(), at in any::<prop::sample::Index>()) {
        let ours = key();
        let head = checkpoint(size, root);
        let note = sign_checkpoint(&head, &ours).unwrap();
        prop_assert_eq!(open_checkpoint(&note, ORIGIN, ours.public()).unwrap(), head);
        let mut bytes = note.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes.splice(at..=at, [b'~']);
        if let Ok(changed) = String::from_utf8(bytes) && changed != note {
            prop_assert!(open_checkpoint(&changed, ORIGIN, ours.public()).is_err());
        }
    }
}
