//! Words for people: two languages, results on standard output, progress and errors on standard error, and the exit codes.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::SystemTime;

use serde_json::Value;
use zerotrip_channel::files::FileError;
use zerotrip_channel::{HomeError, JoinError};
use zerotrip_proto::{Audience, Refusal, v1::ErrorCode};
use zerotrip_trust::directory::DirectoryError;

use super::zh;
use zerotrip_authority::AuthorityError;
use zerotrip_client::audit::AuditError;
use zerotrip_client::{SeenError, SessionError};

/// Answered, but not so.
pub(super) const NOT_SO: u8 = 1;
/// Usage, configuration or connection.
pub(super) const USAGE: u8 = 2;
/// Not allowed.
pub(super) const DENIED: u8 = 3;
/// Not answered.
pub(super) const UNAVAILABLE: u8 = 4;
/// What came does not verify.
pub(super) const NOT_VERIFIED: u8 = 5;

/// A language of the screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Language {
    /// English.
    En,
    /// 中文
    Zh,
}

impl Language {
    /// The first of LC_ALL, LC_MESSAGES and LANG that says anything.
    pub(super) fn from_environment() -> Self {
        let said = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| std::env::var(name).ok()).find(|text| !text.is_empty());
        Self::from_locale(said.as_deref().unwrap_or_default())
    }

    fn from_locale(locale: &str) -> Self {
        if locale.starts_with("zh") { Self::Zh } else { Self::En }
    }
}

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    pub(super) json: bool,
    pub(super) language: Language,
}

impl Screen {
    /// The text in the screen's language.
    pub(super) fn pick<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        if self.language == Language::Zh { zh } else { en }
    }

    /// A result: text for people, or one JSON object.
    pub(super) fn show(&self, text: &str, value: &Value) -> Result<(), Failure> {
        let line = if self.json { value.to_string() } else { text.to_owned() };
        match writeln!(std::io::stdout(), "{line}") {
            // Whoever read it has read enough: what was done or answered stays so, and the exit code says it.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| Failure::usage(&error, "无法输出")),
        }
    }

    /// Progress, for people only.
    pub(super) fn note(&self, text: &str) {
        if !self.json {
            // If standard error is gone, so is whoever would read this.
            let _gone = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// An error and its exit code.
    pub(super) fn fail(&self, failure: &Failure) -> ExitCode {
        let text = self.pick(&failure.en, &failure.zh);
        let line = if self.json {
            serde_json::json!({ "error": text, "exit_code": failure.exit }).to_string()
        } else {
            format!("zerotrip: {text}")
        };
        // If standard error is gone, the exit code still says it.
        let _gone = writeln!(std::io::stderr(), "{line}");
        ExitCode::from(failure.exit)
    }

    /// A moment, in the machine's own time zone.
    pub(super) fn time(&self, time: SystemTime) -> String {
        chrono::DateTime::<chrono::Local>::from(time).format("%Y-%m-%d %H:%M:%S %:z").to_string()
    }
}

/// A moment for machines: RFC 3339, UTC.
pub(super) fn rfc3339(time: SystemTime) -> String {
    chrono::DateTime::<chrono::Utc>::from(time).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Why a command ends without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) exit: u8,
    pub(super) en: String,
    pub(super) zh: String,
}

impl Failure {
    /// Usage, configuration or connection: an error's text, and what it is about in Chinese.
    pub(super) fn usage(error: &dyn Display, about: &str) -> Self {
        Self { exit: USAGE, en: error.to_string(), zh: format!("{about}：{error}") }
    }

    /// In both languages.
    pub(super) fn new(exit: u8, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { exit, en: en.into(), zh: zh.into() }
    }

    /// Something does not verify.
    pub(super) fn unverified(error: &dyn Display) -> Self {
        Self { exit: NOT_VERIFIED, en: format!("verification failed: {error}"), zh: format!("验证未通过：{error}") }
    }
}

/// The exit code of a refusal, by who must act.
fn exit_of(code: ErrorCode) -> u8 {
    match (code.audience(), code) {
        (Audience::Policy, _) => DENIED,
        (Audience::Source, _) | (_, ErrorCode::Overloaded | ErrorCode::LedgerUnavailable) => UNAVAILABLE,
        _ => USAGE,
    }
}

impl From<&Refusal> for Failure {
    fn from(refusal: &Refusal) -> Self {
        let name = refusal.code.name();
        let (seek_en, seek_zh) = match refusal.reference.as_str() {
            "" => (String::new(), String::new()),
            seek => (format!(" (the operator finds more under {seek})"), format!("（运营方可据此查询：{}）", zh::reference(seek))),
        };
        Self::new(
            exit_of(refusal.code),
            format!("the hub refuses: {} [{name}]{seek_en}", refusal.en),
            format!("枢纽拒绝：{} [{name}]{seek_zh}", refusal.zh),
        )
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match &error {
            SessionError::Refused(refusal) => refusal.into(),
            SessionError::Reply(why) => {
                Self::new(NOT_VERIFIED, error.to_string(), format!("枢纽的答复未通过验证，请勿据此办理，并告知数据主管部门：{why}"))
            }
            SessionError::Certificate(_) | SessionError::Seal(_) => {
                Self::new(NOT_VERIFIED, error.to_string(), format!("未能签发证明：{error}"))
            }
            SessionError::Silent => Self::new(UNAVAILABLE, error.to_string(), "枢纽未在限时内答复，请稍后再试"),
            SessionError::Dial(why) => Self::new(USAGE, why.to_string(), zh::dial(why)),
            SessionError::Tls(why) => {
                Self::new(USAGE, why.to_string(), "枢纽出示的证书已因重新登记而失效：其旧密钥可能在他人手中，请联系主管部门")
            }
            SessionError::Connection(why) => Self::usage(why, "与枢纽的连接中断，请重试"),
            SessionError::Request(why) => Self::new(USAGE, why.to_string(), format!("请求填写有误：{}", zh::request(why))),
            SessionError::Home(why) => Self::new(USAGE, why.to_string(), zh::home(why)),
            SessionError::Seen(why) => {
                let exit = match why {
                    SeenError::Ledger(_) | SeenError::OlderDirectory { .. } => NOT_VERIFIED,
                    SeenError::Kept { .. } | SeenError::OtherLog { .. } | SeenError::File(_) | SeenError::NotKept(_) => USAGE,
                };
                Self::new(exit, error.to_string(), zh::seen(why))
            }
            // The hub gave an older one than was seen here: it was set back.
            SessionError::Directory(why @ (DirectoryError::RolledBack { .. } | DirectoryError::Another(_))) => {
                Self::new(NOT_VERIFIED, error.to_string(), zh::directory(why))
            }
            SessionError::Directory(why) => Self::new(USAGE, error.to_string(), zh::directory(why)),
            SessionError::NoDirectory => {
                Self::new(USAGE, error.to_string(), "枢纽还没有密钥目录；请数据主管部门执行 `zerotrip authority refresh` 发布")
            }
            SessionError::UnknownCheck { check, variant } => {
                let zh = format!("目录中没有核验事项 `{check}/{variant}`；可用 `zerotrip catalog list` 查看");
                Self::new(USAGE, error.to_string(), zh)
            }
            SessionError::Definition(why) => Self::usage(why, "核验定义有误"),
            SessionError::File(why) => {
                Self::new(USAGE, error.to_string(), format!("证明文件无法写入（未登记任何内容）：{}", zh::file(why)))
            }
            SessionError::NotPlaced { exchange, part, error: why } => {
                let part = part.display();
                let zh = format!("证明已登记（交换编号 {exchange}），现存于 `{part}`，但未能改为指定文件名：{why}；请自行移动该文件");
                Self::new(USAGE, error.to_string(), zh)
            }
            SessionError::Unconfirmed { .. } => unconfirmed(error),
        }
    }
}

/// Its exit code is that of what happened.
fn unconfirmed(error: SessionError) -> Failure {
    let en = error.to_string();
    let SessionError::Unconfirmed { exchange, part, why } = error else { return Failure::new(USAGE, en.clone(), en) };
    let Failure { exit, zh, .. } = Failure::from(*why);
    let part = part.display();
    let zh = format!(
        "尚不能确定证明是否已登记（交换编号 {exchange}）：{zh}。证明暂存于 `{part}`；经审计确认台账中有其登记后方可使用，否则请删除并重新签发"
    );
    Failure::new(exit, en, zh)
}

impl From<AuthorityError> for Failure {
    fn from(error: AuthorityError) -> Self {
        let zh = match &error {
            AuthorityError::Occupied(dir) => format!("`{dir}` 中已有数据主管部门，请另选空目录"),
            AuthorityError::NotOne(dir) => format!("`{dir}` 不是数据主管部门目录；可用 `zerotrip authority init` 建立"),
            AuthorityError::UnknownMember(member) => format!("没有成员单位 `{member}`；可用 `zerotrip member list` 查看"),
            AuthorityError::UnpublishedMember(member) => {
                format!("枢纽现行的密钥目录中还没有 `{member}`；请先准入其一个系统，或执行 `zerotrip authority refresh` 发布")
            }
            AuthorityError::Itself => "数据主管部门自身不能被暂停或再次邀请".to_owned(),
            AuthorityError::Names => "成员单位的中英文名称各为 1 至 64 个字符".to_owned(),
            AuthorityError::Name(name) => format!("`{name}` 不能作名称：请用 1 至 32 个小写字母、数字和连字符"),
            AuthorityError::NoInvitation(system) => format!("`{system}` 没有有效的邀请；可用 `zerotrip member invite` 邀请"),
            AuthorityError::Busy(dir) => format!("另一命令正在修改 `{dir}`，请待其结束后重试"),
            AuthorityError::File(why) => zh::file(why),
            AuthorityError::Home(why) => zh::home(why),
            AuthorityError::Address(why) => zh::dial(why),
            AuthorityError::GrantThere(id) => format!("已有授权 `{id}`；请先撤销，或另选编号"),
            AuthorityError::NoGrant(id) => format!("没有授权 `{id}`；可用 `zerotrip grant list` 查看"),
            AuthorityError::NotInvited(system) => {
                format!("`{system}` 申请接入所用的邀请并非本处签发，或已过期；请勿准入，另行邀请")
            }
            AuthorityError::Tampered(system) => {
                format!("`{system}` 的密钥或证书申请在途中被改动；请勿准入：请先在枢纽查明何人所为，再重新邀请，并请其在空目录中接入")
            }
            AuthorityError::Clock(holder) => {
                format!("`{holder}` 上一张证书的生效时间晚于现在：本机时钟当时偏快，或现在偏慢；请校准后重新执行")
            }
            AuthorityError::RevokedKeys(system) => format!("`{system}` 所用的密钥已被撤销；请重新邀请，并请其在空目录中接入"),
            AuthorityError::KnownKeys(system) => {
                format!("`{system}` 所用的密钥此前已准入过，其旧目录的副本将仍可接入；请重新邀请，并请其在空目录中接入")
            }
            AuthorityError::Spent(system) => format!("`{system}` 的邀请已用于另一组密钥；请重新邀请"),
            AuthorityError::OlderFile { file, has, signed } => format!(
                "`{file}` 比本目录签发过的旧：其为第 {has} 版，而此处签发过第 {signed} 版；请在枢纽可达时执行 `zerotrip authority refresh`，以枢纽现行目录为准"
            ),
            AuthorityError::Life => "密钥目录的有效期须为 1 分钟至 30 天".to_owned(),
            other => format!("数据主管部门目录操作失败：{other}"),
        };
        Self::new(USAGE, error.to_string(), zh)
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
        Self::new(NOT_VERIFIED, format!("verification failed: {error}"), format!("验证未通过：{}", zh::audit(&error)))
    }
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        match &error {
            JoinError::Refused(refusal) => refusal.into(),
            JoinError::Papers(_) => Self::unverified(&error),
            JoinError::NotAdmitted(seconds) => {
                let zh =
                    format!("{seconds} 秒内未获准入；请数据主管部门执行 `zerotrip member admit`，然后重复本命令，沿用同一邀请继续等待");
                Self::new(USAGE, error.to_string(), zh)
            }
            JoinError::UsedKeys(dir) => Self::new(USAGE, error.to_string(), format!("`{dir}` 中有已接入过的系统的密钥，请在空目录中接入")),
            JoinError::Occupied(dir) => Self::new(USAGE, error.to_string(), format!("`{dir}` 中已有接入身份，请在空目录中接入")),
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
                assert!(exit(code) > NOT_SO && exit(code) < NOT_VERIFIED, "a refusal is never an answer: {code:?}");
            }
        }
    }

    #[test]
    fn the_locale_decides_the_language() {
        assert_eq!(Language::from_locale("zh_CN.UTF-8"), Language::Zh);
        assert_eq!(Language::from_locale("C.UTF-8"), Language::En);
        assert_eq!(Language::from_locale(""), Language::En);
    }
}
