//! One collection, from its first row to its last, into a snapshot; and how it is told that nothing
//! was lost on the way.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hyper::header::HeaderMap;
use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::{Age, Pointer, Rest, Tls, Total, Url};
use zerotrip_datasets::resident_id::names_somebody;
use zerotrip_proto::v1::{ErrorCode, SemanticType};
use zerotrip_trust::digest::{Digest, Hasher, sha256};
use zerotrip_trust::tls::foreign_client_config;

use super::super::SourceError;
use super::super::findings::LeftFields;
use super::super::number::double;
use super::super::remote::login::{authorities, misconfigured, secret};
use super::super::remote::moment;
use super::super::snapshot::{Filled, Filling, Snapshots};
use super::super::table::TableSource;
use super::client::{Answer, Client, kind_of, once, secret_headers};
use super::json::{self, Beside, Json};
use super::paging::{self, PageState};

/// Readings of which two that follow one another must be alike.
const MOST_READINGS: u32 = 4;
/// Digits that a floating-point number keeps.
const EXACT_DIGITS: usize = 15;

/// Makes requests, as long as somebody waits for the answer.
pub type Fetch<'a> = dyn FnMut(&mut Client, &Url) -> Result<Answer, SourceError> + 'a;

/// How a collection becomes a snapshot.
pub struct Plan {
    spec: Rest,
    base: PathBuf,
    columns: Vec<Column>,
    /// The list of which each element becomes a row.
    list: Option<Vec<String>>,
    snapshots: Snapshots,
}

struct Column {
    /// From the row to its cell or, where that is within a list, to the element of it.
    way: Vec<String>,
    /// From the element to the cell, where the cell is within the list.
    within: Option<Vec<String>>,
    /// As the dataset file has it.
    said: String,
    is_id: bool,
}

/// What a reading has seen beside its rows.
struct Seen {
    pages: Pages,
    /// Of when the oldest of its answers is.
    made: SystemTime,
    /// Members with ids in them that no column names, and in how many rows.
    left: LeftFields,
}

/// What each answer of a reading held: if two readings are equal here, they are.
type Pages = Vec<Digest>;

impl Plan {
    /// For a dataset; snapshots are kept below `state`.
    pub fn new(
        dataset: &DatasetFile,
        spec: &Rest,
        base: &Path,
        snapshots: Snapshots,
    ) -> Result<Self, SourceError> {
        let mut columns = Vec::with_capacity(dataset.columns.len());
        let mut list: Option<Vec<String>> = None;
        for column in &dataset.columns {
            let (name, said) = (&column.name, &column.field);
            let wrong = || {
                misconfigured(format!(
                    "`{said}` is no field of JSON; mend the `field` of column `{name}`"
                ))
            };
            let mut way = Pointer::field(said).ok_or_else(wrong)?.steps().to_vec();
            let mut within = None;
            if said.starts_with('/')
                && let Some(place) = way.iter().position(|step| step == json::EACH)
            {
                let inner = way.split_off(place).into_iter().skip(1).collect::<Vec<_>>();
                if inner.iter().any(|step| step == json::EACH) {
                    return Err(misconfigured(format!(
                        "`{said}` leads through a list within a list; have column `{name}` given \
                         in another way"
                    )));
                }
                if *list.get_or_insert_with(|| way.clone()) != way {
                    let detail = format!(
                        "`{said}` leads through another list than a column before it: only one \
                         list can become rows"
                    );
                    return Err(misconfigured(format!(
                        "{detail}; mend the `field` of column `{name}`"
                    )));
                }
                within = Some(inner);
            }
            columns.push(Column {
                way,
                within,
                said: said.clone(),
                is_id: column.semantic == SemanticType::ResidentId,
            });
        }
        Ok(Self { spec: spec.clone(), base: base.to_owned(), columns, list, snapshots })
    }

    /// Reads the collection until it is known to be whole. As-of is the start of the earlier of two
    /// readings that are alike: as they found it, so it was between them.
    pub fn read(&self, fetch: &mut Fetch<'_>) -> Result<TableSource, SourceError> {
        let mut before: Option<(Pages, SystemTime)> = None;
        let mut torn = None;
        for _ in 0..MOST_READINGS {
            let started = SystemTime::now();
            let file = self.snapshots.file()?;
            match self.read_once(file.path(), fetch) {
                Ok((filled, Seen { pages, made, left })) => {
                    let started = started.min(made);
                    let as_of = match &before {
                        Some((earlier, as_of)) if *earlier == pages => *as_of,
                        // One answer is of one moment.
                        _ if pages.len() == 1 => started,
                        _ => {
                            before = Some((pages, started));
                            continue;
                        }
                    };
                    left.none(&self.spec.url.to_string())?;
                    return self.snapshots.open(file, as_of, filled.ragged);
                }
                Err(error) if error.code == ErrorCode::SourceTruncated => {
                    (before, torn) = (None, Some(error))
                }
                Err(error) => return Err(error),
            }
        }
        Err(torn.unwrap_or_else(|| {
            let detail = format!(
                "{} was another each of the {MOST_READINGS} times that it was read",
                self.spec.url
            );
            SourceError::new(
                ErrorCode::SourceTruncated,
                format!("{detail}; it changes too fast, or sorts its rows at random"),
            )
        }))
    }

    fn read_once(&self, file: &Path, fetch: &mut Fetch<'_>) -> Result<(Filled, Seen), SourceError> {
        let mut client = self.client()?;
        let mut seen =
            Seen { pages: Vec::new(), made: SystemTime::now(), left: LeftFields::default() };
        let filled = self.snapshots.write(&self.spec.url.to_string(), file, |filling| {
            self.read_pages(filling, &mut seen, &mut |url| fetch(&mut client, url))
        })?;
        Ok((filled, seen))
    }

    fn client(&self) -> Result<Client, SourceError> {
        let headers = match &self.spec.header_file {
            None => Vec::new(),
            Some(path) => {
                let path = self.base.join(path);
                secret_headers(&secret(&path, "source.header_file")?, &path.display().to_string())?
            }
        };
        let tls = match authorities(&self.spec.tls, &self.base)? {
            None => None,
            Some(known) => Some(
                foreign_client_config(&known)
                    .map_err(|error| misconfigured(format!("`source.ca_file`: {error}")))?,
            ),
        };
        debug_assert_eq!(
            tls.is_none(),
            self.spec.tls == Tls::Off,
            "in clear text only where that is said"
        );
        Ok(Client::new(tls, headers, self.spec.time_out))
    }

    fn read_pages(
        &self,
        filling: &mut Filling<'_>,
        seen: &mut Seen,
        fetch: &mut dyn FnMut(&Url) -> Result<Answer, SourceError>,
    ) -> Result<(), SourceError> {
        let Rest { url, paging, .. } = &self.spec;
        let (mut asked, mut total) = (HashSet::new(), None);
        let mut stand = PageState { answers: 0, rows: 0, last: 0, most: 0 };
        let mut written = 0;
        let mut next = Some(paging::first(url, paging));
        while let Some(address) = next {
            if stand.answers >= self.spec.most_pages {
                let detail = format!(
                    "{url} has over {} pages; ask for more rows in each, or mend \
                     `source.most_pages`",
                    stand.answers
                );
                return Err(SourceError::new(ErrorCode::SourceLimit, detail));
            }
            if !asked.insert(sha256(format!("{}?{}", address.path, address.query).as_bytes())) {
                return Err(SourceError::new(
                    ErrorCode::SourceFailed,
                    format!("{address} leads back to itself; its end cannot be told"),
                ));
            }
            let answer = fetch(&address)?;
            seen.made = seen.made.min(answer.made(&address)?);
            let text = in_utf8(&address, &answer)?;
            let (page, around) = self.read_page(
                &address,
                text,
                &answer.headers,
                (stand.rows, &mut written, &mut seen.left),
                filling,
            )?;
            if let Age::Said(place) = &self.spec.age {
                seen.made = seen.made.min(said_time(&address, place, &answer.headers, &around)?);
            }
            seen.pages.push(page.digest);
            stand = PageState {
                answers: stand.answers + 1,
                rows: stand.rows + page.rows,
                last: page.rows,
                most: stand.most.max(page.rows),
            };
            if let Some(place) = &paging.total {
                let said = paging::total(&address, place, &answer.headers, &around)?;
                if *total.get_or_insert(said) != said {
                    return Err(torn(format!(
                        "{url} had another number of rows before it was read to its end"
                    )));
                }
            }
            next = paging::next(url, &address, paging, &stand, &answer.headers, &around)?;
        }
        if total.is_some_and(|total| total != stand.rows) {
            let total = total.unwrap_or_default();
            return Err(torn(format!(
                "{url} says that it has {total} rows, and gave {}",
                stand.rows
            )));
        }
        for (place, address) in paging::around(url, paging, &stand) {
            seen.pages.push(self.nothing_new(&place, &address, filling, fetch)?);
        }
        Ok(())
    }

    /// What is beside a collection's first and last page has no row that was not read. A server
    /// that refuses the number has none.
    fn nothing_new(
        &self,
        place: &str,
        address: &Url,
        filling: &mut Filling<'_>,
        fetch: &mut dyn FnMut(&Url) -> Result<Answer, SourceError>,
    ) -> Result<Digest, SourceError> {
        let answer = match fetch(address) {
            Ok(answer) => answer,
            // A status that is none of "not let in", "later" and "elsewhere": there is no such
            // page.
            Err(error)
                if matches!(error.code, ErrorCode::SourceDrift | ErrorCode::SourceFailed) =>
            {
                return Ok(sha256(b"refused"));
            }
            Err(error) => return Err(error),
        };
        let text = in_utf8(address, &answer)?;
        let mut rows = 0_u64;
        let mut each = |row: &Json<'_>| {
            rows += 1;
            let Some(id) = &self.spec.paging.id else { return Ok(()) };
            let id = identity(row.at(id.steps())).ok_or_else(|| no_id(id, rows))?;
            if filling.is_first(&id)? {
                let url = &self.spec.url;
                let detail = format!(
                    "{url} has a row at {place} that none of its pages had: it counts from \
                     another number, or in another way, than `source.paging` says; mend `first` \
                     or `kind` there (a row that was entered just now is met in the next reading)"
                );
                return Err(torn(detail));
            }
            Ok(())
        };
        json::read(text, self.spec.rows.steps(), &mut each).map_err(|error| {
            SourceError::new(
                error.code,
                format!(
                    "{address} ({}), asked for {place}: {}",
                    kind_of(&answer.headers),
                    error.detail
                ),
            )
        })?;
        Ok(sha256(if rows == 0 { b"empty" } else { b"known rows" }))
    }

    fn read_page<'a>(
        &self,
        address: &Url,
        text: &'a str,
        headers: &HeaderMap,
        (before, written, left): (u64, &mut u64, &mut LeftFields),
        filling: &mut Filling<'_>,
    ) -> Result<(Page, Json<'a>), SourceError> {
        let (mut rows, mut hasher) = (0, Hasher::new());
        let mut each = |row: &Json<'a>| {
            rows += 1;
            let number = before + rows;
            if let Some(id) = &self.spec.paging.id {
                let id = identity(row.at(id.steps())).ok_or_else(|| no_id(id, number))?;
                hasher.update_framed(id.as_bytes());
                if !filling.is_first(&id)? {
                    let detail = format!(
                        "row {number} has the `id` of a row before it: rows moved between pages, \
                         or it is not unique"
                    );
                    return Err(torn(format!(
                        "{detail}; mend `source.paging.id`, or have the pages sorted by it"
                    )));
                }
            }
            let mut leaves = Vec::new();
            self.left(row, &mut Vec::new(), Some(&mut leaves), left);
            left.row(leaves.iter().map(|(name, text)| (name.as_str(), Some(*text))));
            for element in self.elements(row, number)? {
                let mut cells = Vec::with_capacity(self.columns.len());
                for column in &self.columns {
                    cells.push(column.cell(row, element, number)?);
                }
                for cell in &cells {
                    hasher.update(&[u8::from(cell.is_some())]);
                    hasher.update_framed(cell.as_deref().unwrap_or_default().as_bytes());
                }
                *written += 1;
                filling.row(*written, cells)?;
            }
            Ok(())
        };
        let (around, found) =
            json::read(text, self.spec.rows.steps(), &mut each).map_err(|error| {
                SourceError::new(
                    error.code,
                    format!("{address} ({}): {}", kind_of(headers), error.detail),
                )
            })?;
        if !found {
            let detail = format!(
                "{address} has no array of rows at `{}`; mend `source.rows`",
                self.spec.rows
            );
            return Err(SourceError::new(ErrorCode::SourceDrift, detail));
        }
        // A row that is given beside the others would not be read.
        self.left(&around, &mut Vec::new(), None, left);
        Ok((Page { rows, digest: hasher.finish() }, around))
    }

    /// Ids in the names of members and in what is around the rows; of a row, the texts that no
    /// column names, by where they are.
    fn left<'r>(
        &self,
        value: &'r Json<'_>,
        way: &mut Vec<String>,
        mut of_row: Option<&mut Vec<(String, &'r str)>>,
        left: &mut LeftFields,
    ) {
        let Some(not_about) = self.snapshots.not_about() else { return };
        let place = |way: &[String]| format!("/{}", way.join("/"));
        let text = match value {
            Json::Object(members) => {
                for (name, value) in members {
                    // Nobody is looked up by the name of a member.
                    left.note(&place(way), name);
                    way.push(name.to_string());
                    self.left(value, way, of_row.as_deref_mut(), left);
                    way.pop();
                }
                return;
            }
            Json::Array(values) => {
                way.push(json::EACH.to_owned());
                values.iter().for_each(|value| self.left(value, way, of_row.as_deref_mut(), left));
                way.pop();
                return;
            }
            Json::Text(text) => text.as_ref(),
            Json::Number(digits) => digits,
            Json::Null | Json::Bool(_) => return,
        };
        let names = |column: &Column| {
            let steps = column.way.iter().map(String::as_str);
            let within = column.within.iter().flat_map(|steps| {
                std::iter::once(json::EACH).chain(steps.iter().map(String::as_str))
            });
            let same = |(one, other): (&str, &String)| {
                one == other || (other == json::EACH && one.bytes().all(|c| c.is_ascii_digit()))
            };
            column.way.len() + column.within.as_ref().map_or(0, |steps| steps.len() + 1)
                == way.len()
                && steps.chain(within).zip(way.iter()).all(same)
        };
        match of_row {
            Some(_) if self.columns.iter().any(names) => {}
            Some(leaves) => {
                let place = place(way);
                if !not_about.contains(&place) {
                    leaves.push((place, text));
                }
            }
            None if names_somebody(text) && !not_about.contains(&place(way)) => {
                left.note(&place(way), text)
            }
            None => {}
        }
    }

    /// The elements of the row's list, each of which becomes a row; one row with nobody in it where
    /// the list is empty.
    fn elements<'r, 'a>(
        &self,
        row: &'r Json<'a>,
        number: u64,
    ) -> Result<Vec<Option<&'r Json<'a>>>, SourceError> {
        let Some(list) = &self.list else { return Ok(vec![None]) };
        let said = || {
            self.columns
                .iter()
                .find(|column| column.within.is_some())
                .map_or("", |column| column.said.as_str())
        };
        match row.only(list).map_err(|Beside| beside(number, said()))? {
            Some(Json::Array(elements)) if !elements.is_empty() => {
                Ok(elements.iter().map(Some).collect())
            }
            Some(Json::Array(_) | Json::Null) => Ok(vec![None]),
            _ => Err(SourceError::new(
                ErrorCode::SourceDrift,
                format!(
                    "row {number} has no list where `{}` says; mend the column's `field`",
                    said()
                ),
            )),
        }
    }
}

/// What one answer held.
struct Page {
    rows: u64,
    digest: Digest,
}

impl Column {
    /// A cell as text; `None` is NULL. `element` is that of the list which the row stands for.
    fn cell(
        &self,
        row: &Json<'_>,
        element: Option<&Json<'_>>,
        number: u64,
    ) -> Result<Option<String>, SourceError> {
        let drift = |what: &str| {
            SourceError::new(
                ErrorCode::SourceDrift,
                format!("row {number} {what}", what = what.replace("{}", &self.said)),
            )
        };
        let found = match (&self.within, element) {
            (None, _) => row.only(&self.way),
            (Some(way), Some(element)) => element.only(way),
            (Some(_), None) => return Ok(None),
        };
        match found.map_err(|Beside| beside(number, &self.said))? {
            Some(Json::Null) => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(value.to_string())),
            Some(Json::Text(text)) => Ok(Some(text.to_string())),
            Some(Json::Number(digits)) if self.is_id => Ok(Some(id_digits(digits))),
            Some(Json::Number(digits)) => Ok(Some((*digits).to_owned())),
            Some(Json::Object(_) | Json::Array(_)) => Err(drift(
                "has an object or an array in `{}`; name what is within, such as `/{}/id`, or \
                 `/{}/*/id` for each element",
            )),
            None => Err(drift(
                "has no `{}`; mend the column's `field`, or have the interface write `null`",
            )),
        }
    }
}

fn beside(number: u64, said: &str) -> SourceError {
    let detail =
        format!("row {number} has a list with further elements beside the one that `{said}` names");
    SourceError::new(
        ErrorCode::SourceDrift,
        format!("{detail}; write `*` for the number, which makes a row of each"),
    )
}

fn in_utf8<'a>(address: &Url, answer: &'a Answer) -> Result<&'a str, SourceError> {
    str::from_utf8(&answer.body).map_err(|_| {
        let detail = format!(
            "{address} answers in other characters than UTF-8 ({})",
            kind_of(&answer.headers)
        );
        SourceError::new(ErrorCode::SourceFailed, detail)
    })
}

/// Of when an answer says that it is.
fn said_time(
    address: &Url,
    place: &Total,
    headers: &HeaderMap,
    around: &Json<'_>,
) -> Result<SystemTime, SourceError> {
    let text = match place {
        Total::Header(name) => once(headers, name),
        Total::Body(pointer) => match around.at(pointer.steps()) {
            Some(Json::Text(text)) => Some(text.as_ref()),
            _ => None,
        },
    };
    text.and_then(moment).ok_or_else(|| {
        let detail = format!(
            "{address} has no time such as 2026-11-22T00:30:00+08:00 at `{place}`, which \
             `source.as_of` names"
        );
        SourceError::new(ErrorCode::SourceStale, detail)
    })
}

/// What tells a row from all others.
fn identity(value: Option<&Json<'_>>) -> Option<String> {
    match value? {
        Json::Text(text) if !text.is_empty() => Some(format!("\"{text}")),
        Json::Number(digits) => Some((*digits).to_owned()),
        _ => None,
    }
}

fn no_id(id: &Pointer, number: u64) -> SourceError {
    SourceError::new(
        ErrorCode::SourceDrift,
        format!("row {number} has no text or number at `{id}`; mend `source.paging.id`"),
    )
}

/// A number in a column of ids. What a floating-point number may have left of another is written so
/// that it is nobody's, and could be anybody's whose id begins so.
fn id_digits(digits: &str) -> String {
    let significant = digits.bytes().filter(u8::is_ascii_digit).count();
    let Ok(number) = digits.parse::<f64>() else { return digits.to_owned() };
    let is_whole = digits.bytes().all(|c| c.is_ascii_digit());
    // As such numbers are written in full: with the fewest digits that mean them and zeros, or
    // exactly.
    let is_exact = is_whole && number.to_string() != digits && format!("{number:.0}") != digits;
    if significant <= EXACT_DIGITS || is_exact { digits.to_owned() } else { double(number) }
}

/// Rows may have been lost: it is read once more.
fn torn(detail: String) -> SourceError {
    SourceError::new(ErrorCode::SourceTruncated, detail)
}
