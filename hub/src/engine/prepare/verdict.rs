//! The step `verdict`: which scans its SQL names.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{Expr, Select, SelectItem, SetExpr, Statement, Value};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use zerotrip_checks::definition::{StepKind, Variant};

/// The place of the column `scan`.
const SCAN: usize = 2;

/// What the verdict names as scans, word for word, and the variant does not have. A name that comes
/// from a table is looked at in each run.
pub(super) fn unknown_scans(variant: &Variant) -> Vec<String> {
    let Some(StepKind::Sql(sql)) = variant.steps.last().map(|step| &step.kind) else {
        return Vec::new();
    };
    let scans: BTreeSet<&str> = variant.scans().map(|(name, _)| name).collect();
    let unknown = named(sql).into_iter().filter(|name| !scans.contains(name.as_str()));
    let known: Vec<&str> = scans.iter().copied().collect();
    let fault = |name: String| {
        format!("step `verdict`: `{name}` is no scan of it; name one of {}", known.join(", "))
    };
    unknown.map(fault).collect()
}

/// The literals in the place of the scan, of every part of a union.
fn named(sql: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for statement in Parser::parse_sql(&GenericDialect {}, sql).unwrap_or_default() {
        if let Statement::Query(query) = statement {
            parts(&query.body, &mut |select| {
                if let Some(item) = select.projection.get(SCAN) {
                    literals(item, &mut names);
                }
            });
        }
    }
    names
}

fn parts(body: &SetExpr, each: &mut impl FnMut(&Select)) {
    match body {
        SetExpr::SetOperation { left, right, .. } => {
            parts(left, each);
            parts(right, each);
        }
        SetExpr::Query(query) => parts(&query.body, each),
        SetExpr::Select(select) => each(select),
        _ => {}
    }
}

fn literals(item: &SelectItem, names: &mut BTreeSet<String>) {
    let (SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. }) =
        item
    else {
        return;
    };
    let results: Vec<&Expr> = match expression {
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().map(|when| &when.result).chain(else_result.as_deref()).collect()
        }
        other => vec![other],
    };
    for result in results {
        if let Expr::Value(value) = result
            && let Value::SingleQuotedString(name) = &value.value
        {
            names.insert(name.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_and_every_arm_says_which_scan_it_names() {
        let sql = "with e as (select 'x', '', 'none' from t) select 'against' as verdict, 'C' as \
                   code, 'home' as scan, n from t union all (select 'clear', '', case when a = 1 \
                   then 'sale' else 'lease' end, n from t) union all select 'ended', '', scan, n \
                   from life";
        let found: Vec<String> = named(sql).into_iter().collect();
        assert_eq!(found, ["home", "lease", "sale"]);
    }
}
