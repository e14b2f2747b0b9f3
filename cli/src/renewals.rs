//! `renew`: what a system asks for; and what is said beforehand of what ends.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use zerotrip_channel::SystemHome;
use zerotrip_trust::ending::{Ending, Said};

use crate::render::{Failure, NOT_SO, Screen, rfc3339};
use zerotrip_client::SessionError;

/// Time between two looks at whether the authority has renewed, or at who waits.
const POLL: Duration = Duration::from_millis(500);

/// A system's folder; what of it ends soon, or has ended, is said on the way.
pub(super) fn open_home(dir: &Path, screen: &Screen) -> Result<SystemHome, Failure> {
    let home = SystemHome::load(dir).map_err(SessionError::from)?;
    let now = SystemTime::now();
    // One that has run out is replaced by the hub's newest before anything rests upon it.
    let directory = home.directory(now).ok();
    note(&home.endings(directory.as_ref()), now, screen);
    Ok(home)
}

/// Says on standard error what ends.
pub(super) fn note(endings: &[Ending], now: SystemTime, screen: &Screen) {
    for line in lines(endings, now, screen) {
        screen.note(&line);
    }
}

/// What is to be said of what ends, a line each.
pub(super) fn lines(endings: &[Ending], now: SystemTime, screen: &Screen) -> Vec<String> {
    let said = |Said { text, .. }: Said| {
        format!("{}{}", screen.pick("WARNING: ", "警告："), screen.pick(&text.en, &text.zh))
    };
    endings.iter().filter_map(|ending| ending.in_words(now)).map(said).collect()
}

/// The same for programs.
pub(super) fn values(endings: &[Ending], now: SystemTime) -> Vec<Value> {
    let due = endings.iter().filter(|ending| ending.is_due(now));
    due.map(|ending| {
        json!({
            "what": ending.what.en, "ends": rfc3339(ending.ends), "ended": ending.ends <= now,
        })
    })
    .collect()
}

/// `zerotrip renew`: files the request, and takes what the authority renewed. Exit code 1: asked,
/// and not renewed yet.
pub(super) async fn renew(
    dir: &Path,
    wait: Duration,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let home = SystemHome::load(dir).map_err(SessionError::from)?;
    let started = Instant::now();
    loop {
        if let Some(ends) = home.renew(SystemTime::now()).await.map_err(SessionError::from)? {
            let (uri, until) = (home.uri(), screen.time(ends));
            let (en, zh) = (
                format!("renewed: the certificate of {uri} holds until {until}"),
                format!("已续期：{uri} 的证书有效至 {until}"),
            );
            screen
                .show(screen.pick(&en, &zh), &json!({ "renewed": uri, "until": rfc3339(ends) }))?;
            return Ok(ExitCode::SUCCESS);
        }
        if started.elapsed() >= wait {
            let text = screen.pick(
                "asked for, and not renewed yet: the authority renews it with `zerotrip authority \
                 refresh`, or with `zerotrip member renew`; then give the same command again",
                "已申请续期，尚未办理：请数据主管部门执行 `zerotrip authority refresh` 或 \
                 `zerotrip member renew`，然后重复本命令",
            );
            screen.show(text, &json!({ "renewed": Value::Null, "asked": home.uri() }))?;
            return Ok(ExitCode::from(NOT_SO));
        }
        tokio::time::sleep(POLL).await;
    }
}
