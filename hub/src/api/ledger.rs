//! `zerotrip.v1.Ledger`. Leaves, heads and proofs are every member's; what an entry says is opened
//! by role.

use std::sync::Arc;

use prost::Message as _;
use tonic::{Request, Response, Status};
use zerotrip_ledger::{Entry, ExchangeState, Fact, LedgerError, Reader};
use zerotrip_proto::v1::ledger_server::Ledger;
use zerotrip_proto::v1::{
    CountUnavailableReply, CountUnavailableRequest, ErrorCode, ExchangeBody, ExchangeFact,
    GetCheckpointReply, GetCheckpointRequest, GetEntriesReply, GetEntriesRequest, GetFactReply,
    GetFactRequest, LedgerReceipt, ListUnavailableReply, ListUnavailableRequest,
    ProveConsistencyReply, ProveConsistencyRequest, ProveInclusionRequest, SubjectFact,
};
use zerotrip_proto::{Refusal, names};

use super::{caller, unavailable};
use crate::hub::Hub;
use crate::unrecorded::ledger_refusal;

/// Most entries of one reply.
const MOST_ENTRIES: u32 = 1000;

pub struct Service(pub Arc<Hub>);

impl Service {
    /// What the caller may read: an administrator of the authority all, a system what concerns it.
    fn reader<T>(&self, request: &Request<T>) -> Result<Reader, Status> {
        let peer = caller(request)?;
        Ok(match peer.member() {
            _ if self.0.in_force().directory.is_administrator(&peer) => Reader::Authority,
            member => {
                Reader::System { uri: peer.uri(), member: member.unwrap_or_default().to_owned() }
            }
        })
    }

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

/// What the outcome of the subject at this place of an exchange about many is in full, by the rule
/// for an exchange about one; `None` where there is none, or not for this reader.
fn fact_of_one(
    ledger: &zerotrip_ledger::Ledger,
    id: &str,
    place: u32,
    reader: &Reader,
) -> Result<Option<Fact>, LedgerError> {
    let Some(ExchangeState::Closed { answer: Some(kept), .. }) =
        ledger.exchange(id)?.map(|row| row.state)
    else {
        return Ok(None);
    };
    let unreadable = |_| LedgerError::Unavailable(format!("what is kept of `{id}` is unreadable"));
    let body = ExchangeBody::decode(&*kept).map_err(unreadable)?;
    let place = usize::try_from(place).unwrap_or(usize::MAX);
    let Some(SubjectFact { salt, fact }) = body.facts.into_iter().nth(place) else {
        return Ok(None);
    };
    let dataset = ExchangeFact::decode(&*fact).map_err(unreadable)?.dataset;
    let owner = names::owner_of(&dataset).unwrap_or_default().to_owned();
    let may_read = match reader {
        Reader::Authority => true,
        Reader::System { member, .. } => !owner.is_empty() && *member == owner,
    };
    Ok(may_read.then_some(Fact { salt, fact, owner }))
}

#[tonic::async_trait]
impl Ledger for Service {
    async fn get_checkpoint(
        &self,
        _request: Request<GetCheckpointRequest>,
    ) -> Result<Response<GetCheckpointReply>, Status> {
        self.read(|ledger| Ok(GetCheckpointReply { checkpoint: ledger.checkpoint()? })).await
    }

    async fn get_entries(
        &self,
        request: Request<GetEntriesRequest>,
    ) -> Result<Response<GetEntriesReply>, Status> {
        let reader = self.reader(&request)?;
        let GetEntriesRequest { start, count } = request.into_inner();
        if !(1..=MOST_ENTRIES).contains(&count) {
            return Err(Refusal::new(
                ErrorCode::TooLarge,
                format!("`count` must be 1 to {MOST_ENTRIES}"),
            )
            .to_status());
        }
        self.read(move |ledger| {
            let entries = ledger.entries(start, count, &reader)?.into_iter();
            let (entries, openings) =
                entries.map(|Entry { leaf, opening }| (leaf, opening.unwrap_or_default())).unzip();
            Ok(GetEntriesReply { entries, openings })
        })
        .await
    }

    async fn prove_inclusion(
        &self,
        request: Request<ProveInclusionRequest>,
    ) -> Result<Response<LedgerReceipt>, Status> {
        let reader = self.reader(&request)?;
        let index = request.into_inner().index;
        self.read(move |ledger| ledger.inclusion(index, &reader)).await
    }

    async fn get_fact(
        &self,
        request: Request<GetFactRequest>,
    ) -> Result<Response<GetFactReply>, Status> {
        let reader = self.reader(&request)?;
        let GetFactRequest { exchange_id: id, place } = request.into_inner();
        let find = move |ledger: &zerotrip_ledger::Ledger| match place {
            None => ledger.fact(&id, &reader),
            Some(place) => fact_of_one(ledger, &id, place, &reader),
        };
        let found = self.read(find).await?.into_inner();
        // An exchange of others is as if it were not.
        let fact = found.ok_or_else(|| {
            let en = "there is no exchange of that id that is about a dataset of this member";
            Refusal::bilingual(ErrorCode::UnknownName, en, "没有涉及本单位数据的该编号的交换")
                .to_status()
        })?;
        Ok(Response::new(GetFactReply { salt: fact.salt, fact: fact.fact }))
    }

    async fn list_unavailable(
        &self,
        request: Request<ListUnavailableRequest>,
    ) -> Result<Response<ListUnavailableReply>, Status> {
        // The guard has let in administrators of the authority alone.
        let ListUnavailableRequest { filter, most, after } = request.into_inner();
        if !(1..=zerotrip_ledger::PAGE).contains(&most) {
            let en = format!("`most` must be 1 to {}", zerotrip_ledger::PAGE);
            return Err(Refusal::new(ErrorCode::TooLarge, en).to_status());
        }
        let which = unavailable::which(filter.unwrap_or_default(), None)?;
        let after = after.map(unavailable::after).unwrap_or_default();
        self.read(move |ledger| {
            let counts = ledger.unavailable_alike(&which)?;
            let page = ledger.unavailable(&which, &after, most)?;
            // One more row is the next page's.
            let behind = page.last().map(unavailable::behind);
            let more = match behind.filter(|_| page.len() == most as usize) {
                Some(behind) => !ledger.unavailable(&which, &behind, 1)?.is_empty(),
                None => false,
            };
            Ok(ListUnavailableReply {
                counts: counts.into_iter().map(unavailable::count).collect(),
                exchanges: page.into_iter().map(unavailable::exchange).collect(),
                more,
            })
        })
        .await
    }

    async fn count_unavailable(
        &self,
        request: Request<CountUnavailableRequest>,
    ) -> Result<Response<CountUnavailableReply>, Status> {
        let owner = match self.reader(&request)? {
            Reader::Authority => None,
            Reader::System { member, .. } => Some(member),
        };
        let filter = request.into_inner().filter.unwrap_or_default();
        let which = unavailable::which(filter, owner)?;
        self.read(move |ledger| {
            let counts = ledger.unavailable_alike(&which)?.into_iter();
            Ok(CountUnavailableReply { counts: counts.map(unavailable::count).collect() })
        })
        .await
    }

    async fn prove_consistency(
        &self,
        request: Request<ProveConsistencyRequest>,
    ) -> Result<Response<ProveConsistencyReply>, Status> {
        let ProveConsistencyRequest { from_size, to_size } = request.into_inner();
        self.read(move |ledger| {
            Ok(ProveConsistencyReply { path: ledger.consistency(from_size, to_size)? })
        })
        .await
    }
}
