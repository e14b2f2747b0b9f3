//! A yes that is proven: the only thing that a certificate can be made of.

use zerotrip_proto::v1::{Claim, SourceStatement, SubjectProof};

use crate::evidence::ProvenAnswer;
use crate::facts::{Fact, open_facts};
use crate::grounds::{Grounds, NoGrounds};
use crate::terms::TermsError;

/// A proven yes: an answer about one subject that is "true", or the yes of one subject of many.
#[derive(Clone, Debug)]
pub struct Affirmed {
    proven: ProvenAnswer,
    grounds: Grounds,
    /// Of one subject of many.
    subject: Option<OneOfMany>,
}

/// One subject's part of an answer about many, and what opens it.
#[derive(Clone, Debug, PartialEq)]
pub struct OneOfMany {
    /// Beside the answer.
    pub proof: SubjectProof,
    /// Of the subject's own digests: who it is, the request, each value.
    pub openings: Vec<String>,
}

/// Any other answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "only an exchange that was answered with `true` can become a certificate; this one was not"
)]
pub struct NotAffirmed;

impl Affirmed {
    /// Takes a true answer about one subject and nothing else.
    pub fn try_new(proven: ProvenAnswer) -> Result<Self, NotAffirmed> {
        let grounds = Grounds::of(proven.answer(), None).map_err(|_| NotAffirmed)?;
        Ok(Self { proven, grounds, subject: None })
    }

    /// Takes the yes of one subject of an answer about many, proven to be in it, and nothing else.
    pub fn one_of_many(proven: ProvenAnswer, subject: OneOfMany) -> Result<Self, NoGrounds> {
        let grounds = Grounds::of(proven.answer(), Some(&subject.proof))?;
        Ok(Self { proven, grounds, subject: Some(subject) })
    }

    /// The proof behind it.
    pub fn proven(&self) -> &ProvenAnswer {
        &self.proven
    }

    /// The values that the proof comes with, once each is opened and of its type.
    pub fn facts(&self) -> Result<Vec<Fact>, TermsError> {
        open_facts(&self.grounds.facts, &self.grounds.fact_digests, self.own_openings())
    }

    /// What a certificate may state.
    pub fn claims(&self) -> &[Claim] {
        &self.grounds.claims
    }

    /// What it rests on.
    pub fn sources(&self) -> &[SourceStatement] {
        &self.grounds.sources
    }

    /// Of one subject of many: its place in the request, from 0.
    pub fn place(&self) -> Option<u64> {
        Some(self.grounds.among?.place)
    }

    pub(crate) fn grounds(&self) -> &Grounds {
        &self.grounds
    }

    pub(crate) fn subject(&self) -> Option<&OneOfMany> {
        self.subject.as_ref()
    }

    /// What opens what is this subject's own.
    pub(crate) fn own_openings(&self) -> &[String] {
        self.subject.as_ref().map_or(&self.proven.reply().openings, |subject| &subject.openings)
    }
}
