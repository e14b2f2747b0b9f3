//! One collection, from its first row to its last, into a snapshot; and how it is verified that
//! nothing was lost on the way.

mod answers;
mod columns;
mod outer_pages;
mod unmapped;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hyper::header::HeaderMap;
use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::{Age, Pointer, Rest, Tls, Url};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::{Digest, Hasher, sha256};
use zerotrip_trust::tls::foreign_client_config;

use self::answers::{identity, in_utf8, no_id, said_time, torn};
use self::columns::{Column, beside};
use super::super::SourceError;
use super::super::remote::login::{authorities, misconfigured, secret};
use super::super::snapshot::{SnapshotSummary, SnapshotWriter, Snapshots};
use super::super::table::TableSource;
use super::super::unmapped_fields::UnmappedFields;
use super::client::{Answer, Client, kind_of, secret_headers};
use super::json::{self, Beside, Json};
use super::paging::{self, PageState};

/// Readings of which two that follow one another must be alike.
const MOST_READINGS: u32 = 4;

/// Makes requests, as long as a caller waits for the answer.
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

/// What a reading has seen beside its rows.
struct ReadingState {
    pages: Pages,
    /// Of when the oldest of its answers is.
    made: SystemTime,
    /// Members with ids in them that no column names, and in how many rows.
    unmapped: UnmappedFields,
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
                    "`{said}` is not a field of JSON; correct the `field` of column `{name}`"
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
                        "{detail}; correct the `field` of column `{name}`"
                    )));
                }
                within = Some(inner);
            }
            columns.push(Column {
                way,
                within,
                said: said.clone(),
                is_id: column.key_kind().is_some(),
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
                Ok((filled, ReadingState { pages, made, unmapped })) => {
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
                    unmapped.require_none(&self.spec.url.to_string())?;
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

    fn read_once(
        &self,
        file: &Path,
        fetch: &mut Fetch<'_>,
    ) -> Result<(SnapshotSummary, ReadingState), SourceError> {
        let mut client = self.client()?;
        let mut seen = ReadingState {
            pages: Vec::new(),
            made: SystemTime::now(),
            unmapped: UnmappedFields::of(self.snapshots.kinds()),
        };
        let filled = self.snapshots.write(&self.spec.url.to_string(), file, |writer| {
            self.read_pages(writer, &mut seen, &mut |url| fetch(&mut client, url))
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
        writer: &mut SnapshotWriter<'_>,
        seen: &mut ReadingState,
        fetch: &mut dyn FnMut(&Url) -> Result<Answer, SourceError>,
    ) -> Result<(), SourceError> {
        let Rest { url, paging, .. } = &self.spec;
        let (mut asked, mut total) = (HashSet::new(), None);
        let mut state = PageState { answers: 0, rows: 0, last: 0, most: 0 };
        let mut written = 0;
        let mut next = Some(paging::first(url, paging));
        while let Some(address) = next {
            if state.answers >= self.spec.most_pages {
                let detail = format!(
                    "{url} has over {} pages; ask for more rows in each, or correct \
                     `source.most_pages`",
                    state.answers
                );
                return Err(SourceError::new(ErrorCode::SourceLimit, detail));
            }
            if !asked.insert(sha256(format!("{}?{}", address.path, address.query).as_bytes())) {
                return Err(SourceError::new(
                    ErrorCode::SourceFailed,
                    format!("{address} leads back to itself; its end is not known"),
                ));
            }
            let answer = fetch(&address)?;
            seen.made = seen.made.min(answer.made(&address)?);
            let text = in_utf8(&address, &answer)?;
            let (page, around) = self.read_page(
                &address,
                text,
                &answer.headers,
                (state.rows, &mut written, &mut seen.unmapped),
                writer,
            )?;
            if let Age::Said(place) = &self.spec.age {
                seen.made = seen.made.min(said_time(&address, place, &answer.headers, &around)?);
            }
            seen.pages.push(page.digest);
            state = PageState {
                answers: state.answers + 1,
                rows: state.rows + page.rows,
                last: page.rows,
                most: state.most.max(page.rows),
            };
            if let Some(place) = &paging.total {
                let said = paging::total(&address, place, &answer.headers, &around)?;
                if *total.get_or_insert(said) != said {
                    return Err(torn(format!(
                        "{url} had another number of rows before it was read to its end"
                    )));
                }
            }
            next = paging::next(url, &address, paging, &state, &answer.headers, &around)?;
        }
        if total.is_some_and(|total| total != state.rows) {
            let total = total.unwrap_or_default();
            return Err(torn(format!(
                "{url} says that it has {total} rows, and gave {}",
                state.rows
            )));
        }
        for (place, address) in paging::around(url, paging, &state) {
            seen.pages.push(self.nothing_new(&place, &address, writer, fetch)?);
        }
        Ok(())
    }

    fn read_page<'a>(
        &self,
        address: &Url,
        text: &'a str,
        headers: &HeaderMap,
        (before, written, unmapped): (u64, &mut u64, &mut UnmappedFields),
        writer: &mut SnapshotWriter<'_>,
    ) -> Result<(Page, Json<'a>), SourceError> {
        let (mut rows, mut hasher) = (0, Hasher::new());
        let mut each = |row: &Json<'a>| {
            rows += 1;
            let number = before + rows;
            if let Some(id) = &self.spec.paging.id {
                let id = identity(row.at(id.steps())).ok_or_else(|| no_id(id, number))?;
                hasher.update_framed(id.as_bytes());
                if !writer.is_first(&id)? {
                    let detail = format!(
                        "row {number} has the `id` of a row before it: rows moved between pages, \
                         or it is not unique"
                    );
                    return Err(torn(format!(
                        "{detail}; correct `source.paging.id`, or have the pages sorted by it"
                    )));
                }
            }
            let mut leaves = Vec::new();
            self.note_unmapped(row, &mut Vec::new(), Some(&mut leaves), unmapped);
            unmapped.row(leaves.iter().map(|(name, text)| (name.as_str(), Some(*text))));
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
                writer.row(*written, cells)?;
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
                "{address} has no array of rows at `{}`; correct `source.rows`",
                self.spec.rows
            );
            return Err(SourceError::new(ErrorCode::SourceDrift, detail));
        }
        // A row that is given beside the others would not be read.
        self.note_unmapped(&around, &mut Vec::new(), None, unmapped);
        Ok((Page { rows, digest: hasher.finish() }, around))
    }

    /// The elements of the row's list, each of which becomes a row; one row with no person in it
    /// where the list is empty.
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
                    "row {number} has no list where `{}` says; correct the column's `field`",
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
