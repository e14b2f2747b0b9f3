//! What of a case's registers could not be read, for who wrote the case: row, column and cause.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use zerotrip_checks::definition::{Definition, Scan};
use zerotrip_datasets::CivilDay;
use zerotrip_datasets::plausible::{Bounds, Concerned, is_plausible};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{DateRole, TypedColumn};
use zerotrip_text::Bilingual;

use super::answers::Rows;
use super::file::Case;
use super::registers::Register;
use super::table::Cell;

/// A line for each cell of a dataset that its scans could not read.
pub(super) fn unread(
    definition: &Definition,
    case: &Case,
    dataset: &str,
    delivered: &Rows,
) -> Vec<Bilingual> {
    let Some(register) = case.registers.get(dataset) else { return Vec::new() };
    let Some(variant) = definition.variant(&case.variant) else { return Vec::new() };
    let mut lines: Vec<Bilingual> = Vec::new();
    for (name, scan) in variant.scans().filter(|(_, scan)| scan.dataset == dataset) {
        let template = scan.template(definition, &variant.name, name);
        let rows = delivered.iter().filter(|(of, _)| of == dataset);
        for (_, place) in rows {
            let Some(row) = register.table.rows.get(*place) else { continue };
            let one = Row { register, scan, cells: row };
            let keys = register.statement.lookups.iter().find(|by| by.name == scan.lookup);
            let keys = keys.into_iter().flat_map(|by| &by.columns);
            let unknown = keys.filter(|column| one.cell(column) == &Cell::Unreadable);
            let causes = unknown.map(|column| (column, whose()));
            let typed =
                |column: &String| template.types.iter().find(|typed| typed.column == *column);
            let asked =
                scan.asked().filter_map(|column| Some((column, one.cause(column, typed(column))?)));
            for (column, cause) in causes.chain(asked) {
                let line = Bilingual::new(
                    format!("{dataset}, row {}, {column}: {}", place + 1, cause.en),
                    format!("{dataset} 第 {} 行 {column}：{}", place + 1, cause.zh),
                );
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
    }
    lines
}

fn whose() -> Bilingual {
    Bilingual::new("whose row it is cannot be read", "无法辨认属于何人")
}

struct Row<'a> {
    register: &'a Register,
    scan: &'a Scan,
    cells: &'a BTreeMap<String, Cell>,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> &Cell {
        self.cells.get(column).unwrap_or(&Cell::Empty)
    }

    /// Why a cell counts as one that cannot be read; `None` where it does not.
    fn cause(&self, column: &String, typed: Option<&TypedColumn>) -> Option<Bilingual> {
        match self.cell(column) {
            Cell::Unreadable => Some(Bilingual::new("it cannot be read", "不可读")),
            Cell::Empty => self.scan.required.contains(column).then(|| {
                Bilingual::new(
                    "it is empty, and the scan has it among its `required`",
                    "空白，而该扫描的 `required` 要求有内容",
                )
            }),
            Cell::Day(day) => {
                let (typed, day) = (typed?, NaiveDate::from_epoch_days(*day)?);
                (!self.can_be(typed, day)).then(|| impossible(typed, day))
            }
            Cell::Text(_) | Cell::Fen(_) => None,
        }
    }

    fn can_be(&self, typed: &TypedColumn, day: NaiveDate) -> bool {
        let statement = &self.register.statement;
        let ids = |columns: &mut dyn Iterator<Item = &String>| -> Vec<String> {
            let cells = columns.filter_map(|column| match self.cell(column) {
                Cell::Text(text) => Some(text.clone()),
                _ => None,
            });
            cells.collect()
        };
        let persons = if typed.persons.is_empty() {
            let by = statement.lookups.iter().filter(|by| by.name == self.scan.lookup);
            ids(&mut by.flat_map(|by| &by.columns))
        } else {
            ids(&mut typed.persons.iter())
        };
        let parents = ids(&mut typed.parents.iter());
        let persons: Vec<&str> = persons.iter().map(String::as_str).collect();
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        let since = statement.coverage.as_ref().map(|coverage| coverage.since.as_str());
        let bounds = Bounds {
            since: since.and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()),
            older_carried_over: statement.older_carried_over,
            last: CivilDay::at(self.register.now + CLOCK_SKEW),
        };
        is_plausible(typed, day, Concerned { persons: &persons, parents: &parents }, bounds)
    }
}

/// A day that cannot be, and what bounds it.
fn impossible(typed: &TypedColumn, day: NaiveDate) -> Bilingual {
    let age = typed.least_age();
    let (en, zh) = match typed.role() {
        DateRole::Event => (
            format!(
                "an event is not before `since` (unless older rows were carried over), not before \
                 anybody's age of {age}, not to come, and no day that systems write for none"
            ),
            format!(
                "`event` 不早于 `since`（较早记录已移入的除外）、不早于相关人员年满 {age} 周岁、不晚于今日，且不是系统充填的日期"
            ),
        ),
        DateRole::End | DateRole::RecordedOn => (
            "an end is not before `since`, not before anybody's birth, not to come, and no day \
             that systems write for none"
                .to_owned(),
            "`end` 不早于 `since`、不早于相关人员出生、不晚于今日，且不是系统充填的日期".to_owned(),
        ),
        DateRole::Birth => (
            format!("it is not the day inside the number, or a parent was not {age} by then"),
            format!("与号码中的出生日期不符，或当日父母未满 {age} 周岁"),
        ),
        DateRole::Begin => (
            format!(
                "a beginning is not to come, nor before anybody's age of {age} or `not_before`"
            ),
            format!("`begin` 不晚于今日，不早于相关人员年满 {age} 周岁或 `not_before`"),
        ),
        DateRole::Limit | DateRole::Unspecified => {
            ("it is a day that systems write for none".to_owned(), "是系统充填的日期".to_owned())
        }
    };
    Bilingual::new(format!("{day} cannot be: {en}"), format!("{day} 不可能：{zh}"))
}
