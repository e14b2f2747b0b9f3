//! A table or view on a database server: what is the same for every kind of server. `system.rs`
//! says what each kind brings along.
//!
//! A look-up is one statement by itself where that is enough, and else a read-only transaction
//! (`looking_up.rs`). It asks for each key's regular spellings, and for the raw spellings in which
//! the profiling pass has seen the person stand irregularly: with bound values only and never with
//! an expression on a column, so that the table's own indexes serve. The pass ages, and a live
//! source's answers are as old as the pass that they rest upon.

pub mod catalogue;
mod cells;
mod ground;
pub mod login;
mod looking_up;
pub mod mysql;
pub mod odbc;
mod outgoing;
mod pool;
pub mod postgres;
mod quality_scan;
mod relation;
mod selecting;
mod system;
mod table_profile;
#[cfg(test)]
pub mod tests;
mod tls;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone as _};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc};
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::file::{Remote, SqliteAsOf};
use zerotrip_datasets::{Column, DatasetFile};
use zerotrip_proto::CHINA_OFFSET_SECONDS;
use zerotrip_proto::v1::ErrorCode;

use super::profile::{KeyColumns, Profile};
use super::rules::Rules;
use super::table::id_places;
use super::{
    LookUp, LookUpEnd, Rows, Select, SelectEnd, Source, SourceError, SourceFuture, Survey,
    UnreadableRow,
};
use cells::Cells;
use ground::Ground;
use pool::{Lease, Pool};
use system::{Pushdown, Query, Relation, Session, System};
use table_profile::{ProfileBuilder, TableProfile, holds_ids};

use crate::rulings::Rulings;

/// Time that a profiling pass may take.
const PASS: Duration = Duration::from_secs(600);
/// Time after which a pass that failed is tried again.
const RETRY: Duration = Duration::from_secs(10);
/// Threads of one source; they wait for the server most of the time.
const THREADS: usize = 2;

/// A table or view on a server.
pub struct RemoteSource<S: System> {
    inner: Arc<Inner<S>>,
    workers: Workers,
}

/// A runtime of the source's own: its connections live as long as the source, whoever asks.
struct Workers(Option<Runtime>);

struct Inner<S: System> {
    shape: Shape,
    pool: Pool<S>,
    /// The columns as they were when the source was opened.
    first: OnceLock<Cells>,
    known: RwLock<Option<Arc<TableProfile>>>,
    /// Held while a pass is taken that others wait for.
    passing: tokio::sync::Mutex<()>,
    /// Why the latest pass failed, if it did.
    trouble: Mutex<Option<Trouble>>,
    /// Asks for a pass before the next one is due.
    wanted: Arc<Notify>,
}

/// A look-up that had to take a pass itself, and perhaps had not the time for it.
struct Unfinished<'a> {
    wanted: &'a Notify,
    done: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // What does not fit into the time of a look-up fits into the time of a pass of its own, for
        // the look-ups to come.
        if !self.done {
            self.wanted.notify_one();
        }
    }
}

/// What a dataset file says of the table.
struct Shape {
    dataset: String,
    table: String,
    fields: Vec<String>,
    columns: Vec<Column>,
    look_ups: Vec<KeyColumns>,
    /// Places of the columns of all look-ups, each once.
    keys: Vec<usize>,
    /// Places of all columns of ids.
    ids: Vec<usize>,
    /// Places of columns of no look-up in which a row may name whom it is about.
    beside: Vec<usize>,
    /// What the checks take its columns to say.
    rules: Arc<Rules>,
    /// Fields in which persons are whom the rows are not about.
    not_about: BTreeSet<String>,
    as_of: SqliteAsOf,
    /// The owner's reason why nothing is hidden.
    nothing_hidden: Option<String>,
    profile_every: Duration,
    /// What the owner has stated of unreadable rows.
    adjudications: Arc<Rulings>,
}

#[derive(Clone)]
struct Trouble {
    code: ErrorCode,
    detail: String,
}

/// What every kind of server's section says of how its table is read.
pub struct Polled<'a> {
    /// The table or view.
    pub table: &'a str,
    /// Most connections at once.
    pub connections: u32,
    /// Time between two profiling passes.
    pub profile_every: Duration,
    /// How old its rows are.
    pub as_of: &'a SqliteAsOf,
    /// The owner's reason why nothing is hidden.
    pub nothing_hidden: Option<&'a str>,
}

impl<'a> From<&'a Remote> for Polled<'a> {
    fn from(spec: &'a Remote) -> Self {
        Self {
            table: &spec.table,
            connections: spec.connections,
            profile_every: spec.profile_every,
            as_of: &spec.as_of,
            nothing_hidden: spec.nothing_hidden.as_deref(),
        }
    }
}

impl<S: System> fmt::Debug for RemoteSource<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSource")
            .field("dataset", &self.inner.shape.dataset)
            .finish_non_exhaustive()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Whoever drops a source may be a task, and a task must not wait for threads.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Workers {
    fn new() -> Result<Self, SourceError> {
        let made = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("zerotrip-source")
            .enable_all()
            .build();
        made.map(|runtime| Self(Some(runtime))).map_err(|error| {
            SourceError::new(ErrorCode::SourceFailed, format!("no threads: {error}"))
        })
    }

    /// Has them do something; its end can be waited for in any runtime. Should nobody wait any
    /// more, it goes on to its own end.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, SourceError>> + Send + 'static,
    ) -> Result<T, SourceError> {
        let stopped = |why: String| {
            SourceError::new(ErrorCode::SourceFailed, format!("the source's worker stopped: {why}"))
        };
        let runtime = self.0.as_ref().ok_or_else(|| stopped("the source was closed".to_owned()))?;
        runtime.spawn(work).await.unwrap_or_else(|error| Err(stopped(error.to_string())))
    }
}

impl<S: System> RemoteSource<S> {
    /// Logs in, proves that the table and its columns are there, and takes the first profiling
    /// pass.
    pub fn open(
        dataset: &DatasetFile,
        spec: &Polled<'_>,
        system: S,
        adjudications: Arc<Rulings>,
    ) -> Result<Self, SourceError> {
        let inner = Arc::new(Inner {
            shape: Shape::of(dataset, spec, adjudications),
            pool: Pool::new(system, spec.connections),
            first: OnceLock::new(),
            known: RwLock::new(None),
            passing: tokio::sync::Mutex::new(()),
            trouble: Mutex::new(None),
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
                // The opener waits for it; if it were gone there would be nobody to serve.
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

impl Shape {
    fn of(dataset: &DatasetFile, spec: &Polled<'_>, adjudications: Arc<Rulings>) -> Self {
        let look_ups = KeyColumns::of(dataset);
        let keys = KeyColumns::places(&look_ups);
        Self {
            dataset: dataset.id.clone(),
            table: spec.table.to_owned(),
            fields: dataset.columns.iter().map(|column| column.field.clone()).collect(),
            columns: dataset.columns.clone(),
            keys,
            ids: id_places(dataset),
            beside: KeyColumns::beside(dataset, &look_ups),
            rules: Arc::new(Rules::of(dataset)),
            not_about: dataset.not_about.keys().cloned().collect(),
            look_ups,
            as_of: spec.as_of.clone(),
            nothing_hidden: spec.nothing_hidden.map(str::to_owned),
            profile_every: spec.profile_every,
            adjudications,
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
        self.remember_trouble(done.as_ref().err());
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
        let (ground, _) = self.proven(lease).await?;
        let mut advice = relation.advice.clone();
        advice.extend(ground.advice(self.is_live(), self.shape.nothing_hidden.as_deref()));
        if relation.is_table {
            let fields = self.shape.keys.iter().filter_map(|place| self.shape.fields.get(*place));
            let missing = fields.filter(|field| !relation.indexed.contains(field));
            advice.extend(missing.map(|field| {
                format!("column `{field}` has no index: every look-up reads the whole table")
            }));
        }
        if let Some(trouble) = self.trouble() {
            advice.push(format!(
                "the latest profiling pass failed ({}): {}",
                trouble.code.name(),
                trouble.detail
            ));
        }
        let assayed = self.scan_quality(lease).await?;
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
            as_of: known.as_of().min(lease.begun),
            advice,
            findings: assayed.findings,
            contradictions: assayed.contradictions,
            spoilt_rows: assayed.spoilt_rows,
            trials: assayed.trials,
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
        let mut unfinished = Unfinished { wanted: &self.wanted, done: false };
        let _alone = self.passing.lock().await;
        // Somebody else may have taken one meanwhile, which knows spellings that this transaction
        // does not see yet, and no longer others.
        lease.renew(cancellation).await?;
        if let Some(known) = self.latest(lease).await? {
            unfinished.done = true;
            return Ok(known);
        }
        let done = self.pass(lease).await;
        self.remember_trouble(done.as_ref().err());
        unfinished.done = done.is_ok();
        done
    }

    /// The latest pass, if it still counts: it was over before this transaction began, it is not
    /// too old, it knows the extract that is there now, and none since has met a drift.
    async fn latest(&self, lease: &mut Lease<S>) -> Result<Option<Arc<TableProfile>>, SourceError> {
        let recorded = self.recorded(lease).await?;
        Ok(self.latest_of(lease, recorded))
    }

    /// The same, of an extract that says that it is of this time.
    fn latest_of(
        &self,
        lease: &Lease<S>,
        recorded: Option<SystemTime>,
    ) -> Option<Arc<TableProfile>> {
        let drifted = self.trouble().is_some_and(|trouble| trouble.code == ErrorCode::SourceDrift);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        let most_age = self.shape.profile_every.saturating_mul(2);
        let follows = lease.session.follows();
        known.filter(|known| {
            let is_recent = known.over <= lease.since && known.since.elapsed() <= most_age;
            !drifted
                && is_recent
                && known.recorded == recorded
                && (known.followed.is_some() || !self.is_live() || !follows)
        })
    }

    /// Reads the key columns of the whole table.
    async fn pass(&self, lease: &mut Lease<S>) -> Result<Arc<TableProfile>, SourceError> {
        let relation = self.relation(lease).await?;
        let recorded = self.recorded(lease).await?;
        let (_, followed) = self.proven(lease).await?;
        let cells = self.cells()?;
        // A row of which something is stated is known by all its cells; so is one that has no key.
        let all: Vec<usize> = (0..self.shape.fields.len()).collect();
        let left = self.left(&relation)?;
        let may_name =
            |place: &&usize| cells.column(**place).is_some_and(|column| holds_ids(column.form));
        let telling: Vec<usize> = self
            .shape
            .keys
            .iter()
            .chain(self.shape.beside.iter().filter(may_name))
            .copied()
            .collect();
        let by_keys = self.shape.adjudications.is_empty()
            && !relation.locator.is_empty()
            && !KeyColumns::need_others(&self.shape.look_ups);
        let places = if by_keys { &telling } else { &all };
        let mut pass =
            ProfileBuilder::new(self.profile()?, places, cells, &left, &relation.locator);
        self.read(lease, places, &left, &relation, &mut pass).await?;
        pass.close(&self.shape.table)?;
        let known = Arc::new(pass.finish(lease.begun, lease.since, recorded, followed));
        let mut latest = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if latest.as_ref().is_none_or(|latest| latest.since <= known.since) {
            *latest = Some(Arc::clone(&known));
        }
        Ok(known)
    }

    /// Reads the whole table for rows that cannot be read and of which nothing is stated.
    async fn find_unreadable(
        &self,
        lease: &mut Lease<S>,
        most: usize,
    ) -> Result<Vec<UnreadableRow>, SourceError> {
        let relation = self.relation(lease).await?;
        let all: Vec<usize> = (0..self.shape.fields.len()).collect();
        let pass =
            ProfileBuilder::new(self.profile()?, &all, self.cells()?, &[], &relation.locator);
        let mut pass = pass.finding();
        self.read(lease, &all, &[], &relation, &mut pass).await?;
        pass.close(&self.shape.table)?;
        Ok(pass.found(most))
    }

    /// Reads these columns of every row.
    async fn read(
        &self,
        lease: &mut Lease<S>,
        places: &[usize],
        left: &[system::Column],
        relation: &Relation,
        pass: &mut ProfileBuilder<'_>,
    ) -> Result<(), SourceError> {
        let cells = self.cells()?;
        let columns = places.iter().filter_map(|place| cells.column(*place)).chain(left).collect();
        let query = Query {
            columns,
            locator: &relation.locator,
            asked: Vec::new(),
            only: Pushdown::default(),
        };
        let read = lease.session.read(&query, pass).await;
        read.map_err(|error| match left {
            [] => error,
            _ if error.code == ErrorCode::SourceTimeout => error,
            // It may be one of these that the reader is not allowed to see.
            _ => {
                let names: Vec<&str> = left.iter().map(|column| column.name.as_str()).collect();
                let detail = format!(
                    "{}; columns that the dataset file does not name are read too, since a row \
                     could be about persons who are named there ({}): allow the reader to see \
                     them, or say in `[not_about]` why it is not",
                    error.detail,
                    names.join(", ")
                );
                SourceError::new(error.code, detail)
            }
        })
    }

    fn profile(&self) -> Result<Profile, SourceError> {
        Profile::new(
            self.shape.look_ups.clone(),
            self.shape.beside.clone(),
            Vec::new(),
            Arc::clone(&self.shape.adjudications),
        )
    }

    /// What the catalogue says now, held against what it said when the source was opened.
    async fn relation(&self, lease: &mut Lease<S>) -> Result<Relation, SourceError> {
        let relation = lease.session.relation().await?;
        let cells = Cells::of(
            &relation,
            &self.shape.table,
            &self.shape.fields,
            &self.shape.ids,
            &self.shape.keys,
        )?;
        self.first.get_or_init(|| cells.clone()).unchanged(&cells)?;
        Ok(relation)
    }

    /// Proves that nothing is hidden and, of a live table, that its rows are of now; or says up to
    /// when its server has followed another one. An extract says itself of when it is.
    async fn proven(
        &self,
        lease: &mut Lease<S>,
    ) -> Result<(Ground, Option<SystemTime>), SourceError> {
        let ground = lease.session.ground().await?;
        ground.shows_all(&self.shape.table, self.shape.nothing_hidden.as_deref())?;
        if !self.is_live() {
            return Ok((ground, None));
        }
        ground.is_of_now(&self.shape.table)?;
        if !lease.session.follows() {
            return Ok((ground, None));
        }
        let followed = lease.session.followed().await?.ok_or_else(|| {
            let remedy = "name the table and column that tell of when its rows are in \
                          `source.as_of`, or attach the system itself";
            let detail = format!(
                "{} follows another server and cannot say how far; {remedy}",
                self.pool.address()
            );
            SourceError::new(ErrorCode::SourceStale, detail)
        })?;
        Ok((ground, Some(followed)))
    }

    fn is_live(&self) -> bool {
        matches!(self.shape.as_of, SqliteAsOf::Live)
    }

    /// An extract's own time.
    async fn recorded(&self, lease: &mut Lease<S>) -> Result<Option<SystemTime>, SourceError> {
        let SqliteAsOf::Table { table, column } = &self.shape.as_of else { return Ok(None) };
        let text = lease.session.newest(table, column).await?.unwrap_or_default();
        let time = moment(&text).ok_or_else(|| {
            let detail = format!(
                "`{table}`.`{column}`, which `source.as_of` names, holds no time such as \
                 2026-11-22T00:30:00+08:00"
            );
            SourceError::new(ErrorCode::SourceStale, detail)
        })?;
        Ok(Some(time))
    }

    fn cells(&self) -> Result<&Cells, SourceError> {
        self.first.get().ok_or_else(|| {
            SourceError::new(ErrorCode::SourceFailed, "the table was never looked at")
        })
    }

    fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember_trouble(&self, error: Option<&SourceError>) {
        let trouble = error.map(|error| Trouble { code: error.code, detail: error.detail.clone() });
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// Why nobody waits any more, as soon as that is so.
async fn gone<T>(cancellation: &Cancellation, rows: &mpsc::Sender<T>) -> SourceError {
    tokio::select! {
        why = cancellation.cancelled() => why.into(),
        () = rows.closed() => SourceError::hung_up(),
    }
}

/// A time as databases and people write it; without an offset, Beijing's.
pub fn moment(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.into());
    }
    for form in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, form) {
            return Some(time.into());
        }
    }
    let time = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    FixedOffset::east_opt(CHINA_OFFSET_SECONDS.into())?
        .from_local_datetime(&time)
        .single()
        .map(SystemTime::from)
}
