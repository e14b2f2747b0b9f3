//! What a person reads of a paper that is not made, or does not count.

use zerotrip_text::{Explain, Failure};

use crate::error::PaperError;
use crate::timestamp::StampError;
use crate::verify::NotGenuine;

impl Explain for PaperError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        let zh = match self {
            Self::NotARecord => "不是签发时的电子证明文本，或附有持有证明".to_owned(),
            Self::Record(error) => return error.explain(),
            Self::Claim(name) => format!("证明中的 `{name}` 缺失或形式不符"),
            Self::Disclosure(name) => format!("所出示的 `{name}` 不是文本，也不是其类型的值"),
            Self::TooMany(what, most) => format!("超过上限：{what} 最多 {most}"),
            Self::Unprintable(code, place) => {
                format!("`{place}` 中的 U+{code:04X} 不是可单独印出的字符")
            }
            Self::NoGlyph(code, c) => {
                return Failure::new(en, format!("字体中都没有字符 U+{code:04X} `{c}`")).remedy(
                    "add a font that has it to `paper.toml`",
                    "请在 `paper.toml` 中增加含有该字符的字体",
                );
            }
            Self::Font { file, face, why } => {
                format!("字体文件 `{file}`（第 {face} 面）不可用：{why}")
            }
            Self::NoFont => {
                return Failure::new(en, "没有可用的字体").remedy(
                    "install fonts-noto-cjk, or name fonts in `paper.toml`",
                    "请安装 fonts-noto-cjk，或在 `paper.toml` 中指定字体",
                );
            }
            Self::Seal(why) => format!("印章图片不可用：{why}"),
            Self::Qr(why) => format!("二维码矩阵不可用：{why}"),
            Self::Pdf(why) => format!("无法生成 PDF：{why}"),
            Self::Key(why) => format!("签章密钥无法签名：{why}"),
            Self::Certificate(why) => format!("签章密钥的证书不可用：{why}"),
            Self::OtherIssuer { issuer, holder } => {
                return Failure::new(
                    en,
                    format!("证明由 `{issuer}` 签发，而签章密钥属于 `{holder}`"),
                )
                .remedy("print it where it was issued", "请在签发该证明的系统上打印");
            }
            Self::NoRoom => "签名超过预留的长度".to_owned(),
            Self::BadTime => "签名时间早于证明的签发时间，或超出公元 9999 年".to_owned(),
            Self::Stamp(error) => return error.explain(),
        };
        Failure::new(en, zh)
    }
}

impl Explain for StampError {
    fn explain(&self) -> Failure {
        let zh = match self {
            Self::Unreadable => "时间戳响应无法读取，或超过 12 KiB".to_owned(),
            Self::Refused(status) => format!("时间戳服务拒绝请求，状态为 {status}"),
            Self::OtherImprint => "时间戳不是针对此签名的".to_owned(),
            Self::NoRoom => "签名未预留时间戳的位置，或时间戳过长".to_owned(),
        };
        Failure::new(self.to_string(), zh)
    }
}

impl Explain for NotGenuine {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        let zh = match self {
            Self::NotAPdf => "不是 PDF 文件".to_owned(),
            Self::TooLarge => "PDF 文件超过 4 MiB".to_owned(),
            Self::OtherForm => {
                return Failure::new(
                    en,
                    "文件不是签发时的单一版本：有内容被添加，或被其他程序另存过",
                )
                .remedy("ask for the file as it was issued", "请索取签发时的原文件");
            }
            Self::Object { object, key } => {
                format!("第 {object} 号对象含有 `{key}`，证明文件中不应有此内容")
            }
            Self::Unused(object) => format!("第 {object} 号对象未被引用"),
            Self::Stream(object) => format!("第 {object} 号对象的数据流无法解压，或过大"),
            Self::NotSigned => "PDF 没有数字签名".to_owned(),
            Self::Range => "数字签名未覆盖除自身以外的整个文件".to_owned(),
            Self::Cms => "数字签名的格式不符（CMS，ETSI EN 319 142-1）".to_owned(),
            Self::Changed => "文件在签名之后被改动".to_owned(),
            Self::Signature => "数字签名未通过验证".to_owned(),
            Self::Certificate(why) => format!("签名者的证书不可用：{why}"),
            Self::NotValidThen => "在 PDF 所称的签名时间，签名者的证书不在有效期内".to_owned(),
            Self::Time => "PDF 所称的签名时间早于证明的签发时间，或在将来".to_owned(),
            Self::OtherSigner { signer, issuer } => {
                format!("PDF 由 `{signer}` 签名，而其中的证明由 `{issuer}` 签发")
            }
            Self::Record(error) => {
                return error
                    .explain()
                    .within("the certificate inside cannot be printed: ", "其中的证明无法印出：");
            }
            Self::Font(object) => format!("第 {object} 号对象中的字体形式不符"),
            Self::Operator { page, operator } => {
                format!("第 {page} 页使用了 `{operator}`，证明文件中不应如此")
            }
            Self::OtherText { page, found, expected } => {
                format!("第 {page} 页显示 `{found}`，而其中的证明为 `{expected}`")
            }
            Self::OtherMarks(page) => format!("第 {page} 页的内容或位置与其中的证明不一致"),
            Self::OtherPages { found, expected } => {
                format!("PDF 有 {found} 页，而其中的证明应为 {expected} 页")
            }
            Self::Metadata(key) => format!("PDF 的 `{key}` 与其中的证明不一致"),
            Self::Stamp(error) => {
                return error.explain().within("the time stamp: ", "时间戳：");
            }
        };
        Failure::new(en, zh)
    }
}
