//! Whether answers stand in doubt. A cell that cannot be read could say what it said before. So
//! with one cell more that cannot be read, the answer of a case is the same, or there is none: a
//! *no* that becomes a *yes*, or a *yes* that becomes a *no*, rests on a row that the SQL took to
//! be absent, or on a cell that it took to be empty.

use std::collections::BTreeMap;

use zerotrip_checks::definition::Definition;
use zerotrip_text::Bilingual;

use super::answers::Rows;
use super::coverage::Coverage;
use super::file::{Case, Expected};
use super::running::Running;
use super::table::Cell;
use crate::engine::Engine;

/// Most rows of one register in one case that are tried: what rows of a register are in turn, the
/// cases show.
const MOST_ROWS: usize = 4;

/// An answer that one cell that cannot be read turned into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// The file of the case.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Which cell, and what came.
    pub what: Bilingual,
}

/// Every case that was answered, with each cell in turn that its registers gave made one that
/// cannot be read. The first of a register that turns the answer is told.
pub(super) async fn turned(
    definition: &Definition,
    engine: &Engine,
    cases: &[&Case],
    answers: &[Option<&Expected>],
    delivered: &[Rows],
) -> Vec<Turned> {
    let mut running = Running::new(definition, engine, Coverage::default());
    let mut turned = Vec::new();
    for (number, ((case, was), rows)) in cases.iter().zip(answers).zip(delivered).enumerate() {
        let Some(was) = was.filter(|was| !matches!(was, Expected::Unavailable(..))) else {
            continue;
        };
        let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
        for (dataset, row) in rows {
            let tried = tried.entry(dataset).or_default();
            if *tried == MOST_ROWS {
                continue;
            }
            *tried += 1;
            for column in readable(case, dataset, *row) {
                let doubtful = with_unreadable(case, dataset, *row, &column);
                let Ok(answer) = running.answer(number, &doubtful).await else { continue };
                if contradicts(was, &answer) {
                    turned.push(Turned {
                        file: case.file.clone(),
                        name: case.name.clone(),
                        what: Bilingual::new(
                            format!(
                                "with `{column}` of row {} of `{dataset}` unreadable, {was} \
                                 becomes {answer}: what that cell says is not known, and the SQL \
                                 takes it to be empty or the row to be absent",
                                row + 1
                            ),
                            format!(
                                "`{dataset}` 第 {} 行 `{column}` 不可读时，{was} 变为 {answer}：该内容\
                                 未知，SQL 却当作空白或没有该记录",
                                row + 1
                            ),
                        ),
                    });
                    *tried = MOST_ROWS;
                    break;
                }
            }
        }
    }
    turned
}

/// Whether both cannot be so.
fn contradicts(was: &Expected, is: &Expected) -> bool {
    match (was, is) {
        (Expected::Yes(values), Expected::Yes(others)) => values != others,
        (Expected::Yes(_), Expected::No(_)) | (Expected::No(_), Expected::Yes(_)) => true,
        _ => false,
    }
}

/// The columns of a row that can be read, and say something or nothing.
fn readable(case: &Case, dataset: &str, row: usize) -> Vec<String> {
    let register = case.registers.get(dataset);
    let Some((register, cells)) =
        register.and_then(|register| Some((register, register.table.rows.get(row)?)))
    else {
        return Vec::new();
    };
    let stated = register.statement.columns.iter().map(|column| &column.name);
    let is_read = |name: &&String| cells.get(*name) != Some(&Cell::Unreadable);
    stated.filter(is_read).cloned().collect()
}

fn with_unreadable(case: &Case, dataset: &str, row: usize, column: &str) -> Case {
    let mut changed = case.clone();
    let cells =
        changed.registers.get_mut(dataset).and_then(|register| register.table.rows.get_mut(row));
    if let Some(cells) = cells {
        cells.insert(column.to_owned(), Cell::Unreadable);
    }
    changed
}
