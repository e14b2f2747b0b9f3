//! Faults of what a check takes its datasets to be: types, codes, dates.

use std::collections::BTreeSet;

use zerotrip_datasets::file::{SEMANTIC_TYPES, semantic_type};
use zerotrip_proto::v1::SemanticType;

use super::Faults;
use crate::definition::bounds::MOST_MEANINGS;
use crate::definition::dataset::{Code, DateOf, Role};
use crate::definition::model::{Definition, Variant};
use crate::definition::scan::{MOST_YEARS, Scan};

/// The scans of all variants.
fn scans(definition: &Definition) -> impl Iterator<Item = &Scan> {
    definition.variants.iter().flat_map(Variant::scans).map(|(_, scan)| scan)
}

impl Faults<'_> {
    pub(in crate::definition) fn check_shapes(&mut self, definition: &Definition) {
        let mut seen = BTreeSet::new();
        for shape in &definition.datasets {
            if !seen.insert(&shape.id) {
                let at = format!("dataset `{}`", shape.id);
                self.add(&at, "it appears twice", "describe it once");
            }
            for (column, name) in
                shape.columns.iter().filter(|(_, name)| semantic_type(name).is_none())
            {
                let known: Vec<&str> = SEMANTIC_TYPES.iter().map(|(name, _)| *name).collect();
                self.add(
                    &format!("dataset `{}`", shape.id),
                    format!("`{name}` of `{column}` is not a type"),
                    format!("there are {}", known.join(", ")),
                );
            }
        }
        let scans = || scans(definition);
        for shape in &definition.datasets {
            for name in shape.lookup.keys().filter(|name| {
                !scans().any(|scan| scan.dataset == shape.id && scan.lookup == **name)
            }) {
                self.add(
                    &format!("dataset `{}`", shape.id),
                    format!("no scan looks anything up by `{name}`"),
                    "name the look-up as the scans do",
                );
            }
        }
        let (mut untyped, mut unbound) = (BTreeSet::new(), BTreeSet::new());
        for scan in scans() {
            let shape = definition.datasets.iter().find(|shape| shape.id == scan.dataset);
            let typed =
                |column: &&String| shape.is_some_and(|shape| shape.columns.contains_key(*column));
            let columns = scan.asked();
            untyped.extend(
                columns.filter(|column| !typed(column)).map(|column| (&scan.dataset, column)),
            );
            if shape.is_none_or(|shape| {
                shape.lookup.get(&scan.lookup).is_none_or(|columns| columns.is_empty())
            }) {
                unbound.insert((&scan.dataset, &scan.lookup));
            }
        }
        for (dataset, lookup) in unbound {
            self.add(
                &format!("dataset `{dataset}`"),
                format!("the columns of the look-up `{lookup}` are not said"),
                format!(
                    "say in which columns `{lookup}` must look, in `lookup` of a `[[dataset]]`"
                ),
            );
        }
        for (dataset, column) in untyped {
            self.add(
                &format!("dataset `{dataset}`"),
                format!("the type of `{column}` is not said"),
                format!("say of which type `{column}` is, in the `columns` of a `[[dataset]]`"),
            );
        }
    }

    pub(in crate::definition) fn check_codes(&mut self, definition: &Definition) {
        let scans = || scans(definition);
        let mut seen = BTreeSet::new();
        for Code { dataset, column, meanings } in &definition.codes {
            let at = format!("code `{dataset}` `{column}`");
            if !seen.insert((dataset, column)) {
                self.add(&at, "it appears twice", "list its meanings once");
            }
            if meanings.is_empty() || meanings.len() > MOST_MEANINGS {
                self.add(
                    &at,
                    format!("it has {} meanings", meanings.len()),
                    format!("list 1 to {MOST_MEANINGS} meanings"),
                );
            }
            if !scans().any(|scan| scan.dataset == *dataset && scan.columns.contains(column)) {
                self.add(&at, "no scan asks for that column", "drop it, or ask for the column");
            }
        }
    }

    /// A date without a role could be any day, and would count as soon as it can be read.
    pub(in crate::definition) fn check_dates(&mut self, definition: &Definition) {
        let scans = || scans(definition);
        let mut seen = BTreeSet::new();
        for date in &definition.dates {
            let at = format!("date `{}` `{}`", date.dataset, date.column);
            if !seen.insert((&date.dataset, &date.column)) {
                self.add(&at, "it appears twice", "say once what it dates");
            }
            self.check_bounds_of(&at, date);
            let asking = || {
                scans().filter(|scan| {
                    scan.dataset == date.dataset
                        && scan.asked().any(|column| *column == date.column)
                })
            };
            for person in date
                .persons
                .iter()
                .filter(|person| asking().any(|scan| !scan.columns.contains(person)))
            {
                self.add(
                    &at,
                    format!("`{person}` is not among the columns of every scan that asks for it"),
                    "ask for both, or name another",
                );
            }
            let unasked = |parent: &&String| asking().all(|scan| !scan.columns.contains(parent));
            for parent in date.parents.iter().filter(unasked) {
                self.add(
                    &at,
                    format!("`{parent}` is among the columns of no scan that asks for it"),
                    "ask for both, or name another",
                );
            }
            if asking().next().is_none() {
                self.add(&at, "no scan asks for that column", "drop it, or ask for the column");
            }
        }
        for shape in &definition.datasets {
            let dates = shape
                .columns
                .iter()
                .filter(|(_, name)| semantic_type(name) == Some(SemanticType::Date))
                .map(|(column, _)| column);
            for column in dates.filter(|column| !seen.contains(&(&shape.id, *column))) {
                self.add(
                    &format!("dataset `{}`", shape.id),
                    format!("the role of `{column}` is not said"),
                    format!("say in a `[[date]]` what `{column}` is the date of"),
                );
            }
        }
    }

    /// A bound that nothing is held to would be read as one.
    fn check_bounds_of(&mut self, at: &str, date: &DateOf) {
        let (event, birth) = (
            matches!(date.role, Role::Event | Role::Begin),
            date.role == Role::Birth && !date.parents.is_empty(),
        );
        if date.least_age.is_some_and(|age| age > MOST_YEARS) {
            self.add(at, "least_age is too high", format!("it is 0 to {MOST_YEARS}"));
        }
        if date.least_age.is_some() && !event && !birth {
            self.add(
                at,
                "`least_age` bounds nothing",
                "say it of an event or a beginning, or of a birth with `parents`",
            );
        }
        if date.not_before.is_some() && !event {
            self.add(at, "`not_before` bounds nothing", "say it of an event or a beginning");
        }
        if !date.parents.is_empty() && date.role != Role::Birth {
            self.add(at, "`parents` bounds nothing", "say it of a birth");
        }
    }
}
