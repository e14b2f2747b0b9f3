//! Why a command ends without a result: the words in two languages, and the exit code.

use std::fmt::Display;

use zerotrip_authority::AuthorityError;
use zerotrip_authority::publishing::PublishError;
use zerotrip_channel::files::FileError;
use zerotrip_channel::{HomeError, JoinError};
use zerotrip_client::audit::AuditError;
use zerotrip_client::{SeenError, SessionError};
use zerotrip_proto::{Audience, Refusal, v1::ErrorCode};
use zerotrip_trust::directory::DirectoryError;

use super::zh;

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
    pub(crate) exit: u8,
    pub(crate) en: String,
    pub(crate) zh: String,
}

impl Failure {
    /// Usage, configuration or connection: an error's text, and what it is about in Chinese.
    pub(crate) fn usage(error: &dyn Display, about: &str) -> Self {
        Self { exit: USAGE, en: error.to_string(), zh: format!("{about}：{error}") }
    }

    /// In both languages.
    pub(crate) fn new(exit: u8, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { exit, en: en.into(), zh: zh.into() }
    }

    /// Something does not verify.
    pub(crate) fn unverified(error: &dyn Display) -> Self {
        Self {
            exit: NOT_VERIFIED,
            en: format!("verification failed: {error}"),
            zh: format!("验证未通过：{error}"),
        }
    }
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
        let name = refusal.code.name();
        let seek = match refusal.reference.as_str() {
            "" => String::new(),
            seek => format!(" (the operator finds more under {seek})"),
        };
        Self::new(
            exit_of(refusal.code),
            format!("the hub refuses: {} [{name}]{seek}", refusal.en),
            zh::refusal(refusal),
        )
    }
}

impl From<&SessionError> for Failure {
    fn from(error: &SessionError) -> Self {
        let exit = match error {
            SessionError::Refused(refusal) => return refusal.into(),
            SessionError::Reply(_)
            | SessionError::Certificate(_)
            | SessionError::Seal(_)
            | SessionError::Seen(SeenError::Ledger(_) | SeenError::OlderDirectory { .. })
            // The hub gave an older one than was seen here: it was set back.
            | SessionError::Directory(DirectoryError::RolledBack { .. } | DirectoryError::Another(_)) => NOT_VERIFIED,
            SessionError::Silent => UNAVAILABLE,
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
            | SessionError::Definition(_)
            | SessionError::File(_)
            | SessionError::NotPlaced { .. } => USAGE,
        };
        Self::new(exit, error.to_string(), zh::session(error))
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        (&error).into()
    }
}

impl From<AuthorityError> for Failure {
    fn from(error: AuthorityError) -> Self {
        Self::new(USAGE, error.to_string(), zh::authority(&error))
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let exit = match &error {
            PublishError::Hub(error) => return error.into(),
            PublishError::Both { directory: why, .. } => exit_of_publishing(why),
            other => exit_of_publishing(other),
        };
        // A refusal says where the hub's operator finds more.
        let en = match &error {
            PublishError::DirectoryNotTaken(why)
            | PublishError::GrantsNotTaken(why)
            | PublishError::StatusNotAsked { error: why, .. } => {
                error.to_string().replacen(&why.to_string(), &Self::from(why).en, 1)
            }
            _ => error.to_string(),
        };
        Self::new(exit, en, zh::publish(&error))
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

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::new(USAGE, error.to_string(), zh::file(&error))
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        Self::new(USAGE, error.to_string(), zh::home(&error))
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        Self::new(
            NOT_VERIFIED,
            format!("verification failed: {error}"),
            format!("验证未通过：{}", zh::audit(&error)),
        )
    }
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        match &error {
            JoinError::Refused(refusal) => refusal.into(),
            JoinError::Papers(_) => Self::unverified(&error),
            JoinError::NotAdmitted(seconds) => {
                let zh = format!(
                    "{seconds} 秒内未获准入；请数据主管部门执行 `zerotrip member \
                     admit`，然后重复本命令，沿用同一邀请继续等待"
                );
                Self::new(USAGE, error.to_string(), zh)
            }
            JoinError::UsedKeys(dir) => Self::new(
                USAGE,
                error.to_string(),
                format!("`{dir}` 中有已接入过的系统的密钥，请在空目录中接入"),
            ),
            JoinError::Occupied(dir) => Self::new(
                USAGE,
                error.to_string(),
                format!("`{dir}` 中已有接入身份，请在空目录中接入"),
            ),
            JoinError::File(why) => Self::new(USAGE, error.to_string(), zh::file(why)),
            JoinError::Home(why) => Self::new(USAGE, error.to_string(), zh::home(why)),
            JoinError::Dial(why) => Self::new(USAGE, error.to_string(), zh::dial(why)),
            _ => Self::usage(&error, "接入失败"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
