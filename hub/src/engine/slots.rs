//! One request's tables, and the plan leaf that reads them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions, SchedulingType,
};
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};

/// One request's tables: slot 0 holds the parameters, slot n the rows of step n. Each is filled
/// once, and read only after.
#[derive(Debug)]
pub struct ExchangeCx {
    slots: Box<[OnceLock<Vec<RecordBatch>>]>,
}

impl ExchangeCx {
    /// Room for that many tables.
    pub fn new(slots: usize) -> Self {
        Self { slots: (0..slots).map(|_| OnceLock::new()).collect() }
    }

    /// Fills a slot; an error if it was filled before, for a table that changes under a plan proves
    /// nothing.
    pub fn fill(&self, slot: usize, rows: Vec<RecordBatch>) -> Result<()> {
        let place = self
            .slots
            .get(slot)
            .ok_or_else(|| DataFusionError::Internal(format!("no slot {slot}")))?;
        place
            .set(rows)
            .map_err(|_| DataFusionError::Internal(format!("slot {slot} was filled twice")))
    }

    /// The rows of a slot; an error while it is empty, for "not asked" must never read as "no
    /// rows".
    pub fn rows(&self, slot: usize) -> Result<&[RecordBatch]> {
        let place = self.slots.get(slot).and_then(OnceLock::get);
        place.map(Vec::as_slice).ok_or_else(|| {
            DataFusionError::Internal(format!("slot {slot} was read before it was filled"))
        })
    }
}

/// A step's table, as the planner sees it.
#[derive(Debug)]
pub struct SlotTable {
    slot: usize,
    schema: SchemaRef,
}

impl SlotTable {
    /// Of that slot and shape.
    pub fn new(slot: usize, schema: SchemaRef) -> Self {
        Self { slot, schema }
    }
}

#[async_trait::async_trait]
impl TableProvider for SlotTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        Ok(Arc::new(SlotScanExec::new(self.slot, projection.cloned(), schema)))
    }
}

/// Reads a slot of the exchange context in the task context. It has no state of its own, so that
/// one plan serves every request.
#[derive(Debug)]
pub struct SlotScanExec {
    slot: usize,
    projection: Option<Vec<usize>>,
    properties: Arc<PlanProperties>,
}

impl SlotScanExec {
    fn new(slot: usize, projection: Option<Vec<usize>>, schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        // It holds rows that are there already: nothing to yield for.
        .with_scheduling_type(SchedulingType::Cooperative);
        Self { slot, projection, properties: Arc::new(properties) }
    }
}

impl SlotScanExec {
    /// Which slot it reads.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// The rows that it gives.
    pub fn rows(&self, cx: &ExchangeCx) -> Result<Vec<RecordBatch>> {
        let rows = cx.rows(self.slot)?;
        match &self.projection {
            Some(columns) => rows.iter().map(|batch| Ok(batch.project(columns)?)).collect(),
            None => Ok(rows.to_vec()),
        }
    }

    /// The places in the slot of the columns that it gives.
    pub fn columns(&self) -> Vec<usize> {
        self.projection
            .clone()
            .unwrap_or_else(|| (0..self.properties.eq_properties.schema().fields().len()).collect())
    }
}

/// The exchange that a plan runs for.
pub fn exchange(context: &TaskContext) -> Result<Arc<ExchangeCx>> {
    let cx = context.session_config().get_extension::<ExchangeCx>();
    cx.ok_or_else(|| {
        DataFusionError::Internal("a prepared plan ran without its exchange context".into())
    })
}

impl DisplayAs for SlotScanExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotScanExec: slot={}, projection={:?}", self.slot, self.projection)
    }
}

impl ExecutionPlan for SlotScanExec {
    fn name(&self) -> &str {
        "SlotScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn replace_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        _partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let cx = exchange(&context)?;
        let rows = cx.rows(self.slot)?.to_vec();
        let stream = MemoryStream::try_new(rows, self.schema(), self.projection.clone())?;
        Ok(Box::pin(stream))
    }
}
