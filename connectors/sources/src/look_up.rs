//! What to look up, and how a look-up ends.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::{Key, KeyKind};
use zerotrip_proto::v1::ErrorCode;

use super::rests_on::RestsOn;
use super::{Rows, Source, SourceError};

/// What to look up.
#[derive(Debug)]
pub struct LookUp {
    /// Places, in the dataset file's columns, of the look-up's columns.
    pub columns: Vec<usize>,
    /// Whom; at least one, distinct, all of the columns' kind.
    pub keys: Arc<[Key]>,
    /// Most rows; over them, the look-up ends with `SOURCE_LIMIT`.
    pub most_rows: u64,
    /// When to end without an answer.
    pub cancellation: Cancellation,
}

impl LookUp {
    /// An error where a key is not of the kind that the look-up's columns hold: it would be found
    /// in none of them, and that would say nothing.
    pub fn require_kind(
        &self,
        kind_of: impl Fn(usize) -> Option<KeyKind>,
    ) -> Result<(), SourceError> {
        let fits = |place: &usize| {
            let kind = kind_of(*place);
            self.keys.iter().all(|key| Some(key.kind()) == kind)
        };
        if self.columns.iter().all(fits) {
            return Ok(());
        }
        let detail = "a look-up of persons was asked for an enterprise, or one of enterprises for \
                      a person; have the check's definition corrected";
        Err(SourceError::new(ErrorCode::SourceDrift, detail))
    }
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
type Locators = dyn Fn(&[Key]) -> Vec<String> + Send + Sync;

/// Which unreadable rows could be whose, by what a look-up rests upon. Scans that share a look-up
/// are answered each for its own persons.
#[derive(Clone)]
pub struct CouldMatch {
    keys: Arc<[Key]>,
    locators: Arc<Locators>,
}

impl CouldMatch {
    /// `locators` says of any persons where rows are that could be one of theirs, as the look-up
    /// of `keys` found the source.
    pub fn new(
        keys: Arc<[Key]>,
        locators: impl Fn(&[Key]) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        Self { keys, locators: Arc::new(locators) }
    }

    /// Locators of unreadable rows that could be one of the look-up's keys': for the owner only.
    pub fn all(&self) -> Vec<String> {
        self.of(&self.keys)
    }

    /// The same of some of the look-up's keys.
    pub fn of(&self, keys: &[Key]) -> Vec<String> {
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
