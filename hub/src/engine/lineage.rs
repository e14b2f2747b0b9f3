//! Of which columns of the departments a column of a plan is made. Each column that its expression
//! reads counts, those of conditions in it too: a `case` tells what it looks at. What a row was
//! joined or filtered by does not count: that is the check's own question.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, JoinType, Result};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// Columns of datasets: dataset and name.
pub(super) type Sources = BTreeSet<(String, String)>;
/// For each column of a table, what it is made of.
pub(super) type Lineage = Vec<Sources>;

/// The lineage of a plan over tables whose own is known.
pub(super) fn lineage(plan: &LogicalPlan, tables: &BTreeMap<String, Lineage>) -> Result<Lineage> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let known = tables
                .get(scan.table_name.table())
                .ok_or_else(|| unknown(&format!("the table `{}`", scan.table_name)))?;
            let places = scan.projection.clone().unwrap_or_else(|| (0..known.len()).collect());
            places.into_iter().map(|place| at(known, place)).collect()
        }
        LogicalPlan::SubqueryAlias(alias) => lineage(&alias.input, tables),
        LogicalPlan::Filter(filter) => lineage(&filter.input, tables),
        LogicalPlan::Subquery(subquery) => lineage(&subquery.subquery, tables),
        LogicalPlan::Distinct(distinct) => lineage(distinct.input(), tables),
        LogicalPlan::Projection(projection) => {
            let input = Known::of(&projection.input, tables)?;
            projection.expr.iter().map(|one| input.expression(one)).collect()
        }
        LogicalPlan::Aggregate(aggregate) => {
            let input = Known::of(&aggregate.input, tables)?;
            let all = aggregate.group_expr.iter().chain(&aggregate.aggr_expr);
            all.map(|one| input.expression(one)).collect()
        }
        LogicalPlan::Join(join) => {
            let mut columns = lineage(&join.left, tables)?;
            match join.join_type {
                JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {
                    columns.extend(lineage(&join.right, tables)?);
                }
                JoinType::LeftSemi | JoinType::LeftAnti => {}
                JoinType::RightSemi | JoinType::RightAnti => {
                    columns = lineage(&join.right, tables)?;
                }
                JoinType::LeftMark | JoinType::RightMark => {
                    return Err(unknown("a mark join"));
                }
            }
            Ok(columns)
        }
        LogicalPlan::Union(union) => {
            let mut columns: Lineage = vec![Sources::new(); plan.schema().fields().len()];
            for input in &union.inputs {
                for (column, more) in columns.iter_mut().zip(lineage(input, tables)?) {
                    column.extend(more);
                }
            }
            Ok(columns)
        }
        LogicalPlan::EmptyRelation(empty) => Ok(vec![Sources::new(); empty.schema.fields().len()]),
        other => Err(unknown(other.display().to_string().as_str())),
    }
}

/// A plan's columns by their names.
struct Known<'a> {
    schema: &'a DFSchema,
    columns: Lineage,
}

impl<'a> Known<'a> {
    fn of(plan: &'a LogicalPlan, tables: &BTreeMap<String, Lineage>) -> Result<Self> {
        Ok(Self { schema: plan.schema().as_ref(), columns: lineage(plan, tables)? })
    }

    fn expression(&self, expression: &Expr) -> Result<Sources> {
        let mut found = Sources::new();
        expression.apply(|part| {
            match part {
                Expr::Column(column) => found.extend(self.column(column)?),
                Expr::OuterReferenceColumn(..)
                | Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_) => {
                    return Err(unknown("a sub-query in a value; write it as a join"));
                }
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(found)
    }

    fn column(&self, column: &Column) -> Result<Sources> {
        at(&self.columns, self.schema.index_of_column(column)?)
    }
}

fn at(columns: &Lineage, place: usize) -> Result<Sources> {
    columns.get(place).cloned().ok_or_else(|| unknown("a column that no table has"))
}

fn unknown(what: &str) -> DataFusionError {
    DataFusionError::Plan(format!("it is not known of which columns a value is made: {what}"))
}
