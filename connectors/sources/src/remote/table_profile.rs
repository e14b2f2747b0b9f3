//! What a profiling pass learnt of a table on a server: in which raw spellings a person is
//! there irregularly, and which rows cannot be read. Spellings, not row ids: a look-up asks for
//! them as values, so they serve for views and for rows that have moved too.

use std::collections::BTreeSet;
use std::time::{Instant, SystemTime};

use zerotrip_datasets::{Key, KeyKind, mask};
use zerotrip_proto::v1::ErrorCode;

use super::super::profile::{KeyCell, Profile};
use super::super::row_index::{IndexBuilder, RowIndex};
use super::super::unmapped_fields::UnmappedFields;
use super::super::{RawRow, Rows, SourceError, UnreadableRow, next_number};
use super::cells::Cells;
use super::system::{Column, Form, Locator, Sink};
use crate::rulings::row_digest;

/// Bytes of all spellings and locators that are remembered.
const MOST_BYTES: usize = 256 << 20;
/// Characters of a locator.
const MOST_LOCATOR: usize = 200;

/// What a profiling pass learnt.
#[derive(Debug)]
pub struct TableProfile {
    /// No other pass of this process has it.
    pub number: u64,
    /// The pass itself; its row ids are places in `irregular_rows`.
    pub profile: Profile,
    irregular_rows: Vec<IrregularRow>,
    /// Which persons were in which rows.
    pub row_index: RowIndex,
    /// What identifies the rows; empty: all of their cells.
    pub locator: Vec<Locator>,
    /// When its transaction began.
    pub started: SystemTime,
    /// The same, for telling its age.
    pub since: Instant,
    /// When it was over.
    pub over: Instant,
    /// What the extract said of its own time.
    pub recorded: Option<SystemTime>,
    /// How far a server that follows another one had come.
    pub followed: Option<SystemTime>,
}

/// A row of which something must be remembered.
#[derive(Debug)]
struct IrregularRow {
    locator: Box<str>,
    /// Irregular spellings, by column place.
    spellings: Box<[(usize, Box<str>)]>,
}

impl TableProfile {
    /// The raw spellings, none of them regular, in which one of these persons is in this
    /// column.
    pub fn spellings(&self, column: usize, keys: &[Key]) -> BTreeSet<String> {
        let rows = self
            .profile
            .irregular_rows(&[column], keys)
            .into_iter()
            .filter_map(|row| self.irregular_row(row));
        let cells = rows.flat_map(|row| row.spellings.iter()).filter(|(place, _)| *place == column);
        cells.map(|(_, raw)| raw.to_string()).collect()
    }

    /// Locators of unreadable rows that could be one of the keys'.
    pub fn could_match(&self, columns: &[usize], keys: &[Key]) -> Vec<String> {
        self.profile.suspects(columns, keys).into_iter().map(|row| self.locator(row)).collect()
    }

    /// Locators of all unreadable rows of which their owner has stated nothing.
    pub fn unreadable(&self) -> impl Iterator<Item = String> + '_ {
        self.profile.open_rows().map(|row| self.locator(row))
    }

    /// Of when an answer is that rests upon this pass.
    pub fn as_of(&self) -> SystemTime {
        // What an extract says of itself cannot be later than it was read.
        let seen = self.recorded.map_or(self.started, |recorded| recorded.min(self.started));
        self.followed.map_or(seen, |followed| seen.min(followed))
    }

    fn locator(&self, row: i64) -> String {
        self.irregular_row(row)
            .map_or_else(|| format!("row {row}"), |kept| kept.locator.to_string())
    }

    fn irregular_row(&self, row: i64) -> Option<&IrregularRow> {
        self.irregular_rows.get(usize::try_from(row).ok()?)
    }
}

/// A pass under way.
pub struct ProfileBuilder<'a> {
    profile: Profile,
    irregular_rows: Vec<IrregularRow>,
    row_index: IndexBuilder,
    /// The row that is looked at.
    row: Rows,
    bytes: usize,
    /// The places of the columns that are read, in the order in which their cells come.
    places: &'a [usize],
    /// For the owner's clerk: the unreadable rows, with their ids.
    found: Option<Vec<(i64, UnreadableRow)>>,
    cells: &'a Cells,
    /// Columns that the dataset file does not name: their cells come behind the others.
    unmapped_columns: &'a [Column],
    unmapped: UnmappedFields,
    locator: &'a [Locator],
}

impl<'a> ProfileBuilder<'a> {
    /// Before the first row. `places` are those of the columns that are read: of all, where rows
    /// are to be known by their digests.
    pub fn new(
        profile: Profile,
        places: &'a [usize],
        cells: &'a Cells,
        unmapped_columns: &'a [Column],
        locator: &'a [Locator],
    ) -> Self {
        let unmapped = UnmappedFields::of(profile.kinds());
        Self {
            profile,
            irregular_rows: Vec::new(),
            row_index: IndexBuilder::default(),
            row: Rows::default(),
            bytes: 0,
            places,
            found: None,
            cells,
            unmapped_columns,
            unmapped,
            locator,
        }
    }

    /// Keeps unreadable rows, for the owner's clerk.
    pub fn finding(self) -> Self {
        Self { found: Some(Vec::new()), ..self }
    }

    /// At most `most` of those of which nothing is stated.
    pub fn found(self, most: usize) -> Vec<UnreadableRow> {
        let open: BTreeSet<i64> = self.profile.open_rows().collect();
        let found = self.found.into_iter().flatten().filter(|(id, _)| open.contains(id));
        found.map(|(_, row)| row).take(most).collect()
    }

    /// After the last row, whether it can be relied upon.
    pub fn close(&mut self, table: &str) -> Result<(), SourceError> {
        self.unmapped.require_none(table)?;
        self.profile.close()
    }

    /// After the last row.
    pub fn finish(
        self,
        started: SystemTime,
        since: Instant,
        recorded: Option<SystemTime>,
        followed: Option<SystemTime>,
    ) -> TableProfile {
        TableProfile {
            number: next_number(),
            profile: self.profile,
            irregular_rows: self.irregular_rows,
            row_index: self.row_index.finish(),
            locator: self.locator.to_vec(),
            started,
            since,
            over: Instant::now(),
            recorded,
            followed,
        }
    }

    fn keep(&mut self, keys: RawRow<'_>, found: RawRow<'_>) -> Result<(), SourceError> {
        let irregular =
            self.places.iter().zip(keys.iter()).filter_map(|(place, raw)| Some((*place, raw?)));
        // Of a row that is somebody's by ruling, or several ones', too: its text is what the system
        // is asked for.
        let kind = |place: usize| self.profile.kind_of(place).unwrap_or_default();
        let is_asked =
            |place: usize, raw: &str| self.cells.holds_ids(place) && !kind(place).is_regular(raw);
        let spellings = irregular
            .filter(|(place, raw)| is_asked(*place, raw))
            .map(|(place, raw)| (place, raw.into()))
            .collect();
        let kept = IrregularRow { locator: self.locate(found).into(), spellings };
        self.bytes +=
            kept.locator.len() + kept.spellings.iter().map(|(_, raw)| raw.len()).sum::<usize>();
        if self.bytes > MOST_BYTES {
            let detail = format!(
                "irregular spellings of more than {MOST_BYTES} bytes; clean the column or add a \
                 normalised one"
            );
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        self.irregular_rows.push(kept);
        Ok(())
    }

    fn locate(&self, found: RawRow<'_>) -> String {
        if self.locator.is_empty() {
            return format!("row {} of the pass", self.profile.rows);
        }
        let mut hidden = false;
        let mut parts = Vec::with_capacity(self.locator.len());
        for (part, value) in self.locator.iter().zip(found.iter()) {
            let value = value.unwrap_or("null");
            // Locators are in logs and journals, which hold no ids.
            let is_id = self.cells.is_id(&part.name)
                || KeyKind::ALL.iter().any(|kind| kind.read(value).is_some());
            hidden |= is_id;
            parts.push(format!(
                "{} = {}",
                part.name,
                if is_id { mask::masked(value) } else { value.to_owned() }
            ));
        }
        if hidden {
            parts.push(format!("row {} of the pass", self.profile.rows));
        }
        parts.join(", ").chars().take(MOST_LOCATOR).collect()
    }
}

impl Sink for ProfileBuilder<'_> {
    fn take(&mut self, row: RawRow<'_>) -> Result<bool, SourceError> {
        let (row, found) = row.split_at(self.places.len());
        let (left, found) = found.split_at(self.unmapped_columns.len());
        if !self.unmapped_columns.is_empty() {
            self.unmapped.row(
                self.unmapped_columns.iter().map(|column| column.name.as_str()).zip(left.iter()),
            );
        }
        let mut settled = std::mem::take(&mut self.row);
        settled.clear();
        self.cells.settle(self.places.iter().copied(), row, &mut settled)?;
        let row = settled.end_row(1);
        let cell = |place: usize| match self
            .places
            .iter()
            .position(|known| *known == place)
            .and_then(|at| row.get(at))
        {
            Some(text)
                if self
                    .cells
                    .column(place)
                    .is_some_and(|column| column.form.is_asked_in_text()) =>
            {
                KeyCell::Stored(text)
            }
            Some(text) => KeyCell::Text(text),
            None => KeyCell::Null,
        };
        let which = self.row_index.which(if self.locator.is_empty() { row } else { found });
        for (place, raw) in self.places.iter().zip(row.iter()) {
            if let Some(raw) = raw
                && let Some(name) = self.profile.name_in(*place, raw)
            {
                self.row_index.add(*place, &name, which)?;
            }
        }
        let id = i64::try_from(self.irregular_rows.len()).unwrap_or(i64::MAX);
        let digest = || row_digest(row.iter());
        let noted = self.profile.note(id, cell, digest)?;
        if noted.irregular || noted.unreadable || noted.doubtful {
            self.keep(row, found)?;
        }
        if noted.unreadable && self.found.is_some() {
            let row = UnreadableRow {
                locator: self.locate(found),
                digest: digest(),
                cells: row.to_vec(),
            };
            self.found.iter_mut().for_each(|found| found.push((id, row.clone())));
        }
        self.row = settled;
        // Nothing is sent on, but other tasks get a turn now and then.
        Ok(self.profile.rows.is_multiple_of(4096))
    }

    async fn flush(&mut self) -> Result<(), SourceError> {
        tokio::task::yield_now().await;
        Ok(())
    }
}

/// Whether a column of this form can hold an id.
pub fn holds_ids(form: Form) -> bool {
    form.is_asked_in_text() || form.is_asked_in_numbers() || form == Form::Float
}
