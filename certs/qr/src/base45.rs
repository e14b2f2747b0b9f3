//! Base45 (RFC 9285): two bytes as three characters of a QR's alphanumeric mode.

/// The characters, in the order of their values (RFC 9285, 4.2).
const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// Why a text is not base45.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Base45Error {
    /// A character that it does not have; counted from 1.
    #[error("the character {0} is not one of base45")]
    Character(usize),
    /// One character is left over.
    #[error("the text ends in the middle of a group: copy it whole")]
    Length,
    /// Three characters that are more than two bytes, or two that are more than one.
    #[error("the group of characters that begins at {0} has no bytes that it is of")]
    Value(usize),
}

/// The bytes as text.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for pair in bytes.chunks(2) {
        let mut value = pair.iter().fold(0, |value, byte| value * 256 + usize::from(*byte));
        // The lowest digit comes first.
        for _ in 0..=pair.len() {
            text.push(char::from(ALPHABET.get(value % 45).copied().unwrap_or(b'0')));
            value /= 45;
        }
    }
    text
}

/// The bytes of a text: the only ones that it is the encoding of.
pub fn decode(text: &str) -> Result<Vec<u8>, Base45Error> {
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for (at, group) in text.as_bytes().chunks(3).enumerate() {
        let begins = at * 3 + 1;
        let mut value = 0;
        for (offset, character) in group.iter().enumerate().rev() {
            let digit = ALPHABET.iter().position(|one| one == character);
            value = value * 45 + digit.ok_or(Base45Error::Character(begins + offset))?;
        }
        match group.len() {
            3 => {
                let pair = u16::try_from(value).map_err(|_| Base45Error::Value(begins))?;
                bytes.extend(pair.to_be_bytes());
            }
            2 => bytes.push(u8::try_from(value).map_err(|_| Base45Error::Value(begins))?),
            _ => return Err(Base45Error::Length),
        }
    }
    Ok(bytes)
}
