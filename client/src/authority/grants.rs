//! Who may ask what: the bundle of grants, signed as a whole.

use std::time::{Duration, SystemTime};

use prost::Message as _;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_proto::bounds::{CLOCK_SKEW, TEXT_CHARS};
use zerotrip_proto::v1::{Envelope, Grant, GrantBundle};
use zerotrip_proto::{payload_type, to_timestamp};
use zerotrip_trust::dsse;
use zerotrip_trust::identity::is_name;

use super::{Authority, AuthorityError};

/// Most grants of a bundle.
const GRANTS: usize = 10_000;

/// A grant to add.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Its id, by which it is revoked.
    pub id: String,
    /// The member that may ask.
    pub member: String,
    /// `<check>/<variant>`.
    pub check: String,
    /// For which purposes.
    pub purposes: Vec<String>,
    /// Under which laws.
    pub legal_bases: Vec<String>,
    /// For how long.
    pub life: Duration,
    /// Whether a certificate may be issued on the answer.
    pub may_issue: bool,
}

impl Authority {
    /// The grants in the last signed bundle.
    pub fn grants(&self) -> Result<GrantBundle, AuthorityError> {
        Ok(self.grants_bundle()?.unwrap_or_default())
    }

    /// Adds a grant and signs the new bundle.
    pub fn add_grant(&self, new: NewGrant, now: SystemTime) -> Result<Envelope, AuthorityError> {
        let mut bundle = self.grants()?;
        self.check_grant(&new, &bundle)?;
        bundle.grants.push(Grant {
            id: new.id,
            member: new.member,
            check: new.check,
            purposes: new.purposes,
            legal_bases: new.legal_bases,
            not_before: Some(to_timestamp(now - CLOCK_SKEW)),
            not_after: Some(to_timestamp(now + new.life)),
            may_issue: new.may_issue,
        });
        self.sign_grants(bundle, now)
    }

    /// Takes a grant away and signs the new bundle.
    pub fn revoke_grant(&self, id: &str, now: SystemTime) -> Result<Envelope, AuthorityError> {
        let mut bundle = self.grants()?;
        let before = bundle.grants.len();
        bundle.grants.retain(|grant| grant.id != id);
        if bundle.grants.len() == before {
            return Err(AuthorityError::Grant(format!("no grant `{id}`; `zerotrip grant list` shows what there is")));
        }
        self.sign_grants(bundle, now)
    }

    /// The signed bundle; the first one is empty.
    pub(super) fn signed_grants(&self, now: SystemTime) -> Result<Envelope, AuthorityError> {
        let path = self.folder.join("grants.dsse");
        if self.grants_bundle()?.is_none() {
            return self.sign_grants(GrantBundle::default(), now);
        }
        let content = |why: String| AuthorityError::Content { path: path.display().to_string(), why };
        Envelope::decode(files::read(&path)?.as_slice()).map_err(|error| content(error.to_string()))
    }

    fn sign_grants(&self, mut bundle: GrantBundle, now: SystemTime) -> Result<Envelope, AuthorityError> {
        bundle.version += 1;
        bundle.issued_at = Some(to_timestamp(now));
        let envelope = dsse::seal(payload_type::GRANTS, &bundle, &self.key)?;
        files::write(&self.folder.join("grants.dsse"), &envelope.encode_to_vec(), Secrecy::Public)?;
        Ok(envelope)
    }

    fn check_grant(&self, new: &NewGrant, bundle: &GrantBundle) -> Result<(), AuthorityError> {
        let refuse = |why: String| Err(AuthorityError::Grant(why));
        if !is_name(&new.id) {
            return refuse(format!("`{}` cannot be a grant's id; use 1 to 32 lower-case letters, digits and hyphens", new.id));
        }
        if bundle.grants.iter().any(|grant| grant.id == new.id) {
            return refuse(format!("there is a grant `{}` already; revoke it first, or choose another id", new.id));
        }
        if !self.directory.members.iter().any(|member| member.id == new.member) {
            return Err(AuthorityError::UnknownMember(new.member.clone()));
        }
        let fits =
            new.check.split_once('/').is_some_and(|(check, variant)| !check.is_empty() && !variant.is_empty() && !variant.contains('/'));
        if !fits || new.check.len() > 2 * TEXT_CHARS {
            return refuse(format!("`{}` names no check; write `<check>/<variant>`, such as `no-property/couple`", new.check));
        }
        let bounded = |list: &[String]| !list.is_empty() && list.iter().all(|text| (1..=TEXT_CHARS).contains(&text.chars().count()));
        if !bounded(&new.purposes) || !bounded(&new.legal_bases) {
            return refuse("purposes and legal bases have 1 to 64 characters each, and there is at least one of each".into());
        }
        if bundle.grants.len() >= GRANTS {
            return refuse(format!("there are {GRANTS} grants already; revoke those that are no longer needed"));
        }
        Ok(())
    }
}
