//! What a ledger does with the past: it moves, is erased, and is kept by holds.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::LedgerError;
use crate::segments::{
    self, Archive, Checked, Erase, Erased, Held, Hold, HoldWork, Order, SegmentRow, Step,
    StoreFigures, Tell, Unconfirmed,
};
use crate::work::{Done, Work};
use crate::writer::Job;
use crate::{Inner, Ledger};

/// Tries to empty the WAL after an order to erase, and the time between two.
const TRIES: usize = 20;
const BETWEEN: Duration = Duration::from_millis(50);
/// Blocks that one step of an order reads elsewhere: those of an exchange's two leaves, and again
/// where others took their room meanwhile.
const BLOCKS_ELSEWHERE: usize = 16;

impl Ledger {
    /// Moves the next block of leaves, and the bodies of the exchanges that end in it, into its
    /// segment; whether there was one. Nothing moves that was recorded at `before` or later, and of
    /// the last leaves nothing at all: a check on which a certificate may still be issued must not
    /// move. To be called again until there is none.
    pub async fn move_block(
        &self,
        before: SystemTime,
        now: SystemTime,
    ) -> Result<bool, LedgerError> {
        let inner = Arc::clone(&self.0);
        let moving = tokio::task::spawn_blocking(move || move_one(&inner, before, now));
        moving.await.map_err(|error| LedgerError::Unavailable(error.to_string()))?
    }

    /// Erases the body of one exchange: its answer, its request, its receipts, its fact. What the
    /// log says of it stays. Refused as [`LedgerError::Held`] where a hold keeps it.
    pub async fn erase(&self, id: &str, order: Order) -> Result<Erased, LedgerError> {
        let erased = self.step(Erase::Exchange(id.to_owned()), order).await?.erased;
        Ok(Erased { left_in_wal: self.empty_wal().await?, ..erased })
    }

    /// Erases the bodies of all exchanges that ended before, without those that a hold keeps.
    pub async fn erase_before(
        &self,
        before: SystemTime,
        order: Order,
    ) -> Result<Erased, LedgerError> {
        self.erase_all(|from| Erase::Before(before, from), order).await
    }

    /// Erases the bodies of a segment, without those that a hold keeps; where none is left, its
    /// file is removed.
    pub async fn drop_segment(&self, number: u64, order: Order) -> Result<Erased, LedgerError> {
        self.erase_all(|from| Erase::Segment(number, from), order).await
    }

    /// Removes what is erased from the disk, as far as it can be: the files of bodies of which none
    /// is left, and the store's WAL. Whether something is left in the WAL, since another program
    /// reads the store: to be called again until there is not.
    pub async fn sweep(&self) -> Result<bool, LedgerError> {
        let inner = Arc::clone(&self.0);
        let dropping =
            tokio::task::spawn_blocking(move || inner.readers.with_past(segments::drop_files));
        let gone =
            dropping.await.map_err(|error| LedgerError::Unavailable(error.to_string()))??;
        if !gone.is_empty() {
            self.submit(Work::Removed(gone)).await?;
        }
        Ok(self.submit(Work::Fold).await?.left_in_wal)
    }

    /// Does the next thing that is due between the store's folder and the place of the options: a
    /// segment's file goes there, its former file goes, or an object is removed. What it was;
    /// `None` where nothing is due. Exchanges and readers go on meanwhile.
    pub async fn send_segment(&self) -> Result<Option<String>, LedgerError> {
        self.between_places(|connection, archive, tell| {
            let may_remove = segments::unconfirmed(connection)?.is_none();
            segments::send_next(connection, archive, may_remove, tell)
        })
        .await
    }

    /// Brings what of a segment is elsewhere back into the store's folder, where it stays. How many
    /// files that were.
    pub async fn fetch_segment(&self, number: u64) -> Result<u64, LedgerError> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        if !self.segments()?.iter().any(|one| i64::try_from(one.number) == Ok(number)) {
            return Err(LedgerError::Malformed("there is no segment of that number"));
        }
        self.between_places(move |connection, archive, tell| {
            segments::bring_back(connection, archive, number, tell)
        })
        .await
    }

    async fn between_places<T, W>(&self, work: W) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection, &Archive, &Tell<'_>) -> Result<T, LedgerError> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        let working = tokio::task::spawn_blocking(move || {
            // Whoever panicked left rows from which it is taken up again.
            let _one = inner.sending.lock().unwrap_or_else(PoisonError::into_inner);
            let archive = &inner.readers.archive;
            let connection = crate::schema::open_reader(archive.store())
                .map_err(|error| LedgerError::Unavailable(error.to_string()))?;
            let tell = |work| write_now(&inner, Work::Object(work)).map(drop);
            work(&connection, archive, &tell)
        });
        working.await.map_err(|error| LedgerError::Unavailable(error.to_string()))?
    }

    /// Deletes what counts no more of which variants were asked about whom
    /// ([`VARIANTS_KEPT`](crate::VARIANTS_KEPT)), and what is listed no more of the exchanges that
    /// ended without a conclusion ([`UNAVAILABLE_KEPT`](crate::UNAVAILABLE_KEPT)).
    pub async fn lapse_variants(&self, now: SystemTime) -> Result<(), LedgerError> {
        while self.submit(Work::LapseVariants(now)).await?.number == Some(1) {}
        Ok(())
    }

    /// Places a hold, which wins over every order to erase; its number.
    pub async fn place_hold(&self, held: Held, order: Order) -> Result<u64, LedgerError> {
        self.hold(HoldWork::Place(held, order)).await
    }

    /// Releases a hold; it stays on record.
    pub async fn release_hold(&self, number: u64, order: Order) -> Result<u64, LedgerError> {
        self.hold(HoldWork::Release(number, order)).await
    }

    /// Says of a store that was put back from a backup that no hold is missing: it erases from now
    /// on. Of how many backups that is said.
    pub async fn confirm_holds(&self, order: Order) -> Result<u64, LedgerError> {
        self.hold(HoldWork::Confirm(order)).await
    }

    /// Whether holds may be missing, so that nothing is erased.
    pub fn unconfirmed_holds(&self) -> Result<Option<Unconfirmed>, LedgerError> {
        self.0.readers.with(|connection| Ok(segments::unconfirmed(connection)?))
    }

    /// All holds, those in force first.
    pub fn holds(&self) -> Result<Vec<Hold>, LedgerError> {
        self.0.readers.with(segments::list_holds)
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> Result<Vec<SegmentRow>, LedgerError> {
        self.0.readers.with_past(segments::list)
    }

    /// The store in figures.
    pub fn figures(&self) -> Result<StoreFigures, LedgerError> {
        self.0.readers.with_past(segments::figures)
    }

    /// Verifies every segment against the log.
    pub fn verify_segments(&self) -> Result<Checked, LedgerError> {
        let archive = &self.0.readers.archive;
        self.0.readers.with(|connection| segments::check(connection, archive, true))
    }

    async fn hold(&self, work: HoldWork) -> Result<u64, LedgerError> {
        let done = self.submit(Work::Hold(work)).await?;
        done.number.ok_or_else(|| LedgerError::Unavailable("the writer left no hold".into()))
    }

    async fn erase_all(
        &self,
        what: impl Fn(u64) -> Erase,
        order: Order,
    ) -> Result<Erased, LedgerError> {
        let (mut all, mut from) = (Erased::default(), 0);
        loop {
            let Step { erased, next } = self.step(what(from), order.clone()).await?;
            all.bodies += erased.bodies;
            all.held += erased.held;
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
        self.sweep().await?;
        Ok(Erased { left_in_wal: self.empty_wal().await?, ..all })
    }

    /// For a moment another reader is no news; whether one is still there after that.
    async fn empty_wal(&self) -> Result<bool, LedgerError> {
        for _ in 0..TRIES {
            if !self.submit(Work::Fold).await?.left_in_wal {
                return Ok(false);
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Ok(true)
    }

    async fn step(&self, what: Erase, order: Order) -> Result<Step, LedgerError> {
        for _ in 0..BLOCKS_ELSEWHERE {
            match self.submit(Work::Erase { what: what.clone(), order: order.clone() }).await {
                // The writer waits for no place: the block is read here, and it finds it then.
                Err(LedgerError::Elsewhere(wanted)) => self.read_block(wanted.leaf).await?,
                done => return Self::step_of(done?),
            }
        }
        Err(LedgerError::Unavailable("blocks that are elsewhere do not stay at hand".into()))
    }

    async fn read_block(&self, leaf: u64) -> Result<(), LedgerError> {
        let inner = Arc::clone(&self.0);
        let reading = tokio::task::spawn_blocking(move || {
            inner.readers.with_past(|connection, archive| archive.block(connection, leaf).map(drop))
        });
        reading.await.map_err(|error| LedgerError::Unavailable(error.to_string()))?
    }

    fn step_of(done: Done) -> Result<Step, LedgerError> {
        done.step.ok_or_else(|| LedgerError::Unavailable("the writer erased nothing".into()))
    }
}

fn move_one(inner: &Inner, before: SystemTime, now: SystemTime) -> Result<bool, LedgerError> {
    // Whoever panicked left at most a file's end that is not written down.
    let _one = inner.moving.lock().unwrap_or_else(PoisonError::into_inner);
    let archive = &inner.readers.archive;
    // Not of the readers' own: a block takes longer than they may be kept.
    let connection = crate::schema::open_reader(archive.store())
        .map_err(|error| LedgerError::Unavailable(error.to_string()))?;
    let Some(moving) = segments::build(&connection, archive, before, now)? else {
        return Ok(false);
    };
    match write_now(inner, Work::Move(Box::new(moving))) {
        Ok(_) => Ok(true),
        // As it is now, the next time.
        Err(LedgerError::MovedOn) => Ok(false),
        Err(error) => Err(error),
    }
}

/// From a thread that may wait.
fn write_now(inner: &Inner, work: Work) -> Result<Done, LedgerError> {
    let closed = || LedgerError::Unavailable("the store is closed".into());
    let (reply, done) = oneshot::channel();
    inner.queue.blocking_send(Job { work, reply }).map_err(|_| closed())?;
    done.blocking_recv().map_err(|_| closed())?
}
