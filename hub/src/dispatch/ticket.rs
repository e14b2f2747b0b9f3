//! The ticket of one scan: the signed decision as its connector sees it, with the origin of every
//! key.

use std::cmp::Reverse;
use std::time::SystemTime;

use zerotrip_channel::deadline::Deadline;
use zerotrip_proto::v1::granted_key::Origin;
use zerotrip_proto::v1::key_origin::From as Source;
use zerotrip_proto::v1::{ErrorCode, GrantedKey, Opening, ScanTicket};
use zerotrip_proto::{Obligation, to_timestamp};
use zerotrip_trust::receipt;

use super::allowed::{AllowedExchange, Named};
use super::failure::fault;
use super::key_source::KeySource;
use crate::engine::ScanCall;

/// From which hub to which connector a ticket goes.
pub(super) struct Route<'a> {
    /// The hub's URI.
    pub(super) hub: &'a str,
    /// The connector's URI.
    pub(super) connector: &'a str,
    /// Version of the grants in force as the ticket is sent.
    pub(super) grants_version: u64,
    /// Until when the answer is awaited.
    pub(super) deadline: Deadline,
}

/// Makes the ticket of a scan, not signed yet. A key that the scan's template gives no origin for
/// is never sent.
pub(super) fn make_ticket(
    exchange: &AllowedExchange<'_>,
    call: &ScanCall<'_>,
    route: &Route<'_>,
    named: &Named<'_>,
    sources: &[KeySource],
) -> Result<ScanTicket, ErrorCode> {
    let now = SystemTime::now();
    let mut origins = Origins::new(named, call, sources);
    let mut keys = Vec::with_capacity(call.keys.len());
    for value in &call.keys {
        let origin = origins.of(value).ok_or_else(|| {
            tracing::error!(
                scan = call.name,
                "a key has no origin that the scan's template allows; the definition's SQL is \
                 wrong"
            );
            ErrorCode::KeyWithoutOrigin
        })?;
        keys.push(GrantedKey { value: value.clone(), origin: Some(origin) });
    }
    let shown = exchange.subjects.as_ref().map(|list| list.show(&keys)).transpose();
    let shown = shown.map_err(|error| fault(&error))?;
    let decision = exchange.decision;
    Ok(ScanTicket {
        id: uuid::Uuid::new_v4().to_string(),
        exchange_id: exchange.id.to_owned(),
        hub: route.hub.to_owned(),
        connector: route.connector.to_owned(),
        issued_at: Some(to_timestamp(now)),
        expires_at: Some(route.deadline.to_timestamp(now)),
        directory_version: exchange.in_force.directory.version(),
        request: Some(exchange.request.clone()),
        template: Some(call.scan.template.clone()),
        policy_ids: decision.policy_ids.clone(),
        policy_digest: decision.policy_digest.to_vec(),
        keys,
        evidence: origins.used.iter().map(|source| source.receipt.clone()).collect(),
        grants_version: route.grants_version,
        ledger_size: exchange.ledger_size,
        authority_grant: decision.grant.clone().unwrap_or_default(),
        obligations: Obligation::names(&decision.obligations),
        part: call.part.unwrap_or_default(),
        subjects: shown.flatten(),
    })
}

/// Finds where keys come from.
struct Origins<'a> {
    named: &'a Named<'a>,
    call: &'a ScanCall<'a>,
    /// The one that supplied most of the keys comes first: each receipt that travels is verified
    /// where it arrives.
    sources: Vec<&'a KeySource>,
    /// Those whose receipts travel with the ticket, in the order in which openings point to them.
    used: Vec<&'a KeySource>,
}

impl<'a> Origins<'a> {
    fn new(named: &'a Named<'a>, call: &'a ScanCall<'a>, sources: &'a [KeySource]) -> Self {
        let mut sources: Vec<&KeySource> = sources.iter().collect();
        sources.sort_by_key(|source| {
            Reverse(call.keys.iter().filter(|key| source.column_of(call, key).is_some()).count())
        });
        Self { named, call, sources, used: Vec::new() }
    }

    /// A parameter of the request where the template allows it, else a value that a department
    /// supplied.
    fn of(&mut self, value: &str) -> Option<Origin> {
        self.parameter(value).or_else(|| self.opening(value))
    }

    fn parameter(&self, value: &str) -> Option<Origin> {
        let names =
            self.call.scan.template.origins.iter().filter_map(|origin| match &origin.from {
                Some(Source::Parameter(name)) => Some(name),
                _ => None,
            });
        let mut named = names.filter(|name| self.named.has(name, value));
        named.next().map(|name| Origin::Parameter(name.clone()))
    }

    fn opening(&mut self, value: &str) -> Option<Origin> {
        let call = self.call;
        let (source, column) = self
            .sources
            .iter()
            .find_map(|source| Some((*source, source.column_of(call, value)?)))?;
        let known = self.used.iter().position(|used| std::ptr::eq(*used, source));
        let receipt = known.unwrap_or_else(|| {
            self.used.push(source);
            self.used.len() - 1
        });
        Some(Origin::Opening(Opening {
            receipt: u32::try_from(receipt).ok()?,
            column: column.to_owned(),
            salt: receipt::value_salt(&source.secret, column, value).to_vec(),
        }))
    }
}
