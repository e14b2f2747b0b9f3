#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::CivilDay;
use crate::resident_id::Scheme;

const LI: &str = "11010519491231002X";
const CODE: &str = "91330100799655058B";
const VESSEL: &str = "CN20154839571";
const VEHICLE: &str = "LSVAA49J132047371";
const UNIT: &str = "330106001001GB00001F00010001";

#[test]
fn a_text_is_a_key_of_one_kind_at_most() {
    let (li, code) = (Key::canonical(LI).unwrap(), Key::canonical(CODE).unwrap());
    assert_eq!((li.kind(), code.kind()), (KeyKind::Resident, KeyKind::Enterprise));
    for (text, kind) in [(LI, KeyKind::Enterprise), (CODE, KeyKind::Resident)] {
        assert_eq!((kind.canonical(text), kind.typed(text), kind.read(text)), (None, None, None));
    }
    for text in
        ["11010519491231002x", "91330100799655058b", " 91330100799655058B", "79965505-8", ""]
    {
        assert_eq!(Key::canonical(text), None, "{text}");
    }
    assert_eq!(KeyKind::Enterprise.typed("９１３３０１００ 799655058b"), Some(code));
    let vessel = Key::canonical(VESSEL).unwrap();
    assert_eq!((vessel.kind(), vessel.as_str()), (KeyKind::Vessel, VESSEL));
    for kind in [KeyKind::Resident, KeyKind::Enterprise] {
        assert_eq!((kind.typed(VESSEL), kind.read(VESSEL)), (None, None));
    }
    for text in [LI, CODE] {
        assert_eq!((KeyKind::Vessel.typed(text), KeyKind::Vessel.read(text)), (None, None));
    }
    assert_eq!(KeyKind::Vessel.typed("cn2015 4839-571"), Some(vessel));
    assert_eq!(Key::canonical("cn20154839571"), None);
    for (text, of) in [(VEHICLE, KeyKind::Vehicle), (UNIT, KeyKind::PropertyUnit)] {
        let key = Key::canonical(text).unwrap();
        assert_eq!((key.kind(), key.as_str()), (of, text));
        for kind in KeyKind::ALL.into_iter().filter(|kind| *kind != of) {
            assert_eq!((kind.typed(text), kind.read(text)), (None, None), "{kind:?}");
        }
        for other in [LI, CODE, VESSEL] {
            assert_eq!((of.typed(other), of.read(other)), (None, None), "{other}");
        }
        assert_eq!(of.typed(&format!(" {}", text.to_lowercase())), Some(key));
        assert_eq!(of.read(&text.to_lowercase()), Some(key));
    }
    // Of one that is both, nothing says which is meant.
    let both = (0..1000)
        .flat_map(|sequence| (1..29).map(move |day| (day, sequence)))
        .filter_map(|(day, sequence)| {
            let birth = NaiveDate::from_ymd_opt(1985, 3, day)?;
            ResidentId::from_parts(131_128, birth, sequence)
        })
        .find(|id| Uscc::canonical(id.as_str()).is_some())
        .unwrap();
    assert_eq!(KeyKind::Enterprise.canonical(both.as_str()), None);
    assert_eq!(Key::canonical(both.as_str()), Some(both.into()));
}

#[test]
fn keys_are_masked_and_say_what_their_numbers_do() {
    let (li, code) = (Key::canonical(LI).unwrap(), Key::canonical(CODE).unwrap());
    let vessel = Key::canonical(VESSEL).unwrap();
    assert_eq!((vessel.division(), vessel.birth_date(), vessel.resident()), (None, None, None));
    let (vehicle, unit) = (Key::canonical(VEHICLE).unwrap(), Key::canonical(UNIT).unwrap());
    assert_eq!((vehicle.division(), unit.division()), (None, Some("330106")));
    for key in [li, code, vessel, vehicle, unit] {
        let shown = format!("{key} {key:?} {:?}", Named::Key(key));
        assert!(shown.contains("****") && !shown.contains(key.as_str()), "{shown}");
    }
    assert_eq!((li.division(), code.division()), (Some("110105"), Some("330100")));
    assert_eq!(code.birth_date(), None);
    assert_eq!(li.birth_date(), NaiveDate::from_ymd_opt(1949, 12, 31));
    for kind in KeyKind::ALL {
        assert_eq!(KeyKind::from_wire(kind.to_wire().into()), Some(kind));
        assert_eq!(KeyKind::of(kind.semantic()), Some(kind));
        assert_eq!(crate::file::type_name(kind.semantic()), kind.words().type_name);
    }
    assert_eq!(KeyKind::from_wire(5), None);
    assert_eq!(
        KeyKind::listed_types("or"),
        "`resident_id`, `uscc`, `vessel_number`, `vin` or `unit_code`"
    );
    // A slip in a number is another's whole one where no check character shows it.
    for key in [li, code, vessel, vehicle, unit] {
        assert_eq!(key.neighbours().is_empty(), !key.kind().has_neighbours(), "{key}");
        assert!(key.neighbours().iter().all(|near| near.kind() == key.kind()));
    }
}

#[test]
fn a_row_names_an_enterprise_by_each_of_its_numbers() {
    let (li, code) = (Key::canonical(LI).unwrap(), Key::canonical(CODE).unwrap());
    let declared = Declared { schemes: [Scheme::OrganisationCode].into(), ..Declared::default() };
    let named = |kind, raw: &str| match whose(kind, &declared, raw, CivilDay::MAX) {
        KeyWhose::One(name) => Some(name),
        _ => None,
    };
    let set: KeySet = [code].into_iter().collect();
    for raw in [CODE, "91330100 79965505 8b", "79965505-8"] {
        let name = named(KeyKind::Enterprise, raw).unwrap();
        assert_eq!(set.named(&name), [code], "{raw}");
        assert_eq!(name_in(KeyKind::Enterprise, &declared, raw), Some(name));
        assert!(code.names().any(|one| one == name));
    }
    assert_eq!(set.named(&named(KeyKind::Resident, LI).unwrap()), []);
    assert_eq!(li.names().count(), 1);
    // A word that hides nobody, and those that could.
    for (kind, word, could) in [
        (KeyKind::Enterprise, "无", false),
        (KeyKind::Enterprise, CODE, true),
        (KeyKind::Enterprise, "79965505-8", true),
        (KeyKind::Resident, LI, true),
        (KeyKind::Resident, "无", false),
        (KeyKind::Vessel, "无", false),
        (KeyKind::Vessel, "见 CN20154839571", true),
        (KeyKind::Vessel, "CN2015483", true),
        (KeyKind::Vehicle, "无", false),
        (KeyKind::Vehicle, "LSVAA49J232047371", true),
        (KeyKind::PropertyUnit, "无证", false),
        (KeyKind::PropertyUnit, "330106001001GB00001", true),
    ] {
        assert_eq!(could_be_a_key(kind, word), could, "{word}");
    }
    // Of the other kind a cell says nothing.
    let suspect = KeySuspect::anybody(KeyKind::Enterprise);
    assert!(suspect.could_match(&code) && !suspect.could_match(&li));
}
