#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;

use chrono::NaiveDate;
use zerotrip_datasets::resident_id::ResidentId;
use zerotrip_proto::v1::SemanticType;

use super::super::conformance::Kind;
use super::*;

#[test]
fn files_of_every_kind_are_looked_at_alike() {
    let id = |sequence| ResidentId::from_parts(330_106, NaiveDate::from_ymd_opt(1980, 5, 6).unwrap(), sequence).unwrap();
    let mut rows: Vec<Vec<String>> = (0..90)
        .map(|sequence| {
            vec![
                id(sequence).as_str().to_owned(),
                "王小明".to_owned(),
                format!("19{sequence:02}.5.6"),
                ["正常", "迁出"][usize::from(sequence % 2)].to_owned(),
            ]
        })
        .collect();
    rows.push(vec!["不详".into(), "李芳".into(), String::new(), "待核".into()]);
    let folder = tempfile::tempdir().unwrap();
    for (kind, name) in [(Kind::Csv, "csv"), (Kind::Xlsx, "xlsx"), (Kind::Xls, "xls"), (Kind::Dbf, "dbf"), (Kind::Parquet, "parquet")] {
        let path = folder.path().join(format!("登记.{name}"));
        fs::write(&path, kind.file(&["SFZH", "XM", "RQ", "ZT"], &rows)).unwrap();
        let target = Target::parse(path.to_str().unwrap(), None).unwrap();
        assert_eq!(target.kind, name);
        let look = target.open(1).unwrap().look(None).unwrap();
        assert_eq!((look.rows, look.columns.len()), (91, 4), "{name}");
        let guesses: Vec<_> = look.columns.iter().map(|column| column.evidence.guess()).collect();
        let types: Vec<SemanticType> = guesses.iter().map(|guess| guess.semantic).collect();
        assert_eq!(types, [SemanticType::ResidentId, SemanticType::PersonName, SemanticType::Date, SemanticType::Code], "{name}");
        assert_eq!((guesses[0].reason.as_str(), guesses[2].blanks), ("90 of 91 values are resident ids; 1 cannot be read", 1), "{name}");
        assert_eq!(guesses[3].codes, ["正常", "迁出"], "{name}");
    }
}

#[test]
fn characters_are_told_by_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let text = format!("姓名\n{}王小明\n", "a\n".repeat(100_000));
    let (gb, ..) = encoding_rs::GB18030.encode(&text);
    for (bytes, encoding) in [(text.as_bytes(), "utf-8"), (&gb, "gb18030"), (&[&b"a\n\xff"[..], text.as_bytes()].concat(), "gb18030")] {
        fs::write(&path, bytes).unwrap();
        let look = Target::parse(path.to_str().unwrap(), None).unwrap().open(1).unwrap().look(None).unwrap();
        let said = look.source.iter().find(|(key, _)| *key == "encoding").unwrap();
        assert!(matches!(&said.1, Setting::Text(text, _) if text == encoding), "{said:?}");
    }
}
