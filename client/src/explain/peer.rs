//! Errors of the channel and of keys: files, folders, addresses, refusals, invitations.

use std::io::{self, ErrorKind};

use zerotrip_channel::files::FileError;
use zerotrip_channel::{DialError, HomeError, JoinError};
use zerotrip_proto::Refusal;
use zerotrip_text::Failure;
use zerotrip_trust::directory::DirectoryError;
use zerotrip_trust::invitation::InvitationError;

/// What the hub refuses, by the code and the place where its operator can look it up. The remedy is
/// the one that the hub wrote behind what happened, else that of the code.
pub fn refusal(refusal: &Refusal) -> Failure {
    let (en, zh) = match refusal.reference.as_str() {
        "" => (String::new(), String::new()),
        seek => (
            format!(" (the operator finds more under {seek})"),
            format!("（运营方可据此查询：{}）", reference(seek)),
        ),
    };
    let (name, remedy) = (refusal.code.name(), refusal.code.remedy());
    Failure::of_sentences(&refusal.en, &refusal.zh)
        .within("the hub refuses: ", "枢纽拒绝：")
        .and(&format!(" [{name}]{en}"), &format!(" [{name}]{zh}"))
        .or_remedy(remedy.en, remedy.zh)
}

/// Where the operator finds more: the hub writes it in English.
fn reference(reference: &str) -> String {
    let entry = reference.strip_prefix("ledger entry ").and_then(|rest| rest.split_once(", salt "));
    entry.map_or_else(
        || reference.to_owned(),
        |(index, salt)| format!("存证台账第 {index} 条，盐值 {salt}"),
    )
}

/// A file, and why it could not be read or written.
pub fn file(error: &FileError) -> Failure {
    let path = error.path.display();
    if error.is_no_folder() {
        return Failure::new(error.to_string(), format!("`{path}` 是文件，而此处应为目录")).remedy(
            "give the path of a folder, or move the file away",
            "请改用目录路径，或先移走该文件",
        );
    }
    io(&error.error).within(&format!("`{path}`: "), &format!("`{path}`："))
}

/// What the operating system, or a check before it, says of a file.
pub fn io(error: &io::Error) -> Failure {
    let en = error.to_string();
    match error.kind() {
        // Of a place for a new file: its folder.
        ErrorKind::NotFound if error.get_ref().is_some() => {
            Failure::new(en, "其所在目录不存在").remedy("make it first", "请先建立该目录")
        }
        ErrorKind::NotFound => {
            Failure::new(en, "该文件或其所在目录不存在").remedy("check the path", "请核对路径")
        }
        ErrorKind::PermissionDenied => Failure::new(en, "没有访问权限")
            .remedy("give this account access to it", "请授予当前账户访问权限"),
        ErrorKind::AlreadyExists => {
            Failure::new(en, "已经存在，不会被覆盖").remedy("choose another file", "请另选文件名")
        }
        ErrorKind::IsADirectory => Failure::new(en, "是目录，而此处应为文件")
            .remedy("name a file in it", "请指明其中的文件"),
        ErrorKind::StorageFull => {
            Failure::new(en, "磁盘空间不足").remedy("free space on the disk", "请清理磁盘空间")
        }
        ErrorKind::ConnectionRefused => Failure::new(en, "连接被拒绝"),
        _ => Failure::new(en.clone(), en),
    }
}

/// A system's folder.
pub fn home(error: &HomeError) -> Failure {
    let en = error.to_string();
    match error {
        HomeError::NotJoined(folder) => Failure::new(en, format!("`{folder}` 不是系统目录"))
            .remedy(
                "name one with `--dir`, or `join` with the authority's invitation first",
                "请用 `--dir` 指明系统目录，或先凭数据主管部门的邀请执行 `join`",
            ),
        HomeError::File(error) => file(error),
        HomeError::Content { path, why } => Failure::new(en, format!("`{path}` 内容有误：{why}")),
        HomeError::Directory(error) => directory(error).within("key directory: ", ""),
        HomeError::Dial(error) => dial(error),
        HomeError::Ended { uri, ended } => {
            Failure::new(en, format!("`{uri}` 的 TLS 证书已于 {ended}（按本机时钟）到期")).remedy(
                "ask for its renewal with `renew`, which the authority grants with `zerotrip \
                 member renew` (the authority's own: `zerotrip authority renew`)",
                "请执行 `renew` 申请续期，由数据主管部门执行 `zerotrip member renew` \
                 办理（主管部门自身的证书：`zerotrip authority renew`）",
            )
        }
        HomeError::Renewal(error) => Failure::new(en, format!("证书未能续期：{error}")),
        HomeError::NoDirectory => Failure::new(en, "枢纽未提供密钥目录").remedy(
            "have the authority publish one with `zerotrip authority refresh`",
            "请数据主管部门执行 `zerotrip authority refresh` 发布",
        ),
        HomeError::Refused(why) => refusal(why),
        HomeError::Connection(error) => {
            Failure::new(en, format!("与枢纽的连接中断：{error}")).remedy("try again", "请重试")
        }
    }
}

/// A key directory.
pub fn directory(error: &DirectoryError) -> Failure {
    let en = error.to_string();
    match error {
        DirectoryError::Another(version) => {
            Failure::new(en, format!("主管部门此前已签发另一份第 {version} 版密钥目录")).remedy(
                "have it publish a newer one with `zerotrip authority refresh`",
                "请其执行 `zerotrip authority refresh` 发布更新的版本",
            )
        }
        DirectoryError::RolledBack { found, at_least } => Failure::new(
            en,
            format!("密钥目录第 {found} 版早于现行的第 {at_least} 版"),
        )
        .remedy("do not rely on it, and tell the authority", "请勿据此办理，并告知数据主管部门"),
        DirectoryError::Expired(version) => {
            Failure::new(en, format!("密钥目录第 {version} 版已过期"))
                .remedy("the authority has to publish a new one", "请数据主管部门重新发布")
        }
        DirectoryError::NotYetValid(version) => {
            Failure::new(en, format!("密钥目录第 {version} 版的签发时间在将来"))
                .remedy("check both clocks", "请核对双方时钟")
        }
        DirectoryError::Envelope(why) => Failure::new(en, format!("密钥目录不可信：{why}")),
        DirectoryError::Faults(_) => {
            let zh = format!("密钥目录不可用：{en}");
            Failure::new(en, zh)
        }
    }
}

/// A hub that cannot be reached.
pub fn dial(error: &DialError) -> Failure {
    let en = error.to_string();
    match error {
        DialError::Address(address) => Failure::new(en, format!("`{address}` 不是枢纽地址"))
            .remedy("write `https://<host>:<port>`", "请写作 `https://<主机>:<端口>`"),
        DialError::Connect { address, error } => {
            let why = io(error).what;
            Failure::new(
                format!("cannot connect to {address}: {error}"),
                format!("无法连接 {address}（{}）", why.zh),
            )
            .remedy("check that the hub is running there", "请确认枢纽在该处运行")
        }
        DialError::Tls { address, error } => {
            Failure::new(en, format!("无法确认 {address} 就是所要连接的枢纽：{error}"))
        }
        DialError::Timeout(address) => Failure::new(en, format!("{address} 在 5 秒内没有应答"))
            .remedy("check the address and the network, then try again", "请检查地址和网络后重试"),
    }
}

/// An invitation that cannot be used.
pub fn invitation(error: &InvitationError) -> Failure {
    let en = error.to_string();
    match error {
        InvitationError::NotOne => {
            Failure::new(en, "这不是邀请，或超出长度").remedy("copy it whole", "请完整复制")
        }
        InvitationError::Damaged => Failure::new(en, "邀请已损坏")
            .remedy("copy it whole, or ask for a new one", "请完整复制，或索取新的邀请"),
        InvitationError::Wrong(part) => Failure::new(en, format!("邀请中的 {part} 有误"))
            .remedy("ask for a new one", "请索取新的邀请"),
    }
}

/// Why a system could not join.
pub fn join(error: &JoinError) -> Failure {
    let en = error.to_string();
    match error {
        JoinError::Refused(why) => refusal(why),
        JoinError::Papers(why) => Failure::new(en, format!("收到的证书与密钥目录不可用：{why}"))
            .remedy("do not use them, and tell the authority", "请勿使用，并告知数据主管部门"),
        JoinError::NotAdmitted(seconds) => Failure::new(en, format!("{seconds} 秒内未获准入"))
            .remedy(
                "ask the authority to run `zerotrip member admit`, then give the same command \
                 again: it goes on waiting with the same invitation",
                "请数据主管部门执行 `zerotrip member admit`，然后重复本命令，沿用同一邀请继续等待",
            ),
        JoinError::UsedKeys(dir) => Failure::new(en, format!("`{dir}` 中有已接入过的系统的密钥"))
            .remedy("join in an empty folder", "请在空目录中接入"),
        JoinError::Occupied(dir) => Failure::new(en, format!("`{dir}` 中已有接入身份")).remedy(
            "renew its certificate with `renew`, or join in an empty folder",
            "请用 `renew` 续期其证书，或在空目录中接入",
        ),
        JoinError::Begun { folder, begun, invited } => Failure::new(
            en,
            format!("`{folder}` 中是 `{begun}` 尚未获准入的密钥，而邀请是给 `{invited}` 的"),
        )
        .remedy("join in an empty folder", "请在空目录中接入"),
        JoinError::DamagedKey { path, why } => {
            Failure::new(en, format!("此前接入时生成的 `{path}` 无法读取：{why}")).remedy(
                "remove the folder's keys, and ask the authority for a new invitation",
                "请删除该目录中的密钥，并向数据主管部门索取新的邀请",
            )
        }
        JoinError::File(why) => file(why),
        JoinError::Home(why) => home(why),
        JoinError::Dial(why) => dial(why),
        JoinError::Connection(why) => Failure::new(en, format!("与枢纽的连接中断：{why}"))
            .remedy("give the same command again", "请重复本命令"),
        JoinError::Keys(_) | JoinError::Request(_) | JoinError::Tls(_) => {
            let zh = format!("接入失败：{en}");
            Failure::new(en, zh)
        }
    }
}

#[cfg(test)]
mod tests {
    use zerotrip_proto::v1::ErrorCode;

    use super::*;

    #[test]
    fn the_remedy_of_a_refusal_is_the_hubs_own_or_that_of_its_code() {
        let refused = Refusal::bilingual(
            ErrorCode::Expired,
            "the request has expired; sign a new one",
            "请求已过期；请重新签发",
        );
        let said = refusal(&refused.with_reference("ledger entry 41, salt 1ecc"));
        assert_eq!(
            said.what.en,
            "the hub refuses: the request has expired [EXPIRED] (the operator finds more under \
             ledger entry 41, salt 1ecc)"
        );
        assert_eq!(
            said.what.zh,
            "枢纽拒绝：请求已过期 [EXPIRED]（运营方可据此查询：存证台账第 41 条，盐值 1ecc）"
        );
        let own = said.remedy.map(|remedy| (remedy.en, remedy.zh));
        assert_eq!(own, Some(("sign a new one".to_owned(), "请重新签发".to_owned())));
        let bare = refusal(&Refusal::bilingual(ErrorCode::PolicyDenied, "denied", "不予受理"));
        let of_code = ErrorCode::PolicyDenied.remedy();
        assert_eq!(bare.remedy.map(|remedy| remedy.en).as_deref(), Some(of_code.en));
        let unknown = Refusal::bilingual(
            ErrorCode::UnknownName,
            "no check `x`; there are y",
            "没有 `x`；现有：y",
        );
        assert!(refusal(&unknown).what.en.contains("there are y"));
        assert_eq!(reference("elsewhere"), "elsewhere");
    }
}
