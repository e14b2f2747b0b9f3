//! What a definition's SQL may be made of. A closed list: whatever is not named here is refused, by
//! name, when the check is prepared.

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// Functions that depend on nothing but their arguments, and that a definition needs.
const FUNCTIONS: [&str; 9] =
    ["coalesce", "nullif", "date_part", "substr", "count", "min", "max", "sum", "bool_or"];
/// Functions that people reach for and that would be frozen at the moment of preparation.
const CLOCKS: [&str; 9] = [
    "now",
    "current_date",
    "current_time",
    "current_timestamp",
    "today",
    "localtimestamp",
    "localtime",
    "to_local_time",
    "statement_timestamp",
];

/// Every reason why a plan is not admissible; empty where it is.
pub fn objections(plan: &LogicalPlan) -> Result<Vec<String>> {
    let mut found = Vec::new();
    plan.apply_with_subqueries(|node| {
        if let Some(name) = unlisted_operator(node) {
            found.push(format!("operator {name} is not on the list of what a check may use"));
        }
        node.apply_expressions(|root| {
            root.apply(|expression| {
                found.extend(unlisted_expression(expression));
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    found.sort();
    found.dedup();
    Ok(found)
}

fn unlisted_operator(plan: &LogicalPlan) -> Option<&'static str> {
    match plan {
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Aggregate(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Union(_)
        | LogicalPlan::TableScan(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::EmptyRelation(_) => None,
        LogicalPlan::Window(_) => Some("WINDOW"),
        LogicalPlan::Sort(_) => Some("ORDER BY"),
        LogicalPlan::Limit(_) => Some("LIMIT"),
        LogicalPlan::Values(_) => Some("VALUES"),
        LogicalPlan::RecursiveQuery(_) => Some("WITH RECURSIVE"),
        LogicalPlan::Unnest(_) => Some("UNNEST"),
        LogicalPlan::Repartition(_) => Some("REPARTITION"),
        LogicalPlan::Extension(_) => Some("an extension"),
        _ => Some("a statement that is not a query"),
    }
}

fn unlisted_expression(expression: &Expr) -> Option<String> {
    let function = |name: &str| {
        if CLOCKS.contains(&name) {
            return Some(format!(
                "function `{name}` reads a clock, which would stand still from preparation on; \
                 use `request.today`"
            ));
        }
        (!FUNCTIONS.contains(&name)).then(|| {
            format!("function `{name}` is not on the list; there are {}", FUNCTIONS.join(", "))
        })
    };
    match expression {
        Expr::ScalarFunction(call) => function(call.func.name()),
        Expr::AggregateFunction(call) => function(call.func.name()),
        Expr::Column(_)
        | Expr::OuterReferenceColumn(..)
        | Expr::Alias(_)
        | Expr::Literal(..)
        | Expr::BinaryExpr(_)
        | Expr::Not(_)
        | Expr::IsNotNull(_)
        | Expr::IsNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNotFalse(_)
        | Expr::IsNotUnknown(_)
        | Expr::Negative(_)
        | Expr::Between(_)
        | Expr::Case(_)
        | Expr::Cast(_)
        | Expr::InList(_)
        | Expr::Exists(_)
        | Expr::InSubquery(_)
        | Expr::ScalarSubquery(_) => None,
        Expr::Like(_) | Expr::SimilarTo(_) => {
            Some("pattern matching is not on the list of what a check may use".into())
        }
        Expr::TryCast(_) => {
            Some("TRY_CAST turns what it cannot read into NULL unseen; use CAST".into())
        }
        Expr::Placeholder(_) => Some("placeholders are not used; read the table `request`".into()),
        Expr::WindowFunction(_) => {
            Some("window functions are not on the list of what a check may use".into())
        }
        _ => Some("an expression that is not on the list of what a check may use".into()),
    }
}
