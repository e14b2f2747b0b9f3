//! What is recorded before an answer leaves: a completion is durable before a byte leaves.

use std::sync::Arc;
use std::time::SystemTime;

use prost::Message as _;
use zerotrip_checks::definition::MOST_SCANS;
use zerotrip_ledger::{Certificates, Completed, Fact, Ledger, LedgerError, Unconcluded};
use zerotrip_policies::Decision;
use zerotrip_proto::v1::answer::Outcome as Wire;
use zerotrip_proto::v1::{
    self, Answer, Completion, Envelope, ExchangeBody, ExchangeFact, ExchangeOutcome, ExchangeReply,
};
use zerotrip_proto::{Obligation, hash_domain, names, to_timestamp};
use zerotrip_trust::digest::commit;

use super::authorize::Decided;
use super::identify::Identified;
use super::leaves::{OpenedSubjects, SealedSubjects, Subjects};
use super::outcome::{Outcome, Salted};
use super::source_record::{SourceRecord, random};
use super::unconcluded::unconcluded;
use crate::dispatch::{Dispatched, Received};
use crate::engine::SourceRead;
use crate::state::HubIdentity;

/// An exchange whose intent is recorded: from here on, it ends in a completion or in a
/// reconciliation.
pub struct Record {
    request_id: String,
    request: Envelope,
    request_salt: [u8; 32],
    /// Of the list that a request about many commits to.
    subjects_secret: Vec<u8>,
    /// How many it is about.
    subjects: u32,
    intent_index: u64,
}

impl Record {
    /// Of a request whose intent is the log's entry `intent_index`.
    pub fn new(identified: &Identified, intent_index: u64, request_salt: [u8; 32]) -> Self {
        Self {
            request_id: identified.request.id.clone(),
            request: identified.envelope.clone(),
            request_salt,
            subjects_secret: identified.subjects.secret.clone(),
            subjects: match &identified.request.body {
                Some(v1::request::Body::CheckMany(many)) => many.subjects,
                _ => 1,
            },
            intent_index,
        }
    }

    /// Which entry of the log its intent is.
    pub fn intent_index(&self) -> u64 {
        self.intent_index
    }

    /// Builds the answer, records its completion, and only then hands it over, signed.
    pub async fn answer(
        &self,
        ledger: &Ledger,
        identity: &HubIdentity,
        decided: &Decided,
        outcome: &Outcome,
        dispatched: &Dispatched,
    ) -> Result<Replied, LedgerError> {
        let kind = outcome.kind;
        let fact = seal_fact(&outcome.fact)?;
        let under = decided.decision.allowed.then(|| decided.in_force.versions());
        let salted = outcome.salted()?;
        let fixed = if decided.may_issue { outcome.fixed(&self.request)? } else { None };
        let fixed = fixed.map(|fixed| fixed.with_facts(&salted.digests));
        let seal = |many: &Arc<Subjects>| {
            many.seal(&outcome.wire, &self.request.payload, &dispatched.receipts)
        };
        let many = outcome.many.as_ref().map(seal);
        let many = many.transpose()?;
        let receipts = &dispatched.receipts;
        let prepared = self
            .prepare(identity, &decided.decision, (outcome, salted), fixed, receipts, many.as_ref())
            .await?;
        let completion = Completion {
            exchange_id: prepared.request_id.clone(),
            intent_index: prepared.intent_index,
            outcome: kind.into(),
            code: outcome.fact.code().as_told().into(),
            answer_commitment: commit(
                hash_domain::ANSWER,
                &prepared.answer_salt,
                &prepared.answer.payload,
            )
            .to_vec(),
            receipt_commitments: prepared.commitments,
            fact_commitment: commit(hash_domain::FACT, &fact.salt, &fact.fact).to_vec(),
            subjects: many.as_ref().map_or(0, |many| many.answered.subjects),
            subjects_root: many.as_ref().map(|many| many.answered.root.clone()).unwrap_or_default(),
        };
        let completed = Completed {
            completion,
            answer: prepared.body,
            asked: dispatched.members.clone(),
            fact,
            unconcluded: self.unconcluded(outcome),
        };
        let recorded = match prepared.certificates {
            Some(certificates) => {
                ledger.record_certificates(completed, SystemTime::now(), under, certificates).await
            }
            None => ledger.complete(completed, SystemTime::now(), under).await,
        };
        let receipt = recorded?;
        let reply = ExchangeReply {
            answer: Some(prepared.answer),
            receipt: Some(receipt),
            answer_salt: prepared.answer_salt.to_vec(),
            openings: prepared.openings,
            request_salt: self.request_salt.to_vec(),
            ..ExchangeReply::default()
        };
        Ok(Replied { reply, many: many.map(SealedSubjects::into_reply).unwrap_or_default() })
    }

    async fn prepare(
        &self,
        identity: &HubIdentity,
        decision: &Decision,
        (outcome, salted): (&Outcome, Salted),
        fixed: Option<zerotrip_certificates::Fixed>,
        receipts: &[Received],
        many: Option<&SealedSubjects>,
    ) -> Result<Prepared, LedgerError> {
        let (terms, terms_openings) = fixed.map(|fixed| (fixed.terms, fixed.openings)).unzip();
        let openings = [terms_openings.unwrap_or_default(), salted.openings].concat();
        let answer_salt = random()?;
        let mut sources: Vec<(SourceRecord, &SourceRead)> = Vec::new();
        for read in &outcome.sources {
            sources.extend(SourceRecord::of(&read.dataset, receipts)?.map(|record| (record, read)));
        }
        let recorded = || {
            let own = sources.iter().map(|(record, _)| record);
            own.chain(many.into_iter().flat_map(|many| &many.sources))
        };
        let mut commitments: Vec<Vec<u8>> =
            recorded().map(|source| source.commitment.to_vec()).collect();
        // Only a yes rests on all that was read. Of any other outcome, which registers could be
        // read would tell why; that they were asked stays on record all the same. Nor does their
        // number tell.
        let is_yes = outcome.kind == ExchangeOutcome::AnsweredTrue;
        while !is_yes && commitments.len() < MOST_SCANS {
            commitments.push(random()?.to_vec());
        }
        let stated = sources.iter().filter(|_| is_yes);
        let stated = stated.map(|(record, read)| record.statement(read)).collect();
        let wire = many.map(|many| Wire::Many(many.answered.clone()));
        let answer = Answer {
            request_id: self.request_id.clone(),
            request_commitment: commit(
                hash_domain::REQUEST,
                &self.request_salt,
                &self.request.payload,
            )
            .to_vec(),
            hub: identity.uri.clone(),
            answered_at: Some(to_timestamp(SystemTime::now())),
            decision: Some(v1::Decision {
                allowed: decision.allowed,
                policy_ids: decision.policy_ids.clone(),
                policy_digest: decision.policy_digest.to_vec(),
                directory_version: decision.directory_version,
                authority_grant: decision.grant.clone().unwrap_or_default(),
                obligations: Obligation::names(&decision.obligations),
            }),
            definition_digest: outcome.definition_digest.clone(),
            sources: stated,
            certificate: terms,
            outcome: Some(wire.unwrap_or(salted.wire)),
        };
        let answer = identity.answers.seal(&answer).await.map_err(|error| {
            tracing::error!(%error, "an answer cannot be signed");
            LedgerError::Unavailable("the answer cannot be signed".to_owned())
        })?;
        let body = ExchangeBody {
            request: Some(self.request.clone()),
            request_salt: self.request_salt.to_vec(),
            answer: Some(answer.clone()),
            answer_salt: answer_salt.to_vec(),
            receipts: recorded().flat_map(|source| &source.receipts).cloned().collect(),
            receipt_salts: recorded().map(|source| source.salt.to_vec()).collect(),
            leaves: many.map(|many| many.leaves.clone()).unwrap_or_default(),
            facts: many.map(|many| many.facts.clone()).unwrap_or_default(),
            subjects_secret: self.subjects_secret.clone(),
            leaves_secret: many.map(|many| many.secret.to_vec()).unwrap_or_default(),
        };
        Ok(Prepared {
            request_id: self.request_id.clone(),
            intent_index: self.intent_index,
            body: body.encode_to_vec(),
            answer,
            answer_salt,
            commitments,
            certificates: outcome.certificates.clone(),
            openings,
        })
    }

    /// Who of its subjects ends without a conclusion, and why.
    fn unconcluded(&self, outcome: &Outcome) -> Vec<Unconcluded> {
        match &outcome.many {
            Some(many) => many.unconcluded(),
            None if outcome.kind == ExchangeOutcome::Unavailable => {
                unconcluded(vec![(&outcome.fact, self.subjects)])
            }
            None => Vec::new(),
        }
    }
}

/// What goes back to who asked.
pub struct Replied {
    /// The answer with its proof.
    pub reply: ExchangeReply,
    /// Of an answer about many subjects: what opens its root.
    pub many: OpenedSubjects,
}

/// Of every outcome: that there is one tells nothing.
fn seal_fact(fact: &ExchangeFact) -> Result<Fact, LedgerError> {
    let salt = random()?;
    let owner = names::owner_of(&fact.dataset).unwrap_or_default().to_owned();
    Ok(Fact { salt: salt.to_vec(), fact: fact.encode_to_vec(), owner })
}

/// An answer, ready to be recorded and handed over.
struct Prepared {
    request_id: String,
    intent_index: u64,
    answer: Envelope,
    answer_salt: [u8; 32],
    /// To the sources' receipts; of an answer that is not a yes, also to nothing.
    commitments: Vec<Vec<u8>>,
    body: Vec<u8>,
    certificates: Option<Certificates>,
    /// Of the answer's certificate terms.
    openings: Vec<String>,
}
