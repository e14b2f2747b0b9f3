//! What an answer about many subjects commits to: a salted leaf for each of them, so that one
//! subject's outcome can be shown with the signed answer, and no other with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use prost::Message as _;
use zerotrip_certificates::sdjwt::digest_of;
use zerotrip_certificates::{Fact, FactValue, SubjectDisclosures, digests_of, subject_leaf_hash};
use zerotrip_checks::definition::Definition;
use zerotrip_checks::soundness::{Conclusion, Proof};
use zerotrip_ledger::{LedgerError, Unconcluded};
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::answer::Outcome as Wire;
use zerotrip_proto::v1::subject_answer::Outcome as SubjectWire;
use zerotrip_proto::v1::{
    Claim, DatasetStatement, ErrorCode, ExchangeFact, ManyAnswered, SourceStatement, SubjectAnswer,
    SubjectFact, SubjectLeaf, SubjectNo, SubjectUnavailable, SubjectYes,
};
use zerotrip_trust::digest::commit;
use zerotrip_trust::merkle::CompactRange;
use zerotrip_trust::subject_list::SubjectTree;

use super::refusal::{Explained, NoAnswer};
use super::source_record::{SourceRecord, random};
use super::told::reasons;
use super::unconcluded::unconcluded;
use crate::dispatch::Received;
use crate::engine::{RunResult, SourceRead};

/// What each subject's question came to, in the order of the request.
pub struct Subjects {
    each: Vec<Subject>,
    /// What owners state of the datasets that the check reads.
    statements: BTreeMap<String, Arc<DatasetStatement>>,
    /// The name of the parameter that differs.
    parameter: String,
    /// The list that the request commits to.
    list: Arc<SubjectTree>,
}

/// What one subject's question came to.
struct Subject {
    name: String,
    outcome: SubjectOutcome,
    fact: ExchangeFact,
}

enum SubjectOutcome {
    /// With what it rests on: datasets, and when they were as they answered.
    Yes(Vec<(String, SystemTime)>, Vec<Fact>),
    /// Codes of reasons, as the requester hears them.
    No(Vec<String>),
    Unavailable(SubjectUnavailable),
}

/// An answer about many, ready to be signed and recorded.
pub(super) struct SealedSubjects {
    /// With its root.
    pub(super) answered: ManyAnswered,
    /// In the order of the request.
    pub(super) leaves: Vec<SubjectLeaf>,
    /// What each outcome is in full, in the same order.
    pub(super) facts: Vec<SubjectFact>,
    /// From which the salts of the leaves' disclosures are made.
    pub(super) secret: [u8; 32],
    /// Every dataset that answered, in the order of their names.
    pub(super) sources: Vec<SourceRecord>,
}

/// What opens the root of an answer about many; nothing of any other answer.
#[derive(Default)]
pub struct OpenedSubjects {
    /// In the order of the request.
    pub leaves: Vec<SubjectLeaf>,
    /// From which the salts of their disclosures are made.
    pub secret: Vec<u8>,
}

impl SealedSubjects {
    pub(super) fn into_reply(self) -> OpenedSubjects {
        OpenedSubjects { leaves: self.leaves, secret: self.secret.to_vec() }
    }
}

impl Subjects {
    /// None yet, of a check that reads datasets of which their owners state this, about the
    /// subjects of this list, which are values of this parameter.
    pub(super) fn of(
        statements: BTreeMap<String, Arc<DatasetStatement>>,
        (parameter, list): (String, Arc<SubjectTree>),
    ) -> Self {
        Self { each: Vec::new(), statements, parameter, list }
    }

    /// Whether somebody's outcome is a yes.
    pub(super) fn has_a_yes(&self) -> bool {
        self.each.iter().any(|subject| matches!(subject.outcome, SubjectOutcome::Yes(..)))
    }

    /// Who ends without a conclusion, and why.
    pub(super) fn unconcluded(&self) -> Vec<Unconcluded> {
        let without = |one: &&Subject| matches!(one.outcome, SubjectOutcome::Unavailable(_));
        let facts = self.each.iter().filter(without).map(|subject| (&subject.fact, 1));
        unconcluded(facts.collect())
    }

    /// The next subject, and what came of its run; `None`: a fault of ours.
    pub(super) fn add(
        &mut self,
        definition: &Definition,
        name: String,
        result: Option<&RunResult>,
    ) {
        let fault = || unavailable(ErrorCode::Internal, "");
        let (outcome, fact) = match result {
            None => fault(),
            Some(result) => match &result.conclusion {
                Conclusion::Proven(proof) => (yes(proof, result), ExchangeFact::default()),
                Conclusion::Refuted(code) => {
                    let told = reasons(definition, |known| known == code).into_iter();
                    let codes: Vec<String> = told.map(|reason| reason.code).collect();
                    if codes.is_empty() {
                        fault()
                    } else {
                        (SubjectOutcome::No(codes), ExchangeFact::default())
                    }
                }
                Conclusion::Unavailable(why) => unavailable(why.code, &why.dataset),
            },
        };
        self.each.push(Subject { name, outcome, fact });
    }

    /// Fixes what the answer to this request commits to.
    pub(super) fn seal(
        &self,
        wire: &Wire,
        request: &[u8],
        receipts: &[Received],
    ) -> Result<SealedSubjects, LedgerError> {
        let Wire::Many(answered) = wire else {
            return Err(fault("an answer about many subjects is of another kind"));
        };
        let mut answered = answered.clone();
        let table = self.sources(receipts)?;
        let secret = random()?;
        let (mut leaves, mut facts) = (Vec::with_capacity(self.each.len()), Vec::new());
        let mut tree = CompactRange::new();
        for (place, subject) in (0u64..).zip(&self.each) {
            let fact = SubjectFact { salt: random()?.to_vec(), fact: subject.fact.encode_to_vec() };
            let disclosures = SubjectDisclosures::new(&secret, place);
            let outcome = match &subject.outcome {
                SubjectOutcome::Yes(sources, facts) => {
                    let at = &[(place, subject.name.as_str())];
                    let shown = self.list.show(at).map_err(|error| fault(&error.to_string()))?;
                    SubjectWire::Yes(SubjectYes {
                        sources: table.places_of(sources)?,
                        fact_digests: digests_of(&disclosures.facts(facts)),
                        request_digest: digest_of(&disclosures.request(request, shown)).to_vec(),
                    })
                }
                SubjectOutcome::No(reasons) => {
                    SubjectWire::No(SubjectNo { reasons: reasons.clone() })
                }
                SubjectOutcome::Unavailable(why) => SubjectWire::Unavailable(why.clone()),
            };
            let who = disclosures.subject(&self.parameter, &subject.name);
            let answer = SubjectAnswer {
                subject_digest: digest_of(&who).to_vec(),
                outcome: Some(outcome),
                fact_commitment: commit(hash_domain::FACT, &fact.salt, &fact.fact).to_vec(),
            };
            let leaf = SubjectLeaf {
                salt: random()?.to_vec(),
                payload: answer.encode_to_vec(),
                subject: subject.name.clone(),
                facts: subject.told(),
            };
            tree.append(subject_leaf_hash(&leaf.salt, &leaf.payload));
            leaves.push(leaf);
            facts.push(fact);
        }
        answered.subjects = u32::try_from(leaves.len()).map_err(|_| fault("too many subjects"))?;
        answered.root = tree.root().to_vec();
        answered.sources = table.statements;
        Ok(SealedSubjects { answered, leaves, facts, secret, sources: table.records })
    }

    /// What the yeses rest on, and nothing where there is none, as of one about one subject: that a
    /// register was read once more would tell that there was somebody to ask about.
    fn sources(&self, receipts: &[Received]) -> Result<SourceTable, LedgerError> {
        let mut moments: BTreeMap<&str, BTreeSet<SystemTime>> = BTreeMap::new();
        for received in receipts {
            moments.entry(&received.dataset).or_default();
        }
        for subject in &self.each {
            let SubjectOutcome::Yes(sources, _) = &subject.outcome else { continue };
            for (dataset, as_of) in sources {
                let Some(known) = moments.get_mut(dataset.as_str()) else {
                    return Err(fault("a yes rests on a source without a receipt"));
                };
                known.insert(*as_of);
            }
        }
        let mut table = SourceTable::default();
        for (dataset, moments) in moments {
            let Some(statement) = self.statements.get(dataset) else {
                return Err(fault("a dataset answered that the check does not read"));
            };
            let Some(record) = SourceRecord::of(dataset, receipts)? else { continue };
            for as_of in moments {
                let statement = Arc::clone(statement);
                let read = SourceRead { dataset: dataset.to_owned(), as_of, statement };
                let place = u32::try_from(table.statements.len());
                let place = place.map_err(|_| fault("too many sources"))?;
                table.places.insert((dataset.to_owned(), as_of), place);
                table.statements.push(record.statement(&read));
            }
            table.records.push(record);
        }
        Ok(table)
    }
}

#[derive(Default)]
struct SourceTable {
    statements: Vec<SourceStatement>,
    places: BTreeMap<(String, SystemTime), u32>,
    records: Vec<SourceRecord>,
}

impl SourceTable {
    /// Ascending.
    fn places_of(&self, sources: &[(String, SystemTime)]) -> Result<Vec<u32>, LedgerError> {
        let found: Option<Vec<u32>> =
            sources.iter().map(|source| self.places.get(source).copied()).collect();
        let mut places = found.ok_or_else(|| fault("a yes rests on a source without a receipt"))?;
        places.sort_unstable();
        Ok(places)
    }
}

impl Subject {
    /// The values that the requester hears.
    fn told(&self) -> Vec<Claim> {
        let SubjectOutcome::Yes(_, facts) = &self.outcome else { return Vec::new() };
        let fact = |fact: &Fact| Claim {
            name: fact.terms.name.clone(),
            value: fact.value.as_ref().map(FactValue::to_text).unwrap_or_default(),
        };
        facts.iter().map(fact).collect()
    }
}

/// A yes: only with proof.
fn yes(_proof: &Proof, result: &RunResult) -> SubjectOutcome {
    let sources = result.sources.iter().map(|read| (read.dataset.clone(), read.as_of));
    SubjectOutcome::Yes(sources.collect(), result.facts.clone())
}

/// As much as a requester about one subject hears.
fn unavailable(fact: ErrorCode, dataset: &str) -> (SubjectOutcome, ExchangeFact) {
    let Explained { wire, fact, .. } = NoAnswer::Unavailable { fact, dataset }.explain();
    let told = match wire {
        Wire::Unavailable(told) => {
            SubjectUnavailable { code: told.code, dataset: told.dataset, retryable: told.retryable }
        }
        _ => SubjectUnavailable { code: ErrorCode::Internal.into(), ..Default::default() },
    };
    (SubjectOutcome::Unavailable(told), fact)
}

fn fault(why: &str) -> LedgerError {
    tracing::error!(why, "an answer about many subjects cannot be made");
    LedgerError::Unavailable(why.to_owned())
}
