//! `zerotrip.v1.Exchange`.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::exchange_server::Exchange;
use zerotrip_proto::v1::{ErrorCode, ExchangeCall, ExchangeReply};

use super::caller;
use crate::exchange;
use crate::hub::Hub;

pub struct Service(pub Arc<Hub>);

#[tonic::async_trait]
impl Exchange for Service {
    async fn check(&self, request: Request<ExchangeCall>) -> Result<Response<ExchangeReply>, Status> {
        let peer = caller(&request)?;
        let hub = Arc::clone(&self.0);
        finish(tokio::spawn(async move { exchange::check(&hub, request.into_inner(), &peer).await })).await
    }

    async fn issue(&self, request: Request<ExchangeCall>) -> Result<Response<ExchangeReply>, Status> {
        let peer = caller(&request)?;
        let hub = Arc::clone(&self.0);
        finish(tokio::spawn(async move { exchange::issue(&hub, request.into_inner(), &peer).await })).await
    }
}

/// An exchange runs to its completion even if its caller hangs up: what was asked of a department is never left unrecorded.
async fn finish(exchange: tokio::task::JoinHandle<Result<ExchangeReply, Refusal>>) -> Result<Response<ExchangeReply>, Status> {
    let done = exchange.await.map_err(|error| {
        tracing::error!(%error, "an exchange stopped");
        Refusal::new(ErrorCode::Internal, "the exchange failed; its intent will be reconciled").to_status()
    })?;
    Ok(Response::new(done?))
}
