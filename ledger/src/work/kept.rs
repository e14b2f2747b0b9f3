//! What is kept beside the exchanges: bundles, statements, invitations and join requests.

use std::time::SystemTime;

use prost::Message as _;
use rusqlite::{Connection, OptionalExtension as _, params};
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::ledger_entry::Body as Leaf;
use zerotrip_proto::v1::{
    BundleChange, Envelope, GetJoinReply, LedgerEntry, LedgerReceipt, PendingJoin,
};
use zerotrip_text::cut;
use zerotrip_trust::tiles::ENTRY_BYTES;
use zerotrip_trust::{Digest, dsse};

use super::bounds::{INVITATIONS, NAME_BYTES, STATEMENTS, bounded, encoded, room};
use super::job::Done;
use crate::error::LedgerError;
use crate::fault::Fault;
use crate::rows::{BundleKind, Invited, micros};
use crate::tree::Growing;

pub(super) fn put_bundle(
    connection: &Connection,
    tree: &mut Growing,
    kind: BundleKind,
    version: u64,
    envelope: &Envelope,
    at: SystemTime,
) -> Result<Done, Fault> {
    let stored_version = i64::try_from(version)
        .map_err(|_| LedgerError::Malformed("a bundle's version is below 2^63"))?;
    let bytes = encoded(envelope)?;
    let mut query = connection.prepare_cached("SELECT version FROM bundle WHERE kind = ?1")?;
    let in_force: Option<i64> = query.query_row([kind.name()], |row| row.get(0)).optional()?;
    if let Some(in_force) = in_force.filter(|in_force| stored_version <= *in_force) {
        return Err(LedgerError::StaleBundle {
            found: version,
            in_force: u64::try_from(in_force).unwrap_or_default(),
        }
        .into());
    }
    let digest = dsse::payload_digest(envelope).to_vec();
    let change = Leaf::Bundle(BundleChange { kind: kind.name().to_owned(), version, digest });
    let entry = LedgerEntry { at: Some(to_timestamp(at)), body: Some(change) }.encode_to_vec();
    let index = tree.push(connection, &entry, None)?;
    let done = Done::of(LedgerReceipt { index, entry, ..LedgerReceipt::default() });
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO bundle (kind, version, envelope) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![kind.name(), stored_version, bytes])?;
    Ok(done)
}

pub(super) fn put_statement(
    connection: &Connection,
    dataset: &str,
    envelope: &Envelope,
) -> Result<Done, Fault> {
    bounded("the dataset's id", dataset.len(), NAME_BYTES)?;
    let bytes = encoded(envelope)?;
    room(
        connection,
        "SELECT count(*) FROM statement WHERE dataset <> ?1",
        dataset,
        "the list of statements",
        STATEMENTS,
    )?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO statement (dataset, envelope) VALUES (?1, ?2)")?
        .execute(params![dataset, bytes])?;
    Ok(Done::default())
}

pub(super) fn put_invitation(
    connection: &Connection,
    invited: &Invited,
    at: SystemTime,
) -> Result<Done, Fault> {
    bounded("the system's URI", invited.system.len(), NAME_BYTES)?;
    let digest = invited.token_digest.as_slice();
    connection
        .prepare_cached(
            "DELETE FROM invitation WHERE expires_at <= ?1 AND token_digest NOT IN (SELECT \
             token_digest FROM join_request)",
        )?
        .execute([micros(at)])?;
    if connection
        .prepare_cached("SELECT 1 FROM invitation WHERE token_digest = ?1")?
        .exists([digest])?
    {
        return Err(LedgerError::InvalidToken.into());
    }
    room(
        connection,
        "SELECT count(*) FROM invitation WHERE expires_at > ?1",
        micros(at),
        "the list of invitations",
        INVITATIONS,
    )?;
    connection
        .prepare_cached(
            "INSERT INTO invitation (token_digest, system, expires_at) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![digest, invited.system, micros(invited.expires_at)])?;
    Ok(Done::default())
}

pub(super) fn put_join(
    connection: &Connection,
    join: &PendingJoin,
    at: SystemTime,
) -> Result<Done, Fault> {
    let request = join.encode_to_vec();
    bounded("the join request", request.len(), ENTRY_BYTES)?;
    let mut query = connection
        .prepare_cached("SELECT system, expires_at FROM invitation WHERE token_digest = ?1")?;
    let found: Option<(String, i64)> =
        query.query_row([&join.token_digest], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if found.is_none_or(|(system, expires_at)| system != join.system || expires_at <= micros(at)) {
        return Err(LedgerError::InvalidToken.into());
    }
    let mut query =
        connection.prepare_cached("SELECT request FROM join_request WHERE token_digest = ?1")?;
    match query.query_row([&join.token_digest], |row| row.get::<_, Vec<u8>>(0)).optional()? {
        // The answer to the first one got lost.
        Some(filed) if filed == request => return Ok(Done::default()),
        Some(_) => return Err(LedgerError::InvalidToken.into()),
        None => {}
    }
    let waiting = "SELECT count(*) FROM join_request WHERE chain IS NULL AND system <> ?1";
    room(connection, waiting, "", "the list of waiting join requests", INVITATIONS)?;
    connection
        .prepare_cached(
            "INSERT INTO join_request (token_digest, system, request) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![join.token_digest, join.system, request])?;
    Ok(Done::default())
}

pub(super) fn admit(
    connection: &Connection,
    token_digest: &Digest,
    system: &str,
    chain: Vec<Vec<u8>>,
) -> Result<Done, Fault> {
    if chain.is_empty() {
        return Err(LedgerError::Malformed("an admission carries a certificate chain").into());
    }
    let chain =
        GetJoinReply { certificate_chain: chain, ..GetJoinReply::default() }.encode_to_vec();
    bounded("the certificate chain", chain.len(), ENTRY_BYTES)?;
    let mut file = connection.prepare_cached(
        "UPDATE join_request SET chain = ?3 WHERE token_digest = ?1 AND system = ?2 AND chain IS \
         NULL",
    )?;
    if file.execute(params![token_digest.as_slice(), system, chain])? == 1 {
        Ok(Done::default())
    } else {
        Err(LedgerError::UnknownJoin(cut(system)).into())
    }
}
