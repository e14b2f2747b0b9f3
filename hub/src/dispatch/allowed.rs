//! The exchange on whose behalf departments are asked.

use zerotrip_channel::deadline::Deadline;
use zerotrip_datasets::Argument;
use zerotrip_policies::Decision;
use zerotrip_proto::v1::Envelope;

use crate::state::InForce;

/// An exchange that policy allows, and whose intent is recorded.
pub struct AllowedExchange<'a> {
    /// The request's id.
    pub id: &'a str,
    /// The request, as its issuer signed it.
    pub request: &'a Envelope,
    /// The persons that it asks about.
    pub arguments: &'a [Argument],
    /// What allows it.
    pub decision: &'a Decision,
    /// What was in force when it was decided.
    pub in_force: &'a InForce,
    /// Leaves of the log with the exchange's intent.
    pub ledger_size: u64,
    /// Until when departments can be asked.
    pub deadline: Deadline,
}
