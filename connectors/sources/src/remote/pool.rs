//! A few sessions of one server, each lent for one transaction, or for one statement. One that
//! failed is not used again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zerotrip_channel::deadline::Cancellation;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::system::{Session, System};

/// Time for which an idle session counts as alive without being asked.
const JUST_USED: Duration = Duration::from_secs(5);
/// Time that an idle session may take to show that it is still alive.
const AWAKE: Duration = Duration::from_secs(2);
/// Time that a log-in may take.
const LOG_IN: Duration = Duration::from_secs(10);
/// Time that stopping the server may take; a look-up ends within a second of its cancellation.
const INTERRUPT: Duration = Duration::from_millis(500);

/// The sessions.
pub struct Pool<S: System> {
    system: Arc<S>,
    permits: Arc<Semaphore>,
    size: usize,
    idle: Mutex<Vec<Idle<S>>>,
}

/// A session that is not in use.
struct Idle<S: System> {
    session: S::Session,
    since: Instant,
}

/// A session that is in use.
pub struct Lease<S: System> {
    /// The session.
    pub session: S::Session,
    /// From before the transaction, or the one statement.
    pub begun: SystemTime,
    /// The same, for comparing.
    pub since: Instant,
    /// Gives the place back when the lease is over.
    _permit: OwnedSemaphorePermit,
}

impl<S: System> Lease<S> {
    /// Ends the transaction and begins another, which sees what is there now.
    pub async fn renew(&mut self, cancellation: &Cancellation) -> Result<(), SourceError> {
        self.session.end().await?;
        (self.begun, self.since) = (SystemTime::now(), Instant::now());
        self.session.begin(cancellation.left()).await
    }
}

impl<S: System> Pool<S> {
    /// At most `connections` sessions at once.
    pub fn new(system: S, connections: u32) -> Self {
        let permits = usize::try_from(connections).unwrap_or(1);
        Self {
            system: Arc::new(system),
            permits: Arc::new(Semaphore::new(permits)),
            size: permits,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Most sessions at once.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Where the server is.
    pub fn address(&self) -> String {
        self.system.address()
    }

    /// Waits its turn and begins a transaction, in an idle session or a new one.
    pub async fn begin(&self, cancellation: &Cancellation) -> Result<Lease<S>, SourceError> {
        tokio::select! {
            lease = self.lease(cancellation) => lease,
            why = cancellation.cancelled() => Err(why.into()),
        }
    }

    /// A session without a transaction, if there is one that was used just now. It may have died
    /// since, as it may at any moment.
    pub fn at_hand(&self) -> Option<Lease<S>> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The last one is the one that was used last.
        let session = idle.pop_if(|idle| idle.since.elapsed() < JUST_USED)?.session;
        Some(Lease { session, begun: SystemTime::now(), since: Instant::now(), _permit: permit })
    }

    /// Takes back a session that is in no transaction.
    pub fn put_back(&self, lease: Lease<S>) {
        let idle = Idle { session: lease.session, since: Instant::now() };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }

    async fn lease(&self, cancellation: &Cancellation) -> Result<Lease<S>, SourceError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit
            .map_err(|_| SourceError::new(ErrorCode::SourceFailed, "the connector is stopping"))?;
        while let Some(mut session) = self.take_idle() {
            let (begun, since) = (SystemTime::now(), Instant::now());
            // The server may have been restarted since, or have cut off who did nothing: then the
            // next one, and in the end a new one.
            if let Ok(Ok(())) =
                tokio::time::timeout(AWAKE, session.begin(cancellation.left())).await
            {
                return Ok(Lease { session, begun, since, _permit: permit });
            }
        }
        let logged_in = tokio::time::timeout(LOG_IN, self.system.log_in()).await;
        let mut session = logged_in.unwrap_or_else(|_| {
            let detail =
                format!("{} did not let us in within {} seconds", self.address(), LOG_IN.as_secs());
            Err(SourceError::new(ErrorCode::SourceUnreachable, detail))
        })?;
        let (begun, since) = (SystemTime::now(), Instant::now());
        session.begin(cancellation.left()).await?;
        Ok(Lease { session, begun, since, _permit: permit })
    }

    /// Ends a lease whose work is done; the server has answered in full, whatever happens to the
    /// session now.
    pub async fn finish(&self, mut lease: Lease<S>) {
        match lease.session.end().await {
            Ok(()) => self.put_back(lease),
            Err(error) => tracing::debug!(%error, "a connection is closed"),
        }
    }

    /// Ends a lease whose work failed or was stopped: the server is asked to stop what it still
    /// does for it.
    pub async fn abandon(&self, lease: Lease<S>) {
        match tokio::time::timeout(INTERRUPT, self.system.interrupt(lease.session.token())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(%error, "the server could not be asked to stop a query; its connection is closed")
            }
            Err(_) => tracing::debug!(
                "the server did not answer when asked to stop a query; its connection is closed"
            ),
        }
    }

    fn take_idle(&self) -> Option<S::Session> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().map(|idle| idle.session)
    }
}
