//! Values as the server sends them, as text.

use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Error, Row};
use zerotrip_proto::v1::ErrorCode;

use crate::SourceError;

/// Text as the server sends it. Where the server itself does not know its characters, what is not
/// UTF-8 becomes unreadable.
pub struct Text<'a>(pub &'a [u8]);

impl<'a> FromSql<'a> for Text<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(found: &Type) -> bool {
        *found == Type::TEXT
    }
}

pub fn texts(row: &Row) -> Result<Vec<Option<String>>, SourceError> {
    let text = |at| {
        row.try_get::<_, Option<Text<'_>>>(at)
            .map(|text| text.map(|text| String::from_utf8_lossy(text.0).into_owned()))
    };
    (0..row.len()).map(text).collect::<Result<_, Error>>().map_err(odd)
}

pub fn odd(error: Error) -> SourceError {
    SourceError::new(
        ErrorCode::SourceDrift,
        format!("the server sends something else than text: {error}"),
    )
}
