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

/// Why a note is not accepted.
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
mod tests;
