#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
//! The lane by itself: scans that answer, refuse, wait, fail or answer at length, by what their
//! ticket says.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use arrow_flight::FlightData;
use tokio::sync::Notify;
use tokio_stream::wrappers::ReceiverStream;
use zerotrip_proto::v1::scan_reply::Answer;
use zerotrip_proto::v1::{Envelope, ScanTrailer};

use super::*;
use crate::scan::{Messages, ScanMessage};
use crate::service::large_answers::{Handle, LargeAnswer};

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
struct Fake(Arc<State>);

struct State {
    /// Lets the slow ones go on.
    go: Notify,
    /// How many slow ones wait, and how many were hung up on.
    waiting: watch::Sender<usize>,
    hung_up: watch::Sender<usize>,
    breaches: watch::Sender<Vec<ErrorCode>>,
}

fn message(bytes: usize, is_last: bool) -> Result<ScanMessage, Status> {
    let data = FlightData { data_body: vec![7; bytes].into(), ..FlightData::default() };
    Ok(ScanMessage { data, trailer: is_last.then(ScanTrailer::default) })
}

impl Scans for Fake {
    async fn scan(&self, ticket: Envelope, out: Messages) -> Result<(), Refusal> {
        let hung_up = || Refusal::new(ErrorCode::SourceTimeout, "the hub hung up");
        match ticket.payload_type.as_str() {
            "small" => {}
            "slow" => {
                self.0.waiting.send_modify(|count| *count += 1);
                tokio::select! {
                    () = self.0.go.notified() => {}
                    () = out.closed() => {
                        self.0.hung_up.send_modify(|count| *count += 1);
                        return Err(hung_up());
                    }
                }
            }
            "refused" => return Err(Refusal::new(ErrorCode::GateRefused, "no")),
            "panics" => panic!("as the test asks"),
            "one large" => {
                let sent = out.send(message(bounds::LANE_ANSWER_BYTES, true)).await;
                return sent.map_err(|_| hung_up());
            }
            large => {
                for _ in 0..9 {
                    out.send(message(20 << 10, false)).await.map_err(|_| hung_up())?;
                }
                if large == "large, then fails" {
                    return Err(Refusal::new(ErrorCode::SourceFailed, "it broke"));
                }
            }
        }
        out.send(message(100, true)).await.map_err(|_| hung_up())
    }

    fn refused(&self, refusal: Refusal) -> Refusal {
        self.0.breaches.send_modify(|breaches| breaches.push(refusal.code));
        refusal
    }
}

type Replies = Pin<Box<dyn Stream<Item = Result<ScanReplies, Status>> + Send>>;

struct Rig {
    fake: Fake,
    large: Arc<LargeAnswers>,
    calls: Option<mpsc::Sender<Result<ScanCalls, Status>>>,
    stop: watch::Sender<bool>,
    replies: Option<Replies>,
}

fn calls(calls: &[(u64, &str)]) -> ScanCalls {
    let call = |(number, what): &(u64, &str)| ScanCall {
        number: *number,
        ticket: Some(Envelope { payload_type: (*what).to_owned(), ..Envelope::default() }),
    };
    ScanCalls { calls: calls.iter().map(call).collect(), cancelled: Vec::new() }
}

impl Rig {
    fn new() -> Self {
        let fake = Fake(Arc::new(State {
            go: Notify::new(),
            waiting: watch::Sender::new(0),
            hung_up: watch::Sender::new(0),
            breaches: watch::Sender::new(Vec::new()),
        }));
        let (sender, receiver) = mpsc::channel(8);
        let (large, stop) = (Arc::<LargeAnswers>::default(), watch::Sender::new(false));
        let calls = ReceiverStream::new(receiver);
        let replies = open(calls, fake.clone(), Arc::clone(&large), stop.subscribe());
        Self { fake, large, calls: Some(sender), stop, replies: Some(Box::pin(replies)) }
    }

    async fn send(&self, message: ScanCalls) {
        self.calls.as_ref().unwrap().send(Ok(message)).await.unwrap();
    }

    async fn next(&mut self) -> Option<Result<ScanReplies, Status>> {
        let next = self.replies.as_mut().unwrap().next();
        tokio::time::timeout(PATIENCE, next).await.unwrap()
    }

    /// The next replies, by number.
    async fn replies(&mut self) -> BTreeMap<u64, Option<Answer>> {
        let message = self.next().await.unwrap().unwrap();
        assert!(!message.closing);
        message.replies.into_iter().map(|reply| (reply.number, reply.answer)).collect()
    }

    /// Runs the lane until so many are counted. No reply comes meanwhile.
    async fn until(&mut self, counter: &watch::Sender<usize>, count: usize) {
        let mut counter = counter.subscribe();
        tokio::select! {
            counted = tokio::time::timeout(PATIENCE, counter.wait_for(|now| *now >= count)) => {
                assert_eq!(*counted.unwrap().unwrap(), count);
            }
            reply = self.replies.as_mut().unwrap().next() => panic!("{reply:?}"),
        }
    }

    /// A call that breaks the rules ends the lane, by this code, and all calls under way.
    async fn breaks(mut self, message: ScanCalls, code: ErrorCode) {
        let fake = self.fake.clone();
        let before = *fake.0.hung_up.borrow();
        self.send(message).await;
        let status = self.next().await.unwrap().unwrap_err();
        assert_eq!(Refusal::from_status(&status).code, code);
        assert!(self.next().await.is_none());
        assert_eq!(*fake.0.breaches.borrow(), [code], "journalled");
        let mut hung_up = fake.0.hung_up.subscribe();
        let waited = hung_up.wait_for(|now| *now > before);
        tokio::time::timeout(PATIENCE, waited).await.unwrap().unwrap();
    }
}

fn is_small(answer: Option<&Option<Answer>>) -> bool {
    matches!(answer, Some(Some(Answer::Small(answer)))
        if answer.trailer.is_some() && answer.parts.len() == 1)
}

fn code(answer: Option<&Option<Answer>>) -> ErrorCode {
    let Some(Some(Answer::Refused(detail))) = answer else { panic!("{answer:?}") };
    detail.code()
}

#[tokio::test]
async fn one_that_is_slow_or_refused_or_fails_holds_up_no_other() {
    let mut rig = Rig::new();
    rig.send(calls(&[(1, "slow"), (2, "refused"), (3, "small"), (5, "panics"), (9, "small")]))
        .await;
    // What is ready together comes in one message.
    let replies = rig.replies().await;
    assert_eq!(replies.keys().copied().collect::<Vec<_>>(), [2, 3, 5, 9]);
    assert!(is_small(replies.get(&3)) && is_small(replies.get(&9)));
    assert_eq!(code(replies.get(&2)), ErrorCode::GateRefused);
    assert_eq!(code(replies.get(&5)), ErrorCode::SourceFailed);
    rig.fake.0.go.notify_one();
    assert!(is_small(rig.replies().await.get(&1)));
}

#[tokio::test]
async fn a_call_that_is_cancelled_ends_and_no_other() {
    let mut rig = Rig::new();
    rig.send(calls(&[(1, "slow"), (2, "slow")])).await;
    let fake = rig.fake.clone();
    rig.until(&fake.0.waiting, 2).await;
    // One that is not under way is passed over.
    rig.send(ScanCalls { calls: Vec::new(), cancelled: vec![1, 77] }).await;
    assert_eq!(rig.replies().await, BTreeMap::from([(1, None)]));
    assert_eq!(*fake.0.hung_up.borrow(), 1);
    fake.0.go.notify_one();
    assert!(is_small(rig.replies().await.get(&2)));
}

#[tokio::test]
async fn a_large_answer_is_fetched_once_and_is_whole() {
    for (number, what, count, ends) in [
        (1, "large", 10, Ok(true)),
        (2, "one large", 1, Ok(true)),
        (3, "large, then fails", 9, Err(ErrorCode::SourceFailed)),
    ] {
        let mut rig = Rig::new();
        rig.send(calls(&[(number, what), (number + 10, "small")])).await;
        let mut replies = rig.replies().await;
        while replies.len() < 2 {
            replies.extend(rig.replies().await);
        }
        assert!(is_small(replies.get(&(number + 10))), "it holds up no other");
        let Some(Some(Answer::Streamed(handle))) = replies.get(&number) else { panic!("{what}") };
        let handle = Handle::try_from(handle.as_slice()).unwrap();
        let LargeAnswer { first, mut rest } = rig.large.take(&handle).unwrap();
        assert!(rig.large.take(&handle).is_none());
        let mut messages: Vec<_> = first.into_iter().map(Ok).collect();
        while let Some(message) = tokio::time::timeout(PATIENCE, rest.recv()).await.unwrap() {
            messages.push(message);
        }
        let end = match messages.last().unwrap() {
            Ok(last) => Ok(last.trailer.is_some()),
            Err(status) => Err(Refusal::from_status(status).code),
        };
        assert_eq!((end, messages.iter().flatten().count()), (ends, count), "{what}");
    }
}

#[tokio::test]
async fn a_hub_that_breaks_the_rules_loses_the_lane() {
    let large = Envelope { payload: vec![0; bounds::LANE_TICKET_BYTES], ..Envelope::default() };
    let flood: Vec<(u64, &str)> =
        (5..5 + bounds::LANE_CALLS as u64).map(|number| (number, "slow")).collect();
    let cases = [
        (calls(&[(4, "small")]), ErrorCode::Malformed),
        (calls(&[(3, "small")]), ErrorCode::Malformed),
        (calls(&[(0, "small")]), ErrorCode::Malformed),
        (calls(&[(5, "slow"), (5, "slow")]), ErrorCode::Malformed),
        (calls(&flood), ErrorCode::SourceLimit),
        (
            ScanCalls {
                calls: vec![ScanCall { number: 5, ticket: Some(large) }],
                cancelled: Vec::new(),
            },
            ErrorCode::TooLarge,
        ),
        (
            ScanCalls { calls: Vec::new(), cancelled: vec![99; bounds::LANE_CALLS + 1] },
            ErrorCode::TooLarge,
        ),
    ];
    for (message, code) in cases {
        let mut rig = Rig::new();
        rig.send(calls(&[(4, "slow")])).await;
        let fake = rig.fake.clone();
        rig.until(&fake.0.waiting, 1).await;
        rig.breaks(message, code).await;
    }
}

#[tokio::test]
async fn as_many_as_may_be_under_way_are_answered_and_their_places_are_free_again() {
    let mut rig = Rig::new();
    for round in 0..3 {
        let first = 1 + round * bounds::LANE_CALLS as u64;
        let all: Vec<(u64, &str)> =
            (first..first + bounds::LANE_CALLS as u64).map(|number| (number, "small")).collect();
        rig.send(calls(&all)).await;
        let mut replies = BTreeMap::new();
        while replies.len() < all.len() {
            replies.extend(rig.replies().await);
        }
        assert!(all.iter().all(|(number, _)| is_small(replies.get(number))));
    }
}

#[tokio::test]
async fn a_lane_that_closes_answers_what_is_under_way() {
    let mut rig = Rig::new();
    rig.send(calls(&[(1, "slow")])).await;
    let fake = rig.fake.clone();
    rig.until(&fake.0.waiting, 1).await;
    rig.stop.send_replace(true);
    let message = rig.next().await.unwrap().unwrap();
    assert!(message.closing && message.replies.is_empty());
    // What was on its way as the hub heard of it.
    rig.send(calls(&[(2, "small")])).await;
    assert!(is_small(rig.replies().await.get(&2)));
    rig.calls = None;
    fake.0.go.notify_one();
    assert!(is_small(rig.replies().await.get(&1)));
    assert!(rig.next().await.is_none());
}

#[tokio::test]
async fn a_hub_that_goes_ends_all_its_scans() {
    let mut rig = Rig::new();
    rig.send(calls(&[(1, "slow"), (2, "slow")])).await;
    let fake = rig.fake.clone();
    rig.until(&fake.0.waiting, 2).await;
    rig.replies = None;
    let mut hung_up = fake.0.hung_up.subscribe();
    let waited = hung_up.wait_for(|now| *now == 2);
    tokio::time::timeout(PATIENCE, waited).await.unwrap().unwrap();
}
