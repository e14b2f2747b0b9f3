//! One subject's part of an answer about many: what its leaf commits to, what opens that, and the
//! proof that it is in the answer. A leaf names nobody and tells no value, so that it can travel in
//! its subject's certificate; and nothing of it tells anything of another subject.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use serde_json::Value;
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::subject_answer::Outcome;
use zerotrip_proto::v1::{
    ManyAnswered, ShownRequest, ShownSubjects, SubjectAnswer, SubjectLeaf, SubjectProof, SubjectYes,
};
use zerotrip_trust::digest::{Digest, commit, keyed, sha256_parts};
use zerotrip_trust::merkle::{ProofError, leaf_hash, path_from_bytes, verify_inclusion};

use crate::facts::{Fact, FactValue};
use crate::sdjwt;
use crate::terms::REQUEST;

/// Bytes of a salt, and of what it hides.
const DIGEST_BYTES: usize = size_of::<Digest>();

/// Why one subject's part does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// Which subject of many it is about is not shown.
    #[error(
        "the hub's answer is about many subjects, and nothing shows which of them this is about"
    )]
    Missing,
    /// A place in an answer that has none.
    #[error("the hub's answer is about one subject, and a place among many is shown beside it")]
    Surplus,
    /// Not of the form of a leaf, or not by the words of the answer.
    #[error("what the hub's answer says of this subject does not hold together")]
    Malformed,
    /// It does not lead to the root that the hub signed.
    #[error("this subject is not proven to be in the hub's answer: {0}")]
    Proof(#[from] ProofError),
}

/// What a leaf is in the tree of its answer.
pub fn subject_leaf_hash(salt: &[u8], payload: &[u8]) -> Digest {
    leaf_hash(&commit(hash_domain::SUBJECT_ANSWER, salt, payload))
}

/// What the answer says of one subject, once it is proven to be in it.
pub fn prove_subject(
    answered: &ManyAnswered,
    proof: &SubjectProof,
) -> Result<SubjectAnswer, SubjectError> {
    let path = path_from_bytes(&proof.path).ok_or(ProofError::WrongLength)?;
    let root = Digest::try_from(&*answered.root).map_err(|_| SubjectError::Malformed)?;
    let leaf = subject_leaf_hash(&proof.salt, &proof.payload);
    verify_inclusion(&leaf, proof.place, answered.subjects.into(), &path, &root)?;
    read_subject(answered, &proof.salt, &proof.payload).ok_or(SubjectError::Malformed)
}

/// What a leaf says, by the words of its answer; `None` where that is nothing.
pub fn read_subject(answered: &ManyAnswered, salt: &[u8], payload: &[u8]) -> Option<SubjectAnswer> {
    let read = SubjectAnswer::decode(payload).ok()?;
    let is_sound = match read.outcome.as_ref()? {
        Outcome::Yes(yes) => is_sound_yes(answered, yes),
        Outcome::No(no) => {
            let told = |code: &String| answered.reasons.iter().any(|reason| reason.code == *code);
            !no.reasons.is_empty() && no.reasons.iter().all(told)
        }
        Outcome::Unavailable(_) => true,
    };
    let hidden = [salt, read.subject_digest.as_slice(), read.fact_commitment.as_slice()];
    (is_sound && hidden.iter().all(|bytes| bytes.len() == DIGEST_BYTES)).then_some(read)
}

/// It names at least one source, and fixes each value and the request.
fn is_sound_yes(answered: &ManyAnswered, yes: &SubjectYes) -> bool {
    let there = |place: &u32| usize::try_from(*place).is_ok_and(|at| at < answered.sources.len());
    let digests = || yes.fact_digests.iter().chain([&yes.request_digest]);
    !yes.sources.is_empty()
        && yes.sources.is_sorted_by(|one, next| one < next)
        && yes.sources.iter().all(there)
        && yes.fact_digests.len() == answered.facts.len()
        && yes.fact_digests.is_sorted_by(|one, next| one < next)
        && digests().all(|digest| digest.len() == DIGEST_BYTES)
}

/// Makes the disclosures of one subject, as hub and requester do alike.
#[derive(Clone, Copy)]
pub struct SubjectDisclosures<'a> {
    /// Of the reply.
    secret: &'a [u8; 32],
    place: u64,
}

impl<'a> SubjectDisclosures<'a> {
    /// Of the subject at this place, from 0, in the answer with this secret.
    pub fn new(secret: &'a [u8; 32], place: u64) -> Self {
        Self { secret, place }
    }

    /// Who it is.
    pub fn subject(&self, parameter: &str, subject: &str) -> String {
        self.disclose(parameter, &subject.into())
    }

    /// The request that was signed, with this subject's place in it.
    pub fn request(&self, request: &[u8], subject: ShownSubjects) -> String {
        let shown = ShownRequest { request: request.to_vec(), subject: Some(subject) };
        self.disclose(REQUEST, &URL_SAFE_NO_PAD.encode(shown.encode_to_vec()).into())
    }

    /// The values that its proof comes with, also where there is none.
    pub fn facts(&self, facts: &[Fact]) -> Vec<String> {
        let value = |fact: &Fact| fact.value.as_ref().map_or(Value::Null, FactValue::to_json);
        facts.iter().map(|fact| self.disclose(&fact.terms.name, &value(fact))).collect()
    }

    fn disclose(&self, name: &str, value: &Value) -> String {
        let place = self.place.to_be_bytes();
        let message =
            sha256_parts(hash_domain::SUBJECT_DISCLOSURE, &[place.as_slice(), name.as_bytes()]);
        let mut salt = [0; 16];
        salt.iter_mut().zip(keyed(self.secret, &message)).for_each(|(to, from)| *to = from);
        sdjwt::disclosure_salted(&salt, name, value)
    }
}

/// The digests of disclosures, ascending: their order tells nothing.
pub fn digests_of(disclosures: &[String]) -> Vec<Vec<u8>> {
    let mut digests: Vec<Vec<u8>> =
        disclosures.iter().map(|one| sdjwt::digest_of(one).to_vec()).collect();
    digests.sort();
    digests
}

/// What a leaf shows beside its path.
pub fn subject_proof(place: u64, leaf: &SubjectLeaf, path: &[Digest]) -> SubjectProof {
    SubjectProof {
        place,
        salt: leaf.salt.clone(),
        payload: leaf.payload.clone(),
        path: path.iter().map(|digest| digest.to_vec()).collect(),
    }
}
