//! The one path of a scan, and its lines in the journal.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use serde::Serialize;
use tokio::sync::watch;
use zerotrip_channel::Peer;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::{Envelope, ErrorCode};
use zerotrip_trust::identity::Identity;

use crate::attached_dataset::AttachedDataset;
use crate::gate::{self, Admitted, Arrival};
use crate::hub_watermark::ChannelProof;
use crate::journal::SCAN;
use crate::scan::{self, Messages};
use crate::used_tickets::Part;
use zerotrip_sources::SourceError;

use super::Agent;
use super::hub_peer::SUPERSEDED;
use super::in_force::InForce;

#[derive(Serialize)]
struct ScanLine<'a> {
    exchange: &'a str,
    grant: &'a str,
    /// The authority's grant that covers the request, as the hub says.
    authority_grant: &'a str,
    requester: &'a str,
    official: &'a str,
    check: &'a str,
    scan: &'a str,
    dataset: &'a str,
    purpose: &'a str,
    legal_basis: &'a str,
    case: &'a str,
    /// Of a request about many subjects: how many, and which part of the scan this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    subjects: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<u32>,
    persons: Vec<String>,
}

#[derive(Serialize)]
struct EndLine<'a> {
    grant: &'a str,
    rows: u64,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unreadable_rows_that_could_match: &'a [String],
}

#[derive(Serialize)]
struct FailLine<'a> {
    grant: &'a str,
    code: &'a str,
    detail: &'a str,
}

#[derive(Serialize)]
struct RefusalLine<'a> {
    code: &'a str,
    why: &'a str,
}

impl<'a> ScanLine<'a> {
    fn of(admitted: &'a Admitted) -> Self {
        let request = &admitted.request;
        Self {
            exchange: &admitted.ticket.exchange_id,
            grant: &admitted.ticket.id,
            authority_grant: &admitted.ticket.authority_grant,
            requester: &request.issuer,
            official: &request.official,
            check: &admitted.approved.template().check,
            scan: &admitted.approved.template().scan,
            dataset: &admitted.approved.template().dataset,
            purpose: &request.purpose,
            legal_basis: &request.legal_basis,
            case: &request.case_number,
            subjects: admitted.subjects,
            part: admitted.subjects.map(|_| admitted.ticket.part),
            persons: admitted.keys.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Agent {
    /// One scan, from its ticket to its receipt. `hub` is the peer that asks
    /// ([`Agent::require_hub`]), `proof` what it has proven on its channel. A failure is journalled
    /// here, and the hub gets its code.
    pub async fn scan(
        &self,
        ticket: &Envelope,
        hub: &Peer,
        proof: &ChannelProof,
        out: &Messages,
    ) -> Result<(), Refusal> {
        let now = SystemTime::now();
        let current = self.current();
        let admitted =
            proof.require().and_then(|()| self.admit(ticket, &hub.identity.uri(), &current, now));
        let admitted = admitted.and_then(|admitted| {
            Ok((self.attached(&admitted.approved.template().dataset, &current)?, admitted))
        });
        let (dataset, admitted) = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => {
                if matches!(refusal.code, ErrorCode::NotYetValid | ErrorCode::Expired)
                    && self.clock.may_say_refused()
                {
                    let (code, why) = (refusal.code.name(), &refusal.en);
                    tracing::warn!(code, %why, "a scan was refused for its times");
                }
                return Err(self.refused(refusal));
            }
        };
        self.note(SCAN, &ScanLine::of(&admitted))?;
        let grant = admitted.ticket.id.as_str();
        let mut replaced = self.replaced.subscribe();
        let served = tokio::select! {
            served = scan::serve(&admitted, &dataset, &self.uri, &self.receipts, out) => served,
            why = self.withdrawn(&admitted, hub, &mut replaced) => Err(why),
        };
        match served {
            Ok(served) => {
                let end = EndLine {
                    grant,
                    rows: served.rows,
                    unreadable_rows_that_could_match: &served.could_match,
                };
                self.note("answered", &end)
            }
            Err(error) => {
                tracing::warn!(dataset = %dataset.file.id, %error, "a scan was not answered");
                self.note(
                    "failed",
                    &FailLine { grant, code: error.code.name(), detail: &error.detail },
                )?;
                Err(Refusal::new(
                    error.code,
                    "the source did not answer whole; its department's log says why",
                ))
            }
        }
    }

    /// Journals a refusal on its way out. A refusal that cannot be journalled is still a refusal.
    pub fn refused(&self, refusal: Refusal) -> Refusal {
        let noted =
            self.note("refused", &RefusalLine { code: refusal.code.name(), why: &refusal.en });
        noted.err().unwrap_or(refusal)
    }

    pub(super) fn admit(
        &self,
        ticket: &Envelope,
        hub: &str,
        current: &InForce,
        now: SystemTime,
    ) -> Result<Admitted, Refusal> {
        if current.directory.expires_at() <= now {
            return Err(Refusal::new(
                ErrorCode::StaleBundle,
                "this connector's key directory has expired. Publish a new one",
            ));
        }
        let arrival = Arrival {
            connector: &self.uri,
            hub,
            directory: &current.directory,
            approved: &current.approved,
            now,
            arrived: Instant::now(),
            remembers_since: self.used_tickets.since(),
        };
        let admitted = gate::admit(ticket, &arrival)?;
        self.watermark.compare_ticket(&admitted.ticket)?;
        let template = admitted.approved.template();
        // Before it is used up: the hub may ask in smaller parts.
        let limits =
            current.datasets.open.get(&template.dataset).map(|dataset| &dataset.file.limits);
        if let Some(most) = limits.map(|limits| limits.most_keys as usize)
            && admitted.subjects.is_some()
            && admitted.keys.len() > most
        {
            return Err(Refusal::new(
                ErrorCode::TooLarge,
                format!("more than {most} keys in one part, the owner's `limits.most_keys`"),
            ));
        }
        let part = admitted.subjects.map(|subjects| Part {
            keys: admitted.keys.len() as u64,
            most_keys: u64::from(template.max_keys) * u64::from(subjects),
        });
        self.used_tickets.spend(&admitted.ticket, &template.scan, part, now)?;
        Ok(admitted)
    }

    pub(super) fn attached(
        &self,
        dataset: &str,
        current: &InForce,
    ) -> Result<Arc<AttachedDataset>, Refusal> {
        if let Some(why) = current.unserved.get(dataset) {
            tracing::warn!(dataset, why, "asked for a dataset that is attached but not served");
            return Err(Refusal::new(
                ErrorCode::GateRefused,
                "this dataset is attached, but not served now. Its department's log says why",
            ));
        }
        let attached = current.datasets.open.get(dataset).cloned();
        attached.ok_or_else(|| {
            Refusal::new(ErrorCode::UnknownName, format!("no dataset `{dataset}` is attached here"))
        })
    }

    /// Completes when the authority or the owner no longer lets this requester be served, or this
    /// hub, though the scan is under way.
    pub(super) async fn withdrawn(
        &self,
        admitted: &Admitted,
        hub: &Peer,
        replaced: &mut watch::Receiver<()>,
    ) -> SourceError {
        loop {
            let current = self.current();
            let issuer = admitted.request.issuer.parse::<Identity>();
            if !issuer.is_ok_and(|issuer| current.directory.is_active(&issuer)) {
                return SourceError::new(
                    ErrorCode::MemberSuspended,
                    format!("`{}` was suspended meanwhile", admitted.request.issuer),
                );
            }
            if hub.is_superseded_hub(&current.directory) {
                return SourceError::new(ErrorCode::StaleBundle, SUPERSEDED);
            }
            if !admitted.is_approved_by(&current.approved) {
                return SourceError::new(
                    ErrorCode::GateRefused,
                    "its owner withdrew the approval meanwhile",
                );
            }
            if replaced.changed().await.is_err() {
                return SourceError::new(ErrorCode::SourceFailed, "the connector is stopping");
            }
        }
    }

    /// Writes to the journal. A scan that cannot be journalled is not served.
    pub(super) fn note<T: Serialize>(&self, event: &str, entry: &T) -> Result<(), Refusal> {
        self.journal.record(event, entry).map_err(|error| {
            tracing::error!(%error, "the journal cannot be written");
            Refusal::new(ErrorCode::SourceFailed, "the department's journal cannot be written")
        })
    }
}
