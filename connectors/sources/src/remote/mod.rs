//! A table or view on a database server: what is the same for every kind of server. `system.rs`
//! says what each kind brings along.
//!
//! A look-up is one statement by itself where that is enough, and else a read-only transaction
//! (`looking_up.rs`). It asks for each key's regular spellings, and for the raw spellings in which
//! the profiling pass has seen the person, irregularly: with bound values only and never with
//! an expression on a column, so that the table's own indexes serve. The pass ages, and a live
//! source's answers are as old as the pass that they rest upon.

pub mod catalogue;
mod cells;
mod lineage;
pub mod login;
mod looking_up;
pub mod mysql;
pub mod odbc;
mod pool;
pub mod postgres;
mod profiling;
mod quality_scan;
mod relation;
mod row_sender;
mod selecting;
mod system;
mod table_profile;
mod table_shape;
#[cfg(test)]
pub mod tests;
mod tls;
mod verifying;
mod workers;

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::DatasetFile;
use zerotrip_proto::v1::ErrorCode;

use super::{
    LookUp, LookUpEnd, Rows, Select, SelectEnd, Source, SourceError, SourceFuture, Survey,
    UnreadableRow,
};
use cells::Cells;
use pool::{Lease, Pool};
use system::System;
use table_profile::TableProfile;
use table_shape::{PollSettings, RemoteTableShape};
use workers::Workers;

use crate::rulings::Rulings;

/// Time that a profiling pass may take.
const PASS: Duration = Duration::from_secs(600);
/// Time after which a pass that failed is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// A table or view on a server.
pub struct RemoteSource<S: System> {
    inner: Arc<Inner<S>>,
    workers: Workers,
}

struct Inner<S: System> {
    shape: RemoteTableShape,
    pool: Pool<S>,
    /// The columns as they were when the source was opened.
    first: OnceLock<Cells>,
    known: RwLock<Option<Arc<TableProfile>>>,
    /// Held while a pass is taken that others wait for.
    passing: tokio::sync::Mutex<()>,
    /// Why the latest pass failed, if it did.
    failure: Mutex<Option<PassFailure>>,
    /// Asks for a pass before the next one is due.
    wanted: Arc<Notify>,
}

/// Asks for a pass when a look-up that had to take one itself ends without it.
struct RequestPassOnDrop<'a> {
    wanted: &'a Notify,
    done: bool,
}

impl Drop for RequestPassOnDrop<'_> {
    fn drop(&mut self) {
        // What does not fit into the time of a look-up fits into the time of a separate pass, for
        // the look-ups to come.
        if !self.done {
            self.wanted.notify_one();
        }
    }
}

#[derive(Clone)]
struct PassFailure {
    code: ErrorCode,
    detail: String,
}

impl<S: System> fmt::Debug for RemoteSource<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSource")
            .field("dataset", &self.inner.shape.dataset)
            .finish_non_exhaustive()
    }
}

impl<S: System> RemoteSource<S> {
    /// Logs in, proves that the table and its columns are there, and takes the first profiling
    /// pass.
    pub fn open(
        dataset: &DatasetFile,
        spec: &PollSettings<'_>,
        system: S,
        rulings: Arc<Rulings>,
    ) -> Result<Self, SourceError> {
        let inner = Arc::new(Inner {
            shape: RemoteTableShape::of(dataset, spec, rulings),
            pool: Pool::new(system, spec.connections),
            first: OnceLock::new(),
            known: RwLock::new(None),
            passing: tokio::sync::Mutex::new(()),
            failure: Mutex::new(None),
            wanted: Arc::new(Notify::new()),
        });
        let source = Self { inner, workers: Workers::new()? };
        // The caller may be a task already, in which no runtime could be waited for; a thread's
        // channel can be.
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let inner = Arc::clone(&source.inner);
        let runtime = source.workers.0.as_ref().map(Runtime::handle);
        if let Some(runtime) = runtime {
            runtime.spawn(async move {
                let opened = inner.refresh().await;
                let weak = Arc::downgrade(&inner);
                // The opener waits for it; if it is gone, no one is left to serve.
                if sender.send(opened).is_ok() {
                    drop(inner);
                    keep_fresh(&weak).await;
                }
            });
        }
        receiver.recv().unwrap_or_else(|_| {
            Err(SourceError::new(ErrorCode::SourceFailed, "the source's worker stopped"))
        })?;
        Ok(source)
    }
}

impl<S: System> Source for RemoteSource<S> {
    fn look_up<'a>(
        &'a self,
        look_up: LookUp,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, LookUpEnd> {
        let inner = Arc::clone(&self.inner);
        Box::pin(self.workers.run(async move { inner.look_up(&look_up, &rows).await }))
    }

    fn select<'a>(
        &'a self,
        select: Select,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, SelectEnd> {
        let inner = Arc::clone(&self.inner);
        Box::pin(self.workers.run(async move { inner.select(&select, &rows).await }))
    }

    fn most_at_once(&self) -> usize {
        self.inner.pool.size()
    }

    fn survey(&self) -> SourceFuture<'_, Survey> {
        let inner = Arc::clone(&self.inner);
        Box::pin(self.workers.run(async move { inner.survey().await }))
    }

    fn unreadable(&self, most: usize) -> SourceFuture<'_, Vec<UnreadableRow>> {
        let inner = Arc::clone(&self.inner);
        Box::pin(self.workers.run(async move { inner.unreadable(most).await }))
    }
}

/// Takes a pass now and then, for as long as there is a source.
async fn keep_fresh<S: System>(source: &Weak<Inner<S>>) {
    let Some((every, wanted)) =
        source.upgrade().map(|inner| (inner.shape.profile_every, Arc::clone(&inner.wanted)))
    else {
        return;
    };
    if every.is_zero() {
        return; // every look-up takes its own
    }
    let mut wait = every;
    loop {
        // Which of the two it was makes no difference.
        let _early = tokio::time::timeout(wait, wanted.notified()).await;
        let Some(inner) = source.upgrade() else { return };
        let refreshed = inner.refresh().await;
        wait = if refreshed.is_ok() { every } else { every.min(RETRY) };
        if let Err(error) = refreshed {
            tracing::warn!(dataset = %inner.shape.dataset, %error, "the profiling pass failed; the one before serves until it is too old");
        }
    }
}

impl<S: System> Inner<S> {
    async fn survey(&self) -> Result<Survey, SourceError> {
        let cancellation = Cancellation::after(PASS);
        let mut lease = self.pool.begin(&cancellation).await?;
        let done = tokio::select! {
            done = self.look_at(&mut lease, &cancellation) => done,
            why = cancellation.cancelled() => Err(why.into()),
        };
        self.settle(lease, done).await
    }

    async fn unreadable(&self, most: usize) -> Result<Vec<UnreadableRow>, SourceError> {
        let cancellation = Cancellation::after(PASS);
        let mut lease = self.pool.begin(&cancellation).await?;
        let done = tokio::select! {
            done = self.find_unreadable(&mut lease, most) => done,
            why = cancellation.cancelled() => Err(why.into()),
        };
        self.settle(lease, done).await
    }

    /// Takes a new pass, for those who come later.
    async fn refresh(&self) -> Result<(), SourceError> {
        let _alone = self.passing.lock().await;
        let done = self.pass_apart().await;
        self.remember_failure(done.as_ref().err());
        done
    }

    async fn pass_apart(&self) -> Result<(), SourceError> {
        let cancellation = Cancellation::after(PASS);
        let mut lease = self.pool.begin(&cancellation).await?;
        let done = tokio::select! {
            done = self.pass(&mut lease) => done.map(|_| ()),
            why = cancellation.cancelled() => Err(why.into()),
        };
        self.settle(lease, done).await
    }

    async fn settle<T>(
        &self,
        lease: Lease<S>,
        done: Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        match done {
            Ok(value) => {
                self.pool.finish(lease).await;
                Ok(value)
            }
            Err(error) => {
                self.pool.abandon(lease).await;
                Err(error)
            }
        }
    }

    async fn look_at(
        &self,
        lease: &mut Lease<S>,
        cancellation: &Cancellation,
    ) -> Result<Survey, SourceError> {
        let relation = self.relation(lease).await?;
        let known = self.known(lease, cancellation).await?;
        let (lineage, _) = self.proven(lease).await?;
        let mut advice = relation.advice.clone();
        advice.extend(lineage.advice(self.is_live(), self.shape.nothing_hidden.as_deref()));
        if relation.is_table {
            let fields = self.shape.keys.iter().filter_map(|place| self.shape.fields.get(*place));
            let missing = fields.filter(|field| !relation.indexed.contains(field));
            advice.extend(missing.map(|field| {
                format!("column `{field}` has no index: every look-up reads the whole table")
            }));
        }
        if let Some(failure) = self.last_failure() {
            advice.push(format!(
                "the latest profiling pass failed ({}): {}",
                failure.code.name(),
                failure.detail
            ));
        }
        let as_of = known.as_of().min(lease.begun);
        let quality = self.scan_quality(lease, as_of).await?;
        let steps = self
            .shape
            .look_ups
            .iter()
            .map(|look_up| self.steps(lease, look_up))
            .collect::<Result<_, _>>()?;
        Ok(Survey {
            rows: known.profile.rows,
            unreadable: known.unreadable().take(100).collect(),
            unreadable_count: known.profile.unreadable_count(),
            anybodys: known.profile.anybodys(),
            adjudicated: known.profile.adjudicated_count(),
            irregular: known.profile.irregular_count(),
            as_of,
            advice,
            findings: quality.findings,
            contradictions: quality.contradictions,
            suspicions: quality.suspicions,
            notes: quality.notes,
            spoilt_rows: quality.spoilt_rows,
            trials: quality.trials,
            steps,
        })
    }

    /// A pass that is young enough and older than this transaction; if there is none, one within
    /// the transaction itself.
    async fn known(
        &self,
        lease: &mut Lease<S>,
        cancellation: &Cancellation,
    ) -> Result<Arc<TableProfile>, SourceError> {
        if self.shape.profile_every.is_zero() {
            return self.pass(lease).await;
        }
        if let Some(known) = self.latest(lease).await? {
            return Ok(known);
        }
        let mut pass_request = RequestPassOnDrop { wanted: &self.wanted, done: false };
        let _alone = self.passing.lock().await;
        // Another look-up may have taken one meanwhile, which knows spellings that this transaction
        // does not see yet, and no longer others.
        lease.renew(cancellation).await?;
        if let Some(known) = self.latest(lease).await? {
            pass_request.done = true;
            return Ok(known);
        }
        let done = self.pass(lease).await;
        self.remember_failure(done.as_ref().err());
        pass_request.done = done.is_ok();
        done
    }

    fn last_failure(&self) -> Option<PassFailure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember_failure(&self, error: Option<&SourceError>) {
        let failure =
            error.map(|error| PassFailure { code: error.code, detail: error.detail.clone() });
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }
}

/// Why the caller no longer waits, as soon as that is so.
async fn caller_gone<T>(cancellation: &Cancellation, rows: &mpsc::Sender<T>) -> SourceError {
    tokio::select! {
        why = cancellation.cancelled() => why.into(),
        () = rows.closed() => SourceError::hung_up(),
    }
}
