//! The lane of a channel (`Connector/Scan`): one stream for many scans. Tickets that are ready
//! together leave together, and their replies come in any order, each to the scan that waits for
//! it. A scan that the lane has no place for goes over a separate stream.
//!
//! It reads neither tickets nor answers: what an answer is worth is decided in `dispatch`.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::Stream;
use prost::Message as _;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tonic::Code;
use zerotrip_channel::Http2Client;
use zerotrip_proto::bounds;
use zerotrip_proto::v1::connector_client::ConnectorClient;
use zerotrip_proto::v1::scan_reply::Answer;
use zerotrip_proto::v1::{Envelope, ScanCall, ScanCalls, ScanReplies};

/// Time in which a connector opens the lane.
const OPEN_TIME: Duration = Duration::from_secs(5);
/// Largest reply that is taken: the largest small answer, and room for its numbers and tags.
const MOST_REPLY_BYTES: usize = bounds::LANE_ANSWER_BYTES + (4 << 10);

/// The hub's end of a lane.
#[derive(Debug, Default)]
pub struct Lane {
    state: Mutex<State>,
    /// Notified when there is something to write, or nothing any more.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// The highest number that was used.
    last: u64,
    /// Calls that were not written yet, with their sizes.
    queue: VecDeque<(ScanCall, usize)>,
    /// Numbers of calls whose scans gave up, not written yet.
    cancelled: Vec<u64>,
    /// Calls without a reply; `None` where the scan gave up.
    under_way: HashMap<u64, Option<oneshot::Sender<Option<Answer>>>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Opening,
    Open,
    /// The connector takes no more calls.
    Closing,
    Closed,
}

/// How a connector broke the rules of `ScanReplies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Breach {
    #[error("it replied to scan {0}, which is not under way")]
    NotUnderWay(u64),
    #[error("its reply to scan {0} is too large")]
    TooLarge(u64),
}

/// The lane closed before the answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the channel broke before the answer came")]
pub struct LaneClosed;

/// A scan that was asked for. When it is dropped, the connector is informed that it can
/// end.
#[derive(Debug)]
pub struct Asked {
    lane: Arc<Lane>,
    number: u64,
    answer: oneshot::Receiver<Option<Answer>>,
}

impl Asked {
    /// The connector's reply; `None` inside if it holds nothing.
    pub async fn answered(mut self) -> Result<Option<Answer>, LaneClosed> {
        (&mut self.answer).await.map_err(|_| LaneClosed)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.lane.give_up(self.number);
    }
}

impl Lane {
    /// Sends a ticket. One that the lane has no place for comes back: the lane is not open, or
    /// full, or the ticket is too large.
    pub fn ask(self: &Arc<Self>, ticket: Envelope) -> Result<Asked, Box<Envelope>> {
        let size = ticket.encoded_len();
        let mut state = self.state();
        if state.phase != Phase::Open
            || size > bounds::LANE_TICKET_BYTES
            || state.under_way.len() >= bounds::LANE_CALLS
        {
            return Err(Box::new(ticket));
        }
        state.last += 1;
        let number = state.last;
        let (sender, answer) = oneshot::channel();
        state.under_way.insert(number, Some(sender));
        state.queue.push_back((ScanCall { number, ticket: Some(ticket) }, size));
        drop(state);
        self.changed.notify_one();
        Ok(Asked { lane: Arc::clone(self), number, answer })
    }

    /// Opens the lane and takes replies until it ends. Where the connector broke the protocol,
    /// returns how. With a connector that does not know lanes, waits until it is dropped; when it
    /// is dropped, the lane is closed.
    pub(super) async fn run(
        self: Arc<Self>,
        mut control: ConnectorClient<Http2Client>,
    ) -> Option<String> {
        let _close = CloseOnDrop(&self);
        let calls = calls(Arc::clone(&self));
        let opened = tokio::time::timeout(OPEN_TIME, control.scan(calls)).await;
        let mut replies = match opened {
            Ok(Ok(replies)) => replies.into_inner(),
            Ok(Err(status)) if status.code() == Code::Unimplemented => {
                self.close();
                return std::future::pending().await;
            }
            // A connection that broke has no details: the channel says so itself.
            Ok(Err(status)) if status.details().is_empty() => return None,
            Ok(Err(status)) => return Some(format!("it opens no lane for scans: {status}")),
            Err(_) => return Some("it opens no lane for scans in time".to_owned()),
        };
        self.open();
        loop {
            match replies.message().await {
                Ok(Some(message)) => {
                    if let Err(breach) = self.take_replies(message) {
                        return Some(breach.to_string());
                    }
                }
                Ok(None) => return None,
                Err(status) => {
                    // The same.
                    if !status.details().is_empty() {
                        tracing::warn!(%status, "a connector closed its lane");
                    }
                    return None;
                }
            }
        }
    }

    /// Ends the lane. Scans that wait for an answer get none.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.phase = Phase::Closed;
        state.queue.clear();
        state.cancelled.clear();
        state.under_way.clear();
        drop(state);
        self.changed.notify_one();
    }

    /// The connector closed the channel, and `run` is the task that runs its lane. One that stops
    /// answers what is under way first; where the connection is gone, the task has ended.
    pub(super) fn finish_with(&self, mut run: JoinHandle<Option<String>>) {
        self.finish();
        tokio::spawn(async move {
            // No scan lives longer.
            if tokio::time::timeout(bounds::GRANT_LIFE, &mut run).await.is_err() {
                run.abort();
            }
        });
    }

    /// Takes no more calls. What was asked is written, and its replies are taken.
    fn finish(&self) {
        let mut state = self.state();
        if state.phase != Phase::Closed {
            state.phase = Phase::Closing;
        }
        drop(state);
        self.changed.notify_one();
    }

    fn open(&self) {
        let mut state = self.state();
        if state.phase == Phase::Opening {
            state.phase = Phase::Open;
        }
    }

    fn take_replies(&self, message: ScanReplies) -> Result<(), Breach> {
        let mut state = self.state();
        for reply in message.replies {
            let number = reply.number;
            // Numbers rise: what the queue begins with, and all after it, was not written yet.
            let is_written =
                state.queue.front().is_none_or(|(unwritten, _)| number < unwritten.number);
            let waiting = if is_written { state.under_way.remove(&number) } else { None };
            let waiting = waiting.ok_or(Breach::NotUnderWay(number))?;
            if reply.encoded_len() > MOST_REPLY_BYTES {
                return Err(Breach::TooLarge(number));
            }
            match waiting {
                Some(sender) => {
                    let _gave_up = sender.send(reply.answer);
                }
                None => state.cancelled.retain(|cancelled| *cancelled != number),
            }
        }
        drop(state);
        if message.closing {
            self.finish();
        }
        Ok(())
    }

    fn give_up(&self, number: u64) {
        let mut state = self.state();
        // It was answered, or the lane is closed.
        let Some(waiting) = state.under_way.get_mut(&number) else { return };
        *waiting = None;
        let queued = state.queue.iter().position(|(call, _)| call.number == number);
        if let Some(at) = queued {
            state.queue.remove(at);
            state.under_way.remove(&number);
            return;
        }
        state.cancelled.push(number);
        drop(state);
        self.changed.notify_one();
    }

    /// What is to be written now. `None`: nothing any more.
    fn take_calls(&self) -> Option<ScanCalls> {
        let mut state = self.state();
        if state.phase == Phase::Closed {
            return None;
        }
        let cancelled = std::mem::take(&mut state.cancelled);
        let (mut calls, mut bytes) = (Vec::new(), 0);
        while bytes < bounds::LANE_MESSAGE_BYTES
            && let Some((call, size)) = state.queue.pop_front()
        {
            bytes += size;
            calls.push(call);
        }
        let is_empty = calls.is_empty() && cancelled.is_empty();
        let is_last = state.phase == Phase::Closing && state.queue.is_empty();
        if is_last && is_empty {
            return None;
        }
        if is_last || !state.queue.is_empty() {
            self.changed.notify_one();
        }
        Some(ScanCalls { calls, cancelled })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the hub says on the lane. There is no timer: what is to be written waits until everything
/// else that is ready has run once, and leaves with what came meanwhile.
fn calls(lane: Arc<Lane>) -> impl Stream<Item = ScanCalls> + Send + 'static {
    futures::stream::unfold(lane, |lane| async move {
        loop {
            lane.changed.notified().await;
            tokio::task::yield_now().await;
            let message = lane.take_calls()?;
            if message != ScanCalls::default() {
                return Some((message, lane));
            }
        }
    })
}

struct CloseOnDrop<'a>(&'a Lane);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}
