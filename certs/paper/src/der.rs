//! DER (X.690), as far as a signature or a seal needs it: definite lengths in their shortest form.

/// Tag of an INTEGER.
pub const INTEGER: u8 = 0x02;
/// Tag of a BIT STRING.
pub const BITS: u8 = 0x03;
/// Tag of an OCTET STRING.
pub const OCTETS: u8 = 0x04;
/// Tag of an OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// Tag of a UTF8String.
pub const UTF8: u8 = 0x0c;
/// Tag of a PrintableString.
pub const PRINTABLE: u8 = 0x13;
/// Tag of an IA5String.
pub const IA5: u8 = 0x16;
/// Tag of a GeneralizedTime.
pub const TIME: u8 = 0x18;
/// Tag of a SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// Tag of a SET.
pub const SET: u8 = 0x31;
/// Tag of a constructed context-specific element.
pub const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One element.
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or_default());
    } else {
        let bytes = length.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let digits = bytes.get(zeros..).unwrap_or_default();
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
        out.extend_from_slice(digits);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A SEQUENCE.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, parts)
}

/// A SET OF: its members in ascending order of their encodings.
pub fn set_of(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    element(SET, &members.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// A non-negative INTEGER of a big-endian number.
pub fn unsigned(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeros..).unwrap_or_default();
    match digits.first() {
        None => element(INTEGER, &[&[0]]),
        Some(first) if *first >= 0x80 => element(INTEGER, &[&[0], digits]),
        Some(_) => element(INTEGER, &[digits]),
    }
}

/// Reads elements from left to right.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Of these bytes, from their beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The content of the next element, which has this tag.
    pub fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, content, rest) = split(self.0)?;
        (found == tag).then(|| self.0 = rest)?;
        Some(content)
    }

    /// The next element whole, which has this tag.
    pub fn whole(&mut self, tag: u8) -> Option<&'a [u8]> {
        let before = self.0;
        self.take(tag)?;
        before.get(..before.len().checked_sub(self.0.len())?)
    }

    /// A reader of the content of the next element, which has this tag.
    pub fn enter(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Self)
    }

    /// The content of the next element where it has this tag.
    pub fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.0.first() == Some(&tag) { self.take(tag) } else { None }
    }

    /// Passes over the next element.
    pub fn skip(&mut self) -> Option<()> {
        let (_, _, rest) = split(self.0)?;
        self.0 = rest;
        Some(())
    }

    /// Nothing is left.
    pub fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits.iter().fold(0usize, |all, byte| all << 8 | usize::from(*byte));
            let is_shortest = digits.first() != Some(&0) && length >= 0x80;
            (is_shortest.then_some(length)?, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// `r || s` of 32 bytes each (RFC 7518, 3.4) as ECDSA-Sig-Value (RFC 3279, 2.2.3).
pub fn ecdsa_of_fixed(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(32)?;
    (s.len() == 32).then(|| sequence(&[&unsigned(r), &unsigned(s)]))
}

/// The same the other way round.
pub fn fixed_of_ecdsa(signature: &[u8]) -> Option<Vec<u8>> {
    let mut outer = Reader::new(signature);
    let mut inner = outer.enter(SEQUENCE)?;
    outer.end()?;
    let (r, s) = (inner.take(INTEGER)?, inner.take(INTEGER)?);
    inner.end()?;
    let mut fixed = padded(r)?;
    fixed.extend(padded(s)?);
    Some(fixed)
}

fn padded(integer: &[u8]) -> Option<Vec<u8>> {
    let digits = match integer {
        [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => rest,
        [first, ..] if *first < 0x80 => integer,
        _ => return None,
    };
    let zeros = 32usize.checked_sub(digits.len())?;
    let mut out = vec![0; zeros];
    out.extend_from_slice(digits);
    Some(out)
}
