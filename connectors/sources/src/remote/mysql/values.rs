//! Values as the server sends them, as text.

use mysql_async::{Row, Value};
use zerotrip_proto::v1::ErrorCode;

use crate::SourceError;

pub fn texts(row: Row) -> Result<Vec<Option<String>>, SourceError> {
    let text = |value| match value {
        Value::NULL => Ok(None),
        Value::Bytes(bytes) => Ok(Some(
            String::from_utf8(bytes)
                .unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned()),
        )),
        Value::Int(number) => Ok(Some(number.to_string())),
        Value::UInt(number) => Ok(Some(number.to_string())),
        _ => Err(odd()),
    };
    row.unwrap().into_iter().map(text).collect()
}

pub fn odd() -> SourceError {
    SourceError::new(ErrorCode::SourceDrift, "the server sends something else than text")
}
