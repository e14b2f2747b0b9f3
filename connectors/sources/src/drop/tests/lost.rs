//! Nothing is lost on the way from a file to its rows: wherever a person's id is in it, an empty
//! answer about that person is no absence.

use std::fs;

use proptest::prelude::*;
use zerotrip_test_servers::files::{Book, Cell, OldBook, text};

use super::super::super::conformance::{Kind, LI, Rig, WANG, look_up, names, run, soon};

const NAME: &str = "姓 名) -- drop table (x";

/// A table as somebody could have typed it: where the columns with a name are, and what is in the
/// cells.
#[derive(Clone, Debug)]
struct Table {
    /// Of six columns: the name, or none.
    names: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

fn table() -> impl Strategy<Value = Table> {
    let names = Just(vec!["SFZH", "GYR", NAME, "", "", ""]).prop_shuffle();
    let cell = prop_oneof![
        6 => Just(String::new()),
        2 => Just(LI.to_owned()),
        2 => Just(WANG.to_owned()),
        1 => Just("110105 19491231 002X".to_owned()),
        1 => Just("  ".to_owned()),
        1 => Just("备注".to_owned()),
    ];
    // Rows narrower and wider than the header.
    let rows = proptest::collection::vec(proptest::collection::vec(cell, 1..9), 1..12);
    (names, rows).prop_map(|(names, mut rows)| {
        // What stands in the name's column is a name.
        let place = names.iter().position(|name| *name == NAME).unwrap();
        for row in &mut rows {
            if let Some(cell) = row.get_mut(place).filter(|cell| !cell.trim().is_empty()) {
                *cell = "张三".to_owned();
            }
        }
        Table { names, rows }
    })
}

/// Opens the file, and holds what look-ups say against the table.
fn holds(
    kind: Kind,
    source: &str,
    bytes: &[u8],
    rows: &[Vec<String>],
    show: &str,
) -> Result<(), TestCaseError> {
    let rig = Rig::with(kind, source, &[]);
    fs::write(rig.folder.path().join(kind.file_name()), bytes).unwrap();
    let source = rig.open().unwrap();
    for key in [LI, WANG] {
        let (found, end) = run(names(&*source, look_up(&[key], 100, soon()))).unwrap();
        let is_key = |cell: &String| cell.split_whitespace().collect::<String>() == key;
        let theirs = rows.iter().filter(|row| row.iter().any(is_key)).count();
        prop_assert!(
            found.len() + end.could_match.all().len() >= theirs,
            "{show}: {found:?} {:?} of {theirs} of {key}",
            end.could_match.all()
        );
        let whole =
            rows.iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).count();
        prop_assert_eq!(end.rows, whole as u64, "{}", show);
    }
    Ok(())
}

fn section(kind: &str, more: &str) -> String {
    format!("kind = \"{kind}\"\npath = \"t.{kind}\"\nas_of = \"modified\"\n{more}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn of_separated_text(table in table(), which in 0_usize..4, is_wide in any::<bool>(), is_marked in any::<bool>()) {
        let (separator, said) = [(',', ","), (';', ";"), ('\t', "\\t"), ('|', "|")][which];
        let line = |cells: Vec<String>| cells.join(&separator.to_string()) + "\r\n";
        let mut text = if is_marked { format!("sep={separator}\r\n") } else { String::new() };
        text += &line(table.names.iter().map(|name| if name.is_empty() { String::new() } else { format!("\"{name}\"") }).collect());
        // A line of one empty cell is no row of this format.
        table.rows.iter().for_each(|row| text += &line(row.clone()));
        let encoding = if is_wide { "utf-16" } else { "utf-8" };
        let bytes = if is_wide { format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect() } else { text.clone().into_bytes() };
        let source = section("csv", &format!("encoding = \"{encoding}\"\nseparator = \"{said}\""));
        holds(Kind::Csv, &source, &bytes, &table.rows, &text)?;
    }

    #[test]
    fn of_a_workbook(table in table(), merged in proptest::collection::vec((0_usize..7, 0_usize..8, 1_usize..4), 0..3)) {
        let mut rows = table.rows.clone();
        let mut regions: Vec<(usize, usize, usize)> = Vec::new();
        // Cells that are one downwards: the value of the first is that of all, and the others are
        // empty.
        for (column, top, height) in merged {
            let bottom = (top + height).min(rows.len().saturating_sub(1));
            let is_apart = regions.iter().all(|(other, ..)| *other != column);
            if top < bottom && is_apart && column < rows[top].len() && !rows[top][column].trim().is_empty() {
                for row in &mut rows[top + 1..=bottom] {
                    row.resize(row.len().max(column + 1), String::new());
                    row[column] = String::new();
                }
                regions.push((column, top, bottom));
            }
        }
        let cells = |row: &Vec<String>| row.iter().map(|cell| if cell.is_empty() { Cell::None } else { text(cell) }).collect::<Vec<_>>();
        let header = table.names.iter().map(|name| if name.is_empty() { Cell::None } else { text(name) }).collect();
        let region = |(column, top, bottom): &(usize, usize, usize)| {
            let letter = char::from(b'A' + u8::try_from(*column).unwrap());
            format!("{letter}{}:{letter}{}", top + 2, bottom + 2)
        };
        let named = regions.iter().map(region).collect();
        let book = Book { rows: std::iter::once(header).chain(rows.iter().map(cells)).collect(), regions: named, ..Book::default() };
        let name = table.names.iter().position(|name| *name == NAME).unwrap();
        for (column, top, bottom) in regions.into_iter().filter(|(column, ..)| *column != name) {
            let value = rows[top][column].clone();
            rows[top + 1..=bottom].iter_mut().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).for_each(|row| row[column] = value.clone());
        }
        holds(Kind::Xlsx, &section("xlsx", ""), &book.bytes(), &rows, &format!("{:?} {rows:?}", table.names))?;
    }

    #[test]
    fn of_an_old_workbook(table in table()) {
        let book = OldBook::of(&table.names, &table.rows);
        holds(Kind::Xls, &section("xls", ""), &book.bytes(), &table.rows, &format!("{table:?}"))?;
    }
}

#[test]
fn a_number_of_the_row_in_a_first_column_is_nothing_beside() {
    let rig = Rig::with(Kind::Csv, &section("csv", "encoding = \"utf-8\""), &[]);
    let write = |rows: &str| {
        fs::write(rig.folder.path().join("t.csv"), format!(",SFZH,GYR,{NAME}\n{rows}")).unwrap()
    };
    let could = |key: &str| {
        run(names(&*rig.open().unwrap(), look_up(&[key], 10, soon())))
            .unwrap()
            .1
            .could_match
            .all()
            .len()
    };
    write(&format!("0,{WANG},,a\n1,{WANG},,b\n2,{WANG},,c\n"));
    assert_eq!((could(LI), could(WANG)), (0, 0));
    for wrong in [
        format!("0,{WANG},,a\n{LI},{WANG},,b\n2,{WANG},,c\n"),
        format!("{LI},{WANG},,a\n1,{WANG},,b\n"),
        format!("0,{WANG},,a\n01,{WANG},,b\n"),
    ] {
        write(&wrong);
        assert!(could(WANG) > 0, "{wrong}");
    }
    write(&format!("0,{WANG},,a\n{LI},{WANG},,b\n"));
    assert!(could(LI) > 0);
}

#[test]
fn every_sheet_of_an_old_workbook_is_read_or_declared() {
    let header = ["SFZH", "GYR", NAME];
    let mut book = OldBook::of(&header, &[[WANG, "", "a"].map(str::to_owned).to_vec()]);
    let first = book.records.clone();
    book.records.clear();
    for (row, cells) in [header, [LI, "", "b"]].iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            book.text(u16::try_from(row).unwrap(), u16::try_from(column).unwrap(), cell);
        }
    }
    let second = std::mem::replace(&mut book.records, first);
    book.others = vec![second, Vec::new()];
    let with = |more: &str| {
        let rig = Rig::with(Kind::Xls, &section("xls", more), &[]);
        fs::write(rig.folder.path().join("t.xls"), book.bytes()).unwrap();
        let opened = rig.open().map_err(|error| error.detail);
        opened.map(|source| run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0)
    };
    assert!(with("").unwrap_err().contains("`A`, `B`, `C`"));
    let said = with("sheet = \"A\"").unwrap_err();
    assert!(said.contains("sheet `B` holds something and has the same columns"), "{said}");
    assert_eq!(with("sheet = [\"A\", \"B\"]").unwrap(), ["b"]);
    assert_eq!(with("sheet = \"A\"\nunread = { B = \"another year\" }").unwrap(), [""; 0]);
    assert!(with("sheet = [\"A\", \"D\"]").unwrap_err().contains("no sheet `D`"));
}

#[test]
fn rows_that_are_hidden_are_rows() {
    let header = ["SFZH", "GYR", NAME];
    let book = Book::of(
        &header,
        &[[WANG, "", "a"], [LI, "", "b"]].map(|row| row.map(str::to_owned).to_vec()),
    );
    let bytes = book.bytes();
    let sheet = |xml: &str| xml.replace("<row r=\"3\">", "<row r=\"3\" hidden=\"1\">");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
    let mut xml = String::new();
    std::io::Read::read_to_string(
        &mut archive.by_name("xl/worksheets/sheet1.xml").unwrap(),
        &mut xml,
    )
    .unwrap();
    let book = Book { parts: vec![("xl/worksheets/sheet1.xml", sheet(&xml).into_bytes())], ..book };
    let mut old = OldBook::of(
        &header,
        &[[WANG, "", "a"], [LI, "", "b"]].map(|row| row.map(str::to_owned).to_vec()),
    );
    let mut row = vec![0; 16];
    row[0] = 2;
    row[12] = 0x20;
    old.records.insert(0, (0x0208, row));
    for (kind, said, bytes) in [(Kind::Xlsx, "xlsx", book.bytes()), (Kind::Xls, "xls", old.bytes())]
    {
        let rig = Rig::with(kind, &section(said, ""), &[]);
        fs::write(rig.folder.path().join(kind.file_name()), bytes).unwrap();
        let source = rig.open().unwrap();
        assert_eq!(run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0, ["b"], "{said}");
        let advice = run(source.survey()).unwrap().advice.join("\n");
        assert!(advice.contains("1 rows are hidden"), "{advice}");
    }
}
