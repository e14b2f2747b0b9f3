//! Verifies an answer: it counts only as far as its receipt supports it, and only a receipt that
//! the source signed for this very ticket.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use arrow::array::{AsArray, RecordBatch};
use zerotrip_proto::v1::{ErrorCode, Finding, ScanFacts, ScanReceipt, ScanTicket};
use zerotrip_proto::{from_timestamp, hash_domain};
use zerotrip_trust::digest::{Digest, sha256_parts};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::receipt;

use super::delivery::Delivered;
use super::failure::{fault, untrusted};
use super::key_source::KeySource;
use super::stated::stated_report;
use crate::engine::{ScanAnswer, ScanCall};

/// What an answer is the answer to.
pub(super) struct Asked<'a> {
    pub(super) call: &'a ScanCall<'a>,
    /// As it was sent.
    pub(super) ticket: &'a ScanTicket,
    /// Digest of the owner's signed statement in force.
    pub(super) statement_digest: &'a Digest,
    /// The directory that the exchange was decided under.
    pub(super) directory: &'a Directory,
}

/// An answer that is what its receipt says.
pub(super) struct Verified {
    pub(super) answer: ScanAnswer,
    /// The same, as the origin of keys for later scans.
    pub(super) source: KeySource,
}

/// One thing that a receipt must say.
struct Claim {
    holds: bool,
    /// For the log, where it does not.
    otherwise: &'static str,
}

/// Verifies the receipt of an answer, and the answer by its receipt.
pub(super) fn verify_answer(
    asked: &Asked<'_>,
    delivered: Delivered,
) -> Result<Verified, ErrorCode> {
    let now = SystemTime::now();
    let call = asked.call;
    let Delivered { rows, count, digest, trailer, reservation } = delivered;
    let (Some(envelope), Some(facts)) = (trailer.receipt, trailer.facts) else {
        return Err(ErrorCode::SourceTruncated);
    };
    let (receipt, holder) = asked
        .directory
        .open_signed::<ScanReceipt>(&envelope, now)
        .map_err(|error| untrusted(call, &error))?;
    let stream = Stream { count, digest };
    let claims = claims(asked, &holder.uri, &receipt, &facts, &stream);
    if let Some(claim) = claims.iter().find(|claim| !claim.holds) {
        return Err(untrusted(call, &claim.otherwise));
    }
    let as_of = from_timestamp(receipt.as_of.as_ref()).ok_or(ErrorCode::SourceTruncated)?;
    let secret = <[u8; 32]>::try_from(facts.supply_secret.as_slice())
        .map_err(|_| untrusted(call, &"its supply secret is not 32 bytes"))?;
    let supplied = supplied(call, &rows, &receipt, &secret)?;
    let dataset = call.scan.scan.dataset.clone();
    let source = KeySource {
        dataset: dataset.clone(),
        receipt: envelope,
        as_of,
        secret,
        supplied,
        _reservation: reservation,
    };
    let report = stated_report(&call.scan.statement, as_of, now, facts.findings);
    Ok(Verified { answer: ScanAnswer { rows, report }, source })
}

/// The stream that came.
struct Stream {
    count: u64,
    digest: [u8; 32],
}

fn claims(
    asked: &Asked<'_>,
    signer: &str,
    receipt: &ScanReceipt,
    facts: &ScanFacts,
    stream: &Stream,
) -> [Claim; 8] {
    let Asked { call, ticket, statement_digest, .. } = asked;
    let keys: Vec<&[u8]> = call.keys.iter().map(String::as_bytes).collect();
    [
        Claim {
            holds: signer == ticket.connector && receipt.connector == ticket.connector,
            otherwise: "its signer is not the connector that was asked",
        },
        Claim {
            holds: receipt.grant_id == ticket.id && receipt.exchange_id == ticket.exchange_id,
            otherwise: "it is for another ticket",
        },
        Claim {
            holds: receipt.dataset == call.scan.scan.dataset
                && receipt.template_digest == call.scan.digest,
            otherwise: "it is for another dataset or template",
        },
        Claim {
            holds: receipt.facts_commitment == receipt::facts_commitment(facts),
            otherwise: "its facts are not the ones it commits to",
        },
        Claim {
            holds: facts.stream_digest == stream.digest && facts.rows == stream.count,
            otherwise: "it is of another stream than the one that came",
        },
        Claim {
            holds: facts.keys_digest == sha256_parts(hash_domain::SCAN_KEYS, &keys),
            otherwise: "it is about other keys",
        },
        Claim {
            holds: facts.findings.iter().all(|finding| is_about_asked(call, finding)),
            otherwise: "its findings are about keys that were not asked about",
        },
        Claim {
            holds: facts.statement_digest == **statement_digest,
            otherwise: "it is under another statement of the owner",
        },
    ]
}

/// Whether a finding names none but keys of the scan, and none at all where they are one subject's.
fn is_about_asked(call: &ScanCall<'_>, finding: &Finding) -> bool {
    match call.part {
        None => finding.keys.is_empty(),
        Some(_) => finding.keys.iter().all(|place| (*place as usize) < call.keys.len()),
    }
}

/// The values of each column that may travel on, checked against what the source signed for.
fn supplied(
    call: &ScanCall<'_>,
    rows: &[RecordBatch],
    receipt: &ScanReceipt,
    secret: &[u8; 32],
) -> Result<HashMap<String, HashSet<String>>, ErrorCode> {
    let mut all = HashMap::new();
    for column in &call.scan.template.supplies {
        let mut values: HashSet<String> = HashSet::new();
        let at = call.schema.index_of(column).map_err(|error| fault(&error))?;
        for batch in rows {
            for value in batch
                .column(at)
                .as_string_opt::<i32>()
                .ok_or(ErrorCode::SourceDrift)?
                .iter()
                .flatten()
            {
                if values.insert(value.to_owned())
                    && !receipt::open(
                        receipt,
                        column,
                        &receipt::value_salt(secret, column, value),
                        value,
                    )
                {
                    return Err(untrusted(
                        call,
                        &"it does not commit to the keys that it supplies",
                    ));
                }
            }
        }
        all.insert(column.clone(), values);
    }
    Ok(all)
}
