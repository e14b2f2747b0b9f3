//! What is wrong with the cells of a dataset, counted by column and kind: for its owner, and for
//! the catalog, which must not hear more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde::Serialize;
use zerotrip_datasets::cell::{CellReading, is_blank, read};
use zerotrip_datasets::mask::masked;
use zerotrip_datasets::resident_id::{
    ResidentId, Whose, damaged_in, is_irregular, is_spreadsheet_rounded, names_somebody,
    persons_among, persons_in, pieces_among,
};
use zerotrip_datasets::{CivilDay, Column};
use zerotrip_proto::v1::{ErrorCode, SemanticType};

use super::profile::KeyColumns;
use super::rules::{Contradicted, Rules};
use super::{RawRow, SourceError, header};

/// Masked examples of one kind in one column.
const MOST_EXAMPLES: usize = 3;
/// Fields that no column names and that are told apart.
const MOST_LEFT: usize = 256;
/// Ids in pieces are taken for chance where fewer than one row in so many has one.
const SELDOM: u64 = 20;
/// Of which one error lists so many.
const MOST_SHOWN: usize = 20;
/// Persons of each look-up with whom it can be tried.
const MOST_TRIALS: usize = 64;

/// What can be wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Something stands there that cannot be read as the column's type.
    Unreadable,
    /// A code that is not in the column's list.
    UnknownCode,
    /// Nothing stands where a code should.
    BlankCode,
    /// Nothing stands where an id should, and the owner has not said that there may be nobody.
    LostId,
    /// A readable id in a spelling that only the profiling pass finds.
    IrregularId,
    /// A readable id that a spreadsheet may have rounded from another's.
    RoundedId,
    /// A person's id in a column that no look-up asks: the row could be about them.
    NamedBeside,
    /// A date on which it cannot have been: before the register, before a birth, to come, or one
    /// that systems write where there is none.
    ImplausibleDate,
    /// The day on which something ended, in a row that says that it goes on.
    EndOfCurrent,
    /// The row has another width than the header.
    RaggedRow,
}

impl FindingKind {
    /// Whether such a cell can make an answer unavailable; the others cost a little time only.
    pub fn spoils(self) -> bool {
        !matches!(self, Self::IrregularId)
    }

    /// In words.
    pub fn said(self) -> &'static str {
        match self {
            Self::Unreadable => "cannot be read",
            Self::UnknownCode => "hold a code that is not in the list",
            Self::BlankCode => "hold no code",
            Self::LostId => "hold no id, where one should stand",
            Self::IrregularId => "are spelled irregularly; they are found all the same",
            Self::RoundedId => "may have been rounded by a spreadsheet",
            Self::NamedBeside => {
                "name a person, and no look-up asks them; look the column up, or say in \
                 `[not_about]` why the rows are not about them"
            }
            Self::ImplausibleDate => {
                "are days on which it cannot have been: before the register or a birth, to come, \
                 or a system's filler"
            }
            Self::EndOfCurrent => "say that something ended of which the row says that it goes on",
            Self::RaggedRow => "have another width than the header",
        }
    }
}

/// Cells of one column with the same fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The dataset's column; empty for whole rows.
    pub column: String,
    /// What is wrong.
    pub kind: FindingKind,
    /// With how many.
    pub count: u64,
    /// A few of them, masked.
    pub examples: Vec<String>,
}

/// What a pass over the rows has found.
#[derive(Debug)]
pub struct ScannedQuality {
    /// By column and kind.
    pub findings: Vec<Finding>,
    /// Rows with a fault that can make an answer unavailable.
    pub spoilt_rows: u64,
    /// By look-up: persons with whom it can be tried.
    pub trials: Vec<Vec<ResidentId>>,
    /// Columns that are not what the checks take them to be, in words.
    pub contradictions: Vec<String>,
}

/// A pass over the rows.
#[derive(Debug)]
pub struct QualityScan<'a> {
    columns: &'a [Column],
    look_ups: &'a [KeyColumns],
    found: BTreeMap<(usize, FindingKind), (u64, Vec<String>)>,
    spoilt_rows: u64,
    trials: Vec<Trials>,
    /// Places of the columns of no look-up in which a row may name whom it is about.
    beside: &'a [usize],
    rules: &'a Rules,
    /// By the place of a date: how often its row contradicts it.
    contradicted: BTreeMap<usize, Contradicted>,
    today: CivilDay,
}

/// Some persons of a look-up, spread evenly over the rows.
#[derive(Debug, Default)]
struct Trials {
    persons: Vec<ResidentId>,
    met: u64,
    thinned: u32,
}

impl<'a> QualityScan<'a> {
    /// Of a dataset with these columns and look-ups.
    pub fn new(
        columns: &'a [Column],
        look_ups: &'a [KeyColumns],
        beside: &'a [usize],
        rules: &'a Rules,
    ) -> Self {
        let trials = look_ups.iter().map(|_| Trials::default()).collect();
        let (found, contradicted) = (BTreeMap::new(), BTreeMap::new());
        let today = CivilDay::at(SystemTime::now());
        Self {
            columns,
            look_ups,
            found,
            spoilt_rows: 0,
            trials,
            beside,
            rules,
            contradicted,
            today,
        }
    }

    /// Takes the next row.
    pub fn note(&mut self, row: RawRow<'_>) {
        let mut spoilt = false;
        let cell = |place: usize| row.get(place);
        let named = persons_among(self.beside.iter().map(|place| cell(*place)));
        if !named.is_empty() {
            let keys = self.look_ups.iter().flat_map(|look_up| &look_up.columns);
            let about: Vec<ResidentId> =
                keys.filter_map(|place| cell(*place)).flat_map(persons_in).collect();
            let beside: BTreeSet<usize> = named
                .iter()
                .filter(|(_, person)| !about.contains(person))
                .map(|(at, _)| *at)
                .collect();
            for place in beside.iter().filter_map(|at| self.beside.get(*at)) {
                spoilt = true;
                self.add((*place, FindingKind::NamedBeside), cell(*place));
            }
        }
        let hints = |place: &&usize| {
            let damaged = cell(**place)
                .map(damaged_in)
                .filter(|damaged| !damaged.is_empty())
                .unwrap_or_default();
            let keys = || {
                self.look_ups
                    .iter()
                    .flat_map(|look_up| &look_up.columns)
                    .filter_map(|place| cell(*place))
                    .flat_map(persons_in)
            };
            damaged.iter().any(|one| {
                one.suspect.is_anybodys() || !keys().any(|person| one.suspect.could_match(&person))
            })
        };
        for place in self.beside.iter().filter(hints).collect::<Vec<_>>() {
            spoilt = true;
            self.add((*place, FindingKind::NamedBeside), cell(*place));
        }
        for (place, (column, raw)) in self.columns.iter().zip(row.iter()).enumerate() {
            let Some(kind) = fault(column, raw, self.today) else { continue };
            let key = self.look_ups.iter().find_map(|look_up| look_up.declared.get(&place));
            let whose = key.zip(raw).map(|(key, raw)| key.whose(raw, self.today, &cell));
            if kind == FindingKind::Unreadable && matches!(whose, Some(Whose::Nobody)) {
                continue;
            }
            spoilt |= kind.spoils();
            self.add((place, kind), raw);
        }
        let lost: BTreeSet<usize> =
            self.look_ups.iter().flat_map(|look_up| look_up.lost(&cell)).collect();
        for place in lost {
            spoilt = true;
            self.add((place, FindingKind::LostId), None);
        }
        let (rules, columns) = (self.rules, self.columns);
        for place in rules.implausible(columns, &cell, self.today).collect::<Vec<_>>() {
            spoilt = true;
            self.add((place, FindingKind::ImplausibleDate), cell(place));
        }
        for (place, is_broken) in rules.ends(columns, &cell) {
            self.contradicted.entry(place).or_default().note(is_broken);
            if is_broken {
                spoilt = true;
                self.add((place, FindingKind::EndOfCurrent), cell(place));
            }
        }
        self.spoilt_rows += u64::from(spoilt);
        for (look_up, trials) in self.look_ups.iter().zip(&mut self.trials) {
            let mut persons = look_up.columns.iter().filter_map(|place| {
                match read(self.columns.get(*place)?, row.get(*place)) {
                    CellReading::Id(person) => Some(person),
                    _ => None,
                }
            });
            if let Some(person) = persons.next() {
                trials.meet(person);
            }
        }
    }

    fn add(&mut self, place: (usize, FindingKind), raw: Option<&str>) {
        let (count, examples) = self.found.entry(place).or_default();
        *count += 1;
        let Some(raw) = raw.filter(|raw| examples.len() < MOST_EXAMPLES && !raw.trim().is_empty())
        else {
            return;
        };
        let example = masked(raw);
        if !examples.contains(&example) {
            examples.push(example);
        }
    }

    /// What was found, beside so many rows that could not be split.
    pub fn finish(self, ragged: u64) -> ScannedQuality {
        let columns = self.columns;
        let named =
            |((place, kind), (count, examples)): ((usize, FindingKind), (u64, Vec<String>))| {
                Finding {
                    column: columns
                        .get(place)
                        .map(|column| column.name.clone())
                        .unwrap_or_default(),
                    kind,
                    count,
                    examples,
                }
            };
        let mut findings: Vec<Finding> = self.found.into_iter().map(named).collect();
        if ragged > 0 {
            findings.push(Finding {
                column: String::new(),
                kind: FindingKind::RaggedRow,
                count: ragged,
                examples: Vec::new(),
            });
        }
        let trials = self.trials.into_iter().map(|trials| trials.persons).collect();
        let not_ends =
            self.contradicted.iter().filter(|(_, contradicted)| contradicted.is_another_column());
        let contradictions = not_ends.map(|(place, contradicted)| {
            let column = columns.get(*place).map_or("", |column| column.name.as_str());
            format!(
                "`{column}` holds a day in {} that say that what they record goes on: it is \
                 another date than that of an end, and what ended today would seem to have ended \
                 long ago; name the field that holds just that, or say that there is none \
                 (`absent`)",
                contradicted.said()
            )
        });
        ScannedQuality {
            findings,
            spoilt_rows: self.spoilt_rows + ragged,
            trials,
            contradictions: contradictions.collect(),
        }
    }
}

impl Trials {
    fn meet(&mut self, person: ResidentId) {
        if self.met.is_multiple_of(1 << self.thinned) {
            if self.persons.len() >= MOST_TRIALS {
                let mut place = 0_usize;
                self.persons.retain(|_| {
                    place += 1;
                    !place.is_multiple_of(2)
                });
                self.thinned += 1;
            }
            self.persons.push(person);
        }
        self.met += 1;
    }
}

/// What is wrong with a cell, if anything.
fn fault(column: &Column, raw: Option<&str>, today: CivilDay) -> Option<FindingKind> {
    match read(column, raw).on(today) {
        CellReading::Unreadable => Some(FindingKind::Unreadable),
        CellReading::UnknownCode if is_blank(raw) => Some(FindingKind::BlankCode),
        CellReading::UnknownCode => Some(FindingKind::UnknownCode),
        CellReading::Id(_) if column.semantic == SemanticType::ResidentId => match raw {
            Some(raw) if is_spreadsheet_rounded(raw) => Some(FindingKind::RoundedId),
            Some(raw) if is_irregular(raw) => Some(FindingKind::IrregularId),
            _ => None,
        },
        _ => None,
    }
}

/// Fields that no column of the dataset file names, and in how many rows of each a person is named.
#[derive(Debug, Default)]
pub struct LeftFields {
    rows: u64,
    named: BTreeMap<String, u64>,
    /// The same of what can be an id by chance: in pieces, by where they begin, or mistyped.
    by_chance: BTreeMap<String, u64>,
    /// By the places of cells that look like an id together: in how many rows they do, and in how
    /// many it would be a valid one.
    together: BTreeMap<Vec<usize>, Together>,
}

/// What cells of a row make together.
#[derive(Debug)]
struct Together {
    field: String,
    rows: u64,
    valid: u64,
}

impl LeftFields {
    /// The cells of such fields in a row, in their order.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) {
        self.rows += 1;
        let cells: Vec<_> = cells.into_iter().collect();
        // A part of an id in pieces can look like one that was cut.
        let mut counted: BTreeSet<&str> = BTreeSet::new();
        for (at, person) in persons_among(cells.iter().map(|(_, cell)| *cell)) {
            let Some((field, cell)) = cells.get(at) else { continue };
            counted.insert(field);
            let is_whole = cell.is_some_and(|cell| persons_in(cell).contains(&person));
            add(if is_whole { &mut self.named } else { &mut self.by_chance }, field);
        }
        for (places, is_valid) in pieces_among(cells.iter().map(|(_, cell)| *cell)) {
            let Some((field, _)) = places.first().and_then(|at| cells.get(*at)) else { continue };
            if self.together.len() < MOST_LEFT || self.together.contains_key(&places) {
                let new = || Together { field: (*field).to_owned(), rows: 0, valid: 0 };
                let together = self.together.entry(places).or_insert_with(new);
                together.rows += 1;
                together.valid += u64::from(is_valid);
            }
        }
        for (field, cell) in &cells {
            let damaged = cell.map(damaged_in).unwrap_or_default();
            if !damaged.is_empty() && !counted.contains(field) {
                let is_masked = damaged.iter().any(|one| one.is_masked);
                add(if is_masked { &mut self.named } else { &mut self.by_chance }, field);
            }
        }
    }

    /// A text that belongs to no row.
    pub fn note(&mut self, field: &str, text: &str) {
        if names_somebody(text) {
            add(&mut self.named, field);
        }
    }

    /// An error where there are any: a row could be about the persons who are named there, and a
    /// look-up would not find it.
    pub fn none(&self, origin: &str) -> Result<(), SourceError> {
        // Numbers read as a mistyped id now and then, and as one in pieces; where ids are, they do
        // in each row.
        let too_often = self.by_chance.iter().filter(|(_, rows)| **rows * SELDOM >= self.rows);
        // One check character in eleven is right by chance.
        let together = self
            .together
            .values()
            .filter(|one| one.valid * 2 > one.rows)
            .map(|one| (&one.field, &one.valid));
        let mut left = self.named.iter().chain(too_often).chain(together).peekable();
        if left.peek().is_none() {
            return Ok(());
        }
        let said = |(name, rows): (&String, &u64)| {
            let rows = if *rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
            format!("`{}` in {rows}", header::shown(name))
        };
        let fields: Vec<String> = left.take(MOST_SHOWN).map(said).collect();
        let detail = format!(
            "`{origin}` holds resident ids, whole, masked or in pieces, in fields that no column \
             names, and that no look-up asks: {}; describe each in a `[[column]]` and look it up \
             (`[[lookup]]`), or say in `[not_about]` why the rows are not about who is there",
            fields.join(", ")
        );
        Err(SourceError::new(ErrorCode::SourceDrift, detail))
    }
}

/// An error where something is stated of a field that the source does not have: its name is wrong,
/// or the field is still to come, and would then be looked at by nobody.
pub fn all_there<'a>(
    origin: &str,
    stated: impl IntoIterator<Item = &'a String>,
    there: impl Fn(&str) -> bool,
) -> Result<(), SourceError> {
    let Some(field) = stated.into_iter().find(|field| !there(field)) else { return Ok(()) };
    let field = header::shown(field);
    let detail = format!(
        "`[not_about]` names `{field}`, and `{origin}` has no such field; correct the name, or \
         remove the line"
    );
    Err(SourceError::new(ErrorCode::SourceDrift, detail))
}

fn add(fields: &mut BTreeMap<String, u64>, field: &str) {
    if let Some(rows) = fields.get_mut(field) {
        *rows += 1;
    } else if fields.len() < MOST_LEFT {
        // One is enough for the error.
        fields.insert(field.to_owned(), 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use zerotrip_datasets::DatasetFile;
    use zerotrip_proto::v1::Grade;

    use super::*;

    fn column(name: &str, semantic: SemanticType) -> Column {
        let codes = if semantic == SemanticType::Code {
            BTreeMap::from([("1".to_owned(), "on".to_owned())])
        } else {
            BTreeMap::new()
        };
        Column {
            name: name.into(),
            field: name.into(),
            semantic,
            grade: Grade::L3,
            codes,
            ..Column::default()
        }
    }

    #[test]
    fn pieces_with_words_between_are_put_together() {
        let said = |rows: &[[&str; 4]]| {
            let mut left = LeftFields::default();
            rows.iter().for_each(|row| {
                left.row(["A", "B", "C", "D"].into_iter().zip(row.iter().map(|cell| Some(*cell))))
            });
            left.none("t").map_err(|error| error.detail)
        };
        let ids = [
            ["330106", "1987-05-12", "男", "7949"],
            ["110105", "1949-12-31", "女", "002X"],
            ["330106", "1990年1月1日", "男", "123X"],
        ];
        assert!(said(&ids).unwrap_err().contains("`A` in"), "{:?}", said(&ids));
        let turned = ids.map(|[a, b, c, d]| [d, c, b, a]);
        assert!(said(&turned).is_err());
        // A district, a day and a year: one in eleven has the right check character.
        let chance: Vec<[String; 4]> = (0..220)
            .map(|at| {
                [
                    "330106".into(),
                    format!("2019-05-{:02}", at % 28 + 1),
                    "男".into(),
                    (1990 + at % 35).to_string(),
                ]
            })
            .collect();
        let chance: Vec<[&str; 4]> =
            chance.iter().map(|row| row.each_ref().map(String::as_str)).collect();
        assert_eq!(said(&chance), Ok(()));
    }

    #[test]
    fn every_kind_is_counted_in_its_column_and_shown_masked() {
        let columns = [
            column("id", SemanticType::ResidentId),
            column("father", SemanticType::ResidentId),
            column("status", SemanticType::Code),
        ];
        let look_ups =
            [KeyColumns { columns: vec![0, 1], may_be_blank: vec![1], ..KeyColumns::default() }];
        let rules = Rules::default();
        let mut scan_quality = QualityScan::new(&columns, &look_ups, &[], &rules);
        let rows = [
            ["11010519491231002X", "", "1"],
            ["110105 19491231 002X", "", "1"],
            ["110105194912310021", "", "1"],
            ["", "11010519491231002X", ""],
            ["", "", "9"],
        ];
        for row in rows {
            let mut rows = crate::Rows::default();
            row.iter().for_each(|cell| rows.cell(Some(cell)));
            scan_quality.note(rows.end_row(1));
        }
        let assayed = scan_quality.finish(2);
        let found: Vec<(&str, FindingKind, u64)> = assayed
            .findings
            .iter()
            .map(|finding| (finding.column.as_str(), finding.kind, finding.count))
            .collect();
        assert_eq!(
            found,
            [
                ("id", FindingKind::Unreadable, 1),
                ("id", FindingKind::LostId, 2),
                ("id", FindingKind::IrregularId, 1),
                ("father", FindingKind::LostId, 1),
                ("status", FindingKind::UnknownCode, 1),
                ("status", FindingKind::BlankCode, 1),
                ("", FindingKind::RaggedRow, 2),
            ]
        );
        assert_eq!(
            (assayed.spoilt_rows, assayed.trials.len(), assayed.contradictions.len()),
            (5, 1, 0)
        );
        assert_eq!(assayed.findings.first().unwrap().examples, ["1101**********0021"]);
        assert!(!format!("{assayed:?}").contains("19491231"), "nobody is shown");
    }

    /// A register of homes as the no-property check asks it.
    fn homes(rows: &[(&str, &str, &str)]) -> ScannedQuality {
        let text = format!(
            "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
             }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = 1\n[source]\nkind = \
             \"sqlite\"\npath = \"t.db\"\ntable = \"t\"\nas_of = \"live\"\n[coverage]\nregions = \
             [\"330100\"]\nsince = \"1984-01-01\"\nsubjects = \"everyone\"\ntext = {{ zh = \
             \"杭州\", en = \"Hangzhou\" }}\n{}{}{}[[lookup]]\nname = \"owner\"\ncolumns = \
             [\"owner_id\"]\n",
            "[[column]]\nname = \"owner_id\"\nfield = \"a\"\ntype = \"resident_id\"\ngrade = \
             \"L3\"\n",
            "[[column]]\nname = \"status\"\nfield = \"b\"\ntype = \"code\"\ngrade = \"L2\"\ncodes \
             = { 1 = \"current\", 2 = \"cancelled\", 3 = \"pending\" }\n",
            "[[column]]\nname = \"ended_on\"\nfield = \"c\"\ntype = \"date\"\ngrade = \"L2\"\n",
        );
        let dataset = DatasetFile::parse(&text, "it").unwrap();
        let (look_ups, rules) = (KeyColumns::of(&dataset), Rules::of(&dataset));
        let mut scan_quality = QualityScan::new(&dataset.columns, &look_ups, &[], &rules);
        for (owner, status, ended) in rows {
            let mut rows = crate::Rows::default();
            [owner, status, ended].iter().for_each(|cell| rows.cell(Some(cell)));
            scan_quality.note(rows.end_row(1));
        }
        scan_quality.finish(0)
    }

    #[test]
    fn a_day_of_filing_that_is_taken_for_an_end_is_found() {
        let id = "11010519491231002X";
        let of = |rows: &[(&str, &str, &str)], kind| {
            let assayed = homes(rows);
            let count = assayed
                .findings
                .iter()
                .filter(|finding| finding.kind == kind)
                .map(|finding| finding.count)
                .sum::<u64>();
            (count, assayed.contradictions.len())
        };
        let ended = [(id, "2", "2020-05-06"); 200];
        assert_eq!(of(&ended, FindingKind::EndOfCurrent), (0, 0));
        // One that goes on with a day of its end is a slip.
        let slip: Vec<_> = ended
            .iter()
            .copied()
            .chain([(id, "1", ""); 100])
            .chain([(id, "3", "2020-05-06")])
            .collect();
        assert_eq!(of(&slip, FindingKind::EndOfCurrent), (1, 0));
        let filed: Vec<_> = ended
            .iter()
            .copied()
            .chain([(id, "1", "2019-01-02"); 30])
            .chain([(id, "1", ""); 200])
            .collect();
        assert_eq!(of(&filed, FindingKind::EndOfCurrent), (30, 1));
        let contradiction = homes(&filed).contradictions.concat();
        assert!(
            contradiction.contains("`ended_on` holds a day in 30 of 230 rows"),
            "{contradiction}"
        );
    }

    #[test]
    fn a_day_on_which_it_cannot_have_been_is_counted() {
        let rows = ["2020-05-06", "1900-01-01", "1983-12-31", "9999-12-31", "1970-01-01"]
            .map(|day| ("11010519491231002X", "2", day));
        let found = homes(&rows).findings;
        let implausible: Vec<(&str, FindingKind, u64)> = found
            .iter()
            .map(|finding| (finding.column.as_str(), finding.kind, finding.count))
            .collect();
        assert_eq!(implausible, [("ended_on", FindingKind::ImplausibleDate, 4)]);
        assert_eq!(homes(&rows).spoilt_rows, 4);
    }
}
