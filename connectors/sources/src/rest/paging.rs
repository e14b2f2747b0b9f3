//! From one answer to the next: addresses, cursors and links.

use hyper::header::{HeaderMap, LINK};
use zerotrip_datasets::file::{Paging, Total, Url, Way};
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::client::{number, once};
use super::json::Json;

/// How far a reading has come after an answer.
pub struct PageState {
    /// Answers so far.
    pub answers: usize,
    /// Rows so far.
    pub rows: u64,
    /// Rows of the last one.
    pub last: u64,
    /// Rows of the one that had most.
    pub most: u64,
}

/// Pages that are asked for behind the first empty one: a page that is filtered empty is not the
/// last.
const BEHIND: i64 = 2;

/// The first answer's address.
pub fn first(url: &Url, paging: &Paging) -> Url {
    match &paging.way {
        Way::Page { parameter, first } => with(&sized(url, paging), parameter, &first.to_string()),
        Way::Offset { parameter } => with(&sized(url, paging), parameter, "0"),
        Way::Whole | Way::Cursor { .. } | Way::Link => sized(url, paging),
    }
}

/// The next one's, if there is one. `url` is the collection's, `asked` what has just been answered.
pub fn next(
    url: &Url,
    asked: &Url,
    paging: &Paging,
    state: &PageState,
    headers: &HeaderMap,
    around: &Json<'_>,
) -> Result<Option<Url>, SourceError> {
    match &paging.way {
        Way::Whole if next_link(headers)?.is_some() => {
            let detail = format!(
                "{asked} links to a next answer, so it is not whole; correct `source.paging`"
            );
            Err(SourceError::new(ErrorCode::Misconfigured, detail))
        }
        Way::Whole => Ok(None),
        Way::Page { .. } | Way::Offset { .. } if state.last == 0 => Ok(None),
        Way::Page { parameter, first } => Ok(Some(with(
            &sized(url, paging),
            parameter,
            &(u64::from(*first) + state.answers as u64).to_string(),
        ))),
        Way::Offset { parameter } => {
            Ok(Some(with(&sized(url, paging), parameter, &state.rows.to_string())))
        }
        Way::Cursor { parameter, next } => {
            let cursor = match around.at(next.steps()) {
                Some(Json::Null) => return Ok(None),
                Some(Json::Text(text)) if text.is_empty() => return Ok(None),
                Some(Json::Text(text)) => text.to_string(),
                Some(Json::Number(digits)) => (*digits).to_owned(),
                None if paging.total.is_some() => return Ok(None),
                _ => {
                    let detail = format!(
                        "{asked} has no cursor at `{next}`, so its end is not known; correct \
                         `source.paging`, or name its `total`"
                    );
                    return Err(SourceError::new(ErrorCode::SourceDrift, detail));
                }
            };
            Ok(Some(with(&sized(url, paging), parameter, &cursor)))
        }
        Way::Link => next_link(headers)?.map(|link| resolve(asked, &link)).transpose(),
    }
}

/// Addresses that must give nothing new once a reading has come to its end: what is counted from
/// another number than its owner says, or in another way, has rows there. Where the number of all
/// rows is known and came, what is behind the end needs no asking.
pub fn around(url: &Url, paging: &Paging, state: &PageState) -> Vec<(String, Url)> {
    let at = |parameter: &str, number: i64| {
        (
            format!("`{parameter}` = {number}"),
            with(&sized(url, paging), parameter, &number.to_string()),
        )
    };
    let (answers, rows) = (whole(state.answers as u64), whole(state.rows));
    let is_counted = paging.total.is_some();
    match &paging.way {
        Way::Page { parameter, first } => {
            let first = i64::from(*first);
            // The last answer was the empty one.
            let behind = if is_counted { 0 } else { BEHIND };
            let numbers = std::iter::once(first - 1)
                .chain((0..behind).map(|number| first + answers + number));
            numbers.map(|number| at(parameter, number)).collect()
        }
        Way::Offset { parameter } => {
            let step = whole(state.most).max(1);
            let behind = if is_counted { 0 } else { BEHIND };
            let numbers =
                [-1, 1].into_iter().chain((1..=behind).map(|number| rows + number * step));
            numbers.map(|number| at(parameter, number)).collect()
        }
        Way::Whole | Way::Cursor { .. } | Way::Link => Vec::new(),
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX / 4)
}

/// How many rows an answer says that there are.
pub fn total(
    asked: &Url,
    total: &Total,
    headers: &HeaderMap,
    around: &Json<'_>,
) -> Result<u64, SourceError> {
    let said = match total {
        Total::Header(name) => once(headers, name).and_then(number),
        Total::Body(pointer) => match around.at(pointer.steps()) {
            Some(Json::Number(digits)) => number(digits),
            Some(Json::Text(digits)) => number(digits),
            _ => None,
        },
    };
    said.ok_or_else(|| {
        SourceError::new(
            ErrorCode::SourceDrift,
            format!(
                "{asked} has not one number of rows at `{total}`; correct `source.paging.total`"
            ),
        )
    })
}

fn sized(url: &Url, paging: &Paging) -> Url {
    paging
        .size
        .as_ref()
        .map_or_else(|| url.clone(), |(parameter, size)| with(url, parameter, &size.to_string()))
}

fn with(url: &Url, name: &str, value: &str) -> Url {
    let mark = if url.query.is_empty() { "" } else { "&" };
    Url { query: format!("{}{mark}{}={}", url.query, encoded(name), encoded(value)), ..url.clone() }
}

/// Percent-encoded, but for what RFC 3986 leaves unreserved.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(byte).collect()
}

/// The target of the link to the next answer (RFC 8288).
fn next_link(headers: &HeaderMap) -> Result<Option<String>, SourceError> {
    let wrong = || {
        SourceError::new(
            ErrorCode::SourceDrift,
            "the `Link` header cannot be read, so whether there is more is not known",
        )
    };
    let mut found: Option<String> = None;
    for value in headers.get_all(LINK) {
        let mut rest = value.to_str().map_err(|_| wrong())?.trim();
        while !rest.is_empty() {
            let (target, after) =
                rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or_else(wrong)?;
            let (is_next, after) = relation(after).ok_or_else(wrong)?;
            if is_next && found.as_ref().is_some_and(|found| found != target) {
                return Err(wrong());
            }
            if is_next {
                found = Some(target.to_owned());
            }
            rest = after;
        }
    }
    Ok(found)
}

/// Whether the parameters of a link say `rel="next"`, and what is behind its comma.
fn relation(text: &str) -> Option<(bool, &str)> {
    let (mut rest, mut is_next) = (text.trim_start(), false);
    while let Some(parameter) = rest.strip_prefix(';') {
        let (name, after) =
            parameter.split_at(parameter.find(['=', ';', ',']).unwrap_or(parameter.len()));
        let Some(after) = after.strip_prefix('=').map(str::trim_start) else {
            rest = after;
            continue;
        };
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find([';', ',']).unwrap_or(after.len())),
        };
        is_next |= name.trim().eq_ignore_ascii_case("rel")
            && value.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next"));
        rest = after.trim_start();
    }
    if rest.is_empty() {
        Some((is_next, rest))
    } else {
        rest.strip_prefix(',').map(|after| (is_next, after.trim_start()))
    }
}

/// A link's target: on the same server, for the secret headers go with it.
fn resolve(asked: &Url, target: &str) -> Result<Url, SourceError> {
    let url = if target.starts_with('/') && !target.starts_with("//") {
        let scheme = if asked.secure { "https" } else { "http" };
        Url::parse(&format!("{scheme}://{}{target}", asked.authority()))
    } else if let Some(query) = target.strip_prefix('?') {
        Some(Url { query: query.to_owned(), ..asked.clone() })
            .filter(|_| query.bytes().all(|c| c.is_ascii_graphic() && c != b'#'))
    } else {
        Url::parse(target)
    };
    match url {
        Some(url) if url.is_beside(asked) => Ok(url),
        Some(url) => Err(SourceError::new(
            ErrorCode::Misconfigured,
            format!("{asked} links to {url}, another server, which is not followed"),
        )),
        None => Err(SourceError::new(
            ErrorCode::SourceDrift,
            format!("{asked} links to something that is not an address"),
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn link(value: &'static str) -> Result<Option<String>, SourceError> {
        next_link(&HeaderMap::from_iter([(LINK, value.parse().unwrap())]))
    }

    #[test]
    fn links_are_read_as_the_rfc_has_them() {
        for (header, expected) in [
            ("<https://a/b?c=1,2>; rel=\"next\"", Some("https://a/b?c=1,2")),
            (
                "</first>; rel=first, </n>; title=\"a, b; <c>\"; REL = \"prefetch NEXT\" , \
                 </l>;rel=last",
                Some("/n"),
            ),
            ("</n>;rel=next;crossorigin", Some("/n")),
            ("</p>; rel=\"prev\"; title=next", None),
            ("</p>; rel=\"nextish\"", None),
            ("", None),
        ] {
            assert_eq!(link(header).unwrap().as_deref(), expected, "{header}");
        }
        for wrong in [
            "/n; rel=next",
            "</n; rel=next",
            "</n>; rel=\"next",
            "</a>; rel=next, </b>; rel=next",
            "</n> rel=next",
        ] {
            assert!(link(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn links_stay_on_the_server() {
        let asked = Url::parse("https://a.example/rows?page=1").unwrap();
        let to = |target: &str| {
            resolve(&asked, target)
                .map(|url| format!("{}{}?{}", url.authority(), url.path, url.query))
        };
        assert_eq!(to("https://A.example:443/rows?page=2").unwrap(), "a.example:443/rows?page=2");
        assert_eq!(to("/other?p").unwrap(), "a.example:443/other?p");
        assert_eq!(to("?page=2").unwrap(), "a.example:443/rows?page=2");
        for wrong in [
            "http://a.example/rows",
            "https://b.example/",
            "https://a.example:444/",
            "//b.example/",
            "https://x@a.example/",
            "rows",
            "?a#b",
        ] {
            assert!(to(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_only_values() {
        let url = Url::parse("https://a/?k=v").unwrap();
        assert_eq!(
            with(&url, "页", "a&b=c d#+%/\r\n").query,
            "k=v&%E9%A1%B5=a%26b%3Dc%20d%23%2B%25%2F%0D%0A"
        );
    }
}
