//! What goes wrong, and that it is said: locks, cancellation, drift, restarts, secrets, deaths in
//! mid-stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_proto::v1::ErrorCode;

use super::answers::numbers;
use super::server::Server;
use super::{Rig, busy, code, until};
use crate::conformance::{LI, look_up, names, run, soon};
use crate::{Rows, Source, SourceError};

type Test = (&'static str, fn(&Server));
pub const BOTH: &[Test] = &[
    ("a_stopped_look_up_stops_the_server", a_stopped_look_up_stops_the_server),
    ("look_ups_wait_their_turn", look_ups_wait_their_turn),
    ("a_locked_table_is_told", a_locked_table_is_told),
    ("drift_while_running_is_told", drift_while_running_is_told),
    ("a_restarted_server_is_found_again", a_restarted_server_is_found_again),
    ("a_server_that_dies_is_no_answer", a_server_that_dies_is_no_answer),
    ("who_is_not_let_in_is_told_why", who_is_not_let_in_is_told_why),
];

/// A view that waits is not proven to be of now, nor to be the same for everybody: so it says of
/// when it is.
const SLOW: &str = "nothing_hidden = \"a view of this test's own\"\nas_of = { table = \
                    \"extract\", column = \"at\" }\nprofile_every = \"1h\"";

/// A view whose rows take as long as `SCHEMA.pace` says, about; MariaDB has to work for it, for its
/// sleep ends when nobody listens.
fn slow<'a>(server: &'a Server) -> Rig<'a> {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("1")]]);
    let wait = if server.is_postgres {
        "pg_sleep(p.seconds) is not null"
    } else {
        "benchmark(p.seconds * 1000000, sha2(t.id_a, 512)) = 0"
    };
    rig.table.sql("create table SCHEMA.pace (seconds int); insert into SCHEMA.pace values (0)");
    rig.table.sql(
        "create table SCHEMA.extract (at varchar(40)); insert into SCHEMA.extract values \
         ('2026-11-20T00:30:00+08:00')",
    );
    rig.table.sql(&format!(
        "create view SCHEMA.v as select t.* from TABLE t, SCHEMA.pace p where {wait}"
    ));
    rig.named("v")
}

fn pace(rig: &Rig<'_>, seconds: u32) {
    rig.table.sql(&format!("update SCHEMA.pace set seconds = {seconds}"));
}

type Asked = tokio::task::JoinHandle<Result<(Vec<String>, crate::LookUpEnd), SourceError>>;

fn ask(source: &Arc<dyn Source>, cancellation: Cancellation) -> Asked {
    let source = Arc::clone(source);
    tokio::spawn(async move { names(&*source, look_up(&[LI], 1_000_000, cancellation)).await })
}

fn a_stopped_look_up_stops_the_server(server: &Server) {
    let rig = slow(server);
    let source = rig.open(SLOW).unwrap();
    pace(&rig, 600);
    // So long that the server's own limit of time stops nothing here.
    let late = || Cancellation::after(Duration::from_secs(3600));
    run(async {
        let cancellation = late();
        let asked = ask(&source, cancellation.clone());
        until("the server is busy", || async { busy(server, false).await == 1 }).await;
        let begun = Instant::now();
        cancellation.cancel();
        assert_eq!(
            code(asked.await.unwrap()),
            (ErrorCode::SourceTimeout, "the hub hung up".to_owned())
        );
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        until("the server has stopped too", || async { busy(server, true).await == 0 }).await;

        // The deadline is a stop as well, and so is a reader that goes away, with the look-up or
        // without it.
        let asked = ask(&source, Cancellation::after(Duration::from_millis(500))).await.unwrap();
        assert_eq!(code(asked).0, ErrorCode::SourceTimeout);
        let (sender, receiver) = mpsc::channel::<Rows>(1);
        let looking = source.look_up(look_up(&[LI], 10, late()), sender);
        tokio::pin!(looking);
        tokio::select! {
            _ = &mut looking => panic!("it should wait"),
            () = until("the server is busy", || async { busy(server, false).await == 1 }) => drop(receiver),
        }
        assert_eq!(code(looking.await).0, ErrorCode::SourceTimeout);
        until("the server has stopped too", || async { busy(server, true).await == 0 }).await;
        let asked = ask(&source, late());
        until("the server is busy", || async { busy(server, false).await == 1 }).await;
        asked.abort();
        until("the server has stopped too", || async { busy(server, true).await == 0 }).await;
    });
    pace(&rig, 0);
    assert_eq!(
        run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0,
        ["1"],
        "and goes on after all that"
    );
}

fn look_ups_wait_their_turn(server: &Server) {
    let rig = slow(server);
    let source = rig.open(&format!("{SLOW}\nconnections = 2")).unwrap();
    pace(&rig, 600);
    run(async {
        let cancellation = soon();
        let asked: Vec<Asked> = (0..5).map(|_| ask(&source, cancellation.clone())).collect();
        until("two are busy", || async { busy(server, false).await == 2 }).await;
        let waiting = ask(&source, Cancellation::after(Duration::from_millis(200))).await.unwrap();
        assert_eq!(code(waiting).0, ErrorCode::SourceTimeout, "within its own deadline");
        assert_eq!(busy(server, true).await, 2, "and no more than two are let in");
        cancellation.cancel();
        for asked in asked {
            assert_eq!(code(asked.await.unwrap()).0, ErrorCode::SourceTimeout);
        }
        until("the server has stopped too", || async { busy(server, true).await == 0 }).await;
    });
}

fn a_locked_table_is_told(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("1")]]);
    let source = rig.open("profile_every = \"1h\"").unwrap();
    run(async {
        let cancellation = || Cancellation::after(Duration::from_secs(4));
        let asked = if server.is_postgres {
            let client = server.postgres_client().await;
            client
                .batch_execute(&rig.table.words("begin; lock table TABLE in access exclusive mode"))
                .await
                .unwrap();
            ask(&source, cancellation()).await.unwrap()
        } else {
            use mysql_async::prelude::Queryable as _;
            let mut connection = server.mariadb_connection().await;
            connection.query_drop(rig.table.words("lock tables TABLE write")).await.unwrap();
            let asked = ask(&source, cancellation()).await.unwrap();
            connection.disconnect().await.unwrap();
            asked
        };
        let (error, detail) = code(asked);
        assert_eq!(error, ErrorCode::SourceTimeout);
        assert!(detail.contains("another session holds a lock on `t`"), "{detail}");
        until("it answers again", || async {
            ask(&source, soon()).await.unwrap().is_ok_and(|(found, _)| found == ["1"])
        })
        .await;
    });
}

fn drift_while_running_is_told(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("1")]]);
    let (seldom, always) =
        (rig.open("profile_every = \"1h\"").unwrap(), rig.open("profile_every = \"0s\"").unwrap());
    let ask = |source: &Arc<dyn Source>| run(names(&**source, look_up(&[LI], 10, soon())));
    let told = |what: &str| {
        for source in [&seldom, &always, &seldom, &always] {
            let (error, detail) = code(ask(source));
            assert_eq!(error, ErrorCode::SourceDrift, "{detail}");
            assert!(detail.contains(what), "{detail}");
        }
    };
    let mended = || {
        for source in [&seldom, &always] {
            assert_eq!(ask(source).unwrap().0, ["1"]);
        }
    };
    mended();
    rig.table.rename("id_b", "id_c", "varchar(60)");
    told("id_b");
    rig.table.rename("id_c", "id_b", "varchar(60)");
    mended();
    let change = |kind: &str| {
        let how = if server.is_postgres {
            "alter column id_b type".to_owned() + " " + kind + " using null"
        } else {
            format!("modify id_b {kind}")
        };
        rig.table.sql(&format!("alter table TABLE {how}"));
    };
    change("date");
    let (error, detail) = code(ask(&always));
    assert_eq!(
        (error, detail.contains("`id_b` is of type `date`")),
        (ErrorCode::SourceDrift, true),
        "{detail}"
    );
    change("bigint");
    let (error, detail) = code(ask(&always));
    assert_eq!(error, ErrorCode::SourceDrift);
    assert!(detail.contains("column `id_b` was of type"), "{detail}");
    assert!(
        detail.contains("is of type `bigint") || detail.contains("is of type `int8"),
        "{detail}"
    );
    change("varchar(70)");
    mended();
    rig.table.sql(
        "alter table TABLE rename to GONE"
            .replace("GONE", if server.is_postgres { "gone" } else { "SCHEMA.gone" })
            .as_str(),
    );
    told("t");
    rig.table.sql(
        "alter table SCHEMA.gone rename to GONE"
            .replace("GONE", if server.is_postgres { "t" } else { "SCHEMA.t" })
            .as_str(),
    );
    mended();
}

fn a_restarted_server_is_found_again(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("1")]]);
    let source = rig.open("profile_every = \"1h\"").unwrap();
    let ask = || run(names(&*source, look_up(&[LI], 10, soon())));
    assert_eq!(ask().unwrap().0, ["1"]);
    for crash in [false, true] {
        if crash {
            server.kill()
        } else {
            server.stop()
        }
        let (error, detail) = code(ask());
        assert_eq!(error, ErrorCode::SourceUnreachable, "{detail}");
        assert!(detail.contains("127.0.0.1"), "{detail}");
        server.start_again();
        assert_eq!(ask().unwrap().0, ["1"], "the very next look-up");
    }
}

fn a_server_that_dies_is_no_answer(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.sql(&format!(
        "insert into TABLE select '{LI}', null, concat(seq, repeat('z', 500)) from {}",
        numbers(server, 100_000)
    ));
    let source = rig.open("profile_every = \"1h\"").unwrap();
    for crash in [false, true] {
        run(async {
            let (sender, mut receiver) = mpsc::channel::<Rows>(1);
            let looking = {
                let source = Arc::clone(&source);
                tokio::spawn(async move {
                    source.look_up(look_up(&[LI], 1_000_000, soon()), sender).await
                })
            };
            let first = receiver.recv().await.unwrap().len();
            tokio::task::block_in_place(|| if crash { server.kill() } else { server.stop() });
            let mut rows = first;
            while let Some(batch) = receiver.recv().await {
                rows += batch.len();
            }
            let (error, detail) = code(looking.await.unwrap());
            assert!(rows < 100_000, "it died too late for this test");
            assert!(
                matches!(error, ErrorCode::SourceFailed | ErrorCode::SourceUnreachable),
                "{error:?} {detail}"
            );
        });
        server.start_again();
        assert_eq!(
            run(names(&*source, look_up(&[LI], 1_000_000, soon()))).unwrap().0.len(),
            100_000
        );
    }
}

fn who_is_not_let_in_is_told_why(server: &Server) {
    let rig = Rig::plain(server);
    let told = |more: &str, expected: ErrorCode, words: &[&str]| {
        let (error, detail) = code(rig.open(more));
        assert_eq!(error, expected, "{more}: {detail}");
        assert!(words.iter().all(|word| detail.contains(word)), "{more}: {detail}");
    };
    told("user = \"nobody\"", ErrorCode::Misconfigured, &["does not let `nobody` in"]);
    if server.by_odbc {
        let at = |database: &str, port: u16| {
            format!(
                "attributes = {{ Server = \"127.0.0.1\", Database = \"{database}\", Port = \
                 \"{port}\" }}"
            )
        };
        told(
            &at("elsewhere", server.port),
            ErrorCode::Misconfigured,
            &["database \"elsewhere\" does not exist", "source.attributes"],
        );
        told(
            "table = \"elsewhere\"",
            ErrorCode::SourceDrift,
            &["has no table or view", "elsewhere"],
        );
        told(&at("postgres", 1), ErrorCode::SourceUnreachable, &["127.0.0.1", "refused"]);
        told("driver = \"nowhere\"", ErrorCode::Misconfigured, &["nowhere", "install the driver"]);
        told(
            "driver = none\ndsn = \"nowhere\"",
            ErrorCode::Misconfigured,
            &["nowhere", "install the driver"],
        );
        return;
    }
    told("database = \"elsewhere\"", ErrorCode::Misconfigured, &["has no database `elsewhere`"]);
    told("table = \"elsewhere\"", ErrorCode::SourceDrift, &["has no table or view", "elsewhere"]);
    told("port = 1", ErrorCode::SourceUnreachable, &["127.0.0.1:1", "refused"]);
    // Its certificate bears its address, not its other name; and no authority that the system knows
    // vouches for it.
    told("host = \"localhost\"", ErrorCode::SourceUnreachable, &["localhost", "certificate"]);
    told(
        "ca_file = \"/etc/ssl/certs/ca-certificates.crt\"",
        ErrorCode::SourceUnreachable,
        &["certificate"],
    );
    told("ca_file = \"password\"", ErrorCode::Misconfigured, &["ca_file"]);
    told("ca_file = \"nowhere.pem\"", ErrorCode::Misconfigured, &["nowhere.pem"]);
    assert!(rig.open("tls = \"off\"\nca_file = none").is_ok(), "in clear text, where that is said");
}
