//! Directory, grants and policies at one moment, as Cedar takes them.

use std::collections::{HashMap, HashSet};
use std::str::FromStr as _;
use zerotrip_text::cut;

use cedar_policy::{
    Authorizer, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicyId, PolicySet,
    RestrictedExpression, Schema, ValidationMode, Validator,
};
use prost::Message as _;
use zerotrip_identification::Providers;
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::{Grant, GrantBundle, Reason};
use zerotrip_trust::digest::sha256_parts;
use zerotrip_trust::{Digest, Directory};

use crate::bounds::{self, CHECKS};
use crate::error::{GrantFault, PolicyError};
use crate::grants;

const SCHEMA: &str = include_str!("../policies/schema.cedarschema");
const POLICIES: &str = include_str!("../policies/base.cedar");
/// What a policy may be annotated with. `obligations` is a list of names, separated by commas; the
/// others are mandatory.
const ANNOTATIONS: [&str; 4] = ["id", "reason_en", "reason_zh", "obligations"];
/// The id that all unknown systems, members and checks have here. No name in the directory, and no
/// check, can be spelled like this.
const UNKNOWN: &str = "?";

/// Everything that decides, immutable: to be shared, and swapped whole.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) authorizer: Authorizer,
    pub(crate) policies: PolicySet,
    schema: Schema,
    types: Types,
    /// By policy id.
    pub(crate) reasons: HashMap<String, Reason>,
    /// What each policy demands of those who carry out a decision that it allows, by policy id.
    pub(crate) obligations: HashMap<String, Vec<String>>,
    pub(crate) systems: HashMap<String, SystemEntry>,
    pub(crate) checks: HashMap<String, CheckEntry>,
    pub(crate) unknown_system: SystemEntry,
    pub(crate) unknown_check: CheckEntry,
    providers: Providers,
    unserved: Vec<Unserved>,
    policy_digest: Digest,
    directory_version: u64,
}

/// A grant on a check that is not served: it grants nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unserved {
    /// The grant's id.
    pub grant: String,
    /// `<check>/<variant>`, as the grant has it.
    pub check: String,
}

#[derive(Debug)]
pub(crate) struct SystemEntry {
    pub(crate) uri: String,
    pub(crate) member: String,
    is_suspended: bool,
    is_member_suspended: bool,
}

#[derive(Debug)]
pub(crate) struct CheckEntry {
    pub(crate) name: String,
    /// By member, in the bundle's order.
    pub(crate) grants: HashMap<String, Vec<Grant>>,
}

impl Snapshot {
    /// The policies that ship with this release over a directory, the grants and the served checks
    /// (`<check>/<variant>`).
    ///
    /// Refuses policies that do not hold against their schema (strictly validated), and a bundle
    /// with a single fault: all are named. A grant on a check that is not served is not a fault,
    /// since it can only narrow: refusing its bundle would leave in force what the bundle
    /// revokes. It grants nothing, and [`Self::unserved`] names it.
    pub fn try_new(
        directory: &Directory,
        grants: &GrantBundle,
        checks: &[String],
    ) -> Result<Self, PolicyError> {
        Self::with_policies(SCHEMA, POLICIES, directory, grants, checks)
    }

    /// SHA-256 over schema, policies and grants.
    pub fn policy_digest(&self) -> Digest {
        self.policy_digest
    }

    /// Of the directory that the members' and systems' status is from.
    pub fn directory_version(&self) -> u64 {
        self.directory_version
    }

    /// Who can say that a person was identified.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Grants that grant nothing, because their checks are not served.
    pub fn unserved(&self) -> &[Unserved] {
        &self.unserved
    }

    /// Every policy by id with its reasons, sorted.
    pub fn policies(&self) -> Vec<&Reason> {
        let mut reasons: Vec<_> = self.reasons.values().collect();
        reasons.sort_by(|a, b| a.code.cmp(&b.code));
        reasons
    }

    pub(crate) fn with_policies(
        schema_text: &str,
        policy_text: &str,
        directory: &Directory,
        grants: &GrantBundle,
        checks: &[String],
    ) -> Result<Self, PolicyError> {
        let (schema, _warnings) = Schema::from_cedarschema_str(schema_text)
            .map_err(|error| PolicyError::Unreadable(error.to_string()))?;
        let ReadPolicies { policies, reasons, obligations } = read_policies(policy_text)?;
        let verdict = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if !verdict.validation_passed_without_warnings() {
            return Err(PolicyError::Invalid(verdict.to_string()));
        }
        refuse_checks(checks)?;
        refuse_grants(directory, grants)?;

        let active = |id: &str| directory.member(id).is_some_and(|member| member.active);
        let systems = directory.systems().iter().map(|system| {
            // A system of a suspended member is not active either; that is its member's affair, and
            // said so.
            let is_member_suspended = !active(&system.member);
            let entry = SystemEntry {
                uri: system.uri.clone(),
                member: system.member.clone(),
                is_suspended: !system.active && !is_member_suspended,
                is_member_suspended,
            };
            (system.uri.clone(), entry)
        });
        Ok(Self {
            authorizer: Authorizer::new(),
            policies,
            schema,
            types: Types::new()?,
            reasons,
            obligations,
            systems: systems.collect(),
            checks: check_entries(checks, grants),
            unknown_system: SystemEntry {
                uri: UNKNOWN.to_owned(),
                member: UNKNOWN.to_owned(),
                is_suspended: true,
                is_member_suspended: false,
            },
            unknown_check: CheckEntry { name: UNKNOWN.to_owned(), grants: HashMap::new() },
            // Their faults are the bundle's, and refused above.
            providers: Providers::read(&grants.identity_providers).unwrap_or_default(),
            unserved: unserved(grants, checks),
            policy_digest: sha256_parts(
                hash_domain::POLICY,
                &[schema_text.as_bytes(), policy_text.as_bytes(), &grants.encode_to_vec()],
            ),
            directory_version: directory.version(),
        })
    }
}

/// What a decision sees: who asks, of which member, about which check, and what of that member's
/// grants on it. Made for one decision, and checked against the schema: of a hundred thousand
/// grants a dozen count, and all of them as Cedar holds them would be a gigabyte.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) system: EntityUid,
    pub(crate) check: EntityUid,
    /// In the order of the grants.
    pub(crate) grants: Vec<EntityUid>,
    pub(crate) entities: Entities,
}

impl Snapshot {
    /// The scene of a system and a check, with the member's grants.
    pub(crate) fn scene(
        &self,
        system: &SystemEntry,
        check: &CheckEntry,
        grants: &[Grant],
    ) -> Result<Scene, String> {
        let types = &self.types;
        let member = uid(&types.member, &system.member);
        let asks = uid(&types.system, &system.uri);
        let about = uid(&types.check, &check.name);
        let mut entities = vec![
            member_entity(member.clone(), system.is_member_suspended)?,
            system_entity(asks.clone(), member, &system.member, system.is_suspended)?,
        ];
        let mut uids = Vec::with_capacity(grants.len());
        for one in grants {
            let uid = uid(&types.grant, &one.id);
            entities.push(grant_entity(uid.clone(), one)?);
            uids.push(uid);
        }
        let set = uids.iter().cloned().map(RestrictedExpression::new_entity_uid);
        let tags =
            (!uids.is_empty()).then(|| (system.member.clone(), RestrictedExpression::new_set(set)));
        let entity = Entity::new_with_tags(about.clone(), [], [], tags);
        entities.push(entity.map_err(|error| error.to_string())?);
        let entities = Entities::from_entities(entities, Some(&self.schema))
            .map_err(|error| error.to_string())?;
        Ok(Scene { system: asks, check: about, grants: uids, entities })
    }

    /// As the schema names an action.
    pub(crate) fn action(&self, name: &str) -> EntityUid {
        uid(&self.types.action, name)
    }
}

#[derive(Debug)]
struct Types {
    member: EntityTypeName,
    system: EntityTypeName,
    grant: EntityTypeName,
    check: EntityTypeName,
    action: EntityTypeName,
}

impl Types {
    fn new() -> Result<Self, PolicyError> {
        let name = |text| {
            EntityTypeName::from_str(text)
                .map_err(|error| PolicyError::Unreadable(error.to_string()))
        };
        Ok(Self {
            member: name("Member")?,
            system: name("System")?,
            grant: name("Grant")?,
            check: name("Check")?,
            action: name("Action")?,
        })
    }
}

pub(crate) fn uid(of: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
}

/// A policy file. The maps are by policy id.
#[derive(Default)]
struct ReadPolicies {
    policies: PolicySet,
    reasons: HashMap<String, Reason>,
    obligations: HashMap<String, Vec<String>>,
}

/// The policies under their `@id`, and what their annotations say. Whether an obligation is known
/// is asked in each decision: a demand that cannot be met is a denial, and no reason to keep older
/// policies in force.
fn read_policies(text: &str) -> Result<ReadPolicies, PolicyError> {
    let unreadable = |error: &dyn std::fmt::Display| PolicyError::Unreadable(error.to_string());
    let parsed = PolicySet::from_str(text).map_err(|error| unreadable(&error))?;
    if parsed.num_of_templates() > 0 {
        return Err(PolicyError::Unreadable("templates are not used here".into()));
    }
    let mut read = ReadPolicies::default();
    for policy in parsed.policies() {
        let said = |annotation: &'static str| {
            let id = policy.annotation("id").map_or_else(|| policy.id().to_string(), str::to_owned);
            let text = policy.annotation(annotation).filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or(PolicyError::Annotation { id, annotation })
        };
        let unknown = policy.annotations().find(|(name, _)| !ANNOTATIONS.contains(name));
        if let Some((annotation, _)) = unknown {
            let id = policy.annotation("id").map_or_else(|| policy.id().to_string(), str::to_owned);
            return Err(PolicyError::UnknownAnnotation { id, annotation: cut(annotation) });
        }
        let reason =
            Reason { code: said("id")?, text_en: said("reason_en")?, text_zh: said("reason_zh")? };
        let id = reason.code.clone();
        if let Some(demanded) = policy.annotation("obligations") {
            let names = demanded.split(',').map(|name| name.trim().to_owned()).collect();
            read.obligations.insert(id.clone(), names);
        }
        if read.reasons.insert(id.clone(), reason).is_some() {
            return Err(PolicyError::Annotation { id, annotation: "id" });
        }
        read.policies.add(policy.new_id(PolicyId::new(id))).map_err(|error| unreadable(&error))?;
    }
    Ok(read)
}

fn refuse_checks(checks: &[String]) -> Result<(), PolicyError> {
    match checks.get(CHECKS).or_else(|| checks.iter().find(|check| !grants::is_check(check))) {
        Some(check) => Err(PolicyError::Check(cut(check))),
        None => Ok(()),
    }
}

fn refuse_grants(directory: &Directory, bundle: &GrantBundle) -> Result<(), PolicyError> {
    let mut faults = grants::faults(bundle);
    for grant in bundle.grants.iter().take(bounds::GRANTS) {
        if directory.member(&grant.member).is_none() {
            faults.push(GrantFault::UnknownMember {
                grant: cut(&grant.id),
                member: cut(&grant.member),
            });
        }
    }
    grants::refuse_faults(faults)
}

fn unserved(bundle: &GrantBundle, checks: &[String]) -> Vec<Unserved> {
    let checks: HashSet<_> = checks.iter().collect();
    let unserved = bundle.grants.iter().filter(|grant| !checks.contains(&grant.check));
    unserved.map(|grant| Unserved { grant: grant.id.clone(), check: grant.check.clone() }).collect()
}

fn check_entries(checks: &[String], bundle: &GrantBundle) -> HashMap<String, CheckEntry> {
    let entry = |name: &String| CheckEntry { name: name.clone(), grants: HashMap::new() };
    let mut entries: HashMap<_, _> =
        checks.iter().map(|check| (check.clone(), entry(check))).collect();
    for grant in &bundle.grants {
        let Some(entry) = entries.get_mut(&grant.check) else { continue };
        entry.grants.entry(grant.member.clone()).or_default().push(grant.clone());
    }
    entries
}

fn member_entity(uid: EntityUid, suspended: bool) -> Result<Entity, String> {
    let attributes =
        HashMap::from([("suspended".to_owned(), RestrictedExpression::new_bool(suspended))]);
    Entity::new(uid, attributes, HashSet::new()).map_err(|error| error.to_string())
}

fn system_entity(
    uid: EntityUid,
    member: EntityUid,
    member_id: &str,
    suspended: bool,
) -> Result<Entity, String> {
    let attributes = HashMap::from([
        ("member".to_owned(), RestrictedExpression::new_entity_uid(member.clone())),
        ("member_id".to_owned(), RestrictedExpression::new_string(member_id.to_owned())),
        ("suspended".to_owned(), RestrictedExpression::new_bool(suspended)),
    ]);
    Entity::new(uid, attributes, HashSet::from([member])).map_err(|error| error.to_string())
}

fn grant_entity(uid: EntityUid, grant: &Grant) -> Result<Entity, String> {
    let (not_before, not_after) = grants::seconds(grant).ok_or("a grant without times")?;
    let set = |terms: &[String]| {
        RestrictedExpression::new_set(terms.iter().cloned().map(RestrictedExpression::new_string))
    };
    let attributes = HashMap::from([
        ("purposes".to_owned(), set(&grant.purposes)),
        ("legal_bases".to_owned(), set(&grant.legal_bases)),
        ("not_before".to_owned(), RestrictedExpression::new_long(not_before)),
        ("not_after".to_owned(), RestrictedExpression::new_long(not_after)),
        ("may_issue".to_owned(), RestrictedExpression::new_bool(grant.may_issue)),
        ("max_subjects".to_owned(), RestrictedExpression::new_long(grant.max_subjects.into())),
    ]);
    Entity::new(uid, attributes, HashSet::new()).map_err(|error| error.to_string())
}
