//! Objects, and how they are written.

/// A dictionary, in its own order; no key is there twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Dict(pub(crate) Vec<(String, Object)>);

/// A dictionary and bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stream {
    /// Without `Length`, which follows from the bytes.
    pub(crate) dict: Dict,
    pub(crate) bytes: Vec<u8>,
}

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Object {
    Bool(bool),
    /// As it is written.
    Number(String),
    Name(String),
    Bytes(Vec<u8>),
    Array(Vec<Object>),
    Dict(Dict),
    Stream(Stream),
    /// Of generation 0.
    Reference(usize),
}

impl Object {
    pub(crate) fn integer(number: usize) -> Self {
        Self::Number(number.to_string())
    }

    pub(crate) fn name(name: &str) -> Self {
        Self::Name(name.to_owned())
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn count(&self) -> Option<usize> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn as_name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            Self::Stream(stream) => Some(&stream.dict),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn reference(&self) -> Option<usize> {
        match self {
            Self::Reference(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Self::Number(text) => out.extend_from_slice(text.as_bytes()),
            Self::Name(name) => {
                out.push(b'/');
                out.extend_from_slice(name.as_bytes());
            }
            Self::Bytes(bytes) => {
                out.push(b'<');
                out.extend_from_slice(hex::encode(bytes).as_bytes());
                out.push(b'>');
            }
            Self::Array(items) => {
                out.push(b'[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(b' ');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Dict(dict) => dict.write(None, out),
            Self::Stream(stream) => {
                stream.dict.write(Some(stream.bytes.len()), out);
                out.extend_from_slice(b"\nstream\n");
                out.extend_from_slice(&stream.bytes);
                out.extend_from_slice(b"\nendstream");
            }
            Self::Reference(number) => out.extend_from_slice(format!("{number} 0 R").as_bytes()),
        }
    }
}

impl Dict {
    pub(crate) fn of(members: Vec<(&str, Object)>) -> Self {
        Self(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Object> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Puts a member in the place of the one with the same key, or at the end.
    pub(crate) fn set(&mut self, key: &str, value: Object) {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    pub(crate) fn write(&self, length: Option<usize>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<<");
        for (key, value) in &self.0 {
            out.push(b'/');
            out.extend_from_slice(key.as_bytes());
            out.push(b' ');
            value.write(out);
        }
        if let Some(length) = length {
            out.extend_from_slice(format!("/Length {length}").as_bytes());
        }
        out.extend_from_slice(b">>");
    }
}
