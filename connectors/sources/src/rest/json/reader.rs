//! The reader of JSON texts.

use std::borrow::Cow;

use zerotrip_proto::v1::ErrorCode;

use super::super::super::SourceError;
use super::value::{EACH, Json, index};

/// Levels of arrays and objects.
pub const MOST_DEPTH: usize = 64;
/// Values in one row, and in all that is around the rows.
pub const MOST_VALUES: usize = 10_000;
/// Bytes of one row.
pub const MOST_ROW: usize = 1 << 20;

/// A whole answer as it is, with at most `most` values.
pub fn tree(text: &str, most: usize) -> Result<Json<'_>, SourceError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        Reader { text, at: 0, values: 0, most, found: false, led: false, each: &mut |_| Ok(()) };
    let value = reader.value(0, None)?;
    reader.end().map(|()| value)
}

/// Reads a whole answer. Every element of the array at `rows` goes to `each`, and is not kept;
/// returned is what is around them, and whether there is such an array.
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
    /// Whether the rows were found.
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
            Err(self.broken("something is behind its end"))
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
                "the object that ends at byte {} has a name twice; which value counts is not \
                 known",
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
                _ => return Err(self.broken("a control character is in a string")),
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
            self.at = before; // it is half of no pair
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
