#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use proptest::prelude::*;

use zerotrip_proto::v1::ErrorCode;

use super::reader::{MOST_DEPTH, MOST_ROW, MOST_VALUES};
use super::*;
use crate::SourceError;

fn all(text: &str) -> Result<Json<'_>, SourceError> {
    read(text, &["no rows".to_owned()], &mut |_| Ok(())).map(|(value, _)| value)
}

/// The same value, as another reader sees it.
fn plain(value: &Json<'_>) -> serde_json::Value {
    match value {
        Json::Null => serde_json::Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(text) => serde_json::from_str(text).unwrap(),
        Json::Text(text) => text.as_ref().into(),
        Json::Array(values) => values.iter().map(plain).collect(),
        Json::Object(members) => {
            members.iter().map(|(name, value)| (name.to_string(), plain(value))).collect()
        }
    }
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<i32>().prop_map(|eighths| (f64::from(eighths) / 8.0).into()), /* exact, however it
                                                                             * is read */
        "\\PC{0,8}|[\u{0}-\u{1f}\"\\\\]{0,4}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            proptest::collection::vec(("\\PC{0,3}", inner), 0..6)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in values(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(plain(&all(&text).unwrap()), value);
        // And no beginning of it is taken for the whole, unless it is a number.
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end) && !text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())) {
            prop_assert_eq!(all(&text[..end]).unwrap_err().code, ErrorCode::SourceTruncated, "{}", &text[..end]);
        }
    }

    #[test]
    fn nothing_is_read_that_another_reader_refuses(text in "[\\[\\]{}:,\"0-9eE.+\\-truefalsn \\\\u]{0,16}") {
        let other = serde_json::from_str::<serde_json::Value>(&text);
        if let Ok(value) = all(&text) {
            // Numbers beyond a double's range are digits to us.
            let range = other.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
            prop_assert!(range || other.is_ok_and(|other| other == plain(&value)), "{}", text);
        }
    }
}

#[test]
fn digits_escapes_and_halves_of_pairs() {
    let text =
        r#"[440524188001010014, 1.50, -0E+07, "\u5f20\ud842\udfb7\ud800x\/", "\ud800\u0041"]"#;
    let Json::Array(values) = all(text).unwrap() else { panic!() };
    let text = |text: &'static str| Json::Text(text.into());
    let expected = [
        Json::Number("440524188001010014"),
        Json::Number("1.50"),
        Json::Number("-0E+07"),
        text("张𠮷\u{fffd}x/"),
        text("\u{fffd}A"),
    ];
    assert_eq!(values, expected);
}

#[test]
fn what_is_no_json_is_refused() {
    let wrong = [
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "[01]",
        "[1.]",
        "[.5]",
        "[+1]",
        "[1 2]",
        "nul!",
        "\"\\x\"",
        "\"\n\"",
        "[] []",
        "<html>",
        "['a']",
    ];
    for text in wrong {
        assert_eq!(all(text).unwrap_err().code, ErrorCode::SourceFailed, "{text}");
    }
    let twice = all(r#"{"a": 1, "b": 2, "\u0061": 3}"#).unwrap_err();
    assert!(twice.detail.contains("a name twice"), "{}", twice.detail);
}

#[test]
fn bounds_hold() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(all(&deep(MOST_DEPTH + 1)).is_ok());
    let wide = format!("[{}0]", "0,".repeat(MOST_VALUES));
    for text in [deep(MOST_DEPTH + 2), deep(1 << 20), wide] {
        assert_eq!(all(&text).unwrap_err().code, ErrorCode::SourceLimit);
    }
    let long = format!("[\"{}\"]", "a".repeat(MOST_ROW));
    assert_eq!(read(&long, &[], &mut |_| Ok(())).unwrap_err().code, ErrorCode::SourceLimit);
}

#[test]
fn rows_are_handed_over_and_what_is_around_them_kept() {
    let text = r#"{"total": 2, "data": [{"list": []}, {"list": [{"a": null}, {"b": {"c": 1}}]}], "next": ""}"#;
    let steps = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let mut rows = Vec::new();
    let mut each = |row: &Json<'_>| {
        rows.push((row.at(&steps("a/x")).map(plain), row.at(&steps("b/c")).map(plain)));
        Ok(())
    };
    let (around, found) = read(text, &steps("data/*/list"), &mut each).unwrap();
    assert!(found);
    assert_eq!(rows, [(Some(serde_json::Value::Null), None), (None, Some(1.into()))]);
    assert_eq!(around.at(&steps("total")), Some(&Json::Number("2")));
    // One of several lists of rows would leave the others.
    for one in ["data/0/list", "data/1/list", "data/2/list"] {
        assert_eq!(
            read(text, &steps(one), &mut |_| Ok(())).unwrap_err().code,
            ErrorCode::SourceDrift,
            "{one}"
        );
    }
    // What leads to no list of rows would leave out its own.
    for odd in [
        r#"{"items": [1]}"#,
        r#"{"list": null}"#,
        r#"{"list": {"0": 1}}"#,
        r#"{"error": "late"}"#,
        "null",
        "7",
        "[]",
    ] {
        for text in [
            format!(r#"[{{"list": [1], "n": [2]}}, {odd}]"#),
            format!(r#"[{odd}, {{"list": [1]}}]"#),
        ] {
            let error = read(&text, &steps("*/list"), &mut |_| Ok(())).unwrap_err();
            assert_eq!(error.code, ErrorCode::SourceDrift, "{text}");
            let within = format!(r#"[{{"of": [{{"list": []}}]}}, {{"of": {text}}}]"#);
            assert!(read(&within, &steps("*/of/*/list"), &mut |_| Ok(())).is_err(), "{within}");
        }
    }
    for sound in [
        r#"[]"#,
        r#"[{"of": []}]"#,
        r#"[{"of": [{"list": [], "x": [[1], 2]}, {"x": [3], "list": [4]}]}, {"of": []}]"#,
    ] {
        read(sound, &steps("*/of/*/list"), &mut |_| Ok(())).unwrap();
    }
    assert!(!read(text, &steps("next/0"), &mut |_| Ok(())).unwrap().1);
    assert!(!read(text, &steps("total"), &mut |_| Ok(())).unwrap().1);
}
