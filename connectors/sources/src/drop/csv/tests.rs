#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;

use super::super::super::conformance::{Cells, Kind, LI, Rig, WANG, look_up, names, run, soon};

const HEADER: &str = "SFZH,GYR,\"姓 名) -- drop table (x\"";

#[test]
fn a_ragged_row_is_kept_as_unreadable() {
    let rig = Rig::new(Kind::Csv, &[]);
    rig.drop_file(format!("{HEADER}\n{WANG},,a\n{LI},b\n{WANG},,c,d\n").as_bytes(), 3);
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[LI], 10, soon()))).unwrap();
    // Its columns are lost, so each could be anybody's, whatever it names.
    let ragged = vec!["line 3".to_owned(), "line 4".to_owned()];
    assert_eq!((found.len(), end.rows, &end.could_match.all()), (0, 3, &ragged));
    let (found, end) = run(names(&*source, look_up(&[WANG], 10, soon()))).unwrap();
    assert_eq!((found.len(), end.could_match.all()), (1, ragged));
}

#[test]
fn an_open_quote_hides_no_row() {
    let rig = Rig::new(Kind::Csv, &[]);
    for end in ["\n", "\r\n", "\r"] {
        // The quote opens in one row and closes, or not, in a later one; what it swallowed is never
        // an absence.
        for rows in [
            vec![format!("{WANG},,\"a"), format!("{LI},,b"), format!("{WANG},,\"c")],
            vec![format!("{WANG},,\"a"), format!("{LI},,b")],
            vec![format!("\"{WANG},,a"), format!("{LI},,b"), "\",,".to_owned()],
            vec![format!("{WANG},,a"), format!("\"{LI},,b")],
            vec![format!("{WANG},,a"), format!("{LI},\"\",\"b")],
        ] {
            let text = format!("{HEADER}{end}{}{end}", rows.join(end));
            fs::write(rig.folder.path().join("t.csv"), &text).unwrap();
            let counted = ::csv::ReaderBuilder::new()
                .flexible(true)
                .from_reader(text.as_bytes())
                .into_byte_records()
                .count();
            rig.drop_file(text.as_bytes(), counted as u64);
            let source = rig.open().unwrap();
            let (found, end) = run(names(&*source, look_up(&[LI], 10, soon()))).unwrap();
            assert!(found.len() + end.could_match.all().len() > 0, "{text:?}");
        }
    }
}

#[test]
fn a_half_written_drop_leaves_the_one_before() {
    let rig = Rig::new(Kind::Csv, &[(LI, "", "old")]);
    let source = rig.open().unwrap();
    let ask = || run(names(&*source, look_up(&[LI], 10, soon()))).unwrap();
    let before = ask();
    assert_eq!(before.0, ["old"]);
    let whole = format!("{HEADER}\n{WANG},,x\n{LI},,new\n");
    rig.drop_file(whole.as_bytes(), 2);
    fs::write(rig.folder.path().join("t.csv"), &whole[..whole.len() - 30]).unwrap();
    assert_eq!(
        (ask().0, ask().1.as_of),
        (before.0.clone(), before.1.as_of),
        "not the half, and not its as-of"
    );
    rig.drop_file(whole.as_bytes(), 7);
    assert_eq!(ask().0, ["old"], "a manifest that counts other rows");
    rig.drop_file(format!("SFZH,GYR\n{LI},\n").as_bytes(), 1);
    assert_eq!(ask().0, ["old"], "a column is gone");
    fs::remove_file(rig.folder.path().join("t.csv")).unwrap();
    assert_eq!(ask().0, ["old"], "no file");
    rig.drop_file(whole.as_bytes(), 2);
    assert_eq!(ask().0, ["new"]);
}

#[test]
fn only_regular_files_are_opened() {
    use std::os::unix::fs::symlink;
    for name in ["t.csv", "t.csv.manifest.toml"] {
        let rig = Rig::new(Kind::Csv, &[(LI, "", "a")]);
        let path = rig.folder.path().join(name);
        fs::rename(&path, rig.folder.path().join("real")).unwrap();
        symlink(rig.folder.path().join("real"), &path).unwrap();
        assert!(rig.open().is_ok(), "a link to a file");
        let pipe = rig.folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for odd in [std::path::Path::new("/dev/zero"), rig.folder.path(), &pipe] {
            fs::remove_file(&path).unwrap();
            symlink(odd, &path).unwrap();
            let error = rig.open().unwrap_err();
            assert!(error.detail.contains("is not a regular file"), "{}", error.detail);
        }
    }
}

#[test]
fn bytes_of_another_encoding_are_unreadable_not_lost() {
    let rig = Rig::new(Kind::Csv, &[]);
    let mut text = format!("{HEADER}\n").into_bytes();
    text.extend(b"1101051949123100\xff2X,,a\n");
    rig.drop_file(&text, 1);
    let source = rig.open().unwrap();
    assert_eq!(
        run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().1.could_match.all(),
        ["row 1"]
    );
    let rows: &[Cells<'_>] = &[(LI, "", "a")];
    rig.write(rows);
    assert_eq!(run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0, ["a"]);
}
