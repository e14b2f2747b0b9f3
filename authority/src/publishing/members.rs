//! Members: invited, admitted, suspended and resumed, at the hub too.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use zerotrip_channel::new_file::{NewFile, NotPlaced};
use zerotrip_client::{Connection, answered};
use zerotrip_proto::v1::{
    AdmitRequest, Envelope, InviteRequest, KeyDirectory, ListJoinsRequest, PendingJoin, Status,
};
use zerotrip_proto::{from_timestamp, to_timestamp};
use zerotrip_trust::Digest;
use zerotrip_trust::identity::Identity;

use super::{PublishError, Published, not_behind, publish_directory};
use crate::{Authority, Behind, Invited, NewMember};

/// Time between two looks at who waits for admission.
const POLL: Duration = Duration::from_millis(250);

/// A system that was admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its URI.
    pub system: String,
    /// How many of its earlier signing keys were revoked by that.
    pub revoked: usize,
    /// The directory that names it.
    pub published: Published,
}

/// What came of suspending or resuming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusChange {
    /// A directory that says so is in force.
    Changed(Published),
    /// The directory in force at the hub said so already.
    Unchanged {
        /// Its version.
        version: u64,
        /// When it was signed.
        issued: Option<SystemTime>,
    },
}

/// Invites a system: announces the invitation at the hub and writes it to the new file `out`.
pub async fn invite(
    folder: &Path,
    new: &NewMember<'_>,
    life: Duration,
    out: &Path,
) -> Result<Invited, PublishError> {
    let now = SystemTime::now();
    let mut authority = Authority::open_for_change(folder)?;
    let mut file = NewFile::reserve(out)?;
    let invited = authority.invite(new, life, now)?;
    let connection = Connection::open(authority.home()).await?;
    let announcement = InviteRequest {
        token_digest: invited.invitation.token_digest().to_vec(),
        system: invited.invitation.system.uri(),
        expires_at: Some(to_timestamp(invited.expires_at)),
    };
    file.fill(format!("{}\n", invited.invitation).as_bytes())?;
    answered(connection.authority().invite(announcement)).await?;
    authority.keep_invitation(&invited, now)?;
    let placed = file.place();
    placed.map_err(|NotPlaced { part, error }| PublishError::InvitationNotPlaced {
        part,
        out: out.to_owned(),
        error,
    })?;
    Ok(invited)
}

/// Admits the system once it has used its invitation, waiting so long for it.
pub async fn admit(
    folder: &Path,
    member: &str,
    system: &str,
    wait: Duration,
) -> Result<Admitted, PublishError> {
    // Without the lock: another command must be able to suspend a member meanwhile.
    let authority = Authority::open(folder)?;
    let uri = Identity::system(&authority.directory().trust_domain, member, system)?.uri();
    let connection = Connection::open(authority.home()).await?;
    let awaited = authority.awaited(&uri, SystemTime::now())?;
    let pending = wait_for(&connection, &uri, &awaited, wait).await?;
    let pending = pending.ok_or_else(|| PublishError::NotWaiting(uri.clone()))?;
    let mut authority = Authority::open_for_change(folder)?;
    not_behind(&mut authority, &connection).await?;
    let admission = authority.admit(&pending, SystemTime::now())?;
    let published = publish_directory(&authority, &connection, admission.directory).await?;
    let certificate_chain =
        admission.certificate_chain.iter().map(|certificate| certificate.to_vec()).collect();
    let request =
        AdmitRequest { system: uri.clone(), certificate_chain, token_digest: awaited.to_vec() };
    answered(connection.authority().admit(request)).await?;
    Ok(Admitted { system: uri, revoked: admission.revoked, published })
}

/// The join that used exactly this invitation: an older one of the same system may wait beside it.
async fn wait_for(
    connection: &Connection,
    uri: &str,
    awaited: &Digest,
    wait: Duration,
) -> Result<Option<PendingJoin>, PublishError> {
    let started = Instant::now();
    loop {
        let joins = answered(connection.authority().list_joins(ListJoinsRequest {})).await?.joins;
        if let Some(pending) =
            joins.into_iter().find(|join| join.system == uri && join.token_digest == awaited)
        {
            return Ok(Some(pending));
        }
        if started.elapsed() >= wait {
            return Ok(None);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The folder, to list its members; and how it is behind the hub's directory, where the hub can be
/// asked: an older copy does not pass for the newest.
pub async fn members(folder: &Path) -> Result<(Authority, Option<Behind>), PublishError> {
    let authority = Authority::open(folder)?;
    let theirs = match Connection::open(authority.home()).await {
        Ok(connection) => connection.directory_envelope().await.ok(),
        Err(_) => None,
    };
    let behind = theirs.map(|theirs| authority.behind(&theirs)).transpose()?.flatten();
    Ok((authority, behind))
}

/// Suspends a member everywhere, or lets it act again.
pub async fn set_status(
    folder: &Path,
    member: &str,
    status: Status,
) -> Result<StatusChange, PublishError> {
    let mut authority = Authority::open_for_change(folder)?;
    let connection = Connection::open(authority.home()).await;
    if let Ok(connection) = &connection {
        not_behind(&mut authority, connection).await?;
    }
    let is_so = authority.status(member)? == status
        && authority
            .confirmed_directory()?
            .is_some_and(|confirmed| has_status(&confirmed, member, status));
    if is_so {
        // What the hub confirmed once it may have lost since, restored from an older copy: its own
        // word decides whether there is news.
        let not_asked =
            |error| PublishError::StatusNotAsked { member: member.to_owned(), status, error };
        let connection = connection.map_err(not_asked)?;
        let theirs = connection.key_directory().await.map_err(not_asked)?;
        if has_status(&theirs, member, status) {
            let issued = from_timestamp(theirs.issued_at.as_ref());
            return Ok(StatusChange::Unchanged { version: theirs.version, issued });
        }
        let envelope = authority.set_status(member, status, SystemTime::now())?;
        return publish_status(&authority, &connection, envelope).await;
    }
    // Signed and kept even where the hub cannot be reached.
    let envelope = authority.set_status(member, status, SystemTime::now())?;
    let connection = connection.map_err(PublishError::DirectoryNotTaken)?;
    publish_status(&authority, &connection, envelope).await
}

async fn publish_status(
    authority: &Authority,
    connection: &Connection,
    envelope: Envelope,
) -> Result<StatusChange, PublishError> {
    Ok(StatusChange::Changed(publish_directory(authority, connection, envelope).await?))
}

fn has_status(directory: &KeyDirectory, member: &str, status: Status) -> bool {
    directory.members.iter().any(|known| known.id == member && known.status() == status)
}
