//! What every kind of file must do: it is of that kind, it has a header, and no other file belongs
//! to it unsaid.

use std::fs;
use std::time::{Duration, SystemTime};

use zerotrip_proto::v1::ErrorCode;

use super::{AnyRig, Kind, LI, WANG, look_up, names, run, soon};

const KINDS: [Kind; 5] = [Kind::Csv, Kind::Xlsx, Kind::Xls, Kind::Dbf, Kind::Parquet];

/// A file without a header is not one row shorter, and the first row's id is not shown.
pub fn a_first_row_is_no_header(kind: Kind) {
    let rig = AnyRig::new(kind, &[(LI, "", "home")]);
    for first in [
        [LI, "", "home"],
        ["张三", WANG, ""],
        ["110105491231002", "x", "y"],
        ["1101********002X", "x", "y"],
        ["a", "b", "1101054912310"],
    ] {
        // Names of this format have ten bytes, and no blank one.
        let first: Vec<&str> =
            first.iter().filter(|name| kind != Kind::Dbf || !name.is_empty()).copied().collect();
        if kind == Kind::Dbf && first.iter().any(|name| name.contains('*')) {
            continue;
        }
        rig.drop_file(&kind.file(&first, &[]), 0);
        let error = rig.open().unwrap_err();
        assert_eq!(error.code, ErrorCode::SourceDrift, "{kind:?} {first:?}: {}", error.detail);
        assert!(
            error.detail.contains("the file has no header line;"),
            "{kind:?} {first:?}: {}",
            error.detail
        );
        // What is masked already may be shown so.
        let is_whole =
            |name: &&str| name.len() > 8 && !name.contains('*') && error.detail.contains(*name);
        assert!(!first.iter().any(is_whole), "{}", error.detail);
    }
}

/// And what it is, with the remedy.
pub fn a_file_of_another_kind_is_told(kind: Kind) {
    let rig = AnyRig::new(kind, &[(LI, "", "home")]);
    let row = [WANG, LI, "home"].map(str::to_owned).to_vec();
    for other in KINDS.into_iter().filter(|other| *other != kind) {
        rig.drop_file(&other.file(&[other.name(), "SFZH", "GYR"], std::slice::from_ref(&row)), 1);
        let error = rig.open().unwrap_err();
        assert_eq!(error.code, ErrorCode::SourceUnreadable, "{kind:?} {other:?}: {}", error.detail);
        let said = other.file_name().split('.').next_back().unwrap();
        assert!(
            error.detail.contains(&format!("kind = \"{said}\"")),
            "{kind:?} {other:?}: {}",
            error.detail
        );
    }
    for (begin, word) in [
        (&b"<html><body><table><tr><td>SFZH</td></tr></table>"[..], "web page"),
        (b"<?xml version=\"1.0\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">", "Excel 2003"),
        (b"{\"rows\": []}", "JSON"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08\0\0\0", "gzip"),
        (b"SQLite format 3\0", "SQLite"),
        (b"", "empty"),
    ] {
        rig.drop_file(begin, 1);
        let error = rig.open().unwrap_err();
        assert!(error.detail.contains(word), "{kind:?} {word}: {}", error.detail);
    }
}

/// What is called like a file could be a part of it: whoever stands there has something.
pub fn a_further_file_is_never_left_unsaid(kind: Kind) {
    let rig = AnyRig::new(kind, &[(LI, "", "home")]);
    let ending = kind.file_name().split('.').next_back().unwrap();
    let ask = || {
        rig.open()
            .map(|source| run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0)
            .map_err(|error| error.detail)
    };
    let home = || Ok(vec!["home".to_owned()]);
    for other in [
        "t (2)",
        "t2",
        "t_1",
        "T-20261122",
        "t二",
        "t（二）",
        "t第二部分",
        "tII",
        "t_part2",
        "t续",
        "tb",
        "t - 副本",
        "т",
        "ｔ",
        "副本t",
    ] {
        let place = rig.folder.path().join(format!("{other}.{ending}"));
        fs::write(&place, b"whatever it is").unwrap();
        let said = ask().unwrap_err();
        assert!(
            said.contains(&format!("`{other}.{ending}`")) && said.contains("`source.parts`"),
            "{kind:?} {other}: {said}"
        );
        fs::remove_file(place).unwrap();
    }
    for end in ["1", "part2", "gz", "bak", "d/2"] {
        let place = rig.folder.path().join(format!("t.{ending}.{end}"));
        let top = rig.folder.path().join(format!("t.{ending}.{}", end.split('/').next().unwrap()));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, b"whatever it is").unwrap();
        let said = ask().unwrap_err();
        assert!(
            said.contains(&format!("`{}`", top.file_name().unwrap().display())),
            "{kind:?} {end}: {said}"
        );
        if top == place {
            fs::remove_file(place).unwrap()
        } else {
            fs::remove_dir_all(top).unwrap()
        }
    }
    for other in ["marriage", ".t (2)", "~$t"] {
        fs::write(rig.folder.path().join(format!("{other}.{ending}")), b"whatever it is").unwrap();
        assert_eq!(ask(), home(), "{kind:?} {other}");
    }
    // What nobody goes on writing is no longer being written.
    let place = rig.folder.path().join(format!(".t (2).{ending}"));
    fs::File::open(&place)
        .unwrap()
        .set_modified(SystemTime::now() - Duration::from_secs(2 * 3600))
        .unwrap();
    assert!(ask().unwrap_err().contains("delete them"), "{kind:?}");
    fs::remove_file(place).unwrap();
    // A note, a document, nothing at all, and what another dataset describes.
    let write = |name: &str, bytes: &[u8]| fs::write(rig.folder.path().join(name), bytes).unwrap();
    write("t.md", "字段说明：SFZH 为身份证号".as_bytes());
    write("t.pdf", b"%PDF-1.7 \xff");
    write(&format!("t2.{ending}"), b"");
    let of_another = super::described(
        kind,
        &format!(
            "kind = \"csv\"\npath = \"t3.{ending}\"\nas_of = \"modified\"\nencoding = \"utf-8\""
        ),
    );
    write(&format!("t3.{ending}"), b"another register");
    write("another.toml", of_another.as_bytes());
    assert_eq!(ask(), home(), "{kind:?}");
    write("t.md", format!("{WANG} owns a home").as_bytes());
    assert!(ask().unwrap_err().contains("`t.md`"), "{kind:?}");
}
