//! An HTTP interface before any dataset file describes it: one answer is fetched, its rows are
//! found in it, and their fields looked at. How one answer follows the other no single answer
//! shows; its owner says that, and advice names what speaks for which way.

mod arrays;
mod fields;
mod paging_hints;

use std::path::Path;
use std::time::Duration;

use tokio::runtime::Builder;
use zerotrip_datasets::file::{Pointer, Tls, Url};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::tls::foreign_client_config;

use self::arrays::{Array, find};
use self::fields::Fields;
use super::super::SourceError;
use super::super::catalogue::{Catalogue, Look, Setting, Settings, Table};
use super::super::remote::login::{authorities, misconfigured, secret};
use super::client::{Answer, Client, kind_of, secret_headers};
use super::json::{self, Json};

/// Time for the answer.
const TIME_OUT: Duration = Duration::from_secs(30);
/// Bytes of the answer: a page is enough for a guess, and is held whole.
const MOST_BODY: usize = 16 << 20;
/// Values of the answer.
const MOST_VALUES: usize = 4_000_000;
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
        // What is wrong with it is not quoted: it may be a person's row.
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
            ("rows", Setting::Text(rows.to_owned(), "where the array of rows is in an answer")),
            ("paging", Setting::Owner(PAGING)),
            (
                "live",
                Setting::Owner(
                    "why an answer is of the moment in which it is asked for; or `as_of`, where \
                     answers say of when they are",
                ),
            ),
            ("nothing_hidden", Setting::Owner("why no row and no cell is hidden from this reader")),
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
        let steps = Pointer::parse(&array.pointer)
            .ok_or_else(|| misconfigured("the rows are where no JSON pointer leads".to_owned()))?;
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
