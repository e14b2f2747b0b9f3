//! One decision. A denial is what comes out of everything that is not exactly a permit without any
//! error.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use cedar_policy::{Context, EntityUid, Request, RestrictedExpression};
use zerotrip_proto::Obligation;
use zerotrip_proto::v1::{Grant, Reason};
use zerotrip_trust::Digest;

use crate::snapshot::{Scene, Snapshot};

/// The policy id of a denial for the reason that deciding itself went wrong; the policies that
/// erred follow it.
pub const EVALUATION_ERROR: &str = "evaluation-error";
/// The policy id of a denial because a policy that permits demands an obligation that this version
/// does not know; those policies follow it.
pub const UNKNOWN_OBLIGATION: &str = "unknown-obligation";
/// The policy id of a denial that no forbid made: nothing permits. With the policies that ship,
/// some forbid always says why.
const NO_PERMIT: &str = "no-permit";

/// What a system wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Ask the check's question.
    Check,
    /// Ask it about many subjects in one request.
    CheckMany,
    /// Record a certificate on its answer.
    Issue,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Check, Self::CheckMany, Self::Issue];

    /// As the schema names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::CheckMany => "check_many",
            Self::Issue => "issue",
        }
    }
}

/// A verified request as the policies see it. Texts are compared byte for byte.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The asking system's URI.
    pub system: &'a str,
    /// `<check>/<variant>`; of an issue, that of the answered check.
    pub check: &'a str,
    /// What it wants.
    pub action: Action,
    /// What the answer may be used for.
    pub purpose: &'a str,
    /// The law that allows it.
    pub legal_basis: &'a str,
    /// The errand's code.
    pub service_item: &'a str,
    /// The file that it belongs to; the policies learn only whether there is one.
    pub case_number: &'a str,
    /// On whose errand the system asks.
    pub official: &'a str,
    /// How many subjects it is about: 1, but of a request about many.
    pub subjects: u32,
    /// Whether, where the check asks that its person was identified, an assertion shows it by the
    /// providers that are trusted now; true where it asks nothing.
    pub is_identified: bool,
    /// The hub's clock.
    pub now: SystemTime,
}

/// What came out, to be recorded and signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Whether it may go on.
    pub allowed: bool,
    /// The policies that made it, sorted; after an error [`EVALUATION_ERROR`] first,
    /// or [`UNKNOWN_OBLIGATION`]. Never empty.
    pub policy_ids: Vec<String>,
    /// For people, one to each policy of a denial; none where it is allowed.
    pub reasons: Vec<Reason>,
    /// The id of the authority's grant that covers the request; `None` where it is denied.
    pub grant: Option<String>,
    /// What the policies that allow it demand of those who carry it out, sorted, each once; none
    /// where it is denied.
    pub obligations: Vec<Obligation>,
    /// How many variants of the check that grant lets be asked about one subject for one purpose;
    /// 0 where it is denied.
    pub variants_per_subject: u32,
    /// [`Snapshot::policy_digest`].
    pub policy_digest: Digest,
    /// [`Snapshot::directory_version`].
    pub directory_version: u64,
}

/// What the policies say with one grant, or none, before them.
enum Verdict {
    Allowed {
        policy_ids: Vec<String>,
        obligations: Vec<Obligation>,
    },
    Denied(Vec<String>),
    /// Neither: no other grant is tried.
    Failed(Vec<String>),
}

impl Snapshot {
    /// Decides. A member's grants on the check are put before the policies one after another; the
    /// first that is allowed covers the request. Of a denial, the grant that came closest (with
    /// the fewest policies against it) gives the reasons.
    pub fn decide(&self, facts: &Facts<'_>) -> Decision {
        let system = self.systems.get(facts.system).unwrap_or(&self.unknown_system);
        let check = self.checks.get(facts.check).unwrap_or(&self.unknown_check);
        let grants = check.grants.get(&system.member).map(Vec::as_slice).unwrap_or_default();
        let Ok(scene) = self.scene(system, check, grants) else {
            return self.denied(vec![EVALUATION_ERROR.to_owned()]);
        };
        let mut closest: Option<Vec<String>> = None;
        for (grant, uid) in grants.iter().zip(&scene.grants) {
            match self.ask(&scene, Some(uid), facts) {
                Verdict::Allowed { policy_ids, obligations } => {
                    return self.allowed(policy_ids, grant, obligations);
                }
                Verdict::Denied(ids)
                    if closest.as_ref().is_none_or(|closest| ids.len() < closest.len()) =>
                {
                    closest = Some(ids)
                }
                Verdict::Denied(_) => {}
                Verdict::Failed(ids) => return self.denied(ids),
            }
        }
        if let Some(ids) = closest {
            return self.denied(ids);
        }
        match self.ask(&scene, None, facts) {
            // Without a grant there is nothing to allow, whatever the policies say.
            Verdict::Allowed { .. } => self.denied(vec![NO_PERMIT.to_owned()]),
            Verdict::Denied(ids) | Verdict::Failed(ids) => self.denied(ids),
        }
    }

    fn ask(&self, scene: &Scene, grant: Option<&EntityUid>, facts: &Facts<'_>) -> Verdict {
        let failed =
            |ids: Vec<String>| Verdict::Failed([vec![EVALUATION_ERROR.to_owned()], ids].concat());
        let Ok(context) = Context::from_pairs(context(grant, facts)) else { return failed(vec![]) };
        let action = self.action(facts.action.name());
        let (system, check) = (scene.system.clone(), scene.check.clone());
        // Not validated against the schema: what does not fit it makes a policy err, and that
        // denies.
        let Ok(request) = Request::new(system, action, check, context, None) else {
            return failed(vec![]);
        };
        let response = self.authorizer.is_authorized(&request, &self.policies, &scene.entities);
        // Cedar skips a policy that errs. A forbid that is skipped forbids nothing, so any error is
        // our denial.
        let mut erred: Vec<_> = response
            .diagnostics()
            .errors()
            .map(|cedar_policy::AuthorizationError::PolicyEvaluationError(error)| {
                error.policy_id().to_string()
            })
            .collect();
        if !erred.is_empty() {
            erred.sort();
            return failed(erred);
        }
        let mut ids: Vec<_> = response.diagnostics().reason().map(ToString::to_string).collect();
        ids.sort();
        if response.decision() == cedar_policy::Decision::Allow {
            return match self.obligations_of(&ids) {
                Ok(obligations) => Verdict::Allowed { policy_ids: ids, obligations },
                Err(demanding) => {
                    Verdict::Failed([vec![UNKNOWN_OBLIGATION.to_owned()], demanding].concat())
                }
            };
        }
        Verdict::Denied(if ids.is_empty() { vec![NO_PERMIT.to_owned()] } else { ids })
    }

    /// What these policies demand; or those of them that demand what is not known.
    fn obligations_of(&self, policy_ids: &[String]) -> Result<Vec<Obligation>, Vec<String>> {
        let (mut known, mut demanding) = (BTreeSet::new(), Vec::new());
        for id in policy_ids {
            match self.obligations.get(id).map(|names| Obligation::all_of(names)) {
                Some(Ok(obligations)) => known.extend(obligations),
                Some(Err(_)) => demanding.push(id.clone()),
                None => {}
            }
        }
        if demanding.is_empty() { Ok(known.into_iter().collect()) } else { Err(demanding) }
    }

    fn allowed(
        &self,
        policy_ids: Vec<String>,
        grant: &Grant,
        obligations: Vec<Obligation>,
    ) -> Decision {
        Decision {
            allowed: true,
            policy_ids,
            reasons: Vec::new(),
            grant: Some(grant.id.clone()),
            obligations,
            variants_per_subject: grant.variants_per_subject.max(1),
            policy_digest: self.policy_digest(),
            directory_version: self.directory_version(),
        }
    }

    fn denied(&self, policy_ids: Vec<String>) -> Decision {
        Decision {
            allowed: false,
            reasons: policy_ids.iter().map(|id| self.reason(id)).collect(),
            policy_ids,
            grant: None,
            obligations: Vec::new(),
            variants_per_subject: 0,
            policy_digest: self.policy_digest(),
            directory_version: self.directory_version(),
        }
    }

    fn reason(&self, id: &str) -> Reason {
        let own = |en: &str, zh: &str| Reason {
            code: id.to_owned(),
            text_en: en.to_owned(),
            text_zh: zh.to_owned(),
        };
        match self.reasons.get(id) {
            Some(reason) => reason.clone(),
            None if id == NO_PERMIT => own("no policy permits the request", "没有策略允许该请求"),
            None if id == UNKNOWN_OBLIGATION => own(
                "a policy demands an obligation that this hub does not know, so the request is \
                 denied; tell the operator",
                "策略要求履行本枢纽不认识的义务，请求被拒绝；请联系运营方",
            ),
            None => own(
                "a policy could not be evaluated, so the request is denied; tell the operator",
                "策略无法评估，请求被拒绝；请联系运营方",
            ),
        }
    }
}

fn context(grant: Option<&EntityUid>, facts: &Facts<'_>) -> Vec<(String, RestrictedExpression)> {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let mut pairs = vec![
        ("purpose".to_owned(), text(facts.purpose)),
        ("legal_basis".to_owned(), text(facts.legal_basis)),
        ("service_item".to_owned(), text(facts.service_item)),
        ("official".to_owned(), text(facts.official)),
        (
            "case_number_present".to_owned(),
            RestrictedExpression::new_bool(!facts.case_number.is_empty()),
        ),
        ("now".to_owned(), RestrictedExpression::new_long(seconds(facts.now))),
        ("subjects".to_owned(), RestrictedExpression::new_long(facts.subjects.into())),
        ("is_identified".to_owned(), RestrictedExpression::new_bool(facts.is_identified)),
    ];
    if let Some(grant) = grant {
        pairs.push(("grant".to_owned(), RestrictedExpression::new_entity_uid(grant.clone())));
    }
    pairs
}

/// Whole seconds since 1970, rounded down; before 1970 they are negative, and no grant was in
/// force.
fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds - 1)
        }
    }
}
