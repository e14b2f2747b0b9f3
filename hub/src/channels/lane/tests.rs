#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
//! The lane over HTTP/2, against a connector that says what each test tells it to.

use std::pin::Pin;

use tokio::sync::mpsc;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use zerotrip_channel::{Http2Bounds, serve};
use zerotrip_proto::v1::connector_server::{Connector, ConnectorServer};
use zerotrip_proto::v1::{
    AnswerPart, DescribeReply, DescribeRequest, ErrorDetail, NoticeReply, NoticeRequest,
    PushDirectoryReply, PushDirectoryRequest, ScanReply, SmallAnswer,
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

type Replies = mpsc::Receiver<Result<ScanReplies, Status>>;

/// Hands on what the hub says, and says what it is told to.
struct Fake {
    calls: Mutex<Option<mpsc::Sender<ScanCalls>>>,
    /// `None`: it does not know lanes.
    replies: Mutex<Option<Replies>>,
}

#[tonic::async_trait]
impl Connector for Fake {
    type ScanStream = Pin<Box<dyn Stream<Item = Result<ScanReplies, Status>> + Send>>;

    async fn scan(
        &self,
        request: Request<Streaming<ScanCalls>>,
    ) -> Result<Response<Self::ScanStream>, Status> {
        let Some(replies) = self.replies.lock().unwrap().take() else {
            return Err(Status::unimplemented(""));
        };
        let (calls, mut said) = (self.calls.lock().unwrap().take().unwrap(), request.into_inner());
        tokio::spawn(async move {
            while let Ok(Some(message)) = said.message().await {
                let _gone = calls.send(message).await;
            }
        });
        let replies = futures::stream::unfold(replies, |mut replies| async move {
            replies.recv().await.map(|message| (message, replies))
        });
        Ok(Response::new(Box::pin(replies)))
    }

    async fn describe(
        &self,
        _: Request<DescribeRequest>,
    ) -> Result<Response<DescribeReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn push_directory(
        &self,
        _: Request<PushDirectoryRequest>,
    ) -> Result<Response<PushDirectoryReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn notice(&self, _: Request<NoticeRequest>) -> Result<Response<NoticeReply>, Status> {
        Err(Status::unimplemented(""))
    }
}

struct Rig {
    lane: Arc<Lane>,
    run: JoinHandle<Option<String>>,
    /// What the connector hears, and what it says.
    calls: mpsc::Receiver<ScanCalls>,
    replies: Option<mpsc::Sender<Result<ScanReplies, Status>>>,
    /// The connector's end of the channel.
    served: JoinHandle<()>,
}

impl Rig {
    async fn connected(knows_lanes: bool) -> Self {
        let (heard, calls) = mpsc::channel(64);
        let (replies, said) = mpsc::channel(64);
        let fake = Fake {
            calls: Mutex::new(Some(heard)),
            replies: Mutex::new(knows_lanes.then_some(said)),
        };
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let routes = Routes::new(ConnectorServer::new(fake)).prepare();
        let served = tokio::spawn(async move {
            let never = std::future::pending();
            let _ended = serve(theirs, None, routes, Http2Bounds::STANDARD, never).await;
        });
        let (client, connection) =
            Http2Client::handshake(ours, Http2Bounds::STANDARD).await.unwrap();
        tokio::spawn(connection);
        let lane = Arc::<Lane>::default();
        assert!(lane.ask(ticket(0)).is_err(), "it is not open yet");
        let run = Arc::clone(&lane).run(ConnectorClient::new(client.streaming()));
        Self { lane, run: tokio::spawn(run), calls, replies: Some(replies), served }
    }

    async fn new() -> Self {
        let rig = Self::connected(true).await;
        rig.until(Phase::Open).await;
        rig
    }

    async fn until(&self, phase: Phase) {
        let waiting = async {
            while self.lane.state().phase != phase {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    }

    fn ask(&self, count: usize) -> Vec<Asked> {
        (0..count).map(|at| self.lane.ask(ticket(at)).unwrap()).collect()
    }

    /// What the connector hears next; `None` once the hub has ended its side.
    async fn heard(&mut self) -> Option<ScanCalls> {
        tokio::time::timeout(PATIENCE, self.calls.recv()).await.unwrap()
    }

    fn say(&self, message: ScanReplies) {
        self.replies.as_ref().unwrap().try_send(Ok(message)).unwrap();
    }

    /// Refuses these calls, each in words of its own.
    fn reply(&self, numbers: impl IntoIterator<Item = u64>) {
        let replies = numbers.into_iter().map(|number| {
            let detail = ErrorDetail { message_en: number.to_string(), ..ErrorDetail::default() };
            ScanReply { number, answer: Some(Answer::Refused(detail)) }
        });
        self.say(ScanReplies { replies: replies.collect(), closing: false });
    }

    /// How the lane ended.
    async fn ended(self) -> Option<String> {
        let ended = tokio::time::timeout(PATIENCE, self.run).await.unwrap().unwrap();
        assert!(self.lane.ask(ticket(0)).is_err());
        ended
    }
}

fn ticket(at: usize) -> Envelope {
    Envelope { payload_type: at.to_string(), ..Envelope::default() }
}

/// The words of the reply.
async fn words(asked: Asked) -> Result<String, LaneClosed> {
    match tokio::time::timeout(PATIENCE, asked.answered()).await.unwrap()? {
        Some(Answer::Refused(detail)) => Ok(detail.message_en),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_ready_together_travels_together_and_each_gets_its_own_answer() {
    let mut rig = Rig::new().await;
    let all = rig.ask(20);
    let heard = rig.heard().await.unwrap();
    assert!(heard.cancelled.is_empty());
    for (at, call) in heard.calls.iter().enumerate() {
        assert_eq!((call.number, &call.ticket), (at as u64 + 1, &Some(ticket(at))));
    }
    assert_eq!(heard.calls.len(), 20);
    rig.reply((1..=10).rev());
    rig.reply((11..=20).rev());
    for (at, asked) in all.into_iter().enumerate() {
        assert_eq!(words(asked).await.unwrap(), (at + 1).to_string());
    }
}

#[tokio::test]
async fn a_scan_that_is_slow_or_gives_up_holds_up_no_other() {
    let mut rig = Rig::new().await;
    let mut asked = rig.ask(3).into_iter();
    let (first, second, third) =
        (asked.next().unwrap(), asked.next().unwrap(), asked.next().unwrap());
    assert_eq!(rig.heard().await.unwrap().calls.len(), 3);
    rig.reply([2]);
    assert_eq!(words(second).await.unwrap(), "2");
    drop(first);
    let heard = rig.heard().await.unwrap();
    assert_eq!((heard.calls.len(), heard.cancelled), (0, vec![1]));
    // Its reply was on its way.
    rig.reply([1]);
    rig.reply([3]);
    assert_eq!(words(third).await.unwrap(), "3");
    // One that gives up before it was written is not written.
    drop(rig.ask(1));
    let last = rig.ask(1).remove(0);
    let heard = rig.heard().await.unwrap();
    assert_eq!(heard.calls.iter().map(|call| call.number).collect::<Vec<_>>(), [5]);
    assert!(heard.cancelled.is_empty());
    rig.reply([5]);
    assert_eq!(words(last).await.unwrap(), "5");
}

#[tokio::test]
async fn what_the_lane_has_no_place_for_comes_back() {
    let mut rig = Rig::new().await;
    let large = Envelope { payload: vec![0; bounds::LANE_TICKET_BYTES], ..Envelope::default() };
    assert_eq!(rig.lane.ask(large.clone()).unwrap_err().as_ref(), &large);
    let mut all = rig.ask(bounds::LANE_CALLS);
    assert!(rig.lane.ask(ticket(0)).is_err());
    let mut heard = 0;
    while heard < bounds::LANE_CALLS {
        heard += rig.heard().await.unwrap().calls.len();
    }
    // One that gave up keeps its place until the connector has replied.
    drop(all.remove(0));
    assert_eq!(rig.heard().await.unwrap().cancelled, [1]);
    assert!(rig.lane.ask(ticket(0)).is_err());
    rig.say(ScanReplies {
        replies: vec![ScanReply { number: 1, answer: None }],
        ..Default::default()
    });
    rig.reply([2]);
    assert_eq!(words(all.remove(0)).await.unwrap(), "2");
    assert_eq!(rig.ask(2).len(), 2);
    assert!(rig.lane.ask(ticket(0)).is_ok(), "those two gave up unwritten");
}

#[tokio::test]
async fn many_bytes_are_several_messages() {
    let mut rig = Rig::new().await;
    let payload = vec![0; bounds::LANE_TICKET_BYTES - 100];
    let large = Envelope { payload, ..Envelope::default() };
    let all: Vec<Asked> = (0..10).map(|_| rig.lane.ask(large.clone()).unwrap()).collect();
    let mut numbers = Vec::new();
    while numbers.len() < 10 {
        let heard = rig.heard().await.unwrap();
        assert!(heard.encoded_len() < 2 * bounds::LANE_MESSAGE_BYTES);
        numbers.extend(heard.calls.iter().map(|call| call.number));
    }
    assert_eq!(numbers, (1..=10).collect::<Vec<u64>>());
    rig.reply(1..=10);
    for asked in all {
        words(asked).await.unwrap();
    }
}

#[tokio::test]
async fn a_dead_lane_fails_its_scans() {
    // The stream ends, is refused, or dies with its channel.
    for how in 0..3 {
        let mut rig = Rig::new().await;
        let all = rig.ask(3);
        rig.heard().await.unwrap();
        match how {
            0 => rig.replies = None,
            1 => rig.replies.as_ref().unwrap().try_send(Err(Status::internal("no"))).unwrap(),
            _ => rig.served.abort(),
        }
        for asked in all {
            assert_eq!(words(asked).await, Err(LaneClosed), "{how}");
        }
        assert_eq!(rig.ended().await, None);
    }
}

#[tokio::test]
async fn a_lane_that_is_dropped_fails_its_scans_and_ends_at_the_connector() {
    let mut rig = Rig::new().await;
    let asked = rig.ask(1).remove(0);
    rig.heard().await.unwrap();
    rig.run.abort();
    assert_eq!(words(asked).await, Err(LaneClosed));
    assert_eq!(rig.heard().await, None);
}

#[tokio::test]
async fn a_connector_that_stops_is_asked_no_more_and_answers_what_is_under_way() {
    let mut rig = Rig::new().await;
    let asked = rig.ask(1).remove(0);
    rig.heard().await.unwrap();
    let unwritten = rig.ask(1).remove(0);
    rig.say(ScanReplies { closing: true, ..ScanReplies::default() });
    rig.until(Phase::Closing).await;
    assert!(rig.lane.ask(ticket(0)).is_err());
    assert_eq!(rig.heard().await.unwrap().calls.len(), 1, "what was asked before is written");
    assert_eq!(rig.heard().await, None, "the hub has ended its side");
    rig.reply([2, 1]);
    assert_eq!(words(asked).await.unwrap(), "1");
    assert_eq!(words(unwritten).await.unwrap(), "2");
    rig.replies = None;
    assert_eq!(rig.ended().await, None);
}

#[tokio::test]
async fn a_connector_that_breaks_the_rules_loses_the_lane() {
    let part =
        AnswerPart { data_header: Vec::new(), data_body: vec![0; 2 * bounds::LANE_ANSWER_BYTES] };
    let large = Answer::Small(SmallAnswer { parts: vec![part], trailer: None });
    let reply = |number| ScanReply { number, answer: None };
    let cases = [
        (vec![reply(0)], Breach::NotUnderWay(0)),
        (vec![reply(3)], Breach::NotUnderWay(3)),
        (vec![reply(2), reply(2)], Breach::NotUnderWay(2)),
        (vec![ScanReply { number: 2, answer: Some(large) }], Breach::TooLarge(2)),
    ];
    for (replies, breach) in cases {
        let mut rig = Rig::new().await;
        let mut asked = rig.ask(2);
        rig.heard().await.unwrap();
        rig.say(ScanReplies { replies, closing: false });
        assert_eq!(words(asked.remove(0)).await, Err(LaneClosed), "{breach}");
        assert_eq!(rig.ended().await, Some(breach.to_string()));
    }
}

#[tokio::test]
async fn with_a_connector_that_knows_no_lanes_every_scan_comes_back() {
    let rig = Rig::connected(false).await;
    rig.until(Phase::Closed).await;
    assert!(rig.lane.ask(ticket(0)).is_err());
    assert!(!rig.run.is_finished(), "the channel stays");
}
