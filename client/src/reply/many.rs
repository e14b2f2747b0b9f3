//! From what a hub sent back about many subjects to an outcome for each, or to the reason why none
//! of it counts: a subject that is left out, put in another's place or given another outcome is
//! found, for all of them together lead to the root that the hub signed and recorded.

use std::sync::OnceLock;
use std::time::SystemTime;

use prost::Message as _;
use serde_json::Value;
use zerotrip_certificates::{
    Affirmed, Fact, Moment, OneOfMany, ProvenAnswer, SubjectDisclosures, SubjectError, digests_of,
    open_facts, prove_subject, read_facts, read_subject, sdjwt, subject_leaf_hash, subject_proof,
};
use zerotrip_proto::v1::answer::Outcome as Wire;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::subject_answer::Outcome as SubjectWire;
use zerotrip_proto::v1::{
    CheckManyReply, Claim, ErrorCode, ManyAnswered, Reason, Request, SourceStatement,
    SubjectAnswer, SubjectLeaf,
};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::merkle::WholeTree;
use zerotrip_trust::subject_list::SubjectTree;

use super::{
    Asked, Negative, NotAllowed, NotAnswered, Outcome, ReplyError, allowed, outcome, verify_binding,
};
use crate::request::SignedRequest;

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
    opened: Opened,
}

/// What opens the leaves, and the trees that they and the request's list are in.
#[derive(Clone, Debug)]
struct Opened {
    /// From which the salts of the leaves' disclosures are made.
    secret: [u8; 32],
    /// The name of the parameter that differs.
    parameter: String,
    leaves: WholeTree,
    /// Of the request: made where somebody is shown.
    list: OnceLock<Option<SubjectTree>>,
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
    /// One subject's part.
    #[error(transparent)]
    Subject(#[from] SubjectError),
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
    let CheckManyReply { reply, leaves, secret } = reply;
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
    let request = asked.request.clone();
    let list = request.subjects.as_ref().ok_or(ReplyError::WrongKind)?;
    let parameter = differing(&request).ok_or(ReplyError::WrongKind)?;
    let secret = <[u8; 32]>::try_from(&*secret).map_err(|_| SubjectsError::Root)?;
    let (subjects, leaves) = each(&answered, leaves, &list.subjects, (&parameter, &secret))?;
    let opened = Opened { secret, parameter, leaves, list: OnceLock::new() };
    let claims = answered.claims;
    Ok(ManyOutcome::Answered(Box::new(AnsweredMany { claims, subjects, proven, request, opened })))
}

/// The name of the parameter by which the subjects of a request differ.
fn differing(request: &SignedRequest) -> Option<String> {
    match Request::decode(&*request.envelope.payload).ok()?.body? {
        Body::CheckMany(many) => Some(many.subject_parameter),
        Body::Check(_) | Body::Issue(_) | Body::IssueMany(_) => None,
    }
}

/// Each subject's outcome, once all of them lead to the root; and their tree.
fn each(
    answered: &ManyAnswered,
    leaves: Vec<SubjectLeaf>,
    asked: &[String],
    (parameter, secret): (&str, &[u8; 32]),
) -> Result<(Vec<SubjectAnswered>, WholeTree), SubjectsError> {
    let expected = asked.len();
    if let Some(found) =
        [leaves.len(), answered.subjects as usize].into_iter().find(|found| *found != expected)
    {
        return Err(SubjectsError::Count { expected, found });
    }
    let mut subjects = Vec::with_capacity(expected);
    for ((place, number), (leaf, asked)) in (0u64..).zip(1..).zip(leaves.into_iter().zip(asked)) {
        let read = read_subject(answered, &leaf.salt, &leaf.payload);
        let read = read.ok_or(SubjectsError::Malformed(number))?;
        let disclosures = SubjectDisclosures::new(secret, place);
        let who = sdjwt::digest_of(&disclosures.subject(parameter, asked));
        if leaf.subject != *asked || read.subject_digest != who {
            return Err(SubjectsError::Other(number));
        }
        let facts = opened_facts(answered, &leaf, &read, &disclosures);
        let facts = facts.ok_or(SubjectsError::Malformed(number))?;
        let outcome = in_words(answered, read, facts).ok_or(SubjectsError::Malformed(number))?;
        subjects.push(SubjectAnswered { subject: asked.clone(), outcome, leaf });
    }
    let hashes = subjects.iter().map(|one| subject_leaf_hash(&one.leaf.salt, &one.leaf.payload));
    let tree = WholeTree::new(hashes);
    if answered.root == tree.root() { Ok((subjects, tree)) } else { Err(SubjectsError::Root) }
}

/// The values that come beside a leaf, once they are those that a yes fixes; none beside any other
/// outcome.
fn opened_facts(
    answered: &ManyAnswered,
    leaf: &SubjectLeaf,
    read: &SubjectAnswer,
    disclosures: &SubjectDisclosures<'_>,
) -> Option<Vec<Fact>> {
    let Some(SubjectWire::Yes(yes)) = &read.outcome else {
        return leaf.facts.is_empty().then(Vec::new);
    };
    let facts = read_facts(&answered.facts, &leaf.facts)?;
    (digests_of(&disclosures.facts(&facts)) == yes.fact_digests).then_some(facts)
}

/// What a leaf says, by the words of the answer; `None` where that is nothing.
fn in_words(
    answered: &ManyAnswered,
    read: SubjectAnswer,
    facts: Vec<Fact>,
) -> Option<SubjectOutcome> {
    Some(match read.outcome? {
        SubjectWire::Yes(yes) => {
            let source = |place: &u32| answered.sources.get(usize::try_from(*place).ok()?).cloned();
            let sources = yes.sources.iter().map(source).collect::<Option<_>>()?;
            SubjectOutcome::Affirmed { sources, facts }
        }
        SubjectWire::No(no) => {
            let told = |code: &String| answered.reasons.iter().find(|reason| reason.code == *code);
            let reasons: Option<_> = no.reasons.iter().map(|code| told(code).cloned()).collect();
            SubjectOutcome::Negative { reasons: reasons? }
        }
        SubjectWire::Unavailable(why) => {
            let (code, retryable) = (why.code(), why.retryable);
            SubjectOutcome::Unavailable { code, dataset: why.dataset, retryable }
        }
    })
}

impl AnsweredMany {
    /// The place of a subject in the request, from 0.
    pub fn place_of(&self, subject: &str) -> Option<usize> {
        self.subjects.iter().position(|one| one.subject == subject)
    }

    /// What shows the outcome of the subject at this place beside the answer, and no other's:
    /// `None` where there is no such place.
    pub fn prove(&self, place: usize) -> Option<OneOfMany> {
        let one = self.subjects.get(place)?;
        let index = u64::try_from(place).ok()?;
        let path = self.opened.leaves.inclusion_path(index).ok()?;
        let disclosures = SubjectDisclosures::new(&self.opened.secret, index);
        let mut openings = vec![disclosures.subject(&self.opened.parameter, &one.subject)];
        if let SubjectOutcome::Affirmed { facts, .. } = &one.outcome {
            let shown = self.list()?.show(&[(index, one.subject.as_str())]).ok()?;
            openings.push(disclosures.request(&self.request.envelope.payload, shown));
            openings.extend(disclosures.facts(facts));
        }
        Some(OneOfMany { proof: subject_proof(index, &one.leaf, &path), openings })
    }

    /// The outcome of the subject at this place, as if it had been asked about alone; `None` where
    /// there is no such place.
    pub fn outcome(&self, place: usize) -> Option<Outcome> {
        let proven = self.proven.clone();
        Some(match self.subjects.get(place)?.outcome.clone() {
            SubjectOutcome::Affirmed { .. } => {
                let affirmed = Affirmed::one_of_many(proven, self.prove(place)?).ok()?;
                Outcome::Affirmed(Box::new(affirmed))
            }
            SubjectOutcome::Negative { reasons } => {
                Outcome::Negative(Box::new(Negative { reasons, proven }))
            }
            SubjectOutcome::Unavailable { code, dataset, retryable } => {
                Outcome::Unavailable(Box::new(NotAnswered {
                    code,
                    dataset,
                    text_en: "about this person, nothing could be concluded".to_owned(),
                    text_zh: "对该当事人未能得出结论".to_owned(),
                    retryable,
                    proven,
                }))
            }
        })
    }

    /// From which the salts of the leaves' disclosures are made.
    pub(super) fn secret(&self) -> &[u8; 32] {
        &self.opened.secret
    }

    /// The list that the request commits to, as a tree.
    fn list(&self) -> Option<&SubjectTree> {
        let make = || {
            let list = self.request.subjects.as_ref()?;
            let secret = <[u8; 32]>::try_from(&*list.secret).ok()?;
            Some(SubjectTree::new(&secret, list.subjects.iter().map(String::as_str)))
        };
        self.opened.list.get_or_init(make).as_ref()
    }
}

/// One subject and its outcome, shown beside an answer that was proven.
pub fn verify_subject(
    proven: &ProvenAnswer,
    one: &OneOfMany,
) -> Result<(String, SubjectOutcome), SubjectsError> {
    let Some(Wire::Many(answered)) = &proven.answer().outcome else {
        return Err(SubjectsError::NotMany);
    };
    let read = prove_subject(answered, &one.proof)?;
    let place = usize::try_from(one.proof.place).unwrap_or(usize::MAX).saturating_add(1);
    let malformed = || SubjectsError::Malformed(place);
    let is_who = |opening: &&String| read.subject_digest == sdjwt::digest_of(opening);
    let who = one.openings.iter().find(is_who).and_then(|opening| sdjwt::opened(opening).ok());
    let Some((_, Value::String(subject))) = who else { return Err(malformed()) };
    let facts = match &read.outcome {
        Some(SubjectWire::Yes(yes)) => {
            let opened = open_facts(&answered.facts, &yes.fact_digests, &one.openings);
            opened.map_err(|_| malformed())?
        }
        _ => Vec::new(),
    };
    let outcome = in_words(answered, read, facts).ok_or_else(malformed)?;
    Ok((subject, outcome))
}

#[cfg(test)]
mod tests;
