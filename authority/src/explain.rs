//! What a person reads of the errors of the data authority: what happened, and apart from it the
//! remedy, in English and Chinese.

use zerotrip_client::explain::{dial, directory, file, home, io, refusal};
use zerotrip_proto::v1::Status;
use zerotrip_text::{Bilingual, Explain, Failure};

use crate::error::AuthorityError;
use crate::publishing::PublishError;

const ANEW_EN: &str = "invite it again, and let it join in an empty folder";
const ANEW_ZH: &str = "请重新邀请，并请其在空目录中接入";
const SEND_EN: &str =
    "give the same command again, or `zerotrip authority refresh`, once the hub answers";
const SEND_ZH: &str = "请待枢纽恢复后重复本命令，或执行 `zerotrip authority refresh`";

impl Explain for AuthorityError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::Occupied(dir) => Failure::new(en, format!("`{dir}` 中已有数据主管部门"))
                .remedy("choose an empty folder", "请另选空目录"),
            Self::NotOne(dir) => Failure::new(en, format!("`{dir}` 不是数据主管部门目录"))
                .remedy("name it with `--dir`", "请用 `--dir` 指明其目录"),
            Self::UnknownMember(member) => {
                Failure::new(format!("no member `{member}`"), format!("没有成员单位 `{member}`"))
                    .remedy(
                        "see `zerotrip member list` for who there is",
                        "请用 `zerotrip member list` 查看",
                    )
            }
            Self::UnpublishedMember(member) => {
                Failure::new(en, format!("枢纽现行的密钥目录中还没有 `{member}`")).remedy(
                    "admit one of its systems, or publish with `zerotrip authority refresh`",
                    "请先准入其一个系统，或执行 `zerotrip authority refresh` 发布",
                )
            }
            Self::Itself => Failure::new(en, "数据主管部门自身不能被暂停或再次邀请"),
            Self::Names => Failure::new(en, "成员单位的中英文名称各为 1 至 64 个字符"),
            Self::OtherNames { member, named } => Failure::new(
                en,
                format!("`{member}` 的名称已登记为 `{named}`；邀请其系统时不必填写名称"),
            )
            .remedy("to rename the member, add `--rename`", "如需更名，请加 `--rename`"),
            Self::Name(name) => Failure::new(en, format!("`{name}` 不能用作名称")).remedy(
                "use 1 to 32 lower-case letters, digits and hyphens",
                "请用 1 至 32 个小写字母、数字和连字符",
            ),
            Self::NoInvitation(system) => Failure::new(en, format!("`{system}` 没有有效的邀请"))
                .remedy(
                    "make one with `zerotrip member invite`",
                    "请用 `zerotrip member invite` 邀请",
                ),
            Self::Busy(dir) => Failure::new(en, format!("另一命令正在修改 `{dir}`"))
                .remedy("wait until it has ended, then try again", "请待其结束后重试"),
            Self::File(why) => file(why),
            Self::Home(why) => home(why),
            Self::Address(why) => dial(why),
            Self::Directory(why) => directory(why)
                .within("the new directory would be refused: ", "新密钥目录将不被接受："),
            Self::GrantThere(id) => Failure::new(en, format!("已有授权 `{id}`"))
                .remedy("revoke it first, or choose another id", "请先撤销，或另选编号"),
            Self::NoProvider(id) => Failure::new(
                format!("no identity provider `{id}` is trusted"),
                format!("没有受信任的身份核验机构 `{id}`"),
            )
            .remedy(
                "see `zerotrip identity list` for which are",
                "请用 `zerotrip identity list` 查看",
            ),
            Self::NoSystem(system) => Failure::new(
                format!("the directory has no system `{system}`"),
                format!("目录中没有系统 `{system}`"),
            )
            .remedy("see `zerotrip member list` for those", "请用 `zerotrip member list` 查看"),
            Self::NoGrant(id) => {
                Failure::new(format!("no grant `{id}`"), format!("没有授权 `{id}`")).remedy(
                    "see `zerotrip grant list` for what there is",
                    "请用 `zerotrip grant list` 查看",
                )
            }
            Self::NoSealingKey(system) => {
                Failure::new(en, format!("密钥目录中没有 `{system}` 现行有效的签章密钥"))
                    .remedy("admit the system first", "请先准入该系统")
            }
            Self::NotInvited(system) => {
                Failure::new(en, format!("`{system}` 申请接入所用的邀请并非本处签发，或已过期"))
                    .remedy("do not admit it, invite again", "请勿准入，另行邀请")
            }
            Self::Tampered(system) => Failure::new(
                en,
                format!("`{system}` 的密钥或证书申请在途中被改动"),
            )
            .remedy(
                "do not admit it: find out who changed them at the hub, then invite it again, and \
                 let it join in an empty folder",
                "请勿准入：请先在枢纽查明何人所为，再重新邀请，并请其在空目录中接入",
            ),
            Self::Clock(holder) => Failure::new(
                en,
                format!("`{holder}` 上一张证书的生效时间晚于现在：本机时钟当时偏快，或现在偏慢"),
            )
            .remedy("set it right, then give the same command again", "请校准后重新执行"),
            Self::RevokedKeys(system) => {
                Failure::new(en, format!("`{system}` 所用的密钥已被撤销")).remedy(ANEW_EN, ANEW_ZH)
            }
            Self::KnownKeys(system) => Failure::new(
                en,
                format!("`{system}` 所用的密钥此前已准入过，其旧目录的副本仍可凭此接入"),
            )
            .remedy(ANEW_EN, ANEW_ZH),
            Self::Spent(system) => Failure::new(en, format!("`{system}` 的邀请已用于另一组密钥"))
                .remedy("invite it again", "请重新邀请"),
            Self::OlderFile { file, has, signed } => Failure::new(
                en,
                format!("`{file}` 比本目录签发过的旧：其为第 {has} 版，而此处签发过第 {signed} 版"),
            )
            .remedy(
                "run `zerotrip authority refresh` while the hub answers: it takes the hub's \
                 directory over",
                "请在枢纽可达时执行 `zerotrip authority refresh`，以枢纽现行目录为准",
            ),
            Self::Life => Failure::new(en, "密钥目录的有效期须为 1 分钟至 30 天"),
            Self::Enrolment { path, why } => Failure::new(en, format!("`{path}` 内容有误：{why}"))
                .remedy("let the hub write it again", "请由枢纽重新生成"),
            Self::Content { path, why } => Failure::new(en, format!("`{path}` 内容有误：{why}")),
            Self::Identity(_)
            | Self::Certificate(_)
            | Self::Key(_)
            | Self::Envelope(_)
            | Self::Invitation(_)
            | Self::Renewal(_)
            | Self::Grants(_) => {
                let zh = format!("数据主管部门目录操作失败：{en}");
                Failure::new(en, zh)
            }
        }
    }
}

/// A member's status, in both languages.
pub fn status(status: Status) -> (&'static str, &'static str) {
    if status == Status::Suspended {
        ("suspended", "已被暂停")
    } else {
        ("active", "状态正常")
    }
}

impl Explain for PublishError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::Authority(error) => error.explain(),
            Self::Hub(error) => error.explain(),
            Self::File(error) => file(error),
            Self::Name(error) => Failure::new(en, format!("名称有误：{error}")),
            Self::InvitationNotPlaced { part, out, error } => {
                let (part, out) = (part.display(), out.display());
                Failure::new(
                    en,
                    format!("邀请现存于 `{part}`，未能改名为 `{out}`：{}", io(error).what.zh),
                )
                .remedy("move it yourself", "请自行移动该文件")
            }
            Self::NotWaiting(uri) => Failure::new(en, format!("`{uri}` 尚未申请接入")).remedy(
                "let it `join` with its invitation, or give `--wait`",
                "请其用邀请执行 `join`，或加 `--wait` 等待",
            ),
            Self::NotAsking(uri) => Failure::new(
                format!("`{uri}` does not ask for renewal with a key that is in force"),
                format!("`{uri}` 没有用有效的密钥申请续期"),
            )
            .remedy(
                "let it `renew` (a connector that serves asks by itself), or give `--wait`; where \
                 its signing keys were revoked or have ended, invite it again",
                "请其执行 `renew`（运行中的连接器会自动申请），或加 `--wait` 等待；\
                 如其签名密钥已撤销或到期，请重新邀请",
            ),
            Self::OlderDirectory(behind) => {
                let differs = |pick: fn(&Bilingual) -> &String| -> String {
                    behind.differs.iter().map(|both| format!("\n  {}", pick(both))).collect()
                };
                Failure::new(
                    format!(
                        "the hub has version {} of the key directory, which this folder never \
                         signed: the folder is an older copy of the authority's. The hub's \
                         directory is taken over into it, nothing is published, and your change \
                         is not made. What differed:{}",
                        behind.version,
                        differs(|both| &both.en)
                    ),
                    format!(
                        "枢纽的密钥目录为第 {} 版，并非本目录所签发，说明本目录是旧副本。\
                         现已改用枢纽的密钥目录，未发布任何内容，您的变更未执行。差异：{}",
                        behind.version,
                        differs(|both| &both.zh)
                    ),
                )
                .remedy(
                    "look at `zerotrip member list`, then give the command again",
                    "请查看 `zerotrip member list` 后重新执行",
                )
            }
            Self::OlderGrants(version) => Failure::new(
                en,
                format!(
                    "枢纽的授权清单为第 {version} 版，比本目录签发的更新，说明本目录是旧副本。\
                     现已改用枢纽的清单，您的变更未执行"
                ),
            )
            .remedy(
                "look at `zerotrip grant list`, then give the command again",
                "请查看 `zerotrip grant list` 后重新执行",
            ),
            Self::Both { directory, grants } => {
                let (directory, grants) = (directory.explain(), grants.explain());
                let what = Failure::new(
                    [directory.what.en, grants.what.en].join("\n"),
                    [directory.what.zh, grants.what.zh].join("\n"),
                );
                match (directory.remedy, grants.remedy) {
                    (Some(one), Some(other)) if one != other => {
                        what.remedy([one.en, other.en].join("; "), [one.zh, other.zh].join("；"))
                    }
                    (Some(remedy), _) | (None, Some(remedy)) => what.remedy(remedy.en, remedy.zh),
                    (None, None) => what,
                }
            }
            Self::DirectoryNotTaken(why) => then(
                why.explain().and(
                    "; the new directory is signed, but the hub has not got it and goes by the \
                     old one",
                    "；新密钥目录已签发，但枢纽尚未收到，仍按旧目录办理",
                ),
                SEND_EN,
                SEND_ZH,
            ),
            Self::GrantsNotTaken(why) => then(
                why.explain().and(
                    "; the change is signed and kept, but the hub has not confirmed it and may go \
                     by the old grants",
                    "；变更已签发并保留，但枢纽尚未确认，可能仍按原授权办理",
                ),
                SEND_EN,
                SEND_ZH,
            ),
            Self::GrantsRefused(why) => then(
                refusal(why).and(
                    "; nothing has changed, and what waited for the hub is dropped",
                    "；授权未变，待发布的变更已丢弃",
                ),
                "see `zerotrip grant list` for what is in force",
                "请用 `zerotrip grant list` 查看现行授权",
            ),
            Self::StatusNotAsked { member, status: known, error } => {
                let (why, (en, zh)) = (error.explain().what, status(*known));
                Failure::new(
                    format!(
                        "`{member}` is {en} already, as the hub has confirmed; whether it still \
                         knows could not be asked: {}. Nothing has changed",
                        why.en
                    ),
                    format!(
                        "`{member}` 此前{zh}并经枢纽确认；现无法再次核实（{}）。未作任何变更",
                        why.zh
                    ),
                )
                .remedy(
                    "give the same command again once the hub answers",
                    "请待枢纽恢复后重复本命令",
                )
            }
            Self::VariantsUnknown(name) => Failure::new(
                format!(
                    "--check: which variants `{name}` has, the hub says, and it cannot be asked \
                     now. Nothing was signed"
                ),
                format!(
                    "--check：`{name}` 有哪些核验范围须由枢纽告知，而枢纽目前无法连接。\
                     未签发任何内容"
                ),
            )
            .remedy(
                format!(
                    "name one, such as `{name}/couple`, or give the command again once the hub \
                     answers"
                ),
                "请写明一个范围，或待枢纽恢复后重试",
            ),
            Self::NotServed { check, served } => {
                let known = |none: &str, comma: &str| match served.is_empty() {
                    true => none.to_owned(),
                    false => served.join(comma),
                };
                Failure::new(
                    format!(
                        "--check: the hub serves no check `{check}`; there are: {}. Nothing was \
                         signed",
                        known("none at all", ", ")
                    ),
                    format!(
                        "--check：枢纽没有核验事项 `{check}`；现有：{}。未签发任何内容",
                        known("无", "、")
                    ),
                )
                .remedy(
                    "name one of these; where its definition is yet to be deployed, add \
                     --not-served-yet",
                    "请写明现有事项；如其定义尚待部署，请加 --not-served-yet",
                )
            }
        }
    }
}

/// The failure with one more step behind its remedy, if it has one.
fn then(mut failure: Failure, en: &str, zh: &str) -> Failure {
    match failure.remedy.take() {
        Some(first) => {
            failure.remedy(format!("{}; then {en}", first.en), format!("{}；然后{zh}", first.zh))
        }
        None => failure.remedy(en, zh),
    }
}
