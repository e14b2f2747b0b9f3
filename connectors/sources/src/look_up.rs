//! What to look up, and how a look-up ends.

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
    /// Locators of unreadable rows that could be one of the keys': for the owner only.
    pub could_match: Vec<String>,
    /// Places, in the keys, of those whose these could be; where it is empty though there are such
    /// rows, they could be anyone's.
    pub concerned: Vec<u32>,
    /// What it rests upon.
    pub rests_on: RestsOn,
}

/// Whose of the keys unreadable rows could be: those of which, asked alone, there are any.
pub fn concerned(
    keys: &[ResidentId],
    could_match: &[String],
    alone: impl Fn(&[ResidentId]) -> bool,
) -> Vec<u32> {
    if could_match.is_empty() {
        return Vec::new();
    }
    let places = (0..).zip(keys.chunks(1));
    places.filter(|(_, key)| alone(key)).map(|(place, _)| place).collect()
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
