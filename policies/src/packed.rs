//! Grants that are too many for one message as they are: compressed in their bundle. Which purposes
//! and laws they name repeats from grant to grant, so a hundred thousand fit in 4 MiB.

use prost::Message;
use prost::bytes::Bytes;
use zerotrip_proto::v1::{Envelope, GrantBundle, GrantList};
use zerotrip_trust::{PublicKey, signed};
use zstd::zstd_safe;

use crate::bounds::{GRANTS, PACKED_FROM, UNPACKED_BYTES};
use crate::error::{GrantFault, PolicyError};

/// Higher levels win little and take seconds.
const LEVEL: i32 = 3;

/// The bundle as it travels: from a thousand grants on, they are packed.
pub(crate) fn packed(bundle: &GrantBundle) -> Result<GrantBundle, PolicyError> {
    if bundle.grants.len() < PACKED_FROM {
        return Ok(bundle.clone());
    }
    let list = GrantList { grants: bundle.grants.clone() }.encode_to_vec();
    if list.len() > UNPACKED_BYTES {
        return Err(PolicyError::Packed("it holds more than 64 MiB"));
    }
    let packed = zstd::bulk::compress(&list, LEVEL)
        .map_err(|_| PolicyError::Packed("it cannot be compressed"))?;
    Ok(GrantBundle { grants: Vec::new(), packed, ..bundle.clone() })
}

/// The bundle in an envelope that the authority signed, unpacked. What its grants say is not looked
/// at: [`crate::open_grants`] does.
pub fn read_grants(envelope: &Envelope, authority: &PublicKey) -> Result<GrantBundle, PolicyError> {
    unpacked(signed::open(envelope, authority)?)
}

/// The bundle with its grants in it.
fn unpacked(mut bundle: GrantBundle) -> Result<GrantBundle, PolicyError> {
    if bundle.packed.is_empty() {
        return Ok(bundle);
    }
    if !bundle.grants.is_empty() {
        return Err(PolicyError::Packed("it holds grants beside the packed ones"));
    }
    let frame = std::mem::take(&mut bundle.packed);
    let length = zstd_safe::get_frame_content_size(&frame).ok().flatten();
    let length = length.and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|length| *length <= UNPACKED_BYTES);
    let length = length.ok_or(PolicyError::Packed("it does not state a size of up to 64 MiB"))?;
    let damaged = PolicyError::Packed("it is not one whole frame of grants");
    if zstd_safe::find_frame_compressed_size(&frame).ok() != Some(frame.len()) {
        return Err(damaged);
    }
    let list = zstd::bulk::decompress(&frame, length).ok().filter(|list| list.len() == length);
    let list = Bytes::from(list.ok_or_else(|| damaged.clone())?);
    let count = EncodedGrants::decode(list.clone()).map_err(|_| damaged.clone())?.grants.len();
    if count > GRANTS {
        return Err(PolicyError::Faults(vec![GrantFault::TooMany(count)]));
    }
    bundle.grants = GrantList::decode(list).map_err(|_| damaged)?.grants;
    Ok(bundle)
}

/// A `GrantList`, each grant as it is encoded: an empty one is two bytes, and two hundred once it
/// is read.
#[derive(Clone, PartialEq, Message)]
struct EncodedGrants {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    grants: Vec<Bytes>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::{Duration, SystemTime};

    use zerotrip_proto::to_timestamp;
    use zerotrip_proto::v1::Grant;
    use zerotrip_trust::{Algorithm, SigningKey};

    use super::*;
    use crate::{open_grants, seal_grants};

    fn bundle(count: usize) -> GrantBundle {
        let now = SystemTime::now();
        let grant = |at: usize| Grant {
            id: format!("grant-{at}"),
            member: format!("member-{}", at / 20),
            check: format!("check-{}/family", at % 20),
            purposes: vec!["rent-withdrawal".into()],
            legal_bases: vec!["Order 350, art. 24".into()],
            not_before: Some(to_timestamp(now)),
            not_after: Some(to_timestamp(now + Duration::from_secs(60))),
            ..Grant::default()
        };
        let issued_at = Some(to_timestamp(now));
        let grants = (0..count).map(grant).collect();
        GrantBundle { version: 7, issued_at, grants, ..GrantBundle::default() }
    }

    #[test]
    fn a_hundred_thousand_grants_travel_in_one_message() {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        for count in [0, PACKED_FROM - 1, PACKED_FROM, GRANTS] {
            let whole = bundle(count);
            let envelope = seal_grants(&whole, &key).unwrap();
            let raw: GrantBundle = signed::open(&envelope, key.public()).unwrap();
            assert_eq!(raw.packed.is_empty(), count < PACKED_FROM);
            assert_eq!(open_grants(&envelope, key.public(), 7).unwrap(), whole);
        }
        let error = seal_grants(&bundle(GRANTS + 1), &key).unwrap_err();
        assert_eq!(error, PolicyError::Faults(vec![GrantFault::TooMany(GRANTS + 1)]));
    }

    #[test]
    fn what_is_packed_is_one_whole_frame_of_a_stated_size_and_nothing_stands_beside_it() {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let whole = bundle(PACKED_FROM);
        let envelope = seal_grants(&whole, &key).unwrap();
        let good: GrantBundle = signed::open(&envelope, key.public()).unwrap();
        let frame = good.packed.clone();
        let packed = |packed: Vec<u8>| GrantBundle { packed, ..good.clone() };
        let bomb = zstd::bulk::compress(&vec![0; UNPACKED_BYTES + 1], LEVEL).unwrap();
        let unstated = {
            let mut compressor = zstd::bulk::Compressor::new(LEVEL).unwrap();
            let flag = zstd_safe::CParameter::ContentSizeFlag(false);
            compressor.set_parameter(flag).unwrap();
            compressor
                .compress(&GrantList { grants: whole.grants.clone() }.encode_to_vec())
                .unwrap()
        };
        let beside = GrantBundle { grants: whole.grants.clone(), ..good.clone() };
        let empty = GrantList { grants: vec![Grant::default(); GRANTS + 1] }.encode_to_vec();
        let empty = packed(zstd::bulk::compress(&empty, LEVEL).unwrap());
        let opened = open_grants(&signed::seal(&empty, &key).unwrap(), key.public(), 0);
        assert_eq!(opened, Err(PolicyError::Faults(vec![GrantFault::TooMany(GRANTS + 1)])));
        for (what, forged) in [
            ("cut", packed(frame.split_last().unwrap().1.to_vec())),
            ("followed by a byte", packed([frame.as_slice(), &[0]].concat())),
            ("twice", packed([frame.as_slice(), &frame].concat())),
            ("no frame", packed(vec![1, 2, 3])),
            ("no grants", packed(zstd::bulk::compress(&[0xff; 9], LEVEL).unwrap())),
            ("too large", packed(bomb)),
            ("of no stated size", packed(unstated)),
            ("beside others", beside),
        ] {
            let envelope = signed::seal(&forged, &key).unwrap();
            let opened = open_grants(&envelope, key.public(), 0);
            assert!(matches!(opened, Err(PolicyError::Packed(_))), "{what}: {opened:?}");
        }
    }
}
