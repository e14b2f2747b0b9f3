//! Errors of asking and issuing.

use zerotrip_datasets::{ParameterError, ParameterFault, StrictError};
use zerotrip_proto::bounds::{SUBJECTS, TEXT_CHARS};
use zerotrip_text::{Explain, Failure};

use super::peer::{dial, directory, file, home, io, refusal};
use crate::reply::NotAnswered;
use crate::request::RequestError;
use crate::session::SessionError;

/// Why a text is not a resident id. It never repeats the number.
fn resident_id(why: &StrictError) -> Failure {
    let failure = Failure::new(why.to_string(), why.zh());
    match why {
        StrictError::Length { .. } => {
            failure.remedy("copy the number from the card in full", "请照证件完整填写")
        }
        StrictError::FirstGeneration => failure.remedy(
            "give the 18-character number on the present card",
            "请填写现行证件上的 18 位号码",
        ),
        StrictError::BirthDate { .. } => failure.remedy("compare them with the card", "请对照证件"),
        StrictError::CheckCharacter { .. }
        | StrictError::NeverIssued { .. }
        | StrictError::Character { .. } => failure.remedy("compare with the card", "请对照证件"),
        StrictError::NotCanonical => failure.remedy("sign it so", "请按此签发"),
    }
}

/// Why a text is not what the parameter is.
fn parameter(why: &ParameterFault) -> Failure {
    match why {
        ParameterFault::Resident(why) => resident_id(why),
        other => {
            let (what, remedy) = other.said();
            let failure = Failure::new(what.en, what.zh);
            if remedy.en.is_empty() { failure } else { failure.remedy(remedy.en, remedy.zh) }
        }
    }
}

impl Explain for RequestError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::Field { field } => Failure::new(
                format!("{field}: it is empty, or longer than {TEXT_CHARS} characters"),
                format!("{field}：内容为空，或超过 {TEXT_CHARS} 个字符"),
            )
            .remedy(
                format!("give 1 to {TEXT_CHARS} characters"),
                format!("请填写 1 至 {TEXT_CHARS} 个字符"),
            ),
            Self::Invisible { field, place, character } => Failure::new(
                en,
                format!(
                    "{field}：第 {place} 个字符是不可见字符 U+{:04X}，不得使用",
                    u32::from(*character)
                ),
            )
            .remedy("type the text anew instead of pasting it", "请重新键入，不要粘贴"),
            Self::Twice(name) => Failure::new(en, format!("参数 `{name}` 重复"))
                .remedy("give it once", "请只填写一次"),
            Self::Subjects(found) => Failure::new(en, format!("请求包含 {found} 名当事人")).remedy(
                format!("give 1 to {SUBJECTS} in one request"),
                format!("每次请求请给出 1 至 {SUBJECTS} 名"),
            ),
            Self::Subject { number, why } => {
                parameter(why).within(&format!("subject {number}: "), &format!("第 {number} 名："))
            }
            Self::SubjectTwice { number, before } => {
                Failure::new(en, format!("第 {number} 名与第 {before} 名重复"))
                    .remedy("name each once", "每名当事人只填写一次")
            }
            Self::Parameter(ParameterError { name, why }) => {
                parameter(why).within(&format!("parameter `{name}`: "), &format!("参数 `{name}`："))
            }
            Self::Identity(fault) => {
                let remedy = fault.code().remedy();
                Failure::new(en, format!("--identity：{}", fault.words().zh))
                    .remedy(remedy.en, remedy.zh)
            }
            Self::Random(why) => Failure::new(en, format!("无法取得随机数：{why}")),
            Self::Sign(why) => Failure::new(en, format!("无法签名：{why}")),
        }
    }
}

impl Explain for SessionError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::Refused(why) => refusal(why),
            Self::Reply(why) => Failure::new(en, format!("枢纽的答复未通过验证：{why}")).remedy(
                "do not act on it, and tell the authority",
                "请勿据此办理，并告知数据主管部门",
            ),
            Self::Kept(why) => {
                Failure::new(en, format!("所存答复无效：{why}")).remedy("ask again", "请重新核验")
            }
            Self::Certificate(error) => Failure::new(
                format!("the sealed certificate would not verify: {error}"),
                format!("未能签发证明，签章后无法通过验证：{}", error.explain().what.zh),
            )
            .remedy(
                "check that `seal.key` is the key that the authority admitted",
                "请确认 `seal.key` 是数据主管部门准入的签章密钥",
            ),
            Self::Seal(error) => Failure::new(en, format!("未能签发证明：{error}")),
            Self::Silent(_) => {
                Failure::new(en, "枢纽未在限时内答复").remedy("ask again", "请稍后再试")
            }
            Self::Dial(why) => dial(why),
            Self::Tls(_) => {
                Failure::new(en, "枢纽出示的证书已因重新登记而失效：其旧密钥可能在他人手中")
                    .remedy("tell the authority", "请联系数据主管部门")
            }
            Self::Connection(why) => {
                Failure::new(en, format!("与枢纽的连接中断：{why}")).remedy("ask again", "请重试")
            }
            Self::Request(why) => why.explain().within("", "请求填写有误："),
            Self::Home(why) => home(why),
            Self::Seen(why) => why.explain().within("verification failed: ", "验证未通过："),
            Self::Directory(why) => directory(why).within("key directory: ", ""),
            Self::NoDirectory => {
                Failure::new("the hub has no key directory yet", "枢纽还没有密钥目录").remedy(
                    "have the authority publish one with `zerotrip authority refresh`",
                    "请数据主管部门执行 `zerotrip authority refresh` 发布",
                )
            }
            Self::NoSuchPlace(place) => Failure::new(en, format!("答复中没有序位 {place}"))
                .remedy("name a place of this answer", "请注明该答复中的序位"),
            Self::UnknownCheck { check, variant } => Failure::new(
                format!("the hub's catalog has no check `{check}` with variant `{variant}`"),
                format!("目录中没有核验事项 `{check}/{variant}`"),
            )
            .remedy(
                "see `zerotrip catalog list` for what there is",
                "请用 `zerotrip catalog list` 查看",
            ),
            Self::AsksNoIdentity(check) => {
                Failure::new(en, format!("核验事项 `{check}` 不要求当事人身份核验"))
                    .remedy("ask it without an identity assertion", "请直接核验，无须身份核验结果")
            }
            Self::Definition(why) => Failure::new(en, format!("核验定义有误：{why}")),
            Self::Register(why) => why.explain(),
            Self::OtherQuestion { serial } => {
                Failure::new(en, format!("该编号下已签发 `{serial}`，但核验内容、事由或持有人不同"))
                    .remedy("use another id", "请使用另一编号")
            }
            Self::File(why) => file(why).within(
                "no certificate can be written there: ",
                "证明文件无法写入（未登记任何内容）：",
            ),
            Self::NotPlaced { exchange, part, error: why } => Failure::new(
                en,
                format!(
                    "证明已登记（交换编号 {exchange}），现存于 \
                     `{}`，但未能改为指定文件名：{}",
                    part.display(),
                    io(why).what.zh
                ),
            )
            .remedy("move it yourself", "请自行移动该文件"),
            Self::Unconfirmed { exchange, part, why } => {
                let (part, why) = (part.display(), why.explain().what);
                Failure::new(
                    format!(
                        "whether the certificate of exchange `{exchange}` was recorded is not \
                         known ({}); it is kept in `{part}`",
                        why.en
                    ),
                    format!(
                        "尚不能确定证明是否已登记（交换编号 {exchange}）：{}；证明暂存于 `{part}`",
                        why.zh
                    ),
                )
                .remedy(
                    "use it only once an auditor finds its record in the ledger, else delete it \
                     and issue again",
                    "经审计确认台账中有其登记后方可使用，否则请删除并重新签发",
                )
            }
        }
    }
}

impl Explain for NotAnswered {
    fn explain(&self) -> Failure {
        let remedy = self.code.remedy();
        Failure::of_sentences(&self.text_en, &self.text_zh).or_remedy(remedy.en, remedy.zh)
    }
}
