#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use proptest::prelude::*;
use zerotrip_proto::v1::ErrorCode;

use super::super::super::conformance::{Kind, LI, Rig, WANG, look_up, names, run, soon};
use zerotrip_test_servers::files::{OldBook, part, wide};

const HEADER: [&str; 3] = ["SFZH", "GYR", "姓 名) -- drop table (x"];

fn rig(rows: &[[&str; 3]], change: impl FnOnce(&mut OldBook)) -> Rig {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
    let mut book = OldBook::of(&HEADER, &rows);
    change(&mut book);
    let rig = Rig::with(Kind::Xls, "kind = \"xls\"\npath = \"t.xls\"\nas_of = \"modified\"", &[]);
    std::fs::write(rig.folder.path().join("t.xls"), book.bytes()).unwrap();
    rig
}

fn ask(rig: &Rig, key: &str) -> (Vec<String>, Vec<String>) {
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[key], 100, soon()))).unwrap();
    (found, end.could_match.all())
}

fn refused(rig: &Rig) -> (ErrorCode, String) {
    let error = rig.open().unwrap_err();
    (error.code, error.detail)
}

/// A formula's record: what it came to, and none of what it asks.
fn formula(value: [u8; 8]) -> Vec<u8> {
    [&value[..], &[0; 8]].concat()
}

#[test]
fn every_kind_of_cell_has_its_text() {
    const FORMULA: u16 = 0x0006;
    let short =
        |number: i32, flags: u32| ((number << 2).cast_unsigned() | flags).to_le_bytes().to_vec();
    let upper = |number: f64, flags: u32| {
        ((u32::try_from(number.to_bits() >> 32).unwrap() & !3) | flags).to_le_bytes().to_vec()
    };
    let cells: Vec<(u16, u16, Vec<u8>, &str)> = vec![
        (0x0203, 0, 0.1_f64.to_le_bytes().to_vec(), "0.1"),
        (0x0203, 1, 46_348_f64.to_le_bytes().to_vec(), "2026-11-22"),
        (0x0203, 2, 46_348.5_f64.to_le_bytes().to_vec(), "2026-11-22T12:00:00"),
        (0x0203, 0, 440_524_188_001_010_014_f64.to_le_bytes().to_vec(), "4.4052418800101e17"),
        (0x027e, 0, short(-5, 2), "-5"),
        (0x027e, 0, short(1250, 3), "12.5"),
        (0x027e, 0, upper(1.5, 0), "1.5"),
        (0x027e, 0, upper(150.0, 1), "1.5"),
        (0x0204, 0, wide("张三"), "张三"),
        (0x00d6, 0, [wide("张三"), vec![0; 6]].concat(), "张三"),
        (0x0205, 0, vec![1, 0], "TRUE"),
        (0x0205, 0, vec![0x17, 1], "#REF!"),
        (0x0205, 0, vec![0x99, 1], "\u{fffd}"),
        (0x00fd, 0, 9999_u32.to_le_bytes().to_vec(), "\u{fffd}"),
        (FORMULA, 0, formula(7_f64.to_le_bytes()), "7"),
        (FORMULA, 0, formula([1, 0, 0, 0, 0, 0, 0xff, 0xff]), "FALSE"),
        (FORMULA, 0, formula([2, 0, 0x2a, 0, 0, 0, 0xff, 0xff]), "#N/A"),
        (FORMULA, 0, formula([3, 0, 0, 0, 0, 0, 0xff, 0xff]), ""),
        (FORMULA, 0, formula([0, 0, 0, 0, 0, 0, 0xff, 0xff]), "\u{fffd}"),
        (FORMULA, 0, formula([9, 0, 0, 0, 0, 0, 0xff, 0xff]), "\u{fffd}"),
    ];
    for (kind, style, bytes, said) in cells {
        let rig = rig(&[[LI, "", "x"]], |book| {
            book.records.pop();
            book.cell(kind, 1, 2, style, &bytes);
        });
        assert_eq!(ask(&rig, LI).0, [said], "{kind:x} {bytes:?}");
    }
    let text = rig(&[[LI, "", "x"]], |book| {
        book.records.pop();
        book.cell(FORMULA, 1, 2, 0, &formula([0, 0, 0, 0, 0, 0, 0xff, 0xff]));
        book.records.push((0x04bc, vec![0; 10]));
        book.records.push((0x0207, wide("来自公式")));
    });
    assert_eq!(ask(&text, LI).0, ["来自公式"]);
    let days = rig(&[[LI, "", "x"]], |book| {
        book.is_1904 = true;
        book.records.pop();
        book.cell(0x0203, 1, 2, 1, &44_886_f64.to_le_bytes());
    });
    assert_eq!(ask(&days, LI).0, ["2026-11-22"]);
}

/// Made with xlwt 1.3.0: `python tests/outside/write_drops.py
/// connectors/sources/src/drop/xls/by_xlwt.xls`.
#[test]
fn a_workbook_of_another_program_is_read() {
    let rig = rig(&[], |_| ());
    std::fs::write(rig.folder.path().join("t.xls"), include_bytes!("by_xlwt.xls")).unwrap();
    assert_eq!(ask(&rig, LI), (vec!["2026-11-22".into(), "张三".into(), "陈&<五>".into()], vec![]));
    assert_eq!(ask(&rig, WANG), (vec![], vec!["row 5".into()]), "its id is a number");
}

#[test]
fn many_numbers_in_one_record_are_all_read() {
    let rig = rig(&[], |book| {
        let packed = |number: i32| [&[0, 0][..], &((number << 2) | 2).to_le_bytes()].concat();
        let mut bytes = [1_u16.to_le_bytes(), 0_u16.to_le_bytes()].concat();
        bytes.extend([packed(1), packed(2), packed(3)].concat());
        bytes.extend(2_u16.to_le_bytes());
        book.records.push((0x00bd, bytes));
    });
    let source = rig.open().unwrap();
    let survey = run(source.survey()).unwrap();
    assert_eq!((survey.rows, survey.unreadable_count), (1, 2));
}

#[test]
fn merged_cells_are_each_the_first_and_lost_ones_anybodys() {
    let merged = rig(&[[LI, "", "first"], ["", WANG, "second"], [WANG, "", "other"]], |book| {
        let region: Vec<u8> = [1_u16, 1, 2, 0, 0].into_iter().flat_map(u16::to_le_bytes).collect();
        book.records.push((0x00e5, region));
    });
    assert_eq!(ask(&merged, LI), (vec!["first".into(), "second".into()], vec![]));
    let lost = rig(&[["x", WANG, "a"]], |book| {
        let name = book.records.len() - 3;
        book.records[name] =
            (0x0006, [&[1, 0, 0, 0, 0, 0][..], &formula([0, 0, 0, 0, 0, 0, 0xff, 0xff])].concat());
    });
    assert_eq!(ask(&lost, LI), (vec![], vec!["row 2".into()]));
}

#[test]
fn a_workbook_of_any_size_is_read_through_its_tables() {
    for (count, piece) in [(1, 50), (40, 20), (400, 8224), (3000, 8224)] {
        let rows: Vec<Vec<String>> = (0..count)
            .map(|number| vec![WANG.to_owned(), String::new(), format!("第{number}行")])
            .collect();
        let mut rows = rows;
        rows.push(vec![LI.to_owned(), String::new(), "最后".to_owned()]);
        let book = OldBook { piece, ..OldBook::of(&HEADER, &rows) };
        let rig =
            Rig::with(Kind::Xls, "kind = \"xls\"\npath = \"t.xls\"\nas_of = \"modified\"", &[]);
        std::fs::write(rig.folder.path().join("t.xls"), book.bytes()).unwrap();
        assert_eq!(ask(&rig, LI), (vec!["最后".into()], vec![]), "{count}");
    }
}

#[test]
fn what_is_no_whole_workbook_is_refused() {
    let book = |change: fn(&mut OldBook)| rig(&[[LI, "", "a"]], change);
    assert!(
        refused(&book(|book| book.before.push((0x002f, vec![1, 0, 1, 0])))).1.contains("password")
    );
    assert!(refused(&book(|book| book.cell(0x0203, 0, 0, 0, &[0; 8]))).1.contains("out of place"));
    assert!(
        refused(&book(|book| book.records.push((0x0203, vec![1, 0]))))
            .1
            .contains("record ends too early")
    );
    assert!(
        refused(&book(|book| book.cell(0x0203, 0xffff, 0, 0, &[0; 8])))
            .1
            .contains("full to its last row")
    );
    let rig = book(|_| ());
    let path = rig.folder.path().join("t.xls");
    for (bytes, word) in [
        (&b"<html><table>"[..], "web page"),
        (b"PK\x03\x04", "xlsx"),
        (b"", "empty"),
        (b"\0\x01\x02", "not an Excel workbook"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert!(refused(&rig).1.contains(word), "{word}");
    }
}

/// A cell with its text in it, as a record.
fn label(row: u16, column: u16, text: &str) -> (u16, Vec<u8>) {
    (
        0x0204,
        [[row, column, 0].into_iter().flat_map(u16::to_le_bytes).collect(), wide(text)].concat(),
    )
}

/// The begin of a part of this kind, and its end, as records within another.
fn inner(kind: u16, records: Vec<(u16, Vec<u8>)>) -> Vec<(u16, Vec<u8>)> {
    let begin =
        [0x0600_u16, kind, 0, 0, 0, 0, 0, 0].into_iter().flat_map(u16::to_le_bytes).collect();
    [vec![(0x0809, begin)], records, vec![(0x000a, Vec::new())]].concat()
}

/// Says of the last sheet that it is of this kind, or lies there.
fn say(stream: &mut [u8], kind: Option<u8>, place: Option<u32>) {
    let at = stream.windows(4).rposition(|window| window == [0x85, 0, 10, 0]).unwrap();
    kind.into_iter().for_each(|kind| stream[at + 9] = kind);
    place
        .into_iter()
        .for_each(|place| stream[at + 4..at + 8].copy_from_slice(&place.to_le_bytes()));
}

#[test]
fn every_byte_of_a_workbook_is_accounted_for() {
    let with = |change: fn(&mut Vec<u8>)| {
        rig(&[["", "", "a"], [WANG, "", "b"]], |book| book.change = Some(change))
    };
    let second = |change: fn(&mut Vec<u8>)| {
        rig(&[[WANG, "", "a"]], |book| {
            book.others.push(vec![label(0, 0, "SFZH"), label(1, 0, LI)]);
            book.change = Some(change);
        })
    };
    let inside =
        |records: Vec<(u16, Vec<u8>)>| rig(&[[WANG, "", "a"]], |book| book.records.extend(records));
    let row = || label(2, 0, LI);
    for (what, rig, word) in [
        (
            "a row behind the end",
            with(|stream| stream.extend([0x04, 0x02, 9, 0, 2, 0, 0, 0, 0, 0, 1, 0, 0, b'x'])),
            "not a part of it",
        ),
        (
            "a row behind zeros",
            with(|stream| stream.extend([&[0; 64][..], &[0x04, 0x02, 1, 0, 7]].concat())),
            "not a part of it",
        ),
        (
            "a sheet that nothing names",
            with(|stream| stream.extend(part(0x0010, &[label(1, 0, LI)]))),
            "no sheet's name",
        ),
        (
            "a second beginning",
            with(|stream| stream.extend(part(0x0005, &[label(1, 0, LI)]))),
            "no sheet's name",
        ),
        ("a sheet called a chart", second(|stream| say(stream, Some(2), None)), "another kind"),
        ("a sheet called a module", second(|stream| say(stream, Some(6), None)), "another kind"),
        (
            "a sheet called what there is not",
            second(|stream| say(stream, Some(9), None)),
            "another kind",
        ),
        (
            "a sheet that lies where another does",
            second(|stream| {
                let first =
                    stream.windows(4).position(|window| window == [0x85, 0, 10, 0]).unwrap();
                let place = u32::from_le_bytes(stream[first + 4..first + 8].try_into().unwrap());
                say(stream, None, Some(place));
            }),
            "no sheet's name",
        ),
        (
            "a sheet that lies nowhere",
            second(|stream| say(stream, None, Some(7))),
            "no sheet's name",
        ),
        ("a sheet in a sheet", inside(inner(0x0010, vec![row()])), "holds another sheet"),
        (
            "an end before the last row",
            inside(vec![(0x000a, Vec::new()), row(), (0x000a, Vec::new())]),
            "before the last row",
        ),
        (
            "a row that is gone",
            inside(vec![(
                0x0200,
                [[0_u32, 9].into_iter().flat_map(u32::to_le_bytes).collect(), vec![0; 6]].concat(),
            )]),
            "before the last row",
        ),
        (
            "a table in a chart",
            inside(inner(0x0020, vec![(0x00fd, vec![2, 0, 0, 0, 0, 0, 0, 0, 0, 0])])),
            "cells of a table",
        ),
        ("a person in a chart", inside(inner(0x0020, vec![row()])), "cells of a table"),
    ] {
        let (code, detail) = refused(&rig);
        assert!(detail.contains(word) && code == ErrorCode::SourceTruncated, "{what}: {detail}");
    }
    // What spreadsheets write: zeros behind the last part, and charts with what they show.
    for rig in [
        with(|stream| stream.extend([0; 512])),
        inside(inner(
            0x0020,
            vec![label(0, 0, "一月"), (0x0203, [&[0; 6][..], &12.5_f64.to_le_bytes()].concat())],
        )),
    ] {
        assert_eq!(ask(&rig, WANG).0.len(), 1);
    }
}

#[test]
fn a_truncated_or_crooked_workbook_is_never_a_short_answer() {
    for count in [3, 300] {
        let rows: Vec<[&str; 3]> =
            (0..count).map(|_| [WANG, "", "x"]).chain([[LI, "", "last"]]).collect();
        let rig = rig(&rows, |_| ());
        let path = rig.folder.path().join("t.xls");
        let whole = std::fs::read(&path).unwrap();
        for part in 0..16 {
            std::fs::write(&path, &whole[..whole.len() * part / 16]).unwrap();
            assert!(
                matches!(refused(&rig).0, ErrorCode::SourceTruncated | ErrorCode::SourceUnreadable),
                "{part}/16"
            );
        }
        // Tables that lead in a circle, or beyond the end.
        for place in [44, 48, 60, 68, 76, whole.len() - 512, whole.len() - 508] {
            for number in [0_u32, 1, 0x00ff_ffff, 0xffff_fff0] {
                let mut crooked = whole.clone();
                crooked[place..place + 4].copy_from_slice(&number.to_le_bytes());
                std::fs::write(&path, &crooked).unwrap();
                if let Ok(source) = rig.open() {
                    assert_eq!(
                        run(names(&*source, look_up(&[LI], 1000, soon()))).unwrap().0,
                        ["last"],
                        "{place} {number}"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_written_is_found(spelled in proptest::collection::vec((0_usize..8, 0_usize..4), 1..40)) {
        super::super::tests::written_is_found(Kind::Xls, &spelled)?;
    }

    #[test]
    fn no_bytes_are_a_panic(at in any::<usize>(), byte in any::<u8>()) {
        let rig = rig(&[[LI, "", "a"]], |_| ());
        let path = rig.folder.path().join("t.xls");
        let mut bytes = std::fs::read(&path).unwrap();
        let place = at % bytes.len();
        bytes[place] = byte;
        std::fs::write(&path, &bytes).unwrap();
        let _either = rig.open();
    }
}
