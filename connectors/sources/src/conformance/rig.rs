//! A dataset of any kind with a system behind it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use rusqlite::{Connection, params};
use tempfile::TempDir;
use zerotrip_datasets::{DatasetFile, Manifest};
use zerotrip_test_servers::files::{Book, Dbf, OldBook, parquet};
use zerotrip_trust::digest::sha256;

use crate::remote::tests::server::{Server, Table};
use crate::rest::tests::server::Api;
use crate::rulings::Rulings;
use crate::{Source, SourceError};

/// A column's name that is as hostile as a dataset file can make it.
pub const NAME: &str = "姓 名) -- drop table (x";

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
    pub kind: AnyKind<'a>,
    pub table: Option<Table<'a>>,
    pub api: Option<Api>,
    pub dataset: DatasetFile,
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
    pub fn section(self) -> &'static str {
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
    pub fn open_knowing(&self, rulings: Rulings) -> Result<Arc<dyn Source>, SourceError> {
        crate::open(&self.dataset, self.folder.path(), &self.path("state"), Arc::new(rulings))
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
