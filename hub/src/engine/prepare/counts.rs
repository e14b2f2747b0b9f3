//! Steps that count months, and what SQL reads of them.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::physical_plan::ExecutionPlan;
use zerotrip_checks::definition::Months;

use super::Preparation;
use crate::engine::prepared::{PreparedKind, PreparedMonths, PreparedStep};
use crate::engine::slots::SlotScanExec;

impl Preparation<'_> {
    /// Notes which columns of which steps a plan reads. The rows of a scan that a step counts are
    /// read by that step alone: it weighs what of them is not known, and SQL would pass it over.
    pub(super) fn reads(&mut self, plan: &Arc<dyn ExecutionPlan>) -> Vec<String> {
        let mut objections = Vec::new();
        if let Some(scan) = plan.downcast_ref::<SlotScanExec>() {
            let place = scan.slot().checked_sub(1);
            let step = place.and_then(|place| self.variant.steps.get(place));
            let mut counts = self.variant.counts();
            if let Some(step) = step
                && let Some((by, _)) = counts.find(|(_, months)| months.of == step.name)
            {
                objections.push(format!(
                    "it reads the rows of `{0}`, which `{by}` counts: a count or sum in SQL knows \
                     nothing of what is missing or cannot be read; read the columns of `{by}`",
                    step.name
                ));
            }
            self.reads.entry(scan.slot()).or_default().extend(scan.columns());
        }
        for child in plan.children() {
            objections.extend(self.reads(child));
        }
        objections.dedup();
        objections
    }

    pub(super) fn months(
        &mut self,
        name: &str,
        rule: &Months,
    ) -> Option<(SchemaRef, PreparedKind)> {
        match PreparedMonths::of(rule, &self.prepared) {
            Ok((months, lineage)) => {
                self.lineages.insert(name.to_owned(), lineage);
                Some((Arc::clone(&months.schema), PreparedKind::Months(Box::new(months))))
            }
            Err(why) => {
                self.faults.push(format!("step `{name}`: {why}"));
                None
            }
        }
    }

    /// Tells each step that counts months what of its table is read.
    pub(super) fn tell_what_is_read(&mut self) {
        for (slot, columns) in &self.reads {
            if let Some(PreparedStep { kind: PreparedKind::Months(months), .. }) =
                slot.checked_sub(1).and_then(|place| self.prepared.steps.get_mut(place))
            {
                months.read_also(columns);
            }
        }
    }
}
