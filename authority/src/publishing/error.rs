//! Why an errand of the authority came to nothing at the hub.

use std::io;
use std::path::PathBuf;

use zerotrip_channel::files::FileError;
use zerotrip_client::SessionError;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::Status;
use zerotrip_trust::identity::IdentityError;

use crate::{AuthorityError, Behind};

/// Why nothing was published, or not all of it.
#[expect(missing_docs, reason = "the names and the texts say it")]
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The authority's folder.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Hub(#[from] SessionError),
    /// A file that was to be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A member's or system's name.
    #[error(transparent)]
    Name(#[from] IdentityError),
    /// The invitation is announced and kept, but its file has another name.
    #[error(
        "the invitation is in `{}`: it could not be given the name `{}`: {error}; move it yourself",
        part.display(), out.display()
    )]
    InvitationNotPlaced {
        /// Where it is.
        part: PathBuf,
        /// Where it should be.
        out: PathBuf,
        error: io::Error,
    },
    /// No system uses that invitation.
    #[error(
        "`{0}` does not wait for admission; let it `join` with its invitation, or give `--wait`"
    )]
    NotWaiting(String),
    /// No system asks for that renewal.
    #[error(
        "`{0}` does not ask for renewal with a key that holds; let it `renew` (a connector that \
         serves asks by itself), or give `--wait`. Where its signing keys were revoked or have \
         ended, invite it again"
    )]
    NotAsking(String),
    /// The folder is an older copy: the hub's directory was taken over into it.
    #[error(
        "the hub has version {} of the key directory, which this folder never signed: the folder is an \
         older copy of the authority's. The hub's directory is taken over into it, nothing is \
         published, and your change is not made: look at `zerotrip member list`, then give the command \
         again. What differed:{}", .0.version, .0.differs.iter().map(|one| format!("\n  {}", one.en)).collect::<String>()
    )]
    OlderDirectory(Behind),
    /// The folder is an older copy: the hub's grants were taken over into it.
    #[error(
        "the hub has version {0} of the grants, newer than any that this folder signed: the \
         folder is an older copy of the authority's. The hub's grants are taken over into it, and \
         your change is not made: look at `zerotrip grant list`, then give the command again"
    )]
    OlderGrants(u64),
    /// Both: what became of each.
    #[error("{directory}\n{grants}")]
    Both {
        /// Of the directory.
        directory: Box<PublishError>,
        /// Of the grants.
        grants: Box<PublishError>,
    },
    /// Signed and kept.
    #[error(
        "{0}; the new directory is signed, but the hub has not got it and goes by the old one: \
         give the same command again, or `zerotrip authority refresh`, once the hub answers"
    )]
    DirectoryNotTaken(#[source] SessionError),
    /// Signed and kept.
    #[error(
        "{0}; the change is signed and kept, but the hub has not confirmed it and may go by the \
         old grants: give the same command again, or `zerotrip authority refresh`, once the hub \
         answers"
    )]
    GrantsNotTaken(#[source] SessionError),
    /// The hub will never take this bundle.
    #[error(
        "the hub refuses: {0}; nothing has changed, and what waited for the hub is dropped: \
         `zerotrip grant list` shows what is in force"
    )]
    GrantsRefused(#[source] Refusal),
    /// The hub confirmed the status before, and cannot be asked whether it still has it.
    #[error(
        "`{member}` is {} already, as the hub has confirmed; whether it still knows could not be asked: \
         {error}. Nothing has changed", if *.status == Status::Suspended { "suspended" } else { "active" }
    )]
    StatusNotAsked {
        /// The member's id.
        member: String,
        status: Status,
        error: SessionError,
    },
    /// Which variants a check has, only the hub's catalogue tells.
    #[error(
        "--check: which variants `{0}` has, the hub says, and it cannot be asked now. Nothing was \
         signed. Name one, such as `{0}/couple`, or give the command again once the hub answers"
    )]
    VariantsUnknown(String),
    /// The hub's catalogue has no such check.
    #[error(
        "--check: the hub serves no check `{check}`; there are: {}. Nothing was signed. Where its \
         definition is yet to be deployed, add --not-served-yet",
        if .served.is_empty() { "none at all".to_owned() } else { .served.join(", ") }
    )]
    NotServed {
        /// As given, cut to 130 characters.
        check: String,
        /// What there is, as `<check>/<variant>`.
        served: Vec<String>,
    },
}
