//! The one port: TLS first, and the ALPN says whether a department's connector dials in to be
//! asked, or a client to ask.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::body::Body;
use tonic_health::server::HealthReporter;
use zerotrip_channel::{Http2Bounds, Http2Client, Peer, serve};
use zerotrip_proto::v1::{ErrorCode, NoticeReason};
use zerotrip_proto::{Refusal, bounds};

use crate::api::{self, Service, guard};
use crate::arrivals::{Arrival, Arrivals};
use crate::channels::SUPERSEDED;
use crate::hub::Hub;
use crate::limits::{KeyedQuota, Permit};
use crate::{channels, endings, past};

/// Time in which a suspended system can learn that it is, well within the second in which nothing
/// must reach it any more.
const LAST_WORDS: Duration = Duration::from_millis(700);
/// The same for one that was suspended before it connected: nothing but refusals is on its way.
const REFUSALS: Duration = Duration::from_secs(10);
/// Time for a TLS handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);

/// Time for a system that is turned away to ask, and to get the refusal.
const TURN_AWAY_TIME: Duration = Duration::from_secs(5);

/// Connections without a certificate that there is always room for.
const STRANGERS: usize = 4;

/// What a connection holds for as long as it lasts.
enum Held {
    Stranger(#[expect(dead_code, reason = "held, not read")] Permit<IpAddr>),
    Known(#[expect(dead_code, reason = "held, not read")] Permit<String>),
}

/// The open port.
pub struct Port {
    listener: TcpListener,
    service: Service,
    health: HealthReporter,
    hub: Arc<Hub>,
    /// Those who are shaking hands, by address.
    arriving: Arc<Arrivals<IpAddr>>,
    /// Those who have shown no certificate, by address.
    strangers: Arc<KeyedQuota<IpAddr>>,
    /// Those who have, by their URI.
    known: Arc<KeyedQuota<String>>,
    /// Those for which there was no permit, while they are informed of it.
    turned_away: Arc<KeyedQuota<String>>,
}

/// Why the port cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The address.
    #[error("cannot listen on {0}: {1}; is another hub running there?")]
    Listen(SocketAddr, std::io::Error),
    /// Reflection.
    #[error("the reflection service: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

impl Port {
    /// Opens the port; with port 0 the system chooses one.
    pub async fn open(hub: &Arc<Hub>, address: SocketAddr) -> Result<Self, PortError> {
        let listener =
            TcpListener::bind(address).await.map_err(|error| PortError::Listen(address, error))?;
        let most = hub.config.connections;
        let (service, health) = api::all(hub).await?;
        Ok(Self {
            listener,
            service,
            health,
            hub: Arc::clone(hub),
            // An address that floods drives out its own: none needs its own bound.
            arriving: Arrivals::new(2 * most),
            strangers: KeyedQuota::new((most / 4).max(STRANGERS), (most / 16).max(STRANGERS)),
            known: KeyedQuota::new(most, (most / 4).max(2)),
            turned_away: KeyedQuota::new(most, (most - most / 4).max(2)),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` turns true, then lets exchanges under way finish for the configured
    /// time.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let port = Arc::new(self);
        let looking =
            tokio::spawn(endings::keep(Arc::clone(&port.hub), port.health.clone(), &api::NAMES));
        let keeping = tokio::spawn(past::keep(Arc::clone(&port.hub)));
        let sending = tokio::spawn(past::send(Arc::clone(&port.hub), port.health.clone()));
        let (alive, mut all_gone) = tokio::sync::mpsc::channel::<()>(1);
        loop {
            let accepted = tokio::select! {
                accepted = port.listener.accept() => accepted,
                () = stopped(stop.clone()) => break,
            };
            let Ok((stream, from)) = accepted else {
                // Out of descriptors, most likely: a pause lets connections end.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let arriving = port.arriving.enter(from.ip());
            let (port, stop, alive) = (Arc::clone(&port), stop.clone(), alive.clone());
            tokio::spawn(async move {
                port.connection(stream, from.ip(), arriving, stop).await;
                drop(alive);
            });
        }
        drop(alive);
        let drain = port.hub.config.drain;
        if tokio::time::timeout(drain, all_gone.recv()).await.is_err() {
            tracing::warn!("stopping though connections are open: {} s are over", drain.as_secs());
        }
        looking.abort();
        keeping.abort();
        sending.abort();
    }

    fn no_room(&self) -> Refusal {
        let most = self.known.most_each();
        Refusal::bilingual(
            ErrorCode::Overloaded,
            format!(
                "the hub has no room for one more connection, or this system has {most} open, its \
                 share; use those, or try again in a second"
            ),
            format!("枢纽连接数已满，或本系统已达 {most} 个连接上限；请使用已有连接，或一秒后重试"),
        )
    }

    /// A system that is not let in gets the reason by name, on any call, and for a moment only.
    async fn turn_away(&self, stream: TlsStream<TcpStream>, peer: Peer, refusal: Refusal) {
        let Some(_place) = self.turned_away.try_acquire(peer.identity.uri()) else { return };
        serve(
            stream,
            Some(peer),
            TurnedAway(refusal),
            Http2Bounds::CLIENT,
            tokio::time::sleep(TURN_AWAY_TIME),
        )
        .await;
    }

    async fn connection(
        &self,
        stream: TcpStream,
        from: IpAddr,
        mut arriving: Arrival<IpAddr>,
        stop: watch::Receiver<bool>,
    ) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let handshake = tokio::select! {
            handshake = tokio::time::timeout(HANDSHAKE_TIME, TlsAcceptor::from(self.hub.papers.tls()).accept(stream)) => handshake,
            () = arriving.given_up() => return,
        };
        let stream = match handshake {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if is_about_certificate(&error) => {
                tracing::warn!(%from, %error, "refused: the client's certificate does not hold; has it ended?");
                return;
            }
            _ => return,
        };
        let session = stream.get_ref().1;
        let channel = session.alpn_protocol() == Some(bounds::ALPN_CHANNEL);
        let shown = session.peer_certificates();
        let peer = match Peer::shown(shown) {
            Ok(peer) => peer,
            Err(error) => {
                tracing::warn!(%error, "refused: the client's certificate does not name one system");
                return;
            }
        };
        let ends = peer.as_ref().map(|peer| peer.certified_until);
        let is_superseded = |peer: &&Peer| {
            self.hub.in_force().directory.is_superseded(&peer.identity, &peer.tls_key)
        };
        let superseded_peer = peer.as_ref().filter(is_superseded);
        if let Some(peer) = superseded_peer.filter(|_| !channel) {
            tracing::warn!(who = %peer.identity.uri(), "refused: {SUPERSEDED}");
            drop(arriving);
            return self.turn_away(stream, peer.clone(), guard::superseded()).await;
        }
        if let (None, Some((peer, shown))) =
            (superseded_peer, peer.as_ref().zip(shown.and_then(<[_]>::first)))
        {
            self.hub.callers_ends.saw(&peer.identity.uri(), shown);
        }
        let place = match &peer {
            None => self.strangers.try_acquire(from).map(Held::Stranger),
            // It takes no place of the system that was admitted anew.
            Some(peer) if superseded_peer.is_some() => {
                self.turned_away.try_acquire(peer.identity.uri()).map(Held::Known)
            }
            Some(peer) => self.known.try_acquire(peer.identity.uri()).map(Held::Known),
        };
        let Some(_place) = place else {
            let who = peer.as_ref().map_or_else(
                || format!("a client at {from} without a certificate"),
                |peer| peer.identity.uri(),
            );
            tracing::warn!(who, "refused: too many connections, or too many of theirs");
            drop(arriving);
            if let Some(peer) = peer.filter(|_| !channel) {
                self.turn_away(stream, peer, self.no_room()).await;
            }
            return;
        };
        // A finished handshake makes room for the next.
        drop(arriving);
        if !channel {
            let served = serve(
                stream,
                peer.clone(),
                self.service.clone(),
                Http2Bounds::CLIENT,
                stopped(stop),
            );
            tokio::select! {
                _ended = served => {}
                () = suspended(&self.hub, peer.as_ref()) => {}
                () = superseded(&self.hub, peer.as_ref()) => {}
                () = ended_at(ends) => {}
            }
            return;
        }
        // Here the roles turn: the peer dialled, and the hub asks.
        let Some(peer) = peer else { return };
        match Http2Client::handshake(stream, Http2Bounds::STANDARD).await {
            Ok((client, connection)) => {
                // The connection is driven by its own task; this one only waits for its end.
                let (gone, ended) = tokio::sync::oneshot::channel::<()>();
                let driver = tokio::spawn(async move {
                    connection.await;
                    drop(gone);
                });
                let ended = async {
                    let _closed = ended.await;
                };
                // Stopping is said on the channel before it closes, and so is that its certificate
                // has ended.
                let closes = async {
                    tokio::select! {
                        () = drained(&self.hub, stop) => (NoticeReason::Stopping, "the hub stops".to_owned()),
                        () = ended_at(ends) => (NoticeReason::Ended, "the connector's TLS certificate (`tls.pem`) has ended".to_owned()),
                    }
                };
                channels::run(&self.hub, peer, client, ended, closes).await;
                // Detached or drained: the socket goes too, and the connector dials anew.
                driver.abort();
            }
            Err(error) => tracing::warn!(%error, "a channel could not be opened"),
        }
    }
}

/// Answers every call with the refusal.
#[derive(Clone, Debug)]
struct TurnedAway(Refusal);

impl tower::Service<http::Request<Body>> for TurnedAway {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: http::Request<Body>) -> Self::Future {
        ready(Ok(self.0.to_status().into_http()))
    }
}

/// Whether a handshake failed for the certificate that the client showed: its holder cannot see
/// why, and asks the operator.
fn is_about_certificate(error: &std::io::Error) -> bool {
    let inner =
        error.get_ref().and_then(|inner| inner.downcast_ref::<tokio_rustls::rustls::Error>());
    inner.is_some_and(|error| matches!(error, tokio_rustls::rustls::Error::InvalidCertificate(_)))
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A dropped sender means that the process is going down: the same.
    let _either = stop.wait_for(|stop| *stop).await.is_ok();
}

/// Completes when a certificate has ended: a connection that was opened with it ends too, so that
/// its end shows when it was announced, and not at the next restart. By the clock of days, which a
/// timer over months does not follow.
async fn ended_at(ends: Option<SystemTime>) {
    const LOOK_EVERY: Duration = Duration::from_secs(60);
    let Some(ends) = ends else { return std::future::pending().await };
    while let Ok(left) = ends.duration_since(SystemTime::now()) {
        tokio::time::sleep(left.min(LOOK_EVERY) + Duration::from_millis(1)).await;
    }
}

/// Completes some time after the system is no longer active: by then it has heard so, and whatever
/// else it has not read does not leave.
async fn suspended(hub: &Hub, peer: Option<&Peer>) {
    let (mut follow, Some(Peer { identity, .. })) = (hub.follow(), peer) else {
        return std::future::pending().await;
    };
    let mut time =
        if follow.borrow().directory.is_active(identity) { LAST_WORDS } else { REFUSALS };
    loop {
        if !follow.borrow_and_update().directory.is_active(identity) {
            tokio::time::sleep(time).await;
            if !follow.borrow_and_update().directory.is_active(identity) {
                return;
            }
        }
        time = LAST_WORDS;
        if follow.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Completes once the certificate that was shown counts no more: at once, for another holder
/// could be a thief.
async fn superseded(hub: &Hub, peer: Option<&Peer>) {
    let (mut follow, Some(peer)) = (hub.follow(), peer) else {
        return std::future::pending().await;
    };
    while !follow.borrow_and_update().directory.is_superseded(&peer.identity, &peer.tls_key) {
        if follow.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Channels stay open while exchanges that need them finish.
async fn drained(hub: &Hub, stop: watch::Receiver<bool>) {
    stopped(stop).await;
    let _all = hub.exchanges.drained().await;
}
