//! What policy decides on a request, and whether that still holds.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;
use zerotrip_identification::Providers;
use zerotrip_policies::{Action, Decision, Facts};
use zerotrip_proto::v1::IdentityRecord;

use super::asserted::Asserted;
use super::identify::Identified;
use crate::state::InForce;

/// What policy decides on: which system asks to do what, of which check.
pub struct AuthorizationRequest<'a> {
    /// The system that asks, and its errand.
    pub identified: &'a Identified,
    /// `<check>/<variant>`.
    pub check: &'a str,
    /// What is to be done.
    pub action: Action,
    /// About how many subjects.
    pub subjects: u32,
    /// That its person was identified.
    pub identity: IdentityShown<'a>,
}

/// What shows that the person of a request was identified.
pub enum IdentityShown<'a> {
    /// Its check does not ask that.
    NotAsked,
    /// An assertion, which counted when it came; or none.
    Asserted(Option<&'a Asserted>),
    /// What was kept of the assertion on which the answer rests that a certificate is to be on.
    Answered(&'a IdentityRecord),
}

impl IdentityShown<'_> {
    /// Whether it counts by these providers, brought by this system.
    fn holds(&self, providers: &Providers, system: &str, now: SystemTime) -> bool {
        match self {
            Self::NotAsked => true,
            Self::Asserted(asserted) => asserted.is_some_and(|one| one.holds(providers)),
            Self::Answered(record) => providers.bear(record, system, now),
        }
    }
}

/// A decision, and what was in force when it was made.
#[derive(Clone)]
pub struct Decided {
    /// What was in force.
    pub in_force: Arc<InForce>,
    /// What policy said.
    pub decision: Decision,
    /// Whether it lets the asking system issue a certificate on the answer as well.
    pub may_issue: bool,
}

impl AuthorizationRequest<'_> {
    /// Cedar decides; an evaluation error is a denial.
    pub fn decide(&self, in_force: Arc<InForce>, now: SystemTime) -> Decided {
        let decision = self.decide_on(&in_force, self.action, now);
        let may_issue = decision.allowed
            && matches!(self.action, Action::Check | Action::CheckMany)
            && self.decide_on(&in_force, Action::Issue, now).allowed;
        Decided { in_force, decision, may_issue }
    }

    fn decide_on(&self, in_force: &InForce, action: Action, now: SystemTime) -> Decision {
        let request = &self.identified.request;
        let providers = in_force.policy.providers();
        in_force.policy.decide(&Facts {
            system: &request.issuer,
            check: self.check,
            action,
            purpose: &request.purpose,
            legal_basis: &request.legal_basis,
            service_item: &request.service_item,
            case_number: &request.case_number,
            official: &request.official,
            subjects: self.subjects,
            is_identified: self.identity.holds(providers, &request.issuer, now),
            now,
        })
    }

    /// Completes when something newer is in force under which the request would be denied.
    pub async fn withdrawn(&self, follow: &mut watch::Receiver<Arc<InForce>>) {
        while follow.changed().await.is_ok() {
            let in_force = Arc::clone(&follow.borrow_and_update());
            if !self.decide_on(&in_force, self.action, SystemTime::now()).allowed {
                return;
            }
        }
        // The hub is gone, and this exchange with it.
        std::future::pending().await
    }
}
