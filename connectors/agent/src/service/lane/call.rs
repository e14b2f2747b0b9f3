//! One call on a lane, from its ticket to its one reply.

use std::future::Future;
use std::sync::Arc;

use prost::Message as _;
use tokio::sync::{mpsc, oneshot};
use zerotrip_proto::v1::scan_reply::Answer;
use zerotrip_proto::v1::{AnswerPart, Envelope, ErrorCode, ScanTrailer, SmallAnswer};
use zerotrip_proto::{Refusal, bounds};

use crate::scan::{MESSAGES_AHEAD, Messages, ScanMessage};
use crate::service::large_answers::{LargeAnswer, LargeAnswers};

/// What a part of an answer takes in a message beside its bytes, at most: four tags and lengths.
const PART_OVERHEAD: usize = 16;

/// Makes the scans of a lane.
pub trait Scans: Clone + Send + Sync + 'static {
    /// One scan, from its ticket to its receipt. What is refused was journalled.
    fn scan(
        &self,
        ticket: Envelope,
        out: Messages,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Journals a refusal on its way out.
    fn refused(&self, refusal: Refusal) -> Refusal;
}

/// The reply to a call, on its way to the hub.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) number: u64,
    /// `None`: it was cancelled.
    pub(super) answer: Option<Answer>,
    /// Bytes, about.
    pub(super) size: usize,
}

/// A call that was not replied to yet. One that is dropped, for its task failed, is refused.
pub(super) struct Call {
    number: u64,
    replies: mpsc::Sender<Reply>,
    is_answered: bool,
}

impl Call {
    pub(super) fn new(number: u64, replies: mpsc::Sender<Reply>) -> Self {
        Self { number, replies, is_answered: false }
    }

    /// Makes the scan. `cancelled` completes when the hub no longer awaits the answer.
    pub(super) async fn run<S: Scans>(
        self,
        ticket: Envelope,
        scans: S,
        large: Arc<LargeAnswers>,
        mut cancelled: oneshot::Receiver<()>,
    ) {
        let (out, mut messages) = mpsc::channel(MESSAGES_AHEAD);
        let scan = scans.scan(ticket, out.clone());
        tokio::pin!(scan);
        let mut collected = Collected::default();
        let ended = loop {
            tokio::select! {
                biased;
                Some(Ok(message)) = messages.recv() => {
                    collected.push(message);
                    if collected.is_large() {
                        break None;
                    }
                }
                ended = &mut scan => break Some(ended),
                _either = &mut cancelled => {
                    // As a hub that hangs up on a stream: the scan ends, and its end is journalled.
                    drop(messages);
                    let _journalled = scan.await;
                    return self.reply(None, 0);
                }
            }
        };
        if let Some(ended) = &ended {
            if let Err(refusal) = ended {
                return self.refuse(refusal);
            }
            while let Ok(Ok(message)) = messages.try_recv() {
                collected.push(message);
            }
            if !collected.is_large() {
                let size = collected.bytes;
                return self.reply(Some(Answer::Small(collected.into_answer())), size);
            }
        }
        let kept = match large.keep(LargeAnswer { first: collected.messages, rest: messages }) {
            Ok(kept) => kept,
            Err(refusal) => {
                // Its messages are dropped, so the scan ends as one that was hung up on.
                if ended.is_none() {
                    let _journalled = scan.await;
                }
                return self.refuse(&scans.refused(refusal));
            }
        };
        let handle = kept.handle.to_vec();
        let size = handle.len();
        self.reply(Some(Answer::Streamed(handle)), size);
        let rest = async {
            if ended.is_none()
                && let Err(refusal) = scan.await
            {
                // If the hub hung up, only the journal has it.
                let _gone = out.send(Err(refusal.to_status())).await;
            }
            // The stream ends with its last sender.
            drop(out);
        };
        tokio::join!(rest, large.expire(kept));
    }

    fn refuse(self, refusal: &Refusal) {
        let detail = refusal.to_detail();
        let size = detail.encoded_len();
        self.reply(Some(Answer::Refused(detail)), size);
    }

    fn reply(mut self, answer: Option<Answer>, size: usize) {
        self.is_answered = true;
        // There is room for a reply of each call. A lane that is gone needs none.
        let _gone = self.replies.try_send(Reply { number: self.number, answer, size });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_answered {
            let refusal = Refusal::new(ErrorCode::SourceFailed, "the scan ended without an answer");
            let answer = Some(Answer::Refused(refusal.to_detail()));
            let _gone = self.replies.try_send(Reply { number: self.number, answer, size: 0 });
        }
    }
}

/// An answer as far as it has come.
#[derive(Default)]
struct Collected {
    messages: Vec<ScanMessage>,
    bytes: usize,
}

impl Collected {
    fn push(&mut self, message: ScanMessage) {
        let ScanMessage { data, trailer } = &message;
        let trailer = trailer.as_ref().map_or(0, ScanTrailer::encoded_len);
        self.bytes += data.data_header.len() + data.data_body.len() + PART_OVERHEAD + trailer;
        self.messages.push(message);
    }

    fn is_large(&self) -> bool {
        self.bytes > bounds::LANE_ANSWER_BYTES
    }

    fn into_answer(self) -> SmallAnswer {
        let mut answer = SmallAnswer::default();
        for ScanMessage { data, trailer } in self.messages {
            answer.parts.push(AnswerPart {
                data_header: data.data_header.into(),
                data_body: data.data_body.into(),
            });
            answer.trailer = trailer;
        }
        answer
    }
}
