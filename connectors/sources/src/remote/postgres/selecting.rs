//! Composes the statement that reads rows.

use super::super::super::table::quote;
use super::super::system::Query;
use super::PostgresSession;
use super::sql::{condition, text};
use crate::select::sign;

impl PostgresSession {
    /// The statement, and what it binds beside the values that are asked for.
    pub(super) fn select(&self, query: &Query<'_>) -> (String, Vec<Vec<String>>) {
        let only = &query.only;
        // Texts that a column's own collation takes for equal need not be.
        let bytewise = if only.counted { " collate \"C\"" } else { "" };
        let cells = query.columns.iter().map(|column| format!("{}{bytewise}", text(column)));
        let mut cells: Vec<String> =
            cells.chain(query.locator.iter().map(|part| part.expression.clone())).collect();
        let asked: Vec<String> =
            query.asked.iter().enumerate().map(|(at, asked)| condition(asked, at + 1)).collect();
        let mut conditions = if asked.is_empty() { "true".to_owned() } else { asked.join(" or ") };
        let mut bound: Vec<Vec<String>> = Vec::new();
        if let Some((only, columns)) = &only.condition {
            let next = std::cell::Cell::new(query.asked.len());
            let bound = std::cell::RefCell::new(&mut bound);
            let leaf = |place: usize, texts: Vec<String>, rest: &dyn Fn(&str, usize) -> String| {
                let Some(column) = columns.column(place) else { return "true".to_owned() };
                next.set(next.get() + 1);
                bound.borrow_mut().push(texts);
                let text = text(column);
                format!("({text} is null or {})", rest(&text, next.get()))
            };
            let mut none_of = |place: usize, texts: &[String]| {
                leaf(place, texts.to_vec(), &|text, number| {
                    format!("not ({text} collate \"C\" = any(${number}::text[]))")
                })
            };
            let mut day = |place: usize, op, day: &str| {
                let rest = |text: &str, number| {
                    format!(
                        "pg_catalog.length({text}) <> 10 or {text} collate \"C\" {} \
                         (${number}::text[])[1]",
                        sign(op)
                    )
                };
                leaf(place, vec![day.to_owned()], &rest)
            };
            conditions = format!("({conditions}) and {}", only.sql(&mut none_of, &mut day));
        }
        if only.counted {
            if !cells.is_empty() {
                let groups: Vec<String> =
                    (1..=cells.len()).map(|number| number.to_string()).collect();
                conditions = format!("{conditions} group by {}", groups.join(", "));
            }
            cells.push("count(*)::text".to_owned());
        }
        let limit = only.first.map(|first| format!(" limit {first}")).unwrap_or_default();
        let cells = if cells.is_empty() { "''::text".to_owned() } else { cells.join(", ") };
        (
            format!(
                "select {cells} from {} where {conditions}{limit}",
                self.table(&self.spec.table)
            ),
            bound,
        )
    }

    pub(super) fn table(&self, table: &str) -> String {
        format!("{}.{}", quote(self.spec.schema.as_deref().unwrap_or("public")), quote(table))
    }
}
