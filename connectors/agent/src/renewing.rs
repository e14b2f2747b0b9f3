//! Announces what of this connector will end, and has its certificate renewed in place. Datasets,
//! approvals and everything that it keeps stay.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use zerotrip_trust::ending::{Announcer, utc};

use crate::serving::Agent;

/// Time between two looks at the clock and at the certificate in the folder.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Time between two requests. A directory that was published in between is a reason to ask at once:
/// with it the authority renews.
const ASK_EVERY: Duration = Duration::from_secs(3600);
/// The same once the certificate has ended.
const ASK_EVERY_ENDED: Duration = Duration::from_secs(60);

/// Announces and asks for as long as the connector serves; never ends.
pub async fn keep(agent: Arc<Agent>) {
    let mut announcer = Announcer::default();
    let mut asked: Option<Instant> = None;
    let mut filed = false;
    let mut replaced = agent.replaced();
    loop {
        let now = SystemTime::now();
        if agent.take_certificate() {
            asked = None;
            filed = false;
        }
        for said in announcer.due(&agent.endings(), now) {
            if said.ended {
                tracing::error!("{}", said.text.en);
            } else {
                tracing::warn!("{}", said.text.en);
            }
        }
        let home = agent.dialling();
        let ended = home.certificate_ends().is_none_or(|ends| ends <= now);
        let every = if ended { ASK_EVERY_ENDED } else { ASK_EVERY };
        let is_due = home.certificate_ending().is_some_and(|ending| ending.is_due(now));
        let published = replaced.has_changed().unwrap_or(false);
        replaced.mark_unchanged();
        if is_due && asked.is_none_or(|at| published || at.elapsed() >= every) {
            asked = Some(Instant::now());
            match home.renew(now).await {
                Ok(Some(ends)) => {
                    tracing::info!(
                        ends = %utc(ends),
                        "this connector's certificate is renewed; its keys and all that was \
                         signed stay"
                    );
                    continue;
                }
                Ok(None) if !filed => {
                    tracing::info!(
                        "asked the authority to renew this connector's certificate; waiting, and \
                         serving on"
                    );
                    filed = true;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(
                        %error,
                        "this connector's certificate could not be renewed; asking again"
                    )
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            changed = replaced.changed() => {
                if changed.is_err() {
                    return;
                }
                // Reported again below, as news.
                replaced.mark_changed();
            }
        }
    }
}
