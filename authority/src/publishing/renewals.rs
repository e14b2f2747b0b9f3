//! Certificates of members and of the hub: renewed by rule, or by hand, and handed over by the hub.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use zerotrip_client::{Connection, SessionError, answered};
use zerotrip_proto::v1::{AdmitRenewalRequest, Envelope, ErrorCode, ListRenewalsRequest};
use zerotrip_trust::identity::Identity;

use super::{Progress, PublishError, Published, not_behind, publish_directory};
use crate::{Authority, Renewed};

/// Time between two looks at who waits.
const POLL: Duration = Duration::from_millis(500);

/// A certificate that was renewed by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewedByHand {
    /// It.
    pub renewed: Renewed,
    /// The directory that says how long its holder's signing keys hold now.
    pub published: Published,
}

/// Renews the certificate of this member's system, or of the hub where none is named, once it asks
/// for it; waits so long.
pub async fn renew_by_hand(
    folder: &Path,
    named: Option<(&str, &str)>,
    wait: Duration,
) -> Result<RenewedByHand, PublishError> {
    let authority = Authority::open(folder)?;
    let (holder, connection) = match named {
        Some((member, system)) => {
            let holder = Identity::system(&authority.directory().trust_domain, member, system)?;
            (holder, Connection::open(authority.home()).await?)
        }
        // The hub's own certificate may have ended: that is what brings one here.
        None => {
            (authority.home().hub.clone(), Connection::open_to_ended_hub(authority.home()).await?)
        }
    };
    let envelope = wait_for(&authority, &connection, &holder, wait).await?;
    let mut authority = Authority::open_for_change(folder)?;
    not_behind(&mut authority, &connection).await?;
    let now = SystemTime::now();
    let asked = authority.asked(&envelope, now)?;
    let renewed = authority.renew(&asked, now)?;
    hand_over(&connection, renewed.clone()).await?;
    let envelope = authority.sign_directory(SystemTime::now())?;
    let published = publish_directory(&authority, &connection, envelope).await?;
    Ok(RenewedByHand { renewed, published })
}

/// Renews every holder that waits and may be renewed by rule, and hands the certificates to the
/// hub. One that cannot be renewed does not hold up the others, or the directory.
pub(super) async fn renew_by_rule(
    authority: &mut Authority,
    connection: &Connection,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), PublishError> {
    for envelope in waiting(connection).await? {
        let now = SystemTime::now();
        let asked = match authority.asked(&envelope, now) {
            Ok(asked) => asked,
            Err(error) => {
                progress(Progress::NotGranted(error));
                continue;
            }
        };
        let holder = asked.holder.uri();
        if let Err(why) = authority.by_rule(&asked, now) {
            progress(Progress::NeedsHand { holder, why });
            continue;
        }
        let renewed = authority.renew(&asked, now)?;
        let ends = renewed.ends;
        progress(match hand_over(connection, renewed).await {
            Ok(()) => Progress::Renewed { holder, ends },
            Err(why) => Progress::NotHandedOver { holder, why },
        });
    }
    Ok(())
}

/// The request of one who asks, once it is there. Without the folder's lock: waiting must not keep
/// another command from suspending a member.
async fn wait_for(
    authority: &Authority,
    connection: &Connection,
    holder: &Identity,
    wait: Duration,
) -> Result<Envelope, PublishError> {
    let started = Instant::now();
    loop {
        for envelope in waiting(connection).await? {
            let asked = authority.asked(&envelope, SystemTime::now());
            if asked.is_ok_and(|asked| asked.holder == *holder) {
                return Ok(envelope);
            }
        }
        if started.elapsed() >= wait {
            return Err(PublishError::NotAsking(holder.uri()));
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn waiting(connection: &Connection) -> Result<Vec<Envelope>, PublishError> {
    match answered(connection.authority().list_renewals(ListRenewalsRequest {})).await {
        Ok(reply) => Ok(reply.renewals),
        // While its directory has ended the hub takes nothing but a newer one; they are renewed
        // with the next refresh.
        Err(SessionError::Refused(refusal)) if refusal.code == ErrorCode::StaleBundle => {
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}

async fn hand_over(connection: &Connection, renewed: Renewed) -> Result<(), PublishError> {
    let certificate_chain = renewed.chain.iter().map(|certificate| certificate.to_vec()).collect();
    let request = AdmitRenewalRequest { holder: renewed.holder, certificate_chain };
    answered(connection.authority().admit_renewal(request)).await?;
    Ok(())
}
