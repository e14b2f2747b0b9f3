//! JSON (RFC 8259) as a register needs it: numbers keep their digits, `null` and what is not there
//! are two things, a key that stands twice in an object is an error, and rows are handed over one
//! by one, so that an answer takes little more room than its bytes.

use std::borrow::Cow;

use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;

/// Levels of arrays and objects.
const MOST_DEPTH: usize = 64;
/// Values in one row, and in all that stands around the rows.
const MOST_VALUES: usize = 10_000;
/// The step that stands for each element of an array.
pub const EACH: &str = "*";
/// Bytes of one row.
const MOST_ROW: usize = 1 << 20;

/// A value.
#[derive(Debug, PartialEq, Eq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(&'a str),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object; no two of its names are equal.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// What a pointer's steps lead to; what leads through `null` leads to it. `None` if there is
    /// nothing.
    pub fn at(&self, steps: &[String]) -> Option<&Self> {
        let Some((step, rest)) = steps.split_first() else { return Some(self) };
        match self {
            Self::Null => Some(self),
            Self::Object(members) => members.iter().find(|(name, _)| name == step)?.1.at(rest),
            Self::Array(values) => values.get(index(step)?)?.at(rest),
            Self::Bool(_) | Self::Number(_) | Self::Text(_) => None,
        }
    }
}

/// What stands beside what a step leads to: more elements of its array.
#[derive(Debug)]
pub struct Beside;

impl Json<'_> {
    /// The same where a number leads to the only element of an array; an error where there are
    /// others beside it.
    pub fn only(&self, steps: &[String]) -> Result<Option<&Self>, Beside> {
        let Some((step, rest)) = steps.split_first() else { return Ok(Some(self)) };
        match self {
            Self::Array(values) if values.len() > 1 && index(step).is_some() => Err(Beside),
            _ => self.at(std::slice::from_ref(step)).map_or(Ok(None), |inner| inner.only(rest)),
        }
    }
}

/// A whole answer as it is, with at most so many values.
pub fn tree(text: &str, most: usize) -> Result<Json<'_>, SourceError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        Reader { text, at: 0, values: 0, most, found: false, led: false, each: &mut |_| Ok(()) };
    let value = reader.value(0, None)?;
    reader.end().map(|()| value)
}

/// Reads a whole answer. Every element of the array at `rows` goes to `each`, and is not kept;
/// returned is what stands around them, and whether there is such an array.
pub fn read<'a>(
    text: &'a str,
    rows: &[String],
    each: &mut dyn FnMut(&Json<'a>) -> Result<(), SourceError>,
) -> Result<(Json<'a>, bool), SourceError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        Reader { text, at: 0, values: 0, most: MOST_VALUES, found: false, led: false, each };
    let value = reader.value(0, Some(rows))?;
    reader.end()?;
    Ok((value, reader.found))
}

struct Reader<'a, 'r> {
    text: &'a str,
    at: usize,
    /// Read so far, of this row or around the rows.
    values: usize,
    /// Most of them.
    most: usize,
    /// Whether the rows were met.
    found: bool,
    /// Whether the value read last led to rows, or to a list of what leads there that is empty.
    led: bool,
    each: &'r mut dyn FnMut(&Json<'a>) -> Result<(), SourceError>,
}

impl<'a> Reader<'a, '_> {
    /// `way` is what leads from here to the rows; `None` where they cannot be.
    fn value(&mut self, depth: usize, way: Option<&[String]>) -> Result<Json<'a>, SourceError> {
        self.values += 1;
        if depth > MOST_DEPTH || self.values > self.most {
            let most = self.most;
            let detail = format!(
                "the JSON at byte {} has over {MOST_DEPTH} levels, or over {most} values in a row",
                self.at
            );
            return Err(SourceError::new(ErrorCode::SourceLimit, detail));
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(depth, way),
            Some(b'[') if way.is_some_and(<[String]>::is_empty) => self.rows(depth),
            Some(b'[') => self.array(depth, way),
            Some(b'"') => self.string().map(Json::Text),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.broken("no value begins here")),
        }
    }

    fn end(&mut self) -> Result<(), SourceError> {
        self.blanks();
        if self.at < self.text.len() {
            Err(self.broken("something stands behind its end"))
        } else {
            Ok(())
        }
    }

    fn object(&mut self, depth: usize, way: Option<&[String]>) -> Result<Json<'a>, SourceError> {
        let mut members = Vec::new();
        self.at += 1;
        let mut first = true;
        while self.goes_on(b'}', &mut first)? {
            let name = self.string()?;
            self.blanks();
            self.take(b':')?;
            let way = way
                .and_then(<[String]>::split_first)
                .and_then(|(step, rest)| (name == *step).then_some(rest));
            members.push((name, self.value(depth + 1, way)?));
        }
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            let detail = format!(
                "the object that ends at byte {} has a name twice; which value counts cannot be \
                 told",
                self.at
            );
            return Err(SourceError::new(ErrorCode::SourceFailed, detail));
        }
        Ok(Json::Object(members))
    }

    fn array(&mut self, depth: usize, way: Option<&[String]>) -> Result<Json<'a>, SourceError> {
        let mut values = Vec::new();
        // Each of them holds rows: one that does not would be left out without a word.
        let each = way.and_then(<[String]>::first).is_some_and(|step| step == EACH);
        self.at += 1;
        let mut first = true;
        while self.goes_on(b']', &mut first)? {
            let is_meant = |step: &str| step == EACH || index(step) == Some(values.len());
            let way = way
                .and_then(<[String]>::split_first)
                .and_then(|(step, rest)| is_meant(step).then_some(rest));
            self.led &= !each;
            values.push(self.value(depth + 1, way)?);
            if each && !self.led {
                let detail = format!(
                    "element {} of the array that is read to byte {} has no array of rows where \
                     `source.rows` leads: have `[]` given where there are none",
                    values.len(),
                    self.at
                );
                return Err(SourceError::new(ErrorCode::SourceDrift, detail));
            }
        }
        self.led |= each;
        if values.len() > 1
            && way.and_then(<[String]>::first).is_some_and(|step| index(step).is_some())
        {
            let detail = format!(
                "the array that ends at byte {} has {} elements, and `source.rows` names one of \
                 them: write `*` for each",
                self.at,
                values.len()
            );
            return Err(SourceError::new(ErrorCode::SourceDrift, detail));
        }
        Ok(Json::Array(values))
    }

    fn rows(&mut self, depth: usize) -> Result<Json<'a>, SourceError> {
        let around = self.values;
        self.found = true;
        self.at += 1;
        let mut first = true;
        while self.goes_on(b']', &mut first)? {
            let start = self.at;
            self.values = 0;
            let row = self.value(depth + 1, None)?;
            if self.at - start > MOST_ROW {
                return Err(SourceError::new(
                    ErrorCode::SourceLimit,
                    format!("the row at byte {start} has over {MOST_ROW} bytes"),
                ));
            }
            (self.each)(&row)?;
        }
        self.values = around;
        self.led = true;
        Ok(Json::Array(Vec::new()))
    }

    /// Whether another element follows; its comma is behind us then.
    fn goes_on(&mut self, end: u8, first: &mut bool) -> Result<bool, SourceError> {
        self.blanks();
        if self.peek() == Some(end) {
            self.at += 1;
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.take(b',')?;
            self.blanks();
        }
        Ok(true)
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, SourceError> {
        for byte in word.bytes() {
            self.take(byte)?;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Json<'a>, SourceError> {
        let start = self.at;
        self.skip(b"-");
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        Ok(Json::Number(self.text.get(start..self.at).unwrap_or_default()))
    }

    fn digits(&mut self) -> Result<(), SourceError> {
        if !self.skip(b"0123456789") {
            return Err(self.broken("a digit is missing"));
        }
        while self.skip(b"0123456789") {}
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, SourceError> {
        self.take(b'"')?;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest
                .find(|c: char| c == '"' || c == '\\' || c < ' ')
                .ok_or_else(|| self.cut_off())?;
            text += rest.get(..plain).unwrap_or_default();
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.to_mut().push(self.escaped()?),
                _ => return Err(self.broken("a control character stands in a string")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, SourceError> {
        self.at += 1;
        let escaped = self.peek().ok_or_else(|| self.cut_off())?;
        self.at += 1;
        Ok(match escaped {
            b'"' | b'\\' | b'/' => char::from(escaped),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.broken("a string has an escape that there is not")),
        })
    }

    /// Half of a pair becomes a character that nothing reads.
    fn unicode(&mut self) -> Result<char, SourceError> {
        let high = self.four()?;
        let rest = self.text.get(self.at..).unwrap_or_default();
        if (0xd800..0xdc00).contains(&high) && rest.starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let low = self.four()?;
            if (0xdc00..0xe000).contains(&low) {
                let both = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before; // it stands for itself
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four(&mut self) -> Result<u32, SourceError> {
        let mut number = 0;
        for _ in 0..4 {
            let byte = self.peek().ok_or_else(|| self.cut_off())?;
            let digit = char::from(byte)
                .to_digit(16)
                .ok_or_else(|| self.broken("a string has an escape that there is not"))?;
            number = number * 16 + digit;
            self.at += 1;
        }
        Ok(number)
    }

    fn blanks(&mut self) {
        while self.skip(b" \t\r\n") {}
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes one of these, if it is next.
    fn skip(&mut self, any: &[u8]) -> bool {
        let next = self.peek().is_some_and(|byte| any.contains(&byte));
        self.at += usize::from(next);
        next
    }

    fn take(&mut self, byte: u8) -> Result<(), SourceError> {
        if self.skip(&[byte]) {
            Ok(())
        } else {
            Err(self.broken(&format!("`{}` is missing", char::from(byte))))
        }
    }

    fn broken(&self, what: &str) -> SourceError {
        if self.at >= self.text.len() {
            return self.cut_off();
        }
        SourceError::new(ErrorCode::SourceFailed, format!("no JSON at byte {}: {what}", self.at))
    }

    fn cut_off(&self) -> SourceError {
        SourceError::new(
            ErrorCode::SourceTruncated,
            format!("the JSON is cut off at byte {}", self.text.len()),
        )
    }
}

/// The place in an array that a step names.
fn index(step: &str) -> Option<usize> {
    let is_index =
        step == "0" || (!step.starts_with('0') && step.bytes().all(|c| c.is_ascii_digit()));
    if is_index { step.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

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
            any::<i32>().prop_map(|eighths| (f64::from(eighths) / 8.0).into()), /* exact, however it is read */
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
}
