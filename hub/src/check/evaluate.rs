//! Runs one prepared plan for one request. Where it only filters, projects and unites what is there, its expressions are evaluated on the
//! rows themselves: a family is a handful of rows, and making streams and their meters for them costs more than the work. Joins run as
//! DataFusion runs them, but for those in which one side has nothing to meet.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::common::{DataFusionError, JoinType, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt as _;

use super::request_join::{RequestJoin, narrowed};
use super::slots::{ExchangeCx, SlotScanExec};

/// Rows that a SQL step may make: families are small, and a step that makes more has lost its join condition.
const MOST_STEP_ROWS: usize = 65_536;

/// The rows that a plan makes of the slots that are filled.
pub async fn evaluate(plan: &Arc<dyn ExecutionPlan>, task: &Arc<TaskContext>, cx: &ExchangeCx) -> Result<Vec<RecordBatch>> {
    if is_empty(plan, cx)? {
        return Ok(Vec::new());
    }
    let mut rows = match directly(plan, cx)? {
        Some(rows) => rows,
        None => stream(plan, task).await?,
    };
    rows.retain(|batch| batch.num_rows() > 0);
    bounded(&rows)?;
    Ok(rows)
}

fn bounded(rows: &[RecordBatch]) -> Result<()> {
    if rows.iter().map(RecordBatch::num_rows).sum::<usize>() > MOST_STEP_ROWS {
        return Err(DataFusionError::ResourcesExhausted(format!("a step made more than {MOST_STEP_ROWS} rows")));
    }
    Ok(())
}

/// The rows, if the plan is made of nothing but operators that take one batch to one; else `None`, and nothing was done.
fn directly(plan: &Arc<dyn ExecutionPlan>, cx: &ExchangeCx) -> Result<Option<Vec<RecordBatch>>> {
    if let Some(scan) = plan.downcast_ref::<SlotScanExec>() {
        return scan.rows(cx).map(Some);
    }
    if let Some(join) = plan.downcast_ref::<RequestJoin>() {
        let joiner = join.joiner(cx)?;
        return each(join.input(), cx, |batch| joiner.join(batch));
    }
    if let Some(filter) = plan.downcast_ref::<FilterExec>() {
        let projection = filter.projection().as_deref();
        return each(filter.input(), cx, |batch| narrowed(batch.clone(), Some(filter.predicate()), projection));
    }
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        return each(projection.input(), cx, |batch| projected(projection, batch));
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        return one_sided(join, cx);
    }
    let Some(union) = plan.downcast_ref::<UnionExec>() else { return Ok(None) };
    let mut all = Vec::new();
    for part in union.inputs() {
        if is_empty(part, cx)? {
            continue;
        }
        let Some(rows) = directly(part, cx)? else { return Ok(None) };
        for batch in rows {
            // A union's columns are named as its first part's.
            all.push(RecordBatch::try_new(union.schema(), batch.columns().to_vec())?);
        }
    }
    Ok(Some(all))
}

/// A join in which one side has no rows, so that nothing need be compared: few families have a death in them, or a divorce.
fn one_sided(join: &HashJoinExec, cx: &ExchangeCx) -> Result<Option<Vec<RecordBatch>>> {
    let none = |rows: &[RecordBatch]| rows.iter().all(|batch| batch.num_rows() == 0);
    let (kept, met) = match join.join_type() {
        JoinType::Inner | JoinType::LeftSemi | JoinType::LeftAnti => (join.left(), join.right()),
        JoinType::RightSemi | JoinType::RightAnti => (join.right(), join.left()),
        _ => return Ok(None),
    };
    let Some(kept) = directly(kept, cx)? else { return Ok(None) };
    if none(&kept) {
        return Ok(Some(Vec::new()));
    }
    match directly(met, cx)? {
        Some(met) if none(&met) => {}
        _ => return Ok(None),
    }
    if !matches!(join.join_type(), JoinType::LeftAnti | JoinType::RightAnti) {
        return Ok(Some(Vec::new()));
    }
    let schema = join.schema();
    let whole = |batch: RecordBatch| {
        let batch = narrowed(batch, None, join.projection.as_deref())?;
        Ok(RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())?)
    };
    kept.into_iter().map(whole).collect::<Result<Vec<_>>>().map(Some)
}

fn each(
    input: &Arc<dyn ExecutionPlan>,
    cx: &ExchangeCx,
    make: impl Fn(&RecordBatch) -> Result<RecordBatch>,
) -> Result<Option<Vec<RecordBatch>>> {
    let Some(rows) = directly(input, cx)? else { return Ok(None) };
    rows.iter().map(make).collect::<Result<Vec<_>>>().map(Some)
}

fn projected(projection: &ProjectionExec, batch: &RecordBatch) -> Result<RecordBatch> {
    let count = batch.num_rows();
    let columns = projection.expr().iter().map(|column| column.expr.evaluate(batch)?.into_array(count));
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    Ok(RecordBatch::try_new_with_options(projection.schema(), columns.collect::<Result<Vec<_>>>()?, &options)?)
}

/// As DataFusion runs it, its partitions one after another: a task each would cost more.
async fn stream(plan: &Arc<dyn ExecutionPlan>, task: &Arc<TaskContext>) -> Result<Vec<RecordBatch>> {
    // Joins keep their build side in the plan; a plan that was not reset answers with the last request's rows.
    let plan = reset_plan_states(Arc::clone(plan))?;
    let mut rows = Vec::new();
    for partition in 0..plan.output_partitioning().partition_count() {
        let mut stream = plan.execute(partition, Arc::clone(task))?;
        while let Some(batch) = stream.next().await {
            rows.push(batch?);
            bounded(&rows)?;
        }
    }
    Ok(rows)
}

/// Whether a plan makes no rows because the rows that it begins with are none: most families own nothing, and what would be made of their
/// homes need not run. Only operators that cannot make a row of nothing count.
fn is_empty(plan: &Arc<dyn ExecutionPlan>, cx: &ExchangeCx) -> Result<bool> {
    if let Some(scan) = plan.downcast_ref::<SlotScanExec>() {
        return Ok(cx.rows(scan.slot())?.iter().all(|batch| batch.num_rows() == 0));
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        return match join.join_type() {
            JoinType::Inner => Ok(is_empty(join.left(), cx)? || is_empty(join.right(), cx)?),
            JoinType::Left | JoinType::LeftAnti | JoinType::LeftSemi => is_empty(join.left(), cx),
            _ => Ok(false),
        };
    }
    let passes_on = plan.is::<ProjectionExec>() || plan.is::<FilterExec>() || plan.is::<RequestJoin>();
    match (passes_on, plan.children().as_slice()) {
        (true, [input]) => is_empty(input, cx),
        _ => Ok(false),
    }
}
