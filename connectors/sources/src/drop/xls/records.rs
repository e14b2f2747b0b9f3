//! The records of an old workbook (MS-XLS, BIFF8), and the texts in them, which may go on in the
//! next record.

use super::super::bytes::Bytes;

/// What a record that goes on is called.
const CONTINUE: u16 = 0x003c;

/// One record, with those that continue it.
pub struct Record<'a> {
    /// What it is.
    pub kind: u16,
    /// Its own bytes, then those of each that continues it.
    pub pieces: Vec<&'a [u8]>,
}

impl<'a> Record<'a> {
    /// Its own bytes.
    pub fn bytes(&self) -> Bytes<'a> {
        Bytes(self.pieces.first().copied().unwrap_or_default())
    }
}

/// Records, one by one. Ends where the stream does, which a sheet must not.
pub struct Records<'a>(Bytes<'a>);

impl<'a> Records<'a> {
    /// From this place of the stream on.
    pub fn new(stream: &'a [u8]) -> Self {
        Self(Bytes(stream))
    }

    /// Bytes behind the last record that was read.
    pub fn left(&self) -> usize {
        self.0.0.len()
    }

    fn one(&mut self) -> Option<(u16, &'a [u8])> {
        let kind = self.0.u16()?;
        let length = self.0.u16()?;
        Some((kind, self.0.take(usize::from(length))?))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let (kind, first) = self.one()?;
        let mut pieces = vec![first];
        while Bytes(self.0.0).u16() == Some(CONTINUE) {
            pieces.push(self.one()?.1);
        }
        Some(Record { kind, pieces })
    }
}

/// The bytes of a record and of those that continue it, while texts are read from them.
pub struct Texts<'a> {
    present: Bytes<'a>,
    ahead: std::vec::IntoIter<&'a [u8]>,
}

impl<'a> Texts<'a> {
    /// Behind the record's first `skip` bytes.
    pub fn new(record: Record<'a>, skip: usize) -> Option<Self> {
        let mut ahead = record.pieces.into_iter();
        let mut present = Bytes(ahead.next()?);
        present.take(skip)?;
        Some(Self { present, ahead })
    }

    /// A text with its length before it, of two bytes.
    pub fn text(&mut self) -> Option<String> {
        let length = usize::from(u16::from_le_bytes([self.byte()?, self.byte()?]));
        let flags = self.byte()?;
        let runs = if flags & 8 != 0 {
            usize::from(u16::from_le_bytes([self.byte()?, self.byte()?]))
        } else {
            0
        };
        let spoken = if flags & 4 != 0 {
            u32::from_le_bytes([self.byte()?, self.byte()?, self.byte()?, self.byte()?])
        } else {
            0
        };
        let text = self.characters(length, flags)?;
        self.skip(runs.checked_mul(4)?.checked_add(usize::try_from(spoken).ok()?)?)?;
        Some(text)
    }

    /// The next `length` characters. Where they go on in the next piece, that says again how wide
    /// they are.
    fn characters(&mut self, length: usize, flags: u8) -> Option<String> {
        let (mut units, mut is_wide) = (Vec::with_capacity(length), flags & 1 != 0);
        while units.len() < length {
            if self.present.0.is_empty() {
                self.present = Bytes(self.ahead.next()?);
                is_wide = self.present.u8()? & 1 != 0;
                continue;
            }
            units.push(if is_wide { self.present.u16()? } else { u16::from(self.present.u8()?) });
        }
        Some(String::from_utf16_lossy(&units))
    }

    fn byte(&mut self) -> Option<u8> {
        while self.present.0.is_empty() {
            self.present = Bytes(self.ahead.next()?);
        }
        self.present.u8()
    }

    fn skip(&mut self, mut count: usize) -> Option<()> {
        while count > self.present.0.len() {
            count -= self.present.0.len();
            self.present = Bytes(self.ahead.next()?);
        }
        self.present.take(count).map(|_| ())
    }
}

/// Characters of one width, without their length.
pub fn plain(bytes: &mut Bytes<'_>, length: usize, is_wide: bool) -> Option<String> {
    let mut one = || if is_wide { bytes.u16() } else { bytes.u8().map(u16::from) };
    let units: Vec<u16> = (0..length).map(|_| one()).collect::<Option<_>>()?;
    Some(String::from_utf16_lossy(&units))
}
