//! That every type of a server's comes as its text, or is refused.

use zerotrip_proto::v1::ErrorCode;

use super::server::Server;
use super::{Rig, code, rows};
use crate::conformance::{LI, look_up, run, soon};

/// One row in which every column but the first two is of another type; what comes, and what is
/// refused.
fn types(server: &Server, columns: &[(&str, &str, &str)], refused: &[&str]) {
    let names: Vec<String> = (0..columns.len()).map(|number| format!("c{number}")).collect();
    let mut made = vec![("id_a", "varchar(18)"), ("id_b", "varchar(18)")];
    made.extend(names.iter().zip(columns).map(|(name, (kind, _, _))| (name.as_str(), *kind)));
    let rig = Rig::new(server, &made);
    let literals: Vec<&str> = columns.iter().map(|(_, literal, _)| *literal).collect();
    rig.table.sql(&format!("insert into TABLE values ('{LI}', null, {})", literals.join(", ")));
    let source = rig.open("").unwrap();
    let (got, _) = run(rows(&*source, look_up(&[LI], 10, soon()))).unwrap();
    for (place, (kind, literal, text)) in columns.iter().enumerate() {
        assert_eq!(got[0][place + 2].as_deref().unwrap(), *text, "{kind} {literal}");
    }
    for kind in refused {
        let rig =
            Rig::new(server, &[("id_a", "varchar(18)"), ("id_b", "varchar(18)"), ("c", kind)]);
        let (error, detail) = code(rig.open(""));
        assert_eq!(error, ErrorCode::SourceDrift, "{kind}: {detail}");
        assert!(detail.contains("column `c` is of type"), "{detail}");
    }
    let rig = Rig::new(server, &[("id_a", "date"), ("id_b", "varchar(18)"), ("c", "text")]);
    let (_, detail) = code(rig.open(""));
    assert!(
        detail.contains("column `id_a` is of type `date`, in which no id can be looked up"),
        "{detail}"
    );
}

pub fn every_type_has_its_text_in_postgres(server: &Server) {
    server.sql(
        "create type public.mood as enum ('sad', 'so so'); create domain public.name_of as \
         varchar(20); create type public.two as (a int, b int)",
    );
    types(
        server,
        &[
            ("text", "' 张 三 '", " 张 三 "),
            ("varchar(9)", "'x  '", "x  "),
            ("char(9)", "'x'", "x"),
            ("smallint", "-7", "-7"),
            ("bigint", "9223372036854775807", "9223372036854775807"),
            ("numeric(30,10)", "12345678901234567890.1", "12345678901234567890.1000000000"),
            ("double precision", "0.1", "0.1"),
            ("real", "1e20", "1e+20"),
            ("boolean", "true", "true"),
            ("date", "'2026-11-22'", "2026-11-22"),
            ("timestamp", "'2026-11-22 00:30:00.5'", "2026-11-22 00:30:00.5"),
            ("timestamptz", "'2026-11-21 16:30:00+00'", "2026-11-22 00:30:00+08:00"),
            ("timestamptz", "'1988-06-30 16:30:00+00'", "1988-07-01 01:30:00+09:00"),
            ("timestamptz", "'infinity'", "infinity"),
            ("time", "'00:30'", "00:30:00"),
            ("bit(3)", "B'011'", "011"),
            ("bit varying(9)", "B'011'", "011"),
            (
                "uuid",
                "'00000000-0000-0000-0000-00000000000a'",
                "00000000-0000-0000-0000-00000000000a",
            ),
            ("public.mood", "'so so'", "so so"),
            ("public.name_of", "'李四'", "李四"),
        ],
        &["money", "bytea", "json", "xml", "text[]", "int4range", "public.two", "interval", "inet"],
    );
}

pub fn every_type_has_its_text_in_mysql(server: &Server) {
    types(
        server,
        &[
            ("text", "' 张 三 '", " 张 三 "),
            ("varchar(9)", "'x  '", "x  "),
            ("char(9)", "'x'", "x"),
            ("varchar(9) character set gbk", "'张三'", "张三"),
            ("boolean", "true", "1"),
            ("smallint", "-7", "-7"),
            ("bigint unsigned", "18446744073709551615", "18446744073709551615"),
            ("bigint(20) zerofill", "7", "00000000000000000007"),
            ("decimal(30,10)", "12345678901234567890.1", "12345678901234567890.1000000000"),
            ("double", "0.1", "0.1"),
            ("date", "'2026-11-22'", "2026-11-22"),
            ("datetime(1)", "'2026-11-22 00:30:00.5'", "2026-11-22 00:30:00.5"),
            ("timestamp", "from_unixtime(1795278600)", "2026-11-22 00:30:00"),
            ("time", "'00:30'", "00:30:00"),
            ("year", "2026", "2026"),
            ("bit(3)", "b'011'", "011"),
            ("bit(64)", "b'1'", "0000000000000000000000000000000000000000000000000000000000000001"),
            ("enum('a', '李 四')", "'李 四'", "李 四"),
            ("set('a', 'b', 'c')", "'a,c'", "a,c"),
            (
                "uuid",
                "'00000000-0000-0000-0000-00000000000a'",
                "00000000-0000-0000-0000-00000000000a",
            ),
        ],
        &["blob", "binary(9)", "varbinary(9)", "point", "inet6"],
    );
}
