//! Checkpoints of the ledger as signed notes (C2SP signed-note and tlog-checkpoint), so that any
//! transparency tool can verify them.

use std::fmt;
use zerotrip_text::cut;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::{Digest, sha256};
use crate::keys::{Algorithm, KeyError, PublicKey, SigningKey};
use crate::merkle;

/// Largest note that is looked at, in bytes.
pub const NOTE_BYTES: usize = 64 << 10;
/// Most signature lines of a note: ours and its witnesses'.
pub const NOTE_SIGNATURES: usize = 100;
/// Signature type of Ed25519 (C2SP signed-note).
const ED25519_TYPE: u8 = 1;

/// A tree head: this log, this many leaves, this root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, also the name of its key: no blanks, no `+`.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// Why a tree head is not a later one of the log that was seen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeenLogError {
    /// Shorter than what was seen before.
    #[error("the ledger shrank: {seen} entries were seen before, now it has {now}")]
    Shrunk {
        /// Before.
        seen: u64,
        /// Now.
        now: u64,
    },
    /// Not proven to hold what was seen before.
    #[error(
        "the ledger is another one than at the last look: its first {0} entries were rewritten"
    )]
    Forked(u64),
}

impl Checkpoint {
    /// Whether this tree is the one that was seen, or that one grown; `path` is the consistency
    /// proof (RFC 6962, 2.1.2), empty where the sizes are equal. An empty tree is continued by
    /// every other.
    pub fn continues(&self, seen: &Self, path: &[Vec<u8>]) -> Result<(), SeenLogError> {
        if seen.size == 0 {
            return Ok(());
        }
        if self.size < seen.size {
            return Err(SeenLogError::Shrunk { seen: seen.size, now: self.size });
        }
        let forked = SeenLogError::Forked(seen.size);
        let path = merkle::path_from_bytes(path).ok_or(forked.clone())?;
        merkle::verify_consistency(seen.size, self.size, &seen.root, &self.root, &path)
            .map_err(|_| forked)
    }
}

/// Why a note counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a note's shape, or over its bounds.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// Another log's.
    #[error("the checkpoint is of another log than `{0}`")]
    WrongOrigin(String),
    /// No signature line by our key.
    #[error("the note bears no signature of the log's key")]
    NotSigned,
    /// A line by our key that does not verify.
    #[error("the signature of the log's key does not verify")]
    BadSignature,
    /// A name that cannot be an origin.
    #[error("`{0}` cannot name a log; leave blanks, `+` and control characters out")]
    BadOrigin(String),
    /// Notes are signed with Ed25519.
    #[error("checkpoints are signed with an Ed25519 key")]
    WrongAlgorithm,
    /// The key itself.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl fmt::Display for Checkpoint {
    /// The text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }
}

/// A signed note: the checkpoint's text, a blank line, and `— <origin> <base64(key hash ||
/// signature)>`.
pub fn sign_checkpoint(checkpoint: &Checkpoint, key: &SigningKey) -> Result<String, NoteError> {
    check_origin(&checkpoint.origin)?;
    let hash = key_hash(&checkpoint.origin, key.public())?;
    let text = checkpoint.to_string();
    let signature = [hash.as_slice(), &key.sign(text.as_bytes())?].concat();
    Ok(format!("{text}\n— {} {}\n", checkpoint.origin, STANDARD.encode(signature)))
}

/// The checkpoint of a note, once every line by this key verifies and there is at least one. Lines
/// of other keys (witnesses) are passed over, and so are extension lines of the text.
pub fn open_checkpoint(note: &str, origin: &str, key: &PublicKey) -> Result<Checkpoint, NoteError> {
    check_origin(origin)?;
    let hash = key_hash(origin, key)?;
    let (text, lines) = split(note)?;
    let mut signed = false;
    for line in lines {
        let (name, encoded) = line
            .strip_prefix("— ")
            .and_then(|line| line.split_once(' '))
            .ok_or(NoteError::Malformed("signature line"))?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Malformed("signature line"))?;
        let (line_hash, signature) =
            bytes.split_first_chunk::<4>().ok_or(NoteError::Malformed("signature line"))?;
        if name.is_empty() || signature.is_empty() {
            return Err(NoteError::Malformed("signature line"));
        }
        if name == origin && *line_hash == hash {
            key.verify(text.as_bytes(), signature).map_err(|_| NoteError::BadSignature)?;
            signed = true;
        }
    }
    if !signed {
        return Err(NoteError::NotSigned);
    }
    parse_checkpoint(text, origin)
}

/// The key as Go's `note` package and other transparency tools take it: `<origin>+<key hash in
/// hex>+<base64(0x01 || public key)>`.
pub fn verifier_key(origin: &str, key: &PublicKey) -> Result<String, NoteError> {
    check_origin(origin)?;
    let hash = key_hash(origin, key)?;
    Ok(format!(
        "{origin}+{}+{}",
        hex::encode(hash),
        STANDARD.encode([&[ED25519_TYPE], key.bytes()].concat())
    ))
}

/// The signed text (with its last newline) and the signature lines.
fn split(note: &str) -> Result<(&str, Vec<&str>), NoteError> {
    if note.len() > NOTE_BYTES {
        return Err(NoteError::Malformed("too large"));
    }
    if note.chars().any(|character| character.is_control() && character != '\n') {
        return Err(NoteError::Malformed("control character"));
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Malformed("no blank line"))?;
    let (text, lines) =
        note.split_at_checked(at + 1).ok_or(NoteError::Malformed("no blank line"))?;
    let lines = lines
        .strip_prefix('\n')
        .and_then(|lines| lines.strip_suffix('\n'))
        .ok_or(NoteError::Malformed("no last newline"))?;
    let lines: Vec<_> = lines.split('\n').collect();
    if lines.len() > NOTE_SIGNATURES {
        return Err(NoteError::Malformed("too many signatures"));
    }
    Ok((text, lines))
}

fn parse_checkpoint(text: &str, origin: &str) -> Result<Checkpoint, NoteError> {
    let mut lines =
        text.strip_suffix('\n').ok_or(NoteError::Malformed("no last newline"))?.split('\n');
    if lines.next() != Some(origin) {
        return Err(NoteError::WrongOrigin(origin.to_owned()));
    }
    let size_text = lines.next().ok_or(NoteError::Malformed("no size"))?;
    let size: u64 = size_text.parse().map_err(|_| NoteError::Malformed("size"))?;
    if size.to_string() != size_text {
        return Err(NoteError::Malformed("size")); // `+7`, `007`
    }
    let root = lines
        .next()
        .and_then(|line| STANDARD.decode(line).ok())
        .and_then(|root| Digest::try_from(root).ok());
    let root = root.ok_or(NoteError::Malformed("root"))?;
    if lines.any(str::is_empty) {
        return Err(NoteError::Malformed("extension line"));
    }
    Ok(Checkpoint { origin: origin.to_owned(), size, root })
}

fn check_origin(origin: &str) -> Result<(), NoteError> {
    let bad =
        |character: char| character.is_whitespace() || character.is_control() || character == '+';
    if origin.is_empty() || origin.len() > 200 || origin.contains(bad) {
        return Err(NoteError::BadOrigin(cut(origin)));
    }
    Ok(())
}

/// The first four bytes of SHA-256 over name, newline, type and key.
fn key_hash(name: &str, key: &PublicKey) -> Result<[u8; 4], NoteError> {
    if key.algorithm() != Algorithm::Ed25519 {
        return Err(NoteError::WrongAlgorithm);
    }
    let digest = sha256(&[name.as_bytes(), &[b'\n', ED25519_TYPE], key.bytes()].concat());
    let [a, b, c, d, ..] = digest;
    Ok([a, b, c, d])
}

#[cfg(test)]
mod tests {
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
                assert_eq!(
                    head.continues(&seen, &[]),
                    Err(SeenLogError::Forked(old)),
                    "without proof"
                );
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
        let bad = sign_checkpoint(&checkpoint(8, [5; 32]), &ours)
            .unwrap()
            .lines()
            .last()
            .unwrap()
            .to_owned();
        assert_eq!(
            open_checkpoint(&format!("{note}{line}\n"), ORIGIN, ours.public()).unwrap(),
            head
        );
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
            assert!(
                matches!(open(&sign_text(&text, &ours)), Err(NoteError::Malformed(_))),
                "{text}"
            );
        }
        let short = format!("{ORIGIN}\n7\n{}\n", STANDARD.encode([5; 31]));
        assert_eq!(open(&sign_text(&short, &ours)), Err(NoteError::Malformed("root")));
        let extended = format!("{ORIGIN}\n7\n{}\nextension\n", STANDARD.encode([5; 32]));
        assert_eq!(open(&sign_text(&extended, &ours)).unwrap().size, 7);
    }

    #[test]
    fn keys_and_origins_are_checked() {
        let es256 = SigningKey::generate(Algorithm::Es256).unwrap();
        assert_eq!(
            sign_checkpoint(&checkpoint(1, [0; 32]), &es256),
            Err(NoteError::WrongAlgorithm)
        );
        for origin in ["", "a b", "a+b", "a\nb", "a\u{3000}b"] {
            let head = Checkpoint { origin: origin.into(), size: 1, root: [0; 32] };
            assert!(
                matches!(sign_checkpoint(&head, &key()), Err(NoteError::BadOrigin(_))),
                "{origin}"
            );
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
        let signature = [
            key_hash(ORIGIN, key.public()).unwrap().as_slice(),
            &key.sign(text.as_bytes()).unwrap(),
        ]
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
}
