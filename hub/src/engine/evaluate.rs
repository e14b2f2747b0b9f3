//! Runs one prepared plan for one request. Where it only filters, projects and unites what is
//! there, its expressions are evaluated on the rows themselves: a family is a handful of rows, and
//! making streams and their meters for them costs more than the work. Joins of few rows are made
//! pair by pair ([`super::pair_join`]); whatever else there is runs as DataFusion runs it.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt as _;

use super::pair_join::PairJoin;
use super::request_join::{RequestJoin, narrowed};
use super::slots::{ExchangeCx, SlotScanExec};

/// Rows that a SQL step may make: families are small, and a step that makes more has lost its join
/// condition.
const MOST_STEP_ROWS: usize = 65_536;

/// The rows that a plan makes of the slots that are filled.
pub async fn evaluate(
    plan: &Arc<dyn ExecutionPlan>,
    task: &Arc<TaskContext>,
    cx: &ExchangeCx,
) -> Result<Vec<RecordBatch>> {
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
        return Err(DataFusionError::ResourcesExhausted(format!(
            "a step made more than {MOST_STEP_ROWS} rows"
        )));
    }
    Ok(())
}

/// The rows, if the plan is made of nothing but operators that take one batch to one; else `None`,
/// and nothing was done.
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
        return each(filter.input(), cx, |batch| {
            narrowed(batch.clone(), Some(filter.predicate()), projection)
        });
    }
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        return each(projection.input(), cx, |batch| projected(projection, batch));
    }
    if let Some(join) = plan.downcast_ref::<PairJoin>() {
        let [left, right] = join.sides();
        let Some(left) = directly(left, cx)? else { return Ok(None) };
        let Some(right) = directly(right, cx)? else { return Ok(None) };
        return Ok(join.join(&left, &right)?.map(|rows| vec![rows]));
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
    let columns =
        projection.expr().iter().map(|column| column.expr.evaluate(batch)?.into_array(count));
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    Ok(RecordBatch::try_new_with_options(
        projection.schema(),
        columns.collect::<Result<Vec<_>>>()?,
        &options,
    )?)
}

/// As DataFusion runs it, its partitions one after another: a task each would cost more.
async fn stream(
    plan: &Arc<dyn ExecutionPlan>,
    task: &Arc<TaskContext>,
) -> Result<Vec<RecordBatch>> {
    // Joins keep their build side in the plan; a plan that was not reset answers with the last
    // request's rows.
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

/// Whether a plan makes no rows because it begins with no rows: most families own nothing, and what
/// would be made of their homes need not run. Only operators that cannot make a row of nothing
/// count.
fn is_empty(plan: &Arc<dyn ExecutionPlan>, cx: &ExchangeCx) -> Result<bool> {
    if let Some(scan) = plan.downcast_ref::<SlotScanExec>() {
        return Ok(cx.rows(scan.slot())?.iter().all(|batch| batch.num_rows() == 0));
    }
    if let Some(join) = plan.downcast_ref::<PairJoin>() {
        let [left, right] = join.sides();
        return Ok(join.is_empty(is_empty(left, cx)?, is_empty(right, cx)?));
    }
    let passes_on =
        plan.is::<ProjectionExec>() || plan.is::<FilterExec>() || plan.is::<RequestJoin>();
    match (passes_on, plan.children().as_slice()) {
        (true, [input]) => is_empty(input, cx),
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use arrow::array::{ArrayRef, Date32Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::prelude::SessionContext;
    use proptest::prelude::*;

    use super::super::prepared::session_config;
    use super::super::slots::SlotTable;
    use super::super::{pair_join, request_join};
    use super::*;

    /// Everything that a step may join by, and what falls back to DataFusion on its way.
    const JOINS: [&str; 10] = [
        "select a.id, a.day, b.id, b.day from a join b on a.id = b.id",
        "select b.day, a.id from a join b on a.id = b.id and a.day < b.day",
        "select a.day from a join b on a.id = b.id and a.day = b.day where b.id <> '1'",
        "select id, day from a where exists (select 1 from b where b.id = a.id)",
        "select day, id from a where exists (select 1 from b where b.id = a.id and b.day > a.day)",
        "select id, day from a where not exists (select 1 from b where b.id = a.id)",
        "select day, id from a where not exists (select 1 from b where b.id = a.id and b.day > \
         a.day)",
        "select id from a where id in (select id from b where day is not null)",
        "with j as (select a.id as id, b.day as day from a join b on a.id = b.id) select j.day, \
         c.day from j join a c on c.id = j.id",
        "select id from a where not exists (select 1 from b where b.id = a.id) union all select \
         b.id from a join b on a.day = b.day",
    ];

    type Row = (Option<u8>, Option<u8>);

    fn schema() -> arrow::datatypes::SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("id", DataType::Utf8, true),
            Field::new("day", DataType::Date32, true),
        ]))
    }

    fn batches(parts: &[Vec<Row>]) -> Vec<RecordBatch> {
        let batch = |rows: &Vec<Row>| {
            let ids: StringArray = rows.iter().map(|(id, _)| id.map(|id| id.to_string())).collect();
            let days: Date32Array = rows.iter().map(|(_, day)| day.map(i32::from)).collect();
            RecordBatch::try_new(schema(), vec![Arc::new(ids) as ArrayRef, Arc::new(days)]).unwrap()
        };
        parts.iter().map(batch).collect()
    }

    fn sorted(rows: &[RecordBatch]) -> Vec<String> {
        let columns: Vec<RecordBatch> =
            rows.iter().filter(|batch| batch.num_rows() > 0).cloned().collect();
        // Values only: whether a column is named for one side or the other is the plan's affair.
        let text = pretty_format_batches(&columns).unwrap().to_string();
        let mut lines: Vec<String> =
            text.lines().filter(|line| line.starts_with('|')).skip(1).map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// The rows of one statement, as they are made here (`None`: not here) and as DataFusion makes
    /// them.
    async fn both_ways(
        sql: &str,
        a: &[Vec<Row>],
        b: &[Vec<Row>],
    ) -> (Option<Vec<String>>, Vec<String>) {
        let context = SessionContext::new_with_config(session_config());
        for (slot, name) in ["a", "b"].into_iter().enumerate() {
            context.register_table(name, Arc::new(SlotTable::new(slot + 1, schema()))).unwrap();
        }
        let state = context.state();
        let logical = state.create_logical_plan(sql).await.unwrap();
        let bare =
            request_join::rewrite(state.create_physical_plan(&logical).await.unwrap()).unwrap();
        let plan = pair_join::rewrite(Arc::clone(&bare)).unwrap();
        let cx = Arc::new(ExchangeCx::new(3));
        cx.fill(1, batches(a)).unwrap();
        cx.fill(2, batches(b)).unwrap();
        let config = session_config().with_extension(Arc::clone(&cx));
        let runtime = RuntimeEnvBuilder::new().build_arc().unwrap();
        let none = std::collections::HashMap::new;
        let task = TaskContext::new(
            None,
            String::new(),
            config,
            none(),
            Default::default(),
            Default::default(),
            Default::default(),
            runtime,
        );
        let task = Arc::new(task);
        let theirs = sorted(&stream(&bare, &task).await.unwrap());
        assert_eq!(sorted(&evaluate(&plan, &task, &cx).await.unwrap()), theirs, "{sql}");
        // A plan that ran keeps nothing of what it ran on.
        assert_eq!(sorted(&stream(&plan, &task).await.unwrap()), theirs, "{sql}");
        (directly(&plan, &cx).unwrap().map(|rows| sorted(&rows)), theirs)
    }

    fn rows() -> impl Strategy<Value = Vec<Vec<Row>>> {
        let cell = || proptest::option::weighted(0.8, 0_u8..4);
        proptest::collection::vec(proptest::collection::vec((cell(), cell()), 0..5), 0..3)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn few_rows_join_as_datafusion_joins_them(a in rows(), b in rows()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            for sql in JOINS {
                let (ours, theirs) = runtime.block_on(both_ways(sql, &a, &b));
                prop_assert_eq!(ours.as_ref(), Some(&theirs), "{}", sql);
            }
        }
    }

    #[test]
    fn many_rows_are_left_to_datafusion() {
        let many: Vec<Row> = (0..100).map(|at| (Some(at), Some(at))).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (ours, theirs) = runtime.block_on(both_ways(
            JOINS[0],
            std::slice::from_ref(&many),
            std::slice::from_ref(&many),
        ));
        assert_eq!((ours, theirs.len()), (None, 100));
    }

    #[test]
    fn not_in_keeps_its_meaning_where_a_value_is_null() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let sql = "select id from a where id not in (select id from b)";
        let a = [vec![(Some(1), None), (Some(2), None), (None, None)]];
        for (b, left) in
            [(vec![], 3), (vec![(Some(1), None)], 1), (vec![(Some(1), None), (None, None)], 0)]
        {
            let (_, theirs) = runtime.block_on(both_ways(sql, &a, &[b]));
            assert_eq!(theirs.len(), left, "{theirs:?}");
        }
    }
}
