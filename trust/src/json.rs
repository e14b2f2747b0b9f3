//! JSON as RFC 8259 writes it, with one more rule: a name appears once in an object. Libraries
//! differ in which of two they keep, so a text with two would mean one thing to us and another to
//! another reader.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why a text is not taken.
#[derive(Debug)]
pub enum JsonError {
    /// Not JSON, or something after it.
    Syntax,
    /// This name appears twice in one object.
    Twice(String),
}

/// Reads one object.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    match value(bytes)? {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError::Syntax),
    }
}

/// Reads one value, nested at most 128 deep (serde_json's own bound).
pub fn value(bytes: &[u8]) -> Result<Value, JsonError> {
    let twice = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value =
        Strict(&twice).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|_| twice.take().map_or(JsonError::Syntax, JsonError::Twice))
}

struct Strict<'a>(&'a RefCell<Option<String>>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = parts.next_element_seed(Strict(self.0))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut parts: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = parts.next_key::<String>()? {
            if members.contains_key(&name) {
                self.0.replace(Some(name.chars().take(64).collect()));
                return Err(A::Error::custom("a name appears twice"));
            }
            let value = parts.next_value_seed(Strict(self.0))?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_stands_once_at_any_depth() {
        for text in
            [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"b":2,"a":3}]}"#, "{\"a\":1,\"\\u0061\":2}"]
        {
            assert!(
                matches!(value(text.as_bytes()), Err(JsonError::Twice(name)) if name == "a"),
                "{text}"
            );
        }
        assert!(matches!(value(b"{} {}"), Err(JsonError::Syntax)));
        assert!(matches!(value(b""), Err(JsonError::Syntax)));
        assert!(matches!(object(b"[]"), Err(JsonError::Syntax)));
        assert!(matches!(value("[".repeat(1000).as_bytes()), Err(JsonError::Syntax)));
    }

    proptest! {
        #[test]
        fn otherwise_it_reads_what_serde_reads(text in "[\\[\\]{}:,\"ab1.e -]{0,24}") {
            match (value(text.as_bytes()), serde_json::from_str::<Value>(&text)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
                (Err(JsonError::Twice(_)), Ok(_)) | (Err(_), Err(_)) => {}
                (ours, theirs) => prop_assert!(false, "{:?} {:?}", ours.is_ok(), theirs),
            }
        }
    }
}
