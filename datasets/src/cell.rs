//! What one raw cell means, by its column's semantic type.

use std::borrow::Cow;

use zerotrip_proto::v1::SemanticType;

use crate::enterprise::{Number, accounted};
use crate::normal::organisation_code::OrganisationCode;
use crate::normal::{address, division, money, month, person_name, phone};
use crate::{CivilDay, Column, Key, Named, date, fold, property_unit, vehicle, vessel};

/// A cell's meaning, or that it has none that could be relied upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellReading<'a> {
    /// NULL, empty, only blanks, or a word that its owner declares to say that there is nothing;
    /// for a code that is [`CellReading::UnknownCode`] instead.
    Null,
    /// A person's id, an enterprise's credit code, or the number of a thing: a vessel, a vehicle, a
    /// real-property unit.
    Id(Key),
    /// An older number of an enterprise, by what its credit code has inside: good for finding a
    /// row, and no value that could travel.
    Part(OrganisationCode),
    /// Several persons, enterprises or things, every character accounted for: as good as that.
    Several(Vec<Named>),
    /// An identifier of another kind, by its looks or by a scheme that the column's owner declares,
    /// folded; never one of the column's own kind.
    OtherId(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Text as written, blanks around it trimmed; or the canonical form of the column's type.
    Text(Cow<'a, str>),
    /// An amount, in fen.
    Money(i128),
    /// A code's meaning, from the column's closed list.
    Code(&'a str),
    /// There is something that cannot be read as the column's type.
    Unreadable,
    /// NULL, blank, or not in the closed list: what it would mean for the question asked is
    /// unknown.
    UnknownCode,
}

/// Whether nothing is there: NULL, empty, or only blanks and what is as invisible.
pub fn is_blank(raw: Option<&str>) -> bool {
    raw.is_none_or(|raw| fold::trimmed(raw).is_empty())
}

/// Reads the raw cell of this column; `None` is the source's NULL.
pub fn read<'a>(column: &'a Column, raw: Option<&'a str>) -> CellReading<'a> {
    let text = raw.map(fold::trimmed).filter(|text| !text.is_empty());
    if column.semantic == SemanticType::Code {
        return text
            .and_then(|code| column.codes.get(code))
            .map_or(CellReading::UnknownCode, |meaning| CellReading::Code(meaning));
    }
    let Some(text) = text.filter(|text| !column.declared.nothing.contains(*text)) else {
        return CellReading::Null;
    };
    if column.declared.is_unknown(text) {
        return CellReading::Unreadable;
    }
    match column.semantic {
        SemanticType::ResidentId => match column.declared.accounted(text).as_deref() {
            Some([]) => CellReading::OtherId(fold::identifier(text)),
            Some([id]) => CellReading::Id(Key::Resident(*id)),
            Some(several) => {
                let keys = several.iter().copied().map(Key::Resident);
                CellReading::Several(keys.map(Named::Key).collect())
            }
            None => CellReading::Unreadable,
        },
        SemanticType::Uscc => match accounted(&column.declared, text).as_deref() {
            Some([]) => CellReading::OtherId(fold::identifier(text)),
            Some([Number::Code(code)]) => CellReading::Id(Key::Enterprise(*code)),
            Some([Number::Organisation(part)]) => CellReading::Part(*part),
            Some(several) => {
                CellReading::Several(several.iter().copied().map(Named::from).collect())
            }
            None => CellReading::Unreadable,
        },
        SemanticType::VesselNumber => things(text, vessel::accounted(&column.declared, text)),
        SemanticType::Vin => things(text, vehicle::accounted(&column.declared, text)),
        SemanticType::UnitCode => things(text, property_unit::accounted(&column.declared, text)),
        SemanticType::Date => date::parse(text)
            .map_or(CellReading::Unreadable, |day| CellReading::Date(date::to_date32(day))),
        SemanticType::Text => CellReading::Text(text.into()),
        SemanticType::PersonName => canonical(person_name::read(text)),
        SemanticType::DivisionCode => canonical(division::read(text)),
        SemanticType::Phone => canonical(phone::read(text)),
        SemanticType::Address => canonical(address::read(text)),
        SemanticType::Month => canonical(
            month::read(text, column.declared.day_is_ignored).map(|month| month.to_string()),
        ),
        SemanticType::Money => {
            money::read(text).map_or(CellReading::Unreadable, CellReading::Money)
        }
        SemanticType::Code | SemanticType::Unspecified => CellReading::Unreadable,
    }
}

/// By the things that the cell names, if all of it is accounted for.
fn things<T: Copy + Into<Key>>(text: &str, numbers: Option<Vec<T>>) -> CellReading<'static> {
    match numbers.as_deref() {
        Some([]) => CellReading::OtherId(fold::identifier(text)),
        Some([number]) => CellReading::Id((*number).into()),
        Some(several) => {
            let keys = several.iter().copied().map(Into::into);
            CellReading::Several(keys.map(Named::Key).collect())
        }
        None => CellReading::Unreadable,
    }
}

fn canonical(text: Option<String>) -> CellReading<'static> {
    text.map_or(CellReading::Unreadable, |text| CellReading::Text(text.into()))
}

impl CellReading<'_> {
    /// Whether the cell spoils a scan that needs it: something is there, or should be, and it has
    /// no one meaning.
    pub fn is_spoilt(&self) -> bool {
        matches!(self, Self::Unreadable | Self::UnknownCode | Self::Part(_) | Self::Several(_))
    }

    /// The same as of a day: the id of a birth to come is not yet a person's, but a slip in a
    /// person's id; so is a vessel's number of a year to come.
    #[must_use]
    pub fn on(self, today: CivilDay) -> Self {
        if self.keys().any(|key| key.is_to_come(today)) { Self::Unreadable } else { self }
    }

    /// Everything by which it names a person, an enterprise or a thing.
    pub fn names(&self) -> impl Iterator<Item = Named> {
        let (one, several) = match self {
            Self::Id(key) => (Some(Named::Key(*key)), &[][..]),
            Self::Part(part) => (Some(Named::Organisation(*part)), &[][..]),
            Self::Several(names) => (None, names.as_slice()),
            _ => (None, &[][..]),
        };
        one.into_iter().chain(several.iter().copied())
    }

    /// Everybody whose key it has.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.names().filter_map(|name| match name {
            Named::Key(key) => Some(key),
            Named::Organisation(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeMap;

    use chrono::NaiveDate;
    use zerotrip_proto::v1::Grade;

    use super::*;
    use crate::ResidentId;
    use crate::normal::uscc::Uscc;
    use crate::resident_id::{Declared, Scheme};

    fn column(semantic: SemanticType) -> Column {
        let codes = BTreeMap::from([
            ("1".to_owned(), "registered".to_owned()),
            ("正常".to_owned(), "registered".to_owned()),
        ]);
        Column {
            name: "c".into(),
            field: "C".into(),
            semantic,
            grade: Grade::L1,
            codes,
            ..Column::default()
        }
    }

    #[test]
    fn the_id_of_a_birth_to_come_is_no_persons() {
        let born =
            ResidentId::from_parts(330_106, NaiveDate::from_ymd_opt(2026, 11, 29).unwrap(), 12)
                .unwrap();
        let day = |day: u32| CivilDay::of(NaiveDate::from_ymd_opt(2026, 11, day).unwrap());
        assert_eq!(CellReading::Id(born.into()).on(day(29)), CellReading::Id(born.into()));
        assert_eq!(CellReading::Id(born.into()).on(day(28)), CellReading::Unreadable);
        assert_eq!(
            CellReading::Several(vec![Named::Key(born.into())]).on(day(28)),
            CellReading::Unreadable
        );
        assert_eq!(CellReading::Null.on(day(28)), CellReading::Null);
    }

    #[test]
    fn each_type_reads_its_own() {
        let columns = (0..32)
            .filter_map(|number| SemanticType::try_from(number).ok())
            .map(column)
            .collect::<Vec<_>>();
        let read = |semantic: SemanticType, raw: Option<&'static str>| {
            read(columns.iter().find(|one| one.semantic == semantic).unwrap(), raw)
        };
        let id = ResidentId::new_strict("11010519491231002X").unwrap();
        assert_eq!(
            read(SemanticType::ResidentId, Some(" 110105491231002 ")),
            CellReading::Id(id.into())
        );
        assert_eq!(
            read(SemanticType::ResidentId, Some("e12345670")),
            CellReading::Unreadable,
            "nobody said that passports stand here"
        );
        assert_eq!(
            read(SemanticType::ResidentId, Some("110105194912310021")),
            CellReading::Unreadable
        );
        assert_eq!(read(SemanticType::ResidentId, Some("\u{3000}")), CellReading::Null);
        assert_eq!(read(SemanticType::Date, Some("1970.1.2")), CellReading::Date(1));
        assert_eq!(read(SemanticType::Date, Some("不详")), CellReading::Unreadable);
        assert_eq!(read(SemanticType::Date, None), CellReading::Null);
        assert_eq!(read(SemanticType::Code, Some("1 ")), CellReading::Code("registered"));
        assert_eq!(read(SemanticType::Code, Some("\u{3000}正常")), CellReading::Code("registered"));
        for unknown in [None, Some(""), Some("9"), Some("\0")] {
            assert_eq!(read(SemanticType::Code, unknown), CellReading::UnknownCode);
            assert!(read(SemanticType::Code, unknown).is_spoilt());
        }
        assert_eq!(
            read(SemanticType::PersonName, Some(" 张三 ")),
            CellReading::Text("张三".into())
        );
        assert_eq!(read(SemanticType::Money, Some("1,200.5元")), CellReading::Money(120_050));
        assert_eq!(read(SemanticType::Money, Some("about 1200")), CellReading::Unreadable);
        assert_eq!(
            read(SemanticType::DivisionCode, Some("330103")),
            CellReading::Text("330105".into())
        );
        assert_eq!(
            read(SemanticType::Phone, Some("138-0013-8000")),
            CellReading::Text("+8613800138000".into())
        );
        assert_eq!(
            read(SemanticType::Month, Some(" 2024年3月 ")),
            CellReading::Text("2024-03".into())
        );
        assert_eq!(read(SemanticType::Month, Some("2024-03-01")), CellReading::Unreadable);
        let code = Uscc::read("91330100799655058B").unwrap();
        assert_eq!(
            read(SemanticType::Uscc, Some("91330100 7996 5505-8b")),
            CellReading::Id(code.into())
        );
        assert_eq!(read(SemanticType::Uscc, Some("79965505-8")), CellReading::Unreadable);
        assert_eq!(read(SemanticType::Unspecified, Some("x")), CellReading::Unreadable);
    }

    #[test]
    fn an_owners_words_count_before_looks() {
        let id = "11010519491231002X";
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let declared = Declared {
            schemes: [Scheme::Passport].into(),
            nothing: words(&["无", "NULL"]),
            unknown: words(&[id]),
            ..Declared::default()
        };
        let ids = Column { declared, ..column(SemanticType::ResidentId) };
        assert_eq!(super::read(&ids, Some("e12345670")), CellReading::OtherId("E12345670".into()));
        assert_eq!(super::read(&ids, Some(" 无 ")), CellReading::Null);
        assert_eq!(
            super::read(&ids, Some(id)),
            CellReading::Unreadable,
            "what its owner calls unknown"
        );
        let other = ResidentId::new_strict("440524188001010014").unwrap();
        assert_eq!(
            super::read(&ids, Some("440524188001010014；E12345670")),
            CellReading::Id(other.into())
        );
        let months = Column {
            declared: Declared { day_is_ignored: true, ..Declared::default() },
            ..column(SemanticType::Month)
        };
        for raw in ["2024-03-31", "20240301", "2024年3月1日", "2024-03-01 00:00:00", "2024-03"] {
            assert_eq!(super::read(&months, Some(raw)), CellReading::Text("2024-03".into()));
        }
        assert_eq!(super::read(&months, Some("2024-02-30")), CellReading::Unreadable);
        let dates = Column {
            declared: Declared { nothing: words(&["0000-00-00"]), ..Declared::default() },
            ..column(SemanticType::Date)
        };
        assert_eq!(super::read(&dates, Some("0000-00-00")), CellReading::Null);
    }
}
