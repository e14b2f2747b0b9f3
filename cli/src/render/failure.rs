//! Why a command ends without a result: what happened and the remedy, in two languages, and the
//! exit code.

use std::fmt::Display;

use zerotrip_authority::AuthorityError;
use zerotrip_authority::publishing::PublishError;
use zerotrip_channel::files::FileError;
use zerotrip_channel::{HomeError, JoinError};
use zerotrip_client::audit::AuditError;
use zerotrip_client::issued::RegisterError;
use zerotrip_client::{SeenError, SessionError, explain};
use zerotrip_proto::{Audience, Refusal, v1::ErrorCode};
use zerotrip_text::{Explain, Failure as Said};
use zerotrip_trust::directory::DirectoryError;

/// Answered, but not so.
pub(crate) const NOT_SO: u8 = 1;
/// Usage, configuration or connection.
pub(crate) const USAGE: u8 = 2;
/// Not allowed.
pub(crate) const DENIED: u8 = 3;
/// Not answered.
pub(crate) const UNAVAILABLE: u8 = 4;
/// What came does not verify.
pub(crate) const NOT_VERIFIED: u8 = 5;

/// Why a command ends without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: u8,
    /// The text for the reader.
    pub(crate) said: Said,
}

impl Failure {
    /// What a library's error says.
    pub(crate) fn of(exit: u8, said: Said) -> Self {
        Self { exit, said }
    }

    /// In both languages.
    pub(crate) fn new(exit: u8, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::of(exit, Said::new(en, zh))
    }

    /// Adds what to do about it.
    #[must_use]
    pub(crate) fn remedy(self, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { said: self.said.remedy(en, zh), ..self }
    }

    /// Usage, configuration or connection: an error's text, and what it is about in Chinese.
    pub(crate) fn usage(error: &dyn Display, about: &str) -> Self {
        Self::new(USAGE, error.to_string(), format!("{about}：{error}"))
    }

    /// Something does not verify.
    pub(crate) fn unverified(error: &dyn Display) -> Self {
        Self::of(NOT_VERIFIED, unverified(Said::new(error.to_string(), error.to_string())))
    }
}

fn unverified(said: Said) -> Said {
    said.within("verification failed: ", "验证未通过：")
}

/// The exit code of a refusal, by who must act.
fn exit_of(code: ErrorCode) -> u8 {
    match (code.audience(), code) {
        (Audience::Policy, _) => DENIED,
        (Audience::Source, _) | (_, ErrorCode::Overloaded | ErrorCode::LedgerUnavailable) => {
            UNAVAILABLE
        }
        _ => USAGE,
    }
}

impl From<&Refusal> for Failure {
    fn from(refusal: &Refusal) -> Self {
        Self::of(exit_of(refusal.code), explain::refusal(refusal))
    }
}

impl From<&SessionError> for Failure {
    fn from(error: &SessionError) -> Self {
        let exit = match error {
            SessionError::Refused(refusal) => return refusal.into(),
            SessionError::Reply(_)
            | SessionError::Kept(_)
            | SessionError::Certificate(_)
            | SessionError::Seal(_)
            | SessionError::Seen(SeenError::Ledger(_) | SeenError::OlderDirectory { .. })
            // The hub gave an older one than was seen here: it was set back.
            | SessionError::Directory(
                DirectoryError::RolledBack { .. } | DirectoryError::Another(_),
            ) => NOT_VERIFIED,
            SessionError::Silent(_) => UNAVAILABLE,
            // Its exit code is that of what happened.
            SessionError::Unconfirmed { why, .. } => Self::from(&**why).exit,
            SessionError::Dial(_)
            | SessionError::Tls(_)
            | SessionError::Connection(_)
            | SessionError::Request(_)
            | SessionError::Home(_)
            | SessionError::Seen(_)
            | SessionError::Directory(_)
            | SessionError::NoDirectory
            | SessionError::UnknownCheck { .. }
            | SessionError::NoSuchPlace(_)
            | SessionError::AsksNoIdentity(_)
            | SessionError::Definition(_)
            | SessionError::File(_)
            | SessionError::OtherQuestion { .. }
            | SessionError::NotPlaced { .. } => USAGE,
            SessionError::Register(error) => exit_of_register(error),
        };
        Self::of(exit, error.explain())
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        (&error).into()
    }
}

impl From<AuthorityError> for Failure {
    fn from(error: AuthorityError) -> Self {
        Self::of(USAGE, error.explain())
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let exit = match &error {
            PublishError::Hub(error) => return error.into(),
            PublishError::Both { directory: why, .. } => exit_of_publishing(why),
            other => exit_of_publishing(other),
        };
        Self::of(exit, error.explain())
    }
}

fn exit_of_publishing(error: &PublishError) -> u8 {
    match error {
        PublishError::Hub(why)
        | PublishError::DirectoryNotTaken(why)
        | PublishError::GrantsNotTaken(why)
        | PublishError::StatusNotAsked { error: why, .. } => Failure::from(why).exit,
        PublishError::GrantsRefused(why) => exit_of(why.code),
        PublishError::NotWaiting(_) | PublishError::NotAsking(_) => NOT_SO,
        PublishError::Authority(_)
        | PublishError::File(_)
        | PublishError::Name(_)
        | PublishError::Both { .. }
        | PublishError::InvitationNotPlaced { .. }
        | PublishError::OlderDirectory(_)
        | PublishError::OlderGrants(_)
        | PublishError::VariantsUnknown(_)
        | PublishError::NotServed { .. } => USAGE,
    }
}

fn exit_of_register(error: &RegisterError) -> u8 {
    match error {
        RegisterError::NotInProfile { .. }
        | RegisterError::Final(_)
        | RegisterError::AlreadyIssued(_)
        | RegisterError::Ended(_)
        | RegisterError::NotInForce { .. } => DENIED,
        RegisterError::SetBack { .. }
        | RegisterError::Older(_)
        | RegisterError::Unseen { .. }
        | RegisterError::OtherCertificate(_)
        | RegisterError::Kept(_) => NOT_VERIFIED,
        _ => USAGE,
    }
}

impl From<RegisterError> for Failure {
    fn from(error: RegisterError) -> Self {
        Self::of(exit_of_register(&error), error.explain())
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::of(USAGE, explain::file(&error))
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        Self::of(USAGE, explain::home(&error))
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        Self::of(NOT_VERIFIED, unverified(error.explain()))
    }
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        let said = explain::join(&error);
        match error {
            JoinError::Refused(refusal) => Self::of(exit_of(refusal.code), said),
            JoinError::Papers(_) => Self::of(NOT_VERIFIED, unverified(said)),
            _ => Self::of(USAGE, said),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::ErrorKind;

    use zerotrip_certificates::CertificateError;
    use zerotrip_certificates::sdjwt::SdJwtError;
    use zerotrip_client::request::RequestError;
    use zerotrip_datasets::{ParameterError, ParameterFault, ResidentId};
    use zerotrip_trust::note::SeenLogError;

    use super::*;

    /// What a user types is in back-ticks, and options are words of the command: the rest must be
    /// Chinese.
    fn is_chinese(text: &str) -> bool {
        let said: String = text.split('`').step_by(2).collect();
        let words = said.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 2);
        words.filter(|word| !["case", "param"].contains(word)).count() == 0
    }

    /// Both languages say it, and the remedy, where there is one, is not in what happened.
    fn is_explained(said: &Said) -> bool {
        let apart = said.remedy.as_ref().is_none_or(|remedy| {
            !said.what.en.contains(&remedy.en)
                && !said.what.zh.contains(&remedy.zh)
                && is_chinese(&remedy.zh)
        });
        apart && is_chinese(&said.what.zh)
    }

    #[test]
    fn what_people_meet_is_said_in_chinese_and_its_remedy_apart() {
        for id in [
            "1",
            "110105491231002",
            "1101051949123100X2",
            "11010519491331002X",
            "110105194912310021",
        ] {
            let why = ResidentId::new_strict(id).unwrap_err();
            let why = ParameterFault::Resident(why);
            let error = ParameterError { name: "applicant".into(), why };
            let said = RequestError::Parameter(error).explain();
            assert!(is_explained(&said) && said.remedy.is_some(), "{said:?}");
        }
        for error in [
            RequestError::Field { field: "--case" },
            RequestError::Invisible { field: "--case", place: 2, character: '\u{202e}' },
            RequestError::Twice("applicant".into()),
        ] {
            let said = error.explain();
            assert!(is_explained(&said) && said.remedy.is_some(), "{said:?}");
        }
        for error in [
            AuditError::Unreadable(3),
            AuditError::NotCommitted(3),
            AuditError::Withheld(3),
            AuditError::WithoutIntent { index: 1, exchange: "e".into(), intent: 0 },
            AuditError::WrongSize { expected: 1, found: 2 },
            AuditError::WrongRoot,
            SeenLogError::Shrunk { seen: 2, now: 1 }.into(),
            SeenLogError::Forked(1).into(),
            AuditError::KeptHead,
        ] {
            assert!(is_explained(&error.explain()), "{error}");
        }
        for kind in [
            ErrorKind::NotFound,
            ErrorKind::PermissionDenied,
            ErrorKind::AlreadyExists,
            ErrorKind::NotADirectory,
        ] {
            let said = explain::file(&FileError { path: "where".into(), error: kind.into() });
            assert!(is_explained(&said) && said.what.zh.contains("`where`"), "{said:?}");
        }
        for error in [
            SdJwtError::NotCompact,
            SdJwtError::BadSignature,
            SdJwtError::Expired,
            SdJwtError::NotYetValid,
        ] {
            assert!(is_explained(&CertificateError::from(error.clone()).explain()), "{error}");
        }
        let not_joined = explain::home(&HomeError::NotJoined("x".into()));
        assert!(is_explained(&not_joined) && not_joined.remedy.is_some(), "{not_joined:?}");
        for error in [
            AuthorityError::GrantThere("g".into()),
            AuthorityError::NoGrant("g".into()),
            AuthorityError::Life,
        ] {
            let said = Failure::from(error).said;
            assert!(is_explained(&said), "{said:?}");
        }
    }

    #[test]
    fn every_code_has_the_exit_code_of_who_must_act() {
        let exit = |code| Failure::from(&Refusal::new(code, "x")).exit;
        assert_eq!(exit(ErrorCode::PolicyDenied), DENIED);
        assert_eq!(exit(ErrorCode::MemberSuspended), DENIED);
        assert_eq!(exit(ErrorCode::SourceUnreachable), UNAVAILABLE);
        assert_eq!(exit(ErrorCode::Overloaded), UNAVAILABLE);
        assert_eq!(exit(ErrorCode::InvalidParameter), USAGE);
        assert_eq!(exit(ErrorCode::Internal), USAGE);
        for number in 1..1000 {
            if let Ok(code) = ErrorCode::try_from(number) {
                assert!(
                    exit(code) > NOT_SO && exit(code) < NOT_VERIFIED,
                    "a refusal is never an answer: {code:?}"
                );
            }
        }
    }
}
