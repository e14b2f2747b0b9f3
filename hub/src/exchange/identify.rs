//! Which member asks? The TLS peer and the signer must be systems of one member; the signature is
//! over the exact bytes, and the algorithm is the registered key's.

use std::time::SystemTime;

use zerotrip_proto::v1::{Envelope, ErrorCode, Request, SubjectList};
use zerotrip_proto::{Refusal, bounds, from_timestamp};
use zerotrip_trust::identity::{Identity, is_term};

use crate::state::InForce;

/// A request whose signature, audience and times hold.
pub struct Identified {
    /// As signed.
    pub envelope: Envelope,
    /// What it says.
    pub request: Request,
    /// The member that asks.
    pub member: String,
    /// When it lapses.
    pub expires_at: SystemTime,
    /// Of a request about many: whom it is about, as its caller says.
    pub subjects: SubjectList,
    /// That its person was identified, as its caller says; empty where it says nothing.
    pub assertion: String,
}

/// Verifies a request to the hub of that URI, or says what is wrong with it.
pub fn identify(
    hub: &str,
    in_force: &InForce,
    envelope: Envelope,
    peer: &Identity,
    now: SystemTime,
) -> Result<Identified, Refusal> {
    if in_force.directory.expires_at() <= now {
        return Err(Refusal::bilingual(
            ErrorCode::StaleBundle,
            "the key directory has expired; the authority must publish a new one",
            "密钥目录已过期；请数据主管部门重新发布",
        ));
    }
    let (request, holder) = in_force
        .directory
        .open_signed::<Request>(&envelope, now)
        .map_err(|error| Refusal::new(error.code(), format!("request: {error}")))?;
    if holder.member.is_none() || holder.member.as_deref() != peer.member() {
        return Err(Refusal::bilingual(
            ErrorCode::SignerMismatch,
            "the signer and the TLS peer belong to different members",
            "签名方与连接方不属于同一单位",
        ));
    }
    if request.issuer != holder.uri {
        return Err(Refusal::bilingual(
            ErrorCode::SignerMismatch,
            "the request names another system than the one that signed it",
            "请求所称系统并非签名的系统",
        ));
    }
    if request.audience != hub {
        return Err(Refusal::bilingual(
            ErrorCode::WrongAudience,
            format!("this hub is `{hub}`; the request is for another"),
            format!("本枢纽是 `{hub}`，请求是发给另一枢纽的"),
        ));
    }
    let expires_at = check_times(&request, now)?;
    check_texts(&request)?;
    let member = holder.member.clone().unwrap_or_default();
    let (subjects, assertion) = (SubjectList::default(), String::new());
    Ok(Identified { envelope, request, member, expires_at, subjects, assertion })
}

fn check_times(request: &Request, now: SystemTime) -> Result<SystemTime, Refusal> {
    let issued = required_time(request.issued_at.as_ref(), "issued_at")?;
    let expires = required_time(request.expires_at.as_ref(), "expires_at")?;
    if issued > now + bounds::CLOCK_SKEW {
        return Err(Refusal::bilingual(
            ErrorCode::NotYetValid,
            "the request was issued in the future; set the clock of the asking system",
            "请求的签发时间在将来；请校准请求方时钟",
        ));
    }
    if expires <= now {
        return Err(Refusal::bilingual(
            ErrorCode::Expired,
            "the request has expired; sign a new one, and compare clocks if it was just signed",
            "请求已过期；请重新签发，如系刚刚签发请核对时钟",
        ));
    }
    if expires.duration_since(issued).map_or(true, |life| life > bounds::REQUEST_LIFE) {
        return Err(Refusal::bilingual(
            ErrorCode::Expired,
            "the request would live for more than five minutes; shorten expires_at",
            "请求的有效期超过五分钟；请缩短 expires_at",
        ));
    }
    Ok(expires)
}

fn check_texts(request: &Request) -> Result<(), Refusal> {
    let malformed = |en: String, zh: String| Err(Refusal::bilingual(ErrorCode::Malformed, en, zh));
    let id = uuid::Uuid::try_parse(&request.id);
    let canonical = id
        .as_ref()
        .is_ok_and(|id| id.get_version_num() == 7 && id.hyphenated().to_string() == request.id);
    if !canonical {
        return malformed(
            "`id` must be a UUIDv7 in its usual lower-case form (RFC 9562)".into(),
            "`id` 必须是小写的 UUIDv7（RFC 9562）".into(),
        );
    }
    let fields = [
        ("official", &request.official),
        ("service_item", &request.service_item),
        ("purpose", &request.purpose),
        ("legal_basis", &request.legal_basis),
        ("case_number", &request.case_number),
    ];
    for (name, text) in fields {
        if !is_term(text) {
            let most = bounds::TEXT_CHARS;
            return malformed(
                format!(
                    "`{name}` is mandatory: 1 to {most} characters, none of them invisible, no blanks at the ends"
                ),
                format!("`{name}` 必填：1 至 {most} 个字符，不得含不可见字符，首尾不得有空格"),
            );
        }
    }
    Ok(())
}

/// A time that a message must carry.
pub fn required_time(
    time: Option<&prost_types::Timestamp>,
    field: &str,
) -> Result<SystemTime, Refusal> {
    from_timestamp(time).ok_or_else(|| {
        Refusal::bilingual(
            ErrorCode::Malformed,
            format!("`{field}` is missing or not a time"),
            format!("`{field}` 缺失或不是时间"),
        )
    })
}
