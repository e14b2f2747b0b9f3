//! The branches of a step's SQL, and the arms of the `CASE`s in what they select: each with the
//! query that shows whether it was taken.

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Query, Select, SelectItem, SetExpr, Statement, TableFactor, Value,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use crate::engine::Look;

/// Most characters of a branch or condition that are shown.
const MOST_SHOWN: usize = 160;

/// One thing that a step's SQL can come to.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    /// Its number among the branches of its file, from 1.
    pub(super) number: usize,
    /// It, cut short.
    pub(super) shown: String,
    /// Whether it gives a row whatever the registers hold.
    pub(super) is_constant: bool,
    /// The query of its rows.
    pub(super) look: Look,
    /// The step's SQL without its rows; `None` where it is no plain `SELECT`.
    pub(super) without: Option<String>,
    pub(super) cases: Vec<CaseOf>,
}

/// One `CASE` of what a branch selects.
#[derive(Clone, Debug)]
pub(super) struct CaseOf {
    /// Its arms, each by its condition, cut short; the last is `else`.
    pub(super) arms: Vec<String>,
    /// The query whose words are the places of the arms taken.
    pub(super) look: Look,
    /// For each arm, the step's SQL with another word in its place; `None` where it gives no word.
    pub(super) otherwise: Vec<Option<String>>,
}

/// The branches of a step's SQL; none where it cannot be read, which is refused elsewhere.
pub(super) fn branches(sql: &str) -> Vec<Branch> {
    let Ok(statements) = Parser::parse_sql(&GenericDialect {}, sql) else { return Vec::new() };
    let [Statement::Query(query)] = statements.as_slice() else { return Vec::new() };
    let mut leaves = Vec::new();
    collect(&query.body, &mut leaves);
    leaves.iter().enumerate().map(|(at, leaf)| branch(query, at + 1, leaf)).collect()
}

/// The parts of a union, in order.
fn collect<'a>(body: &'a SetExpr, leaves: &mut Vec<&'a SetExpr>) {
    match body {
        SetExpr::SetOperation { left, right, .. } => {
            collect(left, leaves);
            collect(right, leaves);
        }
        other => leaves.push(other),
    }
}

fn branch(query: &Query, number: usize, leaf: &SetExpr) -> Branch {
    let with_body = |body: SetExpr| Query { body: Box::new(body), ..query.clone() }.to_string();
    let select = leaf.as_select();
    let changed = |change: &dyn Fn(&mut Select)| {
        let mut query = query.clone();
        let mut left = number - 1;
        let SetExpr::Select(select) = nth(&mut query.body, &mut left)? else { return None };
        change(select);
        Some(query.to_string())
    };
    let cases = select.into_iter().flat_map(|select| {
        let items = select.projection.iter().enumerate();
        let cases = items.filter_map(|(place, item)| Some((place, arms(expression(item)?)?)));
        cases.map(|(place, (arms, traced))| {
            let projection =
                vec![SelectItem::ExprWithAlias { expr: traced, alias: Ident::new("arm") }];
            let body = Select { projection, distinct: None, ..select.clone() };
            let sql = with_body(SetExpr::Select(Box::new(body)));
            let is_word = |arm: usize| {
                let case = select.projection.get(place).and_then(expression);
                case.and_then(|case| result(case, arm)).and_then(as_word).is_some()
            };
            let otherwise = (0..arms.len()).map(|arm| {
                let change = |select: &mut Select| {
                    let case = select.projection.get_mut(place).and_then(expression_mut);
                    if let Some(result) = case.and_then(|case| result_mut(case, arm)) {
                        *result = another(result);
                    }
                };
                // The first column is the verdict.
                if place == 0 && is_word(arm) { changed(&change) } else { None }
            });
            let otherwise = otherwise.collect();
            CaseOf { arms, look: Look { sql, is_for_words: true }, otherwise }
        })
    });
    let nothing = |select: &mut Select| {
        select.selection = Some(Expr::Value(Value::Boolean(false).into()));
    };
    Branch {
        number,
        shown: shown(&leaf.to_string()),
        is_constant: select.is_some_and(is_constant),
        look: Look { sql: with_body(leaf.clone()), is_for_words: false },
        without: changed(&nothing),
        cases: cases.collect(),
    }
}

/// The part of a union at that place, counted down.
fn nth<'a>(body: &'a mut SetExpr, left: &mut usize) -> Option<&'a mut SetExpr> {
    match body {
        SetExpr::SetOperation { left: first, right, .. } => {
            nth(first, left).or_else(|| nth(right, left))
        }
        leaf if *left == 0 => Some(leaf),
        _ => {
            *left -= 1;
            None
        }
    }
}

fn expression(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expression)
        | SelectItem::ExprWithAlias { expr: expression, .. } => Some(expression),
        _ => None,
    }
}

fn expression_mut(item: &mut SelectItem) -> Option<&mut Expr> {
    match item {
        SelectItem::UnnamedExpr(expression)
        | SelectItem::ExprWithAlias { expr: expression, .. } => Some(expression),
        _ => None,
    }
}

/// What an arm of a `CASE` gives; after the last condition comes `else`.
fn result(case: &Expr, arm: usize) -> Option<&Expr> {
    let Expr::Case { conditions, else_result, .. } = case else { return None };
    match conditions.get(arm) {
        Some(when) => Some(&when.result),
        None => else_result.as_deref(),
    }
}

fn result_mut(case: &mut Expr, arm: usize) -> Option<&mut Expr> {
    let Expr::Case { conditions, else_result, .. } = case else { return None };
    match conditions.get_mut(arm) {
        Some(when) => Some(&mut when.result),
        None => else_result.as_deref_mut(),
    }
}

fn as_word(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(word) => Some(word),
            _ => None,
        },
        _ => None,
    }
}

/// A verdict that decides otherwise.
fn another(word: &Expr) -> Expr {
    let other = if as_word(word) == Some("undetermined") { "clear" } else { "undetermined" };
    Expr::Value(Value::SingleQuotedString(other.to_owned()).into())
}

/// Whether a branch reads the request alone, which is one row, and leaves nothing out.
fn is_constant(select: &Select) -> bool {
    let [from] = select.from.as_slice() else { return false };
    let is_request = matches!(
        &from.relation,
        TableFactor::Table { name, .. } if name.to_string() == "request"
    );
    is_request && from.joins.is_empty() && select.selection.is_none() && select.having.is_none()
}

/// The arms of a `CASE`, and the same `CASE` with each arm's place in place of what it gives.
fn arms(expression: &Expr) -> Option<(Vec<String>, Expr)> {
    let mut traced = expression.clone();
    let Expr::Case { conditions, else_result, .. } = &mut traced else { return None };
    let place = |at: usize| Expr::Value(Value::SingleQuotedString(at.to_string()).into());
    let mut arms = Vec::with_capacity(conditions.len() + 1);
    for (at, when) in conditions.iter_mut().enumerate() {
        arms.push(shown(&format!("when {} then {}", when.condition, when.result)));
        when.result = place(at);
    }
    arms.push(match else_result {
        Some(result) => shown(&format!("else {result}")),
        None => "else null".to_owned(),
    });
    *else_result = Some(Box::new(place(conditions.len())));
    Some((arms, traced))
}

fn shown(text: &str) -> String {
    if text.chars().count() <= MOST_SHOWN {
        return text.to_owned();
    }
    let cut: String = text.chars().take(MOST_SHOWN).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn every_branch_and_every_arm_has_its_query() {
        let found = branches(
            "-- why\nwith e as (select 1 as one) select case when a = 1 then 'x' when a > 2 then \
             'y' end as v, 'c' as code from t where a > 0 union all (select b, 'd' from u) union \
             all select applicant, today from request",
        );
        assert_eq!(found.len(), 3);
        assert_eq!(
            found[0].cases[0].arms,
            ["when a = 1 then 'x'", "when a > 2 then 'y'", "else null"]
        );
        assert_eq!(
            found[0].cases[0].look.sql,
            "WITH e AS (SELECT 1 AS one) SELECT CASE WHEN a = 1 THEN '0' WHEN a > 2 THEN '1' ELSE \
             '2' END AS arm FROM t WHERE a > 0"
        );
        assert!(found[0].look.sql.starts_with("WITH e AS"), "{}", found[0].look.sql);
        assert!(found[1].cases.is_empty() && !found[1].is_constant);
        assert!(found[2].is_constant && !found[0].is_constant);
        let without = found[2].without.as_ref().unwrap();
        assert!(without.ends_with("SELECT applicant, today FROM request WHERE false"), "{without}");
        assert!(without.contains("FROM t WHERE a > 0"), "{without}");
        let [first, second, last] = found[0].cases[0].otherwise.as_slice() else { panic!() };
        assert!(first.as_ref().unwrap().contains("a = 1 THEN 'undetermined' WHEN a > 2 THEN 'y'"));
        assert!(second.as_ref().unwrap().contains("THEN 'x' WHEN a > 2 THEN 'undetermined'"));
        assert_eq!(last, &None, "it gives no word");
        assert!(branches("selekt").is_empty() && branches("drop table a").is_empty());
    }
}
