//! Reading CBOR: what has one encoding, in that encoding.

use crate::cbor::{NULL, Value, major};
use crate::error::CborError;

/// Deepest nesting that is read.
const DEPTH: usize = 6;

/// The value of exactly these bytes, of which there are at most `most`.
pub fn decode(bytes: &[u8], most: usize) -> Result<Value, CborError> {
    if bytes.len() > most {
        return Err(CborError::TooLarge { found: bytes.len(), most });
    }
    let mut reader = Reader(bytes);
    let value = reader.value(DEPTH)?;
    reader.end()?;
    // The rules above leave one encoding. This holds them to it.
    if value.encode() == bytes { Ok(value) } else { Err(CborError::NotDeterministic) }
}

/// What is left to read.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// Nothing is left over.
    pub(crate) fn end(&self) -> Result<(), CborError> {
        if self.0.is_empty() { Ok(()) } else { Err(CborError::Trailing(self.0.len())) }
    }

    /// A tag's number.
    pub(crate) fn tag(&mut self) -> Result<u64, CborError> {
        match self.head()? {
            (major::TAG, number) => Ok(number),
            _ => Err(CborError::NoTag),
        }
    }

    /// The next value.
    pub(crate) fn value(&mut self, depth: usize) -> Result<Value, CborError> {
        let deeper = depth.checked_sub(1).ok_or(CborError::TooDeep(DEPTH))?;
        let first = self.0.first().copied();
        let (kind, argument) = self.head()?;
        match kind {
            major::UNSIGNED => Ok(Value::Unsigned(argument)),
            major::NEGATIVE => Ok(Value::Negative(argument)),
            major::BYTES => Ok(Value::Bytes(self.take(argument)?.to_vec())),
            major::TEXT => {
                let text = std::str::from_utf8(self.take(argument)?);
                Ok(Value::Text(text.map_err(|_| CborError::NotUtf8)?.to_owned()))
            }
            major::ARRAY => {
                let mut items = Vec::new();
                for _ in 0..self.count(argument)? {
                    items.push(self.value(deeper)?);
                }
                Ok(Value::Array(items))
            }
            major::MAP => self.map(argument, deeper),
            major::SIMPLE if first == Some(NULL) => Ok(Value::Null),
            major::TAG => Err(CborError::Unsupported("a tag")),
            _ => Err(CborError::Unsupported("a float, a boolean or another simple value")),
        }
    }

    fn map(&mut self, count: u64, depth: usize) -> Result<Value, CborError> {
        let mut entries = Vec::new();
        let mut last: Option<&[u8]> = None;
        for _ in 0..self.count(count)? {
            let before = self.0;
            let key = self.value(depth)?;
            let encoded = before.get(..before.len() - self.0.len()).ok_or(CborError::Cut)?;
            match last {
                Some(last) if last == encoded => return Err(CborError::KeyTwice(key.name())),
                Some(last) if last > encoded => return Err(CborError::KeyOrder(key.name())),
                _ => last = Some(encoded),
            }
            entries.push((key, self.value(depth)?));
        }
        Ok(Value::Map(entries))
    }

    /// A head: major type and argument, which has its shortest form.
    pub(crate) fn head(&mut self) -> Result<(u8, u64), CborError> {
        let first = *self.take(1)?.first().ok_or(CborError::Cut)?;
        let (kind, info) = (first >> 5, first & 0x1f);
        let (length, least) = match info {
            0..=23 => return Ok((kind, u64::from(info))),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            31 => return Err(CborError::Indefinite),
            _ => return Err(CborError::Unsupported("a head that is reserved")),
        };
        let bytes = self.take(length)?;
        if kind == major::SIMPLE {
            return Err(CborError::Unsupported("a float, a boolean or another simple value"));
        }
        let argument = bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
        if argument < least { Err(CborError::NotShortest) } else { Ok((kind, argument)) }
    }

    /// How many items follow: each takes a byte at least.
    fn count(&self, count: u64) -> Result<u64, CborError> {
        if count > self.0.len() as u64 { Err(CborError::Cut) } else { Ok(count) }
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], CborError> {
        let length = usize::try_from(length).map_err(|_| CborError::Cut)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CborError::Cut)?;
        self.0 = rest;
        Ok(taken)
    }
}
