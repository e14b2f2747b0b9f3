//! A join of a few rows with a few rows. DataFusion would build a hash table, a stream and their
//! meters for it, anew for every request; here each pair of rows is set side by side, and the
//! join's conditions become a filter. Where there are many pairs, DataFusion's own join runs: this
//! is a node around it, which only [`super::evaluate`] looks into.

use std::fmt;
use std::iter::repeat_n;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, JoinType, NullEquality, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::ReplaceChildrenOptions;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

use super::request_join::{all_of, conditions};
use super::rows::{Rows, holds, narrow};

/// Pairs of one request up to which a hash table is not worth its making.
const MOST_PAIRS: usize = 4096;
/// Pairs of all requests that are joined at once: what they hold is bounded by it.
const MOST_PAIRS_OF_ALL: usize = 65_536;

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

    /// What it makes of these rows of its sides, each request's with its own; `None` where they are
    /// too many for this.
    pub fn join(&self, left: Rows, right: Rows) -> Result<Option<Rows>> {
        let Some(Pairs { at_left, at_right }) = Pairs::of(&left, &right)? else { return Ok(None) };
        if at_left.is_empty() {
            return self.of_no_pairs(left, right).map(Some);
        }
        let (from_left, of) = left.taken(&at_left)?;
        let (from_right, _) = right.taken(&at_right)?;
        let columns = from_left.columns().iter().chain(from_right.columns()).cloned().collect();
        let pairs = RecordBatch::try_new(Arc::clone(&self.both), columns)?;
        let Keeps::Rows { left: of_left, that_meet } = self.keeps else {
            let pairs = Rows::new(pairs, of)?;
            return pairs.narrowed(self.condition.as_ref(), self.projection.as_deref()).map(Some);
        };
        let (side, places) = if of_left { (left, at_left) } else { (right, at_right) };
        let mut meets = vec![false; side.len()];
        let holds = match &self.condition {
            Some(condition) => holds(condition, &pairs)?,
            None => BooleanArray::from(vec![true; pairs.num_rows()]),
        };
        for (place, holds) in places.iter().zip(holds.values()) {
            if let Some(meets) = meets.get_mut(*place as usize) {
                *meets |= holds;
            }
        }
        let kept: BooleanArray = meets.into_iter().map(|meets| Some(meets == that_meet)).collect();
        side.kept(&kept)?.narrowed(None, self.projection.as_deref()).map(Some)
    }
}

impl PairJoin {
    /// What is left where no row stands beside another.
    fn of_no_pairs(&self, left: Rows, right: Rows) -> Result<Rows> {
        match self.keeps {
            Keeps::Rows { left: of_left, that_meet: false } => {
                let side = if of_left { left } else { right };
                side.narrowed(None, self.projection.as_deref())
            }
            Keeps::Pairs | Keeps::Rows { that_meet: true, .. } => {
                Ok(Rows::none(self.join.schema()))
            }
        }
    }
}

/// Every row of the left side beside every row of the right that is of the same request.
struct Pairs {
    at_left: Vec<u32>,
    at_right: Vec<u32>,
}

impl Pairs {
    /// `None` where one request, or all of them, have too many.
    fn of(left: &Rows, right: &Rows) -> Result<Option<Self>> {
        let (mut at_left, mut at_right) = (Vec::new(), Vec::new());
        let mut first = 0;
        for lefts in left.of().chunk_by(|one, next| one == next) {
            let Some(request) = lefts.first() else { continue };
            let from = right.of().partition_point(|of| of < request);
            let to = right.of().partition_point(|of| of <= request);
            let pairs = lefts.len().saturating_mul(to - from);
            if pairs > MOST_PAIRS || at_left.len() + pairs > MOST_PAIRS_OF_ALL {
                return Ok(None);
            }
            let (rights, last) = (narrow(from)?..narrow(to)?, first + lefts.len());
            for row in narrow(first)?..narrow(last)? {
                at_left.extend(repeat_n(row, rights.len()));
                at_right.extend(rights.clone());
            }
            first = last;
        }
        Ok(Some(Self { at_left, at_right }))
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
