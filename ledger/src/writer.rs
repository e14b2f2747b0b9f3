//! The one thread that writes. It takes whatever is queued, commits it in one transaction, and only
//! then answers.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot, watch};
use zerotrip_trust::SigningKey;
use zerotrip_trust::merkle::{CompactRange, inclusion_path};

use crate::audit;
use crate::error::{LedgerError, OpenError};
use crate::fault::Fault;
use crate::held::{Held, Mark, Marked};
use crate::schema;
use crate::segments::Archive;
use crate::tree::{Growing, Head};
use crate::work::{Done, Work, apply};

/// Most jobs of one transaction.
pub const BATCH: usize = 256;

/// From this number of open exchanges on, more jobs are about to come.
const CROWD: i64 = 16;
/// Time that a commit then waits for them: one fsync for many, where each would have had one of its
/// own for two.
const GATHER: Duration = Duration::from_millis(1);

/// A job and who waits for it.
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) reply: oneshot::Sender<Result<Done, LedgerError>>,
}

pub(crate) struct Writer {
    connection: Connection,
    /// Of the committed tree.
    range: CompactRange,
    archive: Archive,
    key: SigningKey,
    head: watch::Sender<Arc<Head>>,
    commits: Arc<AtomicU64>,
    /// Something was erased, and the WAL may still have it.
    erased: bool,
    /// Exchanges that were intended here and not closed yet.
    open: i64,
    /// Why nothing is recorded any more.
    failed: Option<String>,
    watched: Watched,
}

/// What must stay as it was for a commit to count, and what shows it after this process.
pub(crate) struct Watched {
    /// [`schema::data_version`] before the store was audited.
    pub(crate) version: i64,
    /// [`schema::schema_version`] then.
    pub(crate) schema: i64,
    pub(crate) files: Held,
    pub(crate) mark: Mark,
    /// Whether nothing is recorded any more, for all to see.
    pub(crate) failed: Arc<AtomicBool>,
    /// Let go when the writer is.
    pub(crate) _lock: File,
}

/// Why a whole batch is not recorded.
enum Failed {
    /// It was not even begun, within the time that a connection waits for a lock: the next one may
    /// be.
    Busy(rusqlite::Error),
    /// What the disk holds is unknown.
    Lasting(LedgerError),
}

impl From<LedgerError> for Failed {
    fn from(error: LedgerError) -> Self {
        Self::Lasting(error)
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Lasting(error.into())
    }
}

impl Watched {
    /// Another connection wrote, or emptied the WAL, which looks the same. The log, its exchanges
    /// and its tables must be as this writer left them: what another writer has added would be
    /// signed as ours, and what it took away would be given out twice.
    fn still_ours(
        &self,
        connection: &Connection,
        archive: &Archive,
        range: &CompactRange,
    ) -> Result<(), LedgerError> {
        let foreign = |what: &dyn std::fmt::Display| {
            LedgerError::Unavailable(format!(
                "another program has written to the store ({what}); find it, and restart"
            ))
        };
        let found = audit::audit(connection, archive, false).map_err(|error| foreign(&error))?;
        if found != *range {
            return Err(foreign(&format_args!(
                "it has {} leaves, not {}",
                found.size(),
                range.size()
            )));
        }
        if schema::schema_version(connection)? != self.schema {
            return Err(foreign(&"its tables are others"));
        }
        tracing::warn!(
            "another program has the store open, and wrote or emptied its WAL; to copy the store \
             use `zerotrip-hub backup`"
        );
        Ok(())
    }
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        range: CompactRange,
        archive: Archive,
        key: SigningKey,
        head: watch::Sender<Arc<Head>>,
        commits: Arc<AtomicU64>,
        watched: Watched,
    ) -> Self {
        Self {
            connection,
            range,
            archive,
            key,
            head,
            commits,
            // What a killed process erased may still be in its WAL.
            erased: true,
            open: 0,
            failed: None,
            watched,
        }
    }

    /// Until the queue or the store is closed.
    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH);
        while queue.blocking_recv_many(&mut jobs, BATCH) > 0 {
            if self.open >= CROWD {
                std::thread::sleep(GATHER);
                jobs.extend(
                    std::iter::from_fn(|| queue.try_recv().ok())
                        .take(BATCH.saturating_sub(jobs.len())),
                );
            }
            let (mut replies, mut works, mut closing) = (Vec::new(), Vec::new(), false);
            let mut fold = false;
            for Job { work, reply } in jobs.drain(..) {
                closing |= matches!(work, Work::Close);
                fold |= matches!(work, Work::Erase { .. } | Work::Fold);
                self.erased |= matches!(work, Work::Erase { .. });
                works.push(work);
                replies.push(reply);
            }
            let mut results = self.batch(works);
            if fold && self.erased && results.is_ok() {
                self.empty_wal();
            }
            if fold {
                let done = results.iter_mut().flatten().flatten();
                done.for_each(|done| done.left_in_wal = self.erased);
            }
            if closing {
                // No job gets in any more. The callers of those queued behind learn it as their
                // reply is dropped.
                queue.close();
                schema::fold_wal(&self.connection);
            }
            match results {
                // A caller that no longer waits needs no reply.
                Ok(results) => replies
                    .into_iter()
                    .zip(results)
                    .for_each(|(reply, result)| drop(reply.send(result))),
                Err(error) => {
                    replies.into_iter().for_each(|reply| drop(reply.send(Err(error.clone()))))
                }
            }
            if closing {
                return;
            }
        }
    }

    /// Where a reader is in the way, the next order or [`Work::Fold`] tries again.
    fn empty_wal(&mut self) {
        match schema::empty_wal(&self.connection) {
            Ok(emptied) => self.erased = !emptied,
            Err(error) => tracing::warn!(%error, "what was erased is still in the store's WAL"),
        }
    }

    /// The outer error is every waiter's, and lasts.
    fn batch(&mut self, works: Vec<Work>) -> Result<Vec<Result<Done, LedgerError>>, LedgerError> {
        if let Some(why) = &self.failed {
            return Err(LedgerError::Unavailable(why.clone()));
        }
        self.commit(works).map_err(|failed| match failed {
            Failed::Busy(error) => {
                tracing::error!(%error, "nothing can be recorded: another program holds the store's lock");
                LedgerError::Unavailable(format!("another program holds the store's lock; find it, and end it: {error}"))
            }
            Failed::Lasting(error) => {
                let why = format!("nothing is recorded any more since a write failed, see the disk and restart: {error}");
                tracing::error!(%error, "the ledger could not commit; it refuses every further write until it is opened again");
                self.failed = Some(why.clone());
                self.watched.failed.store(true, Ordering::Relaxed);
                LedgerError::Unavailable(why)
            }
        })
    }

    fn commit(&mut self, works: Vec<Work>) -> Result<Vec<Result<Done, LedgerError>>, Failed> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = transaction.map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy) => Failed::Busy(error),
            _ => error.into(),
        })?;
        // Inside the transaction, so that nothing gets in between.
        let version = schema::data_version(&transaction)?;
        if version != self.watched.version {
            self.watched.still_ours(&transaction, &self.archive, &self.range)?;
            self.watched.version = version;
        }
        let mut tree = Growing::from(&self.range);
        let mut results = Vec::with_capacity(works.len());
        let mut open = self.open;
        let lasting = works.iter().any(|work| matches!(work, Work::PutBundle { .. }));
        for work in works {
            let more = match work {
                Work::Intend { .. } => 1,
                Work::Complete { .. } => -1,
                _ => 0,
            };
            transaction.prepare_cached("SAVEPOINT item")?.execute([])?;
            let before = tree.range.clone();
            match apply(&transaction, &self.archive, &mut tree, work) {
                Ok(done) => {
                    results.push(Ok(done));
                    open += more;
                }
                Err(Fault::Refused(error)) => {
                    transaction.prepare_cached("ROLLBACK TO item")?.execute([])?;
                    tree.range = before;
                    results.push(Err(error));
                }
                Err(Fault::Store(error)) => return Err(error.into()),
            }
            transaction.prepare_cached("RELEASE item")?.execute([])?;
        }
        let head = if tree.range.size() == self.range.size() {
            Arc::clone(&self.head.borrow())
        } else {
            tree.save(&transaction)?;
            Arc::new(Head::of(&tree.range, self.archive.origin(), &self.key))
        };
        // Before the commit, so that a proof that cannot be made leaves nothing behind.
        for done in results.iter_mut().flatten() {
            if let Some(receipt) = &mut done.receipt {
                let path = inclusion_path(&tree, receipt.index, head.size());
                let path = path.map_err(|error| LedgerError::Unavailable(error.to_string()))?;
                receipt.path = path.iter().map(|digest| digest.to_vec()).collect();
                done.head = Some(Arc::clone(&head));
            }
        }
        transaction.commit()?;
        if head.size() != self.range.size() {
            self.mark(&tree.range, lasting)?;
        }
        if let Err(error) = self.watched.files.check() {
            // It is committed, perhaps into a file without a name: into the database with it, and
            // not a word of it to those who wait.
            schema::fold_wal(&self.connection);
            return Err(LedgerError::Unavailable(error.to_string()).into());
        }
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.range = tree.range;
        self.head.send_replace(head);
        self.open = open;
        Ok(results)
    }

    /// Before a head leaves, the mark says so. It survives the process at once; the machine within
    /// the fifth of a second in which the checkpoint is published, and at once where a bundle
    /// came in force, since a revocation that is lost is a right that comes back.
    fn mark(&self, range: &CompactRange, lasting: bool) -> Result<(), LedgerError> {
        let mark = &self.watched.mark;
        let set = mark.set(Marked { size: range.size(), root: range.root() });
        let set = set.and_then(|()| if lasting { mark.sync() } else { Ok(()) });
        set.map_err(|error| {
            LedgerError::Unavailable(format!("`{}`: {error}", mark.path().display()))
        })
    }
}

/// The running writer; dropping it waits until it has finished.
pub(crate) struct WriterThread(Option<JoinHandle<()>>);

impl WriterThread {
    pub(crate) fn start(writer: Writer, queue: mpsc::Receiver<Job>) -> Result<Self, OpenError> {
        let thread = std::thread::Builder::new()
            .name("ledger-writer".into())
            .spawn(move || writer.run(queue));
        Ok(Self(Some(
            thread
                .map_err(|error| OpenError::Store(format!("no thread for the writer: {error}")))?,
        )))
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.join().is_err()
        {
            tracing::error!("the ledger's writer ended in a panic");
        }
    }
}
