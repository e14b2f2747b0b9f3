//! What a certificate rests on: a yes about one subject, or the yes of one subject of many. And the
//! question that was answered, as its holder shows it.

use prost::Message as _;
use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::subject_answer::Outcome as SubjectOutcome;
use zerotrip_proto::v1::{
    Answer, Claim, FactTerms, ManyAnswered, Parameter, Request, ShownRequest, SourceStatement,
    SubjectProof,
};
use zerotrip_trust::subject_list::verify_shown;

use crate::subject::{SubjectError, prove_subject};

/// A yes, in the answer that a hub gave.
#[derive(Clone, Debug)]
pub(crate) struct Grounds {
    pub(crate) claims: Vec<Claim>,
    pub(crate) sources: Vec<SourceStatement>,
    /// The values that the proof can come with.
    pub(crate) facts: Vec<FactTerms>,
    pub(crate) fact_digests: Vec<Vec<u8>>,
    /// What a certificate can withhold beside what the answer's own terms say: of one subject of
    /// many, all that is that subject's own.
    pub(crate) own: Vec<Vec<u8>>,
    /// Of one subject of many.
    pub(crate) among: Option<Among>,
}

/// Where in an answer about many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Among {
    /// The subject's place in the request, from 0.
    pub place: u64,
    /// How many subjects there are.
    pub subjects: u32,
}

/// Why there are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoGrounds {
    /// Another outcome.
    #[error("the hub's answer is not `true`")]
    NotAffirmed,
    /// Of many subjects, this one's part.
    #[error(transparent)]
    Subject(#[from] SubjectError),
}

impl Grounds {
    /// Of an answer about one subject, by itself; of one about many, with the proof of one's part.
    /// The answer's own signature is not verified here.
    pub(crate) fn of(answer: &Answer, proof: Option<&SubjectProof>) -> Result<Self, NoGrounds> {
        match (&answer.outcome, proof) {
            (Some(Outcome::Answered(answered)), None) if answered.answer => Ok(Self {
                claims: answered.claims.clone(),
                sources: answer.sources.clone(),
                facts: answered.facts.clone(),
                fact_digests: answered.fact_digests.clone(),
                own: Vec::new(),
                among: None,
            }),
            (Some(Outcome::Many(many)), Some(proof)) => Self::among(many, proof),
            (Some(Outcome::Many(_)), None) => Err(SubjectError::Missing.into()),
            (Some(Outcome::Answered(_)), Some(_)) => Err(SubjectError::Surplus.into()),
            _ => Err(NoGrounds::NotAffirmed),
        }
    }

    fn among(many: &ManyAnswered, proof: &SubjectProof) -> Result<Self, NoGrounds> {
        let subject = prove_subject(many, proof)?;
        let Some(SubjectOutcome::Yes(yes)) = subject.outcome else {
            return Err(NoGrounds::NotAffirmed);
        };
        let source = |place: &u32| many.sources.get(usize::try_from(*place).ok()?).cloned();
        let sources: Option<Vec<_>> = yes.sources.iter().map(source).collect();
        let own = [vec![subject.subject_digest, yes.request_digest], yes.fact_digests.clone()];
        Ok(Self {
            claims: many.claims.clone(),
            sources: sources.ok_or(SubjectError::Malformed)?,
            facts: many.facts.clone(),
            fact_digests: yes.fact_digests,
            own: own.concat(),
            among: Some(Among { place: proof.place, subjects: many.subjects }),
        })
    }
}

/// A question about one person, out of the request that was signed.
#[derive(Debug)]
pub(crate) struct Asked {
    /// What was signed.
    pub(crate) payload: Vec<u8>,
    pub(crate) request: Request,
    pub(crate) check: String,
    pub(crate) variant: String,
    /// The person among them.
    pub(crate) parameters: Vec<Parameter>,
}

impl Asked {
    /// Of what a certificate shows as `request`; `None` where that is no question about the person
    /// in that place.
    pub(crate) fn shown(shown: &[u8], among: Option<Among>) -> Option<Self> {
        match among {
            None => Self::alone(shown.to_vec()),
            Some(among) => Self::among(shown, among),
        }
    }

    fn alone(payload: Vec<u8>) -> Option<Self> {
        let mut request = Request::decode(&*payload).ok()?;
        let Body::Check(check) = request.body.take()? else { return None };
        let (name, variant, parameters) = (check.check, check.variant, check.parameters);
        Some(Self { payload, request, check: name, variant, parameters })
    }

    fn among(shown: &[u8], among: Among) -> Option<Self> {
        let ShownRequest { request: payload, subject } = ShownRequest::decode(shown).ok()?;
        let mut request = Request::decode(&*payload).ok()?;
        let Body::CheckMany(check) = request.body.take()? else { return None };
        let subject = subject?;
        let is_its_own = subject.places == [among.place] && check.subjects == among.subjects;
        if !is_its_own
            || verify_shown(&subject, check.subjects.into(), &check.subjects_root).is_err()
        {
            return None;
        }
        let name = check.subject_parameter;
        let mut parameters = check.parameters;
        if parameters.iter().any(|parameter| parameter.name == name) {
            return None;
        }
        let value = subject.subjects.into_iter().next()?;
        parameters.push(Parameter { name, value });
        let (name, variant) = (check.check, check.variant);
        Some(Self { payload, request, check: name, variant, parameters })
    }
}
