//! The keys of a scan: each is shown to come from where the owner approved.

use std::collections::HashSet;

use zerotrip_datasets::{Key, KeyKind};
use zerotrip_proto::v1::granted_key::Origin;
use zerotrip_proto::v1::key_origin::From as Source;
use zerotrip_proto::v1::{ErrorCode, Opening, ScanReceipt, ScanTemplate, ScanTicket};
use zerotrip_proto::{Refusal, bounds, names};
use zerotrip_trust::receipt;

use super::arrival::{Arrival, refuse};
use super::asked::Asked;

/// Whom the ticket asks about: all of the kind that the owner approved.
pub(super) fn check_keys(
    ticket: &ScanTicket,
    template: &ScanTemplate,
    asked: &Asked<'_>,
    arrival: &Arrival<'_>,
) -> Result<Vec<Key>, Refusal> {
    let most = match asked.subjects() {
        None => template.max_keys as usize,
        // Of all parts together it is counted where their single use is.
        Some(_) => bounds::PART_KEYS,
    };
    if ticket.keys.is_empty() || ticket.keys.len() > most {
        return refuse(
            ErrorCode::TooLarge,
            format!("{} keys; the owner approved 1 to {most}", ticket.keys.len()),
        );
    }
    let Some(kind) = KeyKind::from_wire(template.key_kind) else {
        return refuse(
            ErrorCode::GateRefused,
            "the approved scan looks up keys of a kind that this connector does not know",
        );
    };
    let evidence = open_evidence(ticket, arrival)?;
    let mut seen = HashSet::new();
    let mut keys = Vec::with_capacity(ticket.keys.len());
    for key in &ticket.keys {
        let Some(id) = kind.canonical(&key.value) else {
            let why = format!("a key is not {} in canonical form", kind.words().a_number);
            return refuse(ErrorCode::InvalidParameter, why);
        };
        if !seen.insert(id) {
            return refuse(ErrorCode::Malformed, "a key appears twice");
        }
        let shown = match &key.origin {
            Some(Origin::Parameter(name)) => from_parameter(name, &id, template, asked),
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

fn from_parameter(name: &str, id: &Key, template: &ScanTemplate, asked: &Asked<'_>) -> bool {
    let approved = template
        .origins
        .iter()
        .any(|origin| matches!(&origin.from, Some(Source::Parameter(known)) if known == name));
    approved && asked.names(name, id)
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

/// Receipts of other departments, each signed by a system of its dataset's owner, of this
/// exchange.
fn open_evidence(ticket: &ScanTicket, arrival: &Arrival<'_>) -> Result<Vec<ScanReceipt>, Refusal> {
    if ticket.evidence.len() > bounds::EVIDENCE {
        let why = format!("over {} receipts as evidence", bounds::EVIDENCE);
        return refuse(ErrorCode::TooLarge, why);
    }
    let mut receipts = Vec::with_capacity(ticket.evidence.len());
    for envelope in &ticket.evidence {
        let opened = arrival.directory.open_signed::<ScanReceipt>(envelope, arrival.now);
        let (receipt, holder) =
            opened.map_err(|error| Refusal::new(error.code(), format!("evidence: {error}")))?;
        if receipt.connector != holder.uri
            || names::owner_of(&receipt.dataset)
                .is_none_or(|owner| holder.member.as_deref() != Some(owner))
        {
            return refuse(
                ErrorCode::SignerMismatch,
                format!("a receipt for `{}` is not signed by its owner", receipt.dataset),
            );
        }
        if receipt.exchange_id != ticket.exchange_id {
            return refuse(ErrorCode::KeyWithoutOrigin, "a receipt is of another exchange");
        }
        receipts.push(receipt);
    }
    Ok(receipts)
}
