//! Drivers for departments' legacy systems: databases, file drops, HTTP interfaces. They are read,
//! and never written.
//!
//! [`Source`] is the trait. Its doc is the manual for the author of the next driver, and
//! `conformance.rs` is the suite that each driver must pass. [`open`] is the list of kinds.
//!
//! The crate knows dataset files and its owner's [`rulings`] on unreadable rows. It knows nothing
//! of hubs, approvals and tickets: the agent (`zerotrip-connector`) decides what may be asked.

pub mod catalogue;
#[cfg(test)]
mod conformance;
mod drop;
mod filling;
mod findings;
#[doc(hidden)]
pub mod fuzzing;
mod header;
mod made;
mod number;
mod profile;
mod remote;
mod rest;
mod row_index;
mod rows;

mod rules;
pub mod rulings;
mod seen;
pub mod select;
mod snapshot;
mod table;
mod temporary;

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, watch};
use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::{FileDrop, Source as Spec};
use zerotrip_datasets::resident_id::ResidentId;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::Digest;

use crate::rulings::Rulings;

pub use self::findings::{Finding, FindingKind};
pub use self::rows::{RawRow, Rows};
pub use self::select::{Select, SelectEnd};

/// A boxed future of a source.
pub type SourceFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send + 'a>>;

/// One legacy system, read-only, as one dataset file describes it.
///
/// # What must hold
///
/// **Nothing that matches is lost.** For every spelling that
/// `zerotrip_datasets::resident_id::parse` maps to one of the keys, the row comes. A source asks
/// its index for each key's finite `spellings()`; rows whose cell is spelled otherwise (blanks
/// inside, full width) are found by a profiling pass (`profile.rs`) that keeps their locators. Too
/// many rows are no fault: the connector evaluates every row again on normalised values and drops
/// what does not match.
///
/// **Nothing unreadable is skipped.** A row whose key cell is unreadable and *could be* one of the
/// keys' (`could_match`) is reported in [`LookUpEnd::could_match`], with a locator that its owner
/// can find. If that cannot be told, the look-up fails.
///
/// **It ends only once, and truly.** `Ok` means that every row was sent. A source that cannot say
/// so returns an error; there is no partial success.
///
/// **Read-only, bound.** Keys are bound as parameters, never spliced into text. Identifiers come
/// from the dataset file, validated at [`open`] against the system's own catalogue: a table or
/// column that is gone is `SOURCE_DRIFT`, at start and while running.
///
/// **It can be stopped.** [`Stop`] is polled by long work at least every few milliseconds: it
/// covers the deadline, and a hub that hung up. A closed `rows` channel means the same.
///
/// **As-of is honest.** No later than the moment from which the rows are known to be whole, the
/// profiling pass included.
pub trait Source: fmt::Debug + Send + Sync {
    /// Sends every row in which one of the look-up's columns may hold one of the keys, in batches
    /// of at most [`BATCH_ROWS`], cells as the system holds them, in the order of the dataset
    /// file's columns.
    fn look_up<'a>(
        &'a self,
        look_up: LookUp,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, LookUpEnd>;

    /// Sends of every row of which [`Select::only`] holds or *could* hold the cells of these
    /// columns, as the system holds them; others may come too. Equal ones may come as one with
    /// their number, where [`Select::counted`] says so.
    ///
    /// As with look-ups, `Ok` means that every one was sent. What the system cannot do itself it
    /// need not: [`select::run`] decides again.
    fn select<'a>(
        &'a self,
        select: Select,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, SelectEnd>;

    /// What the system looks like now: for `check`, for the owner, and to show that it answers.
    fn survey(&self) -> SourceFuture<'_, Survey>;

    /// At most so many of the rows that cannot be read and of which their owner has stated nothing:
    /// for the owner's clerk alone.
    fn unreadable(&self, most: usize) -> SourceFuture<'_, Vec<UnreadableRow>>;
}

/// A row that cannot be read, as its owner may see it.
#[derive(Clone)]
pub struct UnreadableRow {
    /// Where it stands.
    pub locator: String,
    /// Its cells in the order of the dataset file's columns; of a row that could not be split, its
    /// beginning.
    pub cells: Vec<Option<String>>,
    /// By which its owner states whom it concerns.
    pub digest: Digest,
}

impl fmt::Debug for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadableRow").field("locator", &self.locator).finish_non_exhaustive()
    }
}

/// Most rows of one message from a source.
pub const BATCH_ROWS: usize = 1024;
/// Bytes of cells that make a message full before it has all its rows.
const BATCH_BYTES: usize = 1 << 20;

/// What to look up.
#[derive(Debug)]
pub struct LookUp {
    /// Places, in the dataset file's columns, of the look-up's columns.
    pub columns: Vec<usize>,
    /// Whom; at least one, distinct.
    pub keys: Arc<[ResidentId]>,
    /// Stop after so many rows, with `SOURCE_LIMIT`.
    pub most_rows: u64,
    /// When to give up.
    pub stop: Stop,
}

/// The end of a look-up.
#[derive(Clone, Debug)]
pub struct LookUpEnd {
    /// When the source was as it answered.
    pub as_of: SystemTime,
    /// Rows of the whole dataset as it answered, unreadable ones included: for floors and
    /// shrinkage.
    pub rows: u64,
    /// Locators of unreadable rows that could be one of the keys': for the owner only.
    pub could_match: Vec<String>,
    /// What it rests upon.
    pub rests_on: RestsOn,
}

/// What an answer rests upon. Numbers are of this process: no two are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestsOn {
    /// The system as it was at that moment, and nothing that a later look-up could rest upon too.
    #[default]
    Moment,
    /// The system's rows as they stood between two writes: whoever reads after the next write rests
    /// upon others.
    Rows(u64),
    /// A snapshot or a profiling pass, which stays what it is while newer rows come.
    Pass(u64),
}

/// A number for a snapshot or a profiling pass.
fn next_number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// What a system looks like now.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Rows, unreadable ones included.
    pub rows: u64,
    /// Rows without a readable identifier in a key column and not adjudicated, by locator; at most
    /// 100 are listed.
    pub unreadable: Vec<String>,
    /// How many there are in all.
    pub unreadable_count: u64,
    /// How many rows could be anybody's: while there is one, no absence can be proven of anybody.
    pub anybodys: u64,
    /// Of how many more their owner has stated whom they concern.
    pub adjudicated: u64,
    /// Rows found only through the profiling pass.
    pub irregular: u64,
    /// When.
    pub as_of: SystemTime,
    /// Advice for the owner, such as a missing index.
    pub advice: Vec<String>,
    /// What is wrong with its cells, by column and kind.
    pub findings: Vec<Finding>,
    /// Columns that are not what the checks take them to be, in words: nothing may be concluded
    /// from the dataset.
    pub contradictions: Vec<String>,
    /// Rows with a fault that can make an answer unavailable.
    pub spoilt_rows: u64,
    /// By look-up: persons in it, with whom it can be tried. Never shown.
    pub trials: Vec<Vec<ResidentId>>,
    /// By look-up: what is sent to the system, with placeholders for values.
    pub steps: Vec<Vec<String>>,
}

/// The deadline and the hub's patience in one flag; clones share it.
#[derive(Clone, Debug)]
pub struct Stop {
    gone: Arc<watch::Sender<bool>>,
    deadline: Instant,
}

impl Stop {
    /// Stops at the deadline, or when [`Stop::now`] is called.
    pub fn at(deadline: Instant) -> Self {
        Self { gone: Arc::new(watch::Sender::new(false)), deadline }
    }

    /// Nobody waits any more.
    pub fn now(&self) {
        self.gone.send_replace(true);
    }

    /// Why to stop, if at all.
    pub fn check(&self) -> Result<(), SourceError> {
        if *self.gone.borrow() {
            return Err(SourceError::hung_up());
        }
        if Instant::now() >= self.deadline {
            return Err(SourceError::new(ErrorCode::SourceTimeout, "the deadline has passed"));
        }
        Ok(())
    }

    /// Waits until there is a reason to stop, and says which.
    pub async fn fired(&self) -> SourceError {
        loop {
            if let Err(why) = self.check() {
                return why;
            }
            let mut gone = self.gone.subscribe();
            // Whichever it was, the check above says so.
            let _either =
                tokio::time::timeout_at(self.deadline.into(), gone.wait_for(|gone| *gone)).await;
        }
    }

    /// Time until the deadline.
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// Why a source does not answer. The code goes to the hub; the text stays in the department's log
/// and journal.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}", code.name())]
pub struct SourceError {
    /// What kind.
    pub code: ErrorCode,
    /// For the department's operator: names the thing and the remedy, never a secret, never a row.
    pub detail: String,
}

impl SourceError {
    /// Of a kind, with the operator's text.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// Nobody listens any more.
    pub fn hung_up() -> Self {
        Self::new(ErrorCode::SourceTimeout, "the hub hung up")
    }
}

/// How many rows a look-up sends, and its end: for whoever tries one.
pub async fn count_rows(
    source: &dyn Source,
    look_up: LookUp,
) -> Result<(usize, LookUpEnd), SourceError> {
    let (sender, mut rows) = mpsc::channel::<Rows>(2);
    let counted = async {
        let mut count = 0;
        while let Some(batch) = rows.recv().await {
            count += batch.len();
        }
        count
    };
    let (end, count) = tokio::join!(source.look_up(look_up, sender), counted);
    Ok((count, end?))
}

/// Opens the system that a dataset file describes. `base` is the file's folder; `state` the
/// connector's own, where snapshots are kept; `adjudications` are what the owner has stated of
/// unreadable rows. This list is every kind there is.
pub fn open(
    dataset: &DatasetFile,
    base: &Path,
    state: &Path,
    adjudications: Arc<Rulings>,
) -> Result<Arc<dyn Source>, SourceError> {
    match made::stored(dataset) {
        None => open_stored(dataset, base, state, adjudications),
        Some(stored) => Ok(Arc::new(made::MadeSource::new(
            open_stored(&stored, base, state, adjudications)?,
            dataset,
        ))),
    }
}

fn open_stored(
    dataset: &DatasetFile,
    base: &Path,
    state: &Path,
    adjudications: Arc<Rulings>,
) -> Result<Arc<dyn Source>, SourceError> {
    let dropped =
        |file: &FileDrop, format: Arc<dyn drop::Format>| -> Result<Arc<dyn Source>, SourceError> {
            Ok(Arc::new(drop::DropSource::open(
                dataset,
                file,
                format,
                base,
                state,
                Arc::clone(&adjudications),
            )?))
        };
    match &dataset.source {
        Spec::Sqlite(spec) => Ok(Arc::new(table::TableSource::open_live(
            dataset,
            spec,
            base,
            Arc::clone(&adjudications),
        )?)),
        Spec::Csv(spec) => {
            dropped(&spec.file, Arc::new(drop::Csv::new(spec.encoding, spec.separator)))
        }
        Spec::Xlsx(spec) => dropped(&spec.file, Arc::new(drop::Xlsx::new(spec))),
        Spec::Xls(spec) => dropped(&spec.file, Arc::new(drop::Xls::new(spec))),
        Spec::Dbf(spec) => dropped(&spec.file, Arc::new(drop::Dbf::new(spec))),
        Spec::Parquet(spec) => dropped(&spec.file, Arc::new(drop::Parquet)),
        Spec::Postgres(spec) => remote::postgres::open(dataset, spec, base, adjudications),
        Spec::Mysql(spec) => remote::mysql::open(dataset, spec, base, adjudications),
        Spec::Odbc(spec) => remote::odbc::open(dataset, spec, base, adjudications),
        Spec::Rest(spec) => {
            Ok(Arc::new(rest::RestSource::open(dataset, spec, base, state, adjudications)?))
        }
    }
}
