//! One look-up for the scans that wait for the source at the same time. There is no timer: what is
//! ready together, and what has collected while all turns were taken, is asked together; a scan
//! that nothing came beside goes by itself, as ever.
//!
//! A joint look-up shares the way to the source and nothing else. Each scan takes of it only the
//! rows of its own keys, which it evaluates again, and the unreadable rows that could be of its own
//! keys. Nothing of it leaves before all of it is there, and one that fails is nobody's answer:
//! then each scan goes by itself. So a scan is never worse off for its companions than one more
//! wait.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};
use zerotrip_channel::deadline::{Cancellation, Deadline};
use zerotrip_datasets::{Key, KeySet, Named};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_sources::rulings::Rulings;
use zerotrip_sources::{LookUp, LookUpEnd, RawRow, Rows, SourceError};

use crate::access::{Access, Turn};
use crate::scan_plan::{ScanPlan, ruled};

/// Most scans of one joint look-up.
const MOST_SCANS: u32 = 32;
/// Most persons of one: with their three spellings, what every driver asks for in one statement,
/// and a SQLite file on the thread that asks.
const MOST_KEYS: usize = 64;
/// Most rows of one, and bytes of their cells, which are in memory together.
const MOST_ROWS: u64 = 1024;
const MOST_BYTES: usize = 1 << 20;
/// Joint look-ups that must succeed before one more scan takes part, after one was too large.
const CAUTION: u32 = 16;

/// What a scan asks of the source.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How its answer is made; scans that look in the same columns can share a look-up.
    pub plan: Arc<ScanPlan>,
    /// Whom.
    pub keys: Arc<[Key]>,
    /// Most rows.
    pub most_rows: u64,
    /// Whether it is a part of a scan for a request about many subjects: over the owner's pace it
    /// waits, and it goes by itself.
    pub is_about_many: bool,
    /// Until when the answer is awaited.
    pub deadline: Deadline,
}

/// How a scan gets its rows.
#[derive(Debug)]
pub enum Way {
    /// It asks the source itself.
    Alone(Turn),
    /// They are among those that were asked for together.
    Joint(Arc<JointRows>),
}

/// The rows of a joint look-up, by person, and its end. `Debug` shows nothing of its contents.
pub struct JointRows {
    batches: Vec<Rows>,
    /// Where the rows of a person are: batch and place.
    places: HashMap<Key, Vec<(usize, usize)>>,
    /// Whom a row concerns by its owner's ruling alone. Which rulings hold now, the source knows,
    /// and it may have sent such a row for another's sake.
    by_ruling: HashSet<Key>,
    end: LookUpEnd,
}

/// The scans of one dataset that wait for its source.
#[derive(Debug)]
pub struct JointLookUps {
    access: Arc<Access>,
    rulings: Arc<Rulings>,
    waiting: Mutex<Waiting>,
    /// How many scans take part in one now, in parts of [`CAUTION`]: fewer after one was too large.
    most: AtomicU32,
}

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    /// In the order in which they came.
    scans: Vec<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    asked: Asked,
    answer: oneshot::Sender<Answer>,
}

/// What a scan learns of the joint look-up that took it along; `Ok(None)`: to go by itself.
type Answer = Result<Option<Arc<JointRows>>, SourceError>;

/// Removes a scan that does not wait any more.
struct LeaveOnDrop<'a> {
    waiting: &'a Mutex<Waiting>,
    number: u64,
}

impl Drop for LeaveOnDrop<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.scans.retain(|waiter| waiter.number != self.number);
    }
}

impl JointLookUps {
    /// Through that access, of rows on which their owner has ruled so.
    pub fn new(access: Arc<Access>, rulings: Arc<Rulings>) -> Self {
        Self {
            access,
            rulings,
            waiting: Mutex::default(),
            most: AtomicU32::new(MOST_SCANS * CAUTION),
        }
    }

    /// Waits until the scan has its rows, or a turn to ask for them by itself; at most until the
    /// cancellation. Each scan counts by the owner's pace, whichever way it goes.
    pub async fn way(
        self: &Arc<Self>,
        asked: Asked,
        cancellation: &Cancellation,
    ) -> Result<Way, SourceError> {
        if asked.is_about_many {
            self.access.admit_patiently(cancellation).await?;
        } else {
            self.access.admit()?;
        }
        if asked.is_about_many || asked.keys.len() > self.most_keys() {
            return self.access.wait(cancellation).await.map(Way::Alone);
        }
        let (answer, mut answered) = oneshot::channel();
        let here = self.enter(asked, answer);
        if self.access.is_a_journey() {
            // Whatever else is ready runs once, and joins.
            tokio::task::yield_now().await;
        }
        let turn = tokio::select! {
            biased;
            answer = &mut answered => return self.taken_along(answer, cancellation).await,
            turn = self.access.wait(cancellation) => turn?,
        };
        match self.take(here.number) {
            Some(group) if group.len() > 1 => {
                // A separate task: what the others wait for must not hang on this scan's patience.
                tokio::spawn(Arc::clone(self).ask(turn, group));
            }
            Some(_) => return Ok(Way::Alone(turn)),
            // Another scan has taken this one along meanwhile.
            None => drop(turn),
        }
        tokio::select! {
            biased;
            answer = &mut answered => self.taken_along(answer, cancellation).await,
            why = cancellation.cancelled() => Err(why.into()),
        }
    }

    async fn taken_along(
        &self,
        answer: Result<Answer, oneshot::error::RecvError>,
        cancellation: &Cancellation,
    ) -> Result<Way, SourceError> {
        match answer {
            Ok(Ok(Some(rows))) => Ok(Way::Joint(rows)),
            // Without an answer the task failed.
            Ok(Ok(None)) | Err(_) => self.access.wait(cancellation).await.map(Way::Alone),
            Ok(Err(error)) => Err(error),
        }
    }

    /// How many wait is bounded by how many scans a channel has under way.
    fn enter(&self, asked: Asked, answer: oneshot::Sender<Answer>) -> LeaveOnDrop<'_> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.last += 1;
        let number = waiting.last;
        waiting.scans.push(Waiter { number, asked, answer });
        LeaveOnDrop { waiting: &self.waiting, number }
    }

    /// This scan and those that can share a look-up with it; `None` if another has taken it along.
    fn take(&self, number: u64) -> Option<Vec<Waiter>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let at = waiting.scans.iter().position(|waiter| waiter.number == number)?;
        let mut group = vec![waiting.scans.remove(at)];
        let (most, most_keys) = (self.most_scans(), self.most_keys());
        let mut persons: HashSet<Key> = HashSet::new();
        persons.extend(group.iter().flat_map(|first| first.asked.keys.iter()));
        let mut left = Vec::with_capacity(waiting.scans.len());
        for waiter in std::mem::take(&mut waiting.scans) {
            let can_share = group.len() < most
                && group.iter().all(|first| first.asked.plan.look_up == waiter.asked.plan.look_up)
                && {
                    let more = waiter.asked.keys.iter().filter(|key| !persons.contains(*key));
                    persons.len() + more.count() <= most_keys
                };
            if can_share {
                persons.extend(waiter.asked.keys.iter());
                group.push(waiter);
            } else {
                left.push(waiter);
            }
        }
        waiting.scans = left;
        Some(group)
    }

    /// Asks the source once for all of them, for as long as any of them waits.
    async fn ask(self: Arc<Self>, turn: Turn, mut group: Vec<Waiter>) {
        let Some(first) = group.first().map(|first| first.asked.clone()) else { return };
        let mut keys: Vec<Key> = Vec::new();
        let (mut most_rows, mut deadline) = (0_u64, first.deadline);
        for Waiter { asked, .. } in &group {
            let more = asked.keys.iter().filter(|key| !keys.contains(key)).copied();
            let more: Vec<Key> = more.collect();
            keys.extend(more);
            most_rows = most_rows.saturating_add(asked.most_rows);
            deadline = deadline.max(asked.deadline);
        }
        let cancellation = Cancellation::at(deadline);
        let _cancel_on_drop = cancellation.cancel_on_drop();
        let look_up = LookUp {
            columns: first.plan.look_up.clone(),
            keys: keys.into(),
            most_rows: most_rows.min(MOST_ROWS),
            cancellation,
        };
        let found = tokio::select! {
            found = self.collect(&turn, look_up, &first.plan) => found,
            () = all_gone(&mut group) => return,
        };
        drop(turn);
        let scans = group.len();
        self.note(scans, found.as_ref().map(drop).map_err(|error| error.code));
        let found = match found {
            Ok(rows) => Ok(Some(Arc::new(rows))),
            // By itself each would wait as long again, and learn the same.
            Err(error) if error.code == ErrorCode::SourceUnreachable => Err(error),
            Err(error) => {
                tracing::debug!(scans, %error, "a joint look-up failed; each scan goes by itself");
                Ok(None)
            }
        };
        for Waiter { asked, answer, .. } in group {
            let own = match &found {
                Ok(rows) => Ok(rows.as_ref().filter(|rows| rows.serve(&asked.keys)).cloned()),
                Err(error) => Err(SourceError::new(error.code, error.detail.clone())),
            };
            // One that is gone needs none.
            let _gone = answer.send(own);
        }
    }

    /// All rows of a look-up, if they are within bounds.
    async fn collect(
        &self,
        turn: &Turn,
        look_up: LookUp,
        plan: &ScanPlan,
    ) -> Result<JointRows, SourceError> {
        let keys = Arc::clone(&look_up.keys);
        let (sender, mut rows) = mpsc::channel::<Rows>(2);
        let collected = async {
            let (mut batches, mut bytes) = (Vec::new(), 0);
            while let Some(batch) = rows.recv().await {
                bytes += batch.bytes_of_text();
                if bytes > MOST_BYTES {
                    let why = "more bytes than a joint look-up may have";
                    return Err(SourceError::new(ErrorCode::DefinitionLimit, why));
                }
                batches.push(batch);
            }
            Ok(batches)
        };
        let (end, batches) = tokio::try_join!(turn.source.look_up(look_up, sender), collected)?;
        let keys: KeySet = keys.iter().copied().collect();
        let mut places: HashMap<Key, Vec<(usize, usize)>> = HashMap::new();
        let mut by_ruling = HashSet::new();
        for (at, batch) in batches.iter().enumerate() {
            for (place, row) in batch.iter().enumerate() {
                let named = plan.named(row);
                let ruled = ruled(row, &self.rulings).iter();
                by_ruling.extend(ruled.filter(|key| !named.contains(&Named::Key(**key))));
                for key in named.iter().flat_map(|name| keys.named(name)) {
                    let places = places.entry(*key).or_default();
                    if places.last() != Some(&(at, place)) {
                        places.push((at, place));
                    }
                }
            }
        }
        Ok(JointRows { batches, places, by_ruling, end })
    }

    /// How many scans wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).scans.len()
    }

    fn most_keys(&self) -> usize {
        MOST_KEYS.min(self.access.limits().most_keys as usize)
    }

    fn most_scans(&self) -> usize {
        (self.most.load(Ordering::Relaxed) / CAUTION) as usize
    }

    /// After one that was too large, half as many scans take part, and then slowly more again.
    fn note(&self, scans: usize, done: Result<(), ErrorCode>) {
        let most = match done {
            Ok(()) => self.most.load(Ordering::Relaxed).saturating_add(1),
            Err(ErrorCode::DefinitionLimit) => {
                u32::try_from(scans / 2).unwrap_or(MOST_SCANS).saturating_mul(CAUTION)
            }
            Err(_) => return,
        };
        // Where two note at once, either's will do.
        self.most.store(most.clamp(CAUTION, MOST_SCANS * CAUTION), Ordering::Relaxed);
    }
}

/// Completes when none of the scans waits any more.
async fn all_gone(group: &mut [Waiter]) {
    for waiter in group {
        waiter.answer.closed().await;
    }
}

impl JointRows {
    /// Whether these persons' rows are here just as if only they had been asked for.
    fn serve(&self, keys: &[Key]) -> bool {
        !keys.iter().any(|key| self.by_ruling.contains(key))
    }

    /// The rows of these persons, each once and in the order in which they came; at most so many.
    pub fn of(
        &self,
        keys: &[Key],
        most: u64,
    ) -> Result<impl Iterator<Item = RawRow<'_>>, SourceError> {
        let places = keys.iter().filter_map(|key| self.places.get(key)).flatten().copied();
        let places: BTreeSet<(usize, usize)> = places.collect();
        if places.len() as u64 > most {
            let why = "more rows than the scan may deliver";
            return Err(SourceError::new(ErrorCode::DefinitionLimit, why));
        }
        Ok(places.into_iter().filter_map(|(at, place)| self.batches.get(at)?.get(place)))
    }

    /// How the look-up ended.
    pub fn end(&self) -> &LookUpEnd {
        &self.end
    }
}

impl fmt::Debug for JointRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JointRows").field("batches", &self.batches.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
