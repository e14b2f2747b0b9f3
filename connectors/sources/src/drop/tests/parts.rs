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
    let rig = Rig::with(
        kind,
        &format!("kind = \"{said}\"\npath = \"in/m-*.dat\"\nas_of = \"{as_of}\"\n{parts}\n{end}"),
        &[],
    );
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
        assert_eq!(
            (found, end.as_of, end.rows),
            (vec!["one".to_owned(), "two".to_owned()], SystemTime::from(day(20)), 2),
            "{kind:?}"
        );
        // A third one without its manifest has not arrived: nothing is read that is not whole, and
        // what was whole still serves.
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
        // What writers leave is known by what it is, and what is being written by its name and its
        // age.
        for (known, bytes) in [
            ("_SUCCESS", Vec::new()),
            ("._SUCCESS.crc", checksums(0)),
            (".m-1.dat.crc", checksums(fs::metadata(place("m-1.dat")).unwrap().len())),
            ("_metadata", summary(&[("m-1.dat", 1), ("m-2.dat", 1)])),
            ("_common_metadata", summary(&[])),
            ("m-3.dat.tmp", b"half".to_vec()),
            ("~m.dat", b"half".to_vec()),
            ("~$m-1.dat", b"zhang".to_vec()),
            ("m-1.dat.manifest.toml", Vec::new()),
        ] {
            fs::write(place(known), bytes).unwrap();
            let opened = rig.open().map(|_| ()).map_err(|error| error.detail);
            assert_eq!(opened, Ok(()), "{kind:?} {known}");
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
            assert!(
                detail.contains("could be further ones") && detail.contains(&format!("`{other}`")),
                "{kind:?} {other}: {detail}"
            );
            fs::remove_file(place(other)).unwrap();
        }
        fs::create_dir(place("2026")).unwrap();
        assert!(rig.open().unwrap_err().detail.contains("`2026`"), "{kind:?}");
        fs::remove_dir(place("2026")).unwrap();
        assert!(rig.open().is_ok(), "{kind:?}");
    }
}

/// The checksums that Hadoop keeps of a file of this length.
fn checksums(length: u64) -> Vec<u8> {
    let sums = usize::try_from(length.div_ceil(512)).unwrap();
    [&b"crc\0"[..], &512_u32.to_be_bytes(), &vec![7; 4 * sums]].concat()
}

/// A `_metadata` that lists these parts with their rows.
fn summary(parts: &[(&str, i64)]) -> Vec<u8> {
    use ::parquet::basic::Type as Physical;
    use ::parquet::file::metadata::{
        ColumnChunkMetaData, FileMetaData, ParquetMetaDataBuilder, ParquetMetaDataWriter,
        RowGroupMetaData,
    };
    use ::parquet::schema::types::{SchemaDescriptor, Type};
    let column = Type::primitive_type_builder("SFZH", Physical::BYTE_ARRAY).build().unwrap();
    let schema =
        Type::group_type_builder("schema").with_fields(vec![column.into()]).build().unwrap();
    let schema = std::sync::Arc::new(SchemaDescriptor::new(schema.into()));
    let rows = parts.iter().map(|(_, rows)| rows).sum();
    let mut metadata =
        ParquetMetaDataBuilder::new(FileMetaData::new(1, rows, None, None, schema.clone(), None));
    for (part, rows) in parts {
        let column = ColumnChunkMetaData::builder(schema.column(0))
            .set_file_path((*part).to_owned())
            .build()
            .unwrap();
        let group = RowGroupMetaData::builder(schema.clone())
            .set_num_rows(*rows)
            .set_column_metadata(vec![column]);
        metadata = metadata.add_row_group(group.build().unwrap());
    }
    let mut bytes = b"PAR1".to_vec();
    ParquetMetaDataWriter::new(&mut bytes, &metadata.build()).finish().unwrap();
    bytes
}

fn age(path: &std::path::Path, age: Duration) {
    let file = fs::File::options().read(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

#[test]
fn a_marker_beside_parts_is_what_its_name_says() {
    for kind in KINDS {
        let rig = rig(kind, "parts = \"all\"\npart_count = 2", "modified");
        let place = |name: &str| rig.folder.path().join("in").join(name);
        fs::write(place("m-1.dat"), bytes(kind, "one")).unwrap();
        fs::write(place("m-2.dat"), bytes(kind, "two")).unwrap();
        let row = format!("{LI},,three");
        let mut own = summary(&[("m-1.dat", 1), ("m-2.dat", 1)]);
        own.splice(4..4, row.bytes());
        for (name, bytes, word) in [
            ("_SUCCESS", bytes(kind, "three"), "empty file"),
            ("_SUCCESS", row.into_bytes(), "empty file"),
            ("_metadata", Vec::new(), "not a Parquet file"),
            ("_metadata", Kind::Parquet.file(&["SFZH"], &[vec![LI.to_owned()]]), "rows of its own"),
            (
                "_metadata",
                bytes(kind, "three"),
                if kind == Kind::Parquet { "rows of its own" } else { "not a Parquet file" },
            ),
            ("_metadata", own, "rows of its own"),
            (
                "_metadata",
                summary(&[("m-1.dat", 1), ("m-2.dat", 1), ("m-3.dat", 1)]),
                "`m-3.dat`, which is not there",
            ),
            ("_metadata", summary(&[("m-1.dat", 1)]), "does not list part `m-2.dat`"),
            (
                "_metadata",
                match kind {
                    Kind::Parquet => summary(&[("m-1.dat", 1), ("m-2.dat", 2)]),
                    _ => Vec::new(),
                },
                if kind == Kind::Parquet { "2 rows of part `m-2.dat`" } else { "not a Parquet" },
            ),
            ("_metadata", summary(&[]), "does not list part"),
            (
                "_common_metadata",
                Kind::Parquet.file(&["SFZH"], &[vec![LI.to_owned()]]),
                "rows of its own",
            ),
            ("_common_metadata", summary(&[("m-1.dat", 1), ("m-2.dat", 1)]), "lists parts"),
            (".m-1.dat.crc", bytes(kind, "three"), ""),
        ] {
            fs::write(place(name), bytes).unwrap();
            age(&place(name), Duration::from_secs(2 * 3600));
            let detail = rig.open().err().map(|error| error.detail).unwrap_or_default();
            assert!(
                detail.contains(&format!("`{name}`")) && detail.contains(word),
                "{kind:?} {name} {word}: {detail}"
            );
            fs::remove_file(place(name)).unwrap();
        }
        for name in ["_SUCCESS", "_metadata", "_common_metadata"] {
            fs::create_dir(place(name)).unwrap();
            fs::write(place(name).join("m-3.dat"), bytes(kind, "three")).unwrap();
            let detail = rig.open().unwrap_err().detail;
            assert!(detail.contains(&format!("`{name}`")), "{kind:?} {name}: {detail}");
            fs::remove_dir_all(place(name)).unwrap();
        }
        assert!(rig.open().is_ok(), "{kind:?}");
    }
}

#[test]
fn an_unfinished_name_counts_as_being_written_for_an_hour() {
    const OLD: Duration = Duration::from_secs(3 * 3600);
    for kind in KINDS {
        let rig = rig(kind, "parts = \"all\"\npart_count = 2", "modified");
        let place = |name: &str| rig.folder.path().join("in").join(name);
        fs::write(place("m-1.dat"), bytes(kind, "one")).unwrap();
        fs::write(place("m-2.dat"), bytes(kind, "two")).unwrap();
        for name in [
            ".m-3.dat",
            "~m-3.dat",
            "._m-3.dat",
            "m-3.dat.part",
            "m-3.dat.tmp",
            "m-3.dat.FILEPART",
            ".hive-staging/m-3.dat",
            "~$m-3.dat",
        ] {
            if let Some((folder, _)) = name.split_once('/') {
                fs::create_dir(place(folder)).unwrap();
            }
            let top = name.split('/').next().unwrap();
            fs::write(place(name), bytes(kind, "three")).unwrap();
            assert!(rig.open().is_ok(), "{kind:?} {name}");
            age(&place(name), OLD);
            age(&place(top), OLD);
            let detail = rig.open().unwrap_err().detail;
            assert!(
                detail.contains(&format!("`{top}`")) && detail.contains("delete them"),
                "{kind:?} {name}: {detail}"
            );
            // What is said to be of tomorrow is not being written now.
            fs::File::open(place(name)).unwrap().set_modified(SystemTime::now() + OLD).unwrap();
            assert!(rig.open().is_err(), "{kind:?} {name}");
            if top == name {
                fs::remove_file(place(top)).unwrap()
            } else {
                fs::remove_dir_all(place(top)).unwrap()
            }
        }
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
            assert!(
                detail.contains("could be parts") && detail.contains(&format!("`{other}`")),
                "{kind:?} {other}: {detail}"
            );
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
            fs::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(day(at).into())
                .unwrap();
        };
        write("m-20251120.dat", "20th", 20);
        write("m-20251121.dat", "21st", 21);
        let source = rig.open().unwrap();
        assert_eq!(
            run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0,
            ["21st"],
            "{kind:?}"
        );
        let advice = run(source.survey()).unwrap().advice.join("\n");
        assert!(advice.contains("`m-20251121.dat` is read; 1 older ones"), "{advice}");
        for other in [
            "m-20251121 (2).dat",
            "m-20251121_2.dat",
            "m-330105-20251119.dat",
            "m-latest.dat",
            "m-20251121b.dat",
        ] {
            write(other, "another", 19);
            assert!(rig.open().unwrap_err().detail.contains("could be parts"), "{kind:?} {other}");
            fs::remove_file(rig.folder.path().join("in").join(other)).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Rows dealt out to parts in any way: with all parts there each is found, with one gone
    /// nothing is read.
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
