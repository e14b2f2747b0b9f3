//! An uploaded certificate: `multipart/form-data` (RFC 7578) with a `file` and a `text`, of which
//! one is empty. What is in another form is not taken.

/// What was uploaded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    /// A text.
    One(String),
    /// Neither file nor text.
    Nothing,
    /// Both.
    Both,
    /// Something else.
    Malformed,
}

/// Reads one.
pub(crate) fn read(boundary: &str, body: &[u8]) -> Upload {
    let Ok(body) = std::str::from_utf8(body) else { return Upload::Malformed };
    let Some((file, text)) = parts(boundary, body) else { return Upload::Malformed };
    match (file.trim(), text.trim()) {
        ("", "") => Upload::Nothing,
        (one, "") | ("", one) => Upload::One(one.to_owned()),
        _ => Upload::Both,
    }
}

/// The file and the text, empty where they are not there.
fn parts<'a>(boundary: &str, body: &'a str) -> Option<(&'a str, &'a str)> {
    let begin = format!("--{boundary}\r\n");
    let between = format!("\r\n--{boundary}");
    let (mut file, mut text) = (None, None);
    let mut rest = body.strip_prefix(&begin)?;
    loop {
        let (part, after) = rest.split_once(&between)?;
        let (head, content) = part.split_once("\r\n\r\n")?;
        let place = match name(head)? {
            "file" => &mut file,
            "text" => &mut text,
            _ => return None,
        };
        if place.replace(content).is_some() {
            return None;
        }
        match after.strip_prefix("\r\n") {
            Some(next) => rest = next,
            None if matches!(after, "--" | "--\r\n") => break,
            None => return None,
        }
    }
    Some((file.unwrap_or_default(), text.unwrap_or_default()))
}

/// What a part is called.
fn name(head: &str) -> Option<&str> {
    let mut named = head.split("\r\n").filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value.trim())
    });
    let (Some(value), None) = (named.next(), named.next()) else { return None };
    let rest = value.strip_prefix("form-data; name=\"")?;
    let (name, after) = rest.split_once('"')?;
    (after.is_empty() || after.starts_with("; filename=")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, content: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    }

    #[test]
    fn one_of_file_and_text_is_taken() {
        let of = |parts: &[String]| read("b", format!("{}--b--\r\n", parts.concat()).as_bytes());
        let file = "--b\r\ncontent-disposition: form-data; name=\"file\"; \
                    filename=\"../x\"\r\nContent-Type: text/plain\r\n\r\na~b~\n\r\n"
            .to_owned();
        assert_eq!(of(&[file.clone(), part("text", "")]), Upload::One("a~b~".to_owned()));
        assert_eq!(of(&[part("text", " c ")]), Upload::One("c".to_owned()));
        assert_eq!(of(&[part("file", ""), part("text", "")]), Upload::Nothing);
        assert_eq!(of(&[file.clone(), part("text", "c")]), Upload::Both);
        assert_eq!(of(&[file.clone(), file]), Upload::Malformed, "twice");
        assert_eq!(of(&[part("other", "")]), Upload::Malformed);
        for body in ["", "--b\r\n", "--b--\r\n", "--c\r\n", &part("text", "x")] {
            assert_eq!(read("b", body.as_bytes()), Upload::Malformed, "{body}");
        }
        assert_eq!(read("b", b"\xff"), Upload::Malformed);
    }
}
