//! One closed set of codes, mapped totally to gRPC and HTTP, and the one error type that callers
//! see.

use std::fmt;

use prost::Message as _;
use tonic::{Code, Status};

use crate::v1::{ErrorCode, ErrorDetail};

/// Who must act on a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The caller's message is wrong.
    Caller,
    /// Not allowed: the authority or the owner decides.
    Policy,
    /// A source is unavailable.
    Source,
    /// The operator's configuration or machines.
    Operator,
    /// A fault of ours.
    Us,
}

impl ErrorCode {
    /// Who must act.
    pub fn audience(self) -> Audience {
        match self as i32 {
            100..=199 => Audience::Caller,
            200..=299 => Audience::Policy,
            300..=399 => Audience::Source,
            400..=499 => Audience::Operator,
            _ => Audience::Us,
        }
    }

    /// The code that a requester sees. One code replaces all those about persons' records: a
    /// spouse with a foreign passport, a transfer in progress, a contract that was cancelled.
    /// What it can do about them is the same.
    pub fn as_told(self) -> Self {
        match self {
            Self::SourceUnreadable
            | Self::OutsideCoverage
            | Self::HandOverGap
            | Self::NoCommonMoment
            | Self::Undated
            | Self::Undetermined
            | Self::DefinitionLimit => Self::Unsettled,
            other => other,
        }
    }

    /// The gRPC status code (grpc.io, status codes).
    pub fn grpc(self) -> Code {
        match self {
            Self::Malformed | Self::WrongAudience | Self::InvalidParameter => Code::InvalidArgument,
            Self::NotYetValid | Self::Expired | Self::NotIssuable | Self::StaleBundle => {
                Code::FailedPrecondition
            }
            Self::Replayed | Self::GrantReused => Code::AlreadyExists,
            Self::UnknownName => Code::NotFound,
            Self::TooLarge | Self::SourceLimit | Self::Overloaded => Code::ResourceExhausted,
            Self::Unauthenticated | Self::BadSignature => Code::Unauthenticated,
            Self::SignerMismatch
            | Self::PolicyDenied
            | Self::MemberSuspended
            | Self::GateRefused
            | Self::InvalidToken
            | Self::AdminOnly
            | Self::KeyWithoutOrigin
            | Self::VariantLimit
            | Self::IdentityRequired
            | Self::IdentityInvalid
            | Self::IdentityInsufficient => Code::PermissionDenied,
            Self::SourceTimeout => Code::DeadlineExceeded,
            Self::SourceUnreachable
            | Self::SourceTruncated
            | Self::SourceStale
            | Self::SourceImplausible
            | Self::StatementContradicted
            | Self::SourceUnreadable
            | Self::OutsideCoverage
            | Self::HandOverGap
            | Self::NoCommonMoment
            | Self::Undated
            | Self::Undetermined
            | Self::Unsettled
            | Self::SourceDrift
            | Self::SourceFailed
            | Self::LedgerUnavailable => Code::Unavailable,
            Self::Misconfigured | Self::DefinitionLimit | Self::Internal | Self::Unspecified => {
                Code::Internal
            }
        }
    }

    /// The HTTP status (RFC 9110, 15).
    pub fn http(self) -> u16 {
        match self.grpc() {
            Code::InvalidArgument | Code::FailedPrecondition => 400,
            Code::Unauthenticated => 401,
            Code::PermissionDenied => 403,
            Code::NotFound => 404,
            Code::AlreadyExists => 409,
            Code::ResourceExhausted => 429,
            Code::Unavailable => 503,
            Code::DeadlineExceeded => 504,
            _ => 500,
        }
    }

    /// The code as people and logs write it: `OUTSIDE_COVERAGE`.
    pub fn name(self) -> &'static str {
        self.as_str_name()
    }
}

/// A refusal that a caller may read: plain words, no personal data, the remedy said. What only the
/// operator may read goes to the log under `reference`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind.
    pub code: ErrorCode,
    /// In English.
    pub en: String,
    /// In Chinese; the English text where there is none.
    pub zh: String,
    /// Where the operator looks; empty where there is nothing more to see.
    pub reference: String,
}

/// Most causes of a broken connection that are reported.
const MOST_CAUSES: usize = 8;

impl Refusal {
    /// In English only.
    pub fn new(code: ErrorCode, en: impl Into<String>) -> Self {
        let en = en.into();
        Self { code, zh: en.clone(), en, reference: String::new() }
    }

    /// In both languages.
    pub fn bilingual(code: ErrorCode, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { code, en: en.into(), zh: zh.into(), reference: String::new() }
    }

    /// Points the operator at a log line.
    #[must_use]
    pub fn with_reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = reference.into();
        self
    }

    /// To the wire, as a gRPC status.
    pub fn to_status(&self) -> Status {
        let detail = self.to_detail().encode_to_vec();
        Status::with_details(self.code.grpc(), self.en.clone(), detail.into())
    }

    /// To the wire, within a message.
    pub fn to_detail(&self) -> ErrorDetail {
        ErrorDetail {
            code: self.code.into(),
            message_en: self.en.clone(),
            message_zh: self.zh.clone(),
            reference: self.reference.clone(),
        }
    }

    /// From the wire: a peer's own refusal. A code that is not known here is
    /// [`ErrorCode::Unspecified`].
    pub fn from_detail(detail: ErrorDetail) -> Self {
        Self {
            code: detail.code(),
            en: detail.message_en,
            zh: detail.message_zh,
            reference: detail.reference,
        }
    }

    /// From the wire: a peer's own refusal, or what gRPC itself says where the peer never got to
    /// speak.
    pub fn from_status(status: &Status) -> Self {
        if let Ok(detail) = ErrorDetail::decode(status.details())
            && detail.code != 0
        {
            return Self::from_detail(detail);
        }
        let code = match status.code() {
            Code::InvalidArgument | Code::OutOfRange => ErrorCode::Malformed,
            Code::Unauthenticated => ErrorCode::Unauthenticated,
            Code::PermissionDenied => ErrorCode::PolicyDenied,
            Code::DeadlineExceeded => ErrorCode::SourceTimeout,
            Code::ResourceExhausted => ErrorCode::Overloaded,
            // A connection that broke under a call cancels it: nothing says that anything took
            // too long.
            Code::Unavailable | Code::Unknown | Code::Aborted | Code::Cancelled => {
                ErrorCode::SourceUnreachable
            }
            _ => ErrorCode::Internal,
        };
        // One that was made at this end, of a connection that broke, has a cause; the peer has not
        // spoken.
        let Some(cause) = std::error::Error::source(status) else {
            return Self::new(code, status.message());
        };
        let causes =
            std::iter::successors(Some(cause), |cause| cause.source()).map(ToString::to_string);
        let mut said = vec![status.message().to_owned()];
        for cause in causes.take(MOST_CAUSES) {
            if !said.contains(&cause) {
                said.push(cause);
            }
        }
        let code = if code == ErrorCode::Internal { ErrorCode::SourceUnreachable } else { code };
        Self::new(code, said.join(": "))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.en)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refusal.to_status()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_maps_and_survives_the_wire() {
        let mut seen = 0;
        for number in 1..1000 {
            let Ok(code) = ErrorCode::try_from(number) else { continue };
            seen += 1;
            assert_ne!(code.grpc(), Code::Ok, "{code:?}");
            assert!((400..600).contains(&code.http()), "{code:?}");
            let refusal = Refusal::bilingual(code, "no", "否").with_reference("x");
            assert_eq!(Refusal::from_status(&refusal.to_status()), refusal);
            assert_eq!(Refusal::from_detail(refusal.to_detail()), refusal);
        }
        assert!(seen > 30);
    }
}
