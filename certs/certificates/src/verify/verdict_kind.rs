//! The kinds of verdicts, and what programs, people and doors call them.

use serde::{Deserialize, Serialize};

use super::judge::Verdict;
use crate::status::StatusValue;

/// A verdict without its particulars.
#[expect(missing_docs, reason = "as those of `Verdict`")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    Valid,
    Revoked,
    Suspended,
    Superseded,
    Expired,
    #[serde(rename = "not-yet")]
    NotYetValid,
    UnknownStatus,
    WrongPurpose,
    WrongProfile,
    NotHolder,
}

impl VerdictKind {
    /// Its word for programs, the same in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => StatusValue::Valid.word(),
            Self::Revoked => StatusValue::Revoked.word(),
            Self::Suspended => StatusValue::Suspended.word(),
            Self::Superseded => StatusValue::Superseded.word(),
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet",
            Self::UnknownStatus => "unknown-status",
            Self::WrongPurpose => "wrong-purpose",
            Self::WrongProfile => "wrong-profile",
            Self::NotHolder => "not-holder",
        }
    }

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Valid => StatusValue::Valid.zh(),
            Self::Revoked => StatusValue::Revoked.zh(),
            Self::Suspended => StatusValue::Suspended.zh(),
            Self::Superseded => StatusValue::Superseded.zh(),
            Self::Expired => "已过有效期",
            Self::NotYetValid => "尚未生效",
            Self::UnknownStatus => "状态未知",
            Self::WrongPurpose => "用途不符",
            Self::WrongProfile => "规范不符",
            Self::NotHolder => "不能证明出示人就是持有人",
        }
    }
}

impl Verdict {
    /// Which kind it is.
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::Valid => VerdictKind::Valid,
            Self::Revoked => VerdictKind::Revoked,
            Self::Suspended => VerdictKind::Suspended,
            Self::Superseded => VerdictKind::Superseded,
            Self::Expired => VerdictKind::Expired,
            Self::NotYetValid => VerdictKind::NotYetValid,
            Self::UnknownStatus(_) => VerdictKind::UnknownStatus,
            Self::WrongPurpose { .. } => VerdictKind::WrongPurpose,
            Self::NotHolder(_) => VerdictKind::NotHolder,
            Self::WrongProfile { .. } => VerdictKind::WrongProfile,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn in_json_a_verdict_is_its_word() {
        for kind in [
            VerdictKind::Valid,
            VerdictKind::Revoked,
            VerdictKind::Suspended,
            VerdictKind::Superseded,
            VerdictKind::Expired,
            VerdictKind::NotYetValid,
            VerdictKind::UnknownStatus,
            VerdictKind::WrongPurpose,
            VerdictKind::WrongProfile,
            VerdictKind::NotHolder,
        ] {
            let text = serde_json::to_string(&kind).unwrap();
            assert_eq!(text, format!("\"{}\"", kind.word()));
            assert_eq!(serde_json::from_str::<VerdictKind>(&text).unwrap(), kind);
        }
    }
}
