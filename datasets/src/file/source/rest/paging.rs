//! `paging`: how a collection is read from its first row to its last.

use std::fmt;

use toml::Value;

use crate::file::section::{Section, is_text};
use crate::file::source::pointer::Pointer;
use crate::file::source::url::Url;

/// What a JSON pointer must be.
pub(super) const POINTER_FORM: &str =
    "must be a JSON pointer (RFC 6901): empty, or beginning with `/`";
/// Most rows that one answer is asked to have.
const MOST_ROWS: i64 = 100_000;

/// How a collection is read from its first row to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// How one answer follows the other.
    pub way: Way,
    /// How many rows an answer is asked to have: the query parameter and its value.
    pub size: Option<(String, u32)>,
    /// What no two rows have in common: a field.
    pub id: Option<Pointer>,
    /// Where an answer says how many rows the whole collection has.
    pub total: Option<Total>,
}

/// How one answer follows the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// None does: one answer has all rows.
    Whole,
    /// Pages with numbers, until one is empty.
    Page {
        /// The query parameter.
        parameter: String,
        /// The first page's number.
        first: u32,
    },
    /// From so many rows on, until there are none.
    Offset {
        /// The query parameter.
        parameter: String,
    },
    /// By what the answer before says, until it says nothing.
    Cursor {
        /// The query parameter.
        parameter: String,
        /// Where the next one's value is in an answer.
        next: Pointer,
    },
    /// By the `Link` header (RFC 8288) of the answer before, until it has none.
    Link,
}

/// Where the number of all rows is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Total {
    /// In the answer.
    Body(Pointer),
    /// In a header of this name.
    Header(String),
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(pointer) => pointer.fmt(f),
            Self::Header(name) => f.write_str(name),
        }
    }
}

pub(super) fn read(section: &mut Section<'_>, url: Option<&Url>) -> Option<Paging> {
    let kind = section.read(
        "kind",
        None,
        "must be `whole`, `page`, `offset`, `cursor` or `link`",
        |value| {
            value
                .as_str()
                .filter(|kind| ["whole", "page", "offset", "cursor", "link"].contains(kind))
        },
    )?;
    let name = |value: &Value| {
        let name = value.as_str().filter(|name| is_text(name))?;
        url.is_none_or(|url| !url.asks(name)).then(|| name.to_owned())
    };
    let form = "must be a query parameter's name, and one that `url` has not";
    let way = match kind {
        "page" | "offset" | "cursor" => {
            let parameter = section.read("parameter", None, form, name);
            match kind {
                "page" => {
                    let first = section.read("first", Some(1), "must be 0 or 1", |value| {
                        u32::try_from(value.as_integer()?).ok().filter(|first| *first <= 1)
                    });
                    first.zip(parameter).map(|(first, parameter)| Way::Page { parameter, first })
                }
                "offset" => parameter.map(|parameter| Way::Offset { parameter }),
                _ => {
                    let next = section
                        .read("next", None, POINTER_FORM, |value| Pointer::parse(value.as_str()?));
                    next.zip(parameter).map(|(next, parameter)| Way::Cursor { parameter, next })
                }
            }
        }
        "link" => Some(Way::Link),
        _ => Some(Way::Whole),
    };
    let size_parameter =
        section.read("size_parameter", Some(None), form, |value| name(value).map(Some));
    let size = section.read("size", Some(None), "must be between 1 and 100000", |value| {
        value
            .as_integer()
            .filter(|size| (1..=MOST_ROWS).contains(size))
            .and_then(|size| u32::try_from(size).ok())
            .map(Some)
    });
    // Where only the numbering tells one page from the next, a row that comes twice tells of one
    // that never came.
    let id_default = if matches!(kind, "page" | "offset") { None } else { Some(None) };
    let id = section.read(
        "id",
        id_default,
        "must be the field that no two rows have in common",
        |value| value.as_str().and_then(Pointer::field).map(Some),
    );
    let total =
        section.read("total", Some(None), "must be a JSON pointer, or a header's name", |value| {
            total(value.as_str()?).map(Some)
        });
    let size = match (size_parameter?, size?) {
        (Some(parameter), Some(size)) => Some((parameter, size)),
        (None, None) => None,
        (Some(_), None) => {
            section.fault("size", None, "missing beside `size_parameter`".to_owned());
            return None;
        }
        (None, Some(_)) => {
            section.fault("size_parameter", None, "missing beside `size`".to_owned());
            return None;
        }
    };
    Some(Paging { way: way?, size, id: id?, total: total? })
}

/// A JSON pointer, or a header's name.
pub(super) fn total(text: &str) -> Option<Total> {
    if text.starts_with('/') {
        return Pointer::parse(text).map(Total::Body);
    }
    let is_name = !text.is_empty()
        && text.len() <= 100
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
    is_name.then(|| Total::Header(text.to_ascii_lowercase()))
}
