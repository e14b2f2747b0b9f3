//! A register's rows, written as a table: a line of column names, then a line for each row, their
//! cells parted by `|`. An empty cell is one that the register leaves empty, `?` one that cannot be
//! read.

use std::collections::BTreeMap;

use zerotrip_checks::definition::{Definition, ExpectedDataset};
use zerotrip_datasets::KeyKind;
use zerotrip_datasets::file::semantic_type;
use zerotrip_datasets::normal::{money, month};
use zerotrip_proto::v1::SemanticType;
use zerotrip_text::cut;

use super::reading::{Reading, day, section};

/// Most rows of one register.
const MOST_ROWS: usize = 1000;

/// A cell of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// There is nothing in it.
    Empty,
    /// What is in it cannot be read.
    Unreadable,
    Text(String),
    /// In days since 1970-01-01.
    Day(i32),
    /// In fen.
    Fen(i128),
}

/// The rows of a register.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// By column; a column that is not written is empty.
    pub(super) rows: Vec<BTreeMap<String, Cell>>,
}

impl Table {
    /// Adds what is written.
    pub(super) fn read(
        &mut self,
        reading: &mut Reading<'_>,
        at: &str,
        shape: &ExpectedDataset,
        text: &str,
    ) {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let Some(header) = lines.next().map(cells) else { return };
        for (place, column) in header.iter().enumerate() {
            if column_type(shape, column).is_none() {
                let what = format!("no column `{}`", cut(column));
                reading.add(at, &what, "name those of its `[[dataset]]`, parted by `|`");
            }
            if header.iter().take(place).any(|earlier| earlier == column) {
                reading.add(at, &format!("`{}` is there twice", cut(column)), "name it once");
            }
        }
        for (number, line) in lines.enumerate() {
            let written = cells(line);
            let at = format!("{at}, row {}", number + 1);
            if written.len() != header.len() {
                let what = format!("{} cells under {} names", written.len(), header.len());
                reading.add(&at, &what, "write a cell under each name, parted by `|`");
                continue;
            }
            if self.rows.len() == MOST_ROWS {
                reading.add(&at, &format!("over {MOST_ROWS} rows"), "leave out what shows nothing");
                return;
            }
            let mut row = BTreeMap::new();
            for (column, cell) in header.iter().zip(written) {
                let Some(semantic) = column_type(shape, column) else { continue };
                let codes = meanings(reading.definition, shape, column);
                match cell_of(reading, semantic, &codes, cell) {
                    Ok(cell) => drop(row.insert((*column).to_owned(), cell)),
                    Err(remedy) => {
                        let what = format!("`{}` cannot be in `{column}`", cut(cell));
                        reading.add(&at, &what, &remedy);
                    }
                }
            }
            self.rows.push(row);
        }
    }
}

/// What a column is: as the definition takes it to be; what is only looked up by names persons.
pub(super) fn column_type(shape: &ExpectedDataset, column: &str) -> Option<SemanticType> {
    match shape.columns.get(column) {
        Some(name) => semantic_type(name),
        None => {
            let by = |columns: &Vec<String>| columns.iter().any(|known| known == column);
            shape.lookup.values().any(by).then_some(SemanticType::ResidentId)
        }
    }
}

/// The words that a column's codes can mean.
pub(super) fn meanings(
    definition: &Definition,
    shape: &ExpectedDataset,
    column: &str,
) -> Vec<String> {
    let code =
        definition.codes.iter().find(|code| code.dataset == shape.id && code.column == column);
    code.map(|code| code.meanings.iter().cloned().collect()).unwrap_or_default()
}

fn cells(line: &str) -> Vec<&str> {
    line.split('|').map(str::trim).collect()
}

fn cell_of(
    reading: &Reading<'_>,
    semantic: SemanticType,
    codes: &[String],
    text: &str,
) -> Result<Cell, String> {
    if let Some(kind) = KeyKind::of(semantic)
        && !matches!(text, "" | "?")
    {
        let key = reading.key(kind, text).map(Cell::Text);
        let number = kind.words().a_number;
        return key.ok_or_else(|| format!("name one of `[{}]`, or write {number}", section(kind)));
    }
    match (text, semantic) {
        ("", _) => Ok(Cell::Empty),
        ("?", _) => Ok(Cell::Unreadable),
        (_, SemanticType::Date) => day(text)
            .map(|day| Cell::Day(day.to_epoch_days()))
            .ok_or_else(|| "write a day as `2026-11-29`".into()),
        (_, SemanticType::Month) => month::read(text, false)
            .map(|month| Cell::Text(month.to_string()))
            .ok_or_else(|| "write a month as `2024-03`".into()),
        (_, SemanticType::Money) => {
            money::read(text).map(Cell::Fen).ok_or_else(|| "write yuan as `1200.50`".into())
        }
        (_, SemanticType::Code) if !codes.iter().any(|known| known == text) => {
            Err(format!("its codes mean {}", codes.join(", ")))
        }
        _ => Ok(Cell::Text(text.to_owned())),
    }
}
