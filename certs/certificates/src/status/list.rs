//! The list itself: a value of 1, 2, 4 or 8 bits for each place, the first place in the lowest bits
//! of the first byte, compressed as ZLIB (RFC 1950) and written as base64url (draft, 4.1 and 4.2).

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use super::bounds::LIST_BYTES;
use super::error::StatusError;

/// How many bits a place has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bits {
    /// 0 or 1.
    One,
    /// 0 to 3.
    Two,
    /// 0 to 15.
    Four,
    /// 0 to 255.
    Eight,
}

impl Bits {
    /// By number.
    pub fn new(bits: u64) -> Option<Self> {
        match bits {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            4 => Some(Self::Four),
            8 => Some(Self::Eight),
            _ => None,
        }
    }

    /// The number.
    pub fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    fn mask(self) -> u8 {
        u8::MAX >> (8 - self.number())
    }

    /// The byte of a place, and by how many bits its value is shifted there.
    fn position(self, place: u64) -> Option<(usize, u8)> {
        let bit = place.checked_mul(u64::from(self.number()))?;
        Some((usize::try_from(bit / 8).ok()?, u8::try_from(bit % 8).ok()?))
    }
}

/// A value for each place. All are 0 at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    bits: Bits,
    bytes: Vec<u8>,
}

impl StatusList {
    /// A list of so many places, which must fill whole bytes.
    pub fn new(bits: Bits, places: u64) -> Result<Self, StatusError> {
        let whole = places.checked_mul(u64::from(bits.number())).filter(|all| all % 8 == 0);
        let bytes = whole.and_then(|all| usize::try_from(all / 8).ok());
        match bytes {
            Some(bytes @ 1..=LIST_BYTES) => Ok(Self { bits, bytes: vec![0; bytes] }),
            _ => Err(StatusError::Places(places)),
        }
    }

    /// How many bits a place has.
    pub fn bits(&self) -> Bits {
        self.bits
    }

    /// How many places there are.
    pub fn places(&self) -> u64 {
        (self.bytes.len() as u64) * 8 / u64::from(self.bits.number())
    }

    /// The value of a place; `None` behind the last.
    pub fn get(&self, place: u64) -> Option<u8> {
        let (byte, shift) = self.bits.position(place)?;
        Some((self.bytes.get(byte)? >> shift) & self.bits.mask())
    }

    /// Sets the value of a place.
    pub fn set(&mut self, place: u64, value: u8) -> Result<(), StatusError> {
        let (mask, places) = (self.bits.mask(), self.places());
        if value > mask {
            return Err(StatusError::Value(value));
        }
        let outside = || StatusError::OutOfRange { place, places };
        let (byte, shift) = self.bits.position(place).ok_or_else(outside)?;
        let byte = self.bytes.get_mut(byte).ok_or_else(outside)?;
        *byte = (*byte & !(mask << shift)) | (value << shift);
        Ok(())
    }

    /// As `lst` has it in a JWT.
    pub fn encode(&self) -> Result<String, StatusError> {
        Ok(URL_SAFE_NO_PAD.encode(self.pack()?))
    }

    /// As `lst` has it in a CWT.
    pub fn pack(&self) -> Result<Vec<u8>, StatusError> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        let packed = encoder.write_all(&self.bytes).and_then(|()| encoder.finish());
        packed.map_err(|_| StatusError::Damaged)
    }

    /// Reads `lst` of a JWT.
    pub fn decode(bits: Bits, lst: &str) -> Result<Self, StatusError> {
        let packed =
            URL_SAFE_NO_PAD.decode(lst).map_err(|_| StatusError::Claim("status_list.lst"))?;
        Self::unpack(bits, &packed)
    }

    /// Reads `lst` of a CWT. It never unpacks more than the largest list has, and takes nothing
    /// that is left over.
    pub fn unpack(bits: Bits, packed: &[u8]) -> Result<Self, StatusError> {
        let bytes = unpack(packed)?;
        if bytes.is_empty() { Err(StatusError::Places(0)) } else { Ok(Self { bits, bytes }) }
    }
}

/// The content of a whole ZLIB stream, bounded as it grows.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, StatusError> {
    const CHUNK: usize = 64 << 10;
    let (mut decoder, mut bytes, mut left) = (Decompress::new(true), Vec::new(), packed);
    loop {
        bytes.reserve(CHUNK);
        let (read, written) = (decoder.total_in(), bytes.len());
        let status = decoder.decompress_vec(left, &mut bytes, FlushDecompress::None);
        let status = status.map_err(|_| StatusError::Damaged)?;
        let read = usize::try_from(decoder.total_in() - read).unwrap_or(usize::MAX);
        left = left.get(read..).ok_or(StatusError::Damaged)?;
        if bytes.len() > LIST_BYTES {
            return Err(StatusError::Unpacked);
        }
        match status {
            Status::StreamEnd if left.is_empty() => return Ok(bytes),
            Status::StreamEnd => return Err(StatusError::Trailing),
            // Cut off: nothing came in, and nothing came out.
            _ if read == 0 && bytes.len() == written => return Err(StatusError::Damaged),
            _ => {}
        }
    }
}
