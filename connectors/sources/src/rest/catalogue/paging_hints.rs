//! What one answer shows of how the others follow it.

use hyper::header::LINK;

use super::Interface;
use super::arrays::{Array, leaves};
use crate::rest::client::Answer;
use crate::rest::json::Json;

/// Query parameters that seem to name a page: then `paging` must name them, and `url` must not.
const PAGE_WORDS: [&str; 12] = [
    "page",
    "pageno",
    "pagenum",
    "pageindex",
    "page_no",
    "page_num",
    "offset",
    "start",
    "skip",
    "cursor",
    "current",
    "pn",
];
const SIZE_WORDS: [&str; 8] =
    ["size", "pagesize", "page_size", "limit", "count", "per_page", "rows", "ps"];
/// Members beside the rows that seem to say how many there are, or where to go on.
const TOTAL_WORDS: [&str; 6] =
    ["total", "totalcount", "total_count", "totalrows", "totalelements", "count"];
const NEXT_WORDS: [&str; 5] = ["next", "cursor", "nextcursor", "next_cursor", "nexttoken"];

impl Interface {
    /// What this one answer shows of how the collection goes on.
    pub(super) fn paging(&self, answer: &Answer, value: &Json<'_>, array: &Array) -> Vec<String> {
        let mut hints = vec![format!(
            "this is one answer with {} rows; how the others follow it is known only to its \
             owner: see `paging`",
            array.rows
        )];
        if answer.headers.contains_key(LINK) {
            hints.push(
                "it has a `Link` header: `paging = { kind = \"link\" }` may be right".to_owned(),
            );
        }
        for name in self
            .url
            .query
            .split('&')
            .filter_map(|part| part.split('=').next())
            .filter(|name| !name.is_empty())
        {
            let word = name.to_ascii_lowercase();
            if PAGE_WORDS.contains(&word.as_str()) || SIZE_WORDS.contains(&word.as_str()) {
                let key = if PAGE_WORDS.contains(&word.as_str()) {
                    "parameter"
                } else {
                    "size_parameter"
                };
                hints.push(format!(
                    "`{name}` in the address seems to ask for a part: take it out of `url`, and \
                     name it as `{key}` of `paging`"
                ));
            }
        }
        let mut beside = Vec::new();
        leaves(value, String::new(), 0, &mut beside);
        for (pointer, leaf) in beside {
            let word = pointer.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            if TOTAL_WORDS.contains(&word.as_str())
                && let Json::Number(digits) = leaf
                && let Some(total) =
                    digits.parse::<u64>().ok().filter(|total| *total >= array.rows as u64)
            {
                hints.push(format!(
                    "`{pointer}` is {total}: if that is the number of all rows, name it as \
                     `total` of `paging`, so that none is lost unseen"
                ));
            } else if NEXT_WORDS.contains(&word.as_str()) {
                hints.push(format!(
                    "`{pointer}` may say where to go on: `paging = {{ kind = \"cursor\", next = \
                     \"{pointer}\", … }}`"
                ));
            }
        }
        hints
    }
}
