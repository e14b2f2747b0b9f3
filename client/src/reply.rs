//! From what a hub sent back to one of four outcomes, or to the reason why it does not count.
//! Pure: the tests tamper with it.

mod kept;
mod kept_one;
mod many;

use std::time::SystemTime;

use zerotrip_certificates::{
    Affirmed, EvidenceError, Moment, ProvenAnswer, TermsError, answers_request, prove,
};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::answer::Outcome as Wire;
use zerotrip_proto::v1::{ErrorCode, ExchangeReply, Reason};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::identity::Identity;

use crate::request::SignedRequest;

pub use kept::{KeptError, KeptMany};
pub use kept_one::{KeptAnswer, KeptOne};
pub use many::{
    AnsweredMany, ManyOutcome, SubjectAnswered, SubjectOutcome, SubjectsError, verify_check_many,
    verify_subject,
};

/// What a check came to. Each holds the proof: the hub's signature, and its ledger's.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Answered: yes.
    Affirmed(Box<Affirmed>),
    /// Answered: no.
    Negative(Box<Negative>),
    /// Not answered: a source could not settle it. Never to be read as a no.
    Unavailable(Box<NotAnswered>),
    /// Not allowed.
    Denied(Box<NotAllowed>),
}

/// Answered: no.
#[derive(Clone, Debug)]
pub struct Negative {
    /// Why not, in the requester's words.
    pub reasons: Vec<Reason>,
    /// The proof.
    pub proven: ProvenAnswer,
}

/// Not answered.
#[derive(Clone, Debug)]
pub struct NotAnswered {
    /// What kind.
    pub code: ErrorCode,
    /// Which dataset, or empty.
    pub dataset: String,
    /// English.
    pub text_en: String,
    /// Chinese.
    pub text_zh: String,
    /// Whether asking again later can help.
    pub retryable: bool,
    /// The proof.
    pub proven: ProvenAnswer,
}

/// Not allowed.
#[derive(Clone, Debug)]
pub struct NotAllowed {
    /// What kind.
    pub code: ErrorCode,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The proof.
    pub proven: ProvenAnswer,
}

impl NotAllowed {
    /// The answer is true, and fixes no certificate: the grant lets its system ask, and not issue.
    pub(crate) fn of_issuing(proven: &ProvenAnswer) -> Self {
        let reason = Reason {
            code: "may-not-issue".into(),
            text_en: "the grant does not allow issuing a certificate on the answer".into(),
            text_zh: "授权不允许据此开具电子证明".into(),
        };
        Self { code: ErrorCode::PolicyDenied, reasons: vec![reason], proven: proven.clone() }
    }
}

/// Why a reply does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Signature, ledger entry or proof.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The answer to another request.
    #[error("the answer is to another request (`{found}`, asked was `{expected}`)")]
    OtherRequest {
        /// Ours.
        expected: String,
        /// The answer's.
        found: String,
    },
    /// The hub answered something that we did not sign.
    #[error("the answer is bound to another request text than the one that was signed")]
    OtherRequestText,
    /// Another hub's.
    #[error("the answer is of `{found}`, asked was `{expected}`")]
    OtherHub {
        /// Ours.
        expected: String,
        /// The answer's.
        found: String,
    },
    /// From before the request, or from the future.
    #[error("the answer's time does not lie between the request and now; check both clocks")]
    BadTime,
    /// Of a kind that does not answer this call.
    #[error("the answer is of another kind than this request asks for")]
    WrongKind,
    /// An answer that the decision did not allow.
    #[error("the hub's decision and its answer contradict one another")]
    Contradiction,
    /// Another certificate was recorded.
    #[error("the hub recorded another certificate than the one announced")]
    OtherCertificate,
    /// The values that the answer comes with.
    #[error("the values that the answer comes with: {0}")]
    Facts(TermsError),
    /// Of an answer about many subjects, the subjects.
    #[error(transparent)]
    Subjects(#[from] SubjectsError),
}

impl Outcome {
    /// The proof behind it.
    pub fn proven(&self) -> &ProvenAnswer {
        match self {
            Self::Affirmed(affirmed) => affirmed.proven(),
            Self::Negative(negative) => &negative.proven,
            Self::Unavailable(none) => &none.proven,
            Self::Denied(denied) => &denied.proven,
        }
    }
}

/// The outcome of a check, verified.
pub fn verify_check(
    reply: ExchangeReply,
    request: &SignedRequest,
    hub: &Identity,
    directory: &Directory,
    now: SystemTime,
) -> Result<Outcome, ReplyError> {
    verify_check_as_of(reply, &Asked { request, hub, directory, moment: Moment::Now(now), now })
}

fn verify_check_as_of(reply: ExchangeReply, asked: &Asked<'_>) -> Result<Outcome, ReplyError> {
    let proven = verify_binding(reply, asked)?;
    match proven.answer().outcome.clone() {
        Some(Wire::Recorded(_) | Wire::Many(_)) | None => Err(ReplyError::WrongKind),
        Some(other) => outcome(other, proven),
    }
}

/// What came of announcing a certificate: recorded, or one of the outcomes without a record.
#[derive(Clone, Debug)]
pub enum Announced {
    /// The ledger holds it; it may be handed out.
    Recorded(Box<ProvenAnswer>),
    /// It may not be handed out.
    Not(Outcome),
}

impl Announced {
    /// The proof behind it.
    pub fn proven(&self) -> &ProvenAnswer {
        match self {
            Self::Recorded(proven) => proven,
            Self::Not(outcome) => outcome.proven(),
        }
    }
}

/// The reply to an announcement, verified: recorded is exactly this certificate.
pub fn verify_recorded(
    reply: ExchangeReply,
    request: &SignedRequest,
    certificate: &Digest,
    hub: &Identity,
    directory: &Directory,
    now: SystemTime,
) -> Result<Announced, ReplyError> {
    let asked = Asked { request, hub, directory, moment: Moment::Now(now), now };
    let proven = verify_binding(reply, &asked)?;
    match proven.answer().outcome.clone() {
        Some(Wire::Recorded(recorded)) if recorded.certificate_digest != certificate => {
            Err(ReplyError::OtherCertificate)
        }
        Some(Wire::Recorded(_)) => {
            if allowed(&proven) {
                Ok(Announced::Recorded(Box::new(proven)))
            } else {
                Err(ReplyError::Contradiction)
            }
        }
        Some(Wire::Answered(_) | Wire::Many(_)) | None => Err(ReplyError::WrongKind),
        Some(other) => Ok(Announced::Not(outcome(other, proven)?)),
    }
}

/// What a reply has to answer, and by whose word.
struct Asked<'a> {
    request: &'a SignedRequest,
    hub: &'a Identity,
    directory: &'a Directory,
    /// As of when the hub's keys must hold.
    moment: Moment,
    now: SystemTime,
}

fn verify_binding(reply: ExchangeReply, asked: &Asked<'_>) -> Result<ProvenAnswer, ReplyError> {
    let Asked { request, hub, directory, moment, now } = *asked;
    let proven = prove(reply, directory, moment)?;
    let answer = proven.answer();
    if answer.hub != hub.uri() {
        return Err(ReplyError::OtherHub { expected: hub.uri(), found: answer.hub.clone() });
    }
    if answer.request_id != request.id {
        return Err(ReplyError::OtherRequest {
            expected: request.id.clone(),
            found: answer.request_id.clone(),
        });
    }
    if !answers_request(answer, &proven.reply().request_salt, &request.envelope.payload) {
        return Err(ReplyError::OtherRequestText);
    }
    if proven.answered_at() + CLOCK_SKEW < request.issued_at
        || proven.answered_at() > now + CLOCK_SKEW
    {
        return Err(ReplyError::BadTime);
    }
    Ok(proven)
}

fn outcome(wire: Wire, proven: ProvenAnswer) -> Result<Outcome, ReplyError> {
    if matches!(wire, Wire::Answered(_)) && !allowed(&proven) {
        return Err(ReplyError::Contradiction);
    }
    Ok(match wire {
        Wire::Answered(answered) if answered.answer => {
            let affirmed = Affirmed::try_new(proven).map_err(|_| ReplyError::Contradiction)?;
            affirmed.facts().map_err(ReplyError::Facts)?;
            Outcome::Affirmed(Box::new(affirmed))
        }
        Wire::Answered(answered) => {
            Outcome::Negative(Box::new(Negative { reasons: answered.reasons, proven }))
        }
        Wire::Unavailable(none) => {
            let (code, retryable) = (none.code(), none.retryable);
            let (dataset, text_en, text_zh) = (none.dataset, none.text_en, none.text_zh);
            Outcome::Unavailable(Box::new(NotAnswered {
                code,
                dataset,
                text_en,
                text_zh,
                retryable,
                proven,
            }))
        }
        Wire::Denied(denied) => Outcome::Denied(Box::new(NotAllowed {
            code: denied.code(),
            reasons: denied.reasons,
            proven,
        })),
        Wire::Recorded(_) | Wire::Many(_) => return Err(ReplyError::WrongKind),
    })
}

fn allowed(proven: &ProvenAnswer) -> bool {
    proven.answer().decision.as_ref().is_some_and(|decision| decision.allowed)
}

#[cfg(test)]
mod tests;
