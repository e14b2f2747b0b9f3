//! The modules of a QR (ISO/IEC 18004).

use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};

use crate::bounds::VERSION;
use crate::error::QrError;
use crate::text::QrText;

/// A QR, as dark and light modules, without its margin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The version (1 to 20): a side has `17 + 4 × version` modules.
    pub version: u8,
    /// The error correction level: `M`, or a higher one where that needs no larger version.
    pub level: char,
    /// Modules on a side.
    pub size: usize,
    /// Row by row from the top; `true` is dark.
    pub modules: Vec<bool>,
}

impl Matrix {
    /// Whether a module is dark. Outside there is the margin.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = x < self.size && y < self.size;
        inside && self.modules.get(y * self.size + x).copied().unwrap_or_default()
    }
}

/// The smallest QR that holds a text, at level M at least: 15 in 100 of its content can be lost.
pub fn matrix(text: &QrText) -> Result<Matrix, QrError> {
    // A text that was read is of the alphanumeric characters alone.
    let segment = QrSegment::make_alphanumeric(text.as_str());
    let (least, most) = (Version::new(1), Version::new(VERSION));
    let code =
        QrCode::encode_segments_advanced(&[segment], QrCodeEcc::Medium, least, most, None, true);
    let code = code.map_err(|_| QrError::TooLong(text.as_str().len()))?;
    let side = code.size();
    let modules = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    Ok(Matrix {
        version: code.version().value(),
        level: match code.error_correction_level() {
            QrCodeEcc::Low => 'L',
            QrCodeEcc::Medium => 'M',
            QrCodeEcc::Quartile => 'Q',
            QrCodeEcc::High => 'H',
        },
        size: usize::try_from(side).unwrap_or_default(),
        modules: modules.map(|(x, y)| code.get_module(x, y)).collect(),
    })
}
