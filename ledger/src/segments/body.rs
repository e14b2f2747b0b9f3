//! A body: what is kept of one exchange and can be erased by itself.

use std::io;

use prost::Message;
use zerotrip_trust::vault::{self, Key};
use zstd::bulk::{Compressor, Decompressor};

use super::error::SegmentError;
use crate::work::MANY_BYTES;

/// Most of a body are digests and signatures: higher levels win a hundredth, at twice the time.
const LEVEL: i32 = 3;
/// Each frame begins with it (RFC 8878, 3.1.1); it is not kept.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Most bytes of a body: its answer, which may be one about many subjects, and the fact beside it.
const MOST_BYTES: usize = MANY_BYTES + (64 << 10);

/// What opens an exchange's commitments.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Body {
    /// A serialised `ExchangeBody`.
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) answer: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) fact_salt: Vec<u8>,
    /// A serialised `ExchangeFact`.
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) fact: Vec<u8>,
}

/// Compresses and seals the bodies of a segment.
pub(super) struct Sealer(Compressor<'static>);

impl Sealer {
    pub(super) fn new(dictionary: &[u8]) -> io::Result<Self> {
        use zstd::zstd_safe::CParameter;
        let mut compressor = Compressor::with_dictionary(LEVEL, dictionary)?;
        for parameter in [
            CParameter::ContentSizeFlag(false),
            CParameter::ChecksumFlag(false),
            CParameter::DictIdFlag(false),
        ] {
            compressor.set_parameter(parameter)?;
        }
        Ok(Self(compressor))
    }

    /// Under a new key, for one place.
    pub(super) fn seal(&mut self, place: &[u8], body: &Body) -> io::Result<(Key, Vec<u8>)> {
        let plain = body.encode_to_vec();
        if plain.len() > MOST_BYTES {
            return Err(io::Error::other("a body is too large"));
        }
        let frame = self.0.compress(&plain)?;
        let frame = frame.strip_prefix(&MAGIC).ok_or_else(|| io::Error::other("no frame"))?;
        let mut out = Vec::with_capacity(frame.len() + 5);
        prost::encoding::encode_varint(plain.len() as u64, &mut out);
        out.extend_from_slice(frame);
        vault::seal(place, out).map_err(io::Error::other)
    }
}

/// The body that was sealed under this key for this place.
pub(super) fn open(
    dictionary: &[u8],
    key: &Key,
    place: &[u8],
    sealed: Vec<u8>,
    file: &str,
    what: &str,
) -> Result<Body, SegmentError> {
    let altered = || SegmentError::altered(file, what);
    let bytes = key.open(place, sealed).map_err(|_| altered())?;
    let mut rest = bytes.as_slice();
    let length = prost::encoding::decode_varint(&mut rest).map_err(|_| altered())?;
    let length = usize::try_from(length).ok().filter(|length| *length <= MOST_BYTES);
    let length = length.ok_or_else(altered)?;
    let frame = [&MAGIC, rest].concat();
    let plain = Decompressor::with_dictionary(dictionary)
        .and_then(|mut decompressor| decompressor.decompress(&frame, length))
        .map_err(|_| altered())?;
    if plain.len() != length {
        return Err(altered());
    }
    Body::decode(plain.as_slice()).map_err(|_| altered())
}
