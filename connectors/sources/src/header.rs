//! A file's header: it names columns, and is never a row of the register.
//!
//! A file without one would lose its first row: that row's cells would be taken for names, and the
//! person in it would own nothing. So a name is accepted only if it is not a value.

use zerotrip_datasets::cell::{self, CellReading};
use zerotrip_datasets::is_digit;
use zerotrip_datasets::mask::masked;
use zerotrip_datasets::resident_id::{self, Reading};
use zerotrip_datasets::{Column, DatasetFile, KeyKind};
use zerotrip_proto::v1::SemanticType;

/// Digits that no name has: a day in full has as many, and every identifier.
const FEWEST_DIGITS: usize = 8;
/// Characters of a person's identifier of the first generation.
const SHORTEST_IDENTIFIER: usize = 15;
/// Digits around a mask that make it one of an identifier.
const FEWEST_BESIDE_MASK: usize = 4;

/// Columns' names as a file has them, folded; one that has none is `None`.
pub fn folded(cells: impl IntoIterator<Item = String>) -> Vec<Option<String>> {
    cells
        .into_iter()
        .map(|cell| Some(DatasetFile::folded_name(&cell)).filter(|name| !name.is_empty()))
        .collect()
}

/// A name as an error may show it: never a whole identifier.
pub fn shown(name: &str) -> String {
    if is_value(name) { masked(name) } else { name.to_owned() }
}

/// The first name that is a value, masked: of a column of the dataset by that column's type, of any
/// other by its looks.
pub fn value_among(names: &[Option<String>], columns: &[Column]) -> Option<String> {
    let is_value_of = |name: &str| {
        columns.iter().filter(|column| column.field == name).any(|column| reads_as(column, name))
    };
    names.iter().flatten().find(|name| is_value(name) || is_value_of(name)).map(|name| masked(name))
}

/// Whether a person's identifier, or what is left of one, is somewhere in a text, such as a title
/// above a header.
pub fn holds_identifier(text: &str) -> bool {
    let mut run = 0;
    let holds_run = text.chars().filter(|c| !c.is_whitespace()).any(|c| {
        run = if is_digit(c) || matches!(c, '*' | '＊' | 'X' | 'x' | 'Ｘ' | 'ｘ') {
            run + 1
        } else {
            0
        };
        run >= SHORTEST_IDENTIFIER
    });
    holds_run || matches!(resident_id::parse(text), Reading::Person(_))
}

/// Whether a text that should be a name could be a value: an identifier, what is left of one, or a
/// day.
fn is_value(name: &str) -> bool {
    let digits = name.chars().filter(|c| is_digit(*c)).count();
    let is_mask = |c: char| matches!(c, '*' | '＊' | '×' | '●' | '•' | '█' | '■');
    let has_mask = name.chars().zip(name.chars().skip(1)).any(|(a, b)| is_mask(a) && is_mask(b));
    digits >= FEWEST_DIGITS
        || (has_mask && digits >= FEWEST_BESIDE_MASK)
        || resident_id::parse(name) != Reading::Unreadable
        || KeyKind::ALL.into_iter().any(|kind| kind.read(name).is_some())
}

/// Whether the name of a column reads as one of its own values. Texts and names of people have no
/// form by which that could be seen.
fn reads_as(column: &Column, name: &str) -> bool {
    match column.semantic {
        SemanticType::Text
        | SemanticType::PersonName
        | SemanticType::Address
        | SemanticType::Money
        | SemanticType::Unspecified => false,
        SemanticType::ResidentId
        | SemanticType::Uscc
        | SemanticType::VesselNumber
        | SemanticType::Vin
        | SemanticType::UnitCode
        | SemanticType::DivisionCode
        | SemanticType::Date
        | SemanticType::Month
        | SemanticType::Phone
        | SemanticType::Code => {
            let reading = cell::read(column, Some(name));
            reading != CellReading::Null && !reading.is_spoilt()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_is_no_name_and_a_name_no_value() {
        for name in [
            "SFZH",
            "身份证号码(18位)",
            "证件号码[必填]",
            "2026年1月",
            "202601",
            "col_12",
            "F1",
            "XM**",
            "证件号码",
            "",
            "ID1234567",
            "一期二批三号楼四单元五层",
            "姓 名) -- drop table (x",
        ] {
            assert!(!is_value(name), "{name}");
        }
        for value in [
            "330105195604010493",
            "33010519560401049X",
            "330105560401049",
            "330105********0493",
            "3301**********",
            "＊＊3301",
            "'330105195604010493",
            "330105 19560401 0493",
            "３３０１０５１９５６０４０１０４９３",
            "E12345678",
            "91330100799655058B",
            "2026-11-01",
            "13800138000",
            "330105195604010493;李四;2026-11-01",
            "产权人330105195604010493",
            "共有三三〇一〇五一九五六〇四〇一〇四九三",
            "叁叁零壹零伍壹玖伍陆零肆零壹零肆玖叁",
            "共有〣〣〇〡〇〥〡〩〥〦〇〤〇〡〇〤〩〣",
        ] {
            assert!(is_value(value), "{value}");
            assert!(shown(value).chars().filter(|c| is_digit(*c)).count() <= 8, "{}", shown(value));
        }
    }

    proptest! {
        #[test]
        fn an_identifier_in_any_dress_is_never_shown_whole(
            division in 110_000_u32..660_000, birth in 19_000_101_u32..20_261_231, sequence in 0_u32..1000, check in "[0-9X]",
            before in "[^0-9\r\n]{0,6}", behind in "[^0-9\r\n]{0,6}",
        ) {
            let id = format!("{division:06}{birth:08}{sequence:03}{check}");
            let cell = format!("{before}{id}{behind}");
            prop_assert!(value_among(&[Some(cell.clone())], &[]).is_some(), "{cell}");
            prop_assert!(!shown(&cell).contains(&id[..12]), "{}", shown(&cell));
        }
    }
}
