//! Is there room for the exchange, and has this member not used up its budget? Replay is not
//! checked here: the intent's own transaction refuses a used id.

use std::sync::Arc;

use zerotrip_datasets::{Argument, Key};
use zerotrip_policies::Decision;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::identity::Identity;

use super::identify::Identified;
use crate::limits::{KeyedQuota, Permit, RequestBudgets};

/// A denial is two entries of the ledger, and as cheap to cause as a refusal: it is counted with
/// them, and over the bound not recorded.
pub fn within_denials(
    budgets: &RequestBudgets,
    decision: &Decision,
    peer: &Identity,
) -> Result<(), Refusal> {
    if decision.allowed { Ok(()) } else { budgets.spend_refusal(&peer.uri()) }
}

/// A permit for one exchange of the peer's member, held until it is answered. No member gets more
/// than half of them: one that asks too much at once is refused for now, and the others do not
/// notice. It is asked for before any signature is verified, so that what cannot be answered costs
/// the hub little. A request that another member signed is refused after it.
pub fn room(
    exchanges: &Arc<KeyedQuota<String>>,
    peer: &Identity,
) -> Result<Permit<String>, Refusal> {
    exchanges.try_acquire(peer.member().unwrap_or_default().to_owned()).ok_or_else(|| {
        let share = exchanges.most_each();
        Refusal::bilingual(
            ErrorCode::Overloaded,
            format!(
                "the hub is busy or stopping, or this member has {share} exchanges under way, its \
                 share; try again in a second"
            ),
            format!("枢纽繁忙或正在停机，或本单位同时进行的请求已达 {share} 个上限，请一秒后重试"),
        )
    })
}

/// One more request of the member, about these subjects. One about many subjects counts as that
/// many requests.
pub fn within_budgets(
    budgets: &RequestBudgets,
    identified: &Identified,
    (requests, arguments): (u32, &[Argument]),
) -> Result<(), Refusal> {
    let subjects: Vec<Key> = arguments.iter().filter_map(Argument::subject).collect();
    budgets.spend(&identified.member, requests, &subjects)
}
