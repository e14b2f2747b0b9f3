//! What kinds of records are called.

pub const FORMULA: u16 = 0x0006;
pub const END: u16 = 0x000a;
pub const DATE_MODE: u16 = 0x0022;
pub const PASSWORD: u16 = 0x002f;
pub const SHEET: u16 = 0x0085;
pub const MANY_SHORT_NUMBERS: u16 = 0x00bd;
pub const MANY_BLANKS: u16 = 0x00be;
pub const RICH_LABEL: u16 = 0x00d6;
pub const STYLE: u16 = 0x00e0;
pub const MERGED: u16 = 0x00e5;
pub const TEXTS: u16 = 0x00fc;
pub const SHARED_TEXT: u16 = 0x00fd;
pub const BOUNDS: u16 = 0x0200;
pub const BLANK: u16 = 0x0201;
pub const NUMBER: u16 = 0x0203;
pub const LABEL: u16 = 0x0204;
pub const TRUTH_OR_ERROR: u16 = 0x0205;
pub const FORMULA_TEXT: u16 = 0x0207;
pub const ROW: u16 = 0x0208;
pub const SHORT_NUMBER: u16 = 0x027e;
pub const FORMAT: u16 = 0x041e;
pub const BEGIN: u16 = 0x0809;
