//! A snapshot while something is read into it: rows as they come, and what their owner should know
//! of what was read.

mod midnight;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, Statement};
use zerotrip_datasets::Column;
use zerotrip_datasets::file::MOST_COLUMNS;
use zerotrip_datasets::guess::Evidence;
use zerotrip_proto::v1::{ErrorCode, SemanticType};

use super::SourceError;
use super::findings::{LeftFields, all_there};
use super::header;
use super::profile::{MOST_UNREADABLE, RaggedRow};
use super::snapshot::snapshot_failed;
use crate::rulings::ragged_digest;

use self::midnight::Midnights;

/// Bytes of one ragged row, all of which must be kept: an identifier cut off would be a person not
/// asked about.
const MOST_RAGGED_TEXT: usize = 1 << 20;
/// Characters of it that are kept for its owner to see.
const EXCERPT_CHARS: usize = 400;
/// Rows of a snapshot.
const MOST_ROWS: u64 = 100_000_000;
/// Names that one advice lists.
const MOST_LISTED: usize = 20;

/// What was read.
#[derive(Debug, Default)]
pub struct Filled {
    /// Rows, ragged ones included.
    pub rows: u64,
    /// Rows of nothing but blanks, which are none.
    pub blank: u64,
    /// Rows that could not be split into columns.
    pub ragged: Vec<RaggedRow>,
    /// For the owner.
    pub advice: Vec<String>,
}

/// A snapshot while something is read into it.
pub struct Filling<'a> {
    origin: String,
    columns: &'a [Column],
    sink: Sink<'a>,
    filled: Filled,
    /// Parts that are read as one, each with the number behind which its rows are counted.
    parts: Vec<(String, u64)>,
    /// What the present part's rows are numbered behind, and the highest number yet.
    numbered: (u64, u64),
    /// Rows with something in a column that has no name, and those columns.
    beside: (u64, BTreeSet<usize>),
    midnights: Midnights,
    /// Fields in which persons are whom the rows are not about; none where no field is left.
    not_about: Option<&'a BTreeSet<String>>,
    /// Fields of the present file that no column names, in the order in which a row gives their
    /// cells, behind those of the columns.
    left: Vec<String>,
    left_fields: LeftFields,
    /// Those of `not_about` that a file had; `None` of what has no header.
    stated: Option<BTreeSet<String>>,
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

/// What was seen of a file that no dataset file describes yet.
#[derive(Debug, Default)]
pub struct Sample {
    /// The columns' names, each with what was seen of it.
    pub columns: Vec<(String, Evidence)>,
    /// Columns that have no name, or cannot be read.
    pub passed_over: usize,
    /// Rows, ragged ones included.
    pub rows: u64,
    /// Rows that could not be split.
    pub ragged: usize,
    /// Sheets beside the one that was looked at that hold something.
    pub left: Vec<String>,
    /// For the owner.
    pub advice: Vec<String>,
}

impl<'a> Filling<'a> {
    /// Into a table of these columns.
    ///
    /// Fields that no column names are looked through for persons, unless `not_about` says that the
    /// rows are not about who is there; with `None` nobody is looked up.
    pub(super) fn new(
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
        let filling =
            Self::over(origin, columns, Sink::Snapshot(Inserts { connection, row, id: None }));
        Ok(Self { not_about, ..filling })
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
            filled: Filled::default(),
            parts: Vec::new(),
            numbered: (0, 0),
            beside: (0, BTreeSet::new()),
            midnights: Midnights::of(columns),
            not_about: None,
            left: Vec::new(),
            left_fields: LeftFields::default(),
            stated: None,
        }
    }

    /// Whether the file is only looked at: then every column is wanted that can be read.
    pub fn is_sample(&self) -> bool {
        matches!(self.sink, Sink::Sample(_))
    }

    /// What was seen.
    pub fn into_sample(mut self) -> Sample {
        self.conclude();
        let seen = match self.sink {
            Sink::Sample(seen) => seen.into_inner(),
            Sink::Snapshot(_) => Sample::default(),
        };
        Sample {
            rows: self.filled.rows,
            ragged: self.filled.ragged.len(),
            advice: self.filled.advice,
            ..seen
        }
    }

    /// What was read, once all of it was.
    pub(super) fn filled(mut self) -> Result<Filled, SourceError> {
        self.midnights.plausible(&self.origin, self.columns)?;
        if let Some(there) = &self.stated {
            all_there(&self.origin, self.not_about.into_iter().flatten(), |stated| {
                there.contains(stated)
            })?;
        }
        self.left_fields.none(&self.origin)?;
        self.conclude();
        Ok(self.filled)
    }

    /// What the owner should know of the whole.
    fn conclude(&mut self) {
        let (rows, columns) = (self.beside.0, &self.beside.1);
        if rows > 0 {
            let places: Vec<String> =
                columns.iter().take(MOST_LISTED).map(|place| (place + 1).to_string()).collect();
            self.filled.advice.push(format!(
                "{rows} rows hold something in a column that the header does not name (column \
                 {}), and are unreadable; give every column a name, or empty it",
                places.join(", ")
            ));
        }
        if self.filled.blank > 0 {
            self.filled
                .advice
                .push(format!("{} rows hold nothing but blanks, and are none", self.filled.blank));
        }
        if self.parts.len() > 1 {
            let parts: Vec<String> = self
                .parts
                .iter()
                .take(MOST_LISTED)
                .map(|(name, behind)| format!("`{}` behind {behind}", header::shown(name)))
                .collect();
            let rest = if self.parts.len() > MOST_LISTED { " and others" } else { "" };
            self.filled.advice.push(format!(
                "{} parts are read as one, their rows numbered through: {}{rest}",
                self.parts.len(),
                parts.join(", ")
            ));
        }
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
        (self.filled.rows, self.filled.blank)
    }

    /// Whether every column of the dataset is among these names; when a file is looked at, whether
    /// there are two at all.
    pub fn fits(&self, names: &[Option<String>]) -> bool {
        if self.is_sample() {
            return names.iter().flatten().count() > 1;
        }
        self.columns.iter().all(|column| names.iter().flatten().any(|name| *name == column.field))
    }

    /// Whether the dataset has this field as a date.
    pub fn is_date(&self, field: &str) -> bool {
        self.columns
            .iter()
            .any(|column| column.field == field && column.semantic == SemanticType::Date)
    }

    /// The file's columns, unnamed ones as `None`. Returns the place in the file of each column of
    /// the dataset and, behind those, of each field that no column names and of which nothing
    /// is stated: a row gives its cells in this order.
    pub fn header(&mut self, names: &[Option<String>]) -> Result<Vec<usize>, SourceError> {
        let drift = |detail: String| {
            Err(SourceError::new(ErrorCode::SourceDrift, format!("`{}` {detail}", self.origin)))
        };
        if let Some(value) = header::value_among(names, self.columns) {
            return drift(format!(
                "the file has no header line; where a column's name should be there is a value, \
                 `{value}`: have it written with a line of names, or say `header` where a sheet \
                 has them in a lower row"
            ));
        }
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            let Some(name) = name.as_deref() else { continue };
            if known.insert(name, place).is_some() {
                return drift(format!(
                    "has column `{name}` twice in its header; rename one of them"
                ));
            }
        }
        if let Sink::Sample(seen) = &self.sink {
            let named: Vec<(usize, String)> = names
                .iter()
                .enumerate()
                .filter_map(|(place, name)| {
                    Some((place, name.clone().filter(|name| !name.is_empty())?))
                })
                .collect();
            let mut seen = seen.borrow_mut();
            seen.passed_over = names.len() - named.len();
            seen.columns =
                named.iter().map(|(_, name)| (name.clone(), Evidence::default())).collect();
            if seen.columns.len() > MOST_COLUMNS {
                return drift(format!(
                    "has {} columns, and a dataset at most {MOST_COLUMNS}",
                    seen.columns.len()
                ));
            }
            return Ok(named.into_iter().map(|(place, _)| place).collect());
        }
        let mut places = Vec::with_capacity(self.columns.len());
        for column in self.columns {
            match known.get(column.field.as_str()) {
                Some(place) => places.push(*place),
                None => {
                    let field = header::shown(&column.field);
                    return drift(format!(
                        "has no column `{field}`; correct the column's `field`, or what \
                         `[source]` says of the file"
                    ));
                }
            }
        }
        self.left.clear();
        let stated = self.stated.get_or_insert_default();
        for (place, name) in
            names.iter().enumerate().filter_map(|(place, name)| Some((place, name.as_deref()?)))
        {
            let Some(not_about) = self.not_about else { continue };
            if not_about.contains(name) {
                stated.insert(name.to_owned());
            } else if self.columns.iter().all(|column| column.field != name) {
                self.left.push(name.to_owned());
                places.push(place);
            }
        }
        Ok(places)
    }

    /// The error of a field that cannot be read, at this place among those that [`Self::header`]
    /// returned: of one that no column names, with what can be done about it.
    pub fn of_field(&self, at: usize, error: SourceError) -> SourceError {
        if self.is_sample() || at < self.columns.len() {
            return error;
        }
        let detail = format!(
            "{}; no column names it, so that nothing shows that nobody is named there: if the \
             rows are not about who is there, say why in `[not_about]`",
            error.detail
        );
        SourceError::new(error.code, detail)
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
        if !self.left.is_empty() {
            let cells: Vec<Option<String>> = cells.collect();
            self.left_fields.row(
                self.left.iter().zip(&cells).map(|(field, cell)| (field.as_str(), cell.as_deref())),
            );
        }
        Ok(())
    }

    /// A row of which every cell is blank, which is none.
    pub fn blank(&mut self) -> Result<(), SourceError> {
        self.filled.blank += 1;
        if self.filled.blank > MOST_ROWS {
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
    pub fn beside(
        &mut self,
        line: u64,
        text: &str,
        places: impl IntoIterator<Item = usize>,
    ) -> Result<(), SourceError> {
        self.beside.0 += 1;
        self.beside.1.extend(places);
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
        self.filled.ragged.push(RaggedRow {
            line,
            digest: ragged_digest(text),
            excerpt: text.chars().take(EXCERPT_CHARS).collect(),
        });
        if self.filled.ragged.len() > MOST_UNREADABLE {
            let what = "too many rows hold something beside the columns that the header names, or \
                        are of another width; is it of that kind, and has every column a name?";
            return Err(self.broken(what));
        }
        Ok(())
    }

    /// A sheet beside those that are read that holds something, and of which nothing is declared.
    pub fn left(&mut self, sheet: &str, has_these_columns: bool) -> Result<(), SourceError> {
        if let Sink::Sample(seen) = &mut self.sink {
            seen.get_mut().left.push(sheet.to_owned());
            return Ok(());
        }
        let alike = if has_these_columns { " and has the same columns" } else { "" };
        let detail = format!(
            "`{}`: sheet `{}` holds something{alike}, and is neither read nor declared: list it \
             in `source.sheet` with the others, or say in `source.unread` why it is no part of \
             the register",
            self.origin,
            header::shown(sheet)
        );
        Err(SourceError::new(ErrorCode::SourceDrift, detail))
    }

    fn number(&mut self, own: u64) -> u64 {
        let number = self.numbered.0.saturating_add(own);
        self.numbered.1 = self.numbered.1.max(number);
        number
    }

    fn count(&mut self) -> Result<(), SourceError> {
        self.filled.rows += 1;
        if self.filled.rows > MOST_ROWS {
            return Err(SourceError::new(
                ErrorCode::SourceLimit,
                format!("`{}` holds over {MOST_ROWS} rows", self.origin),
            ));
        }
        Ok(())
    }

    /// Something that the owner should know.
    pub fn advise(&mut self, advice: String) {
        self.filled.advice.push(advice);
    }

    fn broken(&self, what: &str) -> SourceError {
        SourceError::new(ErrorCode::SourceUnreadable, format!("`{}`: {what}", self.origin))
    }
}
