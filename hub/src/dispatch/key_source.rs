//! An answer that was verified, as the origin of keys for later scans.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use zerotrip_proto::v1::Envelope;
use zerotrip_proto::v1::key_origin::From as Source;

use crate::engine::ScanCall;
use crate::limits::Reservation;

/// What one department answered: its receipt, and the values that the receipt commits to.
pub(super) struct KeySource {
    pub(super) dataset: String,
    /// As signed.
    pub(super) receipt: Envelope,
    /// When the source was as it answered.
    pub(super) as_of: SystemTime,
    /// The salts of the receipt's commitments are derived from it.
    pub(super) secret: [u8; 32],
    /// Column → the values that it supplied.
    pub(super) supplied: HashMap<String, HashSet<String>>,
    /// Memory for the answer, given back with the exchange.
    pub(super) _reservation: Reservation,
}

impl KeySource {
    /// The column, of those that the scan's template names as an origin, in which this value was
    /// supplied.
    pub(super) fn column_of<'c>(&self, call: &'c ScanCall<'_>, value: &str) -> Option<&'c str> {
        call.scan.template.origins.iter().find_map(|origin| match origin.from.as_ref()? {
            Source::Column(from) if from.dataset == self.dataset => {
                self.supplied.get(&from.column)?.contains(value).then_some(from.column.as_str())
            }
            _ => None,
        })
    }
}
