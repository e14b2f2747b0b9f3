//! A true answer about one subject as it is kept between the counter, where it was asked for, and
//! the moment in which a wallet brings its key. It is verified again where it is read.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use zerotrip_certificates::{Affirmed, Moment};
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{Envelope, ExchangeReply, Request};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::identity::Identity;

use super::{Asked, KeptError, Outcome, ReplyError, verify_check_as_of};
use crate::request::{CheckQuestion, Errand, SignedRequest};

/// A signed, true answer, with the request that it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptOne {
    request: Vec<u8>,
    reply: ExchangeReply,
}

/// The same as text: the base64 of the request's payload, and of the reply.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    request: String,
    reply: String,
}

/// What was kept, once it is verified.
#[derive(Clone, Debug)]
pub struct KeptAnswer {
    /// The answer.
    pub affirmed: Box<Affirmed>,
    /// What was asked, byte for byte.
    pub payload: Vec<u8>,
    /// For which errand.
    pub errand: Errand,
    /// The question.
    pub question: CheckQuestion,
}

impl KeptOne {
    /// What was asked, and what came of it.
    pub fn of(request: &SignedRequest, affirmed: &Affirmed) -> Self {
        let request = request.envelope.payload.clone();
        Self { request, reply: affirmed.proven().reply().clone() }
    }

    /// An object of JSON: `request` and `reply`, in base64.
    pub fn to_text(&self) -> String {
        let request = STANDARD.encode(&self.request);
        let reply = STANDARD.encode(self.reply.encode_to_vec());
        // Both are base64: nothing in them needs an escape.
        format!(r#"{{"request":"{request}","reply":"{reply}"}}"#)
    }

    /// Of such a text.
    pub fn from_text(text: &str) -> Result<Self, KeptError> {
        let read = || {
            let Text { request, reply } = serde_json::from_str(text).ok()?;
            let reply = ExchangeReply::decode(&*STANDARD.decode(reply).ok()?).ok()?;
            Some(Self { request: STANDARD.decode(request).ok()?, reply })
        };
        read().ok_or(KeptError::Malformed)
    }

    /// The answer, once it is proven that this hub gave it to this system. What was asked and for
    /// which errand is read out of the request that the answer is bound to. By the keys that were
    /// in force when the hub answered: they can have been replaced since.
    pub fn verify(
        self,
        (system, hub): (&Identity, &Identity),
        directory: &Directory,
        now: SystemTime,
    ) -> Result<KeptAnswer, KeptError> {
        let request = Request::decode(&*self.request).map_err(|_| KeptError::Malformed)?;
        let issued_at = from_timestamp(request.issued_at.as_ref()).ok_or(KeptError::Malformed)?;
        if request.issuer != system.uri() || request.audience != hub.uri() {
            return Err(KeptError::OtherQuestion);
        }
        let Some(Body::Check(check)) = request.body else { return Err(KeptError::OtherQuestion) };
        let errand = Errand {
            official: request.official,
            service_item: request.service_item,
            purpose: request.purpose,
            legal_basis: request.legal_basis,
            case_number: request.case_number,
        };
        let parameters = check.parameters.into_iter().map(|one| (one.name, one.value)).collect();
        let question = CheckQuestion { check: check.check, variant: check.variant, parameters };
        let envelope = Envelope { payload: self.request, ..Envelope::default() };
        let signed = SignedRequest { id: request.id, issued_at, envelope, subjects: None };
        let asked = Asked { request: &signed, hub, directory, moment: Moment::WhenAnswered, now };
        match verify_check_as_of(self.reply, &asked)? {
            Outcome::Affirmed(affirmed) => {
                Ok(KeptAnswer { affirmed, payload: signed.envelope.payload, errand, question })
            }
            _ => Err(ReplyError::WrongKind.into()),
        }
    }
}
