//! What every source must do, whatever stands behind it: one macro line for each kind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset};
use rusqlite::{Connection, params};
use tempfile::TempDir;
use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::resident_id::{self, Reading, ResidentId};
use zerotrip_datasets::{DatasetFile, Manifest};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::sha256;

use crate::rulings::{Concerns, Rulings};
use zerotrip_test_servers::files::{Book, Dbf, OldBook, parquet};

use super::remote::tests::server::{Server, Table};
use super::rest::tests::server::Api;
use super::{LookUp, LookUpEnd, RestsOn, Source, SourceError};

mod files;
mod live;
mod selecting;

/// Whom the tests ask about: three regular spellings.
pub const LI: &str = "11010519491231002X";
/// Somebody else altogether.
pub const WANG: &str = "440524188001010014";
/// A column's name that is as hostile as a dataset file can make it.
const NAME: &str = "姓 名) -- drop table (x";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyKind<'a> {
    Sqlite,
    Csv,
    Xlsx,
    Xls,
    Dbf,
    Parquet,
    Rest,
    /// An SQLite file through its ODBC driver.
    SqliteOdbc,
    Server(&'a Server),
}

/// A row: owner, co-owner, name.
pub type Cells<'a> = (&'a str, &'a str, &'a str);

/// A folder with a dataset of one kind.
pub struct AnyRig<'a> {
    pub folder: TempDir,
    kind: AnyKind<'a>,
    table: Option<Table<'a>>,
    api: Option<Api>,
    dataset: DatasetFile,
}

/// One that needs no server.
pub type Kind = AnyKind<'static>;
/// A folder with a dataset of such a kind.
pub type Rig = AnyRig<'static>;

impl AnyKind<'_> {
    /// What the name's column is called there.
    pub fn name(self) -> &'static str {
        // A field's name has ten bytes there.
        if matches!(self, Self::Dbf) { "XM" } else { NAME }
    }

    /// The usual `[source]`, but for what the server's or the interface's own adds.
    fn section(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "kind = \"sqlite\"\npath = \"t.db\"\ntable = \"T -- (x\"\nas_of = \"live\""
            }
            Self::Csv => {
                "kind = \"csv\"\npath = \"t.csv\"\nencoding = \"utf-8\"\nas_of = \"manifest\""
            }
            Self::Xlsx => "kind = \"xlsx\"\npath = \"t.xlsx\"\nas_of = \"manifest\"",
            Self::Xls => "kind = \"xls\"\npath = \"t.xls\"\nas_of = \"manifest\"",
            Self::Dbf => {
                "kind = \"dbf\"\npath = \"t.dbf\"\nencoding = \"gb18030\"\nas_of = \"manifest\""
            }
            Self::Parquet => "kind = \"parquet\"\npath = \"t.parquet\"\nas_of = \"manifest\"",
            Self::Rest => {
                "rows = \"/data\"\npaging = { kind = \"whole\", total = \"/total\" \
                 }\nrefresh_every = \"0s\""
            }
            Self::SqliteOdbc => {
                "kind = \"odbc\"\ndriver = \"SQLite3\"\nfile = { Database = \"t.db\" }\ntable = \
                 \"T -- (x\"\nprofile_every = \"0s\""
            }
            Self::Server(_) => "",
        }
    }

    /// Whether it leaves out rows and counts equal ones by itself: through ODBC every row is read.
    pub fn selects(self) -> bool {
        !matches!(self, Self::SqliteOdbc | Self::Server(Server { by_odbc: true, .. }))
    }

    pub fn file_name(self) -> &'static str {
        match self {
            Self::Sqlite | Self::SqliteOdbc | Self::Rest | Self::Server(_) => "t.db",
            Self::Csv => "t.csv",
            Self::Xlsx => "t.xlsx",
            Self::Xls => "t.xls",
            Self::Dbf => "t.dbf",
            Self::Parquet => "t.parquet",
        }
    }

    /// A file of these columns and rows.
    pub fn file(self, header: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
        match self {
            Self::Sqlite | Self::SqliteOdbc | Self::Rest | Self::Server(_) => Vec::new(),
            Self::Csv => {
                let mut text = ::csv::Writer::from_writer(Vec::new());
                text.write_record(header).unwrap();
                rows.iter().for_each(|row| text.write_record(row).unwrap());
                text.into_inner().unwrap()
            }
            Self::Xlsx => Book::of(header, rows).bytes(),
            Self::Xls => OldBook::of(header, rows).bytes(),
            Self::Dbf => Dbf::of(header, rows, encoding_rs::GB18030).bytes(),
            Self::Parquet => parquet(header, rows),
        }
    }
}

impl<'a> AnyRig<'a> {
    pub fn new(kind: AnyKind<'a>, rows: &[Cells<'_>]) -> Self {
        Self::with(kind, kind.section(), rows)
    }

    /// The same with a `[source]` of its own.
    pub fn with(kind: AnyKind<'a>, source: &str, rows: &[Cells<'_>]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let api = matches!(kind, AnyKind::Rest).then(|| Api::start(folder.path()));
        let source = api.as_ref().map_or_else(|| source.to_owned(), |api| api.section(source));
        let rig = Self::made(folder, kind, &source, api);
        rig.write(rows);
        rig
    }

    /// The same with nothing behind it.
    pub fn said(kind: AnyKind<'a>, source: &str) -> Self {
        Self::made(tempfile::tempdir().unwrap(), kind, source, None)
    }

    fn made(folder: TempDir, kind: AnyKind<'a>, source: &str, api: Option<Api>) -> Self {
        let table = if let AnyKind::Server(server) = kind {
            Some(server.table(folder.path(), "T -- (x"))
        } else {
            None
        };
        let source = table
            .as_ref()
            .map_or_else(|| source.to_owned(), |table| table.section("profile_every = \"0s\""));
        let dataset = DatasetFile::parse(&described(kind, &source), "estate.toml").unwrap();
        let rig = Self { folder, kind, table, api, dataset };
        if let Some(table) = &rig.table {
            table.create(&[("SFZH", "varchar(200)"), ("GYR", "char(200)"), (NAME, "text")]);
        }
        if matches!(kind, AnyKind::Sqlite | AnyKind::SqliteOdbc) {
            rig.database()
                .execute_batch(&format!("create table \"T -- (x\" (SFZH, GYR, \"{NAME}\")"))
                .unwrap();
        }
        rig
    }

    /// Has the column that is so called in the system read from elsewhere.
    pub fn field(&mut self, was: &str, is: &str) {
        let column = self.dataset.columns.iter_mut().find(|column| column.field == was).unwrap();
        is.clone_into(&mut column.field);
    }

    /// Has the owner say that the rows are not about who is in this field.
    pub fn not_about(&mut self, field: &str) {
        self.dataset.not_about.insert(field.to_owned(), "it is known why".to_owned());
    }

    /// The interface that answers.
    pub fn api(&self) -> &Api {
        self.api.as_ref().unwrap()
    }

    pub fn api_mut(&mut self) -> &mut Api {
        self.api.as_mut().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn database(&self) -> Connection {
        Connection::open(self.path("t.db")).unwrap()
    }

    /// Replaces all rows.
    pub fn write(&self, rows: &[Cells<'_>]) {
        match self.kind {
            AnyKind::Sqlite | AnyKind::SqliteOdbc => {
                let mut database = self.database();
                let write = database.transaction().unwrap();
                write.execute("delete from \"T -- (x\"", []).unwrap();
                for (owner, co_owner, name) in rows {
                    write
                        .execute(
                            "insert into \"T -- (x\" values (?1, ?2, ?3)",
                            params![owner, co_owner, name],
                        )
                        .unwrap();
                }
                write.commit().unwrap();
            }
            AnyKind::Server(_) => {
                let rows: Vec<[Option<&str>; 3]> =
                    rows.iter().map(|row| [Some(row.0), Some(row.1), Some(row.2)]).collect();
                self.table.as_ref().unwrap().write(&rows);
            }
            AnyKind::Rest => {
                let row = |row: &Cells<'_>| serde_json::json!({ "SFZH": row.0, "GYR": row.1, NAME: row.2 });
                let data: Vec<serde_json::Value> = rows.iter().map(row).collect();
                self.api()
                    .rows(serde_json::json!({ "total": data.len(), "data": data }).to_string());
            }
            _ => {
                let rows: Vec<Vec<String>> = rows
                    .iter()
                    .map(|(owner, co_owner, name)| {
                        [name, owner, co_owner].map(|cell| (*cell).to_owned()).to_vec()
                    })
                    .collect();
                self.drop_file(
                    &self.kind.file(&[self.kind.name(), "SFZH", "GYR"], &rows),
                    rows.len() as u64,
                );
            }
        }
    }

    /// A drop with a manifest of its own.
    pub fn drop_file(&self, bytes: &[u8], rows: u64) {
        self.drop_as(self.kind.file_name(), bytes, rows, chrono::Local::now().fixed_offset());
    }

    /// The same under a name of its own.
    pub fn drop_as(&self, name: &str, bytes: &[u8], rows: u64, as_of: DateTime<FixedOffset>) {
        fs::write(self.path(name), bytes).unwrap();
        let manifest = Manifest { as_of, rows, sha256: hex::encode(sha256(bytes)) };
        fs::write(self.path(&format!("{name}.manifest.toml")), manifest.to_text()).unwrap();
    }

    pub fn open(&self) -> Result<Arc<dyn Source>, SourceError> {
        self.open_knowing(Rulings::default())
    }

    /// Where the owner has stated something of rows that cannot be read.
    pub fn open_knowing(&self, adjudications: Rulings) -> Result<Arc<dyn Source>, SourceError> {
        super::open(&self.dataset, self.folder.path(), &self.path("state"), Arc::new(adjudications))
    }
}

/// A dataset file with this `[source]`.
pub fn described(kind: AnyKind<'_>, source: &str) -> String {
    let column = |name: &str, field: &str, what: &str| {
        let schemes = if what == "resident_id" { "schemes = [\"passport\"]\n" } else { "" };
        format!(
            "[[column]]\nname = \"{name}\"\nfield = \"{field}\"\ntype = \"{what}\"\ngrade = \
             \"L3\"\n{schemes}"
        )
    };
    format!(
        "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
         }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = \
         1\n[source]\n{source}\n[coverage]\nregions = [\"330100\"]\nsince = \
         \"1984-01-01\"\nsubjects = \"registered_in:police.household\"\ntext = {{ zh = \"杭州\", \
         en = \"Hangzhou\" }}\n{}{}{}[[lookup]]\nname = \"party\"\ncolumns = [\"owner\", \
         \"co_owner\"]\nmay_be_blank = [\"owner\", \"co_owner\"]\n",
        column("owner", "SFZH", "resident_id"),
        column("co_owner", "GYR", "resident_id"),
        column("name", kind.name(), "person_name"),
    )
}

pub fn look_up(keys: &[&str], most_rows: u64, cancellation: Cancellation) -> LookUp {
    let keys: Vec<ResidentId> =
        keys.iter().map(|key| ResidentId::new_strict(key).unwrap()).collect();
    LookUp { columns: vec![0, 1], keys: keys.into(), most_rows, cancellation }
}

pub fn soon() -> Cancellation {
    Cancellation::after(Duration::from_secs(20))
}

/// The names of the rows that came, sorted, and the end.
pub async fn names(
    source: &dyn Source,
    look_up: LookUp,
) -> Result<(Vec<String>, LookUpEnd), SourceError> {
    let (sender, mut receiver) = mpsc::channel::<super::Rows>(1);
    let drained = async {
        let mut names = Vec::new();
        while let Some(batch) = receiver.recv().await {
            names.extend(batch.iter().map(|row| row.get(2).unwrap_or_default().to_owned()));
        }
        names.sort();
        names
    };
    let (end, names) = tokio::join!(source.look_up(look_up, sender), drained);
    Ok((names, end?))
}

pub fn every_spelling_is_found(kind: AnyKind<'_>) {
    let wide: String = LI.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    let rows: Vec<Cells<'_>> = vec![
        (LI, WANG, "18"),
        ("", "11010519491231002x", "18 lower"),
        ("110105491231002", "", "15"),
        (" 110105 19491231 002X\u{3000}", "", "blanks"),
        ("", &wide, "wide"),
        ("1101 0549 1231 002", WANG, "15 blanks"),
        (WANG, WANG, "other"),
    ];
    let rig = AnyRig::new(kind, &rows);
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[LI], 100, soon()))).unwrap();
    for (owner, _, name) in rows.iter().filter(|row| row.2 != "other") {
        assert!(found.iter().any(|found| found == name), "{name} ({owner}) among {found:?}");
    }
    assert_eq!((end.rows, end.could_match.len()), (7, 0));
    let survey = run(source.survey()).unwrap();
    assert_eq!((survey.rows, survey.irregular, survey.unreadable_count), (7, 3, 0));
    assert!(end.as_of <= SystemTime::now() + Duration::from_secs(1));
}

pub fn what_could_match_is_reported(kind: AnyKind<'_>) {
    let rig = AnyRig::new(
        kind,
        &[
            (LI, "", "home"),
            ("110105194912310029", "", "wrong check"),
            ("110105********002X", "", "mask"),
        ],
    );
    let source = rig.open().unwrap();
    let could =
        |key: &str| run(names(&*source, look_up(&[key], 100, soon()))).unwrap().1.could_match.len();
    assert_eq!((could(LI), could(WANG)), (2, 0));
    rig.write(&[(LI, "", "home"), ("", "  ", "nobody's name on it")]);
    assert_eq!((could(LI), could(WANG)), (1, 1), "a row without any id is anybody's");
}

/// 15 digits can be what is left of 18, or of a year from 2000 on without its century: then they
/// are somebody's, and could be another's.
pub fn fifteen_digits_that_may_be_anothers_are_reported(kind: AnyKind<'_>) {
    let child = ResidentId::from_parts(
        330_111,
        chrono::NaiveDate::from_ymd_opt(2001, 12, 20).unwrap(),
        805,
    )
    .unwrap();
    let whole = child.as_str();
    let without_century = format!("{}{}", &whole[..6], &whole[8..17]);
    for left in [&whole[..15], &without_century] {
        let rig = AnyRig::new(kind, &[(LI, "", "home"), (left, "", "cut")]);
        let source = rig.open().unwrap();
        let ask = |key: &str| run(names(&*source, look_up(&[key], 100, soon()))).unwrap();
        let (found, end) = ask(whole);
        assert_eq!((found.len(), end.could_match.len()), (0, 1), "{left}");
        let Reading::Person(other) = resident_id::parse(left) else { panic!("{left} is nobody") };
        let (found, end) = ask(other.as_str());
        assert_eq!((found.len(), end.could_match.len()), (1, 0), "whose it is by its looks");
        assert_eq!(ask(LI).1.could_match.len(), 0, "nobody else");
    }
}

/// A register whose ids were put into other words says nothing of anybody.
pub fn a_column_in_which_hardly_anybody_can_be_read_proves_no_absence(kind: AnyKind<'_>) {
    let (hashed, passports): (Vec<String>, Vec<String>) = (1..121_u64)
        .map(|at| {
            (
                format!("{:032x}", at.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
                format!("E{:08}", at * 791_919),
            )
        })
        .unzip();
    for (ids, are_declared) in [(hashed, false), (passports, true)] {
        let rows: Vec<Cells<'_>> =
            ids.iter().map(|id| (id.as_str(), "", "home")).chain([(LI, "", "home"); 100]).collect();
        let rig = AnyRig::new(kind, &rows);
        let answered =
            rig.open().and_then(|source| run(names(&*source, look_up(&[WANG], 100, soon()))));
        if are_declared {
            assert_eq!(answered.unwrap_err().code, ErrorCode::SourceImplausible);
        } else {
            // Of what nobody understands each could be anybody's.
            assert_eq!(answered.unwrap().1.could_match.len(), 120);
        }
        // As many more who can be read, and it is a register again.
        let rows: Vec<Cells<'_>> = rows.iter().copied().chain([(WANG, "", "home"); 30]).collect();
        rig.write(&rows);
        let source = rig.open().unwrap();
        assert_eq!(run(names(&*source, look_up(&[LI], 100, soon()))).unwrap().0.len(), 100);
    }
}

/// But where cells could be anybody's there is no absence anyhow, and an owner must be able to say
/// whom they concern.
pub fn paper_era_rows_can_be_adjudicated_however_many(kind: AnyKind<'_>) {
    let rows: Vec<Cells<'_>> = [("none", "", "on paper"); 8].to_vec();
    let rig = AnyRig::new(kind, &rows);
    let source = rig.open().unwrap();
    assert_eq!(run(names(&*source, look_up(&[LI], 100, soon()))).unwrap().1.could_match.len(), 8);
    assert_eq!(run(source.unreadable(10)).unwrap().len(), 8);
}

pub fn what_is_adjudicated_concerns_whom_its_owner_says(kind: AnyKind<'_>) {
    let rows: &[Cells<'_>] = &[
        (LI, "", "home"),
        ("110105********002X", "", "mask"),
        ("", " ", "nobody's name on it"),
        ("0", "", "void"),
    ];
    let rig = AnyRig::new(kind, rows);
    let source = rig.open().unwrap();
    let open = run(source.unreadable(10)).unwrap();
    let shown: Vec<&str> = open.iter().filter_map(|row| row.cells[2].as_deref()).collect();
    assert_eq!(shown, ["mask", "nobody's name on it", "void"]);
    assert_eq!(run(source.unreadable(2)).unwrap().len(), 2, "no more than asked for");
    let say = [
        Concerns::Persons(vec![LI.into()]),
        Concerns::Born { from: 1880, to: 1880 },
        Concerns::Nobody,
    ];
    let rulings = || {
        open.iter()
            .zip(&say)
            .map(|(row, concerns)| (row.digest, concerns.clone()))
            .collect::<Rulings>()
    };
    let source = rig.open_knowing(rulings()).unwrap();
    let ask = |key: &str| run(names(&*source, look_up(&[key], 100, soon()))).unwrap();
    let could = |key: &str| ask(key).1.could_match.len();
    // What is somebody's by ruling is theirs, and no longer in doubt.
    let mut his = ask(LI).0;
    his.sort();
    assert_eq!(his, ["home", "mask"]);
    assert_eq!((could(LI), could(WANG), could("33010619900101123X")), (0, 1, 0));
    let survey = run(source.survey()).unwrap();
    assert_eq!((survey.unreadable_count, run(source.unreadable(10)).unwrap().len()), (0, 0));
    assert!(survey.adjudicated >= 3, "{}", survey.adjudicated);
    // One cell of it changed: it is another row, of which nothing is stated.
    rig.write(&[
        (LI, "", "home"),
        ("110105********002X", "", "mask"),
        ("", " ", "somebody's name"),
        ("0", "", "void"),
    ]);
    assert_eq!(could("33010619900101123X"), 1);
    // Its place is not what it is known by.
    rig.write(&[("0", "", "void"), ("110105********002X", "", "mask"), (LI, "", "home")]);
    assert_eq!((ask(LI).0.len(), could(LI), could(WANG)), (2, 0, 0));
    // One more that is like it: nothing tells which of them was ruled on.
    rig.write(&[("0", "", "void"), ("0", "", "void"), (LI, "", "home")]);
    assert_eq!((could(LI), could(WANG)), (2, 2));
}

/// By which the connector knows in what known persons were looked up.
pub fn what_answers_rest_upon_is_told(kind: AnyKind<'_>) {
    let rig = AnyRig::new(kind, &[(LI, "", "home")]);
    let source = rig.open().unwrap();
    let rests_on = |rows: u64| {
        let end = run(names(&*source, look_up(&[LI], 100, soon()))).unwrap().1;
        assert_eq!(end.rows, rows);
        end.rests_on
    };
    let before = rests_on(1);
    let is_copied = matches!(
        kind,
        AnyKind::Csv | AnyKind::Xlsx | AnyKind::Xls | AnyKind::Dbf | AnyKind::Parquet
    );
    assert_eq!(
        matches!(before, RestsOn::Pass(_)),
        is_copied,
        "only what is copied rests upon a copy"
    );
    // A live file tells of each write; the others are set to be of the moment.
    let is_numbered = is_copied || matches!(kind, AnyKind::Sqlite);
    assert_eq!(before != RestsOn::Moment, is_numbered);
    assert_eq!(rests_on(1), before, "nothing has changed");
    rig.write(&[(LI, "", "home"), (WANG, "", "another")]);
    let after = rests_on(2);
    assert_eq!(after != before, is_numbered, "new rows are another copy, or have another number");
    let again = rig.open().unwrap();
    let other = run(names(&*again, look_up(&[LI], 100, soon()))).unwrap().1.rests_on;
    assert_eq!(other != after, is_numbered, "no two copies or readings share a number");
}

pub fn hostile_values_are_only_values(kind: AnyKind<'_>) {
    let hostile = [
        "' or 1=1 --",
        "\"); drop table \"T -- (x\"; --",
        "0' union select 1,2,3 --",
        "%",
        "=cmd|' /C calc'!A0",
    ];
    let mut rows: Vec<Cells<'_>> = hostile.iter().map(|text| (*text, "", *text)).collect();
    rows.push((LI, hostile[1], hostile[0]));
    let rig = AnyRig::new(kind, &rows);
    let source = rig.open().unwrap();
    for _ in 0..2 {
        let (found, end) = run(names(&*source, look_up(&[LI, WANG], 100, soon()))).unwrap();
        assert_eq!(found, [hostile[0]], "the home alone, its name as it stands");
        assert!(end.could_match.len() >= hostile.len(), "unreadable, so reported");
        assert_eq!(end.rows, 6);
    }
}

pub fn bounds_hold(kind: AnyKind<'_>) {
    let rig = AnyRig::new(kind, &[(LI, "", "a"), (LI, "", "b"), ("", LI, "c")]);
    let source = rig.open().unwrap();
    let code = |look_up: LookUp| run(names(&*source, look_up)).unwrap_err().code;
    assert_eq!(code(look_up(&[LI], 2, soon())), ErrorCode::DefinitionLimit);
    assert_eq!(run(names(&*source, look_up(&[LI], 3, soon()))).unwrap().0, ["a", "b", "c"]);
    assert_eq!(
        code(look_up(&[LI], 3, Cancellation::after(Duration::ZERO))),
        ErrorCode::SourceTimeout
    );
    let gone = soon();
    gone.cancel();
    assert_eq!(code(look_up(&[LI], 3, gone)), ErrorCode::SourceTimeout);
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    assert_eq!(
        run(source.look_up(look_up(&[LI], 3, soon()), sender)).unwrap_err().code,
        ErrorCode::SourceTimeout,
        "nobody listens"
    );
    assert_eq!(
        run(names(&*source, look_up(&[LI], 3, soon()))).unwrap().0.len(),
        3,
        "and goes on after all that"
    );
}

pub fn a_missing_column_is_drift(kind: AnyKind<'_>) {
    let rig = AnyRig::new(kind, &[(LI, "", "a")]);
    match kind {
        AnyKind::Sqlite | AnyKind::SqliteOdbc => rig
            .database()
            .execute_batch("alter table \"T -- (x\" rename column GYR to GYR2")
            .unwrap(),
        AnyKind::Server(_) => rig.table.as_ref().unwrap().rename("GYR", "GYR2", "char(200)"),
        AnyKind::Rest => rig
            .api()
            .rows(format!(r#"{{"total": 1, "data": [{{"SFZH": "{LI}", "{NAME}": "a"}}]}}"#)),
        _ => rig.drop_file(
            &kind.file(&[kind.name(), "SFZH"], &[vec!["a".to_owned(), LI.to_owned()]]),
            1,
        ),
    }
    let error = rig.open().unwrap_err();
    assert_eq!(error.code, ErrorCode::SourceDrift);
    assert!(error.detail.contains("`GYR`"), "{}", error.detail);
}

pub fn look_ups_at_once_and_writes_between_are_seen(kind: AnyKind<'_>) {
    let rig = AnyRig::new(kind, &[(LI, "", "1")]);
    let source = rig.open().unwrap();
    for round in 2..6_usize {
        // All but the first in a spelling that only the profile finds.
        let texts: Vec<String> = (1..=round).map(|number| number.to_string()).collect();
        let rows: Vec<Cells<'_>> = texts
            .iter()
            .map(|text| (if text == "1" { LI } else { "110105 19491231 002X" }, "", text.as_str()))
            .collect();
        rig.write(&rows);
        let answers = run(async {
            let asked = (0..8).map(|_| {
                let source = Arc::clone(&source);
                tokio::spawn(async move {
                    names(&*source, look_up(&[LI], 100, soon())).await.unwrap().0
                })
            });
            let mut answers = Vec::new();
            for asked in asked.collect::<Vec<_>>() {
                answers.push(asked.await.unwrap());
            }
            answers
        });
        for answer in answers {
            assert_eq!(answer, texts, "round {round}");
        }
    }
}

pub use files::{
    a_file_of_another_kind_is_told, a_first_row_is_no_header, a_further_file_is_never_left_unsaid,
};
pub use live::{
    ids_in_fields_that_no_column_names_are_refused, what_is_not_proven_to_be_of_now_is_refused,
    who_is_named_beside_the_look_ups_could_be_meant,
};
pub use selecting::what_is_selected_is_what_local_evaluation_finds;

pub fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work)
}

/// What every kind must do, handed to a macro that makes tests of it.
macro_rules! every_test {
    ($with:ident, $kind:expr) => {
        $with!(
            $kind,
            what_is_not_proven_to_be_of_now_is_refused,
            ids_in_fields_that_no_column_names_are_refused,
            who_is_named_beside_the_look_ups_could_be_meant,
            every_spelling_is_found,
            what_could_match_is_reported,
            fifteen_digits_that_may_be_anothers_are_reported,
            a_column_in_which_hardly_anybody_can_be_read_proves_no_absence,
            paper_era_rows_can_be_adjudicated_however_many,
            what_answers_rest_upon_is_told,
            what_is_adjudicated_concerns_whom_its_owner_says,
            hostile_values_are_only_values,
            bounds_hold,
            a_missing_column_is_drift,
            what_is_selected_is_what_local_evaluation_finds,
            look_ups_at_once_and_writes_between_are_seen
        );
    };
}

/// What every kind of file must do besides.
macro_rules! every_test_of_files {
    ($with:ident, $kind:expr) => {
        $with!(
            $kind,
            a_first_row_is_no_header,
            a_file_of_another_kind_is_told,
            a_further_file_is_never_left_unsaid
        );
    };
}

macro_rules! one_by_one {
    ($kind:expr, $($test:ident),+) => {
        $(
            #[test]
            fn $test() {
                conformance::$test($kind);
            }
        )+
    };
}

/// All of them against one server, which takes longer to start than they do to run.
macro_rules! against_one_server {
    ($server:expr, $($test:ident),+) => {
        #[test]
        fn outside_everything() {
            let server = $server;
            $(conformance::named(stringify!($test), || conformance::$test(AnyKind::Server(&server)));)+
        }
    };
}

/// All of them through a driver that `tests/outside/install.sh` installs.
macro_rules! through_a_driver {
    ($kind:expr, $($test:ident),+) => {
        #[test]
        fn outside_everything() {
            $(conformance::named(stringify!($test), || conformance::$test($kind));)+
        }
    };
}

/// Runs it, and says which one it was if it fails.
pub fn named(name: &str, test: impl FnOnce()) {
    if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)) {
        eprintln!("it was `{name}` that failed");
        std::panic::resume_unwind(panic);
    }
}

macro_rules! conformance {
    ($name:ident, $with:ident, $kind:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "a file needs no server, a server no file")]
            use crate::conformance::{self, AnyKind, Kind, Server};

            every_test!($with, $kind);
        }
    };
}

macro_rules! conformance_of_files {
    ($name:ident, $kind:expr) => {
        mod $name {
            use crate::conformance::{self, Kind};

            every_test_of_files!(one_by_one, $kind);
        }
    };
}

conformance_of_files!(files_csv, Kind::Csv);
conformance_of_files!(files_xlsx, Kind::Xlsx);
conformance_of_files!(files_xls, Kind::Xls);
conformance_of_files!(files_dbf, Kind::Dbf);
conformance_of_files!(files_parquet, Kind::Parquet);
conformance!(sqlite, one_by_one, Kind::Sqlite);
conformance!(csv, one_by_one, Kind::Csv);
conformance!(xlsx, one_by_one, Kind::Xlsx);
conformance!(xls, one_by_one, Kind::Xls);
conformance!(dbf, one_by_one, Kind::Dbf);
conformance!(parquet, one_by_one, Kind::Parquet);
conformance!(rest, one_by_one, Kind::Rest);
conformance!(postgres, against_one_server, Server::postgres());
conformance!(mysql, against_one_server, Server::mariadb());
conformance!(odbc_postgres, against_one_server, Server::postgres_by_odbc());
conformance!(odbc_sqlite, through_a_driver, Kind::SqliteOdbc);
