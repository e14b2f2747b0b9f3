//! Whom another version of a check concerns: those who hold a grant on the one in force.

use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};
use zerotrip_authority::Authority;
use zerotrip_checks::definition::Definition;
use zerotrip_proto::from_timestamp;
use zerotrip_text::shown;

use crate::render::{Failure, Language, Screen};

/// A grant on a variant of the version in force.
pub(super) struct Requester {
    member: String,
    grant: String,
    check: String,
    /// What there is to ask instead, where that has another name or is gone.
    instead: Instead,
}

/// What the grant lets be asked of the other version.
enum Instead {
    /// The same, by other rules.
    Same,
    /// Nothing: the other version needs a grant of its own, on this.
    GrantOn(String),
    /// The other version has no such variant.
    Nothing,
}

/// The grants of the authority's folder that have not run out.
pub(super) fn read(
    authority: &Path,
    (old, new): (&Definition, &Definition),
    now: SystemTime,
) -> Result<Vec<Requester>, Failure> {
    let bundle = Authority::open(authority)?.grants()?;
    let grants = bundle
        .grants
        .into_iter()
        .filter(|grant| from_timestamp(grant.not_after.as_ref()).is_some_and(|end| end > now));
    let affected = grants.filter_map(|grant| {
        let (check, variant) = grant.check.split_once('/')?;
        if check != old.name || old.variant(variant).is_none() {
            return None;
        }
        let instead = match (new.variant(variant), new.name == old.name) {
            (None, _) => Instead::Nothing,
            (Some(_), true) => Instead::Same,
            (Some(_), false) => Instead::GrantOn(format!("{}/{variant}", new.name)),
        };
        Some(Requester { member: grant.member, grant: grant.id, check: grant.check, instead })
    });
    Ok(affected.collect())
}

impl Requester {
    pub(super) fn value(&self) -> Value {
        let needs = match &self.instead {
            Instead::GrantOn(check) => Some(check),
            Instead::Same | Instead::Nothing => None,
        };
        json!({
            "member": self.member, "grant": self.grant, "check": self.check,
            "needs_grant_on": needs, "gone": matches!(self.instead, Instead::Nothing),
        })
    }

    pub(super) fn line(&self, screen: &Screen) -> String {
        let (member, grant, check) = (shown(&self.member), shown(&self.grant), shown(&self.check));
        match (screen.language, &self.instead) {
            (Language::En, Instead::Same) => {
                format!("`{member}` (grant `{grant}`) will be answered by the new rules")
            }
            (Language::Zh, Instead::Same) => {
                format!("`{member}`（授权 `{grant}`）将按新规则得到答复")
            }
            (Language::En, Instead::GrantOn(other)) => {
                format!("`{member}` (grant `{grant}` on {check}) needs a grant on {other}")
            }
            (Language::Zh, Instead::GrantOn(other)) => {
                format!("`{member}`（对 {check} 的授权 `{grant}`）须另获对 {other} 的授权")
            }
            (Language::En, Instead::Nothing) => {
                format!("`{member}` (grant `{grant}`) can ask {check} no longer")
            }
            (Language::Zh, Instead::Nothing) => {
                format!("`{member}`（授权 `{grant}`）不能再查询 {check}")
            }
        }
    }
}
