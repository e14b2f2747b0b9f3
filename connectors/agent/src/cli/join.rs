//! `join` and `renew`: this system's keys and certificates.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use zerotrip_channel::{SystemHome, files, join};
use zerotrip_proto::v1::KeyUsage;
use zerotrip_trust::ending::utc;
use zerotrip_trust::invitation::Invitation;

use crate::cli::output::{Failure, say};

/// Time between two questions whether the certificate is renewed.
const RETRY: Duration = Duration::from_secs(1);

/// Joins the hub by an invitation, and waits for at most `wait`.
pub async fn join_hub(dir: &Path, invitation: &Path, wait: u64, json: bool) -> Result<(), Failure> {
    let text = if invitation.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        files::read_text(invitation)?
    };
    let invitation: Invitation = text.trim().parse()?;
    let mut progress = |line: &str| eprintln!("{line}");
    let home = join(
        &invitation,
        dir,
        &[KeyUsage::Sign, KeyUsage::Approve],
        Duration::from_secs(wait),
        &mut progress,
    )
    .await?;
    let text = format!("joined {} as {}", home.hub, home.system);
    say(json, &text, &serde_json::json!({ "joined": home.hub.uri(), "system": home.uri() }))
}

/// Has the certificate renewed. Exit code 1: asked for, and not renewed yet.
pub async fn renew(dir: &Path, wait: Duration, json: bool) -> Result<ExitCode, Failure> {
    let home = SystemHome::load(dir)?;
    let started = Instant::now();
    loop {
        if let Some(ends) = home.renew(SystemTime::now()).await? {
            let ends = utc(ends);
            say(
                json,
                &format!("renewed: the certificate of {} holds until {ends}", home.system),
                &serde_json::json!({ "renewed": home.uri(), "until": ends }),
            )?;
            return Ok(ExitCode::SUCCESS);
        }
        if started.elapsed() >= wait {
            let text = "asked for; the authority has not renewed it yet. It renews with `zerotrip \
                        authority refresh`, or with `zerotrip member renew`. Then give the same \
                        command again";
            say(json, text, &serde_json::json!({ "renewed": null, "asked": home.uri() }))?;
            return Ok(ExitCode::from(1));
        }
        tokio::time::sleep(RETRY).await;
    }
}
