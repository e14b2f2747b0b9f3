//! What an answer about many subjects commits to: a salted leaf for each of them, so that one
//! subject's outcome can be shown with the signed answer, and no other with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use prost::Message as _;
use zerotrip_certificates::{Fact, FactValue};
use zerotrip_checks::definition::Definition;
use zerotrip_checks::soundness::{Conclusion, Proof};
use zerotrip_ledger::LedgerError;
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::answer::Outcome as Wire;
use zerotrip_proto::v1::subject_answer::Outcome as SubjectWire;
use zerotrip_proto::v1::{
    Claim, DatasetStatement, ErrorCode, ExchangeFact, ManyAnswered, SourceStatement, SubjectAnswer,
    SubjectLeaf, SubjectNo, SubjectUnavailable, SubjectYes,
};
use zerotrip_trust::digest::commit;
use zerotrip_trust::merkle::{CompactRange, leaf_hash};

use super::refusal::{Explained, NoAnswer};
use super::source_record::{SourceRecord, random};
use super::told::reasons;
use crate::dispatch::Received;
use crate::engine::{RunResult, SourceRead};

/// What each subject's question came to, in the order of the request.
pub struct Subjects {
    each: Vec<Subject>,
    /// What owners state of the datasets that the check reads.
    statements: BTreeMap<String, Arc<DatasetStatement>>,
}

/// What one subject's question came to.
struct Subject {
    name: String,
    outcome: SubjectOutcome,
    fact: ExchangeFact,
}

enum SubjectOutcome {
    /// With what it rests on: datasets, and when they were as they answered.
    Yes(Vec<(String, SystemTime)>, Vec<Claim>),
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
    /// Every dataset that answered, in the order of their names.
    pub(super) sources: Vec<SourceRecord>,
}

impl Subjects {
    /// None yet, of a check that reads datasets of which their owners state this.
    pub(super) fn of(statements: BTreeMap<String, Arc<DatasetStatement>>) -> Self {
        Self { each: Vec::new(), statements }
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

    /// What each outcome is in full.
    pub(super) fn facts(&self) -> Vec<ExchangeFact> {
        self.each.iter().map(|subject| subject.fact.clone()).collect()
    }

    /// Fixes what the answer commits to.
    pub(super) fn seal(
        &self,
        wire: &Wire,
        receipts: &[Received],
    ) -> Result<SealedSubjects, LedgerError> {
        let Wire::Many(answered) = wire else {
            return Err(fault("an answer about many subjects is of another kind"));
        };
        let mut answered = answered.clone();
        let table = self.sources(receipts)?;
        let (mut leaves, mut tree) = (Vec::with_capacity(self.each.len()), CompactRange::new());
        for subject in &self.each {
            let payload = subject.answer(&table.places)?.encode_to_vec();
            let salt = random()?;
            tree.append(leaf_hash(&commit(hash_domain::SUBJECT_ANSWER, &salt, &payload)));
            leaves.push(SubjectLeaf { salt: salt.to_vec(), payload });
        }
        answered.subjects = u32::try_from(leaves.len()).map_err(|_| fault("too many subjects"))?;
        answered.root = tree.root().to_vec();
        answered.sources = table.statements;
        Ok(SealedSubjects { answered, leaves, sources: table.records })
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

impl Subject {
    fn answer(
        &self,
        places: &BTreeMap<(String, SystemTime), u32>,
    ) -> Result<SubjectAnswer, LedgerError> {
        let outcome = match &self.outcome {
            SubjectOutcome::Yes(sources, facts) => {
                let found: Option<Vec<u32>> =
                    sources.iter().map(|source| places.get(source).copied()).collect();
                let mut sources =
                    found.ok_or_else(|| fault("a yes rests on a source without a receipt"))?;
                sources.sort_unstable();
                SubjectWire::Yes(SubjectYes { sources, facts: facts.clone() })
            }
            SubjectOutcome::No(reasons) => SubjectWire::No(SubjectNo { reasons: reasons.clone() }),
            SubjectOutcome::Unavailable(why) => SubjectWire::Unavailable(why.clone()),
        };
        Ok(SubjectAnswer { subject: self.name.clone(), outcome: Some(outcome) })
    }
}

/// A yes: only with proof.
fn yes(_proof: &Proof, result: &RunResult) -> SubjectOutcome {
    let sources = result.sources.iter().map(|read| (read.dataset.clone(), read.as_of));
    let fact = |fact: &Fact| Claim {
        name: fact.terms.name.clone(),
        value: fact.value.as_ref().map(FactValue::to_text).unwrap_or_default(),
    };
    SubjectOutcome::Yes(sources.collect(), result.facts.iter().map(fact).collect())
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
