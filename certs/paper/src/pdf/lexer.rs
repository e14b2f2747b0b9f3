//! Tokens of a PDF, of an object or of a page's content alike.

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// As it is written.
    Number(String),
    Name(String),
    Bytes(Vec<u8>),
    /// `obj`, `R`, `Tj` and the like.
    Word(String),
    ArrayBegin,
    ArrayEnd,
    DictBegin,
    DictEnd,
}

/// Reads tokens from left to right. A comment is not a token.
#[derive(Clone)]
pub(crate) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// What names, numbers and words consist of here.
const fn is_regular(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_' | b'*' | b'\'')
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(crate) fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.at >= self.bytes.len()
    }

    /// Takes exactly these bytes.
    pub(crate) fn literal(&mut self, literal: &[u8]) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(literal).then(|| self.at += literal.len())
    }

    /// Takes so many bytes as they are.
    pub(crate) fn raw(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let raw = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(raw)
    }

    fn skip_space(&mut self) {
        while self.bytes.get(self.at).copied().is_some_and(is_space) {
            self.at += 1;
        }
    }

    pub(crate) fn next(&mut self) -> Option<Token> {
        self.skip_space();
        let first = *self.bytes.get(self.at)?;
        let pair = self.bytes.get(self.at..self.at + 2);
        let mut take = |length, token| {
            self.at += length;
            Some(token)
        };
        match (first, pair) {
            (b'[', _) => take(1, Token::ArrayBegin),
            (b']', _) => take(1, Token::ArrayEnd),
            (b'<', Some(b"<<")) => take(2, Token::DictBegin),
            (b'>', Some(b">>")) => take(2, Token::DictEnd),
            (b'<', _) => self.hex(),
            (b'(', _) => self.literal_string(),
            (b'/', _) => {
                self.at += 1;
                self.regular().map(Token::Name)
            }
            _ => {
                let word = self.regular()?;
                Some(if is_number(&word) { Token::Number(word) } else { Token::Word(word) })
            }
        }
    }

    fn regular(&mut self) -> Option<String> {
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().take_while(|byte| is_regular(**byte)).count();
        let text = std::str::from_utf8(rest.get(..length)?).ok()?;
        (length > 0).then(|| self.at += length)?;
        Some(text.to_owned())
    }

    fn hex(&mut self) -> Option<Token> {
        let rest = self.bytes.get(self.at + 1..)?;
        let length = rest.iter().position(|byte| *byte == b'>')?;
        let bytes = hex::decode(rest.get(..length)?).ok()?;
        self.at += length + 2;
        Some(Token::Bytes(bytes))
    }

    fn literal_string(&mut self) -> Option<Token> {
        self.at += 1;
        let (mut out, mut depth) = (Vec::new(), 1usize);
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => {
                    out.push(self.escape()?);
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                return Some(Token::Bytes(out));
            }
            out.push(byte);
        }
    }

    fn escape(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'(' | b')' | b'\\' => byte,
            b'0'..=b'7' => {
                let digits = self.bytes.get(self.at - 1..self.at + 2)?;
                self.at += 2;
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()?
            }
            _ => return None,
        })
    }
}

/// `-?[0-9]+(.[0-9]+)?`, or the same without digits before the point, as krilla writes.
fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_any = !whole.is_empty() || digits.contains('.');
    is_any && are_digits(whole) && are_digits(part) && !part.is_empty() && digits.len() <= 16
}
