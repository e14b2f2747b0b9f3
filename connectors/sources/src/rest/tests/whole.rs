//! Whether a collection is whole and of now: lists within rows, pages that count from another
//! number, caches.

use super::super::super::conformance::{LI, WANG, look_up, names, run, soon};
use super::server::{Asked, Reply};
use super::*;

/// The row's owners as a list within it.
fn owned(number: usize, owners: &str) -> String {
    format!(
        "{{\"n\": {number}, \"owners\": {owners}, \"GYR\": null, \"姓 名) -- drop table (x\": \
         \"r{number}\"}}"
    )
}

fn list(owners: &[&str]) -> String {
    format!(
        "[{}]",
        owners.iter().map(|owner| format!("{{\"id\": \"{owner}\"}}")).collect::<Vec<_>>().join(",")
    )
}

/// A source whose first column is this field.
fn with_field(field: &str, source: &str, rows: &[String]) -> Rig {
    let mut rig = rig(source);
    rig.field("SFZH", field);
    rig.api().rows(page(rows));
    rig
}

/// Case 04: whoever stands second in a list is found, and a pointer to the first is refused as soon
/// as there is a second.
#[test]
fn each_element_of_a_list_is_a_person_of_its_row() {
    let rows =
        [owned(1, &list(&[WANG, LI])), owned(2, &list(&[WANG])), owned(3, "[]"), owned(4, "null")];
    let rig = with_field("/owners/*/id", WHOLE, &rows);
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[LI], 100, soon()))).unwrap();
    assert_eq!(
        (found, end.rows, end.could_match.all().len()),
        (vec!["r1".to_owned()], 5, 2),
        "a row with nobody in it is anybody's"
    );
    assert_eq!(run(names(&*source, look_up(&[WANG], 100, soon()))).unwrap().0, ["r1", "r2"]);
    for field in ["/owners/0/id", "/owners/1/id"] {
        is(
            &with_field(field, WHOLE, &rows).open().unwrap_err(),
            ErrorCode::SourceDrift,
            "further elements beside",
        );
    }
    assert!(with_field("/owners/0/id", WHOLE, &rows[1..2]).open().is_ok(), "the only one");
    is(
        &with_field("/owners/*/nr", WHOLE, &rows[..1]).open().unwrap_err(),
        ErrorCode::SourceDrift,
        "row 1 has no `/owners/*/nr`",
    );
    is(
        &with_field("/n/*/id", WHOLE, &rows[..1]).open().unwrap_err(),
        ErrorCode::SourceDrift,
        "has no list",
    );
    is(
        &with_field("/a/*/b/*/c", WHOLE, &rows[..1]).open().unwrap_err(),
        ErrorCode::Misconfigured,
        "a list within a list",
    );
}

/// Rows stand in a list of lists as well.
#[test]
fn a_second_list_of_rows_is_not_passed_over() {
    let answer = |groups: &[&[String]]| {
        let groups: Vec<String> =
            groups.iter().map(|rows| format!("{{\"rows\": [{}]}}", rows.join(","))).collect();
        Reply::json(format!("{{\"d\": [{}]}}", groups.join(",")))
    };
    let (one, other) = ([row(1, &quoted(WANG))], [row(2, &quoted(LI))]);
    let with = |rows: &str| WHOLE.replace("rows = \"/d\"", &format!("rows = \"{rows}\""));
    let (first, second) = (one.clone(), other.clone());
    is(
        &refused(&with("/d/0/rows"), move |_| answer(&[&first, &second])),
        ErrorCode::SourceDrift,
        "write `*` for each",
    );
    let rig = rig(&with("/d/*/rows"));
    rig.api().answer(move |_| answer(&[&one, &other]));
    assert_eq!(found(&*rig.open().unwrap()).unwrap(), ["r2"]);
}

/// Case 07, and its kind: whatever the number of the first page, and whatever the server makes of
/// the ones beside it.
#[test]
fn pages_that_count_from_another_number_are_refused() {
    let numbered = |first: i64, asked: &Asked| {
        let place = asked.query["p"].parse::<i64>().unwrap() - first;
        usize::try_from(place).map_or_else(
            |_| Reply::status(400),
            |place| Reply::json(page(six().chunks(2).nth(place).unwrap_or_default())),
        )
    };
    let says = |first: u32| {
        PAGES.replace("parameter = \"p\"", &format!("parameter = \"p\", first = {first}"))
    };
    for (said, is_so) in [(1, 0), (0, -1)] {
        let error = refused(&says(said), move |asked| numbered(is_so, asked));
        is(&error, ErrorCode::SourceTruncated, "a row at `p` = ");
        assert!(error.detail.contains("`first`"), "{error}");
    }
    for first in [0, 1] {
        // Beside the first page: refused, empty, the first page again, the last one from behind; or
        // an answer that says so in its own way.
        for beside in 0..5 {
            let rig = rig(&says(first));
            rig.api().answer(move |asked| {
                let number = asked.query["p"].parse::<i64>().unwrap();
                match (number < i64::from(first), beside) {
                    (false, _) => numbered(i64::from(first), asked),
                    (true, 0) => Reply::status(500),
                    (true, 1) => Reply::json(page(&[])),
                    (true, 2) => Reply::json(page(&six()[..2])),
                    (true, 3) => Reply::json(page(&six()[4..])),
                    (true, _) => Reply::json("{\"code\": 400, \"msg\": \"no such page\"}"),
                }
            });
            assert_eq!(found(&*rig.open().unwrap()).unwrap(), ["r5"], "{first} {beside}");
        }
    }
    // Whom that cannot be asked of is not answered from.
    let error = refused(PAGES, |asked| {
        if asked.number("p") == 0 { Reply::status(401) } else { two_of(&six(), asked) }
    });
    assert_eq!(error.code, ErrorCode::Misconfigured);
}

/// An offset that is a page's number, an empty page that is not the last one, and a server that
/// gives less than it is asked for.
#[test]
fn rows_behind_what_looks_like_the_end_are_not_lost() {
    let offset = "paging = { kind = \"offset\", parameter = \"o\", id = \"n\" }\nrows = \
                  \"/d\"\nrefresh_every = \"0s\"";
    let error = refused(offset, |asked| {
        Reply::json(page(six().chunks(2).nth(asked.number("o")).unwrap_or_default()))
    });
    is(&error, ErrorCode::SourceTruncated, "a row at `o` = 1");
    // Filtered after it was cut into pages: the second has nothing left.
    let filtered = |asked: &Asked| {
        let rows = six();
        match asked.number("p") {
            1 => Reply::json(page(&rows[..2])),
            3 => Reply::json(page(&rows[4..])),
            _ => Reply::json(page(&[])),
        }
    };
    is(&refused(PAGES, filtered), ErrorCode::SourceTruncated, "a row at `p` = 3");
    // What the number of all rows proves needs no asking behind the end.
    let rig = rig(&PAGES.replace("id = \"n\"", "id = \"n\", total = \"/t\""));
    rig.api().answer(|asked| {
        if asked.number("p") > 4 { Reply::status(403) } else { two_of(&six(), asked) }
    });
    assert_eq!(found(&*rig.open().unwrap()).unwrap(), ["r5"]);
}

/// A cache says how old its answers are, and so may an interface.
#[test]
fn an_answer_is_as_old_as_it_says() {
    let seen = |source: &str, reply: fn() -> Reply| {
        let rig = rig(source);
        rig.api().answer(move |_| reply());
        let before = std::time::SystemTime::now();
        rig.open().map(|source| {
            before
                .duration_since(run(names(&*source, look_up(&[LI], 100, soon()))).unwrap().1.as_of)
                .unwrap_or_default()
        })
    };
    let hour = Duration::from_secs(3600);
    assert!(seen(WHOLE, || Reply::json(page(&six()))).unwrap() < hour);
    assert!(seen(WHOLE, || Reply::json(page(&six())).with("age", "7200")).unwrap() > hour);
    assert!(
        seen(WHOLE, || Reply::json(page(&six())).with("date", "Sun, 22 Nov 2026 00:30:00 GMT"))
            .unwrap()
            > hour
    );
    for odd in [("age", "old"), ("date", "yesterday")] {
        let odd = move || Reply::json(page(&six())).with(odd.0, odd.1);
        let rig = rig(WHOLE);
        rig.api().answer(move |_| odd());
        is(&rig.open().unwrap_err(), ErrorCode::SourceDrift, "cannot be read");
    }
    let said = format!("{WHOLE}\nas_of = \"/at\"");
    let reply =
        || Reply::json(page(&six()).replace("\"t\": 6", "\"at\": \"2026-11-22T00:30:00+08:00\""));
    assert!(seen(&said, reply).unwrap() > hour);
    is(
        &seen(&said, || Reply::json(page(&six()))).unwrap_err(),
        ErrorCode::SourceStale,
        "has no time such as",
    );
}

/// Case 36 of an interface: a row could be about whoever is in a member that no column names.
#[test]
fn ids_that_no_column_names_are_refused_by_their_place() {
    let both = row(1, &quoted(WANG)).replacen(
        '{',
        &format!("{{\"co\": [{{\"nr\": \"{LI}\"}}], \"note\": \"330106\", "),
        1,
    );
    let rig = rig(WHOLE);
    rig.api().rows(page(&[both, row(2, &quoted(WANG))]));
    let error = rig.open().unwrap_err();
    is(&error, ErrorCode::SourceDrift, "`/co/*/nr` in 1 row");
    assert!(!error.detail.contains("/note") && !error.detail.contains("`/SFZH`"), "{error}");
}

/// What a header says twice, it does not say; and what is no plain number is none.
#[test]
fn a_header_counts_once() {
    use super::super::client::{number, once};
    let mut headers = hyper::HeaderMap::new();
    assert_eq!(once(&headers, "x-total"), None);
    headers.append("x-total", " 50 ".parse().unwrap());
    assert_eq!(once(&headers, "x-total").and_then(number), Some(50));
    headers.append("x-total", "51".parse().unwrap());
    assert_eq!(once(&headers, "x-total"), None);
    for text in ["", "+50", "-1", "5e1", "50.0", "5 0", "50, 51", "99999999999999999999"] {
        assert_eq!(number(text), None, "{text}");
    }
}

/// Nor does it read what is beside the array of rows, or stands there as the name of a member.
#[test]
fn ids_beside_the_rows_and_in_names_are_refused() {
    let beside =
        |more: &str| page(&[row(1, &quoted(WANG))]).replacen('{', &format!("{{{more}, "), 1);
    for (more, place) in [
        (format!("\"extra\": [{{\"SFZH\": \"{LI}\"}}]"), "`/extra/*/SFZH` in 1 row"),
        (format!("\"SFZH\": \"{LI}\""), "`/SFZH` in 1 row"),
        (format!("\"of\": {{\"{LI}\": 1}}"), "`/of` in 1 row"),
    ] {
        let rig = rig(WHOLE);
        rig.api().rows(beside(&more));
        let error = rig.open().unwrap_err();
        is(&error, ErrorCode::SourceDrift, place);
        assert!(!error.detail.contains(LI), "{error}");
    }
    let rig = rig(WHOLE);
    rig.api().rows(page(&[row(1, &quoted(WANG)).replacen(
        '{',
        &format!("{{\"of\": {{\"{LI}\": true}}, "),
        1,
    )]));
    is(&rig.open().unwrap_err(), ErrorCode::SourceDrift, "`/of` in 1 row");
    let rig = super::rig(WHOLE);
    rig.api().rows(beside("\"note\": \"of 2026-11-22, request 330106199005\""));
    rig.open().unwrap();
}

/// Case 33: what serves, `inspect` reads, and what it does not, neither does.
#[test]
fn inspect_reads_what_serves() {
    use super::super::super::catalogue::Catalogue as _;
    use super::super::catalogue::Interface;
    use zerotrip_datasets::file::{Tls, Url};

    let half = row(1, &quoted("\\ud83dx"));
    let texts = [
        (format!("\u{feff}{}", page(&six())), true),
        (page(&[half]), true),
        (page(&[row(1, "1e999")]), true),
        (format!("{} x", page(&six())), false),
        (page(&six()).replacen("\"n\": 1", "\"n\": 01", 1), false),
        (page(&six()).replacen("\"n\": 1", "\"n\": 1, \"n\": 2", 1), false),
    ];
    for (text, is_read) in texts {
        let rig = rig(WHOLE);
        rig.api().rows(text.clone());
        let url = format!("https://127.0.0.1:{}/api/rows", rig.api().port);
        let tls =
            Tls::Verify { ca_file: Some(rig.folder.path().join("ca.pem").display().to_string()) };
        let interface = Interface::new(Url::parse(&url).unwrap(), &url, None, tls);
        assert_eq!(rig.open().is_ok(), is_read, "{text:.80}");
        let looked = interface.look(None).map(|look| look.rows);
        assert_eq!(
            (looked.is_ok(), interface.tables().is_ok()),
            (is_read, is_read),
            "{text:.80}: {looked:?}"
        );
    }
}
