//! Grants: added and revoked, at the hub too.

use std::path::Path;
use std::time::{Duration, SystemTime};
use zerotrip_text::cut;

use zerotrip_client::{Connection, SessionError, answered};
use zerotrip_proto::v1::{
    CheckEntry, Envelope, ErrorCode, GetGrantsRequest, IdentityProvider, PublishRequest,
    UnservedGrant,
};

use super::PublishError;
use crate::{Authority, NewGrant};

/// One grant of several, and what it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedGrant {
    /// Its id.
    pub id: String,
    /// `<check>/<variant>`.
    pub check: String,
}

/// Grants that are in force at the hub.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantsInForce {
    /// Their version.
    pub version: u64,
    /// Those on checks that the hub does not serve: they grant nothing.
    pub unserved: Vec<UnservedGrant>,
}

/// Grants that were added.
#[derive(Clone, Debug, PartialEq)]
pub struct AddedGrants {
    /// Each, where the check was named without a variant.
    pub each: Vec<NamedGrant>,
    /// What is in force now.
    pub in_force: GrantsInForce,
}

/// Adds a grant. Of a check without a variant, or with `*`, one for each variant that the hub
/// serves. `not_served_yet` signs it though the hub serves no such check. `announced` hears of each
/// grant before anything is sent.
pub async fn add_grants(
    folder: &Path,
    new: NewGrant,
    not_served_yet: bool,
    announced: &mut dyn FnMut(&[NamedGrant]),
) -> Result<AddedGrants, PublishError> {
    let authority = Authority::open_for_change(folder)?;
    let connection = Connection::open(authority.home()).await;
    let served = match &connection {
        Ok(connection) => connection.checks().await.ok(),
        Err(_) => None,
    };
    let (each, grants) = match variants_of(&new.check, served.as_deref())? {
        Some(variants) => {
            let named = variants
                .into_iter()
                .map(|(variant, check)| NamedGrant { id: id_of(&new.id, &variant), check });
            let each: Vec<_> = named.collect();
            announced(&each);
            let grant = |one: &NamedGrant| NewGrant {
                id: one.id.clone(),
                check: one.check.clone(),
                ..new.clone()
            };
            let grants = each.iter().map(grant).collect();
            (each, grants)
        }
        None => {
            // A hub that cannot be asked does not prevent signing: a misspelled name is reported
            // when it takes the grant.
            if let (Some(served), false) = (&served, not_served_yet) {
                is_served(&new.check, served)?;
            }
            (Vec::new(), vec![new])
        }
    };
    let envelope = authority.add_grants(grants, SystemTime::now())?;
    let connection = connection.map_err(PublishError::GrantsNotTaken)?;
    Ok(AddedGrants { each, in_force: send(&authority, &connection, envelope).await? })
}

/// Revokes a grant.
pub async fn revoke_grant(folder: &Path, id: &str) -> Result<GrantsInForce, PublishError> {
    let authority = Authority::open_for_change(folder)?;
    let envelope = authority.revoke_grant(id, SystemTime::now())?;
    let connection =
        Connection::open(authority.home()).await.map_err(PublishError::GrantsNotTaken)?;
    send(&authority, &connection, envelope).await
}

/// Trusts an identity provider, or trusts it anew: with other keys, levels or systems.
pub async fn trust_provider(
    folder: &Path,
    provider: IdentityProvider,
    life: Duration,
) -> Result<GrantsInForce, PublishError> {
    let authority = Authority::open_for_change(folder)?;
    let envelope = authority.trust_provider(provider, life, SystemTime::now())?;
    let connection =
        Connection::open(authority.home()).await.map_err(PublishError::GrantsNotTaken)?;
    send(&authority, &connection, envelope).await
}

/// Trusts an identity provider no more.
pub async fn distrust_provider(folder: &Path, id: &str) -> Result<GrantsInForce, PublishError> {
    let authority = Authority::open_for_change(folder)?;
    let envelope = authority.distrust_provider(id, SystemTime::now())?;
    let connection =
        Connection::open(authority.home()).await.map_err(PublishError::GrantsNotTaken)?;
    send(&authority, &connection, envelope).await
}

/// Sends the newest grants, where there are any: a hub that was restored, or could not be reached
/// before, has older ones.
pub(super) async fn send_newest(
    authority: &Authority,
    connection: &Connection,
) -> Result<GrantsInForce, PublishError> {
    let envelope = authority.newest_grants(SystemTime::now())?;
    send(authority, connection, envelope).await
}

async fn send(
    authority: &Authority,
    connection: &Connection,
    envelope: Envelope,
) -> Result<GrantsInForce, PublishError> {
    let theirs = answered(connection.authority().get_grants(GetGrantsRequest {})).await;
    let theirs = theirs.map_err(PublishError::GrantsNotTaken)?.grants.unwrap_or_default();
    let mut unserved = Vec::new();
    if theirs.payload != envelope.payload {
        if let Some(version) = authority.follow_hub(&theirs)? {
            return Err(PublishError::OlderGrants(version));
        }
        let request = PublishRequest { bundle: Some(envelope.clone()) };
        match answered(connection.authority().publish_grants(request)).await {
            Ok(reply) => unserved = reply.unserved,
            Err(SessionError::Refused(refusal)) if judges_the_bundle(refusal.code) => {
                authority.grants_refused()?;
                return Err(PublishError::GrantsRefused(refusal));
            }
            Err(error) => return Err(PublishError::GrantsNotTaken(error)),
        }
    }
    authority.grants_taken(&envelope)?;
    Ok(GrantsInForce { version: authority.taken_grants()?.version, unserved })
}

/// Whether the hub will never take this bundle. With any other code it may, later: a revocation is
/// not dropped for a full disk.
fn judges_the_bundle(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::Malformed | ErrorCode::BadSignature)
}

/// Each variant of a check that is named without one, or with `*`, by its name; `None` where one
/// variant is named.
fn variants_of(
    check: &str,
    served: Option<&[CheckEntry]>,
) -> Result<Option<Vec<(String, String)>>, PublishError> {
    let name = match check.split_once('/') {
        None => check,
        Some((name, "*")) => name,
        Some(_) => return Ok(None),
    };
    let served = served.ok_or_else(|| PublishError::VariantsUnknown(cut(name)))?;
    let all: Vec<(String, String)> = served
        .iter()
        .filter(|entry| entry.name == name)
        .map(|entry| (entry.variant.clone(), format!("{name}/{}", entry.variant)))
        .collect();
    if all.is_empty() {
        // The refusal names those that there are.
        is_served(check, served)?;
    }
    Ok(Some(all))
}

/// A grant's id has hyphens, and a variant's name may have underscores.
fn id_of(id: &str, variant: &str) -> String {
    format!("{id}-{}", variant.replace('_', "-"))
}

/// Refuses a check that the hub's catalogue does not have, and names those that it has.
fn is_served(check: &str, served: &[CheckEntry]) -> Result<(), PublishError> {
    let known: Vec<String> =
        served.iter().map(|entry| format!("{}/{}", entry.name, entry.variant)).collect();
    if known.iter().any(|known| known == check) {
        return Ok(());
    }
    Err(PublishError::NotServed { check: cut(check), served: known })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_check_without_its_variant_is_each_that_the_hub_serves() {
        let entry = |name: &str, variant: &str| CheckEntry {
            name: name.into(),
            variant: variant.into(),
            ..CheckEntry::default()
        };
        let served = [
            entry("no-property", "applicant"),
            entry("no-property", "whole_family"),
            entry("no-property-2", "applicant"),
        ];
        for check in ["no-property", "no-property/*"] {
            let each = variants_of(check, Some(&served)).unwrap().unwrap();
            let each: Vec<(String, String)> =
                each.into_iter().map(|(variant, check)| (id_of("fund", &variant), check)).collect();
            let expected = [
                ("fund-applicant", "no-property/applicant"),
                ("fund-whole-family", "no-property/whole_family"),
            ]
            .map(|(id, check)| (id.to_owned(), check.to_owned()));
            assert_eq!(each, expected);
        }
        assert_eq!(
            variants_of("no-property/couple", Some(&served)).unwrap(),
            None,
            "one that is named is that one"
        );
        assert_eq!(variants_of("no-property/couple", None).unwrap(), None);
        for (check, served) in [
            ("no-property", None),
            ("no-propery", Some(&served[..])),
            ("", Some(&served[..])),
            ("/*", Some(&[][..])),
        ] {
            let refused = variants_of(check, served).unwrap_err().to_string();
            assert!(refused.contains("Nothing was signed"), "{check}: {refused:?}");
        }
    }
}
