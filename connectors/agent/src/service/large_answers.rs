//! Answers that are too large for the lane, until the hub fetches each as a stream. A handle is
//! good once, for a few seconds, and on the channel that it was given out on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tonic::Status;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest;

use crate::scan::ScanMessage;

/// 32 random bytes.
pub type Handle = [u8; 32];

/// Most answers of one channel that wait to be fetched. Each holds
/// [`zerotrip_proto::bounds::LANE_ANSWER_BYTES`] and a few messages.
const MOST_WAITING: usize = 32;
/// Time in which the hub must begin to fetch an answer (`ScanReply.streamed`).
const FETCH_TIME: Duration = Duration::from_secs(5);

/// The answers of one channel that wait to be fetched.
#[derive(Debug, Default)]
pub struct LargeAnswers(Mutex<HashMap<Handle, Waiting>>);

#[derive(Debug)]
struct Waiting {
    answer: LargeAnswer,
    /// Dropped with it.
    _fetched: oneshot::Sender<()>,
}

/// An answer that is kept.
#[derive(Debug)]
pub struct Kept {
    /// What it is fetched by.
    pub handle: Handle,
    /// Ends once it is.
    fetched: oneshot::Receiver<()>,
}

/// An answer that waits. When it is dropped, its scan ends.
#[derive(Debug)]
pub struct LargeAnswer {
    /// What was collected before it proved too large.
    pub first: Vec<ScanMessage>,
    /// What follows.
    pub rest: mpsc::Receiver<Result<ScanMessage, Status>>,
}

impl LargeAnswers {
    /// Keeps an answer until it is fetched.
    pub fn keep(&self, answer: LargeAnswer) -> Result<Kept, Refusal> {
        let handle = digest::random::<32>()
            .map_err(|error| Refusal::new(ErrorCode::SourceFailed, error.to_string()))?;
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST_WAITING {
            let why = "too many large answers wait to be fetched on this channel";
            return Err(Refusal::new(ErrorCode::SourceLimit, why));
        }
        let (sender, fetched) = oneshot::channel();
        waiting.insert(handle, Waiting { answer, _fetched: sender });
        Ok(Kept { handle, fetched })
    }

    /// Hands an answer out: once.
    pub fn take(&self, handle: &Handle) -> Option<LargeAnswer> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(handle).map(|waiting| waiting.answer)
    }

    /// Waits until the answer is fetched, and drops it if it is not in time.
    pub async fn expire(&self, kept: Kept) {
        if tokio::time::timeout(FETCH_TIME, kept.fetched).await.is_err() {
            drop(self.take(&kept.handle));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn answer() -> (mpsc::Sender<Result<ScanMessage, Status>>, LargeAnswer) {
        let (sender, rest) = mpsc::channel(1);
        (sender, LargeAnswer { first: Vec::new(), rest })
    }

    #[test]
    fn a_handle_is_good_once_and_there_are_only_so_many() {
        let answers = LargeAnswers::default();
        let handles: Vec<Handle> =
            (0..MOST_WAITING).map(|_| answers.keep(answer().1).unwrap().handle).collect();
        assert_eq!(answers.keep(answer().1).unwrap_err().code, ErrorCode::SourceLimit);
        for handle in &handles {
            assert!(answers.take(handle).is_some());
            assert!(answers.take(handle).is_none());
        }
        assert!(answers.take(&[0; 32]).is_none());
        let (scan, kept) = answer();
        let handle = answers.keep(kept).unwrap().handle;
        drop(answers.take(&handle));
        assert!(scan.is_closed(), "its scan can end");
    }
}
