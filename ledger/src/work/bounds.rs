//! The bounds of what is kept.

use prost::Message as _;
use rusqlite::Connection;
use zerotrip_proto::v1::Envelope;

use crate::error::LedgerError;
use crate::fault::Fault;

/// Largest answer envelope, in bytes: the largest payload and room for its signature.
pub const ANSWER_BYTES: usize = zerotrip_proto::bounds::MESSAGE_BYTES + 1024;
/// Largest body of an exchange about many subjects: the receipts of all parts of its scans are in
/// it.
pub const MANY_BYTES: usize = 64 << 20;
/// Most certificates that one exchange records.
pub(super) const CERTIFICATES: usize = zerotrip_proto::bounds::CERTIFICATES;
/// Most datasets with a statement.
pub const STATEMENTS: usize = 10_000;
/// Most invitations that are known at once, and most join requests that wait.
pub const INVITATIONS: usize = 10_000;
/// Longest URI, dataset id and the like, in bytes.
pub(super) const NAME_BYTES: usize = 256;

pub(super) fn encoded(envelope: &Envelope) -> Result<Vec<u8>, LedgerError> {
    let bytes = envelope.encode_to_vec();
    bounded("the envelope", bytes.len(), ANSWER_BYTES)?;
    Ok(bytes)
}

pub(super) fn room(
    connection: &Connection,
    count: &str,
    parameter: impl rusqlite::ToSql,
    what: &'static str,
    most: usize,
) -> Result<(), Fault> {
    let found: i64 = connection.prepare_cached(count)?.query_row([parameter], |row| row.get(0))?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    if found < most { Ok(()) } else { Err(LedgerError::TooLarge { what, found, most }.into()) }
}

pub(super) fn bounded(what: &'static str, found: usize, most: usize) -> Result<(), LedgerError> {
    if found <= most { Ok(()) } else { Err(LedgerError::TooLarge { what, found, most }) }
}
