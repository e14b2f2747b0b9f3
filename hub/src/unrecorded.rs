//! What a caller hears when nothing can be recorded.

use zerotrip_ledger::LedgerError;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::ErrorCode;

/// What the caller hears when nothing can be recorded: the details are for the operator.
pub fn ledger_refusal(error: LedgerError) -> Refusal {
    let code = error.code();
    tracing::error!(%error, "the ledger refused");
    match code {
        ErrorCode::LedgerUnavailable | ErrorCode::Internal => Refusal::bilingual(
            code,
            "the hub cannot record durably just now, so nothing proceeds; try again, and tell the \
             operator if it lasts",
            "枢纽暂时无法可靠存证，因此不予办理；请稍后重试，持续出现请联系运营方",
        ),
        _ => Refusal::new(code, error.to_string()),
    }
}
