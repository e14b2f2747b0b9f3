//! Keeps one channel to the hub: dials out, serves on the socket, and dials again when it is gone.
//! The department opens no port.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use zerotrip_channel::{HomeError, Http2Bounds, Peer, Served, dial, serve};
use zerotrip_proto::bounds;
use zerotrip_proto::v1::NoticeReason;

use crate::service;
use crate::serving::{Agent, DRAIN, Notice};

/// The first pause before dialling again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest: a hub that comes back is met within a second.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// What to do about a certificate that has ended.
const RENEWED_BY_HAND: &str =
    "It asks for its renewal every minute; the authority renews it with `zerotrip member renew`";

/// A channel that lives this long was accepted by the hub.
const SETTLED: Duration = Duration::from_secs(2);
/// Time after which the same cause is said again: dialling goes on more than once a second.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// Serves until `stop` turns true, then lets scans under way finish for at most [`DRAIN`].
pub async fn run(agent: &Arc<Agent>, mut stop: watch::Receiver<bool>) -> Result<(), HomeError> {
    // At the start, a folder without a usable certificate is an error. Later it may be a file that
    // is being replaced.
    let mut tls = agent.dialling().tls(bounds::ALPN_CHANNEL)?;
    let mut pause = FIRST_PAUSE;
    let mut said = Said::default();
    let mut restated = agent.restated();
    while !*stop.borrow() {
        // The channel that is opened now carries everything that was stated until now.
        restated.mark_unchanged();
        // The certificate may have been renewed.
        match agent.dialling().tls(bounds::ALPN_CHANNEL) {
            Ok(newest) => tls = newest,
            Err(error) => {
                said.say(format!("the certificate in use stays: {error}; dialling again"))
            }
        }
        match dial(&agent.home().address, Arc::clone(&tls)).await {
            Ok(stream) => {
                let opened = Instant::now();
                // A notice about the channel before does not explain the end of this one.
                let _before = agent.take_notice();
                said.open(agent);
                // The handshake has verified whose it is.
                let peer =
                    Peer::shown(stream.get_ref().1.peer_certificates()).unwrap_or_else(|error| {
                        said.say(format!("the hub's certificate cannot be read: {error}"));
                        None
                    });
                let (routes, ends) = service::open(agent, ended(stop.clone(), restated.clone()));
                let serving = serve(stream, peer, routes, Http2Bounds::STANDARD, ends);
                let served = within_drain(serving, ended(stop.clone(), restated.clone())).await;
                if *stop.borrow() {
                    break;
                }
                // The hub closes a channel whose lane has closed, and may be the quicker one.
                let is_restated = restated.has_changed().unwrap_or(false);
                if is_restated || matches!(served, Some(Served::Drained) | None) {
                    tracing::info!(
                        "attaching anew, with what is stated now and the certificate that holds \
                         now"
                    );
                    pause = FIRST_PAUSE;
                    continue;
                }
                let settled = opened.elapsed() >= SETTLED;
                let now = SystemTime::now();
                let ends = agent.dialling().certificate_ends().filter(|ends| *ends <= now);
                said.say(
                    Ending { notice: agent.take_notice(), certificate_ended: ends, settled }
                        .in_words(),
                );
                if settled {
                    pause = FIRST_PAUSE;
                }
            }
            Err(error) => {
                said.say(format!("the hub cannot be reached: {error}; dialling again until it can"))
            }
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

/// What is known of why a channel ended.
#[derive(Debug)]
struct Ending {
    /// What the hub said.
    notice: Option<Notice>,
    /// When this connector's certificate ended, if it has.
    certificate_ended: Option<SystemTime>,
    /// Whether the hub had taken the channel.
    settled: bool,
}

impl Ending {
    /// Each cause in its own words, with its remedy.
    fn in_words(&self) -> String {
        if let Some(Notice { reason, why }) = &self.notice {
            return match reason {
                NoticeReason::Stopping => "the hub stops or restarts, as it says itself; dialling \
                                           until it is back"
                    .to_owned(),
                NoticeReason::SameKeys => format!(
                    "the hub closed the channel: {why}. Another connector runs with a copy of \
                     this folder: stop one of the two; dialling again"
                ),
                NoticeReason::NotActive => {
                    format!(
                        "the hub closed the channel: {why}. The authority can make it active \
                         again; dialling until it is"
                    )
                }
                NoticeReason::Ended => {
                    format!("the hub closed the channel: {why}. {RENEWED_BY_HAND}; dialling again")
                }
                NoticeReason::Replaced => {
                    format!("the hub closed the channel: {why}; dialling again")
                }
                _ => format!("the hub closed the channel: {why}; dialling again"),
            };
        }
        if let Some(ended) = self.certificate_ended {
            let ended = chrono::DateTime::<chrono::Local>::from(ended)
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, false);
            return format!(
                "the hub takes no channel of this connector: its TLS certificate (`tls.pem`) \
                 ended on {ended}. {RENEWED_BY_HAND}; dialling again"
            );
        }
        if self.settled {
            return "the channel broke without a word from the hub: the hub was killed, or the \
                    network between failed; dialling again"
                .to_owned();
        }
        "the hub closed the channel at once, without a word: it is starting or stopping, or of an \
         older release; if this goes on, its operator finds why in the hub's log; dialling again"
            .to_owned()
    }
}

/// What was said last, so that one cause does not fill the log.
#[derive(Debug, Default)]
struct Said(Option<(String, Instant)>);

impl Said {
    fn say(&mut self, text: String) {
        if self.0.as_ref().is_some_and(|(known, at)| *known == text && at.elapsed() < SAY_AGAIN) {
            tracing::debug!("{text}");
            return;
        }
        tracing::warn!("{text}");
        self.0 = Some((text, Instant::now()));
    }

    /// A channel is open. Channels that the hub closes at once, one after another, are not logged
    /// each time.
    fn open(&self, agent: &Agent) {
        if self.0.as_ref().is_some_and(|(_, at)| at.elapsed() < SETTLED) {
            tracing::debug!(hub = %agent.home().address, "channel open");
        } else {
            tracing::info!(hub = %agent.home().address, "channel open");
        }
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A dropped sender means that the process is going down: the same.
    let _either = stop.wait_for(|stop| *stop).await.is_ok();
}

/// Completes when this channel is to end: the process stops, or what is stated has changed.
async fn ended(stop: watch::Receiver<bool>, mut restated: watch::Receiver<()>) {
    tokio::select! {
        () = stopped(stop) => {}
        _either = restated.changed() => {}
    }
}

async fn within_drain(
    serving: impl Future<Output = Served>,
    ended: impl Future<Output = ()>,
) -> Option<Served> {
    tokio::select! {
        served = serving => Some(served),
        () = async { ended.await; tokio::time::sleep(DRAIN).await } => None,
    }
}

/// Half to all of the pause, so that many connectors do not dial in step. Randomness of a random
/// UUID will do for that.
fn jittered(pause: Duration) -> Duration {
    let dice = uuid::Uuid::new_v4().as_u128() % 1000;
    let part = u32::try_from(dice).unwrap_or(0);
    pause / 2 + pause * part / 2000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_words_of_its_own_and_none_blames_a_copy_that_is_not_there() {
        let of = |reason, why: &str| Ending {
            notice: Some(Notice { reason, why: why.to_owned() }),
            certificate_ended: None,
            settled: false,
        };
        let silent =
            |certificate_ended, settled| Ending { notice: None, certificate_ended, settled };
        let all = [
            of(NoticeReason::Stopping, ""),
            of(NoticeReason::NotActive, "its system is not active in the key directory"),
            of(NoticeReason::SameKeys, "a connector with the same keys is attached and alive"),
            of(NoticeReason::Directory, "it does not confirm the key directory in force"),
            of(NoticeReason::Ended, "the connector's TLS certificate (`tls.pem`) has ended"),
            silent(Some(SystemTime::UNIX_EPOCH), false),
            silent(None, true),
            silent(None, false),
        ];
        let said: Vec<String> = all.iter().map(Ending::in_words).collect();
        let distinct: std::collections::BTreeSet<&String> = said.iter().collect();
        assert_eq!(distinct.len(), said.len(), "{said:?}");
        for (at, text) in said.iter().enumerate() {
            assert_eq!(text.contains("copy of this folder"), at == 2, "{text}");
            assert!(text.contains("dialling"), "{text}");
        }
        assert!(
            said.iter().any(|text| text.contains("certificate (`tls.pem`) ended on 1970-01-01"))
        );
    }

    #[test]
    fn one_cause_is_said_once_and_another_at_once() {
        let mut said = Said::default();
        let at = |said: &Said| said.0.as_ref().map(|(_, at)| *at);
        said.say("a".to_owned());
        let first = at(&said);
        said.say("a".to_owned());
        assert_eq!(at(&said), first);
        said.say("b".to_owned());
        assert_ne!(at(&said), first);
    }
}
