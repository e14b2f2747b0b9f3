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
use zerotrip_test_servers::files::{Book, Cell, text};

const HEADER: [&str; 3] = ["SFZH", "GYR", "姓 名) -- drop table (x"];

/// A rig whose sheet has these rows below its header.
fn rig(rows: Vec<Vec<Cell>>, change: impl FnOnce(&mut Book)) -> Rig {
    let rig =
        Rig::with(Kind::Xlsx, "kind = \"xlsx\"\npath = \"t.xlsx\"\nas_of = \"modified\"", &[]);
    let mut book =
        Book { rows: vec![HEADER.iter().map(|name| text(name)).collect()], ..Book::default() };
    book.rows.extend(rows);
    change(&mut book);
    std::fs::write(rig.folder.path().join("t.xlsx"), book.bytes()).unwrap();
    rig
}

fn raw(xml: &str) -> Cell {
    Cell::Raw(xml.to_owned())
}

/// The names found for a person, and the locators of what could be theirs.
fn ask(rig: &Rig, key: &str) -> (Vec<String>, Vec<String>) {
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[key], 100, soon()))).unwrap();
    (found, end.could_match.all())
}

fn refused(rig: &Rig) -> (ErrorCode, String) {
    let error = rig.open().unwrap_err();
    (error.code, error.detail)
}

#[test]
fn every_kind_of_cell_has_its_text() {
    let cells = [
        ("t=\"n\"><v>12.50</v>", "12.5"),
        ("><v>46348</v>", "46348"),
        ("s=\"1\"><v>46348</v>", "2026-11-22"),
        ("s=\"2\"><v>46348.75</v>", "2026-11-22T18:00:00"),
        ("s=\"3\"><v>1.5</v>", "1.5"),
        ("t=\"b\"><v>1</v>", "TRUE"),
        ("t=\"b\"><v>0</v>", "FALSE"),
        ("t=\"e\"><v>#SPILL!</v>", "#SPILL!"),
        ("t=\"str\"><f>A1&amp;B1</f><v>a&amp;b &#x4e2d;</v>", "a&b 中"),
        ("t=\"d\"><v>2026-11-22</v>", "2026-11-22"),
        ("><f>1+1</f>", "\u{fffd}"),
        ("><f>1+1</f><v></v>", "\u{fffd}"),
        ("t=\"s\"><v>99</v>", "\u{fffd}"),
        (
            "t=\"inlineStr\"><is><r><t>ri</t></r><r><t>ch</t></r><rPh sb=\"0\" \
             eb=\"1\"><t>spoken</t></rPh></is>",
            "rich",
        ),
        ("t=\"inlineStr\"><is><t>a_x000D_b_x005F_x</t></is>", "a\rb_x"),
        ("t=\"str\"><v><![CDATA[<x>]]></v>", "<x>"),
        ("><v>440524188001010014</v>", "4.4052418800101e17"),
        ("/><x>", ""),
    ];
    for (xml, said) in cells {
        let xml = if said.is_empty() { "s=\"1\">" } else { xml };
        let rig = rig(vec![vec![text(LI), Cell::None, raw(xml)]], |_| ());
        assert_eq!(ask(&rig, LI).0, [said], "{xml}");
    }
    let rig = rig(vec![vec![text(LI), Cell::None, raw("s=\"1\"><v>44886</v>")]], |book| {
        book.is_1904 = true
    });
    assert_eq!(ask(&rig, LI).0, ["2026-11-22"]);
}

#[test]
fn a_number_is_a_person_only_as_far_as_it_is_exact() {
    let rows = vec![
        vec![raw("><v>110105491231002</v>"), Cell::None, text("old id")],
        vec![raw("s=\"1\"><v>110105491231002</v>"), Cell::None, text("old id, shown as a date")],
        vec![raw("><v>1.10105491231002E14</v>"), Cell::None, text("old id, in exponent form")],
        vec![raw("><v>440524188001010014</v>"), Cell::None, text("lost digits")],
        vec![
            raw("><v>440524188001010000</v>"),
            Cell::None,
            text("lost digits, as the spreadsheet keeps them"),
        ],
    ];
    let rig = rig(rows, |_| ());
    assert_eq!(
        ask(&rig, LI),
        (
            vec![
                "old id".into(),
                "old id, in exponent form".into(),
                "old id, shown as a date".into()
            ],
            vec![]
        )
    );
    assert_eq!(ask(&rig, WANG), (vec![], vec!["row 5".into(), "row 6".into()]));
}

#[test]
fn what_is_lost_in_a_key_column_could_be_anybodys() {
    for cell in ["><f>B1</f>", "t=\"e\"><v>#REF!</v>", "t=\"s\"><v>7</v>", "t=\"b\"><v>maybe</v>"] {
        let rig = rig(vec![vec![raw(cell), text(WANG), text("a")]], |_| ());
        assert_eq!(ask(&rig, LI), (vec![], vec!["row 2".into()]), "{cell}");
        assert_eq!(ask(&rig, WANG).0, ["a"], "{cell}");
    }
}

#[test]
fn merged_cells_are_each_the_first() {
    let rows = vec![
        vec![text(LI), text(WANG), text("first home")],
        vec![Cell::None, text(WANG), text("second home")],
        vec![raw("s=\"1\">"), raw("s=\"1\">"), text("third home")],
        vec![Cell::None, Cell::None, Cell::None],
        vec![text(WANG), Cell::None, text("other")],
    ];
    let rig = rig(rows, |book| book.merged = vec!["A2:A5", "B3:B4"]);
    assert_eq!(
        ask(&rig, LI),
        (vec!["first home".into(), "second home".into(), "third home".into()], vec![])
    );
    assert_eq!(ask(&rig, WANG).0.len(), 4);
}

#[test]
fn nothing_that_holds_an_identifier_is_passed_over() {
    // Beside the header's columns, twice in one place, or above the header.
    let aside = rig(vec![vec![text(WANG), Cell::None, text("a"), Cell::None, text(LI)]], |_| ());
    assert_eq!(ask(&aside, LI), (vec![], vec!["line 2".into()]));
    let twice = rig(
        vec![vec![
            text(WANG),
            raw(&format!("t=\"str\"><v>{LI}</v></c><c r=\"B2\"><v>1</v>")),
            text("a"),
        ]],
        |_| (),
    );
    assert_eq!(ask(&twice, LI), (vec![], vec!["line 2".into()]));
    let above = |id: &str| {
        let rig = Rig::with(
            Kind::Xlsx,
            "kind = \"xlsx\"\npath = \"t.xlsx\"\nas_of = \"modified\"\nheader = 3",
            &[],
        );
        let mut rows = vec![vec![text("房产登记 20261122")], vec![text(id)]];
        rows.push(HEADER.iter().map(|name| text(name)).collect());
        rows.push(vec![text(LI), Cell::None, text("a")]);
        std::fs::write(rig.folder.path().join("t.xlsx"), Book { rows, ..Book::default() }.bytes())
            .unwrap();
        rig
    };
    assert_eq!(ask(&above("说明"), LI).0, ["a"]);
    let (code, detail) = refused(&above(WANG));
    assert_eq!(code, ErrorCode::SourceUnreadable);
    assert!(detail.contains("row 2, above the header"), "{detail}");
}

#[test]
fn blank_rows_are_none_and_rows_keep_their_numbers() {
    let blank = vec![raw("s=\"1\">"), raw("t=\"str\"><v> </v>"), Cell::None];
    let rows = vec![
        vec![text(LI), Cell::None, text("a")],
        blank,
        vec![],
        vec![text("110105194912310029"), Cell::None, text("b")],
    ];
    let rig = rig(rows, |_| ());
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[LI], 100, soon()))).unwrap();
    assert_eq!(
        (found, end.rows, end.could_match.all()),
        (vec!["a".into()], 2, vec!["row 5".into()])
    );
}

#[test]
fn the_sheet_is_named_or_the_only_one() {
    let rows = || vec![vec![text(LI), Cell::None, text("a")]];
    let (code, detail) = refused(&rig(rows(), |book| book.others = vec!["隐藏"]));
    assert_eq!(code, ErrorCode::SourceDrift);
    assert!(detail.contains("`表`, `隐藏`"), "{detail}");
    let named = Rig::with(
        Kind::Xlsx,
        "kind = \"xlsx\"\npath = \"t.xlsx\"\nas_of = \"modified\"\nsheet = \"表\"",
        &[(LI, "", "b")],
    );
    assert_eq!(ask(&named, LI).0, ["b"]);
    let gone = Rig::with(
        Kind::Xlsx,
        "kind = \"xlsx\"\npath = \"t.xlsx\"\nas_of = \"modified\"\nsheet = \"表2\"",
        &[],
    );
    assert!(refused(&gone).1.contains("no sheet `表2`"));
}

#[test]
fn what_is_no_whole_workbook_is_refused() {
    let rows = || vec![vec![text(LI), Cell::None, text("a")]];
    let sheet = |xml: &str| {
        rig(rows(), |book| book.parts = vec![("xl/worksheets/sheet1.xml", xml.as_bytes().to_vec())])
    };
    let row = |r: &str| {
        format!(
            "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row><c \
             r=\"{r}\"><v>2</v></c></row></sheetData></worksheet>"
        )
    };
    for (rig, word) in [
        (sheet("<worksheet><sheetData><row r=\"1\"><c r=\"A1\">"), "too early"),
        (sheet("<worksheet></worksheet>"), "no cells"),
        (sheet(&row("XFE1")), "place"),
        (sheet(&row("A1048577")), "place"),
        (sheet(&row("A0")), "place"),
        (sheet(&row("99999999999999999999")), "place"),
        (
            sheet(
                "<worksheet><sheetData/><mergeCells><mergeCell \
                 ref=\"B2:A1\"/></mergeCells></worksheet>",
            ),
            "merged",
        ),
        (sheet("<worksheet><sheetData></worksheet>"), "sheetData"),
        (
            rig(rows(), |book| book.parts = vec![("_rels/.rels", b"<Relationships/>".to_vec())]),
            "no workbook",
        ),
    ] {
        let (code, detail) = refused(&rig);
        assert_eq!(code, ErrorCode::SourceTruncated, "{detail}");
        assert!(detail.contains(word), "{word}: {detail}");
    }
    let full = rig(vec![vec![text(LI), Cell::None, text("a")]], |book| {
        let xml = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"str\"><v>SFZH</v></c><c \
                   r=\"B1\" t=\"str\"><v>GYR</v></c><c r=\"C1\" t=\"str\"><v>姓 名) -- drop table \
                   (x</v></c></row><row r=\"1048576\"><c \
                   r=\"A1048576\"><v>2</v></c></row></sheetData></worksheet>";
        book.parts = vec![("xl/worksheets/sheet1.xml", xml.as_bytes().to_vec())];
    });
    assert!(refused(&full).1.contains("full to its last row"));
    let overlapping = rig(rows(), |book| book.merged = vec!["A2:XFD9", "A2:B9"]);
    assert!(refused(&overlapping).1.contains("overlap"));
}

#[test]
fn a_sheet_that_no_workbook_names_and_a_cell_behind_the_rows_are_refused() {
    let rows =
        || vec![vec![Cell::Inline(WANG.to_owned()), Cell::None, Cell::Inline("a".to_owned())]];
    let row = format!("<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>{LI}</t></is></c></row>");
    let second = format!("<worksheet><sheetData>{row}</sheetData></worksheet>").into_bytes();
    let head = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>SFZH</t></is></c></row>";
    let as_chart = b"<Relationships><Relationship Id=\"r0\" Type=\"x/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
        <Relationship Id=\"r9\" Type=\"x/chartsheet\" Target=\"chartsheets/sheet2.xml\"/></Relationships>";
    let workbook = b"<workbook xmlns:r=\"r\"><sheets><sheet name=\"a\" r:id=\"r0\"/><sheet name=\"b\" r:id=\"r9\"/></sheets></workbook>";
    for (parts, word) in [
        (vec![("xl/worksheets/sheet2.xml", second.clone())], "names nowhere"),
        (vec![("xl/other/data.xml", second.clone())], "names nowhere"),
        (vec![("customXml/item1.xml", second.clone())], "names nowhere"),
        (
            vec![
                ("xl/_rels/workbook.xml.rels", as_chart.to_vec()),
                ("xl/workbook.xml", workbook.to_vec()),
                ("xl/chartsheets/sheet2.xml", second),
            ],
            "as a chart",
        ),
        (
            vec![(
                "xl/worksheets/sheet1.xml",
                format!("<worksheet><sheetData>{head}</sheetData>{row}</worksheet>").into_bytes(),
            )],
            "outside the rows",
        ),
    ] {
        let detail = rig(rows(), |book| book.parts = parts).open().unwrap_err().detail;
        assert!(detail.contains(word), "{word}: {detail}");
    }
    // What other programs put beside may be anything.
    let beside = vec![
        ("customXml/item1.xml", vec![0xff, 0xfe, b'<', 0]),
        ("docProps/app.xml", b"<Properties/>".to_vec()),
    ];
    assert_eq!(ask(&rig(rows(), |book| book.parts = beside), WANG).0, ["a"]);
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let bomb = rig(vec![], |book| book.parts = vec![("xl/styles.xml", vec![b' '; (16 << 20) + 1])]);
    assert_eq!(refused(&bomb).0, ErrorCode::SourceLimit);
    assert!(bomb.folder.path().join("t.xlsx").metadata().unwrap().len() < 1 << 20);
    let sheet = |begin: &str, each: &str, times: usize| {
        let xml = format!("<worksheet><sheetData>{begin}{}", each.repeat(times));
        let rig =
            rig(vec![], |book| book.parts = vec![("xl/worksheets/sheet1.xml", xml.into_bytes())]);
        refused(&rig).1
    };
    assert!(sheet("", "<x>", 100_000).contains("nested too deep"));
    assert!(sheet("<c><v>", "x", 17 << 20).contains("in one piece"));
    assert!(sheet("<c ", "x", 17 << 20).contains("in one piece"));
}

#[test]
fn two_workbooks_in_one_file_are_none() {
    let of = |person: &str, name: &str| {
        let rig = rig(vec![vec![text(person), Cell::None, text(name)]], |_| ());
        (std::fs::read(rig.folder.path().join("t.xlsx")).unwrap(), rig)
    };
    let ((hidden, _), (shown, rig)) = (of(LI, "first"), of(WANG, "second"));
    let path = rig.folder.path().join("t.xlsx");
    assert_eq!(ask(&rig, WANG).0, ["second"]);
    // The table of contents of the second says nothing of what is before it.
    std::fs::write(&path, [hidden.clone(), shown.clone()].concat()).unwrap();
    assert_eq!(refused(&rig).0, ErrorCode::SourceTruncated);
    // Nor where its places are counted from the beginning of the file.
    let mut moved = shown.clone();
    let by = u32::try_from(hidden.len()).unwrap();
    let places: Vec<usize> = (0..moved.len() - 4)
        .filter_map(|at| match &moved[at..at + 4] {
            b"PK\x01\x02" => Some(at + 42),
            b"PK\x05\x06" => Some(at + 16),
            _ => None,
        })
        .collect();
    for at in places {
        let place = u32::from_le_bytes(moved[at..at + 4].try_into().unwrap()) + by;
        moved[at..at + 4].copy_from_slice(&place.to_le_bytes());
    }
    std::fs::write(&path, [hidden, moved].concat()).unwrap();
    assert_eq!(refused(&rig).0, ErrorCode::SourceTruncated);
    std::fs::write(&path, shown).unwrap();
    assert_eq!(ask(&rig, WANG).0, ["second"]);
}

#[test]
fn a_truncated_workbook_is_never_a_short_answer() {
    let rows: Vec<Vec<Cell>> = (0..50)
        .map(|_| vec![text(WANG), Cell::None, text("x")])
        .chain([vec![text(LI), Cell::None, text("last")]])
        .collect();
    let rig = rig(rows, |_| ());
    let path = rig.folder.path().join("t.xlsx");
    let whole = std::fs::read(&path).unwrap();
    for part in 0..16 {
        std::fs::write(&path, &whole[..whole.len() * part / 16]).unwrap();
        assert_eq!(refused(&rig).0, ErrorCode::SourceTruncated, "{part}/16");
        // The middle is lost, and the end is there.
        let mut holed = whole.clone();
        holed[whole.len() * part / 16..].iter_mut().take(8).for_each(|byte| *byte ^= 0x55);
        std::fs::write(&path, &holed).unwrap();
        if let Ok(source) = rig.open() {
            assert_eq!(
                run(names(&*source, look_up(&[LI], 100, soon()))).unwrap().0,
                ["last"],
                "{part}/16"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_written_is_found(spelled in proptest::collection::vec((0_usize..8, 0_usize..4), 1..40)) {
        super::super::tests::written_is_found(Kind::Xlsx, &spelled)?;
    }
}
