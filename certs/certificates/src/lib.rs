//! Certificates: a check's true answer, sealed by the competent organ, that anyone can verify
//! offline.
//!
//! Three things are kept apart by type. A [`ProvenAnswer`] is what the hub signed *and* recorded in
//! its ledger; an [`Affirmed`] is one that was answered "true", the only thing a certificate can be
//! made of; a [`VerifiedCertificate`] is what a verifier may show. The hub's signed answer travels
//! inside the certificate as evidence: the seal says who vouches, the evidence says on what
//! grounds. The answer fixes what a certificate on it says ([`fix`]), so that evidence serves one
//! certificate of one holder only.

mod affirmed;
mod copies;
mod evidence;
mod explain;
mod facts;
mod grounds;
mod holder;
mod identified;
mod jwks;
mod profile;
pub mod sdjwt;
mod seal;
mod serial;
pub mod status;
mod subject;
mod terms;
#[cfg(test)]
mod tests;
mod type_metadata;
mod verify;

pub use affirmed::{Affirmed, NotAffirmed, OneOfMany};
pub use copies::{recorded_digest, recorded_together};
pub use evidence::{
    EvidenceError, Moment, ProvenAnswer, answers_request, checkpoint_origin, open_checkpoint, prove,
};
pub use facts::{Fact, FactValue, fact_terms, fix_facts, open_facts, read_facts};
pub use grounds::{Among, NoGrounds};
pub use holder::{HolderKey, HolderKeyError};
pub use identified::{IDENTIFIED, identified, identified_titles};
pub use jwks::{JwkSet, JwkSetError};
pub use profile::Profile;
pub use seal::{CertificateContent, SealError, Sealed, seal};
pub use serial::Serial;
pub use subject::{
    SubjectDisclosures, SubjectError, digests_of, prove_subject, read_subject, subject_leaf_hash,
    subject_proof,
};
pub use terms::{ASKED, Fixed, SEAL_WITHIN, TermsError, asked, fix};
pub use type_metadata::type_metadata;
pub use verify::{
    CertificateError, Demand, Disclosed, Finding, Holder, Issuer, Judged, Listed, NoStatus,
    NotHolder, ShownErrand, Source, TrustRoot, Verdict, VerdictKind, VerifiedCertificate, judge,
    status_of, verify,
};

use std::time::SystemTime;

use zerotrip_proto::from_timestamp;

/// Every certificate type of ours begins so; the check's name and a version follow.
pub const VCT_PREFIX: &str = "urn:zerotrip:certificate:";

/// Whether this is the type of certificates on this check:
/// `urn:zerotrip:certificate:<check>:<version>`. The version of the type is that of the check from
/// its second on.
pub fn is_vct_of(vct: &str, check: &str) -> bool {
    if let Some((check, version)) = check.split_once('@') {
        return vct.strip_prefix(VCT_PREFIX) == Some(&format!("{check}:{version}"));
    }
    let version = vct
        .strip_prefix(VCT_PREFIX)
        .and_then(|rest| rest.strip_prefix(check))
        .and_then(|rest| rest.strip_prefix(':'));
    version.is_some_and(|version| {
        (1..=9).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// As certificates write times: RFC 3339, UTC, whole seconds.
fn written(time: SystemTime) -> String {
    chrono::DateTime::<chrono::Utc>::from(time).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn written_timestamp(timestamp: Option<&prost_types::Timestamp>) -> Option<String> {
    from_timestamp(timestamp).map(written)
}
