//! What an unavailable answer came to in full: for the authority, and the dataset's owner.

use std::process::ExitCode;

use prost::Message as _;
use serde_json::json;
use zerotrip_channel::SystemHome;
use zerotrip_client::{Session, answered};
use zerotrip_proto::v1::{ErrorCode, ExchangeFact, GetFactRequest};

use crate::render::{Failure, Screen};

pub(super) async fn fact(
    home: &SystemHome,
    request: GetFactRequest,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let session = Session::connect(home).await?;
    let GetFactRequest { exchange_id, place } = request.clone();
    let reply = answered(session.connection().ledger().get_fact(request)).await?;
    let fact = ExchangeFact::decode(reply.fact.as_slice())
        .map_err(|_| Failure::unverified(&"the fact cannot be read"))?;
    let (en, zh) = fact_words(fact.code());
    let name = fact.code().name();
    let head = screen.pick("what the exchange came to:", "该次交换的具体情况：");
    let mut lines = vec![format!("{head} {} [{name}]", screen.pick(en, zh))];
    if !fact.dataset.is_empty() {
        lines.push(format!("  {} {}", screen.pick("source:", "数据源："), fact.dataset));
    }
    let value = json!({
        "exchange": exchange_id, "place": place, "code": name, "dataset": fact.dataset,
        "text_en": en, "text_zh": zh,
    });
    screen.show(&lines.join("\n"), &value)?;
    Ok(ExitCode::SUCCESS)
}

/// What a department looks for in its records. Never shown to a requester.
fn fact_words(code: ErrorCode) -> (&'static str, &'static str) {
    match code {
        ErrorCode::Unspecified => ("it was answered", "已有明确答复"),
        ErrorCode::SourceUnreadable => (
            "a record that could concern the persons cannot be read; correct it, or adjudicate it \
             with `zerotrip-connector adjudicate`",
            "存在可能涉及当事人但无法识读的记录；请更正，或用 `zerotrip-connector adjudicate` 裁定",
        ),
        ErrorCode::OutsideCoverage => (
            "the register does not know about everyone concerned; their registers elsewhere must \
             be asked",
            "当事人不全在该登记的覆盖范围内，需向其登记地核实",
        ),
        ErrorCode::HandOverGap => (
            "since the moment of the register's data a record ended or was handed over elsewhere, \
             and what became of it does not show yet",
            "在该登记的数据时点之后，有记录终止或移交，其去向尚未体现",
        ),
        ErrorCode::NoCommonMoment => (
            "the register does not keep what has ended, so it proves nothing beside the others",
            "该登记不保留已终止的记录，无法与其他登记共同证明“无记录”",
        ),
        ErrorCode::Undated => (
            "a record ended on a day that the register does not say",
            "存在未注明终止日期的已终止记录",
        ),
        ErrorCode::Undetermined => (
            "a record settles nothing: something is in progress, or records contradict one another",
            "存在状态未定（如办理中）或相互矛盾的记录",
        ),
        ErrorCode::DefinitionLimit => (
            "the question concerns more persons or records than the check allows for",
            "涉及的人员或记录超过该核验事项的上限",
        ),
        _ => ("the requester was told the same", "与请求方所获告知相同"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code that a requester is not told has its own words for its readers.
    #[test]
    fn every_code_that_a_requester_is_not_told_is_explained() {
        let untold = (0..600)
            .filter_map(|code| ErrorCode::try_from(code).ok())
            .filter(|code| code.as_told() != *code);
        let said: std::collections::BTreeSet<_> = untold.map(|code| fact_words(code).0).collect();
        assert!(
            said.len() == 7 && !said.contains(fact_words(ErrorCode::SourceTimeout).0),
            "{said:?}"
        );
    }
}
