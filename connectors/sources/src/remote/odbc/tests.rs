//! What only a driver in a process of its own can do to a source, and what only ODBC leaves open.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::fs;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::DatasetFile;
use zerotrip_odbc_wire::{MOST_REQUEST, Request, Secret, VERSION, frame};
use zerotrip_proto::v1::ErrorCode;

use super::super::tests::server::{READER_PASSWORD, Server};
use super::super::tests::{Rig, altered_catalogue, answers, busy, code, lineage, rows, until};
use super::Source;
use super::address::escaped;
use crate::conformance::{LI, WANG, look_up, named, names, run, soon};
use crate::{Rows, SourceError};

#[test]
fn no_value_ends_where_it_should_not() {
    for plain in ["a", "10.0.0.14", "/srv/a b/登记.db", "x-y_z"] {
        assert_eq!(escaped(plain), plain);
    }
    for (value, expected) in [
        ("", "{}"),
        ("a;b", "{a;b}"),
        ("}", "{}}}"),
        ("{x", "{{x}"),
        (" a ", "{ a }"),
        ("a=b", "{a=b}"),
        ("+", "{+}"),
    ] {
        assert_eq!(escaped(value), expected);
    }
}

/// Processes of `zerotrip-odbc` that this one has started.
fn helpers() -> Vec<u32> {
    let own = std::process::id().to_string();
    let folders = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let processes = folders.filter_map(|folder| folder.file_name().to_str()?.parse::<u32>().ok());
    let is_ours = |process: &u32| {
        let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { return false };
        let Some((name, rest)) = stat.rsplit_once(')') else { return false };
        let mut rest = rest.split_whitespace();
        let (state, parent) = (rest.next(), rest.next());
        name.ends_with("(zerotrip-odbc") && state != Some("Z") && parent == Some(own.as_str())
    };
    processes.filter(is_ours).collect()
}

fn kill(process: u32) {
    assert!(Command::new("kill").args(["-9", &process.to_string()]).status().unwrap().success());
}

#[test]
fn outside_postgres_by_odbc() {
    let server = Server::postgres_by_odbc();
    named("a_driver_that_dies_is_no_answer", || a_driver_that_dies_is_no_answer(&server));
    named("no_secret_is_where_others_can_see_it", || no_secret_is_where_others_can_see_it(&server));
    named("nobody_is_left_when_the_connector_is_gone", || {
        nobody_is_left_when_the_connector_is_gone(&server)
    });
    named("every_type_has_its_text", || every_type_has_its_text(&server));
    named("rows_hidden_by_a_policy_are_an_error", || {
        answers::rows_hidden_by_a_policy_are_an_error(&server)
    });
    named("long_texts_come_whole_or_not_at_all", || long_texts_come_whole_or_not_at_all(&server));
    named("a_view_is_followed_down_to_its_rows", || {
        lineage::a_view_is_followed_down_to_its_rows(&server)
    });
    named("what_postgres_does_not_hold_itself_is_not_of_now", || {
        lineage::what_postgres_does_not_hold_itself_is_not_of_now(&server)
    });
    named("a_table_joined_with_itself_may_hide_rows", || {
        lineage::a_table_joined_with_itself_may_hide_rows(&server)
    });
    named("a_cast_that_was_made_here_is_not_read_by", || {
        altered_catalogue::a_cast_that_was_made_here_is_not_read_by(&server)
    });
    named("what_was_changed_in_postgres_itself_is_not_relied_upon", || {
        altered_catalogue::what_was_changed_in_postgres_itself_is_not_relied_upon(&server)
    });
    named("a_driver_that_garbles_text_is_told", || a_driver_that_garbles_text_is_told(&server));
    // The last, for afterwards the server takes no more rows.
    named("a_copy_that_lags_is_not_of_now", || answers::a_copy_that_lags_is_not_of_now(&server));
}

/// As whole a row as can be: a driver's death must not look like its end.
fn a_driver_that_dies_is_no_answer(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.sql(&format!(
        "insert into TABLE select '{LI}', null, n || repeat('x', 500) from generate_series(1, \
         100000) as g (n)"
    ));
    let source = rig.open("profile_every = \"1h\"").unwrap();
    run(async {
        let (sender, mut receiver) = mpsc::channel::<Rows>(1);
        let looking = {
            let source = Arc::clone(&source);
            tokio::spawn(
                async move { source.look_up(look_up(&[LI], 1_000_000, soon()), sender).await },
            )
        };
        let mut rows = receiver.recv().await.unwrap().len();
        helpers().into_iter().for_each(kill);
        while let Some(batch) = receiver.recv().await {
            rows += batch.len();
        }
        let (error, detail) = code(looking.await.unwrap());
        assert!(rows < 100_000, "it died too late for this test");
        assert!(
            error == ErrorCode::SourceFailed && detail.contains("signal 9"),
            "{error:?} {detail}"
        );
        assert_eq!(
            names(&*source, look_up(&[LI], 1_000_000, soon())).await.unwrap().0.len(),
            100_000,
            "the very next look-up"
        );
        // One that nobody uses may die as well.
        helpers().into_iter().for_each(kill);
        assert_eq!(names(&*source, look_up(&[WANG], 10, soon())).await.unwrap().0.len(), 0);
    });
    drop(source);
    run(until("every process is over", || async { helpers().is_empty() }));
}

fn no_secret_is_where_others_can_see_it(server: &Server) {
    let rig = Rig::plain(server);
    let source = rig.open("").unwrap();
    let processes = helpers();
    assert!(!processes.is_empty());
    for process in processes {
        for file in ["cmdline", "environ"] {
            let seen = fs::read(format!("/proc/{process}/{file}")).unwrap();
            let seen = String::from_utf8_lossy(&seen);
            assert!(!seen.contains(READER_PASSWORD) && !seen.contains("PASS"), "{seen}");
        }
    }
    drop(source);
    // A password that would end where it should not, if it were not put into braces.
    for hostile in ["x;Server=elsewhere", "}", "{x}", " x ", "a;b}c", "geheim=1"] {
        fs::write(rig.folder.path().join("password"), hostile).unwrap();
        let (error, detail) = code(rig.open(""));
        assert_eq!(error, ErrorCode::Misconfigured, "{detail}");
        assert!(
            detail.contains("does not let `reader of tables` in") && !detail.contains("geheim"),
            "{detail}"
        );
    }
}

/// The connector was killed: a driver that is stuck in a statement does not outlive it.
fn nobody_is_left_when_the_connector_is_gone(server: &Server) {
    let (mut ours, theirs) = StdStream::pair().unwrap();
    let program = std::env::current_exe().unwrap();
    let program: PathBuf = program.ancestors().nth(2).unwrap().join("zerotrip-odbc");
    let mut child =
        Command::new(program).stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).spawn().unwrap();
    let connection = format!(
        "Driver={{PostgreSQL Unicode}};Server=127.0.0.1;Port={};Database=postgres;UID=reader of \
         tables;PWD={};",
        server.port,
        escaped(READER_PASSWORD)
    );
    let set_up = super::Dialect::of("PostgreSQL")
        .set_up
        .iter()
        .map(|statement| (*statement).to_owned())
        .collect();
    for request in [
        Request::LogIn {
            version: VERSION,
            connection: Secret(connection),
            hide: Vec::new(),
            seconds: 9,
        },
        Request::SetUp { statements: set_up, transactions: true, alive: None },
        Request::Read {
            statement: "select pg_sleep(600)".to_owned(),
            values: Vec::new(),
            narrow: false,
        },
    ] {
        ours.write_all(&frame(&request, MOST_REQUEST).unwrap()).unwrap();
    }
    run(async {
        until("it is busy", || async { busy(server, false).await == 1 }).await;
        drop(ours);
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(5), "it is still there");
            tokio::task::yield_now().await;
        }
        until("the server has noticed", || async { busy(server, true).await == 0 }).await;
    });
}

fn every_type_has_its_text(server: &Server) {
    let columns = [
        ("text", "' 张 三 '", " 张 三 "),
        ("text", "'张😀' || repeat('长', 5000)", &("张😀".to_owned() + &"长".repeat(5000))),
        ("varchar(9)", "'x  '", "x  "),
        ("char(9)", "'x'", "x"),
        ("smallint", "-7", "-7"),
        ("bigint", "9223372036854775807", "9223372036854775807"),
        ("numeric(30,10)", "12345678901234567890.1", "12345678901234567890.1000000000"),
        ("double precision", "0.1", "0.1"),
        ("date", "'2026-11-22'", "2026-11-22"),
        ("timestamp", "'2026-11-22 00:30:00.5'", "2026-11-22 00:30:00.5"),
        ("timestamptz", "'2026-11-21 16:30:00+00'", "2026-11-22 00:30:00"),
        ("time", "'00:30'", "00:30:00"),
        ("bit(3)", "B'011'", "011"),
    ];
    let names: Vec<String> = (0..columns.len()).map(|number| format!("c{number}")).collect();
    let mut made = vec![("id_a", "varchar(18)"), ("id_b", "char(20)")];
    made.extend(names.iter().zip(&columns).map(|(name, (kind, _, _))| (name.as_str(), *kind)));
    let rig = Rig::new(server, &made);
    let literals: Vec<&str> = columns.iter().map(|(_, literal, _)| *literal).collect();
    rig.table.sql(&format!("insert into TABLE values (null, '{LI}', {})", literals.join(", ")));
    let source = rig.open("").unwrap();
    let (got, _) = run(rows(&*source, look_up(&[LI], 10, soon()))).unwrap();
    assert_eq!(
        (got[0][0].as_deref(), got[0][1].as_deref()),
        (None, Some(LI)),
        "without the padding"
    );
    for (place, (kind, literal, text)) in columns.iter().enumerate() {
        assert_eq!(got[0][place + 2].as_deref().unwrap(), *text, "{kind} {literal}");
    }
    let rig = Rig::new(server, &[("id_a", "varchar(18)"), ("id_b", "varchar(18)"), ("c", "bytea")]);
    let (error, detail) = code(rig.open(""));
    assert!(
        error == ErrorCode::SourceDrift && detail.contains("column `c` is of type"),
        "{detail}"
    );
}

fn long_texts_come_whole_or_not_at_all(server: &Server) {
    let rig = Rig::plain(server);
    let ask = |length: usize| {
        rig.table.sql(&format!(
            "delete from TABLE; insert into TABLE values ('{LI}', null, repeat('长', {length}))"
        ));
        run(names(&*rig.open("profile_every = \"0s\"")?, look_up(&[LI], 10, soon())))
            .map(|(found, _)| found)
    };
    // Around the size of the pieces in which a cell is read.
    for length in [0, 1, 2046, 2047, 2048, 4093, 4094, 4095, 300_000] {
        assert_eq!(ask(length).unwrap(), ["长".repeat(length)], "{length}");
    }
    let (_, detail) = code(ask(400_000));
    assert!(detail.contains("1048576 bytes"), "{detail}");
}

/// The driver's other variant knows text in bytes of one character each: what is asked for is not
/// what comes.
fn a_driver_that_garbles_text_is_told(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("张")]]);
    let (error, detail) = code(rig.open("driver = \"PostgreSQL ANSI\""));
    assert!(
        error == ErrorCode::Misconfigured && detail.contains("ANSI") && detail.contains("Unicode"),
        "{error:?} {detail}"
    );
}

/// A database of Access that comes with the sources of a crate that is linked, of which a copy is
/// altered: two names of the same length become ids. No Debian package writes such files.
#[test]
fn outside_access_is_read_whole_and_watched() {
    let home =
        std::env::var("CARGO_HOME").unwrap_or_else(|_| std::env::var("HOME").unwrap() + "/.cargo");
    let registries =
        fs::read_dir(PathBuf::from(home).join("registry/src")).unwrap().filter_map(Result::ok);
    let crates = registries
        .flat_map(|registry| fs::read_dir(registry.path()).unwrap().filter_map(Result::ok));
    let odbc_api = crates.filter(|folder| {
        folder.file_name().to_str().is_some_and(|name| name.starts_with("odbc-api-29"))
    });
    let found = odbc_api
        .map(|folder| folder.path().join("tests/integration/nwind.mdb"))
        .find(|path| path.is_file());
    let mut bytes =
        fs::read(found.expect("cargo unpacks the sources of every crate that it builds")).unwrap();
    let replace = |bytes: &mut [u8], name: &str, id: &str| {
        let places: Vec<usize> = bytes
            .windows(name.len())
            .enumerate()
            .filter(|(_, part)| *part == name.as_bytes())
            .map(|(at, _)| at)
            .collect();
        assert!(!places.is_empty());
        for place in places {
            bytes[place..place + id.len()].copy_from_slice(id.as_bytes());
        }
    };
    replace(&mut bytes, "Alfreds Futterkiste", "11010519491231002X ");
    replace(&mut bytes, "Consolidated Holdings", " 110105 19491231 002X");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("客户.mdb");
    fs::write(&path, &bytes).unwrap();
    let open = |table: &str, field: &str, more: &str| {
        let text = format!(
            "[dataset]\nid = \"trade.customers\"\nname = {{ zh = \"客户\", en = \"Customers\" \
             }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = 1\n[source]\nkind = \
             \"odbc\"\ndriver = \"MDBTools\"\ntable = \"{table}\"\nfile = {{ DBQ = \"客户.mdb\" \
             }}\n{more}\n[coverage]\nregions = [\"330100\"]\nsince = \"1984-01-01\"\nsubjects = \
             \"everyone\"\ntext = {{ zh = \"杭州\", en = \"Hangzhou\" }}\n[[column]]\nname = \
             \"owner\"\nfield = \"{field}\"\ntype = \"resident_id\"\ngrade = \
             \"L3\"\n[[column]]\nname = \"city\"\nfield = \"City\"\ntype = \"text\"\ngrade = \
             \"L2\"\n[[column]]\nname = \"key\"\nfield = \"CustomerID\"\ntype = \"text\"\ngrade = \
             \"L2\"\n[[lookup]]\nname = \"party\"\ncolumns = [\"owner\"]\n",
        );
        let dataset = DatasetFile::parse(&text, "trade.toml").unwrap();
        crate::open(&dataset, folder.path(), &folder.path().join("state"), Arc::default())
    };
    let ask = |source: &dyn Source, most: u64| {
        let mut asked = look_up(&[LI], most, soon());
        asked.columns = vec![0];
        run(names(source, asked))
    };
    for every in ["0s", "1h"] {
        let source =
            open("Customers", "CompanyName", &format!("profile_every = \"{every}\"")).unwrap();
        let (found, end) = ask(&*source, 10).unwrap();
        assert_eq!(
            (found, end.rows),
            (vec!["ALFKI".to_owned(), "CONSH".to_owned()], 91),
            "{every}"
        );
        assert_eq!(code(ask(&*source, 1)).0, ErrorCode::DefinitionLimit);
        let advice = run(source.survey()).unwrap().advice.join("\n");
        assert!(
            advice.contains("gives no snapshots") && advice.contains("reads the whole table"),
            "{advice}"
        );
    }
    let (error, detail) = code(open("Nobody", "CompanyName", ""));
    assert!(error == ErrorCode::SourceDrift && detail.contains("`Nobody`"), "{detail}");
    let (error, detail) = code(open("Customers", "Nothing", ""));
    assert!(error == ErrorCode::SourceDrift && detail.contains("`Nothing`"), "{detail}");

    // Whoever stands in the new file is found; who is gone from it is no absence before a new pass.
    let source = open("Customers", "CompanyName", "profile_every = \"1h\"").unwrap();
    assert_eq!(ask(&*source, 10).unwrap().0.len(), 2);
    replace(&mut bytes, "11010519491231002X", "91010519491231002X");
    fs::write(&path, &bytes).unwrap();
    // While it changes there is no answer; then the look-up's own pass sees what is there.
    run(until("a new pass has seen it", || async {
        let mut asked = look_up(&[LI], 10, soon());
        asked.columns = vec![0];
        names(&*source, asked).await.is_ok_and(|(found, _)| found == ["CONSH"])
    }));
    // Half a file.
    fs::write(&path, &bytes[..bytes.len() / 40]).unwrap();
    assert!(open("Customers", "CompanyName", "").is_err());
}

/// An SQLite file that two columns of ids of any type stand in.
struct File {
    folder: TempDir,
    kinds: [&'static str; 2],
}

impl File {
    fn new(kinds: [&'static str; 2]) -> Self {
        let file = Self { folder: tempfile::tempdir().unwrap(), kinds };
        file.sql(&format!("create table t (id_a {}, id_b {}, name text)", kinds[0], kinds[1]));
        file
    }

    fn sql(&self, text: &str) {
        Connection::open(self.folder.path().join("t.db")).unwrap().execute_batch(text).unwrap();
    }

    fn open(&self, more: &str) -> Result<Arc<dyn Source>, SourceError> {
        self.open_table("t", more)
    }

    fn open_table(&self, table: &str, more: &str) -> Result<Arc<dyn Source>, SourceError> {
        let column = |name: &str, kind: &str| {
            format!(
                "[[column]]\nname = \"{name}\"\nfield = \"{name}\"\ntype = \"{kind}\"\ngrade = \
                 \"L3\"\n"
            )
        };
        let driver = if more.contains("driver") { "" } else { "driver = \"SQLite3\"" };
        let text = format!(
            "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
             }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = 1\n[source]\nkind = \
             \"odbc\"\n{driver}\nfile = {{ Database = \"t.db\" }}\ntable = \
             \"{table}\"\n{more}\n[coverage]\nregions = [\"330100\"]\nsince = \
             \"1984-01-01\"\nsubjects = \"everyone\"\ntext = {{ zh = \"杭州\", en = \"Hangzhou\" \
             }}\n{}{}{}[[lookup]]\nname = \"party\"\ncolumns = [\"id_a\", \"id_b\"]\nmay_be_blank \
             = [\"id_a\", \"id_b\"]\n",
            column("id_a", "resident_id"),
            column("id_b", "resident_id"),
            column("name", "text"),
        );
        let dataset = DatasetFile::parse(&text, "estate.toml").unwrap();
        crate::open(&dataset, self.folder.path(), &self.folder.path().join("state"), Arc::default())
    }

    fn ask(&self, source: &dyn Source, key: &str) -> Result<Vec<String>, SourceError> {
        run(names(source, look_up(&[key], 100, soon()))).map(|(found, _)| found)
    }
}

#[test]
fn outside_sqlite_keeps_what_it_is_given_and_loses_nothing() {
    // Numbers in columns of text, text in columns of numbers, numbers that no column's type is told
    // of.
    for kinds in [["integer", "text"], ["", "char(20)"], ["bigint", "varchar(18)"]] {
        let file = File::new(kinds);
        file.sql(&format!(
            "insert into t values (440524188001010014, null, 'whole'), (null, '{LI}', 'text'), \
             (null, '11010519491231002x', 'odd')"
        ));
        let source = file.open("profile_every = \"0s\"").unwrap();
        assert_eq!(file.ask(&*source, LI).unwrap(), ["odd", "text"], "{:?}", file.kinds);
        match file.ask(&*source, WANG) {
            Ok(found) => assert_eq!(found, ["whole"], "{kinds:?}"),
            // A column without a type compares a number with no text: that is noticed, and never an
            // absence.
            Err(error) => assert!(
                kinds[0].is_empty() && error.code == ErrorCode::SourceFailed,
                "{kinds:?} {error}"
            ),
        }
    }
}

/// A view, which may use functions, and a virtual table, whose rows are elsewhere.
#[test]
fn outside_sqlite_is_of_now_where_its_table_is_its_own() {
    let file = File::new(["varchar(18)", "varchar(18)"]);
    file.sql(&format!(
        "insert into t values ('{LI}', null, 'x'); create view v as select * from t where \
         date('now') > '2020'"
    ));
    file.sql("create virtual table f using fts5(id_a, id_b, name)");
    for table in ["v", "f"] {
        let (error, detail) = code(file.open_table(table, ""));
        assert!(
            error == ErrorCode::Misconfigured && detail.contains("`source.nothing_hidden`"),
            "{table}: {error:?} {detail}"
        );
        let hidden = "nothing_hidden = \"nobody logs in to a file\"";
        assert_eq!(code(file.open_table(table, hidden)).0, ErrorCode::SourceStale, "{table}");
    }
    assert!(file.open("").is_ok());
}

#[test]
fn outside_sqlite_tells_drift_locks_and_what_is_not_there() {
    let file = File::new(["varchar(18)", "varchar(18)"]);
    file.sql(&format!("insert into t values ('{LI}', null, 'x')"));
    let source = file.open("profile_every = \"1h\"").unwrap();
    assert_eq!(file.ask(&*source, LI).unwrap(), ["x"]);
    // A name in double quotes would be a text to SQLite, and found nowhere.
    file.sql("alter table t rename column id_b to id_c");
    let (error, detail) = code(file.ask(&*source, LI));
    assert_eq!(error, ErrorCode::SourceDrift, "{detail}");
    file.sql("alter table t rename column id_c to id_b");
    assert_eq!(file.ask(&*source, LI).unwrap(), ["x"]);

    let other = Connection::open(file.folder.path().join("t.db")).unwrap();
    other.execute_batch("begin exclusive").unwrap();
    let begun = Instant::now();
    let cancellation = Cancellation::after(Duration::from_secs(3));
    let (error, detail) = code(run(names(&*source, look_up(&[LI], 10, cancellation))));
    assert!(
        error == ErrorCode::SourceTimeout && begun.elapsed() < Duration::from_secs(5),
        "{error:?} {detail}"
    );
    other.execute_batch("rollback").unwrap();
    assert_eq!(file.ask(&*source, LI).unwrap(), ["x"]);

    let (error, detail) = code(file.open("driver = \"no such driver\""));
    assert!(error == ErrorCode::Misconfigured && detail.contains("install the driver"), "{detail}");
    fs::remove_file(file.folder.path().join("t.db")).unwrap();
    let (error, detail) = code(file.open(""));
    assert!(error == ErrorCode::SourceUnreachable && detail.contains("t.db"), "{detail}");
}
