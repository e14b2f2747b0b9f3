//! What the writer does for each job, inside its transaction. First everything that may be refused,
//! then what is written.

use std::sync::Arc;
use std::time::{Duration, SystemTime};
use zerotrip_text::cut;

use prost::Message as _;
use rusqlite::{Connection, OptionalExtension as _, params};
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::ledger_entry::Body as Leaf;
use zerotrip_proto::v1::{
    BundleChange, Completion, Envelope, ErrorCode, ExchangeOutcome, GetJoinReply, Intent,
    LedgerEntry, LedgerReceipt, PendingJoin, Reconciliation,
};
use zerotrip_trust::tiles::ENTRY_BYTES;
use zerotrip_trust::{Digest, dsse, entry};

use crate::error::LedgerError;
use crate::rows::{BundleKind, DecidedUnder, Invited, Orphan, micros};
use crate::tree::{Growing, Head, number};

/// Largest answer envelope, in bytes: the largest payload and room for its signature.
pub const ANSWER_BYTES: usize = zerotrip_proto::bounds::MESSAGE_BYTES + 1024;
/// Most datasets with a statement.
pub const STATEMENTS: usize = 10_000;
/// Most invitations that are known at once, and most join requests that wait.
pub const INVITATIONS: usize = 10_000;
/// Longest URI, dataset id and the like, in bytes.
const NAME_BYTES: usize = 256;
/// Time for which it counts which variants were asked about a subject.
pub const VARIANTS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Most orphans that one call reconciles.
const ORPHANS: usize = 100_000;

/// A job for the writer.
#[derive(Debug)]
pub(crate) enum Work {
    Intend {
        intent: Intent,
        at: SystemTime,
        expires_at: SystemTime,
        asking: Option<Asking>,
    },
    Complete {
        completed: Completed,
        at: SystemTime,
        under: Option<DecidedUnder>,
        certificate: Option<Certificate>,
    },
    Append {
        body: Body,
        at: SystemTime,
    },
    Reconcile {
        orphans: Vec<Orphan>,
        at: SystemTime,
    },
    EraseAnswer {
        id: String,
    },
    PutBundle {
        kind: BundleKind,
        version: u64,
        envelope: Envelope,
        at: SystemTime,
    },
    PutStatement {
        dataset: String,
        envelope: Envelope,
    },
    PutInvitation {
        invited: Invited,
        at: SystemTime,
    },
    PutJoin {
        join: PendingJoin,
        at: SystemTime,
    },
    Admit {
        token_digest: Digest,
        system: String,
        chain: Vec<Vec<u8>>,
    },
    Close,
}

/// Which variant of a check is asked about whom; refused where so many others were within
/// [`VARIANTS_KEPT`].
#[derive(Clone, Debug)]
pub struct Asking {
    /// Stands for member, check, purpose and subject.
    pub key: Digest,
    /// The variant.
    pub variant: String,
    /// How many variants may be asked.
    pub most: u32,
}

/// What an exchange came to beyond what the requester is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// Opens the commitment in the completion.
    pub salt: Vec<u8>,
    /// A serialised `ExchangeFact`.
    pub fact: Vec<u8>,
    /// The member whose dataset it names, or empty: it may read it beside the authority.
    pub owner: String,
}

/// How an exchange ended, and what is kept of it.
#[derive(Debug, Default)]
pub struct Completed {
    /// Its entry.
    pub completion: Completion,
    /// The signed answer's envelope, encoded; at most [`ANSWER_BYTES`].
    pub answer: Vec<u8>,
    /// The members whose datasets were asked: they may read its intent.
    pub asked: Vec<String>,
    /// What the requester is not told.
    pub fact: Fact,
}

/// The certificate that an exchange issues, and the check that it rests on.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) check_id: String,
    pub(crate) digest: Digest,
}

/// What a job left in the log.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Its leaf.
    pub(crate) index: Option<u64>,
    /// The entry, and from the end of the transaction on its path; none for an intent, which
    /// nobody proves.
    pub(crate) receipt: Option<LedgerReceipt>,
    /// The head that the receipt's path leads to.
    pub(crate) head: Option<Arc<Head>>,
}

impl Done {
    /// Its path and head come at the end of the transaction.
    fn of(receipt: LedgerReceipt) -> Self {
        Self { index: Some(receipt.index), receipt: Some(receipt), head: None }
    }

    pub(crate) fn index(self) -> Result<u64, LedgerError> {
        self.index.ok_or_else(|| LedgerError::Unavailable("the writer left no leaf".into()))
    }

    pub(crate) fn receipt(self) -> Result<LedgerReceipt, LedgerError> {
        let (Some(mut receipt), Some(head)) = (self.receipt, self.head) else {
            return Err(LedgerError::Unavailable("the writer left no receipt".into()));
        };
        head.note()?.clone_into(&mut receipt.checkpoint);
        Ok(receipt)
    }
}

/// Why a job is not done.
#[derive(Debug)]
pub(crate) enum Fault {
    /// This job alone.
    Refused(LedgerError),
    /// The store itself: the whole batch goes.
    Store(rusqlite::Error),
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

/// Does a job within the writer's transaction.
pub(crate) fn apply(
    connection: &Connection,
    tree: &mut Growing,
    work: Work,
) -> Result<Done, Fault> {
    match work {
        Work::Intend { intent, at, expires_at, asking } => {
            if let Some(asking) = &asking {
                within_variants(connection, asking, at)?;
            }
            intend(connection, tree, intent, at, expires_at)
        }
        Work::Complete { completed, at, under, certificate } => {
            not_superseded(connection, &completed.completion.exchange_id, under)?;
            complete(connection, tree, completed, at, certificate)
        }
        Work::Append { body: Body::Refusal(refusal), at } => {
            let reader = refusal.peer.clone();
            append(connection, tree, Body::Refusal(refusal), &reader, at)
        }
        Work::Append { .. } => {
            Err(LedgerError::Malformed("entries of exchanges are recorded with their exchange")
                .into())
        }
        Work::Reconcile { orphans, at } => reconcile(connection, tree, orphans, at),
        Work::EraseAnswer { id } => {
            let changed = connection
                .prepare_cached("UPDATE exchange SET answer = NULL WHERE id = ?1")?
                .execute([&id])?;
            if changed == 1 {
                Ok(Done::default())
            } else {
                Err(LedgerError::UnknownExchange(cut(&id)).into())
            }
        }
        Work::PutBundle { kind, version, envelope, at } => {
            put_bundle(connection, tree, kind, version, &envelope, at)
        }
        Work::PutStatement { dataset, envelope } => put_statement(connection, &dataset, &envelope),
        Work::PutInvitation { invited, at } => put_invitation(connection, &invited, at),
        Work::PutJoin { join, at } => put_join(connection, &join, at),
        Work::Admit { token_digest, system, chain } => {
            admit(connection, &token_digest, &system, chain)
        }
        Work::Close => Ok(Done::default()),
    }
}

fn intend(
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
    if known {
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

fn complete(
    connection: &Connection,
    tree: &mut Growing,
    completed: Completed,
    at: SystemTime,
    certificate: Option<Certificate>,
) -> Result<Done, Fault> {
    let Completed { completion, answer, asked, fact } = completed;
    bounded("the fact", fact.fact.len(), NAME_BYTES * 2)?;
    bounded("the list of members asked", asked.len(), STATEMENTS)?;
    bounded("the answer", answer.len(), ANSWER_BYTES)?;
    let known_outcome = ExchangeOutcome::try_from(completion.outcome)
        .is_ok_and(|outcome| outcome != ExchangeOutcome::Unspecified);
    if !known_outcome || ErrorCode::try_from(completion.code).is_err() {
        return Err(LedgerError::Malformed("a completion has one of the outcomes and codes").into());
    }
    let issuer = demand_open(connection, &completion.exchange_id, completion.intent_index)?;
    if let Some(certificate) = certificate {
        mark_issued(connection, &certificate)?;
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
    Ok(done)
}

/// What was asked before counts for [`VARIANTS_KEPT`] from when it was asked last, whatever came of
/// it.
fn within_variants(connection: &Connection, asking: &Asking, at: SystemTime) -> Result<(), Fault> {
    let key = asking.key.as_slice();
    let forgotten = micros(at.checked_sub(VARIANTS_KEPT).unwrap_or(SystemTime::UNIX_EPOCH));
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

/// Nothing enters the log behind a bundle that may forbid it.
fn not_superseded(
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

/// One certificate to a check, and only to one that was answered `true`.
fn mark_issued(connection: &Connection, certificate: &Certificate) -> Result<(), Fault> {
    let id = &certificate.check_id;
    let mut query = connection.prepare_cached(
        "SELECT outcome, certificate_digest IS NOT NULL FROM exchange WHERE id = ?1",
    )?;
    let found: Option<(Option<i32>, bool)> =
        query.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match found {
        None => return Err(LedgerError::UnknownExchange(cut(id)).into()),
        Some((_, true)) => return Err(LedgerError::AlreadyIssued(cut(id)).into()),
        Some((Some(outcome), false)) if outcome == ExchangeOutcome::AnsweredTrue as i32 => {}
        Some(_) => return Err(LedgerError::NotIssuable(cut(id)).into()),
    }
    let mut mark =
        connection.prepare_cached("UPDATE exchange SET certificate_digest = ?2 WHERE id = ?1")?;
    mark.execute(params![id, certificate.digest.as_slice()])?;
    Ok(())
}

fn reconcile(
    connection: &Connection,
    tree: &mut Growing,
    orphans: Vec<Orphan>,
    at: SystemTime,
) -> Result<Done, Fault> {
    bounded("the list of orphans", orphans.len(), ORPHANS)?;
    // At each start, also those of subjects about whom nobody asks any more.
    let forgotten = micros(at.checked_sub(VARIANTS_KEPT).unwrap_or(SystemTime::UNIX_EPOCH));
    connection.prepare_cached("DELETE FROM variant WHERE at < ?1")?.execute([forgotten])?;
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
        None => Err(LedgerError::UnknownExchange(cut(id)).into()),
        Some((index, true, issuer)) if u64::try_from(index) == Ok(intent_index) => Ok(issuer),
        Some(_) => Err(LedgerError::NotOpen(cut(id)).into()),
    }
}

/// Appends a sealed entry, which `reader` and the authority may open.
fn append(
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

fn put_bundle(
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

fn put_statement(
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

fn put_invitation(
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

fn put_join(connection: &Connection, join: &PendingJoin, at: SystemTime) -> Result<Done, Fault> {
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

fn admit(
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

fn encoded(envelope: &Envelope) -> Result<Vec<u8>, LedgerError> {
    let bytes = envelope.encode_to_vec();
    bounded("the envelope", bytes.len(), ANSWER_BYTES)?;
    Ok(bytes)
}

fn room(
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

fn bounded(what: &'static str, found: usize, most: usize) -> Result<(), LedgerError> {
    if found <= most { Ok(()) } else { Err(LedgerError::TooLarge { what, found, most }) }
}

/// RFC 9562, 4, in lower case only.
fn is_canonical_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}
