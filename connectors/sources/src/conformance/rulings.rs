//! An owner's rulings on unreadable rows hold, for these rows alone.

use super::{AnyKind, AnyRig, Cells, LI, WANG, look_up, names, run, soon};
use zerotrip_datasets::Key;

use crate::rulings::{Concerns, Rulings};

/// But where cells could be anybody's there is no absence anyhow, and an owner must be able to say
/// whom they concern.
pub fn paper_era_rows_can_be_adjudicated_however_many(kind: AnyKind<'_>) {
    let rows: Vec<Cells<'_>> = [("none", "", "on paper"); 8].to_vec();
    let rig = AnyRig::new(kind, &rows);
    let source = rig.open().unwrap();
    assert_eq!(
        run(names(&*source, look_up(&[LI], 100, soon()))).unwrap().1.could_match.all().len(),
        8
    );
    assert_eq!(run(source.unreadable(10)).unwrap().len(), 8);
}

pub fn what_is_adjudicated_concerns_whom_its_owner_says(kind: AnyKind<'_>) {
    let rows: &[Cells<'_>] = &[
        (LI, "", "home"),
        ("110105********002X", "", "mask"),
        ("", " ", "nobody's name on it"),
        ("0", "", "void"),
    ];
    let rig = AnyRig::new(kind, rows);
    let source = rig.open().unwrap();
    let open = run(source.unreadable(10)).unwrap();
    let shown: Vec<&str> = open.iter().filter_map(|row| row.cells[2].as_deref()).collect();
    assert_eq!(shown, ["mask", "nobody's name on it", "void"]);
    assert_eq!(run(source.unreadable(2)).unwrap().len(), 2, "no more than asked for");
    let say = [
        Concerns::Persons(vec![Key::canonical(LI).unwrap()]),
        Concerns::Born { from: 1880, to: 1880 },
        Concerns::Nobody,
    ];
    let rulings = || {
        open.iter()
            .zip(&say)
            .map(|(row, concerns)| (row.digest, concerns.clone()))
            .collect::<Rulings>()
    };
    let source = rig.open_knowing(rulings()).unwrap();
    let ask = |key: &str| run(names(&*source, look_up(&[key], 100, soon()))).unwrap();
    let could = |key: &str| ask(key).1.could_match.all().len();
    // What is somebody's by ruling is theirs, and no longer in doubt.
    let mut his = ask(LI).0;
    his.sort();
    assert_eq!(his, ["home", "mask"]);
    assert_eq!((could(LI), could(WANG), could("33010619900101123X")), (0, 1, 0));
    let survey = run(source.survey()).unwrap();
    assert_eq!((survey.unreadable_count, run(source.unreadable(10)).unwrap().len()), (0, 0));
    assert!(survey.adjudicated >= 3, "{}", survey.adjudicated);
    // One cell of it changed: it is another row, of which nothing is stated.
    rig.write(&[
        (LI, "", "home"),
        ("110105********002X", "", "mask"),
        ("", " ", "somebody's name"),
        ("0", "", "void"),
    ]);
    assert_eq!(could("33010619900101123X"), 1);
    // Its place is not what it is known by.
    rig.write(&[("0", "", "void"), ("110105********002X", "", "mask"), (LI, "", "home")]);
    assert_eq!((ask(LI).0.len(), could(LI), could(WANG)), (2, 0, 0));
    // One more that is like it: nothing tells which of them was ruled on.
    rig.write(&[("0", "", "void"), ("0", "", "void"), (LI, "", "home")]);
    assert_eq!((could(LI), could(WANG)), (2, 2));
}
