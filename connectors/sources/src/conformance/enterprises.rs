//! Enterprises, by their credit codes and the numbers that they had before.

use zerotrip_datasets::resident_id::Scheme;
use zerotrip_proto::v1::{ErrorCode, SemanticType};

use super::{AnyKind, AnyRig, Cells, LI, look_up, names, run, soon};

/// The enterprise that the tests ask about.
const CODE: &str = "91330100799655058B";
/// Another one.
const OTHER: &str = "91330106MA2CC3X723";

/// A register of enterprises, with the older numbers that its owner states.
fn rig<'a>(kind: AnyKind<'a>, rows: &[Cells<'_>], schemes: &[Scheme]) -> AnyRig<'a> {
    let mut rig = AnyRig::new(kind, rows);
    for column in rig.dataset.columns.iter_mut().filter(|column| column.key_kind().is_some()) {
        column.semantic = SemanticType::Uscc;
        column.declared.schemes = schemes.iter().copied().collect();
    }
    rig
}

pub fn enterprises_are_found_by_each_of_their_numbers(kind: AnyKind<'_>) {
    let wide: String =
        CODE.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    let both = format!("{OTHER};{CODE}");
    let rows: Vec<Cells<'_>> = vec![
        (CODE, OTHER, "18"),
        ("", "91330100799655058b", "lower case"),
        (" 91330100 79965505 8B", "", "blanks"),
        ("", &wide, "wide"),
        ("91330100-79965505-8B", "", "hyphens"),
        (&both, "", "two"),
        ("799655058", OTHER, "organisation code"),
        ("", "79965505-8", "organisation code with a hyphen"),
        ("330106799655058", "", "tax number"),
        (OTHER, OTHER, "other"),
        ("MA2CC3X72", "", "other"),
    ];
    let stated = [Scheme::OrganisationCode, Scheme::TaxNumber];
    let rig = rig(kind, &rows, &stated);
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[CODE], 100, soon()))).unwrap();
    for (owner, _, name) in rows.iter().filter(|row| row.2 != "other") {
        assert!(found.iter().any(|found| found == name), "{name} ({owner}) among {found:?}");
    }
    assert_eq!((end.rows, end.could_match.all()), (11, vec![]));
    let (found, end) = run(names(&*source, look_up(&[CODE, OTHER], 100, soon()))).unwrap();
    assert_eq!((found.len(), end.could_match.all().len()), (11, 0));
    // Whom the register does not know it cannot be asked about.
    let person = run(names(&*source, look_up(&[LI], 100, soon()))).unwrap_err();
    assert_eq!(person.code, ErrorCode::SourceDrift, "{person}");
    let survey = run(source.survey()).unwrap();
    assert_eq!((survey.rows, survey.unreadable_count), (11, 0));
}

/// What is not understood could be anybody's; what is left of a code, whose it can be.
pub fn what_could_be_an_enterprises_is_reported(kind: AnyKind<'_>) {
    for (cell, is_its_own, is_the_others) in [
        ("91330100799655085B", true, false),
        ("9133010079965505SB", true, false),
        ("91330100********8B", true, false),
        ("9133010079965", true, false),
        ("799655058", true, false),
        ("913301007996550", true, true),
        ("330106799655058", true, true),
        ("330100000012346", true, true),
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
        assert_eq!((could(CODE), could(OTHER)), expected, "{cell}");
    }
}

pub fn an_enterprise_in_another_field_could_be_meant(kind: AnyKind<'_>) {
    let text = format!("委托 {CODE} 代办");
    let rig = rig(kind, &[(OTHER, "", &text), (OTHER, "", "330106199003074258 张三")], &[]);
    let source = rig.open().unwrap();
    let could = |key: &str| {
        run(names(&*source, look_up(&[key], 100, soon()))).unwrap().1.could_match.all().len()
    };
    assert_eq!((could(CODE), could(OTHER)), (1, 0));
}
