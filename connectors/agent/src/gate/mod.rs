//! The department's own gate: default-deny. It verifies everything that it can verify itself,
//! whatever the hub says: who asks, and where each key comes from. It does no I/O: everything that
//! it needs is handed in.

mod approved;
mod arrival;
mod keys;
mod times;

use std::sync::Arc;

use zerotrip_channel::deadline::Deadline;
use zerotrip_datasets::ResidentId;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{CheckBody, Envelope, ErrorCode, Request, ScanTemplate, ScanTicket};
use zerotrip_proto::{Obligation, Refusal};
use zerotrip_trust::directory::SignedError;
use zerotrip_trust::receipt::template_digest;

use self::arrival::refuse;

pub use self::approved::{ApprovedScan, ApprovedScans};
pub use self::arrival::Arrival;

/// A ticket that may be served, once.
#[derive(Debug)]
pub struct Admitted {
    /// The ticket.
    pub ticket: ScanTicket,
    /// The scan, as the owner approved it.
    pub approved: Arc<ApprovedScan>,
    /// The persons that it asks about.
    pub keys: Vec<ResidentId>,
    /// The request behind it, as its requester signed it.
    pub request: Request,
    /// The requester's member.
    pub requester: String,
    /// When the ticket lapses.
    pub deadline: Deadline,
}

impl Admitted {
    /// Whether the scan would be admitted by these approvals too.
    pub fn is_approved_by(&self, approved: &ApprovedScans) -> bool {
        let scan = approved.get(&self.approved.digest);
        scan.is_some_and(|scan| scan.allows(&self.requester, &self.request))
    }
}

/// Decides whether the ticket in `envelope` may be served. Its single use is the caller's to
/// enforce, by the id of [`Admitted::ticket`].
pub fn admit(envelope: &Envelope, arrival: &Arrival<'_>) -> Result<Admitted, Refusal> {
    let ticket = open_ticket(envelope, arrival)?;
    check_obligations(&ticket)?;
    let deadline = times::check_ticket(&ticket, arrival)?;
    let (request, requester) = open_request(&ticket, arrival)?;
    let Some(Body::Check(body)) = &request.body else {
        return refuse(ErrorCode::GateRefused, "the request behind this scan is not a check");
    };
    let Some(template) = &ticket.template else {
        return refuse(ErrorCode::Malformed, "the ticket names no template");
    };
    let approved = check_approval(template, &requester, &request, body, arrival)?;
    let keys = keys::check_keys(&ticket, approved.template(), body, arrival)?;
    Ok(Admitted { approved, keys, requester, deadline, request, ticket })
}

fn open_ticket(envelope: &Envelope, arrival: &Arrival<'_>) -> Result<ScanTicket, Refusal> {
    let opened = arrival.directory.open_signed::<ScanTicket>(envelope, arrival.now);
    let (ticket, holder) = opened.map_err(|error| {
        let code = match &error {
            SignedError::Envelope(error) => error.code(),
            // A hub's key that is not accepted, for whatever reason, is a bad signature.
            SignedError::Key(_) => ErrorCode::BadSignature,
        };
        Refusal::new(code, format!("scan ticket: {error}"))
    })?;
    if ticket.hub != holder.uri || ticket.hub != arrival.hub {
        return refuse(
            ErrorCode::SignerMismatch,
            "the ticket's hub, its signer and the peer of this channel are not the same",
        );
    }
    if ticket.connector != arrival.connector {
        return refuse(
            ErrorCode::WrongAudience,
            format!("this ticket is for `{}`", ticket.connector),
        );
    }
    Ok(ticket)
}

/// Refuses a ticket with an obligation that this connector does not know, and so cannot meet.
fn check_obligations(ticket: &ScanTicket) -> Result<(), Refusal> {
    Obligation::all_of(&ticket.obligations).map(drop).map_err(Refusal::from)
}

fn open_request(ticket: &ScanTicket, arrival: &Arrival<'_>) -> Result<(Request, String), Refusal> {
    let Some(envelope) = &ticket.request else {
        return refuse(
            ErrorCode::BadSignature,
            "the ticket does not carry the request that it serves",
        );
    };
    let opened = arrival.directory.open_signed::<Request>(envelope, arrival.now);
    let (request, holder) = opened.map_err(|error| {
        Refusal::new(error.code(), format!("the request behind the ticket: {error}"))
    })?;
    if request.issuer != holder.uri {
        return refuse(
            ErrorCode::SignerMismatch,
            "the request is signed by another system than it names",
        );
    }
    if request.audience != ticket.hub || request.id != ticket.exchange_id {
        return refuse(
            ErrorCode::WrongAudience,
            "the request was made to another hub, or for another exchange",
        );
    }
    times::check_request(&request, arrival)?;
    Ok((request, holder.member.clone().unwrap_or_default()))
}

fn check_approval(
    template: &ScanTemplate,
    requester: &str,
    request: &Request,
    body: &CheckBody,
    arrival: &Arrival<'_>,
) -> Result<Arc<ApprovedScan>, Refusal> {
    let Some(approved) = arrival.approved.get(&template_digest(template)) else {
        return refuse(
            ErrorCode::GateRefused,
            format!(
                "the owner has not approved this scan of `{}` for `{}`",
                template.dataset, template.check
            ),
        );
    };
    if !approved.allows(requester, request) {
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
    Ok(approved)
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
