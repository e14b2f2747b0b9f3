//! `offer`: a certificate for a wallet, asked for at the counter.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::json;
use zerotrip_client::{Offering, RequestId, Session};
use zerotrip_door::{DoorSettings, OFFER_MINUTES, Offers, configuration, offer_uri};
use zerotrip_text::Explain as _;

use crate::ask::Asking;
use crate::assertion::assertion;
use crate::render::{Failure, Screen, USAGE, deprecation, rfc3339, show_outcome};
use crate::{renewals, request_id};

/// What is offered, and for how long.
#[derive(Args)]
pub(super) struct OfferArgs {
    #[command(flatten)]
    asking: Asking,
    /// Ask under this id, which `identity challenge` drew.
    #[arg(long, value_name = "ID", requires = "identity", value_parser = request_id)]
    request_id: Option<RequestId>,
    /// A file with the ID token that the identity provider signed, with the nonce of `identity
    /// challenge`, for a check that asks that the person was identified.
    #[arg(long, value_name = "FILE", requires = "request_id")]
    identity: Option<PathBuf>,
    /// Minutes in which the holder's wallet must come.
    #[arg(long, default_value_t = 10, value_parser = within())]
    minutes: u64,
}

fn within() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=OFFER_MINUTES)
}

pub(super) fn door_failure(error: &zerotrip_door::DoorError) -> Failure {
    Failure::of(USAGE, error.explain())
}

/// Asks, and keeps a true answer for the wallet.
pub(super) async fn offer(offered: OfferArgs, screen: &Screen) -> Result<ExitCode, Failure> {
    let assertion = assertion(offered.request_id.as_ref(), offered.identity.as_deref())?;
    let (dir, errand, question) = offered.asking.split()?;
    let settings = DoorSettings::read(&dir).map_err(|error| door_failure(&error))?;
    let home = renewals::open_home(&dir, screen)?;
    let mut session = Session::connect(&home).await?;
    let ready = match session.prepare_offer(&errand, &question, assertion.as_ref()).await? {
        Offering::Ready(ready) => ready,
        Offering::NotReady(outcome) => {
            screen.note(screen.pick("no certificate is offered", "未提供可领取的证明"));
            return show_outcome(&outcome, &question, session.deprecation(), screen);
        }
    };
    let (id, value) = configuration(&ready.definition);
    let life = Duration::from_secs(60 * offered.minutes);
    let (kept, now) = ((&ready.kept, ready.until), SystemTime::now());
    let made = Offers::of(&dir).make((&id, &value), kept, (now, life));
    let made = made.map_err(|error| door_failure(&error))?;
    let uri = offer_uri(&settings.uri, &id, &made.code);
    let (digits, ends) = (&made.digits, screen.time(made.ends));
    let text = match screen.pick("en", "zh") {
        "zh" => format!(
            "可领取至 {ends}\n领取链接（请转为二维码，仅出示给当事人）：\n{uri}\n\
             交易码（请口头告知当事人）：{digits}"
        ),
        _ => format!(
            "offered until {ends}\nlink (show it to the holder alone, as a QR code):\n{uri}\n\
             transaction code (tell it to the holder): {digits}"
        ),
    };
    let mut value = json!({
        "outcome": "offered", "uri": uri, "tx_code": digits, "until": rfc3339(made.ends),
    });
    deprecation::insert(session.deprecation(), &mut value);
    screen.show(&text, &value)?;
    deprecation::note(session.deprecation(), &question.check, screen);
    Ok(ExitCode::SUCCESS)
}
