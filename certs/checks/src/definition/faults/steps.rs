//! Faults of the lists of variants and steps.

use std::collections::BTreeSet;

use super::Faults;
use crate::definition::model::{Step, StepKind, Variant};
use crate::definition::raw::Raw;

impl Faults<'_> {
    /// The variants, each with its own steps.
    pub(in crate::definition) fn variants(&mut self, raw: &Raw) -> Vec<Variant> {
        let known: BTreeSet<&str> =
            raw.variant.iter().map(|variant| variant.name.as_str()).collect();
        if known.is_empty() || known.len() != raw.variant.len() {
            self.add("variant: at least one, and each name once".into());
        }
        for step in &raw.step {
            self.name("step.name", &step.name);
            for variant in step.variants.iter().filter(|name| !known.contains(name.as_str())) {
                self.add(format!(
                    "step `{}`: no variant `{variant}`; known are {known:?}",
                    step.name
                ));
            }
            if step.scan.is_some() == step.sql.is_some() {
                self.add(format!("step `{}`: give it either `sql` or a `scan`", step.name));
            }
        }
        let steps_of = |name: &String| {
            let steps = raw
                .step
                .iter()
                .filter(|step| step.variants.is_empty() || step.variants.contains(name));
            let made = steps.filter_map(|step| match (&step.scan, &step.sql) {
                (Some(scan), None) => Some(Step {
                    name: step.name.clone(),
                    kind: StepKind::Scan(Box::new(scan.clone())),
                }),
                (None, Some(sql)) => {
                    Some(Step { name: step.name.clone(), kind: StepKind::Sql(sql.clone()) })
                }
                _ => None,
            });
            made.collect()
        };
        let variants = raw.variant.iter();
        variants
            .map(|raw| Variant {
                name: raw.name.clone(),
                title: raw.title.clone(),
                steps: steps_of(&raw.name),
            })
            .collect()
    }
}
