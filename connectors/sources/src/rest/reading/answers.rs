//! What an answer says beside its rows: its characters, its time, and what identifies its rows.

use std::time::SystemTime;

use hyper::header::HeaderMap;
use zerotrip_datasets::file::{Pointer, Total, Url};
use zerotrip_proto::v1::ErrorCode;

use crate::SourceError;
use crate::rest::client::{Answer, kind_of, once};
use crate::rest::json::Json;
use crate::timestamp::parse_timestamp;

pub fn in_utf8<'a>(address: &Url, answer: &'a Answer) -> Result<&'a str, SourceError> {
    str::from_utf8(&answer.body).map_err(|_| {
        let detail = format!(
            "{address} answers in other characters than UTF-8 ({})",
            kind_of(&answer.headers)
        );
        SourceError::new(ErrorCode::SourceFailed, detail)
    })
}

/// Of when an answer says that it is.
pub fn said_time(
    address: &Url,
    place: &Total,
    headers: &HeaderMap,
    around: &Json<'_>,
) -> Result<SystemTime, SourceError> {
    let text = match place {
        Total::Header(name) => once(headers, name),
        Total::Body(pointer) => match around.at(pointer.steps()) {
            Some(Json::Text(text)) => Some(text.as_ref()),
            _ => None,
        },
    };
    text.and_then(parse_timestamp).ok_or_else(|| {
        let detail = format!(
            "{address} has no time such as 2026-11-22T00:30:00+08:00 at `{place}`, which \
             `source.as_of` names"
        );
        SourceError::new(ErrorCode::SourceStale, detail)
    })
}

/// What identifies a row.
pub fn identity(value: Option<&Json<'_>>) -> Option<String> {
    match value? {
        Json::Text(text) if !text.is_empty() => Some(format!("\"{text}")),
        Json::Number(digits) => Some((*digits).to_owned()),
        _ => None,
    }
}

pub fn no_id(id: &Pointer, number: u64) -> SourceError {
    SourceError::new(
        ErrorCode::SourceDrift,
        format!("row {number} has no text or number at `{id}`; correct `source.paging.id`"),
    )
}

/// Rows may have been lost: it is read once more.
pub fn torn(detail: String) -> SourceError {
    SourceError::new(ErrorCode::SourceTruncated, detail)
}
