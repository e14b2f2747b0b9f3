//! What is recorded of a source that answered.

use zerotrip_ledger::LedgerError;
use zerotrip_proto::v1::{Envelope, SourceStatement};
use zerotrip_proto::{hash_domain, names, to_timestamp};
use zerotrip_trust::digest::{self, Digest, sha256_parts};

use crate::dispatch::Received;
use crate::engine::SourceRead;

/// One source that answered, as it is recorded.
pub(super) struct SourceRecord {
    /// In the order in which they were asked for.
    pub(super) receipts: Vec<Envelope>,
    pub(super) salt: [u8; 32],
    /// To the receipts, under the salt.
    pub(super) commitment: Digest,
}

impl SourceRecord {
    /// `None` of a source without a receipt.
    pub(super) fn of(dataset: &str, receipts: &[Received]) -> Result<Option<Self>, LedgerError> {
        let receipts: Vec<Envelope> = receipts
            .iter()
            .filter(|received| received.dataset == dataset)
            .map(|received| received.receipt.clone())
            .collect();
        if receipts.is_empty() {
            return Ok(None);
        }
        let salt = random()?;
        let payloads = receipts.iter().map(|receipt| receipt.payload.as_slice());
        let parts: Vec<&[u8]> = std::iter::once(salt.as_slice()).chain(payloads).collect();
        let commitment = sha256_parts(hash_domain::RECEIPT, &parts);
        Ok(Some(Self { receipts, salt, commitment }))
    }

    /// As a yes names it.
    pub(super) fn statement(&self, read: &SourceRead) -> SourceStatement {
        let coverage = read.statement.coverage.clone().unwrap_or_default();
        SourceStatement {
            dataset: read.dataset.clone(),
            owner: names::owner_of(&read.dataset).unwrap_or_default().to_owned(),
            as_of: Some(to_timestamp(read.as_of)),
            coverage_en: coverage.text_en,
            coverage_zh: coverage.text_zh,
            receipt_commitment: self.commitment.to_vec(),
        }
    }
}

/// 32 random bytes.
pub(super) fn random() -> Result<[u8; 32], LedgerError> {
    digest::random().map_err(|error| LedgerError::Unavailable(error.to_string()))
}
