//! The department's own gate: default-deny. It verifies everything that it can verify itself,
//! whatever the hub says: who asks, and where each key comes from. It does no I/O: everything that
//! it needs is handed in.

mod approved;
mod arrival;
mod asked;
mod keys;
mod times;

use std::sync::Arc;

use zerotrip_channel::deadline::Deadline;
use zerotrip_datasets::{CivilDay, Key};
use zerotrip_proto::v1::{Envelope, ErrorCode, Request, ScanTemplate, ScanTicket};
use zerotrip_proto::{Obligation, Refusal, bounds};
use zerotrip_trust::directory::SignedError;
use zerotrip_trust::receipt::template_digest;

use self::arrival::refuse;
use self::asked::Asked;

pub use self::approved::{ApprovedScan, ApprovedScans};
pub use self::arrival::Arrival;

/// A ticket that may be served, once.
#[derive(Debug)]
pub struct Admitted {
    /// The ticket.
    pub ticket: ScanTicket,
    /// The scan, as the owner approved it.
    pub approved: Arc<ApprovedScan>,
    /// Whom it asks about.
    pub keys: Vec<Key>,
    /// The request behind it, as its requester signed it.
    pub request: Request,
    /// The requester's member.
    pub requester: String,
    /// How many subjects the request is about, where it is about many: then the ticket is a part of
    /// the scan.
    pub subjects: Option<u32>,
    /// When the ticket lapses.
    pub deadline: Deadline,
}

impl Admitted {
    /// Whether the scan would be admitted by these approvals too.
    pub fn is_approved_by(&self, approved: &ApprovedScans) -> bool {
        let scan = approved.get(&self.approved.digest);
        scan.is_some_and(|scan| scan.allows(&self.requester, &self.request, self.subjects))
    }

    /// Most rows of its answer, as far as the approval goes.
    pub fn most_rows(&self) -> u64 {
        let most = self.approved.template().max_rows;
        match self.subjects {
            None => most,
            Some(_) => most.saturating_mul(self.keys.len() as u64),
        }
    }
}

/// Decides whether the ticket in `envelope` may be served. Its single use is the caller's to
/// enforce, by the id of [`Admitted::ticket`].
pub fn admit(envelope: &Envelope, arrival: &Arrival<'_>) -> Result<Admitted, Refusal> {
    let ticket = open_ticket(envelope, arrival)?;
    check_obligations(&ticket)?;
    let deadline = times::check_ticket(&ticket, arrival)?;
    let (request, requester) = open_request(&ticket, arrival)?;
    let asked = Asked::of(&request, ticket.subjects.as_ref())?;
    if ticket.subjects.is_some() && ticket.part == 0 {
        return refuse(
            ErrorCode::Malformed,
            "subjects are shown for a part of a request about many, and for no other ticket",
        );
    }
    if (ticket.part > 0) != asked.subjects().is_some() {
        return refuse(
            ErrorCode::Malformed,
            "a scan is asked in parts for a request about many subjects, and for no other",
        );
    }
    let Some(template) = &ticket.template else {
        return refuse(ErrorCode::Malformed, "the ticket names no template");
    };
    let approved = check_approval(template, &requester, &request, &asked, arrival)?;
    let today = CivilDay::at(arrival.now + bounds::CLOCK_SKEW);
    asked.check_parameters(approved.template(), today)?;
    asked.check_identity(approved.template())?;
    let keys = keys::check_keys(&ticket, approved.template(), &asked, arrival)?;
    let subjects = asked.subjects();
    Ok(Admitted { approved, keys, requester, subjects, deadline, request, ticket })
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
    asked: &Asked<'_>,
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
    if !approved.allows(requester, request, None) {
        return refuse(
            ErrorCode::GateRefused,
            format!(
                "the owner does not serve member `{requester}` for purpose `{}`",
                request.purpose
            ),
        );
    }
    if let Some(subjects) = asked.subjects()
        && !approved.allows(requester, request, Some(subjects))
    {
        return refuse(
            ErrorCode::GateRefused,
            format!(
                "the owner does not serve member `{requester}` for purpose `{}` requests about \
                 {subjects} subjects at once",
                request.purpose
            ),
        );
    }
    if template.check != asked.check {
        return refuse(
            ErrorCode::GateRefused,
            format!("the request asks `{}`, the scan is of `{}`", asked.check, template.check),
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
