//! What of the hub ends, said beforehand in its log; and whether it answers at all, for the health
//! service. Both follow the clock, not the calls: an idle hub says it too.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use zerotrip_proto::v1::KeyUsage;
use zerotrip_text::Bilingual;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::ending::{self, Announcer, Ending, utc};

use crate::hub::Hub;

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time between two requests for the hub's own renewal: the first is filed at once, and it stays
/// filed.
const ASK_EVERY: Duration = Duration::from_secs(3600);

/// Everything whose end the hub announces.
fn endings(hub: &Hub) -> Vec<Ending> {
    let in_force = hub.in_force();
    let renew = Bilingual::new(
        "the hub asks for its renewal itself; the authority renews it with `zerotrip authority \
         refresh`, and once it has ended with `zerotrip member renew --hub`",
        "枢纽会自动申请续期，由数据主管部门执行 `zerotrip authority refresh` 办理；到期后执行 \
         `zerotrip member renew --hub`",
    );
    let publish = Bilingual::new(
        "without a newer one nothing is answered: the authority has to publish one with `zerotrip \
         authority refresh`",
        "到期后一切请求均不予办理：请数据主管部门执行 `zerotrip authority refresh` 发布新版",
    );
    let mut endings = vec![ending::of_directory(&in_force.directory, &publish)];
    endings.extend(
        hub.papers
            .validity()
            .map(|validity| ending::of_certificate(&hub.identity.uri, validity, &renew)),
    );
    endings.extend(ending::of_keys(&in_force.directory, &hub.identity.uri, &renew));
    endings.extend(hub.callers_ends.endings(&in_force.directory));
    endings
}

/// Why nothing is answered now; `None` while something is.
pub fn silent(hub: &Hub, now: SystemTime) -> Option<String> {
    let in_force = hub.in_force();
    if !in_force.directory.is_fresh(now) {
        return Some(stale(&in_force.directory).en);
    }
    if let Err(why) = in_force.directory.hub_key(hub.identity.sign.id(), KeyUsage::Sign, now) {
        return Some(format!("the hub's signing key: {why}"));
    }
    if hub.papers.validity().is_none_or(|(_, ends)| ends <= now) {
        return Some("the hub's TLS certificate has ended".to_owned());
    }
    (!hub.ledger.records()).then(|| "the ledger records nothing any more".to_owned())
}

/// The text for callers and departments while the directory in force has ended.
pub fn stale(directory: &Directory) -> Bilingual {
    let (version, ended) = (directory.version(), utc(directory.expires_at()));
    Bilingual::new(
        format!(
            "the key directory of the hub (version {version}) ended on {ended}, so that nothing \
             is answered until the data authority publishes a newer one with `zerotrip authority \
             refresh`"
        ),
        format!(
            "枢纽的密钥目录第 {version} 版已于 {ended} 到期，在数据主管部门执行 `zerotrip \
             authority refresh` 发布新版之前，一切请求均不予办理"
        ),
    )
}

/// Announces, asks for the hub's own renewal, and keeps the health service true; never ends.
pub async fn keep(hub: Arc<Hub>, health: HealthReporter, services: &[&str]) {
    let mut announcer = Announcer::default();
    let mut asked: Option<std::time::Instant> = None;
    let mut was: Option<Option<String>> = None;
    loop {
        let now = SystemTime::now();
        for said in announcer.due(&endings(&hub), now) {
            if said.ended {
                tracing::error!("{}", said.text.en);
            } else {
                tracing::warn!("{}", said.text.en);
            }
        }
        let silent = silent(&hub, now);
        if was.as_ref() != Some(&silent) {
            report(&health, services, silent.is_none()).await;
            match (&silent, was.is_some()) {
                (Some(why), _) => tracing::error!(why, "NOT SERVING: nothing is answered"),
                (None, true) => tracing::info!("serving again"),
                (None, false) => {}
            }
            was = Some(silent);
        }
        if asked.is_none_or(|at| at.elapsed() >= ASK_EVERY) && hub.ask_renewal(now) {
            asked = Some(std::time::Instant::now());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// As the health service says it, by each name and for the whole.
pub async fn report(health: &HealthReporter, services: &[&str], serving: bool) {
    let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    for name in services {
        health.set_service_status(*name, status).await;
    }
}
