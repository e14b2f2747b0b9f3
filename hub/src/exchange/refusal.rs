//! Requests that get neither a yes nor a no: which code, which texts, and what the requester can
//! do, decided and explained here. Before there is an exchange it is a [`Refusal`], recorded as
//! such; after, an outcome of the signed answer.

use std::time::SystemTime;

use zerotrip_ledger::Ledger;
use zerotrip_policies::Decision;
use zerotrip_proto::v1::answer::Outcome as Wire;
use zerotrip_proto::v1::{self, Denied, ErrorCode, ExchangeFact, ExchangeOutcome, Unavailable};
use zerotrip_proto::{Refusal, Time, WayOut, hash_domain};
use zerotrip_trust::digest::{self, commit};
use zerotrip_trust::identity::Identity;

use crate::limits::RequestBudgets;
use crate::unrecorded::ledger_refusal;

/// Why an exchange ends with neither a yes nor a no.
#[derive(Clone, Copy)]
pub enum NoAnswer<'a> {
    /// Policy denies it.
    Denied(&'a Decision),
    /// It is allowed, and the answer cannot be known.
    Unavailable {
        /// What happened, in full.
        fact: ErrorCode,
        /// The dataset that is why; empty where no single one is.
        dataset: &'a str,
    },
}

/// A [`NoAnswer`], in the words of the requester, and in full for those who can read the fact.
pub struct Explained {
    /// For the requester.
    pub wire: Wire,
    /// How the ledger counts it.
    pub kind: ExchangeOutcome,
    /// For the authority, and for the owner of the dataset.
    pub fact: ExchangeFact,
}

impl NoAnswer<'_> {
    /// Code, texts and remedy. The code is the least that tells the requester what can be done
    /// ([`ErrorCode::as_told`]), and its texts are those of the table ([`ErrorCode::way_out`]): a
    /// source's own words never come here, as they could carry what it holds. The texts of a denial
    /// are the policies' own.
    pub fn explain(self) -> Explained {
        match self {
            Self::Denied(decision) => {
                let code = ErrorCode::PolicyDenied.into();
                Explained {
                    wire: Wire::Denied(Denied { code, reasons: decision.reasons.clone() }),
                    kind: ExchangeOutcome::Denied,
                    fact: ExchangeFact { code, dataset: String::new() },
                }
            }
            Self::Unavailable { fact, dataset } => {
                let code = fact.as_told();
                let WayOut { what, time, clerk, .. } = code.way_out();
                Explained {
                    wire: Wire::Unavailable(Unavailable {
                        code: code.into(),
                        dataset: dataset.to_owned(),
                        text_en: format!("{}; {}", what.en, clerk.en),
                        text_zh: format!("{}；{}", what.zh, clerk.zh),
                        retryable: *time != Time::Never,
                    }),
                    kind: ExchangeOutcome::Unavailable,
                    fact: ExchangeFact { code: fact.into(), dataset: dataset.to_owned() },
                }
            }
        }
    }
}

/// A refusal before there is an exchange enters the ledger too; a caller's replayed id is among
/// them. The caller gets its place, and the salt that opens the entry's commitment to what was
/// refused. How many a peer can cause is bounded, so that no peer fills the ledger.
pub async fn refuse<T>(
    budgets: &RequestBudgets,
    ledger: &Ledger,
    peer: &Identity,
    payload: &[u8],
    refusal: Refusal,
) -> Result<T, Refusal> {
    if refusal.code == ErrorCode::LedgerUnavailable {
        // It is the hub's own fault, and there is nowhere to record it.
        return Err(refusal);
    }
    budgets.spend_refusal(&peer.uri())?;
    let salt: [u8; 32] =
        digest::random().map_err(|error| Refusal::new(ErrorCode::Internal, error.to_string()))?;
    let entry = v1::Refusal {
        peer: peer.uri(),
        code: refusal.code.into(),
        request_commitment: commit(hash_domain::REQUEST, &salt, payload).to_vec(),
    };
    let index = ledger.refuse(entry, SystemTime::now()).await.map_err(ledger_refusal)?;
    Err(refusal.with_reference(format!("ledger entry {index}, salt {}", hex::encode(salt))))
}
