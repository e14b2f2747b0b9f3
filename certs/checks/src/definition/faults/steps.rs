//! Faults of the lists of variants and steps, and of what names files and variants in them.

use std::collections::BTreeSet;

use super::Faults;
use crate::definition::bounds::MOST_VARIANTS;
use crate::definition::container::{CHECK_FILE, Parts, step_of};
use crate::definition::model::{Proves, Step, StepKind, Variant};
use crate::definition::raw::{Raw, RawProves, RawStep, RawVariant};

impl Faults<'_> {
    /// The variants, each with its own steps.
    pub(in crate::definition) fn variants(&mut self, raw: &Raw, parts: &Parts<'_>) -> Vec<Variant> {
        let known: BTreeSet<&str> =
            raw.variant.iter().map(|variant| variant.name.as_str()).collect();
        if known.is_empty() || known.len() != raw.variant.len() || known.len() > MOST_VARIANTS {
            self.add(
                "variant",
                format!("there are {} and {} names", raw.variant.len(), known.len()),
                format!("give 1 to {MOST_VARIANTS}, and each name once"),
            );
        }
        for variant in &raw.variant {
            self.name("variant.name", &variant.name);
        }
        for step in &raw.step {
            self.name("step.name", &step.name);
            self.check_step(step, &known, parts);
        }
        for file in parts.sql.keys() {
            if !raw.step.iter().any(|step| step.sql.as_deref() == Some(file)) {
                self.add_in(
                    file,
                    "",
                    "no step names this file",
                    "name it in the `sql` of a `[[step]]`, or take it away",
                );
            }
        }
        let steps_of = |name: &str| -> Vec<Step> {
            let steps = raw.step.iter().filter(|step| has(step, name));
            let made = steps.filter_map(|step| {
                let (file, kind) = match (&step.scan, &step.sql, &step.months) {
                    (Some(scan), None, None) => {
                        (CHECK_FILE, StepKind::Scan(Box::new(scan.of(name))))
                    }
                    (None, None, Some(months)) => {
                        (CHECK_FILE, StepKind::Months(Box::new(months.of(name))))
                    }
                    (None, Some(file), None) => {
                        let sql = parts.sql.get(file.as_str())?;
                        (file.as_str(), StepKind::Sql((*sql).to_owned()))
                    }
                    _ => return None,
                };
                Some(Step {
                    name: step.name.clone(),
                    title: step.title.clone(),
                    file: file.to_owned(),
                    kind,
                })
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
                let at = format!("variant `{}`", variant.name);
                self.add(
                    &at,
                    "it proves an absence, so silence makes the answer true",
                    "drop `silence`",
                );
                Proves::Absence
            }
            (RawProves::Fact, None) => {
                let at = format!("variant `{}`", variant.name);
                self.add(
                    &at,
                    "it proves a fact, and nothing is said for where none is shown",
                    "say in `silence` which reason is told then",
                );
                Proves::Absence
            }
        }
    }

    fn check_step(&mut self, step: &RawStep, known: &BTreeSet<&str>, parts: &Parts<'_>) {
        let at = format!("step `{}`", step.name);
        for variant in step.variants.iter().filter(|name| !known.contains(name.as_str())) {
            self.add(&at, format!("no variant `{variant}`"), format!("known are {known:?}"));
        }
        match (&step.scan, &step.sql, &step.months) {
            (Some(scan), None, None) => self.check_named(&at, step, scan.named(), known),
            (None, None, Some(months)) => self.check_named(&at, step, months.named(), known),
            (None, Some(file), None) => self.check_file(&at, step, file, parts),
            _ => self.add(
                &at,
                "it needs one of the three",
                "give it either `sql`, or a `scan`, or `months`",
            ),
        }
    }

    /// Whether what is said of variants is said of those that have the step.
    fn check_named(
        &mut self,
        at: &str,
        step: &RawStep,
        named: Vec<(String, BTreeSet<&str>)>,
        known: &BTreeSet<&str>,
    ) {
        for (entry, some) in named {
            if some.is_empty() {
                self.add(
                    at,
                    format!("{entry} is for no variant"),
                    "name those that it is for, or drop it",
                );
            }
            for other in some.iter().filter(|name| !known.contains(*name) || !has(step, name)) {
                self.add(
                    at,
                    format!("{entry} is for `{other}`, which does not have this step"),
                    "name variants of the step",
                );
            }
        }
    }

    /// Whether a step's SQL is in a file of its name.
    fn check_file(&mut self, at: &str, step: &RawStep, file: &str, parts: &Parts<'_>) {
        let named = match step_of(file) {
            Some((name, None)) => name == step.name,
            Some((name, Some(variant))) => {
                name == step.name && step.variants == [variant.to_owned()]
            }
            None => false,
        };
        if !named {
            self.add(
                at,
                format!("`{}` is not the name of its file", zerotrip_text::cut(file)),
                format!(
                    "`sql` names `{0}.sql`, or, for one variant alone, `{0}.<variant>.sql`",
                    step.name
                ),
            );
        } else if !parts.sql.contains_key(file) {
            self.add(at, format!("there is no file `{file}`"), "write it");
        }
    }
}

/// Whether a variant of that name has the step.
fn has(step: &RawStep, variant: &str) -> bool {
    step.variants.is_empty() || step.variants.iter().any(|name| name == variant)
}
