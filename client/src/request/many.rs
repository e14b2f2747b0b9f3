//! A question about many subjects.

use std::collections::HashMap;
use std::time::SystemTime;

use zerotrip_datasets::parameter::Spelling;
use zerotrip_proto::bounds::SUBJECTS;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{CheckManyBody, SubjectList};
use zerotrip_trust::digest;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::subject_list::SubjectTree;

use super::{
    APPLICANT, CheckQuestion, Errand, RequestError, UnsignedRequest, declared_type, unsigned,
};

/// What to ask about many subjects at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManyQuestion {
    /// The check, its variant, and the parameters that are the same of all.
    pub question: CheckQuestion,
    /// The persons asked about, in canonical form, each once: 1 to 10,000.
    pub subjects: Vec<String>,
}

impl ManyQuestion {
    /// Checks the parameters and the subjects, and brings them to their canonical form.
    pub fn validated(mut self) -> Result<Self, RequestError> {
        self.question = self.question.validated()?;
        if self.question.parameters.iter().any(|(name, _)| name == APPLICANT) {
            return Err(RequestError::Twice(APPLICANT.to_owned()));
        }
        let found = self.subjects.len();
        if !(1..=SUBJECTS).contains(&found) {
            return Err(RequestError::Subjects(found));
        }
        self.subjects = canonical_subjects(&self.subjects)?;
        Ok(self)
    }
}

/// Persons in canonical form, each once, or what is wrong with the first that is not a person or is
/// there again.
pub fn canonical_subjects(texts: &[String]) -> Result<Vec<String>, RequestError> {
    let mut first: HashMap<String, usize> = HashMap::with_capacity(texts.len());
    let mut subjects = Vec::with_capacity(texts.len());
    for (number, text) in (1..).zip(texts) {
        let subject = match declared_type(APPLICANT) {
            Some(declared) => declared
                .read(APPLICANT, text, Spelling::Typed, None)
                .map_err(|error| RequestError::Subject { number, why: error.why })?
                .text()
                .to_owned(),
            None => text.clone(),
        };
        if let Some(before) = first.insert(subject.clone(), number) {
            return Err(RequestError::SubjectTwice { number, before });
        }
        subjects.push(subject);
    }
    Ok(subjects)
}

/// A question about many, to be answered within five minutes of `now`.
pub(crate) fn check_many_request(
    issuer: &Identity,
    hub: &Identity,
    errand: &Errand,
    many: &ManyQuestion,
    now: SystemTime,
) -> Result<UnsignedRequest, RequestError> {
    let secret = digest::random().map_err(RequestError::Random)?;
    let body = Body::CheckMany(check_many_body(many, &secret, &many.subjects));
    let list = SubjectList { secret: secret.to_vec(), subjects: many.subjects.clone() };
    Ok(UnsignedRequest { subjects: Some(list), ..unsigned(issuer, hub, errand, body, now)? })
}

/// The question, about these subjects.
pub(crate) fn check_many_body(
    many: &ManyQuestion,
    secret: &[u8; 32],
    subjects: &[String],
) -> CheckManyBody {
    let tree = SubjectTree::new(secret, subjects.iter().map(String::as_str));
    let CheckQuestion { check, variant, .. } = &many.question;
    CheckManyBody {
        check: check.clone(),
        variant: variant.clone(),
        parameters: many.question.given(),
        subject_parameter: APPLICANT.to_owned(),
        subjects: u32::try_from(subjects.len()).unwrap_or(u32::MAX),
        subjects_root: tree.root().to_vec(),
    }
}
