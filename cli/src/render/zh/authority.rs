//! Chinese for what befalls the data authority's administrators.

use zerotrip_authority::AuthorityError;
use zerotrip_authority::publishing::PublishError;
use zerotrip_proto::v1::Status;

use super::{dial, file, home, io, refusal, session};

/// A member's status, in both languages.
pub(crate) fn status(status: Status) -> (&'static str, &'static str) {
    if status == Status::Suspended {
        ("suspended", "已被暂停")
    } else {
        ("active", "状态正常")
    }
}

/// What is wrong with the authority's folder, or with what it was told to do.
pub(crate) fn authority(error: &AuthorityError) -> String {
    match error {
        AuthorityError::Occupied(dir) => format!("`{dir}` 中已有数据主管部门，请另选空目录"),
        AuthorityError::NotOne(dir) => {
            format!("`{dir}` 不是数据主管部门目录；可用 `zerotrip authority init` 建立")
        }
        AuthorityError::UnknownMember(member) => {
            format!("没有成员单位 `{member}`；可用 `zerotrip member list` 查看")
        }
        AuthorityError::UnpublishedMember(member) => {
            format!(
                "枢纽现行的密钥目录中还没有 `{member}`；请先准入其一个系统，或执行 `zerotrip \
                 authority refresh` 发布"
            )
        }
        AuthorityError::Itself => "数据主管部门自身不能被暂停或再次邀请".to_owned(),
        AuthorityError::Names => "成员单位的中英文名称各为 1 至 64 个字符".to_owned(),
        AuthorityError::Name(name) => {
            format!("`{name}` 不能作名称：请用 1 至 32 个小写字母、数字和连字符")
        }
        AuthorityError::NoInvitation(system) => {
            format!("`{system}` 没有有效的邀请；可用 `zerotrip member invite` 邀请")
        }
        AuthorityError::Busy(dir) => format!("另一命令正在修改 `{dir}`，请待其结束后重试"),
        AuthorityError::File(why) => file(why),
        AuthorityError::Home(why) => home(why),
        AuthorityError::Address(why) => dial(why),
        AuthorityError::GrantThere(id) => format!("已有授权 `{id}`；请先撤销，或另选编号"),
        AuthorityError::NoGrant(id) => format!("没有授权 `{id}`；可用 `zerotrip grant list` 查看"),
        AuthorityError::NotInvited(system) => {
            format!("`{system}` 申请接入所用的邀请并非本处签发，或已过期；请勿准入，另行邀请")
        }
        AuthorityError::Tampered(system) => {
            format!(
                "`{system}` \
                 的密钥或证书申请在途中被改动；请勿准入：请先在枢纽查明何人所为，再重新邀请，\
                 并请其在空目录中接入"
            )
        }
        AuthorityError::Clock(holder) => {
            format!(
                "`{holder}` \
                 上一张证书的生效时间晚于现在：本机时钟当时偏快，或现在偏慢；请校准后重新执行"
            )
        }
        AuthorityError::RevokedKeys(system) => {
            format!("`{system}` 所用的密钥已被撤销；请重新邀请，并请其在空目录中接入")
        }
        AuthorityError::KnownKeys(system) => {
            format!(
                "`{system}` \
                 所用的密钥此前已准入过，其旧目录的副本将仍可接入；请重新邀请，\
                 并请其在空目录中接入"
            )
        }
        AuthorityError::Spent(system) => format!("`{system}` 的邀请已用于另一组密钥；请重新邀请"),
        AuthorityError::OlderFile { file, has, signed } => format!(
            "`{file}` 比本目录签发过的旧：其为第 {has} 版，而此处签发过第 {signed} \
             版；请在枢纽可达时执行 `zerotrip authority refresh`，以枢纽现行目录为准"
        ),
        AuthorityError::Life => "密钥目录的有效期须为 1 分钟至 30 天".to_owned(),
        other => format!("数据主管部门目录操作失败：{other}"),
    }
}

/// Why an errand of the authority came to nothing at the hub.
pub(crate) fn publish(error: &PublishError) -> String {
    match error {
        PublishError::Authority(error) => authority(error),
        PublishError::Hub(error) => session(error),
        PublishError::File(error) => file(error),
        PublishError::Name(error) => format!("名称有误：{error}"),
        PublishError::InvitationNotPlaced { part, out, error } => {
            let (part, out) = (part.display(), out.display());
            format!("邀请现存于 `{part}`，未能改名为 `{out}`：{}；请自行移动该文件", io(error))
        }
        PublishError::NotWaiting(uri) => {
            format!("`{uri}` 尚未申请接入；请其用邀请执行 `join`，或加 `--wait` 等待")
        }
        PublishError::NotAsking(uri) => format!(
            "`{uri}` 没有用有效的密钥申请续期；请其执行 `renew`（运行中的连接器会自动申请），或加 \
             `--wait` 等待；如其签名密钥已撤销或到期，请重新邀请"
        ),
        PublishError::OlderDirectory(behind) => {
            let differs: String =
                behind.differs.iter().map(|(_, zh)| format!("\n  {zh}")).collect();
            format!(
                "枢纽的密钥目录为第 {} \
                 版，并非本目录所签发，说明本目录是旧副本。现已改用枢纽的密钥目录，\
                 未发布任何内容，您的变更未执行：请查看 `zerotrip member list` \
                 后重新执行。差异：{differs}",
                behind.version
            )
        }
        PublishError::OlderGrants(version) => format!(
            "枢纽的授权清单为第 {version} \
             版，比本目录签发的更新，说明本目录是旧副本。现已改用枢纽的清单，您的变更未执行：\
             请查看 `zerotrip grant list` 后重新执行"
        ),
        PublishError::Both { directory, grants } => {
            [publish(directory), publish(grants)].join("\n")
        }
        PublishError::DirectoryNotTaken(why) => format!(
            "{}；新密钥目录已签发，但枢纽尚未收到，仍按旧目录办理：请待枢纽恢复后重复本命令，\
             或执行 `zerotrip authority refresh`",
            session(why)
        ),
        PublishError::GrantsNotTaken(why) => format!(
            "{}；变更已签发并保留，但枢纽尚未确认，可能仍按原授权办理：请待枢纽恢复后重复本命令，\
             或执行 `zerotrip authority refresh`",
            session(why)
        ),
        PublishError::GrantsRefused(why) => {
            format!(
                "{}；授权未变，待发布的变更已丢弃：可用 `zerotrip grant list` 查看现行授权",
                refusal(why)
            )
        }
        PublishError::StatusNotAsked { member, status: known, error } => {
            format!(
                "`{member}` 此前{}并经枢纽确认；现无法再次核实（{}）。未作任何变更",
                status(*known).1,
                session(error)
            )
        }
        PublishError::VariantsUnknown(name) => {
            format!(
                "--check：`{name}` \
                 有哪些核验范围须由枢纽告知，而枢纽目前无法连接。未签发任何内容。请写明一个范围，\
                 或待枢纽恢复后重试"
            )
        }
        PublishError::NotServed { check, served } => {
            let known = if served.is_empty() { "无".to_owned() } else { served.join("、") };
            format!(
                "--check：枢纽没有核验事项 \
                 `{check}`；现有：{known}。未签发任何内容。如该事项的定义尚待部署，请加 \
                 --not-served-yet"
            )
        }
    }
}
