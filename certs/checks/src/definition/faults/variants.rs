//! Faults of a variant and of its scans.

use std::collections::{BTreeMap, BTreeSet};

use super::Faults;
use crate::definition::bounds::{MOST_SCANS, MOST_STEPS};
use crate::definition::model::{Definition, Step, StepKind, Variant};
use crate::definition::scan::{MOST_YEARS, Origin, Scan};

/// What the steps before a scan give it.
#[derive(Default)]
struct Earlier<'a> {
    /// The tables that are there; `request` is always.
    tables: BTreeSet<&'a str>,
    /// By dataset: the columns that earlier scans let travel on as keys.
    supplied: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl Faults<'_> {
    pub(in crate::definition) fn check_variant(
        &mut self,
        definition: &Definition,
        variant: &Variant,
    ) {
        let place = &variant.name;
        let mut earlier = Earlier { tables: BTreeSet::from(["request"]), ..Earlier::default() };
        if variant.steps.len() > MOST_STEPS {
            self.add(format!("variant `{place}`: over {MOST_STEPS} steps"));
        }
        for (name, scan) in variant.scans().filter(|(_, scan)| scan.only_doubts) {
            if !variant
                .scans()
                .any(|(_, other)| other.dataset == scan.dataset && !other.absence_for.is_empty())
            {
                self.add(format!(
                    "variant `{place}`, scan `{name}`: `{}` is asked for doubts alone; no scan of \
                     it says which persons it must know",
                    scan.dataset
                ));
            }
        }
        if variant.scans().count() > MOST_SCANS {
            self.add(format!("variant `{place}`: over {MOST_SCANS} scans"));
        }
        for step in &variant.steps {
            if let StepKind::Scan(scan) = &step.kind {
                self.check_scan(definition, place, &step.name, scan, &earlier);
                earlier
                    .supplied
                    .entry(scan.dataset.as_str())
                    .or_default()
                    .extend(scan.supplies.iter().map(String::as_str));
            }
            if !earlier.tables.insert(step.name.as_str()) {
                self.add(format!(
                    "variant `{place}`: step `{}` appears twice; each table needs its own name",
                    step.name
                ));
            }
        }
        for (name, scan) in variant.scans() {
            for key in
                scan.absence_for.iter().filter(|key| !earlier.tables.contains(key.step.as_str()))
            {
                self.add(format!(
                    "variant `{place}`, scan `{name}`: absence_for names no step: `{}.{}`",
                    key.step, key.column
                ));
            }
        }
        if !earlier.tables.contains(definition.certain.step.as_str()) {
            self.add(format!(
                "check.certain: variant `{place}` has no step `{}`",
                definition.certain.step
            ));
        }
        for rule in definition.coverage.iter().filter(|rule| rule.registered.step != "request") {
            let tested = variant
                .scans()
                .any(|(_, scan)| rule.statement.ends_with(&format!(":{}", scan.dataset)));
            if tested && !earlier.tables.contains(rule.registered.step.as_str()) {
                self.add(format!(
                    "coverage: variant `{place}` has no step `{}`",
                    rule.registered.step
                ));
            }
        }
        if variant.scans().next().is_none() {
            self.add(format!("variant `{place}`: it asks no department; give it a scan"));
        }
        match variant.steps.last() {
            Some(Step { name, kind: StepKind::Sql(_) }) if name == "verdict" => {}
            _ => {
                self.add(format!("variant `{place}`: its last step must be the SQL step `verdict`"))
            }
        }
        for pair in &definition.hand_overs {
            for end in [&pair.from, &pair.to] {
                match (variant.scan(end), &pair.by) {
                    (None, _) => {
                        self.add(format!("hand_over: variant `{place}` has no scan `{end}`"))
                    }
                    (Some(scan), Some(by)) if !scan.asked().any(|column| column == by) => {
                        self.add(format!(
                            "hand_over: variant `{place}`, scan `{end}`: `{by}` is not among its \
                             columns"
                        ));
                    }
                    _ => {}
                }
            }
        }
    }

    fn check_scan(
        &mut self,
        definition: &Definition,
        place: &str,
        name: &str,
        scan: &Scan,
        earlier: &Earlier<'_>,
    ) {
        let at = format!("variant `{place}`, scan `{name}`");
        if scan.keys.is_empty() || scan.most_keys == 0 {
            self.add(format!(
                "{at}: unbound; it names no person to ask about, so it would ask for the whole \
                 register. Give it `keys`"
            ));
        }
        if scan.only_doubts && (scan.judged || scan.each_row || !scan.absence_for.is_empty()) {
            self.add(format!(
                "{at}: what only raises doubts proves no absence and is not judged; drop \
                 `only_doubts`, or the others"
            ));
        }
        if scan.absence_for.is_empty() && !scan.only_doubts {
            self.add(format!(
                "{at}: undeclared absence; a true answer rests on its finding nothing, so say for \
                 which persons in `absence_for`"
            ));
        }
        for key in &scan.keys {
            if !earlier.tables.contains(key.step.as_str()) {
                self.add(format!(
                    "{at}: key `{}.{}` comes from a step that does not run before it",
                    key.step, key.column
                ));
            }
        }
        for key in scan.keys.iter().chain(&scan.absence_for).filter(|key| key.step == "request") {
            if !definition.parameters.iter().any(|parameter| parameter.name == key.column) {
                self.add(format!("{at}: no parameter `{}`", key.column));
            }
        }
        for origin in &scan.origins {
            match origin {
                Origin::Parameter { parameter }
                    if !definition.parameters.iter().any(|known| known.name == *parameter) =>
                {
                    self.add(format!("{at}: origin names no parameter: `{parameter}`"));
                }
                Origin::Column { dataset, column }
                    if !earlier
                        .supplied
                        .get(dataset.as_str())
                        .is_some_and(|some| some.contains(column.as_str())) =>
                {
                    self.add(format!(
                        "{at}: origin `{dataset}` `{column}` is not in the `supplies` of a scan \
                         before it"
                    ));
                }
                _ => {}
            }
        }
        for column in scan
            .required
            .iter()
            .chain(&scan.supplies)
            .filter(|column| !scan.columns.contains(column))
        {
            self.add(format!("{at}: `{column}` is not among its columns"));
        }
        for column in scan.optional.iter().filter(|column| scan.columns.contains(column)) {
            self.add(format!("{at}: `{column}` is asked for anyway; drop it from `optional`"));
        }
        match (scan.lifetime_from, scan.last_years) {
            (Some(years), None) | (None, Some(years)) if years <= MOST_YEARS => {}
            _ => self.add(format!(
                "{at}: say how far back the register must know: `lifetime_from`, an age, or \
                 `last_years`; one of them, 0 to {MOST_YEARS}"
            )),
        }
        if !(1..=4096).contains(&scan.most_keys) || !(1..=1_000_000).contains(&scan.most_rows) {
            self.add(format!("{at}: most_keys is 1 to 4096, most_rows 1 to 1000000"));
        }
    }
}
