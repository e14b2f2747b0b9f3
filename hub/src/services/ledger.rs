//! `zerotrip.v1.Ledger`.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use zerotrip_ledger::LedgerError;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::ledger_server::Ledger;
use zerotrip_proto::v1::{
    ErrorCode, GetCheckpointReply, GetCheckpointRequest, GetEntriesReply, GetEntriesRequest, LedgerReceipt, ProveConsistencyReply,
    ProveConsistencyRequest, ProveInclusionRequest,
};

use crate::hub::{Hub, ledger_refusal};

/// Most entries of one reply.
const MOST_ENTRIES: u32 = 1000;

pub struct Service(pub Arc<Hub>);

impl Service {
    /// Reads off the async threads: a proof over a large log touches the disk.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&zerotrip_ledger::Ledger) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let ledger = self.0.ledger.clone();
        let read = tokio::task::spawn_blocking(move || work(&ledger)).await;
        let read = read.map_err(|error| {
            tracing::error!(%error, "reading the ledger stopped");
            Refusal::new(ErrorCode::Internal, "the ledger could not be read").to_status()
        })?;
        Ok(Response::new(read.map_err(|error| ledger_refusal(error).to_status())?))
    }
}

#[tonic::async_trait]
impl Ledger for Service {
    async fn get_checkpoint(&self, _request: Request<GetCheckpointRequest>) -> Result<Response<GetCheckpointReply>, Status> {
        self.read(|ledger| Ok(GetCheckpointReply { checkpoint: ledger.checkpoint()? })).await
    }

    async fn get_entries(&self, request: Request<GetEntriesRequest>) -> Result<Response<GetEntriesReply>, Status> {
        let GetEntriesRequest { start, count } = request.into_inner();
        if !(1..=MOST_ENTRIES).contains(&count) {
            return Err(Refusal::new(ErrorCode::TooLarge, format!("`count` must be 1 to {MOST_ENTRIES}")).to_status());
        }
        self.read(move |ledger| Ok(GetEntriesReply { entries: ledger.entries(start, count)? })).await
    }

    async fn prove_inclusion(&self, request: Request<ProveInclusionRequest>) -> Result<Response<LedgerReceipt>, Status> {
        let index = request.into_inner().index;
        self.read(move |ledger| ledger.inclusion(index)).await
    }

    async fn prove_consistency(&self, request: Request<ProveConsistencyRequest>) -> Result<Response<ProveConsistencyReply>, Status> {
        let ProveConsistencyRequest { from_size, to_size } = request.into_inner();
        self.read(move |ledger| Ok(ProveConsistencyReply { path: ledger.consistency(from_size, to_size)? })).await
    }
}
