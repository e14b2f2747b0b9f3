//! The one path of every kind of request: identify, admit, authorise, intend, run, release. A kind
//! brings its arguments and its run, and nothing else.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use zerotrip_channel::deadline::Deadline;
use zerotrip_datasets::{Argument, CivilDay};
use zerotrip_identification::IdentityTerms;
use zerotrip_ledger::{Asking, Ledger, LedgerError};
use zerotrip_policies::{Action, Decision};
use zerotrip_proto::v1::{Deprecation, ErrorCode, ExchangeCall, IdentityRecord, Intent};
use zerotrip_proto::{Obligation, Refusal, hash_domain};
use zerotrip_trust::digest::{self, commit};
use zerotrip_trust::identity::Identity;

use super::admit;
use super::asserted::Asserted;
use super::authorize::{AuthorizationRequest, Decided, IdentityShown};
use super::identify::{Identified, identify};
use super::outcome::Outcome;
use super::record::{Record, Replied};
use super::refusal::refuse;
use crate::catalog::Catalog;
use crate::dispatch::{AllowedExchange, Dispatched, Dispatcher, List};
use crate::hub::Hub;
use crate::limits::Permit;
use crate::state::{InForce, Stage};
use crate::unrecorded::ledger_refusal;

/// Most decisions about one exchange whose bundles are replaced while it is recorded.
const MOST_DECISIONS: usize = 8;
/// Time in which a bundle that is in the log is in force.
const IN_FORCE_WITHIN: Duration = Duration::from_secs(1);

/// A kind of request.
pub trait Kind: Sized + Send + Sync {
    /// What policy is asked to allow.
    const ACTION: Action;

    /// What the request asks, validated.
    fn of(hub: &Hub, identified: &Identified, now: SystemTime) -> Result<Self, Refusal>;

    /// `<check>/<variant>`: what policy decides about.
    fn check(&self) -> &str;

    /// As the ledger names it.
    fn action(&self) -> String;

    /// The persons that it is about: each has a budget, and keys of scans can come from them.
    fn arguments(&self) -> &[Argument];

    /// How many subjects it is about.
    fn subjects(&self) -> u32 {
        1
    }

    /// The list of subjects that the request commits to, where it is about many.
    fn list(&self) -> Option<List<'_>> {
        None
    }

    /// What its check asks of the identification of its person.
    fn identity(&self) -> IdentityAsked<'_>;

    /// Which variant is asked about each subject, where the grant allows a number of variants.
    fn asking(&self, identified: &Identified, decision: &Decision) -> Vec<Asking>;

    /// Until when departments may be asked.
    fn deadline(&self, identified: &Identified, now: SystemTime) -> Deadline;

    /// What it comes to, once it is allowed and its intent recorded.
    fn run(
        &self,
        hub: &Hub,
        dispatcher: &Dispatcher<'_>,
        now: SystemTime,
    ) -> impl Future<Output = Outcome> + Send;
}

/// What a check asks of the identification of its person.
pub enum IdentityAsked<'a> {
    /// Nothing.
    Nothing,
    /// An assertion under these terms.
    Terms(&'a IdentityTerms),
    /// That the assertion on which an answer rests, of which this was kept, would still count.
    Answered(&'a IdentityRecord),
}

impl<'a> From<Option<&'a IdentityTerms>> for IdentityAsked<'a> {
    fn from(terms: Option<&'a IdentityTerms>) -> Self {
        terms.map_or(Self::Nothing, Self::Terms)
    }
}

/// Answers one request. What is refused before it is an exchange is recorded here, once.
pub async fn answer<K: Kind>(
    hub: &Arc<Hub>,
    call: ExchangeCall,
    peer: &Identity,
) -> Result<Replied, Refusal> {
    let now = SystemTime::now();
    let follow = hub.follow();
    let in_force = Arc::clone(&follow.borrow());
    let payload =
        call.request.as_ref().map(|envelope| envelope.payload.clone()).unwrap_or_default();
    let begun = match begin::<K>(hub, call, peer, in_force, now).await {
        Ok(begun) => begun,
        Err(refusal) => return refuse(&hub.budgets, &hub.ledger, peer, &payload, refusal).await,
    };
    let mut replied = conclude(hub, &begun, follow, now).await?;
    replied.reply.deprecation = deprecation(&hub.catalog, begun.kind.check(), now);
    Ok(replied)
}

/// What is told beside the answer of a version that is answered for a while only.
fn deprecation(catalog: &Catalog, check: &str, now: SystemTime) -> Option<Deprecation> {
    let name = check.split_once('/').map_or(check, |(name, _)| name);
    match catalog.version(name)?.lifecycle.on(CivilDay::at(now)) {
        Stage::Deprecated(sunset) => Some(Deprecation {
            last_day: sunset.last_day.to_string(),
            successor: sunset.successor.clone(),
        }),
        Stage::Draft | Stage::Active | Stage::Ended(_) => None,
    }
}

/// An exchange to its end: denied, or run and released.
async fn conclude<K: Kind>(
    hub: &Hub,
    begun: &Begun<K>,
    mut follow: watch::Receiver<Arc<InForce>>,
    now: SystemTime,
) -> Result<Replied, Refusal> {
    let Begun { kind, identified, asserted, decided, record, .. } = begun;
    if !decided.decision.allowed {
        let denied = Outcome::denied(&decided.decision);
        return record
            .answer(&hub.ledger, &hub.identity, decided, &denied, &Dispatched::default())
            .await
            .map_err(ledger_refusal);
    }
    let request = authorization(identified, kind, asserted.as_ref());
    let deadline = kind.deadline(identified, now);
    let exchange = AllowedExchange {
        id: &identified.request.id,
        request: &identified.envelope,
        arguments: kind.arguments(),
        subjects: kind.list(),
        decision: &decided.decision,
        in_force: &decided.in_force,
        ledger_size: record.intent_index() + 1,
        deadline,
    };
    let dispatcher = Dispatcher::new(hub, exchange);
    let outcome = tokio::select! {
        outcome = kind.run(hub, &dispatcher, now) => outcome,
        // The departments notice at once that the hub no longer waits, and stop.
        () = request.withdrawn(&mut follow) => Outcome::unavailable(ErrorCode::MemberSuspended, ""),
    };
    let outcome = match asserted {
        Some(asserted) => outcome.told_too(asserted.facts(decided.in_force.policy.providers())),
        None => outcome,
    };
    let dispatched = dispatcher.finish();
    release(hub, &request, record, decided.clone(), outcome, &dispatched).await
}

/// A request that is an exchange: its intent is recorded.
struct Begun<K> {
    kind: K,
    identified: Identified,
    /// Where its check asks that.
    asserted: Option<Asserted>,
    decided: Decided,
    record: Record,
    /// Held until the exchange is answered.
    _permit: Permit<String>,
}

async fn begin<K: Kind>(
    hub: &Hub,
    call: ExchangeCall,
    peer: &Identity,
    in_force: Arc<InForce>,
    now: SystemTime,
) -> Result<Begun<K>, Refusal> {
    let envelope = call.request.ok_or_else(|| {
        Refusal::new(ErrorCode::BadSignature, "the call carries no signed request")
    })?;
    let permit = admit::room(&hub.exchanges, peer)?;
    let mut identified = identify(&hub.identity.uri, &in_force, envelope, peer, now)?;
    identified.subjects = call.subjects.unwrap_or_default();
    identified.assertion = call.identity_assertion;
    let kind = K::of(hub, &identified, now)?;
    let about = (kind.subjects(), kind.arguments());
    admit::within_budgets(&hub.budgets, &identified, about)?;
    let providers = in_force.policy.providers();
    let terms = match kind.identity() {
        IdentityAsked::Terms(terms) => Some(terms),
        IdentityAsked::Nothing | IdentityAsked::Answered(_) => None,
    };
    let asserted = Asserted::of(&identified, (terms, kind.arguments()), providers, now)?;
    let request = authorization(&identified, &kind, asserted.as_ref());
    let decided = request.decide(in_force, now);
    admit::within_denials(&hub.budgets, &decided.decision, peer)?;
    let asking = kind.asking(&identified, &decided.decision);
    let about = (&identified, &kind, asserted.as_ref());
    let record = intend(&hub.ledger, about, &decided.decision, asking, now).await?;
    Ok(Begun { kind, identified, asserted, decided, record, _permit: permit })
}

/// What a request of this kind asks policy for.
fn authorization<'a, K: Kind>(
    identified: &'a Identified,
    kind: &'a K,
    asserted: Option<&'a Asserted>,
) -> AuthorizationRequest<'a> {
    let (check, action, subjects) = (kind.check(), K::ACTION, kind.subjects());
    let identity = match kind.identity() {
        IdentityAsked::Nothing => IdentityShown::NotAsked,
        IdentityAsked::Terms(_) => IdentityShown::Asserted(asserted),
        IdentityAsked::Answered(record) => IdentityShown::Answered(record),
    };
    AuthorizationRequest { identified, check, action, subjects, identity }
}

/// The request and the decision enter the ledger, durably, before anything is dispatched.
async fn intend<K: Kind>(
    ledger: &Ledger,
    (identified, kind, asserted): (&Identified, &K, Option<&Asserted>),
    decision: &Decision,
    asking: Vec<Asking>,
    now: SystemTime,
) -> Result<Record, Refusal> {
    let request = &identified.request;
    let salt: [u8; 32] =
        digest::random().map_err(|error| Refusal::new(ErrorCode::Internal, error.to_string()))?;
    let intent = Intent {
        exchange_id: request.id.clone(),
        issuer: request.issuer.clone(),
        action: kind.action(),
        purpose: request.purpose.clone(),
        legal_basis: request.legal_basis.clone(),
        service_item: request.service_item.clone(),
        request_commitment: commit(hash_domain::REQUEST, &salt, &identified.envelope.payload)
            .to_vec(),
        policy_ids: decision.policy_ids.clone(),
        policy_digest: decision.policy_digest.to_vec(),
        directory_version: decision.directory_version,
        authority_grant: decision.grant.clone().unwrap_or_default(),
        obligations: Obligation::names(&decision.obligations),
        subjects: if K::ACTION == Action::CheckMany { kind.subjects() } else { 0 },
        identity: asserted.map(Asserted::record),
    };
    let expires_at = identified.expires_at;
    let index = ledger.intend_asking(intent, now, expires_at, asking).await;
    Ok(Record::new(identified, index.map_err(ledger_refusal)?, salt))
}

/// Records the outcome of what was allowed, and hands it over. What was granted when the question
/// was asked may have been withdrawn meanwhile: it is decided again under whatever is newer, down
/// to the commit itself, so that no answer enters the log behind a bundle that forbids it.
async fn release(
    hub: &Hub,
    request: &AuthorizationRequest<'_>,
    record: &Record,
    mut decided: Decided,
    outcome: Outcome,
    dispatched: &Dispatched,
) -> Result<Replied, Refusal> {
    let mut follow = hub.follow();
    for _ in 0..MOST_DECISIONS {
        let newest = Arc::clone(&follow.borrow_and_update());
        if !Arc::ptr_eq(&decided.in_force, &newest) {
            decided = request.decide(newest, SystemTime::now());
        }
        let withdrawn =
            (!decided.decision.allowed).then(|| outcome.clone().withdrawn(&decided.decision));
        let outcome = withdrawn.as_ref().unwrap_or(&outcome);
        let recorded =
            record.answer(&hub.ledger, &hub.identity, &decided, outcome, dispatched).await;
        match recorded {
            // It is in the log, and in force in a moment.
            Err(LedgerError::Superseded(_)) => {
                drop(tokio::time::timeout(IN_FORCE_WITHIN, follow.changed()).await)
            }
            other => return other.map_err(ledger_refusal),
        }
    }
    Err(Refusal::new(
        ErrorCode::Overloaded,
        "newer bundles came in force again and again; ask again",
    ))
}
