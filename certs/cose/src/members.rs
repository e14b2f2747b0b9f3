//! A map that is taken apart: each key once, and none left.

use crate::cbor::Value;
use crate::error::CoseError;

/// The members of a map that were not taken yet.
#[derive(Clone, Debug)]
pub struct Members {
    place: &'static str,
    left: Vec<(Value, Value)>,
}

impl Members {
    /// Of a map. `place` is for errors.
    pub fn of(value: Value, place: &'static str) -> Option<Self> {
        match value {
            Value::Map(left) => Some(Self { place, left }),
            _ => None,
        }
    }

    /// The value of a key, if it is there.
    pub fn take(&mut self, key: &Value) -> Option<Value> {
        let at = self.left.iter().position(|(found, _)| found == key)?;
        Some(self.left.remove(at).1)
    }

    /// What `read` makes of the value of a numbered key; `None` where the key is not there.
    pub fn optional<T>(
        &mut self,
        key: i64,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, CoseError> {
        let Some(value) = self.take(&Value::number(key)) else { return Ok(None) };
        let missing = CoseError::Missing { place: self.place, name: key };
        read(value).map(Some).ok_or(missing)
    }

    /// The same of a key that must be there.
    pub fn required<T>(
        &mut self,
        key: i64,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<T, CoseError> {
        let missing = CoseError::Missing { place: self.place, name: key };
        self.optional(key, read)?.ok_or(missing)
    }

    /// Refuses what was not taken.
    pub fn end(self) -> Result<(), CoseError> {
        match self.left.first() {
            None => Ok(()),
            Some((key, _)) => Err(CoseError::Unknown { place: self.place, name: key.name() }),
        }
    }
}
