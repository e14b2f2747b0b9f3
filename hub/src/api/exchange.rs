//! `zerotrip.v1.Exchange`.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::exchange_server::Exchange;
use zerotrip_proto::v1::{CheckManyReply, ErrorCode, ExchangeCall, ExchangeReply};

use super::caller;
use crate::exchange::pipeline::{self, Kind};
use crate::exchange::{CheckManyRequest, CheckRequest, IssueRequest, OpenedSubjects, Replied};
use crate::hub::Hub;
use crate::unrecorded::ledger_refusal;

pub struct Service(pub Arc<Hub>);

#[tonic::async_trait]
impl Exchange for Service {
    async fn check(
        &self,
        request: Request<ExchangeCall>,
    ) -> Result<Response<ExchangeReply>, Status> {
        answer::<CheckRequest>(&self.0, request).await
    }

    async fn check_many(
        &self,
        request: Request<ExchangeCall>,
    ) -> Result<Response<CheckManyReply>, Status> {
        let Replied { reply, many } = replied::<CheckManyRequest>(&self.0, request).await?;
        let OpenedSubjects { leaves, secret } = many;
        Ok(Response::new(CheckManyReply { reply: Some(reply), leaves, secret }))
    }

    async fn issue(
        &self,
        request: Request<ExchangeCall>,
    ) -> Result<Response<ExchangeReply>, Status> {
        answer::<IssueRequest>(&self.0, request).await
    }
}

async fn answer<K: Kind + 'static>(
    hub: &Arc<Hub>,
    request: Request<ExchangeCall>,
) -> Result<Response<ExchangeReply>, Status> {
    Ok(Response::new(replied::<K>(hub, request).await?.reply))
}

async fn replied<K: Kind + 'static>(
    hub: &Arc<Hub>,
    request: Request<ExchangeCall>,
) -> Result<Replied, Status> {
    let peer = caller(&request)?;
    let (call, serving) = (request.into_inner(), Arc::clone(hub));
    let seen = call.seen_size;
    let exchange = tokio::spawn(async move { pipeline::answer::<K>(&serving, call, &peer).await });
    let Replied { reply, many } = finish(exchange).await?;
    Ok(Replied { reply: continuing(hub, seen, reply)?, many })
}

/// An exchange runs to its completion even if its caller hangs up: what was asked of a department
/// is never left unrecorded.
async fn finish(
    exchange: tokio::task::JoinHandle<Result<Replied, Refusal>>,
) -> Result<Replied, Status> {
    let done = exchange.await.map_err(|error| {
        tracing::error!(%error, "an exchange stopped");
        Refusal::new(ErrorCode::Internal, "the exchange failed; its intent will be reconciled")
            .to_status()
    })?;
    Ok(done?)
}

/// The reply, with proof that its tree continues the one that the caller has seen: so that no
/// answer needs a second call to be compared.
fn continuing(hub: &Hub, seen: u64, mut reply: ExchangeReply) -> Result<ExchangeReply, Status> {
    let note =
        reply.receipt.as_ref().map(|receipt| receipt.checkpoint.as_str()).unwrap_or_default();
    let size = note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0);
    if (1..size).contains(&seen) {
        reply.consistency = hub
            .ledger
            .consistency(seen, size)
            .map_err(|error| ledger_refusal(error).to_status())?;
    }
    Ok(reply)
}
