//! `serve`: the agent, until SIGTERM or Ctrl-C.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use zerotrip_channel::SystemHome;
use zerotrip_text::shown;

use crate::cli::output::{Failure, say};
use crate::cli::progress::with_progress;
use crate::cli::sign;
use crate::owner_store::datasets;
use crate::serving::Agent;
use crate::{dialler, renewing};

/// Time between two tries to fetch a key directory.
const RETRY: Duration = Duration::from_secs(1);
/// Time after which the same cause is logged again.
const LOG_AGAIN: Duration = Duration::from_secs(60);

/// Serves until the process is told to stop.
pub async fn serve(dir: &Path, json: bool) -> Result<(), Failure> {
    let folder = dir.to_owned();
    make_current(&SystemHome::load(dir)?).await?;
    let opening = tokio::task::spawn_blocking(move || Agent::open(&folder));
    let agent = Arc::new(with_progress("opening the datasets", opening).await??);
    let (served, unserved) = (agent.served(), agent.unserved());
    let implausible = with_progress("looking known persons up", agent.verify_probes()).await;
    let named = if served.is_empty() {
        "no dataset (attach one with `sign`)".to_owned()
    } else {
        served.join(", ")
    };
    let approved = match agent.approved() {
        0 => "no approved scan (see `approve`)".to_owned(),
        scans => format!("{scans} approved scans"),
    };
    let text = format!("serving {named} with {approved}; dialling {}", agent.home().address);
    say(
        json,
        &text,
        &serde_json::json!({
            "serving": served, "not_served": unserved, "implausible": implausible,
            "approved": agent.approved(), "hub": agent.home().address.to_string(),
        }),
    )?;
    for (dataset, why) in &unserved {
        eprintln!(
            "{}",
            shown(&format!(
                "not served: {dataset}: {why}. Once that is fixed, `sign` its file or start \
                 `serve` again"
            ))
        );
    }
    for (dataset, why) in &implausible {
        eprintln!("{}", shown(&format!("not answered: {dataset}: {why}")));
    }
    for path in datasets::left_behind(dir)? {
        eprintln!("{}", shown(&sign::left(&path)));
    }
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        if wait_for_signal().await.is_ok() {
            tracing::info!("stopping: scans under way may finish");
        }
        stop.send_replace(true);
    });
    let following = Arc::clone(&agent);
    tokio::spawn(async move { following.follow_owner().await });
    // These tasks end with the process.
    tokio::spawn(renewing::keep(Arc::clone(&agent)));
    let looking = Arc::clone(&agent);
    tokio::spawn(async move { looking.keep_looking().await });
    // On a worker thread, as the scans that it carries: from this thread, every frame would cross
    // threads.
    tokio::spawn(async move { dialler::run(&agent, stopped).await }).await??;
    Ok(())
}

/// Makes sure that a key directory in force is kept here. A department that was switched off for
/// longer than a directory lives starts by itself, as soon as its hub can be reached.
async fn make_current(home: &SystemHome) -> Result<(), Failure> {
    let mut said: Option<(String, Instant)> = None;
    loop {
        match home.current_directory(SystemTime::now()).await {
            Ok(_) => return Ok(()),
            Err(error) if error.passes() => {
                let why = error.to_string();
                if said
                    .as_ref()
                    .is_none_or(|(known, at)| *known != why || at.elapsed() >= LOG_AGAIN)
                {
                    tracing::warn!(
                        why,
                        "the kept key directory has expired, and no newer one can be fetched from \
                         the hub; trying until one can. The authority publishes one with `zerotrip \
                         authority refresh`"
                    );
                    said = Some((why, Instant::now()));
                }
                tokio::time::sleep(RETRY).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn wait_for_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
