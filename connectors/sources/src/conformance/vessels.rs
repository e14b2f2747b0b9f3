//! Vessels, by their ship identification numbers.

use zerotrip_datasets::resident_id::Scheme;
use zerotrip_proto::v1::SemanticType;

use super::{AnyKind, AnyRig, Cells, LI, look_up, names, run, soon};

/// The vessel that the tests ask about.
const NUMBER: &str = "CN20154839571";
/// Another one.
const OTHER: &str = "CN19987301264";

/// A register of vessels, with what its owner states besides.
fn rig<'a>(kind: AnyKind<'a>, rows: &[Cells<'_>], schemes: &[Scheme]) -> AnyRig<'a> {
    let mut rig = AnyRig::new(kind, rows);
    for column in rig.dataset.columns.iter_mut().filter(|column| column.key_kind().is_some()) {
        column.semantic = SemanticType::VesselNumber;
        column.declared.schemes = schemes.iter().copied().collect();
    }
    rig
}

pub fn vessels_are_found_in_each_spelling(kind: AnyKind<'_>) {
    let wide: String =
        NUMBER.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    let both = format!("{OTHER};{NUMBER}");
    let rows: Vec<Cells<'_>> = vec![
        (NUMBER, OTHER, "13"),
        ("", "cn20154839571", "lower case"),
        (" CN2015 4839 571", "", "blanks"),
        ("", &wide, "wide"),
        ("CN-2015-4839571", "", "hyphens"),
        (&both, "", "two"),
        ("", "20154839571", "digits"),
        (OTHER, OTHER, "other"),
    ];
    let rig = rig(kind, &rows, &[Scheme::VesselDigits]);
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[NUMBER], 100, soon()))).unwrap();
    for (owner, _, name) in rows.iter().filter(|row| row.2 != "other") {
        assert!(found.iter().any(|found| found == name), "{name} ({owner}) among {found:?}");
    }
    assert_eq!((end.rows, end.could_match.all()), (8, vec![]));
    let survey = run(source.survey()).unwrap();
    assert_eq!((survey.rows, survey.unreadable_count), (8, 0));
}

/// What is not understood could be anybody's; what is left of a number, whose it can be. A whole
/// number could be that of each vessel that is one slip away.
pub fn what_could_be_a_vessels_is_reported(kind: AnyKind<'_>) {
    for (cell, is_its_own, is_the_others) in [
        ("CN2015483957", true, false),
        ("CN2O154839571", true, false),
        ("CN2015*****71", true, false),
        ("CN2015483", true, false),
        // A wrong digit, and two in each other's place.
        ("CN20154839572", true, false),
        ("CN20254839571", true, false),
        ("CN20154839517", true, false),
        // Two slips.
        ("CN20154839563", false, false),
        (NUMBER, false, false),
        ("20154839571", true, true),
        ("IMO 9074729", true, true),
        ("91330100799655058B", true, true),
        (LI, true, true),
        ("无", true, true),
        ("  ", true, true),
    ] {
        let rig = rig(kind, &[(OTHER, "", "a"), (cell, "", "b")], &[]);
        let source = rig.open().unwrap();
        let could = |key: &str| {
            run(names(&*source, look_up(&[key], 100, soon()))).unwrap().1.could_match.all().len()
        };
        let expected = (usize::from(is_its_own), usize::from(is_the_others));
        assert_eq!((could(NUMBER), could(OTHER)), expected, "{cell}");
    }
}

pub fn a_vessel_in_another_field_could_be_meant(kind: AnyKind<'_>) {
    let text = format!("拖带 {NUMBER} 进港");
    let rig = rig(kind, &[(OTHER, "", &text), (OTHER, "", "330106199003074258 张三")], &[]);
    let source = rig.open().unwrap();
    let could = |key: &str| {
        run(names(&*source, look_up(&[key], 100, soon()))).unwrap().1.could_match.all().len()
    };
    assert_eq!((could(NUMBER), could(OTHER)), (1, 0));
}
