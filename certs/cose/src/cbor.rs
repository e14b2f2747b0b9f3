//! A value, and its one encoding.

/// A CBOR value of the kinds that tokens have here. Floats, booleans, `undefined` and tags inside
/// are of none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// 0 to 2^64 - 1.
    Unsigned(u64),
    /// `-1 - n`.
    Negative(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
    /// An array.
    Array(Vec<Self>),
    /// A map. It is encoded in the order of its keys' encodings, in whichever order it was made.
    Map(Vec<(Self, Self)>),
    /// `null`.
    Null,
}

/// Major types (RFC 8949, 3.1).
pub(crate) mod major {
    pub(crate) const UNSIGNED: u8 = 0;
    pub(crate) const NEGATIVE: u8 = 1;
    pub(crate) const BYTES: u8 = 2;
    pub(crate) const TEXT: u8 = 3;
    pub(crate) const ARRAY: u8 = 4;
    pub(crate) const MAP: u8 = 5;
    pub(crate) const TAG: u8 = 6;
    pub(crate) const SIMPLE: u8 = 7;
}

/// `null`, whole.
pub(crate) const NULL: u8 = 0xf6;

impl Value {
    /// A number.
    pub fn number(number: i64) -> Self {
        match u64::try_from(number) {
            Ok(number) => Self::Unsigned(number),
            // The magnitude of -1 - n is n + 1.
            Err(_) => Self::Negative(number.unsigned_abs() - 1),
        }
    }

    /// A map with numbers as keys.
    pub fn numbered(entries: impl IntoIterator<Item = (i64, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (Self::number(key), value)).collect())
    }

    /// A text.
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// Its encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_to(&mut out);
        out
    }

    /// The same behind what is there.
    pub(crate) fn encode_to(&self, out: &mut Vec<u8>) {
        match self {
            Self::Unsigned(number) => head(major::UNSIGNED, *number, out),
            Self::Negative(number) => head(major::NEGATIVE, *number, out),
            Self::Bytes(bytes) => {
                head(major::BYTES, bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
            Self::Text(text) => {
                head(major::TEXT, text.len() as u64, out);
                out.extend_from_slice(text.as_bytes());
            }
            Self::Array(items) => {
                head(major::ARRAY, items.len() as u64, out);
                items.iter().for_each(|item| item.encode_to(out));
            }
            Self::Map(entries) => {
                let encoded = |(key, value): &(Self, Self)| (key.encode(), value.encode());
                let mut encoded: Vec<_> = entries.iter().map(encoded).collect();
                encoded.sort();
                head(major::MAP, encoded.len() as u64, out);
                for (key, value) in encoded {
                    out.extend(key);
                    out.extend(value);
                }
            }
            Self::Null => out.push(NULL),
        }
    }

    /// What it is, for an error about it: a number or a text in full, anything else by its kind.
    pub fn name(&self) -> String {
        match self {
            Self::Unsigned(number) => number.to_string(),
            Self::Negative(number) => (-1 - i128::from(*number)).to_string(),
            Self::Text(text) => zerotrip_text::cut(text),
            Self::Bytes(_) => "a byte string".to_owned(),
            Self::Array(_) => "an array".to_owned(),
            Self::Map(_) => "a map".to_owned(),
            Self::Null => "null".to_owned(),
        }
    }
}

/// A head: the shortest form of its argument.
pub(crate) fn head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = argument.to_be_bytes();
    let (info, skipped) = match argument {
        0..=23 => {
            out.push(major | bytes[7]);
            return;
        }
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    out.push(major | info);
    out.extend(bytes.iter().skip(skipped));
}
