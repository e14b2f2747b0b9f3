//! What a caller gets when the ledger refuses to record.

use zerotrip_ledger::{LedgerError, VARIANTS_KEPT};
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::ErrorCode;

/// The caller's texts; details of a fault are for the operator.
pub fn ledger_refusal(error: LedgerError) -> Refusal {
    if let LedgerError::VariantLimit(others) = error {
        return variant_limit(others);
    }
    let code = error.code();
    tracing::error!(%error, "the ledger refused");
    if matches!(&error, LedgerError::Segment(error) if error.is_unavailable()) {
        return Refusal::bilingual(
            code,
            "what the hub keeps of that is in a store that cannot be read just now; try again, and \
             tell the operator if it lasts",
            "枢纽对此的留存在另一存储中，暂时无法读取；请稍后重试，持续出现请联系运营方",
        );
    }
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

/// Two variants together can tell something of a person that neither tells alone. The requester
/// gets what it asked itself, and no more.
fn variant_limit(others: u32) -> Refusal {
    let days = VARIANTS_KEPT.as_secs() / 86_400;
    Refusal::bilingual(
        ErrorCode::VariantLimit,
        format!(
            "this member has asked {others} other scope(s) of this check about this subject for \
             this purpose within {days} days, and the grant allows no more; ask the scope that \
             was asked before, or have the authority grant more with `--variants-per-subject`"
        ),
        format!(
            "本单位 {days} 天内就同一用途对该当事人已查询过此核验事项的其他 {others} \
             种范围，授权不允许更多；请使用此前的范围，或请数据主管部门以 \
             `--variants-per-subject` 另行授权"
        ),
    )
}
