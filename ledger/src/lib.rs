//! The hub's one durable truth: exchanges, bundles, statements, invitations and the tamper-evident
//! log, in one SQLite file.
//!
//! A leaf, the exchange that it belongs to and the tree's new root are committed in the *same*
//! transaction; whatever a method has answered `Ok` survives a crash. One thread writes and commits
//! in groups, so a hundred exchanges share one fsync. Tiles and the `checkpoint` file (C2SP
//! tlog-tiles) are a projection: made in the background, never waited for, always derivable again.
//! Once a commit has failed, what the disk holds is unknown, so the store records nothing more
//! until it is opened, and audited, again.
//!
//! ```text
//! <folder>/store.sqlite        leaf, node, meta, exchange, bundle, statement, invitation,
//!                              join_request, variant, unavailable; past, segment, block, object,
//!                              hold, erasure, copy
//! <folder>/store.lock          held by the one process that writes
//! <folder>/head                how far signed heads went: a store with fewer leaves does not open
//! <folder>/ledger/checkpoint   and ledger/tile/…: public
//! <folder>/segments/…          what is finished and no longer new
//! ```
//!
//! This crate never decides whether an exchange is allowed and never reads a clock: times are
//! arguments, and order is the leaf's index, so a clock that goes backwards changes nothing.
//! Entries hold salted commitments; answers are kept beside the log and are erasable.

mod audit;
mod backup;
mod error;
mod fault;
mod held;
mod nodes;
mod options;
mod past;
mod project;
mod queries;
mod read;
mod regular;
mod rows;
mod schema;
mod segments;
mod tree;
mod unavailable;
mod variants;
mod work;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tokio::sync::{mpsc, oneshot, watch};
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::{Envelope, Intent, LedgerReceipt, PendingJoin, Refusal};
use zerotrip_trust::Digest;

pub use backup::{backup, restore};
pub use error::{BackupError, LedgerError, OpenError};
pub use options::{LogKeys, Options};
pub use read::{ENTRIES, ENTRIES_BYTES};
pub use rows::{
    BundleKind, DecidedUnder, Entry, ExchangeRow, ExchangeState, Invited, Join, Orphan, Reader,
    Recovered,
};
pub use segments::{
    Checked, Copied, Erased, Folder, Held, Hold, Inspection, Order, Piece, Place, PlaceError,
    SegmentError, SegmentRow, StoreFigures, Unconfirmed, Wanted, Whereabouts, inspect,
    verify as verify_segments,
};
pub use unavailable::{
    After, Alike, Ended, GROUPS, KEPT as UNAVAILABLE_KEPT, PAGE, Unconcluded, Which,
};
pub use work::{
    ANSWER_BYTES, Asking, Certificates, Completed, Fact, INVITATIONS, Issued, STATEMENTS,
    VARIANTS_KEPT,
};
pub use writer::BATCH;

use held::{Held as HeldFiles, Mark, Marked};
use project::Projector;
use read::Readers;
use segments::Archive;
use tree::Head;
use work::{Done, Work};
use writer::{Job, Watched, Writer, WriterThread};

/// Most jobs that wait for the writer; a caller beyond them waits to queue its job.
const QUEUE: usize = 1024;

/// The store. Cheap to clone; the last clone that is dropped waits for the writer to finish what
/// was queued.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    // Dropped in this order: without a queue the writer ends, and only then is it waited for.
    queue: mpsc::Sender<Job>,
    head: watch::Receiver<Arc<Head>>,
    commits: Arc<AtomicU64>,
    readers: Readers,
    projector: Projector,
    failed: Arc<AtomicBool>,
    /// Blocks move one at a time.
    moving: Mutex<()>,
    /// And files of segments to their place.
    sending: Mutex<()>,
    _writer: WriterThread,
}

impl Ledger {
    /// Opens the store in `folder`, or makes one. `origin` names the log.
    ///
    /// The last leaves are checked against their hashes, the tree against its root, the bundles
    /// against the log's newest of their kind, and the store against the checkpoint that was
    /// published last and the mark of how far signed heads went: a store that was edited, cut or
    /// set back is refused by name. Then missing tiles are projected.
    pub fn open(
        folder: &Path,
        origin: &str,
        keys: impl Into<LogKeys>,
    ) -> Result<(Self, Recovered), OpenError> {
        Self::open_with(folder, origin, keys, &Options::default())
    }

    /// As [`Self::open`], with options.
    pub fn open_with(
        folder: &Path,
        origin: &str,
        keys: impl Into<LogKeys>,
        options: &Options,
    ) -> Result<(Self, Recovered), OpenError> {
        let keys = keys.into();
        let lock = schema::lock(folder)?;
        // What a killed process wrote and did not sync will be read as committed: nothing is signed
        // or published over it before it is durable.
        schema::sync(folder)?;
        let connection = schema::open_writer(folder, options.most_bytes)?;
        let (version, schema) =
            (schema::data_version(&connection)?, schema::schema_version(&connection)?);
        #[cfg(test)]
        schema::fail_commits(&connection, Arc::clone(&options.fail_commit))?;
        let archive = Arc::new(Archive::new(folder, origin, options.place.clone()));
        let range = audit::audit(&connection, &archive, options.verify_all)?;
        let published =
            audit::against_checkpoint(&connection, folder, &archive, &keys, range.size())?;
        audit::against_mark(&connection, folder, &archive, range.size())?;
        let orphaned = audit::orphans(&connection)?;
        let first = Arc::new(Head::of(&range, origin, &keys.sign));
        // The tiles under the published checkpoint were there before it was.
        let from = if options.verify_all { 0 } else { published };
        project::project(&connection, &archive, from, &first, options.verify_all)?;
        let recovered = Recovered { size: range.size(), orphaned };

        let readers = Readers::open(folder, Arc::clone(&archive))?;
        schema::sync_folder(folder)?;
        let mark = Mark::open(folder, Marked { size: range.size(), root: range.root() })?;
        let files = HeldFiles::now(schema::files(folder))?;
        let (announce, head) = watch::channel(Arc::clone(&first));
        let commits = Arc::new(AtomicU64::new(0));
        let projector = Projector::start(
            schema::open_reader(folder)?,
            Arc::clone(&archive),
            head.clone(),
            first.size(),
            files.clone(),
        )?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let failed = Arc::new(AtomicBool::new(false));
        let watched =
            Watched { version, schema, files, mark, failed: Arc::clone(&failed), _lock: lock };
        let writer = Writer::new(
            connection,
            range,
            // It waits for no place.
            archive.for_one_answer(),
            keys.sign,
            announce,
            Arc::clone(&commits),
            watched,
        );
        let thread = WriterThread::start(writer, jobs)?;
        Ok((
            Self(Arc::new(Inner {
                queue,
                head,
                commits,
                readers,
                projector,
                failed,
                moving: Mutex::default(),
                sending: Mutex::default(),
                _writer: thread,
            })),
            recovered,
        ))
    }

    /// Whether it still records: after a failed commit it does not, until it is opened again.
    pub fn records(&self) -> bool {
        !self.0.failed.load(Ordering::Relaxed)
    }

    /// Records an intent and opens its exchange: nothing may be dispatched before this resolves. An
    /// exchange id is used once, ever.
    pub async fn intend(
        &self,
        intent: Intent,
        at: SystemTime,
        expires_at: SystemTime,
    ) -> Result<u64, LedgerError> {
        self.submit(Work::Intend { intent, at, expires_at, asking: Vec::new() }).await?.index()
    }

    /// As [`Self::intend`], of a check about subjects: refused as [`LedgerError::VariantLimit`],
    /// without a trace, where as many other variants were asked about one of them as are allowed.
    pub async fn intend_asking(
        &self,
        intent: Intent,
        at: SystemTime,
        expires_at: SystemTime,
        asking: Vec<Asking>,
    ) -> Result<u64, LedgerError> {
        self.submit(Work::Intend { intent, at, expires_at, asking }).await?.index()
    }

    /// Records the completion and closes its exchange: no answer may leave before this resolves.
    /// `under`: refused as [`LedgerError::Superseded`] where a newer bundle is in the log than
    /// those that it was decided under; `None` for what no bundle could forbid, a denial.
    pub async fn complete(
        &self,
        completed: Completed,
        at: SystemTime,
        under: Option<DecidedUnder>,
    ) -> Result<LedgerReceipt, LedgerError> {
        self.submit(Work::Complete { completed, at, under, certificates: None }).await?.receipt()
    }

    /// Completes an exchange that records certificates, and marks the check's exchange with their
    /// digests in the same transaction: with all of them, or none. Refused where that check was not
    /// answered `true` or already carries another certificate; of a check about many subjects,
    /// where one of those subjects does. Whether a subject's own outcome is a yes is for the caller
    /// to know.
    pub async fn record_certificates(
        &self,
        completed: Completed,
        at: SystemTime,
        under: Option<DecidedUnder>,
        certificates: Certificates,
    ) -> Result<LedgerReceipt, LedgerError> {
        let certificates = Some(certificates);
        self.submit(Work::Complete { completed, at, under, certificates }).await?.receipt()
    }

    /// Records a request that was refused before it could be an exchange.
    pub async fn refuse(&self, refusal: Refusal, at: SystemTime) -> Result<u64, LedgerError> {
        self.submit(Work::Append { body: Body::Refusal(refusal), at }).await?.index()
    }

    /// Records a refusal. The other entries belong to exchanges and have methods of their own.
    pub async fn append(&self, body: Body, at: SystemTime) -> Result<LedgerReceipt, LedgerError> {
        self.submit(Work::Append { body, at }).await?.receipt()
    }

    /// Records that these intents will never be completed, all or none, and closes their exchanges.
    /// To be called with what [`Self::open`] found, before anything new is served.
    pub async fn reconcile(&self, orphans: Vec<Orphan>, at: SystemTime) -> Result<(), LedgerError> {
        self.submit(Work::Reconcile { orphans, at }).await.map(drop)
    }

    /// Puts a newer bundle in force, with its entry in the log. An older or equal version is
    /// refused.
    pub async fn put_bundle(
        &self,
        kind: BundleKind,
        version: u64,
        envelope: Envelope,
        at: SystemTime,
    ) -> Result<LedgerReceipt, LedgerError> {
        self.submit(Work::PutBundle { kind, version, envelope, at }).await?.receipt()
    }

    /// Keeps an owner's statement of a dataset in place of its former one.
    pub async fn put_statement(
        &self,
        dataset: &str,
        envelope: Envelope,
    ) -> Result<(), LedgerError> {
        self.submit(Work::PutStatement { dataset: dataset.to_owned(), envelope }).await.map(drop)
    }

    /// Keeps an invitation, once; those that expired unused before `at` are forgotten.
    pub async fn put_invitation(
        &self,
        invited: Invited,
        at: SystemTime,
    ) -> Result<(), LedgerError> {
        self.submit(Work::PutInvitation { invited, at }).await.map(drop)
    }

    /// Files a join request under its invitation, which must hold at `at`. The same request again
    /// changes nothing; another one is refused.
    pub async fn put_join(&self, join: PendingJoin, at: SystemTime) -> Result<(), LedgerError> {
        self.submit(Work::PutJoin { join, at }).await.map(drop)
    }

    /// Files the certificate chain (DER, leaf first) for the one request under this token, which
    /// must be of `system` and wait for one.
    pub async fn admit(
        &self,
        token_digest: &Digest,
        system: &str,
        chain: Vec<Vec<u8>>,
    ) -> Result<(), LedgerError> {
        self.submit(Work::Admit { token_digest: *token_digest, system: system.to_owned(), chain })
            .await
            .map(drop)
    }

    /// Transactions committed since opening: with group commit far fewer than entries under load.
    pub fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::Relaxed)
    }

    /// Commits what is queued, folds the WAL into the database and projects the last tiles. Clones
    /// of this handle can then only read.
    pub async fn close(self) -> Result<(), LedgerError> {
        self.submit(Work::Close).await?;
        let inner = Arc::clone(&self.0);
        let finish = tokio::task::spawn_blocking(move || inner.projector.finish());
        finish.await.map_err(|error| LedgerError::Unavailable(error.to_string()))?
    }

    fn head(&self) -> Arc<Head> {
        Arc::clone(&self.0.head.borrow())
    }

    /// Once queued, the work is done even if the caller stops waiting.
    async fn submit(&self, work: Work) -> Result<Done, LedgerError> {
        let closed = || LedgerError::Unavailable("the store is closed".into());
        let (reply, done) = oneshot::channel();
        self.0.queue.send(Job { work, reply }).await.map_err(|_| closed())?;
        done.await.map_err(|_| closed())?
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("size", &self.size()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
