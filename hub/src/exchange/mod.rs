//! One exchange, in the order in which it happens. Read [`check`] from top to bottom.

pub mod admit;
mod answer;
mod dispatch;
mod identify;
mod issue;
pub mod room;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use zerotrip_datasets::{ResidentId, date};
use zerotrip_ledger::{Asking, LedgerError, VARIANTS_KEPT};
use zerotrip_policies::{Action, Decision, Facts};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{self, CheckBody, ErrorCode, ExchangeCall, ExchangeReply, Intent};
use zerotrip_proto::{Refusal, bounds, from_timestamp};
use zerotrip_trust::digest::{self, commit, domain, sha256_parts};
use zerotrip_trust::identity::Identity;

use crate::hub::{Hub, InForce, ledger_refusal};
use answer::{Outcome, Record};
pub use dispatch::MOST_BYTES;
use dispatch::{Asked, Dispatcher};
pub use identify::Identified;
pub use issue::issue;

/// Most decisions about one exchange whose bundles are replaced while it is recorded.
const MOST_DECISIONS: usize = 8;
/// Time in which a bundle that is in the log is in force.
const IN_FORCE_WITHIN: Duration = Duration::from_secs(1);

/// Answers one check: identify, admit, authorise, intend, dispatch and combine, disclose, record, answer.
pub async fn check(hub: &Arc<Hub>, call: ExchangeCall, peer: &Identity) -> Result<ExchangeReply, Refusal> {
    let now = SystemTime::now();
    let mut follow = hub.follow();
    let in_force = Arc::clone(&follow.borrow_and_update());
    let Some(envelope) = call.request else {
        return refuse(hub, peer, &[], Refusal::new(ErrorCode::BadSignature, "the call carries no signed request")).await;
    };
    let payload = envelope.payload.clone();
    let identified = match identify::identify(hub, &in_force, envelope, peer, now) {
        Ok(identified) => identified,
        Err(refusal) => return refuse(hub, peer, &payload, refusal).await,
    };
    let question = match Question::of(hub, &identified, now) {
        Ok(question) => question,
        Err(refusal) => return refuse(hub, peer, &payload, refusal).await,
    };
    let _room = match admit::admit(hub, &identified, &question.parameters) {
        Ok(room) => room,
        Err(refusal) => return refuse(hub, peer, &payload, refusal).await,
    };
    let check = question.name();
    let matter = Matter { identified: &identified, check: &check, action: Action::Check };
    let decided = matter.decide(in_force, now);
    admit::within_denials(hub, &decided.decision, peer)?;
    let asking = question.asking(&identified, &decided.decision);
    let record = match intend(hub, &identified, &check, &decided.decision, asking, now).await {
        Ok(record) => record,
        Err(refusal) => return refuse(hub, peer, &payload, refusal).await,
    };
    if !decided.decision.allowed {
        return record.answer(hub, &decided, &Outcome::denied(&decided.decision), &Asked::default()).await.map_err(ledger_refusal);
    }
    let dispatcher = Dispatcher::new(hub, &identified, &decided, record.intent_index(), question.deadline(&identified, now));
    let outcome = tokio::select! {
        outcome = question.run(hub, &dispatcher, now) => outcome,
        // The departments notice at once that nobody listens any more, and stop.
        () = matter.withdrawn(&mut follow) => Outcome::unavailable(ErrorCode::MemberSuspended, ""),
    };
    let asked = dispatcher.finish();
    matter.release(hub, &record, decided, outcome, &asked).await
}

/// Who asks what: the matter that policy decides.
struct Matter<'a> {
    identified: &'a Identified,
    check: &'a str,
    action: Action,
}

/// A decision, and what was in force when it was made.
pub struct Decided {
    /// What was in force.
    pub in_force: Arc<InForce>,
    /// What policy said.
    pub decision: Decision,
    /// Whether it lets the asking system issue a certificate on the answer as well.
    pub may_issue: bool,
}

impl Matter<'_> {
    /// Cedar decides; an evaluation error is a denial.
    fn decide(&self, in_force: Arc<InForce>, now: SystemTime) -> Decided {
        let decision = self.decide_on(&in_force, self.action, now);
        let may_issue = decision.allowed && self.action == Action::Check && self.decide_on(&in_force, Action::Issue, now).allowed;
        Decided { in_force, decision, may_issue }
    }

    fn decide_on(&self, in_force: &InForce, action: Action, now: SystemTime) -> Decision {
        let request = &self.identified.request;
        in_force.policy.decide(&Facts {
            system: &request.issuer,
            check: self.check,
            action,
            purpose: &request.purpose,
            legal_basis: &request.legal_basis,
            service_item: &request.service_item,
            case_number: &request.case_number,
            official: &request.official,
            now,
        })
    }

    /// Completes when something newer is in force under which the question would be denied.
    async fn withdrawn(&self, follow: &mut watch::Receiver<Arc<InForce>>) {
        while follow.changed().await.is_ok() {
            let in_force = Arc::clone(&follow.borrow_and_update());
            if !self.decide_on(&in_force, self.action, SystemTime::now()).allowed {
                return;
            }
        }
        // The hub is gone, and this exchange with it.
        std::future::pending().await
    }

    /// Records the outcome of what was allowed, and hands it over. What was granted when the question was asked may have been withdrawn
    /// meanwhile: it is decided again under whatever is newer, down to the commit itself, so that no answer enters the log behind a bundle
    /// that forbids it.
    async fn release(
        &self,
        hub: &Hub,
        record: &Record,
        mut decided: Decided,
        outcome: Outcome,
        asked: &Asked,
    ) -> Result<ExchangeReply, Refusal> {
        let mut follow = hub.follow();
        for _ in 0..MOST_DECISIONS {
            let newest = Arc::clone(&follow.borrow_and_update());
            if !Arc::ptr_eq(&decided.in_force, &newest) {
                decided = self.decide(newest, SystemTime::now());
            }
            let withdrawn = (!decided.decision.allowed).then(|| outcome.clone().withdrawn(&decided.decision));
            match record.answer(hub, &decided, withdrawn.as_ref().unwrap_or(&outcome), asked).await {
                // It is in the log, and in force in a moment.
                Err(LedgerError::Superseded(_)) => drop(tokio::time::timeout(IN_FORCE_WITHIN, follow.changed()).await),
                other => return other.map_err(ledger_refusal),
            }
        }
        Err(Refusal::new(ErrorCode::Overloaded, "newer bundles came in force again and again; ask again"))
    }
}

/// A refusal before there is an exchange enters the ledger too; a caller's replayed id is among them. The caller hears where, and the
/// salt that opens the entry's commitment to what was refused. How many a peer can cause is bounded, so that nobody fills the ledger.
pub async fn refuse<T>(hub: &Hub, peer: &Identity, payload: &[u8], refusal: Refusal) -> Result<T, Refusal> {
    if refusal.code == ErrorCode::LedgerUnavailable {
        // It is the hub's own fault, and there is nowhere to record it.
        return Err(refusal);
    }
    hub.budgets.spend_refusal(&peer.uri())?;
    let salt: [u8; 32] = digest::random().map_err(|error| Refusal::new(ErrorCode::Internal, error.to_string()))?;
    let entry =
        v1::Refusal { peer: peer.uri(), code: refusal.code.into(), request_commitment: commit(domain::REQUEST, &salt, payload).to_vec() };
    let index = hub.ledger.refuse(entry, SystemTime::now()).await.map_err(ledger_refusal)?;
    Err(refusal.with_reference(format!("ledger entry {index}, salt {}", hex::encode(salt))))
}

/// The request and the decision enter the ledger, durably, before anything is dispatched.
async fn intend(
    hub: &Hub,
    identified: &Identified,
    action: &str,
    decision: &Decision,
    asking: Option<Asking>,
    now: SystemTime,
) -> Result<Record, Refusal> {
    let request = &identified.request;
    let salt: [u8; 32] = digest::random().map_err(|error| Refusal::new(ErrorCode::Internal, error.to_string()))?;
    let intent = Intent {
        exchange_id: request.id.clone(),
        issuer: request.issuer.clone(),
        action: action.to_owned(),
        purpose: request.purpose.clone(),
        legal_basis: request.legal_basis.clone(),
        service_item: request.service_item.clone(),
        request_commitment: commit(domain::REQUEST, &salt, &identified.envelope.payload).to_vec(),
        policy_ids: decision.policy_ids.clone(),
        policy_digest: decision.policy_digest.to_vec(),
        directory_version: decision.directory_version,
    };
    let expires_at = identified.expires_at;
    let index = match asking {
        Some(asking) => hub.ledger.intend_asking(intent, now, expires_at, asking).await,
        None => hub.ledger.intend(intent, now, expires_at).await,
    };
    let index = index.map_err(|error| match error {
        LedgerError::VariantLimit(others) => variant_limit(others),
        other => ledger_refusal(other),
    })?;
    Ok(Record::new(identified, index, salt))
}

/// What two variants answer of one person tells of whom neither tells alone. The requester hears what it asked itself, and no more.
fn variant_limit(others: u32) -> Refusal {
    let days = VARIANTS_KEPT.as_secs() / 86_400;
    Refusal::bilingual(
        ErrorCode::VariantLimit,
        format!(
            "this member has asked {others} other scope(s) of this check about this subject for this purpose within {days} days, and the \
             grant allows no more; ask the scope that was asked before, or have the authority grant more with `--variants-per-subject`"
        ),
        format!(
            "本单位 {days} 天内就同一用途对该当事人已查询过此核验事项的其他 {others} 种范围，授权不允许更多；请使用此前的范围，或请数据主管部门以 \
             `--variants-per-subject` 另行授权"
        ),
    )
}

/// What a check's request asks, validated.
pub struct Question {
    definition: Arc<zerotrip_certs::definition::Definition>,
    variant: String,
    /// In the definition's order, canonical.
    parameters: Vec<String>,
}

impl Question {
    fn of(hub: &Hub, identified: &Identified, now: SystemTime) -> Result<Self, Refusal> {
        let Some(Body::Check(body)) = &identified.request.body else {
            return Err(Refusal::new(ErrorCode::Malformed, "the request's body is not a check"));
        };
        let definition = hub.catalog.definition(&body.check).ok_or_else(|| unknown_check(hub, body))?;
        if definition.variant(&body.variant).is_none() {
            let known: Vec<&str> = definition.variants.iter().map(|variant| variant.name.as_str()).collect();
            let (check, variant, known) = (short(&body.check), short(&body.variant), known.join(", "));
            return Err(Refusal::bilingual(
                ErrorCode::UnknownName,
                format!("check `{check}` has no variant `{variant}`; there are {known}"),
                format!("核验事项 `{check}` 没有核验范围 `{variant}`；现有：{known}"),
            ));
        }
        let parameters = parameters(definition, body, now)?;
        Ok(Self { definition: Arc::clone(definition), variant: body.variant.clone(), parameters })
    }

    fn name(&self) -> String {
        format!("{}/{}", self.definition.name, self.variant)
    }

    /// Which variant of what is asked about whom, and how many the grant allows; `None` of what is not allowed, and learns nothing.
    fn asking(&self, identified: &Identified, decision: &Decision) -> Option<Asking> {
        let parts = [identified.member.as_bytes(), self.definition.name.as_bytes(), identified.request.purpose.as_bytes()];
        let parts: Vec<&[u8]> = parts.into_iter().chain(self.parameters.iter().map(String::as_bytes)).collect();
        decision.allowed.then(|| Asking {
            key: sha256_parts("zerotrip variants v1", &parts),
            variant: self.variant.clone(),
            most: decision.variants_per_subject,
        })
    }

    fn deadline(&self, identified: &Identified, now: SystemTime) -> Instant {
        let left = identified.expires_at.duration_since(now).unwrap_or_default();
        Instant::now() + self.definition.deadline.min(left).min(bounds::GRANT_LIFE)
    }

    async fn run(&self, hub: &Hub, dispatcher: &Dispatcher<'_>, now: SystemTime) -> Outcome {
        let prepared = hub.catalog.prepared(&self.definition.name);
        let Some((check, variant)) = prepared.as_ref().and_then(|check| Some((check, check.variants.get(&self.variant)?))) else {
            return match hub.catalog.unstated(&self.definition, &self.variant) {
                Some(dataset) => Outcome::unavailable(ErrorCode::SourceUnreachable, &dataset),
                // All are stated, and one of them otherwise than the definition takes it to be: the log says which.
                None => Outcome::unavailable(ErrorCode::Misconfigured, ""),
            };
        };
        match check.run(&hub.engine, variant, &self.parameters, date::to_date32(date::in_china(now)), dispatcher).await {
            Ok(result) => Outcome::of(&self.definition, &self.variant, now, result),
            Err(error) => {
                tracing::error!(check = %self.name(), %error, "the check failed");
                Outcome::unavailable(ErrorCode::Internal, "")
            }
        }
    }
}

fn unknown_check(hub: &Hub, body: &CheckBody) -> Refusal {
    let known: Vec<&str> = hub.catalog.definitions().iter().map(|definition| definition.name.as_str()).collect();
    let (check, known) = (short(&body.check), known.join(", "));
    Refusal::bilingual(
        ErrorCode::UnknownName,
        format!("no check `{check}`; the catalog has {known}"),
        format!("没有核验事项 `{check}`；目录中有：{known}"),
    )
}

fn parameters(definition: &zerotrip_certs::definition::Definition, body: &CheckBody, now: SystemTime) -> Result<Vec<String>, Refusal> {
    let wrong = |en: String, zh: String| Refusal::bilingual(ErrorCode::InvalidParameter, en, zh);
    if let Some(unknown) = body.parameters.iter().find(|given| !definition.parameters.iter().any(|known| known.name == given.name)) {
        let known: Vec<&str> = definition.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let (check, name, known) = (&definition.name, short(&unknown.name), known.join(", "));
        return Err(wrong(
            format!("check `{check}` has no parameter `{name}`; there are {known}"),
            format!("核验事项 `{check}` 没有参数 `{name}`；现有：{known}"),
        ));
    }
    let mut values = Vec::new();
    for parameter in &definition.parameters {
        let mut given = body.parameters.iter().filter(|given| given.name == parameter.name);
        let (Some(value), None) = (given.next(), given.next()) else {
            let name = &parameter.name;
            return Err(wrong(format!("parameter `{name}` must be given exactly once"), format!("参数 `{name}` 必须填写且只填一次")));
        };
        let id = ResidentId::issued(&value.value, date::in_china(now)).map_err(|error| {
            let name = &parameter.name;
            wrong(format!("parameter `{name}`: {error}"), format!("参数 `{name}`：{}", error.zh()))
        })?;
        values.push(id.as_str().to_owned());
    }
    Ok(values)
}

/// A caller's word as it may stand in an answer: bounded.
fn short(text: &str) -> String {
    text.chars().take(bounds::TEXT_CHARS).collect()
}

/// A time that a message must carry.
fn required_time(time: Option<&prost_types::Timestamp>, field: &str) -> Result<SystemTime, Refusal> {
    from_timestamp(time).ok_or_else(|| {
        Refusal::bilingual(ErrorCode::Malformed, format!("`{field}` is missing or not a time"), format!("`{field}` 缺失或不是时间"))
    })
}
