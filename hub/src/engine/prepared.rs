//! A check that is ready to run: the plans and scans of each variant, with every reference
//! resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use zerotrip_checks::definition::{Definition, Months, Proves, Reference, Scan};
use zerotrip_proto::v1::{DatasetStatement, FactTerms, ScanTemplate};
use zerotrip_trust::digest::Digest;

use super::question::subject_columns;

/// The column that the hub adds to what a scan delivers: a row's number, from 0, by which a verdict
/// says which row it judges.
pub const ROW_NUMBER: &str = "row_number";
/// A check, ready to run: one set of plans for every request.
#[derive(Debug)]
pub struct PreparedCheck {
    /// What it was prepared from.
    pub definition: Arc<Definition>,
    /// By name.
    pub variants: BTreeMap<String, PreparedVariant>,
}

/// One form of the question, ready to run.
#[derive(Debug)]
pub struct PreparedVariant {
    /// In the order they run; step n fills slot n + 1.
    pub steps: Vec<PreparedStep>,
    /// Division codes: where an answer holds. At least one.
    pub regions: Vec<String>,
    /// What a true answer says.
    pub proves: Proves,
    /// The values that it comes with: columns of the step before the last.
    pub facts: Vec<FactTerms>,
}

/// One step, ready to run.
#[derive(Debug)]
pub struct PreparedStep {
    /// The table's name.
    pub name: String,
    /// The table's shape.
    pub schema: SchemaRef,
    /// How its rows come to be.
    pub kind: PreparedKind,
}

/// How a step's rows come to be.
#[derive(Debug)]
pub enum PreparedKind {
    /// Asked of a department.
    Scan(Box<PreparedScan>),
    /// Joined from what is there.
    Sql(Arc<dyn ExecutionPlan>),
    /// Counted from the rows of a scan.
    Months(Box<PreparedMonths>),
}

/// A scan with its references resolved to slots and columns.
#[derive(Debug)]
pub struct PreparedScan {
    /// As in the definition.
    pub scan: Scan,
    /// What the owner stated when it was prepared: an answer rests on this statement, and on no
    /// later one.
    pub statement: Arc<DatasetStatement>,
    /// What the owner approves.
    pub template: ScanTemplate,
    /// Its digest.
    pub digest: Digest,
    /// Where the keys are.
    pub keys: Vec<SlotColumn>,
    /// Where the persons are for which an absence is concluded.
    pub absence_for: Vec<SlotColumn>,
    /// Columns, by place in the answer, where a NULL makes the row unreadable.
    pub required: Vec<usize>,
    /// The shape of the answer; the step's table has the optional columns that the owner does not
    /// state, and [`ROW_NUMBER`], beside it.
    pub answer: SchemaRef,
    /// The same as an answer's first message has it, byte by byte, where the connector encodes as
    /// the hub does.
    pub answer_header: Vec<u8>,
    /// The place in the answer of the column that says of which thing a row is, where a hand-over
    /// compares it.
    pub thing: Option<usize>,
}

/// A step that counts months, with its references resolved. `months.rs` counts.
#[derive(Debug)]
pub struct PreparedMonths {
    /// As in the definition.
    pub rule: Months,
    /// The place of the scan's step.
    pub scan: usize,
    /// How many of the scan's columns, from the first on, its department delivers.
    pub delivered: usize,
    /// The places of the scan's columns that it looks at.
    pub columns: MonthsColumns,
    /// Where the persons are whom the scan asks about.
    pub persons: Vec<SlotColumn>,
    /// Whether it asks about residents, whose numbers say when they were born.
    pub is_of_persons: bool,
    /// The table's shape.
    pub schema: SchemaRef,
    /// The columns of its table that SQL reads, by their places.
    pub read: BTreeSet<usize>,
}

/// The places of a scan's columns whose rows are counted.
#[derive(Clone, Copy, Debug)]
pub struct MonthsColumns {
    /// The month.
    pub month: usize,
    /// The amount.
    pub amount: Option<usize>,
    /// Whether it adds or takes back.
    pub direction: Option<usize>,
    /// The kind.
    pub kind: Option<usize>,
    /// The row's own number.
    pub identity: Option<usize>,
    /// The day of payment.
    pub paid_on: Option<usize>,
    /// The number among the scan's rows.
    pub row_number: usize,
}

/// A column of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotColumn {
    /// The slot.
    pub slot: usize,
    /// The column's place.
    pub column: usize,
}

impl PreparedVariant {
    /// How many slots a request needs.
    pub fn slots(&self) -> usize {
        self.steps.len() + 1
    }

    /// The columns of the scan at a place that a step weighs.
    pub fn weighed(&self, place: usize) -> BTreeSet<&str> {
        let weighed = self.steps.iter().filter_map(|step| match &step.kind {
            PreparedKind::Months(months) if months.scan == place => Some(months.rule.weighed()),
            _ => None,
        });
        weighed.flatten().collect()
    }

    /// The slot and column of a definition's reference; of the request, where it names a person.
    pub fn resolve(&self, definition: &Definition, reference: &Reference) -> Option<SlotColumn> {
        if reference.step == "request" {
            let column = *subject_columns(definition, Some(&reference.column)).first()?;
            return Some(SlotColumn { slot: 0, column });
        }
        let place = self.steps.iter().position(|step| step.name == reference.step)?;
        let column = self.steps.get(place)?.schema.index_of(&reference.column).ok()?;
        Some(SlotColumn { slot: place + 1, column })
    }
}

/// The settings under which prepared plans hold from one request to the next: one partition, no
/// dynamic filters (they carry one request's keys into another's), no shared scalar sub-queries, no
/// statistics.
pub fn session_config() -> SessionConfig {
    let mut config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
    let options = config.options_mut();
    options.optimizer.enable_dynamic_filter_pushdown = false;
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.optimizer.enable_topk_dynamic_filter_pushdown = false;
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    options.optimizer.enable_physical_uncorrelated_scalar_subquery = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.collect_statistics = false;
    config
}
