//! What the connector serves on the socket that it dialled: its datasets' statements, the
//! directory's push, and scans.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
};
use futures::Stream;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use zerotrip_channel::Peer;
use zerotrip_proto::v1::connector_server::{Connector, ConnectorServer};
use zerotrip_proto::v1::{
    DescribeReply, DescribeRequest, Envelope, ErrorCode, NoticeReply, NoticeRequest,
    PushDirectoryReply, PushDirectoryRequest,
};
use zerotrip_proto::{Refusal, bounds, from_timestamp, to_timestamp};

use crate::hub_watermark::ChannelProof;
use crate::scan::MESSAGES_AHEAD;
use crate::serving::Agent;

/// An answer that is made within this time counts as small.
const SMALL_ANSWER: Duration = Duration::from_millis(2);

/// Everything that the hub may call on one channel.
pub fn routes(agent: &Arc<Agent>) -> Routes {
    let service = Service { agent: Arc::clone(agent), proof: Arc::default() };
    let connector = ConnectorServer::new(service.clone());
    let flight = FlightServiceServer::new(service);
    Routes::new(connector.max_decoding_message_size(bounds::MESSAGE_BYTES))
        .add_service(flight.max_decoding_message_size(bounds::MESSAGE_BYTES))
        .prepare()
}

/// The service on one channel.
#[derive(Clone)]
struct Service {
    agent: Arc<Agent>,
    proof: Arc<ChannelProof>,
}

#[tonic::async_trait]
impl Connector for Service {
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
        let hub = match request.extensions().get::<Peer>() {
            Some(peer) if peer.identity.is_hub() => {
                self.agent
                    .require_current(peer)
                    .map_err(|refusal| self.agent.refused(refusal).to_status())?;
                peer.identity.uri()
            }
            _ => {
                return Err(self
                    .agent
                    .refused(Refusal::new(ErrorCode::Unauthenticated, "only the hub asks here"))
                    .to_status());
            }
        };
        let ticket = Envelope::decode(request.into_inner().ticket).map_err(|_| {
            self.agent
                .refused(Refusal::new(ErrorCode::Malformed, "the ticket is not a signed envelope"))
                .to_status()
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
        Ok(Response::new(Box::pin(ReceiverStream::new(messages))))
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
