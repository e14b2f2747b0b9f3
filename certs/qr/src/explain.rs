//! What a person reads of a QR that does not count, or is not made.

use zerotrip_text::{Explain, Failure};

use crate::bounds::{IMAGE_BYTES, PIXELS, PREFIX, TEXT_CHARS, TOKEN_BYTES};
use crate::error::QrError;
use crate::image::ImageError;
use crate::scan::ScanError;

impl Explain for QrError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::Prefix(found) => Failure::new(
                en,
                format!("这不是电子证明的二维码：开头不是 `{PREFIX}`，内容是 `{found}`"),
            )
            .remedy(
                "scan the QR that is printed on the certificate, and open no link",
                "请扫描证明上印制的二维码，不要打开任何链接",
            ),
            Self::TooLong(found) => {
                Failure::new(en, format!("二维码有 {found} 个字符，最多 {TEXT_CHARS} 个"))
            }
            Self::Base45(_) => Failure::new(en, "二维码内容不是完整的 `base45` 文本")
                .remedy("scan it again", "请重新扫描"),
            Self::Token(error) => error.explain(),
            Self::NoClaims => Failure::new(en, "二维码的载荷不是声明"),
            Self::Half(one, other) => {
                Failure::new(en, format!("二维码中 `{one}` 与 `{other}` 只有其一"))
            }
            Self::Times => Failure::new(en, "二维码的时间自相矛盾，或有效期超过一年"),
            Self::Key(error) | Self::Certificate(error) => error.explain(),
            Self::KeyEnded(error) => Failure::new(
                en,
                format!(
                    "二维码只在其签章公钥仍然有效时有效，因为台账不记载它何时签成：{}",
                    error.explain().what.zh
                ),
            )
            .remedy(
                "verify the certificate itself, or ask its issuer for a new QR",
                "请验证电子证明本身，或请签发单位重新制作二维码",
            ),
            Self::WrongIssuer { stated, holder } => {
                Failure::new(en, format!("二维码称由 `{stated}` 签发，但公钥属于 `{holder}`"))
            }
            Self::NotValid(kind) => {
                let zh = format!("不能确知有效的电子证明不制作二维码：{}", kind.zh());
                Failure::new(en, zh)
            }
            Self::Bound => Failure::new(
                en,
                "已与持有人密钥绑定的电子证明不制作二维码：出示二维码不能证明持有密钥",
            )
            .remedy("issue one without `--holder-key`", "请不带 `--holder-key` 另行签发"),
            Self::NotTheIssuers { key_id, issuer } => {
                Failure::new(en, format!("`{key_id}` 不是签发单位 `{issuer}` 的签章公钥")).remedy(
                    "make the QR in the folder of the system that issued it",
                    "请在签发该证明的业务系统目录中制作",
                )
            }
            Self::Unfit(name) => Failure::new(en, format!("证明的 `{name}` 无法放入二维码"))
                .remedy(
                    "leave out what can be left out (`zerotrip present`)",
                    "请略去可以不出示的内容（`zerotrip present`）",
                ),
            Self::TooMuch { found } => Failure::new(
                en,
                format!("证明制成二维码需要 {found} 字节，最多 {TOKEN_BYTES} 字节"),
            )
            .remedy(
                "leave out what can be left out (`zerotrip present`)",
                "请略去可以不出示的内容（`zerotrip present`）",
            ),
        }
    }
}

impl Explain for ImageError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::Kind => Failure::new(en, "不是 `PNG` 或 `JPEG` 图像"),
            Self::Bytes(found) => {
                Failure::new(en, format!("图像文件有 {found} 字节，最多 {IMAGE_BYTES} 字节"))
            }
            Self::Size { width, height } => {
                Failure::new(en, format!("图像为 {width} × {height} 像素，总数最多 {PIXELS}"))
                    .remedy("cut the picture down to the QR", "请只截取二维码部分")
            }
            Self::Damaged(_) => Failure::new(en, "图像已损坏或无法识别")
                .remedy("take the picture again", "请重新拍摄"),
        }
    }
}

impl Explain for ScanError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::Image(error) => error.explain(),
            Self::None => Failure::new(en, "图像中找不到可读的二维码").remedy(
                "take the picture again: nearer, straight, in good light",
                "请靠近、摆正并在光线充足处重新拍摄",
            ),
            Self::Many(found) => Failure::new(en, format!("图像中有 {found} 个二维码，只能有一个"))
                .remedy("cut the picture down to one QR", "请只截取其中一个二维码"),
            Self::Document => Failure::new(en, "该图片同时是 `PDF` 文件，显示的内容与二维码不同")
                .remedy("do not act on it; take a picture yourself", "请勿采信，请自行拍摄"),
            Self::Unreadable(_) => Failure::new(en, "图像中的二维码无法读取").remedy(
                "take the picture again: nearer, straight, in good light",
                "请靠近、摆正并在光线充足处重新拍摄",
            ),
        }
    }
}
