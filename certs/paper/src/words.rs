//! The fixed words of a paper, in Chinese and English.

/// In which kind of file a paper is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// PDF/A with a PAdES signature.
    Pdf,
    /// OFD with an electronic seal.
    Ofd,
}

/// The number of a page.
pub(crate) fn page(number: usize, total: usize) -> String {
    format!("第 {number} 页 共 {total} 页 / {number} of {total}")
}

pub(crate) const SUBTITLE: &str = "电子证明打印件 / Printed electronic certificate";
pub(crate) const NOT_SHOWN: &str = "未出示 / not shown";
pub(crate) const PERSONS: &str = "核验对象 Persons";
pub(crate) const VARIANT: &str = "核验情形 Variant";
pub(crate) const REGIONS: &str = "地域范围 Regions";
pub(crate) const CASE: &str = "办件号 Case number";
pub(crate) const PURPOSE: &str = "用途 Purpose";
pub(crate) const SERIAL: &str = "证明编号 Serial";
pub(crate) const NO_SERIAL: &str = "无 / none";
pub(crate) const ISSUER: &str = "签发系统 Issuer";
pub(crate) const ISSUED: &str = "签发时间 Issued";
pub(crate) const UNTIL: &str = "有效期至 Valid until";
pub(crate) const WITHHELD: &str = "未出示项 Withheld";
pub(crate) const SOURCES: &str = "数据来源 / Sources";
pub(crate) const COLUMNS: [&str; 4] =
    ["数据目录 Register", "提供单位 Owner", "数据时点 As of", "覆盖范围 Coverage"];
pub(crate) const IN_FILE: &str = "本页内容全部出自文件内的电子证明，并由签发单位以数字签名盖章。";
pub(crate) const IN_FILE_EN: &str =
    "Everything here is from the certificate inside this file, which the issuer signed.";
pub(crate) const HOW: &str = "如何核验 / How to verify";
pub(crate) const DIGEST: &str = "证明摘要 SHA-256";
pub(crate) const SIZE: &str = "证明长度 Length";
pub(crate) const TYPE: &str = "证明类型 Type";
pub(crate) const KEY: &str = "签章公钥 Key";
pub(crate) const DEFINITION: &str = "核验定义 Definition";
pub(crate) const HUB: &str = "枢纽 Hub";
pub(crate) const EXCHANGE: &str = "交换编号 Exchange";
pub(crate) const ANSWERED: &str = "答复时间 Answered";
pub(crate) const INDEX: &str = "台账序号 Ledger index";
pub(crate) const ORIGIN: &str = "台账名称 Origin";
pub(crate) const TREE: &str = "台账长度 Tree size";
pub(crate) const STATUS: &str = "状态清单 Status list";
pub(crate) const NO_STATUS: &str =
    "无：不能撤销，到期失效 / none: it cannot be revoked, and expires";
pub(crate) const REQUEST: &str = "请求原文 Request";
pub(crate) const REQUEST_SHOWN: &str = "在电子证明内 / inside the certificate";
/// What a picture is to a reader who does not see it.
pub(crate) const SEAL_ALT: &str = "签发单位印章 / Seal of the issuer";
/// The same.
pub(crate) const QR_ALT: &str = "二维码 / QR code";
/// Of the document.
pub(crate) const PRODUCER: &str = "Zerotrip";

/// What a question names: whom it is about. Another name is shown as it is.
pub(crate) fn parameter(name: &str) -> &str {
    match name {
        "applicant" => "申请人 Applicant",
        "enterprise" => "企业 Enterprise",
        "vessel" => "船舶 Vessel",
        "vehicle" => "车辆 Vehicle",
        "property_unit" => "不动产单元 Real-property unit",
        other => other,
    }
}

/// What crosses each page.
pub(crate) fn watermark(purpose: Option<&str>, case: Option<&str>, until: &str) -> Vec<String> {
    let (zh, en) = match (purpose, case) {
        (Some(purpose), Some(case)) => (
            format!("仅限办理 {purpose}（办件号 {case}）"),
            format!("Only for {purpose}, case {case}"),
        ),
        (Some(purpose), None) => (format!("仅限办理 {purpose}"), format!("Only for {purpose}")),
        (None, Some(case)) => (format!("仅限办理办件 {case}"), format!("Only for case {case}")),
        (None, None) => ("未出示用途".to_owned(), "Purpose not shown".to_owned()),
    };
    vec![zh, en, format!("有效期至 {until} / valid until {until}")]
}

impl Form {
    /// What paper is good for.
    pub(crate) fn on_paper(self) -> [&'static str; 2] {
        match self {
            Self::Pdf => [
                "纸面本身不能证明真伪：请核验 PDF 文件。",
                "Paper alone proves nothing: verify the PDF file.",
            ],
            Self::Ofd => [
                "纸面本身不能证明真伪：请核验 OFD 文件。",
                "Paper alone proves nothing: verify the OFD file.",
            ],
        }
    }

    /// How to verify it.
    pub(crate) fn steps(self) -> &'static [&'static str; 8] {
        match self {
            Self::Pdf => &PDF_STEPS,
            Self::Ofd => &OFD_STEPS,
        }
    }
}

const PDF_STEPS: [&str; 8] = [
    "1. 用命令 zerotrip verify 核验 PDF 文件：它核对数字签名、页面文字与电子证明是否一致，再核验电子证\
     明本身及其状态。",
    "1. Run zerotrip verify on the PDF file. It checks the signature, that the pages say what the \
     certificate says, and then the certificate itself and its status.",
    "2. 也可用其他工具核验：支持 PAdES 的阅读器信任主管部门根证书后会显示签名；数字签名只有一个，且覆盖整个\
     文件。",
    "2. Other tools can do so too: a reader that knows PAdES shows the signature once it trusts \
     the authority's root certificate. There is one signature, and it covers the whole file.",
    "3. 电子证明（SD-JWT）原样存于文件目录的 PieceInfo / Zerotrip / Private 数据流中，未压缩；其 SHA-256 \
     见下表。",
    "3. The certificate (SD-JWT) is in the stream PieceInfo / Zerotrip / Private of the catalogue, \
     as it is and not compressed. Its SHA-256 is below.",
    "4. 枢纽已在存证台账中登记此次核验，序号见下表；经审计可凭此查对。",
    "4. The hub recorded the answer in its ledger under the index below, where an auditor finds \
     it.",
];
const OFD_STEPS: [&str; 8] = [
    "1. 用命令 zerotrip verify 核验 OFD 文件：它核对电子印章与数字签名、页面文字与电子证明是否一致，再核\
     验电子证明本身及其状态。",
    "1. Run zerotrip verify on the OFD file. It checks the electronic seal and its signature, that \
     the pages say what the certificate says, and then the certificate itself and its status.",
    "2. 也可用其他工具核验：支持 GB/T 38540 电子签章的 OFD 阅读器信任制章人与签章人的证书后会显示签章；签章\
     只有一个，且覆盖除其自身以外的全部文件。",
    "2. Other tools can do so too: an OFD reader that knows GB/T 38540 shows the seal once it \
     trusts the seal's maker and signer. There is one seal, and it covers every file but its own.",
    "3. 电子证明（SD-JWT）原样存于 OFD 包内的附件 record.sdjwt，未压缩；其 SHA-256 见下表。",
    "3. The certificate (SD-JWT) is the attachment record.sdjwt in the OFD package, as it is and \
     not compressed. Its SHA-256 is below.",
    PDF_STEPS[6],
    PDF_STEPS[7],
];
