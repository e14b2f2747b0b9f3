//! A register in parts: whole, or not at all.

use std::fs;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::super::super::conformance::{Kind, LI, Rig, WANG, look_up, names, run, soon};
use super::{KINDS, bytes, day};

fn rig(kind: Kind, parts: &str, as_of: &str) -> Rig {
    let (said, end) = match kind {
        Kind::Csv => ("csv", "encoding = \"utf-8\""),
        Kind::Xlsx => ("xlsx", ""),
        Kind::Xls => ("xls", ""),
        Kind::Dbf => ("dbf", "encoding = \"gb18030\""),
        _ => ("parquet", ""),
    };
    let rig = Rig::with(kind, &format!("kind = \"{said}\"\npath = \"in/m-*.dat\"\nas_of = \"{as_of}\"\n{parts}\n{end}"), &[]);
    fs::create_dir(rig.folder.path().join("in")).unwrap();
    rig
}

#[test]
fn parts_are_as_old_as_the_oldest_and_rows_are_numbered_through() {
    for kind in KINDS {
        let rig = rig(kind, "parts = \"all\"\npart_count = 2", "manifest");
        assert!(rig.open().unwrap_err().detail.contains("no file fits"));
        rig.drop_as("in/m-1.dat", &bytes(kind, "one"), 1, day(21));
        assert!(rig.open().unwrap_err().detail.contains("at least 2"), "{kind:?}");
        rig.drop_as("in/m-2.dat", &bytes(kind, "two"), 1, day(20));
        let source = rig.open().unwrap();
        let ask = || run(names(&*source, look_up(&[LI], 10, soon()))).unwrap();
        let (found, end) = ask();
        assert_eq!((found, end.as_of, end.rows), (vec!["one".to_owned(), "two".to_owned()], SystemTime::from(day(20)), 2), "{kind:?}");
        // A third one without its manifest has not arrived: nothing is read that is not whole, and what was whole still serves.
        fs::write(rig.folder.path().join("in/m-3.dat"), bytes(kind, "three")).unwrap();
        assert!(rig.open().unwrap_err().detail.contains("has no manifest yet"), "{kind:?}");
        assert_eq!(ask().0.len(), 2);
        rig.drop_as("in/m-3.dat", &bytes(kind, "three"), 1, day(22));
        let begun = std::time::Instant::now();
        while ask().0.len() < 3 {
            assert!(begun.elapsed() < Duration::from_secs(30), "{kind:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
        // A part that is there twice is counted twice: refused.
        rig.drop_as("in/m-4.dat", &bytes(kind, "three"), 1, day(22));
        assert!(rig.open().unwrap_err().detail.contains("byte for byte"), "{kind:?}");
    }
}

#[test]
fn nothing_lies_beside_parts_that_could_be_one() {
    for kind in KINDS {
        let rig = rig(kind, "parts = \"all\"\npart_count = 2", "modified");
        let place = |name: &str| rig.folder.path().join("in").join(name);
        fs::write(place("m-1.dat"), bytes(kind, "one")).unwrap();
        fs::write(place("m-2.dat"), bytes(kind, "two")).unwrap();
        // What writers leave is known by its name.
        for known in
            ["_SUCCESS", "_metadata", "_common_metadata", "._SUCCESS.crc", ".m-1.dat.crc", "m-3.dat.tmp", "~m.dat", "m-1.dat.manifest.toml"]
        {
            fs::write(place(known), "").unwrap();
            assert!(rig.open().is_ok(), "{kind:?} {known}");
        }
        for other in [
            "m-3.snappy.DAT",
            "M-3.dat",
            "m-3.DAT",
            "extra.dat",
            "extra-3.dat",
            "_m-3.dat",
            "m-3.dat.1",
            "m-3.dat.gz",
            "m-3",
            "_delta_log",
            "_SUCCESS.dat",
            "m-9.dat.manifest.toml",
            "m-1.dat.bak",
            "三.dat",
        ] {
            fs::write(place(other), bytes(kind, "three")).unwrap();
            let detail = rig.open().err().map(|error| error.detail).unwrap_or_default();
            assert!(detail.contains("could be further ones") && detail.contains(&format!("`{other}`")), "{kind:?} {other}: {detail}");
            fs::remove_file(place(other)).unwrap();
        }
        fs::create_dir(place("2026")).unwrap();
        assert!(rig.open().unwrap_err().detail.contains("`2026`"), "{kind:?}");
        fs::remove_dir(place("2026")).unwrap();
        assert!(rig.open().is_ok(), "{kind:?}");
    }
}

#[test]
fn what_is_called_like_a_drop_is_explained_though_it_does_not_fit() {
    for kind in KINDS {
        let rig = rig(kind, "", "modified");
        let place = |name: &str| rig.folder.path().join("in").join(name);
        fs::write(place("m-20251121.dat"), bytes(kind, "21st")).unwrap();
        fs::write(place("n-20251121.dat"), "another register").unwrap();
        assert!(rig.open().is_ok(), "{kind:?}");
        for other in ["m-20251121-2.DAT", "M-20251121 (2).dat", "m_20251121_2.dat", "m2.dat"] {
            fs::write(place(other), bytes(kind, "more of the 21st")).unwrap();
            let detail = rig.open().unwrap_err().detail;
            assert!(detail.contains("could be parts") && detail.contains(&format!("`{other}`")), "{kind:?} {other}: {detail}");
            fs::remove_file(place(other)).unwrap();
        }
    }
}

#[test]
fn names_that_differ_in_their_day_alone_are_one_file_of_several_days() {
    for kind in KINDS {
        let rig = rig(kind, "", "modified");
        let write = |name: &str, text: &str, at: u32| {
            let path = rig.folder.path().join("in").join(name);
            fs::write(&path, bytes(kind, text)).unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_modified(day(at).into()).unwrap();
        };
        write("m-20251120.dat", "20th", 20);
        write("m-20251121.dat", "21st", 21);
        let source = rig.open().unwrap();
        assert_eq!(run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0, ["21st"], "{kind:?}");
        let advice = run(source.survey()).unwrap().advice.join("\n");
        assert!(advice.contains("`m-20251121.dat` is read; 1 older ones"), "{advice}");
        for other in ["m-20251121 (2).dat", "m-20251121_2.dat", "m-330105-20251119.dat", "m-latest.dat", "m-20251121b.dat"] {
            write(other, "another", 19);
            assert!(rig.open().unwrap_err().detail.contains("could be parts"), "{kind:?} {other}");
            fs::remove_file(rig.folder.path().join("in").join(other)).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Rows dealt out to parts in any way: with all parts there each is found, with one gone nothing is read.
    #[test]
    fn no_part_is_left_out(
        which in 0_usize..5, dealt in proptest::collection::vec((0_usize..4, any::<bool>()), 1..30), gone in 0_usize..4, is_listed in any::<bool>(),
    ) {
        let kind = KINDS[which];
        let parts: Vec<Vec<Vec<String>>> = (0..4)
            .map(|part| {
                let rows = dealt.iter().enumerate().filter(|(_, (dealt, _))| *dealt == part);
                // Parts are never byte for byte the same: each has a row of its own.
                let own = vec![format!("own {part}"), WANG.to_owned(), String::new()];
                rows.map(|(number, (_, is_li))| vec![format!("n{number:02}"), if *is_li { LI } else { WANG }.to_owned(), String::new()])
                    .chain([own])
                    .collect()
            })
            .collect();
        let said = if is_listed {
            "parts = [\"m-0.dat\", \"m-1.dat\", \"m-2.dat\", \"m-3.dat\"]"
        } else {
            "parts = \"all\"\npart_count = 4"
        };
        let rig = rig(kind, said, "modified");
        let place = |part: usize| rig.folder.path().join(format!("in/m-{part}.dat"));
        for (part, rows) in parts.iter().enumerate() {
            fs::write(place(part), kind.file(&[kind.name(), "SFZH", "GYR"], rows)).unwrap();
        }
        let (found, end) = run(names(&*rig.open().unwrap(), look_up(&[LI], 100, soon()))).unwrap();
        prop_assert_eq!(found.len(), dealt.iter().filter(|(_, is_li)| *is_li).count());
        prop_assert_eq!(end.rows, dealt.len() as u64 + 4);
        fs::remove_file(place(gone)).unwrap();
        prop_assert!(rig.open().is_err());
    }
}
