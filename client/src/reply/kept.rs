//! An answer about many as it is kept: what was asked and what the hub sent, so that every outcome
//! is verified again where it is read, instead of being believed.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use zerotrip_certificates::Moment;
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{CheckManyReply, Envelope, Request, SubjectList};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::identity::Identity;

use super::many::{AnsweredMany, ManyOutcome, verify_many_as_of};
use super::{Asked, ReplyError};
use crate::request::{Errand, ManyQuestion, SignedRequest, check_many_body};

/// A signed answer about many, with the request that it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptMany {
    request: Vec<u8>,
    /// Of the list that the request commits to.
    secret: Vec<u8>,
    reply: CheckManyReply,
}

/// The same as text: the base64 of the request's payload, of the list's secret, and of the reply.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    request: String,
    secret: String,
    reply: String,
}

/// Why what was kept counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// Not as it was written.
    #[error("it is not a kept answer about many, or it is cut off")]
    Malformed,
    /// Another question's, system's or errand's.
    #[error("it answers another question, or another errand")]
    OtherQuestion,
    /// It is not what the hub signed and recorded.
    #[error(transparent)]
    Reply(#[from] ReplyError),
}

impl KeptMany {
    /// What was asked, and what came of it.
    pub fn of(answered: &AnsweredMany) -> Self {
        let leaves = answered.subjects.iter().map(|subject| subject.leaf.clone()).collect();
        let reply = Some(answered.proven.reply().clone());
        let reply = CheckManyReply { reply, leaves, secret: answered.secret().to_vec() };
        let SignedRequest { envelope, subjects, .. } = &answered.request;
        let secret = subjects.as_ref().map(|list| list.secret.clone()).unwrap_or_default();
        Self { request: envelope.payload.clone(), secret, reply }
    }

    /// One line of JSON: `request`, `secret` and `reply`, in base64.
    pub fn to_text(&self) -> String {
        let (request, secret) = (STANDARD.encode(&self.request), STANDARD.encode(&self.secret));
        let reply = STANDARD.encode(self.reply.encode_to_vec());
        // All are base64: nothing in them needs an escape.
        format!(r#"{{"request":"{request}","secret":"{secret}","reply":"{reply}"}}"#) + "\n"
    }

    /// Of such a line.
    pub fn from_text(text: &str) -> Result<Self, KeptError> {
        let read = || {
            let Text { request, secret, reply } = serde_json::from_str(text).ok()?;
            let reply = CheckManyReply::decode(&*STANDARD.decode(reply).ok()?).ok()?;
            let (request, secret) = (STANDARD.decode(request).ok()?, STANDARD.decode(secret).ok()?);
            Some(Self { request, secret, reply })
        };
        read().ok_or(KeptError::Malformed)
    }

    /// The outcomes, once it is proven that this hub gave them to this system, to this question and
    /// for this errand, whoever asked and whomever the list named. By the keys that were in force
    /// when it answered: they can have been replaced since.
    pub fn verify(
        self,
        (system, hub): (&Identity, &Identity),
        errand: &Errand,
        question: &ManyQuestion,
        directory: &Directory,
        now: SystemTime,
    ) -> Result<AnsweredMany, KeptError> {
        let request = Request::decode(&*self.request).map_err(|_| KeptError::Malformed)?;
        let issued_at = from_timestamp(request.issued_at.as_ref()).ok_or(KeptError::Malformed)?;
        let Some(Body::CheckMany(_)) = &request.body else {
            return Err(KeptError::OtherQuestion);
        };
        let secret = <[u8; 32]>::try_from(&*self.secret).map_err(|_| KeptError::Malformed)?;
        let subjects = self.subjects();
        let expected = Request {
            issuer: system.uri(),
            audience: hub.uri(),
            service_item: errand.service_item.clone(),
            purpose: errand.purpose.clone(),
            legal_basis: errand.legal_basis.clone(),
            case_number: errand.case_number.clone(),
            body: Some(Body::CheckMany(check_many_body(question, &secret, &subjects))),
            ..request.clone()
        };
        if request != expected {
            return Err(KeptError::OtherQuestion);
        }
        let envelope = Envelope { payload: self.request, ..Envelope::default() };
        let list = SubjectList { secret: self.secret, subjects };
        let signed = SignedRequest { id: request.id, issued_at, envelope, subjects: Some(list) };
        let asked = Asked { request: &signed, hub, directory, moment: Moment::WhenAnswered, now };
        match verify_many_as_of(self.reply, &asked)? {
            ManyOutcome::Answered(answered) => Ok(*answered),
            ManyOutcome::Unavailable(_) | ManyOutcome::Denied(_) => {
                Err(ReplyError::WrongKind.into())
            }
        }
    }

    /// Whether it says that it is about this subject: nothing of it is verified here.
    pub fn names(&self, subject: &str) -> bool {
        self.reply.leaves.iter().any(|leaf| leaf.subject == subject)
    }

    /// The list, as the leaves name it: the request's root says whether it is the one.
    fn subjects(&self) -> Vec<String> {
        self.reply.leaves.iter().map(|leaf| leaf.subject.clone()).collect()
    }
}
