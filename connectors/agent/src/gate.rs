//! The department's own gate: default-deny. It believes nobody that it can check itself: not the
//! hub about who asks, nor about where a key came from. Pure: everything it needs is handed in.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use zerotrip_channel::deadline::Deadline;
use zerotrip_datasets::{ParameterType, ResidentId};
use zerotrip_proto::v1::granted_key::Origin;
use zerotrip_proto::v1::key_origin::From as Source;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{
    Approvals, CheckBody, Envelope, ErrorCode, Opening, Request, ScanReceipt, ScanTemplate,
    ScanTicket,
};
use zerotrip_proto::{Obligation, Refusal, bounds, from_timestamp};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::directory::{Directory, SignedError};
use zerotrip_trust::receipt::{self, template_digest};

use crate::approving::{Pair, pairs};
use crate::clock::{Skew, seconds};
use crate::owner::owner_of;
use crate::shape::Shape;

/// Most receipts of other departments in one grant.
const MOST_EVIDENCE: usize = 16;

/// What the owner serves, by digest of the scan template.
#[derive(Clone, Debug, Default)]
pub struct Served {
    approvals: BTreeMap<Digest, Arc<Approved>>,
}

/// One scan that the owner serves.
#[derive(Debug)]
pub struct Approved {
    /// Whom it is served, and for what.
    whom: BTreeSet<Pair>,
    template: ScanTemplate,
    /// The template's digest.
    pub digest: Digest,
    /// The shape of its answer; or why the dataset, as it is attached here, cannot give it.
    pub shape: Result<Shape, String>,
}

impl Approved {
    /// The template.
    pub fn template(&self) -> &ScanTemplate {
        &self.template
    }
}

impl Served {
    /// From the owner's signed approvals, verified already; `shape` is that of a template's answer.
    pub fn new(
        approvals: Approvals,
        shape: impl Fn(&ScanTemplate) -> Result<Shape, String>,
    ) -> Self {
        let mut whom: BTreeMap<Digest, (ScanTemplate, BTreeSet<Pair>)> = BTreeMap::new();
        for mut approval in approvals.approvals {
            let Some(template) = approval.template.take() else { continue };
            let (_, served) = whom
                .entry(template_digest(&template))
                .or_insert_with(|| (template, BTreeSet::new()));
            served.extend(pairs(&approval));
        }
        let approved = whom.into_iter().map(|(digest, (template, whom))| {
            (digest, Arc::new(Approved { shape: shape(&template), whom, template, digest }))
        });
        Self { approvals: approved.collect() }
    }

    /// Whether a scan that was admitted would be so still.
    pub fn still_serves(&self, admitted: &Admitted) -> bool {
        let approved = self.approvals.get(&admitted.approved.digest);
        approved.is_some_and(|approved| {
            approved.whom.contains(&(admitted.requester.clone(), admitted.request.purpose.clone()))
        })
    }

    /// The scan of this template, if the owner serves it to anybody.
    pub fn approved(&self, digest: &Digest) -> Option<Arc<Approved>> {
        self.approvals.get(digest).map(Arc::clone)
    }

    /// How many templates are approved.
    pub fn len(&self) -> usize {
        self.approvals.len()
    }

    /// Whether nothing is served.
    pub fn is_empty(&self) -> bool {
        self.approvals.is_empty()
    }
}

/// Where and when a grant arrives.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// This connector's URI.
    pub connector: &'a str,
    /// The URI that the hub's TLS certificate names.
    pub hub: &'a str,
    /// The key directory in force.
    pub directory: &'a Directory,
    /// What the owner serves.
    pub served: &'a Served,
    /// Now, by this machine's clock.
    pub now: SystemTime,
    /// The moment of its arrival, from which its life is counted.
    pub arrived: Instant,
    /// Since when this process remembers which grants were used.
    pub remembers_since: SystemTime,
}

/// A grant that may be served, once.
#[derive(Debug)]
pub struct Admitted {
    /// The grant.
    pub grant: ScanTicket,
    /// The scan, as the owner approved it.
    pub approved: Arc<Approved>,
    /// Whom it asks about.
    pub keys: Vec<ResidentId>,
    /// The request behind it, as its requester signed it.
    pub request: Request,
    /// The requester's member.
    pub requester: String,
    /// When it lapses.
    pub deadline: Deadline,
}

fn refuse<T>(code: ErrorCode, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(code, why))
}

/// Decides whether the grant in `ticket` may be served. Single use is the caller's to enforce, with
/// [`Admitted::grant`]'s id.
pub fn admit(ticket: &Envelope, arrival: &Arrival<'_>) -> Result<Admitted, Refusal> {
    let grant = open_grant(ticket, arrival)?;
    check_obligations(&grant)?;
    let deadline = check_times(&grant, arrival)?;
    let (request, requester) = open_request(&grant, arrival)?;
    let Some(Body::Check(body)) = &request.body else {
        return refuse(ErrorCode::GateRefused, "the request behind this scan is not a check");
    };
    let Some(template) = &grant.template else {
        return refuse(ErrorCode::Malformed, "the grant names no template");
    };
    let approved = check_approval(template, &requester, &request, body, arrival)?;
    let keys = check_keys(&grant, &approved.template, body, arrival)?;
    Ok(Admitted { approved, keys, requester, deadline, request, grant })
}

fn open_grant(ticket: &Envelope, arrival: &Arrival<'_>) -> Result<ScanTicket, Refusal> {
    let opened = arrival.directory.open_signed::<ScanTicket>(ticket, arrival.now);
    let (grant, holder) = opened.map_err(|error| {
        let code = match &error {
            SignedError::Envelope(error) => error.code(),
            // A hub's key that is not accepted, for whatever reason, is a bad signature.
            SignedError::Key(_) => ErrorCode::BadSignature,
        };
        Refusal::new(code, format!("scan grant: {error}"))
    })?;
    if grant.hub != holder.uri || grant.hub != arrival.hub {
        return refuse(
            ErrorCode::SignerMismatch,
            "the grant's hub, its signer and the peer of this channel are not one",
        );
    }
    if grant.connector != arrival.connector {
        return refuse(
            ErrorCode::WrongAudience,
            format!("this grant is for `{}`", grant.connector),
        );
    }
    Ok(grant)
}

/// What the decision demands of the scan: an obligation that is not known here cannot be met.
fn check_obligations(grant: &ScanTicket) -> Result<(), Refusal> {
    Obligation::all_of(&grant.obligations).map(drop).map_err(Refusal::from)
}

fn check_times(grant: &ScanTicket, arrival: &Arrival<'_>) -> Result<Deadline, Refusal> {
    let (Some(issued), Some(expires)) =
        (from_timestamp(grant.issued_at.as_ref()), from_timestamp(grant.expires_at.as_ref()))
    else {
        return refuse(
            ErrorCode::Malformed,
            "the grant does not say from when until when it holds",
        );
    };
    if issued > arrival.now + bounds::CLOCK_SKEW {
        let skew = Skew::Behind(seconds(issued.duration_since(arrival.now).unwrap_or_default()));
        return refuse(
            ErrorCode::NotYetValid,
            format!(
                "the hub issued the grant in this machine's future: {skew}; set the clock that is \
                 wrong"
            ),
        );
    }
    let life = expires.duration_since(issued).ok().filter(|life| *life <= bounds::GRANT_LIFE);
    let Some(life) = life else {
        return refuse(
            ErrorCode::Expired,
            "the grant would live longer than a minute, or ends before it begins",
        );
    };
    if expires + bounds::CLOCK_SKEW <= arrival.now {
        let late = seconds(arrival.now.duration_since(issued).unwrap_or_default());
        let why = format!(
            "the grant has lapsed: by this machine's clock the hub issued it {late} s ago. Either \
             this machine's clock is ahead of the hub's, or the grant was long under way; compare \
             the clocks"
        );
        return refuse(ErrorCode::Expired, why);
    }
    if issued < arrival.remembers_since {
        return refuse(
            ErrorCode::Expired,
            "the grant was issued before this connector started, so whether it was used is not \
             known",
        );
    }
    // It lives from its arrival on: by a clock that is ahead of the hub's, no time would be left.
    Ok(Deadline::at(arrival.arrived + life))
}

fn open_request(grant: &ScanTicket, arrival: &Arrival<'_>) -> Result<(Request, String), Refusal> {
    let Some(envelope) = &grant.request else {
        return refuse(
            ErrorCode::BadSignature,
            "the grant does not carry the request that it serves",
        );
    };
    let opened = arrival.directory.open_signed::<Request>(envelope, arrival.now);
    let (request, holder) = opened.map_err(|error| {
        Refusal::new(error.code(), format!("the request behind the grant: {error}"))
    })?;
    if request.issuer != holder.uri {
        return refuse(
            ErrorCode::SignerMismatch,
            "the request is signed by another system than it names",
        );
    }
    if request.audience != grant.hub || request.id != grant.exchange_id {
        return refuse(
            ErrorCode::WrongAudience,
            "the request was made to another hub, or for another exchange",
        );
    }
    check_request_times(&request, arrival)?;
    Ok((request, holder.member.clone().unwrap_or_default()))
}

/// A request lives for minutes: nobody who keeps one may ask with it for longer, whatever its
/// signer wrote.
fn check_request_times(request: &Request, arrival: &Arrival<'_>) -> Result<(), Refusal> {
    let (Some(issued), Some(expires)) =
        (from_timestamp(request.issued_at.as_ref()), from_timestamp(request.expires_at.as_ref()))
    else {
        return refuse(
            ErrorCode::Malformed,
            "the request behind the grant does not say from when until when it holds",
        );
    };
    if issued > arrival.now + bounds::CLOCK_SKEW {
        let by = seconds(issued.duration_since(arrival.now).unwrap_or_default());
        let why = format!(
            "the request behind the grant was issued {by} s in this machine's future; compare the \
             requester's clock with this one"
        );
        return refuse(ErrorCode::NotYetValid, why);
    }
    if expires + bounds::CLOCK_SKEW < arrival.now {
        let by = seconds(arrival.now.duration_since(expires).unwrap_or_default());
        let why = format!(
            "the request behind the grant expired {by} s ago by this machine's clock; compare the \
             clocks of hub and connector"
        );
        return refuse(ErrorCode::Expired, why);
    }
    if expires.duration_since(issued).map_or(true, |life| life > bounds::REQUEST_LIFE) {
        return refuse(
            ErrorCode::Expired,
            "the request behind the grant would live longer than five minutes",
        );
    }
    // Which scans of an exchange were served is forgotten when the process ends, so what it may
    // have served before is not served again.
    if issued < arrival.remembers_since {
        let why = "the request was made before this connector started, so whether this scan of it \
                   was served is not known; make a new request";
        return refuse(ErrorCode::Expired, why);
    }
    Ok(())
}

fn check_approval(
    template: &ScanTemplate,
    requester: &str,
    request: &Request,
    body: &CheckBody,
    arrival: &Arrival<'_>,
) -> Result<Arc<Approved>, Refusal> {
    let Some(approved) = arrival.served.approvals.get(&template_digest(template)) else {
        return refuse(
            ErrorCode::GateRefused,
            format!(
                "the owner has not approved this scan of `{}` for `{}`",
                template.dataset, template.check
            ),
        );
    };
    if !approved.whom.contains(&(requester.to_owned(), request.purpose.clone())) {
        return refuse(
            ErrorCode::GateRefused,
            format!(
                "the owner does not serve member `{requester}` for purpose `{}`",
                request.purpose
            ),
        );
    }
    if template.check != format!("{}/{}", body.check, body.variant) {
        return refuse(
            ErrorCode::GateRefused,
            format!(
                "the request asks `{}/{}`, the scan is of `{}`",
                body.check, body.variant, template.check
            ),
        );
    }
    Ok(Arc::clone(approved))
}

fn check_keys(
    grant: &ScanTicket,
    template: &ScanTemplate,
    body: &CheckBody,
    arrival: &Arrival<'_>,
) -> Result<Vec<ResidentId>, Refusal> {
    if grant.keys.is_empty() || grant.keys.len() > template.max_keys as usize {
        return refuse(
            ErrorCode::TooLarge,
            format!("{} keys; the owner approved 1 to {}", grant.keys.len(), template.max_keys),
        );
    }
    let evidence = open_evidence(grant, arrival)?;
    let mut seen = HashSet::new();
    let mut keys = Vec::with_capacity(grant.keys.len());
    for key in &grant.keys {
        let canonical =
            ResidentId::new_strict(&key.value).ok().filter(|id| id.as_str() == key.value);
        let Some(id) = canonical else {
            return refuse(
                ErrorCode::InvalidParameter,
                "a key is not a resident id in canonical form",
            );
        };
        if !seen.insert(id) {
            return refuse(ErrorCode::Malformed, "a key stands twice");
        }
        let shown = match &key.origin {
            Some(Origin::Parameter(name)) => from_parameter(name, &id, template, body),
            Some(Origin::Opening(opening)) => {
                from_evidence(opening, &key.value, template, &evidence)
            }
            None => false,
        };
        if !shown {
            return refuse(
                ErrorCode::KeyWithoutOrigin,
                "a key is not shown to come from where the owner approved",
            );
        }
        keys.push(id);
    }
    Ok(keys)
}

fn from_parameter(name: &str, id: &ResidentId, template: &ScanTemplate, body: &CheckBody) -> bool {
    let approved = template
        .origins
        .iter()
        .any(|origin| matches!(&origin.from, Some(Source::Parameter(known)) if known == name));
    let mut given = body.parameters.iter().filter(|parameter| parameter.name == name);
    let (Some(text), None) = (given.next(), given.next()) else { return false };
    // A key is a resident id, so is the parameter that it comes from.
    let parameter = ParameterType::ResidentId.parse(name, &text.value, None);
    approved && parameter.is_ok_and(|parameter| parameter.value.resident() == Some(*id))
}

fn from_evidence(
    opening: &Opening,
    value: &str,
    template: &ScanTemplate,
    evidence: &[ScanReceipt],
) -> bool {
    let Some(receipt) = evidence.get(opening.receipt as usize) else { return false };
    let approved = template.origins.iter().any(|origin| match &origin.from {
        Some(Source::Column(column)) => {
            column.dataset == receipt.dataset && column.column == opening.column
        }
        _ => false,
    });
    approved && receipt::open(receipt, &opening.column, &opening.salt, value)
}

/// Receipts of other departments, each signed by a system of its dataset's owner, for this very
/// exchange.
fn open_evidence(grant: &ScanTicket, arrival: &Arrival<'_>) -> Result<Vec<ScanReceipt>, Refusal> {
    if grant.evidence.len() > MOST_EVIDENCE {
        return refuse(ErrorCode::TooLarge, format!("over {MOST_EVIDENCE} receipts as evidence"));
    }
    let mut receipts = Vec::with_capacity(grant.evidence.len());
    for envelope in &grant.evidence {
        let opened = arrival.directory.open_signed::<ScanReceipt>(envelope, arrival.now);
        let (receipt, holder) =
            opened.map_err(|error| Refusal::new(error.code(), format!("evidence: {error}")))?;
        if receipt.connector != holder.uri
            || holder.member.as_deref() != Some(owner_of(&receipt.dataset))
        {
            return refuse(
                ErrorCode::SignerMismatch,
                format!("a receipt for `{}` is not signed by its owner", receipt.dataset),
            );
        }
        if receipt.exchange_id != grant.exchange_id {
            return refuse(ErrorCode::KeyWithoutOrigin, "a receipt is of another exchange");
        }
        receipts.push(receipt);
    }
    Ok(receipts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_with_an_obligation_that_is_not_known_is_refused_by_name() {
        let obligated = |obligations: &[&str]| {
            let obligations = obligations.iter().map(|name| (*name).to_owned()).collect();
            check_obligations(&ScanTicket { obligations, ..ScanTicket::default() })
        };
        assert_eq!(obligated(&[]), Ok(()));
        for names in [&["row-filter"][..], &["", "row-filter"], &["ROW-FILTER"]] {
            let refusal = obligated(names).map_err(|refusal| (refusal.code, refusal.en));
            let shown = names.first().copied().unwrap_or_default();
            assert!(
                matches!(&refusal, Err((ErrorCode::GateRefused, why)) if why.contains(&format!("`{shown}`"))),
                "{refusal:?}"
            );
        }
    }
}
