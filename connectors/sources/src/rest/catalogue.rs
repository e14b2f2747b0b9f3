//! An HTTP interface before any dataset file describes it: one answer is fetched, its rows are
//! found in it, and their fields looked at. How one answer follows the other no single answer
//! tells; its owner says that, and what speaks for which way is told.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use hyper::header::LINK;
use tokio::runtime::Builder;
use zerotrip_datasets::file::{MOST_COLUMNS, Pointer, Tls, Url};
use zerotrip_datasets::guess::Evidence;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::tls::foreign_client_config;

use super::super::SourceError;
use super::super::catalogue::{Catalogue, Look, Seen, Setting, Settings, Table};
use super::super::remote::login::{authorities, misconfigured, secret};
use super::client::{Answer, Client, kind_of, secret_headers};
use super::json::{self, Json};

/// Time for the answer.
const TIME_OUT: Duration = Duration::from_secs(30);
/// Bytes of the answer: a page is enough for a guess, and is held whole.
const MOST_BODY: usize = 16 << 20;
/// Values of the answer.
const MOST_VALUES: usize = 4_000_000;
/// Levels of objects within a row whose members become fields.
const MOST_LEVELS: usize = 4;
/// Levels of the answer in which rows are looked for.
const MOST_DEPTH: usize = 8;
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
const PAGING: &str = "how one answer follows the other, such as { kind = \"page\", parameter = \
                      \"page\", id = \"…\" }: see docs/sources/rest.md";

/// An interface, and how to get in.
pub struct Interface {
    url: Url,
    /// As it was given: with the values of its query.
    said: String,
    header_file: Option<String>,
    tls: Tls,
}

/// An array of objects within an answer.
struct Array {
    pointer: String,
    rows: usize,
}

impl Interface {
    /// At this address, with these secret headers.
    pub fn new(url: Url, said: &str, header_file: Option<String>, tls: Tls) -> Self {
        Self { url, said: said.to_owned(), header_file, tls }
    }

    fn answer(&self) -> Result<Answer, SourceError> {
        let base = Path::new("");
        let headers = match &self.header_file {
            None => Vec::new(),
            Some(path) => secret_headers(&secret(Path::new(path), "--header-file")?, path)?,
        };
        let tls = match authorities(&self.tls, base)? {
            None => None,
            Some(known) => Some(
                foreign_client_config(&known)
                    .map_err(|error| misconfigured(format!("--ca-file: {error}")))?,
            ),
        };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            SourceError::new(ErrorCode::SourceFailed, format!("no runtime: {error}"))
        })?;
        let answer = runtime.block_on(Client::new(tls, headers, TIME_OUT).get(&self.url))?;
        if answer.body.len() > MOST_BODY {
            let detail = format!(
                "{} answers with over {MOST_BODY} bytes; ask for one page, with its parameters in \
                 the address",
                self.url
            );
            return Err(SourceError::new(ErrorCode::SourceLimit, detail));
        }
        Ok(answer)
    }

    /// The answer's text, and what it says, by the reader that serves: what this one reads, that
    /// one does.
    fn parsed<'a>(&self, answer: &'a Answer) -> Result<(&'a str, Json<'a>), SourceError> {
        let said = |code, what: &str| {
            SourceError::new(code, format!("{} ({}): {what}", self.url, kind_of(&answer.headers)))
        };
        let text = str::from_utf8(&answer.body)
            .map_err(|_| said(ErrorCode::SourceFailed, "other characters than UTF-8"))?;
        // What is wrong with it is not quoted: it may be somebody's row.
        let value =
            json::tree(text, MOST_VALUES).map_err(|error| said(error.code, &error.detail))?;
        Ok((text, value))
    }

    /// The array that is meant or, where none is named, the one with the most rows.
    fn array(&self, value: &Json<'_>, named: Option<&str>) -> Result<Array, SourceError> {
        let mut arrays = Vec::new();
        find(value, String::new(), 0, &mut arrays);
        let known = || {
            arrays.iter().map(|array| format!("`{}`", array.pointer)).collect::<Vec<_>>().join(", ")
        };
        match named {
            Some(pointer) => match arrays.iter().position(|array| array.pointer == pointer) {
                Some(place) => Ok(arrays.swap_remove(place)),
                None if arrays.is_empty() => Err(SourceError::new(
                    ErrorCode::SourceDrift,
                    format!("{} has no array of objects", self.url),
                )),
                None => Err(SourceError::new(
                    ErrorCode::SourceDrift,
                    format!(
                        "{} has no array of objects at that pointer; there are {}",
                        self.url,
                        known()
                    ),
                )),
            },
            None => {
                let most = arrays
                    .iter()
                    .enumerate()
                    .max_by_key(|(place, array)| (array.rows, std::cmp::Reverse(*place)))
                    .map(|(place, _)| place);
                let none = || {
                    let detail = format!(
                        "{} has no array of objects, or an empty one; ask for a page that has rows",
                        self.url
                    );
                    SourceError::new(ErrorCode::SourceDrift, detail)
                };
                most.map(|place| arrays.swap_remove(place)).ok_or_else(none)
            }
        }
    }

    fn settings(&self, rows: &str) -> Settings {
        let mut source = vec![
            ("url", Setting::Text(self.said.clone(), "")),
            ("rows", Setting::Text(rows.to_owned(), "where the array of rows stands in an answer")),
            ("paging", Setting::Owner(PAGING)),
            (
                "live",
                Setting::Owner(
                    "why an answer is of the moment in which it is asked for; or `as_of`, where \
                     answers say of when they are",
                ),
            ),
            (
                "nothing_hidden",
                Setting::Owner("why no row and no cell is hidden from whoever asks so"),
            ),
        ];
        if let Some(path) = &self.header_file {
            source.push(("header_file", Setting::Text(path.clone(), "")));
        }
        match &self.tls {
            Tls::Off => source.push((
                "tls",
                Setting::Text("off".to_owned(), "in clear text: for a server on the same machine"),
            )),
            Tls::Verify { ca_file: Some(path) } => {
                source.push(("ca_file", Setting::Text(path.clone(), "")))
            }
            Tls::Verify { ca_file: None } => {}
        }
        source
    }

    /// What this one answer tells of how the collection goes on.
    fn paging(&self, answer: &Answer, value: &Json<'_>, array: &Array) -> Vec<String> {
        let mut told = vec![format!(
            "this is one answer with {} rows; how the others follow it tells nobody but its \
             owner: see `paging`",
            array.rows
        )];
        if answer.headers.contains_key(LINK) {
            told.push(
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
                told.push(format!(
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
                told.push(format!(
                    "`{pointer}` is {total}: if that is the number of all rows, name it as \
                     `total` of `paging`, so that none is lost unseen"
                ));
            } else if NEXT_WORDS.contains(&word.as_str()) {
                told.push(format!(
                    "`{pointer}` may say where to go on: `paging = {{ kind = \"cursor\", next = \
                     \"{pointer}\", … }}`"
                ));
            }
        }
        told
    }
}

impl Catalogue for Interface {
    fn tables(&self) -> Result<Vec<Table>, SourceError> {
        let answer = self.answer()?;
        let (_, value) = self.parsed(&answer)?;
        let mut arrays = Vec::new();
        find(&value, String::new(), 0, &mut arrays);
        Ok(arrays
            .into_iter()
            .map(|array| Table {
                name: array.pointer,
                kind: "array",
                rows: Some(array.rows as u64),
            })
            .collect())
    }

    fn look(&self, table: Option<&str>) -> Result<Look, SourceError> {
        let answer = self.answer()?;
        let (text, value) = self.parsed(&answer)?;
        let array = self.array(&value, table)?;
        let mut advice = self.paging(&answer, &value, &array);
        drop(value);
        let steps = Pointer::parse(&array.pointer).ok_or_else(|| {
            misconfigured("the rows stand where no JSON pointer leads".to_owned())
        })?;
        let mut fields = Fields::default();
        json::read(text, steps.steps(), &mut |row| fields.take(row))?;
        let columns = fields.columns(&mut advice)?;
        let name =
            self.url.path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("rows").to_owned();
        Ok(Look {
            table: name,
            source: self.settings(&array.pointer),
            rows: fields.rows,
            columns,
            advice,
        })
    }
}

/// Every array whose elements are objects, by pointer; rows are not looked into.
fn find(value: &Json<'_>, pointer: String, depth: usize, found: &mut Vec<Array>) {
    if depth > MOST_DEPTH {
        return;
    }
    match value {
        Json::Array(rows) if rows.iter().any(|row| matches!(row, Json::Object(_))) => {
            found.push(Array { pointer, rows: rows.len() })
        }
        Json::Object(members) => {
            for (name, value) in members {
                find(value, format!("{pointer}/{}", escaped(name)), depth + 1, found);
            }
        }
        _ => {}
    }
}

/// What stands around the rows.
fn leaves<'a>(
    value: &'a Json<'a>,
    pointer: String,
    depth: usize,
    found: &mut Vec<(String, &'a Json<'a>)>,
) {
    match value {
        Json::Object(members) if depth <= MOST_DEPTH => {
            for (name, value) in members {
                leaves(value, format!("{pointer}/{}", escaped(name)), depth + 1, found);
            }
        }
        Json::Array(_) | Json::Object(_) => {}
        leaf => found.push((pointer, leaf)),
    }
}

/// A member's name as a step of a pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The fields of rows, in the order in which they were first met.
#[derive(Default)]
struct Fields {
    rows: u64,
    places: HashMap<String, usize>,
    seen: Vec<Field>,
    lists: Vec<String>,
    /// Lists of objects.
    objects: Vec<String>,
}

struct Field {
    name: String,
    evidence: Evidence,
    /// Rows in which it stands, and those in which it is a number of more digits than a
    /// floating-point number keeps.
    there: u64,
    long: u64,
}

impl Fields {
    fn take(&mut self, row: &Json<'_>) -> Result<(), SourceError> {
        self.rows += 1;
        self.members(row, "", 0)
    }

    fn members(
        &mut self,
        value: &Json<'_>,
        pointer: &str,
        level: usize,
    ) -> Result<(), SourceError> {
        let Json::Object(members) = value else { return Ok(()) };
        for (name, value) in members {
            let is_plain = level == 0 && !name.starts_with('/') && !name.is_empty();
            let inner = format!("{pointer}/{}", escaped(name));
            let field = if is_plain { name.to_string() } else { inner.clone() };
            match value {
                Json::Object(_) if level < MOST_LEVELS => self.members(value, &inner, level + 1)?,
                // A list of objects: each of them can become a row.
                Json::Array(elements)
                    if level < MOST_LEVELS
                        && elements.iter().any(|element| matches!(element, Json::Object(_))) =>
                {
                    if !self.objects.contains(&inner) && self.objects.len() < MOST_COLUMNS {
                        self.objects.push(inner);
                    }
                }
                Json::Object(_) | Json::Array(_) => {
                    if !self.lists.contains(&field) && self.lists.len() < MOST_COLUMNS {
                        self.lists.push(field);
                    }
                }
                Json::Null => self.note(field, None, false)?,
                Json::Bool(word) => {
                    self.note(field, Some(if *word { "true" } else { "false" }), false)?
                }
                Json::Number(digits) => self.note(
                    field,
                    Some(digits),
                    digits.bytes().filter(u8::is_ascii_digit).count() > 15,
                )?,
                Json::Text(text) => self.note(field, Some(text), false)?,
            }
        }
        Ok(())
    }

    fn note(&mut self, name: String, cell: Option<&str>, long: bool) -> Result<(), SourceError> {
        let place = match self.places.get(&name) {
            Some(place) => *place,
            None if self.seen.len() >= MOST_COLUMNS => {
                return Err(SourceError::new(
                    ErrorCode::SourceDrift,
                    format!(
                        "its rows have over {MOST_COLUMNS} fields, more than a dataset's columns"
                    ),
                ));
            }
            None => {
                self.places.insert(name.clone(), self.seen.len());
                self.seen.push(Field { name, evidence: Evidence::default(), there: 0, long: 0 });
                self.seen.len() - 1
            }
        };
        if let Some(field) = self.seen.get_mut(place) {
            field.there += 1;
            field.long += u64::from(long);
            field.evidence.note(cell);
        }
        Ok(())
    }

    fn columns(&mut self, advice: &mut Vec<String>) -> Result<Vec<Seen>, SourceError> {
        advice.extend(
            self.lists.iter().map(|name| {
                format!("`{name}` holds lists, or objects in objects, and is left out")
            }),
        );
        advice.extend(self.objects.iter().map(|name| {
            format!(
                "`{name}` is a list of objects and left out: who stands in it is not found; name \
                 a column's `field` `{name}/*/…`, by which each of its objects becomes a row"
            )
        }));
        let rows = self.rows;
        for field in &self.seen {
            if field.there < rows {
                let (name, there) = (&field.name, field.there);
                advice.push(format!(
                    "`{name}` stands in {there} of {rows} rows: leave it out, or have the \
                     interface write `null` in the others"
                ));
            }
            if field.long > 0 {
                let name = &field.name;
                advice.push(format!(
                    "`{name}` holds numbers of more than 15 digits: if they are ids, have them \
                     given as strings"
                ));
            }
        }
        let seen = std::mem::take(&mut self.seen).into_iter();
        Ok(seen
            .map(|field| Seen {
                field: field.name,
                declared: String::new(),
                evidence: field.evidence,
                is_indexed: None,
            })
            .collect())
    }
}
