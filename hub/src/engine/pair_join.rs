//! A join of a few rows with a few rows. DataFusion would build a hash table, a stream and their
//! meters for it, anew for every request; here each pair of rows is set side by side, and the
//! join's conditions become a filter. Where there are many pairs, DataFusion's own join runs: this
//! is a node around it, which only [`super::evaluate`] looks into.

use std::fmt;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, JoinType, NullEquality, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::ReplaceChildrenOptions;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

use super::request_join::{all_of, conditions, narrowed};

/// Pairs up to which a hash table is not worth its making.
const MOST_PAIRS: usize = 4096;

/// Puts a [`PairJoin`] around every join that it can do.
pub fn rewrite(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| match PairJoin::around(&node)? {
        // What is inside is not looked at again.
        Some(join) => Ok(Transformed::new(
            Arc::new(join) as Arc<dyn ExecutionPlan>,
            true,
            TreeNodeRecursion::Continue,
        )),
        None => Ok(Transformed::no(node)),
    })
    .map(|transformed| transformed.data)
}

/// What a join keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    /// The pairs that meet.
    Pairs,
    /// One side's rows that meet a row of the other, or that do not meet any.
    Rows { left: bool, that_meet: bool },
}

/// A hash join, and how to do it pair by pair.
#[derive(Debug)]
pub struct PairJoin {
    join: Arc<dyn ExecutionPlan>,
    left: Arc<dyn ExecutionPlan>,
    right: Arc<dyn ExecutionPlan>,
    keeps: Keeps,
    /// Over the columns of both sides.
    condition: Option<Arc<dyn PhysicalExpr>>,
    both: SchemaRef,
    projection: Option<Vec<usize>>,
}

impl PairJoin {
    fn around(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Self>> {
        let Some(join) = node.downcast_ref::<HashJoinExec>() else { return Ok(None) };
        // `NOT IN` means something else where a value is NULL.
        if join.null_aware || join.null_equality() != NullEquality::NullEqualsNothing {
            return Ok(None);
        }
        let keeps = match join.join_type() {
            JoinType::Inner => Keeps::Pairs,
            JoinType::LeftSemi => Keeps::Rows { left: true, that_meet: true },
            JoinType::LeftAnti => Keeps::Rows { left: true, that_meet: false },
            JoinType::RightSemi => Keeps::Rows { left: false, that_meet: true },
            JoinType::RightAnti => Keeps::Rows { left: false, that_meet: false },
            _ => return Ok(None),
        };
        let (left, right) = (join.left().schema(), join.right().schema());
        Ok(Some(Self {
            join: Arc::clone(node),
            left: Arc::clone(join.left()),
            right: Arc::clone(join.right()),
            keeps,
            condition: all_of(conditions(join.on(), join.filter(), left.fields().len())?),
            both: Arc::new(Schema::new(
                left.fields().iter().chain(right.fields()).cloned().collect::<Vec<_>>(),
            )),
            projection: join.projection.as_ref().map(|columns| columns.to_vec()),
        }))
    }

    fn around_another(
        &self,
        children: &[Arc<dyn ExecutionPlan>],
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [join] = children else {
            return Err(DataFusionError::Internal("a PairJoin is around one join".into()));
        };
        let Some(hash) = join.downcast_ref::<HashJoinExec>() else {
            return Err(DataFusionError::Internal("a PairJoin is around a hash join".into()));
        };
        Ok(Arc::new(Self {
            join: Arc::clone(join),
            left: Arc::clone(hash.left()),
            right: Arc::clone(hash.right()),
            keeps: self.keeps,
            condition: self.condition.clone(),
            both: Arc::clone(&self.both),
            projection: self.projection.clone(),
        }))
    }

    /// Left and right.
    pub fn sides(&self) -> [&Arc<dyn ExecutionPlan>; 2] {
        [&self.left, &self.right]
    }

    /// Whether no row can come of it where these sides are empty.
    pub fn is_empty(&self, left: bool, right: bool) -> bool {
        match self.keeps {
            Keeps::Pairs | Keeps::Rows { that_meet: true, .. } => left || right,
            Keeps::Rows { left: of_left, that_meet: false } => {
                if of_left {
                    left
                } else {
                    right
                }
            }
        }
    }

    /// What it makes of these rows of its sides; `None` where they are too many for this.
    pub fn join(&self, left: &[RecordBatch], right: &[RecordBatch]) -> Result<Option<RecordBatch>> {
        let count = |side: &[RecordBatch]| side.iter().map(RecordBatch::num_rows).sum::<usize>();
        let (lefts, rights) = (count(left), count(right));
        if lefts.saturating_mul(rights) > MOST_PAIRS {
            return Ok(None);
        }
        let (left, right) = (whole(&self.left, left)?, whole(&self.right, right)?);
        let narrow = |value: usize| {
            u32::try_from(value).map_err(|error| DataFusionError::External(Box::new(error)))
        };
        let (lefts, rights) = (narrow(lefts)?, narrow(rights)?);
        let at_left =
            UInt32Array::from_iter_values((0..lefts).flat_map(|at| (0..rights).map(move |_| at)));
        let at_right = UInt32Array::from_iter_values((0..lefts).flat_map(|_| 0..rights));
        let (from_left, from_right) =
            (take_record_batch(&left, &at_left)?, take_record_batch(&right, &at_right)?);
        let columns = from_left.columns().iter().chain(from_right.columns()).cloned().collect();
        let pairs = RecordBatch::try_new(Arc::clone(&self.both), columns)?;
        let Keeps::Rows { left: of_left, that_meet } = self.keeps else {
            return narrowed(pairs, self.condition.as_ref(), self.projection.as_deref()).map(Some);
        };
        let (side, places) = if of_left { (left, at_left) } else { (right, at_right) };
        let mut meets = vec![false; side.num_rows()];
        let holds = match &self.condition {
            Some(condition) => {
                as_boolean_array(&condition.evaluate(&pairs)?.into_array(pairs.num_rows())?)?
                    .clone()
            }
            None => BooleanArray::from(vec![true; pairs.num_rows()]),
        };
        for (place, holds) in places.values().iter().zip(&holds) {
            if let Some(meets) = meets.get_mut(*place as usize) {
                // One that is NULL does not hold.
                *meets |= holds == Some(true);
            }
        }
        let kept: BooleanArray = meets.into_iter().map(|meets| Some(meets == that_meet)).collect();
        narrowed(filter_record_batch(&side, &kept)?, None, self.projection.as_deref()).map(Some)
    }
}

fn whole(side: &Arc<dyn ExecutionPlan>, rows: &[RecordBatch]) -> Result<RecordBatch> {
    match rows {
        [one] => Ok(one.clone()),
        many => Ok(concat_batches(&side.schema(), many)?),
    }
}

impl DisplayAs for PairJoin {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PairJoin: keeps={:?}", self.keeps)
    }
}

impl ExecutionPlan for PairJoin {
    fn name(&self) -> &str {
        "PairJoin"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.join.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.join]
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.around_another(&children)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.around_another(&children)
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
        self.join.execute(partition, context)
    }
}
