//! What an unavailable answer came to in full: for the authority, and the dataset's owner.

use std::process::ExitCode;

use prost::Message as _;
use serde_json::json;
use zerotrip_channel::SystemHome;
use zerotrip_client::{Session, answered};
use zerotrip_proto::v1::{ErrorCode, ExchangeFact, GetFactRequest};

use crate::render::{Failure, Screen, way_out};

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
    let known = ErrorCode::try_from(fact.code)
        .map_err(|_| Failure::unverified(&"the fact has a code that this program does not know"))?;
    let way = (known != ErrorCode::Unspecified).then(|| known.way_out());
    let (en, zh) = match way {
        Some(way) => (way.what.en, way.what.zh),
        None => ("it was answered", "已有明确答复"),
    };
    let name = known.name();
    let head = screen.pick("what the exchange came to:", "该次交换的具体情况：");
    let mut lines = vec![format!("{head} {} [{name}]", screen.pick(en, zh))];
    if !fact.dataset.is_empty() {
        lines.push(format!("  {} {}", screen.pick("source:", "数据源："), fact.dataset));
    }
    if let Some(way) = way {
        lines.extend(way_out::steps(way, screen));
        lines.push(way_out::citizen(way, screen));
    }
    let value = json!({
        "exchange": exchange_id, "place": place, "code": name, "dataset": fact.dataset,
        "text_en": en, "text_zh": zh, "way_out": way.map(way_out::value),
    });
    screen.show(&lines.join("\n"), &value)?;
    Ok(ExitCode::SUCCESS)
}
