//! From what a hub sent back about many subjects to an outcome for each, or to the reason why none
//! of it counts: a subject that is left out, put in another's place or given another outcome is
//! found, for all of them together lead to the root that the hub signed and recorded.

use std::collections::HashMap;
use std::time::SystemTime;

use prost::Message as _;
use zerotrip_certificates::{Fact, Moment, ProvenAnswer, read_facts};
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::answer::Outcome as Wire;
use zerotrip_proto::v1::subject_answer::Outcome as SubjectWire;
use zerotrip_proto::v1::{
    CheckManyReply, Claim, ErrorCode, ManyAnswered, Reason, SourceStatement, SubjectAnswer,
    SubjectLeaf,
};
use zerotrip_trust::digest::{Digest, commit};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::merkle::{
    CompactRange, NodeReader, ProofError, inclusion_path, leaf_hash, verify_inclusion,
};

use super::{
    Asked, NotAllowed, NotAnswered, Outcome, ReplyError, allowed, outcome, verify_binding,
};
use crate::request::SignedRequest;

/// Bytes of a leaf's salt.
const SALT_BYTES: usize = 32;

/// What a check about many subjects came to.
#[derive(Clone, Debug)]
pub enum ManyOutcome {
    /// Each subject has an outcome.
    Answered(Box<AnsweredMany>),
    /// Of none of them could anything be said.
    Unavailable(Box<NotAnswered>),
    /// Not allowed.
    Denied(Box<NotAllowed>),
}

impl ManyOutcome {
    /// The proof behind it.
    pub fn proven(&self) -> &ProvenAnswer {
        match self {
            Self::Answered(answered) => &answered.proven,
            Self::Unavailable(none) => &none.proven,
            Self::Denied(denied) => &denied.proven,
        }
    }
}

/// An outcome for each subject, in the order of the request.
#[derive(Clone, Debug)]
pub struct AnsweredMany {
    /// What a certificate may state of a subject whose outcome is a yes.
    pub claims: Vec<Claim>,
    /// Each subject's.
    pub subjects: Vec<SubjectAnswered>,
    /// The proof of all of them.
    pub proven: ProvenAnswer,
    /// The request that they answer.
    pub request: SignedRequest,
}

/// One subject's outcome, and what opens it.
#[derive(Clone, Debug)]
pub struct SubjectAnswered {
    /// The subject.
    pub subject: String,
    /// What its question came to.
    pub outcome: SubjectOutcome,
    /// The leaf under the signed root.
    pub leaf: SubjectLeaf,
}

/// What one subject's question came to.
#[derive(Clone, Debug, PartialEq)]
pub enum SubjectOutcome {
    /// Answered: yes.
    Affirmed {
        /// What it rests on.
        sources: Vec<SourceStatement>,
        /// The values that the proof comes with.
        facts: Vec<Fact>,
    },
    /// Answered: no.
    Negative {
        /// Why not, in the requester's words.
        reasons: Vec<Reason>,
    },
    /// Not answered. Never to be read as a no.
    Unavailable {
        /// What kind.
        code: ErrorCode,
        /// Which dataset, or empty.
        dataset: String,
        /// Whether asking again later can help.
        retryable: bool,
    },
}

/// Shows one subject's outcome, beside the answer, and no other's.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectProof {
    /// The subject's place in the request, from 0.
    pub index: u64,
    /// Its leaf.
    pub leaf: SubjectLeaf,
    /// From the leaf to the answer's root (RFC 9162, 2.1.3).
    pub path: Vec<Digest>,
}

/// Why the subjects of an answer do not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectsError {
    /// Left out, or more than were asked about.
    #[error("{found} subjects are answered, asked about were {expected}")]
    Count {
        /// Asked about.
        expected: usize,
        /// Answered.
        found: usize,
    },
    /// In another order, or another's.
    #[error("in the place of subject {0} there is another")]
    Other(usize),
    /// Not readable, or not by the words of the answer.
    #[error("what is said of subject {0} does not hold together")]
    Malformed(usize),
    /// The root is of other outcomes.
    #[error("the outcomes are not those that the hub signed and recorded")]
    Root,
    /// The proof of one.
    #[error("the subject is not proven to be in the answer: {0}")]
    Proof(#[from] ProofError),
    /// The answer is not one about many.
    #[error("the answer is not one about many subjects")]
    NotMany,
}

/// The outcome of a check about many subjects, verified.
pub fn verify_check_many(
    reply: CheckManyReply,
    request: &SignedRequest,
    hub: &Identity,
    directory: &Directory,
    now: SystemTime,
) -> Result<ManyOutcome, ReplyError> {
    let asked = Asked { request, hub, directory, moment: Moment::Now(now), now };
    verify_many_as_of(reply, &asked)
}

pub(super) fn verify_many_as_of(
    reply: CheckManyReply,
    asked: &Asked<'_>,
) -> Result<ManyOutcome, ReplyError> {
    let CheckManyReply { reply, leaves } = reply;
    let proven = verify_binding(reply.unwrap_or_default(), asked)?;
    let answered = match proven.answer().outcome.clone() {
        Some(Wire::Many(answered)) if allowed(&proven) => answered,
        Some(Wire::Many(_)) => return Err(ReplyError::Contradiction),
        Some(other @ (Wire::Unavailable(_) | Wire::Denied(_))) => {
            return match outcome(other, proven)? {
                Outcome::Unavailable(none) => Ok(ManyOutcome::Unavailable(none)),
                Outcome::Denied(denied) => Ok(ManyOutcome::Denied(denied)),
                Outcome::Affirmed(_) | Outcome::Negative(_) => Err(ReplyError::WrongKind),
            };
        }
        Some(Wire::Answered(_) | Wire::Recorded(_)) | None => return Err(ReplyError::WrongKind),
    };
    let list = asked.request.subjects.as_ref().ok_or(ReplyError::WrongKind)?;
    let subjects = each(&answered, leaves, &list.subjects)?;
    let (claims, request) = (answered.claims, asked.request.clone());
    Ok(ManyOutcome::Answered(Box::new(AnsweredMany { claims, subjects, proven, request })))
}

/// Each subject's outcome, once all of them lead to the root.
fn each(
    answered: &ManyAnswered,
    leaves: Vec<SubjectLeaf>,
    asked: &[String],
) -> Result<Vec<SubjectAnswered>, SubjectsError> {
    let expected = asked.len();
    if let Some(found) =
        [leaves.len(), answered.subjects as usize].into_iter().find(|found| *found != expected)
    {
        return Err(SubjectsError::Count { expected, found });
    }
    let mut tree = CompactRange::new();
    let mut subjects = Vec::with_capacity(expected);
    for (number, (leaf, asked)) in (1..).zip(leaves.into_iter().zip(asked)) {
        tree.append(hash(&leaf));
        let (subject, outcome) = open(answered, &leaf).ok_or(SubjectsError::Malformed(number))?;
        if subject != *asked {
            return Err(SubjectsError::Other(number));
        }
        subjects.push(SubjectAnswered { subject, outcome, leaf });
    }
    if answered.root != tree.root() {
        return Err(SubjectsError::Root);
    }
    Ok(subjects)
}

fn hash(leaf: &SubjectLeaf) -> Digest {
    leaf_hash(&commit(hash_domain::SUBJECT_ANSWER, &leaf.salt, &leaf.payload))
}

/// What a leaf says, by the words of the answer; `None` where that is nothing.
fn open(answered: &ManyAnswered, leaf: &SubjectLeaf) -> Option<(String, SubjectOutcome)> {
    if leaf.salt.len() != SALT_BYTES {
        return None;
    }
    let SubjectAnswer { subject, outcome } = SubjectAnswer::decode(&*leaf.payload).ok()?;
    let outcome = match outcome? {
        SubjectWire::Yes(yes) => {
            let ascends = yes.sources.is_sorted_by(|one, next| one < next);
            let sources = yes.sources.iter().map(|place| answered.sources.get(*place as usize));
            let sources: Vec<SourceStatement> =
                sources.map(Option::<&_>::cloned).collect::<Option<_>>()?;
            if sources.is_empty() || !ascends {
                return None;
            }
            let facts = read_facts(&answered.facts, &yes.facts)?;
            SubjectOutcome::Affirmed { sources, facts }
        }
        SubjectWire::No(no) => {
            let told = |code: &String| answered.reasons.iter().find(|reason| reason.code == *code);
            let reasons: Vec<Reason> =
                no.reasons.iter().map(|code| told(code).cloned()).collect::<Option<_>>()?;
            if reasons.is_empty() {
                return None;
            }
            SubjectOutcome::Negative { reasons }
        }
        SubjectWire::Unavailable(why) => {
            let (code, retryable) = (why.code(), why.retryable);
            SubjectOutcome::Unavailable { code, dataset: why.dataset, retryable }
        }
    };
    Some((subject, outcome))
}

impl AnsweredMany {
    /// What shows the outcome of the subject at this place, from 0, beside the answer; `None` where
    /// there is no such place.
    pub fn prove(&self, index: usize) -> Option<SubjectProof> {
        prove_among(&self.subjects, index)
    }
}

fn prove_among(subjects: &[SubjectAnswered], index: usize) -> Option<SubjectProof> {
    let leaf = subjects.get(index)?.leaf.clone();
    let (mut nodes, mut tree) = (Nodes::default(), CompactRange::new());
    for subject in subjects {
        tree.append_with(hash(&subject.leaf), |level, place, digest| {
            nodes.0.insert((level, place), digest);
        });
    }
    let index = u64::try_from(index).ok()?;
    let path = inclusion_path(&nodes, index, tree.size()).ok()?;
    Some(SubjectProof { index, leaf, path })
}

/// One subject's outcome, shown beside an answer that was proven.
pub fn verify_subject(
    proven: &ProvenAnswer,
    proof: &SubjectProof,
) -> Result<(String, SubjectOutcome), SubjectsError> {
    let Some(Wire::Many(answered)) = &proven.answer().outcome else {
        return Err(SubjectsError::NotMany);
    };
    let root = Digest::try_from(&*answered.root).map_err(|_| SubjectsError::Root)?;
    let SubjectProof { index, leaf, path } = proof;
    verify_inclusion(&hash(leaf), *index, answered.subjects.into(), path, &root)?;
    let place = usize::try_from(*index).unwrap_or(usize::MAX);
    open(answered, leaf).ok_or(SubjectsError::Malformed(place.saturating_add(1)))
}

#[derive(Default)]
struct Nodes(HashMap<(u32, u64), Digest>);

impl NodeReader for Nodes {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.0.get(&(level, index)).copied()
    }
}

#[cfg(test)]
mod tests;
