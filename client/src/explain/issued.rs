//! Errors of the register of issued certificates.

use zerotrip_text::{Explain, Failure};

use zerotrip_certificates::status::StatusValue;

use super::peer::{file, home};
use crate::issued::{COPIES, RegisterError};

impl Explain for RegisterError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::NoSettings => {
                Failure::new(en, "本系统的文件夹中没有 `status.toml`，其证明没有状态名单").remedy(
                    "write `status.toml` with `uri` and `folder`, then issue",
                    "请写好含 `uri` 与 `folder` 的 `status.toml` 后再签发",
                )
            }
            Self::Settings { path, why } => Failure::new(en, format!("`{path}` 有误：{why}"))
                .remedy("correct the file", "请更正该文件"),
            Self::File(why) => file(why),
            Self::Store(why) => Failure::new(en, format!("签发登记簿无法读写：`{why}`")).remedy(
                "see that the folder `issued` can be written and its disk has room",
                "请确认 `issued` 文件夹可写且磁盘有余量",
            ),
            Self::Version(version) => {
                Failure::new(en, format!("签发登记簿的版本 {version} 无法识别"))
                    .remedy("use the newer release", "请使用较新的版本")
            }
            Self::Content(what) => Failure::new(en, format!("签发登记簿中的 `{what}` 不合理"))
                .remedy("restore the register from its backup", "请从备份恢复登记簿"),
            Self::Home(why) => home(why),
            Self::NoCertificate(path) => {
                Failure::new(en, format!("缺少 `{path}`：面向钱包的证明须附签章密钥的证书")).remedy(
                    "ask the authority for it: `zerotrip member seal-certificate`",
                    "请向数据主管部门索取：`zerotrip member seal-certificate`",
                )
            }
            Self::NoSystem => Failure::new(en, "只有业务系统可以签发证明"),
            Self::Unknown(serial) => Failure::new(en, format!("此处没有编号为 `{serial}` 的证明"))
                .remedy(
                    "see `zerotrip certificates list`",
                    "请用 `zerotrip certificates list` 查看",
                ),
            Self::Copies(count) => Failure::new(
                en,
                format!("一份证明可有 1 至 {COPIES} 个副本，且每次须为同一数目，不能为 {count}"),
            )
            .remedy("bring the same keys again", "请使用与上次相同的密钥"),
            Self::Reason => Failure::new(en, "理由应为 1 至 200 个可见字符")
                .remedy("say why in a few words", "请简要说明理由"),
            Self::NotInProfile { serial, .. } => {
                Failure::new(en, format!("`{serial}` 所属规范不允许暂停或恢复"))
                    .remedy("revoke it, and issue another", "请撤销该证明并另行签发")
            }
            Self::Final(serial) => Failure::new(en, format!("`{serial}` 已撤销，不可恢复"))
                .remedy("issue another certificate", "请另行签发"),
            Self::NoSuccessor(serial) => Failure::new(en, format!("`{serial}` 不能替代该证明"))
                .remedy(
                    "name a valid certificate on the same check and variant",
                    "请注明同一核验事项及范围的有效证明",
                ),
            Self::NotIssued(serial) => {
                Failure::new(en, format!("`{serial}` 未签发，没有可交付的证明"))
                    .remedy("issue it", "请先签发")
            }
            Self::AlreadyIssued(serial) => Failure::new(en, format!("`{serial}` 正是为本事项签发，目前有效或可恢复"))
                .remedy(
                    "see what has become of it: `zerotrip certificates show`; hand it out again \
                     with `--out`, or lift its suspension, or revoke it; or issue what is to take \
                     its place: `zerotrip issue --another`",
                    "可用 `zerotrip certificates show` 查看其状态，用 `--out` 重新取出，或解除暂停，或先行撤销；\
                     如需另签一份以替代，请用 `zerotrip issue --another`",
                ),
            Self::OtherCertificate(serial) => {
                Failure::new(en, format!("登记簿中编号 `{serial}` 的证明是另一份")).remedy(
                    "hand it out again: `zerotrip certificates show --out`",
                    "请重新取出：`zerotrip certificates show --out`",
                )
            }
            Self::NotInForce { serial, status } => {
                let failure = Failure::new(en, format!("`{serial}` 目前无效：{}", status.zh()));
                match status {
                    StatusValue::Suspended => failure.remedy(
                        "lift its suspension: `zerotrip lift`, or revoke it",
                        "请用 `zerotrip lift` 解除暂停，或予以撤销",
                    ),
                    _ => failure.remedy("issue another certificate", "请另行签发"),
                }
            }
            Self::Ended(serial) => Failure::new(en, format!("`{serial}` 有效期已满"))
                .remedy("issue another certificate", "请另行签发"),
            Self::Kept(_) => Failure::new(en, "所存证明无法读取")
                .remedy("restore the register from its backup", "请从备份恢复登记簿"),
            Self::Random(_) => Failure::new(en, "无法取得随机数"),
            Self::Full => Failure::new(en, "名单中抽不到空余序位").remedy("try again", "请重试"),
            Self::List(why) => why.explain().within("the status list cannot be made: ", ""),
            Self::NoFolder(folder) => Failure::new(en, format!("`{folder}` 不是文件夹")).remedy(
                "make the folder that `status.toml` names",
                "请建立 `status.toml` 所指的文件夹",
            ),
            Self::SetBack { file, place } => Failure::new(
                en,
                format!(
                    "`{file}` 已公布序位 {place} 被撤销或暂停，而登记簿中没有：登记簿曾被恢复为旧副本"
                ),
            )
            .remedy(
                "put the newest copy of the folder `issued` back; nothing was published",
                "请恢复 `issued` 文件夹的最新副本；本次未公布任何内容",
            ),
            Self::Older(file) => Failure::new(
                en,
                format!("`{file}` 的公布晚于登记簿所知：登记簿曾被恢复为旧副本"),
            )
            .remedy(
                "put the newest copy of the folder `issued` back; nothing was issued",
                "请恢复 `issued` 文件夹的最新副本；本次未签发任何证明",
            ),
            Self::Unseen { file, .. } => Failure::new(en, format!("上次公布的 `{file}` 无法核对"))
                .remedy(
                    "put the published folder back. If it is lost, make sure that the folder \
                     `issued` is the newest, for a revocation that it does not know would be \
                     lifted; then run `status publish --anew`. Nothing was published",
                    "请恢复公布目录。如已丢失，先确认 `issued` 文件夹为最新（其中没有的撤销将被\
                     解除），再执行 `status publish --anew`。本次未公布任何内容",
                ),
            Self::Moved { now, before } => Failure::new(
                en,
                format!("`status.toml` 中为 `{now}`，而已签发证明的状态在 `{before}`"),
            )
            .remedy(
                "write the former address: certificates name it for as long as they live",
                "请改回原地址：已签发的证明在有效期内一直指向该地址",
            ),
        }
    }
}
