//! Keeps one channel to the hub: dials out, serves on the socket, and dials again when it is gone. The department opens no port.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use zerotrip_channel::{HomeError, Http2Bounds, Peer, Served, dial, serve};
use zerotrip_proto::bounds;

use crate::agent::{Agent, DRAIN};
use crate::service;

/// The first pause before dialling again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest: a hub that comes back is met within a second.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// A channel that lives so long was taken by the hub.
const SETTLED: Duration = Duration::from_secs(2);

/// Serves until `stop` turns true, then lets scans under way finish for at most [`DRAIN`].
pub async fn run(agent: &Arc<Agent>, mut stop: watch::Receiver<bool>) -> Result<(), HomeError> {
    let tls = agent.home().tls(bounds::ALPN_CHANNEL)?;
    let mut pause = FIRST_PAUSE;
    while !*stop.borrow() {
        match dial(&agent.home().address, Arc::clone(&tls)).await {
            Ok(stream) => {
                tracing::info!(hub = %agent.home().address, "channel open");
                let opened = Instant::now();
                let peer = Peer(Some(agent.home().hub.clone()));
                let serving = serve(stream, peer, service::routes(agent), Http2Bounds::STANDARD, stopped(stop.clone()));
                match within_drain(serving, stop.clone()).await {
                    Some(Served::Closed) if opened.elapsed() >= SETTLED => {
                        tracing::warn!("the channel is gone; dialling again");
                        pause = FIRST_PAUSE;
                    }
                    Some(Served::Closed) => tracing::warn!(
                        "the hub closed the channel at once, and its log says why: is another connector running with a copy of this folder? \
                         dialling again"
                    ),
                    Some(Served::Drained) | None => break,
                }
            }
            Err(error) => tracing::warn!(%error, "the hub cannot be reached; dialling again"),
        }
        tokio::select! {
            () = tokio::time::sleep(jittered(pause)) => {}
            () = stopped(stop.clone()) => break,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        stop.mark_unchanged();
    }
    Ok(())
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A dropped sender means that the process is going down: the same.
    let _either = stop.wait_for(|stop| *stop).await.is_ok();
}

async fn within_drain(serving: impl Future<Output = Served>, stop: watch::Receiver<bool>) -> Option<Served> {
    tokio::select! {
        served = serving => Some(served),
        () = async { stopped(stop).await; tokio::time::sleep(DRAIN).await } => None,
    }
}

/// Half to all of the pause, so that many connectors do not dial in step. Randomness of a random UUID will do for that.
fn jittered(pause: Duration) -> Duration {
    let dice = uuid::Uuid::new_v4().as_u128() % 1000;
    let part = u32::try_from(dice).unwrap_or(0);
    pause / 2 + pause * part / 2000
}
