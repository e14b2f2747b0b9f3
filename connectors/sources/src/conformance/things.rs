//! Vehicles and real-property units, by their numbers.

use zerotrip_datasets::key::KeyKind;
use zerotrip_datasets::resident_id::Scheme;
use zerotrip_proto::v1::ErrorCode;

use super::{AnyKind, AnyRig, Cells, LI, look_up, names, run, soon};

/// The vehicle that the tests ask about, and another one.
const VEHICLE: &str = "LSVAA49J132047371";
const OTHER_VEHICLE: &str = "LBV5S3102ESJ25655";
/// The unit that the tests ask about, its parcel, and a unit of another place.
const UNIT: &str = "330106001001GB00001F00010001";
const PARCEL: &str = "330106001001GB00001W00000000";
const OTHER_UNIT: &str = "330182005017JC00208F00030012";

/// A register of things, with what its owner states besides.
fn rig<'a>(
    kind: AnyKind<'a>,
    of: KeyKind,
    rows: &[Cells<'_>],
    (schemes, is_selected): (&[Scheme], bool),
) -> AnyRig<'a> {
    let mut rig = AnyRig::new(kind, rows);
    for column in rig.dataset.columns.iter_mut().filter(|column| column.key_kind().is_some()) {
        column.semantic = of.semantic();
        column.declared.schemes = schemes.iter().copied().collect();
        column.declared.is_selected = is_selected;
    }
    rig
}

fn wide(number: &str) -> String {
    number.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect()
}

pub fn vehicles_and_units_are_found_in_each_spelling(kind: AnyKind<'_>) {
    for (of, number, other, grouped, hyphens) in [
        (KeyKind::Vehicle, VEHICLE, OTHER_VEHICLE, " LSVAA49J 1 32047371", "LSVAA49J-132047371"),
        (
            KeyKind::PropertyUnit,
            UNIT,
            OTHER_UNIT,
            "330106 001001 GB00001 F00010001",
            "330106-001001-gb00001-f00010001",
        ),
    ] {
        let (wide, both, lower) =
            (wide(number), format!("{other};{number}"), number.to_lowercase());
        let rows: Vec<Cells<'_>> = vec![
            (number, other, "13"),
            ("", &lower, "lower case"),
            (grouped, "", "blanks"),
            ("", &wide, "wide"),
            (hyphens, "", "hyphens"),
            (&both, "", "two"),
            (other, other, "other"),
        ];
        let rig = rig(kind, of, &rows, (&[], false));
        let source = rig.open().unwrap();
        let (found, end) = run(names(&*source, look_up(&[number], 100, soon()))).unwrap();
        for (owner, _, name) in rows.iter().filter(|row| row.2 != "other") {
            assert!(found.iter().any(|found| found == name), "{name} ({owner}) among {found:?}");
        }
        assert_eq!((end.rows, end.could_match.all()), (7, vec![]));
        let survey = run(source.survey()).unwrap();
        assert_eq!((survey.rows, survey.unreadable_count), (7, 0));
    }
}

/// What is not understood could be anybody's; what is left of a number, whose it can be. A whole
/// number could be that of each thing that is one slip away.
pub fn what_could_be_a_vehicles_is_reported(kind: AnyKind<'_>) {
    for (cell, is_its_own, is_the_others) in [
        // A wrong check digit, letters that no number has, masks.
        ("LSVAA49J232047371", true, false),
        ("LSVAA49JI32O4737I", true, false),
        ("LSVA*********7371", true, false),
        ("32047371", true, false),
        // `A` counts as much as `1`, and the eighth place as much as the check digit.
        ("LSV1A49J132047371", true, false),
        ("LBV5S3120ESJ25655", false, true),
        (VEHICLE, false, false),
        // A number without a check digit, as of one made for another market.
        ("WVWZZZ1KZ6W000001", false, false),
        ("浙A12345", true, true),
        ("047371", true, true),
        ("91330100799655058B", true, true),
        (LI, true, true),
        ("无", true, true),
        ("  ", true, true),
    ] {
        let rows = [(OTHER_VEHICLE, "", "a"), (cell, "", "b")];
        let rig = rig(kind, KeyKind::Vehicle, &rows, (&[Scheme::VinTail], false));
        let source = rig.open().unwrap();
        let could = |key: &str| {
            run(names(&*source, look_up(&[key], 100, soon()))).unwrap().1.could_match.all().len()
        };
        let expected = (usize::from(is_its_own), usize::from(is_the_others));
        assert_eq!((could(VEHICLE), could(OTHER_VEHICLE)), expected, "{cell}");
    }
}

/// The same of units: a row of the parcel is not one of the home's, and the next home's row could
/// be the home's unless codes are selected.
pub fn what_could_be_a_units_is_reported(kind: AnyKind<'_>) {
    for (cell, is_homes, is_parcels, where_selected) in [
        // The next home, and two slips.
        ("330106001001GB00001F00010002", true, false, Some(false)),
        ("330106001001GB00001F00010010", true, false, Some(false)),
        ("330106001001GB00001F00010023", false, false, Some(false)),
        (UNIT, false, false, Some(false)),
        (PARCEL, false, false, Some(false)),
        // The parcel's code, one that is cut, one that is mistyped: nobody selected them.
        ("330106001001GB00001", true, true, None),
        ("330106001001GB00001F0001", true, true, None),
        ("330106001001KB00001F00010001", true, false, None),
        ("330106000000GB00001F00010001", true, true, Some(true)),
        ("房权证杭字第0012345号", true, true, Some(true)),
        ("无", true, true, Some(true)),
    ] {
        let rows = [(OTHER_UNIT, "", "a"), (cell, "", "b")];
        let could = |is_selected: bool, key: &str| {
            let rig = rig(kind, KeyKind::PropertyUnit, &rows, (&[], is_selected));
            let source = rig.open()?;
            let (_, end) = run(names(&*source, look_up(&[key], 100, soon())))?;
            Ok::<bool, crate::SourceError>(!end.could_match.all().is_empty())
        };
        assert_eq!(could(false, UNIT).unwrap(), is_homes, "{cell}");
        assert_eq!(could(false, PARCEL).unwrap(), is_parcels, "{cell}");
        assert!(!could(false, OTHER_UNIT).unwrap() || where_selected == Some(true), "{cell}");
        match (could(true, UNIT), where_selected) {
            (Ok(could), Some(expected)) => assert_eq!(could, expected, "{cell}"),
            (Err(error), None) => assert_eq!(error.code, ErrorCode::StatementContradicted),
            (answered, _) => panic!("{cell}: {answered:?}"),
        }
    }
}

pub fn a_vehicle_or_a_unit_in_another_field_could_be_meant(kind: AnyKind<'_>) {
    for (of, number, other) in
        [(KeyKind::Vehicle, VEHICLE, OTHER_VEHICLE), (KeyKind::PropertyUnit, UNIT, OTHER_UNIT)]
    {
        let text = format!("与 {number} 一并办理");
        let rows = [(other, "", text.as_str()), (other, "", "330106199003074258 张三")];
        let rig = rig(kind, of, &rows, (&[], true));
        let source = rig.open().unwrap();
        let could = |key: &str| {
            run(names(&*source, look_up(&[key], 100, soon()))).unwrap().1.could_match.all().len()
        };
        assert_eq!((could(number), could(other)), (1, 0));
    }
}
