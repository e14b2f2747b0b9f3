//! What a person reads of a token that does not count.

use zerotrip_text::{Explain, Failure};

use crate::error::{CborError, CoseError};

impl CborError {
    fn zh(&self) -> String {
        match self {
            Self::TooLarge { found, most } => format!("共 {found} 字节，最多 {most} 字节"),
            Self::Cut => "内容不完整".to_owned(),
            Self::Trailing(bytes) => format!("末尾之后另有 {bytes} 字节"),
            Self::Indefinite => "使用了不定长编码".to_owned(),
            Self::NotShortest => "有数字未用最短编码".to_owned(),
            Self::Unsupported(_) => "含有此类令牌不使用的数据类型".to_owned(),
            Self::NotUtf8 => "有文本不是 `UTF-8`".to_owned(),
            Self::KeyOrder(name) => format!("映射的键 `{name}` 次序不对"),
            Self::KeyTwice(name) => format!("映射的键 `{name}` 重复"),
            Self::TooDeep(depth) => format!("嵌套超过 {depth} 层"),
            Self::NoTag => "开头没有标签".to_owned(),
            Self::NotDeterministic => "未按确定性规则编码".to_owned(),
        }
    }
}

impl Explain for CoseError {
    fn explain(&self) -> Failure {
        let zh = match self {
            Self::Cbor { place, why } => format!("{}无法读取：{}", place_zh(place), why.zh()),
            Self::Tag(tag) => format!("令牌的标签是 {tag}，不是 18（`COSE_Sign1`）"),
            Self::Shape => "令牌应由受保护头、未保护头、载荷与签名四部分组成".to_owned(),
            Self::Unprotected(name) => format!("令牌的未保护头含有 `{name}`，而该处必须为空"),
            Self::Unknown { place, name } => {
                format!("{}中有不认识的 `{name}`", place_zh(place))
            }
            Self::Missing { place, name } => {
                format!("{}中的 `{name}` 缺失或形式不符", place_zh(place))
            }
            Self::WrongAlgorithm(found) => format!("令牌的算法是 {found}，只接受 -7（`ES256`）"),
            Self::WrongType { found, expected } => {
                format!("令牌的类型是 `{found}`，不是 `{expected}`")
            }
            Self::SignatureLength(bytes) => format!("签名有 {bytes} 字节，应为 64 字节"),
            Self::WrongKey { expected, found } => {
                format!("令牌指明的公钥是 `{found}`，不是 `{expected}`")
            }
            Self::WrongKeyKind(key) => format!("公钥 `{key}` 不是 `P-256` 公钥"),
            Self::BadSignature => "签名未通过验证：内容被改动，或并非该签发单位所签".to_owned(),
            Self::Key(_) => "无法签名".to_owned(),
        };
        Failure::new(self.to_string(), zh)
    }
}

/// The Chinese of a part's name.
fn place_zh(place: &str) -> &'static str {
    match place {
        "protected header" => "受保护头",
        "payload" => "载荷",
        "claims" => "声明",
        "record" => "证明内容",
        "status" => "状态引用",
        "status list" => "状态名单",
        _ => "令牌",
    }
}
