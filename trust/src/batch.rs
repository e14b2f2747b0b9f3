//! One signature over many messages of one kind.
//!
//! The messages are the entries of an RFC 6962 tree. What is signed is a DSSE envelope over a text
//! that names the kind, the number of messages and the root (`v1::BatchPath` in `envelope.proto`
//! has the bytes). Each message travels with its own path to that root, so that it verifies by
//! itself, offline, and long after the others are gone.
//!
//! Entries are salted: a path tells nothing of the messages beside this one.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zerotrip_proto::v1::{BatchPath, Envelope, Signature};
use zerotrip_proto::{hash_domain, payload_type};

use crate::digest::{self, Digest, sha256_parts};
use crate::dsse::{self, DsseError};
use crate::keys::{PublicKey, SigningKey};
use crate::merkle::{self, ProofError};

/// Most messages under one signature.
pub const MOST: usize = 1024;
/// Digests in the path of the largest batch: the levels of its tree.
const LEVELS: usize = MOST.ilog2() as usize;
/// Bytes of an entry's salt.
const SALT: usize = 32;

/// Why a path to the root of a batch proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A kind that is signed one by one.
    #[error("messages of this kind are not signed in batches")]
    Kind,
    /// An empty batch, one of a single message, or too large a one.
    #[error("a batch has 2 to {MOST} messages, not {0}")]
    Size(u32),
    /// A place that the batch does not have.
    #[error("place {index} is outside a batch of {size}")]
    Index {
        /// The place, from 0.
        index: u32,
        /// Messages in the batch.
        size: u32,
    },
    /// The salt has another length.
    #[error("the salt has {0} bytes, not {SALT}")]
    Salt(usize),
    /// Too many digests, one of another length, or another number than the place asks for.
    #[error("the path has another form than place and size ask for")]
    Path,
}

/// Signs messages of one kind with one signature, and gives them back in their order. A lone
/// message is signed as [`dsse::sign`] does it.
///
/// # Errors
///
/// [`BatchError::Size`] for none, and for more than [`MOST`]; [`BatchError::Kind`] for a kind that
/// is signed one by one; [`DsseError::TooLarge`] where one payload is.
pub fn sign(
    kind: &str,
    payloads: Vec<Vec<u8>>,
    key: &SigningKey,
) -> Result<Vec<Envelope>, DsseError> {
    if let [_] = payloads.as_slice() {
        return payloads.into_iter().map(|payload| dsse::sign(kind, payload, key)).collect();
    }
    is_batched(kind)?;
    let size = u32::try_from(payloads.len()).unwrap_or(u32::MAX);
    in_bounds(size)?;
    payloads.iter().try_for_each(|payload| dsse::check_size(payload))?;
    let salts = salts(payloads.len()).map_err(crate::keys::KeyError::from)?;
    let leaves: Vec<Digest> =
        payloads.iter().zip(&salts).map(|(payload, salt)| leaf(kind, salt, payload)).collect();
    let levels = levels(leaves);
    let root = levels.last().and_then(|top| top.first()).ok_or(BatchError::Size(size))?;
    let sig = key.sign(&dsse::pae(payload_type::BATCH, text(kind, size, root).as_bytes()))?;
    let signed = payloads.into_iter().zip(salts).zip(0..size);
    Ok(signed
        .map(|((payload, salt), index)| Envelope {
            payload,
            payload_type: kind.to_owned(),
            signatures: vec![Signature { keyid: key.id().to_owned(), sig: sig.clone() }],
            batch: Some(BatchPath {
                salt: salt.to_vec(),
                index,
                size,
                path: path(&levels, index as usize),
            }),
        })
        .collect())
}

/// What must be signed, so that this payload is the one at its place of the batch.
pub(crate) fn statement(
    path: &BatchPath,
    kind: &str,
    payload: &[u8],
) -> Result<String, BatchError> {
    is_batched(kind)?;
    let BatchPath { salt, index, size, path } = path;
    in_bounds(*size)?;
    if index >= size {
        return Err(BatchError::Index { index: *index, size: *size });
    }
    if salt.len() != SALT {
        return Err(BatchError::Salt(salt.len()));
    }
    if path.len() > LEVELS {
        return Err(BatchError::Path);
    }
    let path = merkle::path_from_bytes(path).ok_or(BatchError::Path)?;
    let leaf = leaf(kind, salt, payload);
    let root = merkle::inclusion_root(&leaf, u64::from(*index), u64::from(*size), &path)
        .map_err(|_: ProofError| BatchError::Path)?;
    Ok(text(kind, *size, &root))
}

fn is_batched(kind: &str) -> Result<(), BatchError> {
    if payload_type::IN_BATCHES.contains(&kind) { Ok(()) } else { Err(BatchError::Kind) }
}

fn in_bounds(size: u32) -> Result<(), BatchError> {
    if (2..=MOST).contains(&(size as usize)) { Ok(()) } else { Err(BatchError::Size(size)) }
}

fn leaf(kind: &str, salt: &[u8], payload: &[u8]) -> Digest {
    merkle::leaf_hash(&sha256_parts(hash_domain::BATCH_ENTRY, &[salt, &dsse::pae(kind, payload)]))
}

fn text(kind: &str, size: u32, root: &Digest) -> String {
    format!("zerotrip batch v1\n{kind}\n{size}\n{}\n", STANDARD.encode(root))
}

/// One call to the operating system for all salts.
fn salts(count: usize) -> Result<Vec<[u8; SALT]>, digest::RandomError> {
    let mut bytes = vec![0; count * SALT];
    digest::fill_random(&mut bytes)?;
    Ok(bytes.as_chunks::<SALT>().0.to_vec())
}

/// The tree's digests, from the leaves to the root. A last digest without a sibling goes up as it
/// is, which gives RFC 6962's tree.
fn levels(leaves: Vec<Digest>) -> Vec<Vec<Digest>> {
    let mut levels = vec![leaves];
    while let Some(below) = levels.last().filter(|level| level.len() > 1) {
        let above = below.chunks(2).filter_map(|pair| match pair {
            [left, right] => Some(merkle::node_hash(left, right)),
            [alone] => Some(*alone),
            _ => None,
        });
        let above = above.collect();
        levels.push(above);
    }
    levels
}

fn path(levels: &[Vec<Digest>], index: usize) -> Vec<Vec<u8>> {
    let siblings = levels.iter().enumerate().filter_map(|(height, level)| {
        let place = index >> height;
        level.get(place ^ 1).map(|sibling| sibling.to_vec())
    });
    siblings.collect()
}

/// A root that verified once, by a digest over key, signed bytes and signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct VerifiedRoot(Digest);

impl VerifiedRoot {
    pub(crate) fn of(key: &PublicKey, signed: &[u8], signature: &[u8]) -> Self {
        Self(sha256_parts(hash_domain::VERIFIED_ROOT, &[key.id().as_bytes(), signed, signature]))
    }
}

/// Roots that were verified, so that the next message of a batch costs hashing alone. It remembers
/// arithmetic (this key made this signature over these bytes) and no trust: whether the key may
/// sign at this moment is asked of the directory for each message. A directory has one of its own,
/// so that the next directory begins with none.
#[derive(Default)]
pub struct VerifiedRoots(Mutex<Generations>);

/// Roots kept in each of the two generations.
const KEPT: usize = 512;

/// What is full becomes the older generation, and what was older is forgotten.
#[derive(Default)]
struct Generations {
    young: HashSet<VerifiedRoot>,
    old: HashSet<VerifiedRoot>,
}

impl VerifiedRoots {
    pub(crate) fn holds(&self, root: &VerifiedRoot) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.young.contains(root) || kept.old.contains(root)
    }

    pub(crate) fn keep(&self, root: VerifiedRoot) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.young.len() >= KEPT {
            kept.old = std::mem::take(&mut kept.young);
        }
        kept.young.insert(root);
    }
}

impl std::fmt::Debug for VerifiedRoots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VerifiedRoots")
    }
}

#[cfg(test)]
mod tests;
