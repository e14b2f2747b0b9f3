//! What holds for drops of every format.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, FixedOffset, TimeZone as _};
use proptest::prelude::*;
use zerotrip_datasets::resident_id::ResidentId;

mod cases;
mod lost;
mod parts;

use super::super::Source;
use super::super::conformance::{Cells, Kind, LI, Rig, WANG, look_up, names, run, soon};

/// A person in one of the spellings that registers hold.
fn spelling(key: &str, which: usize) -> String {
    let old =
        ResidentId::new_strict(key).unwrap().first_generation().unwrap_or_else(|| key.to_owned());
    match which {
        0 => key.to_owned(),
        1 => key.to_ascii_lowercase(),
        2 => old,
        3 => format!(" {key}"),
        4 => format!("{} {}", &key[..6], &key[6..]),
        5 => key.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
        6 => format!("{}\u{3000}{}", &old[..8], &old[8..]),
        _ => format!("{key}  "),
    }
}

/// Writes rows that name persons in these spellings (spelling, who and where), and finds every one
/// of them by look-up.
pub fn written_is_found(kind: Kind, spelled: &[(usize, usize)]) -> Result<(), TestCaseError> {
    let mut rows = Vec::new();
    for (number, (which, who)) in spelled.iter().enumerate() {
        let id = spelling([LI, WANG][who % 2], *which);
        let (owner, co_owner) = if *who < 2 { (id, String::new()) } else { (String::new(), id) };
        rows.push((owner, co_owner, format!("n{number:03}")));
    }
    let cells: Vec<Cells<'_>> = rows
        .iter()
        .map(|(owner, co_owner, name)| (owner.as_str(), co_owner.as_str(), name.as_str()))
        .collect();
    let rig = Rig::new(kind, &cells);
    let source = rig.open().unwrap();
    for (person, key) in [LI, WANG].into_iter().enumerate() {
        let (found, end) = run(names(&*source, look_up(&[key], 1000, soon()))).unwrap();
        let known: std::collections::BTreeSet<&String> = found.iter().collect();
        for (number, (_, who)) in
            spelled.iter().enumerate().filter(|(_, (_, who))| who % 2 == person)
        {
            prop_assert!(known.contains(&format!("n{number:03}")), "{:?} {}", rows[number], who);
        }
        prop_assert_eq!((end.rows, end.could_match.all().len()), (spelled.len() as u64, 0));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_written_as_csv_is_found(spelled in proptest::collection::vec((0_usize..8, 0_usize..4), 1..40)) {
        written_is_found(Kind::Csv, &spelled)?;
    }
}

/// A folder of drops of this kind, and whom each names.
fn folder(kind: Kind, as_of: &str) -> Rig {
    let (said, end) = match kind {
        Kind::Csv => ("csv", "encoding = \"utf-8\""),
        Kind::Xlsx => ("xlsx", ""),
        Kind::Xls => ("xls", ""),
        Kind::Dbf => ("dbf", "encoding = \"gb18030\""),
        _ => ("parquet", ""),
    };
    let rig = Rig::with(
        kind,
        &format!(
            "kind = \"{said}\"\npath = \"in/m-*.dat\"\nas_of = {as_of}\nparts = \"none\"\n{end}"
        ),
        &[],
    );
    fs::create_dir(rig.folder.path().join("in")).unwrap();
    rig
}

fn bytes(kind: Kind, name: &str) -> Vec<u8> {
    kind.file(&[kind.name(), "SFZH", "GYR"], &[[name, LI, ""].map(str::to_owned).to_vec()])
}

fn day(day: u32) -> DateTime<FixedOffset> {
    // In China, whatever zone the tests run in.
    FixedOffset::east_opt(8 * 3600).unwrap().with_ymd_and_hms(2025, 11, day, 0, 0, 0).unwrap()
}

/// Whom the newest whole drop names, and when it was so.
fn newest(source: &dyn Source) -> (String, SystemTime) {
    let (found, end) = run(names(source, look_up(&[LI], 10, soon()))).unwrap();
    (found.join(","), end.as_of)
}

/// Asks until the drop with this name serves: what was written into a file that had been there is
/// found a little later.
fn until(source: &dyn Source, name: &str) -> SystemTime {
    let begun = Instant::now();
    loop {
        let (found, as_of) = newest(source);
        if found == name {
            return as_of;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{found} instead of {name}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

const KINDS: [Kind; 5] = [Kind::Csv, Kind::Xlsx, Kind::Xls, Kind::Dbf, Kind::Parquet];

#[test]
fn the_newest_whole_drop_of_a_folder_counts_by_its_manifest() {
    for kind in KINDS {
        let rig = folder(kind, "\"manifest\"");
        assert!(rig.open().unwrap_err().detail.contains("no file fits"));
        rig.drop_as("in/m-b.dat", &bytes(kind, "20th"), 1, day(20));
        rig.drop_as("in/m-a.dat", &bytes(kind, "21st"), 1, day(21));
        rig.drop_as("in/m-c.dat", &bytes(kind, "another number of rows"), 7, day(22));
        rig.drop_as("in/n-d.dat", &bytes(kind, "another name"), 1, day(23));
        rig.drop_as("in/m-d.dat.part", &bytes(kind, "unfinished"), 1, day(23));
        fs::write(rig.folder.path().join("in/m-e.dat"), bytes(kind, "without its manifest"))
            .unwrap();
        let source = rig.open().unwrap();
        assert_eq!(newest(&*source), ("21st".into(), SystemTime::from(day(21))), "{kind:?}");
        // A newer one that is broken leaves it in place; whole, it serves.
        let whole = bytes(kind, "24th");
        rig.drop_as("in/m-f.dat", &whole, 1, day(24));
        fs::write(rig.folder.path().join("in/m-f.dat"), &whole[..whole.len() / 2]).unwrap();
        assert_eq!(newest(&*source), ("21st".into(), SystemTime::from(day(21))), "{kind:?}");
        rig.drop_as("in/m-f.dat.part", &whole, 1, day(24));
        for end in ["", ".manifest.toml"] {
            let path = |name: &str| rig.folder.path().join(format!("in/{name}{end}"));
            fs::rename(path("m-f.dat.part"), path("m-f.dat")).unwrap();
        }
        assert_eq!(until(&*source, "24th"), SystemTime::from(day(24)), "{kind:?}");
        // It is not given up for an older one, be it gone.
        fs::remove_file(rig.folder.path().join("in/m-f.dat")).unwrap();
        assert_eq!(newest(&*source), ("24th".into(), SystemTime::from(day(24))), "{kind:?}");
        // And none is of a time after which the file was not touched, whatever its manifest says.
        rig.drop_as(
            "in/m-g.dat",
            &bytes(kind, "of 2099"),
            1,
            FixedOffset::east_opt(0).unwrap().with_ymd_and_hms(2099, 1, 1, 0, 0, 0).unwrap(),
        );
        assert!(until(&*source, "of 2099") <= SystemTime::now(), "{kind:?}");
    }
}

#[test]
fn the_newest_drop_of_a_folder_counts_by_the_day_in_its_name() {
    for kind in KINDS {
        let rig = folder(kind, "{ name = \"m-%Y%m%d.dat\" }");
        let write = |name: &str, text: &str| {
            fs::write(rig.folder.path().join("in").join(name), bytes(kind, text)).unwrap()
        };
        write("m-20261020.dat", "20th of October");
        write("m-20261002.dat", "2nd of October, copied late");
        write("m-final.dat", "no day");
        write(".m-20261101.dat", "unfinished");
        let source = rig.open().unwrap();
        let october = SystemTime::from(
            FixedOffset::east_opt(8 * 3600)
                .unwrap()
                .with_ymd_and_hms(2026, 10, 20, 0, 0, 0)
                .unwrap(),
        );
        assert_eq!(newest(&*source).0, "20th of October", "{kind:?}");
        assert!(newest(&*source).1 <= october, "{kind:?}");
        fs::write(rig.folder.path().join("in/m-20261021.dat"), "torn").unwrap();
        assert_eq!(newest(&*source).0, "20th of October", "{kind:?}");
        write("m-20261022.dat.tmp", "22nd of October");
        fs::rename(
            rig.folder.path().join("in/m-20261022.dat.tmp"),
            rig.folder.path().join("in/m-20261022.dat"),
        )
        .unwrap();
        assert!(
            until(&*source, "22nd of October") <= october + Duration::from_secs(2 * 86_400),
            "{kind:?}"
        );
    }
}

#[test]
fn a_name_claims_no_later_day_than_its_file_has() {
    let rig = folder(Kind::Csv, "{ name = \"m-%Y%m%d.dat\" }");
    let path = rig.folder.path().join("in/m-29990101.dat");
    fs::write(&path, bytes(Kind::Csv, "a")).unwrap();
    assert_eq!(newest(&*rig.open().unwrap()).1, fs::metadata(path).unwrap().modified().unwrap());
}

#[test]
fn another_file_that_is_as_long_and_as_old_is_read() {
    let rig = folder(Kind::Csv, "\"modified\"");
    let write = |name: &str, text: &str| {
        let path = rig.folder.path().join("in").join(name);
        fs::write(&path, bytes(Kind::Csv, text)).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(day(1).into()).unwrap();
        path
    };
    let path = write("m-a.dat", "1st");
    let source = rig.open().unwrap();
    assert_eq!(newest(&*source).0, "1st");
    fs::rename(write("m-a.tmp", "2nd"), path).unwrap();
    until(&*source, "2nd");
}

#[test]
fn the_newest_drop_of_a_folder_counts_by_when_it_was_modified() {
    let rig = folder(Kind::Csv, "\"modified\"");
    let write = |name: &str, text: &str, at: u32| {
        let path = rig.folder.path().join("in").join(name);
        fs::write(&path, bytes(Kind::Csv, text)).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(day(at).into()).unwrap();
    };
    write("m-z.dat", "1st", 1);
    write("m-a.dat", "3rd", 3);
    write("m-b.dat", "2nd", 2);
    let source = rig.open().unwrap();
    assert_eq!(newest(&*source), ("3rd".into(), SystemTime::from(day(3))));
    write("m-b.dat", "4th", 4);
    assert_eq!(until(&*source, "4th"), SystemTime::from(day(4)));
}

#[test]
fn a_truncated_drop_with_a_manifest_is_never_a_short_answer() {
    for kind in KINDS {
        let rig = Rig::new(kind, &[(LI, "", "before")]);
        let source = rig.open().unwrap();
        let rows: Vec<Vec<String>> = (0..20)
            .map(|number| {
                vec![
                    format!("n{number}"),
                    if number == 19 { LI } else { WANG }.to_owned(),
                    String::new(),
                ]
            })
            .collect();
        let whole = kind.file(&[kind.name(), "SFZH", "GYR"], &rows);
        for part in 0..16 {
            rig.drop_file(&whole, 20);
            fs::write(rig.folder.path().join(kind.file_name()), &whole[..whole.len() * part / 16])
                .unwrap();
            assert_eq!(newest(&*source).0, "before", "{kind:?} {part}/16");
            // The job states what it has written, and has written half.
            rig.drop_file(&whole[..whole.len() * part / 16], 20);
            assert_eq!(newest(&*source).0, "before", "{kind:?} {part}/16");
        }
        rig.drop_file(&whole, 20);
        assert_eq!(newest(&*source).0, "n19", "{kind:?}");
    }
}

/// Programs from outside write the same rows in each format.
#[test]
fn outside_writers_are_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = std::env::var_os("ZEROTRIP_PYTHON").map_or_else(
        || {
            let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let cache = cache.unwrap_or_else(|| {
                PathBuf::from(std::env::var_os("HOME").expect("HOME or ZEROTRIP_PYTHON is set"))
                    .join(".cache")
            });
            cache.join("zerotrip/venv/bin/python")
        },
        PathBuf::from,
    );
    for kind in [Kind::Xlsx, Kind::Xls, Kind::Dbf, Kind::Parquet] {
        let file = kind.file_name();
        let said = file.split('.').next_back().unwrap();
        let rig = Rig::with(
            kind,
            &format!("kind = \"{said}\"\npath = \"{file}\"\nas_of = \"modified\""),
            &[],
        );
        let path = rig.folder.path().join(file);
        let status = Command::new(&python)
            .args(["-XUTF8", "-B"])
            .arg(root.join("tests/outside/write_drops.py"))
            .arg(&path)
            .status();
        assert!(status.expect("Python with tests/outside/requirements.txt").success(), "{kind:?}");
        let source = rig.open().unwrap();
        let (found, end) = run(names(&*source, look_up(&[LI], 10, soon()))).unwrap();
        assert_eq!(found, ["2026-11-22", "张三", "陈&<五>"], "{kind:?}");
        assert_eq!(end.rows, 5, "{kind:?}");
        // An id written as a number: exact where the format keeps 64 bits, in part where it keeps a
        // double.
        let (found, end) = run(names(&*source, look_up(&[WANG], 10, soon()))).unwrap();
        let exact = kind == Kind::Parquet;
        assert_eq!(
            (found.is_empty(), end.could_match.all().is_empty()),
            (!exact, exact),
            "{kind:?}"
        );
    }
}

#[test]
fn nobody_else_looks_into_a_snapshot_and_no_other_process_shares_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let rig = Rig::new(Kind::Csv, &[(LI, "", "home")]);
    let (first, second) = (rig.open().unwrap(), rig.open().unwrap());
    let folder = rig.folder.path().join("state/snapshots/estate.ownership");
    for place in [rig.folder.path().join("state"), folder.clone()] {
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o077, 0, "{place:?}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "one each");
    drop(second);
    // What a process that is gone has left is removed; what one that lives needs is not.
    fs::write(folder.join("4194305-0.db"), "").unwrap();
    fs::write(folder.join("0123456789abcdef.db"), "").unwrap();
    // One of the same id, as the first process in a container always has.
    fs::write(folder.join(format!("{}-earlier-0.db", std::process::id())), "").unwrap();
    let third = rig.open().unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    assert_eq!(run(names(&*first, look_up(&[LI], 10, soon()))).unwrap().0, ["home"]);
    drop((first, third));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}
