//! How bytes become text.

use std::path::Path;

use encoding_rs::Encoding;
use zerotrip_datasets::file::CodePage;
use zerotrip_proto::v1::ErrorCode;

use crate::SourceError;

/// A byte of 0x80 and above in code page 437.
pub const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡\
                     «»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·\
                     √ⁿ²■\u{a0}";

/// How bytes become text.
pub enum Characters {
    Known(&'static Encoding),
    Cp437,
}

impl Characters {
    pub fn of(path: &Path, said: Option<CodePage>, mark: u8) -> Result<Self, SourceError> {
        Ok(match (said, mark) {
            (Some(CodePage::Utf8), _) => Self::Known(encoding_rs::UTF_8),
            (Some(CodePage::Gb18030), _) | (None, 0x4d | 0x7a) => Self::Known(encoding_rs::GB18030),
            (Some(CodePage::Big5), _) | (None, 0x4f | 0x78) => Self::Known(encoding_rs::BIG5),
            (Some(CodePage::Windows1252), _) | (None, 0x03 | 0x57 | 0x59) => {
                Self::Known(encoding_rs::WINDOWS_1252)
            }
            (Some(CodePage::Cp437), _)
            | (None, 0x01 | 0x09 | 0x0b | 0x0d | 0x0f | 0x11 | 0x15 | 0x18 | 0x19 | 0x1b) => {
                Self::Cp437
            }
            (None, mark) => {
                let detail = format!(
                    "`{}` does not tell its characters (mark 0x{mark:02x}); say them in \
                     `source.encoding`",
                    path.display()
                );
                return Err(SourceError::new(ErrorCode::Misconfigured, detail));
            }
        })
    }

    /// Bytes that the encoding does not know become U+FFFD, which the semantic types take for
    /// unreadable.
    pub fn text(&self, bytes: &[u8]) -> String {
        match self {
            Self::Known(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Cp437 => bytes
                .iter()
                .map(|byte| if byte.is_ascii() { char::from(*byte) } else { cp437(*byte) })
                .collect(),
        }
    }
}

fn cp437(byte: u8) -> char {
    CP437.chars().nth(usize::from(byte).saturating_sub(0x80)).unwrap_or('\u{fffd}')
}
