//! Zerotrip's messages, services and closed sets of codes. Nothing in this crate decides anything.
//!
//! - [`v1`] is generated from `proto/zerotrip/v1/*.proto`. The comments there are the
//!   specification.
//! - [`Refusal`] is an error code with two texts: one for the caller, one for the operator. Codes
//!   map totally to gRPC and HTTP.
//! - [`payload_type`] names what a signed envelope can hold; [`SignedMessage`] and [`HolderSigned`]
//!   bind each message to its type and its signers.
//! - [`WayOut`] is a row of the one table that says, for each code, who can end what it stands for,
//!   and what clerk and citizen read of it.
//! - [`hash_domain`] says what each hash is over.
//! - [`bounds`] says what both ends must agree on.
//! - [`DESCRIPTORS`] serves gRPC reflection, and tests that enumerate every call.

mod error;
pub mod hash_domain;
mod obligation;
mod signed;
mod time;
mod way_out;

pub use error::{Audience, Refusal};
pub use obligation::{Obligation, UnknownObligation};
pub use signed::{HolderSigned, SignedMessage, Signer};
pub use time::{CHINA_OFFSET_SECONDS, from_timestamp, to_timestamp};
pub use way_out::{NO, Step, Time, WayOut, Who, Words};

/// Generated from `proto/zerotrip/v1/*.proto`.
pub mod v1 {
    #![expect(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        reason = "generated; the .proto files are the documentation"
    )]
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        reason = "generated; which of these occur depends on the messages"
    )]
    tonic::include_proto!("zerotrip.v1");
}

/// The compiled descriptor set, for gRPC reflection and for tests that enumerate every call.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// DSSE payload types. A payload of one type never verifies as another: the type is inside the
/// signature.
pub mod payload_type {
    /// [`crate::v1::Request`]
    pub const REQUEST: &str = "application/vnd.zerotrip.request.v1+protobuf";
    /// [`crate::v1::Answer`]
    pub const ANSWER: &str = "application/vnd.zerotrip.answer.v1+protobuf";
    /// [`crate::v1::DatasetQuality`]
    pub const QUALITY: &str = "application/vnd.zerotrip.quality.v1+protobuf";
    /// [`crate::v1::DatasetStatement`]
    pub const DATASET: &str = "application/vnd.zerotrip.dataset.v1+protobuf";
    /// [`crate::v1::Approvals`]
    pub const APPROVALS: &str = "application/vnd.zerotrip.approvals.v1+protobuf";
    /// [`crate::v1::Adjudications`]
    pub const ADJUDICATIONS: &str = "application/vnd.zerotrip.adjudications.v1+protobuf";
    /// [`crate::v1::ScanTicket`]
    pub const SCAN_GRANT: &str = "application/vnd.zerotrip.scan-grant.v1+protobuf";
    /// [`crate::v1::ScanReceipt`]
    pub const SCAN_RECEIPT: &str = "application/vnd.zerotrip.scan-receipt.v1+protobuf";
    /// [`crate::v1::KeyDirectory`]
    pub const DIRECTORY: &str = "application/vnd.zerotrip.directory.v1+protobuf";
    /// [`crate::v1::GrantBundle`]
    pub const GRANTS: &str = "application/vnd.zerotrip.grants.v1+protobuf";
    /// [`crate::v1::Renewal`]
    pub const RENEWAL: &str = "application/vnd.zerotrip.renewal.v1+protobuf";
    /// The text that one signature over many messages is over; see [`crate::v1::BatchPath`].
    pub const BATCH: &str = "application/vnd.zerotrip.batch.v1";
    /// What may travel under a signature that covers many: what is made at the rate of exchanges.
    /// Words that last (directories, grants, statements, approvals) are signed one by one.
    pub const IN_BATCHES: [&str; 4] = [REQUEST, SCAN_GRANT, SCAN_RECEIPT, ANSWER];
}

/// The grammar of names, one for hub, departments and authority.
pub mod names {
    /// Longest member's, system's or hub's name, and longest name of a dataset behind its member's.
    const MOST: (usize, usize) = (32, 64);

    /// Whether it may name a member, a system or a hub: 1 to 32 lower-case letters, digits and
    /// hyphens.
    pub fn is_member(text: &str) -> bool {
        let is_known = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        (1..=MOST.0).contains(&text.len()) && text.bytes().all(is_known)
    }

    /// The member that owns a dataset: what is before the first dot of its id. `None` where there
    /// is no dot, or nothing on one side of it.
    pub fn owner_of(dataset: &str) -> Option<&str> {
        let (member, name) = dataset.split_once('.')?;
        (!member.is_empty() && !name.is_empty()).then_some(member)
    }

    /// Whether it may name a dataset: its member's name, a dot, and 1 to 64 lower-case letters,
    /// digits and `_` that begin with a letter.
    pub fn is_dataset(text: &str) -> bool {
        let is_known = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
        text.split_once('.').is_some_and(|(member, name)| {
            is_member(member)
                && name.len() <= MOST.1
                && name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(is_known)
        })
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn whoever_may_be_a_member_may_own_a_dataset() {
            for member in ["estate", "real-estate", "3rd-office", &"x".repeat(32)] {
                assert!(super::is_member(member), "{member}");
                assert!(super::is_dataset(&format!("{member}.ownership_2")), "{member}");
            }
            for wrong in ["", "Estate", "real_estate", "a.b", "地产", &"x".repeat(33)] {
                assert!(!super::is_member(wrong), "{wrong}");
                assert!(!super::is_dataset(&format!("{wrong}.ownership")), "{wrong}");
            }
            for wrong in ["", "2nd", "a-b", "a.b", "A", "_a", &"x".repeat(65)] {
                assert!(!super::is_dataset(&format!("estate.{wrong}")), "{wrong}");
            }
        }
    }
}

/// Bounds that both ends of a wire must agree on.
pub mod bounds {
    use std::time::Duration;

    /// Largest envelope payload, and largest gRPC message either way.
    pub const MESSAGE_BYTES: usize = 4 << 20;
    /// A request lives at most this long.
    pub const REQUEST_LIFE: Duration = Duration::from_secs(300);
    /// A scan ticket lives at most this long.
    pub const GRANT_LIFE: Duration = Duration::from_secs(60);
    /// How far two clocks may differ: as far as a Windows domain lets them (RFC 4120 and
    /// Microsoft's default for Kerberos, five minutes). Why not less: docs/decisions/0024.
    pub const CLOCK_SKEW: Duration = Duration::from_secs(300);
    /// Most scans under way on the lane of one channel (`Connector/Scan`); more go each on a
    /// separate stream.
    pub const LANE_CALLS: usize = 256;
    /// Largest ticket on a lane. One that is larger has a stream to itself, and holds up no other.
    pub const LANE_TICKET_BYTES: usize = 64 << 10;
    /// Largest answer on a lane. One that is larger is not held in memory: it streams.
    pub const LANE_ANSWER_BYTES: usize = 64 << 10;
    /// Bytes with which a message of a lane is full. The call or reply that reaches it is the
    /// last in it, so a message stays below [`MESSAGE_BYTES`].
    pub const LANE_MESSAGE_BYTES: usize = 256 << 10;
    /// Most subjects of one request about many.
    pub const SUBJECTS: usize = 10_000;
    /// Most certificates that one request records.
    pub const CERTIFICATES: usize = 1000;
    /// Most receipts of other departments in one ticket.
    pub const EVIDENCE: usize = 16;
    /// Most keys of one part of a scan for a request about many.
    pub const PART_KEYS: usize = 1024;
    /// Characters in a member's or system's own text fields.
    pub const TEXT_CHARS: usize = 64;
    /// ALPN of the channel that a connector dials.
    pub const ALPN_CHANNEL: &[u8] = b"zerotrip-channel/1";
    /// ALPN of ordinary gRPC clients.
    pub const ALPN_H2: &[u8] = b"h2";
}
