//! What a person reads of an OFD that is not made, or does not count.

use zerotrip_text::{Explain, Failure};

use crate::error::{NotGenuine, OfdError};
use crate::seal_error::SealError;
use crate::x509::CertificateFault;

impl CertificateFault {
    fn zh(self) -> &'static str {
        match self {
            Self::Pem => "不是单个 PEM 证书",
            Self::Unreadable => "不是 X.509 第 3 版证书，或超过 8 KiB",
            Self::Key => "其公钥不是 SM2 公钥",
            Self::Algorithm => "不是以 SM2 与 SM3 签名的",
            Self::Critical => "含有基本约束、密钥用法以外的关键扩展",
            Self::Usage => "其密钥用法不允许此用途",
            Self::NotAnAuthority => "所信任的证书不是证书机构的证书",
            Self::Issuer => "不是由所信任的证书机构签发的",
            Self::NotValidThen => "在该时间不在有效期内",
        }
    }
}

impl Explain for CertificateFault {
    fn explain(&self) -> Failure {
        Failure::new(self.to_string(), self.zh())
    }
}

impl Explain for SealError {
    fn explain(&self) -> Failure {
        let zh = match self {
            Self::Picture(why) => format!("印章图片不可用：{why}"),
            Self::Unreadable => "不是符合 GB/T 38540-2020（第 4 版、无扩展）的电子印章".to_owned(),
            Self::Text(what) => format!("印章的 {what} 为空、过长或含有不允许的字符"),
            Self::Validity => "印章的有效期止早于有效期起，或超出公元 9999 年".to_owned(),
            Self::Signers => "印章的签章人应为 1 至 64 个".to_owned(),
            Self::Maker(fault) => format!("制章人证书：{}", fault.zh()),
            Self::Signer(fault) => format!("签章人证书：{}", fault.zh()),
            Self::OtherKey => "密钥与证书不匹配".to_owned(),
            Self::Signature => "制章人的签名未通过验证".to_owned(),
        };
        Failure::new(self.to_string(), zh)
    }
}

impl Explain for OfdError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        let zh = match self {
            Self::Paper(error) => return error.explain(),
            Self::Font(place) => format!("无法取得第 {place} 个字体的子集"),
            Self::TooLarge => "OFD 文件将超过 8 MiB".to_owned(),
            Self::Key => "密钥无法签名".to_owned(),
            Self::OtherKey => "密钥与其证书不匹配".to_owned(),
            Self::Certificate(fault) => format!("SM2 证书：{}", fault.zh()),
            Self::NotInSeal => {
                return Failure::new(en, "电子印章的签章人中没有此 SM2 证书").remedy(
                    "have a seal made that names it: `zerotrip seal make`",
                    "请制作包含该证书的电子印章：`zerotrip seal make`",
                );
            }
            Self::SealNotValid => "电子印章此时不在有效期内".to_owned(),
            Self::Issuer(why) => format!("签章密钥的证书不可用：{why}"),
            Self::OtherIssuer { issuer, holder } => {
                return Failure::new(
                    en,
                    format!("证明由 `{issuer}` 签发，而签章密钥属于 `{holder}`"),
                )
                .remedy("print it where it was issued", "请在签发该证明的系统上打印");
            }
            Self::BadTime => "盖章时间早于证明的签发时间，或超出公元 9999 年".to_owned(),
        };
        Failure::new(en, zh)
    }
}

impl Explain for NotGenuine {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        let zh = match self {
            Self::NotAnOfd => "不是 OFD 文件".to_owned(),
            Self::TooLarge => "OFD 文件超过 8 MiB".to_owned(),
            Self::OtherForm => {
                return Failure::new(en, "文件不是签发时的原件：有内容被添加，或被其他程序另存过")
                    .remedy("ask for the file as it was issued", "请索取签发时的原文件");
            }
            Self::OtherFiles { found, expected } => {
                format!("包内为 `{found}`，而签发的文件此处应为 `{expected}`")
            }
            Self::Record(error) => {
                return error
                    .explain()
                    .within("the certificate inside cannot be printed: ", "其中的证明无法印出：");
            }
            Self::Font(place) => format!("包内第 {place} 个字体的形式不符"),
            Self::OtherText { page, found, expected } => {
                format!("第 {page} 页显示 `{found}`，而其中的证明为 `{expected}`")
            }
            Self::OtherMarks(page) => format!("第 {page} 页的内容或位置与其中的证明不一致"),
            Self::OtherFile(name) => format!("`{name}` 与其中的证明不一致"),
            Self::Statement => "签发单位关于其印章的声明形式不符".to_owned(),
            Self::Issuer(why) => format!("签发单位声明所用的证书不可用：{why}"),
            Self::IssuerNotValidThen => "盖章时，签发单位声明所用的证书不在有效期内".to_owned(),
            Self::IssuerSignature => "签发单位声明的签名未通过验证".to_owned(),
            Self::OtherIssuer { signer, issuer } => {
                format!("印章归属由 `{signer}` 声明，而其中的证明由 `{issuer}` 签发")
            }
            Self::OtherStatement(what) => {
                let what = match *what {
                    "record" => "证明",
                    "package" => "文件包",
                    "certificate" => "证书",
                    _ => "时间",
                };
                format!("签发单位的声明针对的是另一{what}")
            }
            Self::Value => "电子签章的形式不符（GB/T 38540-2020 第 4 版）".to_owned(),
            Self::Seal(error) => {
                return error
                    .explain()
                    .within("the electronic seal does not count: ", "电子印章不可用：");
            }
            Self::OtherSeal => "`Seal.esl` 不是签章中的印章".to_owned(),
            Self::References => "签名描述文件所列的不是包内的全部文件，或文件已被改动".to_owned(),
            Self::Changed => "签名不是针对包内的 `Signature.xml` 的".to_owned(),
            Self::Path(path) => format!("签名针对的是 `{path}`，与签名描述文件的位置不符"),
            Self::Maker(subject) => {
                return Failure::new(en, format!("制章人不受信任：{subject}")).remedy(
                    "ask who makes the organ's seals, and trust that certificate",
                    "请核实该单位的制章机构，并信任其证书",
                );
            }
            Self::SealNotValidThen => "盖章时电子印章不在有效期内".to_owned(),
            Self::NotInSeal => "电子印章的签章人中没有签名者的证书".to_owned(),
            Self::Certificate(fault) => format!("签名者的 SM2 证书不可用：{}", fault.zh()),
            Self::Signature => "SM2 签名未通过验证".to_owned(),
            Self::Time => "OFD 所称的盖章时间早于证明的签发时间，或在将来".to_owned(),
        };
        Failure::new(en, zh)
    }
}
