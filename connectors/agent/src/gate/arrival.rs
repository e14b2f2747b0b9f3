//! Where and when a ticket arrives: everything that the gate decides by, beside the ticket.

use std::time::{Instant, SystemTime};

use zerotrip_proto::Refusal;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::directory::Directory;

use super::approved::ApprovedScans;

/// Where and when a ticket arrives.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// This connector's URI.
    pub connector: &'a str,
    /// The URI that the hub's TLS certificate names.
    pub hub: &'a str,
    /// The key directory in force.
    pub directory: &'a Directory,
    /// What the owner has approved.
    pub approved: &'a ApprovedScans,
    /// The time by this machine's clock.
    pub now: SystemTime,
    /// The moment from which the ticket's life is counted.
    pub arrived: Instant,
    /// Since when this process remembers which tickets were used.
    pub remembers_since: SystemTime,
}

/// A refusal, with its text for the department's journal and log.
pub(super) fn refuse<T>(code: ErrorCode, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(code, why))
}
