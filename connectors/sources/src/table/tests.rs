#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::time::Instant;

use tempfile::TempDir;

use zerotrip_datasets::Key;
use zerotrip_datasets::resident_id::{Declared, ResidentId, SchemeBy};

use super::*;
use crate::conformance::{Kind, LI, Rig, WANG, look_up, names, run, soon};
use crate::profile::{DeclaredKey, KeyCell, Profile};
use crate::rulings::Concerns;

/// A database made by this SQL, and the shape of a table of it.
fn made(sql: &str, table: &str, fields: &[&str]) -> (TempDir, PathBuf, TableShape) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
    let shape = TableShape {
        dataset: "estate.ownership".into(),
        table: table.into(),
        fields,
        columns: Vec::new(),
        look_ups: vec![KeyColumns {
            columns: vec![0, 1],
            may_be_blank: vec![0, 1],
            ..KeyColumns::default()
        }],
        ids: vec![0, 1],
        mention_columns: Vec::new(),
        rules: Arc::default(),
        not_about: None,
        moment: Moment::Live,
        ragged: Vec::new(),
        rulings: Arc::default(),
    };
    (folder, path, shape)
}

#[test]
fn a_slow_readers_older_profile_is_not_another_readers() {
    let (_folder, path, shape) = made(
        "pragma journal_mode = wal; create table t (a, b, c); insert into t values \
         ('11010519491231002X', '', 'one');",
        "t",
        &["a", "b", "c"],
    );
    let source = TableSource::open(shape, path.clone(), None).unwrap();
    let inner = &source.inner;
    let (mut quick, mut slow) = (inner.connect().unwrap(), inner.connect().unwrap());
    // The slow reader's transaction begins, somebody writes, the quick one profiles what is new;
    // then the slow one what was old.
    slow.connection.execute_batch("begin; select count(*) from t;").unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("insert into t values ('110105 19491231 002X', '', 'two')")
        .unwrap();
    assert_eq!(
        inner
            .in_transaction(&mut quick, &soon(), u32::MAX, |inner, reader| inner
                .fresh_pass(reader, &soon()))
            .unwrap()
            .profile
            .rows,
        2
    );
    assert_eq!(inner.fresh_pass(&mut slow, &soon()).unwrap().profile.rows, 1);
    slow.connection.execute_batch("rollback").unwrap();
    for reader in [&mut quick, &mut slow] {
        let (sender, mut receiver) = mpsc::channel(4);
        let end = inner.look_up_streaming(reader, &look_up(&[LI], 10, soon()), &sender).unwrap();
        assert_eq!(
            (end.rows, receiver.try_recv().unwrap().len()),
            (2, 2),
            "the irregular row is missed"
        );
    }
}

#[test]
fn rows_without_ids_of_their_own_are_refused_at_open() {
    let base = "create table t (a, b, c); create view v as select * from t; create table w (a, b, \
                c, primary key (a)) without rowid;";
    for (table, what) in
        [("v", "is a view"), ("w", "is a table without row ids"), ("gone", "has no table `gone`")]
    {
        let (_folder, path, shape) = made(base, table, &["a", "b", "c"]);
        let error = TableSource::open(shape, path.clone(), None).unwrap_err();
        assert_eq!(error.code, ErrorCode::SourceDrift);
        assert!(error.detail.contains(what), "{}", error.detail);
    }
    let (_folder, path, shape) =
        made("create table t (rowid, oid, _rowid_)", "t", &["rowid", "oid", "_rowid_"]);
    assert_eq!(
        TableSource::open(shape, path.clone(), None).unwrap_err().code,
        ErrorCode::SourceDrift
    );
}

#[test]
fn a_column_called_rowid_hides_no_row() {
    let rows =
        "insert into t values ('11010519491231002X', '', '7'), ('110105 19491231 002X', '', '7')";
    let (_folder, path, shape) =
        made(&format!("create table t (a, b, RowId); {rows}"), "t", &["a", "b", "RowId"]);
    let source = TableSource::open(shape, path.clone(), None).unwrap();
    assert_eq!(run(names(&source, look_up(&[LI], 10, soon()))).unwrap().0, ["7", "7"]);
}

#[test]
fn numbers_in_key_columns_are_found_or_unreadable() {
    // 440524188001010014 as an integer is found; as a floating-point number it is one of many.
    let rows = "insert into t values (440524188001010014, '', 'integer'), ('', \
                440524188001010014.0, 'real'), (110105491231002, '', 'short')";
    for columns in ["a, b, c", "a numeric, b real, c", "a int, b, c"] {
        let (_folder, path, shape) =
            made(&format!("create table t ({columns}); {rows}"), "t", &["a", "b", "c"]);
        let source = TableSource::open(shape, path.clone(), None).unwrap();
        let ask = |key: &str| run(names(&source, look_up(&[key], 10, soon()))).unwrap();
        let (found, end) = ask("440524188001010014");
        assert_eq!(
            (found, end.could_match.all()),
            (vec!["integer".to_owned()], vec!["row 2".to_owned()]),
            "{columns}"
        );
        let (found, end) = ask(LI);
        assert_eq!(
            (found, end.could_match.all()),
            (vec!["short".to_owned()], Vec::new()),
            "{columns}"
        );
    }
}

#[test]
fn a_key_cell_that_must_not_be_blank_is_anybodys() {
    let rows =
        "insert into t values ('440524188001010014', null, 'x'), (' ', '440524188001010014', 'y')";
    let (_folder, path, mut shape) =
        made(&format!("create table t (a, b, c); {rows}"), "t", &["a", "b", "c"]);
    for (may_be_blank, could_match) in
        [(vec![0, 1], vec![]), (vec![1], vec!["row 2"]), (vec![], vec!["row 1", "row 2"])]
    {
        shape.look_ups =
            vec![KeyColumns { columns: vec![0, 1], may_be_blank, ..KeyColumns::default() }];
        let source = TableSource::open(shape.clone(), path.clone(), None).unwrap();
        assert_eq!(
            run(names(&source, look_up(&[LI], 10, soon()))).unwrap().1.could_match.all(),
            could_match
        );
    }
}

#[test]
fn an_id_that_a_spreadsheet_may_have_rounded_is_found_and_suspect() {
    let birth = chrono::NaiveDate::from_ymd_opt(1991, 12, 15).unwrap();
    let id = |sequence: u16| ResidentId::from_parts(330_108, birth, sequence).unwrap();
    let round = (0..1000)
        .map(id)
        .find(|id| zerotrip_datasets::resident_id::is_spreadsheet_rounded(id.as_str()))
        .unwrap();
    let sequence: u16 = round.as_str()[14..17].parse().unwrap();
    let sql =
        format!("create table t (a, b, c); insert into t values ('{}', '', 'r')", round.as_str());
    let (_folder, path, shape) = made(&sql, "t", &["a", "b", "c"]);
    let source = TableSource::open(shape, path.clone(), None).unwrap();
    let ask = |key: &str| run(names(&source, look_up(&[key], 10, soon()))).unwrap();
    // No spreadsheet stands before a live table's text; before a snapshot's it may.
    assert_eq!(
        (ask(round.as_str()).0.len(), ask(id(sequence + 93).as_str()).1.could_match.all().len()),
        (1, 0)
    );
    let key = |raw| move |_| raw;
    for (cell, suspects) in
        [(KeyCell::Stored(round.as_str()), 0), (KeyCell::Text(round.as_str()), 1)]
    {
        let look_ups = vec![KeyColumns { columns: vec![0], ..KeyColumns::default() }];
        let mut profile = Profile::new(look_ups, Vec::new(), Vec::new(), Arc::default()).unwrap();
        profile.note(1, key(cell), || [0; 32]).unwrap();
        profile.close().unwrap();
        assert_eq!(profile.suspects(&[0], &[id(sequence + 93).into()]).len(), suspects);
        assert!(profile.suspects(&[0], &[Key::canonical(LI).unwrap()]).is_empty());
    }
}

#[test]
fn a_file_in_its_place_is_seen() {
    let with = |name: &str| {
        format!("create table t (a, b, c); insert into t values ('{LI}', '', '{name}')")
    };
    for wal in [false, true] {
        let mode = if wal { "pragma journal_mode = wal; " } else { "" };
        let (_folder, path, shape) = made(&format!("{mode}{}", with("old")), "t", &["a", "b", "c"]);
        let source = TableSource::open(shape, path.clone(), None).unwrap();
        let ask = || run(names(&source, look_up(&[LI], 10, soon())));
        assert_eq!(ask().unwrap().0, ["old"]);
        // Made by the same steps: its change counter is the same.
        let (_other, other, _) = made(&format!("{mode}{}", with("new")), "t", &["a", "b", "c"]);
        fs::copy(&other, &path).unwrap();
        assert_eq!(ask().unwrap().0, ["new"], "copied over");
        let (_other, other, _) = made(&format!("{mode}{}", with("3rd")), "t", &["a", "b", "c"]);
        fs::rename(&other, &path).unwrap();
        assert_eq!(ask().unwrap().0, ["3rd"], "moved over");
        fs::rename(&path, &other).unwrap();
        assert_eq!(ask().unwrap_err().code, ErrorCode::SourceUnreachable);
        fs::rename(&other, &path).unwrap();
        assert_eq!(ask().unwrap().0, ["3rd"], "and back");
    }
}

#[test]
fn a_look_up_waits_for_whoever_is_writing() {
    let rows = format!("insert into t values ('{LI}', '', 'x')");
    let (_folder, path, shape) =
        made(&format!("create table t (a, b, c); {rows}"), "t", &["a", "b", "c"]);
    let source = TableSource::open(shape, path.clone(), None).unwrap();
    // The first refusal comes at once, on the thread that asks; the look-up's own thread has a
    // transaction to itself all the same.
    for _ in 0..3 {
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("begin exclusive").unwrap();
        let found = run(async {
            let inner = Arc::clone(&source.inner);
            let asked = async { names(&source, look_up(&[LI], 10, soon())).await };
            let written = tokio::task::spawn_blocking(move || {
                while inner.permits.available_permits() == READERS {
                    std::thread::yield_now();
                }
                writer.execute_batch("rollback").unwrap();
            });
            let (found, written) = tokio::join!(asked, written);
            written.unwrap();
            found
        });
        assert_eq!(found.unwrap().0, ["x"]);
    }
}

#[test]
fn a_file_that_is_replaced_during_a_look_up_is_no_answer() {
    let (_folder, path, shape) = made("create table t (a, b, c)", "t", &["a", "b", "c"]);
    let source = TableSource::open(shape, path.clone(), None).unwrap();
    let mut reader = source.inner.take().unwrap();
    let failed = source.inner.in_transaction(&mut reader, &soon(), u32::MAX, |inner, _| {
        fs::copy(&inner.path, inner.path.with_extension("new")).unwrap();
        fs::rename(inner.path.with_extension("new"), &inner.path).unwrap();
        Ok(())
    });
    assert_eq!(failed.unwrap_err().code, ErrorCode::SourceFailed);
    assert!(run(names(&source, look_up(&[LI], 10, soon()))).unwrap().0.is_empty());
}

#[test]
fn names_are_quoted() {
    let (_folder, path, shape) = made(
        "create table \"t\"\"; drop table x; --\" (\"a\"\"b\", \"c'd\", e); insert into \"t\"\"; \
         drop table x; --\" values ('', '11010519491231002X', 'e')",
        "t\"; drop table x; --",
        &["a\"b", "c'd", "e"],
    );
    let source = TableSource::open(shape, path.clone(), None).unwrap();
    assert_eq!(run(names(&source, look_up(&[LI], 10, soon()))).unwrap().0, ["e"]);
}

#[test]
fn drift_while_running_is_told_and_passes_when_mended() {
    let rig = Rig::new(Kind::Sqlite, &[(LI, "", "a")]);
    let source = rig.open().unwrap();
    let ask = || run(names(&*source, look_up(&[LI], 10, soon())));
    assert_eq!(ask().unwrap().0, ["a"]);
    rig.database().execute_batch("alter table \"T -- (x\" rename column GYR to GYR2").unwrap();
    for _ in 0..2 {
        assert_eq!(ask().unwrap_err().code, ErrorCode::SourceDrift);
    }
    rig.database().execute_batch("alter table \"T -- (x\" rename column GYR2 to GYR").unwrap();
    assert_eq!(ask().unwrap().0, ["a"]);
}

#[test]
fn a_long_look_up_stops_within_a_second() {
    let rows = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) \
                insert into t select '', '440524188001010014', i from n";
    let (_folder, path, shape) =
        made(&format!("create table t (a, b, c); {rows}"), "t", &["a", "b", "c"]);
    let source = TableSource::open(shape, path.clone(), None).unwrap();
    // Without an index, and many keys: long enough to be caught at it.
    let day = |number: i64| {
        chrono::NaiveDate::from_ymd_opt(1950, 1, 1).unwrap() + chrono::Duration::days(number)
    };
    let keys: Vec<String> = (0..4096)
        .map(|number| {
            ResidentId::from_parts(330_106, day(number), 123).unwrap().as_str().to_owned()
        })
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let cancellation = soon();
    let look_up = look_up(&keys, 10, cancellation.clone());
    let stopped = run(async {
        let inner = Arc::clone(&source.inner);
        let asked = tokio::spawn(async move { names(&source, look_up).await });
        while inner.permits.available_permits() == READERS {
            tokio::task::yield_now().await;
        }
        cancellation.cancel();
        let begun = Instant::now();
        let error = asked.await.unwrap().unwrap_err();
        assert_eq!(error.code, ErrorCode::SourceTimeout);
        begun.elapsed()
    });
    assert!(stopped < Duration::from_secs(1), "{stopped:?}");
}

/// A file of one row of Wang's whose index on these columns was away while something was written,
/// and was put back as it was.
fn with_a_damaged_index(columns: &str, row: &str, written: &str) -> (TempDir, TableSource) {
    let indexes = format!("create index i on t {columns}; create index j on t (b)");
    let sql = format!(
        "create table t (a, b, c); {indexes}; insert into t values ('{WANG}', '', '{row}')"
    );
    let (folder, path, shape) = made(&sql, "t", &["a", "b", "c"]);
    let damage = format!(
        "create temp table kept as select * from sqlite_master where name = 'i';
         pragma writable_schema = on; delete from sqlite_master where name = 'i'; pragma \
         writable_schema = reset; {written};
         pragma writable_schema = on; insert into sqlite_master select * from kept; pragma \
         writable_schema = reset"
    );
    Connection::open(&path).unwrap().execute_batch(&damage).unwrap();
    (folder, TableSource::open(shape, path, None).unwrap())
}

#[test]
fn a_row_that_a_damaged_index_has_lost_is_no_absence() {
    for columns in ["(a)", "(a, b, c)"] {
        let (_folder, source) = with_a_damaged_index(
            columns,
            "other",
            &format!("insert into t values ('{LI}', '', 'home')"),
        );
        let ask = |key: &str| run(names(&source, look_up(&[key], 10, soon())));
        let error = ask(LI).unwrap_err();
        assert_eq!(error.code, ErrorCode::SourceFailed);
        assert!(error.detail.contains("its index is damaged"), "{}", error.detail);
        assert_eq!(ask(WANG).unwrap().0, ["other"]);
    }
}

#[test]
fn a_row_that_a_damaged_index_gives_to_another_is_nobodys() {
    for columns in ["(a)", "(a, b, c)"] {
        // The row changes hands: the index still leads from the former to the latter's row.
        let (_folder, source) =
            with_a_damaged_index(columns, "home", &format!("update t set a = '{LI}'"));
        for key in [WANG, LI] {
            let error = run(names(&source, look_up(&[key], 10, soon()))).unwrap_err();
            assert_eq!(error.code, ErrorCode::SourceFailed, "{key} {columns}");
        }
    }
}

#[test]
fn a_ruling_covers_the_rows_that_were_there() {
    let look_ups = || vec![KeyColumns { columns: vec![0], ..KeyColumns::default() }];
    let key = |raw: &'static str| move |_| KeyCell::Text(raw);
    let rulings: Rulings = [
        ([7; 32], Concerns::Nobody),
        ([8; 32], Concerns::Persons(vec![Key::canonical(LI).unwrap()])),
    ]
    .into_iter()
    .collect();
    let profile = |void: usize, his: usize| {
        let mut profile =
            Profile::new(look_ups(), Vec::new(), Vec::new(), Arc::new(rulings.clone())).unwrap();
        for row in 0..void {
            profile.note(row as i64, key("000000000000000000"), || [7; 32]).unwrap();
        }
        for row in 0..his {
            profile.note(100 + row as i64, key("张三"), || [8; 32]).unwrap();
        }
        profile.close().unwrap();
        profile
    };
    let (li, wang) = (Key::canonical(LI).unwrap(), Key::canonical(WANG).unwrap());
    let covered = profile(1, 1);
    assert_eq!((covered.anybodys(), covered.suspects(&[0], &[li, wang]).len()), (0, 0));
    // What is somebody's by ruling is found as theirs.
    assert_eq!(
        (covered.irregular_rows(&[0], &[li]), covered.irregular_rows(&[0], &[wang])),
        (vec![100], vec![])
    );
    // One more that is equal: nothing tells which of them was ruled on.
    let later = profile(2, 1);
    assert_eq!((later.anybodys(), later.suspects(&[0], &[wang])), (2, vec![0, 1]));
    let later = profile(1, 2);
    assert_eq!((later.anybodys(), later.irregular_rows(&[0], &[li]).len()), (2, 0));
}

#[test]
fn an_enterprise_by_the_other_column_is_nobody_unless_somebodys_id_stands_there() {
    let scheme_by = Some(SchemeBy { column: "kind".into(), other: ["企业".to_owned()].into() });
    let key = DeclaredKey {
        declared: Declared { scheme_by, ..Declared::default() },
        scheme_by: Some(1),
        ..DeclaredKey::default()
    };
    let look_ups = || {
        vec![KeyColumns {
            columns: vec![0],
            declared: [(0, key.clone())].into(),
            ..KeyColumns::default()
        }]
    };
    let suspects = |raw: &str, kind: &str| {
        let mut profile = Profile::new(look_ups(), Vec::new(), Vec::new(), Arc::default()).unwrap();
        let cell = |place| if place == 0 { KeyCell::Text(raw) } else { KeyCell::Text(kind) };
        profile.note(1, cell, || [0; 32]).unwrap();
        profile.close().unwrap();
        profile.suspects(&[0], &[Key::canonical(LI).unwrap()]).len()
    };
    // A credit code with a wrong check character, and none at all.
    for raw in ["91330106MA2B1W7C3P", "", "浙字123"] {
        assert_eq!((suspects(raw, "企业"), suspects(raw, "个人")), (0, 1), "{raw}");
    }
    for raw in [format!("{LI};1101051949"), "110105********002X".to_owned(), LI[..17].to_owned()] {
        assert_eq!(suspects(&raw, "企业"), 1, "{raw}");
    }
}
