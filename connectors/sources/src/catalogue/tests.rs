#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::fs;

use chrono::NaiveDate;
use zerotrip_datasets::resident_id::ResidentId;
use zerotrip_proto::v1::SemanticType;

use super::super::conformance::Kind;
use super::super::remote::tests::server::{READER, Server};
use super::*;

fn clear() -> Login {
    Login { schema: None, password: Password::None, header_file: None, tls: Tls::Off }
}

#[test]
fn files_of_every_kind_are_looked_at_alike() {
    let id = |sequence| {
        ResidentId::from_parts(330_106, NaiveDate::from_ymd_opt(1980, 5, 6).unwrap(), sequence)
            .unwrap()
    };
    let mut rows: Vec<Vec<String>> = (1..91)
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
    for (kind, name) in [
        (Kind::Csv, "csv"),
        (Kind::Xlsx, "xlsx"),
        (Kind::Xls, "xls"),
        (Kind::Dbf, "dbf"),
        (Kind::Parquet, "parquet"),
    ] {
        let path = folder.path().join(format!("登记.{name}"));
        fs::write(&path, kind.file(&["SFZH", "XM", "RQ", "ZT"], &rows)).unwrap();
        let target = Target::parse(path.to_str().unwrap(), None, clear()).unwrap();
        assert_eq!(target.kind, name);
        let look = target.open(1).unwrap().look(None).unwrap();
        assert_eq!((look.rows, look.columns.len()), (91, 4), "{name}");
        let guesses: Vec<_> = look.columns.iter().map(|column| column.evidence.guess()).collect();
        let types: Vec<SemanticType> = guesses.iter().map(|guess| guess.semantic).collect();
        assert_eq!(
            types,
            [
                SemanticType::ResidentId,
                SemanticType::PersonName,
                SemanticType::Date,
                SemanticType::Code
            ],
            "{name}"
        );
        assert_eq!(
            (guesses[0].reason.as_str(), guesses[2].blanks),
            ("90 of 90 values are resident ids", 1),
            "{name}"
        );
        assert_eq!(guesses[3].codes, ["待核", "正常", "迁出"], "{name}");
    }
}

#[test]
fn characters_are_told_by_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let text = format!("姓名\n{}王小明\n", "a\n".repeat(100_000));
    let (gb, ..) = encoding_rs::GB18030.encode(&text);
    for (bytes, encoding) in [
        (text.as_bytes(), "utf-8"),
        (&gb, "gb18030"),
        (&[&b"a\n\xff"[..], text.as_bytes()].concat(), "gb18030"),
    ] {
        fs::write(&path, bytes).unwrap();
        let look = Target::parse(path.to_str().unwrap(), None, clear())
            .unwrap()
            .open(1)
            .unwrap()
            .look(None)
            .unwrap();
        let said = look.source.iter().find(|(key, _)| *key == "encoding").unwrap();
        assert!(matches!(&said.1, Setting::Text(text, _) if text == encoding), "{said:?}");
    }
}

#[test]
fn urls_of_servers_are_read_and_passwords_refused() {
    let TargetLocation::Server(spec) =
        Target::parse("postgres://clerk@10.0.0.2/household", None, clear()).unwrap().place
    else {
        panic!()
    };
    assert_eq!(
        (spec.host.as_str(), spec.port, spec.user.as_str(), spec.database.as_str()),
        ("10.0.0.2", 5432, "clerk", "household")
    );
    assert_eq!(spec.schema.as_deref(), Some("public"));
    let TargetLocation::Server(spec) =
        Target::parse("mysql://clerk@db:3307/old", None, clear()).unwrap().place
    else {
        panic!()
    };
    assert_eq!((spec.port, spec.schema), (3307, None));
    for url in [
        "mysql://clerk:s3cret@db/old",
        "mysql://clerk@db/",
        "mysql://db/old",
        "mysql://clerk@db:x/old",
        "oracle://clerk:s3cret@db/old",
    ] {
        let error = Target::parse(url, None, clear()).unwrap_err();
        assert!(
            error.code == ErrorCode::Misconfigured && !error.detail.contains("s3cret"),
            "{}",
            error.detail
        );
    }
}

/// What both kinds of servers tell of themselves.
fn told(server: &Server, kind: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let table = server.table(folder.path(), "t");
    table.create(&[("id_a", "varchar(60)"), ("id_b", "varchar(60)"), ("name", "text")]);
    table.sql("create view SCHEMA.v as select * from TABLE");
    table.sql("create table SCHEMA.other (b int)");
    table.write(&[
        [Some("11010519491231002X"), None, Some("王伟")],
        [Some("110105491231002"), None, Some("李芳")],
        [Some("?"), None, Some("张敏")],
    ]);
    let is_postgres = server.is_postgres;
    let login = Login {
        schema: is_postgres.then(|| table.schema.clone()),
        password: Password::File(folder.path().join("password").display().to_string()),
        header_file: None,
        tls: Tls::Verify { ca_file: Some(folder.path().join("ca.pem").display().to_string()) },
    };
    let database = if is_postgres { "postgres" } else { table.schema.as_str() };
    let url = if server.by_odbc {
        format!(
            "odbc:Driver=PostgreSQL \
             Unicode;Server=127.0.0.1;Port={};Database={database};UID={{{READER}}}",
            server.port
        )
    } else {
        format!("{kind}://{READER}@127.0.0.1:{}/{database}", server.port)
    };
    if !server.by_odbc {
        let without = Login { password: Password::None, ..login.clone() };
        let refused = Target::parse(&url, None, without)
            .unwrap()
            .open(1)
            .unwrap()
            .tables()
            .map(drop)
            .unwrap_err();
        assert_eq!(refused.code, ErrorCode::Misconfigured, "{refused}");
        assert!(
            refused.detail.contains("and none is given; name its file in `source.password_file`"),
            "{refused}"
        );
    }
    let target = Target::parse(&url, None, login).unwrap();
    let catalogue = target.open(1).unwrap();
    let tables: Vec<(String, &str)> =
        catalogue.tables().unwrap().into_iter().map(|table| (table.name, table.kind)).collect();
    assert_eq!(
        tables,
        [("other".to_owned(), "table"), ("t".to_owned(), "table"), ("v".to_owned(), "view")]
    );
    let look = catalogue.look(Some("t")).unwrap();
    assert_eq!(look.rows, 3);
    let seen: Vec<_> = look
        .columns
        .iter()
        .map(|column| (column.field.as_str(), column.is_indexed, column.evidence.guess().semantic))
        .collect();
    let (id, text, name) = (SemanticType::ResidentId, SemanticType::Text, SemanticType::PersonName);
    // ODBC drivers are not asked about indexes.
    let is = |indexed| (!server.by_odbc).then_some(indexed);
    assert_eq!(seen, [("id_a", is(true), id), ("id_b", is(true), text), ("name", is(false), name)]);
    assert_eq!(catalogue.look(Some("gone")).unwrap_err().code, ErrorCode::SourceDrift);
    assert!(
        catalogue
            .look(Some("v"))
            .unwrap()
            .advice
            .iter()
            .any(|advice| advice.contains("nothing locates"))
    );
}

#[test]
fn outside_postgres_tells_its_catalogue() {
    told(&Server::postgres(), "postgres");
}

#[test]
fn outside_postgres_by_odbc_tells_its_catalogue() {
    told(&Server::postgres_by_odbc(), "odbc");
}

#[test]
fn connections_of_drivers_are_read_and_secrets_refused() {
    let of = |url: &str| Target::parse(url, None, clear());
    let TargetLocation::Odbc(spec) =
        of("odbc:DRIVER={DM8 ODBC DRIVER}; SERVER=10.0.0.14;NAME={a;b};uid=clerk;").unwrap().place
    else {
        panic!()
    };
    assert_eq!(
        (&spec.through, spec.user.as_deref()),
        (&Through::Driver("DM8 ODBC DRIVER".into()), Some("clerk"))
    );
    assert_eq!(
        spec.attributes,
        [("SERVER".to_owned(), "10.0.0.14".to_owned()), ("NAME".to_owned(), "a;b".to_owned())]
    );
    let TargetLocation::Odbc(spec) = of("odbc:dsn=estate").unwrap().place else { panic!() };
    assert_eq!((spec.through, spec.user), (Through::Dsn("estate".into()), None));
    for wrong in [
        "odbc:",
        "odbc:DSN",
        "odbc:UID=x",
        "odbc:DSN=a;PWD=s3cret",
        "odbc:DSN=a;Passwort=s3cret",
        "odbc:DSN={a;PASSWORD=s3cret",
        "odbc:DSN=a;=s3cret",
    ] {
        let error = of(wrong).unwrap_err();
        assert!(
            error.code == ErrorCode::Misconfigured && !error.detail.contains("s3cret"),
            "{wrong}: {}",
            error.detail
        );
    }
}

#[test]
fn outside_mysql_tells_its_catalogue() {
    told(&Server::mariadb(), "mysql");
}
