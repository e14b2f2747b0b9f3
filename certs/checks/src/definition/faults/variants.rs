//! Faults of a variant: what its steps give one another, and how it ends.

use std::collections::{BTreeMap, BTreeSet};

use super::Faults;
use crate::definition::bounds::{MOST_SCANS, MOST_STEPS};
use crate::definition::model::{Definition, Step, StepKind, Variant};

/// What the steps before a scan give it.
#[derive(Default)]
pub(super) struct Earlier<'a> {
    /// The tables that are there; `request` is always.
    pub(super) tables: BTreeSet<&'a str>,
    /// By dataset: the columns that earlier scans let travel on as keys.
    pub(super) supplied: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl Faults<'_> {
    pub(in crate::definition) fn check_variant(
        &mut self,
        definition: &Definition,
        variant: &Variant,
    ) {
        let place = format!("variant `{}`", variant.name);
        let mut earlier = Earlier { tables: BTreeSet::from(["request"]), ..Earlier::default() };
        if variant.steps.len() > MOST_STEPS {
            self.add(&place, format!("over {MOST_STEPS} steps"), "join in fewer");
        }
        for (name, scan) in variant.scans().filter(|(_, scan)| scan.only_doubts) {
            if !variant
                .scans()
                .any(|(_, other)| other.dataset == scan.dataset && !other.absence_for.is_empty())
            {
                self.add(
                    &format!("{place}, scan `{name}`"),
                    format!("`{}` is asked for doubts alone", scan.dataset),
                    "no scan of it says which persons it must know: give one `absence_for`",
                );
            }
        }
        if variant.scans().count() > MOST_SCANS {
            self.add(&place, format!("over {MOST_SCANS} scans"), "ask fewer registers");
        }
        for step in &variant.steps {
            if let StepKind::Scan(scan) = &step.kind {
                let at = format!("{place}, scan `{}`", step.name);
                self.check_scan(definition, &at, scan, &earlier);
                earlier
                    .supplied
                    .entry(scan.dataset.as_str())
                    .or_default()
                    .extend(scan.supplies.iter().map(String::as_str));
            }
            if let StepKind::Months(months) = &step.kind {
                let at = format!("{place}, step `{}`", step.name);
                self.check_months(definition, variant, &at, months, &earlier);
            }
            if !earlier.tables.insert(step.name.as_str()) {
                self.add(
                    &place,
                    format!("step `{}` appears twice", step.name),
                    "each table needs its own name; name in `variants` those that it is for",
                );
            }
        }
        for (name, scan) in variant.scans() {
            for key in
                scan.absence_for.iter().filter(|key| !earlier.tables.contains(key.step.as_str()))
            {
                self.add(
                    &format!("{place}, scan `{name}`"),
                    format!("absence_for names no step: `{}.{}`", key.step, key.column),
                    "name a step of this variant, or the variants that have it",
                );
            }
        }
        self.check_references(definition, variant, &earlier);
        if variant.scans().next().is_none() {
            self.add(&place, "it asks no department", "give it a scan");
        }
        match variant.steps.last() {
            Some(Step { name, kind: StepKind::Sql(_), .. }) if name == "verdict" => {}
            _ => self.add(
                &place,
                "it ends without a verdict",
                "its last step must be the SQL step `verdict`",
            ),
        }
    }

    /// What the definition says beside the steps and means in this variant too.
    fn check_references(
        &mut self,
        definition: &Definition,
        variant: &Variant,
        earlier: &Earlier<'_>,
    ) {
        let place = format!("variant `{}`", variant.name);
        let certain = &definition.certain.step;
        if !earlier.tables.contains(certain.as_str()) {
            self.add(
                "check.certain",
                format!("{place} has no step `{certain}`"),
                "give it one that lists who is asked about in every case",
            );
        }
        for rule in definition.coverage.iter().filter(|rule| rule.registered.step != "request") {
            let tested = variant
                .scans()
                .any(|(_, scan)| rule.statement.ends_with(&format!(":{}", scan.dataset)));
            if tested && !earlier.tables.contains(rule.registered.step.as_str()) {
                self.add(
                    "coverage",
                    format!("{place} has no step `{}`", rule.registered.step),
                    "give it one that lists the registered",
                );
            }
        }
        for pair in &definition.hand_overs {
            for end in [&pair.from, &pair.to] {
                match (variant.scan(end), &pair.by) {
                    (None, _) => self.add(
                        "hand_over",
                        format!("{place} has no scan `{end}`"),
                        "name scans that every variant has",
                    ),
                    (Some(scan), Some(by)) if !scan.asked().any(|column| column == by) => {
                        self.add(
                            "hand_over",
                            format!("{place}, scan `{end}`: `{by}` is not among its columns"),
                            "ask for it, or compare by another",
                        );
                    }
                    _ => {}
                }
            }
        }
    }
}
