//! Signing a batch.

use zerotrip_proto::payload_type;
use zerotrip_proto::v1::{BatchPath, Envelope, Signature};

use super::{BatchError, SALT, in_bounds, is_batched, leaf, text};
use crate::digest::{self, Digest};
use crate::dsse::{self, DsseError};
use crate::keys::SigningKey;
use crate::merkle;
use crate::pae::pae;

/// Signs messages of one kind with one signature, and gives them back in their order. A lone
/// message is signed as [`dsse::sign`] does it.
///
/// # Errors
///
/// [`BatchError::Size`] for none, and for more than [`MOST`](super::MOST); [`BatchError::Kind`] for
/// a kind that is signed one by one; [`DsseError::TooLarge`] where one payload is.
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
    let sig = key.sign(&pae(payload_type::BATCH, text(kind, size, root).as_bytes()))?;
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
