//! A join with the request is a join with one row. DataFusion would build a hash table or a nested
//! loop for it, anew for every request; here the row's values are set beside each batch of the
//! other side, and the join's conditions become a filter.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, JoinSide, JoinType, NullEquality, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions, SchedulingType,
};
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use futures::StreamExt as _;

use super::rows::Rows;
use super::slots::{ExchangeCx, SlotScanExec, exchange};

type Expression = Arc<dyn PhysicalExpr>;

/// Replaces every inner join whose left side is the request.
pub fn rewrite(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let join = match RequestJoin::of(node.as_ref())? {
            Some(join) => join,
            None => return Ok(Transformed::no(node)),
        };
        Ok(Transformed::yes(Arc::new(join) as Arc<dyn ExecutionPlan>))
    })
    .map(|transformed| transformed.data)
}

/// The request's columns beside the input's, those rows of it that satisfy the condition, and of
/// those the projected columns.
#[derive(Debug)]
pub struct RequestJoin {
    input: Arc<dyn ExecutionPlan>,
    /// Places in the request's row.
    request: Vec<usize>,
    /// Over the joined columns.
    condition: Option<Arc<dyn PhysicalExpr>>,
    joined: SchemaRef,
    projection: Option<Vec<usize>>,
    properties: Arc<PlanProperties>,
}

impl RequestJoin {
    /// Of a join whose left side is a plain scan of the request; `None` of anything else.
    fn of(node: &dyn ExecutionPlan) -> Result<Option<Self>> {
        if let Some(join) = node.downcast_ref::<HashJoinExec>() {
            let equal = join.null_equality() == NullEquality::NullEqualsNothing;
            let Some(request) = request_columns(join.left())
                .filter(|_| *join.join_type() == JoinType::Inner && equal)
            else {
                return Ok(None);
            };
            let conditions =
                conditions(join.on(), join.filter(), join.left().schema().fields().len())?;
            let projection = join.projection.as_ref().map(|columns| columns.to_vec());
            return Self::new(join.left(), join.right(), request, conditions, projection).map(Some);
        }
        if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
            let Some(request) =
                request_columns(join.left()).filter(|_| *join.join_type() == JoinType::Inner)
            else {
                return Ok(None);
            };
            let conditions = conditions(&[], join.filter(), join.left().schema().fields().len())?;
            let projection = join.projection().as_ref().map(|columns| columns.to_vec());
            return Self::new(join.left(), join.right(), request, conditions, projection).map(Some);
        }
        Ok(None)
    }

    fn new(
        left: &Arc<dyn ExecutionPlan>,
        right: &Arc<dyn ExecutionPlan>,
        request: Vec<usize>,
        conditions: Vec<Arc<dyn PhysicalExpr>>,
        projection: Option<Vec<usize>>,
    ) -> Result<Self> {
        let (left, right_schema) = (left.schema(), right.schema());
        let joined = Arc::new(Schema::new(
            left.fields().iter().chain(right_schema.fields()).cloned().collect::<Vec<_>>(),
        ));
        Self::over(Arc::clone(right), request, all_of(conditions), joined, projection)
    }

    fn over(
        input: Arc<dyn ExecutionPlan>,
        request: Vec<usize>,
        condition: Option<Arc<dyn PhysicalExpr>>,
        joined: SchemaRef,
        projection: Option<Vec<usize>>,
    ) -> Result<Self> {
        let schema = match &projection {
            Some(columns) => Arc::new(joined.project(columns)?),
            None => Arc::clone(&joined),
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(input.properties().partitioning.partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        Ok(Self { input, request, condition, joined, projection, properties: Arc::new(properties) })
    }

    /// What it joins to.
    pub fn input(&self) -> &Arc<dyn ExecutionPlan> {
        &self.input
    }

    /// What joins these requests to rows of theirs.
    pub fn joiner(&self, requests: &[&ExchangeCx]) -> Result<Joiner> {
        let one_row = || DataFusionError::Internal("a request is one row".into());
        let mut rows = Vec::with_capacity(requests.len());
        for cx in requests {
            match cx.rows(0)? {
                [row] if row.num_rows() == 1 => rows.push(row),
                _ => return Err(one_row()),
            }
        }
        let column = |column: &usize| -> Result<ArrayRef> {
            let values: Vec<_> = rows.iter().map(|row| row.column(*column).as_ref()).collect();
            Ok(concat(&values)?)
        };
        Ok(Joiner {
            requests: self.request.iter().map(column).collect::<Result<_>>()?,
            condition: self.condition.clone(),
            joined: Arc::clone(&self.joined),
            projection: self.projection.clone(),
        })
    }

    fn with_inputs(&self, inputs: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[_; 1]>::try_from(inputs)
            .map_err(|_| DataFusionError::Internal("RequestJoin has one input".into()))?;
        let (request, condition) = (self.request.clone(), self.condition.clone());
        Ok(Arc::new(Self::over(
            input,
            request,
            condition,
            Arc::clone(&self.joined),
            self.projection.clone(),
        )?))
    }
}

/// The places of a scan's columns in the request's row, if it is a scan of the request.
fn request_columns(plan: &Arc<dyn ExecutionPlan>) -> Option<Vec<usize>> {
    let scan = plan.downcast_ref::<SlotScanExec>().filter(|scan| scan.slot() == 0)?;
    Some(scan.columns())
}

/// A join's conditions, over the columns of both sides, of which the left one has that number.
pub fn conditions(
    on: &[(Expression, Expression)],
    filter: Option<&JoinFilter>,
    width: usize,
) -> Result<Vec<Expression>> {
    let mut conditions = Vec::new();
    for (left, right) in on {
        let right = shifted(Arc::clone(right), width)?;
        conditions
            .push(Arc::new(BinaryExpr::new(Arc::clone(left), Operator::Eq, right)) as Expression);
    }
    conditions.extend(filter.map(|filter| over_both(filter, width)).transpose()?);
    Ok(conditions)
}

/// All of them at once; `None` of none.
pub fn all_of(conditions: Vec<Expression>) -> Option<Expression> {
    conditions.into_iter().reduce(|all, one| Arc::new(BinaryExpr::new(all, Operator::And, one)))
}

/// An expression over the right side, over both.
fn shifted(expression: Arc<dyn PhysicalExpr>, by: usize) -> Result<Arc<dyn PhysicalExpr>> {
    replaced(expression, |column| Some(Column::new(column.name(), column.index() + by)))
}

/// A join's filter is over columns that it chooses; this is the same over all columns of both
/// sides.
fn over_both(filter: &JoinFilter, width: usize) -> Result<Arc<dyn PhysicalExpr>> {
    replaced(Arc::clone(filter.expression()), |column| {
        let place = filter.column_indices().get(column.index())?;
        match place.side {
            JoinSide::Left => Some(Column::new(column.name(), place.index)),
            JoinSide::Right => Some(Column::new(column.name(), place.index + width)),
            JoinSide::None => None,
        }
    })
}

fn replaced(
    expression: Arc<dyn PhysicalExpr>,
    by: impl Fn(&Column) -> Option<Column>,
) -> Result<Arc<dyn PhysicalExpr>> {
    let transformed = expression.transform(|node| match node.downcast_ref::<Column>() {
        Some(column) => {
            let column = by(column).ok_or_else(|| {
                DataFusionError::Internal(format!("`{column}` is on no side of its join"))
            })?;
            // What came of it is not looked at again: its number may mean another column there.
            Ok(Transformed::new(
                Arc::new(column) as Arc<dyn PhysicalExpr>,
                true,
                TreeNodeRecursion::Jump,
            ))
        }
        None => Ok(Transformed::no(node)),
    });
    transformed.map(|transformed| transformed.data)
}

/// What joins rows to their requests: owned, for a stream outlives the plan's borrow.
pub struct Joiner {
    /// Each column of the requests, a value for each.
    requests: Vec<ArrayRef>,
    condition: Option<Arc<dyn PhysicalExpr>>,
    joined: SchemaRef,
    projection: Option<Vec<usize>>,
}

impl Joiner {
    /// The columns of each row's request beside its own, and what is left of them.
    pub fn join(&self, rows: Rows) -> Result<Rows> {
        let of = UInt32Array::from(rows.of().to_vec());
        let rows = rows.made_into(|batch| {
            let mut columns = Vec::with_capacity(self.joined.fields().len());
            for values in &self.requests {
                columns.push(take(values.as_ref(), &of, None)?);
            }
            columns.extend(batch.columns().iter().cloned());
            Ok(RecordBatch::try_new(Arc::clone(&self.joined), columns)?)
        })?;
        rows.narrowed(self.condition.as_ref(), self.projection.as_deref())
    }
}

impl DisplayAs for RequestJoin {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestJoin: request={:?}, projection={:?}", self.request, self.projection)
    }
}

impl ExecutionPlan for RequestJoin {
    fn name(&self) -> &str {
        "RequestJoin"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.with_inputs(children)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.with_inputs(children)
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.condition.as_ref().map_or(Ok(TreeNodeRecursion::Continue), f)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let joiner = self.joiner(&[&*exchange(&context)?])?;
        let input = self.input.execute(partition, context)?;
        let joined = input.map(move |batch| Ok(joiner.join(Rows::of_one(batch?))?.into_batch()));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), joined)))
    }
}
