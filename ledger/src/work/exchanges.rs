//! Exchanges: opened by an intent, closed by a completion or a reconciliation.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension as _, params};
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::{ErrorCode, ExchangeOutcome, Intent, LedgerReceipt, Reconciliation};
use zerotrip_text::cut;
use zerotrip_trust::entry;
use zerotrip_trust::tiles::ENTRY_BYTES;

use super::bounds::{ANSWER_BYTES, CERTIFICATES, MANY_BYTES, NAME_BYTES, STATEMENTS, bounded};
use super::job::{Asking, Certificates, Completed, Done, Issued};
use crate::error::LedgerError;
use crate::fault::Fault;
use crate::nodes::number;
use crate::rows::{BundleKind, DecidedUnder, Orphan, micros};
use crate::segments::past;
use crate::tree::Growing;
use crate::unavailable;
use crate::variants::{Secret, lapse};

/// Time for which it counts which variants were asked about a subject.
pub const VARIANTS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Most orphans that one call reconciles.
const ORPHANS: usize = 100_000;

pub(super) fn intend(
    connection: &Connection,
    tree: &mut Growing,
    intent: Intent,
    at: SystemTime,
    expires_at: SystemTime,
) -> Result<Done, Fault> {
    if !is_canonical_uuid(&intent.exchange_id) {
        // Two spellings of one id would be two uses of it.
        return Err(LedgerError::Malformed(
            "an exchange id is a UUID in its 36 lower-case characters",
        )
        .into());
    }
    bounded("the issuer", intent.issuer.len(), NAME_BYTES)?;
    bounded("the action", intent.action.len(), NAME_BYTES)?;
    let known = connection
        .prepare_cached("SELECT 1 FROM exchange WHERE id = ?1")?
        .exists([&intent.exchange_id])?;
    if known || past(connection, &intent.exchange_id)?.is_some() {
        return Err(LedgerError::Replayed(intent.exchange_id).into());
    }
    let (id, issuer, action) =
        (intent.exchange_id.clone(), intent.issuer.clone(), intent.action.clone());
    let done = append(connection, tree, Body::Intent(intent), &issuer, at)?;
    let index = done.index.map(number).transpose()?;
    connection
        .prepare_cached(
            "INSERT INTO exchange (id, issuer, action, intent_index, expires_at) VALUES (?1, ?2, \
             ?3, ?4, ?5)",
        )?
        .execute(params![id, issuer, action, index, micros(expires_at)])?;
    Ok(Done { receipt: None, ..done })
}

pub(super) fn complete(
    connection: &Connection,
    tree: &mut Growing,
    completed: Completed,
    at: SystemTime,
    certificates: Option<Certificates>,
) -> Result<Done, Fault> {
    let Completed { completion, answer, asked, fact, unconcluded } = completed;
    bounded("the fact", fact.fact.len(), NAME_BYTES * 2)?;
    bounded("the list of what was not concluded", unconcluded.len(), unavailable::ROWS)?;
    for row in &unconcluded {
        bounded("the dataset", row.dataset.len().max(row.owner.len()), NAME_BYTES)?;
    }
    bounded("the list of members asked", asked.len(), STATEMENTS)?;
    let most = if completion.subjects > 0 { MANY_BYTES } else { ANSWER_BYTES };
    bounded("the answer", answer.len(), most)?;
    let known_outcome = ExchangeOutcome::try_from(completion.outcome)
        .is_ok_and(|outcome| outcome != ExchangeOutcome::Unspecified);
    if !known_outcome || ErrorCode::try_from(completion.code).is_err() {
        return Err(LedgerError::Malformed("a completion has one of the outcomes and codes").into());
    }
    let issuer = demand_open(connection, &completion.exchange_id, completion.intent_index)?;
    if let Some(certificates) = certificates {
        mark_issued(connection, &certificates)?;
    }
    let (id, outcome, code) = (completion.exchange_id.clone(), completion.outcome, completion.code);
    let mut share =
        connection.prepare_cached("INSERT OR IGNORE INTO shared (idx, member) VALUES (?1, ?2)")?;
    for member in &asked {
        share.execute(params![number(completion.intent_index)?, member])?;
    }
    let done = append(connection, tree, Body::Completion(completion), &issuer, at)?;
    let index = done.index.map(number).transpose()?;
    connection
        .prepare_cached(
            "UPDATE exchange SET outcome = ?2, code = ?3, answered_at = ?4, closing_index = ?5, \
             answer = ?6, fact_salt = ?7, fact = ?8,
                                 fact_owner = ?9 WHERE id = ?1",
        )?
        .execute(params![
            id,
            outcome,
            code,
            micros(at),
            index,
            answer,
            fact.salt,
            fact.fact,
            fact.owner
        ])?;
    unavailable::record(connection, (&id, done.index.unwrap_or_default()), &unconcluded, at)?;
    Ok(done)
}

/// What was asked before counts for [`VARIANTS_KEPT`] from when it was asked last, whatever came of
/// it.
pub(super) fn within_variants(
    connection: &Connection,
    secret: &Secret,
    asking: &Asking,
    at: SystemTime,
) -> Result<(), Fault> {
    let key = secret.key(&asking.key);
    let key = key.as_slice();
    let forgotten = forgotten(at);
    connection
        .prepare_cached("DELETE FROM variant WHERE key = ?1 AND at < ?2")?
        .execute(params![key, forgotten])?;
    let mut others =
        connection.prepare_cached("SELECT count(*) FROM variant WHERE key = ?1 AND name <> ?2")?;
    let others: u32 = others.query_row(params![key, asking.variant], |row| row.get(0))?;
    if others >= asking.most {
        return Err(LedgerError::VariantLimit(others).into());
    }
    // A clock that went backwards shortens nothing.
    connection
        .prepare_cached(
            "INSERT INTO variant (key, name, at) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET at \
             = max(at, excluded.at)",
        )?
        .execute(params![key, asking.variant, micros(at)])?;
    Ok(())
}

/// Those of subjects that are not asked about any more, and what was unavailable long ago; whether
/// there may be more of them.
pub(super) fn lapse_variants(connection: &Connection, at: SystemTime) -> Result<Done, Fault> {
    let more = lapse(connection, forgotten(at))? | unavailable::lapse(connection, at)?;
    Ok(Done { number: Some(more.into()), ..Done::default() })
}

/// What was asked before this moment counts no more, in microseconds.
fn forgotten(at: SystemTime) -> i64 {
    micros(at.checked_sub(VARIANTS_KEPT).unwrap_or(SystemTime::UNIX_EPOCH))
}

/// Nothing enters the log behind a bundle that may forbid it.
pub(super) fn not_superseded(
    connection: &Connection,
    id: &str,
    under: Option<DecidedUnder>,
) -> Result<(), Fault> {
    let Some(DecidedUnder { directory, grants }) = under else { return Ok(()) };
    let mut query = connection.prepare_cached("SELECT version FROM bundle WHERE kind = ?1")?;
    for (kind, decided) in [(BundleKind::Directory, directory), (BundleKind::Grants, grants)] {
        let newest: Option<i64> = query.query_row([kind.name()], |row| row.get(0)).optional()?;
        if newest
            .is_some_and(|newest| u64::try_from(newest).map_or(true, |newest| newest > decided))
        {
            return Err(LedgerError::Superseded(cut(id)).into());
        }
    }
    Ok(())
}

/// One certificate to a check, and only to one that was answered `true` and of which that is kept;
/// of a check about many subjects, one to each subject. The same one can be recorded again: an
/// issuer that was killed before it heard of the first record must not need another certificate.
fn mark_issued(connection: &Connection, certificates: &Certificates) -> Result<(), Fault> {
    let Certificates { check_id: id, issued } = certificates;
    let mut query = connection.prepare_cached(
        "SELECT outcome, certificate_digest, answer IS NOT NULL FROM exchange WHERE id = ?1",
    )?;
    let found: Option<(Option<i32>, Option<Vec<u8>>, bool)> =
        query.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let (outcome, carried, is_kept) = match found {
        None if past(connection, id)?.is_some() => {
            return Err(LedgerError::Kept(cut(id)).into());
        }
        None => return Err(LedgerError::UnknownExchange(cut(id)).into()),
        Some(found) => found,
    };
    let answered = outcome.and_then(|outcome| ExchangeOutcome::try_from(outcome).ok());
    let already = || LedgerError::AlreadyIssued(cut(id));
    match (answered, issued) {
        (Some(ExchangeOutcome::AnsweredTrue), Issued::One(digest)) => match carried {
            Some(carried) if carried == digest => Ok(()),
            Some(_) => Err(already().into()),
            None if !is_kept => Err(LedgerError::Erased(cut(id)).into()),
            None => {
                let mut mark = connection
                    .prepare_cached("UPDATE exchange SET certificate_digest = ?2 WHERE id = ?1")?;
                mark.execute(params![id, digest.as_slice()])?;
                Ok(())
            }
        },
        (Some(ExchangeOutcome::AnsweredMany), Issued::Of(_)) if !is_kept => {
            Err(LedgerError::Erased(cut(id)).into())
        }
        (Some(ExchangeOutcome::AnsweredMany), Issued::Of(subjects)) => {
            bounded("the list of certificates", subjects.len(), CERTIFICATES)?;
            let mut mark = connection.prepare_cached(
                "INSERT INTO issued (exchange, place, digest) VALUES (?1, ?2, ?3) ON CONFLICT DO \
                 UPDATE SET digest = excluded.digest WHERE digest = excluded.digest",
            )?;
            for (place, digest) in subjects {
                if mark.execute(params![id, place, digest.as_slice()])? != 1 {
                    return Err(already().into());
                }
            }
            Ok(())
        }
        _ => Err(LedgerError::NotIssuable(cut(id)).into()),
    }
}

pub(super) fn reconcile(
    connection: &Connection,
    tree: &mut Growing,
    orphans: Vec<Orphan>,
    at: SystemTime,
) -> Result<Done, Fault> {
    bounded("the list of orphans", orphans.len(), ORPHANS)?;
    for Orphan { exchange_id, intent_index } in orphans {
        let issuer = demand_open(connection, &exchange_id, intent_index)?;
        let body =
            Body::Reconciliation(Reconciliation { exchange_id: exchange_id.clone(), intent_index });
        let index = append(connection, tree, body, &issuer, at)?.index.map(number).transpose()?;
        connection
            .prepare_cached("UPDATE exchange SET outcome = 0, closing_index = ?2 WHERE id = ?1")?
            .execute(params![exchange_id, index])?;
    }
    Ok(Done::default())
}

/// The system whose exchange it is.
fn demand_open(connection: &Connection, id: &str, intent_index: u64) -> Result<String, Fault> {
    let mut query = connection.prepare_cached(
        "SELECT intent_index, outcome IS NULL, issuer FROM exchange WHERE id = ?1",
    )?;
    let found: Option<(i64, bool, String)> =
        query.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    match found {
        None if past(connection, id)?.is_some() => Err(LedgerError::NotOpen(cut(id)).into()),
        None => Err(LedgerError::UnknownExchange(cut(id)).into()),
        Some((index, true, issuer)) if u64::try_from(index) == Ok(intent_index) => Ok(issuer),
        Some(_) => Err(LedgerError::NotOpen(cut(id)).into()),
    }
}

/// Appends a sealed entry, which `reader` and the authority may open.
pub(super) fn append(
    connection: &Connection,
    tree: &mut Growing,
    body: Body,
    reader: &str,
    at: SystemTime,
) -> Result<Done, Fault> {
    let (entry, opening) =
        entry::seal(body, at).map_err(|error| LedgerError::Unavailable(error.to_string()))?;
    bounded("the ledger entry", opening.content.len(), ENTRY_BYTES)?;
    let index = tree.push(connection, &entry, Some((&opening, reader)))?;
    Ok(Done::of(LedgerReceipt { index, entry, opening: Some(opening), ..LedgerReceipt::default() }))
}

/// RFC 9562, 4, in lower case only.
fn is_canonical_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}
