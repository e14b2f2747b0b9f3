//! Why the register does not do what it is asked.

use zerotrip_certificates::Profile;
use zerotrip_certificates::sdjwt::SdJwtError;
use zerotrip_certificates::status::{StatusError, StatusValue};
use zerotrip_channel::HomeError;
use zerotrip_channel::files::FileError;
use zerotrip_trust::digest::RandomError;

use super::bounds::{COPIES, FILE, REASON_CHARS};

/// Why the register does not do what it is asked.
#[expect(missing_docs, reason = "the names and the texts say it")]
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("this system's folder has no `{FILE}`, so its certificates have no status")]
    NoSettings,
    #[error("`{path}`: {why}")]
    Settings { path: String, why: String },
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the register of issued certificates: {0}")]
    Store(#[from] rusqlite::Error),
    #[error("the register of issued certificates is of version {0}, which is not known here")]
    Version(i64),
    #[error("the register of issued certificates holds a `{0}` that makes no sense")]
    Content(&'static str),
    /// The system's folder.
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("`{0}` is missing: wallets want the sealing key's certificate along")]
    NoCertificate(String),
    #[error("only a system issues certificates")]
    NoSystem,
    #[error("no certificate has the number `{0}` here")]
    Unknown(String),
    #[error("a certificate has 1 to {COPIES} copies, and the same number each time, not {0}")]
    Copies(usize),
    #[error("a reason has 1 to {REASON_CHARS} visible characters")]
    Reason,
    #[error("`{serial}` is of the profile `{profile}`, in which nothing is suspended or lifted")]
    NotInProfile { serial: String, profile: Profile },
    #[error("`{0}` was revoked, and that is for ever")]
    Final(String),
    #[error(
        "`{0}` cannot take the place of that certificate: it is that one, is of another check, or \
         does not count"
    )]
    NoSuccessor(String),
    #[error("`{0}` was not issued, so there is nothing to hand out")]
    NotIssued(String),
    #[error("`{0}` was issued for this very errand, and counts or can count again")]
    AlreadyIssued(String),
    #[error("the certificate with the number `{0}` is another one")]
    OtherCertificate(String),
    #[error("`{serial}` is not in force: it is {}", status.word())]
    NotInForce { serial: String, status: StatusValue },
    #[error("`{0}` is over: its validity has ended")]
    Ended(String),
    #[error("a kept certificate does not read: {0}")]
    Kept(#[from] SdJwtError),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("the list has no free place left that could be drawn")]
    Full,
    #[error("the status list cannot be made: {0}")]
    List(#[from] StatusError),
    #[error("`{0}` is not a folder")]
    NoFolder(String),
    /// The register was put back from a copy that is older than what was published.
    #[error(
        "`{file}` was published with place {place} revoked or suspended, and the register knows \
         nothing of that"
    )]
    SetBack { file: String, place: u64 },
    /// The same, before it gives away a number that another certificate has.
    #[error("`{0}` was published later than the register of issued certificates knows of")]
    Older(String),
    /// What was published last cannot be compared with.
    #[error("`{file}`, which was published last, cannot be compared with: {why}")]
    Unseen { file: String, why: String },
    /// The settings name another address than the certificates that were issued.
    #[error("`{FILE}` says `{now}`, and certificates were issued whose status is at `{before}`")]
    Moved { now: String, before: String },
}
