//! Runs one prepared plan for one request or for several. Where it only filters, projects and
//! unites what is there, its expressions are evaluated on the rows themselves: a family is a
//! handful of rows, and making streams and their meters for them costs more than the work; and
//! those of many requests in one go, for an expression costs more to begin than to evaluate on a
//! few rows. Joins of few rows are made pair by pair ([`super::pair_join`]); whatever else there is
//! runs as DataFusion runs it, one request after another.

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
use super::request_join::RequestJoin;
use super::rows::Rows;
use super::slots::{ExchangeCx, SlotScanExec};

/// Rows that a SQL step may make: families are small, and a step that makes more has lost its join
/// condition.
const MOST_STEP_ROWS: usize = 65_536;

/// The rows that a plan makes of one request's tables. `task` carries them for DataFusion.
pub async fn evaluate(
    plan: &Arc<dyn ExecutionPlan>,
    cx: &ExchangeCx,
    task: impl FnOnce() -> Arc<TaskContext>,
) -> Result<Vec<RecordBatch>> {
    if let Some(rows) = together(plan, &[cx])? {
        return Ok(rows.into_iter().flatten().collect());
    }
    let mut rows = stream(plan, &task()).await?;
    rows.retain(|batch| batch.num_rows() > 0);
    Ok(rows)
}

/// The rows that a plan makes of the tables of each of these requests, evaluated at once: each row
/// is made of rows of one request. `None` where DataFusion has to run it, and nothing was done. An
/// `Err` may be the fault of one request's rows.
pub fn together(
    plan: &Arc<dyn ExecutionPlan>,
    requests: &[&ExchangeCx],
) -> Result<Option<Vec<Vec<RecordBatch>>>> {
    if is_empty(plan, requests)? {
        return Ok(Some(vec![Vec::new(); requests.len()]));
    }
    let Some(rows) = directly(plan, requests)? else { return Ok(None) };
    let each = rows.by_request(requests.len());
    each.iter().try_for_each(|rows| bounded(rows))?;
    Ok(Some(each))
}

fn bounded(rows: &[RecordBatch]) -> Result<()> {
    if rows.iter().map(RecordBatch::num_rows).sum::<usize>() > MOST_STEP_ROWS {
        return Err(DataFusionError::ResourcesExhausted(format!(
            "a step made more than {MOST_STEP_ROWS} rows"
        )));
    }
    Ok(())
}

/// The rows, if the plan is made of nothing but operators that take rows of a request to rows of
/// the same; else `None`, and nothing was done.
fn directly(plan: &Arc<dyn ExecutionPlan>, requests: &[&ExchangeCx]) -> Result<Option<Rows>> {
    if let Some(scan) = plan.downcast_ref::<SlotScanExec>() {
        return Rows::of_each(&scan.schema(), requests.iter().map(|cx| scan.rows(cx))).map(Some);
    }
    if let Some(join) = plan.downcast_ref::<RequestJoin>() {
        let Some(rows) = directly(join.input(), requests)? else { return Ok(None) };
        let join = |rows| join.joiner(requests)?.join(rows);
        return some_of(rows, plan, join).map(Some);
    }
    if let Some(filter) = plan.downcast_ref::<FilterExec>() {
        let Some(rows) = directly(filter.input(), requests)? else { return Ok(None) };
        let projection = filter.projection().as_deref();
        let narrow = |rows: Rows| rows.narrowed(Some(filter.predicate()), projection);
        return some_of(rows, plan, narrow).map(Some);
    }
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        let Some(rows) = directly(projection.input(), requests)? else { return Ok(None) };
        let project = |rows: Rows| rows.made_into(|batch| projected(projection, &batch));
        return some_of(rows, plan, project).map(Some);
    }
    if let Some(join) = plan.downcast_ref::<PairJoin>() {
        let [left, right] = join.sides();
        let Some(left) = directly(left, requests)? else { return Ok(None) };
        if join.is_empty(left.is_empty(), false) {
            return Ok(Some(Rows::none(plan.schema())));
        }
        let Some(right) = directly(right, requests)? else { return Ok(None) };
        return join.join(left, right);
    }
    let Some(union) = plan.downcast_ref::<UnionExec>() else { return Ok(None) };
    let mut parts = Vec::new();
    for part in union.inputs() {
        if is_empty(part, requests)? {
            continue;
        }
        let Some(rows) = directly(part, requests)? else { return Ok(None) };
        parts.push(rows);
    }
    Rows::united(&union.schema(), parts).map(Some)
}

/// What an operator makes of its input's rows: of none, none, and nothing has to be evaluated.
fn some_of(
    rows: Rows,
    plan: &Arc<dyn ExecutionPlan>,
    make: impl FnOnce(Rows) -> Result<Rows>,
) -> Result<Rows> {
    if rows.is_empty() { Ok(Rows::none(plan.schema())) } else { make(rows) }
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
fn is_empty(plan: &Arc<dyn ExecutionPlan>, requests: &[&ExchangeCx]) -> Result<bool> {
    if let Some(scan) = plan.downcast_ref::<SlotScanExec>() {
        for cx in requests {
            if cx.rows(scan.slot())?.iter().any(|batch| batch.num_rows() > 0) {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if let Some(join) = plan.downcast_ref::<PairJoin>() {
        let [left, right] = join.sides();
        return Ok(join.is_empty(is_empty(left, requests)?, is_empty(right, requests)?));
    }
    let passes_on =
        plan.is::<ProjectionExec>() || plan.is::<FilterExec>() || plan.is::<RequestJoin>();
    match (passes_on, plan.children().as_slice()) {
        (true, [input]) => is_empty(input, requests),
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
    use super::super::runtime::Engine;
    use super::super::slots::SlotTable;
    use super::super::{pair_join, request_join};
    use super::*;

    /// Everything that a step may be made of, and what falls back to DataFusion on its way.
    const STEPS: [&str; 14] = [
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
        "select request.id, a.day from request join a on a.id = request.id",
        "select a.id, coalesce(a.day, request.day) from request cross join a where a.day is null \
         or a.day < request.day",
        "select b.id, 'b' from b union all select id, day || 'a' from a union all select id, 'r' \
         from request",
        "select case when a.id = request.id then a.day else request.day end from request join a \
         on a.day <= request.day where a.id is not null",
    ];

    type Row = (Option<u8>, Option<u8>);

    /// One request's tables, in batches: `a` and `b`, and the row of `request`.
    type Tables = (Vec<Vec<Row>>, Vec<Vec<Row>>, Row);

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

    fn lines(rows: &[RecordBatch]) -> Vec<String> {
        let columns: Vec<RecordBatch> =
            rows.iter().filter(|batch| batch.num_rows() > 0).cloned().collect();
        // Values only: whether a column is named for one side or the other is the plan's affair.
        let text = pretty_format_batches(&columns).unwrap().to_string();
        text.lines()
            .filter(|line| line.starts_with('|'))
            .skip(1)
            .map(|line| line.split_whitespace().collect())
            .collect()
    }

    fn sorted(rows: &[RecordBatch]) -> Vec<String> {
        let mut lines = lines(rows);
        lines.sort();
        lines
    }

    /// The rows that one statement makes for each of these requests, as they are made here together
    /// (`None`: not here) and as DataFusion makes them.
    async fn both_ways(
        sql: &str,
        requests: &[Tables],
    ) -> (Option<Vec<Vec<String>>>, Vec<Vec<String>>) {
        let context = SessionContext::new_with_config(session_config());
        for (slot, name) in ["request", "a", "b"].into_iter().enumerate() {
            context.register_table(name, Arc::new(SlotTable::new(slot, schema()))).unwrap();
        }
        let state = context.state();
        let logical = state.create_logical_plan(sql).await.unwrap();
        let bare = state.create_physical_plan(&logical).await.unwrap();
        let plan = pair_join::rewrite(request_join::rewrite(Arc::clone(&bare)).unwrap()).unwrap();
        let engine = Engine::new(RuntimeEnvBuilder::new().build_arc().unwrap());
        let (mut all, mut alone, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for (a, b, request) in requests {
            let cx = Arc::new(ExchangeCx::new(3));
            cx.fill(0, batches(&[vec![*request]])).unwrap();
            cx.fill(1, batches(a)).unwrap();
            cx.fill(2, batches(b)).unwrap();
            let datafusions = sorted(&stream(&bare, &engine.task(&cx)).await.unwrap());
            let rows = evaluate(&plan, &cx, || engine.task(&cx)).await.unwrap();
            assert_eq!(sorted(&rows), datafusions, "{sql}");
            // A plan that ran keeps nothing of what it ran on.
            let again = stream(&plan, &engine.task(&cx)).await.unwrap();
            assert_eq!(sorted(&again), datafusions, "{sql}");
            alone.push(lines(&rows));
            theirs.push(datafusions);
            all.push(cx);
        }
        let tables: Vec<&ExchangeCx> = all.iter().map(|cx| &**cx).collect();
        let ours = together(&plan, &tables).unwrap();
        if let Some(ours) = &ours {
            // In the same order too.
            let ours: Vec<_> = ours.iter().map(|rows| lines(rows)).collect();
            assert_eq!(ours, alone, "{sql}");
        }
        (ours.map(|ours| ours.iter().map(|rows| sorted(rows)).collect()), theirs)
    }

    fn row() -> impl Strategy<Value = Row> {
        let cell = || proptest::option::weighted(0.8, 0_u8..4);
        (cell(), cell())
    }

    fn rows() -> impl Strategy<Value = Vec<Vec<Row>>> {
        proptest::collection::vec(proptest::collection::vec(row(), 0..5), 0..3)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn each_request_gets_what_datafusion_makes_of_its_own_rows(
            requests in proptest::collection::vec((rows(), rows(), row()), 1..5)
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            for sql in STEPS {
                let (ours, theirs) = runtime.block_on(both_ways(sql, &requests));
                prop_assert_eq!(ours.as_ref(), Some(&theirs), "{}", sql);
            }
        }
    }

    #[test]
    fn many_rows_are_left_to_datafusion() {
        let many: Vec<Row> = (0..100).map(|at| (Some(at), Some(at))).collect();
        let few = (vec![vec![(Some(1), None)]], vec![vec![(Some(1), None)]], (None, None));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let requests = [few, (vec![many.clone()], vec![many], (None, None))];
        let (ours, theirs) = runtime.block_on(both_ways(STEPS[0], &requests));
        assert_eq!((ours, theirs[0].len(), theirs[1].len()), (None, 1, 100));
    }

    #[test]
    fn not_in_keeps_its_meaning_where_a_value_is_null() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let sql = "select id from a where id not in (select id from b)";
        let a = [vec![(Some(1), None), (Some(2), None), (None, None)]];
        for (b, left) in
            [(vec![], 3), (vec![(Some(1), None)], 1), (vec![(Some(1), None), (None, None)], 0)]
        {
            let requests = [(a.to_vec(), vec![b], (None, None))];
            let (_, theirs) = runtime.block_on(both_ways(sql, &requests));
            assert_eq!(theirs[0].len(), left, "{theirs:?}");
        }
    }

    /// What one request's rows cannot come to is that request's alone.
    #[test]
    fn a_row_that_cannot_be_evaluated_fails_all_that_are_evaluated_with_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let context = SessionContext::new_with_config(session_config());
            context.register_table("a", Arc::new(SlotTable::new(1, schema()))).unwrap();
            let sql = "select cast(id as bigint) from a";
            let state = context.state();
            let logical = state.create_logical_plan(sql).await.unwrap();
            let plan = state.create_physical_plan(&logical).await.unwrap();
            let tables = |id: &str| {
                let columns: Vec<ArrayRef> = vec![
                    Arc::new(StringArray::from(vec![id])),
                    Arc::new(Date32Array::from(vec![0])),
                ];
                let cx = ExchangeCx::new(2);
                cx.fill(1, vec![RecordBatch::try_new(schema(), columns).unwrap()]).unwrap();
                cx
            };
            let (good, bad) = (tables("1"), tables("one"));
            assert!(together(&plan, &[&good]).unwrap().is_some());
            assert!(together(&plan, &[&good, &bad]).is_err());
        });
    }
}
