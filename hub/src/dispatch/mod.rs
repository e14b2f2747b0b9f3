//! Asks departments: one signed, single-use ticket for each scan. An answer counts only as far as
//! its receipt supports it.

mod allowed;
mod delivery;
mod failure;
mod key_source;
mod parts;
mod ticket;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arrow_flight::Ticket;
use prost::Message as _;
use zerotrip_channel::deadline::Deadline;
use zerotrip_checks::soundness::Incomplete;
use zerotrip_proto::bounds;
use zerotrip_proto::v1::scan_reply::Answer;
use zerotrip_proto::v1::{Envelope, ErrorCode, ScanTicket};
use zerotrip_trust::Digest;

use allowed::Named;

pub use allowed::{AllowedExchange, List};

use crate::channels::Attached;
use crate::engine::{Dispatch, ScanAnswer, ScanCall};
use crate::hub::Hub;
use delivery::{Delivered, Delivery};
use failure::{fault, refused, refused_in_words, unreachable, untrusted};
use key_source::KeySource;
use ticket::{Route, make_ticket};
use verify::{Asked, verify_answer};

/// Asks departments on behalf of one exchange.
pub struct Dispatcher<'a> {
    hub: &'a Hub,
    exchange: AllowedExchange<'a>,
    named: Named<'a>,
    /// How many parts of each scan were asked, of a request about many subjects.
    parts: Mutex<BTreeMap<String, u32>>,
    /// The answers that were verified.
    sources: Mutex<Vec<KeySource>>,
    /// How many of them came before the group of subjects that is under way: no key comes of them.
    before: AtomicUsize,
    /// The members that a ticket was sent to.
    asked: Mutex<BTreeSet<String>>,
}

/// What dispatching left behind.
#[derive(Default)]
pub struct Dispatched {
    /// The members that were asked, whatever they answered.
    pub members: Vec<String>,
    /// The receipts of those that answered.
    pub receipts: Vec<Received>,
}

/// A source's signed receipt.
pub struct Received {
    /// Of which dataset.
    pub dataset: String,
    /// When it was as it answered.
    pub as_of: SystemTime,
    /// As signed.
    pub receipt: Envelope,
}

impl<'a> Dispatcher<'a> {
    /// For one exchange.
    pub fn new(hub: &'a Hub, exchange: AllowedExchange<'a>) -> Self {
        let named = Named::of(exchange.arguments);
        let (sources, asked, parts) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { hub, exchange, named, parts, sources, before: AtomicUsize::new(0), asked }
    }

    /// Who was asked, and the receipts of all that answered.
    pub fn finish(self) -> Dispatched {
        let sources = self.sources.into_inner().unwrap_or_else(PoisonError::into_inner);
        let asked = self.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        let receipts = sources.into_iter().map(|source| {
            let KeySource { dataset, as_of, receipt, .. } = source;
            Received { dataset, as_of, receipt }
        });
        Dispatched { members: asked.into_iter().collect(), receipts: receipts.collect() }
    }

    /// The connector of a scan's dataset, as long as what its owner states is what the check was
    /// prepared over; and the digest of that statement.
    fn attached(&self, call: &ScanCall<'_>) -> Result<(Arc<Attached>, Digest), ErrorCode> {
        let dataset = call.scan.scan.dataset.as_str();
        let stated = self.hub.catalog.statement(dataset).ok_or(ErrorCode::SourceUnreachable)?;
        let attached = self.hub.channels.of_dataset(dataset).ok_or(ErrorCode::SourceUnreachable)?;
        if attached.statement_digest(dataset) != Some(stated.digest) {
            return Err(ErrorCode::SourceDrift);
        }
        // The plans, the regions and the coverage rest on the statement that the check was prepared
        // over. A connector that dials again with another one in the middle of an exchange answers
        // under that one.
        if stated.statement != *call.scan.statement {
            tracing::warn!(
                scan = call.name,
                dataset,
                "another statement than the check was prepared over is in force now"
            );
            return Err(ErrorCode::SourceDrift);
        }
        Ok((attached, stated.digest))
    }

    fn ticket(&self, call: &ScanCall<'_>, attached: &Attached) -> Result<ScanTicket, ErrorCode> {
        // A ticket lives a minute at most, and an exchange about many subjects longer.
        let a_tickets_life = Deadline::after(bounds::GRANT_LIFE);
        let route = Route {
            hub: &self.hub.identity.uri,
            connector: &attached.uri,
            grants_version: self.hub.in_force().grants_version,
            deadline: Deadline::earliest(self.exchange.deadline, a_tickets_life),
        };
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let own = sources.get(self.before.load(Ordering::Relaxed)..).unwrap_or_default();
        make_ticket(&self.exchange, call, &route, &self.named, own)
    }

    async fn ask(&self, call: ScanCall<'_>) -> Result<ScanAnswer, ErrorCode> {
        let (attached, statement_digest) = self.attached(&call)?;
        let ticket = self.ticket(&call, &attached)?;
        self.ask_with(&call, ticket, &attached, &statement_digest).await
    }

    async fn ask_with(
        &self,
        call: &ScanCall<'_>,
        ticket: ScanTicket,
        attached: &Attached,
        statement_digest: &Digest,
    ) -> Result<ScanAnswer, ErrorCode> {
        if let Some(member) = attached.identity.member() {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(member.to_owned());
        }
        let deadline =
            Deadline::earliest(self.exchange.deadline, Deadline::after(bounds::GRANT_LIFE));
        let delivered = async {
            let sealed = self.hub.identity.tickets.seal(&ticket).await;
            self.receive(call, attached, sealed.map_err(|error| fault(&error))?, deadline).await
        };
        let delivered = deadline.within(delivered).await;
        let delivered = delivered.map_err(|_| ErrorCode::SourceTimeout)??;
        let directory = &self.exchange.in_force.directory;
        let asked = Asked { call, ticket: &ticket, statement_digest, directory };
        let verified = verify_answer(&asked, delivered)?;
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).push(verified.source);
        Ok(verified.answer)
    }

    async fn receive(
        &self,
        call: &ScanCall<'_>,
        attached: &Attached,
        ticket: Envelope,
        deadline: Deadline,
    ) -> Result<Delivered, ErrorCode> {
        let delivery = Delivery::new(call, self.hub.answers.reservation(&attached.uri));
        // Beside other scans, where there is a place.
        let ticket = match attached.lane().ask(ticket) {
            Ok(asked) => match asked.answered().await.map_err(|why| unreachable(call, &why))? {
                Some(Answer::Small(answer)) => return delivery.small(answer),
                Some(Answer::Refused(detail)) => return Err(refused_in_words(call, detail)),
                Some(Answer::Streamed(handle)) => handle,
                None => return Err(untrusted(call, &"the connector's reply holds nothing")),
            },
            Err(ticket) => ticket.encode_to_vec(),
        };
        let mut request = tonic::Request::new(Ticket { ticket: ticket.into() });
        deadline.bound(&mut request);
        let mut stream = attached
            .flight()
            .do_get(request)
            .await
            .map_err(|status| refused(call, &status))?
            .into_inner();
        delivery.run(&mut stream).await
    }
}

impl Dispatch for Dispatcher<'_> {
    fn scan<'a>(
        &'a self,
        call: ScanCall<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<ScanAnswer, Incomplete>> + Send + 'a>> {
        Box::pin(async move {
            let dataset = call.scan.scan.dataset.clone();
            self.ask(call).await.map_err(|code| Incomplete { code, dataset })
        })
    }
}
