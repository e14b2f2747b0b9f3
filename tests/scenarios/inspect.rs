//! `zerotrip-connector inspect` and `check`, as a clerk runs them over files of an untidy city.

use std::fs;
use std::path::Path;

use chrono::Utc;
use rusqlite::Connection;
use serde_json::Value;
use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::type_name;
use zerotrip_tests::city::{self, Servers, Spec, System, stated_day};
use zerotrip_tests::deployment::{Finished, run};

const REGISTERS: [(&str, &str, &str, Option<&str>); 4] = [
    ("police", "household", "household.db", Some("T_RKXX")),
    ("civil", "marriage", "marriage.csv", None),
    ("estate", "ownership", "ownership.db", Some("T_FDCQ")),
    ("housing", "presale", "presale.csv", None),
];

fn connector(folder: &Path, arguments: &[&str]) -> Finished {
    run("zerotrip-connector", arguments, folder).unwrap()
}

fn made(residents: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    city::generate(&of_the_stated_day(residents), folder.path()).unwrap();
    folder
}

/// The same rows whenever it is made. Only how old they are is told by the clock, as `check` tells
/// it.
fn of_the_stated_day(residents: usize) -> Spec {
    Spec::on(residents, 7, stated_day()).dated(Utc::now())
}

fn dataset(path: &Path) -> DatasetFile {
    DatasetFile::parse(&fs::read_to_string(path).unwrap(), "it")
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Whether a text holds a whole id of the city, or a stretch of one that could be somebody's.
fn tells_of_somebody(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= 8 && !run.starts_with("0000"))
}

#[test]
fn the_types_of_every_column_of_the_city_are_proposed() {
    let folder = made(20_000);
    for (member, register, file, table) in REGISTERS {
        let at = folder.path().join(member);
        let described = dataset(&at.join(format!("{register}.toml")));
        let mut arguments = vec!["--json", "inspect", file, "--member", member];
        arguments.extend(table.iter().flat_map(|table| ["--table", table]));
        let found = connector(&at, &arguments).expect(0).unwrap();
        assert!(!tells_of_somebody(&found.output), "{}", found.output);
        let found = found.json().unwrap();
        let columns = found["columns"].as_array().unwrap();
        assert_eq!(columns.len(), described.columns.len());
        for (column, described) in columns.iter().zip(&described.columns) {
            let name = type_name(described.semantic);
            assert_eq!(
                (&column["field"], &column["type"]),
                (&Value::from(described.field.as_str()), &Value::from(name)),
                "{column}"
            );
            let codes: Vec<&str> = column["codes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|code| code.as_str().unwrap())
                .collect();
            // Every code of its owner's list; and what stands there now and then and could be one,
            // for its owner to decide.
            let strange = ["9", "冻结", "待核"];
            let known: Vec<&str> =
                codes.iter().copied().filter(|code| !strange.contains(code)).collect();
            assert_eq!(
                known,
                described.codes.keys().collect::<Vec<_>>(),
                "{register}.{}",
                described.name
            );
            assert!(
                described.codes.is_empty() || known.len() < codes.len(),
                "{register}.{}: {codes:?}",
                described.name
            );
        }
    }
}

#[test]
fn a_proposal_is_refused_by_name_until_its_owner_has_decided() {
    let folder = made(3000);
    for (member, register, file, table) in REGISTERS {
        let at = folder.path().join(member);
        let mut arguments = vec!["inspect", file, "--member", member, "--out", "proposed.toml"];
        arguments.extend(table.iter().flat_map(|table| ["--table", table]));
        connector(&at, &arguments).expect(0).unwrap();
        assert!(
            connector(&at, &arguments).expect(2).unwrap().errors.contains("exists already"),
            "never over another file"
        );
        let text = fs::read_to_string(at.join("proposed.toml")).unwrap();
        assert!(!tells_of_somebody(&text), "{text}");
        let refused = DatasetFile::parse(&text, "proposed.toml").unwrap_err();
        let named: Vec<&str> = refused.faults.iter().map(|fault| fault.key.as_str()).collect();
        for key in [
            "dataset.name.zh",
            "dataset.sharing",
            "dataset.most_age",
            "dataset.row_floor",
            "dataset.ended",
            "coverage.regions",
            "coverage.since",
        ] {
            assert!(named.contains(&key), "{key} in {named:?}");
        }
        for fault in &refused.faults {
            let is_placeholder =
                fault.value.contains("FILL_IN") || fault.value == "{…}" || fault.value.is_empty();
            assert!(is_placeholder, "no fault but what is to be filled in: {fault}");
        }
        // Filled in, it is proved and served.
        let described = fs::read_to_string(at.join(format!("{register}.toml"))).unwrap();
        let filled = filled(&text, &dataset(&at.join(format!("{register}.toml"))));
        fs::write(at.join("proposed.toml"), &filled).unwrap();
        let checked = connector(&at, &["--json", "check", "proposed.toml"]).expect(0).unwrap();
        let checked = checked.json().unwrap();
        assert_eq!(checked["verdict"], "served_with_findings", "{checked}\n{described}");
        assert!(checked["look_ups"][0]["tried"].as_u64().unwrap() > 10, "{checked}");
    }
}

/// A proposal as its owner fills it in.
fn filled(text: &str, described: &DatasetFile) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let key = line.split(" = ").next().unwrap().trim_matches('"');
        let meaning = described.columns.iter().find_map(|column| column.codes.get(key));
        // A code that nobody knows the meaning of is taken out: then it spoils its row.
        if line.starts_with('"') && meaning.is_none() {
            continue;
        }
        // What is proposed to say that nothing stands there does.
        if let Some(nothing) =
            line.strip_prefix("# ").filter(|line| line.starts_with("nothing = [\""))
        {
            out.push_str(nothing.split("  #").next().unwrap());
            out.push('\n');
            continue;
        }
        let line = match key {
            "name" if line.contains("{ zh") => "name = { zh = \"甲\", en = \"a\" }".to_owned(),
            "text" if line.contains("{ zh") => "text = { zh = \"甲\", en = \"a\" }".to_owned(),
            "sharing" => "sharing = \"conditional\"".to_owned(),
            "most_age" => "most_age = \"366d\"".to_owned(),
            "row_floor" => "row_floor = 10".to_owned(),
            "ended" => "ended = \"kept\"".to_owned(),
            "regions" => "regions = [\"330100\"]".to_owned(),
            "since" => "since = \"1950-01-01\"".to_owned(),
            "subjects" => "subjects = \"everyone\"".to_owned(),
            "paging" => "paging = { kind = \"page\", parameter = \"pageNo\", size_parameter = \
                         \"pageSize\", size = 50, id = \"rowNo\", total = \"/data/total\" }"
                .to_owned(),
            "live" | "nothing_hidden" => format!("{key} = \"its operator says so, file 2026-11\""),
            "as_of" if line.contains("live") => "as_of = \"live\"".to_owned(),
            "may_be_blank" => line.replace("\"FILL_IN\", ", ""),
            _ => meaning
                .map_or_else(|| line.to_owned(), |meaning| format!("\"{key}\" = \"{meaning}\"")),
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

#[test]
fn a_dataset_file_is_proposed_from_one_answer_of_an_http_interface() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = of_the_stated_day(1000);
    spec.systems[0] = System::Rest;
    let servers = Servers::start(&spec.systems).unwrap();
    city::generate_telling(&spec, folder.path(), &servers, &mut |_| {}).unwrap();
    let at = folder.path().join("police");
    let described = dataset(&at.join("household.toml"));
    let zerotrip_datasets::Source::Rest(known) = &described.source else {
        panic!("{:?}", described.source)
    };
    let url = format!("http://{}{}", known.url.authority(), known.url.path);
    let inspect = |address: &str, more: &[&str]| {
        let arguments = [
            &[
                "inspect",
                address,
                "--tls",
                "off",
                "--header-file",
                "household.header",
                "--member",
                "police",
            ],
            more,
        ]
        .concat();
        connector(&at, &arguments)
    };
    let page = format!("{url}?pageNo=1&pageSize=400");
    let told = inspect(&page, &["--out", "page.toml"]).expect(0).unwrap();
    for said in [
        "one answer with 400 rows",
        "`pageNo` in the address",
        "`pageSize` in the address",
        "`/data/total` is ",
    ] {
        assert!(told.output.contains(said), "{said}: {}", told.output);
    }
    assert!(
        !tells_of_somebody(&told.output)
            && !tells_of_somebody(&fs::read_to_string(at.join("page.toml")).unwrap())
    );
    // Which way one answer follows the other is its owner's to say; said, it is proved and served.
    inspect(&url, &["--table", "/data/list", "--out", "proposed.toml"]).expect(0).unwrap();
    let text = fs::read_to_string(at.join("proposed.toml")).unwrap();
    let refused = DatasetFile::parse(&text, "proposed.toml").unwrap_err();
    assert!(refused.faults.iter().any(|fault| fault.key == "source.paging"), "{refused}");
    fs::write(at.join("filled.toml"), filled(&text, &described)).unwrap();
    let checked =
        connector(&at, &["--json", "check", "filled.toml"]).expect(0).unwrap().json().unwrap();
    let registered =
        connector(&at, &["--json", "check", "household.toml"]).expect(0).unwrap().json().unwrap();
    assert_eq!(checked["rows"], registered["rows"]);
    // What cannot be had is explained, without what may be secret.
    for (address, more, why) in [
        (url.as_str(), &["--table", "/data"][..], "there are `/data/list`"),
        (&url.replace("http:", "https:"), &[], "--tls verify"),
        (&url.replace("household", "nobody?token=s3cret"), &[], "is not there (status 404)"),
        (&url.replace("127.0.0.1", "clerk:s3cret@127.0.0.1"), &[], "without user, password"),
        (&format!("{url}?pageNo=99&key=s3cret"), &[], "has no array of objects"),
    ] {
        let refused = inspect(address, more).expect(2).unwrap();
        assert!(
            refused.errors.contains(why) && !refused.errors.contains("s3cret"),
            "{why}: {}",
            refused.errors
        );
    }
    let refused = connector(&at, &["inspect", &url, "--tls", "off"]).expect(2).unwrap();
    assert!(
        refused.errors.contains("does not let us in (status 401); correct --header-file"),
        "{}",
        refused.errors
    );
}

#[test]
fn a_database_without_a_table_is_listed_and_missing_indexes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let database = Connection::open(folder.path().join("a b.sqlite")).unwrap();
    database
        .execute_batch(
            "create table T (SFZH, MEMO); create view V as select * from T; create table \
             \"x\u{1b}[2Ky\" (a);",
        )
        .unwrap();
    database
        .execute_batch(
            "insert into T values ('11010519491231002X', 'a \u{1b}[2Kb'), ('110105491231002', \
             null), ('?', 'c')",
        )
        .unwrap();
    let listed = connector(folder.path(), &["inspect", "file:a b.sqlite"]).expect(0).unwrap();
    assert!(
        listed.output.contains("T  (table, about 3 rows)") && listed.output.contains("V  (view)"),
        "{}",
        listed.output
    );
    assert!(
        listed.output.contains("--table") && !listed.output.contains('\u{1b}'),
        "{}",
        listed.output
    );
    let proposed =
        connector(folder.path(), &["inspect", "a b.sqlite", "--table", "T"]).expect(0).unwrap();
    assert!(proposed.output.contains("# No index begins with SFZH"), "{}", proposed.output);
    assert!(proposed.errors.contains("`SFZH` has no index"), "{}", proposed.errors);
    let all = format!("{}{}", proposed.output, proposed.errors);
    assert!(
        !all.contains('\u{1b}')
            && !all.contains("11010519491231002X")
            && !all.contains("110105491231002"),
        "{all}"
    );
    for (table, why) in
        [("V", "is a view"), ("gone", "no table `gone`"), ("x\u{1b}[2Ky", "Rename it")]
    {
        let refused = connector(folder.path(), &["inspect", "a b.sqlite", "--table", table])
            .expect(2)
            .unwrap();
        assert!(
            refused.errors.contains(why) && !refused.errors.contains('\u{1b}'),
            "{}",
            refused.errors
        );
    }
}

#[test]
fn odd_sources_are_refused_with_the_remedy_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("\u{1b}[2K.csv"), "a,b\n1,2\n").unwrap();
    fs::write(folder.path().join("empty.csv"), "SFZH,XM\n").unwrap();
    fs::write(folder.path().join("twice.csv"), "A,A\n1,2\n").unwrap();
    fs::write(folder.path().join("plain"), "SFZH\n11010519491231002X\n").unwrap();
    for (arguments, why) in [
        (vec!["inspect", "postgres://clerk:s3cret@host/db"], "must hold no password"),
        (vec!["inspect", "oracle://clerk@host/db"], "cannot be inspected"),
        (vec!["inspect", "gone.csv"], "no file at"),
        (vec!["inspect", "plain"], "--kind"),
        (vec!["inspect", "plain", "--kind", "sqlite", "--table", "t"], "not a database"),
        (vec!["inspect", "twice.csv"], "`A` twice"),
        (vec!["inspect", "\u{1b}[2K.csv"], "Rename it"),
        (vec!["inspect", "empty.csv", "--member", "No"], "--member"),
    ] {
        let refused = connector(folder.path(), &arguments).expect(2).unwrap();
        assert!(refused.errors.contains(why), "{arguments:?}: {}", refused.errors);
        assert!(
            !refused.errors.contains("s3cret") && !refused.errors.contains('\u{1b}'),
            "{}",
            refused.errors
        );
    }
    let empty = connector(folder.path(), &["inspect", "empty.csv"]).expect(0).unwrap();
    assert!(empty.errors.contains("the table is empty"), "{}", empty.errors);
    let plain = connector(folder.path(), &["--json", "inspect", "plain", "--kind", "csv"])
        .expect(0)
        .unwrap()
        .json()
        .unwrap();
    assert_eq!(plain["columns"][0]["type"], "resident_id");
}

#[test]
fn a_check_tells_what_is_wrong_and_shows_nobody() {
    let folder = made(3000);
    let at = folder.path().join("estate");
    let checked = connector(&at, &["check", "ownership.toml"]);
    assert!(checked.output.contains("verdict: "), "{}", checked.output);
    let rows: Vec<String> = {
        let database = Connection::open(at.join("ownership.db")).unwrap();
        let mut statement =
            database.prepare("select QLRSFZH from T_FDCQ where QLRSFZH is not null").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let all = format!("{}{}", checked.output, checked.errors);
    assert!(
        !rows
            .iter()
            .any(|id: &String| id.len() > 8 && all.contains(id.as_str()) && !id.contains('*')),
        "{all}"
    );
    assert!(
        checked.output.contains("finding: owner_id: ")
            && checked.output.contains("could make an answer unavailable"),
        "{all}"
    );
    assert!(
        checked.output.contains("look-up owner: ")
            && checked.output.contains("\"QLRSFZH\" in (?1)"),
        "{all}"
    );

    let text = fs::read_to_string(at.join("ownership.toml")).unwrap();
    let floor = text.lines().find(|line| line.starts_with("row_floor")).unwrap();
    fs::write(at.join("high.toml"), text.replace(floor, "row_floor = 100000000")).unwrap();
    let refused =
        connector(&at, &["--json", "check", "high.toml"]).expect(1).unwrap().json().unwrap();
    assert_eq!(refused["verdict"], "not_served");
    assert!(refused["why"].as_str().unwrap().contains("below the floor"), "{refused}");
    fs::write(at.join("gone.toml"), text.replace("QLRSFZH", "QLR")).unwrap();
    let refused =
        connector(&at, &["--json", "check", "gone.toml"]).expect(1).unwrap().json().unwrap();
    assert!(refused["why"].as_str().unwrap().contains("no column `QLR`"), "{refused}");
}

#[test]
fn a_count_is_what_the_cells_mean_and_lists_nobody() {
    let folder = made(3000);
    let at = folder.path().join("estate");
    let count = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["--json", "count", "ownership.toml"]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        connector(&at, &arguments).expect(0).unwrap().json().unwrap()
    };
    let column = dataset(&at.join("ownership.toml"))
        .columns
        .iter()
        .find(|column| column.name == "status")
        .unwrap()
        .clone();
    let rows = |codes: &str| -> u64 {
        let database = Connection::open(at.join("ownership.db")).unwrap();
        database
            .query_row(
                &format!("select count(*) from T_FDCQ where {} {codes}", column.field),
                [],
                |row| row.get::<_, i64>(0),
            )
            .unwrap()
            .unsigned_abs()
    };
    let codes: Vec<String> = column
        .codes
        .iter()
        .filter(|(_, meaning)| *meaning == "current")
        .map(|(code, _)| format!("'{code}'"))
        .collect();
    let counted = count(&["--where", "status=current"]);
    assert_eq!(
        counted["groups"][0]["rows"].as_u64(),
        Some(rows(&format!("in ({})", codes.join(",")))),
        "{counted}"
    );
    let by = count(&["--by", "status"]);
    let all: u64 =
        by["groups"].as_array().unwrap().iter().map(|group| group["rows"].as_u64().unwrap()).sum();
    assert_eq!(all + by["undecided"].as_u64().unwrap(), rows("is not 'no such code'"), "{by}");
    for (arguments, why) in [
        (["--by", "owner_id"], "would list that column's values, which may name persons"),
        (["--where", "statsu=current"], "did you mean `status`?"),
        (["--sum", "status"], "cannot be added up"),
    ] {
        let refused = connector(&at, &[&["count", "ownership.toml"][..], &arguments].concat())
            .expect(2)
            .unwrap();
        assert!(refused.errors.contains(why), "{}", refused.errors);
    }
}

#[test]
fn what_is_wrong_with_a_server_is_said_by_the_options_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    for (more, said) in [
        (&["--ca-file", "none.pem"][..], "correct --ca-file"),
        (&["--tls", "off", "--password-file", "none"], "correct it, or --password-file"),
        (
            &["--tls", "off", "--password-env", "ZEROTRIP_TEST_NONE"],
            "set it, or correct --password-env",
        ),
    ] {
        for url in ["postgres://clerk@127.0.0.1:9/old", "mysql://clerk@127.0.0.1:9/old"] {
            let refused =
                connector(folder.path(), &[&["inspect", url], more].concat()).expect(2).unwrap();
            assert!(
                refused.errors.contains(said) && !refused.errors.contains("source."),
                "{}",
                refused.errors
            );
        }
    }
}

#[test]
fn a_file_without_a_header_line_is_refused_and_its_first_row_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let row = "330105195604010493,李四光明,2026-11-01,现势\n330105195705030860,王小五,,现势\n";
    fs::write(at.join("t.csv"), row).unwrap();
    fs::write(at.join("semicolons.csv"), row.replace(',', ";")).unwrap();
    fs::write(at.join("short.csv"), "现势,330105560401049\n现势,330105570503086\n").unwrap();
    fs::write(at.join("masked.csv"), "现势,330105********0493\n现势,330105********0860\n").unwrap();
    fs::write(at.join("twice.csv"), "330105195604010493,330105195604010493\n330105195705030860,\n")
        .unwrap();
    fs::write(at.join("dates.csv"), "李四光明,2026-11-01\n王小五,2026-11-02\n").unwrap();
    let database = Connection::open(at.join("t.db")).unwrap();
    database
        .execute_batch(
            "create table T (\"330105195604010493\" text, B text); insert into T values \
             ('330105195705030860', 'b')",
        )
        .unwrap();
    for (arguments, why) in [
        (vec!["inspect", "t.csv"], "no header line"),
        (vec!["inspect", "semicolons.csv"], ""),
        (vec!["inspect", "short.csv"], "no header line"),
        (vec!["inspect", "masked.csv"], "no header line"),
        (vec!["inspect", "dates.csv"], "no header line"),
        (vec!["inspect", "twice.csv"], ""),
        (vec!["--json", "inspect", "t.csv", "--out", "p.toml"], "no header line"),
        (vec!["inspect", "t.db", "--table", "T"], "Give the column a name"),
    ] {
        let refused = connector(at, &arguments).expect(2).unwrap();
        let all = format!("{}{}", refused.output, refused.errors);
        assert!(all.contains(why), "{arguments:?}: {all}");
        for shown in ["330105195604010493", "330105560401049", "李四光明", "330105195705030860"]
        {
            assert!(!all.contains(shown), "{arguments:?}: {all}");
        }
    }
    assert!(!at.join("p.toml").exists());
}

#[test]
fn a_proposal_for_a_check_has_its_names_and_guesses_no_role() {
    let folder = made(3000);
    let asked = [
        ("police", "police.household"),
        ("civil", "civil.marriage"),
        ("estate", "estate.ownership"),
        ("housing", "housing.presale"),
    ];
    for ((member, register, file, table), (_, id)) in REGISTERS.into_iter().zip(asked) {
        let at = folder.path().join(member);
        let described = dataset(&at.join(format!("{register}.toml")));
        let mut arguments =
            vec!["inspect", file, "--for", "no-property", "--dataset", id, "--out", "asked.toml"];
        arguments.extend(table.iter().flat_map(|table| ["--table", table]));
        connector(&at, &arguments).expect(0).unwrap();
        let text = fs::read_to_string(at.join("asked.toml")).unwrap();
        assert!(!tells_of_somebody(&text), "{text}");
        // As it is, nobody can sign it: each column of the check's is its owner's to find.
        let refused = DatasetFile::parse(&text, "asked.toml").unwrap_err();
        assert!(
            refused.faults.iter().filter(|fault| fault.key.ends_with("].field")).count() >= 2,
            "{refused}"
        );
        // Filled in by an owner who read what is said, it is what was described by hand, but for
        // columns that nobody asks for.
        let mut filled = filled(&text, &described);
        for column in &described.columns {
            let (before, after) = (
                format!("name = \"{}\"\nfield = \"\"", column.name),
                format!("name = \"{}\"\nfield = \"{}\"", column.name, column.field),
            );
            filled = filled.replace(&before, &after);
        }
        // What the register lacks is taken out.
        let mut sections: Vec<&str> = filled.split("\n[[column]]\n").collect();
        let lacking = |section: &&str| {
            section.starts_with("name = \"recorded_on\"")
                || section.starts_with("name = \"unit_no\"\nfield = \"\"")
        };
        let last = sections.pop().unwrap();
        let (column, rest) = last.split_once("\n[[lookup]]\n").unwrap();
        sections.push(column);
        sections.retain(|section| !lacking(section));
        let mut filled = format!("{}\n[[lookup]]\n{rest}", sections.join("\n[[column]]\n"))
            .replace(", \"FILL_IN\"]", "]");
        let proposed = DatasetFile::parse(&filled, "asked.toml")
            .unwrap_or_else(|error| panic!("{error}\n{filled}"));
        assert_eq!(proposed.id, id);
        for column in &proposed.columns {
            let by_hand = described.columns.iter().find(|one| one.field == column.field).unwrap();
            assert_eq!(
                (column.semantic, &column.codes),
                (by_hand.semantic, &by_hand.codes),
                "{id}.{}",
                column.name
            );
        }
        assert_eq!(proposed.lookups[0].name, described.lookups[0].name);
        fs::write(at.join("filled.toml"), &filled).unwrap();
        let checked = connector(&at, &["check", "filled.toml"]);
        let said = format!("{}{}", checked.output, checked.errors);
        if said.contains("(since_gap)") {
            // So small a city has few rows of a register's first years: its owner says so.
            filled.push_str("\n[accepted]\nsince_gap = \"there were few of them then\"\n");
            fs::write(at.join("filled.toml"), &filled).unwrap();
            connector(&at, &["check", "filled.toml"]).expect(0).unwrap();
        } else {
            checked.expect(0).unwrap();
        }
    }
    let at = folder.path().join("estate");
    let proposed = connector(
        &at,
        &[
            "inspect",
            "ownership.db",
            "--table",
            "T_FDCQ",
            "--for",
            "no-property",
            "--dataset",
            "estate.ownership",
        ],
    );
    let text = proposed.expect(0).unwrap().output;
    for said in [
        "ended_on: the day on which the title ended",
        "EMPTY while it is current",
        "\"DJRQ\": ",
        "\"ZXRQ\": ",
        "`since` is not",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    for (more, why) in [
        (&["--for", "no-proprety"][..], "Choose one of: no-property"),
        (&["--for", "no-property"], "--dataset estate.ownership"),
        (&["--for", "no-property", "--dataset", "estate.owner"], "asks no such register"),
        (&["--dataset", "estate.ownership"], "--for"),
    ] {
        let refused =
            connector(&at, &[&["inspect", "ownership.db", "--table", "T_FDCQ"][..], more].concat())
                .expect(2)
                .unwrap();
        assert!(refused.errors.contains(why), "{more:?}: {}", refused.errors);
    }
}

#[test]
fn what_fills_cells_is_proposed_with_its_counts_for_its_owner_to_decide() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "SFZH,FQSFZH,SWRQ\n".to_owned();
    for place in 0..60 {
        let father = [
            "无",
            "不详",
            "000000000000000000",
            "440524188001010014",
            "440524188001010014",
            "440524188001010014",
        ][place % 6];
        text.push_str(&format!(
            "11010519491231002X,{father},{}\n",
            if place % 5 == 0 { "2001-02-03" } else { "0000-00-00" }
        ));
    }
    fs::write(folder.path().join("h.csv"), text).unwrap();
    let proposed = connector(folder.path(), &["inspect", "h.csv", "--member", "real-estate"])
        .expect(0)
        .unwrap()
        .output;
    for said in [
        "# nothing = [\"无\"]  # FILL_IN: says that there is no person, or no value: \"无\" in \
         10 rows",
        "# unknown = [\"不详\"]  # FILL_IN: says that the person, or the value, is not known: \
         \"不详\" in 10 rows",
        "# One or the other: \"000000000000000000\" in 10 rows",
        "# nothing = [\"0000-00-00\"]  # FILL_IN: says that there is no person, or no value: \
         \"0000-00-00\" in 48 rows",
    ] {
        assert!(proposed.contains(said), "{said}: {proposed}");
    }
    assert!(proposed.contains("id = \"real-estate."), "{proposed}");
}
