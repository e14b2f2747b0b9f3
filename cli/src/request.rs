//! `request`: asking a wallet for a certificate, and reading what it showed.

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use clap::{Args, Subcommand};
use serde_json::json;
use zerotrip_door::{DoorError, DoorSettings, Outcome, RequestSigner, Requests, request_uri};
use zerotrip_text::shown;

use crate::folders::SystemDir;
use crate::offer::door_failure;
use crate::render::{Failure, NOT_SO, NOT_VERIFIED, Screen, UNAVAILABLE, rfc3339};

/// Time between two looks at whether a wallet has answered.
const POLL: Duration = Duration::from_millis(300);

#[derive(Subcommand)]
pub(super) enum RequestCommand {
    /// Make a request of a kind that `door.toml` names; prints the link that the wallet opens.
    Make(Making),
    /// Show what a wallet answered, and erase it.
    ///
    /// Exit code 0: a valid certificate. 1: the holder declined. 4: no answer yet, or it could not
    /// be judged. 5: what came is not what was asked for, or not genuine. Of a genuine certificate
    /// the codes of `verify`.
    Show(Showing),
}

#[derive(Args)]
pub(super) struct Making {
    #[command(flatten)]
    system: SystemDir,
    /// What is asked for: the `name` of a `[[request]]` in `door.toml`.
    #[arg(long)]
    name: String,
}

#[derive(Args)]
pub(super) struct Showing {
    #[command(flatten)]
    system: SystemDir,
    /// The request's id.
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// Seconds to wait for the wallet.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=600))]
    wait: u64,
}

pub(super) async fn request(command: RequestCommand, screen: &Screen) -> Result<ExitCode, Failure> {
    match command {
        RequestCommand::Make(making) => make(&making, screen),
        RequestCommand::Show(showing) => show(&showing, screen).await,
    }
}

fn make(making: &Making, screen: &Screen) -> Result<ExitCode, Failure> {
    let (dir, name, now) = (&making.system.dir, &making.name, SystemTime::now());
    let made = || {
        let settings = DoorSettings::read(dir)?;
        let verifier = settings.verifier.as_ref().ok_or(DoorError::NoVerifier)?;
        if !verifier.kinds.iter().any(|kind| kind.name == *name) {
            return Err(DoorError::NoKind(zerotrip_text::cut(name)));
        }
        let signer = RequestSigner::load(verifier, now)?;
        let made = Requests::of(dir).make(name, now)?;
        Ok((request_uri(&signer, &settings.uri, &made.id), made))
    };
    let (uri, made) = made().map_err(|error| door_failure(&error))?;
    let (id, ends) = (&made.id, screen.time(made.ends));
    let text = match screen.pick("en", "zh") {
        "zh" => format!("请求 {id}\n有效至 {ends}\n链接（请转为二维码）：\n{uri}"),
        _ => format!("request {id}\nuntil {ends}\nlink (show it as a QR code):\n{uri}"),
    };
    screen.show(&text, &json!({ "id": id, "uri": uri, "until": rfc3339(made.ends) }))?;
    Ok(ExitCode::SUCCESS)
}

async fn show(showing: &Showing, screen: &Screen) -> Result<ExitCode, Failure> {
    let (requests, until) =
        (Requests::of(&showing.system.dir), Instant::now() + Duration::from_secs(showing.wait));
    let outcome = loop {
        let outcome = requests.outcome(&showing.id, SystemTime::now());
        match outcome.map_err(|error| door_failure(&error))? {
            Some(outcome) => break outcome,
            None if Instant::now() < until => tokio::time::sleep(POLL).await,
            None => {
                let text = screen.pick("no wallet has answered yet", "尚无钱包应答");
                screen.show(text, &json!({ "outcome": "waiting" }))?;
                return Ok(ExitCode::from(UNAVAILABLE));
            }
        }
    };
    let value =
        serde_json::to_value(&outcome).map_err(|error| Failure::usage(&error, "无法输出"))?;
    screen.show(&said(&outcome, screen), &value)?;
    requests.erase(&showing.id).map_err(|error| door_failure(&error))?;
    Ok(ExitCode::from(exit_of(&outcome)))
}

fn said(outcome: &Outcome, screen: &Screen) -> String {
    match outcome {
        Outcome::Declined => screen.pick("the holder declined", "持有人未同意出示").to_owned(),
        Outcome::Unsettled => screen
            .pick(
                "what came could not be judged; nothing is known of it: ask again",
                "所收内容未能核验，不能得出任何结论，请重新发起",
            )
            .to_owned(),
        Outcome::Refused { why } => {
            format!("{}{}", screen.pick("REFUSED: ", "不予认可："), shown(why))
        }
        Outcome::Judged {
            verdict,
            statement_en,
            statement_zh,
            persons_en,
            persons_zh,
            purpose,
            claims,
            issuer,
            serial,
            ..
        } => {
            let label = |en: &str, zh: &str| screen.pick(en, zh).to_owned();
            let mut lines = vec![
                label(&verdict.word().to_uppercase(), verdict.zh()),
                format!(
                    "  {} {}",
                    label("states:", "证明内容："),
                    screen.pick(statement_en, statement_zh)
                ),
                format!(
                    "  {} {}",
                    label("asked about:", "查询范围："),
                    screen.pick(persons_en, persons_zh)
                ),
                format!("  {} {}", label("for:", "用途："), shown(purpose)),
            ];
            for (name, value) in claims {
                lines.push(format!("  {} {name} {}", label("shown:", "出示："), shown(value)));
            }
            lines.push(format!("  {} {issuer} {serial}", label("sealed by:", "签发：")));
            lines.join("\n")
        }
    }
}

fn exit_of(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Declined => NOT_SO,
        Outcome::Unsettled => UNAVAILABLE,
        Outcome::Refused { .. } => NOT_VERIFIED,
        Outcome::Judged { verdict, .. } => crate::render::exit_of(*verdict),
    }
}
