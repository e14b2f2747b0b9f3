#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;

pub(crate) const HOUSEHOLD: &str = r#"
[dataset]
id = "police.household"
name = { zh = "户籍登记", en = "Household register" }
sharing = "conditional"
most_age = "36h"
row_floor = 1000

[source]
kind = "sqlite"
path = "data/household.db"
table = "T_RK"
as_of = { table = "extract", column = "began_at" }

[coverage]
regions = ["330100"]
since = "1984-01-01"
subjects = "registered_in:police.household"
text = { zh = "杭州市户籍人口", en = "residents registered in Hangzhou" }

[[column]]
name = "resident_id"
field = "SFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "father_id"
field = "FQSFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "status"
field = "ZT"
type = "code"
grade = "L2"
codes = { "1" = "registered", "正常" = "registered", "2" = "moved_out" }

[[lookup]]
name = "kin"
columns = ["resident_id", "father_id"]
may_be_blank = ["father_id"]
"#;

#[test]
fn reads_every_part() {
    let file = DatasetFile::parse(HOUSEHOLD, "household.toml").unwrap();
    assert_eq!((file.id.as_str(), file.member()), ("police.household", "police"));
    // Whatever may name a member may own a dataset.
    let other = HOUSEHOLD.replace("id = \"police.household\"", "id = \"real-estate.household\"");
    assert_eq!(DatasetFile::parse(&other, "other.toml").unwrap().member(), "real-estate");
    assert_eq!(file.most_age, Duration::from_secs(36 * 3600));
    assert_eq!(file.most_shrink, 0.10);
    assert_eq!(file.limits, Limits::default());
    assert_eq!(file.coverage.subjects, Subjects::RegisteredIn("police.household".into()));
    assert_eq!(
        file.source,
        Source::Sqlite(Sqlite {
            path: "data/household.db".into(),
            table: "T_RK".into(),
            as_of: SqliteAsOf::Table { table: "extract".into(), column: "began_at".into() }
        })
    );
    assert_eq!(file.column("status").unwrap().codes["正常"], "registered");
    assert_eq!(file.lookup("kin").unwrap().columns, ["resident_id", "father_id"]);
    assert_eq!(file.lookup("kin").unwrap().may_be_blank, ["father_id"]);

    let statement = file.to_statement(SystemTime::UNIX_EPOCH);
    assert_eq!(statement.columns[2].meanings, ["moved_out", "registered"]);
    assert_eq!(statement.most_age_seconds, 129_600);
    assert_eq!(statement.coverage.unwrap().since, "1984-01-01");
}

#[test]
fn what_is_accepted_has_a_name_and_a_reason() {
    let with = |lines: &str| DatasetFile::parse(&format!("{HOUSEHOLD}[accepted]\n{lines}"), "f");
    let file = with("since_gap = \"few died in the first years\"").unwrap();
    let accepted: Vec<(&str, &str)> =
        file.accepted.iter().map(|(one, why)| (one.name(), why.as_str())).collect();
    assert_eq!(accepted, [("since_gap", "few died in the first years")]);
    for (lines, said) in [
        ("since-gap = \"few died\"", "did you mean `since_gap`?"),
        (
            "undated_later = \"few died\"",
            "it cannot be accepted; known here: older_rows, since_gap",
        ),
        ("since_gap = \"so\"", "must say in a few words"),
        ("since_gap = \"FILL_IN\"", "must say in a few words"),
        ("since_gap = true", "must say in a few words"),
    ] {
        let error = with(lines).unwrap_err().to_string();
        assert!(error.contains(said), "{lines}: {error}");
    }
    assert!(DatasetFile::parse(&format!("accepted = []\n{HOUSEHOLD}"), "f").is_err());
}

#[test]
fn what_was_before_a_person_moved_in_is_stated_or_not_so() {
    let with = |more: &str| {
        let subjects = "subjects = \"registered_in:police.household\"\n";
        DatasetFile::parse(&HOUSEHOLD.replace(subjects, &format!("{subjects}{more}\n")), "f")
    };
    let stated =
        |more: &str| with(more).unwrap().to_statement(SystemTime::UNIX_EPOCH).moved_in_carried_over;
    assert!(!stated("") && !stated("moved_in = \"not_carried_over\""));
    assert!(stated("moved_in = \"carried_over\""));
    assert!(with("moved_in = true").is_err());
}

#[test]
fn csv_sources_have_their_own_keys() {
    let (before, after) = HOUSEHOLD.split_once("[source]").unwrap();
    let (_, after) = after.split_once("[coverage]").unwrap();
    let with = |source: &str| {
        DatasetFile::parse(&format!("{before}[source]\n{source}\n[coverage]{after}"), "f.toml")
    };
    let file =
        with("kind = \"csv\"\npath = \"a.csv\"\nencoding = \"gb18030\"\nas_of = \"modified\"")
            .unwrap();
    assert_eq!(
        file.source,
        Source::Csv(Csv {
            file: FileDrop {
                path: "a.csv".into(),
                as_of: DropAsOf::Modified,
                parts: Parts::Unstated
            },
            encoding: Encoding::Gb18030,
            separator: Separator::Comma
        })
    );
    let said = with(
        "kind = \"csv\"\npath = \"../a.csv\"\nencoding = \"utf-8\"\ntable = \"t\"\nas_of = \
         \"live\"",
    )
    .unwrap_err()
    .to_string();
    assert_eq!(
        said,
        "`f.toml` is not a usable file\n  `source.path` = `../a.csv`: must be relative to this \
         file, with `/` between its parts, no `..`, and `*` in its last part only\n  \
         `source.as_of` = `live`: must be `modified`, `manifest` or `{ name = \"…%Y%m%d…\" }`, \
         whose names fit `path`\n  `source.table` = `t`: unknown key; known here: kind, path, \
         as_of, parts, part_count, encoding, separator"
    );
    for path in ["/etc/passwd", "a/../../b", "C:\\x", "", "a//b", "./a"] {
        assert!(
            with(&format!(
                "kind = \"csv\"\npath = '{path}'\nencoding = \"utf-8\"\nas_of = \"modified\""
            ))
            .is_err(),
            "{path}"
        );
    }
}

#[test]
fn drops_may_come_under_changing_names() {
    let (before, after) = HOUSEHOLD.split_once("[source]").unwrap();
    let (_, after) = after.split_once("[coverage]").unwrap();
    let with = |path: &str, as_of: &str| {
        let source =
            format!("kind = \"csv\"\npath = \"{path}\"\nencoding = \"utf-8\"\nas_of = {as_of}");
        DatasetFile::parse(&format!("{before}[source]\n{source}\n[coverage]{after}"), "f.toml")
            .map(|file| file.source)
    };
    let file = FileDrop {
        path: "drops/m-*.csv".into(),
        as_of: DropAsOf::Name("m-%Y%m%d.csv".into()),
        parts: Parts::Unstated,
    };
    let name = "{ name = \"m-%Y%m%d.csv\" }";
    assert_eq!(
        with("drops/m-*.csv", name),
        Ok(Source::Csv(Csv { file, encoding: Encoding::Utf8, separator: Separator::Comma }))
    );
    for (path, as_of) in [
        ("drops-*/m.csv", "\"modified\""),
        ("drops/n-*.csv", name),
        ("drops/m.csv", name),
        ("m-*.csv", "{ name = \"m-%Y%m.csv\" }"),
        ("m-*.csv", "{ name = \"m-%Y%m%d%H.csv\" }"),
        ("m-*.csv", "{ nmae = \"m-%Y%m%d.csv\" }"),
    ] {
        assert!(with(path, as_of).is_err(), "{path} {as_of}");
    }
}

#[test]
fn what_several_files_are_is_stated() {
    let (before, after) = HOUSEHOLD.split_once("[source]").unwrap();
    let (_, after) = after.split_once("[coverage]").unwrap();
    let with = |path: &str, as_of: &str, parts: &str| {
        let source = format!(
            "kind = \"csv\"\npath = \"{path}\"\nencoding = \"utf-8\"\nas_of = {as_of}\n{parts}"
        );
        match DatasetFile::parse(
            &format!("{before}[source]\n{source}\n[coverage]{after}"),
            "f.toml",
        )
        .map(|file| file.source)
        {
            Ok(Source::Csv(csv)) => Ok(csv.file.parts),
            other => Err(format!("{other:?}")),
        }
    };
    let modified = "\"modified\"";
    let names = ["fw_1.csv", "fw_2.csv"].map(str::to_owned).to_vec();
    for (parts, read) in [
        ("", Parts::Unstated),
        ("parts = \"none\"", Parts::None),
        ("parts = \"all\"\npart_count = 13", Parts::All(13)),
        ("parts = [\"fw_1.csv\", \"fw_2.csv\"]", Parts::Named(names)),
    ] {
        assert_eq!(with("in/fw_*.csv", modified, parts), Ok(read), "{parts}");
    }
    for (path, as_of, parts) in [
        ("fw_*.csv", modified, "parts = \"all\""),
        ("fw_*.csv", modified, "part_count = 2"),
        ("fw_*.csv", modified, "parts = \"none\"\npart_count = 2"),
        ("fw_*.csv", modified, "parts = \"all\"\npart_count = 0"),
        ("fw_1.csv", modified, "parts = \"all\"\npart_count = 1"),
        ("fw_*.csv", modified, "parts = [\"fw_1.csv\"]"),
        ("fw_*.csv", modified, "parts = [\"fw_1.csv\", \"fw_1.csv\"]"),
        ("fw_*.csv", modified, "parts = [\"fw_1.csv\", \"other.csv\"]"),
        ("fw_*.csv", modified, "parts = [\"fw_1.csv\", \"../fw_2.csv\"]"),
        ("fw_*.csv", "{ name = \"fw_%Y%m%d.csv\" }", "parts = \"all\"\npart_count = 1"),
        ("fw_*.csv", modified, "parts = true"),
    ] {
        assert!(with(path, as_of, parts).is_err(), "{path} {as_of} {parts}");
    }
}

#[test]
fn a_files_columns_and_sheets_have_any_name() {
    let (before, after) = HOUSEHOLD.split_once("[source]").unwrap();
    let (_, after) = after.split_once("[coverage]").unwrap();
    let (first, rest) = after
        .split_once("field = \"")
        .map(|(first, rest)| (first, rest.split_once('"').unwrap().1))
        .unwrap();
    let with = |source: &str, field: &str| {
        let text = format!(
            "{before}[source]\n{source}\n[coverage]{first}field = {}{rest}",
            toml::Value::from(field)
        );
        DatasetFile::parse(&text, "f.toml").map(|file| file.columns[0].field.clone())
    };
    let csv = "kind = \"csv\"\npath = \"a.csv\"\nencoding = \"utf-8\"\nas_of = \"modified\"";
    for (field, folded) in [
        ("证件号码[必填]", "证件号码[必填]"),
        ("身份证\n号码", "身份证 号码"),
        ("身份证\r\n  号码\t(18位)", "身份证 号码 (18位)"),
        ("a;b \"c\" `d`", "a;b \"c\" `d`"),
        ("O'Brien", "O'Brien"),
    ] {
        assert_eq!(with(csv, field).as_deref(), Ok(folded));
        assert_eq!(DatasetFile::folded_name(folded), folded);
        assert!(
            DatasetFile::may_name_in("xlsx", folded)
                && (DatasetFile::may_name(folded)
                    || folded != field
                    || field.contains(['[', ';', '\'']))
        );
    }
    for field in ["", " \n ", "a\u{1b}[2J", "a\0b"] {
        assert!(with(csv, field).is_err(), "{field:?}");
    }
    assert!(
        with(
            "kind = \"sqlite\"\npath = \"a.db\"\ntable = \"t\"\nas_of = \"live\"",
            "证件号码[必填]"
        )
        .is_err(),
        "where it is quoted"
    );
    let book = |more: &str| {
        with(&format!("kind = \"xlsx\"\npath = \"a.xlsx\"\nas_of = \"modified\"\n{more}"), "SFZH")
    };
    for good in [
        "sheet = \"Result (2)\"",
        "sheet = [\"Result\", \"Result (2)\"]",
        "sheet = \"O'Brien;\"\nunread = { \"说明\" = \"how to fill it in\" }",
    ] {
        assert!(book(good).is_ok(), "{good}");
    }
    for bad in [
        "sheet = []",
        "sheet = [\"a\", \"a\"]",
        "unread = { \"说明\" = \"\" }",
        "sheet = \"a\"\nunread = { a = \"why\" }",
        "unread = [\"a\"]",
    ] {
        assert!(book(bad).is_err(), "{bad}");
    }
}

#[test]
fn servers_have_their_own_keys() {
    let (before, after) = HOUSEHOLD.split_once("[source]").unwrap();
    let (_, after) = after.split_once("[coverage]").unwrap();
    let with = |source: &str| {
        DatasetFile::parse(&format!("{before}[source]\n{source}\n[coverage]{after}"), "f.toml")
    };
    let least = "host = \"db.police\"\ndatabase = \"hj\"\ntable = \"人口 表\"\nuser = \"reader\"\n";
    let usual = Remote {
        host: "db.police".into(),
        port: 5432,
        database: "hj".into(),
        schema: Some("public".into()),
        table: "人口 表".into(),
        user: "reader".into(),
        password: Password::None,
        tls: Tls::Verify { ca_file: None },
        connections: 4,
        profile_every: Duration::from_secs(900),
        as_of: SqliteAsOf::Live,
        nothing_hidden: None,
    };
    assert_eq!(
        with(&format!("kind = \"postgres\"\n{least}")).unwrap().source,
        Source::Postgres(usual.clone())
    );
    let more = "port = 3307\npassword_file = \"secret/hj\"\nca_file = \"ca.pem\"\nconnections = \
                32\nprofile_every = \"0s\"\nas_of = { table = \"e\", column = \"t\" }";
    assert_eq!(
        with(&format!("kind = \"mysql\"\n{least}{more}")).unwrap().source,
        Source::Mysql(Remote {
            port: 3307,
            schema: None,
            password: Password::File("secret/hj".into()),
            tls: Tls::Verify { ca_file: Some("ca.pem".into()) },
            connections: 32,
            profile_every: Duration::ZERO,
            as_of: SqliteAsOf::Table { table: "e".into(), column: "t".into() },
            ..usual
        })
    );
    let wrong = "kind = \"mysql\"\nhost = \"db/police\"\nport = 0\ndatabase = \"a`b\"\nschema = \
                 \"public\"\ntable = \"t\"\nuser = \"\"\npassword_file = \"a\"\npassword_env = \
                 \"B\"\ntls = \"off\"\nca_file = \"c\"\nconnections = 1\nprofile_every = \"5ms\"";
    let said: Vec<String> =
        with(wrong).unwrap_err().faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`source.host` = `db/police`: must be a host name or an IP address",
            "`source.port` = `0`: must be between 1 and 65535",
            "`source.database` = `a`b`: must be a database's name",
            "`source.user`: must be a user's name",
            "`source.password_env` = `B`: there is `password_file` already: keep one of them",
            "`source.ca_file` = `c`: with `tls = \"off\"` nobody would look at it: drop one of \
             them",
            "`source.connections` = `1`: must be between 2 and 32",
            "`source.profile_every` = `5ms`: must be `0s`, or between `1s` and `24h`, such as \
             `15m`",
            "`source.schema` = `public`: unknown key; known here: kind, host, port, database, \
             table, user, password_file, password_env, tls, ca_file, connections, profile_every, \
             as_of, nothing_hidden",
        ]
    );
}

#[test]
fn drivers_have_their_own_keys() {
    let (before, after) = HOUSEHOLD.split_once("[source]").unwrap();
    let (_, after) = after.split_once("[coverage]").unwrap();
    let with = |source: &str| {
        DatasetFile::parse(
            &format!("{before}[source]\nkind = \"odbc\"\n{source}\n[coverage]{after}"),
            "f.toml",
        )
    };
    let said = |source: &str| {
        with(source)
            .unwrap_err()
            .faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    };
    let Source::Odbc(spec) =
        with("driver = \"DM8\"\nattributes = { SERVER = \"10.0.0.14\" }\ntable = \"t\"")
            .unwrap()
            .source
    else {
        panic!()
    };
    assert_eq!(
        (&spec.through, spec.connections, spec.unchanging),
        (&Through::Driver("DM8".into()), 4, false)
    );
    assert_eq!(
        (spec.attributes, spec.password),
        (vec![("SERVER".to_owned(), "10.0.0.14".to_owned())], Password::None)
    );
    let Source::Odbc(spec) =
        with("dsn = \"a\"\nfile = { DBQ = \"in/a.mdb\" }\ntable = \"t\"\nunchanging = true")
            .unwrap()
            .source
    else {
        panic!()
    };
    assert_eq!(
        (spec.through, spec.file),
        (Through::Dsn("a".into()), Some(("DBQ".into(), "in/a.mdb".into())))
    );
    assert!(spec.unchanging);
    for (source, why) in [
        ("table = \"t\"", "`source.driver`: missing"),
        ("driver = \"a\"\ndsn = \"b\"\ntable = \"t\"", "there is `driver` already"),
        ("dsn = \"a\"\ntable = \"t\"\nfile = { DBQ = \"../a.mdb\" }", "no `..`"),
        ("dsn = \"a\"\ntable = \"t\"\nfile = { DBQ = \"a\", X = \"b\" }", "must be one attribute"),
        (
            "dsn = \"a\"\ntable = \"t\"\nfile = { DBQ = \"a\" }\nattributes = { dbq = \"b\" }",
            "among `attributes` already",
        ),
    ] {
        assert!(said(source).contains(why), "{source}: {}", said(source));
    }
    // Neither a secret, nor who logs in, nor what would end the attribute elsewhere.
    for name in [
        "PWD",
        "Password",
        "UID",
        "User ID",
        "Driver",
        "DSN",
        "FileDSN",
        "SaveFile",
        "AccessToken",
        "client_secret",
        "a=b",
        "a;b",
        "{a",
    ] {
        let told = said(&format!(
            "dsn = \"a\"\ntable = \"t\"\nattributes = {{ \"{name}\" = \"s3cret\" }}"
        ));
        assert!(
            told.contains("no user, password or other secret") && !told.contains("s3cret"),
            "{name}: {told}"
        );
    }
}

#[test]
fn interfaces_have_their_own_keys() {
    let (before, after) = HOUSEHOLD.split_once("[source]").unwrap();
    let (_, after) = after.split_once("[coverage]").unwrap();
    let open = |source: &str| {
        DatasetFile::parse(
            &format!("{before}[source]\nkind = \"rest\"\n{source}\n[coverage]{after}"),
            "f.toml",
        )
    };
    let hidden = "nothing_hidden = \"its role sees every district\"\n";
    let with = |source: &str| {
        open(&format!("live = \"it answers from the register itself\"\n{hidden}{source}"))
    };
    let said = |source: &str| {
        with(source).unwrap_err().faults.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let least = "url = \"https://a/b?key=s3cret\"\nrows = \"\"\n";
    let Source::Rest(rest) =
        with(&format!("{least}paging = {{ kind = \"whole\" }}")).unwrap().source
    else {
        panic!("no rest")
    };
    assert_eq!(
        (rest.time_out, rest.most_pages, rest.refresh_every),
        (Duration::from_secs(30), 10_000, Duration::from_secs(900))
    );
    assert!(!format!("{rest:?}").contains("s3cret"));
    // Of when its answers are, and that nothing is hidden, is asked of nobody but its owner, who
    // says why.
    let stated = |more: &str| {
        open(&format!("{least}paging = {{ kind = \"whole\" }}\n{more}")).map(|file| file.source)
    };
    let faults = |more: &str| {
        stated(more)
            .unwrap_err()
            .faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(matches!(
        stated(&format!("{hidden}as_of = \"/at\"")),
        Ok(Source::Rest(Rest { age: Age::Said(Total::Body(_)), .. }))
    ));
    assert!(faults(hidden).contains("`source.live`: missing"), "{}", faults(hidden));
    assert!(
        faults(&format!("{hidden}as_of = \"/at\"\nlive = \"it is the register\""))
            .contains("there is `live` already")
    );
    for filler in ["", "yes", "FILL_IN", "      yes      ", "true"] {
        let told = faults(&format!("live = \"{filler}\"\nnothing_hidden = \"{filler}\""));
        assert!(
            told.contains("`source.live`") && told.contains("`source.nothing_hidden`"),
            "{filler}: {told}"
        );
    }
    assert!(stated("live = \"直接读业务库\"\nnothing_hidden = \"本账号可见全部区县\"").is_ok());
    // Where only the numbering tells pages apart, ids must.
    for kind in ["page", "offset"] {
        assert_eq!(
            said(&format!("{least}paging = {{ kind = \"{kind}\", parameter = \"p\" }}")),
            ["`source.paging.id`: missing; must be the field that no two rows have in common"]
        );
    }
    let wrong = "url = \"https://user:s3cret@a/\"\nrows = \"a\"\npaging = { kind = \"cursor\", \
                 size = 5, strange = 1 }\ntime_out = \"0s\"\nmost_pages = 0\nrefresh_every = \
                 \"5ms\"";
    let told = said(wrong);
    for key in [
        "url`",
        "rows`",
        "paging.parameter`",
        "paging.next`",
        "paging.size_parameter`",
        "paging.strange`",
        "time_out`",
        "most_pages`",
        "refresh_every`",
    ] {
        assert!(
            told.iter().any(|fault| fault.starts_with(&format!("`source.{key}"))),
            "{key} among {told:?}"
        );
    }
    assert!(!told.join(" ").contains("s3cret"), "{told:?}");
    let whole = "rows = \"\"\npaging = { kind = \"whole\" }\n";
    for clear in
        ["url = \"http://a/?k=s3cret\"\n", "url = \"https://a/?k=s3cret\"\ntls = \"off\"\n"]
    {
        assert_eq!(
            said(&format!("{clear}{whole}")),
            ["`source.url`: `https` goes with `tls = \"verify\"`, `http` with `tls = \"off\"`"]
        );
    }
    assert_eq!(
        said(&format!("{least}paging = {{ kind = \"page\", parameter = \"key\", id = \"n\" }}")),
        ["`source.paging.parameter` = `key`: must be a query parameter's name, and one that \
          `url` has not"]
    );
}

#[test]
fn whether_it_keeps_what_has_ended_is_its_owners_word_and_unsaid_is_no() {
    let said =
        |word: &str| HOUSEHOLD.replace("row_floor = 1000", &format!("row_floor = 1000\n{word}"));
    let keeps = |word: &str| {
        DatasetFile::parse(&said(word), "f.toml")
            .unwrap()
            .to_statement(SystemTime::now())
            .keeps_ended
    };
    assert_eq!(
        (keeps(""), keeps("ended = \"removed\""), keeps("ended = \"kept\"")),
        (false, false, true)
    );
    let undated = DatasetFile::parse(&said("undated_before = \"2010-01-01\""), "f.toml").unwrap();
    assert_eq!(undated.to_statement(SystemTime::now()).undated_before, "2010-01-01");
    assert_eq!(
        DatasetFile::parse(&said("undated_before = 2010-01-01"), "f.toml").unwrap(),
        undated,
        "TOML has dates too"
    );
    let error = DatasetFile::parse(&said("ended = true"), "f.toml").unwrap_err().to_string();
    assert!(error.contains("`dataset.ended` = `true`: must be `kept`"), "{error}");
}

#[test]
fn every_kinds_example_can_be_read() {
    let (before, after) = HOUSEHOLD.split_once("[source]").unwrap();
    let (_, after) = after.split_once("[coverage]").unwrap();
    for kind in KINDS {
        let file =
            DatasetFile::parse(&format!("{before}{}\n[coverage]{after}", kind.example), "f.toml");
        assert!(file.is_ok(), "{}: {}", kind.name, file.unwrap_err());
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let text = HOUSEHOLD
        .replace("id = \"police.household\"", "id = \"household\"")
        .replace("most_age", "max_age")
        .replace("row_floor = 1000", "row_floor = 0\nmost_shrink = 2.0")
        .replace("\"L2\"", "\"L5\"")
        .replace("\"moved_out\"", "\"moved out\"")
        .replace("name = \"father_id\"", "name = \"resident_id\"")
        .replace("may_be_blank = [\"father_id\"]\n", "")
        .replace("en = \"residents", "english = \"residents")
        + "\n[limits]\nmost_keys = 0\ntime_out = \"5 s\"\nmost_byte = \"1MiB\"\n";
    let error = DatasetFile::parse(&text, "household.toml").unwrap_err();
    let said: Vec<String> = error.faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`dataset.id` = `household`: write `<member>.<name>`: the member's id, and a-z, 0-9 and _",
            "`dataset.most_age`: missing; must be between `1s` and `366d`, such as `36h`",
            "`dataset.row_floor` = `0`: must be a row count of at least 1",
            "`dataset.most_shrink` = `2.0`: must be a fraction between 0.0 and 1.0",
            "`dataset.max_age` = `36h`: unknown key; did you mean `most_age`?",
            "`coverage.text.en`: missing; say it in English",
            "`coverage.text.english` = `residents registered in Hangzhou`: unknown key; known \
             here: zh, en",
            "`column[2].name` (column \"resident_id\", field \"FQSFZH\") = `resident_id`: another \
             column or lookup has this name: choose a different one",
            "`column[3].grade` (column \"status\", field \"ZT\") = `L5`: must be `L1` to `L4`",
            "`column[3].codes` (column \"status\", field \"ZT\") = `\"2\" = \"moved out\"`: must \
             give 1 to 1000 codes, without blanks around, a meaning of a-z, 0-9 and _ each",
            "`lookup[1].columns` (lookup \"kin\") = `father_id`: no such column",
            "`limits.most_keys` = `0`: must be between 1 and 10000",
            "`limits.time_out` = `5 s`: must be between `100ms` and `60s`",
            "`limits.most_byte` = `1MiB`: unknown key; did you mean `most_bytes`?",
        ]
    );
}

#[test]
fn a_fault_of_a_column_is_not_also_one_of_the_look_up_that_names_it() {
    let error = DatasetFile::parse(
        &HOUSEHOLD.replacen("\"L2\"", "\"L5\"", 1).replacen("\"L3\"", "\"L5\"", 1),
        "f.toml",
    )
    .unwrap_err();
    assert!(error.faults.iter().all(|fault| fault.key.ends_with(".grade")), "{error}");
    assert!(!error.faults.is_empty());
}

#[test]
fn a_column_is_named_by_what_is_known_of_it() {
    let said = |from: &str, to: &str| {
        DatasetFile::parse(&HOUSEHOLD.replacen(from, to, 1), "f.toml").unwrap_err().to_string()
    };
    let grade = "must be `L1` to `L4`";
    assert!(
        said("\"L2\"", "\"L5\"").contains(&format!(
            "`column[3].grade` (column \"status\", field \"ZT\") = `L5`: {grade}"
        ))
    );
    let unnamed = said("name = \"status\"\n", "");
    assert!(unnamed.contains("`column[3].name` (field \"ZT\"): missing"), "{unnamed}");
    let odd = said("\"registered\", \"正常\" = \"registered\"", "\"a b\", \"正常\" = 1");
    assert!(
        odd.contains(
            "`column[3].codes` (column \"status\", field \"ZT\") = `\"1\" = \"a b\", \"正常\" = \
             1`: must give"
        ),
        "{odd}"
    );
}

#[test]
fn what_a_file_says_cannot_move_what_is_read() {
    let error = DatasetFile::parse(&HOUSEHOLD.replace("\"L2\"", "\"\\u001b[2J\\u0000\""), "f.toml")
        .unwrap_err()
        .to_string();
    assert!(error.contains("\\u{1b}[2J\\u{0}"), "{error}");
    assert!(error.chars().all(|c| c == '\n' || !c.is_control()), "{error}");
    let deep =
        DatasetFile::parse(&format!("a = {}", "[".repeat(2000)), "f.toml").unwrap_err().to_string();
    assert!(deep.len() < 500 && deep.contains("line 1"), "{deep}");
}

#[test]
fn only_a_look_ups_own_columns_may_be_blank() {
    let with = |line: &str| {
        DatasetFile::parse(&HOUSEHOLD.replace("may_be_blank = [\"father_id\"]", line), "f.toml")
    };
    assert!(with("").unwrap().lookups[0].may_be_blank.is_empty(), "nothing, unless said");
    for (line, said) in [
        (
            "may_be_blank = [\"status\"]",
            "`lookup[1].may_be_blank` (lookup \"kin\") = `status`: not one of this look-up's \
             `columns`",
        ),
        ("may_be_blank = [\"fathr_id\"]", "did you mean `father_id`?"),
        (
            "may_be_blank = [\"father_id\", \"father_id\"]",
            "must list columns of this look-up, each once",
        ),
        ("may_be_blank = true", "must list columns of this look-up, each once"),
        ("can_be_blank = []", "unknown key; did you mean `may_be_blank`?"),
    ] {
        let error = with(line).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn not_toml_is_one_fault() {
    let error = DatasetFile::parse("[dataset", "x.toml").unwrap_err();
    assert_eq!(error.faults.len(), 1);
    assert!(error.to_string().starts_with("`x.toml` is not a usable file\n  not TOML: "));
    assert!(DatasetFile::parse("", "x.toml").unwrap_err().faults.len() >= 4);
}

#[test]
fn manifests_go_round() {
    let manifest = Manifest {
        as_of: chrono::DateTime::parse_from_rfc3339("2026-11-22T00:30:00+08:00").unwrap(),
        rows: 7,
        sha256: "0f".repeat(32),
    };
    assert_eq!(Manifest::parse(&manifest.to_text(), "m").unwrap(), manifest);
    let said =
        Manifest::parse("as_of = \"2026-11-22\"\nrow = 1\nsha256 = \"AB\"", "m").unwrap_err();
    assert_eq!(said.faults.len(), 4);
    // As PowerShell and `certutil` write it.
    let digest = "6600ADA3FC68612AA477D414128D084EBAF1D68D3B50BEFE13487725ADFFFFFF";
    let spaced: Vec<&str> = (0..32).map(|at| &digest[2 * at..2 * at + 2]).collect();
    for said in [digest.to_owned(), digest.to_lowercase(), spaced.join(" ")] {
        for as_of in ["\"2026-11-28T00:30:00+08:00\"", "2026-11-28T00:30:00+08:00"] {
            let text = format!("\u{feff}rows = 12\r\nsha256 = \"{said}\"\r\nas_of = {as_of}\r\n");
            let read = Manifest::read(text.as_bytes(), "m").unwrap();
            assert_eq!((read.rows, read.sha256), (12, digest.to_lowercase()));
        }
    }
    let wide: Vec<u8> = "\u{feff}rows = 12".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let unmarked: Vec<u8> = "rows = 12".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [wide, unmarked] {
        let said = Manifest::read(&bytes, "m").unwrap_err().to_string();
        assert!(said.contains("UTF-16") && said.contains("-Encoding utf8"), "{said}");
    }
    assert!(Manifest::read(b"rows = \"\xff\"", "m").unwrap_err().to_string().contains("UTF-8"));
    let said = Manifest::read(b"rows = 12\nsha256 = x\n", "m").unwrap_err().to_string();
    assert!(said.contains("line 2, `sha256`") && !said.contains("\\u{a}"), "{said}");
}

proptest! {
    #[test]
    fn a_dropped_line_is_never_a_panic(line in 0usize..50, other in "[a-z_]{1,9} = (1|\"x\"|\\[\\]|\\{\\})") {
        let mut lines: Vec<&str> = HOUSEHOLD.lines().collect();
        let at = line % lines.len();
        lines[at] = &other;
        let _ = DatasetFile::parse(&lines.join("\n"), "f");
    }
}

#[test]
fn quiet_hours_are_read_and_go_over_midnight() {
    let with = |hours: &str| {
        DatasetFile::parse(&format!("{HOUSEHOLD}\n[limits]\nquiet_hours = {hours}\n"), "f.toml")
    };
    let hours = with("[\"01:00-03:30\", \"23:30-00:15\"]").unwrap().limits.quiet_hours;
    assert_eq!(
        hours.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["01:00-03:30", "23:30-00:15"]
    );
    let quiet =
        |hour: u16, minute: u16| hours.iter().any(|hours| hours.contains(hour * 60 + minute));
    assert!(quiet(1, 0) && quiet(3, 29) && !quiet(3, 30) && !quiet(0, 59));
    assert!(quiet(23, 30) && quiet(0, 0) && quiet(0, 14) && !quiet(0, 15) && !quiet(23, 29));
    for wrong in [
        "\"01:00-03:30\"",
        "[\"1:00-3:30\"]",
        "[\"01:00-24:00\"]",
        "[\"01:00-01:00\"]",
        "[\"01:60-02:00\"]",
        "[\"01:00\"]",
        "[1]",
    ] {
        assert!(with(wrong).unwrap_err().to_string().contains("limits.quiet_hours"), "{wrong}");
    }
}
