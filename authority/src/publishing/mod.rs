//! Bringing what the authority signs to the hub: each errand of an administrator is one function
//! that returns what came of it. A command line shows that, a web desk would.
//!
//! What the hub did not confirm is kept as signed and not confirmed, and the same errand, or
//! [`refresh`], sends it again.

mod error;
mod grants;
mod members;
mod renewals;

use std::path::Path;
use std::time::SystemTime;

use zerotrip_client::{Connection, answered};
use zerotrip_proto::v1::{Envelope, PublishRequest};
use zerotrip_trust::ending::Ending;

pub use error::PublishError;
pub use grants::{
    AddedGrants, GrantsInForce, NamedGrant, add_grants, distrust_provider, revoke_grant,
    trust_provider,
};
pub use members::{Admitted, StatusChange, admit, invite, members, set_status};
pub use renewals::{RenewedByHand, renew_by_hand};

use crate::{Authority, AuthorityError, ByHand};

/// A directory that is in force at the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its version.
    pub version: u64,
    /// How many connectors confirmed it.
    pub confirmed: u32,
    /// URIs of the connectors that did not.
    pub unconfirmed: Vec<String>,
}

/// What the hub made of the directory, and of the grants.
pub type Sent = (Result<Published, PublishError>, Result<GrantsInForce, PublishError>);

/// What came of [`refresh`].
#[derive(Debug)]
pub struct Refreshed {
    /// The version that was signed.
    pub version: u64,
    /// The directory and the grants at the hub; `None` where only files were written. The grants
    /// are sent also where the directory failed: a revocation must not wait for it.
    pub published: Option<Sent>,
}

/// What happens on the way, to be shown at once.
#[derive(Debug)]
pub enum Progress {
    /// The authority's own certificates were renewed, until then.
    OwnRenewed(SystemTime),
    /// What ends soon, or has ended.
    Endings(Vec<Ending>),
    /// A request for renewal does not verify.
    NotGranted(AuthorityError),
    /// The rule does not renew this holder.
    NeedsHand {
        /// Its URI.
        holder: String,
        /// Why.
        why: ByHand,
    },
    /// Renewed by the rule.
    Renewed {
        /// Its URI.
        holder: String,
        /// Until when.
        ends: SystemTime,
    },
    /// Renewed by the rule, but the hub did not take the certificate.
    NotHandedOver {
        /// Its URI.
        holder: String,
        /// Why.
        why: PublishError,
    },
}

/// Signs the directory anew and publishes it, and the newest grants; renews by rule who asks for
/// it. `offline` writes the files only.
pub async fn refresh(
    folder: &Path,
    offline: bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<Refreshed, PublishError> {
    let now = SystemTime::now();
    let mut authority = Authority::open_for_change(folder)?;
    // Before the hub is called: with a desk whose certificate has ended it could not be.
    if authority.own_is_due(now)? {
        progress(Progress::OwnRenewed(authority.renew_own(now)?));
    }
    let connection = if offline { None } else { Some(Connection::open(authority.home()).await) };
    if let Some(Ok(connection)) = &connection {
        if let Err(directory) = not_behind(&mut authority, connection).await {
            // The grants are asked about all the same: they may be behind as well, or ahead.
            let grants = grants::send_newest(&authority, connection).await.err().map(Box::new);
            return Err(match grants {
                Some(grants) => PublishError::Both { directory: Box::new(directory), grants },
                None => directory,
            });
        }
        renewals::renew_by_rule(&mut authority, connection, progress).await?;
    }
    progress(Progress::Endings(authority.endings(now)?));
    let envelope = authority.sign_directory(now)?;
    let version = authority.directory().version;
    let Some(connection) = connection else { return Ok(Refreshed { version, published: None }) };
    let connection = connection.map_err(PublishError::DirectoryNotTaken)?;
    let directory = publish_directory(&authority, &connection, envelope).await;
    let grants = grants::send_newest(&authority, &connection).await;
    Ok(Refreshed { version, published: Some((directory, grants)) })
}

/// Before anything is signed: a folder that is an older copy takes over what the hub has, and
/// changes nothing.
async fn not_behind(
    authority: &mut Authority,
    connection: &Connection,
) -> Result<(), PublishError> {
    let theirs = connection.directory_envelope().await?;
    match authority.follow_directory(&theirs)? {
        Some(behind) => Err(PublishError::OlderDirectory(behind)),
        None => Ok(()),
    }
}

async fn publish_directory(
    authority: &Authority,
    connection: &Connection,
    envelope: Envelope,
) -> Result<Published, PublishError> {
    let request = PublishRequest { bundle: Some(envelope.clone()) };
    let reply = answered(connection.authority().publish_directory(request)).await;
    let reply = reply.map_err(PublishError::DirectoryNotTaken)?;
    authority.directory_confirmed(&envelope)?;
    let version = authority.directory().version;
    Ok(Published { version, confirmed: reply.confirmed, unconfirmed: reply.unconfirmed })
}
