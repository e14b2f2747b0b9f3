//! What an interface may do, and what becomes of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

pub mod server;
mod whole;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use zerotrip_proto::v1::ErrorCode;

use self::server::{Api, Asked, Body, Reply, STATED, free_port};
use super::super::conformance::{Kind, LI, Rig, WANG, look_up, names, run, soon};
use super::super::{RestsOn, Source, SourceError};

const WHOLE: &str = "paging = { kind = \"whole\" }\nrows = \"/d\"\nrefresh_every = \"0s\"";
const PAGES: &str = "paging = { kind = \"page\", parameter = \"p\", id = \"n\" }\nrows = \
                     \"/d\"\nrefresh_every = \"0s\"";

/// A row: its number, whom it names, and a name.
fn row(number: usize, owner: &str) -> String {
    format!(
        "{{\"n\": {number}, \"SFZH\": {owner}, \"GYR\": null, \"姓 名) -- drop table (x\": \
         \"r{number}\"}}"
    )
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn page(rows: &[String]) -> String {
    format!("{{\"d\": [{}], \"t\": 6}}", rows.join(","))
}

/// Six rows, of which the fifth is Li's.
fn six() -> Vec<String> {
    (1..=6).map(|number| row(number, &quoted(if number == 5 { LI } else { WANG }))).collect()
}

/// The page of two that was asked for.
fn two_of(rows: &[String], asked: &Asked) -> Reply {
    let Some(number) = asked.number("p").checked_sub(1) else { return Reply::status(400) };
    Reply::json(page(rows.chunks(2).nth(number).unwrap_or_default()))
}

fn rig(source: &str) -> Rig {
    Rig::with(Kind::Rest, source, &[])
}

fn found(source: &dyn Source) -> Result<Vec<String>, SourceError> {
    run(names(source, look_up(&[LI], 100, soon()))).map(|(found, _)| found)
}

/// What opening it says, having been answered so.
fn refused(source: &str, handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> SourceError {
    let rig = rig(source);
    rig.api().answer(handler);
    let error = rig.open().unwrap_err();
    assert!(!error.to_string().contains("s3cret"), "{error}");
    error
}

fn is(error: &SourceError, code: ErrorCode, what: &str) {
    assert!(error.code == code && error.detail.contains(what), "{error}");
}

#[test]
fn every_way_of_paging_finds_the_row_on_a_later_page() {
    let ways = [
        ("{ kind = \"page\", parameter = \"p\", id = \"n\", total = \"/t\" }", "page"),
        (
            "{ kind = \"offset\", parameter = \"o\", size_parameter = \"s\", size = 9, id = \"n\" \
             }",
            "offset",
        ),
        ("{ kind = \"cursor\", parameter = \"c\", next = \"/next\" }", "cursor"),
        ("{ kind = \"link\", total = \"X-Total-Count\" }", "link"),
    ];
    for (paging, way) in ways {
        let rig = rig(&format!("paging = {paging}\nrows = \"/d\"\nrefresh_every = \"0s\""));
        rig.api().answer(move |asked| {
            assert_eq!((asked.path.as_str(), asked.query["key"].as_str()), ("/api/rows", "s3cret"));
            let rows = six();
            match way {
                "page" => two_of(&rows, asked),
                // It gives fewer rows than it was asked for.
                "offset" => Reply::json(page(
                    &rows[asked.number("o").min(6)..(asked.number("o") + 2).min(6)],
                )),
                "cursor" => {
                    let from = asked.number("c");
                    let next =
                        if from + 2 < 6 { (from + 2).to_string() } else { "null".to_owned() };
                    Reply::json(format!(
                        "{{\"next\": {next}, \"d\": [{}]}}",
                        rows[from..from + 2].join(",")
                    ))
                }
                _ => {
                    let from = asked.number("from");
                    let reply = Reply::json(page(&rows[from..from + 2])).with("x-total-count", "6");
                    let next = format!("</api/rows?key=s3cret&from={}>; rel=\"next\"", from + 2);
                    if from + 2 < 6 { reply.with("link", next) } else { reply }
                }
            }
        });
        let source = rig.open().unwrap();
        let (found, end) = run(names(&*source, look_up(&[LI], 100, soon()))).unwrap();
        assert_eq!((found, end.rows), (vec!["r5".to_owned()], 6), "{way}");
    }
}

#[test]
fn a_row_that_moves_between_pages_is_not_lost() {
    // Between the first page and the second one, a row of the first goes: what stood first on the
    // third page comes to the end of the second. A total, and the first page, would stand as
    // they were: another row comes at the end.
    let rig = rig(PAGES);
    let seen = AtomicUsize::new(0);
    rig.api().answer(move |asked| {
        let number = seen.fetch_add(1, Ordering::SeqCst);
        let mut rows = six();
        if number >= 2 {
            rows.remove(2);
            rows.push(row(7, &quoted(WANG)));
        }
        two_of(&rows, asked)
    });
    let source = rig.open().unwrap();
    assert_eq!(found(&*source).unwrap(), ["r5"]);
    // One that never stands still is not answered from.
    let moving = AtomicUsize::new(0);
    rig.api().answer(move |asked| {
        let gone = moving.fetch_add(1, Ordering::SeqCst);
        two_of(
            &(gone..gone + 6).map(|number| row(number, &quoted(WANG))).collect::<Vec<_>>(),
            asked,
        )
    });
    assert_eq!(found(&*source).unwrap_err().code, ErrorCode::SourceTruncated);
}

#[test]
fn a_row_that_comes_twice_stands_for_one_that_never_came() {
    let error = refused(PAGES, |asked| {
        let mut rows = six();
        rows[4] = rows[3].clone(); // each page sorted in its own way, the same each time
        two_of(&rows, asked)
    });
    is(&error, ErrorCode::SourceTruncated, "row 5 has the `id` of a row before it");
}

#[test]
fn totals_are_held_against_what_came() {
    let paging = "rows = \"/d\"\npaging = { kind = \"whole\", total = \"/t\" }";
    is(
        &refused(paging, |_| Reply::json(page(&six()[..5]))),
        ErrorCode::SourceTruncated,
        "says that it has 6 rows, and gave 5",
    );
    is(
        &refused(paging, |_| Reply::json("{\"d\": []}")),
        ErrorCode::SourceDrift,
        "not one number of rows at `/t`",
    );
    let cursor =
        "rows = \"/d\"\npaging = { kind = \"cursor\", parameter = \"c\", next = \"/next\" }";
    is(
        &refused(cursor, |_| Reply::json(page(&six()))),
        ErrorCode::SourceDrift,
        "no cursor at `/next`",
    );
    is(
        &refused(cursor, |_| Reply::json("{\"d\": [], \"next\": \"again\"}")),
        ErrorCode::SourceFailed,
        "leads back to itself",
    );
    let link = "<https://127.0.0.1:1/api/rows?key=s3cret>; rel=\"next\"";
    is(
        &refused(WHOLE, move |_| Reply::json(page(&six())).with("link", link)),
        ErrorCode::Misconfigured,
        "not whole",
    );
    let links = "rows = \"/d\"\npaging = { kind = \"link\" }";
    is(
        &refused(links, move |_| Reply::json(page(&six())).with("link", link)),
        ErrorCode::Misconfigured,
        "another server",
    );
    is(
        &refused(&format!("{PAGES}\nmost_pages = 3"), |asked| two_of(&six(), asked)),
        ErrorCode::SourceLimit,
        "over 3 pages",
    );
}

#[test]
fn what_is_not_an_answer_is_refused_by_name() {
    for (reply, code, what) in [
        (
            Reply::status(302).with("location", "https://login.example/?token=s3cret"),
            ErrorCode::Misconfigured,
            "leads to https://login.example",
        ),
        (Reply::status(401), ErrorCode::Misconfigured, "source.header_file"),
        (Reply::status(404), ErrorCode::SourceDrift, "is not there"),
        (Reply::status(206), ErrorCode::SourceFailed, "status 206"),
        (Reply::status(204), ErrorCode::SourceFailed, "status 204"),
        (Reply::status(500), ErrorCode::SourceFailed, "status 500"),
        (
            Reply::json(page(&six())).with("content-encoding", "gzip"),
            ErrorCode::SourceFailed,
            "compressed",
        ),
        (Reply::json("<html>log in</html>"), ErrorCode::SourceFailed, "no JSON at byte 0"),
        (Reply::json("{\"d\": {}}"), ErrorCode::SourceDrift, "no array of rows at `/d`"),
        (Reply::json("{\"d\": null}"), ErrorCode::SourceDrift, "no array of rows"),
        (Reply::json(page(&six())[..100].to_owned()), ErrorCode::SourceTruncated, "cut off"),
        (
            Reply::body(Body::Whole(b"{\"d\": [\"\xff\"]}".to_vec())),
            ErrorCode::SourceFailed,
            "UTF-8",
        ),
        (
            Reply::body(Body::Endless(&[b' '; 1 << 16])),
            ErrorCode::SourceLimit,
            "over 67108864 bytes",
        ),
        (
            Reply::json(format!("{{\"d\": {}", "[".repeat(100_000))),
            ErrorCode::SourceLimit,
            "levels",
        ),
        (
            Reply::json(format!("{{\"d\": [{{\"SFZH\": \"{WANG}\", \"SFZH\": \"{LI}\"}}]}}")),
            ErrorCode::SourceFailed,
            "a name twice",
        ),
        (Reply::json("{\"d\": [{\"SFZH\": \"1\"}]}"), ErrorCode::SourceDrift, "row 1 has no `GYR`"),
        (Reply::json("{\"d\": [[]]}"), ErrorCode::SourceDrift, "row 1 has no `SFZH`"),
        (
            Reply::json("{\"d\": [{\"SFZH\": {\"id\": \"1\"}}]}"),
            ErrorCode::SourceDrift,
            "an object or an array in `SFZH`",
        ),
    ] {
        let reply = std::sync::Mutex::new(Some(reply));
        let error = refused(WHOLE, move |_| {
            reply.lock().unwrap().take().unwrap_or_else(|| Reply::json("{\"d\": [\""))
        });
        is(&error, code, what);
    }
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again_and_never_taken_for_whole() {
    let whole = page(&six()).into_bytes();
    let rig = rig(WHOLE);
    let text = whole.clone();
    rig.api().answer(move |asked| {
        Reply::body(if asked.number < 2 {
            Body::CutOff(text[..80].to_vec())
        } else {
            Body::Whole(text.clone())
        })
    });
    let source = rig.open().unwrap();
    assert_eq!((found(&*source).unwrap(), rig.api().asked()), (vec!["r5".to_owned()], 4));
    rig.api().answer(move |_| Reply::body(Body::CutOff(whole[..80].to_vec())));
    assert_eq!(found(&*source).unwrap_err().code, ErrorCode::SourceUnreachable);
    assert_eq!(rig.api().asked(), 8, "four times, and no more");
}

#[test]
fn a_busy_server_is_asked_again_after_the_time_that_it_names() {
    for status in [429, 503] {
        let rig = rig(WHOLE);
        rig.api().answer(move |asked| {
            if asked.number == 0 {
                Reply::status(status).with("retry-after", "1")
            } else {
                Reply::json(page(&six()))
            }
        });
        let begun = Instant::now();
        rig.open().unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(1) && rig.api().asked() == 2, "{status}");
    }
    let rig = rig(WHOLE);
    rig.api().answer(|_| Reply::status(500));
    assert_eq!(
        (rig.open().unwrap_err().code, rig.api().asked()),
        (ErrorCode::SourceFailed, 1),
        "and nothing else is"
    );
}

#[test]
fn a_slow_server_does_not_hold_up_a_look_up() {
    let rig = rig(&format!("{WHOLE}\ntime_out = \"1s\""));
    rig.api().answer(|_| Reply::json(page(&six())));
    let source = rig.open().unwrap();
    rig.api().answer(|_| Reply::body(Body::Silent(b"{\"d\": [")));
    let begun = Instant::now();
    assert_eq!(found(&*source).unwrap_err().code, ErrorCode::SourceTimeout);
    assert!(begun.elapsed() < Duration::from_secs(10));
    // Who gives up earlier waits no longer, and the reading ends with them.
    let cancellation = soon();
    let (asked, begun) = (rig.api().asked(), Instant::now());
    let given_up = run(async {
        let (source, look_up) = (Arc::clone(&source), look_up(&[LI], 10, cancellation.clone()));
        let waiting = tokio::spawn(async move { names(&*source, look_up).await });
        while rig.api().asked() == asked {
            tokio::task::yield_now().await;
        }
        cancellation.cancel();
        waiting.await.unwrap().unwrap_err().code
    });
    assert_eq!(given_up, ErrorCode::SourceTimeout);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    rig.api().answer(|_| Reply::json(page(&six())));
    assert_eq!(found(&*source).unwrap(), ["r5"]);
}

#[test]
fn the_snapshot_before_serves_while_the_server_is_away_with_its_own_time() {
    let mut rig = rig("rows = \"/d\"\nrefresh_every = \"1s\"\npaging = { kind = \"whole\" }");
    rig.api().answer(|_| Reply::json(page(&six())));
    let source = rig.open().unwrap();
    let ask = || run(names(&*source, look_up(&[LI], 100, soon()))).unwrap();
    let (first, rests_on) = (ask().1.as_of, ask().1.rests_on);
    assert!(matches!(rests_on, RestsOn::Pass(_)));
    rig.api_mut().stop();
    let trouble = || run(source.survey()).unwrap().advice.join(" ");
    until(|| trouble().contains("the latest reading failed"));
    let (kept, as_of) = (ask().0, ask().1.as_of);
    assert_eq!(kept, ["r5"]);
    assert!(as_of >= first);
    rig.api_mut().resume();
    rig.api().answer(|_| Reply::json(page(&[row(9, &quoted(LI))])));
    until(|| ask().0 == ["r9"]);
    assert!(ask().1.as_of > as_of && ask().1.rests_on != rests_on);
    assert!(!trouble().contains("failed"), "{}", trouble());
    // What nobody reads any more goes.
    let left = || {
        fs::read_dir(rig.folder.path().join("state/snapshots/estate.ownership")).unwrap().count()
    };
    until(|| left() <= 2);
    drop(source);
    until(|| left() == 0);
}

fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::yield_now();
    }
}

#[test]
fn values_are_as_they_are_written() {
    let rig = rig(WHOLE);
    let rows = [
        row(1, "110105491231002"),
        row(2, "440524188001010014"),
        row(3, "440524188001010000"),
        row(4, "null").replace("\"GYR\": null", "\"GYR\": \"110105 19491231 002X\""),
        row(5, "true"),
        row(6, &quoted("\\u0031\\uff11010519491231002X")),
    ];
    rig.api().rows(page(&rows));
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[LI], 100, soon()))).unwrap();
    assert_eq!(found, ["r1", "r4", "r6"]);
    assert!(
        end.could_match.all().contains(&"row 5".to_owned())
            && !end.could_match.all().contains(&"row 3".to_owned()),
        "{:?}",
        end.could_match.all()
    );
    let (found, end) = run(names(&*source, look_up(&[WANG], 100, soon()))).unwrap();
    assert_eq!(found, ["r2"], "a whole number keeps its last digits");
    assert!(
        end.could_match.all().contains(&"row 3".to_owned()),
        "what a floating-point number left could be his: {:?}",
        end.could_match.all()
    );
}

#[test]
fn secret_headers_are_sent_and_never_told() {
    let rig = rig(&format!("{WHOLE}\nheader_file = \"secret\""));
    rig.api().answer(|asked| {
        let ours = asked.headers.get("authorization").is_some_and(|value| value == "Bearer t0p");
        assert_eq!(
            (asked.headers["accept-encoding"].as_bytes(), asked.headers.contains_key("range")),
            (&b"identity"[..], false)
        );
        if ours { Reply::json(page(&six())) } else { Reply::status(401) }
    });
    let path = rig.folder.path().join("secret");
    let write = |text: &str, mode| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    assert_eq!(rig.open().unwrap_err().code, ErrorCode::Misconfigured, "no file");
    for (text, mode, what) in [
        ("Authorization: Bearer t0p", 0o644, "others than its owner"),
        ("Bearer t0p", 0o600, "line 1"),
        ("X: 1\nHost: t0p", 0o600, "line 2"),
        ("Authorization: Bearer t0p\u{1}", 0o600, "line 1"),
        ("", 0o600, "must hold 1 to 8 headers"),
        ("Authorization: Bearer t0p2", 0o600, "does not let us in"),
    ] {
        write(text, mode);
        let error = rig.open().unwrap_err();
        is(&error, ErrorCode::Misconfigured, what);
        assert!(!error.to_string().contains("t0p"), "{error}");
    }
    write("\nAuthorization: Bearer t0p\r\n", 0o600);
    let source = rig.open().unwrap();
    assert_eq!(found(&*source).unwrap(), ["r5"]);
    assert!(!format!("{source:?}").contains("t0p"));
}

#[test]
fn whom_nobody_vouches_for_is_not_asked() {
    let rig = rig(WHOLE);
    rig.api().answer(|_| panic!("asked"));
    let other = tempfile::tempdir().unwrap();
    drop(Api::start(other.path()));
    fs::copy(other.path().join("ca.pem"), rig.folder.path().join("ca.pem")).unwrap();
    is(&rig.open().unwrap_err(), ErrorCode::SourceUnreachable, "certificate");
    assert_eq!(rig.api().asked(), 0);
    let source = format!(
        "kind = \"rest\"\nurl = \"http://127.0.0.1:{}\"\ntls = \"off\"\n{STATED}\n{WHOLE}",
        free_port()
    );
    let error = Rig::said(Kind::Rest, &source).open().unwrap_err();
    is(&error, ErrorCode::SourceUnreachable, "127.0.0.1");
}
