//! A snapshot while something is read into it: rows as they come, and what their owner should know
//! of what was read.

mod advice;
mod header;

use std::cell::RefCell;
use std::collections::BTreeSet;

use rusqlite::{Connection, Statement};
use zerotrip_datasets::{Column, KeyKind};
use zerotrip_proto::v1::ErrorCode;

use super::error::snapshot_failed;
use super::midnights::Midnights;
use super::summary::{Sample, SnapshotSummary};
use crate::profile::{MOST_UNREADABLE, RaggedRow};
use crate::rulings::ragged_digest;
use crate::unmapped_fields::{UnmappedFields, require_stated};
use crate::{SourceError, header as headers};

/// Bytes of one ragged row, all of which must be kept: an identifier cut off would be a person not
/// asked about.
const MOST_RAGGED_TEXT: usize = 1 << 20;
/// Characters of it that are kept for its owner to see.
const EXCERPT_CHARS: usize = 400;
/// Rows of a snapshot.
const MOST_ROWS: u64 = 100_000_000;

/// A snapshot while something is read into it.
pub struct SnapshotWriter<'a> {
    origin: String,
    columns: &'a [Column],
    sink: Sink<'a>,
    summary: SnapshotSummary,
    /// Parts that are read as one, each with the number behind which its rows are counted.
    parts: Vec<(String, u64)>,
    /// What the present part's rows are numbered behind, and the highest number yet.
    numbered: (u64, u64),
    /// Rows with something in a column that has no name, and those columns.
    unnamed: (u64, BTreeSet<usize>),
    midnights: Midnights,
    /// Fields that name persons that the rows are not about; none where no field is left.
    not_about: Option<&'a BTreeSet<String>>,
    /// Fields of the present file that no column names, in the order in which a row gives their
    /// cells, behind those of the columns.
    unmapped_names: Vec<String>,
    unmapped: UnmappedFields,
    /// Those of `not_about` that a file had; `None` of what has no header.
    stated: Option<BTreeSet<String>>,
}

impl<'a> SnapshotWriter<'a> {
    /// Into a table of these columns.
    ///
    /// Fields that no column names are looked through for persons, unless `not_about` says that the
    /// rows are not about who is there; with `None` no person is looked up.
    pub fn new(
        origin: &str,
        columns: &'a [Column],
        not_about: Option<&'a BTreeSet<String>>,
        connection: &'a Connection,
    ) -> Result<Self, SourceError> {
        let names: Vec<String> = (0..columns.len()).map(|place| format!(", c{place}")).collect();
        let sql = format!(
            "insert into \"drop\" (rowid{}) values (?{})",
            names.concat(),
            ", ?".repeat(columns.len())
        );
        let row = connection.prepare(&sql).map_err(|error| snapshot_failed(origin, &error))?;
        let writer =
            Self::over(origin, columns, Sink::Snapshot(Inserts { connection, row, id: None }));
        Ok(Self { not_about, ..writer })
    }

    /// Of these kinds somebody is looked up.
    pub fn looking_for(self, kinds: BTreeSet<KeyKind>) -> Self {
        Self { unmapped: UnmappedFields::of(kinds), ..self }
    }

    /// For looking at a file.
    pub fn sample(origin: &str) -> Self {
        Self::over(origin, &[], Sink::Sample(RefCell::default()))
    }

    fn over(origin: &str, columns: &'a [Column], sink: Sink<'a>) -> Self {
        Self {
            origin: origin.to_owned(),
            columns,
            sink,
            summary: SnapshotSummary::default(),
            parts: Vec::new(),
            numbered: (0, 0),
            unnamed: (0, BTreeSet::new()),
            midnights: Midnights::of(columns),
            not_about: None,
            unmapped_names: Vec::new(),
            unmapped: UnmappedFields::default(),
            stated: None,
        }
    }

    /// Whether the file is only looked at: then every column is wanted that can be read.
    pub fn is_sample(&self) -> bool {
        matches!(self.sink, Sink::Sample(_))
    }

    /// What was seen.
    pub fn into_sample(mut self) -> Sample {
        self.write_advice();
        let seen = match self.sink {
            Sink::Sample(seen) => seen.into_inner(),
            Sink::Snapshot(_) => Sample::default(),
        };
        Sample {
            rows: self.summary.rows,
            ragged: self.summary.ragged.len(),
            advice: self.summary.advice,
            ..seen
        }
    }

    /// What was read, once all of it was.
    pub fn finish(mut self) -> Result<SnapshotSummary, SourceError> {
        self.midnights.plausible(&self.origin, self.columns)?;
        if let Some(there) = &self.stated {
            require_stated(&self.origin, self.not_about.into_iter().flatten(), |stated| {
                there.contains(stated)
            })?;
        }
        self.unmapped.require_none(&self.origin)?;
        self.write_advice();
        Ok(self.summary)
    }

    /// What follows is of this part: a file, or a sheet. Its rows are numbered behind those of the
    /// part before.
    pub fn part(&mut self, name: &str) {
        self.numbered.0 = self.numbered.1;
        self.parts.push((name.to_owned(), self.numbered.0));
    }

    /// What follows is of this file, for messages.
    pub fn origin(&mut self, origin: &str) {
        origin.clone_into(&mut self.origin);
    }

    /// Rows so far, and rows of blanks.
    pub fn counts(&self) -> (u64, u64) {
        (self.summary.rows, self.summary.blank)
    }

    /// A row: one cell for each place that [`Self::header`] returned. `number` is its own, by which
    /// its owner finds it.
    pub fn row(
        &mut self,
        number: u64,
        cells: impl IntoIterator<Item = Option<String>>,
    ) -> Result<(), SourceError> {
        self.count()?;
        let number = self.number(number);
        let number = i64::try_from(number).map_err(|_| self.broken("too many rows"))?;
        let midnights = &mut self.midnights;
        let insert = match &mut self.sink {
            Sink::Snapshot(inserts) => &mut inserts.row,
            Sink::Sample(seen) => {
                for ((_, evidence), cell) in seen.get_mut().columns.iter_mut().zip(cells) {
                    evidence.note(cell.as_deref());
                }
                return Ok(());
            }
        };
        let mut cells = cells.into_iter();
        let mut bind = || {
            insert.raw_bind_parameter(1, number)?;
            for (place, cell) in cells.by_ref().take(self.columns.len()).enumerate() {
                midnights.note(place, cell.as_deref());
                insert.raw_bind_parameter(place + 2, cell)?;
            }
            insert.raw_execute()
        };
        bind().map_err(|error| snapshot_failed(&self.origin, &error))?;
        if !self.unmapped_names.is_empty() {
            let cells: Vec<Option<String>> = cells.collect();
            self.unmapped.row(
                self.unmapped_names
                    .iter()
                    .zip(&cells)
                    .map(|(field, cell)| (field.as_str(), cell.as_deref())),
            );
        }
        Ok(())
    }

    /// A row of which every cell is blank, which is none.
    pub fn blank(&mut self) -> Result<(), SourceError> {
        self.summary.blank += 1;
        if self.summary.blank > MOST_ROWS {
            return Err(SourceError::new(
                ErrorCode::SourceLimit,
                format!("`{}` holds over {MOST_ROWS} blank rows", self.origin),
            ));
        }
        Ok(())
    }

    /// Whether this is the first row with this id; they are kept on disk, for there can be many.
    pub fn is_first(&mut self, id: &str) -> Result<bool, SourceError> {
        let remember = |connection: &'a Connection| {
            connection
                .execute_batch("create temp table ids (id text primary key) without rowid")?;
            connection.prepare("insert or ignore into ids values (?1)")
        };
        let failed = |error: rusqlite::Error| snapshot_failed(&self.origin, &error);
        let Sink::Snapshot(inserts) = &mut self.sink else { return Ok(true) }; // a sample counts for nothing
        let insert = match &mut inserts.id {
            Some(insert) => insert,
            none => none.insert(remember(inserts.connection).map_err(failed)?),
        };
        insert.execute([id]).map(|added| added == 1).map_err(failed)
    }

    /// A row with something in columns that the header does not name, at these places, with all of
    /// its text.
    pub fn unnamed_cells(
        &mut self,
        line: u64,
        text: &str,
        places: impl IntoIterator<Item = usize>,
    ) -> Result<(), SourceError> {
        self.unnamed.0 += 1;
        self.unnamed.1.extend(places);
        self.ragged(line, text)
    }

    /// A row that could not be split into its columns, with all of its text.
    pub fn ragged(&mut self, line: u64, text: &str) -> Result<(), SourceError> {
        self.count()?;
        if text.len() > MOST_RAGGED_TEXT {
            return Err(self.broken(&format!(
                "the row at line {line} is over {MOST_RAGGED_TEXT} bytes; is a quote left open?"
            )));
        }
        let line = self.number(line);
        self.summary.ragged.push(RaggedRow {
            line,
            digest: ragged_digest(text),
            excerpt: text.chars().take(EXCERPT_CHARS).collect(),
        });
        if self.summary.ragged.len() > MOST_UNREADABLE {
            let what = "too many rows hold something beside the columns that the header names, or \
                        are of another width; is it of that kind, and has every column a name?";
            return Err(self.broken(what));
        }
        Ok(())
    }

    /// A sheet beside those that are read that holds something, and of which nothing is declared.
    pub fn unread_sheet(
        &mut self,
        sheet: &str,
        has_these_columns: bool,
    ) -> Result<(), SourceError> {
        if let Sink::Sample(seen) = &mut self.sink {
            seen.get_mut().left.push(sheet.to_owned());
            return Ok(());
        }
        let alike = if has_these_columns { " and has the same columns" } else { "" };
        let detail = format!(
            "`{}`: sheet `{}` holds something{alike}, and is neither read nor declared: list it \
             in `source.sheet` with the others, or say in `source.unread` why it is not a part of \
             the register",
            self.origin,
            headers::shown(sheet)
        );
        Err(SourceError::new(ErrorCode::SourceDrift, detail))
    }

    fn number(&mut self, own: u64) -> u64 {
        let number = self.numbered.0.saturating_add(own);
        self.numbered.1 = self.numbered.1.max(number);
        number
    }

    fn count(&mut self) -> Result<(), SourceError> {
        self.summary.rows += 1;
        if self.summary.rows > MOST_ROWS {
            return Err(SourceError::new(
                ErrorCode::SourceLimit,
                format!("`{}` holds over {MOST_ROWS} rows", self.origin),
            ));
        }
        Ok(())
    }

    /// Something that the owner should know.
    pub fn advise(&mut self, advice: String) {
        self.summary.advice.push(advice);
    }

    fn broken(&self, what: &str) -> SourceError {
        SourceError::new(ErrorCode::SourceUnreadable, format!("`{}`: {what}", self.origin))
    }
}

/// Where rows go.
enum Sink<'a> {
    /// Into a snapshot.
    Snapshot(Inserts<'a>),
    /// Nowhere: what its columns hold is only looked at.
    Sample(RefCell<Sample>),
}

/// What writes a snapshot.
struct Inserts<'a> {
    connection: &'a Connection,
    row: Statement<'a>,
    /// Remembers ids, once there are any.
    id: Option<Statement<'a>>,
}
