//! What is refused before it is an exchange.

use std::time::SystemTime;

use zerotrip_proto::v1::{self, ErrorCode};
use zerotrip_proto::{Refusal, hash_domain};
use zerotrip_trust::digest::{self, commit};
use zerotrip_trust::identity::Identity;

use crate::hub::Hub;
use crate::unrecorded::ledger_refusal;

/// A refusal before there is an exchange enters the ledger too; a caller's replayed id is among
/// them. The caller hears where, and the salt that opens the entry's commitment to what was
/// refused. How many a peer can cause is bounded, so that nobody fills the ledger.
pub async fn refuse<T>(
    hub: &Hub,
    peer: &Identity,
    payload: &[u8],
    refusal: Refusal,
) -> Result<T, Refusal> {
    if refusal.code == ErrorCode::LedgerUnavailable {
        // It is the hub's own fault, and there is nowhere to record it.
        return Err(refusal);
    }
    hub.budgets.spend_refusal(&peer.uri())?;
    let salt: [u8; 32] =
        digest::random().map_err(|error| Refusal::new(ErrorCode::Internal, error.to_string()))?;
    let entry = v1::Refusal {
        peer: peer.uri(),
        code: refusal.code.into(),
        request_commitment: commit(hash_domain::REQUEST, &salt, payload).to_vec(),
    };
    let index = hub.ledger.refuse(entry, SystemTime::now()).await.map_err(ledger_refusal)?;
    Err(refusal.with_reference(format!("ledger entry {index}, salt {}", hex::encode(salt))))
}
