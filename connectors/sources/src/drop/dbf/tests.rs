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
use zerotrip_test_servers::files::Dbf;

fn rig(table: &Dbf, encoding: &str) -> Rig {
    let rig = Rig::with(
        Kind::Dbf,
        &format!("kind = \"dbf\"\npath = \"t.dbf\"\nas_of = \"modified\"\n{encoding}"),
        &[],
    );
    std::fs::write(rig.folder.path().join("t.dbf"), table.bytes()).unwrap();
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

/// Li in one field, and this one as the name.
fn table(kind: u8, cell: &[u8]) -> Dbf {
    let fields = vec![
        (b"SFZH".to_vec(), b'C', 18, 0, 0),
        (b"GYR".to_vec(), b'C', 18, 0, 0),
        (b"XM".to_vec(), kind, u8::try_from(cell.len()).unwrap(), 0, 0),
    ];
    let record = [b" ", LI.as_bytes(), &[b' '; 18], cell].concat();
    Dbf { version: 0x30, mark: 0x7a, fields, records: vec![record], end: vec![] }
}

#[test]
fn every_type_of_field_has_its_text() {
    let day =
        |day: u32, milliseconds: u32| [day.to_le_bytes(), milliseconds.to_le_bytes()].concat();
    let cells: Vec<(u8, Vec<u8>, &str)> = vec![
        (b'C', b"abc   \0".to_vec(), "abc"),
        (b'C', b"  abc".to_vec(), "  abc"),
        (b'N', b"   12.50".to_vec(), "12.50"),
        (b'N', b"-0".to_vec(), "-0"),
        (b'N', b"123456789012345".to_vec(), "123456789012345"),
        (b'N', b"440524188001010014".to_vec(), "4.4052418800101e17"),
        (b'N', b"*****".to_vec(), "*****"),
        (b'N', b"     ".to_vec(), "NULL"),
        (b'F', b" 1.5".to_vec(), "1.5"),
        (b'D', b"20261122".to_vec(), "2026-11-22"),
        (b'D', b"20261322".to_vec(), "20261322"),
        (b'D', b"        ".to_vec(), "NULL"),
        (b'L', b"t".to_vec(), "T"),
        (b'L', b"N".to_vec(), "F"),
        (b'L', b"?".to_vec(), "NULL"),
        (b'L', b"x".to_vec(), "\u{fffd}"),
        (b'I', (-7_i32).to_le_bytes().to_vec(), "-7"),
        (b'B', 0.25_f64.to_le_bytes().to_vec(), "0.25"),
        (b'Y', (-12_345_i64).to_le_bytes().to_vec(), "-1.2345"),
        (b'T', day(2_461_367, 43_199_999), "2026-11-22T12:00:00"),
        (b'T', day(0, 0), "NULL"),
        (b'T', day(7, 7), "\u{fffd}"),
    ];
    for (kind, cell, said) in cells {
        let table = table(kind, &cell);
        let source = rig(&table, "").open().unwrap();
        let (sender, mut rows) = tokio::sync::mpsc::channel(4);
        run(source.look_up(look_up(&[LI], 10, soon()), sender)).unwrap();
        let row = rows.try_recv().unwrap().get(0).unwrap().to_vec();
        assert_eq!(row[2].as_deref().unwrap_or("NULL"), said, "{} {cell:?}", char::from(kind));
        assert_eq!(row[1].as_deref(), Some(""), "an empty text is none of NULL");
    }
    for kind in [b'M', b'G', b'V', b'Q', b'W', b'@', b'+'] {
        let (code, detail) = refused(&rig(&table(kind, &[b' '; 10]), ""));
        assert_eq!(code, ErrorCode::SourceDrift);
        assert!(detail.contains("field `XM`"), "{detail}");
    }
}

#[test]
fn nulls_have_marks_of_their_own_in_foxpro() {
    let mut table = table(b'C', b"left over");
    // The owner's field can be NULL; a text of varying length before it has a mark too.
    table.fields[1].4 = 2;
    table.fields.insert(0, (b"MEMO".to_vec(), b'V', 4, 0, 2));
    table.fields[3].4 = 2;
    table.fields.push((b"_NullFlags".to_vec(), b'0', 1, 0, 5));
    for (marks, said) in
        [(0b0000_u8, Some("left over")), (0b1000, None), (0b0100, Some("left over"))]
    {
        let mut table = table.clone();
        table.records = vec![
            [&b" "[..], b"vvvv", LI.as_bytes(), &[b' '; 18], b"left over", &[marks][..]].concat(),
        ];
        let source = rig(&table, "").open().unwrap();
        let (sender, mut rows) = tokio::sync::mpsc::channel(4);
        run(source.look_up(look_up(&[LI], 10, soon()), sender)).unwrap();
        let row = rows.try_recv().unwrap().get(0).unwrap().to_vec();
        assert_eq!(row[2].as_deref(), said, "{marks:04b}");
        assert_eq!(row[1].is_none(), marks == 0b0100, "{marks:04b}");
    }
}

#[test]
fn a_number_is_a_person_only_as_far_as_it_is_exact() {
    let mut table = table(b'C', b"name");
    table.fields[0] = (b"SFZH".to_vec(), b'N', 18, 0, 0);
    let record =
        |number: &str| [b" ", format!("{number:>18}").as_bytes(), &[b' '; 18], b"name"].concat();
    table.records =
        vec![record("110105491231002"), record("440524188001010014"), record("440524188001010020")];
    let rig = rig(&table, "");
    assert_eq!(ask(&rig, LI), (vec!["name".into()], vec![]));
    assert_eq!(ask(&rig, WANG), (vec![], vec!["row 2".into(), "row 3".into()]));
}

#[test]
fn deleted_records_are_no_rows_and_counted() {
    let mut table = table(b'C', b"a");
    let mut record = table.records[0].clone();
    record[0] = b'*';
    table.records.extend([record.clone(), record.clone()]);
    record[0] = 0;
    table.records.push(record);
    let source = rig(&table, "").open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[LI], 100, soon()))).unwrap();
    assert_eq!(
        (found, end.rows, end.could_match.all()),
        (vec!["a".into()], 2, vec!["line 4".into()]),
        "what is neither live nor deleted is not lost"
    );
    let advice = run(source.survey()).unwrap().advice;
    assert!(
        advice.iter().any(|advice| advice.starts_with("2 records are marked as deleted")),
        "{advice:?}"
    );
}

#[test]
fn characters_are_as_the_mark_or_the_owner_says() {
    for (mark, said, bytes, text) in [
        (0x7a, "", &b"\xd5\xc5\xc8\xfd"[..], "张三"),
        (0x4d, "", b"\xd5\xc5\xc8\xfd", "张三"),
        (0x00, "encoding = \"gb18030\"", b"\xd5\xc5\xc8\xfd", "张三"),
        (0x03, "encoding = \"gb18030\"", b"\xd5\xc5\xc8\xfd", "张三"),
        (0x78, "", b"\xb1i\xa4T", "張三"),
        (0x01, "", b"\x80\xe1\xff", "Çß\u{a0}"),
        (0x00, "encoding = \"cp437\"", b"\x9c", "£"),
        (0x03, "", b"\xe9\x80", "é€"),
        (0x00, "encoding = \"windows-1252\"", b"\xe9", "é"),
        (0x00, "encoding = \"utf-8\"", "张三".as_bytes(), "张三"),
        (0x7a, "", b"\xd5\xc5\xc8", "张\u{fffd}"),
    ] {
        let mut table = table(b'C', bytes);
        table.mark = mark;
        assert_eq!(ask(&rig(&table, said), LI).0, [text], "{mark:x} {said}");
    }
    let mut unsaid = table(b'C', b"a");
    unsaid.mark = 0;
    let (code, detail) = refused(&rig(&unsaid, ""));
    assert_eq!(code, ErrorCode::Misconfigured);
    assert!(detail.contains("`source.encoding`"), "{detail}");
    assert_eq!(super::characters::CP437.chars().count(), 128);
}

#[test]
fn what_is_no_whole_table_is_refused() {
    let whole = table(b'C', b"a");
    let more = Dbf { end: whole.records[0].clone(), ..whole.clone() };
    assert!(refused(&rig(&more, "")).1.contains("more records behind"));
    let behind_the_end =
        Dbf { end: [&[0x1a], whole.records[0].as_slice()].concat(), ..whole.clone() };
    assert!(refused(&rig(&behind_the_end, "")).1.contains("more records behind"));
    for filler in [&[0x1a_u8][..], &[0], &[0; 40], b"  ", b"\r\n"] {
        let behind_filler =
            Dbf { end: [&[0x1a], filler, whole.records[0].as_slice()].concat(), ..whole.clone() };
        assert!(refused(&rig(&behind_filler, "")).1.contains("more records"), "{filler:?}");
    }
    for end in [vec![], vec![0x1a], vec![0x1a, b' ', 0, 7], vec![0; 5]] {
        assert!(rig(&Dbf { end: end.clone(), ..whole.clone() }, "").open().is_ok(), "{end:?}");
    }
    for version in [0x02, 0x04, 0x8c, 0x00, 0xff] {
        let code = refused(&rig(&Dbf { version, ..whole.clone() }, "")).0;
        assert!(
            matches!(code, ErrorCode::SourceUnreadable | ErrorCode::SourceTruncated),
            "{version:x}"
        );
    }
    let rig = rig(&whole, "");
    let path = rig.folder.path().join("t.dbf");
    let mut bytes = whole.bytes();
    bytes[10] += 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(refused(&rig).0, ErrorCode::SourceTruncated, "another width than its fields have");
    let many = Dbf { records: vec![whole.records[0].clone(); 40], end: vec![0x1a], ..whole };
    let bytes = many.bytes();
    for part in 0..16 {
        std::fs::write(&path, &bytes[..bytes.len() * part / 16]).unwrap();
        assert_eq!(refused(&rig).0, ErrorCode::SourceTruncated, "{part}/16");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_text_of_varying_length_is_as_long_as_it_says(texts in proptest::collection::vec("[0-9A-Z ]{0,20}", 1..20), is_binary in any::<bool>()) {
        const WIDTH: usize = 20;
        let mut table = table(if is_binary { b'Q' } else { b'V' }, &[b'-'; WIDTH]);
        table.fields.push((b"_NullFlags".to_vec(), b'0', 1, 0, 5));
        let record = |text: &String| {
            let (mut cell, is_short) = (text.clone().into_bytes(), text.len() < WIDTH);
            // What is behind a text's end is left over from an earlier one.
            cell.resize(WIDTH, b'9');
            if is_short {
                cell[WIDTH - 1] = u8::try_from(text.len()).unwrap();
            }
            [b" ", LI.as_bytes(), &[b' '; 18], &cell, &[u8::from(is_short)]].concat()
        };
        table.records = texts.iter().map(record).collect();
        let (found, could) = ask(&rig(&table, ""), LI);
        let mut wanted = texts.clone();
        wanted.sort();
        prop_assert_eq!((found, could), (wanted, vec![]));
    }

    #[test]
    fn what_is_written_is_found(spelled in proptest::collection::vec((0_usize..8, 0_usize..4), 1..40)) {
        super::super::tests::written_is_found(Kind::Dbf, &spelled)?;
    }

    #[test]
    fn no_bytes_are_a_panic(at in 0_usize..200, byte in any::<u8>()) {
        let rig = rig(&table(b'C', b"a"), "");
        let path = rig.folder.path().join("t.dbf");
        let mut bytes = std::fs::read(&path).unwrap();
        let place = at % bytes.len();
        bytes[place] = byte;
        std::fs::write(&path, &bytes).unwrap();
        let _either = rig.open();
    }
}
