//! What a requester is told of a no.

use zerotrip_checks::definition::Definition;
use zerotrip_proto::v1::Reason;

/// Reasons in the requester's words, of those whose codes in the definition these are.
pub(super) fn reasons(definition: &Definition, which: impl Fn(&str) -> bool) -> Vec<Reason> {
    let reasons = definition.reasons.iter().filter(|reason| which(&reason.code));
    let told = reasons.map(|reason| Reason {
        code: reason.requester_code.clone().unwrap_or_else(|| reason.code.clone()),
        text_en: reason.requester.en.clone(),
        text_zh: reason.requester.zh.clone(),
    });
    told.collect()
}
