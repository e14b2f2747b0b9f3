//! What the reader of a code can do about it.

use crate::v1::ErrorCode;

/// One instruction, in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// In English.
    pub en: &'static str,
    /// In Chinese.
    pub zh: &'static str,
}

impl Remedy {
    const fn new(en: &'static str, zh: &'static str) -> Self {
        Self { en, zh }
    }
}

impl ErrorCode {
    /// What a requester can do about the code that it gets ([`Self::as_told`]): the same for all
    /// codes that it cannot tell apart. A text that came with the code can name a more exact one.
    pub fn remedy(self) -> Remedy {
        match self.as_told() {
            Self::Malformed | Self::TooLarge | Self::InvalidParameter => {
                Remedy::new("correct the request", "请更正请求内容")
            }
            Self::WrongAudience => Remedy::new(
                "ask the hub that the system's folder names",
                "请向本系统目录所指的枢纽提出请求",
            ),
            Self::NotYetValid | Self::Expired => Remedy::new(
                "compare this machine's clock with the hub's, then ask again",
                "请核对本机与枢纽的时钟，然后重新请求",
            ),
            Self::Replayed => Remedy::new("sign a new request", "请重新签发请求"),
            Self::UnknownName => Remedy::new(
                "compare the name with what there is; `zerotrip catalog list` shows checks and \
                 datasets",
                "请核对名称；核验事项和数据集见 `zerotrip catalog list`",
            ),
            Self::NotIssuable => Remedy::new(
                "ask the check again, and issue on that answer within an hour",
                "请重新核验，并在一小时内据该答复签发",
            ),
            Self::Unauthenticated => Remedy::new(
                "use the folder of the system's newest admission; without one, join with the \
                     authority's invitation",
                "请使用该系统最近一次获准接入的目录；如尚未接入，请先凭数据主管部门的邀请接入",
            ),
            Self::BadSignature | Self::SignerMismatch | Self::InvalidToken => Remedy::new(
                "ask the data authority whether this system's keys and invitation are in force",
                "请向数据主管部门核实本系统的密钥和邀请是否有效",
            ),
            Self::PolicyDenied => Remedy::new(
                "ask the data authority for a grant that covers this request",
                "请向数据主管部门申请覆盖该请求的授权",
            ),
            Self::MemberSuspended => Remedy::new(
                "ask the data authority why this system or its member is not active",
                "请向数据主管部门了解本系统或本单位为何停用",
            ),
            Self::AdminOnly => Remedy::new(
                "have an administrator of the data authority do it",
                "请由数据主管部门的管理员执行",
            ),
            Self::VariantLimit => Remedy::new(
                "ask what was asked before, or have the authority grant more with \
                 `--variants-per-subject`",
                "请查询此前已查询的范围，或由数据主管部门以 `--variants-per-subject` 放宽授权",
            ),
            Self::StaleBundle => Remedy::new(
                "have the authority publish with `zerotrip authority refresh`",
                "请数据主管部门执行 `zerotrip authority refresh` 发布",
            ),
            Self::Unsettled => Remedy::new(
                "ask again after the register's next update; if it stays so, the person concerned \
                 can ask its department by the number of the exchange",
                "请在该登记下次更新后重试；如仍如此，请当事人凭交换编号向该数据源的主管部门查询",
            ),
            Self::GateRefused
            | Self::GrantReused
            | Self::KeyWithoutOrigin
            | Self::SourceStale
            | Self::SourceImplausible
            | Self::StatementContradicted
            | Self::SourceDrift
            | Self::Misconfigured => {
                Remedy::new("its department must look at it", "需数据提供部门处理")
            }
            Self::SourceUnreachable
            | Self::SourceTimeout
            | Self::SourceTruncated
            | Self::SourceLimit
            | Self::SourceFailed
            | Self::LedgerUnavailable => Remedy::new(
                "ask again in a few minutes, and tell the hub's operator if it stays so",
                "请数分钟后重试，如持续出现请联系枢纽运维人员",
            ),
            Self::Overloaded => Remedy::new("ask again in a minute", "请一分钟后重试"),
            // Those that are reported as `Unsettled` do not come here.
            _ => Remedy::new(
                "tell the hub's operator, with the time of the request",
                "请联系枢纽运维人员，并说明请求时间",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_told_alike_have_one_remedy_and_every_code_has_one() {
        for number in 0..1000 {
            let Ok(code) = ErrorCode::try_from(number) else { continue };
            let Remedy { en, zh } = code.remedy();
            assert_eq!(code.remedy(), code.as_told().remedy(), "{code:?}");
            let one_instruction = !en.is_empty() && !en.ends_with('.') && !zh.ends_with('。');
            assert!(one_instruction && zh.contains(['请', '需']), "{code:?}: {en} / {zh}");
        }
    }
}
