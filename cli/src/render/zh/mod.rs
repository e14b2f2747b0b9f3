//! Chinese for what the libraries below say in English: the faults that people meet at a screen,
//! and the names that stand in answers. Whatever is not here keeps its English words behind a
//! Chinese beginning. Nothing here is ever signed or printed as JSON's keys.

mod authority;

use std::io::{self, ErrorKind};

use zerotrip_certificates::CertificateError;
use zerotrip_certificates::sdjwt::SdJwtError;
use zerotrip_channel::files::FileError;
use zerotrip_channel::{DialError, HomeError};
use zerotrip_proto::Refusal;
use zerotrip_proto::bounds::TEXT_CHARS;
use zerotrip_proto::v1::KeyUsage;
use zerotrip_trust::directory::DirectoryError;
use zerotrip_trust::invitation::InvitationError;
use zerotrip_trust::note::SeenLogError;

use zerotrip_client::audit::AuditError;
use zerotrip_client::request::RequestError;
use zerotrip_client::{SeenError, SessionError};

pub(crate) use authority::{authority, publish, status};

/// What the hub refuses, by whom its operator can look it up.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    let seek = match refusal.reference.as_str() {
        "" => String::new(),
        seek => format!("（运营方可据此查询：{}）", reference(seek)),
    };
    format!("枢纽拒绝：{} [{}]{seek}", refusal.zh, refusal.code.name())
}

/// Why asking or issuing failed.
pub(crate) fn session(error: &SessionError) -> String {
    match error {
        SessionError::Refused(why) => refusal(why),
        SessionError::Reply(why) => {
            format!("枢纽的答复未通过验证，请勿据此办理，并告知数据主管部门：{why}")
        }
        SessionError::Certificate(_) | SessionError::Seal(_) => format!("未能签发证明：{error}"),
        SessionError::Silent => "枢纽未在限时内答复，请稍后再试".to_owned(),
        SessionError::Dial(why) => dial(why),
        SessionError::Tls(_) => {
            "枢纽出示的证书已因重新登记而失效：其旧密钥可能在他人手中，请联系主管部门".to_owned()
        }
        SessionError::Connection(why) => format!("与枢纽的连接中断，请重试：{why}"),
        SessionError::Request(why) => format!("请求填写有误：{}", request(why)),
        SessionError::Home(why) => home(why),
        SessionError::Seen(why) => seen(why),
        SessionError::Directory(why) => directory(why),
        SessionError::NoDirectory => {
            "枢纽还没有密钥目录；请数据主管部门执行 `zerotrip authority refresh` 发布".to_owned()
        }
        SessionError::UnknownCheck { check, variant } => {
            format!("目录中没有核验事项 `{check}/{variant}`；可用 `zerotrip catalog list` 查看")
        }
        SessionError::Definition(why) => format!("核验定义有误：{why}"),
        SessionError::File(why) => format!("证明文件无法写入（未登记任何内容）：{}", file(why)),
        SessionError::NotPlaced { exchange, part, error: why } => {
            format!(
                "证明已登记（交换编号 {exchange}），现存于 \
                 `{}`，但未能改为指定文件名：{why}；请自行移动该文件",
                part.display()
            )
        }
        SessionError::Unconfirmed { exchange, part, why } => format!(
            "尚不能确定证明是否已登记（交换编号 {exchange}）：{}。证明暂存于 \
             `{}`；经审计确认台账中有其登记后方可使用，否则请删除并重新签发",
            session(why),
            part.display()
        ),
    }
}

/// A file, and why it could not be read or written.
pub(crate) fn file(error: &FileError) -> String {
    let path = error.path.display();
    if error.is_no_folder() {
        return format!("`{path}` 是文件，而此处应为目录：请改用目录路径，或先移走该文件");
    }
    format!("`{path}`：{}", io(&error.error))
}

pub(super) fn io(error: &io::Error) -> String {
    let known = match error.kind() {
        ErrorKind::NotFound => "该文件或其所在目录不存在",
        ErrorKind::PermissionDenied => "没有访问权限",
        ErrorKind::AlreadyExists => "已经存在，不会被覆盖；请另选文件名",
        ErrorKind::IsADirectory => "是目录，而此处应为文件；请指明其中的文件",
        ErrorKind::StorageFull => "磁盘空间不足",
        ErrorKind::ConnectionRefused => "连接被拒绝",
        _ => return error.to_string(),
    };
    known.to_owned()
}

/// A request that was not sent.
pub(crate) fn request(error: &RequestError) -> String {
    match error {
        RequestError::Field { field } => format!("{field}：请填写 1 至 {TEXT_CHARS} 个字符"),
        RequestError::Invisible { field, place, character } => {
            format!(
                "{field}：第 {place} 个字符是不可见字符 U+{:04X}，不得使用；请重新键入，不要粘贴",
                u32::from(*character)
            )
        }
        RequestError::Twice(name) => format!("参数 `{name}` 重复"),
        RequestError::Parameter(error) => error.zh(),
        RequestError::Sign(why) => format!("无法签名：{why}"),
    }
}

/// A log that is not the one seen before.
fn seen_log(error: &SeenLogError) -> String {
    match error {
        SeenLogError::Shrunk { seen, now } => {
            format!("台账变短：上次所见 {seen} 条，现有 {now} 条")
        }
        SeenLogError::Forked(size) => format!("台账与上次所见不同：前 {size} 条已被改写"),
    }
}

/// A ledger that is not whole.
pub(crate) fn audit(error: &AuditError) -> String {
    match error {
        AuditError::Unreadable(index) => format!("台账第 {index} 条无法读取"),
        AuditError::NotCommitted(index) => {
            format!("枢纽所称台账第 {index} 条的内容与该条的承诺不符")
        }
        AuditError::Withheld(index) => {
            format!("枢纽未向数据主管部门公开台账第 {index} 条，而其有权阅读全部记录")
        }
        AuditError::WithoutIntent { index, exchange, intent } => {
            format!(
                "台账第 {index} 条是交换 `{exchange}` 的办结记录，但第 {intent} \
                 条并非其未办结的受理记录"
            )
        }
        AuditError::WrongSize { expected, found } => {
            format!("签名的台账头称有 {expected} 条，实际有 {found} 条")
        }
        AuditError::WrongRoot => "各条记录算不出签名的根：其中有记录被改动".to_owned(),
        AuditError::Seen(error) => seen_log(error),
        AuditError::KeptHead => "上次所见的台账头无法读取；如需重新开始请将该文件移走".to_owned(),
    }
}

/// An answer of a hub that was set back.
pub(crate) fn seen(error: &SeenError) -> String {
    match error {
        SeenError::Ledger(error) => format!(
            "验证未通过：{}；请勿据此办理，并告知数据主管部门；仅当其确认枢纽曾恢复备份时，\
             方可移走本系统目录中的 `ledger-seen.note`",
            seen_log(error)
        ),
        SeenError::OlderDirectory { found, known } => {
            format!(
                "验证未通过：枢纽依据密钥目录第 {found} 版作出决定，而此处已见第 {known} \
                 版，枢纽曾被退回；请勿据此办理"
            )
        }
        SeenError::Kept { path, error } => format!("`{path}`：{}", audit(error)),
        SeenError::OtherLog { path, kept, asked } => {
            format!("`{path}` 属于台账 `{kept}`，并非 `{asked}`；如需重新开始请将其移走")
        }
        SeenError::NotKept(error) => format!(
            "无法保存所见的台账头：{}；本次答复不作数，请确保本系统目录可写后重新查询",
            file(error)
        ),
        SeenError::File(error) => format!("无法读取所保存的台账头：{}", file(error)),
    }
}

/// A system's folder.
pub(crate) fn home(error: &HomeError) -> String {
    match error {
        HomeError::NotJoined(folder) => {
            format!("`{folder}` 中没有接入身份；请先用数据主管部门的邀请执行 `join`")
        }
        HomeError::File(error) => file(error),
        HomeError::Content { path, why } => format!("`{path}` 内容有误：{why}"),
        HomeError::Directory(error) => directory(error),
        HomeError::Dial(error) => dial(error),
        HomeError::Ended { uri, ended } => format!(
            "`{uri}` 的 TLS 证书已于 {ended}（按本机时钟）到期；请执行 `renew` \
             申请续期，由数据主管部门执行 `zerotrip member renew` \
             办理（主管部门自身的证书：`zerotrip authority renew`）"
        ),
        HomeError::Renewal(error) => format!("证书未能续期：{error}"),
        HomeError::NoDirectory => "枢纽没有给出密钥目录".to_owned(),
        HomeError::Refused(refusal) => format!("枢纽拒绝：{}", refusal.zh),
        HomeError::Connection(error) => format!("与枢纽的连接中断：{error}"),
    }
}

/// A key directory.
pub(crate) fn directory(error: &DirectoryError) -> String {
    match error {
        DirectoryError::Another(version) => {
            format!(
                "主管部门此前已签发另一份第 {version} 版密钥目录；请其执行 `zerotrip authority \
                 refresh` 发布更新的版本"
            )
        }
        DirectoryError::RolledBack { found, at_least } => {
            format!("密钥目录第 {found} 版早于现行的第 {at_least} 版")
        }
        DirectoryError::Expired(version) => {
            format!("密钥目录第 {version} 版已过期；请数据主管部门重新发布")
        }
        DirectoryError::NotYetValid(version) => {
            format!("密钥目录第 {version} 版的签发时间在将来；请核对双方时钟")
        }
        DirectoryError::Envelope(why) => format!("密钥目录不可信：{why}"),
        DirectoryError::Faults(_) => format!("密钥目录不可用：{error}"),
    }
}

/// A hub that cannot be reached.
pub(crate) fn dial(error: &DialError) -> String {
    match error {
        DialError::Address(address) => {
            format!("`{address}` 不是枢纽地址；请写作 `https://<主机>:<端口>`")
        }
        DialError::Connect { address, error } => {
            format!("无法连接 {address}（{}）；请确认枢纽在该处运行", io(error))
        }
        DialError::Tls { address, error } => {
            format!("无法确认 {address} 就是所要连接的枢纽：{error}")
        }
        DialError::Timeout(address) => format!("{address} 在 5 秒内没有应答"),
    }
}

/// An invitation that cannot be used.
pub(crate) fn invitation(error: &InvitationError) -> String {
    match error {
        InvitationError::NotOne => "这不是邀请，或超出长度；请完整复制".to_owned(),
        InvitationError::Damaged => "邀请已损坏；请完整复制，或索取新的邀请".to_owned(),
        InvitationError::Wrong(part) => format!("邀请中的 {part} 有误；请索取新的邀请"),
    }
}

/// A certificate that counts for nothing.
pub(crate) fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Token(error) => token(error),
        CertificateError::Keys(error) => format!("公钥集中没有可用的公钥：{error}"),
        CertificateError::SealKey { key_id, why } => format!("签章公钥 `{key_id}` 不可用：{why}"),
        CertificateError::WrongIssuer { stated, holder } => {
            format!("证明称由 `{stated}` 签发，但公钥属于 `{holder}`")
        }
        CertificateError::Claim(name) => format!("证明中的 `{name}` 缺失或形式不符"),
        CertificateError::TypeMismatch { vct, check } => {
            format!("类型为 `{vct}` 的证明不能用于核验事项 `{check}`")
        }
        CertificateError::Evidence(error) => format!("枢纽的交换证据未通过验证：{error}"),
        CertificateError::NotAffirmed => "其中枢纽的答复并非“符合”".to_owned(),
        CertificateError::Contradiction(name) => format!("证明中的 `{name}` 与枢纽的答复不一致"),
        CertificateError::IssuedBeforeAnswer => "证明的签发时间早于枢纽的答复".to_owned(),
        CertificateError::IssuedTooLate => "证明在枢纽答复一小时以后才签发".to_owned(),
        CertificateError::ValidTooLong => "证明的有效期超过枢纽答复所许".to_owned(),
        CertificateError::Surplus(name) => format!("证明中有 `{name}`，而枢纽的答复中没有"),
        CertificateError::NotAllowed => {
            "枢纽的答复不允许据此开具证明：提问单位没有开具证明的授权".to_owned()
        }
        CertificateError::Terms(error) => format!("证明未能打开枢纽所固定的内容：{error}"),
        CertificateError::OtherDisclosure(name) => {
            format!("所出示的 `{name}` 不是枢纽答复所针对的")
        }
        CertificateError::OtherWithheld => "未出示的内容与枢纽答复所针对的不一致".to_owned(),
    }
}

fn token(error: &SdJwtError) -> String {
    let known = match error {
        SdJwtError::NotCompact => "这不是电子证明文件，应形如 `<签名部分>~<披露项>~…~`；请完整复制",
        SdJwtError::BadSignature => "签章未通过验证：证明被改动，或并非该签发单位所签",
        SdJwtError::Unreferenced => "有披露项系伪造，或属于另一份证明",
        SdJwtError::DisclosedTwice => "有披露项重复",
        SdJwtError::NotYetValid => "证明尚未生效；请核对本机时钟",
        SdJwtError::Expired => "证明已过期；请向签发单位索取新的证明",
        SdJwtError::BadTimes => "证明的时间自相矛盾：失效早于生效",
        _ => return format!("证明格式有误：{error}"),
    };
    known.to_owned()
}

/// The names of claims, parameters and disclosures; another name as it is.
pub(crate) fn name(name: &str) -> &str {
    match name {
        "check" => "核验事项",
        "variant" => "核验范围",
        "region" | "regions" => "地区",
        "asked_at" => "核验时间",
        "former_numbers" => "曾用号码",
        "applicant" => "申请人",
        "purpose" => "用途",
        "case_number" => "办件号",
        "request" => "签名的请求",
        other => other,
    }
}

/// The same in English.
pub(crate) fn name_en(name: &str) -> &str {
    match name {
        "regions" => "region",
        "asked_at" => "asked at",
        "former_numbers" => "former numbers",
        "case_number" => "case",
        "request" => "the signed request",
        other => other,
    }
}

/// What a key is for.
pub(crate) fn usage(usage: KeyUsage) -> &'static str {
    match usage {
        KeyUsage::Sign => "签名",
        KeyUsage::Approve => "审批",
        KeyUsage::Seal => "签章",
        KeyUsage::Checkpoint => "台账",
        KeyUsage::Unspecified => "用途不明",
    }
}

/// Where the operator finds more: the hub writes it in English.
pub(crate) fn reference(reference: &str) -> String {
    let entry = reference.strip_prefix("ledger entry ").and_then(|rest| rest.split_once(", salt "));
    entry.map_or_else(
        || reference.to_owned(),
        |(index, salt)| format!("存证台账第 {index} 条，盐值 {salt}"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::PathBuf;

    use zerotrip_datasets::{ParameterError, ResidentId};

    use super::*;
    use crate::render::Failure;
    use zerotrip_authority::AuthorityError;

    /// What a user types stands in back-ticks, and options are words of the command: the rest must
    /// be Chinese.
    fn is_chinese(text: &str) -> bool {
        let said: String = text.split('`').step_by(2).collect();
        let words = said.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 2);
        words.filter(|word| !["case", "param"].contains(word)).count() == 0
    }

    #[test]
    fn what_people_meet_is_said_in_chinese() {
        for id in [
            "1",
            "110105491231002",
            "1101051949123100X2",
            "11010519491331002X",
            "110105194912310021",
        ] {
            let why = ResidentId::new_strict(id).unwrap_err();
            let error = ParameterError { name: "applicant".into(), why };
            let said = request(&RequestError::Parameter(error));
            assert!(is_chinese(&said), "{said}");
        }
        for error in [
            RequestError::Field { field: "--case" },
            RequestError::Invisible { field: "--case", place: 2, character: '\u{202e}' },
            RequestError::Twice("applicant".into()),
        ] {
            assert!(is_chinese(&request(&error)), "{error}");
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
            assert!(is_chinese(&audit(&error)), "{error}");
        }
        for kind in [
            ErrorKind::NotFound,
            ErrorKind::PermissionDenied,
            ErrorKind::AlreadyExists,
            ErrorKind::NotADirectory,
        ] {
            let said = file(&FileError { path: PathBuf::from("where"), error: kind.into() });
            assert!(is_chinese(&said) && said.contains("`where`"), "{said}");
        }
        for error in [
            SdJwtError::NotCompact,
            SdJwtError::BadSignature,
            SdJwtError::Expired,
            SdJwtError::NotYetValid,
        ] {
            assert!(is_chinese(&certificate(&error.clone().into())), "{error}");
        }
        assert!(is_chinese(&home(&HomeError::NotJoined("x".into()))));
        for error in [
            AuthorityError::GrantThere("g".into()),
            AuthorityError::NoGrant("g".into()),
            AuthorityError::Life,
        ] {
            let said = Failure::from(error).zh;
            assert!(is_chinese(&said), "{said}");
        }
        for claim in [
            "check",
            "variant",
            "regions",
            "asked_at",
            "former_numbers",
            "applicant",
            "purpose",
            "case_number",
            "request",
        ] {
            assert!(is_chinese(name(claim)), "{claim}");
        }
        assert_eq!(reference("ledger entry 41, salt 1ecc"), "存证台账第 41 条，盐值 1ecc");
        assert_eq!(reference("elsewhere"), "elsewhere");
    }
}
