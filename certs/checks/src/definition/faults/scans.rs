//! Faults of one scan of one variant.

use zerotrip_datasets::{KeyKind, ParameterType};

use super::Faults;
use super::variants::Earlier;
use crate::definition::model::Definition;
use crate::definition::scan::{MOST_YEARS, Origin, Reference, Scan};

impl Faults<'_> {
    pub(super) fn check_scan(
        &mut self,
        definition: &Definition,
        at: &str,
        scan: &Scan,
        earlier: &Earlier<'_>,
    ) {
        if scan.keys.is_empty() || scan.most_keys == 0 {
            self.add(
                at,
                "unbound; it names no person to ask about, so it would ask for the whole register",
                "give it `keys`, and `most_keys` for this variant",
            );
        }
        if scan.only_doubts && (scan.judged || scan.each_row || !scan.absence_for.is_empty()) {
            self.add(
                at,
                "what only raises doubts proves no absence and is not judged",
                "drop `only_doubts`, or the others",
            );
        }
        if scan.absence_for.is_empty() && !scan.only_doubts {
            self.add(
                at,
                "undeclared absence; a true answer rests on its finding nothing",
                "say for which persons in `absence_for`",
            );
        }
        self.check_keys(definition, at, scan, earlier);
        self.check_origins(definition, at, scan, earlier);
        self.check_kinds(definition, at, scan);
        for column in scan
            .required
            .iter()
            .chain(&scan.supplies)
            .filter(|column| !scan.columns.contains(column))
        {
            self.add(at, format!("`{column}` is not among its columns"), "ask for it in `columns`");
        }
        for column in scan.optional.iter().filter(|column| scan.columns.contains(column)) {
            self.add(at, format!("`{column}` is asked for anyway"), "drop it from `optional`");
        }
        match (scan.lifetime_from, scan.last_years, &scan.known_from) {
            (Some(years), None, None) | (None, Some(years), None) if years <= MOST_YEARS => {}
            (None, None, Some(days)) => self.check_days(definition, at, days),
            _ => self.add(
                at,
                "how far back the register must know is not said once",
                format!(
                    "say how far back the register must know: `lifetime_from`, an age, or \
                     `last_years`, each 0 to {MOST_YEARS}, or `known_from`, a parameter; one of \
                     them"
                ),
            ),
        }
        if !(1..=4096).contains(&scan.most_keys) || !(1..=1_000_000).contains(&scan.most_rows) {
            self.add(
                at,
                "a bound is out of bounds",
                "most_keys is 1 to 4096, most_rows 1 to 1000000",
            );
        }
    }

    /// A look-up finds keys of one kind, and every key that it is asked for is of that kind.
    fn check_kinds(&mut self, definition: &Definition, at: &str, scan: &Scan) {
        let kinds = definition.lookup_kinds(&scan.dataset, &scan.lookup);
        if kinds.len() > 1 || kinds.contains(&None) {
            self.add(
                at,
                format!("`{}` looks in columns that are not all of one kind", scan.lookup),
                format!(
                    "look up {}, each by columns of its one type ({}) and a look-up of its own",
                    KeyKind::listed_things("or"),
                    KeyKind::listed_types("or")
                ),
            );
            return;
        }
        let kind = definition.key_kind(scan);
        let is_other = |origin: &&Origin| match origin {
            Origin::Parameter { parameter } => definition
                .subject(parameter)
                .is_some_and(|subject| subject.declared.subject() != Some(kind)),
            Origin::Column { dataset, column } => {
                definition.column_kind(dataset, column).is_some_and(|other| other != kind)
            }
        };
        for origin in scan.origins.iter().filter(is_other) {
            let name = match origin {
                Origin::Parameter { parameter } => format!("`{parameter}`"),
                Origin::Column { dataset, column } => format!("`{dataset}` `{column}`"),
            };
            self.add(
                at,
                format!("origin {name} is of another kind than `{}` finds", scan.lookup),
                "ask each look-up for what it finds: one of persons for persons, one of \
                 enterprises for enterprises, and so on",
            );
        }
        let subject = definition.subject_kind();
        let asks = |key: &Reference| key.step == "request";
        if subject != kind && scan.keys.iter().chain(&scan.absence_for).any(asks) {
            self.add(
                at,
                format!("`{}` is asked for whom the request names, of another kind", scan.lookup),
                "take its keys from a step, and name their origin",
            );
        }
        if kind != KeyKind::Resident && scan.lifetime_from.is_some() {
            let whose = kind.words().of_one;
            self.add(
                at,
                format!("{whose} number says nothing of when it began"),
                "say with `last_years` or `known_from` how far back the register must know",
            );
        }
    }

    /// What says of which days a register must know is a period or a day of the request.
    fn check_days(&mut self, definition: &Definition, at: &str, days: &Reference) {
        let named = definition.parameters.iter().find(|known| known.name == days.column);
        let says_days = named.is_some_and(|parameter| {
            matches!(parameter.declared, ParameterType::Date(_) | ParameterType::Period(_))
        });
        if days.step != "request" || !says_days {
            self.add(
                at,
                format!("known_from: `{}.{}` is no period and no day", days.step, days.column),
                "name `request.<parameter>`, of type `period` or `date`",
            );
        }
    }

    fn check_keys(
        &mut self,
        definition: &Definition,
        at: &str,
        scan: &Scan,
        earlier: &Earlier<'_>,
    ) {
        let late = |key: &&Reference| !earlier.tables.contains(key.step.as_str());
        for key in scan.keys.iter().filter(late) {
            self.add(
                at,
                format!(
                    "key `{}.{}` comes from a step that does not run before it",
                    key.step, key.column
                ),
                "move that step before it, or name in `variants` those that have it",
            );
        }
        for key in scan.keys.iter().chain(&scan.absence_for).filter(|key| key.step == "request") {
            if definition.subject(&key.column).is_none() {
                self.add(
                    at,
                    format!("no parameter `{}` names whom it asks about", key.column),
                    "name the one of `[[parameter]]` that is of type `resident_id` or `enterprise`",
                );
            }
        }
    }

    fn check_origins(
        &mut self,
        definition: &Definition,
        at: &str,
        scan: &Scan,
        earlier: &Earlier<'_>,
    ) {
        for origin in &scan.origins {
            match origin {
                Origin::Parameter { parameter } if definition.subject(parameter).is_none() => {
                    self.add(
                        at,
                        format!(
                            "origin is no parameter that names whom it asks about: `{parameter}`"
                        ),
                        "name the one of `[[parameter]]` that is of type `resident_id` or \
                         `enterprise`",
                    );
                }
                Origin::Column { dataset, column }
                    if !earlier
                        .supplied
                        .get(dataset.as_str())
                        .is_some_and(|some| some.contains(column.as_str())) =>
                {
                    self.add(
                        at,
                        format!(
                            "origin `{dataset}` `{column}` is not in the `supplies` of a scan \
                             before it"
                        ),
                        "let an earlier scan supply it, or name in `variants` those that have one",
                    );
                }
                _ => {}
            }
        }
    }
}
