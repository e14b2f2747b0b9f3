//! Why an assertion does not count: a closed list, each with its code and its words.

use zerotrip_proto::Refusal;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_text::{Bilingual, cut};

/// Why an assertion does not count. None has a claim of the person in it.
#[expect(missing_docs, reason = "the words say it")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    // The request.
    Missing,
    NotAsked,
    OtherAssertion,
    List,
    // The token's form.
    TooLarge,
    NotCompact,
    Base64,
    Json,
    Twice,
    HeaderMember(String),
    Type,
    Algorithm(String),
    Claim(&'static str),
    // Who signed it, for whom.
    UnknownIssuer,
    NotTrustedNow,
    UnknownKey,
    OtherAlgorithm,
    BadSignature,
    Audience,
    // What it shows.
    Expired,
    NotYet,
    NotIdentified,
    TooLongAgo,
    OtherRequest,
    NoLevel,
    UnknownLevel,
    TooLow,
    OtherPerson,
}

impl Fault {
    /// The code that is refused with.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Missing | Self::List => ErrorCode::IdentityRequired,
            Self::NotAsked => ErrorCode::InvalidParameter,
            Self::OtherAssertion => ErrorCode::Malformed,
            Self::TooLarge
            | Self::NotCompact
            | Self::Base64
            | Self::Json
            | Self::Twice
            | Self::HeaderMember(_)
            | Self::Type
            | Self::Algorithm(_)
            | Self::Claim(_)
            | Self::UnknownIssuer
            | Self::NotTrustedNow
            | Self::UnknownKey
            | Self::OtherAlgorithm
            | Self::BadSignature
            | Self::Audience => ErrorCode::IdentityInvalid,
            Self::Expired
            | Self::NotYet
            | Self::NotIdentified
            | Self::TooLongAgo
            | Self::OtherRequest
            | Self::NoLevel
            | Self::UnknownLevel
            | Self::TooLow
            | Self::OtherPerson => ErrorCode::IdentityInsufficient,
        }
    }

    /// What is so.
    pub fn words(&self) -> Bilingual {
        let (en, zh) = match self {
            Self::Missing => (
                "the check asks that the person was identified, and the request brings no \
                 assertion",
                "该核验事项要求当事人已经身份核验，而请求未附身份核验结果",
            ),
            Self::NotAsked => (
                "the request brings an identity assertion, and what it asks needs none; send none",
                "请求附有身份核验结果，而所查事项并不需要；请勿提交",
            ),
            Self::OtherAssertion => (
                "the identity assertion of the call is not the one that the signed request names",
                "随请求送来的身份核验结果并非签名请求所指的结果",
            ),
            Self::List => (
                "the check asks that the person was identified, and of a list nobody was; ask \
                 about each person alone",
                "该核验事项要求当事人已经身份核验，批量名单不能满足；请逐人核验",
            ),
            Self::TooLarge => ("the token is over 8 KiB", "令牌超过 8 KiB"),
            Self::NotCompact => (
                "the token is not a JWS in compact form, three parts with two dots",
                "令牌不是紧凑格式的 JWS（三段，以点号分隔）",
            ),
            Self::Base64 => (
                "a part of the token is not base64url without padding",
                "令牌的某一段不是无填充的 base64url",
            ),
            Self::Json => {
                ("a part of the token is not a JSON object", "令牌的某一段不是 JSON 对象")
            }
            Self::Twice => ("a name appears twice in the token", "令牌中有重复的成员名"),
            Self::HeaderMember(name) => {
                let name = cut(name);
                return Bilingual::new(
                    format!("the token's header has `{name}`, which is not understood here"),
                    format!("令牌头部含有 `{name}`，此处不予识别"),
                );
            }
            Self::Type => ("the token's `typ` is not `JWT`", "令牌的 `typ` 不是 `JWT`"),
            Self::Algorithm(name) => {
                let name = cut(name);
                return Bilingual::new(
                    format!(
                        "the token's `alg` is `{name}`: ES256, EdDSA, Ed25519, RS256 or PS256 \
                         counts"
                    ),
                    format!(
                        "令牌的 `alg` 为 `{name}`；仅认可 ES256、EdDSA、Ed25519、RS256 和 PS256"
                    ),
                );
            }
            Self::Claim(name) => {
                return Bilingual::new(
                    format!("the token's `{name}` is missing or not of its form"),
                    format!("令牌缺少 `{name}`，或其格式不符"),
                );
            }
            Self::UnknownIssuer => (
                "the token's `iss` is not a provider that the authority trusts",
                "令牌的 `iss` 不是数据主管部门信任的身份核验机构",
            ),
            Self::NotTrustedNow => (
                "the authority's trust in the provider has not begun or has ended",
                "数据主管部门对该身份核验机构的信任尚未生效或已到期",
            ),
            Self::UnknownKey => (
                "the token's `kid` is not a key of the provider that the authority trusts",
                "令牌的 `kid` 不是数据主管部门所信任的该机构密钥",
            ),
            Self::OtherAlgorithm => (
                "the token's `alg` is not the algorithm of the key that it names",
                "令牌的 `alg` 与其所指密钥的算法不符",
            ),
            Self::BadSignature => ("the token's signature does not verify", "令牌的签名验证未通过"),
            Self::Audience => (
                "the token was not made for this system alone, by `aud` and `azp`",
                "依 `aud` 和 `azp`，令牌并非仅向本系统签发",
            ),
            Self::Expired => ("the token has expired", "令牌已过期"),
            Self::NotYet => ("a time of the token is to come", "令牌所载时间尚未到来"),
            Self::NotIdentified => (
                "the token does not say when the person was identified (`auth_time`)",
                "令牌未载明身份核验时间（`auth_time`）",
            ),
            Self::TooLongAgo => (
                "the person was identified longer ago than the check allows",
                "身份核验距今已超过该核验事项允许的时间",
            ),
            Self::OtherRequest => (
                "the token's `nonce` is not this request's: an assertion serves one request",
                "令牌的 `nonce` 并非本次请求的；每份身份核验结果仅可用于一次请求",
            ),
            Self::NoLevel => (
                "the token does not say at which level the person was identified (`acr`)",
                "令牌未载明身份核验级别（`acr`）",
            ),
            Self::UnknownLevel => (
                "the token's `acr` is not one that the authority gave a level",
                "数据主管部门未为令牌的 `acr` 规定级别",
            ),
            Self::TooLow => (
                "the person was identified at a lower level than the check asks",
                "身份核验级别低于该核验事项的要求",
            ),
            Self::OtherPerson => (
                "the token does not show that the person of the request was identified",
                "令牌不能证明所核验的是请求所指的当事人",
            ),
        };
        Bilingual::new(en, zh)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let Bilingual { en, zh } = fault.words();
        Self::bilingual(fault.code(), en, zh)
    }
}
