//! Faults of what a check proves, and of the values that it tells.

use std::collections::BTreeSet;

use super::Faults;
use crate::definition::bounds::MOST_MEANINGS;
use crate::definition::claim::{ClaimTerms, ClaimType, MOST_CLAIMS, RESERVED};
use crate::definition::container::CHECK_FILE;
use crate::definition::model::{Definition, Proves, StepKind, Variant};

impl Faults<'_> {
    /// A fact needs the reason that is told where nothing shows it; claims are of facts.
    pub(in crate::definition) fn check_claims(&mut self, definition: &Definition) {
        for variant in &definition.variants {
            if let Proves::Fact { silence } = &variant.proves
                && !definition.reasons.iter().any(|reason| reason.code == *silence)
            {
                self.add(
                    &format!("variant `{}`: silence", variant.name),
                    format!("`{silence}` is not the code of a reason"),
                    "say which reason is told where nothing shows the fact",
                );
            }
            self.check_claims_step(definition, variant);
        }
        if definition.claims.len() > MOST_CLAIMS {
            self.add("claim", format!("over {MOST_CLAIMS}"), "tell less");
        }
        let mut seen = BTreeSet::new();
        for claim in &definition.claims {
            let at = format!("claim `{}`", claim.name);
            self.name(&at, &claim.name);
            self.text(CHECK_FILE, &format!("{at}: title"), &claim.title);
            let is_parameter = definition.parameters.iter().any(|known| known.name == claim.name);
            if !seen.insert(&claim.name) || is_parameter || RESERVED.contains(&&*claim.name) {
                self.add(&at, "something else has that name", "choose another");
            }
            self.check_claim(definition, claim, &at);
        }
    }

    fn check_claim(&mut self, definition: &Definition, claim: &ClaimTerms, at: &str) {
        let known = |name: &String| definition.variants.iter().find(|one| one.name == *name);
        for name in &claim.variants {
            if known(name).is_none_or(|variant| !variant.proves.is_fact()) {
                self.add(at, format!("no variant `{name}` proves a fact"), "name those that do");
            }
        }
        if !definition.variants.iter().any(|variant| variant.tells(claim)) {
            self.add(
                at,
                "no variant proves a fact, and only a fact has claims",
                "drop it, or say what proves a fact",
            );
        }
        if claim.from.is_empty() {
            self.add(
                at,
                "it is made of nothing",
                "name the columns that its value is made of in `from`",
            );
        }
        for source in &claim.from {
            for variant in definition.variants.iter().filter(|variant| variant.tells(claim)) {
                let asked = variant.scans().any(|(_, scan)| {
                    scan.dataset == source.dataset
                        && !scan.only_doubts
                        && scan.asked().any(|column| *column == source.column)
                });
                if !asked {
                    self.add(
                        at,
                        format!(
                            "variant `{}` has no scan of `{}` that asks for `{}`, but for doubts",
                            variant.name, source.dataset, source.column
                        ),
                        "ask for it, or drop it from `from`",
                    );
                }
            }
        }
        let is_code = claim.kind == ClaimType::Code;
        if is_code != (1..=MOST_MEANINGS).contains(&claim.words.len()) {
            self.add(
                at,
                format!("a code lists its `words`, 1 to {MOST_MEANINGS}, and no other type does"),
                "list them, or drop them",
            );
        }
        for (word, text) in &claim.words {
            self.name(&format!("{at}: word"), word);
            self.text(CHECK_FILE, &format!("{at}: word `{word}`"), text);
        }
    }

    /// The step `claims` comes right before the verdict, and is there exactly where a variant has
    /// claims.
    fn check_claims_step(&mut self, definition: &Definition, variant: &Variant) {
        let at = format!("variant `{}`", variant.name);
        let has_claims = definition.claims.iter().any(|claim| variant.tells(claim));
        let place = variant.steps.iter().position(|step| step.name == "claims");
        let is_last = place.is_some_and(|place| {
            place + 2 == variant.steps.len()
                && variant
                    .steps
                    .get(place)
                    .is_some_and(|step| matches!(step.kind, StepKind::Sql(_)))
        });
        if has_claims && !is_last {
            self.add(
                &at,
                "it has claims, so the SQL step before `verdict` is `claims`",
                "write that step, with a column for each",
            );
        }
        if !has_claims && place.is_some() {
            self.add(&at, "it has a step `claims` and no claim", "name each in a `[[claim]]`");
        }
    }
}
