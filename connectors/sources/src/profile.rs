//! The profiling pass: one look over the key columns that finds what an index cannot. It remembers
//! which rows hold a known person in an irregular spelling or beside others, which are a person's
//! by their owner's ruling, and which are not accounted for; everything else the index finds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_datasets::cell::is_blank;
use zerotrip_datasets::resident_id::{
    self, Declared, Probe, ResidentId, Suspect, Whose, names_somebody,
};
use zerotrip_datasets::{CivilDay, Column, DatasetFile};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::Digest;

use super::SourceError;
use crate::rulings::{Concerns, Rulings};

/// More unreadable rows than this is not a register with blemishes but a broken one.
pub const MOST_UNREADABLE: usize = 10_000;
/// So many identifiers that cannot be read are blemishes, in however small a register, if any can
/// be read.
const FEW: u64 = 100;
/// Where none can be read, so many are.
const HANDFUL: u64 = 5;
/// More rows than this that name persons outside the look-ups are about them, or are not: their
/// owner knows.
pub const MOST_MENTIONED: usize = 10_000;
/// More irregular spellings than this belong into the system's own clean-up.
pub const MOST_IRREGULAR: usize = 1_000_000;

/// What the pass found in one table.
#[derive(Debug)]
pub struct Profile {
    /// Rows, unreadable ones included.
    pub rows: u64,
    /// By column place: person → row ids that an index of regular spellings does not find.
    irregular: HashMap<(usize, ResidentId), Vec<i64>>,
    /// Cells that are not accounted for.
    unreadable: Vec<Cell>,
    /// Cells that are a person's id, and could as well be what a spreadsheet left of another's.
    rounded: Vec<Cell>,
    /// Where those of them are, by the digits that are left: they can be a hundredth of a
    /// register, too many to be held against each of many keys.
    rounded_by: HashMap<u64, Vec<usize>>,
    /// 15-digit ids that may be another's, by their digits: where, and whose they are by their
    /// looks.
    doubtful: HashMap<u64, Vec<(usize, i64, ResidentId)>>,
    /// How many of those there are.
    doubtful_count: usize,
    /// Rows that name a person outside the look-ups, of whom no look-up's column of the same row
    /// says so.
    mentioned: Vec<Cell>,
    /// Where those are, by the person.
    mentioned_by: HashMap<ResidentId, Vec<usize>>,
    /// Where those are that hold a damaged id there.
    hinted_at: Vec<usize>,
    /// Places of the columns in which such a person may be.
    beside: Vec<usize>,
    /// What the cells of each of `columns` hold.
    held: Vec<Held>,
    /// Rows that could not be split into columns: each could be anybody's.
    ragged: Vec<RaggedRow>,
    /// The dataset's look-ups.
    look_ups: Vec<KeyColumns>,
    /// All their columns, each once.
    columns: Vec<KeyColumn>,
    /// What the owner has stated of unreadable rows.
    adjudications: Arc<Rulings>,
    /// How many rows there are of each digest of which something is stated.
    ruled_rows: HashMap<Digest, u64>,
    /// Nobody is born later.
    today: CivilDay,
}

/// One look-up of a dataset.
#[derive(Clone, Debug, Default)]
pub struct KeyColumns {
    /// Places of its columns.
    pub columns: Vec<usize>,
    /// Those of them in which a blank says that there is nobody.
    pub may_be_blank: Vec<usize>,
    /// What is declared of them, by their places.
    pub declared: BTreeMap<usize, DeclaredKey>,
}

/// What is declared of a column of ids.
#[derive(Clone, Debug, Default)]
pub struct DeclaredKey {
    /// Its words and schemes.
    pub declared: Declared,
    /// The place of the column that says under which scheme an id stands.
    pub scheme_by: Option<usize>,
}

#[derive(Clone, Debug)]
struct KeyColumn {
    place: usize,
    key: DeclaredKey,
}

impl KeyColumns {
    /// The places of all columns of these look-ups, each once.
    pub fn places(look_ups: &[Self]) -> Vec<usize> {
        let places: BTreeSet<usize> =
            look_ups.iter().flat_map(|look_up| &look_up.columns).copied().collect();
        places.into_iter().collect()
    }

    /// Whether what stands in them is told by other columns too.
    pub fn need_others(look_ups: &[Self]) -> bool {
        look_ups
            .iter()
            .flat_map(|look_up| look_up.declared.values())
            .any(|key| key.scheme_by.is_some())
    }

    /// Those of a dataset file.
    pub fn of(dataset: &DatasetFile) -> Vec<Self> {
        let place = |name: &String| dataset.columns.iter().position(|column| column.name == *name);
        let places = |names: &[String]| -> Vec<usize> { names.iter().filter_map(place).collect() };
        let declared = |at: &usize| {
            let declared = dataset.columns.get(*at)?.declared.clone();
            let scheme_by = declared.scheme_by.as_ref().and_then(|by| place(&by.column));
            Some((*at, DeclaredKey { declared, scheme_by }))
        };
        let look_up = |look_up: &zerotrip_datasets::Lookup| {
            let columns = places(&look_up.columns);
            let declared = columns.iter().filter_map(declared).collect();
            Self { columns, may_be_blank: places(&look_up.may_be_blank), declared }
        };
        dataset.lookups.iter().map(look_up).collect()
    }

    /// The places of columns in no look-up in which a person may be whom a row is about: all but
    /// those of which the owner has stated otherwise. None of a dataset that nobody is looked
    /// up in.
    pub fn beside(dataset: &DatasetFile, look_ups: &[Self]) -> Vec<usize> {
        let keys = Self::places(look_ups);
        let may_be = |place: usize, column: &Column| {
            !keys.is_empty()
                && !keys.contains(&place)
                && !dataset.not_about.contains_key(&column.field)
        };
        let columns = dataset.columns.iter().enumerate();
        columns.filter(|(place, column)| may_be(*place, column)).map(|(place, _)| place).collect()
    }

    /// Key columns of a row in which an id is lost: blank ones, where its owner has not said that
    /// there may be nobody, or in which nobody at all stands. `cell` gives the row's cells.
    pub fn lost<'a>(&self, cell: &impl Fn(usize) -> Option<&'a str>) -> Vec<usize> {
        let says_other =
            |place: &usize| self.declared.get(place).is_some_and(|key| key.says_other(cell));
        let blank: Vec<usize> = self
            .columns
            .iter()
            .copied()
            .filter(|place| is_blank(cell(*place)) && !says_other(place))
            .collect();
        let all = blank.len() == self.columns.len();
        blank.into_iter().filter(|place| all || !self.may_be_blank.contains(place)).collect()
    }
}

impl DeclaredKey {
    /// Whether the column for it says that no resident id stands there.
    pub fn says_other<'a>(&self, cell: &impl Fn(usize) -> Option<&'a str>) -> bool {
        let by = self.scheme_by.zip(self.declared.scheme_by.as_ref());
        by.is_some_and(|(place, by)| by.says_other(cell(place)))
    }

    /// Whose the cell `raw` is on that day, beside the row's others; it is not blank.
    pub fn whose<'a>(
        &self,
        raw: &str,
        today: CivilDay,
        cell: &impl Fn(usize) -> Option<&'a str>,
    ) -> Whose {
        match self.declared.whose(raw, today) {
            // What is, or may be left of, somebody's id is no other number, whatever the other
            // column says.
            Whose::Could(suspect)
                if suspect.is_anybodys() && !names_somebody(raw) && self.says_other(cell) =>
            {
                Whose::Nobody
            }
            whose => whose,
        }
    }
}

/// A key cell as its system stores it.
#[derive(Clone, Copy, Debug)]
pub enum KeyCell<'a> {
    /// NULL.
    Null,
    /// Text that may have passed through a spreadsheet or a number; an index finds it by its
    /// spellings.
    Text(&'a str),
    /// Text as somebody wrote it into a database: nothing has rounded it.
    Stored(&'a str),
    /// A number, which an index of text does not find.
    Number(&'a str),
}

impl<'a> KeyCell<'a> {
    fn text(self) -> Option<&'a str> {
        match self {
            Self::Null => None,
            Self::Text(raw) | Self::Stored(raw) | Self::Number(raw) => Some(raw),
        }
    }
}

/// What is remembered of a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Noted {
    /// A person in an irregular spelling, or beside another.
    pub irregular: bool,
    /// A cell that is not accounted for, or not to be relied upon.
    pub unreadable: bool,
    /// A person's id that may be another's.
    pub doubtful: bool,
}

/// How many cells of a column say whom their row is about, and how many say that it is about nobody
/// who is asked about. One that could be anybody's is neither: it stops every absence by itself.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    readable: u64,
    foreign: u64,
}

/// A cell that concerns others than an index says.
#[derive(Debug)]
struct Cell {
    column: usize,
    row: i64,
    /// Whom it could concern by its looks.
    suspect: Suspect,
    /// Whose it is by its looks; nobody's, where it is unreadable.
    reads_as: Option<ResidentId>,
    /// Nothing stands there that the system could be asked for.
    is_blank: bool,
    /// The row's digest, where its owner has stated something of it.
    ruled: Option<Digest>,
    state: State,
}

/// What is settled of a cell.
#[derive(Debug)]
enum State {
    /// Nothing: it concerns whoever it could.
    Open,
    /// Its row can concern these, as the owner has stated.
    Stated(Concerns),
    /// Nobody, or somebody whose row it is now.
    Settled,
}

impl Cell {
    fn could_be(&self, person: &(&ResidentId, Probe)) -> bool {
        match &self.state {
            State::Open => self.suspect.could_be(&person.1),
            State::Stated(concerns) => concerns.could_be(person.0),
            State::Settled => false,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }
}

/// A row that could not be split into columns.
#[derive(Clone, Debug)]
pub struct RaggedRow {
    /// Its line in the file.
    pub line: u64,
    /// By which its owner can state whom it concerns.
    pub digest: Digest,
    /// Its beginning, for the owner.
    pub excerpt: String,
}

impl Profile {
    /// An empty one, for a dataset with these look-ups. `beside` are the columns of
    /// [`KeyColumns::beside`].
    pub fn new(
        look_ups: Vec<KeyColumns>,
        beside: Vec<usize>,
        ragged: Vec<RaggedRow>,
        adjudications: Arc<Rulings>,
    ) -> Result<Self, SourceError> {
        let key = |place: usize| {
            look_ups
                .iter()
                .find_map(|look_up| look_up.declared.get(&place))
                .cloned()
                .unwrap_or_default()
        };
        let columns: Vec<KeyColumn> = KeyColumns::places(&look_ups)
            .into_iter()
            .map(|place| KeyColumn { place, key: key(place) })
            .collect();
        let mut ruled_rows = HashMap::new();
        for row in ragged.iter().filter(|row| adjudications.of(&row.digest).is_some()) {
            *ruled_rows.entry(row.digest).or_default() += 1;
        }
        let profile = Self {
            rows: ragged.len() as u64,
            irregular: HashMap::new(),
            unreadable: Vec::new(),
            rounded: Vec::new(),
            rounded_by: HashMap::new(),
            doubtful: HashMap::new(),
            doubtful_count: 0,
            mentioned: Vec::new(),
            mentioned_by: HashMap::new(),
            hinted_at: Vec::new(),
            beside,
            held: vec![Held::default(); columns.len()],
            ragged,
            look_ups,
            columns,
            adjudications,
            ruled_rows,
            today: CivilDay::at(SystemTime::now()),
        };
        profile.bounded()?;
        Ok(profile)
    }

    /// Notes a row; `cell` gives its cells by column place, `digest` that of all its cells. Says
    /// what is remembered under its row id.
    pub fn note<'a>(
        &mut self,
        row: i64,
        cell: impl Fn(usize) -> KeyCell<'a>,
        digest: impl FnOnce() -> Digest,
    ) -> Result<Noted, SourceError> {
        self.rows += 1;
        let before = (self.unreadable.len(), self.rounded.len(), self.mentioned.len());
        let mut noted = Noted::default();
        let mut about: Vec<ResidentId> = Vec::new();
        let text = |place: usize| cell(place).text();
        let lost: BTreeSet<usize> =
            self.look_ups.iter().flat_map(|look_up| look_up.lost(&text)).collect();
        let open = |column, suspect, is_blank| Cell {
            column,
            row,
            suspect,
            reads_as: None,
            is_blank,
            ruled: None,
            state: State::Open,
        };
        self.unreadable
            .extend(lost.into_iter().map(|column| open(column, Suspect::anybody(), true)));
        let mut foreign: Vec<usize> = Vec::new();
        for (at, (KeyColumn { place, key }, held)) in
            self.columns.iter().zip(&mut self.held).enumerate()
        {
            let Some(raw) = text(*place).filter(|raw| !is_blank(Some(raw))) else { continue };
            let add =
                |persons: &[ResidentId], irregular: &mut HashMap<(usize, ResidentId), Vec<i64>>| {
                    persons.iter().for_each(|person| {
                        irregular.entry((*place, *person)).or_default().push(row)
                    });
                };
            match key.whose(raw, self.today, &text) {
                Whose::Person(person) => {
                    held.readable += 1;
                    about.push(person);
                    if resident_id::is_doubtful(raw)
                        && let Some(digits) = resident_id::short_digits(raw)
                    {
                        self.doubtful.entry(digits).or_default().push((*place, row, person));
                        self.doubtful_count += 1;
                        noted.doubtful = true;
                    }
                    if matches!(cell(*place), KeyCell::Number(_))
                        || !person.spellings().iter().any(|spelling| spelling == raw)
                    {
                        add(&[person], &mut self.irregular);
                        noted.irregular = true;
                    }
                    if !matches!(cell(*place), KeyCell::Stored(_))
                        && resident_id::is_spreadsheet_rounded(raw)
                    {
                        let at = self.rounded.len();
                        resident_id::rounded_digits(raw)
                            .for_each(|digits| self.rounded_by.entry(digits).or_default().push(at));
                        self.rounded.push(Cell {
                            reads_as: Some(person),
                            ..open(*place, Suspect::rounded(raw), false)
                        });
                    }
                }
                Whose::Several(persons) => {
                    held.readable += 1;
                    about.extend(&persons);
                    add(&persons, &mut self.irregular);
                    noted.irregular = true;
                }
                Whose::Organisation => held.readable += 1,
                Whose::Nobody => held.foreign += 1,
                Whose::Could(suspect) => {
                    foreign.extend((!suspect.is_anybodys()).then_some(at));
                    self.unreadable.push(open(*place, suspect, false));
                }
            }
        }
        for (at, person) in resident_id::persons_among(self.beside.iter().map(|place| text(*place)))
        {
            let Some(place) = self.beside.get(at).filter(|_| !about.contains(&person)) else {
                continue;
            };
            self.mentioned_by.entry(person).or_default().push(self.mentioned.len());
            self.mentioned.push(open(*place, Suspect::new(person.as_str()), true));
            about.push(person);
        }
        for place in &self.beside {
            for damaged in text(*place).into_iter().flat_map(resident_id::damaged_in) {
                // Of a person whom the row is about anyway.
                if damaged.suspect.is_anybodys()
                    || !about.iter().any(|person| damaged.suspect.could_match(person))
                {
                    self.hinted_at.push(self.mentioned.len());
                    self.mentioned.push(open(*place, damaged.suspect, true));
                }
            }
        }
        if before != (self.unreadable.len(), self.rounded.len(), self.mentioned.len()) {
            noted.unreadable = true;
            // What the owner has stated of a row stands for what cannot be read in it.
            if self.rule(before, digest) {
                foreign.clear();
            }
        }
        for at in foreign {
            self.held.get_mut(at).into_iter().for_each(|held| held.foreign += 1);
        }
        self.bounded().map(|()| noted)
    }

    /// Notes that the owner has stated something of this row; whether so.
    fn rule(&mut self, before: (usize, usize, usize), digest: impl FnOnce() -> Digest) -> bool {
        if self.adjudications.is_empty() {
            return false;
        }
        let digest = digest();
        if self.adjudications.of(&digest).is_none() {
            return false;
        }
        *self.ruled_rows.entry(digest).or_default() += 1;
        let (unreadable, rounded) =
            (self.unreadable.iter_mut().skip(before.0), self.rounded.iter_mut().skip(before.1));
        let new = unreadable.chain(rounded).chain(self.mentioned.iter_mut().skip(before.2));
        new.for_each(|cell| cell.ruled = Some(digest));
        true
    }

    /// After the last row. What the owner has stated of rows holds if there are no more rows like
    /// them than when it was stated: one that came later is not covered, and nothing tells
    /// which one that is.
    ///
    /// A column of ids in which hardly anybody can be read is another column, or was put into other
    /// words (a hash, a vendor's encryption): that a person is not found in it says nothing.
    pub fn close(&mut self) -> Result<(), SourceError> {
        let Self { adjudications, ruled_rows, irregular, unreadable, rounded, mentioned, .. } =
            self;
        for cell in unreadable.iter_mut().chain(rounded).chain(mentioned) {
            let Some(concerns) =
                cell.ruled.and_then(|digest| covering(adjudications, ruled_rows, &digest))
            else {
                continue;
            };
            cell.state = match concerns {
                Concerns::Nobody => State::Settled,
                // It is their row now: a look-up brings it, as if their ids stood there.
                Concerns::Persons(persons) if !cell.is_blank => {
                    let persons =
                        persons.iter().filter_map(|person| ResidentId::new_strict(person).ok());
                    for person in persons.filter(|person| cell.reads_as != Some(*person)) {
                        irregular.entry((cell.column, person)).or_default().push(cell.row);
                    }
                    State::Settled
                }
                Concerns::Persons(_) | Concerns::Born { .. } => State::Stated(concerns.clone()),
            };
        }
        for (KeyColumn { place, .. }, Held { readable, foreign }) in
            self.columns.iter().zip(&self.held)
        {
            if (*foreign > FEW && foreign > readable) || (*readable == 0 && *foreign > HANDFUL) {
                let detail = format!(
                    "of the identifiers in column {} of the dataset file {foreign} are neither a \
                     person's nor a credit code, and only {readable}                      are; \
                     name the column that holds resident ids, or have them given out as they are",
                    place + 1
                );
                return Err(SourceError::new(ErrorCode::SourceImplausible, detail));
            }
        }
        Ok(())
    }

    /// Rows that hold one of the keys in a spelling that no index was asked for.
    pub fn irregular_rows(&self, columns: &[usize], keys: &[ResidentId]) -> Vec<i64> {
        if self.irregular.is_empty() {
            return Vec::new();
        }
        let places = columns.iter().flat_map(|column| keys.iter().map(move |key| (*column, *key)));
        places.filter_map(|place| self.irregular.get(&place)).flatten().copied().collect()
    }

    /// Locators of unreadable rows that could be one of the keys'.
    pub fn could_match(&self, columns: &[usize], keys: &[ResidentId]) -> Vec<String> {
        let rows = self.suspects(columns, keys).into_iter().map(|row| format!("row {row}"));
        let ragged = self.ragged.iter().filter(|row| {
            self.stated_of(row).is_none_or(|concerns| keys.iter().any(|key| concerns.could_be(key)))
        });
        rows.chain(ragged.map(|row| format!("line {}", row.line))).collect()
    }

    /// Row ids of cells in these columns that could be one of the keys' and are not accounted for
    /// as theirs.
    pub fn suspects(&self, columns: &[usize], keys: &[ResidentId]) -> Vec<i64> {
        let mut rows = Vec::new();
        let persons: Vec<(&ResidentId, Probe)> =
            keys.iter().map(|key| (key, Probe::new(key))).collect();
        let concerns = |cell: &&Cell| {
            columns.contains(&cell.column) && persons.iter().any(|person| cell.could_be(person))
        };
        rows.extend(self.unreadable.iter().filter(concerns).map(|cell| cell.row));
        rows.extend(
            self.rounded_suspects(keys)
                .into_iter()
                .filter(|cell| columns.contains(&cell.column))
                .map(|cell| cell.row),
        );
        rows.extend(self.mentions(keys, &persons).map(|cell| cell.row));
        if !self.doubtful.is_empty() {
            let cells = keys.iter().flat_map(|key| {
                let cells = resident_id::doubtfuls(key)
                    .filter_map(|digits| self.doubtful.get(&digits))
                    .flatten();
                cells.filter(move |(_, _, person)| person != key)
            });
            rows.extend(
                cells.filter(|(column, ..)| columns.contains(column)).map(|(_, row, _)| *row),
            );
        }
        rows.dedup();
        rows
    }

    /// Cells outside the look-ups that name one of the keys, or hold a damaged id that could be
    /// theirs, or in whose rows the owner has stated that they could be theirs.
    fn mentions<'a>(
        &'a self,
        keys: &'a [ResidentId],
        persons: &'a [(&'a ResidentId, Probe)],
    ) -> impl Iterator<Item = &'a Cell> {
        let could_be = |place: &&usize| {
            self.mentioned
                .get(**place)
                .is_some_and(|cell| persons.iter().any(|person| cell.suspect.could_be(&person.1)))
        };
        let cells = keys
            .iter()
            .filter_map(|key| self.mentioned_by.get(key))
            .flatten()
            .chain(self.hinted_at.iter().filter(could_be));
        let open =
            cells.filter_map(|place| self.mentioned.get(*place)).filter(|cell| cell.is_open());
        let stated = self.mentioned.iter().filter(|cell| match &cell.state {
            State::Stated(concerns) => keys.iter().any(|key| concerns.could_be(key)),
            State::Open | State::Settled => false,
        });
        open.chain(stated)
    }

    /// Rounded cells that could be one of the keys'.
    fn rounded_suspects(&self, keys: &[ResidentId]) -> Vec<&Cell> {
        let stated = self.rounded.iter().filter(|cell| match &cell.state {
            State::Stated(concerns) => keys.iter().any(|key| concerns.could_be(key)),
            State::Open | State::Settled => false,
        });
        let mut places: BTreeSet<usize> = BTreeSet::new();
        if !self.rounded.is_empty() {
            for digits in keys.iter().flat_map(resident_id::fifteens) {
                places.extend(self.rounded_by.get(&digits).into_iter().flatten().copied());
            }
        }
        places
            .into_iter()
            .filter_map(|place| self.rounded.get(place))
            .filter(|cell| cell.is_open())
            .chain(stated)
            .collect()
    }

    /// What the owner has stated of a ragged row.
    fn stated_of(&self, row: &RaggedRow) -> Option<&Concerns> {
        covering(&self.adjudications, &self.ruled_rows, &row.digest)
    }

    /// Locators of all rows that could be another's than they say, and of which their owner has
    /// stated nothing.
    pub fn unreadable(&self) -> impl Iterator<Item = String> + '_ {
        self.open_cells()
            .map(|cell| format!("row {}", cell.row))
            .chain(self.open_ragged().map(|row| format!("line {}", row.line)))
    }

    /// Rows with an unreadable cell of which their owner has stated nothing; one stands here once
    /// for each such cell. An id that a spreadsheet may have rounded is readable, and concerns
    /// few: no clerk is asked about it.
    pub fn open_rows(&self) -> impl Iterator<Item = i64> + '_ {
        self.unreadable
            .iter()
            .chain(&self.mentioned)
            .filter(|cell| cell.is_open())
            .map(|cell| cell.row)
    }

    /// How many rows could be anybody's: while there is one, no absence can be proven of anybody.
    pub fn anybodys(&self) -> u64 {
        let rows: BTreeSet<i64> = self
            .unreadable
            .iter()
            .filter(|cell| cell.is_open() && cell.suspect.is_anybodys())
            .map(|cell| cell.row)
            .collect();
        (rows.len() + self.open_ragged().count()) as u64
    }

    fn open_cells(&self) -> impl Iterator<Item = &Cell> {
        self.unreadable
            .iter()
            .chain(&self.rounded)
            .chain(&self.mentioned)
            .filter(|cell| cell.is_open())
    }

    /// Ragged rows of which their owner has stated nothing.
    pub fn open_ragged(&self) -> impl Iterator<Item = &RaggedRow> {
        self.ragged.iter().filter(|row| self.stated_of(row).is_none())
    }

    /// How many unreadable cells and ragged rows there are of which nothing is stated.
    pub fn unreadable_count(&self) -> u64 {
        (self.open_cells().count() + self.open_ragged().count()) as u64
    }

    /// Of how many something is stated.
    pub fn adjudicated_count(&self) -> u64 {
        let all =
            self.unreadable.len() + self.rounded.len() + self.mentioned.len() + self.ragged.len();
        all as u64 - self.unreadable_count()
    }

    /// How many cells are spelled irregularly.
    pub fn irregular_count(&self) -> u64 {
        self.irregular.values().map(|rows| rows.len() as u64).sum()
    }

    fn bounded(&self) -> Result<(), SourceError> {
        if self.unreadable.len() + self.ragged.len() > MOST_UNREADABLE {
            let detail = format!(
                "more than {MOST_UNREADABLE} rows without a readable identifier; is the column's \
                 `type` right, and are the words and the schemes that stand there declared \
                 (`nothing`, `unknown`, `schemes`, `scheme_by`)?"
            );
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        if self.mentioned.len() > MOST_MENTIONED {
            let detail = format!(
                "more than {MOST_MENTIONED} rows name persons in columns of no look-up, and could \
                 be theirs; look such a column up (`[[lookup]]`), or say in `[not_about]` why the \
                 rows are not about who is there"
            );
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        // One id in a thousand ends so: many of them are no fault of the register's.
        if self.irregular.len() + self.rounded.len() + self.doubtful_count > MOST_IRREGULAR {
            let detail = format!(
                "more than {MOST_IRREGULAR} identifiers in irregular spellings or rounded; clean \
                 the column or add a normalised one"
            );
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        Ok(())
    }
}

/// What is stated of rows with this digest, if there are no more of them than it was stated of.
fn covering<'a>(
    adjudications: &'a Rulings,
    ruled_rows: &HashMap<Digest, u64>,
    digest: &Digest,
) -> Option<&'a Concerns> {
    let stated = adjudications.of(digest)?;
    (ruled_rows.get(digest).copied().unwrap_or(0) <= stated.rows).then_some(&stated.concerns)
}
