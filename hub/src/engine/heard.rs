//! Whether a variant's SQL hears what the request says. A yes names every parameter of its question
//! but the person; one that the SQL does not read would be named all the same, and a word that it
//! does not know would ask for nothing in particular.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;
use zerotrip_checks::definition::Definition;
use zerotrip_datasets::ParameterType;

use super::question::request_schema;
use super::slots::SlotScanExec;

/// What the plans of a variant read of the request, and the words in them.
#[derive(Default)]
pub(super) struct Heard {
    /// Places in the table `request`.
    columns: BTreeSet<usize>,
    words: BTreeSet<String>,
}

impl Heard {
    /// Adds a step's plans.
    pub(super) fn add(
        &mut self,
        logical: &LogicalPlan,
        physical: &Arc<dyn ExecutionPlan>,
    ) -> Result<()> {
        logical.apply_with_subqueries(|node| {
            node.apply_expressions(|root| {
                root.apply(|expression| {
                    if let Expr::Literal(value, _) = expression
                        && let Some(Some(word)) = value.try_as_str()
                    {
                        self.words.insert(word.to_owned());
                    }
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
        physical.apply(|node| {
            if let Some(scan) = node.downcast_ref::<SlotScanExec>().filter(|scan| scan.slot() == 0)
            {
                self.columns.extend(scan.columns());
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(())
    }

    /// What none of the plans reads, and the words that none knows.
    pub(super) fn faults(&self, definition: &Definition) -> Vec<String> {
        let mut faults = Vec::new();
        let others = definition.parameters.iter().filter(|one| !one.declared.is_subject());
        for parameter in others {
            let name = &parameter.name;
            for (column, _) in parameter.declared.columns(name) {
                let place = request_schema(definition).index_of(&column).ok();
                if place.is_none_or(|place| !self.columns.contains(&place)) {
                    faults.push(format!(
                        "parameter `{name}`: no step reads `request.{column}`, and a yes would say \
                         that it was asked; use it, or drop the parameter"
                    ));
                }
            }
            let ParameterType::Code(words) = &parameter.declared else { continue };
            for word in words.iter().filter(|word| !self.words.contains(*word)) {
                faults.push(format!(
                    "parameter `{name}`: no step knows the word `{word}`; say what it asks for, or \
                     drop it"
                ));
            }
        }
        faults
    }
}
