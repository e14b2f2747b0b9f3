//! Composes the statement that reads rows.

use super::super::system::Query;
use super::MysqlSession;
use super::sql::{bytewise, cell, condition, quote};
use crate::select::sign;

impl MysqlSession {
    /// The statement, and what it binds behind the values that are asked for.
    pub(super) fn select(&self, query: &Query<'_>) -> (String, Vec<String>) {
        let only = &query.only;
        let cells = query
            .columns
            .iter()
            .map(|column| if only.counted { bytewise(column) } else { cell(column) });
        let mut cells: Vec<String> =
            cells.chain(query.locator.iter().map(|part| part.expression.clone())).collect();
        let asked: Vec<String> = query.asked.iter().map(condition).collect();
        let mut conditions = if asked.is_empty() { "true".to_owned() } else { asked.join(" or ") };
        let mut bound: Vec<String> = Vec::new();
        if let Some((only, columns)) = &only.condition {
            let bound = std::cell::RefCell::new(&mut bound);
            let mut none_of = |place: usize, texts: &[String]| {
                let Some(text) = columns.column(place).map(bytewise) else {
                    return "true".to_owned();
                };
                bound.borrow_mut().extend_from_slice(texts);
                format!("({text} is null or {text} not in ({}))", vec!["?"; texts.len()].join(","))
            };
            let mut day = |place: usize, op, day: &str| {
                let Some(text) = columns.column(place).map(bytewise) else {
                    return "true".to_owned();
                };
                bound.borrow_mut().push(day.to_owned());
                // A month or a day that is zero is not a date, though it has the length of one.
                format!(
                    "({text} is null or char_length({text}) <> 10 or {text} like '%-00%' or \
                     {text} {} ?)",
                    sign(op)
                )
            };
            conditions = format!("({conditions}) and {}", only.sql(&mut none_of, &mut day));
        }
        if only.counted {
            if !cells.is_empty() {
                conditions = format!("{conditions} group by {}", cells.join(", "));
            }
            cells.push("cast(count(*) as char)".to_owned());
        }
        let limit = only.first.map(|first| format!(" limit {first}")).unwrap_or_default();
        let cells = if cells.is_empty() { "''".to_owned() } else { cells.join(", ") };
        (
            format!(
                "select {cells} from {} where {conditions}{limit}",
                self.table(&self.spec.table)
            ),
            bound,
        )
    }

    pub(super) fn table(&self, table: &str) -> String {
        format!("{}.{}", quote(&self.spec.database), quote(table))
    }
}
