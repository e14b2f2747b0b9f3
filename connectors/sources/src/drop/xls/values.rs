//! Values as records store them.

use crate::drop::cell_value::CellValue;

pub enum Stored {
    Number(f64),
    CellValue(CellValue),
    Text,
}

/// A number in four bytes: a whole one of 30 bits or the upper half of a double, perhaps times a
/// hundred.
pub fn short_number(packed: u32) -> f64 {
    let number = if packed & 2 != 0 {
        f64::from(packed.cast_signed() >> 2)
    } else {
        f64::from_bits(u64::from(packed & !3) << 32)
    };
    if packed & 1 != 0 { number / 100.0 } else { number }
}

/// What a formula came to.
pub fn formula(value: [u8; 8]) -> Stored {
    match value {
        [0, _, _, _, _, _, 0xff, 0xff] => Stored::Text,
        [1, _, truth, _, _, _, 0xff, 0xff] => Stored::CellValue(truth_or_error(truth, false)),
        [2, _, error, _, _, _, 0xff, 0xff] => Stored::CellValue(truth_or_error(error, true)),
        [3, _, _, _, _, _, 0xff, 0xff] => Stored::CellValue(CellValue::Text(String::new())),
        [.., 0xff, 0xff] => Stored::CellValue(CellValue::Lost),
        number => Stored::Number(f64::from_le_bytes(number)),
    }
}

pub fn truth_or_error(value: u8, is_error: bool) -> CellValue {
    let error = match value {
        0 | 1 if !is_error => return CellValue::Truth(value == 1),
        _ if !is_error => return CellValue::Lost,
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        0x2a => "#N/A",
        _ => return CellValue::Lost,
    };
    CellValue::Error(error.to_owned())
}
