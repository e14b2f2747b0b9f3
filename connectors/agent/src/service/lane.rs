//! The lane of a channel (`Connector/Scan`): one stream for many scans. It hands each ticket to a
//! separate task, so one that is refused or slow holds up no other, and sends together what is
//! ready together. It reads no ticket: who may ask what is decided by the gate.

mod call;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use prost::Message as _;
use tokio::sync::{mpsc, oneshot, watch};
use tonic::Status;
use zerotrip_proto::v1::{ErrorCode, ScanCall, ScanCalls, ScanReplies, ScanReply};
use zerotrip_proto::{Refusal, bounds};

use super::large_answers::LargeAnswers;
pub use call::Scans;
use call::{Call, Reply};

/// Serves the calls of a hub until it ends its side, breaks the rules of `ScanCalls`, or goes. Once
/// `stop` turns true, the hub is informed that the lane closes, and what is under way is still
/// answered. When what is returned is dropped, all scans under way are cancelled.
pub fn open<C, S>(
    calls: C,
    scans: S,
    large: Arc<LargeAnswers>,
    stop: watch::Receiver<bool>,
) -> impl Stream<Item = Result<ScanReplies, Status>> + Send + 'static
where
    C: Stream<Item = Result<ScanCalls, Status>> + Send + Unpin + 'static,
    S: Scans,
{
    // Each number under way replies once, so there is always room.
    let (sender, replies) = mpsc::channel(bounds::LANE_CALLS);
    let lane = Lane {
        calls,
        scans,
        large,
        stop,
        sender,
        replies,
        last: 0,
        under_way: HashMap::new(),
        is_reading: true,
        is_closing: false,
    };
    futures::stream::unfold(lane, |mut lane| async move {
        let message = lane.next().await?;
        Some((message, lane))
    })
}

struct Lane<C, S> {
    calls: C,
    scans: S,
    large: Arc<LargeAnswers>,
    stop: watch::Receiver<bool>,
    sender: mpsc::Sender<Reply>,
    replies: mpsc::Receiver<Reply>,
    /// The highest number that was used.
    last: u64,
    /// What cancels each call when it is dropped; `None` where that was done. A number stays until
    /// its reply leaves, so the replies that wait are bounded with the calls.
    under_way: HashMap<u64, Option<oneshot::Sender<()>>>,
    /// Until the hub has ended its side.
    is_reading: bool,
    is_closing: bool,
}

impl<C, S> Lane<C, S>
where
    C: Stream<Item = Result<ScanCalls, Status>> + Send + Unpin + 'static,
    S: Scans,
{
    /// The next message to the hub. While it is not asked for, for the hub does not read, no call
    /// is read either.
    async fn next(&mut self) -> Option<Result<ScanReplies, Status>> {
        while self.is_reading || !self.under_way.is_empty() {
            tokio::select! {
                message = self.calls.next(), if self.is_reading => match message {
                    Some(Ok(message)) => if let Err(breach) = self.take(message) {
                        self.is_reading = false;
                        self.under_way.clear();
                        return Some(Err(self.scans.refused(breach).to_status()));
                    },
                    // The hub is gone.
                    Some(Err(_)) => return None,
                    None => self.is_reading = false,
                },
                Some(reply) = self.replies.recv() => return Some(Ok(self.together(reply).await)),
                () = stopped(&mut self.stop), if !self.is_closing => {
                    self.is_closing = true;
                    return Some(Ok(ScanReplies { closing: true, ..ScanReplies::default() }));
                }
            }
        }
        None
    }

    /// Begins what the hub asks. An error is a breach of the rules, and the end of the lane.
    fn take(&mut self, message: ScanCalls) -> Result<(), Refusal> {
        if message.cancelled.len() > bounds::LANE_CALLS {
            return Err(Refusal::new(ErrorCode::TooLarge, "too many calls are cancelled at once"));
        }
        for number in message.cancelled {
            if let Some(cancel) = self.under_way.get_mut(&number) {
                *cancel = None;
            }
        }
        message.calls.into_iter().try_for_each(|call| self.begin(call))
    }

    fn begin(&mut self, call: ScanCall) -> Result<(), Refusal> {
        let ScanCall { number, ticket } = call;
        if number <= self.last {
            let why = format!("call {number} comes after call {}", self.last);
            return Err(Refusal::new(ErrorCode::Malformed, why));
        }
        self.last = number;
        if self.under_way.len() >= bounds::LANE_CALLS {
            let why = format!("over {} scans under way on one lane", bounds::LANE_CALLS);
            return Err(Refusal::new(ErrorCode::SourceLimit, why));
        }
        let ticket = ticket.unwrap_or_default();
        if ticket.encoded_len() > bounds::LANE_TICKET_BYTES {
            let why = "the ticket is too large for the lane";
            return Err(Refusal::new(ErrorCode::TooLarge, why));
        }
        let (cancel, cancelled) = oneshot::channel();
        self.under_way.insert(number, Some(cancel));
        let call = Call::new(number, self.sender.clone());
        let (scans, large) = (self.scans.clone(), Arc::clone(&self.large));
        tokio::spawn(call.run(ticket, scans, large, cancelled));
        Ok(())
    }

    /// What is ready with this reply. There is no timer: whatever else is ready runs once, and what
    /// it answers goes along.
    async fn together(&mut self, first: Reply) -> ScanReplies {
        tokio::task::yield_now().await;
        let (mut message, mut bytes) = (ScanReplies::default(), 0);
        let mut next = Some(first);
        while let Some(Reply { number, answer, size }) = next {
            self.under_way.remove(&number);
            message.replies.push(ScanReply { number, answer });
            bytes += size;
            let is_full = bytes >= bounds::LANE_MESSAGE_BYTES;
            next = if is_full { None } else { self.replies.try_recv().ok() };
        }
        message
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A dropped sender means that the channel is going down: the same.
    let _either = stop.wait_for(|stop| *stop).await.is_ok();
}
