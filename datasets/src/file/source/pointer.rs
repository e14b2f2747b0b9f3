//! JSON pointers (RFC 6901).

use std::fmt;

/// Bytes of a pointer.
const MOST_BYTES: usize = 200;

/// The way to one value within another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// `""` is the whole value, `/a/0` the first element of `a`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        if text.len() > MOST_BYTES || text.chars().any(char::is_control) {
            return None;
        }
        text.strip_prefix('/')?.split('/').map(unescape).collect::<Option<_>>().map(Self)
    }

    /// A member's name or, if it begins with `/`, a pointer.
    pub fn field(text: &str) -> Option<Self> {
        if text.is_empty() || text.starts_with('/') {
            Self::parse(text).filter(|pointer| !pointer.0.is_empty())
        } else {
            Some(Self(vec![text.to_owned()]))
        }
    }

    /// Its steps, the outermost first: a member's name, or the place in an array.
    pub fn steps(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|step| write!(f, "/{}", step.replace('~', "~0").replace('/', "~1")))
    }
}

/// `~1` is `/` and `~0` is `~`; nothing else may follow a `~`.
fn unescape(step: &str) -> Option<String> {
    let mut parts = step.split('~');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (escaped, rest) = (part.get(..1)?, part.get(1..)?);
        text.push(match escaped {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        text.push_str(rest);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn pointers_are_read_and_written_as_the_rfc_has_them() {
        let steps = |text: &str| Pointer::parse(text).map(|pointer| pointer.steps().join("|"));
        for (text, expected) in [
            ("", ""),
            ("/", ""),
            ("/foo/0", "foo|0"),
            ("/a~1b", "a/b"),
            ("/m~0n", "m~n"),
            ("/~01", "~1"),
            ("/a//姓名", "a||姓名"),
        ] {
            assert_eq!(steps(text).unwrap(), expected);
            assert_eq!(Pointer::parse(text).unwrap().to_string(), text);
        }
        for wrong in ["a", "/~", "/~2", "/a~é", "/a\n"] {
            assert_eq!(steps(wrong), None, "{wrong}");
        }
        assert_eq!(Pointer::field("a/b").unwrap().steps(), ["a/b"]);
        assert_eq!(Pointer::field("/a/b").unwrap().steps(), ["a", "b"]);
        assert_eq!((Pointer::field(""), Pointer::field("/~")), (None, None));
    }
}
