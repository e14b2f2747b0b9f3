//! A form (`application/x-www-form-urlencoded`): each name once, all of it UTF-8.

use std::collections::BTreeMap;

use crate::bounds::FORM_MEMBERS;

/// A form that was read.
#[derive(Debug)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads one; `None` where it is not a form, or a name is in it twice.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut members = BTreeMap::new();
        let text = std::str::from_utf8(bytes).ok()?;
        for member in text.split('&').filter(|member| !member.is_empty()) {
            let (name, value) = member.split_once('=')?;
            if members.len() >= FORM_MEMBERS
                || members.insert(decode(name)?, decode(value)?).is_some()
            {
                return None;
            }
        }
        Some(Self(members))
    }

    /// A value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn decode(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let value = digit(rest.next())? * 16 + digit(rest.next())?;
                u8::try_from(value).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_form_has_each_name_once_and_is_text() {
        let form = Form::read(b"a=1&b=%E4%BD%A0+x%3D&c=").unwrap();
        let of = |name| form.get(name);
        assert_eq!(
            (of("a"), of("b"), of("c"), of("d")),
            (Some("1"), Some("你 x="), Some(""), None)
        );
        let many = (0..17).map(|at| format!("n{at}=1")).collect::<Vec<_>>().join("&");
        for bad in [
            &b"a=1&a=2"[..],
            b"a=1&%61=2",
            b"a",
            b"a=%",
            b"a=%4",
            b"a=%4g",
            b"a=%ff",
            b"\xff=1",
            many.as_bytes(),
        ] {
            assert!(Form::read(bad).is_none(), "{bad:?}");
        }
    }
}
