//! What is wrong with the authority's folder, or with what a command asks of it.

use zerotrip_channel::files::FileError;
use zerotrip_channel::{DialError, HomeError};
use zerotrip_policies::PolicyError;
use zerotrip_trust::directory::DirectoryError;
use zerotrip_trust::dsse::DsseError;
use zerotrip_trust::identity::IdentityError;
use zerotrip_trust::invitation::InvitationMakeError;
use zerotrip_trust::keys::KeyError;
use zerotrip_trust::renewal::RenewalError;
use zerotrip_trust::x509::X509Error;

use crate::folder::MEMBER;

/// What is wrong.
#[expect(missing_docs, reason = "the names and the texts say it")]
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// There is an authority already.
    #[error("`{0}` already holds an authority; choose an empty folder")]
    Occupied(String),
    /// There is none.
    #[error("`{0}` is not an authority's folder; name it with `--dir`")]
    NotOne(String),
    /// Out of bounds.
    #[error("the directory's life must be 1 minute to 30 days")]
    Life,
    #[error(transparent)]
    File(#[from] FileError),
    /// A file's content.
    #[error("`{path}`: {why}")]
    Content { path: String, why: String },
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Address(#[from] DialError),
    /// The folder as a system's.
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Certificate(#[from] X509Error),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Envelope(#[from] DsseError),
    /// The directory would be refused everywhere.
    #[error("the new directory would be refused: {0}")]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Invitation(#[from] InvitationMakeError),
    /// No member has that name.
    #[error("no member `{0}`; `zerotrip member list` shows who there is")]
    UnknownMember(String),
    /// A member that no directory at the hub names.
    #[error(
        "the hub has no directory that names `{0}` yet; admit one of its systems, or publish with \
         `zerotrip authority refresh`"
    )]
    UnpublishedMember(String),
    /// The authority's own member.
    #[error("`{MEMBER}` is the authority itself and cannot be suspended or invited again")]
    Itself,
    /// A member's names.
    #[error("a member's names have 1 to 64 characters in each language")]
    Names,
    /// A member that is known by other names.
    #[error("`{member}` is known as `{named}`; invite its system without names")]
    OtherNames { member: String, named: String },
    /// A member's or system's id.
    #[error("`{0}` is not a name; use 1 to 32 lower-case letters, digits and hyphens")]
    Name(String),
    /// No sealing key of that system is in force.
    #[error("the directory names no sealing key of `{0}` that is in force")]
    NoSealingKey(String),
    /// A system waits with a token that was never issued.
    #[error(
        "`{0}` waits with a token that was not issued here, or has expired; do not admit it, \
         invite again"
    )]
    NotInvited(String),
    /// The papers that wait are not those that the invited system made.
    #[error(
        "the keys or the certificate request of `{0}` were changed on the way to the authority; \
         do not admit it: find out who changed them at the hub, then invite it again, and let it \
         join in an empty folder"
    )]
    Tampered(String),
    /// Its last certificate begins later than now.
    #[error(
        "the last certificate of `{0}` begins later than now: this machine's clock was ahead \
         then, or is behind now; set it right, then give the same command again"
    )]
    Clock(String),
    /// It comes with a key that was revoked.
    #[error(
        "`{0}` comes with keys that were revoked; invite it again, and let it join in an empty \
         folder"
    )]
    RevokedKeys(String),
    /// Part of the folder was put back from a copy.
    #[error(
        "`{file}` is older than what this folder signed: it holds version {has}, and version \
         {signed} was signed here; run `zerotrip authority refresh` while the hub answers: it \
         takes the hub's directory over"
    )]
    OlderFile {
        file: String,
        /// The version in it.
        has: u64,
        /// The highest that was signed.
        signed: u64,
    },
    /// It comes with a key that it had when it was admitted before.
    #[error(
        "`{0}` comes with keys that it was admitted with before, so that a copy of its former \
         folder would be let in still; invite it again, and let it join in an empty folder"
    )]
    KnownKeys(String),
    /// Its invitation was used with other keys.
    #[error("the invitation of `{0}` was used already, with other keys; invite it again")]
    Spent(String),
    /// No system is invited under that name.
    #[error("no invitation of `{0}` holds; make one with `zerotrip member invite`")]
    NoInvitation(String),
    /// Another command changes the folder.
    #[error(
        "another command is changing the authority in `{0}`; wait until it has ended, then try \
         again"
    )]
    Busy(String),
    /// The hub's enrolment file.
    #[error("`{path}`: {why}; let the hub write it again")]
    Enrolment { path: String, why: String },
    /// A grant of that id is there.
    #[error("there is a grant `{0}` already; revoke it first, or choose another id")]
    GrantThere(String),
    /// None is.
    #[error("no grant `{0}`; `zerotrip grant list` shows what there is")]
    NoGrant(String),
    /// No provider of that id is trusted.
    #[error("no identity provider `{0}` is trusted; `zerotrip identity list` shows which are")]
    NoProvider(String),
    /// A system that identity assertions would be made for.
    #[error("the directory has no system `{0}`; `zerotrip member list` shows which there are")]
    NoSystem(String),
    /// A request for renewal.
    #[error(transparent)]
    Renewal(#[from] RenewalError),
    /// What every hub would refuse.
    #[error(transparent)]
    Grants(#[from] PolicyError),
}
