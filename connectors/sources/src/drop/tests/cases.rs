//! Files after complaints of people who attach registers: what happened to them, and what is right.
//! `drop/cases/` has them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::Key;
use zerotrip_datasets::file::Source as Spec;
use zerotrip_proto::v1::ErrorCode;

use super::super::super::conformance::{names, run, soon};
use super::super::super::{LookUp, Source, SourceError};
use super::super::{self as drop, Csv, Dbf, Format, Parquet, Xls, Xlsx};

const COLUMNS: &str = r#"
[[column]]
name = "owner_id"
field = "SFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "owner_name"
field = "XM"
type = "person_name"
grade = "L3"

[[column]]
name = "ended_on"
field = "JSRQ"
type = "date"
grade = "L2"

[[column]]
name = "status"
field = "ZT"
type = "code"
grade = "L2"
codes = { "现势" = "current", "注销" = "cancelled" }
"#;

/// A file of a case.
macro_rules! case {
    ($name:literal) => {
        include_bytes!(concat!("../cases/", $name)).as_slice()
    };
}

struct Opened {
    folder: TempDir,
    dataset: DatasetFile,
}

impl Opened {
    /// A dataset whose ids are in this field, and the files that are dropped.
    fn new(source: &str, field: &str, files: &[(&str, &[u8])]) -> Self {
        let columns = COLUMNS.replace("\"SFZH\"", &toml::Value::from(field).to_string());
        let text = format!(
            "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
             }}\nsharing = \"conditional\"\nmost_age = \"366d\"\nrow_floor = \
             1\n[source]\n{source}\n[coverage]\nregions = [\"330100\"]\nsince = \
             \"1950-01-01\"\nsubjects = \"everyone\"\ntext = {{ zh = \"杭州\", en = \"Hangzhou\" \
             }}\n{columns}\n[[lookup]]\nname = \"owner\"\ncolumns = [\"owner_id\"]\n"
        );
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self { folder, dataset: DatasetFile::parse(&text, "d.toml").unwrap() }
    }

    fn open(&self) -> Result<Arc<dyn Source>, SourceError> {
        super::super::super::open(
            &self.dataset,
            self.folder.path(),
            &self.folder.path().join(".state"),
            Arc::default(),
        )
    }

    fn refused(&self) -> String {
        self.open().map(|_| ()).unwrap_err().detail
    }

    /// The dates on which what was found ended, and the locators of rows that could be the
    /// person's.
    fn ask(&self, key: &str) -> (Vec<String>, Vec<String>) {
        ask(&*self.open().unwrap(), key)
    }

    fn survey(&self) -> super::super::super::Survey {
        let source = self.open().unwrap();
        run(source.survey()).unwrap()
    }

    /// What a look at the file says, before any dataset file describes it.
    fn look(&self, name: &str) -> Result<Vec<String>, String> {
        let format: Box<dyn Format> = match &self.dataset.source {
            Spec::Csv(spec) => Box::new(Csv::new(spec.encoding, spec.separator)),
            Spec::Xlsx(spec) => Box::new(Xlsx::new(spec)),
            Spec::Xls(spec) => Box::new(Xls::new(spec)),
            Spec::Dbf(spec) => Box::new(Dbf::new(spec)),
            _ => Box::new(Parquet),
        };
        let seen =
            drop::sample(&self.folder.path().join(name), &*format).map_err(|error| error.detail)?;
        Ok(seen.columns.into_iter().map(|(name, _)| name).collect())
    }
}

fn ask(source: &dyn Source, key: &str) -> (Vec<String>, Vec<String>) {
    let keys = Arc::from([Key::canonical(key).unwrap()]);
    let (found, end) =
        run(names(source, LookUp { columns: vec![0], keys, most_rows: 100, cancellation: soon() }))
            .unwrap();
    (found, end.could_match.all())
}

fn csv(more: &str) -> String {
    format!("kind = \"csv\"\npath = \"t.csv\"\nencoding = \"utf-8\"\nas_of = \"modified\"\n{more}")
}

fn file(kind: &str, more: &str) -> String {
    format!("kind = \"{kind}\"\npath = \"t.{kind}\"\nas_of = \"modified\"\n{more}")
}

const NOTHING: (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());

#[test]
fn case_02_what_a_column_without_a_name_holds_keeps_its_row() {
    let co_owner = "330106199001017770";
    let text = Opened::new(&csv(""), "SFZH", &[("t.csv", case!("02-unnamed-column.csv"))]);
    assert_eq!(text.ask(co_owner), (vec![], vec!["line 3".into()]));
    let book =
        Opened::new(&file("xlsx", ""), "SFZH", &[("t.xlsx", case!("02-unnamed-column.xlsx"))]);
    assert_eq!(book.ask(co_owner), (vec![], vec!["line 3".into()]));
    let header = ["SFZH", "", "XM", "JSRQ", "ZT"];
    let row = ["330106195705030860", co_owner, "王小五", "", "现势"].map(str::to_owned).to_vec();
    let old = zerotrip_test_servers::files::OldBook::of(&header, &[row]).bytes();
    let old = Opened::new(&file("xls", ""), "SFZH", &[("t.xls", &old)]);
    assert_eq!(old.ask(co_owner), (vec![], vec!["line 2".into()]));
    for opened in [text, book, old] {
        let advice = opened.survey().advice.join("\n");
        assert!(
            advice.contains(
                "1 rows hold something in a column that the header does not name (column 2)"
            ),
            "{advice}"
        );
    }
}

#[test]
fn case_03_a_first_row_is_no_header_and_is_never_shown_whole() {
    let first = "330105195604010493";
    let named = |kind: &str, bytes| {
        Opened::new(
            &if kind == "csv" { csv("") } else { file(kind, "") },
            first,
            &[(if kind == "csv" { "t.csv" } else { "t.xlsx" }, bytes)],
        )
    };
    let semicolons =
        String::from_utf8(case!("03-headerless.csv").to_vec()).unwrap().replace(',', ";");
    for (opened, name) in [
        (named("csv", case!("03-headerless.csv")), "t.csv"),
        (named("xlsx", case!("03-headerless.xlsx")), "t.xlsx"),
        (named("csv", semicolons.as_bytes()), "t.csv"),
    ] {
        for said in [opened.refused(), opened.look(name).unwrap_err()] {
            assert!(
                said.contains("the file has no header line;") && !said.contains(&first[..12]),
                "{said}"
            );
        }
    }
    let gone = Opened::new(&csv(""), first, &[("t.csv", case!("10-trailing.csv"))]).refused();
    assert!(gone.contains("has no column") && !gone.contains(&first[..12]), "{gone}");
}

#[test]
fn case_06_several_parts_are_all_read_or_declared() {
    let (one, two) = (
        "SFZH,XM,JSRQ,ZT\n330105195604010493,李四光明,,现势\n",
        "SFZH,XM,JSRQ,ZT\n330108195806041238,赵敏之,,现势\n",
    );
    let files = [("fw_330102.csv", one.as_bytes()), ("fw_330105.csv", two.as_bytes())];
    let with = |parts: &str| Opened::new(&csv(parts).replace("t.csv", "fw_*.csv"), "SFZH", &files);
    let said = with("").refused();
    assert!(
        said.contains("`fw_330102.csv`, `fw_330105.csv`") && said.contains("`source.parts`"),
        "{said}"
    );
    for parts in
        ["parts = \"all\"\npart_count = 2", "parts = [\"fw_330102.csv\", \"fw_330105.csv\"]"]
    {
        let opened = with(parts);
        assert_eq!(
            (opened.ask("330105195604010493").0.len(), opened.ask("330108195806041238").0.len()),
            (1, 1),
            "{parts}"
        );
        assert!(opened.survey().advice.join("\n").contains("2 parts are read as one"), "{parts}");
    }
    assert!(with("parts = \"all\"\npart_count = 3").refused().contains("2 parts are there"));
    // A file that is named alone, and another that is called like it.
    let alone =
        |parts: &str| Opened::new(&csv(parts).replace("t.csv", "fw_330102.csv"), "SFZH", &files);
    assert!(alone("").refused().contains("`fw_330105.csv`"));
    assert_eq!(alone("parts = \"none\"").ask("330105195604010493").0.len(), 1);

    let sheets = |more: &str| {
        Opened::new(&file("xlsx", more), "SFZH", &[("t.xlsx", case!("06-sheets.xlsx"))])
    };
    let said = sheets("sheet = \"上城区\"").refused();
    assert!(said.contains("sheet `拱墅区` holds something and has the same columns"), "{said}");
    assert!(sheets("").refused().contains("`上城区`, `拱墅区`"));
    let both = sheets("sheet = [\"上城区\", \"拱墅区\"]");
    assert_eq!(
        (both.ask("330105195604010493").0.len(), both.ask("330102196109072342").0.len()),
        (1, 1)
    );
    let declared =
        sheets("sheet = \"上城区\"\nunread = { \"拱墅区\" = \"another dataset, estate.gongshu\" }");
    assert_eq!(
        (declared.ask("330105195604010493").0.len(), declared.ask("330102196109072342")),
        (1, NOTHING)
    );
    assert!(
        declared
            .survey()
            .advice
            .join("\n")
            .contains("not read, for they are empty or declared in `source.unread`: `拱墅区`")
    );
}

#[test]
fn case_10_columns_without_a_name_and_case_11_rows_without_a_cell_are_none() {
    let trailing = Opened::new(&csv(""), "SFZH", &[("t.csv", case!("10-trailing.csv"))]);
    assert_eq!(trailing.ask("330105195604010493"), (vec![String::new()], vec![]));
    assert_eq!((trailing.survey().rows, trailing.survey().unreadable_count), (12, 0));
    assert_eq!(trailing.look("t.csv").unwrap(), ["SFZH", "XM", "JSRQ", "ZT"]);
    let commas = Opened::new(&csv(""), "SFZH", &[("t.csv", case!("11-commas.csv"))]);
    assert_eq!(commas.ask("33010219991212001X"), NOTHING);
    let survey = commas.survey();
    assert_eq!((survey.rows, survey.unreadable_count), (4, 0));
    assert!(
        survey.advice.join("\n").contains("1 rows hold nothing but blanks"),
        "{:?}",
        survey.advice
    );
    let titled =
        [b"2026\xe5\xb9\xb4\xe7\x99\xbb\xe8\xae\xb0\xe8\xa1\xa8,,,\n", case!("11-commas.csv")]
            .concat();
    let titled = Opened::new(&csv(""), "SFZH", &[("t.csv", &titled)]);
    for said in [titled.refused(), titled.look("t.csv").unwrap_err()] {
        assert!(said.contains("line 1 names no columns but `2026年登记表`"), "{said}");
    }
}

#[test]
fn case_14_zeros_behind_an_amount_round_nothing() {
    for (kind, bytes) in
        [("dbf", case!("14-currency.dbf")), ("parquet", case!("14-decimal.parquet"))]
    {
        let name = format!("t.{kind}");
        let mut opened = Opened::new(&file(kind, ""), "SFZH", &[(&name, bytes)]);
        let mut money = opened.dataset.columns[1].clone();
        (money.name, money.field, money.semantic) =
            ("je".into(), "JE".into(), zerotrip_proto::v1::SemanticType::Money);
        opened.dataset.columns.push(money);
        let survey = opened.survey();
        assert!(
            survey.findings.iter().all(|finding| !format!("{finding:?}").contains("je")),
            "{:?}",
            survey.findings
        );
    }
}

#[test]
fn case_16_a_files_columns_have_any_name() {
    for (field, bytes, found) in [
        ("证件号码[必填]", case!("16-bracket.csv"), "证件号码[必填]"),
        ("身份证\n号码", case!("16-linebreak.csv"), "身份证 号码"),
    ] {
        let opened = Opened::new(&csv(""), field, &[("t.csv", bytes)]);
        assert_eq!(opened.ask("330102195503010129").0, ["2009-05-01"]);
        assert_eq!(opened.look("t.csv").unwrap()[0], found);
    }
}

#[test]
fn case_17_texts_of_varying_length_are_as_long_as_they_say() {
    let opened = Opened::new(&file("dbf", ""), "SFZH", &[("t.dbf", case!("17-varchar.dbf"))]);
    assert_eq!(opened.ask("330102195503010129"), (vec!["2009-05-01".into()], vec![]));
    assert_eq!((opened.survey().rows, opened.survey().unreadable_count), (12, 0));
    assert_eq!(opened.look("t.dbf").unwrap()[0], "SFZH");
    // A length that is longer than the field is none.
    let mut long = case!("17-varchar.dbf").to_vec();
    let at = long.windows(18).position(|window| window == b"330102195503010129").unwrap();
    long[at + 19] = 20;
    let opened = Opened::new(&file("dbf", ""), "SFZH", &[("t.dbf", &long)]);
    assert_eq!(opened.ask("330102195503010129"), (vec![], vec!["row 1".into()]));
}

#[test]
fn case_20_a_manifest_may_be_written_on_windows() {
    let bytes = case!("10-trailing.csv");
    let digest = hex::encode_upper(zerotrip_trust::digest::sha256(bytes));
    let manifest =
        format!("rows = 12\r\nsha256 = \"{digest}\"\r\nas_of = \"2026-11-28T00:30:00+08:00\"\r\n");
    let source = csv("").replace("modified", "manifest");
    let with = |manifest: &[u8]| {
        Opened::new(&source, "SFZH", &[("t.csv", bytes), ("t.csv.manifest.toml", manifest)])
    };
    assert_eq!(with(manifest.as_bytes()).ask("330102195503010129").0, ["2009-05-01"]);
    assert_eq!(
        with(format!("\u{feff}{manifest}").as_bytes()).ask("330102195503010129").0,
        ["2009-05-01"]
    );
    let wide: Vec<u8> =
        format!("\u{feff}{manifest}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let said = with(&wide).refused();
    assert!(said.contains("UTF-16") && said.contains("-Encoding utf8"), "{said}");
}

#[test]
fn case_31_another_file_under_that_name_is_told() {
    for (kind, bytes, words) in [
        ("csv", case!("31-csv-is-xlsx-t.csv"), ["is an Excel workbook (.xlsx)", "kind = \"xlsx\""]),
        ("xls", case!("31-xls-is-html-t.xls"), ["is a web page", "save it as .xlsx"]),
        (
            "xls",
            case!("31-xls-is-xml2003-t.xls"),
            ["XML spreadsheet of Excel 2003", "save it as .xlsx"],
        ),
        ("xlsx", case!("31-xlsx-is-csv-t.xlsx"), ["is separated text", "kind = \"csv\""]),
        ("xlsx", case!("31-xlsx-is-html-t.xlsx"), ["is a web page", "save it as .xlsx"]),
        ("csv", case!("31-utf16-t.csv"), ["is in UTF-16", "encoding = \"utf-16\""]),
    ] {
        let name = format!("t.{kind}");
        let source = if kind == "csv" { csv("") } else { file(kind, "") };
        let opened = Opened::new(&source, "SFZH", &[(&name, bytes)]);
        let error = opened.open().map(|_| ()).unwrap_err();
        assert_eq!(error.code, ErrorCode::SourceUnreadable);
        for said in [error.detail, opened.look(&name).unwrap_err()] {
            assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
        }
    }
    // And what separates is told, or read where it is said.
    for (bytes, said) in [(case!("31-semicolon-t.csv"), ";"), (case!("31-tab-t.csv"), "\\t")] {
        let opened = Opened::new(&csv(""), "SFZH", &[("t.csv", bytes)]);
        for told in [opened.refused(), opened.look("t.csv").unwrap_err()] {
            assert!(told.contains(&format!("separator = \"{said}\"")), "{told}");
        }
        let right =
            Opened::new(&csv(&format!("separator = \"{said}\"")), "SFZH", &[("t.csv", bytes)]);
        assert_eq!(right.ask("330102195503010129").0, ["2009-05-01"]);
        let marked =
            [format!("sep={}\r\n", if said == ";" { ";" } else { "\t" }).as_bytes(), bytes]
                .concat();
        let marked_as = |more: &str| Opened::new(&csv(more), "SFZH", &[("t.csv", &marked)]);
        assert_eq!(
            marked_as(&format!("separator = \"{said}\"")).ask("330102195503010129").0,
            ["2009-05-01"]
        );
        assert!(
            marked_as("separator = \"|\"").refused().contains(&format!("separator = \"{said}\""))
        );
    }
    let wide = Opened::new(
        &csv("separator = \"\\t\"").replace("utf-8", "utf-16"),
        "SFZH",
        &[("t.csv", case!("31-utf16-t.csv"))],
    );
    assert_eq!(wide.ask("330102195503010129").0, ["2009-05-01"]);
}

#[test]
fn case_35_what_is_not_read_is_said_in_the_right_words() {
    for (kind, bytes, word) in [
        ("parquet", case!("35-brotli.parquet"), "compressed with Brotli, which is not read"),
        ("xlsx", case!("35-utf16.xlsx"), "is in UTF-16"),
        ("xlsx", case!("35-no-texts.xlsx"), "its shared texts are missing"),
    ] {
        let name = format!("t.{kind}");
        let opened = Opened::new(&file(kind, ""), "SFZH", &[(&name, bytes)]);
        for said in [opened.refused(), opened.look(&name).unwrap_err()] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn case_48_old_times_are_read_as_their_writer_means_them() {
    let spark = case!("48-spark.parquet");
    let opened = Opened::new(&file("parquet", ""), "SFZH", &[("t.parquet", spark)]);
    assert_eq!(opened.ask("330102195503010129").0, ["2009-05-01T00:00:00+08:00"]);
    // The same file of a writer that nobody knows, and of Impala.
    let written_by = |writer: &[u8], key: &[u8]| {
        let mut bytes = spark.to_vec();
        for (before, after) in
            [(&b"parquet-mr version 1.13.1"[..], writer), (b"org.apache.spark.version", key)]
        {
            let at = bytes.windows(before.len()).position(|window| window == before).unwrap();
            bytes[at..at + after.len()].copy_from_slice(after);
        }
        Opened::new(&file("parquet", ""), "SFZH", &[("t.parquet", &bytes)])
    };
    let said = written_by(b"parquet-xx", b"org.apache.xxxxx.version").refused();
    assert!(said.contains("`JSRQ` holds times of the old 12-byte form"), "{said}");
    // As they stand: and then all of them are midnights of the day before.
    let said = written_by(b"impala version 4.1.0 xxxx", b"org.apache.xxxxx.version").refused();
    assert!(said.contains("all 3 times in column `ended_on` are 16:00"), "{said}");
    // A data platform's folder.
    let folder = Opened::new(&file("parquet", ""), "SFZH", &[]);
    fs::create_dir(folder.folder.path().join("t.parquet")).unwrap();
    assert!(folder.refused().contains("is not a regular file but a folder"));
    let parts = file("parquet", "parts = \"all\"\npart_count = 2")
        .replace("t.parquet", "t.parquet/part-*.parquet");
    let parts = Opened::new(&parts, "SFZH", &[]);
    let place = parts.folder.path().join("t.parquet");
    fs::create_dir(&place).unwrap();
    let write = |path: &Path, bytes: &[u8]| fs::write(path, bytes).unwrap();
    write(&place.join("part-00000-a.parquet"), spark);
    let mut other = spark.to_vec();
    let at = other.windows(18).position(|window| window == b"330102195503010129").unwrap();
    other[at..at + 18].copy_from_slice(b"330102195503010110");
    write(&place.join("part-00001-a.parquet"), &other);
    assert!(parts.refused().contains("has no `_SUCCESS`"));
    write(&place.join("_SUCCESS"), b"");
    assert_eq!(parts.ask("330105195604010493").0.len(), 2);
    fs::create_dir(place.join("district=330102")).unwrap();
    assert!(parts.refused().contains("in folders of partitions"));
}
