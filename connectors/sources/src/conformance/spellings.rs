//! Every spelling of an id is found, and what could be a person's is reported.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use zerotrip_datasets::resident_id::{self, Reading, ResidentId};
use zerotrip_proto::v1::ErrorCode;

use super::{AnyKind, AnyRig, Cells, LI, WANG, look_up, names, run, soon};

pub fn every_spelling_is_found(kind: AnyKind<'_>) {
    let wide: String = LI.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    let rows: Vec<Cells<'_>> = vec![
        (LI, WANG, "18"),
        ("", "11010519491231002x", "18 lower"),
        ("110105491231002", "", "15"),
        (" 110105 19491231 002X\u{3000}", "", "blanks"),
        ("", &wide, "wide"),
        ("1101 0549 1231 002", WANG, "15 blanks"),
        (WANG, WANG, "other"),
    ];
    let rig = AnyRig::new(kind, &rows);
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[LI], 100, soon()))).unwrap();
    for (owner, _, name) in rows.iter().filter(|row| row.2 != "other") {
        assert!(found.iter().any(|found| found == name), "{name} ({owner}) among {found:?}");
    }
    assert_eq!((end.rows, end.could_match.all().len()), (7, 0));
    let survey = run(source.survey()).unwrap();
    assert_eq!((survey.rows, survey.irregular, survey.unreadable_count), (7, 3, 0));
    assert!(end.as_of <= SystemTime::now() + Duration::from_secs(1));
}

pub fn what_could_match_is_reported(kind: AnyKind<'_>) {
    let rig = AnyRig::new(
        kind,
        &[
            (LI, "", "home"),
            ("110105194912310029", "", "wrong check"),
            ("110105********002X", "", "mask"),
        ],
    );
    let source = rig.open().unwrap();
    let could = |key: &str| {
        run(names(&*source, look_up(&[key], 100, soon()))).unwrap().1.could_match.all().len()
    };
    assert_eq!((could(LI), could(WANG)), (2, 0));
    // Of persons who are looked up together, each person's are told by themselves.
    let both = look_up(&[WANG, LI], 100, soon());
    let keys = Arc::clone(&both.keys);
    let (found, end) = run(names(&*source, both)).unwrap();
    let each: Vec<usize> = keys.chunks(1).map(|key| end.could_match.of(key).len()).collect();
    assert_eq!((found.len(), each, end.could_match.all().len()), (1, vec![0, 2], 2));
    rig.write(&[(LI, "", "home"), ("", "  ", "nobody's name on it")]);
    assert_eq!((could(LI), could(WANG)), (1, 1), "a row without any id is anybody's");
}

/// 15 digits can be what is left of 18, or of a year from 2000 on without its century: then they
/// are somebody's, and could be another's.
pub fn fifteen_digits_that_may_be_anothers_are_reported(kind: AnyKind<'_>) {
    let child = ResidentId::from_parts(
        330_111,
        chrono::NaiveDate::from_ymd_opt(2001, 12, 20).unwrap(),
        805,
    )
    .unwrap();
    let whole = child.as_str();
    let without_century = format!("{}{}", &whole[..6], &whole[8..17]);
    for left in [&whole[..15], &without_century] {
        let rig = AnyRig::new(kind, &[(LI, "", "home"), (left, "", "cut")]);
        let source = rig.open().unwrap();
        let ask = |key: &str| run(names(&*source, look_up(&[key], 100, soon()))).unwrap();
        let (found, end) = ask(whole);
        assert_eq!((found.len(), end.could_match.all().len()), (0, 1), "{left}");
        let Reading::Person(other) = resident_id::parse(left) else { panic!("{left} is nobody") };
        let (found, end) = ask(other.as_str());
        assert_eq!((found.len(), end.could_match.all().len()), (1, 0), "whose it is by its looks");
        assert_eq!(ask(LI).1.could_match.all().len(), 0, "nobody else");
    }
}

/// A register whose ids were put into other words says nothing of anybody.
pub fn a_column_in_which_hardly_anybody_can_be_read_proves_no_absence(kind: AnyKind<'_>) {
    let (hashed, passports): (Vec<String>, Vec<String>) = (1..121_u64)
        .map(|at| {
            (
                format!("{:032x}", at.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
                format!("E{:08}", at * 791_919),
            )
        })
        .unzip();
    for (ids, are_declared) in [(hashed, false), (passports, true)] {
        let rows: Vec<Cells<'_>> =
            ids.iter().map(|id| (id.as_str(), "", "home")).chain([(LI, "", "home"); 100]).collect();
        let rig = AnyRig::new(kind, &rows);
        let answered =
            rig.open().and_then(|source| run(names(&*source, look_up(&[WANG], 100, soon()))));
        if are_declared {
            assert_eq!(answered.unwrap_err().code, ErrorCode::SourceImplausible);
        } else {
            // Of what nobody understands each could be anybody's.
            assert_eq!(answered.unwrap().1.could_match.all().len(), 120);
        }
        // As many more who can be read, and it is a register again.
        let rows: Vec<Cells<'_>> = rows.iter().copied().chain([(WANG, "", "home"); 30]).collect();
        rig.write(&rows);
        let source = rig.open().unwrap();
        assert_eq!(run(names(&*source, look_up(&[LI], 100, soon()))).unwrap().0.len(), 100);
    }
}
