//! What a person reads of a status list that says nothing.

use zerotrip_text::{Explain, Failure};

use super::error::StatusError;

impl Explain for StatusError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        let fetch = |failure: Failure| {
            failure.remedy("fetch the list again from its address", "请从名单地址重新下载")
        };
        match self {
            Self::TooLarge(_) | Self::Unpacked => Failure::new(en, "状态名单过大"),
            Self::Token(error) => {
                let zh = format!("状态名单未通过验证：{}", error.explain().what.zh);
                fetch(Failure::new(en, zh))
            }
            Self::Cwt(error) => {
                let zh = format!("状态名单未通过验证：{}", error.explain().what.zh);
                fetch(Failure::new(en, zh))
            }
            Self::Claim(name) => {
                fetch(Failure::new(en, format!("状态名单中的 `{name}` 缺失或形式不符")))
            }
            Self::Surplus(name) => Failure::new(en, format!("状态名单中有不应有的 `{name}`")),
            Self::Damaged => fetch(Failure::new(en, "状态名单内容损坏或不完整")),
            Self::Trailing => fetch(Failure::new(en, "状态名单内容之后另有多余内容")),
            Self::Places(places) => Failure::new(en, format!("状态名单不能有 {places} 个序位")),
            Self::Value(value) => Failure::new(en, format!("该名单的序位不能取值 {value}")),
            Self::OtherList { expected, found } => {
                Failure::new(en, format!("所给名单是 `{found}`，而证明所用的是 `{expected}`"))
                    .remedy("give the list that the certificate names", "请提供证明所载地址的名单")
            }
            Self::OtherIssuer { expected, found } => {
                Failure::new(en, format!("名单由 `{found}` 签发，而证明由 `{expected}` 签发"))
            }
            Self::Key { key_id, .. } => {
                fetch(Failure::new(en, format!("名单的签章公钥 `{key_id}` 不可用")))
            }
            Self::Keys(_) => fetch(Failure::new(en, "公钥集中没有可验证该名单的公钥")),
            Self::NotCertified => Failure::new(en, "名单未附其签章密钥的证书，不符合所属规范"),
            Self::Times => Failure::new(en, "名单的时间自相矛盾"),
            Self::LivesTooLong => Failure::new(en, "名单的有效时间超过二十四小时"),
            Self::NotYet { .. } => Failure::new(en, "名单晚于所要判断的时点")
                .remedy("give a list of that time", "请提供当时的名单"),
            Self::Ended { .. } => fetch(Failure::new(en, "名单已过有效时间")),
            Self::OutOfRange { place, places } => {
                Failure::new(en, format!("名单只有 {places} 个序位，而证明的序位是 {place}"))
            }
            Self::Unknown(value) => {
                Failure::new(en, format!("名单对该证明的取值 {value} 在此没有含义"))
            }
        }
    }
}
