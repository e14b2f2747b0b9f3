//! What to look up, and how a look-up ends.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::resident_id::ResidentId;

use super::rests_on::RestsOn;
use super::{Rows, Source, SourceError};

/// What to look up.
#[derive(Debug)]
pub struct LookUp {
    /// Places, in the dataset file's columns, of the look-up's columns.
    pub columns: Vec<usize>,
    /// The persons; at least one, distinct.
    pub keys: Arc<[ResidentId]>,
    /// Most rows; over them, the look-up ends with `SOURCE_LIMIT`.
    pub most_rows: u64,
    /// When to end without an answer.
    pub cancellation: Cancellation,
}

/// The end of a look-up.
#[derive(Clone, Debug)]
pub struct LookUpEnd {
    /// When the source was as it answered.
    pub as_of: SystemTime,
    /// Rows of the whole dataset as it answered, unreadable ones included: for floors and
    /// shrinkage.
    pub rows: u64,
    /// Which unreadable rows could be whose.
    pub could_match: CouldMatch,
    /// What it rests upon.
    pub rests_on: RestsOn,
}

/// Where the unreadable rows are that could be these persons'.
type Locators = dyn Fn(&[ResidentId]) -> Vec<String> + Send + Sync;

/// Which unreadable rows could be whose, by what a look-up rests upon. Scans that share a look-up
/// are answered each for its own persons.
#[derive(Clone)]
pub struct CouldMatch {
    keys: Arc<[ResidentId]>,
    locators: Arc<Locators>,
}

impl CouldMatch {
    /// `locators` says of any persons where rows are that could be one of theirs, as the look-up
    /// of `keys` found the source.
    pub fn new(
        keys: Arc<[ResidentId]>,
        locators: impl Fn(&[ResidentId]) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        Self { keys, locators: Arc::new(locators) }
    }

    /// Locators of unreadable rows that could be one of the look-up's keys': for the owner only.
    pub fn all(&self) -> Vec<String> {
        self.of(&self.keys)
    }

    /// The same of some of the look-up's keys.
    pub fn of(&self, keys: &[ResidentId]) -> Vec<String> {
        (self.locators)(keys)
    }
}

impl fmt::Debug for CouldMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CouldMatch").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

/// How many rows a look-up sends, and its end: for a trial.
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
