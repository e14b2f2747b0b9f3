//! Faults of the lists of variants and steps.

use std::collections::BTreeSet;

use super::Faults;
use crate::definition::model::{Proves, Step, StepKind, Variant};
use crate::definition::raw::{Raw, RawProves, RawVariant};

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
        let mut variants = Vec::with_capacity(raw.variant.len());
        for one in &raw.variant {
            variants.push(Variant {
                name: one.name.clone(),
                title: one.title.clone(),
                proves: self.proves(raw, one),
                steps: steps_of(&one.name),
            });
        }
        variants
    }

    /// What a variant proves: what it says itself, and else what the check does.
    fn proves(&mut self, raw: &Raw, variant: &RawVariant) -> Proves {
        let proves = variant.proves.unwrap_or(raw.check.proves);
        let of_check = raw.check.silence.as_ref().filter(|_| raw.check.proves == proves);
        match (proves, variant.silence.as_ref().or(of_check)) {
            (RawProves::Absence, None) => Proves::Absence,
            (RawProves::Fact, Some(silence)) => Proves::Fact { silence: silence.clone() },
            (RawProves::Absence, Some(_)) => {
                self.add(format!(
                    "variant `{}`: it proves an absence, so silence makes the answer true; drop \
                     `silence`",
                    variant.name
                ));
                Proves::Absence
            }
            (RawProves::Fact, None) => {
                self.add(format!(
                    "variant `{}`: it proves a fact; say in `silence` which reason is told where \
                     nothing shows it",
                    variant.name
                ));
                Proves::Absence
            }
        }
    }
}
