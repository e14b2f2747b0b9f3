//! What a person reads of a certificate that does not count.

use zerotrip_text::{Explain, Failure};

use crate::sdjwt::SdJwtError;
use crate::subject::SubjectError;
use crate::verify::CertificateError;

impl Explain for CertificateError {
    fn explain(&self) -> Failure {
        let zh = match self {
            Self::Token(error) => return error.explain(),
            Self::Keys(error) => format!("公钥集中没有可用的公钥：{error}"),
            Self::SealKey { key_id, why } => format!("签章公钥 `{key_id}` 不可用：{why}"),
            Self::WrongIssuer { stated, holder } => {
                format!("证明称由 `{stated}` 签发，但公钥属于 `{holder}`")
            }
            Self::Claim(name) => format!("证明中的 `{name}` 缺失或形式不符"),
            Self::TypeMismatch { vct, check } => {
                format!("类型为 `{vct}` 的证明不能用于核验事项 `{check}`")
            }
            Self::Evidence(error) => format!("枢纽的交换证据未通过验证：{error}"),
            Self::NotAffirmed => "其中枢纽的答复并非“符合”".to_owned(),
            Self::Subject(error) => error.zh(),
            Self::Contradiction(name) => format!("证明中的 `{name}` 与枢纽的答复不一致"),
            Self::IssuedBeforeAnswer => "证明的签发时间早于枢纽的答复".to_owned(),
            Self::IssuedTooLate => "证明在枢纽答复一小时以后才签发".to_owned(),
            Self::ValidTooLong => "证明的有效期超过枢纽答复所允许的期限".to_owned(),
            Self::SealCertificate(why) => format!("所附签章密钥证书不可用：{why}"),
            Self::NoProfile => "证明混有几种规范的内容，不属于其中任何一种".to_owned(),
            Self::Surplus(name) => format!("证明中有 `{name}`，而枢纽的答复中没有"),
            Self::NotAllowed => {
                "枢纽的答复不允许据此开具证明：提问单位没有开具证明的授权".to_owned()
            }
            Self::Terms(error) => format!("证明内容与枢纽答复中固定的内容不符：{error}"),
            Self::OtherDisclosure(name) => format!("所出示的 `{name}` 不是枢纽答复所针对的"),
            Self::OtherWithheld => "未出示的内容与枢纽答复所针对的不一致".to_owned(),
        };
        Failure::new(self.to_string(), zh)
    }
}

impl SubjectError {
    fn zh(&self) -> String {
        match self {
            Self::Missing => "枢纽的答复针对多名当事人，而证明未指明是其中哪一名".to_owned(),
            Self::Surplus => "枢纽的答复只针对一名当事人，而证明却称是多名中的一名".to_owned(),
            Self::Malformed => "枢纽答复中有关该当事人的部分自相矛盾".to_owned(),
            Self::Proof(error) => format!("无法证明枢纽的答复包含该当事人：{error}"),
        }
    }
}

impl Explain for SdJwtError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::NotCompact => {
                Failure::new(en, "这不是电子证明文件，应形如 `<签名部分>~<披露项>~…~`")
                    .remedy("copy it whole", "请完整复制")
            }
            Self::BadSignature => {
                Failure::new(en, "签章未通过验证：证明被改动，或并非该签发单位所签")
            }
            Self::Unreferenced => Failure::new(en, "有披露项系伪造，或属于另一份证明"),
            Self::DisclosedTwice => Failure::new(en, "有披露项重复"),
            Self::NotYetValid => Failure::new(en, "证明尚未生效")
                .remedy("check this machine's clock", "请核对本机时钟"),
            Self::Expired => Failure::new(en, "证明已过期")
                .remedy("ask the issuer for a new one", "请向签发单位索取新的证明"),
            Self::Certificate => {
                Failure::new(en, "头部的 `x5c` 不是签章密钥的唯一一份证书（不含根证书）")
            }
            Self::Proof(_) => Failure::new(en, "持有证明的形式不符"),
            Self::BadProof => Failure::new(en, "持有证明并非持有人所作，或属于另一次出示"),
            Self::NotDisclosed(name) => Failure::new(en, format!("该证明没有可出示的 `{name}`")),
            Self::BadTimes => Failure::new(en, "证明的时间自相矛盾：失效早于生效"),
            _ => {
                let zh = format!("证明格式有误：{en}");
                Failure::new(en, zh)
            }
        }
    }
}
