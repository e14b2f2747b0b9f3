//! What the connector serves on the socket that it dialled: its datasets' statements, the
//! directory's push, and scans: many on one stream (`lane.rs`), or one on a separate stream.

mod lane;
mod large_answers;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
};
use futures::{Stream, StreamExt as _, stream};
use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use zerotrip_channel::Peer;
use zerotrip_proto::v1::connector_server::{Connector, ConnectorServer};
use zerotrip_proto::v1::{
    DescribeReply, DescribeRequest, Envelope, ErrorCode, NoticeReply, NoticeRequest,
    PushDirectoryReply, PushDirectoryRequest, ScanCalls, ScanReplies,
};
use zerotrip_proto::{Refusal, bounds, from_timestamp, to_timestamp};

use crate::hub_watermark::ChannelProof;
use crate::scan::{MESSAGES_AHEAD, Messages, ScanMessage};
use crate::serving::Agent;
use large_answers::{Handle, LargeAnswer, LargeAnswers};

/// An answer that is made within this time counts as small.
const SMALL_ANSWER: Duration = Duration::from_millis(2);

/// Everything that the hub may call on one channel, and the end of that: once `stop` has completed,
/// the lane closes, and what is under way on it is answered. A channel that is closed before has
/// its lane cut off, for that is a stream that is always open.
pub fn open(
    agent: &Arc<Agent>,
    stop: impl Future<Output = ()>,
) -> (Routes, impl Future<Output = ()>) {
    let (closing, closes) = watch::channel(false);
    let lanes = Arc::new(Semaphore::new(1));
    let service = Service {
        agent: Arc::clone(agent),
        proof: Arc::default(),
        large: Arc::default(),
        lanes: Arc::clone(&lanes),
        stop: closes,
    };
    let connector = ConnectorServer::new(service.clone());
    let flight = FlightServiceServer::new(service);
    let routes = Routes::new(connector.max_decoding_message_size(bounds::MESSAGE_BYTES))
        .add_service(flight.max_decoding_message_size(bounds::MESSAGE_BYTES))
        .prepare();
    let stopped = async move {
        stop.await;
        closing.send_replace(true);
        // The permit comes back with the lane's last scan. None is opened any more.
        if let Ok(last) = lanes.acquire().await {
            last.forget();
        }
    };
    (routes, stopped)
}

/// The service on one channel.
#[derive(Clone)]
struct Service {
    agent: Arc<Agent>,
    proof: Arc<ChannelProof>,
    large: Arc<LargeAnswers>,
    /// A permit for the one lane.
    lanes: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

impl Service {
    fn refused(&self, code: ErrorCode, why: &str) -> Status {
        self.agent.refused(Refusal::new(code, why)).to_status()
    }

    /// An answer that was too large for the lane.
    fn fetch(&self, handle: &Handle) -> Result<LargeAnswer, Status> {
        self.proof.require().map_err(|refusal| self.agent.refused(refusal).to_status())?;
        self.large.take(handle).ok_or_else(|| {
            let why = "no answer waits under this handle: it was fetched, or not in time";
            self.refused(ErrorCode::UnknownName, why)
        })
    }
}

/// The scans of one lane. Each ticket is held to what is in force as it comes, and not to what was
/// when the lane was opened.
#[derive(Clone)]
struct HubScans {
    agent: Arc<Agent>,
    proof: Arc<ChannelProof>,
    peer: Option<Arc<Peer>>,
    _only_lane: Arc<OwnedSemaphorePermit>,
}

impl lane::Scans for HubScans {
    async fn scan(&self, ticket: Envelope, out: Messages) -> Result<(), Refusal> {
        let hub = self.agent.require_hub(self.peer.as_deref())?;
        self.agent.scan(&ticket, hub, &self.proof, &out).await
    }

    fn refused(&self, refusal: Refusal) -> Refusal {
        self.agent.refused(refusal)
    }
}

#[tonic::async_trait]
impl Connector for Service {
    type ScanStream = Streamed<ScanReplies>;

    async fn scan(
        &self,
        request: Request<Streaming<ScanCalls>>,
    ) -> Result<Response<Self::ScanStream>, Status> {
        let peer = request.extensions().get::<Peer>().cloned().map(Arc::new);
        let only_lane = Arc::clone(&self.lanes).try_acquire_owned().map_err(|_| {
            self.refused(ErrorCode::SourceLimit, "a lane is open on this channel already")
        })?;
        let scans = HubScans {
            agent: Arc::clone(&self.agent),
            proof: Arc::clone(&self.proof),
            peer,
            _only_lane: Arc::new(only_lane),
        };
        let (large, stop) = (Arc::clone(&self.large), self.stop.clone());
        Ok(Response::new(Box::pin(lane::open(request.into_inner(), scans, large, stop))))
    }

    async fn describe(
        &self,
        request: Request<DescribeRequest>,
    ) -> Result<Response<DescribeReply>, Status> {
        let now = SystemTime::now();
        let shown = request.into_inner();
        if let Some(hub) = from_timestamp(shown.asked_at.as_ref()) {
            self.agent.compare_clocks(now, hub);
        }
        self.proof.record(self.agent.compare_hub(&shown, now))?;
        let (datasets, quality) = (self.agent.statements(), self.agent.quality());
        let (directory_version, answered_at) =
            (self.agent.directory_version(), Some(to_timestamp(now)));
        let seen_size = self.agent.seen_size();
        Ok(Response::new(DescribeReply {
            datasets,
            directory_version,
            quality,
            answered_at,
            seen_size,
        }))
    }

    async fn push_directory(
        &self,
        request: Request<PushDirectoryRequest>,
    ) -> Result<Response<PushDirectoryReply>, Status> {
        let envelope = request.into_inner().directory.unwrap_or_default();
        let directory_version = self.agent.take_directory(&envelope, SystemTime::now())?;
        Ok(Response::new(PushDirectoryReply { directory_version }))
    }

    async fn notice(
        &self,
        request: Request<NoticeRequest>,
    ) -> Result<Response<NoticeReply>, Status> {
        self.agent.hear(&request.into_inner());
        Ok(Response::new(NoticeReply {}))
    }
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn to_flight(
    messages: impl Stream<Item = Result<ScanMessage, Status>> + Send + 'static,
) -> Streamed<FlightData> {
    Box::pin(messages.map(|message| message.map(ScanMessage::into_flight)))
}

fn not_here<T>(call: &str) -> Result<Response<T>, Status> {
    Err(Status::unimplemented(format!(
        "{call} is not served on this channel; the hub asks by DoGet with a signed ticket"
    )))
}

#[tonic::async_trait]
impl FlightService for Service {
    type HandshakeStream = Streamed<HandshakeResponse>;
    type ListFlightsStream = Streamed<FlightInfo>;
    type DoGetStream = Streamed<FlightData>;
    type DoPutStream = Streamed<PutResult>;
    type DoActionStream = Streamed<arrow_flight::Result>;
    type ListActionsStream = Streamed<ActionType>;
    type DoExchangeStream = Streamed<FlightData>;

    async fn do_get(
        &self,
        request: Request<Ticket>,
    ) -> Result<Response<Self::DoGetStream>, Status> {
        let hub = self.agent.require_hub(request.extensions().get::<Peer>())?.clone();
        let ticket = request.into_inner().ticket;
        // A signature alone is longer than a handle, so no signed ticket is taken for one.
        if let Ok(handle) = Handle::try_from(ticket.as_ref()) {
            let LargeAnswer { first, rest } = self.fetch(&handle)?;
            let messages = stream::iter(first).map(Ok).chain(ReceiverStream::new(rest));
            return Ok(Response::new(to_flight(messages)));
        }
        let ticket = Envelope::decode(ticket).map_err(|_| {
            self.refused(ErrorCode::Malformed, "the ticket is not a signed envelope")
        })?;
        let (out, messages) = mpsc::channel(MESSAGES_AHEAD);
        let (agent, proof) = (Arc::clone(&self.agent), Arc::clone(&self.proof));
        let mut scan = Box::pin(async move {
            if let Err(refusal) = agent.scan(&ticket, &hub, &proof, &out).await {
                // If the hub hung up, only the journal has it.
                let _gone = out.send(Err(refusal.to_status())).await;
            }
        });
        // A small answer is whole before its first frame goes out, and then goes out in one piece:
        // one wake-up at each end instead of one for each message, and no other thread's. A
        // larger one streams.
        if tokio::time::timeout(SMALL_ANSWER, &mut scan).await.is_err() {
            tokio::spawn(scan);
        }
        Ok(Response::new(to_flight(ReceiverStream::new(messages))))
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        not_here("Handshake")
    }

    async fn list_flights(
        &self,
        _: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        not_here("ListFlights")
    }

    async fn get_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        not_here("GetFlightInfo")
    }

    async fn poll_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        not_here("PollFlightInfo")
    }

    async fn get_schema(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<SchemaResult>, Status> {
        not_here("GetSchema")
    }

    async fn do_put(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        not_here("DoPut")
    }

    async fn do_action(
        &self,
        _: Request<Action>,
    ) -> Result<Response<Self::DoActionStream>, Status> {
        not_here("DoAction")
    }

    async fn list_actions(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        not_here("ListActions")
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        not_here("DoExchange")
    }
}
